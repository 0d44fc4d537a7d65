#include "datasets/contract.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"

namespace lakegate::datasets {
namespace {

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// `name` is one of `taken`.
std::string UniqueName(std::string name, const std::vector<std::string>& taken) {
  while (Contains(taken, name)) name.push_back('_');
  return name;
}

Status CheckColumns(const Contract& contract, const ArrowSchema& schema,
                    const std::vector<std::string>& columns, std::string_view role) {
  for (const std::string& column : columns) {
    const auto found = columnar::FindColumn(schema, column, role);
    if (!found) return found.error().WithContext(fmt::format("dataset '{}'", contract.dataset));
  }
  return {};
}

}  // namespace

Contract ContractOf(const DatasetSpec& spec) {
  return {.dataset = spec.name, .key = spec.key, .not_null = spec.not_null, .checks = spec.checks};
}

std::string NotNullName(std::string_view column) { return fmt::format("not_null({})", column); }

std::string KeyName(const std::vector<std::string>& key) {
  return fmt::format("key({})", base::Join(key, ", "));
}

Status CheckContractColumns(const Contract& contract, const ArrowSchema& schema) {
  LG_RETURN_IF_ERROR(CheckColumns(contract, schema, contract.key, "key"));
  return CheckColumns(contract, schema, contract.not_null, "not_null");
}

Result<OwnedSchema> QuarantineSchema(const ArrowSchema& schema) {
  LG_RETURN_IF_ERROR(columnar::CheckSchema(schema));
  const std::vector<std::string> own = columnar::ColumnNames(schema);
  const std::vector<std::string> added = {"row_ordinal", "errors"};
  std::vector<OwnedSchema> fields;
  fields.push_back(columnar::MakeField({.name = added[0], .format = "l", .nullable = false}));
  fields.push_back(columnar::ListField(
      added[1], columnar::MakeField({.name = "item", .format = "u", .nullable = false}), false));
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    OwnedSchema field = CopySchema(*schema.children[i]);
    const std::string name(columnar::NameOf(*field));
    if (Contains(added, name)) columnar::SetName(UniqueName(name, own), &field);
    fields.push_back(std::move(field));
  }
  return columnar::SchemaOf(std::move(fields));
}

}  // namespace lakegate::datasets
