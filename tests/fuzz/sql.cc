// Any text: facts and verdict under every preset, typed refusals, nothing else.
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "lakegate/session.h"

namespace {

using lakegate::ErrorKind;
using lakegate::Profile;
using lakegate::fuzz::Require;

std::vector<Profile> Profiles() {
  std::vector<Profile> profiles;
  for (const char* policy : {"read_only", "service", "write", "admin"}) {
    lakegate::ProfileSources sources;
    sources.explicit_settings.push_back(
        {.name = "sql_policy", .value = std::string(policy), .origin = "fuzz"});
    profiles.push_back(Profile::Build(sources).value());
  }
  return profiles;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Profile> profiles = Profiles();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Profile& profile : profiles) {
    const auto judgement = lakegate::Session::Judge(text, profile);
    if (!judgement) {
      const ErrorKind kind = judgement.error().kind();
      Require(kind == ErrorKind::kInvalidSql || kind == ErrorKind::kSqlPolicyViolation,
              judgement.error().ToString());
      continue;
    }
    Require(!judgement->text.empty(), "a verdict has words");
    if (!judgement->refusal) {
      Require(!judgement->statements.empty(), "what is allowed is a statement");
      continue;
    }
    const ErrorKind kind = judgement->refusal->kind();
    Require(kind == ErrorKind::kInvalidSql || kind == ErrorKind::kSqlPolicyViolation,
            judgement->refusal->ToString());
  }
  return 0;
}
