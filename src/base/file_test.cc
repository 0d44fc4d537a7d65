#include "base/file.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/temporary_directory_for_test.h"

namespace lakegate::base {
namespace {

void ExpectNames(const Error& error, ErrorKind kind, const std::string& path) {
  EXPECT_EQ(error.kind(), kind) << error.ToString();
  EXPECT_NE(error.message().find(path), std::string::npos) << error.ToString();
}

TEST(ReadFile, GivesTheWholeFile) {
  const TemporaryDirectory directory;
  const std::string content = std::string(300'000, 'x') + std::string("\0\n", 2);
  ASSERT_TRUE(WriteFileAtomically(directory / "a", content));
  EXPECT_EQ(ReadFile(directory / "a", 1 << 20).value(), content);
  ASSERT_TRUE(WriteFileAtomically(directory / "a", ""));
  EXPECT_EQ(ReadFile(directory / "a", 0).value(), "");
}

TEST(ReadFile, RefusesWhatIsMissingADirectoryOrTooLarge) {
  const TemporaryDirectory directory;
  ExpectNames(ReadFile(directory / "none", 10).error(), ErrorKind::kNotFound, directory / "none");
  ExpectNames(ReadFile(directory.path(), 10).error(), ErrorKind::kIo, directory.path());
  ASSERT_TRUE(WriteFileAtomically(directory / "a", "12345"));
  ExpectNames(ReadFile(directory / "a/b", 10).error(), ErrorKind::kNotFound, directory / "a/b");
  ExpectNames(ReadFile(directory / "a", 4).error(), ErrorKind::kResourceLimit, directory / "a");
  EXPECT_EQ(ReadFile(directory / "a", 5).value(), "12345");
}

TEST(ReadFile, StopsAtTheLimitOfAFileWithoutEnd) {
  ExpectNames(ReadFile("/dev/zero", 1000).error(), ErrorKind::kResourceLimit, "/dev/zero");
}

TEST(WriteFileAtomically, ReplacesAndLeavesNothingBeside) {
  const TemporaryDirectory directory;
  for (const Durability durability : {Durability::kSync, Durability::kCached}) {
    ASSERT_TRUE(WriteFileAtomically(directory / "a", "old", durability));
    ASSERT_TRUE(WriteFileAtomically(directory / "a", "new", durability));
    EXPECT_EQ(ReadFile(directory / "a", 100).value(), "new");
  }
  EXPECT_EQ(ListDirectory(directory.path()).value(), std::vector<std::string>{"a"});
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(WriteFileAtomically(directory / "a", "old"));
  // A limit on file sizes is the full disk that needs no mount.
  signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1000;
  setrlimit(RLIMIT_FSIZE, &small);
  const Status written = WriteFileAtomically(directory / "a", std::string(5000, 'n'));
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(written);
  ExpectNames(written.error(), ErrorKind::kIo, directory / "a");
  EXPECT_EQ(ReadFile(directory / "a", 100).value(), "old");
  EXPECT_EQ(ListDirectory(directory.path()).value(), std::vector<std::string>{"a"});
}

TEST(WriteFileAtomically, RefusesAMissingDirectoryAndADirectoryAsTarget) {
  const TemporaryDirectory directory;
  ExpectNames(WriteFileAtomically(directory / "no/a", "x").error(), ErrorKind::kNotFound,
              directory / "no/a");
  ASSERT_TRUE(EnsureDirectory(directory / "d"));
  ExpectNames(WriteFileAtomically(directory / "d", "x").error(), ErrorKind::kIo, directory / "d");
  EXPECT_EQ(ListDirectory(directory.path()).value(), std::vector<std::string>{"d"});
}

TEST(WriteFileAtomically, ShowsReadersOneOfTheContentsWhole) {
  const TemporaryDirectory directory;
  const std::string path = directory / "a";
  const std::string one(100'000, '1');
  const std::string two(50'000, '2');
  ASSERT_TRUE(WriteFileAtomically(path, one, Durability::kCached));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) {
      static_cast<void>(WriteFileAtomically(path, two, Durability::kCached));
      static_cast<void>(WriteFileAtomically(path, one, Durability::kCached));
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto content = ReadFile(path, 1 << 20);
    ASSERT_TRUE(content) << content.error().ToString();
    EXPECT_TRUE(*content == one || *content == two);
  }
  stop = true;
  writer.join();
}

TEST(EnsureDirectory, MakesParentsAndAcceptsWhatIsThere) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(EnsureDirectory(directory / "a/b/c", Durability::kSync));
  ASSERT_TRUE(EnsureDirectory(directory / "a/b/c"));
  ASSERT_TRUE(EnsureDirectory(directory / "a/x/"));
  EXPECT_EQ(KindOf(directory / "a/b/c").value(), PathKind::kDirectory);
  EXPECT_EQ(KindOf(directory / "a/x").value(), PathKind::kDirectory);
}

TEST(EnsureDirectory, RefusesAFileInTheWay) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(WriteFileAtomically(directory / "f", ""));
  ExpectNames(EnsureDirectory(directory / "f").error(), ErrorKind::kIo, directory / "f");
  ExpectNames(EnsureDirectory(directory / "f/x").error(), ErrorKind::kIo, directory / "f");
  EXPECT_EQ(EnsureDirectory("").error().kind(), ErrorKind::kNotFound);
}

TEST(KindOf, TellsWhatIsThere) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(WriteFileAtomically(directory / "f", ""));
  EXPECT_EQ(KindOf(directory / "f").value(), PathKind::kFile);
  EXPECT_EQ(KindOf(directory.path()).value(), PathKind::kDirectory);
  EXPECT_EQ(KindOf(directory / "none").value(), PathKind::kMissing);
  EXPECT_EQ(KindOf("/dev/null").value(), PathKind::kOther);
  ASSERT_EQ(symlink((directory / "loop").c_str(), (directory / "loop").c_str()), 0);
  ExpectNames(KindOf(directory / "loop").error(), ErrorKind::kIo, directory / "loop");
}

TEST(ListDirectory, SortsAndRefusesFiles) {
  const TemporaryDirectory directory;
  for (const char* name : {"b", "a", ".hidden"}) {
    ASSERT_TRUE(WriteFileAtomically(directory / name, ""));
  }
  EXPECT_EQ(ListDirectory(directory.path()).value(),
            (std::vector<std::string>{".hidden", "a", "b"}));
  ExpectNames(ListDirectory(directory / "none").error(), ErrorKind::kNotFound, "none");
  EXPECT_FALSE(ListDirectory(directory / "a"));
}

TEST(RemoveFile, IsFineTwiceButNotForADirectory) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(WriteFileAtomically(directory / "a", ""));
  EXPECT_TRUE(RemoveFile(directory / "a"));
  EXPECT_TRUE(RemoveFile(directory / "a"));
  ExpectNames(RemoveFile(directory.path()).error(), ErrorKind::kIo, directory.path());
}

TEST(CanonicalPath, GivesOneSpellingForOnePlace) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(EnsureDirectory(directory / "real"));
  ASSERT_EQ(symlink((directory / "real").c_str(), (directory / "link").c_str()), 0);
  EXPECT_EQ(CanonicalPath(directory / "link/./new/../t/").value(), directory / "real/t");
  EXPECT_EQ(CanonicalPath(directory / "real").value(), directory / "real");
  EXPECT_TRUE(CanonicalPath("here").value().ends_with("/here"));
  EXPECT_EQ(CanonicalPath("/").value(), "/");
  EXPECT_EQ(CanonicalPath("").error().kind(), ErrorKind::kNotFound);
}

TEST(IsWithin, DoesNotTakeALongerNameForAChild) {
  EXPECT_TRUE(IsWithin("/data", "/data"));
  EXPECT_TRUE(IsWithin("/data/a", "/data"));
  EXPECT_TRUE(IsWithin("/data", "/"));
  EXPECT_FALSE(IsWithin("/database", "/data"));
  EXPECT_FALSE(IsWithin("/", "/data"));
  EXPECT_FALSE(IsWithin("/other/data", "/data"));
}

}  // namespace
}  // namespace lakegate::base
