#include "write/table_rows.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/view.h"

namespace lakegate::write {

namespace {

// A name that no column of the table has.
std::string UnusedName(const ArrowSchema& schema, std::string name) {
  const auto taken = columnar::ColumnNames(schema);
  while (std::find(taken.begin(), taken.end(), name) != taken.end()) name += '_';
  return name;
}

}  // namespace

std::vector<delta::AddFile> Matches::PartlyMatched() const {
  std::vector<delta::AddFile> partly;
  for (const auto& matched : files) {
    if (matched.rows != delta::LiveRows(matched.file)) partly.push_back(matched.file);
  }
  return partly;
}

std::string Enclosed(std::string_view condition) {
  // A comment at the end of it ends with its line.
  return fmt::format("({}\n)", condition);
}

Status CheckIdentifier(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool plain = !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
                     std::all_of(text.begin(), text.end(), is_word);
  bool quoted = text.size() > 2 && text.front() == '"' && text.back() == '"';
  for (std::size_t i = 1; quoted && i + 1 < text.size(); ++i) {
    if (text[i] == '"') quoted = i + 2 < text.size() && text[++i] == '"';
  }
  if (plain || quoted) return {};
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A table cannot be called so: '{}'; give an identifier.", text));
}

TableRows::TableRows(delta::Log& log, const delta::Snapshot& base, WriteContext& context,
                     MoreTables more, std::string called)
    : log_(log),
      base_(base),
      context_(context),
      more_(std::move(more)),
      from_("FROM target AS " + called),
      numbered_from_("FROM (SELECT *, row_number() OVER () AS __lakegate_row FROM target) AS " +
                     std::move(called)),
      file_column_(UnusedName(**base.schema, "__lakegate_file")),
      quoted_file_column_(base::QuoteIdentifier(file_column_)) {}

Result<std::vector<delta::AddFile>> TableRows::Files() {
  if (!files_) {
    LG_ASSIGN_OR_RETURN(const std::string text, log_.Files(base_));
    LG_ASSIGN_OR_RETURN(files_, delta::ParseAdds(text));
  }
  return *files_;
}

std::string TableRows::Columns() const {
  std::string list;
  for (const auto& name : columnar::ColumnNames(**base_.schema)) {
    list += (list.empty() ? "" : ", ") + base::QuoteIdentifier(name);
  }
  return list;
}

Result<Matches> TableRows::Find(std::string_view condition) {
  if (condition.empty()) {
    Matches all;
    LG_ASSIGN_OR_RETURN(const auto files, Files());
    for (const auto& file : files) {
      const std::int64_t rows = delta::LiveRows(file);
      all.files.push_back({file, rows});
      all.rows = all.rows < 0 || rows < 0 ? -1 : all.rows + rows;
    }
    return all;
  }
  return MatchesOf(fmt::format("SELECT {0}, count(*) {2} WHERE {1} GROUP BY {0}",
                               quoted_file_column_, Enclosed(condition), from_));
}

Result<Matches> TableRows::MatchesOf(std::string_view sql) {
  LG_ASSIGN_OR_RETURN(auto stream, Query(sql, nullptr));
  Matches matches;
  while (true) {
    LG_ASSIGN_OR_RETURN(const auto batch, stream->Next());
    if (!batch) break;
    LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(stream->schema(), **batch));
    for (std::int64_t row = 0; row < view.length(); ++row) {
      LG_ASSIGN_OR_RETURN(const delta::AddFile* file, FileOf(view.column(0).Bytes(row)));
      const std::int64_t rows = view.column(1).Int64(row);
      matches.files.push_back({*file, rows});
      matches.rows += rows;
      matches.most.resize(static_cast<std::size_t>(view.column_count() - 2));
      for (std::int64_t i = 2; i < view.column_count(); ++i) {
        auto& most = matches.most[static_cast<std::size_t>(i - 2)];
        most = std::max(most, view.column(i).Int64(row));
      }
    }
  }
  std::sort(matches.files.begin(), matches.files.end(),
            [](const auto& a, const auto& b) { return a.file.path < b.file.path; });
  return matches;
}

// A row's file is told as a URL, the log spells a path: both name one file on the disk.
Result<const delta::AddFile*> TableRows::FileOf(std::string_view url) {
  if (by_name_.empty()) {
    LG_RETURN_IF_ERROR(Files());
    for (const auto& file : *files_) {
      by_name_[log_.path() + "/" + delta::DecodePath(file.path)] = &file;
    }
  }
  constexpr std::string_view kScheme = "file://";
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  const auto found = by_name_.find(delta::DecodePath(url));
  if (found != by_name_.end()) return found->second;
  return Error(ErrorKind::kInternal,
               fmt::format("A row came from a file that the log does not name: {}", url));
}

Status TableRows::CheckStable(std::string_view sql) {
  LG_ASSIGN_OR_RETURN(const auto plan, PlanOf(sql, nullptr));
  LG_ASSIGN_OR_RETURN(const std::string text, plan.Facts());
  const auto facts = nlohmann::json::parse(text, nullptr, false);
  if (!facts.is_object()) return {};
  for (const auto& function : facts.value("functions", nlohmann::json::array())) {
    if (function.value("volatility", "") != "volatile") continue;
    return Error(
        ErrorKind::kInvalidArgument,
        fmt::format("What a change asks more than once must answer the same each time, and "
                    "calls {}(): conditions, and new values of a table with a change data "
                    "feed.",
                    function.value("name", "")));
  }
  return {};
}

Result<ArrowStream> TableRows::Query(std::string_view sql,
                                     const std::vector<delta::AddFile>* files) {
  LG_ASSIGN_OR_RETURN(const auto plan, PlanOf(sql, files));
  return plan.Execute(context_.time_limit_ms, context_.cancel);
}

Result<engine::Plan> TableRows::PlanOf(std::string_view sql,
                                       const std::vector<delta::AddFile>* files) {
  DatasetLocation location;
  location.path = log_.path();
  location.version = base_.version;
  engine::DeltaView view{.file_column = file_column_};
  if (files != nullptr) {
    view.files.emplace();
    for (const auto& file : *files) view.files->push_back(file.path);
  }
  LG_ASSIGN_OR_RETURN(const auto table, engine::Table::OpenDelta(*context_.engine, location, view));
  LG_ASSIGN_OR_RETURN(auto session, engine::EngineSession::Open(context_.engine));
  LG_RETURN_IF_ERROR(session.AddTable("target", table));
  if (more_) LG_RETURN_IF_ERROR(more_(session));
  return session.PlanStatement(sql, {}, 0, context_.cancel);
}

}  // namespace lakegate::write
