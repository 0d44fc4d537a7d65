#include "columnar/schema.h"
#include "render/row_writer.h"

namespace lakegate::render {
namespace {

class JsonWriter final : public RowWriter {
 public:
  JsonWriter(const ArrowSchema& schema, bool lines) : lines_(lines) {
    for (const std::string& name : columnar::ColumnNames(schema)) {
      // The name with what stands around it: `{"a":`, `,"b":`.
      std::string key = keys_.empty() ? "{" : ",";
      columnar::AppendJsonString(name, &key);
      key.push_back(':');
      keys_.push_back(std::move(key));
    }
  }

  void Begin(std::string* out) override {
    if (!lines_) out->push_back('[');
  }

  void Batch(const TextBatch& batch, std::string* out) override {
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      if (!lines_) out->append(first_ ? "\n" : ",\n");
      first_ = false;
      if (keys_.empty()) out->push_back('{');
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        out->append(keys_[i]);
        batch.columns[i].AppendJson(row, out);
      }
      out->push_back('}');
      if (lines_) out->push_back('\n');
    }
  }

  void End(std::string* out) override {
    if (!lines_) out->append(first_ ? "]\n" : "\n]\n");
  }

 private:
  std::vector<std::string> keys_;
  bool lines_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<RowWriter> MakeJsonWriter(const ArrowSchema& schema, bool lines) {
  return std::make_unique<JsonWriter>(schema, lines);
}

}  // namespace lakegate::render
