// Folders made for a write, taken back unless the write came to its end.
#ifndef LAKEGATE_WRITE_NEW_FOLDERS_H_
#define LAKEGATE_WRITE_NEW_FOLDERS_H_

#include <string>
#include <vector>

#include "base/file.h"
#include "lakegate/result.h"

namespace lakegate::write {

class NewFolders {
 public:
  NewFolders() = default;
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;
  // Removes what it made, deepest first, as far as it is empty.
  ~NewFolders();

  // Makes the folder and its parents. kIo with the path.
  Status Make(const std::string& folder, base::Durability durability);
  // A folder that somebody else makes inside one of ours.
  void AlsoRemove(std::string folder) { made_.insert(made_.begin(), std::move(folder)); }
  void Keep() { kept_ = true; }

 private:
  std::vector<std::string> made_;
  bool kept_ = false;
};

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_NEW_FOLDERS_H_
