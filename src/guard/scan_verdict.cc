#include <fmt/format.h>

#include "guard/refusal.h"
#include "guard/verdict.h"

namespace lakegate::guard {
namespace {

Status Within(std::int64_t found, const std::optional<std::int64_t>& most,
              std::string_view sentence, std::string_view setting, const SqlPolicy& policy) {
  if (!most || found <= *most) return {};
  const std::string name = fmt::format("{} of {}", found, *most);
  return Refuse({.violation = Violation::kLimit,
                 .sentence = sentence,
                 .name = name,
                 .position = {},
                 .setting = setting},
                policy.name);
}

}  // namespace

Status JudgeScan(const ScanCost& cost, const SqlPolicy& policy) {
  if (auto files = Within(cost.files, policy.query.scan_files,
                          "The statement's relations have more files than it may read",
                          "query.scan_files", policy);
      !files) {
    return files;
  }
  return Within(cost.bytes, policy.query.scan_bytes,
                "The files of the statement's relations hold more bytes than it may read",
                "query.scan_bytes", policy);
}

Status JudgeRows(std::int64_t rows, const SqlPolicy& policy) {
  return Within(rows, policy.query.scan_rows,
                "The statement would read more rows than it may, by the statistics of its files",
                "query.scan_rows", policy);
}

}  // namespace lakegate::guard
