#include <algorithm>

#include "columnar/schema.h"
#include "render/row_writer.h"
#include "render/table_layout.h"

namespace lakegate::render {
namespace {

class LineWriter final : public RowWriter {
 public:
  LineWriter(const ArrowSchema& schema, const RenderOptions& options)
      : null_text_(options.null_text) {
    std::int64_t width = 0;
    for (const std::string& name : columnar::ColumnNames(schema)) {
      names_.emplace_back();
      columnar::AppendValidUtf8(name, &names_.back());
      width = std::max(width, DisplayWidth(names_.back()));
    }
    for (std::string& name : names_) {
      name.insert(0, static_cast<std::size_t>(width - DisplayWidth(name)), ' ');
      name.append(" = ");
    }
  }

  void Begin(std::string*) override {}

  void Batch(const TextBatch& batch, std::string* out) override {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      if (!first_) out->push_back('\n');
      first_ = false;
      for (std::size_t i = 0; i < names_.size(); ++i) {
        out->append(names_[i]);
        if (batch.columns[i].IsNull(row)) {
          out->append(null_text_);
        } else {
          batch.columns[i].AppendText(row, out);
        }
        out->push_back('\n');
      }
    }
  }

  void End(std::string*) override {}

 private:
  std::vector<std::string> names_;
  std::string null_text_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<RowWriter> MakeLineWriter(const ArrowSchema& schema, const RenderOptions& options) {
  return std::make_unique<LineWriter>(schema, options);
}

}  // namespace lakegate::render
