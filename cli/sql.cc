#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <memory>

#include "cli/exit_code.h"
#include "cli/receipt_summary.h"
#include "cli/session_options.h"
#include "cli/verb.h"
#include "lakegate/render.h"

namespace lakegate::cli {
namespace {

struct SqlOptionsOfCommand {
  SessionOptions session;
  std::string text;
  std::string file;
  std::string format;  // empty: a table, or lines for a plan
  std::string null_text;
  bool no_header = false;
  bool keep_going = false;
  bool ordered = false;
  std::string run_id;
};

// Rows of a binary format have one file's bytes, so they come from one statement.
bool IsBinary(const std::string& format) {
  return format == "arrow" || format == "ipc" || format == "parquet";
}

Result<std::string> StatementText(const SqlOptionsOfCommand& options) {
  if (options.text.empty() == options.file.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 options.text.empty()
                     ? "There is no statement: give a SQL text, -f FILE, or - for standard input."
                     : "There are two sources of SQL: give a text or -f FILE, not both.");
  }
  if (options.text == "-") return ReadText("-");
  return options.file.empty() ? Result<std::string>(options.text) : ReadText(options.file);
}

// The rows of an EXPLAIN: texts of many lines, and the cells of a table have one.
bool IsPlan(const ArrowSchema& schema) {
  return schema.n_children == 2 && schema.children[0]->name == std::string_view("plan_type") &&
         schema.children[1]->name == std::string_view("plan");
}

Status PrintRows(Session& session, ArrowStream rows, const SqlOptionsOfCommand& options,
                 Console& console) {
  if (IsBinary(options.format)) {
    const DataFormat format =
        options.format == "parquet" ? DataFormat::kParquet : DataFormat::kArrow;
    auto encoded = session.Encode(std::move(rows), format, console.sink());
    return encoded ? Status() : Status(encoded.error());
  }
  RenderOptions render;
  if (options.format.empty()) {
    render.format = IsPlan(rows->schema()) ? RenderFormat::kLine : RenderFormat::kTable;
  } else {
    auto format = RenderFormatFromText(options.format);
    if (!format) return format.error();
    render.format = *format;
  }
  render.header = !options.no_header;
  render.null_text = options.null_text;
  auto printed = Render(std::move(rows), render, console.sink());
  return printed ? Status() : Status(printed.error());
}

// The first word of a statement in capitals.
std::string FirstWord(std::string_view statement) {
  const auto begin = statement.find_first_not_of(" \t\r\n");
  std::string word;
  if (begin == std::string_view::npos) return word;
  for (const char c : statement.substr(begin)) {
    if (!std::isalpha(static_cast<unsigned char>(c))) break;
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return word;
}

bool BeginsTransaction(std::string_view statement) {
  const std::string word = FirstWord(statement);
  return word == "BEGIN" || word == "START";
}

bool ChangesRows(std::string_view statement) {
  const std::string word = FirstWord(statement);
  return word == "INSERT" || word == "DELETE" || word == "UPDATE" || word == "MERGE" ||
         BeginsTransaction(statement);
}

// What stands between BEGIN and COMMIT is one text.
std::vector<std::string> WithTransactions(const std::vector<std::string>& statements) {
  std::vector<std::string> texts;
  bool inside = false;
  for (const auto& statement : statements) {
    if (inside) {
      texts.back() += ";\n" + statement;
    } else {
      texts.push_back(statement);
    }
    const std::string word = FirstWord(statement);
    const bool ends = word == "COMMIT" || word == "ROLLBACK" || word == "END";
    inside = (inside || BeginsTransaction(statement)) && !ends;
  }
  return texts;
}

Status ChangeRows(Session& session, const std::string& statement, const QueryOptions& query,
                  Console& console) {
  const auto receipt = session.Execute(statement, query);
  if (!receipt) return receipt.error();
  if (console.json()) {
    console.Out(ToJson(*receipt) + "\n");
  } else {
    console.Note(SummaryOf(*receipt));
  }
  return {};
}

Status RunOne(Session& session, const std::string& statement, const SqlOptionsOfCommand& options,
              const QueryOptions& query, Console& console) {
  if (ChangesRows(statement)) return ChangeRows(session, statement, query, console);
  auto rows = session.Sql(statement, query);
  if (!rows) return rows.error();
  return PrintRows(session, *std::move(rows), options, console);
}

int RunSql(const SqlOptionsOfCommand& options, Console& console) {
  auto text = StatementText(options);
  if (!text) return console.Fail(text.error());
  if (!options.format.empty() && !IsBinary(options.format)) {
    if (auto format = RenderFormatFromText(options.format); !format) {
      return console.Fail(format.error());
    }
  }
  auto query = QueryOptionsOf(options.session);
  if (!query) return console.Fail(query.error());
  query->cancel = console.cancel();
  query->ordered = options.ordered;
  query->run_id = options.run_id;
  auto session = OpenSession(options.session);
  if (!session) return console.Fail(session.error());
  auto statements = (*session)->Split(*text);
  if (!statements) return console.Fail(statements.error());
  if (statements->empty()) return console.FailUsage("The text holds no statement.");
  if (statements->size() > 1 && IsBinary(options.format)) {
    return console.FailUsage(
        fmt::format("The format {} takes one statement, and the text holds {}.", options.format,
                    statements->size()));
  }
  int code = kExitOk;
  for (const std::string& statement : WithTransactions(*statements)) {
    const Status status = RunOne(**session, statement, options, *query, console);
    if (status) continue;
    const int failed = console.Fail(status.error());
    if (code == kExitOk) code = failed;
    if (!options.keep_going || status.error().kind() == ErrorKind::kCancelled) break;
  }
  return code;
}

}  // namespace

Action DeclareSql(CLI::App& command) {
  auto options = std::make_shared<SqlOptionsOfCommand>();
  DeclareStatementOptions(command, options->session);
  command.add_option("sql", options->text, "The SQL text; - reads standard input");
  command.add_option("-f,--file", options->file, "A file of SQL statements; - is standard input");
  command.add_option("--format", options->format,
                     "table (the default; line for EXPLAIN), markdown, csv, tsv, json, ndjson, "
                     "line, arrow or parquet");
  command.add_option("--null", options->null_text, "What stands for null in text formats");
  command.add_flag("--no-header", options->no_header, "Leave the column names out");
  command.add_flag("--ordered", options->ordered, "Equal inputs give equal row order");
  command.add_option("--run-id", options->run_id, "An id of yours, kept in the log of a change");
  command.add_flag("--keep-going", options->keep_going,
                   "Run the statements that follow a failed one");
  return [options](Console& console) { return RunSql(*options, console); };
}

}  // namespace lakegate::cli
