// One table of a TOML file, read key by key: knows which keys were asked for, so that whatever
// is left is an unknown key, and says in every error where in the file it is.
//
// Borrows the parsed document. One thread.
#ifndef LAKEGATE_JOB_TOML_TABLE_H_
#define LAKEGATE_JOB_TOML_TABLE_H_

#include <toml++/toml.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lakegate/result.h"

namespace lakegate::job {

class TomlTable {
 public:
  // `file` names the file in messages, `name` the table: "output.call_map", "" at the top.
  TomlTable(const toml::table& table, std::string file, std::string name)
      : table_(&table), file_(std::move(file)), name_(std::move(name)) {}

  // Absent keys are an empty optional; a value of another type is kInvalidArgument.
  Result<std::optional<std::string>> Text(std::string_view key);
  Result<std::optional<std::int64_t>> Integer(std::string_view key);
  Result<std::optional<bool>> Boolean(std::string_view key);
  Result<std::optional<std::vector<std::string>>> TextList(std::string_view key);
  Result<std::optional<TomlTable>> Table(std::string_view key);
  // kInvalidArgument when the key is absent.
  Result<std::string> RequiredText(std::string_view key);

  // The sub-tables of this one in the order of the file; anything but a table is an error.
  Result<std::vector<std::pair<std::string, TomlTable>>> Tables();
  // All keys with their values as text (booleans and numbers as TOML writes them), in order.
  Result<std::vector<std::pair<std::string, std::string>>> TextPairs();

  bool Has(std::string_view key);
  bool HoldsText(std::string_view key);
  bool HoldsTable(std::string_view key);
  // kInvalidArgument for the first key nobody asked for, naming the nearest one asked for.
  Status RefuseOtherKeys() const;

  // kInvalidArgument at `key` (or at the table itself): "job.toml:12:3: [output.x] ...".
  Error Problem(std::string_view key, std::string_view message) const;

  std::int64_t line() const;
  const toml::table& table() const { return *table_; }
  const std::string& name() const { return name_; }

 private:
  const toml::node* Find(std::string_view key);
  Error WrongType(std::string_view key, std::string_view wanted) const;

  const toml::table* table_;
  std::string file_;
  std::string name_;
  std::vector<std::string> asked_;
};

// Keys of a table in the order of the file; keys without a position (`--set`) come last.
std::vector<std::pair<std::string, const toml::node*>> InFileOrder(const toml::table& table);

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_TOML_TABLE_H_
