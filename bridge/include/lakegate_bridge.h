/* The C ABI between Lakegate's engine room (C++) and the bridge crate (Rust).
 *
 * The bridge translates, it never decides: limits, policies, formats and actions come from
 * the caller; this header only names what DataFusion and delta-rs are asked to do.
 *
 * Rules that hold for every export
 * - `int32_t f(..., T** out, lg_error** err)`: 0 is success, anything else is the LG_ERR_ kind
 *   that `*err` also carries. Outputs are written on success only; `*err` on failure only, and
 *   then it is the caller's (lg_error_free). `err` may be null.
 * - A handle that is null is LG_ERR_INVALID_ARGUMENT, never undefined behaviour.
 * - Inputs passed as `struct Arrow...*` or callback tables by value are consumed, also on
 *   failure. Everything else is borrowed for the call.
 * - Text is UTF-8 with a length, checked on entry, never terminated. Options, facts and
 *   actions are JSON text; an unknown option is LG_ERR_INVALID_ARGUMENT naming it.
 * - No panic leaves an export or a stream callback: it becomes LG_ERR_INTERNAL.
 * - Handles may be used from any thread; a writer or stream from one at a time. Calls block.
 *   Callbacks arrive on threads of the bridge, and may call back into it.
 * - Freeing null is a no-op. Everything that a handle depends on stays alive with it.
 */
#ifndef LAKEGATE_BRIDGE_H_
#define LAKEGATE_BRIDGE_H_

#include <stddef.h>
#include <stdint.h>

#include "lakegate/arrow_c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raised with every change of a signature, a struct or the meaning of an option. */
#define LG_ABI_VERSION 5u

/* The same numbers as lakegate::ErrorKind. */
#define LG_ERR_INVALID_ARGUMENT 1
#define LG_ERR_INVALID_SQL 2
#define LG_ERR_SQL_POLICY_VIOLATION 3
#define LG_ERR_NOT_FOUND 4
#define LG_ERR_ALREADY_EXISTS 5
#define LG_ERR_SCHEMA_MISMATCH 6
#define LG_ERR_CONSTRAINT_VIOLATION 7
#define LG_ERR_UNSUPPORTED 8
#define LG_ERR_COMMIT_CONFLICT 20
#define LG_ERR_UNAVAILABLE 21
#define LG_ERR_TIMEOUT 22
#define LG_ERR_COMMIT_UNKNOWN 30
#define LG_ERR_RESOURCE_LIMIT 40
#define LG_ERR_CANCELLED 50
#define LG_ERR_CORRUPT_DATA 60
#define LG_ERR_IO 61
#define LG_ERR_PLUGIN 70
#define LG_ERR_VERSION_MISMATCH 71
#define LG_ERR_INTERNAL 90

typedef struct lg_error lg_error;
typedef struct lg_text lg_text;
typedef struct lg_engine lg_engine;
typedef struct lg_session lg_session;
typedef struct lg_table lg_table;
typedef struct lg_plan lg_plan;
typedef struct lg_predicate lg_predicate;
typedef struct lg_file_writer lg_file_writer;
typedef struct lg_delta lg_delta;
typedef struct lg_delta_writer lg_delta_writer;
typedef struct lg_delta_marks lg_delta_marks;

/* Borrowed text. `data` may be null when `size` is 0. */
typedef struct lg_str {
  const uint8_t* data;
  size_t size;
} lg_str;

/* What an error says; texts live as long as the error. Numbers that do not apply are 0
 * (line, column) or -1 (versions). `subject` is what the kind is about: the limit that was
 * passed (a key of the limits below), the conflict reason, the file. */
typedef struct lg_error_view {
  int32_t kind;
  int32_t reserved;
  lg_str message;
  lg_str subject;
  int64_t line;
  int64_t column;
  int64_t read_version;
  int64_t found_version;
} lg_error_view;

/* Polled about every 20 ms while a call or stream works, and at every batch: non-zero stops
 * it with LG_ERR_CANCELLED. `cancelled` may be null: never cancelled. */
typedef struct lg_cancel_source {
  void* data;
  int32_t (*cancelled)(void* data);
  void (*release)(void* data);
} lg_cancel_source;

