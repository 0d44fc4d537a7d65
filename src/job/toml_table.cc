#include "job/toml_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/text.h"
#include "base/try.h"

namespace lakegate::job {
namespace {

std::string NodeText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  std::ostringstream out;
  node.visit([&out](const auto& value) { out << value; });
  return out.str();
}

}  // namespace

std::vector<std::pair<std::string, const toml::node*>> InFileOrder(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> items;
  for (const auto& [key, node] : table) items.emplace_back(std::string(key.str()), &node);
  const auto position = [](const toml::node* node) {
    const toml::source_position begin = node->source().begin;
    return begin ? std::make_pair(begin.line, begin.column)
                 : std::make_pair(toml::source_index(-1), toml::source_index(-1));
  };
  std::stable_sort(items.begin(), items.end(), [&](const auto& a, const auto& b) {
    return position(a.second) < position(b.second);
  });
  return items;
}

const toml::node* TomlTable::Find(std::string_view key) {
  asked_.emplace_back(key);
  return table_->get(key);
}

bool TomlTable::Has(std::string_view key) { return Find(key) != nullptr; }

bool TomlTable::HoldsText(std::string_view key) {
  const toml::node* node = Find(key);
  return node != nullptr && node->is_string();
}

bool TomlTable::HoldsTable(std::string_view key) {
  const toml::node* node = Find(key);
  return node != nullptr && node->is_table();
}

Result<std::optional<std::string>> TomlTable::Text(std::string_view key) {
  const toml::node* node = Find(key);
  if (node == nullptr) return std::optional<std::string>();
  if (!node->is_string()) return WrongType(key, "a text");
  return std::optional<std::string>(node->as_string()->get());
}

Result<std::optional<std::int64_t>> TomlTable::Integer(std::string_view key) {
  const toml::node* node = Find(key);
  if (node == nullptr) return std::optional<std::int64_t>();
  if (!node->is_integer()) return WrongType(key, "a whole number");
  return std::optional<std::int64_t>(node->as_integer()->get());
}

Result<std::optional<bool>> TomlTable::Boolean(std::string_view key) {
  const toml::node* node = Find(key);
  if (node == nullptr) return std::optional<bool>();
  if (!node->is_boolean()) return WrongType(key, "true or false");
  return std::optional<bool>(node->as_boolean()->get());
}

Result<std::optional<std::vector<std::string>>> TomlTable::TextList(std::string_view key) {
  const toml::node* node = Find(key);
  if (node == nullptr) return std::optional<std::vector<std::string>>();
  if (!node->is_array()) return WrongType(key, "a list of texts");
  std::vector<std::string> texts;
  for (const toml::node& item : *node->as_array()) {
    if (!item.is_string()) return WrongType(key, "a list of texts");
    texts.push_back(item.as_string()->get());
  }
  return std::optional<std::vector<std::string>>(std::move(texts));
}

Result<std::optional<TomlTable>> TomlTable::Table(std::string_view key) {
  const toml::node* node = Find(key);
  if (node == nullptr) return std::optional<TomlTable>();
  if (!node->is_table()) return WrongType(key, "a table");
  return std::optional<TomlTable>(
      TomlTable(*node->as_table(), file_,
                name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key)));
}

Result<std::string> TomlTable::RequiredText(std::string_view key) {
  LG_ASSIGN_OR_RETURN(std::optional<std::string> text, Text(key));
  if (!text) return Problem("", fmt::format("The key '{}' is missing.", key));
  return *std::move(text);
}

Result<std::vector<std::pair<std::string, TomlTable>>> TomlTable::Tables() {
  std::vector<std::pair<std::string, TomlTable>> tables;
  for (const auto& [key, node] : InFileOrder(*table_)) {
    if (!node->is_table()) return WrongType(key, "a table");
    tables.emplace_back(key, TomlTable(*node->as_table(), file_,
                                       name_.empty() ? key : fmt::format("{}.{}", name_, key)));
  }
  return tables;
}

Result<std::vector<std::pair<std::string, std::string>>> TomlTable::TextPairs() {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [key, node] : InFileOrder(*table_)) {
    if (node->is_table() || node->is_array()) return WrongType(key, "a text, number or boolean");
    pairs.emplace_back(key, NodeText(*node));
  }
  return pairs;
}

Status TomlTable::RefuseOtherKeys() const {
  for (const auto& [key, node] : InFileOrder(*table_)) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    return Problem(key, fmt::format("The key '{}' is not known here.{} Keys: {}.", key,
                                    base::DidYouMean(key, asked_), base::ListNames(asked_)));
  }
  return {};
}

Error TomlTable::WrongType(std::string_view key, std::string_view wanted) const {
  return Problem(key, fmt::format("The key '{}' must be {}.", key, wanted));
}

Error TomlTable::Problem(std::string_view key, std::string_view message) const {
  const toml::node* node = key.empty() ? nullptr : table_->get(key);
  if (node == nullptr) node = table_;
  const toml::source_position begin = node->source().begin;
  const std::string place =
      begin ? fmt::format("{}:{}:{}", file_, begin.line, begin.column) : file_;
  const std::string table = name_.empty() ? std::string() : fmt::format(" [{}]", name_);
  return Error(ErrorKind::kInvalidArgument, fmt::format("{}:{} {}", place, table, message),
               FilePosition{.path = file_, .line = static_cast<std::int64_t>(begin.line)});
}

std::int64_t TomlTable::line() const {
  return static_cast<std::int64_t>(table_->source().begin.line);
}

}  // namespace lakegate::job
