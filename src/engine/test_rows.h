// For the tests of this room: an engine, small batches, streams that fail on purpose.
#ifndef LAKEGATE_ENGINE_TEST_ROWS_H_
#define LAKEGATE_ENGINE_TEST_ROWS_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/schema.h"
#include "columnar/view.h"
#include "engine/engine.h"
#include "engine/statement.h"
#include "lakegate/arrow.h"

namespace lakegate::engine {

inline std::shared_ptr<Engine> OpenTestEngine() {
  EngineOptions options;
  options.worker_threads = 2;
  options.memory_limit_bytes = 256 << 20;
  options.durable = false;
  auto engine = Engine::Open(options);
  EXPECT_TRUE(engine) << engine.error().ToString();
  return *engine;
}

// Columns id (int64) and name (utf8; null for every fifth row), ids from `first`.
inline OwnedSchema IdNameSchema() {
  return columnar::MakeSchema({{.name = "id", .format = "l"}, {.name = "name", .format = "u"}});
}

inline OwnedArray IdNameBatch(std::int64_t first, std::int64_t rows) {
  auto builder = columnar::BatchBuilder::Make(*IdNameSchema());
  for (std::int64_t i = 0; i < rows; ++i) {
    builder->column(0).AppendInt(first + i);
    if ((first + i) % 5 == 4) {
      builder->column(1).AppendNull();
    } else {
      builder->column(1).AppendBytes("name" + std::to_string(first + i));
    }
  }
  return builder->Finish();
}

inline ArrowStream IdNameStream(std::int64_t batches, std::int64_t rows) {
  std::vector<OwnedArray> made;
  for (std::int64_t i = 0; i < batches; ++i) made.push_back(IdNameBatch(i * rows, rows));
  return StreamOf(IdNameSchema(), std::move(made));
}

// Gives `good` batches of two rows, then fails with `error`.
class FailingStream final : public RecordStream {
 public:
  FailingStream(std::int64_t good, Error error)
      : schema_(IdNameSchema()), good_(good), error_(std::move(error)) {}
  const ArrowSchema& schema() const override { return *schema_; }
  Result<std::optional<OwnedArray>> Next() override {
    if (good_-- > 0) return std::optional(IdNameBatch(good_ * 2, 2));
    return error_;
  }

 private:
  OwnedSchema schema_;
  std::int64_t good_;
  Error error_;
};

// The first column of a stream as integers.
inline Result<std::vector<std::int64_t>> Integers(ArrowStream& stream) {
  std::vector<std::int64_t> values;
  while (true) {
    auto batch = stream->Next();
    if (!batch) return std::move(batch).error();
    if (!*batch) return values;
    auto view = columnar::BatchView::Open(stream->schema(), ***batch);
    if (!view) return std::move(view).error();
    for (std::int64_t row = 0; row < view->length(); ++row) {
      values.push_back(view->column(0).Int64(row));
    }
  }
}

inline Result<std::vector<std::int64_t>> IntegersOf(EngineSession& session, std::string_view sql) {
  auto plan = session.PlanStatement(sql);
  if (!plan) return std::move(plan).error();
  auto stream = plan->Execute();
  if (!stream) return std::move(stream).error();
  return Integers(*stream);
}

// A folder of its own for a test, removed with the fixture.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "lakegate-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_TEST_ROWS_H_
