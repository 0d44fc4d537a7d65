#include "engine/delta_log.h"

#include <utility>

#include "base/try.h"
#include "engine/cancel_source.h"
#include "engine/engine_state.h"
#include "engine/hand_over.h"
#include "engine/json_text.h"

namespace lakegate::engine {

struct DeltaSnapshot::State {
  DeltaHandle handle;
};

DeltaSnapshot::DeltaSnapshot(std::unique_ptr<const State> state) : state_(std::move(state)) {}
DeltaSnapshot::DeltaSnapshot(DeltaSnapshot&&) noexcept = default;
DeltaSnapshot& DeltaSnapshot::operator=(DeltaSnapshot&&) noexcept = default;
DeltaSnapshot::~DeltaSnapshot() = default;

Result<DeltaSnapshot> DeltaSnapshot::Open(const Engine& engine, std::string_view path,
                                          std::optional<std::int64_t> version,
                                          std::optional<std::int64_t> timestamp_ms) {
  nlohmann::json location = {{"path", path}};
  if (version) location["version"] = *version;
  if (timestamp_ms) location["timestamp_ms"] = *timestamp_ms;
  const std::string text = Dump(location);
  const auto& state = engine.state();
  auto handle =
      DeltaHandle::Open<&BridgeApi::lg_delta_open>(*state.api, state.handle.borrow(), Borrow(text));
  if (!handle) return std::move(handle).error();
  return DeltaSnapshot(std::make_unique<const State>(State{*std::move(handle)}));
}

Result<std::string> DeltaSnapshot::Info() const {
  return state_->handle.CallForText<&BridgeApi::lg_delta_info>();
}

Result<OwnedSchema> DeltaSnapshot::schema() const {
  OwnedSchema schema;
  LG_RETURN_IF_ERROR(state_->handle.Call<&BridgeApi::lg_delta_schema>(schema.get()));
  return schema;
}

Result<std::string> DeltaSnapshot::Files() const {
  return state_->handle.CallForText<&BridgeApi::lg_delta_files>();
}

Result<std::string> DeltaSnapshot::Tombstones() const {
  return state_->handle.CallForText<&BridgeApi::lg_delta_tombstones>();
}

Result<std::optional<std::int64_t>> DeltaSnapshot::AppVersion(std::string_view app_id) const {
  std::int64_t version = -1;
  LG_RETURN_IF_ERROR(
      state_->handle.Call<&BridgeApi::lg_delta_app_version>(Borrow(app_id), &version));
  if (version < 0) return std::optional<std::int64_t>();
  return std::optional(version);
}

namespace {

nlohmann::json ColumnJson(const DeltaColumnOptions& column) {
  nlohmann::json value = nlohmann::json::object();
  if (column.compression) value["compression"] = *column.compression;
  if (column.dictionary) value["dictionary"] = *column.dictionary;
  if (column.statistics) value["statistics"] = *column.statistics;
  if (column.bloom_filter_fpp) value["bloom_filter_fpp"] = *column.bloom_filter_fpp;
  if (column.bloom_filter_ndv) value["bloom_filter_ndv"] = *column.bloom_filter_ndv;
  return value;
}

}  // namespace

struct DeltaStage::State {
  DeltaWriterHandle handle;
};

DeltaStage::DeltaStage(std::unique_ptr<State> state) : state_(std::move(state)) {}
DeltaStage::DeltaStage(DeltaStage&&) noexcept = default;
DeltaStage& DeltaStage::operator=(DeltaStage&&) noexcept = default;
DeltaStage::~DeltaStage() = default;

Result<DeltaStage> DeltaStage::Open(const Engine& engine, const DeltaStageOptions& options,
                                    const ArrowSchema& schema) {
  nlohmann::json value = {{"path", options.path},
                          {"partition_columns", options.partition_columns},
                          {"target_file_bytes", options.target_file_bytes},
                          {"compression", options.compression},
                          {"stats_columns", options.statistics_columns},
                          {"configuration", options.configuration},
                          {"missing_as_null", options.missing_as_null},
                          {"folder", options.folder}};
  if (options.max_row_group_rows > 0) value["max_row_group_rows"] = options.max_row_group_rows;
  if (!options.schema_string.empty()) value["schema_string"] = options.schema_string;
  for (const auto& [name, column] : options.columns) value["columns"][name] = ColumnJson(column);
  const std::string text = Dump(value);
  OwnedSchema copy = CopySchema(schema);
  const auto& state = engine.state();
  auto handle = DeltaWriterHandle::Open<&BridgeApi::lg_delta_writer_open>(
      *state.api, state.handle.borrow(), Borrow(text), copy.get());
  if (!handle) return std::move(handle).error();
  return DeltaStage(std::make_unique<State>(State{*std::move(handle)}));
}

Status DeltaStage::Write(OwnedArray batch) {
  batch = HandOverBatch(std::move(batch));
  return state_->handle.Call<&BridgeApi::lg_delta_writer_write>(batch.get());
}

Result<std::string> DeltaStage::Finish() && {
  const auto state = std::move(state_);
  return state->handle.CallForText<&BridgeApi::lg_delta_writer_finish>();
}

struct DeltaMarks::State {
  DeltaMarksHandle handle;
};

DeltaMarks::DeltaMarks(std::unique_ptr<State> state) : state_(std::move(state)) {}
DeltaMarks::DeltaMarks(DeltaMarks&&) noexcept = default;
DeltaMarks& DeltaMarks::operator=(DeltaMarks&&) noexcept = default;
DeltaMarks::~DeltaMarks() = default;

Result<DeltaMarks> DeltaMarks::Open(const DeltaSnapshot& base) {
  const DeltaHandle& handle = base.state().handle;
  auto marks =
      DeltaMarksHandle::Open<&BridgeApi::lg_delta_marks_open>(handle.api(), handle.borrow());
  if (!marks) return std::move(marks).error();
  return DeltaMarks(std::make_unique<State>(State{*std::move(marks)}));
}

Status DeltaMarks::Add(std::string_view path, const std::vector<std::uint64_t>& rows) {
  return state_->handle.Call<&BridgeApi::lg_delta_marks_add>(Borrow(path), rows.data(),
                                                             rows.size());
}

Result<std::string> DeltaMarks::Finish() && {
  const auto state = std::move(state_);
  return state->handle.CallForText<&BridgeApi::lg_delta_marks_finish>();
}

Result<std::string> DescribeFiles(const Engine& engine, std::string_view path,
                                  const std::vector<std::string>& files,
                                  const std::map<std::string, std::string>& configuration) {
  const std::string text =
      Dump({{"path", path}, {"files", files}, {"configuration", configuration}});
  return engine.state().handle.CallForText<&BridgeApi::lg_delta_describe>(Borrow(text));
}

Result<std::string> DeltaTableActions(const Engine& engine, const DeltaSnapshot* base,
                                      const ArrowSchema* schema, const DeltaTableOptions& options) {
  const std::string text = Dump(
      {{"partition_columns", options.partition_columns}, {"configuration", options.configuration}});
  OwnedSchema copy = schema == nullptr ? OwnedSchema() : CopySchema(*schema);
  const auto& state = engine.state();
  return CallForText<&BridgeApi::lg_delta_table_actions>(
      *state.api, state.handle.borrow(), base == nullptr ? nullptr : base->state().handle.borrow(),
      schema == nullptr ? nullptr : copy.get(), Borrow(text));
}

Status DiscardStaged(const Engine& engine, std::string_view path,
                     const std::vector<std::string>& files) {
  const std::string text = Dump(nlohmann::json(files));
  return engine.state().handle.Call<&BridgeApi::lg_delta_discard>(Borrow(path), Borrow(text));
}

Result<std::int64_t> CommitDelta(const Engine& engine, const DeltaSnapshot* base,
                                 std::string_view request) {
  std::int64_t version = -1;
  LG_RETURN_IF_ERROR(engine.state().handle.Call<&BridgeApi::lg_delta_commit>(
      base == nullptr ? nullptr : base->state().handle.borrow(), Borrow(request), &version));
  return version;
}

Result<std::string> ReadDeltaCommit(const Engine& engine, std::string_view path,
                                    std::int64_t version) {
  return engine.state().handle.CallForText<&BridgeApi::lg_delta_read_commit>(Borrow(path), version);
}

Result<std::string> CompactDelta(const Engine& engine, const DeltaSnapshot& base,
                                 const DeltaCompaction& options, const CancelToken& cancel) {
  const std::string text = Dump({{"target_file_bytes", options.target_file_bytes},
                                 {"compression", options.compression},
                                 {"z_order", options.z_order}});
  return engine.state().handle.CallForText<&BridgeApi::lg_delta_compact>(
      base.state().handle.borrow(), Borrow(text), CancelSourceOf(cancel));
}

Status CheckpointDelta(const DeltaSnapshot& snapshot) {
  return snapshot.state().handle.Call<&BridgeApi::lg_delta_checkpoint>();
}

}  // namespace lakegate::engine
