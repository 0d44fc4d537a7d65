// One way of writing rows: what every text format implements.
//
// Calls come in this order: Begin, then Batch for each batch, then End. Text goes to `out`,
// which the caller empties between calls. Threads: one at a time.
#ifndef LAKEGATE_RENDER_ROW_WRITER_H_
#define LAKEGATE_RENDER_ROW_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "columnar/value_text.h"
#include "lakegate/arrow.h"
#include "lakegate/render.h"
#include "lakegate/result.h"

namespace lakegate::render {

// The columns of one batch.
struct TextBatch {
  std::vector<columnar::ValueText> columns;
  std::int64_t rows = 0;
};

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void Begin(std::string* out) = 0;
  virtual void Batch(const TextBatch& batch, std::string* out) = 0;
  virtual void End(std::string* out) = 0;
};

// csv and tsv: RFC 4180 with "\n" line ends; `separator` is ',' or '\t'.
std::unique_ptr<RowWriter> MakeDelimitedWriter(const ArrowSchema& schema,
                                               const RenderOptions& options, char separator);
// json: one array; ndjson: one object a line. Names that repeat are written as they are.
std::unique_ptr<RowWriter> MakeJsonWriter(const ArrowSchema& schema, bool lines);
// table and markdown.
std::unique_ptr<RowWriter> MakeTableWriter(const ArrowSchema& schema, const RenderOptions& options);
// line: "name = value" on a line of its own, records parted by an empty line.
std::unique_ptr<RowWriter> MakeLineWriter(const ArrowSchema& schema, const RenderOptions& options);

}  // namespace lakegate::render

#endif  // LAKEGATE_RENDER_ROW_WRITER_H_
