#include "catalog/catalog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace lakegate::catalog {
namespace {

Entry Dataset(std::string path) {
  DatasetSpec spec;
  spec.location.path = std::move(path);
  return DatasetEntry{spec, IdentityOf(spec)};
}

Entry View(std::vector<std::string> reads) {
  return ViewEntry{.sql = "select", .reads = std::move(reads)};
}

std::vector<std::string> NamesOf(const std::vector<std::pair<std::string, Entry>>& entries) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries) names.push_back(name);
  return names;
}

TEST(Catalog, FindsWhatWasRegistered) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("b", Dataset("/b")));
  ASSERT_TRUE(catalog.Register("a", View({"b"})));
  ASSERT_TRUE(catalog.Register("c", StreamEntry{"", 3, 0}));
  EXPECT_EQ(*catalog.Find("b"), Dataset("/b"));
  EXPECT_EQ(NamesOf(catalog.Entries()), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(EntryKindName(*catalog.Find("a")), "view");
  EXPECT_EQ(EntryKindName(*catalog.Find("b")), "dataset");
  EXPECT_EQ(EntryKindName(*catalog.Find("c")), "stream");
}

TEST(Catalog, ATakenNameIsNeverShadowed) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("a", Dataset("/1")));
  for (const Entry& entry : {Dataset("/1"), Dataset("/2"), View({}), Entry(StreamEntry{})}) {
    const Status status = catalog.Register("a", entry);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind(), ErrorKind::kAlreadyExists);
    EXPECT_NE(status.error().message().find("taken by a dataset: 'a'"), std::string::npos);
  }
  EXPECT_EQ(*catalog.Find("a"), Dataset("/1"));
  ASSERT_TRUE(catalog.Register("a", Dataset("/2"), OnExisting::kReplace));
  EXPECT_EQ(*catalog.Find("a"), Dataset("/2"));
}

TEST(Catalog, UnknownNamesListTheNearestAndAll) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("functions", Dataset("/f")));
  ASSERT_TRUE(catalog.Register("calls", Dataset("/c")));
  for (const Status& status :
       {Status(catalog.Find("function").error()), catalog.Deregister("function"),
        Status(catalog.Closure({"function"}).error())}) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind(), ErrorKind::kNotFound);
    EXPECT_NE(status.error().message().find("Did you mean 'functions'? Registered: calls, "
                                            "functions."),
              std::string::npos)
        << status.error().message();
  }
  EXPECT_EQ(catalog.Find("Calls").error().kind(), ErrorKind::kNotFound);
}

TEST(Catalog, RefusesNamesNobodyCouldWrite) {
  Catalog catalog;
  using std::string_view_literals::operator""sv;
  for (const std::string_view name : {""sv, "a\0b"sv, "\xff"sv}) {
    const Status status = catalog.Register(name, Dataset("/x"));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind(), ErrorKind::kInvalidArgument);
  }
  EXPECT_TRUE(catalog.Register("Name with \"quotes\" and ünïcode", Dataset("/x")));
}

TEST(Catalog, DeregisteredNamesAreFree) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("a", Dataset("/1")));
  ASSERT_TRUE(catalog.Deregister("a"));
  EXPECT_EQ(catalog.Find("a").error().kind(), ErrorKind::kNotFound);
  EXPECT_EQ(catalog.Deregister("a").error().kind(), ErrorKind::kNotFound);
  EXPECT_TRUE(catalog.Register("a", View({})));
}

TEST(Catalog, ACycleOfViewsIsRefusedAndLeavesNothing) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("t", Dataset("/t")));
  ASSERT_TRUE(catalog.Register("a", View({"t"})));
  ASSERT_TRUE(catalog.Register("b", View({"a", "t"})));
  ASSERT_TRUE(catalog.Register("c", View({"b"})));
  const CatalogSnapshot before = catalog.Snapshot();

  const Status closed = catalog.Register("a", View({"t", "c"}), OnExisting::kReplace);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(closed.error().message().find("a -> c -> b -> a"), std::string::npos)
      << closed.error().message();
  EXPECT_EQ(*catalog.Snapshot(), *before);

  const Status itself = catalog.Register("d", View({"d"}));
  ASSERT_FALSE(itself);
  EXPECT_EQ(itself.error().kind(), ErrorKind::kInvalidArgument);
  EXPECT_NE(itself.error().message().find("d -> d"), std::string::npos);
  EXPECT_EQ(*catalog.Snapshot(), *before);
}

