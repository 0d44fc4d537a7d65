#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/file.h"
#include "base/try.h"
#include "lakegate/session.h"
#include "session/row_file.h"
#include "session/session_state.h"

namespace lakegate {
namespace {

Status HandOut(const std::string& path, const std::function<bool(std::string_view)>& sink) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) return base::FileError("open", path, errno);
  std::array<char, 1 << 16> piece;
  while (true) {
    const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get());
    if (size == 0) break;
    if (!sink(std::string_view(piece.data(), size))) {
      return Error(ErrorKind::kIo, "The rows could not be handed on: their reader refused them.");
    }
  }
  if (std::ferror(file.get()) != 0) return base::FileError("read", path, EIO);
  return {};
}

}  // namespace

Result<std::int64_t> Session::Encode(ArrowStream rows, DataFormat format,
                                     const std::function<bool(std::string_view)>& sink) {
  if (rows == nullptr || !sink) {
    return Error(ErrorKind::kInvalidArgument, "Encoding needs rows and a sink.");
  }
  if (format == DataFormat::kDelta) {
    return Error(ErrorKind::kUnsupported,
                 "A Delta table is a folder and cannot be one file: use Session::Write.");
  }
  session::SessionState& state = *impl_->state;
  const std::string path = state.spill->NewFile("encoded", ".tmp");
  auto written = session::WriteRowFile(*state.engine, std::move(rows),
                                       {.path = path, .format = format, .options = {}});
  Status handed = written ? HandOut(path, sink) : Status(written.error());
  const Status removed = base::RemoveFile(path);
  if (!handed) return handed.error();
  if (!removed) return removed.error();
  return written;
}

}  // namespace lakegate
