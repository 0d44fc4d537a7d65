// Temporary files of writes that were killed: named here, and swept by the next write.
#ifndef LAKEGATE_WRITE_ABANDONED_FILES_H_
#define LAKEGATE_WRITE_ABANDONED_FILES_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/uuid.h"

namespace lakegate::write {

// A hidden name beside `target` that no other write has.
std::string TemporaryBeside(const std::filesystem::path& target, base::RandomSource& random);

// Removes the temporary files of `target` that nobody has written to for `age_ms`; 0 removes
// none. A write that lives changes its file as it goes, so its file is never that old. What
// cannot be removed stays: it is in nobody's way.
void SweepAbandoned(const std::filesystem::path& target, std::int64_t age_ms);

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_ABANDONED_FILES_H_
