// The engine: one runtime, one memory pool, one spill area, shared by everything a session does.
//
// Owner: shared, because streams, tables and plans made from it may outlive the session that
// opened it. Threads: everything here may be used from many threads. Calls block.
// Errors: kVersionMismatch (the bridge is of another build), kInvalidArgument (an option),
// kIo (the spill directory cannot be used).
#ifndef LAKEGATE_ENGINE_ENGINE_H_
#define LAKEGATE_ENGINE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lakegate/arrow.h"
#include "lakegate/result.h"

namespace lakegate::engine {

struct EngineOptions {
  std::int64_t worker_threads = 0;  // 0: as many as the machine has
  std::int64_t worker_stack_bytes = 8 << 20;
  std::int64_t plan_stack_bytes = 256 << 20;  // committed page by page, as it is used
  std::int64_t memory_limit_bytes = 1 << 30;
  std::string spill_directory = {};  // "": nothing is spilled
  std::int64_t spill_limit_bytes = std::int64_t{16} << 30;
  // Bytes that one call of a scalar function may make; 0: no limit.
  std::int64_t function_limit_bytes = std::int64_t{256} << 20;
  // Delta data files, log entries and directories reach the disk before a commit returns.
  bool durable = true;
  // Footers and statistics of files outlive the statement that read them; they are checked
  // against size and time of the file.
  bool keep_file_metadata = true;

  Status Validate() const;
};

class Engine {
 public:
  static Result<std::shared_ptr<Engine>> Open(const EngineOptions& options);
  // The same engine, with commits of one Delta table that it alone sees: its log ends at
  // `base_version` (-1: there is no table), and what is committed after that stays in memory.
  // Data files are real. Checkpoints are kUnsupported.
  Result<std::shared_ptr<Engine>> Overlay(std::string_view path, std::int64_t base_version) const;
  // The data files that were made through such an engine so far: a JSON array of paths as the log
  // spells them.
  Result<std::string> OverlayFiles(std::string_view path) const;
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const EngineOptions& options() const { return options_; }

  // For the other files of this room.
  struct State;
  const State& state() const { return *state_; }

 private:
  Engine(EngineOptions options, std::unique_ptr<const State> state);
  EngineOptions options_;
  std::unique_ptr<const State> state_;
};

// {"bridge","datafusion","deltalake","arrow","parquet","object_store"}: versions, as JSON.
Result<std::string> BridgeVersions();

// Panics inside the bridge on purpose: kInternal. For tests of the fence.
Status PanicForTest();
// A stream whose second batch panics inside the bridge.
Result<ArrowStream> PanicStreamForTest();

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_ENGINE_H_
