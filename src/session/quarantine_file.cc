#include "session/quarantine_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/try.h"

namespace lakegate::session {

QuarantineFile::QuarantineFile(std::shared_ptr<const engine::Engine> engine,
                               const std::string& directory, const std::string& dataset,
                               base::RandomSource& random)
    : engine_(std::move(engine)),
      directory_(directory),
      path_(fmt::format("{}/{}.ndjson", directory, dataset)),
      temporary_path_(
          fmt::format("{}/.{}-{}.tmp", directory, dataset, base::MakeUuidV4(random).ToString())) {}

QuarantineFile::~QuarantineFile() {
  if (!writer_) return;
  writer_.reset();
  // The scan was given up; a file that cannot be removed is hidden by its name.
  if (!base::RemoveFile(temporary_path_)) return;
}

Status QuarantineFile::Write(const ArrowSchema& schema, OwnedArray batch) {
  if (!writer_) {
    LG_RETURN_IF_ERROR(base::EnsureDirectory(directory_));
    LG_ASSIGN_OR_RETURN(
        engine::FileWriter writer,
        engine::FileWriter::Open(
            *engine_, {.path = temporary_path_, .format = DataFormat::kNdjson, .options = {}},
            schema));
    writer_.emplace(std::move(writer));
  }
  return writer_->Write(std::move(batch));
}

Status QuarantineFile::Finish() {
  if (!writer_) return {};
  auto totals = std::move(*writer_).Finish();
  writer_.reset();
  if (!totals) return totals.error();
  LG_RETURN_IF_ERROR(base::SyncFile(temporary_path_));
  if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    return base::FileError("rename", path_, errno);
  }
  return base::SyncDirectory(directory_);
}

}  // namespace lakegate::session
