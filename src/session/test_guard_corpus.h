// The corpus of tests/sql/guard/corpus as the tests of this room read it; the format is told in
// tests/sql/run_guard.py.
#ifndef LAKEGATE_SESSION_TEST_GUARD_CORPUS_H_
#define LAKEGATE_SESSION_TEST_GUARD_CORPUS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace lakegate::session {

constexpr std::array<std::string_view, 4> kCorpusPolicies = {"read_only", "service", "write",
                                                             "admin"};

struct CorpusText {
  std::string place;
  std::string sql;
  // What the program answers today, for each of kCorpusPolicies.
  std::array<std::string, 4> expected;
};

inline void ReplaceAll(std::string* text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text->find(from, at)) != std::string::npos; at += to.size()) {
    text->replace(at, from.size(), to);
  }
}

// "{{N|text}}" becomes N copies of text, "␤" a line break.
inline std::string ExpandCorpusLine(std::string_view line) {
  std::string text;
  while (true) {
    const std::size_t open = line.find("{{");
    text += line.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t bar = line.find('|', open);
    const std::size_t close = line.find("}}", bar);
    const int count = std::stoi(std::string(line.substr(open + 2, bar - open - 2)));
    for (int i = 0; i < count; ++i) text += line.substr(bar + 1, close - bar - 1);
    line.remove_prefix(close + 2);
  }
  ReplaceAll(&text, "␤", "\n");
  return text;
}

inline std::array<std::string, 4> CorpusHeader(const std::string& line) {
  std::istringstream words(line.substr(1, line.size() - 2));
  std::vector<std::string> found;
  for (std::string word; words >> word;) {
    const std::size_t tilde = word.find('~');
    found.push_back(tilde == std::string::npos ? word : word.substr(tilde + 1));
  }
  if (found.size() == 1) found.resize(4, found.front());
  EXPECT_EQ(found.size(), 4U) << line;
  found.resize(4);
  return {found[0], found[1], found[2], found[3]};
}

inline void ReadCorpusTexts(const std::filesystem::path& path, std::vector<CorpusText>* texts) {
  std::ifstream file(path);
  std::array<std::string, 4> expected;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.find_first_not_of(' ') == std::string::npos || line.starts_with('#')) continue;
    if (line.starts_with('[') && line.ends_with(']')) {
      expected = CorpusHeader(line);
      continue;
    }
    texts->push_back({path.filename().string() + ":" + std::to_string(number),
                      ExpandCorpusLine(line), expected});
  }
}

inline void ReadCorpusQueries(const std::filesystem::path& path, std::vector<CorpusText>* texts) {
  std::ifstream file(path);
  std::string sql;
  int number = 0;
  const auto finish = [&] {
    if (sql.empty()) return;
    texts->push_back(
        {path.filename().string() + "#" + std::to_string(++number), sql, {"ok", "ok", "ok", "ok"}});
    sql.clear();
  };
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) {
      finish();
    } else {
      sql += line + "\n";
    }
  }
  finish();
}

inline std::vector<CorpusText> ReadGuardCorpus() {
  std::vector<std::filesystem::path> paths;
  const std::filesystem::path folder = LAKEGATE_SOURCE_DIR "/tests/sql/guard/corpus";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<CorpusText> texts;
  for (const std::filesystem::path& path : paths) {
    if (path.extension() == ".sql") {
      ReadCorpusQueries(path, &texts);
    } else {
      ReadCorpusTexts(path, &texts);
    }
  }
  return texts;
}

}  // namespace lakegate::session

#endif  // LAKEGATE_SESSION_TEST_GUARD_CORPUS_H_
