#include "cli/receipt_summary.h"

#include <fmt/format.h>

namespace lakegate::cli {
namespace {

std::string OutcomeOf(const WriteReceipt& receipt) {
  if (const auto* committed = std::get_if<Committed>(&receipt.outcome)) {
    return committed->version < 0 ? "written"
                                  : fmt::format("committed version {}", committed->version);
  }
  if (const auto* applied = std::get_if<AlreadyApplied>(&receipt.outcome)) {
    return fmt::format("already applied at version {}", applied->version);
  }
  return "nothing to write";
}

}  // namespace

std::string SummaryOf(const WriteReceipt& receipt) {
  return fmt::format("{}: {}, {} rows, {} files, {} bytes", receipt.destination, OutcomeOf(receipt),
                     receipt.rows, receipt.files.size(), receipt.bytes);
}

std::string SummaryOf(const ChangeReceipt& receipt) {
  std::string text =
      receipt.version >= 0
          ? fmt::format("{}: {} as version {}", receipt.path, receipt.operation, receipt.version)
          : fmt::format("{}: {} {}", receipt.path, receipt.operation, receipt.reason);
  for (const auto& [name, value] : receipt.metrics) text += fmt::format(", {} {}", name, value);
  return text;
}

}  // namespace lakegate::cli
