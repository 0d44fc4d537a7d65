#include "datasets/key_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

namespace lakegate::datasets {
namespace {

TEST(KeySet, AgreesWithASetOfTheSameKeys) {
  constexpr std::uint64_t kSeed = 20261123;
  std::mt19937_64 random(kSeed);
  KeySet keys(0);
  std::set<std::pair<std::uint64_t, std::uint64_t>> expected;
  for (int i = 0; i < 3'000; ++i) {
    // Few low halves: long probe runs.
    const hashing::Id128 key{random() % 60, random() % 40};
    const bool fresh = expected.emplace(key.high, key.low).second;
    ASSERT_EQ(*keys.Insert(key), fresh) << "seed " << kSeed << " step " << i;
  }
  EXPECT_EQ(keys.size(), static_cast<std::int64_t>(expected.size()));
}

TEST(KeySet, TheZeroIdIsAKeyLikeAnyOther) {
  KeySet keys(0);
  EXPECT_TRUE(*keys.Insert({0, 0}));
  EXPECT_FALSE(*keys.Insert({0, 0}));
  EXPECT_TRUE(*keys.Insert({0, 1}));
  EXPECT_EQ(keys.size(), 2);
}

TEST(KeySet, StopsAtItsLimit) {
  KeySet keys(64 * 1024);
  std::uint64_t inserted = 0;
  while (true) {
    const auto fresh = keys.Insert({1, inserted + 1});
    if (!fresh) {
      EXPECT_EQ(fresh.error().kind(), ErrorKind::kResourceLimit);
      EXPECT_NE(fresh.error().message().find("execution.memory_limit"), std::string::npos);
      break;
    }
    ASSERT_LT(++inserted, 10'000u);
  }
  EXPECT_GT(inserted, 1'000u);
  // What is in it is still known.
  EXPECT_FALSE(KeySet(1).Insert({1, 1}).has_value());
}

}  // namespace
}  // namespace lakegate::datasets
