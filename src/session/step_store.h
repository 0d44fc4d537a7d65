// A stream read once and kept, so that several consumers can read it again, at the same time.
//
// Batches stay in memory up to a limit; beyond it everything goes to one Arrow IPC file in the
// spill area, removed with the store. Streams keep the store alive. Errors: those of the source,
// kCancelled, kIo and kResourceLimit from spilling (setting execution.spill_limit). Threads: `Open`
// from any number.
#ifndef LAKEGATE_SESSION_STEP_STORE_H_
#define LAKEGATE_SESSION_STEP_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "columnar/array_parts.h"
#include "engine/engine.h"
#include "lakegate/arrow.h"
#include "lakegate/cancel.h"
#include "session/spill_area.h"

namespace lakegate::session {

struct StepStoreOptions {
  std::int64_t memory_limit_bytes = 0;
  std::int64_t batch_rows = 8192;
  CancelToken cancel;
};

class StepStore : public std::enable_shared_from_this<StepStore> {
 public:
  static Result<std::shared_ptr<const StepStore>> Keep(ArrowStream source,
                                                       std::shared_ptr<const engine::Engine> engine,
                                                       std::shared_ptr<SpillArea> area,
                                                       const StepStoreOptions& options);
  ~StepStore();
  StepStore(const StepStore&) = delete;
  StepStore& operator=(const StepStore&) = delete;

  const ArrowSchema& schema() const { return *schema_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t bytes() const { return bytes_; }
  bool spilled() const { return !path_.empty(); }
  const std::string& path() const { return path_; }

  // The rows from the start, in the order they came.
  Result<ArrowStream> Open(const CancelToken& cancel = {}) const;

 private:
  friend class StepStoreStream;
  StepStore(std::shared_ptr<const engine::Engine> engine, std::shared_ptr<SpillArea> area,
            const ArrowSchema& schema, std::int64_t batch_rows);
  Status Fill(RecordStream& source, const StepStoreOptions& options);
  Status Spill(RecordStream& source, const CancelToken& cancel);
  Status TakeRoom(std::int64_t bytes);

  const std::shared_ptr<const engine::Engine> engine_;
  const std::shared_ptr<SpillArea> area_;  // shared: outlives the session that opened it
  const OwnedSchema schema_;
  const std::int64_t batch_rows_;
  std::vector<columnar::SharedArray> batches_;
  std::string path_;
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t room_bytes_ = 0;  // taken from the area
};

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_STEP_STORE_H_
