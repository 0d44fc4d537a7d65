// One run of a job: lock, sequence, record, then step by step through a session.
#ifndef LAKEGATE_JOB_RUN_JOB_H_
#define LAKEGATE_JOB_RUN_JOB_H_

#include <string>
#include <vector>

#include "job/job_file.h"
#include "lakegate/job.h"
#include "lakegate/profile.h"

namespace lakegate::job {

// `text` is the job as it will run, overrides included: what makes two runs the same work.
Result<JobReport> RunJob(const JobFile& file, const std::string& text, const Profile& profile,
                         const JobObserver& observer, const CancelToken& cancel);

// For each step the names of kernel steps whose rows nobody reads after it.
std::vector<std::vector<std::string>> ReleasedAfter(const JobFile& file);

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_RUN_JOB_H_
