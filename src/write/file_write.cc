#include "write/file_write.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/try.h"
#include "observe/event.h"
#include "write/abandoned_files.h"
#include "write/new_folders.h"
#include "write/phase_clock.h"
#include "write/plan.h"
#include "write/stage_file.h"
#include "write/validate.h"

namespace lakegate::write {

namespace {

Status CheckTarget(const std::string& path, WriteMode mode) {
  LG_ASSIGN_OR_RETURN(const auto kind, base::KindOf(path));
  if (kind == base::PathKind::kDirectory) {
    return Error(ErrorKind::kIo,
                 "A folder is where the file should be written: " + path +
                     "; name a file in it, or write to format delta.",
                 FilePosition{path, 0});
  }
  if (kind == base::PathKind::kOther) {
    return Error(ErrorKind::kIo, "The destination is neither a file nor free: " + path,
                 FilePosition{path, 0});
  }
  if (kind == base::PathKind::kFile && mode == WriteMode::kError) {
    return Error(ErrorKind::kAlreadyExists,
                 "The destination exists: " + path + "; write with mode overwrite to replace it.",
                 FilePosition{path, 0});
  }
  return {};
}

// Unless it may be replaced the name must still be free: a link fails where a rename would not.
Status PutInPlace(const std::string& temporary, const std::string& path, WriteMode mode) {
  if (mode != WriteMode::kOverwrite) {
    if (::link(temporary.c_str(), path.c_str()) == 0) return base::RemoveFile(temporary);
    const int error = errno;
    if (error == EEXIST) {
      return Error(ErrorKind::kAlreadyExists,
                   "The destination appeared while it was written: " + path +
                       "; write with mode overwrite to replace it.",
                   FilePosition{path, 0});
    }
    // A file system without hard links.
    if (error != EPERM && error != ENOTSUP) return base::FileError("link", path, error);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return base::FileError("rename", path, errno);
  }
  return {};
}

}  // namespace

Result<WriteReceipt> WriteToFile(const SourceFactory& source, const std::string& path,
                                 DataFormat format, const WriteOptions& options,
                                 WriteContext& context) {
  PhaseClock phases(context.clock);
  WriteReceipt receipt;
  LG_RETURN_IF_ERROR(CheckTarget(path, options.mode));
  LG_ASSIGN_OR_RETURN(const auto there, base::KindOf(path));
  if (options.mode == WriteMode::kIgnore && there == base::PathKind::kFile) {
    receipt.outcome = NothingToWrite{};
    return receipt;
  }
  LG_ASSIGN_OR_RETURN(auto stream, source());
  LG_ASSIGN_OR_RETURN(auto plan, PlanWrite(options, format, stream->schema(), context.policy, {},
                                           context.expected_rows));
  LG_ASSIGN_OR_RETURN(stream,
                      HoldTo(std::move(stream), {options.not_null, options.checks}, path, context));
  phases.End("plan", &receipt.duration_ms);

  const std::filesystem::path target(path);
  const auto durability =
      context.policy.durable ? base::Durability::kSync : base::Durability::kCached;
  NewFolders folders;
  LG_RETURN_IF_ERROR(folders.Make(target.parent_path().string(), durability));
  SweepAbandoned(target, context.policy.abandoned_after_ms);
  const std::string temporary = TemporaryBeside(target, context.random);
  LG_ASSIGN_OR_RETURN(const auto staged, StageFile(std::move(stream), temporary, format,
                                                   plan.format_options, context));
  context.events.Emit(observe::WriteStaged{context.output, 1, staged.rows, staged.bytes});
  phases.End("stage", &receipt.duration_ms);

  if (auto placed = PutInPlace(temporary, path, options.mode); !placed) {
    (void)base::RemoveFile(temporary);
    return std::move(placed).error();
  }
  folders.Keep();
  if (context.policy.durable) {
    LG_RETURN_IF_ERROR(base::SyncDirectory(target.parent_path().string()));
  }
  context.events.Emit(observe::CommitLanded{path, -1, "replaced"});
  phases.End("commit", &receipt.duration_ms);

  receipt.outcome = Committed{};
  receipt.rows = staged.rows;
  receipt.bytes = staged.bytes;
  receipt.files = {target.filename().string()};
  receipt.digest = staged.digest;
  receipt.decisions = std::move(plan.decisions);
  return receipt;
}

}  // namespace lakegate::write
