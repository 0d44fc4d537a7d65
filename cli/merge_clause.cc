#include "cli/merge_clause.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>
#include <string>

namespace lakegate::cli {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

// Takes `word` off the beginning of `text`, in any case.
bool Take(std::string_view word, std::string_view* text) {
  if (text->size() < word.size() || Lower(text->substr(0, word.size())) != word) return false;
  const std::string_view rest = text->substr(word.size());
  if (!rest.empty() && !std::isspace(static_cast<unsigned char>(rest.front()))) return false;
  *text = Trim(rest);
  return true;
}

Error Malformed(std::string_view text) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("A merge clause is \"matched [and CONDITION] then update [set a = …; "
                           "b = …]\", \"matched … then delete\", \"not matched … then insert\" or "
                           "\"not matched by source … then delete\", and was given: {}",
                           text));
}

std::optional<MergeWhen> TakeWhen(std::string_view* text) {
  Take("when", text);
  if (Take("matched", text)) return MergeWhen::kMatched;
  if (!Take("not", text) || !Take("matched", text)) return std::nullopt;
  std::string_view rest = *text;
  if (Take("by", &rest)) {
    if (Take("source", &rest)) {
      *text = rest;
      return MergeWhen::kNotMatchedBySource;
    }
    if (!Take("target", &rest)) return std::nullopt;
    *text = rest;
  }
  return MergeWhen::kNotMatched;
}

std::optional<MergeThen> TakeThen(std::string_view* text) {
  if (Take("update", text)) return MergeThen::kUpdate;
  if (Take("delete", text)) return MergeThen::kDelete;
  if (Take("insert", text)) return MergeThen::kInsert;
  return std::nullopt;
}

// "a = expression; b = expression"
bool ParseSet(std::string_view text, std::map<std::string, std::string>* set) {
  while (!text.empty()) {
    const auto end = text.find(';');
    const std::string_view pair = Trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : Trim(text.substr(end + 1));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    set->insert_or_assign(std::string(Trim(pair.substr(0, equals))),
                          std::string(Trim(pair.substr(equals + 1))));
  }
  return !set->empty();
}

}  // namespace

Result<MergeClause> ParseMergeClause(std::string_view text) {
  std::string_view rest = Trim(text);
  MergeClause clause;
  const auto when = TakeWhen(&rest);
  if (!when) return Malformed(text);
  clause.when = *when;
  const bool conditional = Take("and", &rest);
  // The last one: a condition may hold the word in a CASE.
  const auto then = Lower(rest).rfind(conditional ? " then " : "then ");
  if (then == std::string::npos || (!conditional && then != 0)) return Malformed(text);
  if (conditional) clause.condition = std::string(Trim(rest.substr(0, then)));
  rest = Trim(rest.substr(then + (conditional ? 6 : 5)));
  const auto action = TakeThen(&rest);
  if (!action) return Malformed(text);
  clause.then = *action;
  if (Take("set", &rest)) {
    if (!ParseSet(rest, &clause.set)) return Malformed(text);
  } else if (!rest.empty()) {
    return Malformed(text);
  }
  return clause;
}

}  // namespace lakegate::cli
