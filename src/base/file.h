// Whole files and directories, with errors that name the path.
//
// Every failure is kNotFound (no such file or directory) or kIo (anything else) with the
// path, what was tried, and the system's own words; the detail is a FilePosition. Paths are
// UTF-8 text. Threads: no shared state; two writers of one path race as renames do, so a
// reader sees one of the two contents whole.
#ifndef LAKEGATE_BASE_FILE_H_
#define LAKEGATE_BASE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/result.h"

namespace lakegate::base {

// The error for `errno_value` after `action` ("open", "rename", ...) on `path`.
Error FileError(std::string_view action, std::string_view path, int errno_value);

// The whole file. kResourceLimit when it is larger than `limit_bytes`, before reading on;
// kIo for a directory.
Result<std::string> ReadFile(const std::string& path, std::int64_t limit_bytes);

enum class Durability : std::uint8_t {
  kSync,   // content, then rename, then the directory reach the disk before the return
  kCached  // the rename is atomic for readers, but a power cut may undo it
};

// Replaces `path` by `content`: a temporary file beside it, renamed over it. A failure
// leaves the old file, and no temporary one.
Status WriteFileAtomically(const std::string& path, std::string_view content,
                           Durability durability = Durability::kSync);

// Makes a file's content, or a directory's entries, survive a power cut.
Status SyncFile(const std::string& path);
Status SyncDirectory(const std::string& path);

// Creates the directory and its parents; fine when it exists already. With `kSync`, every
// new directory's entry is synced in its parent.
Status EnsureDirectory(const std::string& path, Durability durability = Durability::kCached);

enum class PathKind : std::uint8_t { kMissing, kFile, kDirectory, kOther };

// Follows links. kIo when the path cannot be looked at (no permission on a parent).
Result<PathKind> KindOf(const std::string& path);

// Names in the directory without "." and "..", sorted by bytes.
Result<std::vector<std::string>> ListDirectory(const std::string& path);

// Fine when it is not there.
Status RemoveFile(const std::string& path);

// Absolute, links resolved as far as the path exists, "." and ".." taken out of the rest: so
// that two spellings of one place compare equal, also before it has been created.
Result<std::string> CanonicalPath(const std::string& path);

// Whether `path` is `root` or lies under it; both canonical.
bool IsWithin(std::string_view path, std::string_view root);

}  // namespace lakegate::base

#endif  // LAKEGATE_BASE_FILE_H_
