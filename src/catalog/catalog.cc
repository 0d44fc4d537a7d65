#include "catalog/catalog.h"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"

namespace lakegate::catalog {
namespace {

Error UnknownName(const EntryMap& entries, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& [known, entry] : entries) names.push_back(known);
  return Error(ErrorKind::kNotFound,
               fmt::format("There is no dataset, view or stream of that name: '{}'.{} Registered: "
                           "{}.",
                           name, base::DidYouMean(name, names), base::ListNames(names)));
}

const std::vector<std::string>& ReadsOf(const Entry& entry) {
  static const std::vector<std::string> kNone;
  const auto* view = std::get_if<ViewEntry>(&entry);
  return view == nullptr ? kNone : view->reads;
}

// Depth first over what entries read; finished names in dependency order.
class Walk {
 public:
  explicit Walk(const EntryMap& entries) : entries_(entries) {}

  // A name nobody registered is passed over unless `must_exist`: a view may be registered
  // before what it reads is replaced, but not be used without it. Iterative, because views
  // may be stacked deeper than a call stack.
  Status Visit(const std::string& root, bool must_exist) {
    std::vector<Frame> path;
    LG_RETURN_IF_ERROR(Enter(root, must_exist, &path));
    while (!path.empty()) {
      Frame& frame = path.back();
      if (frame.next < frame.reads.size()) {
        const std::string& read = frame.reads[frame.next++];
        LG_RETURN_IF_ERROR(Enter(read, must_exist, &path));
        continue;
      }
      open_.erase(frame.name);
      finished_.push_back(frame.name);
      done_.insert(frame.name);
      path.pop_back();
    }
    return {};
  }

  const std::vector<std::string>& finished() const { return finished_; }

 private:
  struct Frame {
    std::string name;
    std::vector<std::string> reads;  // sorted
    std::size_t next = 0;
  };

  Status Enter(const std::string& name, bool must_exist, std::vector<Frame>* path) {
    if (done_.contains(name)) return {};
    if (open_.contains(name)) return Cycle(name, *path);
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
      if (!must_exist) return {};
      Error error = UnknownName(entries_, name);
      if (path->empty()) return error;
      return error.WithContext(fmt::format("view '{}'", path->back().name));
    }
    open_.insert(name);
    std::vector<std::string> reads = ReadsOf(found->second);
    std::sort(reads.begin(), reads.end());
    path->push_back({.name = name, .reads = std::move(reads)});
    return {};
  }

  static Error Cycle(const std::string& name, const std::vector<Frame>& path) {
    std::vector<std::string> names;
    bool inside = false;
    for (const Frame& frame : path) {
      inside = inside || frame.name == name;
      if (inside) names.push_back(frame.name);
    }
    names.push_back(name);
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("Views may not read each other in a circle: {}. Change the SQL of "
                             "one of them.",
                             base::Join(names, " -> ")));
  }

  const EntryMap& entries_;
  std::set<std::string> open_;
  std::set<std::string> done_;
  std::vector<std::string> finished_;
};

Status CheckName(std::string_view name) {
  if (name.empty()) {
    return Error(ErrorKind::kInvalidArgument, "A dataset, view or stream needs a name.");
  }
  if (!base::IsUtf8(name) || name.find('\0') != std::string_view::npos) {
    return Error(ErrorKind::kInvalidArgument,
                 "The name of a dataset, view or stream must be UTF-8 text without NUL.");
  }
  return {};
}

Result<Entry> FindIn(const EntryMap& entries, std::string_view name) {
  const auto found = entries.find(name);
  if (found == entries.end()) return UnknownName(entries, name);
  return found->second;
}

}  // namespace

std::string_view EntryKindName(const Entry& entry) {
  constexpr std::string_view kNames[] = {"dataset", "view", "stream"};
  return kNames[entry.index()];
}

Status CatalogDraft::Register(std::string_view name, Entry entry, OnExisting on_existing) {
  LG_RETURN_IF_ERROR(CheckName(name));
  const auto found = entries_.find(name);
  if (found != entries_.end() && on_existing == OnExisting::kFail) {
    return Error(ErrorKind::kAlreadyExists,
                 fmt::format("The name is taken by a {}: '{}'. Choose another name, or deregister "
                             "that one first.",
                             EntryKindName(found->second), name));
  }
  std::optional<Entry> replaced;
  if (found != entries_.end()) replaced = std::move(found->second);
  const auto placed = entries_.insert_or_assign(std::string(name), std::move(entry)).first;
  Walk walk(entries_);
  Status acyclic = walk.Visit(placed->first, false);
  if (acyclic) return {};
  if (replaced) {
    placed->second = *std::move(replaced);
  } else {
    entries_.erase(placed);
  }
  return acyclic;
}

Status CatalogDraft::Deregister(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return UnknownName(entries_, name);
  entries_.erase(found);
  return {};
}

Result<Entry> CatalogDraft::Find(std::string_view name) const { return FindIn(entries_, name); }

Catalog::Catalog() : entries_(std::make_shared<const EntryMap>()) {}

Status Catalog::Register(std::string_view name, Entry entry, OnExisting on_existing) {
  return Change(
      [&](CatalogDraft& draft) { return draft.Register(name, std::move(entry), on_existing); });
}

Status Catalog::Deregister(std::string_view name) {
  return Change([&](CatalogDraft& draft) { return draft.Deregister(name); });
}

Status Catalog::Change(const std::function<Status(CatalogDraft&)>& action) {
  const std::unique_lock lock(mutex_);
  CatalogDraft draft(*entries_);
  LG_RETURN_IF_ERROR(action(draft));
  entries_ = std::make_shared<const EntryMap>(std::move(draft.entries_));
  return {};
}

Result<Entry> Catalog::Find(std::string_view name) const { return FindIn(*Snapshot(), name); }

std::vector<std::pair<std::string, Entry>> Catalog::Entries() const {
  const CatalogSnapshot entries = Snapshot();
  return {entries->begin(), entries->end()};
}

Result<std::vector<std::pair<std::string, Entry>>> Catalog::Closure(
    const std::set<std::string>& names) const {
  const CatalogSnapshot entries = Snapshot();
  Walk walk(*entries);
  for (const std::string& name : names) LG_RETURN_IF_ERROR(walk.Visit(name, true));
  std::vector<std::pair<std::string, Entry>> closure;
  for (const std::string& name : walk.finished()) {
    closure.emplace_back(name, entries->find(name)->second);
  }
  return closure;
}

CatalogSnapshot Catalog::Snapshot() const {
  const std::shared_lock lock(mutex_);
  return entries_;
}

void Catalog::Restore(CatalogSnapshot snapshot) {
  const std::unique_lock lock(mutex_);
  entries_ = std::move(snapshot);
}

}  // namespace lakegate::catalog
