#include "kernels/shrink.h"

#include <gtest/gtest.h>

namespace lakegate::kernels {
namespace {

std::vector<TestRow> RowsTo(std::int64_t count) {
  std::vector<TestRow> rows(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) rows[static_cast<std::size_t>(i)].id = i;
  return rows;
}

bool Has(const std::vector<TestRow>& rows, std::int64_t id) {
  return std::any_of(rows.begin(), rows.end(), [&](const TestRow& row) { return row.id == id; });
}

TEST(Shrink, LeavesTheRowsThatAreToBlame) {
  std::vector<TestRow> left = RowsTo(50);
  std::vector<TestRow> right = RowsTo(20);
  const std::string text = LeastFault({&left, &right}, [&]() -> std::string {
    return Has(left, 7) && Has(left, 41) && Has(right, 0) ? "seven meets nought" : "";
  });
  EXPECT_NE(text.find("seven meets nought"), std::string::npos) << text;
  ASSERT_EQ(left.size(), 2U) << text;
  EXPECT_EQ(left[0].id, 7);
  EXPECT_EQ(left[1].id, 41);
  ASSERT_EQ(right.size(), 1U);
  EXPECT_NE(text.find("id 41"), std::string::npos) << text;
}

TEST(Shrink, LeavesNoRowWhereNoneIsToBlame) {
  std::vector<TestRow> rows = RowsTo(9);
  EXPECT_NE(LeastFault({&rows}, [] { return std::string("always"); }), "");
  EXPECT_TRUE(rows.empty());
}

TEST(Shrink, TouchesNothingThatIsRight) {
  std::vector<TestRow> rows = RowsTo(9);
  EXPECT_EQ(LeastFault({&rows}, [] { return std::string(); }), "");
  EXPECT_EQ(rows.size(), 9U);
}

TEST(Shrink, ShowsWhatDiffers) {
  EXPECT_EQ(Difference({"a"}, {"a"}), "");
  EXPECT_EQ(Difference({"a"}, {"a", "b"}), "given: [a]\nexpected: [a, b]\n");
}

}  // namespace
}  // namespace lakegate::kernels