/* A table whose rows the host produces. `open` is called once for each scan (a self join
 * scans twice), possibly at the same time on several threads; it fills `out` and returns 0,
 * or an errno. The host keeps the typed error of a failed stream itself. */
typedef struct lg_stream_source {
  void* data;
  int32_t (*open)(void* data, struct ArrowArrayStream* out);
  void (*release)(void* data);
} lg_stream_source;

/* A table function of the host. `bind` is called while a statement is planned, once for each
 * call of the function in it, with {"positional": [...], "named": {...}}: literals as JSON,
 * lists of texts as arrays. It fills `schema` and `source` and returns 0, or it fills neither
 * and returns an LG_ERR_ kind; the host keeps its typed error itself. */
typedef struct lg_table_function {
  void* data;
  int32_t (*bind)(void* data, lg_str arguments, struct ArrowSchema* schema,
                  lg_stream_source* source);
  void (*release)(void* data);
} lg_table_function;

/* Pairs of rows with equal keys, build.below < probe.below and build.above > probe.above (or <= and
 * >=): how the bridge runs joins of that shape. Tables have the keys first, then below and above,
 * as int64. All but the frees and `release` return 0 or an LG_ERR_ kind, and the host keeps its
 * typed error; schemas and arrays are taken over. They come on threads of the bridge: `probe` on
 * several at once, `next` for one cursor on one at a time. */
typedef struct lg_range_conditions {
  uint64_t keys;
  int32_t below_or_equal;
  int32_t above_or_equal;
} lg_range_conditions;

typedef struct lg_range_index {
  void* data;
  /* `bytes`: of memory that the index takes. */
  int32_t (*build)(void* data, const lg_range_conditions* conditions, struct ArrowSchema* schema,
                   struct ArrowArray* build, void** index, int64_t* bytes);
  /* each_once: a probe row is in one pair at most, whichever. */
  int32_t (*probe)(const void* index, struct ArrowSchema* schema, struct ArrowArray* batch,
                   int32_t each_once, void** cursor);
  /* Writes up to `most` pairs, by probe row; fewer at the end alone. */
  int32_t (*next)(void* cursor, uint64_t most, uint32_t* probe_rows, uint32_t* build_rows,
                  uint64_t* count);
  void (*free_index)(void* index);
  void (*free_cursor)(void* cursor);
  void (*release)(void* data);
} lg_range_index;

/* An operator on rows: takes `input` over, fills `out` with a stream of the same schema, and
 * returns 0; or an LG_ERR_ kind, and the host keeps its typed error. `out` is read on the thread
 * that called, and reads `input` there. specification: {"operator": "top_rows", "keys": ["column"],
 * "order":
 * [{"column", "descending", "nulls_first"}]}: of the rows with equal keys the first one. */
typedef struct lg_row_operator {
  void* data;
  int32_t (*run)(void* data, lg_str specification, struct ArrowArrayStream* input,
                 struct ArrowArrayStream* out);
  void (*release)(void* data);
} lg_row_operator;

/* ---- version, errors, text ---- */
uint32_t lg_abi_version(void);
/* {"bridge","datafusion","deltalake","arrow","parquet","object_store"} */
int32_t lg_versions(lg_text** out, lg_error** err);
void lg_error_get(const lg_error* error, lg_error_view* out);
void lg_error_free(lg_error* error);
lg_str lg_text_get(const lg_text* text);
void lg_text_free(lg_text* text);

/* ---- engine: one runtime, one memory pool, one spill area ----
 * {"worker_threads", "worker_stack_bytes", "plan_stack_bytes", "memory_limit_bytes",
 *  "spill_directory" ("" = spill off), "spill_limit_bytes", "function_limit_bytes" (that one call
 *  of a function may make; 0 = no limit), "durable" (fsync of Delta data, log entries and
 *  directories), "keep_file_metadata"} */
int32_t lg_engine_open(lg_str options, lg_engine** out, lg_error** err);
void lg_engine_free(lg_engine* engine);
/* The same engine, with commits of one table that it alone sees: for it the log of the table ends
 * at `base_version` (negative: there is no table), and what is committed after that stays in
 * memory. Data files are real. Checkpoints and removed log entries are LG_ERR_UNSUPPORTED. */
int32_t lg_engine_overlay(const lg_engine* engine, lg_str path, int64_t base_version,
                          lg_engine** out, lg_error** err);
