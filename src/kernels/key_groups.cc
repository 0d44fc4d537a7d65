#include "kernels/key_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

Error KeysDiffer(const ArrowSchema& field, const KeyType& key, const KeyType& counterpart) {
  return Error(ErrorKind::kSchemaMismatch,
               fmt::format("The keys cannot be equal, because their types differ: '{}' is {} and "
                           "its counterpart is {}; cast one of them.",
                           columnar::NameOf(field), key.name, counterpart.name));
}

// Rows that are read, hashed and looked up together: what the tables will touch is asked for
// before the first look.
constexpr std::size_t kBlock = 256;

struct KeyBlock {
  std::array<bool, kBlock> valid;
  std::array<std::uint64_t, kBlock> words;  // values, or hashes of bytes
  std::array<std::string_view, kBlock> bytes;
};

// Numbers the values of one key column, over all tables.
class ColumnNumbers {
 public:
  explicit ColumnNumbers(KeyType key, NullKeys nulls) : key_(std::move(key)), nulls_(nulls) {}

  const KeyType& key() const { return key_; }
  void Refine(const KeyType& key) {
    if (key_.family == Family::kNull) key_ = key;
  }
  std::uint32_t size() const { return next_; }

  // One number a row of `view`; a new value takes the next one.
  Status Append(const ColumnView& view, const CancelToken& cancel, std::vector<Row>* numbers) {
    return NumberRows(view, Giving{*this}, cancel, numbers);
  }
  // The same, but kNoRow for a new value.
  Status AppendKnown(const ColumnView& view, const CancelToken& cancel,
                     std::vector<Row>* numbers) const {
    return NumberRows(view, Knowing{*this}, cancel, numbers);
  }

 private:
  // Which table has the word: no signed value equals a great unsigned one, though one has the
  // same bits.
  static bool IsLarge(bool may_be_large, std::uint64_t word) {
    return may_be_large && (word >> 63) != 0;
  }

  struct Giving {
    ColumnNumbers& of;
    Row OfNull() const {
      if (of.nulls_ == NullKeys::kNone) return kNoRow;
      if (!of.null_) of.null_ = of.next_++;
      return *of.null_;
    }
    Row OfWord(std::uint64_t word, bool large) const {
      return Take((large ? of.large_ : of.ints_).Find(word, of.next_));
    }
    Row OfBytes(std::string_view bytes, std::uint64_t hash) const {
      return Take(of.bytes_.Find(bytes, hash, of.next_));
    }
    Row Take(std::uint32_t number) const {
      if (number == of.next_) ++of.next_;
      return number;
    }
  };

  struct Knowing {
    const ColumnNumbers& of;
    Row OfNull() const { return of.null_.value_or(kNoRow); }
    Row OfWord(std::uint64_t word, bool large) const {
      return (large ? of.large_ : of.ints_).Known(word);
    }
    Row OfBytes(std::string_view bytes, std::uint64_t hash) const {
      return of.bytes_.Known(bytes, hash);
    }
  };

  template <typename How>
  static Status NumberRows(const ColumnView& view, How how, const CancelToken& cancel,
                           std::vector<Row>* numbers) {
    if (view.is_dictionary()) return NumberDictionary(view, how, cancel, numbers);
    const std::size_t first = numbers->size();
    const auto rows = static_cast<std::size_t>(view.length());
    numbers->resize(first + rows);
    for (std::size_t from = 0; from < rows; from += kBlock) {
      if (cancel.cancelled()) return Cancelled("key grouping");
      NumberBlock(view, from, std::min(kBlock, rows - from), how, numbers->data() + first + from);
    }
    return {};
  }

  // Each dictionary value is looked up once, when the first row uses it.
  template <typename How>
  static Status NumberDictionary(const ColumnView& view, How how, const CancelToken& cancel,
                                 std::vector<Row>* numbers) {
    LG_ASSIGN_OR_RETURN(const ColumnView values, view.Dictionary());
    std::vector<std::optional<Row>> known(static_cast<std::size_t>(values.length()));
    for (std::int64_t row = 0; row < view.length(); ++row) {
      if (StopAt(numbers->size(), cancel)) return Cancelled("key grouping");
      if (view.IsNullSlot(row)) {
        numbers->push_back(how.OfNull());
        continue;
      }
      const std::int64_t index = view.DictionaryIndex(row);
      auto& number = known[static_cast<std::size_t>(index)];
      if (!number) {
        number.emplace();
        NumberBlock(values, static_cast<std::size_t>(index), 1, how, &*number);
      }
      numbers->push_back(*number);
    }
    return {};
  }

