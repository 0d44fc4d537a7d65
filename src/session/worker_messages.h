// What a session and its worker processes say to each other.
//
// A worker begins with a setup, and answers it. Then, for each request: an empty message, that it
// has been taken; an answer; and where it has rows, they go through the pipe (engine/row_pipe.h),
// and another answer says how they ended.
// Requests are CBOR, made and read by our own code; answers are JSON, which is read without
// recursion, because who answers is not trusted.
#ifndef LAKEGATE_SESSION_WORKER_MESSAGES_H_
#define LAKEGATE_SESSION_WORKER_MESSAGES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "isolation/sandbox.h"
#include "lakegate/dataset.h"
#include "lakegate/policy.h"
#include "lakegate/session.h"
#include "observe/event.h"

namespace lakegate::session {

// Answers longer than this are not ours.
inline constexpr std::int64_t kMostAnswerBytes = std::int64_t{16} << 20;
inline constexpr std::int64_t kMostRequestBytes = std::int64_t{1} << 30;

struct WorkerSetup {
  std::vector<std::pair<std::string, std::string>> settings;  // of the profile, by name
  std::vector<DatasetSpec> datasets;
  std::map<std::string, catalog::ViewEntry> views;
  std::string quarantine_directory;
  isolation::SandboxRules sandbox;
};

struct WorkerRequest {
  std::string statement;
  SqlPolicy policy;  // in force
  std::map<std::string, ParameterValue> parameters;
  bool ordered = false;
  std::int64_t cpu_time_ms = 0;
};

struct WorkerAnswer {
  std::optional<Error> error;
  // What observers hear: StatementGuarded and DatasetOpened.
  std::vector<observe::Event> events;
};

std::string TextOf(const WorkerSetup& setup);
std::string TextOf(const WorkerRequest& request);
std::string TextOf(const WorkerAnswer& answer);

// kInternal where the text is not what the other side of one build writes.
Result<WorkerSetup> WorkerSetupFrom(std::string_view text);
Result<WorkerRequest> WorkerRequestFrom(std::string_view text);
// kCorruptData likewise.
Result<WorkerAnswer> WorkerAnswerFrom(std::string_view text);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_WORKER_MESSAGES_H_
