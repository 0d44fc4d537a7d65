#include "lakegate/error.h"

#include "base/error_json.h"

#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/try.h"
#include "lakegate/result.h"

namespace lakegate {
namespace {

TEST(ErrorKinds, AreListedOnceInNumericOrderWithNamesOfTheirOwn) {
  std::set<std::string_view> names;
  std::int32_t last = 0;
  for (const ErrorKind kind : AllErrorKinds()) {
    EXPECT_GT(static_cast<std::int32_t>(kind), last);
    last = static_cast<std::int32_t>(kind);
    EXPECT_TRUE(ErrorKindName(kind).starts_with('k'));
    EXPECT_TRUE(names.insert(ErrorKindName(kind)).second) << ErrorKindName(kind);
  }
  EXPECT_EQ(names.size(), 19u);
}

TEST(ErrorKinds, KeepTheNumbersThatCrossTheBridge) {
  EXPECT_EQ(static_cast<std::int32_t>(ErrorKind::kInvalidArgument), 1);
  EXPECT_EQ(static_cast<std::int32_t>(ErrorKind::kCommitConflict), 20);
  EXPECT_EQ(static_cast<std::int32_t>(ErrorKind::kCommitUnknown), 30);
  EXPECT_EQ(static_cast<std::int32_t>(ErrorKind::kInternal), 90);
}

TEST(ErrorContext, StandsInFrontAndKeepsKindAndDetail) {
  const Error error(ErrorKind::kCorruptData, "Line is cut.", FilePosition{"a.ndjson", 7});
  const Error wrapped = error.WithContext("dataset calls");
  EXPECT_EQ(wrapped.message(), "dataset calls: Line is cut.");
  EXPECT_EQ(wrapped.kind(), ErrorKind::kCorruptData);
  EXPECT_EQ(wrapped.detail(), error.detail());
  EXPECT_EQ(error.ToString(), "kCorruptData: Line is cut.");
}

TEST(Error, SaysWhereInTheText) {
  const Error error(ErrorKind::kInvalidSql, "Expected: an expression",
                    SqlPosition{.line = 2, .column = 5});
  EXPECT_EQ(error.ToString(), "kInvalidSql: Expected: an expression (line 2, column 5)");
  const Error nowhere(ErrorKind::kInvalidSql, "Empty", SqlPosition{});
  EXPECT_EQ(nowhere.ToString(), "kInvalidSql: Empty");
}

TEST(ErrorJson, CarriesEveryDetailByItsFields) {
  const auto json_of = [](ErrorDetail detail) {
    return nlohmann::json::parse(Error(ErrorKind::kIo, "m", std::move(detail)).ToJson());
  };
  EXPECT_FALSE(json_of({}).contains("detail"));
  EXPECT_EQ(json_of({}).at("code"), 61);
  EXPECT_EQ(json_of(SqlPosition{2, 5}).at("detail").at("column"), 5);
  const auto violation = json_of(PolicyViolation{"dml", "DELETE", {1, 3}, "sql_policy"});
  EXPECT_EQ(violation.at("detail").at("position").at("column"), 3);
  EXPECT_EQ(violation.at("detail").at("setting"), "sql_policy");
  EXPECT_EQ(json_of(CommitConflict{"append", 3, 4}).at("detail").at("found_version"), 4);
  const auto constraint = json_of(ConstraintViolation{"span", 2, {"a", "b"}});
  EXPECT_EQ(constraint.at("detail").at("first_rows").size(), 2u);
  EXPECT_EQ(json_of(FilePosition{"x", 9}).at("detail").at("line"), 9);
}

TEST(ErrorJson, ReplacesBytesThatAreNoUtf8) {
  const auto json = nlohmann::json::parse(Error(ErrorKind::kIo, "bad \xff byte").ToJson());
  EXPECT_EQ(json.at("message"), "bad \uFFFD byte");
}

TEST(ErrorJson, IsReadAsTheErrorItWas) {
  const ErrorDetail details[] = {
      std::monostate(),
      SqlPosition{2, 5},
      PolicyViolation{"dml", "DELETE", {1, 3}, "sql_policy"},
      CommitConflict{"append", 3, 4},
      ConstraintViolation{"span", 2, {"a", "b\n\"c\""}},
      FilePosition{"x/\u00e9", 9},
  };
  for (const ErrorKind kind : AllErrorKinds()) {
    for (const ErrorDetail& detail : details) {
      const Error error(kind, "what \t happened", detail);
      EXPECT_EQ(base::ParseErrorJson(error.ToJson()), error) << error.ToJson();
    }
  }
}

TEST(ErrorJson, IsCorruptWhereItIsNone) {
  for (
      const char* text :
      {"", "{", "[]", "7", "{}", R"({"kind":"kIo"})", R"({"kind":"kNew","message":"m"})",
       R"({"kind":"kIo","message":3})", R"({"kind":"kIo","message":"m","detail":7})",
       R"({"kind":"kIo","message":"m","detail":{"line":1}})",
       R"({"kind":"kIo","message":"m","detail":{"path":"x","line":"1"}})",
       R"({"kind":"kIo","message":"m","detail":{"constraint":"c","violations":1,"first_rows":[1]}})",
       R"({"kind":"kIo","message":"m","detail":{"violation":"v","name":"n","setting":"s"}})"}) {
    EXPECT_EQ(base::ParseErrorJson(text).kind(), ErrorKind::kCorruptData) << text;
  }
}

Result<int> Half(int value) {
  if (value % 2 != 0) return Error(ErrorKind::kInvalidArgument, "odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  LG_ASSIGN_OR_RETURN(const int half, Half(value));
  LG_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckEven(int value) {
  LG_RETURN_IF_ERROR(Half(value));
  return {};
}

TEST(TryMacros, PassValuesOnAndErrorsUp) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(Quarter(7).error().message(), "odd");
  EXPECT_TRUE(CheckEven(2));
  EXPECT_EQ(CheckEven(3).error().kind(), ErrorKind::kInvalidArgument);
}

TEST(ResultDeathTest, ReadingAFailureEndsTheProcess) {
  const Result<int> failed = Half(1);
  EXPECT_DEATH(static_cast<void>(failed.value()), "kInvalidArgument: odd");
}

}  // namespace
}  // namespace lakegate
