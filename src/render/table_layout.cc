#include "render/table_layout.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace lakegate::render {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Combining and invisible characters, by block.
constexpr Range kZeroWidth[] = {
    {0x0300, 0x036f},   {0x0483, 0x0489},   {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902},   {0x093c, 0x093c},   {0x0941, 0x0948}, {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e},   {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x202a, 0x202e},
    {0x2060, 0x2064},   {0x20d0, 0x20ff},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff},
    {0x1f3fb, 0x1f3ff}, {0xe0100, 0xe01ef},
};

// East Asian wide and full-width characters, emoji.
constexpr Range kDoubleWidth[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x26a1, 0x26a1},   {0x26bd, 0x26be},   {0x2705, 0x2705},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x2753, 0x2755},   {0x2795, 0x2797},
    {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
    {0x1f004, 0x1f004}, {0x1f18e, 0x1f19a}, {0x1f200, 0x1f3fa}, {0x1f400, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f7e0, 0x1f7eb}, {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff},
    {0x20000, 0x2fffd}, {0x30000, 0x3fffd},
};

template <std::size_t N>
bool IsIn(const Range (&ranges)[N], char32_t character) {
  const auto* found =
      std::partition_point(std::begin(ranges), std::end(ranges),
                           [&](const Range& range) { return range.last < character; });
  return found != std::end(ranges) && found->first <= character;
}

// The character at `at` of a well-formed text, and its bytes.
struct Character {
  char32_t value;
  std::size_t size;
};

Character CharacterAt(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  char32_t value = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size && at + i < text.size(); ++i) {
    value = (value << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3fu);
  }
  return {value, std::min(size, text.size() - at)};
}

std::int64_t WidthOf(char32_t character) {
  if (character < 0x300) return character < 0x20 || character == 0x7f ? 0 : 1;
  if (IsIn(kZeroWidth, character)) return 0;
  return IsIn(kDoubleWidth, character) ? 2 : 1;
}

std::string Padded(std::string_view cell, std::int64_t width, Alignment alignment) {
  const std::int64_t missing = std::max<std::int64_t>(0, width - DisplayWidth(cell));
  const std::string spaces(static_cast<std::size_t>(missing), ' ');
  return alignment == Alignment::kRight ? spaces + std::string(cell) : std::string(cell) + spaces;
}

void AppendRepeated(std::string_view text, std::int64_t count, std::string* out) {
  for (std::int64_t i = 0; i < count; ++i) out->append(text);
}

// Markdown asks for at least three dashes.
constexpr std::int64_t kNarrowest = 3;

}  // namespace

std::int64_t DisplayWidth(std::string_view text) {
  std::int64_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = CharacterAt(text, at);
    width += WidthOf(character.value);
    at += character.size;
  }
  return width;
}

std::string CutToWidth(std::string_view text, std::int64_t width) {
  if (width <= 0 || DisplayWidth(text) <= width) return std::string(text);
  std::int64_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const Character character = CharacterAt(text, at);
    const std::int64_t next = used + WidthOf(character.value);
    if (next > width - 1) break;
    used = next;
    at += character.size;
  }
  return std::string(text.substr(0, at)) + "…";
}

TableLayout::TableLayout(std::vector<std::string> header, std::vector<Alignment> alignments)
    : header_(std::move(header)),
      alignments_(std::move(alignments)),
      widths_(header_.size(), kNarrowest) {
  Measure(header_);
}

void TableLayout::Measure(const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    widths_[i] = std::max(widths_[i], DisplayWidth(cells[i]));
  }
}

std::string TableLayout::Rule(std::string_view left, std::string_view middle,
                              std::string_view right) const {
  std::string line(left);
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    if (i != 0) line.append(middle);
    AppendRepeated("─", widths_[i] + 2, &line);
  }
  line.append(right);
  line.push_back('\n');
  return line;
}

std::string TableLayout::Line(const std::vector<std::string>& cells, std::string_view edge) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    line.append(edge);
    line.push_back(' ');
    line.append(Padded(cells[i], widths_[i], alignments_[i]));
    line.push_back(' ');
  }
  line.append(edge);
  line.push_back('\n');
  return line;
}

std::string TableLayout::Top() const { return Rule("┌", "┬", "┐"); }
std::string TableLayout::Separator() const { return Rule("├", "┼", "┤"); }
std::string TableLayout::Bottom() const { return Rule("└", "┴", "┘"); }
std::string TableLayout::Row(const std::vector<std::string>& cells) const {
  return Line(cells, "│");
}
std::string TableLayout::Header() const { return Row(header_); }

std::string TableLayout::MarkdownSeparator() const {
  std::string line;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    const bool right = alignments_[i] == Alignment::kRight;
    line.append("| ");
    line.append(static_cast<std::size_t>(widths_[i]) - (right ? 1 : 0), '-');
    line.append(right ? ": " : " ");
  }
  line.append("|\n");
  return line;
}

std::string TableLayout::MarkdownRow(const std::vector<std::string>& cells) const {
  return Line(cells, "|");
}
std::string TableLayout::MarkdownHeader() const { return MarkdownRow(header_); }

}  // namespace lakegate::render
