#include "control/merge_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "write/table_rows.h"

namespace lakegate::control {

namespace {

using base::QuoteIdentifier;
using write::Enclosed;

// Columns that the texts add to both sides; tables with columns of such names are refused.
constexpr std::string_view kOwnPrefix = "__lakegate_";

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status CheckNames(const std::vector<std::string>& names, std::string_view whose) {
  for (const auto& name : names) {
    if (!name.starts_with(kOwnPrefix)) continue;
    return Error(ErrorKind::kUnsupported,
                 fmt::format("A column of the {} has a name that a merge needs for itself: {}; "
                             "rename it.",
                             whose, name));
  }
  return {};
}

// Actions that make no sense where they stand.
Status CheckActions(const std::vector<MergeClause>& clauses) {
  std::set<MergeWhen> closed;  // by a clause without a condition
  for (const auto& clause : clauses) {
    const bool insert = clause.then == MergeThen::kInsert;
    if (insert != (clause.when == MergeWhen::kNotMatched)) {
      return Error(ErrorKind::kInvalidArgument,
                   insert ? "A merge can insert rows of the source alone: INSERT stands behind "
                            "WHEN NOT MATCHED."
                          : "A row of the source that is not matched can be inserted alone: "
                            "UPDATE and DELETE stand behind WHEN MATCHED or WHEN NOT MATCHED BY "
                            "SOURCE.");
    }
    if (clause.then == MergeThen::kDelete && !clause.set.empty()) {
      return Error(ErrorKind::kInvalidArgument, "A clause that deletes sets no columns.");
    }
    if (closed.contains(clause.when)) {
      return Error(ErrorKind::kInvalidArgument,
                   "A clause of the merge can never be reached: one of its kind before it has no "
                   "condition.");
    }
    if (clause.condition.empty()) closed.insert(clause.when);
  }
  return {};
}

// Whether `name` stands in `text` as a word.
bool Names(std::string_view text, std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const bool begins = at == 0 || !is_word(text[at - 1]);
    const auto end = at + name.size();
    if (begins && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

// "every column of the source" written out.
Status FillSet(const std::vector<std::string>& table, const std::vector<std::string>& source,
               const std::string& source_name, MergeClause* clause) {
  if (clause->then == MergeThen::kDelete) return {};
  if (!clause->set.empty()) {
    for (const auto& [column, expression] : clause->set) {
      if (Contains(table, column)) continue;
      return Error(ErrorKind::kNotFound,
                   fmt::format("The table has no column of that name: {}.{} Its columns are {}.",
                               column, base::DidYouMean(column, table), base::ListNames(table)));
    }
    return {};
  }
  if (clause->when == MergeWhen::kNotMatchedBySource) {
    return Error(ErrorKind::kInvalidArgument,
                 "A row without a source can be updated with what the clause sets alone: it sets "
                 "nothing.");
  }
  std::vector<std::string> missing;
  for (const auto& column : table) {
    if (!Contains(source, column)) missing.push_back(column);
    clause->set[column] = fmt::format("{}.{}", source_name, QuoteIdentifier(column));
  }
  if (missing.empty()) return {};
  return Error(ErrorKind::kSchemaMismatch,
               fmt::format("The source of the merge lacks columns of the table: {}; select them, "
                           "or say what the clause sets.",
                           base::ListNames(missing)));
}

}  // namespace

Result<MergeText> MergeText::Make(const ArrowSchema& table, const ArrowSchema& source,
                                  const MergeOptions& merge, std::string file_column) {
  MergeText text;
  text.columns_ = columnar::ColumnNames(table);
  text.merge_ = merge;
  text.file_column_ = std::move(file_column);
  const auto source_columns = columnar::ColumnNames(source);
  LG_RETURN_IF_ERROR(CheckNames(text.columns_, "table"));
  LG_RETURN_IF_ERROR(CheckNames(source_columns, "source"));
  LG_RETURN_IF_ERROR(write::CheckIdentifier(merge.target_name));
  LG_RETURN_IF_ERROR(write::CheckIdentifier(merge.source_name));
  if (merge.on.empty()) {
    return Error(ErrorKind::kInvalidArgument, "A merge needs a condition: 'on' is empty.");
  }
  if (merge.clauses.empty()) {
    return Error(ErrorKind::kInvalidArgument, "A merge needs a clause: it has none.");
  }
  LG_RETURN_IF_ERROR(CheckActions(merge.clauses));
  for (auto& clause : text.merge_.clauses) {
    LG_RETURN_IF_ERROR(FillSet(text.columns_, source_columns, merge.source_name, &clause));
  }
  for (const auto& column : text.columns_) {
    if (Names(merge.on, column)) text.key_.push_back(column);
  }
  return text;
}

bool MergeText::changes_rows() const {
  return std::any_of(merge_.clauses.begin(), merge_.clauses.end(), [](const MergeClause& clause) {
    return clause.when != MergeWhen::kNotMatched;
  });
}

bool MergeText::inserts() const {
  return std::any_of(merge_.clauses.begin(), merge_.clauses.end(), [](const MergeClause& clause) {
    return clause.when == MergeWhen::kNotMatched;
  });
}

bool MergeText::allows_many() const {
  std::int64_t matched = 0;
  bool removes_all = true;
  for (const auto& clause : merge_.clauses) {
    if (clause.when != MergeWhen::kMatched) continue;
    ++matched;
    removes_all = removes_all && clause.then == MergeThen::kDelete && clause.condition.empty();
  }
  return matched == 0 || removes_all;
}

std::string MergeText::Conditions() const {
  std::string list = Enclosed(merge_.on);
  for (const auto& clause : merge_.clauses) {
    if (!clause.condition.empty() && clause.when == MergeWhen::kMatched) {
      list += ", " + Enclosed(clause.condition);
    }
  }
  return fmt::format("SELECT {} FROM target AS {} CROSS JOIN source AS {}", list,
                     merge_.target_name, merge_.source_name);
}

// The number of the clause that a row of `target LEFT JOIN source` falls to, from 1; 0 is none.
std::string MergeText::OperationOf() const {
  std::string text = "CASE";
  std::int64_t number = 0;
  for (const auto& clause : merge_.clauses) {
    ++number;
    if (clause.when == MergeWhen::kNotMatched) continue;
    text += fmt::format(" WHEN {}.__lakegate_source IS {}", merge_.source_name,
                        clause.when == MergeWhen::kMatched ? "TRUE" : "NULL");
    if (!clause.condition.empty()) text += " AND " + Enclosed(clause.condition);
    text += fmt::format(" THEN {}", number);
  }
  return text + " ELSE 0 END";
}

// Every row of the table with the source rows it matches. `__lakegate_row` numbers the table's
// rows in the order of the scan, which one text reads in one order.
std::string MergeText::Joined(Rows rows) const {
  const std::string operation = OperationOf();
  std::string columns;
  for (const auto& column : columns_) {
    columns += fmt::format("{0}.{1} AS {1}, ", merge_.target_name, QuoteIdentifier(column));
  }
  for (std::size_t i = 0; i < merge_.clauses.size(); ++i) {
    const MergeClause& clause = merge_.clauses[i];
    if (clause.when == MergeWhen::kNotMatched) continue;
    for (const auto& [column, expression] : clause.set) {
      // For no other rows: what it cannot compute of them is no error.
      columns += fmt::format("CASE WHEN {} = {} THEN {} END AS {}, ", operation, i + 1,
                             Enclosed(expression),
                             QuoteIdentifier(fmt::format("__lakegate_{}_{}", i + 1, column)));
    }
  }
  return fmt::format(
      "SELECT {0}{1}.{2} AS __lakegate_file, {1}.__lakegate_row AS __lakegate_row, {3} AS "
      "__lakegate_clause FROM (SELECT *, row_number() OVER () AS __lakegate_row FROM target) AS "
      "{1} {4} (SELECT *, true AS __lakegate_source FROM source) AS {5} ON {6}",
      columns, merge_.target_name, file_column_, operation,
      rows == Rows::kMatched ? "JOIN" : "LEFT JOIN", merge_.source_name, Enclosed(merge_.on));
}

// Rows without a source matter where a clause speaks of them.
MergeText::Rows MergeText::RowsWanted() const {
  const bool by_source = std::any_of(
      merge_.clauses.begin(), merge_.clauses.end(),
      [](const MergeClause& clause) { return clause.when == MergeWhen::kNotMatchedBySource; });
  return by_source ? Rows::kAll : Rows::kMatched;
}

// Rows that no clause wants count among the matched: their files are written again with them.
std::string MergeText::Touched() const {
  return fmt::format(
      "SELECT __lakegate_file, sum(CASE WHEN wanted > 0 THEN 1 ELSE 0 END), max(wanted), "
      "max(matched) FROM (SELECT __lakegate_file, __lakegate_row, sum(CASE WHEN __lakegate_clause "
      "> 0 THEN 1 ELSE 0 END) AS wanted, count(*) AS matched FROM ({}) GROUP BY __lakegate_file, "
      "__lakegate_row) GROUP BY __lakegate_file HAVING max(wanted) > 0",
      Joined(RowsWanted()));
}

std::string MergeText::Contested() const {
  std::string key = "'a row'";
  if (!key_.empty()) {
    key = "concat(";
    for (const auto& column : key_) {
      key += fmt::format("{}{}, CAST(min({}) AS VARCHAR)", key == "concat(" ? "" : ", ', ', ",
                         base::QuoteLiteral(column + "="), QuoteIdentifier(column));
    }
    key += ")";
  }
  return fmt::format(
      "SELECT {} FROM ({}) WHERE __lakegate_clause > 0 GROUP BY __lakegate_row HAVING count(*) > 1 "
      "ORDER BY __lakegate_row LIMIT 1",
      key, Joined(RowsWanted()));
}

// One row of the join for each row of the table: the one that a clause wants, where there is one.
std::string MergeText::Reduced(bool many) const {
  if (!many) return Joined(Rows::kAll);
  return fmt::format(
      "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY __lakegate_row ORDER BY "
      "__lakegate_clause DESC) AS __lakegate_rank FROM ({})) WHERE __lakegate_rank = 1",
      Joined(Rows::kAll));
}

// "1, 3": the clauses that change rows of the table so; "0" when none does.
std::string MergeText::NumbersOf(MergeThen then) const {
  std::string numbers;
  for (std::size_t i = 0; i < merge_.clauses.size(); ++i) {
    const MergeClause& clause = merge_.clauses[i];
    if (clause.then != then || clause.when == MergeWhen::kNotMatched) continue;
    numbers += fmt::format("{}{}", numbers.empty() ? "" : ", ", i + 1);
  }
  return numbers.empty() ? "-1" : numbers;
}

std::string MergeText::ColumnsAfter() const {
  std::string list;
  for (const auto& column : columns_) {
    std::string value = QuoteIdentifier(column);
    std::string cases;
    for (std::size_t i = 0; i < merge_.clauses.size(); ++i) {
      const MergeClause& clause = merge_.clauses[i];
      if (clause.then != MergeThen::kUpdate || !clause.set.contains(column)) continue;
      cases += fmt::format(" WHEN {} THEN {}", i + 1,
                           QuoteIdentifier(fmt::format("__lakegate_{}_{}", i + 1, column)));
    }
    if (!cases.empty()) {
      value = fmt::format("CASE __lakegate_clause{} ELSE {} END", cases, value);
    }
    list += fmt::format("{}{} AS {}", list.empty() ? "" : ", ", value, QuoteIdentifier(column));
  }
  return list;
}

std::string MergeText::Rewritten(bool many) const {
  return fmt::format("SELECT {} FROM ({}) WHERE __lakegate_clause NOT IN ({})", ColumnsAfter(),
                     Reduced(many), NumbersOf(MergeThen::kDelete));
}

std::string MergeText::Updated(bool many) const {
  return fmt::format("SELECT {} FROM ({}) WHERE __lakegate_clause IN ({})", ColumnsAfter(),
                     Reduced(many), NumbersOf(MergeThen::kUpdate));
}

std::string MergeText::Gone(bool many) const {
  return fmt::format(
      "SELECT __lakegate_file, __lakegate_row, __lakegate_clause > 0 FROM ({}) ORDER BY "
      "__lakegate_row",
      Reduced(many));
}

std::string MergeText::NewColumns() const {
  std::string list;
  for (const auto& column : columns_) {
    std::string cases;
    for (const auto& clause : merge_.clauses) {
      if (clause.when != MergeWhen::kNotMatched) continue;
      const auto found = clause.set.find(column);
      const std::string value = found == clause.set.end() ? "NULL" : Enclosed(found->second);
      cases += fmt::format(" WHEN {} THEN {}",
                           clause.condition.empty() ? "TRUE" : Enclosed(clause.condition), value);
    }
    list +=
        fmt::format("{}CASE{} END AS {}", list.empty() ? "" : ", ", cases, QuoteIdentifier(column));
  }
  return list;
}

std::string MergeText::NewRows() const {
  std::string wanted;
  for (const auto& clause : merge_.clauses) {
    if (clause.when != MergeWhen::kNotMatched) continue;
    if (clause.condition.empty()) {
      wanted = "TRUE";
      break;
    }
    wanted += (wanted.empty() ? "" : " OR ") + Enclosed(clause.condition);
  }
  return fmt::format("FROM source AS {} LEFT ANTI JOIN target AS {} ON {} WHERE {}",
                     merge_.source_name, merge_.target_name, Enclosed(merge_.on), wanted);
}

std::string MergeText::Inserted() const {
  return fmt::format("SELECT {} {}", NewColumns(), NewRows());
}

std::string MergeText::RewrittenFeed(bool many) const {
  std::string columns;
  for (const auto& column : columns_) columns += QuoteIdentifier(column) + ", ";
  const std::string reduced = Reduced(many);
  const std::string deletes = NumbersOf(MergeThen::kDelete);
  const std::string updates = NumbersOf(MergeThen::kUpdate);
  return fmt::format(
      "SELECT {0}CASE WHEN __lakegate_clause IN ({1}) THEN 'delete' ELSE 'update_preimage' END AS "
      "_change_type FROM ({2}) WHERE __lakegate_clause > 0 UNION ALL SELECT {3}, "
      "'update_postimage' AS _change_type FROM ({2}) WHERE __lakegate_clause IN ({4})",
      columns, deletes, reduced, ColumnsAfter(), updates);
}

std::string MergeText::InsertedFeed() const {
  return fmt::format("SELECT {}, 'insert' AS _change_type {}", NewColumns(), NewRows());
}

}  // namespace lakegate::control
