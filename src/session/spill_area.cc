#include "session/spill_area.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/try.h"

namespace lakegate::session {
namespace {

constexpr std::string_view kPrefix = "lakegate-spill-";
constexpr std::string_view kLockFile = "owner.lock";

std::string LockPath(const std::string& directory) {
  return fmt::format("{}/{}", directory, kLockFile);
}

// Making an area takes moments; one that is old was given up.
bool IsOld(const std::string& directory) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(directory, error);
  return !error &&
         std::filesystem::file_time_type::clock::now() - written > std::chrono::minutes(10);
}

// Whether the area's owner is gone. Without a lock file, or with an empty one, the area is
// being made.
bool IsAbandoned(const std::string& directory) {
  const int lock = open(LockPath(directory).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) return IsOld(directory);
  struct stat status {};
  const bool abandoned = flock(lock, LOCK_EX | LOCK_NB) == 0 && fstat(lock, &status) == 0 &&
                         (status.st_size > 0 || IsOld(directory));
  close(lock);
  return abandoned;
}

bool IsOurs(const std::string& directory) {
  struct stat status {};
  return lstat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == geteuid();
}

}  // namespace

void RemoveLeftovers(const std::string& parent) {
  auto names = base::ListDirectory(parent);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string directory = fmt::format("{}/{}", parent, name);
    std::error_code ignored;
    if (IsOurs(directory) && IsAbandoned(directory)) {
      std::filesystem::remove_all(directory, ignored);
    }
  }
}

Result<std::shared_ptr<SpillArea>> SpillArea::Open(const std::string& parent,
                                                   std::int64_t limit_bytes,
                                                   base::RandomSource& random) {
  std::error_code error;
  std::string root = parent;
  if (root.empty()) root = std::filesystem::temp_directory_path(error).string();
  if (error) return base::FileError("find", "the temporary directory", error.value());
  LG_RETURN_IF_ERROR(base::EnsureDirectory(root).transform_error([](const Error& failure) {
    return failure.WithContext("The spill directory cannot be used (setting spill_directory)");
  }));
  RemoveLeftovers(root);
  LG_ASSIGN_OR_RETURN(root, base::CanonicalPath(root));
  const std::string path =
      fmt::format("{}/{}{}", root, kPrefix, base::MakeUuidV4(random).ToString());
  if (mkdir(path.c_str(), 0700) != 0) {
    return base::FileError("create", path, errno)
        .WithContext("The spill directory cannot be used (setting spill_directory)");
  }
  const int lock =
      open(LockPath(path).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  // Blocking: a process that cleans up holds the lock for a moment to look at the file.
  if (lock < 0 || flock(lock, LOCK_EX) != 0 || write(lock, "held", 4) != 4) {
    const int reason = errno;
    if (lock >= 0) close(lock);
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
    return base::FileError("lock", LockPath(path), reason);
  }
  return std::shared_ptr<SpillArea>(new SpillArea(path, limit_bytes, lock));
}

SpillArea::~SpillArea() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  close(lock_);
}

Status SpillArea::Take(std::int64_t bytes) {
  const std::int64_t used = used_bytes_.fetch_add(bytes) + bytes;
  if (used <= limit_bytes_) return {};
  used_bytes_ -= bytes;
  return Error(ErrorKind::kResourceLimit,
               fmt::format("The limit of temporary files is reached: {} bytes beside {} in use, of "
                           "{}; raise the setting execution.spill_limit, or the memory limits.",
                           bytes, used - bytes, limit_bytes_));
}

std::string SpillArea::NewFile(std::string_view stem, std::string_view ending) {
  return fmt::format("{}/{}-{}{}", path_, stem, ++files_, ending);
}

std::shared_ptr<const engine::Engine> KeepSpillArea(std::shared_ptr<engine::Engine> engine,
                                                    std::shared_ptr<SpillArea> area) {
  // The engine goes first: members are destroyed last to first.
  struct Kept {
    std::shared_ptr<SpillArea> area;
    std::shared_ptr<engine::Engine> engine;
  };
  auto kept = std::make_shared<Kept>(Kept{std::move(area), std::move(engine)});
  return std::shared_ptr<const engine::Engine>(kept, kept->engine.get());
}

}  // namespace lakegate::session
