// A directory of a test's own, gone with it.
#ifndef LAKEGATE_BASE_TEMPORARY_DIRECTORY_FOR_TEST_H_
#define LAKEGATE_BASE_TEMPORARY_DIRECTORY_FOR_TEST_H_

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace lakegate::base {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lakegate-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(pattern).string();
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace lakegate::base

#endif  // LAKEGATE_BASE_TEMPORARY_DIRECTORY_FOR_TEST_H_
