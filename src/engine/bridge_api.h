// The entry points of the bridge that this room calls: one table, checked before its first use.
//
// The table is the contract: a test compares its names with the declarations of the ABI header
// and with the symbols the bridge exports, and equality is demanded. Every call of the room
// goes through a `BridgeApi`, so a test can put its own functions in.
//
// Internal to this room: no other room includes this file, and no lg_ type leaves the room.
#ifndef LAKEGATE_ENGINE_BRIDGE_API_H_
#define LAKEGATE_ENGINE_BRIDGE_API_H_

#include <string_view>
#include <vector>

#include "lakegate/result.h"
#include "lakegate_bridge.h"

#define LG_ENTRY_POINTS(X)         \
  X(lg_abi_version)                \
  X(lg_versions)                   \
  X(lg_error_get)                  \
  X(lg_error_free)                 \
  X(lg_text_get)                   \
  X(lg_text_free)                  \
  X(lg_engine_open)                \
  X(lg_engine_free)                \
  X(lg_engine_overlay)             \
  X(lg_engine_overlay_files)       \
  X(lg_sql_split)                  \
  X(lg_sql_facts)                  \
  X(lg_sql_change)                 \
  X(lg_table_open)                 \
  X(lg_table_schema)               \
  X(lg_table_info)                 \
  X(lg_table_free)                 \
  X(lg_session_open)               \
  X(lg_session_free)               \
  X(lg_session_add_table)          \
  X(lg_session_add_view)           \
  X(lg_session_add_stream)         \
  X(lg_session_add_table_function) \
  X(lg_session_plan)               \
  X(lg_session_use_range_index)    \
  X(lg_session_use_operator)       \
  X(lg_plan_facts)                 \
  X(lg_plan_estimate)              \
  X(lg_plan_schema)                \
  X(lg_plan_execute)               \
  X(lg_plan_free)                  \
  X(lg_stream_error)               \
  X(lg_predicate_open)             \
  X(lg_predicate_evaluate)         \
  X(lg_predicate_free)             \
  X(lg_file_writer_open)           \
  X(lg_file_writer_write)          \
  X(lg_file_writer_finish)         \
  X(lg_file_writer_free)           \
  X(lg_pipe_read)                  \
  X(lg_delta_open)                 \
  X(lg_delta_info)                 \
  X(lg_delta_schema)               \
  X(lg_delta_files)                \
  X(lg_delta_tombstones)           \
  X(lg_delta_app_version)          \
  X(lg_delta_free)                 \
  X(lg_delta_table_actions)        \
  X(lg_delta_writer_open)          \
  X(lg_delta_writer_write)         \
  X(lg_delta_writer_finish)        \
  X(lg_delta_writer_free)          \
  X(lg_delta_describe)             \
  X(lg_delta_marks_open)           \
  X(lg_delta_marks_add)            \
  X(lg_delta_marks_finish)         \
  X(lg_delta_marks_free)           \
  X(lg_delta_discard)              \
  X(lg_delta_commit)               \
  X(lg_delta_read_commit)          \
  X(lg_delta_compact)              \
  X(lg_delta_checkpoint)           \
  X(lg_debug_panic)                \
  X(lg_debug_panic_stream)

namespace lakegate::engine {

struct BridgeApi {
#define LG_DECLARE_ENTRY_POINT(name) decltype(&::name) name;
  LG_ENTRY_POINTS(LG_DECLARE_ENTRY_POINT)
#undef LG_DECLARE_ENTRY_POINT
};

// The functions this program was linked with, unchecked.
const BridgeApi& LinkedBridge();

// `table` itself once its ABI version is the header's; nothing else of it is called before.
// kVersionMismatch names both versions.
Result<const BridgeApi*> CheckBridge(const BridgeApi& table);

// The checked table every object of this room is made from.
Result<const BridgeApi*> LoadBridge();

// The names of the table, in its order.
const std::vector<std::string_view>& EntryPointNames();

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_BRIDGE_API_H_
