// Which files a run read, as one digest.
#ifndef LAKEGATE_JOB_INPUT_DIGEST_H_
#define LAKEGATE_JOB_INPUT_DIGEST_H_

#include <string>

namespace lakegate::job {

// BLAKE3-256, as 64 hexadecimal digits, over the paths (relative to `location`), sizes and
// modification times of the files at `location`: a file, or a folder with all below it but what
// begins with "." or "_". Equal digests: the same files, unchanged; their content is not read.
// "" where they cannot be listed.
std::string DigestOfInput(const std::string& location);

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_INPUT_DIGEST_H_
