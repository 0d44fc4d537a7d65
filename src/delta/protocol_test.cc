#include "delta/protocol.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lakegate::delta {
namespace {

using nlohmann::json;

json After(const std::string& protocol, std::string_view feature) {
  const auto text = WithFeature(protocol, feature);
  EXPECT_TRUE(text) << text.error().ToString();
  return text ? json::parse(*text) : json();
}

TEST(WithFeature, ListsWhatOldVersionsImplied) {
  const json marks = After(R"({"minReaderVersion":1,"minWriterVersion":4})", "deletionVectors");
  EXPECT_EQ(marks["minReaderVersion"], 3);
  EXPECT_EQ(marks["minWriterVersion"], 7);
  EXPECT_EQ(marks["readerFeatures"], json({"deletionVectors"}));
  EXPECT_EQ(marks["writerFeatures"], json({"appendOnly", "changeDataFeed", "checkConstraints",
                                           "deletionVectors", "generatedColumns", "invariants"}));
  const json mapped = After(R"({"minReaderVersion":2,"minWriterVersion":5})", "timestampNtz");
  EXPECT_EQ(mapped["readerFeatures"], json({"columnMapping", "timestampNtz"}));
}

TEST(WithFeature, OfWritersAloneLeavesReadersAsTheyAre) {
  const json feed = After(R"({"minReaderVersion":1,"minWriterVersion":2})", "changeDataFeed");
  EXPECT_EQ(feed["minReaderVersion"], 1);
  EXPECT_FALSE(feed.contains("readerFeatures"));
  EXPECT_EQ(feed["writerFeatures"], json({"appendOnly", "changeDataFeed", "invariants"}));
}

TEST(WithFeature, JoinsAList) {
  const json more = After(
      R"({"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz"],
          "writerFeatures":["timestampNtz"]})",
      "v2Checkpoint");
  EXPECT_EQ(more["readerFeatures"], json({"timestampNtz", "v2Checkpoint"}));
  EXPECT_EQ(more["writerFeatures"], json({"timestampNtz", "v2Checkpoint"}));
}

TEST(WithFeature, ThatIsThereChangesNothing) {
  const std::string old = R"({"minReaderVersion":1,"minWriterVersion":4})";
  EXPECT_EQ(WithFeature(old, "changeDataFeed").value(), old);
  const std::string listed =
      R"({"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["appendOnly"]})";
  EXPECT_EQ(WithFeature(listed, "appendOnly").value(), listed);
  EXPECT_NE(WithFeature(listed, "invariants").value(), listed);
}

TEST(WithFeature, RefusesWhatItCannotHonour) {
  const std::string old = R"({"minReaderVersion":1,"minWriterVersion":2})";
  for (const char* feature : {"columnMapping", "generatedColumns", "identityColumns", "rowTracking",
                              "deletionvectors", ""}) {
    const auto refused = WithFeature(old, feature);
    ASSERT_FALSE(refused) << feature;
    EXPECT_EQ(refused.error().kind(), ErrorKind::kUnsupported);
  }
  EXPECT_FALSE(WithFeature("[]", "appendOnly"));
}

}  // namespace
}  // namespace lakegate::delta
