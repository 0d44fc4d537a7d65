#include "engine/bridge_error.h"

#include <gtest/gtest.h>

#include <string>

namespace lakegate::engine {
namespace {

lg_error_view View(ErrorKind kind, std::string_view message, std::string_view subject = {}) {
  lg_error_view view{};
  view.kind = static_cast<std::int32_t>(kind);
  view.message = Borrow(message);
  view.subject = Borrow(subject);
  view.read_version = -1;
  view.found_version = -1;
  return view;
}

TEST(BridgeError, KeepsEveryKind) {
  for (const ErrorKind kind : AllErrorKinds()) {
    EXPECT_EQ(ErrorFrom(View(kind, "text")).kind(), kind);
    EXPECT_NE(ErrorFrom(View(kind, "text")).message().find("text"), std::string::npos);
  }
}

TEST(BridgeError, UnknownKindIsInternalAndSaysItsNumber) {
  auto view = View(ErrorKind::kIo, "text");
  view.kind = 4711;
  const Error error = ErrorFrom(view);
  EXPECT_EQ(error.kind(), ErrorKind::kInternal);
  EXPECT_NE(error.message().find("4711"), std::string::npos);
}

TEST(BridgeError, InvalidSqlHasItsPosition) {
  auto view = View(ErrorKind::kInvalidSql, "expected an expression");
  view.line = 3;
  view.column = 14;
  EXPECT_EQ(ErrorFrom(view).detail(), ErrorDetail(SqlPosition{3, 14}));
}

TEST(BridgeError, PassedCapIsALimitViolationWithItsSetting) {
  auto view = View(ErrorKind::kSqlPolicyViolation, "too many tokens", "max_tokens");
  view.line = 1;
  view.column = 2;
  EXPECT_EQ(ErrorFrom(view).detail(),
            ErrorDetail(PolicyViolation{"limit", "max_tokens", {1, 2}, "sql_max_tokens"}));
}

TEST(BridgeError, ConflictHasItsVersions) {
  auto view = View(ErrorKind::kCommitConflict, "taken", "version_taken");
  view.read_version = 7;
  view.found_version = 9;
  EXPECT_EQ(ErrorFrom(view).detail(), ErrorDetail(CommitConflict{"version_taken", 7, 9}));
}

TEST(BridgeError, CorruptDataHasFileAndLine) {
  auto view = View(ErrorKind::kCorruptData, "bad json", "/data/x.ndjson");
  view.line = 12;
  EXPECT_EQ(ErrorFrom(view).detail(), ErrorDetail(FilePosition{"/data/x.ndjson", 12}));
}

TEST(BridgeError, MissingColumnIsNoFile) {
  EXPECT_EQ(ErrorFrom(View(ErrorKind::kNotFound, "no column x", "x")).detail(), ErrorDetail());
  EXPECT_EQ(ErrorFrom(View(ErrorKind::kNotFound, "no file", "/x")).detail(),
            ErrorDetail(FilePosition{"/x", 0}));
}

TEST(BridgeError, LimitNamesTheSettingThatRaisesIt) {
  const Error error = ErrorFrom(View(ErrorKind::kResourceLimit, "no room", "memory_limit_bytes"));
  EXPECT_EQ(error.message(), "no room (setting memory_limit)");
}

TEST(BridgeError, FailureWithoutAnErrorIsInternal) {
  ErrorOut error(LinkedBridge());
  const Status status = error.Settle(LG_ERR_IO);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kInternal);
}

}  // namespace
}  // namespace lakegate::engine
