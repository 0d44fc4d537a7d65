// What the tests of this room and of `job` share: a folder of their own, rows as text.
#ifndef LAKEGATE_SESSION_TEST_SESSION_H_
#define LAKEGATE_SESSION_TEST_SESSION_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/value_text.h"
#include "lakegate/session.h"

namespace lakegate::session {

class TestFolder {
 public:
  TestFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "lakegate-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TestFolder() {
    // An engine thread may be taking its spill area away at this moment.
    std::error_code error;
    for (int attempt = 0; attempt < 10; ++attempt) {
      if (std::filesystem::remove_all(path_, error); !error) return;
    }
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  std::string Write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(File(name)).parent_path());
    std::ofstream(File(name), std::ios::binary) << text;
    return File(name);
  }
  std::string Read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(File(name), std::ios::binary).rdbuf();
    return text.str();
  }
  bool Exists(const std::string& name) const { return std::filesystem::exists(File(name)); }

 private:
  std::string path_;
};

// Whether this run of the tests has its statements in worker processes.
inline bool RunsInWorkers() { return std::getenv("LAKEGATE_TEST_IN_WORKERS") != nullptr; }

// Default settings, spilling into the folder, with single settings on top.
inline Profile ProfileIn(const TestFolder& folder,
                         const std::vector<std::pair<std::string, std::string>>& settings = {}) {
  ProfileSources sources;
  const auto set = [&sources](const std::string& name, const std::string& value) {
    sources.explicit_settings.push_back({.name = name, .value = value, .origin = "test"});
  };
  set("spill_directory", folder.File("spill"));
  set("durable_writes", "false");
  set("threads", "2");
#ifdef LAKEGATE_WORKER
  set("worker_program", LAKEGATE_WORKER);
  if (RunsInWorkers()) set("isolation", "process");
#endif
  for (const auto& [name, value] : settings) set(name, value);
  auto profile = Profile::Build(sources);
  EXPECT_TRUE(profile.has_value()) << profile.error().ToString();
  return *profile;
}

inline std::unique_ptr<Session> OpenIn(
    const TestFolder& folder,
    const std::vector<std::pair<std::string, std::string>>& settings = {}) {
  auto session = Session::Open(ProfileIn(folder, settings));
  EXPECT_TRUE(session.has_value()) << session.error().ToString();
  return *std::move(session);
}

// Rows as "a|b" lines, nulls empty; an error as "kKind".
inline std::string RowsOf(Result<ArrowStream> rows) {
  if (!rows) return std::string(ErrorKindName(rows.error().kind()));
  std::string text;
  while (true) {
    auto batch = (*rows)->Next();
    if (!batch) return std::string(ErrorKindName(batch.error().kind()));
    if (!batch->has_value()) return text;
    const auto view = columnar::BatchView::Open((*rows)->schema(), ***batch);
    EXPECT_TRUE(view.has_value());
    std::vector<columnar::ValueText> columns;
    for (std::int64_t i = 0; i < view->column_count(); ++i) {
      columns.push_back(*columnar::ValueText::Open(view->column(i)));
    }
    for (std::int64_t row = 0; row < view->length(); ++row) {
      for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text += '|';
        if (!columns[i].IsNull(row)) columns[i].AppendText(row, &text);
      }
      text += '\n';
    }
  }
}

// A stream of `batches` batches of one int64 column "n", counting from 0.
inline ArrowStream Numbers(std::int64_t batches, std::int64_t rows_in_batch) {
  OwnedSchema schema = columnar::MakeSchema({{.name = "n", .format = "l"}});
  std::vector<OwnedArray> arrays;
  auto builder = columnar::BatchBuilder::Make(*schema);
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    for (std::int64_t row = 0; row < rows_in_batch; ++row) {
      builder->column(0).AppendInt(batch * rows_in_batch + row);
    }
    arrays.push_back(builder->Finish());
  }
  return StreamOf(std::move(schema), std::move(arrays));
}

inline DatasetSpec Dataset(std::string name, std::string path) {
  DatasetSpec spec;
  spec.name = std::move(name);
  spec.location.path = std::move(path);
  return spec;
}

// `EXPECT_KIND(call, kNotFound)`: the call fails with this kind; the message is shown if not.
#define EXPECT_KIND(expression, expected_kind)                         \
  do {                                                                 \
    auto&& lg_outcome = (expression);                                  \
    ASSERT_FALSE(lg_outcome.has_value()) << "succeeded: " #expression; \
    EXPECT_EQ(lg_outcome.error().kind(), ErrorKind::expected_kind)     \
        << lg_outcome.error().ToString();                              \
  } while (false)

#define ASSERT_OK(expression)                                             \
  do {                                                                    \
    auto&& lg_outcome = (expression);                                     \
    ASSERT_TRUE(lg_outcome.has_value()) << lg_outcome.error().ToString(); \
  } while (false)

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_TEST_SESSION_H_
