#include "job/input_digest.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/temporary_directory_for_test.h"

namespace lakegate::job {
namespace {

namespace fs = std::filesystem;

void Put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
  // A fixed time: the clock of a file system is coarse.
  fs::last_write_time(path, fs::file_time_type(std::chrono::seconds(1'000'000'000)));
}

TEST(InputDigest, IsTheSameWhereverUnchangedFilesLie) {
  const base::TemporaryDirectory directory;
  const fs::path folder = directory.path();
  for (const char* place : {"one", "two"}) {
    Put(folder / place / "a.csv", "x\n1\n");
    Put(folder / place / "deep" / "b.csv", "x\n2\n");
  }
  const std::string digest = DigestOfInput((folder / "one").string());
  EXPECT_EQ(digest.size(), 64U);
  EXPECT_EQ(DigestOfInput((folder / "two").string()), digest);
  // What readers do not look at does not count.
  Put(folder / "two" / "_SUCCESS", "");
  Put(folder / "two" / ".a.csv.lakegate-tmp", "x");
  EXPECT_EQ(DigestOfInput((folder / "two").string()), digest);
}

TEST(InputDigest, ChangesWithNamesSizesAndTimes) {
  const base::TemporaryDirectory directory;
  const fs::path folder = directory.path();
  const fs::path file = folder / "in" / "a.csv";
  Put(file, "x\n1\n");
  const std::string digest = DigestOfInput((folder / "in").string());
  Put(file, "x\n10\n");
  EXPECT_NE(DigestOfInput((folder / "in").string()), digest);
  Put(file, "x\n1\n");
  EXPECT_EQ(DigestOfInput((folder / "in").string()), digest);
  fs::last_write_time(file, fs::file_time_type(std::chrono::seconds(1'000'000'001)));
  EXPECT_NE(DigestOfInput((folder / "in").string()), digest);
  Put(file, "x\n1\n");
  fs::rename(file, file.parent_path() / "b.csv");
  EXPECT_NE(DigestOfInput((folder / "in").string()), digest);
}

TEST(InputDigest, TakesOneFileAndSaysNothingOfWhatIsNotThere) {
  const base::TemporaryDirectory directory;
  const fs::path folder = directory.path();
  Put(folder / "a.csv", "x\n1\n");
  EXPECT_EQ(DigestOfInput((folder / "a.csv").string()).size(), 64U);
  EXPECT_EQ(DigestOfInput((folder / "none").string()), "");
  fs::create_directories(folder / "empty");
  EXPECT_EQ(DigestOfInput((folder / "empty").string()), "");
}

}  // namespace
}  // namespace lakegate::job