/* The data files that were made through it so far, a JSON array of paths as the log spells them. */
int32_t lg_engine_overlay_files(const lg_engine* engine, lg_str path, lg_text** out,
                                lg_error** err);

/* ---- SQL text: no engine, no session, nothing is opened ----
 * limits: {"max_bytes", "max_tokens", "max_nesting", "max_prefix_run", "max_ast_depth",
 * "max_ast_nodes", "max_chain", "max_joins", "max_in_list", "max_subquery_depth",
 * "max_with_depth"}; all present. The tokeniser (iterative) applies the first four before the
 * parser sees anything; parsing and visiting run on a thread of `plan_stack_bytes` (also in
 * limits). A passed limit is LG_ERR_SQL_POLICY_VIOLATION with the limit as subject; a parse error
 * LG_ERR_INVALID_SQL; both with line and column. */
/* The one splitter: [{"start","end","line","column"}] byte ranges of statements; comments and empty
 * statements are no statement. */
int32_t lg_sql_split(lg_str sql, lg_str limits, lg_text** out, lg_error** err);
/* What the statements are and name, from the AST alone: see docs/FACTS.md. */
int32_t lg_sql_facts(lg_str sql, lg_str limits, lg_text** out, lg_error** err);
/* One INSERT, DELETE, UPDATE or MERGE taken apart, nothing judged: {"kind", "table": [parts],
 * "alias" (what expressions call it), "columns", "source" (a query), "source_alias", "condition",
 * "set": [[column, expression]], "clauses": [{"when": "matched"|"not_matched"|
 * "not_matched_by_source", "then": "update"|"delete"|"insert", "condition", "columns",
 * "values"}]}. A statement that says more than that is LG_ERR_UNSUPPORTED. */
int32_t lg_sql_change(lg_str sql, lg_str limits, lg_text** out, lg_error** err);

/* ---- tables: a location opened for reading ----
 * {"format": "delta"|"parquet"|"csv"|"ndjson"|"arrow", "paths": [absolute file or folder, ...],
 *  "partition_columns": [...], "version", "timestamp_ms" (delta), "options": {...}, "view" (delta)}
 * view: {"file_column" (a column more of this name, with the URL of each row's file), "files":
 * [paths as the log spells them; no others are read], "changes": {"from", "to"} (the change data
 * feed of these versions instead of the rows)}. csv options: "delimiter", "quote", "escape",
 * "comment", "header", "null_regex", "newlines_in_values"; csv and ndjson: "infer_rows",
 * "compression" (else told by the file names). `schema` may be null (inferred); it is consumed. The
 * files of a folder are found at any depth by the format's extensions, without names that begin
 * with '.' or '_' and without empty files, and stay the same for the life of the table. A dataset
 * without content and without a schema is LG_ERR_NOT_FOUND; LG_ERR_CORRUPT_DATA carries the file as
 * subject and, for ndjson and csv, the line. */
int32_t lg_table_open(const lg_engine* engine, lg_str location, struct ArrowSchema* schema,
                      lg_table** out, lg_error** err);
int32_t lg_table_schema(const lg_table* table, struct ArrowSchema* out, lg_error** err);
/* {"format","files","bytes","version" (delta)} */
int32_t lg_table_info(const lg_table* table, lg_text** out, lg_error** err);
void lg_table_free(lg_table* table);

/* ---- session: the names one statement may see ----
 * {"target_partitions", "batch_rows", "ordered" (partitions are read one after the other, so
 *  that equal inputs give equal row order), "config": {"datafusion.…": "text"}} */
int32_t lg_session_open(const lg_engine* engine, lg_str options, lg_session** out, lg_error** err);
void lg_session_free(lg_session* session);
/* Names are one part, taken as they are: no parsing, no case folding. A name in use is
 * LG_ERR_ALREADY_EXISTS. */
int32_t lg_session_add_table(const lg_session* session, lg_str name, const lg_table* table,
                             lg_error** err);
int32_t lg_session_add_view(const lg_session* session, lg_str name, lg_str sql, lg_error** err);
int32_t lg_session_add_stream(const lg_session* session, lg_str name, struct ArrowSchema* schema,
                              lg_stream_source source, lg_error** err);

