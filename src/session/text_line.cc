#include "session/text_line.h"

#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/text.h"
#include "session/location.h"

namespace lakegate::session {
namespace {

struct BadLine {
  std::string path;
  std::int64_t line = 0;
  std::string what;
};

std::optional<BadLine> FindBadJson(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  for (std::int64_t line = 1; std::getline(file, text); ++line) {
    const std::string_view content = base::TrimAscii(text);
    if (content.empty()) continue;
    if (content.front() == '{' && nlohmann::json::accept(content.begin(), content.end())) continue;
    return BadLine{.path = path,
                   .line = line,
                   .what = file.eof() ? "the last line is cut off or no JSON object"
                                      : "the line is no JSON object"};
  }
  return std::nullopt;
}

// Counts fields record by record; quoted fields may hold line breaks.
class CsvFieldCounter {
 public:
  CsvFieldCounter(char delimiter, char quote) : delimiter_(delimiter), quote_(quote) {}

  // True when the line ends a record.
  bool Feed(std::string_view line) {
    if (!quoted_) {
      fields_ = 1;
      empty_ = line.empty();
    }
    for (const char c : line) {
      if (c == quote_) quoted_ = !quoted_;
      if (c == delimiter_ && !quoted_) ++fields_;
    }
    return !quoted_;
  }
  std::int64_t fields() const { return fields_; }
  bool empty() const { return empty_; }
  bool quoted() const { return quoted_; }

 private:
  char delimiter_;
  char quote_;
  bool quoted_ = false;
  bool empty_ = false;
  std::int64_t fields_ = 0;
};

char OptionOf(const DatasetLocation& source, const std::string& name, char otherwise) {
  const auto found = source.options.find(name);
  return found == source.options.end() || found->second.empty() ? otherwise : found->second.front();
}

std::optional<BadLine> FindBadCsv(const std::string& path, const DatasetLocation& source) {
  std::ifstream file(path, std::ios::binary);
  CsvFieldCounter counter(OptionOf(source, "delimiter", ','), OptionOf(source, "quote", '"'));
  std::string text;
  std::int64_t first_fields = 0;
  std::int64_t record_line = 0;
  for (std::int64_t line = 1; std::getline(file, text); ++line) {
    if (!text.empty() && text.back() == '\r') text.pop_back();
    if (!counter.quoted()) record_line = line;
    if (!counter.Feed(text) || counter.empty()) continue;
    if (first_fields == 0) first_fields = counter.fields();
    if (counter.fields() == first_fields) continue;
    return BadLine{.path = path,
                   .line = record_line,
                   .what = fmt::format("the record has {} fields where the first has {}",
                                       counter.fields(), first_fields)};
  }
  if (!counter.quoted()) return std::nullopt;
  return BadLine{.path = path, .line = record_line, .what = "a quoted field never ends"};
}

std::optional<BadLine> FindBadLine(const DatasetLocation& source) {
  auto files = DataFilesOf(source);
  if (!files) return std::nullopt;
  for (const std::string& file : *files) {
    auto bad = *source.format == DataFormat::kNdjson ? FindBadJson(file)
               : *source.format == DataFormat::kCsv  ? FindBadCsv(file, source)
                                                     : std::nullopt;
    if (bad) return bad;
  }
  return std::nullopt;
}

class LineNamingStream final : public RecordStream {
 public:
  LineNamingStream(ArrowStream rows, std::vector<DatasetLocation> sources)
      : rows_(std::move(rows)), sources_(std::move(sources)) {}

  const ArrowSchema& schema() const override { return rows_->schema(); }

  Result<std::optional<OwnedArray>> Next() override {
    if (failure_) return *failure_;
    auto batch = rows_->Next();
    if (batch) return batch;
    failure_ = NameLine(batch.error(), sources_);
    return *failure_;
  }

 private:
  ArrowStream rows_;
  std::vector<DatasetLocation> sources_;
  std::optional<Error> failure_;
};

}  // namespace

Error NameLine(const Error& error, const std::vector<DatasetLocation>& sources) {
  if (error.kind() != ErrorKind::kCorruptData) return error;
  const auto* position = std::get_if<FilePosition>(&error.detail());
  if (position != nullptr && position->line > 0) return error;
  for (const DatasetLocation& source : sources) {
    const auto bad = FindBadLine(source);
    if (!bad) continue;
    return Error(ErrorKind::kCorruptData,
                 fmt::format("The file cannot be read: {}:{}: {}. ({})", bad->path, bad->line,
                             bad->what, error.message()),
                 FilePosition{.path = bad->path, .line = bad->line});
  }
  return error;
}

ArrowStream NameLines(ArrowStream rows, std::vector<DatasetLocation> sources) {
  if (sources.empty()) return rows;
  return std::make_unique<LineNamingStream>(std::move(rows), std::move(sources));
}

}  // namespace lakegate::session
