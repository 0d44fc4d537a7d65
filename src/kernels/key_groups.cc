#include "kernels/key_groups.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/column_values.h"
#include "kernels/key_table.h"

namespace lakegate::kernels {
namespace {

using columnar::ColumnView;
using columnar::DataType;
using columnar::TypeId;

// Types whose values may be equal to each other.
enum class Family {
  kNull,
  kInteger,
  kFloat,
  kBool,
  kString,
  kBinary,
  kFixedBinary,
  kDecimal,
  kTemporal,
  kInterval
};

struct KeyType {
  Family family = Family::kNull;
  DataType type;
  std::string name;
};

Result<KeyType> KeyTypeOf(const ArrowSchema& field) {
  const ArrowSchema& stored = field.dictionary != nullptr ? *field.dictionary : field;
  KeyType key;
  LG_ASSIGN_OR_RETURN(key.type, columnar::ParseFormat(stored.format));
  key.name = columnar::TypeName(field);
  const TypeId id = key.type.id;
  if (columnar::IsNested(id) || stored.dictionary != nullptr) {
    return Error(ErrorKind::kUnsupported, fmt::format("A key must be a flat column: '{}' is {}.",
                                                      columnar::NameOf(field), key.name));
  }
  if (columnar::IsInteger(id)) {
    key.family = Family::kInteger;
  } else if (columnar::IsFloat(id)) {
    key.family = Family::kFloat;
  } else if (columnar::IsString(id)) {
    key.family = Family::kString;
  } else if (columnar::IsBinary(id)) {
    key.family = Family::kBinary;
  } else if (columnar::IsDecimal(id)) {
    key.family = Family::kDecimal;
  } else if (columnar::IsTemporal(id)) {
    key.family = Family::kTemporal;
  } else if (id == TypeId::kBool) {
    key.family = Family::kBool;
  } else if (id == TypeId::kFixedSizeBinary) {
    key.family = Family::kFixedBinary;
  } else if (id != TypeId::kNull) {
    key.family = Family::kInterval;
  }
  return key;
}

bool Comparable(const KeyType& a, const KeyType& b) {
  if (a.family == Family::kNull || b.family == Family::kNull) return true;
  if (a.family != b.family) return false;
  switch (a.family) {
    case Family::kFixedBinary:
      return a.type.byte_width == b.type.byte_width;
    case Family::kDecimal:
      return a.type.id == b.type.id && a.type.scale == b.type.scale;
    case Family::kTemporal:
      return a.type.id == b.type.id && a.type.unit == b.type.unit && a.type.zoned == b.type.zoned;
    case Family::kInterval:
      return a.type.id == b.type.id;
    default:
      return true;
  }
}

// Numbers the values of one key column, over all tables.
class ColumnNumbers {
 public:
  explicit ColumnNumbers(KeyType key, NullKeys nulls) : key_(std::move(key)), nulls_(nulls) {}

  const KeyType& key() const { return key_; }
  void Refine(const KeyType& key) {
    if (key_.family == Family::kNull) key_ = key;
  }
  std::uint32_t size() const { return next_; }

  Status Append(const ColumnView& view, const CancelToken& cancel, std::vector<Row>* numbers) {
    if (view.is_dictionary()) return AppendDictionary(view, cancel, numbers);
    for (std::int64_t row = 0; row < view.length(); ++row) {
      if (StopAt(numbers->size(), cancel)) return Cancelled("key grouping");
      numbers->push_back(view.IsNull(row) ? NumberOfNull() : NumberOf(view, row));
    }
    return {};
  }

 private:
  // Each dictionary value is looked up once, when the first row uses it.
  Status AppendDictionary(const ColumnView& view, const CancelToken& cancel,
                          std::vector<Row>* numbers) {
    LG_ASSIGN_OR_RETURN(const ColumnView values, view.Dictionary());
    std::vector<std::optional<Row>> known(static_cast<std::size_t>(values.length()));
    for (std::int64_t row = 0; row < view.length(); ++row) {
      if (StopAt(numbers->size(), cancel)) return Cancelled("key grouping");
      if (view.IsNullSlot(row)) {
        numbers->push_back(NumberOfNull());
        continue;
      }
      const std::int64_t index = view.DictionaryIndex(row);
      auto& number = known[static_cast<std::size_t>(index)];
      if (!number) number = values.IsNull(index) ? NumberOfNull() : NumberOf(values, index);
      numbers->push_back(*number);
    }
    return {};
  }

  Row NumberOfNull() {
    if (nulls_ == NullKeys::kNone) return kNoRow;
    if (!null_) null_ = next_++;
    return *null_;
  }

