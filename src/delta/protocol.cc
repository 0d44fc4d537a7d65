#include "delta/protocol.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/text.h"

namespace lakegate::delta {

namespace {

using nlohmann::json;

constexpr std::int64_t kReaderWithFeatures = 3;
constexpr std::int64_t kWriterWithFeatures = 7;
constexpr std::int64_t kNever = 100;

struct Feature {
  std::string_view name;
  // The first versions of reader and writer that imply it.
  std::int64_t reader;
  std::int64_t writer;
  bool of_readers;
  // Whether this build may begin it.
  bool ours;
};

// Delta protocol, "Valid Feature Names in Table Features" and the table of legacy versions.
constexpr Feature kFeatures[] = {
    {"appendOnly", kNever, 2, false, true},        {"invariants", kNever, 2, false, true},
    {"checkConstraints", kNever, 3, false, true},  {"changeDataFeed", kNever, 4, false, true},
    {"generatedColumns", kNever, 4, false, false}, {"columnMapping", 2, 5, true, false},
    {"identityColumns", kNever, 6, false, false},  {"deletionVectors", kNever, kNever, true, true},
    {"timestampNtz", kNever, kNever, true, true},  {"v2Checkpoint", kNever, kNever, true, true},
};

std::set<std::string> Listed(const json& protocol, const char* list) {
  const auto found = protocol.find(list);
  return found != protocol.end() && found->is_array() ? found->get<std::set<std::string>>()
                                                      : std::set<std::string>();
}

}  // namespace

Result<std::string> WithFeature(std::string_view protocol_json, std::string_view feature) {
  json protocol = json::parse(protocol_json, nullptr, false);
  if (!protocol.is_object()) {
    return Error(ErrorKind::kCorruptData, "The protocol of the Delta table is no JSON object.");
  }
  const auto* wanted = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                                    [&](const Feature& known) { return known.name == feature; });
  if (wanted == std::end(kFeatures) || !wanted->ours) {
    std::vector<std::string> names;
    for (const auto& known : kFeatures) {
      if (known.ours) names.emplace_back(known.name);
    }
    return Error(ErrorKind::kUnsupported,
                 fmt::format("This build cannot begin the feature '{}' in a table.{} It can begin "
                             "{}.",
                             feature, base::DidYouMean(feature, names), base::ListNames(names)));
  }
  const std::int64_t reader = protocol.value("minReaderVersion", std::int64_t{1});
  const std::int64_t writer = protocol.value("minWriterVersion", std::int64_t{2});
  auto writers = Listed(protocol, "writerFeatures");
  auto readers = Listed(protocol, "readerFeatures");
  const bool listed = writer >= kWriterWithFeatures;
  if (listed ? writers.contains(std::string(feature)) : wanted->writer <= writer) {
    return std::string(protocol_json);
  }
  for (const auto& known : kFeatures) {
    if (!listed && known.writer <= writer) writers.emplace(known.name);
    if (reader < kReaderWithFeatures && known.reader <= reader) readers.emplace(known.name);
  }
  writers.emplace(feature);
  if (wanted->of_readers) readers.emplace(feature);
  protocol["minWriterVersion"] = kWriterWithFeatures;
  protocol["writerFeatures"] = writers;
  if (!readers.empty() || reader >= kReaderWithFeatures) {
    protocol["minReaderVersion"] = kReaderWithFeatures;
    protocol["readerFeatures"] = readers;
  }
  return protocol.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace lakegate::delta
