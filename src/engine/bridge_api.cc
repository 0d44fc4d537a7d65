#include "engine/bridge_api.h"

#include <fmt/core.h>

#include <cstddef>

namespace lakegate::engine {

// The layout both sides agree on; the bridge asserts the same numbers.
static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8);
static_assert(sizeof(lg_str) == 16);
static_assert(offsetof(lg_str, data) == 0 && offsetof(lg_str, size) == 8);
static_assert(sizeof(lg_error_view) == 72);
static_assert(offsetof(lg_error_view, kind) == 0);
static_assert(offsetof(lg_error_view, message) == 8);
static_assert(offsetof(lg_error_view, subject) == 24);
static_assert(offsetof(lg_error_view, line) == 40);
static_assert(offsetof(lg_error_view, column) == 48);
static_assert(offsetof(lg_error_view, read_version) == 56);
static_assert(offsetof(lg_error_view, found_version) == 64);
static_assert(sizeof(lg_cancel_source) == 24);
static_assert(offsetof(lg_cancel_source, data) == 0);
static_assert(offsetof(lg_cancel_source, cancelled) == 8);
static_assert(offsetof(lg_cancel_source, release) == 16);
static_assert(sizeof(lg_stream_source) == 24);
static_assert(sizeof(lg_row_operator) == 24);
static_assert(sizeof(lg_range_conditions) == 16 && sizeof(lg_range_index) == 56);
static_assert(offsetof(lg_stream_source, data) == 0);
static_assert(offsetof(lg_stream_source, open) == 8);
static_assert(offsetof(lg_stream_source, release) == 16);
static_assert(sizeof(lg_table_function) == 24);
static_assert(offsetof(lg_table_function, data) == 0);
static_assert(offsetof(lg_table_function, bind) == 8);
static_assert(offsetof(lg_table_function, release) == 16);
static_assert(sizeof(ArrowSchema) == 72);
static_assert(sizeof(ArrowArray) == 80);
static_assert(sizeof(ArrowArrayStream) == 40);
static_assert(offsetof(ArrowArrayStream, private_data) == 32);

#define LG_SAME_NUMBER(macro, kind) static_assert((macro) == static_cast<int>(ErrorKind::kind))
LG_SAME_NUMBER(LG_ERR_INVALID_ARGUMENT, kInvalidArgument);
LG_SAME_NUMBER(LG_ERR_INVALID_SQL, kInvalidSql);
LG_SAME_NUMBER(LG_ERR_SQL_POLICY_VIOLATION, kSqlPolicyViolation);
LG_SAME_NUMBER(LG_ERR_NOT_FOUND, kNotFound);
LG_SAME_NUMBER(LG_ERR_ALREADY_EXISTS, kAlreadyExists);
LG_SAME_NUMBER(LG_ERR_SCHEMA_MISMATCH, kSchemaMismatch);
LG_SAME_NUMBER(LG_ERR_CONSTRAINT_VIOLATION, kConstraintViolation);
LG_SAME_NUMBER(LG_ERR_UNSUPPORTED, kUnsupported);
LG_SAME_NUMBER(LG_ERR_COMMIT_CONFLICT, kCommitConflict);
LG_SAME_NUMBER(LG_ERR_UNAVAILABLE, kUnavailable);
LG_SAME_NUMBER(LG_ERR_TIMEOUT, kTimeout);
LG_SAME_NUMBER(LG_ERR_COMMIT_UNKNOWN, kCommitUnknown);
LG_SAME_NUMBER(LG_ERR_RESOURCE_LIMIT, kResourceLimit);
LG_SAME_NUMBER(LG_ERR_CANCELLED, kCancelled);
LG_SAME_NUMBER(LG_ERR_CORRUPT_DATA, kCorruptData);
LG_SAME_NUMBER(LG_ERR_IO, kIo);
LG_SAME_NUMBER(LG_ERR_PLUGIN, kPlugin);
LG_SAME_NUMBER(LG_ERR_VERSION_MISMATCH, kVersionMismatch);
LG_SAME_NUMBER(LG_ERR_INTERNAL, kInternal);
#undef LG_SAME_NUMBER

Result<const BridgeApi*> CheckBridge(const BridgeApi& table) {
  const std::uint32_t found = table.lg_abi_version();
  if (found != LG_ABI_VERSION) {
    return Error(ErrorKind::kVersionMismatch,
                 fmt::format("The bridge was built for another ABI: it has version {}, this "
                             "library needs {}; rebuild both from one checkout.",
                             found, LG_ABI_VERSION));
  }
  return &table;
}

const std::vector<std::string_view>& EntryPointNames() {
  static const std::vector<std::string_view> kNames = {
#define LG_NAME_ENTRY_POINT(name) #name,
      LG_ENTRY_POINTS(LG_NAME_ENTRY_POINT)
#undef LG_NAME_ENTRY_POINT
  };
  return kNames;
}

}  // namespace lakegate::engine