/* Functions are added before the views that call them; a call may name its arguments
 * (`f('a', mode => 'b')`), which end behind the positional ones. The host judges before it plans
 * which functions a text may call. */
int32_t lg_session_add_table_function(const lg_session* session, lg_str name,
                                      lg_table_function function, lg_error** err);

/* Before a statement is planned, once: joins that are range joins run with this index. */
int32_t lg_session_use_range_index(const lg_session* session, lg_range_index index, lg_error** err);

/* Likewise: filters of the first row of each group run on this operator. */
int32_t lg_session_use_operator(const lg_session* session, lg_row_operator row_operator,
                                lg_error** err);

/* ---- plans ----
 * parameters: {"name or number": {"type": "null"|"boolean"|"int64"|"uint64"|"float64"|"utf8"|
 * "date32"|"timestamp_us", "value": text}}, bound as values. options: {"time_limit_ms"}. */
int32_t lg_session_plan(const lg_session* session, lg_str sql, lg_str parameters, lg_str options,
                        lg_cancel_source cancel, lg_plan** out, lg_error** err);
/* The expanded plan, views inlined, nothing optimised, folded or opened yet: {"nodes":
 * [{"kind","table","provider"}], "functions": [{"name","kind","volatility"}], "node_count"}.
 * Kinds: "projection", "table_scan", "join", ...; writes and definitions begin with "dml:",
 * "ddl:", "statement:" or are "copy", "analyze", "describe_table"; "extension:NAME". Every
 * placeholder needs a parameter and every parameter a placeholder. */
int32_t lg_plan_facts(const lg_plan* plan, lg_text** out, lg_error** err);
int32_t lg_plan_schema(const lg_plan* plan, struct ArrowSchema* out, lg_error** err);
/* {"scan_rows"}: the rows that running it would read, as far as the statistics of files tell;
 * Delta files that its conditions rule out are left out. Optimises and opens footers, which the
 * next execute then need not do again. options: {"time_limit_ms"}. */
int32_t lg_plan_estimate(const lg_plan* plan, lg_str options, lg_cancel_source cancel,
                         lg_text** out, lg_error** err);
/* options: {"time_limit_ms"}, counted from here and past its end LG_ERR_TIMEOUT. Optimises,
 * opens the files and starts. The stream owns all it needs; releasing it stops the work. A
 * failed stream of the host is an error with the stream's name as subject. */
int32_t lg_plan_execute(const lg_plan* plan, lg_str options, lg_cancel_source cancel,
                        struct ArrowArrayStream* out, lg_error** err);
void lg_plan_free(lg_plan* plan);
/* The typed error of the last failed callback of a stream made by this bridge; a stream of
 * another producer, or one that did not fail, is LG_ERR_INVALID_ARGUMENT in `err`. */
int32_t lg_stream_error(struct ArrowArrayStream* stream, lg_error** out, lg_error** err);

/* ---- predicates over batches: [["name","sql expression"], ...] compiled once ---- */
int32_t lg_predicate_open(const lg_session* session, const struct ArrowSchema* schema,
                          lg_str expressions, lg_predicate** out, lg_error** err);
/* `out`: a struct of one boolean column for each expression (null stays null). */
int32_t lg_predicate_evaluate(const lg_predicate* predicate, struct ArrowArray* batch,
                              struct ArrowArray* out, lg_error** err);
void lg_predicate_free(lg_predicate* predicate);

/* ---- one file, written where the caller says; fsync and rename are the caller's ----
 * {"path", "format": "parquet"|"csv"|"ndjson"|"arrow", "options": {...}, "descriptor"}; a path that
 * exists is LG_ERR_ALREADY_EXISTS; an unfinished file stays where it is. With a descriptor (null is
 * none), which is taken over also on failure, nothing is made at the path.
 * parquet: "compression" (zstd(3)), "max_row_group_rows", "dictionary", "statistics"
 * ("none"|"chunk"|"page"); arrow: "compression" ("none"|"lz4"|"zstd"), "stream" (the IPC stream
 * format, in which batches may have dictionaries of their own); csv: "delimiter", "quote",
 * "escape", "double_quote", "header", "null"; ndjson: "explicit_nulls"; csv and ndjson:
 * "date_format", "datetime_format", "time_format", "timestamp_format", "timestamp_tz_format". */