  // Rows [from, from + count) of a column that is no dictionary, at most kBlock.
  template <typename How>
  static void NumberBlock(const ColumnView& view, std::size_t from, std::size_t count, How how,
                          Row* numbers) {
    const DataType& type = view.type();
    const auto row = static_cast<std::int64_t>(from);
    KeyBlock block;
    std::fill_n(block.valid.begin(), count, true);
    ClearNulls(view, row, count, block.valid.data());
    const bool integer = columnar::IsInteger(type.id) || columnar::IsTemporal(type.id) ||
                         type.id == TypeId::kDecimal32 || type.id == TypeId::kDecimal64;
    if (integer) {
      ReadIntegers(view, row, count, block.words.data());
      NumberWords(block, type.id == TypeId::kUint64, count, how, numbers);
    } else if (type.id == TypeId::kBool || columnar::IsFloat(type.id)) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t at = row + static_cast<std::int64_t>(i);
        block.words[i] =
            type.id == TypeId::kBool ? (view.Bool(at) ? 1 : 0) : CanonicalBits(view.Double(at));
      }
      NumberWords(block, /*may_be_large=*/false, count, how, numbers);
    } else {
      NumberBytes(view, row, count, how, &block, numbers);
    }
  }

  template <typename How>
  static void NumberWords(const KeyBlock& block, bool may_be_large, std::size_t count, How how,
                          Row* numbers) {
    for (std::size_t i = 0; i < count; ++i) how.of.ints_.Prefetch(block.words[i]);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t word = block.words[i];
      numbers[i] = block.valid[i] ? how.OfWord(word, IsLarge(may_be_large, word)) : how.OfNull();
    }
  }

  template <typename How>
  static void NumberBytes(const ColumnView& view, std::int64_t row, std::size_t count, How how,
                          KeyBlock* block, Row* numbers) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!block->valid[i]) continue;
      block->bytes[i] = view.Bytes(row + static_cast<std::int64_t>(i));
      block->words[i] = HashBytes(block->bytes[i]);
      how.of.bytes_.Prefetch(block->words[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      numbers[i] = block->valid[i] ? how.OfBytes(block->bytes[i], block->words[i]) : how.OfNull();
    }
  }

  KeyType key_;
  NullKeys nulls_;
  std::uint32_t next_ = 0;
  std::optional<Row> null_;
  IntTable ints_;
  IntTable large_;
  BytesTable bytes_;
};

// Numbers pairs of numbers; kNoRow in either gives kNoRow.
class PairNumbers {
 public:
  std::uint32_t size() const { return next_; }

  // groups[i] becomes the number of (groups[i], numbers[i]).
  Status Join(std::span<const Row> numbers, const CancelToken& cancel, std::span<Row> groups) {
    return ForPairs(*this, numbers, cancel, groups, [this](std::uint64_t pair) {
      const Row number = table_.Find(pair, next_);
      if (number == next_) ++next_;
      return number;
    });
  }
  // The same, but kNoRow for a new pair.
  Status JoinKnown(std::span<const Row> numbers, const CancelToken& cancel,
                   std::span<Row> groups) const {
    return ForPairs(*this, numbers, cancel, groups,
                    [this](std::uint64_t pair) { return table_.Known(pair); });
  }

 private:
  template <typename NumberOf>
  static Status ForPairs(const PairNumbers& of, std::span<const Row> numbers,
                         const CancelToken& cancel, std::span<Row> groups, NumberOf number_of) {
    const auto pair_of = [&](std::size_t i) {
      return (std::uint64_t{groups[i]} << 32) | numbers[i];
    };
    for (std::size_t from = 0; from < groups.size(); from += kBlock) {
      if (cancel.cancelled()) return Cancelled("key grouping");
      const std::size_t to = std::min(groups.size(), from + kBlock);
      for (std::size_t i = from; i < to; ++i) of.table_.Prefetch(pair_of(i));
      for (std::size_t i = from; i < to; ++i) {
        const bool none = groups[i] == kNoRow || numbers[i] == kNoRow;
        groups[i] = none ? kNoRow : number_of(pair_of(i));
      }
    }
    return {};
  }

  IntTable table_;
  std::uint32_t next_ = 0;
};

}  // namespace

struct KeyGrouper::State {
  NullKeys nulls;
  bool started = false;
  std::vector<std::unique_ptr<ColumnNumbers>> columns;
  std::vector<PairNumbers> pairs;  // [i]: number by the columns up to i, number in column i + 1

  Status Prepare(const ArrowSchema& schema, std::span<const std::int64_t> indices);
};

Status KeyGrouper::State::Prepare(const ArrowSchema& schema,
                                  std::span<const std::int64_t> indices) {
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const ArrowSchema& field = *schema.children[indices[i]];
    LG_ASSIGN_OR_RETURN(KeyType key, KeyTypeOf(field));
    if (!started) {
      columns.push_back(std::make_unique<ColumnNumbers>(std::move(key), nulls));
      if (i > 0) pairs.emplace_back();
      continue;
    }
    if (!Comparable(columns[i]->key(), key)) {
      return KeysDiffer(field, key, columns[i]->key());
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
  return state_->pairs.back().size();
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
    if (i > 0) LG_RETURN_IF_ERROR(state_->pairs[i - 1].Join(numbers, cancel, groups));
  }
  return groups;
}

Result<std::vector<Row>> KeyGrouper::Find(const columnar::Collected& table,
                                          std::span<const std::int64_t> columns,
                                          const CancelToken& cancel) const {
  const auto rows = static_cast<std::size_t>(table.rows);
  std::vector<Row> groups;
  if (columns.empty()) groups.assign(rows, 0);
  std::vector<Row> numbers;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    LG_ASSIGN_OR_RETURN(const KeyType key, KeyTypeOf(*table.schema->children[columns[i]]));
    if (!Comparable(state_->columns[i]->key(), key)) {
      return KeysDiffer(*table.schema->children[columns[i]], key, state_->columns[i]->key());
    }
    std::vector<Row>& out = i == 0 ? groups : numbers;
    out.clear();
    out.reserve(rows);
    LG_ASSIGN_OR_RETURN(const auto views, ViewsOf(table, columns[i]));
    for (const ColumnView& view : views) {
      LG_RETURN_IF_ERROR(state_->columns[i]->AppendKnown(view, cancel, &out));
    }
    if (i > 0) LG_RETURN_IF_ERROR(state_->pairs[i - 1].JoinKnown(numbers, cancel, groups));
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
