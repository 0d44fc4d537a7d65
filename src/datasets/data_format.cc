#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "lakegate/dataset.h"

namespace lakegate {
namespace {

struct FormatRow {
  DataFormat format;
  std::string_view name;
  std::vector<std::string_view> also;
  std::vector<std::string_view> endings;
};

const std::vector<FormatRow>& Formats() {
  static const std::vector<FormatRow> kFormats = {
      {DataFormat::kDelta, "delta", {}, {}},
      {DataFormat::kParquet, "parquet", {}, {".parquet"}},
      {DataFormat::kCsv, "csv", {}, {".csv", ".tsv"}},
      {DataFormat::kNdjson, "ndjson", {"jsonl"}, {".ndjson", ".jsonl"}},
      {DataFormat::kArrow, "arrow", {"ipc", "feather"}, {".arrow", ".ipc", ".feather"}},
  };
  return kFormats;
}

std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const FormatRow& row : Formats()) names.emplace_back(row.name);
  return names;
}

bool Contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string_view DataFormatName(DataFormat format) {
  for (const FormatRow& row : Formats()) {
    if (row.format == format) return row.name;
  }
  return "";
}

Result<DataFormat> DataFormatFromText(std::string_view text) {
  const std::string word = base::ToLowerAscii(text);
  for (const FormatRow& row : Formats()) {
    if (row.name == word || Contains(row.also, word)) return row.format;
  }
  const std::vector<std::string> names = FormatNames();
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("There is no data format of that name: '{}'.{} Formats: {}.", text,
                           base::DidYouMean(text, names), base::ListNames(names)));
}

Result<DataFormat> DataFormatFromPath(std::string_view path) {
  std::string_view name = path.substr(path.find_last_of('/') + 1);
  // A compressed file says what is inside before it says how it is packed.
  for (const std::string_view packed : {".gz", ".bz2", ".xz", ".zst"}) {
    if (base::ToLowerAscii(name).ends_with(packed)) {
      name.remove_suffix(packed.size());
      break;
    }
  }
  const std::string folded = base::ToLowerAscii(name);
  for (const FormatRow& row : Formats()) {
    for (const std::string_view ending : row.endings) {
      if (folded.size() > ending.size() && folded.ends_with(ending)) return row.format;
    }
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The ending of a path does not say its format: '{}'. Name the format: "
                           "{}.",
                           path, base::ListNames(FormatNames())));
}

}  // namespace lakegate
