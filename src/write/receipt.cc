#include <nlohmann/json.hpp>
#include <utility>

#include "lakegate/write.h"

namespace lakegate {

namespace {

std::pair<const char*, std::int64_t> OutcomeOf(const WriteOutcome& outcome) {
  if (const auto* done = std::get_if<Committed>(&outcome)) return {"committed", done->version};
  if (const auto* done = std::get_if<AlreadyApplied>(&outcome)) {
    return {"already_applied", done->version};
  }
  return {"nothing_to_write", std::get<NothingToWrite>(outcome).version};
}

}  // namespace

std::string ReceiptToJson(const WriteReceipt& receipt) {
  using Json = nlohmann::ordered_json;
  const auto [outcome, version] = OutcomeOf(receipt.outcome);
  Json decisions = Json::array();
  for (const auto& decision : receipt.decisions) {
    decisions.push_back(
        {{"name", decision.name}, {"value", decision.value}, {"decided_by", decision.decided_by}});
  }
  Json maintenance = Json::array();
  for (const auto& decision : receipt.maintenance) {
    maintenance.push_back({{"action", decision.action},
                           {"done", decision.done},
                           {"reason", decision.reason},
                           {"version", decision.version}});
  }
  const Json value = {{"destination", receipt.destination},
                      {"format", DataFormatName(receipt.format)},
                      {"mode", WriteModeName(receipt.mode)},
                      {"outcome", outcome},
                      {"version", version},
                      {"rows", receipt.rows},
                      {"bytes", receipt.bytes},
                      {"files", receipt.files},
                      {"partitions", receipt.partitions},
                      {"statistics_columns", receipt.statistics_columns},
                      {"decisions", decisions},
                      {"maintenance", maintenance},
                      {"digest", receipt.digest},
                      {"run_id", receipt.run_id},
                      {"duration_ms", receipt.duration_ms},
                      {"retries", receipt.retries}};
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lakegate
