#include "columnar/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "base/try.h"
#include "columnar/type.h"

namespace lakegate::columnar {
namespace {

constexpr int kMaxDepth = 64;

// What `private_data` of every schema made here points at.
struct SchemaOwner {
  std::string format;
  std::string name;
  std::string metadata;
  std::vector<std::unique_ptr<ArrowSchema>> children;
  std::vector<ArrowSchema*> pointers;
  std::unique_ptr<ArrowSchema> dictionary;
};

void ReleaseSchema(ArrowSchema* schema) {
  const std::unique_ptr<SchemaOwner> owner(static_cast<SchemaOwner*>(schema->private_data));
  for (const auto& child : owner->children) {
    if (child->release != nullptr) child->release(child.get());
  }
  if (owner->dictionary != nullptr && owner->dictionary->release != nullptr) {
    owner->dictionary->release(owner->dictionary.get());
  }
  schema->release = nullptr;
}

struct SchemaParts {
  std::string format;
  std::string name;
  std::string metadata;
  std::int64_t flags = 0;
  std::vector<OwnedSchema> children;
  OwnedSchema dictionary;
};

OwnedSchema Assemble(SchemaParts parts) {
  auto owner = std::make_unique<SchemaOwner>();
  owner->format = std::move(parts.format);
  owner->name = std::move(parts.name);
  owner->metadata = std::move(parts.metadata);
  for (auto& child : parts.children) {
    owner->children.push_back(std::make_unique<ArrowSchema>());
    child.Release(owner->children.back().get());
    owner->pointers.push_back(owner->children.back().get());
  }
  if (!parts.dictionary.empty()) {
    owner->dictionary = std::make_unique<ArrowSchema>();
    parts.dictionary.Release(owner->dictionary.get());
  }
  ArrowSchema schema{};
  schema.format = owner->format.c_str();
  schema.name = owner->name.c_str();
  schema.metadata = owner->metadata.empty() ? nullptr : owner->metadata.data();
  schema.flags = parts.flags;
  schema.n_children = static_cast<std::int64_t>(owner->pointers.size());
  schema.children = owner->pointers.empty() ? nullptr : owner->pointers.data();
  schema.dictionary = owner->dictionary.get();
  schema.release = ReleaseSchema;
  schema.private_data = owner.release();
  return OwnedSchema(&schema);
}

// The owner of a schema made here; a foreign schema is replaced by a copy first.
SchemaOwner* OwnerOf(OwnedSchema* schema) {
  if ((*schema)->release != ReleaseSchema) *schema = CopySchema(**schema);
  return static_cast<SchemaOwner*>((*schema)->private_data);
}

std::int32_t ReadInt32(const char* bytes) {
  std::int32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void AppendCounted(std::string_view text, std::string* out) {
  const auto size = static_cast<std::int32_t>(text.size());
  out->append(reinterpret_cast<const char*>(&size), sizeof size);
  out->append(text);
}

std::string_view UnitName(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond:
      return "s";
    case TimeUnit::kMillisecond:
      return "ms";
    case TimeUnit::kMicrosecond:
      return "us";
    case TimeUnit::kNanosecond:
      return "ns";
  }
  return "?";
}

std::string_view PlainName(TypeId id) {
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
      return "decimal32";
    case TypeId::kDecimal64:
      return "decimal64";
    case TypeId::kDecimal128:
      return "decimal128";
    case TypeId::kDecimal256:
      return "decimal256";
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
      return "interval[months]";
    case TypeId::kIntervalDayTime:
      return "interval[day, time]";
    case TypeId::kIntervalMonthDayNano:
      return "interval[month, day, nano]";
    case TypeId::kUtf8:
      return "utf8";
    case TypeId::kLargeUtf8:
      return "large_utf8";
    case TypeId::kUtf8View:
      return "utf8_view";
    case TypeId::kBinary:
      return "binary";
    case TypeId::kLargeBinary:
      return "large_binary";
    case TypeId::kBinaryView:
      return "binary_view";
    case TypeId::kFixedSizeBinary:
      return "fixed_size_binary";
    case TypeId::kList:
      return "list";
    case TypeId::kLargeList:
      return "large_list";
    case TypeId::kListView:
      return "list_view";
    case TypeId::kLargeListView:
      return "large_list_view";
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
  return "?";
}

std::string NestedName(const ArrowSchema& schema, const DataType& type) {
  std::string inner;
  const bool named = type.id == TypeId::kStruct || type.id == TypeId::kDenseUnion ||
                     type.id == TypeId::kSparseUnion;
  const ArrowSchema* parent = &schema;
  if (type.id == TypeId::kMap && schema.n_children == 1) parent = schema.children[0];
  for (std::int64_t i = 0; i < parent->n_children; ++i) {
    if (i > 0) inner += ", ";
    const ArrowSchema& child = *parent->children[i];
    if (named) inner += fmt::format("{}: ", NameOf(child));
    inner += TypeName(child);
  }
  if (type.id == TypeId::kFixedSizeList) inner += fmt::format(", {}", type.list_size);
  return fmt::format("{}<{}>", PlainName(type.id), inner);
}

std::vector<std::pair<std::string, std::string>> Sorted(Metadata metadata) {
  std::stable_sort(metadata.begin(), metadata.end());
  return metadata;
}

bool Same(const ArrowSchema& a, const ArrowSchema& b, bool fields, bool top) {
  if (std::string_view(a.format) != b.format) return false;
  if (a.n_children != b.n_children) return false;
  if ((a.dictionary == nullptr) != (b.dictionary == nullptr)) return false;
  if (fields || !top) {
    if (NameOf(a) != NameOf(b) || IsNullable(a) != IsNullable(b)) return false;
  }
  if (fields && Sorted(MetadataOf(a)) != Sorted(MetadataOf(b))) return false;
  for (std::int64_t i = 0; i < a.n_children; ++i) {
    if (!Same(*a.children[i], *b.children[i], fields, false)) return false;
  }
  return a.dictionary == nullptr || Same(*a.dictionary, *b.dictionary, fields, true);
}

// How many children the format asks for; -1: any number.
std::int64_t ChildrenOf(const DataType& type) {
  switch (type.layout) {
    case Layout::kList32:
    case Layout::kList64:
    case Layout::kListView32:
    case Layout::kListView64:
    case Layout::kFixedSizeList:
      return 1;
    case Layout::kRunEndEncoded:
      return 2;
    case Layout::kStruct:
    case Layout::kDenseUnion:
    case Layout::kSparseUnion:
      return -1;
    default:
      return 0;
  }
}

Error Malformed(const ArrowSchema& schema, std::string_view what) {
  return Error(ErrorKind::kCorruptData,
               fmt::format("The Arrow schema is malformed: {} (field '{}').", what,
                           schema.name == nullptr ? "" : schema.name));
}

Status CheckAt(const ArrowSchema& schema, int depth) {
  if (depth > kMaxDepth) return Malformed(schema, "it is nested more than 64 deep");
  if (schema.release == nullptr) return Malformed(schema, "it is released already");
  if (schema.format == nullptr) return Malformed(schema, "it has no format");
  LG_ASSIGN_OR_RETURN(const DataType type, ParseFormat(schema.format));
  if (schema.n_children < 0) return Malformed(schema, "its child count is negative");
  const std::int64_t expected = ChildrenOf(type);
  if (expected >= 0 && schema.n_children != expected) {
    return Malformed(schema, fmt::format("'{}' needs {} children and has {}", schema.format,
                                         expected, schema.n_children));
  }
  if (schema.n_children > 0 && schema.children == nullptr) {
    return Malformed(schema, "its children are missing");
  }
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (schema.children[i] == nullptr) return Malformed(schema, "a child is missing");
    LG_RETURN_IF_ERROR(CheckAt(*schema.children[i], depth + 1));
  }
  if (type.id == TypeId::kMap) {
    const ArrowSchema& entries = *schema.children[0];
    if (std::string_view(entries.format) != "+s" || entries.n_children != 2) {
      return Malformed(schema, "a map's entries are no struct of two");
    }
  }
  if (schema.dictionary == nullptr) return {};
  if (!IsInteger(type.id)) return Malformed(schema, "a dictionary's index is no integer");
  return CheckAt(*schema.dictionary, depth + 1);
}

}  // namespace

