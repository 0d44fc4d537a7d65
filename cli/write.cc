#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "cli/exit_code.h"
#include "cli/receipt_summary.h"
#include "cli/session_options.h"
#include "cli/verb.h"
#include "lakegate/write.h"

namespace lakegate::cli {
namespace {

struct WriteOptionsOfCommand {
  SessionOptions session;
  std::string sql;
  std::string file;
  std::string to;
  std::string format;
  std::string mode = "error";
  std::string replace_where;
  std::string app_transaction;
  std::string run_id;
  std::string statistics = "auto";
  std::optional<std::int64_t> expected_version;
  std::vector<std::string> partition_by;
  std::vector<std::string> not_null;
  std::vector<std::string> key;
  std::vector<std::string> checks;
  std::vector<std::string> properties;
  std::vector<std::string> options;
};

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "name: expression", or the expression alone, which is then named by its place.
Check ToCheck(const std::string& text, std::size_t place) {
  const std::size_t colon = text.find(": ");
  const bool named =
      colon != std::string::npos && colon > 0 &&
      std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), IsWordCharacter);
  if (!named) return Check{.name = fmt::format("check_{}", place), .expression = text};
  return Check{.name = text.substr(0, colon), .expression = text.substr(colon + 2)};
}

Result<AppTransaction> ToTransaction(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  AppTransaction transaction;
  if (colon != std::string::npos && colon > 0) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, transaction.version);
    if (parsed.ec == std::errc() && parsed.ptr == end && colon + 1 < text.size()) {
      transaction.app_id = text.substr(0, colon);
      return transaction;
    }
  }
  return Error(
      ErrorKind::kInvalidArgument,
      fmt::format("The option --app-transaction takes id:version, and was given: {}", text));
}

Status AddPairs(const std::vector<std::string>& texts, std::string_view option,
                std::map<std::string, std::string>* pairs) {
  for (const std::string& text : texts) {
    auto pair = SplitPair(text, option);
    if (!pair) return pair.error();
    pairs->insert_or_assign(pair->first, pair->second);
  }
  return {};
}

Status SetStatistics(const std::string& text, WriteOptions* write) {
  if (text == "auto" || text == "off") {
    write->statistics = text == "auto" ? StatisticsMode::kAuto : StatisticsMode::kOff;
    return {};
  }
  write->statistics = StatisticsMode::kExplicit;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    write->statistics_columns.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

Result<WriteOptions> ToWriteOptions(const WriteOptionsOfCommand& options) {
  WriteOptions write;
  write.destination.path = options.to;
  if (!options.format.empty()) {
    auto format = DataFormatFromText(options.format);
    if (!format) return format.error();
    write.destination.format = *format;
  }
  auto mode = WriteModeFromText(options.mode);
  if (!mode) return mode.error();
  write.mode = *mode;
  write.run_id = options.run_id;
  write.replace_where = options.replace_where;
  write.partition_by = options.partition_by;
  write.not_null = options.not_null;
  write.key = options.key;
  write.expected_version = options.expected_version;
  for (const std::string& check : options.checks) {
    write.checks.push_back(ToCheck(check, write.checks.size() + 1));
  }
  if (!options.app_transaction.empty()) {
    auto transaction = ToTransaction(options.app_transaction);
    if (!transaction) return transaction.error();
    write.app_transaction = *std::move(transaction);
  }
  if (auto set = SetStatistics(options.statistics, &write); !set) return set.error();
  if (auto set = AddPairs(options.properties, "--property", &write.properties); !set) {
    return set.error();
  }
  if (auto set = AddPairs(options.options, "--option", &write.options); !set) return set.error();
  return write;
}

Result<WriteReceipt> WriteRows(const WriteOptionsOfCommand& options, Console& console) {
  if (options.sql.empty() == options.file.empty()) {
    return Error(ErrorKind::kInvalidArgument,
                 "Give one source of rows: --sql TEXT or -f FILE (- is standard input).");
  }
  auto sql = options.file.empty() ? Result<std::string>(options.sql) : ReadText(options.file);
  if (!sql) return sql.error();
  auto write = ToWriteOptions(options);
  if (!write) return write.error();
  auto query = QueryOptionsOf(options.session);
  if (!query) return query.error();
  query->cancel = console.cancel();
  auto session = OpenSession(options.session);
  if (!session) return session.error();
  return (*session)->Write(*sql, *write, *query);
}

int RunWrite(const WriteOptionsOfCommand& options, Console& console) {
  auto receipt = WriteRows(options, console);
  if (!receipt) return console.Fail(receipt.error());
  if (console.json()) {
    console.Out(ReceiptToJson(*receipt) + "\n");
    return kExitOk;
  }
  console.Note(SummaryOf(*receipt));
  return kExitOk;
}

}  // namespace

Action DeclareWrite(CLI::App& command) {
  auto options = std::make_shared<WriteOptionsOfCommand>();
  DeclareStatementOptions(command, options->session);
  command.add_option("--sql", options->sql, "The query whose rows are written");
  command.add_option("-f,--file", options->file, "A file with the query; - is standard input");
  command.add_option("--to", options->to, "Where to")->required();
  command.add_option("--format", options->format,
                     "delta, parquet, csv, ndjson or arrow; by default from the name");
  command.add_option("--mode", options->mode,
                     "error, append, overwrite, ignore, overwrite_partitions or replace_where");
  command.add_option("--replace-where", options->replace_where,
                     "With that mode: the condition of the rows that are replaced");
  const auto list = [&command](const char* name, std::vector<std::string>& names, const char* doc) {
    command.add_option(name, names, doc)->delimiter(',')->take_all()->allow_extra_args(false);
  };
  const auto repeated = [&command](const char* name, std::vector<std::string>& texts,
                                   const char* doc) {
    command.add_option(name, texts, doc)->take_all()->allow_extra_args(false);
  };
  list("--partition-by", options->partition_by, "Partition columns, a,b");
  list("--not-null", options->not_null, "Columns that must not be null, a,b");
  list("--key", options->key, "Columns that readers look rows up by, a,b");
  repeated("--check", options->checks,
           "A condition every row must meet, \"expr\" or \"name: expr\"; repeatable");
  repeated("--property", options->properties, "A Delta table property, name=value; repeatable");
  repeated("--option", options->options, "An option of the format, name=value; repeatable");
  command.add_option("--app-transaction", options->app_transaction,
                     "Application transaction id:version; one that is recorded writes nothing");
  command.add_option("--run-id", options->run_id, "An id of yours, kept in receipt and log");
  command.add_option("--expected-version", options->expected_version,
                     "Fail unless this is the table's version");
  command.add_option("--statistics", options->statistics, "auto, off, or columns a,b");
  return [options](Console& console) { return RunWrite(*options, console); };
}

}  // namespace lakegate::cli
