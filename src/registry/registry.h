// A table of named entries: functions, datasets, sinks, whatever the facade is given.
//
// Names are exact bytes; iteration is sorted, so that everything derived from a registry is
// reproducible. Snapshots share their state with the registry until one of them changes.
// Threads: like a std::map: many readers, or one writer; the owner locks.
// Errors: kAlreadyExists, kNotFound (with the nearest name), kInvalidArgument (empty name).
#ifndef LAKEGATE_REGISTRY_REGISTRY_H_
#define LAKEGATE_REGISTRY_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "lakegate/result.h"

namespace lakegate::registry {

enum class OnExisting : std::uint8_t { kFail, kReplace };

// What phases roll back: any registry, or the engine's own tables behind the same shape.
class Checkpointed {
 public:
  virtual ~Checkpointed() = default;
  // Remembers the present state; the newest checkpoint is the first to be undone.
  virtual Status PushCheckpoint() = 0;
  // Returns to the newest checkpoint and forgets it.
  virtual Status RestoreCheckpoint() = 0;
  // Forgets the newest checkpoint, keeping the present state.
  virtual void ReleaseCheckpoint() = 0;
};

template <typename Entry>
class Registry final : public Checkpointed {
 private:
  using Entries = std::map<std::string, Entry, std::less<>>;

 public:
  // The entries at one moment. Shared with the registry, never changed: a copy is a pointer.
  using Snapshot = std::shared_ptr<const Entries>;

  // `kind` is the noun in messages: "dataset", "function".
  explicit Registry(std::string kind)
      : kind_(std::move(kind)), entries_(std::make_shared<Entries>()) {}

  Status Register(std::string name, Entry entry, OnExisting on_existing = OnExisting::kFail) {
    if (name.empty()) {
      return Error(ErrorKind::kInvalidArgument, fmt::format("A {} needs a name.", kind_));
    }
    if (on_existing == OnExisting::kFail && entries_->contains(name)) {
      return Error(ErrorKind::kAlreadyExists,
                   fmt::format("The {0} is registered already: '{1}'. Choose another name, or "
                               "ask to replace it.",
                               kind_, name));
    }
    Own().insert_or_assign(std::move(name), std::move(entry));
    return {};
  }

  Status Remove(std::string_view name) {
    if (!Contains(name)) return Unknown(name);
    Entries& entries = Own();
    entries.erase(entries.find(name));
    return {};
  }

  // Borrowed until the registry next changes.
  Result<const Entry*> Get(std::string_view name) const {
    const auto found = entries_->find(name);
    if (found == entries_->end()) return Unknown(name);
    return &found->second;
  }

  bool Contains(std::string_view name) const { return entries_->contains(name); }
  std::size_t size() const { return entries_->size(); }

  // Sorted by the names' bytes.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    names.reserve(entries_->size());
    for (const auto& [name, entry] : *entries_) names.push_back(name);
    return names;
  }
  auto begin() const { return std::as_const(*entries_).begin(); }
  auto end() const { return std::as_const(*entries_).end(); }

  Snapshot TakeSnapshot() const { return entries_; }
  void Restore(const Snapshot& snapshot) { entries_ = std::make_shared<Entries>(*snapshot); }

  Status PushCheckpoint() override {
    checkpoints_.push_back(TakeSnapshot());
    return {};
  }
  Status RestoreCheckpoint() override {
    if (checkpoints_.empty()) return NoCheckpoint();
    Restore(checkpoints_.back());
    checkpoints_.pop_back();
    return {};
  }
  void ReleaseCheckpoint() override {
    if (!checkpoints_.empty()) checkpoints_.pop_back();
  }

 private:
  Entries& Own() {
    if (entries_.use_count() > 1) entries_ = std::make_shared<Entries>(*entries_);
    return *entries_;
  }

  Error Unknown(std::string_view name) const {
    return Error(ErrorKind::kNotFound, fmt::format("There is no {0} of that name: '{1}'.{2}", kind_,
                                                   name, base::DidYouMean(name, Names())));
  }
  Error NoCheckpoint() const {
    return Error(ErrorKind::kInternal,
                 fmt::format("The {} registry has no checkpoint to restore.", kind_));
  }

  std::string kind_;
  // Shared with snapshots; copied before a change while a snapshot holds it.
  std::shared_ptr<Entries> entries_;
  std::vector<Snapshot> checkpoints_;
};

}  // namespace lakegate::registry

#endif  // LAKEGATE_REGISTRY_REGISTRY_H_