OwnedSchema MakeField(const FieldSpec& spec) {
  SchemaParts parts;
  parts.format = spec.format;
  parts.name = spec.name;
  parts.metadata = EncodeMetadata(spec.metadata);
  parts.flags = spec.nullable ? ARROW_FLAG_NULLABLE : 0;
  for (const auto& child : spec.children) parts.children.push_back(MakeField(child));
  if (!spec.dictionary.empty()) parts.dictionary = MakeField(spec.dictionary.front());
  return Assemble(std::move(parts));
}

OwnedSchema MakeSchema(const std::vector<FieldSpec>& fields, const Metadata& metadata) {
  std::vector<OwnedSchema> made;
  made.reserve(fields.size());
  for (const auto& field : fields) made.push_back(MakeField(field));
  return SchemaOf(std::move(made), metadata);
}

OwnedSchema SchemaOf(std::vector<OwnedSchema> fields, const Metadata& metadata) {
  SchemaParts parts;
  parts.format = "+s";
  parts.metadata = EncodeMetadata(metadata);
  parts.children = std::move(fields);
  return Assemble(std::move(parts));
}

OwnedSchema ListField(std::string_view name, OwnedSchema item, bool nullable,
                      const Metadata& metadata) {
  SchemaParts parts;
  parts.format = "+l";
  parts.name = name;
  parts.metadata = EncodeMetadata(metadata);
  parts.flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  parts.children.push_back(std::move(item));
  return Assemble(std::move(parts));
}

