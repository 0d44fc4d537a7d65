#include "write/abandoned_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>

namespace lakegate::write {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".lakegate-tmp";
constexpr std::size_t kUuidLength = 36;

std::string PrefixOf(const fs::path& target) {
  return fmt::format(".{}.", target.filename().string());
}

// ".<target>.<uuid>.lakegate-tmp", and nothing that only looks like it.
bool IsTemporaryOf(std::string_view name, std::string_view prefix) {
  if (name.size() != prefix.size() + kUuidLength + kSuffix.size()) return false;
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return false;
  const std::string_view uuid = name.substr(prefix.size(), kUuidLength);
  return uuid.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

bool IsOlder(const fs::path& file, std::chrono::milliseconds age) {
  std::error_code failed;
  const auto changed = fs::last_write_time(file, failed);
  return !failed && fs::file_time_type::clock::now() - changed > age;
}

int OpenToLock(const std::string& file) { return ::open(file.c_str(), O_RDONLY | O_CLOEXEC); }

bool HasLiveWriter(const std::string& file) {
  const int descriptor = OpenToLock(file);
  if (descriptor < 0) return false;
  const bool locked = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return locked;
}

}  // namespace

LiveMark::LiveMark(const std::string& file) : descriptor_(OpenToLock(file)) {
  if (descriptor_ < 0) return;
  while (::flock(descriptor_, LOCK_SH) != 0 && errno == EINTR) {
  }
}

LiveMark::~LiveMark() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string TemporaryBeside(const fs::path& target, base::RandomSource& random) {
  const std::string name =
      fmt::format("{}{}{}", PrefixOf(target), base::MakeUuidV4(random).ToString(), kSuffix);
  return (target.parent_path() / name).string();
}

void SweepAbandoned(const fs::path& target, std::int64_t age_ms) {
  if (age_ms == 0) return;
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const std::string prefix = PrefixOf(target);
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    const bool abandoned = IsTemporaryOf(at->path().filename().string(), prefix) &&
                           at->is_regular_file(ignored) &&
                           IsOlder(at->path(), std::chrono::milliseconds(age_ms)) &&
                           !HasLiveWriter(at->path().string());
    if (abandoned) fs::remove(at->path(), ignored);
  }
}

}  // namespace lakegate::write
