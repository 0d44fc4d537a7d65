// Where rows lie, and what must hold of them.
//
// Plain values: filled by the caller, checked by `Validate`, compared by what they say.
// Nothing here opens a file.
#ifndef LAKEGATE_DATASET_H_
#define LAKEGATE_DATASET_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

// Numbers are stable: they are part of every dataset's identity.
enum class DataFormat { kDelta = 0, kParquet = 1, kCsv = 2, kNdjson = 3, kArrow = 4 };

LAKEGATE_EXPORT std::string_view DataFormatName(DataFormat format);
// kInvalidArgument listing the formats there are; "ndjson" and "jsonl", "arrow" and "ipc" are one.
LAKEGATE_EXPORT Result<DataFormat> DataFormatFromText(std::string_view text);
// From the ending of a path (.parquet, .csv, .tsv, .ndjson, .jsonl, .arrow, .ipc, .feather).
// A path without a known ending is kInvalidArgument: the caller, who may look at the disk,
// decides whether it is a Delta table.
LAKEGATE_EXPORT Result<DataFormat> DataFormatFromPath(std::string_view path);

// One dataset at rest. `path` is a local file, a folder of files, or the root of a Delta table;
// relative paths are the caller's to resolve.
struct LAKEGATE_EXPORT DatasetLocation {
  std::string path;
  // Inferred when absent: from the ending, or from a `_delta_log` folder.
  std::optional<DataFormat> format;
  // Hive-style folders (`name=value/`) that are columns; Delta tables know their own.
  std::vector<std::string> partition_columns;
  // Delta only, at most one of the two: a version, or a moment in milliseconds since the epoch.
  std::optional<std::int64_t> version;
  std::optional<std::int64_t> timestamp_ms;
  // Format options by name (csv: delimiter, quote, header, null_regex, ...); unknown ones are
  // refused when the dataset is opened.
  std::map<std::string, std::string> options;

  Status Validate() const;
  bool operator==(const DatasetLocation&) const = default;
};

// A condition every row must meet: a SQL expression over the dataset's columns. NULL is a
// violation, as in Delta.
struct Check {
  std::string name;
  std::string expression;
  bool operator==(const Check&) const = default;
};

enum class OnViolation { kFail, kQuarantine };

// The contract of a dataset. Empty lists promise nothing.
struct LAKEGATE_EXPORT DatasetSpec {
  std::string name;
  DatasetLocation location;
  std::vector<std::string> key;
  std::vector<std::string> not_null;
  std::vector<Check> checks;
  // kFail: the first batch with a violation ends the read with kConstraintViolation.
  // kQuarantine: rows that break the contract leave the stream and become a dataset of errors.
  OnViolation on_violation = OnViolation::kFail;

  Status Validate() const;
  bool operator==(const DatasetSpec&) const = default;
};

}  // namespace lakegate

#endif  // LAKEGATE_DATASET_H_
