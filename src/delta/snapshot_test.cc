#include "delta/snapshot.h"

#include <gtest/gtest.h>

#include "columnar/schema.h"

namespace lakegate::delta {
namespace {

using columnar::FieldSpec;
using columnar::MakeSchema;

constexpr std::string_view kInfo =
    R"({"version":4,"files":2,"bytes":10,"protocol":{"minReaderVersion":1},)"
    R"("metadata":{"schemaString":"s"},"partition_columns":["d"],)"
    R"("configuration":{"delta.constraints.b":"x > 1","delta.constraints.a":"y > 2",)"
    R"("delta.appendOnly":"true"}})";

TEST(DeltaSnapshot, ReadsItsInfo) {
  const auto snapshot = SnapshotFrom(
      kInfo,
      MakeSchema({{.name = "x", .format = "l", .nullable = false}, {.name = "d", .format = "u"}}));
  ASSERT_TRUE(snapshot) << snapshot.error().ToString();
  EXPECT_EQ(snapshot->version, 4);
  EXPECT_EQ(snapshot->partition_columns, std::vector<std::string>{"d"});
  EXPECT_EQ(SchemaStringOf(*snapshot), "s");
  EXPECT_EQ(ConstraintsOf(*snapshot), (std::vector<Check>{{"a", "y > 2"}, {"b", "x > 1"}}));
  EXPECT_EQ(NotNullColumnsOf(*snapshot), std::vector<std::string>{"x"});
}

TEST(DeltaSnapshot, RefusesInfoThatLacksSomething) {
  for (const char* text :
       {"", "[]", "{}", R"({"version":1})", R"({"version":"1","protocol":{},"metadata":{}})"}) {
    const auto snapshot = SnapshotFrom(text, MakeSchema({}));
    ASSERT_FALSE(snapshot) << text;
    EXPECT_EQ(snapshot.error().kind(), ErrorKind::kCorruptData);
  }
}

Status Append(std::string table, std::string rows) {
  return CheckAppendable(*MakeSchema({FieldSpec{.name = "c", .format = std::move(table)}}),
                         *MakeSchema({FieldSpec{.name = "c", .format = std::move(rows)}}));
}

TEST(CheckAppendable, TakesWhatIsStoredWithoutAChange) {
  const std::pair<const char*, const char*> cases[] = {
      {"l", "l"},     {"l", "i"},  {"l", "L"},          {"l", "I"}, {"s", "C"},
      {"u", "U"},     {"u", "vu"}, {"z", "vz"},         {"g", "f"}, {"tsu:UTC", "tsn:UTC"},
      {"tdD", "tdD"}, {"u", "n"},  {"d:10,2", "d:10,2"}};
  for (const auto& [table, rows] : cases) {
    const Status status = Append(table, rows);
    EXPECT_TRUE(status) << table << " <- " << rows;
  }
}

TEST(CheckAppendable, RefusesAnotherType) {
  const std::pair<const char*, const char*> cases[] = {
      {"i", "l"}, {"l", "g"}, {"f", "g"},          {"u", "l"},           {"l", "u"},
      {"b", "l"}, {"s", "S"}, {"tsu:", "tsu:UTC"}, {"d:10,2", "d:10,3"}, {"tdD", "tsu:"}};
  for (const auto& [table, rows] : cases) {
    const Status status = Append(table, rows);
    ASSERT_FALSE(status) << table << " <- " << rows;
    EXPECT_EQ(status.error().kind(), ErrorKind::kSchemaMismatch);
  }
}

TEST(CheckAppendable, NamesEveryColumnThatDoesNotFit) {
  const Status status =
      CheckAppendable(*MakeSchema({{.name = "a", .format = "l"}, {.name = "b", .format = "l"}}),
                      *MakeSchema({{.name = "a", .format = "u"}, {.name = "c", .format = "l"}}));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kSchemaMismatch);
  const std::string& message = status.error().message();
  EXPECT_NE(message.find("missing columns: b"), std::string::npos) << message;
  EXPECT_NE(message.find("does not have: c"), std::string::npos) << message;
  EXPECT_NE(message.find("a is utf8, the table has int64"), std::string::npos) << message;
}

TEST(CheckAppendable, OrderIsFree) {
  EXPECT_TRUE(
      CheckAppendable(*MakeSchema({{.name = "a", .format = "l"}, {.name = "b", .format = "u"}}),
                      *MakeSchema({{.name = "b", .format = "u"}, {.name = "a", .format = "l"}})));
}

}  // namespace
}  // namespace lakegate::delta
