#include <fmt/format.h>

#include <iterator>
#include <optional>

#include "columnar/schema.h"
#include "columnar/type.h"
#include "render/row_writer.h"
#include "render/table_layout.h"

namespace lakegate::render {
namespace {

Alignment AlignmentOf(const ArrowSchema& field) {
  const ArrowSchema& values = field.dictionary != nullptr ? *field.dictionary : field;
  const auto type = columnar::ParseFormat(values.format);
  const bool number = type && (columnar::IsInteger(type->id) || columnar::IsFloat(type->id) ||
                               columnar::IsDecimal(type->id));
  return number ? Alignment::kRight : Alignment::kLeft;
}

// Control characters would break the lines of a table, or worse, reach the terminal.
std::string Visible(std::string_view text, bool markdown) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    // U+0080 to U+009F, the second set of control characters.
    const bool second_set =
        byte == 0xc2 && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
    if (byte == '\n') {
      out.append("\\n");
    } else if (byte == '\t') {
      out.append("\\t");
    } else if (byte == '\r') {
      out.append("\\r");
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else if (second_set) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[++at]));
    } else if (markdown && byte == '|') {
      out.append("\\|");
    } else {
      out.push_back(text[at]);
    }
  }
  return out;
}

class TableWriter final : public RowWriter {
 public:
  TableWriter(const ArrowSchema& schema, const RenderOptions& options)
      : markdown_(options.format == RenderFormat::kMarkdown),
        header_(options.header),
        null_text_(Visible(options.null_text, markdown_)),
        measured_rows_(options.measured_rows),
        cell_width_(options.cell_width),
        layout_(HeaderOf(schema, options), AlignmentsOf(schema)) {}

  void Begin(std::string*) override {}

  void Batch(const TextBatch& batch, std::string* out) override {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      std::vector<std::string> cells = CellsOf(batch, row);
      if (!head_written_ && static_cast<std::int64_t>(held_.size()) < measured_rows_) {
        layout_.Measure(cells);
        held_.push_back(std::move(cells));
        continue;
      }
      WriteHead(out);
      out->append(Line(cells));
    }
  }

  void End(std::string* out) override {
    WriteHead(out);
    if (!markdown_) out->append(layout_.Bottom());
  }

 private:
  static std::vector<std::string> HeaderOf(const ArrowSchema& schema,
                                           const RenderOptions& options) {
    std::vector<std::string> header;
    for (const std::string& name : columnar::ColumnNames(schema)) {
      std::string valid;
      columnar::AppendValidUtf8(name, &valid);
      header.push_back(CutToWidth(Visible(valid, options.format == RenderFormat::kMarkdown),
                                  options.header ? options.cell_width : 1));
    }
    return header;
  }
  static std::vector<Alignment> AlignmentsOf(const ArrowSchema& schema) {
    std::vector<Alignment> alignments;
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
      alignments.push_back(AlignmentOf(*schema.children[i]));
    }
    return alignments;
  }

  std::vector<std::string> CellsOf(const TextBatch& batch, std::int64_t row) const {
    std::vector<std::string> cells;
    cells.reserve(batch.columns.size());
    for (const columnar::ValueText& column : batch.columns) {
      if (column.IsNull(row)) {
        cells.push_back(null_text_);
        continue;
      }
      std::string text;
      column.AppendText(row, &text);
      cells.push_back(CutToWidth(Visible(text, markdown_), cell_width_));
    }
    return cells;
  }

  std::string Line(const std::vector<std::string>& cells) const {
    return markdown_ ? layout_.MarkdownRow(cells) : layout_.Row(cells);
  }

  void WriteHead(std::string* out) {
    if (head_written_) return;
    head_written_ = true;
    if (markdown_) {
      // A Markdown table has a header or is none.
      out->append(layout_.MarkdownHeader());
      out->append(layout_.MarkdownSeparator());
    } else {
      out->append(layout_.Top());
      if (header_) {
        out->append(layout_.Header());
        out->append(layout_.Separator());
      }
    }
    for (const std::vector<std::string>& cells : held_) out->append(Line(cells));
    held_ = {};
  }

  bool markdown_;
  bool header_;
  std::string null_text_;
  std::int64_t measured_rows_;
  std::int64_t cell_width_;
  TableLayout layout_;
  // Rows that are measured before the first line is written.
  std::vector<std::vector<std::string>> held_;
  bool head_written_ = false;
};

}  // namespace

std::unique_ptr<RowWriter> MakeTableWriter(const ArrowSchema& schema,
                                           const RenderOptions& options) {
  return std::make_unique<TableWriter>(schema, options);
}

}  // namespace lakegate::render
