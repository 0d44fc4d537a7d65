// For the tests of this room: a scratch folder, an engine, writes into it, and its log.
#ifndef LAKEGATE_WRITE_WRITE_FIXTURE_H_
#define LAKEGATE_WRITE_WRITE_FIXTURE_H_

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "delta/commit_entry.h"
#include "engine/table.h"
#include "engine/test_rows.h"
#include "observe/event_sink.h"
#include "write/write.h"

namespace lakegate::write {

using engine::IdNameSchema;
using engine::IdNameStream;

class WriteFixture : public ::testing::Test {
 protected:
  WriteFixture() : engine_(engine::OpenTestEngine()) {}

  static WritePolicy TestPolicy() {
    WritePolicy policy;
    policy.small_table_file_bytes = 32 << 20;
    policy.target_file_bytes = 96 << 20;
    policy.large_table_file_bytes = 128 << 20;
    policy.compression = "zstd";
    policy.statistics = "auto";
    policy.statistics_columns_max = 32;
    policy.commit_retries = 15;
    policy.durable = false;
    return policy;
  }
  WriteContext Context() {
    return {.engine = engine_,
            .policy = policy_,
            .maintenance = maintenance_,
            .clock = clock_,
            .random = random_,
            .events = events_,
            .cancel = cancel_};
  }
  WriteOptions To(const std::string& name, WriteMode mode = WriteMode::kError) {
    WriteOptions options;
    options.destination.path = folder_ / name;
    if (name.find('.') == std::string::npos) options.destination.format = DataFormat::kDelta;
    options.mode = mode;
    return options;
  }
  Result<WriteReceipt> Write(const WriteOptions& options, const SourceFactory& source) {
    opened_ = 0;
    WriteContext context = Context();
    return RunWrite(
        [&]() -> Result<ArrowStream> {
          ++opened_;
          return source();
        },
        options, context);
  }
  // `batches` of ten rows.
  Result<WriteReceipt> WriteRows(const WriteOptions& options, std::int64_t batches) {
    return Write(options, [batches] { return IdNameStream(batches, 10); });
  }
  void ExpectRefused(const Result<WriteReceipt>& receipt, ErrorKind kind,
                     const std::string& mentions = "") {
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().kind(), kind) << receipt.error().ToString();
    EXPECT_NE(receipt.error().message().find(mentions), std::string::npos)
        << receipt.error().ToString();
  }

  // Entries of the log: what counts how many commits a write made.
  std::vector<delta::CommitEntry> LogOf(const std::string& name) {
    std::vector<delta::CommitEntry> entries;
    const std::string folder = folder_ / name + "/_delta_log";
    if (!std::filesystem::exists(folder)) return entries;
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() == ".json") names.push_back(file.path().string());
    }
    std::sort(names.begin(), names.end());
    for (const auto& path : names) {
      std::stringstream text;
      text << std::ifstream(path).rdbuf();
      auto entry = delta::ParseCommitEntry(static_cast<std::int64_t>(entries.size()), text.str());
      EXPECT_TRUE(entry) << entry.error().ToString();
      entries.push_back(*std::move(entry));
    }
    return entries;
  }
  // Files anywhere under the folder of the test whose name ends so.
  std::int64_t FilesEndingIn(const std::string& ending) {
    std::int64_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (file.is_regular_file() && file.path().string().ends_with(ending)) ++count;
    }
    return count;
  }
  std::int64_t Query(const std::string& name, DataFormat format, const std::string& sql,
                     std::optional<std::int64_t> version = {}) {
    DatasetLocation location;
    location.path = folder_ / name;
    location.format = format;
    location.version = version;
    auto table = engine::Table::Open(*engine_, location);
    EXPECT_TRUE(table) << table.error().ToString();
    auto session = engine::EngineSession::Open(engine_);
    EXPECT_TRUE(session);
    EXPECT_TRUE(session->AddTable("t", *table));
    auto rows = engine::IntegersOf(*session, sql);
    EXPECT_TRUE(rows) << rows.error().ToString();
    return rows->at(0);
  }
  std::int64_t Count(const std::string& name, DataFormat format = DataFormat::kDelta) {
    return Query(name, format, "SELECT count(*) FROM t");
  }

  engine::ScratchFolder folder_;
  std::shared_ptr<engine::Engine> engine_;
  MaintenancePolicy maintenance_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  WritePolicy policy_ = TestPolicy();
  observe::NullSink events_;
  CancelToken cancel_;
  int opened_ = 0;
};

// A file system of a few kilobytes, where the machine lets us mount one.
class TinyDisk {
 public:
  explicit TinyDisk(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=256k") == 0;
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;
  ~TinyDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::string path_;
  bool mounted_ = false;
};

// Rows that no compression makes small.
inline ArrowStream NoisyStream(std::int64_t batches) {
  const OwnedSchema schema =
      columnar::MakeSchema({{.name = "id", .format = "l"}, {.name = "noise", .format = "u"}});
  std::mt19937_64 random(42);
  std::vector<OwnedArray> made;
  for (std::int64_t i = 0; i < batches; ++i) {
    auto builder = columnar::BatchBuilder::Make(*schema);
    for (int row = 0; row < 1000; ++row) {
      builder->column(0).AppendInt(static_cast<std::int64_t>(random()));
      std::string text;
      for (int part = 0; part < 8; ++part) text += std::to_string(random());
      builder->column(1).AppendBytes(text);
    }
    made.push_back(builder->Finish());
  }
  return StreamOf(CopySchema(*schema), std::move(made));
}

}  // namespace lakegate::write

#endif  // LAKEGATE_WRITE_WRITE_FIXTURE_H_
