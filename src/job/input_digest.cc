#include "job/input_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "hashing/blake3.h"

namespace lakegate::job {
namespace {

namespace fs = std::filesystem;

bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.empty() && (name.front() == '.' || name.front() == '_');
}

// "" when the file is gone.
std::string LineOf(const fs::path& file, const fs::path& location) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  if (failed) return {};
  const auto changed = fs::last_write_time(file, failed).time_since_epoch().count();
  if (failed) return {};
  // The length in front keeps a name with a line feed from being read as two lines.
  const std::string name = file.lexically_relative(location).generic_string();
  return fmt::format("{} {} {} {}\n", name.size(), name, size, changed);
}

std::vector<std::string> LinesBelow(const fs::path& location, std::error_code* failed) {
  std::vector<std::string> lines;
  for (fs::recursive_directory_iterator at(location, *failed), end; !*failed && at != end;
       at.increment(*failed)) {
    if (IsHidden(at->path())) {
      at.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    if (at->is_regular_file(ignored)) lines.push_back(LineOf(at->path(), location));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::string DigestOfInput(const std::string& location) {
  std::error_code failed;
  std::vector<std::string> lines;
  if (fs::is_directory(location, failed)) {
    lines = LinesBelow(location, &failed);
  } else if (!failed) {
    lines = {LineOf(location, location)};
  }
  if (failed || lines.empty() || lines.front().empty()) return {};
  hashing::Blake3 digest;
  for (const std::string& line : lines) digest.Update(line);
  return digest.Finish().ToHex();
}

}  // namespace lakegate::job
