#include "engine/bridge_api.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace lakegate::engine {
namespace {

std::set<std::string> TableNames() {
  const auto& names = EntryPointNames();
  return {names.begin(), names.end()};
}

std::set<std::string> DeclaredNames() {
  std::ifstream file(LAKEGATE_BRIDGE_HEADER);
  std::stringstream text;
  text << file.rdbuf();
  const std::string header = text.str();
  const std::regex declaration(R"((?:^|\n)(?:int32_t|uint32_t|void|lg_str)\s+(lg_[a-z_]+)\()");
  std::set<std::string> names;
  for (std::sregex_iterator it(header.begin(), header.end(), declaration), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

std::set<std::string> ExportedNames() {
  std::set<std::string> names;
  FILE* pipe = popen("nm -D --defined-only " LAKEGATE_BRIDGE_SHARED, "r");
  if (pipe == nullptr) return names;
  char line[512];
  while (std::fgets(line, sizeof(line), pipe) != nullptr) {
    std::string text(line);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    names.insert(text.substr(text.rfind(' ') + 1));
  }
  pclose(pipe);
  return names;
}

TEST(BridgeApi, TableIsTheHeader) {
  ASSERT_GE(DeclaredNames().size(), 40u);
  EXPECT_EQ(TableNames(), DeclaredNames());
}

// Also that nothing of Rust leaks out of the shared object.
TEST(BridgeApi, TableIsWhatTheBridgeExports) {
  ASSERT_FALSE(ExportedNames().empty());
  EXPECT_EQ(TableNames(), ExportedNames());
}

TEST(BridgeApi, NamesEachEntryPointOnce) {
  EXPECT_EQ(TableNames().size(), EntryPointNames().size());
}

TEST(BridgeApi, LinkedBridgeHasNoHole) {
  const BridgeApi& api = LinkedBridge();
#define LG_EXPECT_LINKED(name) EXPECT_NE(api.name, nullptr) << #name;
  LG_ENTRY_POINTS(LG_EXPECT_LINKED)
#undef LG_EXPECT_LINKED
}

// Every other entry point is null: calling one would end the test.
TEST(BridgeApi, RefusesAnotherAbiVersionBeforeAnyOtherCall) {
  BridgeApi other{};
  other.lg_abi_version = [] { return std::uint32_t{LG_ABI_VERSION + 1}; };
  const auto checked = CheckBridge(other);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind(), ErrorKind::kVersionMismatch);
  EXPECT_NE(checked.error().message().find(std::to_string(LG_ABI_VERSION + 1)), std::string::npos);
}

TEST(BridgeApi, LoadsTheLinkedBridge) {
  const auto loaded = LoadBridge();
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  EXPECT_EQ(*loaded, &LinkedBridge());
}

}  // namespace
}  // namespace lakegate::engine
