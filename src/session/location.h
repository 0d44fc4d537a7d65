// Where a dataset really lies: canonical, inside the allowed roots, of a known format.
//
// Looks at names and sizes on the disk; opens no data file. Errors: kNotFound (nothing there, a
// Delta path without a log, a folder without files of the format), kInvalidArgument (a folder
// where a file belongs and the other way round, a format that cannot be told), kCorruptData (an
// empty file), kIo, kSqlPolicyViolation (violation "path") outside `allowed_roots`.
#ifndef LAKEGATE_SESSION_LOCATION_H_
#define LAKEGATE_SESSION_LOCATION_H_

#include <optional>
#include <string>
#include <vector>

#include "lakegate/dataset.h"
#include "lakegate/profile.h"
#include "lakegate/result.h"

namespace lakegate::session {

// Of a dataset to be read.
Result<DatasetLocation> LocateSource(const DatasetLocation& location, const Profile& profile);

// A destination may be a name of the profile's datasets.
DatasetLocation BindDestination(const DatasetLocation& destination, const Profile& profile);

// Of a destination to be written; it need not exist.
Result<DatasetLocation> LocateDestination(const DatasetLocation& location, const Profile& profile);

// The data files of a source, sorted: the file itself, or every file below the folder that has
// an ending of the format. Not for Delta.
Result<std::vector<std::string>> DataFilesOf(const DatasetLocation& located);

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_LOCATION_H_
