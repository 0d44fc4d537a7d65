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
#include <string>
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

class Table {
 public:
  // `location.path` must be absolute and `location.format` known. `schema` replaces inference
  // where the format infers one; it is copied. `files`, when not empty, are the absolute paths
  // read instead of `location.path`.
  static Result<Table> Open(const Engine& engine, const DatasetLocation& location,
                            const ArrowSchema* schema = nullptr,
                            const std::vector<std::string>& files = {});
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
