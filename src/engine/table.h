// A dataset at rest, opened for reading: files listed, schema known, snapshot fixed.
//
// Owner: a value that moves; sessions it was added to keep what they need. Threads: const
// methods from any. Errors: kNotFound (nothing there, no `_delta_log`), kCorruptData (with the
// file, and the line where the format has lines), kIo, kInvalidArgument (an option; the ones
// there are), kUnsupported (a table feature this build cannot read).
#ifndef LAKEGATE_ENGINE_TABLE_H_
#define LAKEGATE_ENGINE_TABLE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "lakegate/arrow.h"
#include "lakegate/dataset.h"

namespace lakegate::engine {

struct TableInfo {
  std::string format;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t version = -1;  // Delta only
};

// What a scan of a Delta table shows other than the rows of all files.
struct DeltaView {
  // A column more of this name: the URL of each row's file. "" is none.
  std::string file_column = {};
  // Only these files, by their paths as the log spells them.
  std::optional<std::vector<std::string>> files = {};
  // The change data feed of these versions, both included, instead of the rows.
  std::optional<std::pair<std::int64_t, std::int64_t>> changes = {};
};

class Table {
 public:
  // `location.path` must be absolute and `location.format` known. `schema` replaces inference
  // where the format infers one; it is copied. `files`, when not empty, are the absolute paths
  // read instead of `location.path`.
  static Result<Table> Open(const Engine& engine, const DatasetLocation& location,
                            const ArrowSchema* schema = nullptr,
                            const std::vector<std::string>& files = {});
  // Of a Delta table, whose location has a path and perhaps a version or a time.
  static Result<Table> OpenDelta(const Engine& engine, const DatasetLocation& location,
                                 const DeltaView& view);
  Table(Table&&) noexcept;
  Table& operator=(Table&&) noexcept;
  ~Table();

  Result<OwnedSchema> schema() const;
  Result<TableInfo> Info() const;

  struct State;
  const State& state() const { return *state_; }

 private:
  explicit Table(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

// The location as the bridge reads it.
std::string LocationJson(const DatasetLocation& location, const std::vector<std::string>& files);

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_TABLE_H_
