#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/try.h"

namespace lakegate::base {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }
  // The close that may report a delayed write error.
  int Close() { return close(std::exchange(descriptor_, -1)); }

 private:
  int descriptor_;
};

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Status WriteAll(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FileError("write", path, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status SyncPath(const std::string& path, int flags) {
  Descriptor file(open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return FileError("open", path, errno);
  if (fsync(file.get()) != 0) return FileError("sync", path, errno);
  return {};
}

Status WriteTemporary(const std::string& temporary, std::string_view content,
                      Durability durability) {
  Descriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.get() < 0) return FileError("create", temporary, errno);
  LG_RETURN_IF_ERROR(WriteAll(file.get(), content, temporary));
  if (durability == Durability::kSync && fsync(file.get()) != 0) {
    return FileError("sync", temporary, errno);
  }
  if (file.Close() != 0) return FileError("close", temporary, errno);
  return {};
}

// Unique within the machine's life: two writers of one path never share a temporary file.
std::string TemporaryName(const std::string& path) {
  static std::atomic<std::uint64_t> counter{0};
  return fmt::format("{}.{}-{}.tmp", path, getpid(), counter.fetch_add(1));
}

}  // namespace

Error FileError(std::string_view action, std::string_view path, int errno_value) {
  const std::string reason = std::generic_category().message(errno_value);
  const bool missing = errno_value == ENOENT || errno_value == ENOTDIR;
  return Error(missing ? ErrorKind::kNotFound : ErrorKind::kIo,
               fmt::format("Could not {} the file or directory '{}': {}.", action, path, reason),
               FilePosition{std::string(path), 0});
}

Result<std::string> ReadFile(const std::string& path, std::int64_t limit_bytes) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return FileError("open", path, errno);
  struct stat status = {};
  if (fstat(file.get(), &status) != 0) return FileError("look at", path, errno);
  if (S_ISDIR(status.st_mode)) return FileError("read", path, EISDIR);

  constexpr std::size_t kStep = 1 << 16;
  std::string content;
  while (true) {
    const std::size_t size = content.size();
    const auto expected = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
    content.resize(size + std::max(kStep, std::min(expected, kStep * 16)));
    const ssize_t got = read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno != EINTR) return FileError("read", path, errno);
    content.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return content;
    if (content.size() > static_cast<std::size_t>(limit_bytes)) {
      return Error(ErrorKind::kResourceLimit,
                   fmt::format("The file is larger than {} bytes, the most that is read here: "
                               "'{}'.",
                               limit_bytes, path),
                   FilePosition{path, 0});
    }
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view content,
                           Durability durability) {
  const std::string temporary = TemporaryName(path);
  if (Status written = WriteTemporary(temporary, content, durability); !written) {
    unlink(temporary.c_str());
    return written;
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    unlink(temporary.c_str());
    return FileError("replace", path, reason);
  }
  return durability == Durability::kSync ? SyncDirectory(ParentOf(path)) : Status();
}

Status SyncFile(const std::string& path) { return SyncPath(path, 0); }

Status SyncDirectory(const std::string& path) { return SyncPath(path, O_DIRECTORY); }

Status EnsureDirectory(const std::string& path, Durability durability) {
  if (path.empty()) return FileError("create", path, ENOENT);
  LG_ASSIGN_OR_RETURN(const PathKind kind, KindOf(path));
  if (kind == PathKind::kDirectory) return {};
  if (kind != PathKind::kMissing) return FileError("create", path, EEXIST);
  const std::string parent = ParentOf(std::filesystem::path(path).has_filename()
                                          ? path
                                          : std::filesystem::path(path).parent_path().string());
  if (parent != path) LG_RETURN_IF_ERROR(EnsureDirectory(parent, durability));
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return FileError("create", path, errno);
  return durability == Durability::kSync ? SyncDirectory(parent) : Status();
}

Result<PathKind> KindOf(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return PathKind::kMissing;
    return FileError("look at", path, errno);
  }
  if (S_ISREG(status.st_mode)) return PathKind::kFile;
  return S_ISDIR(status.st_mode) ? PathKind::kDirectory : PathKind::kOther;
}

Result<std::vector<std::string>> ListDirectory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), closedir);
  if (!directory) return FileError("list", path, errno);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return FileError("list", path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return FileError("remove", path, errno);
  return {};
}

Result<std::string> CanonicalPath(const std::string& path) {
  if (path.empty()) return FileError("resolve", path, ENOENT);
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return FileError("resolve", path, error.value());
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(absolute, error);
  if (error) return FileError("resolve", path, error.value());
  std::string text = canonical.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

bool IsWithin(std::string_view path, std::string_view root) {
  if (root == "/") return path.starts_with('/');
  if (!path.starts_with(root)) return false;
  return path.size() == root.size() || path[root.size()] == '/';
}

}  // namespace lakegate::base
