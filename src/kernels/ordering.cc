#include "kernels/ordering.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/try.h"

namespace lakegate::kernels {
namespace {

using Json = nlohmann::json;

std::optional<std::string> Find(const columnar::Metadata& metadata, std::string_view key) {
  for (const auto& [name, value] : metadata) {
    if (name == key) return value;
  }
  return std::nullopt;
}

Error Unreadable(std::string_view text) {
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The schema metadata ordering_keys is not readable: '{}'.", text));
}

std::string TextIn(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

Result<std::vector<SortKey>> ParseKeys(std::string_view text) {
  const Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_array()) return Unreadable(text);
  std::vector<SortKey> keys;
  for (const Json& item : parsed) {
    if (!item.is_object()) return Unreadable(text);
    SortKey key;
    key.column = TextIn(item, "column");
    if (key.column.empty()) return Unreadable(text);
    LG_ASSIGN_OR_RETURN(key.direction, SortDirectionFromText(TextIn(item, "direction")));
    LG_ASSIGN_OR_RETURN(key.nulls, NullPlacementFromText(TextIn(item, "nulls")));
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string FormatKeys(const std::vector<SortKey>& keys) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const SortKey& key : keys) {
    nlohmann::ordered_json item;
    item["column"] = key.column;
    item["direction"] = SortDirectionText(key.direction);
    item["nulls"] = NullPlacementText(key.nulls);
    list.push_back(std::move(item));
  }
  return list.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

Result<Ordering> ReadOrdering(const columnar::Metadata& metadata) {
  Ordering ordering;
  const auto level = Find(metadata, kOrderingLevelKey);
  if (!level) return ordering;
  LG_ASSIGN_OR_RETURN(ordering.level, OrderingLevelFromText(*level));
  if (ordering.level != OrderingLevel::kExplicit) return ordering;
  LG_ASSIGN_OR_RETURN(ordering.keys, ParseKeys(Find(metadata, kOrderingKeysKey).value_or("")));
  return ordering;
}

void WriteOrdering(const Ordering& ordering, columnar::Metadata* metadata) {
  columnar::SetMetadataValue(kOrderingLevelKey, OrderingLevelText(ordering.level), metadata);
  if (ordering.level == OrderingLevel::kExplicit) {
    columnar::SetMetadataValue(kOrderingKeysKey, FormatKeys(ordering.keys), metadata);
    return;
  }
  std::erase_if(*metadata, [](const auto& entry) { return entry.first == kOrderingKeysKey; });
}

Ordering KeptOrdering(const columnar::Metadata& metadata) {
  auto ordering = ReadOrdering(metadata);
  if (!ordering || ordering->level == OrderingLevel::kUnordered) {
    return Ordering{OrderingLevel::kImplicit, {}};
  }
  return *std::move(ordering);
}

Ordering KeptOrdering(const columnar::Metadata& metadata, std::span<const std::string> columns) {
  Ordering ordering = KeptOrdering(metadata);
  const auto lost =
      std::find_if(ordering.keys.begin(), ordering.keys.end(), [columns](const SortKey& key) {
        return std::find(columns.begin(), columns.end(), key.column) == columns.end();
      });
  ordering.keys.erase(lost, ordering.keys.end());
  if (ordering.keys.empty()) ordering.level = OrderingLevel::kImplicit;
  return ordering;
}

}  // namespace lakegate::kernels
