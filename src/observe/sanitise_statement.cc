#include "observe/sanitise_statement.h"

#include <algorithm>
#include <utility>

namespace lakegate::observe {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsNameStart(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

class Sanitiser {
 public:
  explicit Sanitiser(std::string_view sql) : sql_(sql) {}

  std::string Run() {
    while (at_ < sql_.size()) Step();
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
    return std::move(out_);
  }

 private:
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }

  void Step() {
    const char c = Peek();
    if (IsSpace(c)) {
      ++at_;
      Fold();
    } else if (c == '-' && Peek(1) == '-') {
      SkipLineComment();
    } else if (c == '/' && Peek(1) == '*') {
      SkipBlockComment();
    } else if (c == '\'') {
      SkipString(false);
    } else if (c == '"' || c == '`') {
      CopyQuotedName(c);
    } else if (c == '$') {
      DollarSign();
    } else if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) {
      SkipNumber();
    } else if (IsNameStart(c)) {
      CopyName();
    } else {
      out_.push_back(c);
      ++at_;
    }
  }

  void Fold() {
    if (!out_.empty() && out_.back() != ' ') out_.push_back(' ');
  }

  void SkipLineComment() {
    while (at_ < sql_.size() && sql_[at_] != '\n') ++at_;
    Fold();
  }

  void SkipBlockComment() {
    int depth = 0;
    do {
      if (Peek() == '/' && Peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (Peek() == '*' && Peek(1) == '/') {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0 && at_ < sql_.size());
    at_ = std::min(at_, sql_.size());
    Fold();
  }

  void SkipString(bool backslash_escapes) {
    ++at_;
    while (at_ < sql_.size()) {
      if (backslash_escapes && Peek() == '\\') {
        at_ = std::min(at_ + 2, sql_.size());
      } else if (Peek() != '\'') {
        ++at_;
      } else if (Peek(1) == '\'') {
        at_ += 2;
      } else {
        ++at_;
        break;
      }
    }
    out_.push_back('?');
  }

  void CopyQuotedName(char quote) {
    const std::size_t start = at_++;
    while (at_ < sql_.size() && sql_[at_] != quote) ++at_;
    at_ = std::min(at_ + 1, sql_.size());
    out_ += sql_.substr(start, at_ - start);
  }

  // A placeholder ($1, $name), the start of a dollar-quoted string, or neither.
  void DollarSign() {
    std::size_t end = at_ + 1;
    while (end < sql_.size() && IsNamePart(sql_[end])) ++end;
    if (end < sql_.size() && sql_[end] == '$') {
      const std::string_view tag = sql_.substr(at_, end + 1 - at_);
      const std::size_t close = sql_.find(tag, end + 1);
      at_ = close == std::string_view::npos ? sql_.size() : close + tag.size();
      out_.push_back('?');
      return;
    }
    out_ += sql_.substr(at_, end - at_);
    at_ = end;
  }

  void SkipNumber() {
    while (at_ < sql_.size()) {
      const char c = Peek();
      const bool exponent_sign = (c == '+' || c == '-') && at_ > 0 &&
                                 (sql_[at_ - 1] == 'e' || sql_[at_ - 1] == 'E') && IsDigit(Peek(1));
      if (!IsNamePart(c) && c != '.' && !exponent_sign) break;
      ++at_;
    }
    out_.push_back('?');
  }

  void CopyName() {
    const std::size_t start = at_;
    while (at_ < sql_.size() && IsNamePart(sql_[at_])) ++at_;
    const std::string_view name = sql_.substr(start, at_ - start);
    out_ += name;
    if (Peek() == '\'' && (name == "e" || name == "E")) SkipString(true);
  }

  std::string_view sql_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string SanitiseStatement(std::string_view sql) { return Sanitiser(sql).Run(); }

}  // namespace lakegate::observe