int32_t lg_file_writer_open(const lg_engine* engine, lg_str options, struct ArrowSchema* schema,
                            lg_file_writer** out, lg_error** err);
int32_t lg_file_writer_write(lg_file_writer* writer, struct ArrowArray* batch, lg_error** err);
/* {"rows","bytes"}; the writer is spent afterwards. */
int32_t lg_file_writer_finish(lg_file_writer* writer, lg_text** out, lg_error** err);
void lg_file_writer_free(lg_file_writer* writer);

/* ---- rows from another process ---- an uncompressed Arrow IPC stream out of a pipe, whose writer
 * is not trusted: LG_ERR_CORRUPT_DATA, LG_ERR_RESOURCE_LIMIT (a message longer than the most
 * bytes). The end of the pipe between two messages is the end of the stream. Takes the descriptor,
 * also on failure. Calls block. */
int32_t lg_pipe_read(int32_t descriptor, uint64_t most_message_bytes, struct ArrowArrayStream* out,
                     lg_error** err);

/* ---- Delta Lake: snapshots ---- {"path", "version", "timestamp_ms"}
 * LG_ERR_NOT_FOUND: no log, or no such version (the message has the range); a timestamp means
 * the newest commit not after it. LG_ERR_CORRUPT_DATA names the file of the log. */
int32_t lg_delta_open(const lg_engine* engine, lg_str location, lg_delta** out, lg_error** err);
/* {"version","protocol": action,"metadata": action,"files","bytes","partition_columns",
 *  "configuration", "removed_file_retention_ms", "log_retention_ms", "unwritable" (why this build
 *  cannot write the table, or null)} */
int32_t lg_delta_info(const lg_delta* delta, lg_text** out, lg_error** err);
int32_t lg_delta_schema(const lg_delta* delta, struct ArrowSchema* out, lg_error** err);
/* The live files: one JSON array of Add actions, by path. */
int32_t lg_delta_files(const lg_delta* delta, lg_text** out, lg_error** err);
/* The Remove actions that the log still has: [{"path" (decoded), "removed_at_ms" (or null)}]. */
int32_t lg_delta_tombstones(const lg_delta* delta, lg_text** out, lg_error** err);
/* The version an application has recorded, or -1. */
int32_t lg_delta_app_version(const lg_delta* delta, lg_str app_id, int64_t* out, lg_error** err);
void lg_delta_free(lg_delta* delta);

/* ---- Delta Lake: one commit ----
 * Protocol and Metadata actions for a table that does not exist yet (`base` null, from
 * `schema`) or that changes (`base`; `schema` null = kept):
 * {"partition_columns", "configuration": {all properties, constraints as
 *  "delta.constraints.NAME"}, "name", "description"} -> {"protocol": {...}, "metadata": {...}} */
int32_t lg_delta_table_actions(const lg_engine* engine, const lg_delta* base,
                               struct ArrowSchema* schema, lg_str options, lg_text** out,
                               lg_error** err);
/* Stages Parquet files under the table, uncommitted:
 * {"path", "partition_columns", "target_file_bytes", "compression", "stats_columns": [...],
 *  "configuration": {...}, "max_row_group_rows", "schema_string", "missing_as_null" (columns of the
 *  table that the rows lack; else they are refused), "folder" (below the table; the paths told are
 *  relative to it), "columns": {NAME: {"compression", "dictionary", "statistics"
 *  ("none"|"chunk"|"page"), "bloom_filter_fpp", "bloom_filter_ndv"}}}
 * Without "schema_string" the files hold what Delta can hold of `schema`: unsigned integers
 * widen (64 bits stay 64, checked by value), times are microseconds, views and dictionaries
 * plain. With it (`metadata.schemaString` of a table) columns are matched by name and cast so
 * that every value is kept, or LG_ERR_SCHEMA_MISMATCH with the column as subject. A null in a
 * column that must not be null is LG_ERR_CONSTRAINT_VIOLATION. "stats_columns" absent = by
 * "configuration", empty = none; "compression" absent = zstd; "target_file_bytes" 0 = one file
 * for each partition. Rows are encoded behind a short queue: an error may surface a call later. */
int32_t lg_delta_writer_open(const lg_engine* engine, lg_str options, struct ArrowSchema* schema,
                             lg_delta_writer** out, lg_error** err);
