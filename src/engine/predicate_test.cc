#include "engine/predicate.h"

#include <gtest/gtest.h>

#include "engine/test_rows.h"

namespace lakegate::engine {
namespace {

class Predicates : public ::testing::Test {
 protected:
  Result<Predicate> Compile(std::vector<Check> checks) {
    auto session = EngineSession::Open(engine_);
    if (!session) return std::move(session).error();
    return Predicate::Open(*session, *IdNameSchema(), checks);
  }
  std::shared_ptr<Engine> engine_ = OpenTestEngine();
};

TEST_F(Predicates, GivesOneColumnForEachCheck) {
  const auto predicate = Compile(
      {{"small", "id < 3"}, {"named", "name LIKE 'name%'"}, {"both", "id > 0 AND name > ''"}});
  ASSERT_TRUE(predicate) << predicate.error().ToString();
  const OwnedArray batch = IdNameBatch(0, 6);
  const auto result = predicate->Evaluate(*batch);
  ASSERT_TRUE(result) << result.error().ToString();
  ASSERT_EQ((*result)->n_children, 3);
  EXPECT_EQ((*result)->length, 6);
  const OwnedSchema schema = columnar::MakeSchema({{.name = "small", .format = "b"},
                                                   {.name = "named", .format = "b"},
                                                   {.name = "both", .format = "b"}});
  const auto view = columnar::BatchView::Open(*schema, **result);
  ASSERT_TRUE(view) << view.error().ToString();
  EXPECT_TRUE(view->column(0).Bool(2));
  EXPECT_FALSE(view->column(0).Bool(3));
  // The name of row 4 is null: neither true nor false.
  EXPECT_TRUE(view->column(1).IsNull(4));
  EXPECT_FALSE(view->column(1).IsNull(3));
}

TEST_F(Predicates, LeavesTheBatchToTheCaller) {
  const auto predicate = Compile({{"small", "id < 3"}});
  ASSERT_TRUE(predicate);
  const OwnedArray batch = IdNameBatch(0, 6);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(predicate->Evaluate(*batch));
  EXPECT_FALSE(batch.empty());
}

TEST_F(Predicates, RefusesWhatIsNoCondition) {
  const std::pair<const char*, ErrorKind> cases[] = {
      {"id <", ErrorKind::kInvalidSql},
      {"missing > 1", ErrorKind::kNotFound},
      {"id + 1", ErrorKind::kSchemaMismatch},
      {"no_such_function(id)", ErrorKind::kInvalidSql},
      {"id IN (SELECT 1)", ErrorKind::kUnsupported},
  };
  for (const auto& [expression, kind] : cases) {
    const auto predicate = Compile({{"broken", expression}});
    ASSERT_FALSE(predicate) << expression;
    EXPECT_EQ(predicate.error().kind(), kind) << predicate.error().ToString();
    EXPECT_NE(predicate.error().message().find("broken"), std::string::npos)
        << predicate.error().ToString();
  }
}

}  // namespace
}  // namespace lakegate::engine
