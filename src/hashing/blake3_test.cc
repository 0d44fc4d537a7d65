#include "hashing/blake3.h"

#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "hashing/blake3_lanes.h"

namespace lakegate::hashing {
namespace {

// The input of the published vectors: bytes 0..250 over and over.
std::vector<std::uint8_t> PublishedInput(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  return bytes;
}

TEST(Blake3, AgreesWithTheReferenceVectors) {
  std::ifstream file(LAKEGATE_HASHING_TESTDATA "/blake3_vectors.txt");
  std::string line;
  int compared = 0;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::size_t size = 0;
    std::string expected;
    ASSERT_TRUE(fields >> size >> expected);
    EXPECT_EQ(Blake3Of(PublishedInput(size)).ToHex(), expected) << size;
    ++compared;
  }
  EXPECT_EQ(compared, 43);
}

TEST(Blake3, DoesNotDependOnHowTheInputIsCut) {
  constexpr std::uint64_t kSeed = 20261123;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    const std::vector<std::uint8_t> bytes = PublishedInput(random() % 70'000);
    Blake3 hasher;
    std::span<const std::uint8_t> rest(bytes);
    while (!rest.empty()) {
      const std::size_t largest = round % 2 == 0 ? 100 : 20'000;
      const std::size_t take = std::min<std::size_t>(random() % largest, rest.size());
      hasher.Update(rest.first(take));
      rest = rest.subspan(take);
    }
    ASSERT_EQ(hasher.Finish(), Blake3Of(bytes)) << "seed " << kSeed << " round " << round;
  }
}

TEST(Blake3, FinishesMoreThanOnce) {
  Blake3 hasher;
  hasher.Update("abc");
  EXPECT_EQ(hasher.Finish(), hasher.Finish());
  EXPECT_EQ(hasher.Finish(), Blake3Of("abc"));
  hasher.Update("def");
  EXPECT_EQ(hasher.Finish(), Blake3Of("abcdef"));
  hasher.Reset();
  EXPECT_EQ(hasher.Finish(), Blake3Of(""));
}

TEST(Blake3, LanesAgreeWithOneChunkAtATimeForEveryCount) {
  const std::vector<std::uint8_t> bytes = PublishedInput(16 * 1024);
  // Close to 2^32, so that the upper half of the counter takes part.
  constexpr std::uint64_t kFirst = 0xffff'fffa;
  std::array<std::array<std::uint32_t, 8>, 16> single;
  for (std::size_t i = 0; i < 16; ++i) {
    blake3::HashChunks(bytes.data() + i * 1024, 1, kFirst + i, &single[i]);
  }
  for (std::size_t count = 1; count <= 16; ++count) {
    std::array<std::array<std::uint32_t, 8>, 16> together{};
    blake3::HashChunks(bytes.data(), count, kFirst, together.data());
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(together[i], single[i]) << count;
  }
}

TEST(Digest, ReadsBackAndRefusesTheRest) {
  const Digest digest = Blake3Of("x");
  EXPECT_EQ(ParseDigest(digest.ToHex()).value(), digest);
  std::string upper = digest.ToHex();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(ParseDigest(upper).value(), digest);
  for (const std::string& text : {std::string(), digest.ToHex() + "0", digest.ToHex().substr(1),
                                  std::string(64, 'g'), std::string(64, ' ')}) {
    const auto parsed = ParseDigest(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kInvalidArgument);
  }
}

}  // namespace
}  // namespace lakegate::hashing
