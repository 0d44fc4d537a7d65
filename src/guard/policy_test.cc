#include "lakegate/policy.h"

#include <gtest/gtest.h>

#include "guard/limits.h"
#include "guard/policy_fields.h"
#include "guard/verdict.h"

namespace lakegate::guard {
namespace {

TEST(GuardPolicy, PresetsAreValidAndNamedAsAsked) {
  for (const char* name : {"read_only", "service", "write", "admin"}) {
    const auto policy = SqlPolicy::Preset(name);
    ASSERT_TRUE(policy) << name;
    EXPECT_EQ(policy->name, name);
    EXPECT_TRUE(policy->Validate()) << name;
  }
  EXPECT_EQ(*SqlPolicy::Preset("read_only"), SqlPolicy{});
}

TEST(GuardPolicy, EachPresetAllowsWhatTheOneBeforeDoes) {
  const char* order[] = {"service", "read_only", "write", "admin"};
  for (std::size_t i = 0; i + 1 < std::size(order); ++i) {
    const SqlPolicy narrow = SqlPolicy::Preset(order[i]).value();
    const SqlPolicy wide = SqlPolicy::Preset(order[i + 1]).value();
    EXPECT_TRUE(CheckNarrower(wide, narrow)) << order[i];
    const Status widened = CheckNarrower(narrow, wide);
    ASSERT_FALSE(widened) << order[i];
    EXPECT_EQ(widened.error().kind(), ErrorKind::kInvalidArgument);
  }
}

TEST(GuardPolicy, UnknownPresetsListThePresets) {
  for (const char* name : {"", "readonly", "READ_ONLY", "root"}) {
    const auto policy = SqlPolicy::Preset(name);
    ASSERT_FALSE(policy) << name;
    EXPECT_EQ(policy.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(policy.error().message().find("read_only, service, write, admin"), std::string::npos);
  }
}

TEST(GuardPolicy, ReadsEveryKindOfSetting) {
  const auto policy = SqlPolicy::FromToml(R"(
    preset = "write"
    ddl = true
    statements = ["show"]
    relations = ["calls"]
    table_functions = "any"
    roots = ["/data"]
    sql.max_joins = 3
    [query]
    result_rows = 10
    plan_nodes = "none"
  )",
                                          "policy.toml");
  ASSERT_TRUE(policy) << policy.error().ToString();
  EXPECT_EQ(policy->name, "policy.toml");
  EXPECT_TRUE(policy->dml);
  EXPECT_TRUE(policy->ddl);
  EXPECT_EQ(policy->statements, std::set<std::string>{"show"});
  EXPECT_EQ(policy->relations, std::set<std::string>{"calls"});
  EXPECT_FALSE(policy->table_functions.has_value());
  EXPECT_EQ(policy->roots, std::vector<std::string>{"/data"});
  EXPECT_EQ(policy->sql.max_joins, 3);
  EXPECT_EQ(policy->query.result_rows, 10);
  EXPECT_FALSE(policy->query.plan_nodes.has_value());
}

TEST(GuardPolicy, AnEmptyFileIsReadOnly) {
  auto policy = SqlPolicy::FromToml("", "p");
  ASSERT_TRUE(policy);
  policy->name = "read_only";
  EXPECT_EQ(*policy, SqlPolicy{});
}

// A policy file with every setting, written from the table, gives the same policy.
TEST(GuardPolicy, EveryFieldSurvivesARoundTrip) {
  for (const char* preset : {"read_only", "service", "write", "admin"}) {
    SqlPolicy policy = SqlPolicy::Preset(preset).value();
    if (policy.roots.empty()) {
      policy.protect["a \"b\""] = {.filter = "x = 'y\\z'\nAND w", .masks = {{"c d", "null"}}};
      policy.protect["e"].masks = {{"f", "hash"}, {"g", "left(g, 1)"}};
    }
    std::string text;
    for (const PolicyField& field : AllPolicyFields()) {
      std::string value = FieldText(policy, field);
      if (value == "any" || value == "none") value = "\"" + value + "\"";
      text += std::string(field.name) + " = " + value + "\n";
    }
    const auto read = SqlPolicy::FromToml(text, "file");
    ASSERT_TRUE(read) << read.error().ToString() << text;
    EXPECT_EQ(*read, policy) << text;
  }
}

TEST(GuardPolicy, RefusesPolicyFiles) {
  struct Case {
    const char* text;
    const char* message_part;
  };
  const Case cases[] = {
      {"dml = ", "not TOML: line 1"},
      {"dml = true\ndml = true", "not TOML: line 2"},
      {"dlm = true", "Did you mean 'dml'?"},
      {"sql.max_join = 3", "Did you mean 'sql.max_joins'?"},
      {"[limits]\nmax_joins = 3", "'limits'"},
      {"preset = \"root\"", "no SQL policy"},
      {"preset = 3", "'preset' takes a string"},
      {"dml = 1", "'dml' takes true or false"},
      {"dml = \"true\"", "'dml' takes true or false"},
      {"statements = \"show\"", "'statements' takes an array"},
      {"statements = \"any\"", "'statements' takes an array"},
      {"relations = \"all\"", "or \"any\""},
      {"relations = [1]", "'relations' takes an array of strings"},
      {"functions = [\"\"]", "'functions' must not hold an empty name"},
      {"sql.max_joins = 0", "'sql.max_joins' must be at least 1"},
      {"sql.max_joins = \"none\"", "'sql.max_joins' takes an integer"},
      {"sql = 3", "'sql'"},
      {"query.result_rows = -1", "'query.result_rows' must be at least 1"},
      {"query.result_rows = 1.5", "'query.result_rows' takes an integer"},
      {"roots = [\"data\"]", "'roots' takes absolute canonical paths"},
      {"roots = [\"/data/../etc\"]", "'roots' takes absolute canonical paths"},
      {"roots = [\"/data/\"]", "'roots' takes absolute canonical paths"},
      {"name = \"\"", "'name' must not be empty"},
  };
  for (const Case& each : cases) {
    const auto policy = SqlPolicy::FromToml(each.text, "policy.toml");
    ASSERT_FALSE(policy) << each.text;
    EXPECT_EQ(policy.error().kind(), ErrorKind::kInvalidArgument) << each.text;
    EXPECT_NE(policy.error().message().find(each.message_part), std::string::npos)
        << policy.error().message();
    EXPECT_TRUE(policy.error().message().starts_with("policy.toml: ")) << policy.error().message();
  }
}

// Widens one field of a policy as far as its type goes.
struct Widen {
  SqlPolicy& policy;
  FieldRole role;

