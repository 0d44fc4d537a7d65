#include "datasets/inspector.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/try.h"
#include "columnar/schema.h"
#include "hashing/column_encoder.h"

namespace lakegate::datasets {
namespace {

OwnedSchema VerdictSchema(const std::vector<Check>& checks) {
  std::vector<columnar::FieldSpec> fields;
  fields.reserve(checks.size());
  for (const Check& check : checks) fields.push_back({.name = check.name, .format = "b"});
  return columnar::MakeSchema(fields);
}

Status CheckKeyType(const Contract& contract, const ArrowSchema& field) {
  const ArrowSchema& values = field.dictionary != nullptr ? *field.dictionary : field;
  LG_ASSIGN_OR_RETURN(const columnar::DataType type, columnar::ParseFormat(values.format));
  if (!columnar::IsNested(type.id)) return {};
  return Error(ErrorKind::kUnsupported,
               fmt::format("A key column may not be nested: '{}' of '{}' is {}. Declare a key of "
                           "flat columns.",
                           columnar::NameOf(field), contract.dataset, columnar::TypeName(field)));
}

}  // namespace

Result<Inspector> Inspector::Make(const Contract& contract, const ArrowSchema& schema,
                                  std::unique_ptr<RowPredicate> predicate,
                                  std::int64_t key_memory_bytes) {
  LG_RETURN_IF_ERROR(CheckContractColumns(contract, schema));
  if (!contract.checks.empty() && predicate == nullptr) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("Checks need a predicate that evaluates them: dataset '{}'.",
                             contract.dataset));
  }
  Inspector inspector{KeySet(key_memory_bytes)};
  std::vector<std::string> required = contract.key;
  for (const std::string& column : contract.not_null) {
    if (std::find(required.begin(), required.end(), column) == required.end()) {
      required.push_back(column);
    }
  }
  for (const std::string& column : required) {
    LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(schema, column));
    inspector.constraints_.push_back({.kind = Constraint::Kind::kNotNull,
                                      .name = NotNullName(column),
                                      .message = fmt::format("{} is null", column),
                                      .column = index});
  }
  inspector.first_check_ = inspector.constraints_.size();
  inspector.check_count_ = contract.checks.size();
  for (const Check& check : contract.checks) {
    inspector.constraints_.push_back(
        {.kind = Constraint::Kind::kCheck,
         .name = check.name,
         .message = fmt::format("{} does not hold", check.expression)});
  }
  for (const std::string& column : contract.key) {
    LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(schema, column));
    LG_RETURN_IF_ERROR(CheckKeyType(contract, *schema.children[index]));
    inspector.key_columns_.push_back(index);
  }
  if (!contract.key.empty()) {
    inspector.constraints_.push_back({.kind = Constraint::Kind::kKey,
                                      .name = KeyName(contract.key),
                                      .message = "an earlier row has this key"});
  }
  inspector.predicate_ = std::move(predicate);
  inspector.verdict_schema_ = VerdictSchema(contract.checks);
  return inspector;
}

Result<std::vector<Fault>> Inspector::Inspect(const ArrowSchema& schema, const OwnedArray& batch) {
  if (key_columns_.empty()) {
    LG_RETURN_IF_ERROR(columnar::CheckShape(schema, *batch));
  } else {
    LG_RETURN_IF_ERROR(columnar::CheckArray(schema, *batch));
  }
  LG_ASSIGN_OR_RETURN(const columnar::BatchView view, columnar::BatchView::Open(schema, *batch));
  std::vector<Fault> faults;
  for (std::size_t i = 0; i < first_check_; ++i) {
    const columnar::ColumnView& column = view.column(constraints_[i].column);
    if (column.CountNulls() == 0) continue;
    for (std::int64_t row = 0; row < view.length(); ++row) {
      if (column.IsNull(row)) faults.push_back({row, i});
    }
  }
  if (check_count_ > 0) {
    LG_RETURN_IF_ERROR(InspectChecks(schema, batch, view.length(), &faults));
  }
  std::sort(faults.begin(), faults.end());
  if (!key_columns_.empty()) LG_RETURN_IF_ERROR(InspectKey(view, &faults));
  return faults;
}

Status Inspector::InspectChecks(const ArrowSchema& schema, const OwnedArray& batch,
                                std::int64_t length, std::vector<Fault>* faults) {
  LG_ASSIGN_OR_RETURN(const OwnedArray verdicts, predicate_->Evaluate(schema, batch));
  LG_ASSIGN_OR_RETURN(const columnar::BatchView view,
                      columnar::BatchView::Open(*verdict_schema_, *verdicts));
  if (view.length() != length) {
    return Error(ErrorKind::kInternal,
                 fmt::format("Checks gave another number of rows than their batch has: {}, not {}.",
                             view.length(), length));
  }
  for (std::size_t i = 0; i < check_count_; ++i) {
    const columnar::ColumnView& column = view.column(static_cast<std::int64_t>(i));
    for (std::int64_t row = 0; row < length; ++row) {
      if (column.IsNull(row) || !column.Bool(row)) faults->push_back({row, first_check_ + i});
    }
  }
  return {};
}

Status Inspector::InspectKey(const columnar::BatchView& view, std::vector<Fault>* faults) {
  std::vector<hashing::ColumnEncoder> columns;
  for (const std::int64_t index : key_columns_) {
    LG_ASSIGN_OR_RETURN(hashing::ColumnEncoder column,
                        hashing::ColumnEncoder::Open(view.column(index)));
    columns.push_back(std::move(column));
  }
  const std::size_t key_constraint = constraints_.size() - 1;
  const std::size_t others = faults->size();
  std::size_t next = 0;
  for (std::int64_t row = 0; row < view.length(); ++row) {
    while (next < others && (*faults)[next].row < row) ++next;
    if (next < others && (*faults)[next].row == row) continue;
    encoder_.Clear();
    for (const hashing::ColumnEncoder& column : columns) column.Encode(row, 1, encoder_);
    LG_ASSIGN_OR_RETURN(const bool fresh, keys_.Insert(hashing::StableHash128(encoder_.bytes())));
    if (!fresh) faults->push_back({row, key_constraint});
  }
  std::inplace_merge(faults->begin(), faults->begin() + static_cast<std::ptrdiff_t>(others),
                     faults->end());
  return {};
}

}  // namespace lakegate::datasets
