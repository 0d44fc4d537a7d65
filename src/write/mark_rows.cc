#include "write/mark_rows.h"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "base/try.h"
#include "columnar/view.h"
#include "engine/delta_log.h"

namespace lakegate::write {

namespace {

// Reads every row of some files in the order of the scan, and gives those that are wanted to the
// bridge, file by file. That the rows are all there and in order is looked at: a mark in the wrong
// place would take another row.
class Marking {
 public:
  Marking(TableRows& rows, engine::DeltaMarks marks) : rows_(rows), marks_(std::move(marks)) {}

  Status Read(RecordStream& stream) {
    while (true) {
      LG_ASSIGN_OR_RETURN(const auto batch, stream.Next());
      if (!batch) return EndFile();
      LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(stream.schema(), **batch));
      for (std::int64_t row = 0; row < view.length(); ++row) {
        const auto& wanted = view.column(2);
        LG_RETURN_IF_ERROR(Take(view.column(0).Bytes(row), view.column(1).Int64(row),
                                !wanted.IsNull(row) && wanted.Bool(row)));
      }
    }
  }

  Result<std::string> Finish() && { return std::move(marks_).Finish(); }
  const std::map<std::string, const delta::AddFile*>& files() const { return marked_; }

 private:
  Error OutOfOrder() const {
    return Error(ErrorKind::kInternal,
                 "The rows of a file did not come as they lie in it, so that they cannot be "
                 "marked: " +
                     (file_ == nullptr ? url_ : file_->path));
  }

  Status Take(std::string_view url, std::int64_t number, bool wanted) {
    if (number != ++last_) return OutOfOrder();
    if (url != url_) {
      LG_RETURN_IF_ERROR(EndFile());
      LG_ASSIGN_OR_RETURN(file_, rows_.FileOf(url));
      url_ = url;
      seen_ = 0;
      if (!read_.insert(file_).second) return OutOfOrder();
    }
    if (wanted) places_.push_back(static_cast<std::uint64_t>(seen_));
    ++seen_;
    return {};
  }

  Status EndFile() {
    if (file_ == nullptr) return {};
    const std::int64_t live = delta::LiveRows(*file_);
    if (live >= 0 && live != seen_) return OutOfOrder();
    if (places_.empty()) return {};
    LG_RETURN_IF_ERROR(marks_.Add(file_->path, places_));
    marked_.emplace(file_->path, file_);
    places_.clear();
    return {};
  }

  TableRows& rows_;
  engine::DeltaMarks marks_;
  std::map<std::string, const delta::AddFile*> marked_;
  std::set<const delta::AddFile*> read_;
  std::string url_;
  const delta::AddFile* file_ = nullptr;
  std::int64_t last_ = 0;  // number of a row, from 1
  std::int64_t seen_ = 0;  // rows of the file
  std::vector<std::uint64_t> places_;
};

}  // namespace

bool MarksRows(const delta::Snapshot& base) {
  return delta::IsEnabled(base, "delta.enableDeletionVectors");
}

Status MarkRows(TableRows& rows, const delta::Snapshot& base,
                const std::vector<delta::AddFile>& files, std::string_view sql,
                TableChange* change) {
  if (files.empty()) return {};
  LG_ASSIGN_OR_RETURN(auto marks, engine::DeltaMarks::Open(*base.handle));
  LG_ASSIGN_OR_RETURN(const ArrowStream stream, rows.Query(sql, &files));
  Marking marking(rows, std::move(marks));
  LG_RETURN_IF_ERROR(marking.Read(*stream));
  const auto marked = marking.files();
  LG_ASSIGN_OR_RETURN(const std::string told, std::move(marking).Finish());
  const auto parsed = nlohmann::json::parse(told, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("vectors")) {
    return Error(ErrorKind::kInternal, "What was marked was not told as promised.");
  }
  if (parsed["file"].is_string()) change->Own(parsed["file"].get<std::string>());
  for (const auto& vector : parsed["vectors"]) {
    const auto found = marked.find(vector.value("path", ""));
    if (found == marked.end()) {
      return Error(ErrorKind::kInternal, "A file was marked that no row came from.");
    }
    LG_RETURN_IF_ERROR(change->Mark(*found->second, vector["deletionVector"].dump()));
  }
  return {};
}

}  // namespace lakegate::write
