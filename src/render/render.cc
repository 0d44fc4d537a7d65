#include "lakegate/render.h"

#include <fmt/format.h>

#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "render/row_writer.h"

namespace lakegate {
namespace {

using render::RowWriter;
using render::TextBatch;

// Text is handed on in pieces of about this size; rows are never split over batches of it.
constexpr std::int64_t kRowsAtOnce = 1'024;

constexpr std::pair<std::string_view, RenderFormat> kFormats[] = {
    {"table", RenderFormat::kTable}, {"markdown", RenderFormat::kMarkdown},
    {"csv", RenderFormat::kCsv},     {"tsv", RenderFormat::kTsv},
    {"json", RenderFormat::kJson},   {"ndjson", RenderFormat::kNdjson},
    {"line", RenderFormat::kLine},   {"arrow", RenderFormat::kArrow},
};

std::unique_ptr<RowWriter> MakeWriter(const ArrowSchema& schema, const RenderOptions& options) {
  switch (options.format) {
    case RenderFormat::kTable:
    case RenderFormat::kMarkdown:
      return render::MakeTableWriter(schema, options);
    case RenderFormat::kCsv:
      return render::MakeDelimitedWriter(schema, options, ',');
    case RenderFormat::kTsv:
      return render::MakeDelimitedWriter(schema, options, '\t');
    case RenderFormat::kJson:
      return render::MakeJsonWriter(schema, false);
    case RenderFormat::kNdjson:
      return render::MakeJsonWriter(schema, true);
    case RenderFormat::kLine:
      return render::MakeLineWriter(schema, options);
    case RenderFormat::kArrow:
      return nullptr;
  }
  return nullptr;
}

class Rendering {
 public:
  Rendering(std::unique_ptr<RowWriter> writer, const TextSink& sink)
      : writer_(std::move(writer)), sink_(sink) {}

  Result<std::int64_t> Run(RecordStream& rows) {
    std::int64_t count = 0;
    writer_->Begin(&text_);
    while (true) {
      LG_ASSIGN_OR_RETURN(const std::optional<OwnedArray> batch, rows.Next());
      if (!batch) break;
      LG_RETURN_IF_ERROR(Write(rows.schema(), **batch));
      count += (*batch)->length;
    }
    writer_->End(&text_);
    LG_RETURN_IF_ERROR(Flush());
    return count;
  }

 private:
  // In slices, so that a large batch is not held as text whole.
  Status Write(const ArrowSchema& schema, const ArrowArray& batch) {
    LG_RETURN_IF_ERROR(columnar::CheckArray(schema, batch));
    // Borrowed: nobody releases it.
    ArrowArray slice = batch;
    for (std::int64_t first = 0; first < batch.length; first += kRowsAtOnce) {
      slice.offset = batch.offset + first;
      slice.length = std::min(kRowsAtOnce, batch.length - first);
      LG_ASSIGN_OR_RETURN(const auto view, columnar::BatchView::Open(schema, slice));
      TextBatch text{.columns = {}, .rows = view.length()};
      for (std::int64_t i = 0; i < view.column_count(); ++i) {
        LG_ASSIGN_OR_RETURN(auto column, columnar::ValueText::Open(view.column(i)));
        text.columns.push_back(std::move(column));
      }
      writer_->Batch(text, &text_);
      LG_RETURN_IF_ERROR(Flush());
    }
    return {};
  }

  Status Flush() {
    if (text_.empty()) return {};
    const bool taken = sink_(text_);
    text_.clear();
    if (taken) return {};
    return Error(ErrorKind::kIo, "The output could not be written: its receiver took no more.");
  }

  std::unique_ptr<RowWriter> writer_;
  const TextSink& sink_;
  std::string text_;
};

}  // namespace

Result<RenderFormat> RenderFormatFromText(std::string_view text) {
  std::vector<std::string> names;
  for (const auto& [name, format] : kFormats) {
    if (name == text) return format;
    names.emplace_back(name);
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("There is no output format of that name: '{}'.{} Formats: {}.", text,
                           base::DidYouMean(text, names), base::ListNames(names)));
}

Result<std::int64_t> Render(ArrowStream rows, const RenderOptions& options, const TextSink& sink) {
  try {
    LG_RETURN_IF_ERROR(columnar::CheckSchema(rows->schema()));
    std::unique_ptr<RowWriter> writer = MakeWriter(rows->schema(), options);
    if (writer == nullptr) {
      return Error(ErrorKind::kUnsupported,
                   "Arrow is no text and is not rendered: write it with Session::Encode.");
    }
    return Rendering(std::move(writer), sink).Run(*rows);
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::kResourceLimit,
                 "Memory ran out while rows were written as text. Ask for fewer rows at once, or "
                 "lower measured_rows.");
  }
}

}  // namespace lakegate
