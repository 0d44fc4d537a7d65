#include "write/new_folders.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace lakegate::write {

NewFolders::~NewFolders() {
  if (kept_) return;
  for (const auto& folder : made_) ::rmdir(folder.c_str());
}

Status NewFolders::Make(const std::string& folder, base::Durability durability) {
  std::error_code error;
  for (std::filesystem::path path(folder); !std::filesystem::exists(path, error);
       path = path.parent_path()) {
    if (path.empty() || path == path.root_path()) break;
    made_.push_back(path.string());
  }
  auto made = base::EnsureDirectory(folder, durability);
  if (made || made.error().kind() != ErrorKind::kNotFound) return made;
  // Nothing of the caller's is missing: the place does not let folders be made.
  return Error(ErrorKind::kIo, made.error().message(), made.error().detail());
}

}  // namespace lakegate::write
