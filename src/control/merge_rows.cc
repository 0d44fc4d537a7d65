#include "control/merge_rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/try.h"
#include "columnar/view.h"
#include "control/merge_text.h"
#include "write/mark_rows.h"
#include "write/table_rows.h"

namespace lakegate::control {

namespace {

std::vector<delta::MergeClauseText> ClausesOf(const MergeOptions& merge, MergeWhen when) {
  std::vector<delta::MergeClauseText> clauses;
  for (const auto& clause : merge.clauses) {
    if (clause.when != when) continue;
    const char* action = clause.then == MergeThen::kUpdate   ? "update"
                         : clause.then == MergeThen::kDelete ? "delete"
                                                             : "insert";
    clauses.push_back({action, clause.condition});
  }
  return clauses;
}

class Merge {
 public:
  Merge(const Attempt& attempt, const MergeSource& source, const MergeOptions& merge)
      : attempt_(attempt),
        merge_(merge),
        rows_(attempt.log, attempt.head, attempt.call.context,
              [&source](engine::EngineSession& session) {
                return session.AddStream("source", source.schema, source.open);
              }),
        change_(attempt.log, attempt.head, attempt.call.context),
        source_(source) {}

  Status Run() {
    LG_RETURN_IF_ERROR(write::CheckChangeable(attempt_.head, attempt_.call.path));
    LG_ASSIGN_OR_RETURN(
        const MergeText text,
        MergeText::Make(**attempt_.head.schema, source_.schema, merge_, rows_.file_column()));
    LG_RETURN_IF_ERROR(rows_.CheckStable(text.Conditions()));
    if (text.changes_rows()) LG_RETURN_IF_ERROR(Rewrite(text));
    if (text.inserts()) LG_RETURN_IF_ERROR(Insert(text));
    if (change_.empty()) return Nothing(attempt_, "no_rows");
    delta::CommitRequest request;
    request.operation = delta::Operation::kChange;
    request.text.predicate = merge_.on;
    request.text.matched = ClausesOf(merge_, MergeWhen::kMatched);
    request.text.not_matched = ClausesOf(merge_, MergeWhen::kNotMatched);
    request.text.not_matched_by_source = ClausesOf(merge_, MergeWhen::kNotMatchedBySource);
    return Land(attempt_, change_, std::move(request));
  }

 private:
  bool has_feed() const { return delta::IsEnabled(attempt_.head, "delta.enableChangeDataFeed"); }

  Status Rewrite(const MergeText& text) {
    LG_ASSIGN_OR_RETURN(const write::Matches matches, rows_.MatchesOf(text.Touched()));
    if (matches.files.empty()) return Count(0, 0, 0);
    const bool contested = matches.most.at(0) > 1;
    if (contested && !text.allows_many()) return Refuse(text);
    const bool many = matches.most.at(1) > 1;
    std::vector<delta::AddFile> files;
    std::int64_t before = 0;
    for (const auto& matched : matches.files) {
      files.push_back(matched.file);
      const std::int64_t live = delta::LiveRows(matched.file);
      before = before < 0 || live < 0 ? -1 : before + live;
    }
    const bool marks = write::MarksRows(attempt_.head);
    LG_ASSIGN_OR_RETURN(auto stream,
                        rows_.Query(marks ? text.Updated(many) : text.Rewritten(many), &files));
    LG_RETURN_IF_ERROR(change_.Stage(std::move(stream)));
    if (has_feed()) {
      LG_RETURN_IF_ERROR(rows_.CheckStable(text.RewrittenFeed(many)));
      LG_ASSIGN_OR_RETURN(auto feed, rows_.Query(text.RewrittenFeed(many), &files));
      LG_RETURN_IF_ERROR(change_.StageChanges(std::move(feed)));
    }
    if (marks) {
      LG_RETURN_IF_ERROR(write::MarkRows(rows_, attempt_.head, files, text.Gone(many), &change_));
      return Count(change_.staged_rows(), matches.rows - change_.staged_rows(), 0);
    }
    for (const auto& file : files) LG_RETURN_IF_ERROR(change_.Remove(file));
    if (before < 0) return {};  // the log does not tell how many rows the files had
    const std::int64_t deleted = before - change_.staged_rows();
    const std::int64_t updated = matches.rows - deleted;
    return Count(updated, deleted, change_.staged_rows() - updated);
  }

  Status Count(std::int64_t updated, std::int64_t deleted, std::int64_t copied) {
    attempt_.receipt.metrics["numTargetRowsUpdated"] = updated;
    attempt_.receipt.metrics["numTargetRowsDeleted"] = deleted;
    attempt_.receipt.metrics["numTargetRowsCopied"] = copied;
    return {};
  }

  Status Refuse(const MergeText& text) {
    LG_ASSIGN_OR_RETURN(auto stream, rows_.Query(text.Contested(), nullptr));
    std::string row = "a row";
    LG_ASSIGN_OR_RETURN(const auto batch, stream->Next());
    if (batch && (*batch)->length > 0) {
      LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(stream->schema(), **batch));
      if (!view.column(0).IsNull(0)) row = view.column(0).Bytes(0);
    }
    return Error(ErrorKind::kConstraintViolation,
                 fmt::format("Several rows of the source would change one row of the table: {}; "
                             "make the source unique by what 'on' compares.",
                             row));
  }

  Status Insert(const MergeText& text) {
    const std::int64_t before = change_.staged_rows();
    LG_ASSIGN_OR_RETURN(auto stream, rows_.Query(text.Inserted(), nullptr));
    LG_RETURN_IF_ERROR(change_.Stage(std::move(stream)));
    const std::int64_t inserted = change_.staged_rows() - before;
    attempt_.receipt.metrics["numTargetRowsInserted"] = inserted;
    const bool told = change_.files_removed() + change_.files_marked() > 0;
    if (inserted == 0 || !has_feed() || !told) return {};
    LG_RETURN_IF_ERROR(rows_.CheckStable(text.InsertedFeed()));
    LG_ASSIGN_OR_RETURN(auto feed, rows_.Query(text.InsertedFeed(), nullptr));
    return change_.StageChanges(std::move(feed));
  }

  const Attempt& attempt_;
  const MergeOptions& merge_;
  write::TableRows rows_;
  write::TableChange change_;
  const MergeSource& source_;
};

}  // namespace

Result<ChangeReceipt> MergeRows(const Call& call, const MergeSource& source,
                                const MergeOptions& merge) {
  return RunChange("MERGE", call,
                   [&](const Attempt& attempt) { return Merge(attempt, source, merge).Run(); });
}

}  // namespace lakegate::control
