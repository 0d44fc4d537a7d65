// What makes two schemas the same.
//
// `SchemaIdentity` is exact: names, types with all their parameters, nesting, nullability,
// dictionary order, and metadata sorted by key. `LogicalIdentity` is what survives a change
// of representation: names and value types, with dictionaries, views, large offsets and
// run-end encoding taken off, without nullability and metadata; streams that hold equal rows
// under equal logical identities have equal digests.
//
// Both take the struct schema of a stream; its own name and nullability do not count. Lists
// and maps: the names of their inner fields count in the exact identity alone.
//
// Errors: kUnsupported for a format the specification does not know, kCorruptData for a
// schema that is not well formed. Threads: pure functions.
#ifndef LAKEGATE_HASHING_SCHEMA_IDENTITY_H_
#define LAKEGATE_HASHING_SCHEMA_IDENTITY_H_

#include "hashing/canonical.h"
#include "hashing/digest.h"
#include "lakegate/arrow_c.h"
#include "lakegate/result.h"

namespace lakegate::hashing {

Result<Digest> SchemaIdentity(const ArrowSchema& schema);
Result<Digest> LogicalIdentity(const ArrowSchema& schema);

// Appends instead of digesting, for identities made of several parts.
Status EncodeSchema(const ArrowSchema& schema, CanonicalEncoder& encoder);
Status EncodeLogicalSchema(const ArrowSchema& schema, CanonicalEncoder& encoder);

}  // namespace lakegate::hashing

#endif  // LAKEGATE_HASHING_SCHEMA_IDENTITY_H_