void SetName(std::string_view name, OwnedSchema* schema) {
  SchemaOwner* owner = OwnerOf(schema);
  owner->name = name;
  schema->get()->name = owner->name.c_str();
}

void SetNullable(bool nullable, OwnedSchema* schema) {
  OwnerOf(schema);
  ArrowSchema* raw = schema->get();
  if (nullable) {
    raw->flags |= ARROW_FLAG_NULLABLE;
  } else {
    raw->flags &= ~std::int64_t{ARROW_FLAG_NULLABLE};
  }
}

void SetMetadata(const Metadata& metadata, OwnedSchema* schema) {
  SchemaOwner* owner = OwnerOf(schema);
  owner->metadata = EncodeMetadata(metadata);
  schema->get()->metadata = owner->metadata.empty() ? nullptr : owner->metadata.data();
}

std::string_view NameOf(const ArrowSchema& schema) {
  return schema.name == nullptr ? std::string_view() : std::string_view(schema.name);
}

bool IsNullable(const ArrowSchema& schema) { return (schema.flags & ARROW_FLAG_NULLABLE) != 0; }

std::vector<std::string> ColumnNames(const ArrowSchema& schema) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(schema.n_children));
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    names.emplace_back(NameOf(*schema.children[i]));
  }
  return names;
}

Result<std::int64_t> FindColumn(const ArrowSchema& schema, std::string_view name,
                                std::string_view role) {
  std::int64_t found = -1;
  const std::string place = role.empty() ? std::string() : fmt::format(" (for {})", role);
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (NameOf(*schema.children[i]) != name) continue;
    if (found >= 0) {
      return Error(ErrorKind::kSchemaMismatch,
                   fmt::format("Two columns have the name that is asked for: '{}'{}; rename one.",
                               name, place));
    }
    found = i;
  }
  if (found >= 0) return found;
  const auto names = ColumnNames(schema);
  return Error(ErrorKind::kNotFound,
               fmt::format("There is no column '{}'{}; the columns are: {}.{}", name, place,
                           base::ListNames(names), base::DidYouMean(name, names)));
}

