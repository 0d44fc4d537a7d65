#include "isolation/frames.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "base/try.h"

namespace lakegate::isolation {
namespace {

using Length = std::array<unsigned char, 4>;

Error Gone() { return Error(ErrorKind::kUnavailable, "The process on the other side has gone."); }

Status SendAll(int socket, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return Gone();
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return {};
}

// Gives how many came before the end.
std::size_t ReceiveAll(int socket, void* data, std::size_t size) {
  auto* bytes = static_cast<char*>(data);
  std::size_t came = 0;
  while (came < size) {
    const ssize_t count = ::recv(socket, bytes + came, size - came, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    came += static_cast<std::size_t>(count);
  }
  return came;
}

}  // namespace

Status SendFrame(int socket, std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error(ErrorKind::kInvalidArgument, "A message to a worker is longer than 4 GiB.");
  }
  const auto size = static_cast<std::uint32_t>(text.size());
  const Length length = {static_cast<unsigned char>(size), static_cast<unsigned char>(size >> 8),
                         static_cast<unsigned char>(size >> 16),
                         static_cast<unsigned char>(size >> 24)};
  LG_RETURN_IF_ERROR(SendAll(socket, length.data(), length.size()));
  return SendAll(socket, text.data(), text.size());
}

Result<std::optional<std::string>> ReceiveFrame(int socket, std::int64_t most_bytes) {
  Length length;
  const std::size_t came = ReceiveAll(socket, length.data(), length.size());
  if (came == 0) return std::optional<std::string>();
  if (came < length.size()) return Gone();
  const std::uint32_t size = std::uint32_t{length[0]} | (std::uint32_t{length[1]} << 8) |
                             (std::uint32_t{length[2]} << 16) | (std::uint32_t{length[3]} << 24);
  if (std::int64_t{size} > most_bytes) {
    return Error(ErrorKind::kCorruptData,
                 fmt::format("A message between processes says that it takes {} bytes, more than "
                             "the {} there may be.",
                             size, most_bytes));
  }
  // As it comes, so that a length alone takes no memory.
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  std::string text;
  while (text.size() < size) {
    const std::size_t before = text.size();
    const std::size_t wanted = std::min(kPiece, size - before);
    text.resize(before + wanted);
    if (ReceiveAll(socket, text.data() + before, wanted) < wanted) return Gone();
  }
  return std::optional<std::string>(std::move(text));
}

}  // namespace lakegate::isolation
