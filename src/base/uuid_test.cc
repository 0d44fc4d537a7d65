#include "base/uuid.h"

#include <set>

#include <gtest/gtest.h>

namespace lakegate::base {
namespace {

TEST(UuidV7, CarriesTheClocksTimeVersionAndVariant) {
  const ManualClock clock(1'645'557'742'000);
  SeededRandom random(1);
  const Uuid id = MakeUuidV7(clock, random);
  // The moment of RFC 9562's own example.
  EXPECT_TRUE(id.ToString().starts_with("017f22e2-79b0-7")) << id.ToString();
  EXPECT_EQ(id.version(), 7);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
  EXPECT_EQ(WallTimeMsOf(id), 1'645'557'742'000);
}

TEST(UuidV7, SortsByTime) {
  ManualClock clock(1000);
  SeededRandom random(2);
  Uuid last = MakeUuidV7(clock, random);
  for (int i = 0; i < 100; ++i) {
    clock.AdvanceMs(1 + i);
    const Uuid next = MakeUuidV7(clock, random);
    EXPECT_LT(last.ToString(), next.ToString());
    last = next;
  }
}

TEST(UuidV4, HasVersionAndVariantAndRepeatsWithItsSeed) {
  SeededRandom first(3);
  SeededRandom second(3);
  const Uuid id = MakeUuidV4(first);
  EXPECT_EQ(id.version(), 4);
  EXPECT_EQ(id.bytes[8] >> 6, 2);
  EXPECT_EQ(id, MakeUuidV4(second));
  EXPECT_NE(id, MakeUuidV4(first));
}

TEST(UuidV4, OfTheSystemDoesNotRepeat) {
  SystemRandom random;
  std::set<Uuid> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(MakeUuidV4(random)).second);
}

TEST(UuidText, ReadsBackInEitherCase) {
  SeededRandom random(4);
  for (int i = 0; i < 100; ++i) {
    const Uuid id = MakeUuidV4(random);
    EXPECT_EQ(ParseUuid(id.ToString()).value(), id);
  }
  EXPECT_EQ(ParseUuid("017F22E2-79B0-7CC3-98C4-DC0C0C07398F").value().ToString(),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(UuidText, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "x", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
        "../../../../../../../../etc/passwd.."}) {
    const Result<Uuid> parsed = ParseUuid(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalidArgument);
  }
}

TEST(ManualClock, MovesOnlyWhenAdvanced) {
  ManualClock clock(5);
  EXPECT_EQ(clock.WallTimeMs(), 5);
  EXPECT_EQ(clock.MonotonicNs(), 0);
  clock.AdvanceMs(7);
  EXPECT_EQ(clock.WallTimeMs(), 12);
  EXPECT_EQ(clock.MonotonicNs(), 7'000'000);
}

TEST(SystemClock, NeverRunsBackwards) {
  const SystemClock clock;
  std::int64_t last = clock.MonotonicNs();
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t now = clock.MonotonicNs();
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_GT(clock.WallTimeMs(), 1'700'000'000'000);
}

}  // namespace
}  // namespace lakegate::base
