#include "write/stage_file.h"

#include <fmt/core.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/try.h"
#include "columnar/view.h"
#include "engine/file_writer.h"
#include "engine/statement.h"
#include "engine/table.h"
#include "hashing/stream_digest.h"

namespace lakegate::write {

namespace {

// The options of the writer that a reader of the same format needs too.
std::map<std::string, std::string> ReaderOptions(
    DataFormat format, const std::map<std::string, std::string>& options) {
  std::map<std::string, std::string> kept;
  if (format != DataFormat::kCsv) return kept;
  for (const char* name : {"delimiter", "quote", "escape", "header"}) {
    if (const auto found = options.find(name); found != options.end()) {
      kept[name] = found->second;
    }
  }
  kept["newlines_in_values"] = "true";
  return kept;
}

Result<std::int64_t> CountRows(const ArrowSchema& schema, const std::string& path,
                               DataFormat format, const std::map<std::string, std::string>& options,
                               const WriteContext& context) {
  DatasetLocation location;
  location.path = path;
  location.format = format;
  location.options = ReaderOptions(format, options);
  const bool inferred = format == DataFormat::kCsv || format == DataFormat::kNdjson;
  LG_ASSIGN_OR_RETURN(const auto table,
                      engine::Table::Open(*context.engine, location, inferred ? &schema : nullptr));
  LG_ASSIGN_OR_RETURN(auto session, engine::EngineSession::Open(context.engine));
  LG_RETURN_IF_ERROR(session.AddTable("written", table));
  LG_ASSIGN_OR_RETURN(const auto plan,
                      session.PlanStatement("SELECT count(*) FROM written", {}, 0, context.cancel));
  LG_ASSIGN_OR_RETURN(auto stream, plan.Execute(0, context.cancel));
  LG_ASSIGN_OR_RETURN(const auto batch, stream->Next());
  if (!batch || (*batch)->length != 1) {
    return Error(ErrorKind::kInternal, "Counting the rows of a written file gave no count.");
  }
  LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(stream->schema(), **batch));
  return view.column(0).Int64(0);
}

Status Verify(const ArrowSchema& schema, const std::string& path, DataFormat format,
              const std::map<std::string, std::string>& options, const StagedFile& staged,
              const WriteContext& context) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return base::FileError("look at", path, error.value());
  auto rows = CountRows(schema, path, format, options, context);
  if (!rows) return std::move(rows).error().WithContext("The written file cannot be read back");
  if (static_cast<std::int64_t>(size) == staged.bytes && *rows == staged.rows) return {};
  return Error(ErrorKind::kIo,
               fmt::format("The written file does not hold what was written: {} bytes of {}, {} "
                           "rows of {}: {}",
                           size, staged.bytes, *rows, staged.rows, path),
               FilePosition{path, 0});
}

Result<StagedFile> WriteRows(ArrowStream& rows, const std::string& path, DataFormat format,
                             const std::map<std::string, std::string>& options,
                             const WriteContext& context) {
  LG_ASSIGN_OR_RETURN(auto digest, hashing::StreamDigest::Open(rows->schema()));
  LG_ASSIGN_OR_RETURN(auto writer, engine::FileWriter::Open(
                                       *context.engine, {path, format, options}, rows->schema()));
  LiveMark live(path);
  while (true) {
    if (context.cancel.cancelled()) {
      return Error(ErrorKind::kCancelled, "The write was cancelled while its rows were written.");
    }
    LG_ASSIGN_OR_RETURN(auto batch, rows->Next());
    if (!batch) break;
    if ((*batch)->length == 0) continue;
    LG_RETURN_IF_ERROR(digest.Update(rows->schema(), **batch));
    LG_RETURN_IF_ERROR(writer.Write(*std::move(batch)));
  }
  LG_ASSIGN_OR_RETURN(const auto totals, std::move(writer).Finish());
  return StagedFile{totals.rows, totals.bytes, digest.Finish().ToHex(), std::move(live)};
}

}  // namespace

Result<StagedFile> StageFile(ArrowStream rows, const std::string& temporary_path, DataFormat format,
                             const std::map<std::string, std::string>& options,
                             const WriteContext& context) {
  auto staged = WriteRows(rows, temporary_path, format, options, context);
  Status done;
  if (!staged) {
    done = staged.error();
  } else {
    done = Verify(rows->schema(), temporary_path, format, options, *staged, context);
    if (done && context.policy.durable) done = base::SyncFile(temporary_path);
  }
  if (done) return staged;
  // What failed is what the caller hears; a file that cannot be removed has a temporary name.
  (void)base::RemoveFile(temporary_path);
  return std::move(done).error();
}

}  // namespace lakegate::write
