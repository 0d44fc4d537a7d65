#include "isolation/file_rules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/try.h"
#include "isolation/descriptor.h"

namespace lakegate::isolation {
namespace {

// Newer than the headers may be.
constexpr std::uint64_t kRefer = 1ULL << 13;
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;

constexpr std::uint64_t kReadRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kFirstRights =
    kReadRights | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
// Of these, those that a file has; the rest are of folders.
constexpr std::uint64_t kFileRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                      LANDLOCK_ACCESS_FS_EXECUTE | kTruncate | kIoctlDevice;

Error Refused(std::string_view what) {
  return Error(ErrorKind::kInternal,
               fmt::format("Landlock refuses {}: {}", what, std::strerror(errno)));
}

// What the kernel's version knows, and may therefore deny.
std::uint64_t RightsOf(long version) {
  std::uint64_t rights = kFirstRights;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kIoctlDevice;
  return rights;
}

Status Allow(const Descriptor& rules, const std::string& path, std::uint64_t rights) {
  const Descriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (place.get() < 0) return {};
  struct stat found;
  if (::fstat(place.get(), &found) != 0) return Refused(path);
  landlock_path_beneath_attr rule = {
      .allowed_access = S_ISDIR(found.st_mode) ? rights : rights & kFileRights,
      .parent_fd = place.get()};
  if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return Refused(path);
  }
  return {};
}

}  // namespace

Result<bool> RestrictFiles(const std::vector<std::string>& readable,
                           const std::vector<std::string>& writable) {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  const std::uint64_t all = RightsOf(version);
  landlock_ruleset_attr attributes = {};
  attributes.handled_access_fs = all;
  const Descriptor rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
  if (rules.get() < 0) return Refused("a set of rules");
  for (const std::string& path : readable) LG_RETURN_IF_ERROR(Allow(rules, path, kReadRights));
  for (const std::string& path : writable) {
    LG_RETURN_IF_ERROR(Allow(rules, path, all & ~std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE}));
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) return Refused("the rules");
  return true;
}

}  // namespace lakegate::isolation