  Row NumberOf(const ColumnView& view, std::int64_t row) {
    const DataType& type = view.type();
    if (type.id == TypeId::kBool) return Take(ints_.Find(view.Bool(row) ? 1 : 0, next_));
    if (columnar::IsFloat(type.id)) {
      return Take(ints_.Find(CanonicalBits(view.Double(row)), next_));
    }
    if (type.id == TypeId::kUint64 && (view.Uint64(row) >> 63) != 0) {
      // No signed value equals it, though one has the same bits.
      return Take(large_.Find(view.Uint64(row), next_));
    }
    const bool word = columnar::IsInteger(type.id) || columnar::IsTemporal(type.id) ||
                      type.id == TypeId::kDecimal32 || type.id == TypeId::kDecimal64;
    if (word) return Take(ints_.Find(static_cast<std::uint64_t>(view.Int64(row)), next_));
    return Take(bytes_.Find(view.Bytes(row), next_));
  }

  Row Take(std::uint32_t number) {
    if (number == next_) ++next_;
    return number;
  }

  KeyType key_;
  NullKeys nulls_;
  std::uint32_t next_ = 0;
  std::optional<Row> null_;
  IntTable ints_;
  IntTable large_;
  BytesTable bytes_;
};

}  // namespace

struct KeyGrouper::State {
  NullKeys nulls;
  bool started = false;
  std::vector<std::unique_ptr<ColumnNumbers>> columns;
  // pairs[i] numbers (number by the columns up to i, number in column i + 1).
  std::vector<std::unique_ptr<IntTable>> pairs;
  std::vector<std::uint32_t> pair_sizes;

  Status Prepare(const ArrowSchema& schema, std::span<const std::int64_t> indices);
};

Status KeyGrouper::State::Prepare(const ArrowSchema& schema,
                                  std::span<const std::int64_t> indices) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const ArrowSchema& field = *schema.children[indices[i]];
    LG_ASSIGN_OR_RETURN(KeyType key, KeyTypeOf(field));
    if (!started) {
      columns.push_back(std::make_unique<ColumnNumbers>(std::move(key), nulls));
      if (i > 0) {
        pairs.push_back(std::make_unique<IntTable>());
        pair_sizes.push_back(0);
      }
      continue;
    }
    if (!Comparable(columns[i]->key(), key)) {
      return Error(ErrorKind::kSchemaMismatch,
                   fmt::format("The keys cannot be equal, because their types differ: '{}' is {} "
                               "and its counterpart is {}; cast one of them.",
                               columnar::NameOf(field), key.name, columns[i]->key().name));
    }
    columns[i]->Refine(key);
  }
  started = true;
  return {};
}

KeyGrouper::KeyGrouper(NullKeys nulls) : state_(std::make_unique<State>()) {
  state_->nulls = nulls;
}
KeyGrouper::KeyGrouper(KeyGrouper&&) noexcept = default;
KeyGrouper::~KeyGrouper() = default;

std::size_t KeyGrouper::groups() const {
  if (state_->columns.empty()) return 1;
  if (state_->pairs.empty()) return state_->columns.front()->size();
  return state_->pair_sizes.back();
}

Result<std::vector<Row>> KeyGrouper::Assign(const columnar::Collected& table,
                                            std::span<const std::int64_t> columns,
                                            const CancelToken& cancel) {
  LG_RETURN_IF_ERROR(state_->Prepare(*table.schema, columns));
  const auto rows = static_cast<std::size_t>(table.rows);
  if (columns.empty()) return std::vector<Row>(rows, 0);
  std::vector<Row> groups;
  std::vector<Row> numbers;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::vector<Row>& out = i == 0 ? groups : numbers;
    out.clear();
    out.reserve(rows);
    LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, columns[i]));
    for (const ColumnView& view : views) {
      LG_RETURN_IF_ERROR(state_->columns[i]->Append(view, cancel, &out));
    }
    if (i == 0) continue;
    IntTable& pairs = *state_->pairs[i - 1];
    std::uint32_t& next = state_->pair_sizes[i - 1];
    for (std::size_t row = 0; row < rows; ++row) {
      if (StopAt(row, cancel)) return Cancelled("key grouping");
      if (groups[row] == kNoRow || numbers[row] == kNoRow) {
        groups[row] = kNoRow;
        continue;
      }
      const std::uint64_t pair = (std::uint64_t{groups[row]} << 32) | numbers[row];
      groups[row] = pairs.Find(pair, next);
      if (groups[row] == next) ++next;
    }
  }
  return groups;
}

Result<std::vector<std::int64_t>> FindColumns(const ArrowSchema& schema,
                                              std::span<const std::string> names,
                                              std::string_view role) {
  std::vector<std::int64_t> columns;
  columns.reserve(names.size());
  for (const std::string& name : names) {
    LG_ASSIGN_OR_RETURN(const std::int64_t index, columnar::FindColumn(schema, name, role));
    columns.push_back(index);
  }
  return columns;
}

}  // namespace lakegate::kernels
