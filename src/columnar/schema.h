// Arrow schemas as values: build, copy, inspect, compare.
//
// A schema is borrowed as `const ArrowSchema&` and owned as `OwnedSchema`. Formats are the
// strings of the C data interface ("l", "u", "tsu:UTC", "+s", ...). All functions are pure.
#ifndef LAKEGATE_COLUMNAR_SCHEMA_H_
#define LAKEGATE_COLUMNAR_SCHEMA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::columnar {

// Key-value metadata in its order; keys may repeat, the first one counts.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// A field to be made. `children` are the fields of a nested format; `dictionary` is empty or
// holds the value field of a dictionary column (then `format` is the index type).
struct FieldSpec {
  std::string name = {};
  std::string format = {};
  bool nullable = true;
  Metadata metadata = {};
  std::vector<FieldSpec> children = {};
  std::vector<FieldSpec> dictionary = {};
};

// One field, and the struct schema of a batch.
OwnedSchema MakeField(const FieldSpec& spec);
OwnedSchema MakeSchema(const std::vector<FieldSpec>& fields, const Metadata& metadata = {});

// A struct schema over fields that exist already; takes them over.
OwnedSchema SchemaOf(std::vector<OwnedSchema> fields, const Metadata& metadata = {});

// A field of format "+l" named `name` whose items are `item`; takes it over.
OwnedSchema ListField(std::string_view name, OwnedSchema item, bool nullable,
                      const Metadata& metadata = {});

// Changes on an owned schema; children and dictionary stay as they are.
void SetName(std::string_view name, OwnedSchema* schema);
void SetNullable(bool nullable, OwnedSchema* schema);
void SetMetadata(const Metadata& metadata, OwnedSchema* schema);

// The name, "" where the producer gave none.
std::string_view NameOf(const ArrowSchema& schema);
bool IsNullable(const ArrowSchema& schema);
std::vector<std::string> ColumnNames(const ArrowSchema& schema);

// The position of a column. kNotFound lists the columns there are (the nearest first);
// kSchemaMismatch when two columns have the name. `role` says what the column is for in the
// message: "key", "left_span.start"; it may be empty.
Result<std::int64_t> FindColumn(const ArrowSchema& schema, std::string_view name,
                                std::string_view role = {});

// Metadata in the wire form of the C interface and back. Encoding nothing gives "".
std::string EncodeMetadata(const Metadata& metadata);
Metadata DecodeMetadata(const char* encoded);
Metadata MetadataOf(const ArrowSchema& schema);
std::optional<std::string> MetadataValue(const ArrowSchema& schema, std::string_view key);
// `metadata` with `key` set to `value`, in place where it was, or appended.
void SetMetadataValue(std::string_view key, std::string_view value, Metadata* metadata);

// A type for people: "int64", "utf8", "timestamp[us, UTC]", "list<int32>",
// "dictionary<int8, utf8>", "struct<a: int64, b: utf8>". An unknown format is quoted.
std::string TypeName(const ArrowSchema& schema);
std::string TypeName(std::string_view format);

// Same type all the way down: formats, names and nullability of nested fields,
// dictionaries. Not the field's own name, nullability or metadata.
bool SameType(const ArrowSchema& a, const ArrowSchema& b);
// Same type, and names, nullability and metadata everywhere (metadata sorted by key).
bool SameSchema(const ArrowSchema& a, const ArrowSchema& b);

// What a schema must be before anything reads it: formats and names present, as many
// children as the format asks for, a depth of at most 64. kCorruptData; kUnsupported for a
// format that is not in the specification.
Status CheckSchema(const ArrowSchema& schema);

}  // namespace lakegate::columnar

#endif  // LAKEGATE_COLUMNAR_SCHEMA_H_
