// Any text as a policy, a profile, a job file; any text as an answer of a worker.
#include <string>

#include "base/error_json.h"
#include "fuzz/fuzz.h"
#include "guard/policy_fields.h"
#include "job/job_file.h"
#include "lakegate/policy.h"
#include "lakegate/profile.h"
#include "session/worker_messages.h"

namespace {

using lakegate::ErrorKind;
using lakegate::fuzz::Require;

void Policy(std::string_view text) {
  const auto policy = lakegate::SqlPolicy::FromToml(text, "fuzz");
  if (!policy) {
    Require(policy.error().kind() == ErrorKind::kInvalidArgument, policy.error().ToString());
    return;
  }
  const auto again = lakegate::SqlPolicy::FromToml(lakegate::guard::PolicyToToml(*policy), "again");
  Require(again && *again == *policy, "a policy that is written down is the same policy");
}

void ProfileFile(std::string_view text) {
  lakegate::ProfileSources sources;
  sources.project_file = lakegate::ProfileText{std::string(text), "fuzz.toml", "/"};
  const auto profile = lakegate::Profile::Build(sources);
  if (!profile) {
    Require(profile.error().kind() == ErrorKind::kInvalidArgument, profile.error().ToString());
    return;
  }
  Require(profile->Fingerprint().size() == 64, "a profile has a fingerprint");
}

void JobFile(std::string_view text) {
  const auto file = lakegate::job::ParseJobFile(text, "job.toml", "/", {});
  if (!file) {
    Require(file.error().kind() == ErrorKind::kInvalidArgument, file.error().ToString());
    return;
  }
  const auto order = lakegate::job::CheckOrder(*file);
  Require(order || order.error().kind() == ErrorKind::kInvalidArgument, "orders are refused so");
}

void Messages(std::string_view text) {
  const auto answer = lakegate::session::WorkerAnswerFrom(text);
  Require(answer || answer.error().kind() == ErrorKind::kCorruptData, "answers are refused so");
  // A request is of our own making, and still no reason to die.
  const auto request = lakegate::session::WorkerRequestFrom(text);
  const auto setup = lakegate::session::WorkerSetupFrom(text);
  Require(!request || !setup, "no text is both");
  Require(!lakegate::base::ParseErrorJson(text).ToJson().empty(), "an error has words");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lakegate::fuzz::Input input(data, size);
  switch (input.Below(4)) {
    case 0:
      Policy(input.Rest());
      break;
    case 1:
      ProfileFile(input.Rest());
      break;
    case 2:
      JobFile(input.Rest());
      break;
    default:
      Messages(input.Rest());
  }
  return 0;
}
