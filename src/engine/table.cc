#include "engine/table.h"

#include <utility>

#include "base/try.h"
#include "engine/engine_state.h"
#include "engine/json_text.h"
#include "engine/table_state.h"

namespace lakegate::engine {

namespace {

nlohmann::json LocationValue(const DatasetLocation& location,
                             const std::vector<std::string>& files) {
  nlohmann::json value = {
      {"format", FormatName(location.format.value_or(DataFormat::kDelta))},
      {"paths", files.empty() ? std::vector<std::string>{location.path} : files},
      {"partition_columns", location.partition_columns},
      {"options", TypedOptions(location.options)},
  };
  if (location.version) value["version"] = *location.version;
  if (location.timestamp_ms) value["timestamp_ms"] = *location.timestamp_ms;
  return value;
}

nlohmann::json ViewValue(const DeltaView& view) {
  auto value = nlohmann::json::object();
  if (!view.file_column.empty()) value["file_column"] = view.file_column;
  if (view.files) value["files"] = *view.files;
  if (view.changes) {
    value["changes"] = {{"from", view.changes->first}, {"to", view.changes->second}};
  }
  return value;
}

Result<TableHandle> OpenAt(const Engine& engine, const nlohmann::json& location,
                           ArrowSchema* schema) {
  const std::string text = Dump(location);
  const auto& state = engine.state();
  return TableHandle::Open<&BridgeApi::lg_table_open>(*state.api, state.handle.borrow(),
                                                      Borrow(text), schema);
}

}  // namespace

std::string LocationJson(const DatasetLocation& location, const std::vector<std::string>& files) {
  return Dump(LocationValue(location, files));
}

Table::Table(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() = default;

Result<Table> Table::Open(const Engine& engine, const DatasetLocation& location,
                          const ArrowSchema* schema, const std::vector<std::string>& files) {
  if (!location.format) {
    return Error(ErrorKind::kInvalidArgument,
                 "The format of a location must be known before it is opened: " + location.path);
  }
  OwnedSchema copy = schema == nullptr ? OwnedSchema() : CopySchema(*schema);
  LG_ASSIGN_OR_RETURN(auto handle, OpenAt(engine, LocationValue(location, files),
                                          schema == nullptr ? nullptr : copy.get()));
  return Table(std::make_unique<const State>(State{std::move(handle)}));
}

Result<Table> Table::OpenDelta(const Engine& engine, const DatasetLocation& location,
                               const DeltaView& view) {
  DatasetLocation delta = location;
  delta.format = DataFormat::kDelta;
  auto value = LocationValue(delta, {});
  value["view"] = ViewValue(view);
  LG_ASSIGN_OR_RETURN(auto handle, OpenAt(engine, value, nullptr));
  return Table(std::make_unique<const State>(State{std::move(handle)}));
}

Result<OwnedSchema> Table::schema() const {
  OwnedSchema schema;
  LG_RETURN_IF_ERROR(state_->handle.Call<&BridgeApi::lg_table_schema>(schema.get()));
  return schema;
}

Result<TableInfo> Table::Info() const {
  const auto& handle = state_->handle;
  LG_ASSIGN_OR_RETURN(const std::string text, handle.CallForText<&BridgeApi::lg_table_info>());
  LG_ASSIGN_OR_RETURN(const auto parsed, ParseBridgeJson(text, "lg_table_info"));
  TableInfo info;
  info.format = parsed.value("format", "");
  info.files = NumberIn(parsed, "files");
  info.bytes = NumberIn(parsed, "bytes");
  info.version = NumberIn(parsed, "version", -1);
  return info;
}

}  // namespace lakegate::engine
