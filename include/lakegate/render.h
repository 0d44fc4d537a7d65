// Rows as text: for people (table, markdown, line) and for pipes (csv, tsv, json, ndjson).
//
// The stream is pulled batch by batch; only `table` and `markdown` hold rows back, to size their
// columns, at most `measured_rows` of them. Text is UTF-8, invalid bytes become U+FFFD; lines end
// in "\n". A sink that fails ends the call.
//
// Values: floats shortest that read back, decimals exact, dates and times ISO 8601, binary in
// hexadecimal, lists, structs and maps as JSON; json and ndjson write NaN and infinities as null.
// csv and tsv quote by RFC 4180; a text that is empty or spelled like null is quoted, so that it
// is told from null. table and markdown show control characters as escapes.
#ifndef LAKEGATE_RENDER_H_
#define LAKEGATE_RENDER_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "lakegate/arrow.h"
#include "lakegate/export.h"
#include "lakegate/result.h"

namespace lakegate {

// kArrow is no text: `Render` refuses it; Session::Encode writes it.
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

// Writes every row; gives the number of rows. kIo (the sink), kUnsupported (kArrow, or a column
// type outside the Arrow specification), kCorruptData (a batch that is not what its schema says),
// and whatever the stream meets; text written before an error stays written.
LAKEGATE_EXPORT Result<std::int64_t> Render(ArrowStream rows, const RenderOptions& options,
                                            const TextSink& sink);

}  // namespace lakegate

#endif  // LAKEGATE_RENDER_H_
