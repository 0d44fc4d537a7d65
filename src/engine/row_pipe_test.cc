#include "engine/row_pipe.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

#include "engine/file_writer.h"
#include "engine/test_rows.h"

namespace lakegate::engine {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 30;

std::array<int, 2> MakePipe() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return ends;
}

// What a pipe gives that says `bytes` and then ends.
Result<ArrowStream> Said(const std::string& bytes, std::int64_t most = kMost) {
  const auto [out, in] = MakePipe();
  std::thread writer([in = in, &bytes] {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = ::write(in, bytes.data() + done, bytes.size() - done);
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
    ::close(in);
  });
  auto rows = ReadRowPipe(out, most);
  if (rows) {
    std::int64_t count = 0;
    while (true) {
      auto batch = (*rows)->Next();
      if (!batch) rows = batch.error();
      if (!batch || !*batch) break;
      count += (**batch)->length;
    }
    EXPECT_LE(count, 12);
  }
  writer.join();
  return rows;
}

// The bytes of three batches of four rows.
std::string Written(const Engine& engine) {
  const auto [out, in] = MakePipe();
  std::string bytes;
  std::thread reader([out = out, &bytes] {
    std::array<char, 4096> piece;
    while (true) {
      const ssize_t size = ::read(out, piece.data(), piece.size());
      if (size <= 0) break;
      bytes.append(piece.data(), static_cast<std::size_t>(size));
    }
    ::close(out);
  });
  auto writer = FileWriter::Open(engine,
                                 {.path = "the pipe",
                                  .format = DataFormat::kArrow,
                                  .options = {{"stream", "true"}},
                                  .descriptor = in},
                                 *IdNameSchema());
  EXPECT_TRUE(writer) << writer.error().ToString();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(writer->Write(IdNameBatch(4 * i, 4)));
  EXPECT_TRUE(std::move(*writer).Finish());
  reader.join();
  return bytes;
}

TEST(RowPipe, GivesTheRowsThatWereWritten) {
  const auto engine = OpenTestEngine();
  const std::string bytes = Written(*engine);
  ASSERT_TRUE(Said(bytes));
  // Nothing but whole messages is a stream.
  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = Said(bytes.substr(0, size));
    if (cut) continue;
    ++refused;
    EXPECT_EQ(cut.error().kind(), ErrorKind::kCorruptData) << size << cut.error().ToString();
  }
  EXPECT_GT(refused, 1000);
}

TEST(RowPipe, ReceivesSchemaAndBatchesAsTheyAreWritten) {
  const auto engine = OpenTestEngine();
  const auto [out, in] = MakePipe();
  auto writer = FileWriter::Open(*engine,
                                 {.path = "the pipe",
                                  .format = DataFormat::kArrow,
                                  .options = {{"stream", "true"}},
                                  .descriptor = in},
                                 *IdNameSchema());
  ASSERT_TRUE(writer);
  auto rows = ReadRowPipe(out, kMost);
  ASSERT_TRUE(rows) << rows.error().ToString();
  ASSERT_TRUE(writer->Write(IdNameBatch(0, 4)));
  const auto first = (*rows)->Next();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((**first)->length, 4);
  ASSERT_TRUE(std::move(*writer).Finish());
  EXPECT_FALSE((*rows)->Next()->has_value());
}

TEST(RowPipe, BelievesNoLength) {
  const std::string mark(4, '\xff');
  EXPECT_EQ(Said(mark + "\xff\xff\xff\x7f").error().kind(), ErrorKind::kResourceLimit);
  EXPECT_EQ(Said(mark + std::string("\x10\0\0\0", 4)).error().kind(), ErrorKind::kCorruptData);
  EXPECT_EQ(Said("no arrow at all").error().kind(), ErrorKind::kCorruptData);
  EXPECT_EQ(Said("").error().kind(), ErrorKind::kCorruptData);
  const auto engine = OpenTestEngine();
  std::string bytes = Written(*engine);
  EXPECT_EQ(Said(bytes, 16).error().kind(), ErrorKind::kResourceLimit);
  // Any damage is an answer or an error, and takes no more than was sent.
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
    if (const auto rows = Said(damaged); !rows) {
      EXPECT_TRUE(rows.error().kind() == ErrorKind::kCorruptData ||
                  rows.error().kind() == ErrorKind::kResourceLimit ||
                  rows.error().kind() == ErrorKind::kUnsupported)
          << i << rows.error().ToString();
    }
  }
}

}  // namespace
}  // namespace lakegate::engine
