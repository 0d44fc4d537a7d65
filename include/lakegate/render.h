// Rows as text: for people (table, markdown, line) and for pipes (csv, tsv, json, ndjson), or as
// an Arrow IPC stream.
//
// The stream is pulled batch by batch; only `table` and `markdown` hold rows back, to size their
// columns, at most `measured_rows` of them. Text is UTF-8; a sink that fails ends the call.
#ifndef LAKEGATE_RENDER_H_
#define LAKEGATE_RENDER_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

enum class RenderFormat { kTable, kMarkdown, kCsv, kTsv, kJson, kNdjson, kLine, kArrow };

// kInvalidArgument listing the formats there are.
LAKEGATE_EXPORT Result<RenderFormat> RenderFormatFromText(std::string_view text);

struct RenderOptions {
  RenderFormat format = RenderFormat::kTable;
  // What stands for null in table, markdown, line, csv and tsv; json writes null.
  std::string_view null_text = "";
  bool header = true;
  std::int64_t measured_rows = 1'000;
  // Cells longer than this many characters end in "…" (table and markdown only); 0 = never.
  std::int64_t cell_width = 80;
};

// Where text goes. False ends the call with kIo.
using TextSink = std::function<bool(std::string_view)>;

// Writes every row; gives the number of rows.
LAKEGATE_EXPORT Result<std::int64_t> Render(ArrowStream rows, const RenderOptions& options,
                                            const TextSink& sink);

}  // namespace lakegate

#endif  // LAKEGATE_RENDER_H_
