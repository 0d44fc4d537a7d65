// Messages over a socket between a session and its worker: four bytes of length, little-endian,
// then a text.
//
// Threads: one sender and one receiver at a time. Calls block. The other side may be dead or
// hostile: what it says of a length is not believed beyond `most_bytes`.
#ifndef LAKEGATE_ISOLATION_FRAMES_H_
#define LAKEGATE_ISOLATION_FRAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lakegate/result.h"

namespace lakegate::isolation {

// kUnavailable when nobody is there any more, kInvalidArgument beyond 4 GiB.
Status SendFrame(int socket, std::string_view text);

// The next message; nothing when the other side has gone between two. kUnavailable in the middle
// of one, kCorruptData when it is longer than `most_bytes`.
Result<std::optional<std::string>> ReceiveFrame(int socket, std::int64_t most_bytes);

}  // namespace lakegate::isolation

#endif  // LAKEGATE_ISOLATION_FRAMES_H_
