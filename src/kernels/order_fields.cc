#include "kernels/order_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "kernels/byte_ranks.h"
#include "kernels/column_values.h"
#include "kernels/order_words.h"
#include "kernels/packed_order.h"
#include "kernels/parallel.h"

namespace lakegate::kernels {
namespace {

using columnar::ColumnView;
using columnar::DataType;
using columnar::Layout;
using columnar::TypeId;

using Pieces = std::shared_ptr<const std::vector<FieldPiece>>;

FieldPiece PieceOf(const ArrowArray& array, std::int64_t slot, const DataType& type,
                   std::size_t first_row, std::size_t rows) {
  FieldPiece piece;
  piece.first_row = first_row;
  piece.rows = rows;
  piece.validity_slot = slot;
  piece.slot = slot;
  piece.array = &array;
  piece.width = type.byte_width;
  if (type.layout == Layout::kNull) return piece;
  piece.validity = static_cast<const std::uint8_t*>(array.buffers[0]);
  piece.values = array.buffers[1];
  if (type.layout == Layout::kOffsets32 || type.layout == Layout::kOffsets64) {
    piece.bytes = array.buffers[2];
  }
  return piece;
}

// The first piece that holds rows from `row` on.
std::size_t PieceAt(const std::vector<FieldPiece>& pieces, std::size_t row) {
  const auto after = std::upper_bound(
      pieces.begin(), pieces.end(), row,
      [](std::size_t at, const FieldPiece& piece) { return at < piece.first_row; });
  return static_cast<std::size_t>(after - pieces.begin()) - 1;
}

// visit(piece, from, count) for the parts of rows [first, last).
template <typename Visit>
void ForPieces(const std::vector<FieldPiece>& pieces, std::size_t first, std::size_t last,
               const Visit& visit) {
  std::size_t at = PieceAt(pieces, first);
  while (first < last) {
    const FieldPiece& piece = pieces[at++];
    const std::size_t from = first - piece.first_row;
    const std::size_t count = std::min(last - first, piece.rows - from);
    visit(piece, from, count);
    first += count;
  }
}

std::size_t RowsOf(const Pieces& pieces) {
  return pieces->empty() ? 0 : pieces->back().first_row + pieces->back().rows;
}

Result<FieldRange> MeasureAll(const Pieces& pieces, const WordReader& reader,
                              const KernelContext& context) {
  FieldRange all;
  std::mutex mutex;
  LG_RETURN_IF_ERROR(ParallelRanges(
      context, RowRanges{RowsOf(pieces)}, [&](std::size_t first, std::size_t last) -> Status {
        FieldRange range;
        ForPieces(*pieces, first, last,
                  [&](const FieldPiece& piece, std::size_t from, std::size_t count) {
                    reader.measure(piece, from, count, &range);
                  });
        const std::lock_guard lock(mutex);
        all.low = std::min(all.low, range.low);
        all.high = std::max(all.high, range.high);
        all.has_nulls |= range.has_nulls;
        return {};
      }));
  return all;
}

// How a key wants its values.
struct Wish {
  bool descending = false;
  bool nulls_first = false;
};

// Adds the field of one word a value; nothing where all rows are alike.
void AddField(const Pieces& pieces, const WordReader& reader, const FieldRange& range,
              const Wish& wish, std::vector<OrderField>* fields) {
  if (range.low > range.high) return;  // only nulls
  FieldCoding coding;
  coding.descending = wish.descending;
  coding.origin = wish.descending ? range.high : range.low;
  const std::uint64_t most = range.high - range.low;
  if (!range.has_nulls) {
    coding.bits = static_cast<int>(std::bit_width(most));
  } else if (most == std::numeric_limits<std::uint64_t>::max()) {
    // No number is left for nulls: they get a bit of their own in front.
    FieldCoding nulls;
    nulls.bits = 1;
    nulls.add = wish.nulls_first ? 1 : 0;
    nulls.null_code = wish.nulls_first ? 0 : 1;
    fields->emplace_back(pieces, ReaderOf<NothingWord>(), nulls);
    coding.bits = 64;
  } else {
    coding.add = wish.nulls_first ? 1 : 0;
    coding.null_code = wish.nulls_first ? 0 : most + 1;
    coding.bits = static_cast<int>(std::bit_width(most + 1));
  }
  if (coding.bits > 0) fields->emplace_back(pieces, reader, coding);
}

Status AddMeasured(const Pieces& pieces, const WordReader& reader, const Wish& wish,
                   const KernelContext& context, std::vector<OrderField>* fields) {
  LG_ASSIGN_OR_RETURN(const FieldRange range, MeasureAll(pieces, reader, context));
  AddField(pieces, reader, range, wish, fields);
  return {};
}

std::optional<WordReader> IntegerReader(std::int64_t width, bool is_signed) {
  switch (width) {
    case 1:
      return is_signed ? ReaderOf<IntegerWord<std::int8_t>>()
                       : ReaderOf<IntegerWord<std::uint8_t>>();
    case 2:
      return is_signed ? ReaderOf<IntegerWord<std::int16_t>>()
                       : ReaderOf<IntegerWord<std::uint16_t>>();
    case 4:
      return is_signed ? ReaderOf<IntegerWord<std::int32_t>>()
                       : ReaderOf<IntegerWord<std::uint32_t>>();
    case 8:
      return is_signed ? ReaderOf<IntegerWord<std::int64_t>>()
                       : ReaderOf<IntegerWord<std::uint64_t>>();
    default:
      return std::nullopt;
  }
}

// Readers of a value of fixed width, most significant word first; none: it has no such form.
std::vector<WordReader> NumberReaders(const DataType& type) {
  const TypeId id = type.id;
  if (id == TypeId::kBool) return {ReaderOf<BoolWord>()};
  if (id == TypeId::kFloat16) return {ReaderOf<HalfWord>()};
  if (id == TypeId::kFloat32) return {ReaderOf<SingleWord>()};
  if (id == TypeId::kFloat64) return {ReaderOf<DoubleWord>()};
  if (id == TypeId::kDecimal128) {
    return {ReaderOf<DecimalWord<2, 0>>(), ReaderOf<DecimalWord<2, 1>>()};
  }
  if (id == TypeId::kDecimal256) {
    return {ReaderOf<DecimalWord<4, 0>>(), ReaderOf<DecimalWord<4, 1>>(),
            ReaderOf<DecimalWord<4, 2>>(), ReaderOf<DecimalWord<4, 3>>()};
  }
  if (columnar::IsInteger(id) || columnar::IsTemporal(id) || id == TypeId::kDecimal32 ||
      id == TypeId::kDecimal64) {
    return {*IntegerReader(type.byte_width, !columnar::IsUnsignedInteger(id))};
  }
  return {};
}

struct ByteReaders {
  WordReader prefix;
  WordReader length;
  BytesAt at;
};

template <typename Bytes>
ByteReaders ByteReadersOf() {
  return {ReaderOf<PrefixWord<Bytes>>(), ReaderOf<LengthWord<Bytes>>(), Bytes::At};
}

std::optional<ByteReaders> ReadersOfBytes(const DataType& type) {
  if (type.id == TypeId::kFixedSizeBinary) return ByteReadersOf<FixedBytes>();
  if (!columnar::IsString(type.id) && !columnar::IsBinary(type.id)) return std::nullopt;
  switch (type.layout) {
    case Layout::kOffsets32:
      return ByteReadersOf<OffsetBytes<std::int32_t>>();
    case Layout::kOffsets64:
      return ByteReadersOf<OffsetBytes<std::int64_t>>();
    default:
      return ByteReadersOf<ViewBytes>();
  }
}

// A field over one number a row, nulls placed already.
OrderField RankField(const Pieces& source, std::shared_ptr<const Ranks> ranks, std::uint64_t most,
                     const FieldRange& range, const Wish& wish) {
  auto pieces = std::make_shared<std::vector<FieldPiece>>(*source);
  for (FieldPiece& piece : *pieces) {
    piece.values = ranks->rank.data() + piece.first_row;
    piece.slot = 0;
  }
  std::vector<OrderField> fields;
  AddField(pieces, ReaderOf<IntegerWord<std::uint32_t>>(), FieldRange{0, most, range.has_nulls},
           wish, &fields);
  if (fields.empty()) {
    fields.emplace_back(pieces, ReaderOf<NothingWord>(), FieldCoding{});
  }
  fields.front().Keep(std::move(ranks));
  return std::move(fields.front());
}

constexpr std::size_t kPrefixBytes = 8;

// Text and binary: short values as they are, longer ones by rank.
Status AddBytes(const Pieces& pieces, const ByteReaders& readers, const Wish& wish,
                const KernelContext& context, std::vector<OrderField>* fields) {
  LG_ASSIGN_OR_RETURN(const FieldRange lengths, MeasureAll(pieces, readers.length, context));
  if (lengths.low > lengths.high) return {};
  if (lengths.high > kPrefixBytes) {
    LG_ASSIGN_OR_RETURN(Ranks ranks, RankBytes(*pieces, readers.at, context));
    const std::uint64_t most = ranks.count - 1;
    fields->push_back(
        RankField(pieces, std::make_shared<const Ranks>(std::move(ranks)), most, lengths, wish));
    return {};
  }
  LG_RETURN_IF_ERROR(AddMeasured(pieces, readers.prefix, wish, context, fields));
  // Tells "a" from "a\0".
  if (lengths.low == lengths.high) return {};
  AddField(pieces, readers.length, lengths, wish, fields);
  return {};
}

Result<std::vector<OrderField>> FieldsOfPieces(const Pieces& pieces, const DataType& type,
                                               const Wish& wish, const KernelContext& context) {
  std::vector<OrderField> fields;
  for (const WordReader& reader : NumberReaders(type)) {
    LG_RETURN_IF_ERROR(AddMeasured(pieces, reader, wish, context, &fields));
  }
  if (const auto readers = ReadersOfBytes(type)) {
    LG_RETURN_IF_ERROR(AddBytes(pieces, *readers, wish, context, &fields));
  }
  return fields;
}

bool CanOrder(const DataType& type) {
  return type.id == TypeId::kNull || !NumberReaders(type).empty() ||
         ReadersOfBytes(type).has_value();
}

// Where each batch's dictionary begins among the distinct ones.
struct Dictionaries {
  Pieces pieces;
  std::vector<std::size_t> first;  // of each view
};

Dictionaries DistinctDictionaries(const std::vector<ColumnView>& views, const DataType& type) {
  Dictionaries found;
  std::vector<FieldPiece> pieces;
  std::vector<const ArrowArray*> arrays;
  std::size_t rows = 0;
  const auto same = [](const ArrowArray& a, const ArrowArray& b) {
    return a.length == b.length && a.offset == b.offset && a.n_buffers == b.n_buffers &&
           std::equal(a.buffers, a.buffers + a.n_buffers, b.buffers);
  };
  for (const ColumnView& view : views) {
    const ArrowArray& values = *view.array().dictionary;
    // Batches of one producer mostly share the dictionary of the one before.
    if (!arrays.empty() && same(*arrays.back(), values)) {
      found.first.push_back(pieces.empty() ? 0 : pieces.back().first_row);
      continue;
    }
    arrays.push_back(&values);
    found.first.push_back(rows);
    if (values.length == 0) continue;
    const auto count = static_cast<std::size_t>(values.length);
    pieces.push_back(PieceOf(values, values.offset, type, rows, count));
    rows += count;
  }
  found.pieces = std::make_shared<const std::vector<FieldPiece>>(std::move(pieces));
  return found;
}

std::optional<WordReader> DictionaryReader(TypeId index) {
  switch (index) {
    case TypeId::kInt8:
      return ReaderOf<DictionaryWord<std::int8_t>>();
    case TypeId::kUint8:
      return ReaderOf<DictionaryWord<std::uint8_t>>();
    case TypeId::kInt16:
      return ReaderOf<DictionaryWord<std::int16_t>>();
    case TypeId::kUint16:
      return ReaderOf<DictionaryWord<std::uint16_t>>();
    case TypeId::kInt32:
      return ReaderOf<DictionaryWord<std::int32_t>>();
    case TypeId::kUint32:
      return ReaderOf<DictionaryWord<std::uint32_t>>();
    case TypeId::kInt64:
      return ReaderOf<DictionaryWord<std::int64_t>>();
    case TypeId::kUint64:
      return ReaderOf<DictionaryWord<std::uint64_t>>();
    default:
      return std::nullopt;
  }
}

// Ranks of all dictionary values, null ones in their place; rows look theirs up by index.
Result<std::vector<OrderField>> FieldsOfDictionary(const Pieces& rows,
                                                   const std::vector<ColumnView>& views,
                                                   const DataType& index, const DataType& values,
                                                   const Wish& wish, const KernelContext& context) {
  const Dictionaries all = DistinctDictionaries(views, values);
  LG_RETURN_IF_ERROR(CheckRowCount(static_cast<std::int64_t>(RowsOf(all.pieces)),
                                   "dictionaries of the input together"));
  LG_ASSIGN_OR_RETURN(std::vector<OrderField> fields,
                      FieldsOfPieces(all.pieces, values, wish, context));
  LG_ASSIGN_OR_RETURN(Ranks found,
                      RankPacked(Pack(std::move(fields), RowsOf(all.pieces)), context));
  auto ranks = std::make_shared<Ranks>(std::move(found));
  // One number is kept free on either side, so that nulls never share one with a value.
  FieldCoding coding;
  const std::uint64_t most = std::uint64_t{ranks->count} + 1;
  coding.null_code = wish.nulls_first ? 0 : most;
  coding.bits = static_cast<int>(std::bit_width(most));
  for (std::uint32_t& rank : ranks->rank) ++rank;
  for (const FieldPiece& piece : *all.pieces) {
    for (std::size_t i = 0; i < piece.rows; ++i) {
      const bool valid =
          values.layout != Layout::kNull &&
          (piece.validity == nullptr ||
           columnar::GetBit(piece.validity, piece.validity_slot + static_cast<std::int64_t>(i)));
      if (!valid) {
        ranks->rank[piece.first_row + i] = static_cast<std::uint32_t>(coding.null_code);
      }
    }
  }
  auto pieces = std::make_shared<std::vector<FieldPiece>>(*rows);
  for (std::size_t i = 0; i < pieces->size(); ++i) {
    (*pieces)[i].bytes = ranks->rank.data() + all.first[i];
  }
  OrderField field(std::move(pieces), *DictionaryReader(index.id), coding);
  field.Keep(std::move(ranks));
  std::vector<OrderField> one;
  one.push_back(std::move(field));
  return one;
}

Pieces PiecesOf(const std::vector<ColumnView>& views, const DataType& stored) {
  std::vector<FieldPiece> pieces;
  pieces.reserve(views.size());
  std::size_t row = 0;
  for (const ColumnView& view : views) {
    const auto rows = static_cast<std::size_t>(view.length());
    pieces.push_back(PieceOf(view.array(), view.first_slot(), stored, row, rows));
    row += rows;
  }
  return std::make_shared<const std::vector<FieldPiece>>(std::move(pieces));
}

}  // namespace

void OrderField::Append(std::size_t first, std::size_t last, std::uint64_t* codes) const {
  ForPieces(*pieces_, first, last,
            [&](const FieldPiece& piece, std::size_t from, std::size_t count) {
              reader_.append(piece, from, count, coding_, codes);
              codes += count;
            });
}

Result<std::vector<OrderField>> FieldsOf(const columnar::Collected& table, const SortKey& key,
                                         std::string_view role, const KernelContext& context) {
  LG_ASSIGN_OR_RETURN(const std::int64_t index,
                      columnar::FindColumn(*table.schema, key.column, role));
  const ArrowSchema& field = *table.schema->children[index];
  LG_ASSIGN_OR_RETURN(const DataType stored, columnar::ParseFormat(field.format));
  DataType type = stored;
  if (field.dictionary != nullptr) {
    LG_ASSIGN_OR_RETURN(type, columnar::ParseFormat(field.dictionary->format));
  }
  const bool nested_dictionary =
      field.dictionary != nullptr && field.dictionary->dictionary != nullptr;
  if (!CanOrder(type) || nested_dictionary) {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("Rows cannot be ordered by a column of this type: '{}' ({}) is {}.",
                             key.column, role, columnar::TypeName(field)));
  }
  if (table.rows == 0 || stored.id == TypeId::kNull) return std::vector<OrderField>();
  LG_ASSIGN_OR_RETURN(const std::vector<ColumnView> views, ViewsOf(table, index));
  const Pieces pieces = PiecesOf(views, stored);
  const Wish wish{key.direction == SortDirection::kDescending, key.nulls == NullPlacement::kFirst};
  if (field.dictionary != nullptr) {
    return FieldsOfDictionary(pieces, views, stored, type, wish, context);
  }
  return FieldsOfPieces(pieces, type, wish, context);
}

Result<std::optional<std::vector<OrderField>>> EqualityFieldsOf(const columnar::Collected& table,
                                                                std::int64_t column,
                                                                const KernelContext& context) {
  std::optional<std::vector<OrderField>> none;
  const ArrowSchema& field = *table.schema->children[column];
  if (field.dictionary != nullptr) return none;
  LG_ASSIGN_OR_RETURN(const DataType type, columnar::ParseFormat(field.format));
  if (type.id == TypeId::kNull || table.rows == 0 || !CanOrder(type)) return none;
  LG_ASSIGN_OR_RETURN(const std::vector<ColumnView> views, ViewsOf(table, column));
  const Pieces pieces = PiecesOf(views, type);
  if (const auto readers = ReadersOfBytes(type)) {
    LG_ASSIGN_OR_RETURN(const FieldRange lengths, MeasureAll(pieces, readers->length, context));
    if (lengths.low <= lengths.high && lengths.high > kPrefixBytes) return none;
  }
  LG_ASSIGN_OR_RETURN(std::vector<OrderField> fields,
                      FieldsOfPieces(pieces, type, Wish{}, context));
  return std::optional<std::vector<OrderField>>(std::move(fields));
}

}  // namespace lakegate::kernels