TEST(Catalog, AViewMayNameWhatComesLaterButNotInACircle) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("a", View({"b"})));
  EXPECT_EQ(catalog.Closure({"a"}).error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(catalog.Closure({"a"}).error().message().find("view 'a'"), std::string::npos);
  const Status closing = catalog.Register("b", View({"a"}));
  ASSERT_FALSE(closing);
  EXPECT_EQ(closing.error().kind(), ErrorKind::kInvalidArgument);
  ASSERT_TRUE(catalog.Register("b", Dataset("/b")));
  EXPECT_TRUE(catalog.Closure({"a"}));
}

TEST(Catalog, AClosureNamesEverythingAfterWhatItReads) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("unused", Dataset("/u")));
  ASSERT_TRUE(catalog.Register("y", Dataset("/y")));
  ASSERT_TRUE(catalog.Register("x", Dataset("/x")));
  ASSERT_TRUE(catalog.Register("left", View({"y", "x"})));
  ASSERT_TRUE(catalog.Register("right", View({"x"})));
  ASSERT_TRUE(catalog.Register("both", View({"right", "left"})));
  const auto closure = catalog.Closure({"y", "both"});
  ASSERT_TRUE(closure) << closure.error().ToString();
  EXPECT_EQ(NamesOf(*closure), (std::vector<std::string>{"x", "y", "left", "right", "both"}));
  EXPECT_TRUE(catalog.Closure({})->empty());
}

TEST(Catalog, DeepStacksOfViewsAreNoStackOverflow) {
  Catalog catalog;
  EntryMap entries;
  entries.emplace("v0", Dataset("/v"));
  constexpr int kDepth = 50'000;
  for (int i = 1; i <= kDepth; ++i) {
    entries.emplace("v" + std::to_string(i), View({"v" + std::to_string(i - 1)}));
  }
  catalog.Restore(std::make_shared<const EntryMap>(std::move(entries)));
  const auto closure = catalog.Closure({"v" + std::to_string(kDepth)});
  ASSERT_TRUE(closure);
  EXPECT_EQ(closure->size(), static_cast<std::size_t>(kDepth) + 1);
}

TEST(Catalog, AFailedChangeLeavesNothing) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("a", Dataset("/1")));
  ASSERT_TRUE(catalog.Register("b", View({"a"})));
  const CatalogSnapshot before = catalog.Snapshot();
  const Status status = catalog.Change([](CatalogDraft& draft) -> Status {
    if (Status step = draft.Register("c", Dataset("/c")); !step) return step;
    if (Status step = draft.Deregister("b"); !step) return step;
    if (Status step = draft.Register("a", Dataset("/2"), OnExisting::kReplace); !step) return step;
    EXPECT_EQ(*draft.Find("a"), Dataset("/2"));
    return draft.Register("a", Dataset("/3"));
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::kAlreadyExists);
  EXPECT_EQ(*catalog.Snapshot(), *before);
}

TEST(Catalog, SnapshotsKeepTheirMomentAndRestoreIt) {
  Catalog catalog;
  ASSERT_TRUE(catalog.Register("a", Dataset("/1")));
  const CatalogSnapshot before = catalog.Snapshot();
  ASSERT_TRUE(catalog.Register("b", Dataset("/2")));
  ASSERT_TRUE(catalog.Deregister("a"));
  EXPECT_EQ(before->size(), 1u);
  catalog.Restore(before);
  EXPECT_EQ(NamesOf(catalog.Entries()), std::vector<std::string>{"a"});
  EXPECT_TRUE(catalog.Register("b", Dataset("/2")));
}

// Each thread moves its own pair of names in one change; no reader may see half of one.
TEST(Catalog, ReadersSeeWholeChanges) {
  Catalog catalog;
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&catalog, t] {
      const std::string one = "one" + std::to_string(t);
      const std::string two = "two" + std::to_string(t);
      for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(catalog.Change([&](CatalogDraft& draft) -> Status {
          if (Status s = draft.Register(one, Dataset("/1")); !s) return s;
          return draft.Register(two, View({one}));
        }));
        EXPECT_TRUE(catalog.Change([&](CatalogDraft& draft) -> Status {
          if (Status s = draft.Deregister(one); !s) return s;
          return draft.Deregister(two);
        }));
      }
    });
  }
  std::thread reader([&] {
    while (!stop.load()) {
      const CatalogSnapshot seen = catalog.Snapshot();
      for (int t = 0; t < 3; ++t) {
        if (seen->contains("one" + std::to_string(t)) !=
            seen->contains("two" + std::to_string(t))) {
          ++torn;
        }
      }
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  reader.join();
  EXPECT_EQ(torn.load(), 0);
  EXPECT_TRUE(catalog.Entries().empty());
}

}  // namespace
}  // namespace lakegate::catalog
