// The number of a job's run, kept in <run directory>/<job>.sequence: what makes a crashed run
// safe to run again.
//
// A run takes a number before its first write and marks it complete after its last. A number
// that was never marked is taken up again by the next run, if that is the same work: same job,
// same inputs. Its outputs then find the application transactions of those that landed, and
// write nothing twice. Changed work gets a new number. `lineage` is random, made with the file:
// a deleted file never makes a new run look like an old one. Called under the run's lock.
#ifndef LAKEGATE_JOB_RUN_SEQUENCE_H_
#define LAKEGATE_JOB_RUN_SEQUENCE_H_

#include <cstdint>
#include <string>

#include "base/uuid.h"
#include "job/job_file.h"
#include "lakegate/result.h"

namespace lakegate::job {

struct RunSequence {
  std::string path;
  std::int64_t number = 0;
  std::string lineage;
  std::string work;  // digest of the job and of what lies at its inputs
  bool resumed = false;
};

// kIo, kCorruptData (the file is not ours).
Result<RunSequence> TakeSequence(const std::string& run_directory, const JobFile& file,
                                 const std::string& job_text, base::RandomSource& random);
Status CompleteSequence(const RunSequence& sequence);

// The transaction of one output in this run.
AppTransaction TransactionOf(const RunSequence& sequence, const JobFile& file,
                             const std::string& output);

// Digest of the job's text and of names, sizes and times of the files at its inputs. Inputs that
// are also outputs do not count: the run itself changes them.
Result<std::string> WorkDigest(const JobFile& file, const std::string& job_text);

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_RUN_SEQUENCE_H_
