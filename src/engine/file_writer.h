// One data file written where the caller says. Syncing and renaming it are the caller's.
//
// Owner: one; threads: one at a time. Destroying an unfinished writer leaves the partial file
// for the caller to remove. Errors: kInvalidArgument (an option; the ones there are),
// kUnsupported (a column type the format cannot hold, named), kIo.
#ifndef LAKEGATE_ENGINE_FILE_WRITER_H_
#define LAKEGATE_ENGINE_FILE_WRITER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "lakegate/arrow.h"
#include "lakegate/dataset.h"

namespace lakegate::engine {

struct FileWriterOptions {
  std::string path;  // absolute
  DataFormat format = DataFormat::kParquet;
  std::map<std::string, std::string> options = {};
  // Written instead, where it is not negative: an open descriptor, which the writer closes, also
  // when it cannot be made; the path then is its name in messages.
  int descriptor = -1;
};

struct FileTotals {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

class FileWriter {
 public:
  static Result<FileWriter> Open(const Engine& engine, const FileWriterOptions& options,
                                 const ArrowSchema& schema);
  FileWriter(FileWriter&&) noexcept;
  FileWriter& operator=(FileWriter&&) noexcept;
  ~FileWriter();

  Status Write(OwnedArray batch);
  // Ends the file and the writer.
  Result<FileTotals> Finish() &&;

 private:
  struct State;
  explicit FileWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_FILE_WRITER_H_
