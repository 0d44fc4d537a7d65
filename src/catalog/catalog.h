// What names stand for: datasets at rest, views, and streams kept for a session.
//
// Names are flat and compared by their bytes. Nothing here opens anything: an entry says what
// was registered and which identity that has. Dependencies between views are names; a cycle is
// refused when the view that closes it is registered.
//
// Threads: every method may be called from any thread. A change is one step: readers see all
// of it or nothing. Snapshots are shared pointers to immutable state and cost nothing to take.
// Errors: kAlreadyExists, kNotFound (with the nearest name and the names there are),
// kInvalidArgument (empty name, cycle between views).
#ifndef LAKEGATE_CATALOG_CATALOG_H_
#define LAKEGATE_CATALOG_CATALOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "catalog/identity.h"
#include "lakegate/dataset.h"
#include "lakegate/result.h"

namespace lakegate::catalog {

struct DatasetEntry {
  DatasetSpec spec;
  DatasetIdentity identity;
  bool operator==(const DatasetEntry&) const = default;
};

struct ViewEntry {
  std::string sql;
  // The relations its text names: what must be visible to plan it.
  std::vector<std::string> reads;
  bool operator==(const ViewEntry&) const = default;
};

// Rows that were read from a stream and kept; `location` is the spill file, "" while in memory.
struct StreamEntry {
  std::string location;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  bool operator==(const StreamEntry&) const = default;
};

using Entry = std::variant<DatasetEntry, ViewEntry, StreamEntry>;

// "dataset", "view" or "stream".
std::string_view EntryKindName(const Entry& entry);

enum class OnExisting { kFail, kReplace };

using EntryMap = std::map<std::string, Entry, std::less<>>;
// The catalog at one moment; never changed.
using CatalogSnapshot = std::shared_ptr<const EntryMap>;

// A change being prepared: what it holds becomes the catalog when its action succeeds.
class CatalogDraft {
 public:
  explicit CatalogDraft(EntryMap entries) : entries_(std::move(entries)) {}

  Status Register(std::string_view name, Entry entry, OnExisting on_existing = OnExisting::kFail);
  Status Deregister(std::string_view name);
  Result<Entry> Find(std::string_view name) const;
  const EntryMap& entries() const { return entries_; }

 private:
  friend class Catalog;
  EntryMap entries_;
};

class Catalog {
 public:
  Catalog();

  Status Register(std::string_view name, Entry entry, OnExisting on_existing = OnExisting::kFail);
  Status Deregister(std::string_view name);

  // Several steps as one: when `action` fails, nothing of it is seen and its error comes back.
  // Runs under the writers' lock, so `action` must not call the catalog itself.
  Status Change(const std::function<Status(CatalogDraft&)>& action);

  Result<Entry> Find(std::string_view name) const;
  // Sorted by name.
  std::vector<std::pair<std::string, Entry>> Entries() const;

  // Everything that must be visible for a statement that names `names`: the names, what views
  // among them read, and so on; every name after those it reads, otherwise sorted.
  Result<std::vector<std::pair<std::string, Entry>>> Closure(
      const std::set<std::string>& names) const;

  // For a caller whose steps reach beyond the catalog (the engine's own tables): take one
  // before, restore it when a later step fails. Restoring also undoes what other threads
  // registered in between; `Change` does not.
  CatalogSnapshot Snapshot() const;
  void Restore(CatalogSnapshot snapshot);

 private:
  mutable std::shared_mutex mutex_;
  // Guarded by mutex_. Shared with snapshots, replaced as a whole.
  CatalogSnapshot entries_;
};

}  // namespace lakegate::catalog

#endif  // LAKEGATE_CATALOG_CATALOG_H_
