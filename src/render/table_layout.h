// Lines of a table for people: columns as wide as their cells, numbers to the right.
//
// Widths are terminal cells: wide East Asian characters and emoji take two, combining marks
// none (an approximation of Unicode 15's East Asian Width; no locale is asked). Pure; one
// thread at a time.
#ifndef LAKEGATE_RENDER_TABLE_LAYOUT_H_
#define LAKEGATE_RENDER_TABLE_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lakegate::render {

// Terminal cells of a well-formed UTF-8 text.
std::int64_t DisplayWidth(std::string_view text);

// At most `width` terminal cells, the last one "…" where something was cut; 0 is no limit.
std::string CutToWidth(std::string_view text, std::int64_t width);

enum class Alignment { kLeft, kRight };

// Sizes columns from the header and the rows added before the first line was asked for; later
// rows may be wider and then push their line out.
class TableLayout {
 public:
  TableLayout(std::vector<std::string> header, std::vector<Alignment> alignments);

  // Widens the columns to fit.
  void Measure(const std::vector<std::string>& cells);

  // Box-drawing lines, each with its newline.
  std::string Top() const;
  std::string Separator() const;
  std::string Bottom() const;
  std::string Row(const std::vector<std::string>& cells) const;
  std::string Header() const;

  // GitHub-flavoured Markdown: `|` in cells is the caller's to escape.
  std::string MarkdownSeparator() const;
  std::string MarkdownRow(const std::vector<std::string>& cells) const;
  std::string MarkdownHeader() const;

 private:
  std::string Rule(std::string_view left, std::string_view middle, std::string_view right) const;
  std::string Line(const std::vector<std::string>& cells, std::string_view edge) const;

  std::vector<std::string> header_;
  std::vector<Alignment> alignments_;
  std::vector<std::int64_t> widths_;
};

}  // namespace lakegate::render

#endif  // LAKEGATE_RENDER_TABLE_LAYOUT_H_
