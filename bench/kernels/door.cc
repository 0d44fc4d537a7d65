// Kernels over the Arrow C stream interface, for benches in Python: options come as JSON, inputs
// and output as C streams, so that product and peers run in one process on the same rows.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "columnar/buffer_pool.h"
#include "lakegate/arrow.h"
#include "lakegate/kernel.h"
#include "lakegate/kernel_call.h"

namespace {

using Json = nlohmann::json;

void CopyMessage(const std::string& text, char* message, std::int64_t size) {
  if (size <= 0) return;
  const std::size_t length = std::min(text.size(), static_cast<std::size_t>(size) - 1);
  std::memcpy(message, text.data(), length);
  message[length] = '\0';
}

lakegate::Result<lakegate::OptionValue> OptionOf(const Json& value) {
  if (value.is_boolean()) return lakegate::OptionValue(value.get<bool>());
  if (value.is_number_integer()) return lakegate::OptionValue(value.get<std::int64_t>());
  if (value.is_string()) return lakegate::OptionValue(value.get<std::string>());
  if (value.is_array()) return lakegate::OptionValue(value.get<std::vector<std::string>>());
  return lakegate::Error(lakegate::ErrorKind::kInvalidArgument, "An option has no such type.");
}

lakegate::Result<lakegate::ArrowStream> Open(const char* kernel, const char* options,
                                             struct ArrowArrayStream* inputs, std::int32_t count,
                                             const lakegate::KernelContext& context) {
  std::vector<lakegate::ArrowStream> streams;
  for (std::int32_t i = 0; i < count; ++i) {
    auto stream = lakegate::ImportStream(&inputs[i]);
    if (!stream) return stream.error();
    streams.push_back(*std::move(stream));
  }
  lakegate::KernelOptions values;
  const Json given = Json::parse(options);
  for (const auto& [name, value] : given.items()) {
    auto option = OptionOf(value);
    if (!option) return option.error();
    values.emplace(name, *std::move(option));
  }
  auto call = lakegate::KernelCallFrom(kernel, values);
  if (!call) return call.error();
  return lakegate::RunKernel(*call, std::move(streams), context);
}

}  // namespace

extern "C" {

// 0, or 1 with `message`.
__attribute__((visibility("default"))) std::int32_t lakegate_bench_open(
    const char* kernel, const char* options, struct ArrowArrayStream* inputs, std::int32_t count,
    std::int64_t threads, std::int64_t batch_rows, std::int64_t memory_limit,
    struct ArrowArrayStream* output, char* message, std::int64_t message_size) {
  // Enough idle memory for the working arrays of the largest bench: what is measured is a warm
  // process, the peers being warmed alike.
  static const auto pool = lakegate::columnar::BufferPool::Make(std::int64_t{4} << 30);
  lakegate::KernelContext context;
  context.pool = pool;
  context.threads = threads;
  context.batch_rows = batch_rows;
  context.memory_limit_bytes = memory_limit;
  auto stream = Open(kernel, options, inputs, count, context);
  if (!stream) {
    CopyMessage(stream.error().ToString(), message, message_size);
    return 1;
  }
  lakegate::ExportStream(*std::move(stream), output);
  return 0;
}

// Pulls every batch and gives it back at once; the number of rows, or -1 with `message`.
__attribute__((visibility("default"))) std::int64_t lakegate_bench_drain(
    struct ArrowArrayStream* stream, char* message, std::int64_t message_size) {
  std::int64_t rows = 0;
  while (true) {
    struct ArrowArray batch = {};
    if (stream->get_next(stream, &batch) != 0) {
      const char* const text = stream->get_last_error(stream);
      CopyMessage(text != nullptr ? text : "", message, message_size);
      rows = -1;
      break;
    }
    if (batch.release == nullptr) break;
    rows += batch.length;
    batch.release(&batch);
  }
  stream->release(stream);
  return rows;
}

}  // extern "C"
