#include "delta/snapshot.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/type.h"

namespace lakegate::delta {

namespace {

using nlohmann::json;

constexpr std::string_view kConstraintPrefix = "delta.constraints.";

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const ArrowSchema* FindField(const ArrowSchema& schema, std::string_view name) {
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (columnar::NameOf(*schema.children[i]) == name) return schema.children[i];
  }
  return nullptr;
}

bool SameChildren(const ArrowSchema& table, const ArrowSchema& incoming);

// Delta has no unsigned types: they are stored as the next signed one, except that 64 bits stay
// 64 and each value is checked while it is staged.
bool Holds(const columnar::DataType& to, const columnar::DataType& from) {
  if (columnar::IsUnsignedInteger(from.id) && columnar::IsSignedInteger(to.id)) {
    return to.byte_width > from.byte_width || to.byte_width == 8;
  }
  return columnar::IsUnsignedInteger(from.id) == columnar::IsUnsignedInteger(to.id) &&
         to.byte_width >= from.byte_width;
}

// Whether values of `incoming` are stored in `table` without a change of meaning: what Delta
// has one type for is one type here.
bool Compatible(const ArrowSchema& table, const ArrowSchema& incoming) {
  if (incoming.dictionary != nullptr) return Compatible(table, *incoming.dictionary);
  if (table.dictionary != nullptr) return Compatible(*table.dictionary, incoming);
  const auto to = columnar::ParseFormat(table.format);
  const auto from = columnar::ParseFormat(incoming.format);
  if (!to || !from) return false;
  if (from->id == columnar::TypeId::kNull) return true;
  if (columnar::IsString(to->id)) return columnar::IsString(from->id);
  if (columnar::IsBinary(to->id)) {
    return columnar::IsBinary(from->id) || from->id == columnar::TypeId::kFixedSizeBinary;
  }
  if (columnar::IsDecimal(to->id)) {
    return columnar::IsDecimal(from->id) && to->precision == from->precision &&
           to->scale == from->scale;
  }
  if (to->id == columnar::TypeId::kTimestamp) {
    return from->id == to->id && from->zoned == to->zoned;
  }
  const auto is_list = [](columnar::TypeId id) {
    return id == columnar::TypeId::kList || id == columnar::TypeId::kLargeList ||
           id == columnar::TypeId::kFixedSizeList || id == columnar::TypeId::kListView ||
           id == columnar::TypeId::kLargeListView;
  };
  if (is_list(to->id)) {
    return is_list(from->id) && Compatible(*table.children[0], *incoming.children[0]);
  }
  if (to->id == columnar::TypeId::kMap) {
    return from->id == to->id &&
           Compatible(*table.children[0]->children[0], *incoming.children[0]->children[0]) &&
           Compatible(*table.children[0]->children[1], *incoming.children[0]->children[1]);
  }
  if (to->id == columnar::TypeId::kStruct) {
    return from->id == to->id && SameChildren(table, incoming);
  }
  if (columnar::IsInteger(to->id) && columnar::IsInteger(from->id)) return Holds(*to, *from);
  if (columnar::IsFloat(to->id) && columnar::IsFloat(from->id)) {
    return to->byte_width >= from->byte_width;
  }
  return to->id == from->id;
}

bool SameChildren(const ArrowSchema& table, const ArrowSchema& incoming) {
  if (table.n_children != incoming.n_children) return false;
  for (std::int64_t i = 0; i < table.n_children; ++i) {
    const ArrowSchema* other = FindField(incoming, columnar::NameOf(*table.children[i]));
    if (other == nullptr || !Compatible(*table.children[i], *other)) return false;
  }
  return true;
}

struct SchemaDifference {
  std::vector<std::string> missing = {};    // columns of the table alone
  std::vector<std::string> unknown = {};    // columns of the rows alone
  std::vector<std::string> differing = {};  // "name is TYPE, the table has TYPE"
};

SchemaDifference Compare(const ArrowSchema& table, const ArrowSchema& incoming) {
  SchemaDifference difference;
  for (std::int64_t i = 0; i < table.n_children; ++i) {
    const ArrowSchema& field = *table.children[i];
    const ArrowSchema* other = FindField(incoming, columnar::NameOf(field));
    if (other == nullptr) {
      difference.missing.emplace_back(columnar::NameOf(field));
    } else if (!Compatible(field, *other)) {
      difference.differing.push_back(
          fmt::format("{} is {}, the table has {}", columnar::NameOf(field),
                      columnar::TypeName(*other), columnar::TypeName(field)));
    }
  }
  for (const auto& name : columnar::ColumnNames(incoming)) {
    if (FindField(table, name) == nullptr) difference.unknown.push_back(name);
  }
  return difference;
}

}  // namespace

