#include "columnar/schema.h"
#include "render/row_writer.h"

namespace lakegate::render {
namespace {

class DelimitedWriter final : public RowWriter {
 public:
  DelimitedWriter(const ArrowSchema& schema, const RenderOptions& options, char separator)
      : header_(options.header), null_text_(options.null_text), separator_(separator) {
    for (const std::string& name : columnar::ColumnNames(schema)) {
      names_.emplace_back();
      columnar::AppendValidUtf8(name, &names_.back());
    }
  }

  void Begin(std::string* out) override {
    if (!header_) return;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (i != 0) out->push_back(separator_);
      AppendField(names_[i], out);
    }
    out->push_back('\n');
  }

  void Batch(const TextBatch& batch, std::string* out) override {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      for (std::size_t i = 0; i < batch.columns.size(); ++i) {
        if (i != 0) out->push_back(separator_);
        AppendValue(batch.columns[i], row, out);
      }
      out->push_back('\n');
    }
  }

  void End(std::string*) override {}

 private:
  void AppendValue(const columnar::ValueText& column, std::int64_t row, std::string* out) {
    if (column.IsNull(row)) {
      // A lone empty field would be an empty line, which readers skip.
      out->append(null_text_.empty() && names_.size() == 1 ? "\"\"" : null_text_);
      return;
    }
    cell_.clear();
    column.AppendText(row, &cell_);
    AppendField(cell_, out);
  }

  // A value that is spelled like null, or like nothing, is quoted so that it is told from null.
  void AppendField(const std::string& field, std::string* out) const {
    const bool plain = field.find_first_of("\"\r\n") == std::string::npos &&
                       field.find(separator_) == std::string::npos && field != null_text_ &&
                       !field.empty();
    if (plain) {
      out->append(field);
      return;
    }
    out->push_back('"');
    for (const char c : field) {
      if (c == '"') out->push_back('"');
      out->push_back(c);
    }
    out->push_back('"');
  }

  std::vector<std::string> names_;
  bool header_;
  std::string null_text_;
  char separator_;
  std::string cell_;
};

}  // namespace

std::unique_ptr<RowWriter> MakeDelimitedWriter(const ArrowSchema& schema,
                                               const RenderOptions& options, char separator) {
  return std::make_unique<DelimitedWriter>(schema, options, separator);
}

}  // namespace lakegate::render
