#include "base/uuid.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace lakegate::base {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool IsDashPosition(std::size_t index) {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void StampVersion(Uuid& uuid, int version) {
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | (version << 4));
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
}

}  // namespace

void SystemRandom::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t filled = getrandom(out.data(), out.size(), 0);
    if (filled < 0) {
      if (errno == EINTR) continue;
      // Ids that might repeat are worse than no process: every later promise rests on them.
      std::fputs("lakegate: the kernel gives no random bytes\n", stderr);
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(filled));
  }
}

void SeededRandom::Fill(std::span<std::uint8_t> out) {
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(engine_() >> 56);
}

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(36);
  for (const std::uint8_t byte : bytes) {
    if (IsDashPosition(text.size())) text.push_back('-');
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 0x0f]);
  }
  return text;
}

Uuid MakeUuidV7(const Clock& clock, RandomSource& random) {
  Uuid uuid;
  random.Fill(uuid.bytes);
  const auto wall_time_ms = static_cast<std::uint64_t>(clock.WallTimeMs());
  for (std::size_t i = 0; i < 6; ++i) {
    uuid.bytes[i] = static_cast<std::uint8_t>(wall_time_ms >> (40 - 8 * i));
  }
  StampVersion(uuid, 7);
  return uuid;
}

Uuid MakeUuidV4(RandomSource& random) {
  Uuid uuid;
  random.Fill(uuid.bytes);
  StampVersion(uuid, 4);
  return uuid;
}

Result<Uuid> ParseUuid(std::string_view text) {
  const Error refusal(ErrorKind::kInvalidArgument,
                      fmt::format("This is no UUID of 36 characters: '{}'.", text));
  if (text.size() != 36) return refusal;
  Uuid uuid;
  std::size_t digit = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsDashPosition(i)) {
      if (text[i] != '-') return refusal;
      continue;
    }
    const int value = HexValue(text[i]);
    if (value < 0) return refusal;
    std::uint8_t& byte = uuid.bytes[digit / 2];
    byte = static_cast<std::uint8_t>(digit % 2 == 0 ? value << 4 : byte | value);
    ++digit;
  }
  return uuid;
}

std::int64_t WallTimeMsOf(const Uuid& version7) {
  std::int64_t wall_time_ms = 0;
  for (std::size_t i = 0; i < 6; ++i) wall_time_ms = (wall_time_ms << 8) | version7.bytes[i];
  return wall_time_ms;
}

}  // namespace lakegate::base
