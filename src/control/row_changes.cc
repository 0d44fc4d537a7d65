#include "control/row_changes.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "write/mark_rows.h"
#include "write/table_rows.h"

namespace lakegate::control {

namespace {

using write::Enclosed;

std::vector<delta::AddFile> FilesOf(const write::Matches& matches) {
  std::vector<delta::AddFile> files;
  files.reserve(matches.files.size());
  for (const auto& matched : matches.files) files.push_back(matched.file);
  return files;
}

bool HasChangeFeed(const delta::Snapshot& head) {
  return delta::IsEnabled(head, "delta.enableChangeDataFeed");
}

Status CheckStable(write::TableRows& rows, const std::string& condition) {
  if (condition.empty()) return {};
  return rows.CheckStable(fmt::format("SELECT {} {}", Enclosed(condition), rows.From()));
}

Status MarkMatched(write::TableRows& rows, const delta::Snapshot& head,
                   const std::vector<delta::AddFile>& files, const std::string& condition,
                   write::TableChange* change) {
  return write::MarkRows(rows, head, files,
                         fmt::format("SELECT {}, __lakegate_row, {} IS TRUE {}", rows.file_column(),
                                     Enclosed(condition), rows.NumberedFrom()),
                         change);
}

// The old rows of a table whose rows are marked: files that lose all of theirs go.
Status TakeMatched(const Attempt& attempt, write::TableRows& rows, const write::Matches& matches,
                   const std::string& condition, write::TableChange* change) {
  for (const auto& matched : matches.files) {
    if (matched.rows == delta::LiveRows(matched.file)) {
      LG_RETURN_IF_ERROR(change->Remove(matched.file));
    }
  }
  return MarkMatched(rows, attempt.head, matches.PartlyMatched(), condition, change);
}

// Of the files that lose all their rows nothing stays; of the others the rest is written again,
// or the rows that go are marked.
Status StageKeptRows(const Attempt& attempt, write::TableRows& rows, const write::Matches& matches,
                     const std::string& condition, write::TableChange* change) {
  const auto partly = matches.PartlyMatched();
  if (write::MarksRows(attempt.head)) {
    LG_RETURN_IF_ERROR(TakeMatched(attempt, rows, matches, condition, change));
  } else {
    for (const auto& matched : matches.files) LG_RETURN_IF_ERROR(change->Remove(matched.file));
    if (partly.empty()) return {};
    LG_ASSIGN_OR_RETURN(auto kept,
                        rows.Query(fmt::format("SELECT {} {} WHERE {} IS NOT TRUE", rows.Columns(),
                                               rows.From(), Enclosed(condition)),
                                   &partly));
    LG_RETURN_IF_ERROR(change->Stage(std::move(kept)));
  }
  if (partly.empty() || !HasChangeFeed(attempt.head)) return {};
  // A version with change files is told by them alone: those of whole files belong in there too.
  const auto all = FilesOf(matches);
  LG_ASSIGN_OR_RETURN(auto deleted,
                      rows.Query(fmt::format("SELECT {}, 'delete' AS _change_type {} WHERE {}",
                                             rows.Columns(), rows.From(), Enclosed(condition)),
                                 &all));
  return change->StageChanges(std::move(deleted));
}

// The table's columns with the new values where the condition is met.
std::string UpdatedColumns(const delta::Snapshot& head,
                           const std::map<std::string, std::string>& set,
                           const std::string& condition) {
  std::string list;
  for (const auto& name : columnar::ColumnNames(**head.schema)) {
    if (!list.empty()) list += ", ";
    const std::string column = base::QuoteIdentifier(name);
    const auto found = set.find(name);
    if (found == set.end()) {
      list += column;
    } else if (condition.empty()) {
      list += fmt::format("{} AS {}", Enclosed(found->second), column);
    } else {
      list += fmt::format("CASE WHEN {} THEN {} ELSE {} END AS {}", Enclosed(condition),
                          Enclosed(found->second), column, column);
    }
  }
  return list;
}

Status StageUpdateFeed(write::TableRows& rows, const std::vector<delta::AddFile>& files,
                       const std::string& updated, const std::string& condition,
                       write::TableChange* change) {
  const std::string where = condition.empty() ? "" : " WHERE " + Enclosed(condition);
  LG_ASSIGN_OR_RETURN(
      auto images,
      rows.Query(fmt::format("SELECT {0}, 'update_preimage' AS _change_type {3}{2} UNION ALL "
                             "SELECT {1}, 'update_postimage' AS _change_type {3}{2}",
                             rows.Columns(), updated, where, rows.From()),
                 &files));
  return change->StageChanges(std::move(images));
}

}  // namespace

Result<ChangeReceipt> DeleteRows(const Call& call, const std::string& condition) {
  LG_RETURN_IF_ERROR(write::CheckIdentifier(call.options.table_name));
  return RunChange("DELETE", call, [&](const Attempt& attempt) -> Status {
    LG_RETURN_IF_ERROR(write::CheckChangeable(attempt.head, call.path));
    write::TableRows rows(attempt.log, attempt.head, call.context, {}, call.options.table_name);
    LG_RETURN_IF_ERROR(CheckStable(rows, condition));
    LG_ASSIGN_OR_RETURN(const write::Matches matches, rows.Find(condition));
    attempt.receipt.metrics["numDeletedRows"] = matches.rows;
    if (matches.files.empty()) return Nothing(attempt, "no_rows");
    if (call.options.dry_run) return Nothing(attempt, "dry_run");
    write::TableChange change(attempt.log, attempt.head, call.context);
    LG_RETURN_IF_ERROR(StageKeptRows(attempt, rows, matches, condition, &change));
    attempt.receipt.metrics["numCopiedRows"] = change.staged_rows();
    delta::CommitRequest request;
    request.operation = delta::Operation::kChange;
    request.text.predicate = condition;
    return Land(attempt, change, std::move(request));
  });
}

Result<ChangeReceipt> UpdateRows(const Call& call, const std::map<std::string, std::string>& set,
                                 const std::string& condition) {
  if (set.empty()) {
    return Error(ErrorKind::kInvalidArgument, "An update needs a column to set: none is given.");
  }
  LG_RETURN_IF_ERROR(write::CheckIdentifier(call.options.table_name));
  return RunChange("UPDATE", call, [&](const Attempt& attempt) -> Status {
    LG_RETURN_IF_ERROR(write::CheckChangeable(attempt.head, call.path));
    for (const auto& [column, expression] : set) {
      LG_RETURN_IF_ERROR(columnar::FindColumn(**attempt.head.schema, column, "set"));
    }
    write::TableRows rows(attempt.log, attempt.head, call.context, {}, call.options.table_name);
    LG_RETURN_IF_ERROR(CheckStable(rows, condition));
    LG_ASSIGN_OR_RETURN(const write::Matches matches, rows.Find(condition));
    attempt.receipt.metrics["numUpdatedRows"] = matches.rows;
    if (matches.files.empty()) return Nothing(attempt, "no_rows");
    if (call.options.dry_run) return Nothing(attempt, "dry_run");
    write::TableChange change(attempt.log, attempt.head, call.context);
    const auto files = FilesOf(matches);
    const bool marks = write::MarksRows(attempt.head);
    const std::string updated = UpdatedColumns(attempt.head, set, condition);
    const std::string where =
        marks && !condition.empty() ? " WHERE " + Enclosed(condition) : std::string();
    LG_ASSIGN_OR_RETURN(
        auto stream,
        rows.Query(fmt::format("SELECT {} {}{}", updated, rows.From(), where), &files));
    LG_RETURN_IF_ERROR(change.Stage(std::move(stream)));
    if (HasChangeFeed(attempt.head)) {
      // The feed computes the new values again.
      LG_RETURN_IF_ERROR(rows.CheckStable(fmt::format("SELECT {} {}", updated, rows.From())));
      LG_RETURN_IF_ERROR(StageUpdateFeed(rows, files, updated, condition, &change));
    }
    if (marks) {
      LG_RETURN_IF_ERROR(TakeMatched(attempt, rows, matches, condition, &change));
    } else {
      for (const auto& file : files) LG_RETURN_IF_ERROR(change.Remove(file));
    }
    // Without statistics in the log, the rows staged tell how many there were.
    std::int64_t& updated_rows = attempt.receipt.metrics["numUpdatedRows"];
    if (updated_rows < 0) updated_rows = change.staged_rows();
    attempt.receipt.metrics["numCopiedRows"] = change.staged_rows() - updated_rows;
    delta::CommitRequest request;
    request.operation = delta::Operation::kChange;
    request.text.predicate = condition;
    return Land(attempt, change, std::move(request));
  });
}

}  // namespace lakegate::control