std::string EncodeMetadata(const Metadata& metadata) {
  if (metadata.empty()) return {};
  std::string encoded;
  const auto count = static_cast<std::int32_t>(metadata.size());
  encoded.append(reinterpret_cast<const char*>(&count), sizeof count);
  for (const auto& [key, value] : metadata) {
    AppendCounted(key, &encoded);
    AppendCounted(value, &encoded);
  }
  return encoded;
}

Metadata DecodeMetadata(const char* encoded) {
  Metadata metadata;
  if (encoded == nullptr) return metadata;
  const std::int32_t count = ReadInt32(encoded);
  const char* at = encoded + sizeof(std::int32_t);
  const auto read = [&at] {
    const std::int32_t size = ReadInt32(at);
    at += sizeof(std::int32_t);
    std::string text(at, size > 0 ? static_cast<std::size_t>(size) : 0);
    at += text.size();
    return text;
  };
  for (std::int32_t i = 0; i < count; ++i) {
    std::string key = read();
    std::string value = read();
    metadata.emplace_back(std::move(key), std::move(value));
  }
  return metadata;
}

Metadata MetadataOf(const ArrowSchema& schema) { return DecodeMetadata(schema.metadata); }

std::optional<std::string> MetadataValue(const ArrowSchema& schema, std::string_view key) {
  for (auto& [name, value] : MetadataOf(schema)) {
    if (name == key) return value;
  }
  return std::nullopt;
}

void SetMetadataValue(std::string_view key, std::string_view value, Metadata* metadata) {
  for (auto& [name, old] : *metadata) {
    if (name == key) {
      old = value;
      return;
    }
  }
  metadata->emplace_back(key, value);
}

std::string TypeName(const ArrowSchema& schema) {
  const auto type = ParseFormat(schema.format == nullptr ? "" : schema.format);
  if (!type) return fmt::format("'{}'", schema.format == nullptr ? "" : schema.format);
  if (schema.dictionary != nullptr) {
    return fmt::format("dictionary<{}, {}>", PlainName(type->id), TypeName(*schema.dictionary));
  }
  if (IsNested(type->id)) return NestedName(schema, *type);
  return TypeName(std::string_view(schema.format));
}

std::string TypeName(std::string_view format) {
  const auto type = ParseFormat(format);
  if (!type) return fmt::format("'{}'", format);
  const std::string_view name = PlainName(type->id);
  switch (type->id) {
    case TypeId::kDecimal32:
    case TypeId::kDecimal64:
    case TypeId::kDecimal128:
    case TypeId::kDecimal256:
      return fmt::format("{}({}, {})", name, type->precision, type->scale);
    case TypeId::kTime32:
    case TypeId::kTime64:
    case TypeId::kDuration:
      return fmt::format("{}[{}]", name, UnitName(type->unit));
    case TypeId::kTimestamp:
      return type->zoned ? fmt::format("{}[{}, {}]", name, UnitName(type->unit), format.substr(4))
                         : fmt::format("{}[{}]", name, UnitName(type->unit));
    case TypeId::kFixedSizeBinary:
      return fmt::format("{}[{}]", name, type->byte_width);
    default:
      return std::string(name);
  }
}

bool SameType(const ArrowSchema& a, const ArrowSchema& b) { return Same(a, b, false, true); }

bool SameSchema(const ArrowSchema& a, const ArrowSchema& b) { return Same(a, b, true, true); }

Status CheckSchema(const ArrowSchema& schema) { return CheckAt(schema, 0); }

}  // namespace lakegate::columnar

namespace lakegate {

OwnedSchema CopySchema(const ArrowSchema& schema) {
  columnar::SchemaParts parts;
  parts.format = schema.format;
  parts.name = columnar::NameOf(schema);
  parts.metadata = columnar::EncodeMetadata(columnar::MetadataOf(schema));
  parts.flags = schema.flags;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    parts.children.push_back(CopySchema(*schema.children[i]));
  }
  if (schema.dictionary != nullptr) parts.dictionary = CopySchema(*schema.dictionary);
  return columnar::Assemble(std::move(parts));
}

}  // namespace lakegate
