#include "hashing/schema_identity.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/type.h"
#include "hashing/blake3.h"

namespace lakegate::hashing {
namespace {

using columnar::DataType;
using columnar::TypeId;

// Part of every identity: a change of the encoding below changes these.
constexpr std::string_view kExactIdentity = "lakegate.schema.1";
constexpr std::string_view kLogicalIdentity = "lakegate.logical_schema.1";

std::string_view TextOf(const char* text) { return text == nullptr ? "" : text; }

void EncodeMetadata(const ArrowSchema& schema, CanonicalEncoder& encoder) {
  columnar::Metadata metadata = columnar::MetadataOf(schema);
  std::sort(metadata.begin(), metadata.end());
  encoder.Begin(Tag::kRecord, metadata.size());
  for (const auto& [key, value] : metadata) {
    encoder.Text(key);
    encoder.Binary(value);
  }
}

void EncodeField(const ArrowSchema& field, CanonicalEncoder& encoder);

void EncodeFields(const ArrowSchema& parent, CanonicalEncoder& encoder) {
  encoder.Begin(Tag::kList, static_cast<std::uint64_t>(parent.n_children));
  for (std::int64_t i = 0; i < parent.n_children; ++i) EncodeField(*parent.children[i], encoder);
}

void EncodeField(const ArrowSchema& field, CanonicalEncoder& encoder) {
  constexpr std::int64_t kKnownFlags =
      ARROW_FLAG_DICTIONARY_ORDERED | ARROW_FLAG_NULLABLE | ARROW_FLAG_MAP_KEYS_SORTED;
  encoder.Begin(Tag::kStruct, 6);
  encoder.Text(TextOf(field.name));
  encoder.Text(TextOf(field.format));
  encoder.Int(field.flags & kKnownFlags);
  EncodeMetadata(field, encoder);
  EncodeFields(field, encoder);
  if (field.dictionary == nullptr) {
    encoder.Null();
  } else {
    EncodeField(*field.dictionary, encoder);
  }
}

std::string_view LogicalName(TypeId id) {
  switch (id) {
    case TypeId::kNull:
      return "null";
    case TypeId::kBool:
      return "bool";
    case TypeId::kInt8:
      return "int8";
    case TypeId::kInt16:
      return "int16";
    case TypeId::kInt32:
      return "int32";
    case TypeId::kInt64:
      return "int64";
    case TypeId::kUint8:
      return "uint8";
    case TypeId::kUint16:
      return "uint16";
    case TypeId::kUint32:
      return "uint32";
    case TypeId::kUint64:
      return "uint64";
    case TypeId::kFloat16:
      return "float16";
    case TypeId::kFloat32:
      return "float32";
    case TypeId::kFloat64:
      return "float64";
    case TypeId::kDecimal32:
    case TypeId::kDecimal64:
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      return "decimal";
    case TypeId::kDate32:
      return "date32";
    case TypeId::kDate64:
      return "date64";
    case TypeId::kTime32:
      return "time32";
    case TypeId::kTime64:
      return "time64";
    case TypeId::kTimestamp:
      return "timestamp";
    case TypeId::kDuration:
      return "duration";
    case TypeId::kIntervalMonths:
      return "interval_months";
    case TypeId::kIntervalDayTime:
      return "interval_day_time";
    case TypeId::kIntervalMonthDayNano:
      return "interval_month_day_nano";
    case TypeId::kUtf8:
    case TypeId::kLargeUtf8:
    case TypeId::kUtf8View:
      return "utf8";
    case TypeId::kBinary:
    case TypeId::kLargeBinary:
    case TypeId::kBinaryView:
      return "binary";
    case TypeId::kFixedSizeBinary:
      return "fixed_size_binary";
    case TypeId::kList:
    case TypeId::kLargeList:
    case TypeId::kListView:
    case TypeId::kLargeListView:
      return "list";
    case TypeId::kFixedSizeList:
      return "fixed_size_list";
    case TypeId::kStruct:
      return "struct";
    case TypeId::kMap:
      return "map";
    case TypeId::kDenseUnion:
      return "dense_union";
    case TypeId::kSparseUnion:
      return "sparse_union";
    case TypeId::kRunEndEncoded:
      return "run_end_encoded";
  }
  return "unknown";
}

bool CarriesNamedFields(TypeId id) {
  return id == TypeId::kStruct || id == TypeId::kDenseUnion || id == TypeId::kSparseUnion;
}

Status EncodeLogicalType(const ArrowSchema& field, CanonicalEncoder& encoder) {
  if (field.dictionary != nullptr) return EncodeLogicalType(*field.dictionary, encoder);
  const std::string_view format = TextOf(field.format);
  LG_ASSIGN_OR_RETURN(const DataType type, columnar::ParseFormat(format));
  if (type.id == TypeId::kRunEndEncoded) return EncodeLogicalType(*field.children[1], encoder);

  encoder.Begin(Tag::kStruct, 3);
  encoder.Text(LogicalName(type.id));
  // Parameters: all of them, zero where the type has none.
  encoder.Begin(Tag::kStruct, 6);
  encoder.Int(type.id == TypeId::kFixedSizeBinary ? type.byte_width : 0);
  encoder.Int(type.list_size);
  encoder.Int(static_cast<std::int64_t>(type.unit));
  encoder.Int(type.precision);
  encoder.Int(type.scale);
  // Time zone of a timestamp, type ids of a union: what stands behind the colon.
  const bool has_text = type.id == TypeId::kTimestamp ||
                        type.layout == columnar::Layout::kDenseUnion ||
                        type.layout == columnar::Layout::kSparseUnion;
  const std::size_t colon = format.find(':');
  encoder.Text(has_text && colon != std::string_view::npos ? format.substr(colon + 1) : "");

  encoder.Begin(Tag::kList, static_cast<std::uint64_t>(field.n_children));
  for (std::int64_t i = 0; i < field.n_children; ++i) {
    const ArrowSchema& child = *field.children[i];
    encoder.Begin(Tag::kStruct, 2);
    encoder.Text(CarriesNamedFields(type.id) ? TextOf(child.name) : "");
    // A map's entries are a struct whose field names are the producer's habit.
    if (type.id == TypeId::kMap && child.n_children == 2) {
      encoder.Begin(Tag::kList, 2);
      LG_RETURN_IF_ERROR(EncodeLogicalType(*child.children[0], encoder));
      LG_RETURN_IF_ERROR(EncodeLogicalType(*child.children[1], encoder));
    } else {
      LG_RETURN_IF_ERROR(EncodeLogicalType(child, encoder));
    }
  }
  return {};
}

Status CheckStruct(const ArrowSchema& schema) {
  LG_RETURN_IF_ERROR(columnar::CheckSchema(schema));
  if (TextOf(schema.format) != "+s") {
    return Error(ErrorKind::kCorruptData,
                 "The schema of a stream must be a struct; its format is '" +
                     std::string(TextOf(schema.format)) + "'.");
  }
  return {};
}

}  // namespace

Status EncodeSchema(const ArrowSchema& schema, CanonicalEncoder& encoder) {
  LG_RETURN_IF_ERROR(CheckStruct(schema));
  encoder.Text(kExactIdentity);
  EncodeMetadata(schema, encoder);
  EncodeFields(schema, encoder);
  return {};
}

Status EncodeLogicalSchema(const ArrowSchema& schema, CanonicalEncoder& encoder) {
  LG_RETURN_IF_ERROR(CheckStruct(schema));
  encoder.Text(kLogicalIdentity);
  return EncodeLogicalType(schema, encoder);
}

Result<Digest> SchemaIdentity(const ArrowSchema& schema) {
  CanonicalEncoder encoder;
  LG_RETURN_IF_ERROR(EncodeSchema(schema, encoder));
  return Blake3Of(encoder.bytes());
}

Result<Digest> LogicalIdentity(const ArrowSchema& schema) {
  CanonicalEncoder encoder;
  LG_RETURN_IF_ERROR(EncodeLogicalSchema(schema, encoder));
  return Blake3Of(encoder.bytes());
}

}  // namespace lakegate::hashing
