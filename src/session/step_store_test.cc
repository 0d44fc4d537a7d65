#include <gtest/gtest.h>

#include <thread>

#include "columnar/test_arrays.h"
#include "session/test_session.h"

namespace lakegate::session {
namespace {

std::string Expected(int rows) {
  std::string text;
  for (int i = 0; i < rows; ++i) text += std::to_string(i) + "\n";
  return text;
}

std::size_t FilesIn(const std::string& path) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && entry.path().extension() == ".arrow") ++files;
  }
  return files;
}

TEST(StepStore, KeepsRowsInMemory) {
  TestFolder folder;
  auto session = OpenIn(folder);
  const auto output = session->RegisterStream("numbers", Numbers(3, 4));
  ASSERT_OK(output);
  EXPECT_EQ(output->rows, 12);
  EXPECT_FALSE(output->spilled);
  EXPECT_EQ(RowsOf(session->Scan("numbers")), Expected(12));
  EXPECT_EQ(RowsOf(session->Scan("numbers")), Expected(12));
}

TEST(StepStore, SpillsBeyondTheLimitAndReadsTheSame) {
  TestFolder folder;
  auto session = OpenIn(folder, {{"step_memory_limit", "100 B"}});
  const auto output = session->RegisterStream("numbers", Numbers(5, 7));
  ASSERT_OK(output);
  EXPECT_TRUE(output->spilled);
  EXPECT_EQ(output->rows, 35);
  EXPECT_EQ(FilesIn(folder.File("spill")), 1U);
  EXPECT_EQ(RowsOf(session->Sql("SELECT n FROM numbers ORDER BY n")), Expected(35));
  EXPECT_EQ(RowsOf(session->Scan("numbers")), Expected(35));
  ASSERT_OK(session->Deregister("numbers"));
  EXPECT_EQ(FilesIn(folder.File("spill")), 0U);
}

TEST(StepStore, StopsAtTheLimitOfTemporaryFilesAndLeavesNone) {
  TestFolder folder;
  auto session = OpenIn(folder, {{"step_memory_limit", "100 B"}, {"spill_limit", "1000 B"}});
  EXPECT_KIND(session->RegisterStream("numbers", Numbers(50, 20)), kResourceLimit);
  EXPECT_EQ(FilesIn(folder.File("spill")), 0U);
  // What the failed step had taken is free again.
  ASSERT_OK(session->RegisterStream("numbers", Numbers(5, 20)));
  EXPECT_KIND(session->RegisterStream("more", Numbers(5, 20)), kResourceLimit);
  ASSERT_OK(session->Deregister("numbers"));
  ASSERT_OK(session->RegisterStream("more", Numbers(5, 20)));
}

// Batches of one value each, every one with a dictionary of its own.
ArrowStream WordsInDictionaries(const std::vector<std::string>& words) {
  columnar::FieldSpec word{.name = "word", .format = "i"};
  word.dictionary.push_back({.name = "", .format = "u"});
  std::vector<OwnedArray> batches;
  for (const std::string& text : words) {
    columnar::ArrayParts values;
    values.length = 1;
    values.buffers.emplace_back();
    columnar::AppendOffsetsAndBytes<std::int32_t>({text}, &values);
    columnar::ArrayParts column;
    column.length = 1;
    column.buffers = {columnar::SharedBuffer(), columnar::ValuesBuffer<std::int32_t>({0})};
    column.dictionary = columnar::MakeArray(std::move(values));
    columnar::ArrayParts batch;
    batch.length = 1;
    batch.buffers.resize(1);
    batch.children.push_back(columnar::MakeArray(std::move(column)));
    batches.push_back(columnar::MakeArray(std::move(batch)));
  }
  return StreamOf(columnar::MakeSchema({word}), std::move(batches));
}

TEST(StepStore, SpillsDictionariesThatChangeFromBatchToBatch) {
  TestFolder folder;
  auto session = OpenIn(folder, {{"step_memory_limit", "1 B"}});
  const auto output = session->RegisterStream("words", WordsInDictionaries({"b", "a", "c"}));
  ASSERT_OK(output);
  EXPECT_TRUE(output->spilled);
  EXPECT_EQ(RowsOf(session->Scan("words")), "b\na\nc\n");
}

TEST(StepStore, IsReadByManyAtOnce) {
  TestFolder folder;
  auto session = OpenIn(folder, {{"step_memory_limit", "100 B"}});
  ASSERT_OK(session->RegisterStream("numbers", Numbers(50, 20)));
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (std::string& text : texts) {
    threads.emplace_back([&] { text = RowsOf(session->Scan("numbers")); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& text : texts) EXPECT_EQ(text, Expected(1000));
}

TEST(StepStore, ReadersOutliveDeregistration) {
  TestFolder folder;
  auto session = OpenIn(folder, {{"step_memory_limit", "100 B"}});
  ASSERT_OK(session->RegisterStream("numbers", Numbers(5, 7)));
  auto rows = session->Scan("numbers");
  ASSERT_OK(session->Deregister("numbers"));
  EXPECT_EQ(RowsOf(std::move(rows)), Expected(35));
}

TEST(StepStore, PassesTheErrorOfItsSource) {
  class Failing final : public RecordStream {
   public:
    const ArrowSchema& schema() const override { return *schema_; }
    Result<std::optional<OwnedArray>> Next() override {
      return Error(ErrorKind::kCorruptData, "The source is broken.");
    }

   private:
    OwnedSchema schema_ = columnar::MakeSchema({{.name = "n", .format = "l"}});
  };
  TestFolder folder;
  auto session = OpenIn(folder);
  EXPECT_KIND(session->RegisterStream("numbers", std::make_unique<Failing>()), kCorruptData);
  EXPECT_KIND(session->RegisterStream("numbers", nullptr), kInvalidArgument);
  EXPECT_TRUE(session->Entries().empty());
}

TEST(StepStore, StopsWhenCancelled) {
  TestFolder folder;
  auto session = OpenIn(folder);
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_KIND(session->RegisterStream("numbers", Numbers(1, 1), cancel), kCancelled);
}

TEST(SpillArea, GoesWithTheSession) {
  TestFolder folder;
  auto session = OpenIn(folder);
  EXPECT_FALSE(std::filesystem::is_empty(folder.File("spill")));
  session.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder.File("spill")));
}

TEST(SpillArea, TakesAwayWhatTheDeadLeftAndNothingElse) {
  TestFolder folder;
  folder.Write("spill/lakegate-spill-dead/owner.lock", "held");
  folder.Write("spill/lakegate-spill-new/owner.lock", "");
  folder.Write("spill/lakegate-spill-dead/step-1.arrow", "rows");
  folder.Write("spill/somebody-elses/file", "x");
  auto living = OpenIn(folder);
  EXPECT_FALSE(folder.Exists("spill/lakegate-spill-dead"));
  EXPECT_TRUE(folder.Exists("spill/lakegate-spill-new"));
  EXPECT_TRUE(folder.Exists("spill/somebody-elses/file"));
  auto second = OpenIn(folder);
  ASSERT_OK(living->RegisterStream("numbers", Numbers(1, 1)));
}

}  // namespace
}  // namespace lakegate::session
