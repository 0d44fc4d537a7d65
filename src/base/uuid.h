// Identifiers of runs, writes and temporary files: UUIDs of RFC 9562, versions 4 and 7.
//
// Randomness and time are injected, so a test can ask for known ids. Errors:
// kInvalidArgument from `ParseUuid` alone. Threads: values; a `RandomSource` says for
// itself whether it may be shared.
#ifndef LAKEGATE_BASE_UUID_H_
#define LAKEGATE_BASE_UUID_H_

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "lakegate/result.h"

namespace lakegate::base {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void Fill(std::span<std::uint8_t> out) = 0;
};

// The kernel's generator. May be shared between threads.
class SystemRandom final : public RandomSource {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

// A repeatable sequence, for tests and replays; one thread at a time.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void Fill(std::span<std::uint8_t> out) override;

 private:
  std::mt19937_64 engine_;
};

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  // 36 characters, lower case: "01890a5d-ac96-774b-bcce-b302099a8057".
  std::string ToString() const;

  int version() const { return bytes[6] >> 4; }
  auto operator<=>(const Uuid&) const = default;
};

// Time-ordered by millisecond; two ids of one millisecond have no order.
Uuid MakeUuidV7(const Clock& clock, RandomSource& random);

// 122 random bits.
Uuid MakeUuidV4(RandomSource& random);

// Accepts the 36-character form in either case, any version.
Result<Uuid> ParseUuid(std::string_view text);

// The milliseconds since 1970 that a version 7 id carries; meaningless for others.
std::int64_t WallTimeMsOf(const Uuid& version7);

}  // namespace lakegate::base

#endif  // LAKEGATE_BASE_UUID_H_