  void operator()(std::string SqlPolicy::*) const {}
  void operator()(bool SqlPolicy::*member) const { policy.*member = true; }
  void operator()(std::set<std::string> SqlPolicy::*member) const {
    if (role == FieldRole::kDenies) {
      (policy.*member).clear();
    } else {
      (policy.*member).insert("zzz");
    }
  }
  void operator()(std::optional<std::set<std::string>> SqlPolicy::*member) const {
    (policy.*member).reset();
  }
  void operator()(std::vector<std::string> SqlPolicy::*member) const {
    (policy.*member).push_back("/");
  }
  void operator()(std::map<std::string, RelationProtection> SqlPolicy::*member) const {
    (policy.*member).clear();
  }
  void operator()(std::int64_t SqlLimits::*member) const { ++(policy.sql.*member); }
  void operator()(std::optional<std::int64_t> QueryLimits::*member) const {
    (policy.query.*member).reset();
  }
};

TEST(GuardPolicy, EveryWiderFieldIsRefusedByName) {
  SqlPolicy session = SqlPolicy::Preset("service").value();
  session.relations = {{"calls"}};
  session.functions = {{"count"}};
  session.denied_relations = {"secrets"};
  session.denied_functions = {"random"};
  session.roots = {"/data"};
  session.query.scan_bytes = 1;
  session.query.scan_files = 1;
  session.query.scan_rows = 1;
  session.protect["calls"].filter = "id > 1";
  EXPECT_TRUE(CheckNarrower(session, session));
  for (const PolicyField& field : AllPolicyFields()) {
    if (field.role == FieldRole::kLabel) continue;
    SqlPolicy wider = session;
    std::visit(Widen{wider, field.role}, field.member);
    ASSERT_NE(wider, session) << field.name;
    const Status status = CheckNarrower(session, wider);
    ASSERT_FALSE(status) << field.name;
    EXPECT_EQ(status.error().kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(status.error().message().find(field.name), std::string::npos)
        << status.error().message();
    EXPECT_TRUE(CheckNarrower(wider, session)) << field.name;
  }
}

TEST(GuardPolicy, NarrowerRootsLieUnderOneOfTheSessions) {
  SqlPolicy session;
  session.roots = {"/data", "/tmp"};
  SqlPolicy requested;
  requested.roots = {"/data/a", "/tmp"};
  EXPECT_TRUE(CheckNarrower(session, requested));
  requested.roots = {"/database"};
  const Status status = CheckNarrower(session, requested);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kInvalidArgument);
}

TEST(GuardPolicy, AsAFileIsReadAsThePolicyItWas) {
  SqlPolicy odd = SqlPolicy::Preset("read_only").value();
  odd.name = "a \"name\" \\ with\nlines\t\x01";
  odd.relations = std::set<std::string>{"t", "with \"quotes\"", "any"};
  odd.functions = std::set<std::string>{};
  odd.denied_functions = {"none"};
  odd.protect["t"] = {.filter = "a = 'x\ny'",
                      .masks = {{"b c", "left(\"b c\", 1)"}, {"d", "hash"}}};
  odd.query.result_rows = 7;
  odd.sql.max_bytes = 9;
  std::vector<SqlPolicy> policies = {odd};
  for (const char* preset : {"read_only", "service", "write", "admin"}) {
    policies.push_back(SqlPolicy::Preset(preset).value());
  }
  for (const SqlPolicy& policy : policies) {
    const std::string text = PolicyToToml(policy);
    const auto again = SqlPolicy::FromToml(text, "a file");
    ASSERT_TRUE(again) << again.error().ToString() << "\n" << text;
    EXPECT_TRUE(*again == policy) << text;
  }
}

TEST(GuardLimits, BridgeLimitsBecomeViolations) {
  const SqlPolicy policy;
  const Error error = LimitError("max_tokens", "Found 30000.", policy, {2, 7});
  EXPECT_EQ(error.kind(), ErrorKind::kSqlPolicyViolation);
  EXPECT_EQ(std::get<PolicyViolation>(error.detail()),
            (PolicyViolation{"limit", "max_tokens", {2, 7}, "sql.max_tokens"}));
  EXPECT_NE(error.message().find("max_tokens = 20000"), std::string::npos) << error.message();

  const Error unknown = LimitError("max_moons", "Too many moons", policy, {});
  EXPECT_EQ(unknown.kind(), ErrorKind::kSqlPolicyViolation);
  EXPECT_EQ(std::get<PolicyViolation>(unknown.detail()),
            (PolicyViolation{"limit", "Too many moons", {}, ""}));
}

TEST(GuardLimits, ProfileOptionsNarrowThePreset) {
  SqlOptions options;
  options.policy = "service";
  options.allowed_relations = {{"calls"}};
  options.allowed_table_functions = {{"range"}};
  options.sql.max_joins = 3;
  options.sql.max_tokens = 1'000'000;
  options.query.result_rows = 5;
  const auto policy = PolicyFor(options);
  ASSERT_TRUE(policy) << policy.error().ToString();
  EXPECT_EQ(policy->name, "service");
  EXPECT_EQ(policy->relations, std::set<std::string>{"calls"});
  EXPECT_FALSE(policy->functions.has_value());
  EXPECT_EQ(policy->table_functions, std::set<std::string>{"range"});
  EXPECT_EQ(policy->sql.max_joins, 3);
  EXPECT_EQ(policy->sql.max_tokens, 5'000);
  EXPECT_EQ(policy->query.result_rows, 5);
  EXPECT_EQ(policy->query.run_time_ms, 30'000);
}

TEST(GuardLimits, RefusesOptionsThatNoPolicyMayHave) {
  SqlOptions options;
  options.policy = "root";
  auto policy = PolicyFor(options);
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().kind(), ErrorKind::kInvalidArgument);
  options.policy = "admin";
  options.query.result_rows = 0;
  policy = PolicyFor(options);
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().kind(), ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace lakegate::guard