Result<Snapshot> SnapshotFrom(std::string_view info_json, OwnedSchema schema) {
  const auto info = json::parse(info_json, nullptr, false);
  const auto has = [&](const char* name) { return info.is_object() && info.contains(name); };
  if (!has("version") || !info["version"].is_number_integer() || !has("metadata") ||
      !has("protocol")) {
    return Error(ErrorKind::kCorruptData,
                 "The Delta table says nothing of its version, protocol or metadata.");
  }
  Snapshot snapshot;
  snapshot.version = info["version"].get<std::int64_t>();
  snapshot.files = info.value("files", std::int64_t{0});
  snapshot.bytes = info.value("bytes", std::int64_t{0});
  snapshot.protocol_json = Dump(info["protocol"]);
  snapshot.metadata_json = Dump(info["metadata"]);
  for (const auto& column : info.value("partition_columns", json::array())) {
    if (column.is_string()) snapshot.partition_columns.push_back(column.get<std::string>());
  }
  snapshot.removed_file_retention_ms = info.value("removed_file_retention_ms", std::int64_t{0});
  snapshot.log_retention_ms = info.value("log_retention_ms", std::int64_t{0});
  if (const auto reason = info.find("unwritable"); reason != info.end() && reason->is_string()) {
    snapshot.unwritable = reason->get<std::string>();
  }
  // Named: in C++20 a temporary would be gone before the loop's first step.
  const json configuration = info.value("configuration", json::object());
  for (const auto& [name, value] : configuration.items()) {
    if (value.is_string()) snapshot.configuration[name] = value.get<std::string>();
  }
  snapshot.schema = std::make_shared<const OwnedSchema>(std::move(schema));
  return snapshot;
}

std::string SchemaStringOf(const Snapshot& snapshot) {
  const auto metadata = json::parse(snapshot.metadata_json, nullptr, false);
  if (!metadata.is_object()) return {};
  const auto found = metadata.find("schemaString");
  return found != metadata.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<Check> ConstraintsOf(const Snapshot& snapshot) {
  std::vector<Check> checks;
  for (const auto& [name, expression] : snapshot.configuration) {
    if (name.starts_with(kConstraintPrefix)) {
      checks.push_back({name.substr(kConstraintPrefix.size()), expression});
    }
  }
  return checks;
}

std::vector<std::string> NotNullColumnsOf(const Snapshot& snapshot) {
  std::vector<std::string> names;
  if (snapshot.schema == nullptr || snapshot.schema->empty()) return names;
  const ArrowSchema& schema = **snapshot.schema;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (!columnar::IsNullable(*schema.children[i])) {
      names.emplace_back(columnar::NameOf(*schema.children[i]));
    }
  }
  return names;
}

bool IsEnabled(const Snapshot& snapshot, const std::string& property) {
  const auto found = snapshot.configuration.find(property);
  return found != snapshot.configuration.end() && base::ToLowerAscii(found->second) == "true";
}

bool IsWriteSerializable(const Snapshot& snapshot) {
  const auto found = snapshot.configuration.find("delta.isolationLevel");
  return found != snapshot.configuration.end() &&
         base::ToLowerAscii(found->second) == "writeserializable";
}

Result<OwnedSchema> MergeSchemas(const ArrowSchema& table, const ArrowSchema& incoming) {
  const SchemaDifference difference = Compare(table, incoming);
  if (!difference.differing.empty()) {
    return Error(ErrorKind::kSchemaMismatch,
                 fmt::format("The rows cannot be merged into the schema of the Delta table, whose "
                             "columns keep their types: {}; cast them in the source.",
                             base::ListNames(difference.differing)));
  }
  std::vector<OwnedSchema> fields;
  for (std::int64_t i = 0; i < table.n_children; ++i) {
    fields.push_back(CopySchema(*table.children[i]));
  }
  for (const auto& name : difference.unknown) {
    OwnedSchema field = CopySchema(*FindField(incoming, name));
    columnar::SetNullable(true, &field);
    fields.push_back(std::move(field));
  }
  return columnar::SchemaOf(std::move(fields), columnar::MetadataOf(table));
}

Status CheckAppendable(const ArrowSchema& table, const ArrowSchema& incoming) {
  const auto [missing, unknown, differing] = Compare(table, incoming);
  if (missing.empty() && unknown.empty() && differing.empty()) return {};
  std::string message = "The rows do not fit the schema of the Delta table:";
  if (!missing.empty()) message += fmt::format(" missing columns: {};", base::ListNames(missing));
  if (!unknown.empty()) {
    message += fmt::format(" columns the table does not have: {};", base::ListNames(unknown));
  }
  if (!differing.empty()) {
    message += fmt::format(" columns of another type: {};", base::ListNames(differing));
  }
  message += fmt::format(" the table's columns are {}; select and cast them in the source.",
                         base::ListNames(columnar::ColumnNames(table)));
  return Error(ErrorKind::kSchemaMismatch, std::move(message));
}

}  // namespace lakegate::delta
