#include "engine/file_writer.h"

#include <utility>

#include "base/try.h"
#include "engine/engine_state.h"
#include "engine/hand_over.h"
#include "engine/json_text.h"

namespace lakegate::engine {

struct FileWriter::State {
  FileWriterHandle handle;
};

FileWriter::FileWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileWriter::FileWriter(FileWriter&&) noexcept = default;
FileWriter& FileWriter::operator=(FileWriter&&) noexcept = default;
FileWriter::~FileWriter() = default;

Result<FileWriter> FileWriter::Open(const Engine& engine, const FileWriterOptions& options,
                                    const ArrowSchema& schema) {
  nlohmann::ordered_json request = {{"path", options.path},
                                    {"format", FormatName(options.format)},
                                    {"options", TypedOptions(options.options)}};
  if (options.descriptor >= 0) request["descriptor"] = options.descriptor;
  const std::string text = Dump(request);
  OwnedSchema copy = CopySchema(schema);
  const auto& state = engine.state();
  auto handle = FileWriterHandle::Open<&BridgeApi::lg_file_writer_open>(
      *state.api, state.handle.borrow(), Borrow(text), copy.get());
  if (!handle) return std::move(handle).error();
  return FileWriter(std::make_unique<State>(State{*std::move(handle)}));
}

Status FileWriter::Write(OwnedArray batch) {
  batch = HandOverBatch(std::move(batch));
  return state_->handle.Call<&BridgeApi::lg_file_writer_write>(batch.get());
}

Result<FileTotals> FileWriter::Finish() && {
  const auto state = std::move(state_);
  LG_ASSIGN_OR_RETURN(const std::string text,
                      state->handle.CallForText<&BridgeApi::lg_file_writer_finish>());
  LG_ASSIGN_OR_RETURN(const auto parsed, ParseBridgeJson(text, "lg_file_writer_finish"));
  return FileTotals{NumberIn(parsed, "rows"), NumberIn(parsed, "bytes")};
}

}  // namespace lakegate::engine
