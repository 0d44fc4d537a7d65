#include "session/step_store.h"

#include <utility>

#include "base/file.h"
#include "base/try.h"
#include "columnar/collected.h"
#include "columnar/view.h"
#include "engine/file_writer.h"
#include "engine/statement.h"
#include "engine/table.h"

namespace lakegate::session {
namespace {

constexpr std::string_view kTable = "step";

Error Cancelled() { return Error(ErrorKind::kCancelled, "The step was cancelled."); }

}  // namespace

// Reads a store's batches from memory; each batch it gives shares the store's memory.
class StepStoreStream final : public RecordStream {
 public:
  StepStoreStream(std::shared_ptr<const StepStore> store, CancelToken cancel)
      : store_(std::move(store)), cancel_(std::move(cancel)) {}

  const ArrowSchema& schema() const override { return store_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    if (cancel_.cancelled()) return Cancelled();
    if (next_ == store_->batches_.size()) return std::optional<OwnedArray>();
    const columnar::SharedArray& batch = store_->batches_[next_++];
    return std::optional<OwnedArray>(columnar::Borrow(**batch, batch));
  }

 private:
  std::shared_ptr<const StepStore> store_;
  CancelToken cancel_;
  std::size_t next_ = 0;
};

namespace {

// A spilled store's stream: the file may only go when the reader has gone.
class SpilledStream final : public RecordStream {
 public:
  SpilledStream(std::shared_ptr<const StepStore> store, ArrowStream rows)
      : store_(std::move(store)), rows_(std::move(rows)) {}

  const ArrowSchema& schema() const override { return rows_->schema(); }
  Result<std::optional<OwnedArray>> Next() override { return rows_->Next(); }

 private:
  std::shared_ptr<const StepStore> store_;
  ArrowStream rows_;
};

}  // namespace

StepStore::StepStore(std::shared_ptr<const engine::Engine> engine, std::shared_ptr<SpillArea> area,
                     const ArrowSchema& schema, std::int64_t batch_rows)
    : engine_(std::move(engine)),
      area_(std::move(area)),
      schema_(CopySchema(schema)),
      batch_rows_(batch_rows) {}

StepStore::~StepStore() {
  if (path_.empty()) return;
  area_->GiveBack(room_bytes_);
  // Nobody is left to hear of a failure; the area is removed as a whole in the end.
  if (!base::RemoveFile(path_)) return;
}

Result<std::shared_ptr<const StepStore>> StepStore::Keep(
    ArrowStream source, std::shared_ptr<const engine::Engine> engine,
    std::shared_ptr<SpillArea> area, const StepStoreOptions& options) {
  std::shared_ptr<StepStore> store(
      new StepStore(std::move(engine), std::move(area), source->schema(), options.batch_rows));
  LG_RETURN_IF_ERROR(store->Fill(*source, options));
  return std::shared_ptr<const StepStore>(std::move(store));
}

Status StepStore::Fill(RecordStream& source, const StepStoreOptions& options) {
  while (true) {
    if (options.cancel.cancelled()) return Cancelled();
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, source.Next());
    if (!batch) return {};
    if ((*batch)->length == 0) continue;
    LG_RETURN_IF_ERROR(columnar::CheckArray(*schema_, **batch));
    rows_ += (*batch)->length;
    bytes_ += columnar::ByteSize(*schema_, **batch);
    batches_.push_back(columnar::ShareArray(*std::move(batch)));
    if (bytes_ > options.memory_limit_bytes) return Spill(source, options.cancel);
  }
}

Status StepStore::TakeRoom(std::int64_t bytes) {
  LG_RETURN_IF_ERROR(area_->Take(bytes));
  room_bytes_ += bytes;
  return {};
}

// The IPC stream format: in the file format a dictionary may not change between batches.
Status StepStore::Spill(RecordStream& source, const CancelToken& cancel) {
  path_ = area_->NewFile("step", ".arrow");
  LG_RETURN_IF_ERROR(TakeRoom(bytes_));
  LG_ASSIGN_OR_RETURN(
      engine::FileWriter writer,
      engine::FileWriter::Open(
          *engine_, {.path = path_, .format = DataFormat::kArrow, .options = {{"stream", "true"}}},
          *schema_));
  for (columnar::SharedArray& batch : std::exchange(batches_, {})) {
    LG_RETURN_IF_ERROR(writer.Write(columnar::Borrow(**batch, batch)));
    batch.reset();
  }
  while (true) {
    if (cancel.cancelled()) return Cancelled();
    LG_ASSIGN_OR_RETURN(std::optional<OwnedArray> batch, source.Next());
    if (!batch) break;
    if ((*batch)->length == 0) continue;
    const std::int64_t bytes = columnar::ByteSize(*schema_, **batch);
    LG_RETURN_IF_ERROR(TakeRoom(bytes));
    rows_ += (*batch)->length;
    bytes_ += bytes;
    LG_RETURN_IF_ERROR(writer.Write(*std::move(batch)));
  }
  LG_ASSIGN_OR_RETURN([[maybe_unused]] const engine::FileTotals totals, std::move(writer).Finish());
  return {};
}

Result<ArrowStream> StepStore::Open(const CancelToken& cancel) const {
  if (!spilled()) {
    return ArrowStream(std::make_unique<StepStoreStream>(shared_from_this(), cancel));
  }
  DatasetLocation location;
  location.path = path_;
  location.format = DataFormat::kArrow;
  LG_ASSIGN_OR_RETURN(const engine::Table table, engine::Table::Open(*engine_, location));
  LG_ASSIGN_OR_RETURN(
      engine::EngineSession session,
      engine::EngineSession::Open(engine_, {.batch_rows = batch_rows_, .config = {}}));
  LG_RETURN_IF_ERROR(session.AddTable(kTable, table));
  LG_ASSIGN_OR_RETURN(const engine::Plan plan,
                      session.PlanStatement("SELECT * FROM step", {}, 0, cancel));
  LG_ASSIGN_OR_RETURN(ArrowStream rows, plan.Execute(0, cancel));
  return ArrowStream(std::make_unique<SpilledStream>(shared_from_this(), std::move(rows)));
}

}  // namespace lakegate::session
