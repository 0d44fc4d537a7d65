#include "catalog/identity.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace lakegate::catalog {
namespace {

DatasetSpec FullSpec() {
  DatasetSpec spec;
  spec.name = "calls";
  spec.location = {.path = "/data/calls.csv",
                   .format = DataFormat::kCsv,
                   .partition_columns = {"day"},
                   .version = 3,
                   .timestamp_ms = std::nullopt,
                   .options = {{"delimiter", ";"}, {"header", "true"}}};
  spec.key = {"path", "start"};
  spec.not_null = {"path"};
  spec.checks = {{"positive", "start >= 0"}};
  return spec;
}

TEST(DatasetIdentity, SaysWhatTheSpecSays) {
  const DatasetIdentity identity = IdentityOf(FullSpec());
  EXPECT_EQ(identity.location, "/data/calls.csv");
  EXPECT_EQ(identity.format, DataFormat::kCsv);
  EXPECT_EQ(identity.version, 3);
  EXPECT_FALSE(identity.timestamp_ms.has_value());
  EXPECT_EQ(identity.spec_hash, SpecHash(FullSpec()));
  EXPECT_FALSE(IdentityOf(DatasetSpec{}).format.has_value());
}

// Every field of the spec is in its hash, and no two of these changes meet in one.
TEST(SpecHash, EveryFieldCounts) {
  const std::map<std::string, std::function<void(DatasetSpec&)>> changes = {
      {"nothing", [](DatasetSpec&) {}},
      {"name", [](DatasetSpec& s) { s.name = "call"; }},
      {"path", [](DatasetSpec& s) { s.location.path += "2"; }},
      {"format", [](DatasetSpec& s) { s.location.format = DataFormat::kNdjson; }},
      {"no format", [](DatasetSpec& s) { s.location.format.reset(); }},
      {"partitions", [](DatasetSpec& s) { s.location.partition_columns.clear(); }},
      {"version", [](DatasetSpec& s) { s.location.version = 4; }},
      {"no version", [](DatasetSpec& s) { s.location.version.reset(); }},
      {"timestamp instead",
       [](DatasetSpec& s) { std::swap(s.location.version, s.location.timestamp_ms); }},
      {"option value", [](DatasetSpec& s) { s.location.options["delimiter"] = ","; }},
      {"option name", [](DatasetSpec& s) { s.location.options["quote"] = "'"; }},
      {"key order", [](DatasetSpec& s) { std::swap(s.key[0], s.key[1]); }},
      {"key split", [](DatasetSpec& s) { s.key = {"pathstart"}; }},
      {"key moved",
       [](DatasetSpec& s) {
         s.not_null.insert(s.not_null.begin(), s.key.back());
         s.key.pop_back();
       }},
      {"not null", [](DatasetSpec& s) { s.not_null.clear(); }},
      {"check name", [](DatasetSpec& s) { s.checks[0].name = "x"; }},
      {"check expression", [](DatasetSpec& s) { s.checks[0].expression = "start > 0"; }},
      {"on violation", [](DatasetSpec& s) { s.on_violation = OnViolation::kQuarantine; }},
  };
  std::map<std::string, std::string> seen;
  for (const auto& [name, change] : changes) {
    DatasetSpec spec = FullSpec();
    change(spec);
    const auto [at, fresh] = seen.emplace(SpecHash(spec).ToHex(), name);
    EXPECT_TRUE(fresh) << name << " hashes like " << at->second;
  }
}

}  // namespace
}  // namespace lakegate::catalog
