#include "control/missing_files.h"

#include "base/file.h"
#include "base/try.h"

namespace lakegate::control {

Result<std::vector<delta::AddFile>> MissingFiles(const std::string& table,
                                                 const std::vector<delta::AddFile>& files) {
  std::vector<delta::AddFile> missing;
  for (const auto& file : files) {
    if (file.path.starts_with('/') || file.path.find("://") != std::string::npos) continue;
    LG_ASSIGN_OR_RETURN(const auto kind, base::KindOf(table + "/" + delta::DecodePath(file.path)));
    if (kind == base::PathKind::kMissing) missing.push_back(file);
  }
  return missing;
}

}  // namespace lakegate::control