int32_t lg_delta_writer_write(lg_delta_writer* writer, struct ArrowArray* batch, lg_error** err);
/* A JSON array of Add actions, as lg_delta_files gives them; the writer is spent afterwards. */
int32_t lg_delta_writer_finish(lg_delta_writer* writer, lg_text** out, lg_error** err);
/* Freeing an unfinished writer removes what it staged. */
void lg_delta_writer_free(lg_delta_writer* writer);
/* Parquet files that are there already, as Add actions without partition values: {"path", "files":
 * [as they are called on the disk, relative to the path], "stats_columns", "configuration"}. */
int32_t lg_delta_describe(const lg_engine* engine, lg_str options, lg_text** out, lg_error** err);
/* Rows of data files marked as deleted, beside those that are already. `path` as the log spells
 * it; `rows`: places among the rows that a reader of the file sees, ascending. */
int32_t lg_delta_marks_open(const lg_delta* base, lg_delta_marks** out, lg_error** err);
int32_t lg_delta_marks_add(lg_delta_marks* marks, lg_str path, const uint64_t* rows, size_t count,
                           lg_error** err);
/* Writes them to one file below the table: {"file" (its name; null when nothing is marked),
 * "vectors": [{"path", "deletionVector": {...}}]}. */
int32_t lg_delta_marks_finish(lg_delta_marks* marks, lg_text** out, lg_error** err);
void lg_delta_marks_free(lg_delta_marks* marks);
/* Removes staged files that are certainly not in the log: a JSON array of relative paths. */
int32_t lg_delta_discard(const lg_engine* engine, lg_str path, lg_str files, lg_error** err);
/* One compare-and-swap on `base` (null = the table must not exist), no retry, no rebase:
 * {"path", "actions": [{"protocol"|"metaData"|"add"|"remove"|"cdc"|"txn": {...}}], "operation":
 *  {"name": "WRITE"|"CREATE TABLE"|"OPTIMIZE"|"DELETE"|"UPDATE"|"MERGE"|"RESTORE"|"FSCK"|
 *   "SET TBLPROPERTIES"|"ADD CONSTRAINT"|"DROP CONSTRAINT", "mode", "partition_by", "predicate",
 *   "target_file_bytes", "properties", "constraints": [[name, expression]], "version",
 *   "clauses": {"matched"|"not_matched"|"not_matched_by_source": [{"action_type", "predicate"}]}},
 *  "commit_info": {...}} -> the new version. The commit itself writes timestamp, operation,
 * operationParameters, readVersion and engineInfo.
 * LG_ERR_COMMIT_CONFLICT: another commit holds that version; the subject is "version_taken" or
 * "table_exists". LG_ERR_COMMIT_UNKNOWN: the put failed in a way that may have landed; an error
 * of another kind means that it did not. At the table's checkpoint interval a checkpoint
 * follows, whose failure is no error; old log entries are left alone. Rows for a table with
 * invariants, generated columns or column mapping are LG_ERR_UNSUPPORTED. */
int32_t lg_delta_commit(const lg_engine* engine, const lg_delta* base, lg_str request,
                        int64_t* version, lg_error** err);
/* One log entry as it stands, newline-delimited actions; LG_ERR_NOT_FOUND past the head. */
int32_t lg_delta_read_commit(const lg_engine* engine, lg_str path, int64_t version, lg_text** out,
                             lg_error** err);
/* Compaction rewritten and staged but not committed: {"target_file_bytes", "compression",
 * "z_order": [columns that bring rows together], "time_limit_ms"} ->
 * {"actions": [...], "metrics": {...}}; actions empty when there is nothing to do. A table with
 * deletion vectors is LG_ERR_UNSUPPORTED. */
int32_t lg_delta_compact(const lg_engine* engine, const lg_delta* base, lg_str options,
                         lg_cancel_source cancel, lg_text** out, lg_error** err);
/* Writes a checkpoint of `delta`'s version. */
int32_t lg_delta_checkpoint(const lg_delta* delta, lg_error** err);

/* ---- for tests: panic on purpose ---- */
int32_t lg_debug_panic(lg_error** err);
/* A stream whose second get_next panics. */
int32_t lg_debug_panic_stream(struct ArrowArrayStream* out, lg_error** err);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* LAKEGATE_BRIDGE_H_ */
