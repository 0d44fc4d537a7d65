// The streams of include/lakegate/arrow.h: import, export, batches in memory.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "lakegate/arrow.h"

namespace lakegate {
namespace {

using OwnedCStream = Owned<ArrowArrayStream>;

Error ProducerFailed(OwnedCStream* stream, int code) {
  const char* text =
      (*stream)->get_last_error == nullptr ? nullptr : (*stream)->get_last_error(stream->get());
  const std::string detail = text != nullptr ? text : std::strerror(code);
  if (code == ECANCELED)
    return Error(ErrorKind::kCancelled, "The producer of the stream was cancelled: " + detail);
  return Error(ErrorKind::kIo, "The producer of the stream failed: " + detail);
}

class ImportedStream final : public RecordStream {
 public:
  ImportedStream(OwnedCStream stream, OwnedSchema schema)
      : stream_(std::move(stream)), schema_(std::move(schema)) {}

  const ArrowSchema& schema() const override { return *schema_; }

  Result<std::optional<OwnedArray>> Next() override {
    if (failed_) return *failed_;
    if (done_) return std::optional<OwnedArray>();
    auto next = Pull();
    if (!next) failed_ = next.error();
    return next;
  }

 private:
  Result<std::optional<OwnedArray>> Pull() {
    ArrowArray raw{};
    const int code = stream_->get_next(stream_.get(), &raw);
    if (code != 0) return ProducerFailed(&stream_, code);
    if (raw.release == nullptr) {
      done_ = true;
      stream_.Reset();
      return std::optional<OwnedArray>();
    }
    OwnedArray batch(&raw);
    LG_RETURN_IF_ERROR(columnar::CheckShape(*schema_, *batch));
    return std::optional<OwnedArray>(std::move(batch));
  }

  OwnedCStream stream_;
  OwnedSchema schema_;
  bool done_ = false;
  std::optional<Error> failed_;
};

class MemoryStream final : public RecordStream {
 public:
  MemoryStream(OwnedSchema schema, std::vector<OwnedArray> batches)
      : schema_(std::move(schema)), batches_(std::move(batches)) {}

  const ArrowSchema& schema() const override { return *schema_; }

  Result<std::optional<OwnedArray>> Next() override {
    if (next_ == batches_.size()) return std::optional<OwnedArray>();
    return std::optional<OwnedArray>(std::move(batches_[next_++]));
  }

 private:
  OwnedSchema schema_;
  std::vector<OwnedArray> batches_;
  std::size_t next_ = 0;
};

// What `private_data` of an exported stream points at.
struct Exported {
  ArrowStream stream;
  std::string last_error;
};

Exported& ExportedOf(ArrowArrayStream* stream) {
  return *static_cast<Exported*>(stream->private_data);
}

int ErrnoOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kCancelled:
      return ECANCELED;
    case ErrorKind::kResourceLimit:
      return ENOMEM;
    case ErrorKind::kIo:
    case ErrorKind::kCorruptData:
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
      return EIO;
    default:
      return EINVAL;
  }
}

int ExportedSchema(ArrowArrayStream* self, ArrowSchema* out) {
  CopySchema(ExportedOf(self).stream->schema()).Release(out);
  return 0;
}

int ExportedNext(ArrowArrayStream* self, ArrowArray* out) {
  Exported& exported = ExportedOf(self);
  try {
    auto next = exported.stream->Next();
    if (!next) {
      exported.last_error = next.error().ToString();
      return ErrnoOf(next.error().kind());
    }
    *out = ArrowArray{};
    if (next->has_value()) (**next).Release(out);
    return 0;
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

const char* ExportedError(ArrowArrayStream* self) {
  const Exported& exported = ExportedOf(self);
  return exported.last_error.empty() ? nullptr : exported.last_error.c_str();
}

void ReleaseExported(ArrowArrayStream* self) {
  delete &ExportedOf(self);
  self->release = nullptr;
}

}  // namespace

Result<ArrowStream> ImportStream(ArrowArrayStream* source) {
  if (source == nullptr || source->release == nullptr) {
    return Error(ErrorKind::kInvalidArgument, "The Arrow stream is released already.");
  }
  OwnedCStream stream(source);
  ArrowSchema raw{};
  const int code = stream->get_schema(stream.get(), &raw);
  if (code != 0) return ProducerFailed(&stream, code);
  OwnedSchema schema(&raw);
  LG_RETURN_IF_ERROR(columnar::CheckSchema(*schema));
  if (std::string_view(schema->format) != "+s") {
    return Error(ErrorKind::kCorruptData,
                 fmt::format("The schema of an Arrow stream must be a struct; it is {}.",
                             columnar::TypeName(*schema)));
  }
  return ArrowStream(std::make_unique<ImportedStream>(std::move(stream), std::move(schema)));
}

void ExportStream(ArrowStream stream, ArrowArrayStream* out) {
  *out = ArrowArrayStream{};
  out->get_schema = ExportedSchema;
  out->get_next = ExportedNext;
  out->get_last_error = ExportedError;
  out->release = ReleaseExported;
  out->private_data = new Exported{std::move(stream), {}};
}

ArrowStream StreamOf(OwnedSchema schema, std::vector<OwnedArray> batches) {
  return std::make_unique<MemoryStream>(std::move(schema), std::move(batches));
}

}  // namespace lakegate
