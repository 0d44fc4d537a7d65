#include "control/collapse.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/try.h"
#include "delta/commit_entry.h"

namespace lakegate::control {

namespace {

using delta::Operation;
using nlohmann::json;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// From the one that minds nothing of what others did to the one that minds everything.
int StrictnessOf(Operation operation) {
  switch (operation) {
    case Operation::kAppend:
      return 0;
    case Operation::kOptimize:
      return 1;
    case Operation::kAlter:
      return 2;
    case Operation::kChange:
      return 3;
    case Operation::kReplace:
      return 4;
    case Operation::kConstrain:
      return 5;
    case Operation::kOverwrite:
      return 6;
    case Operation::kRestore:
      return 7;
    case Operation::kCreate:
      return 8;
  }
  return 8;
}

// What the log calls an operation of ours, as what it minds. A name that is none of ours minds
// everything that a table which exists can be told.
Operation OperationOf(const delta::CommitEntry& entry) {
  static const std::map<std::string, Operation, std::less<>> kOperations = {
      {"OPTIMIZE", Operation::kOptimize},
      {"DELETE", Operation::kChange},
      {"UPDATE", Operation::kChange},
      {"MERGE", Operation::kChange},
      {"SET TBLPROPERTIES", Operation::kAlter},
      {"DROP CONSTRAINT", Operation::kAlter},
      {"FSCK", Operation::kAlter},
      {"ADD CONSTRAINT", Operation::kConstrain},
      {"RESTORE", Operation::kRestore},
  };
  if (entry.operation == "WRITE") {
    return entry.blind_append ? Operation::kAppend : Operation::kOverwrite;
  }
  const auto found = kOperations.find(entry.operation);
  return found == kOperations.end() ? Operation::kOverwrite : found->second;
}

// Actions by path, in the order they last came.
class Files {
 public:
  void Put(const std::string& path, json action) { actions_[path] = {next_++, std::move(action)}; }
  bool Take(const std::string& path) { return actions_.erase(path) > 0; }

  std::vector<std::pair<std::string, json>> InOrder() && {
    std::vector<std::pair<std::string, std::pair<std::int64_t, json>>> files(actions_.begin(),
                                                                             actions_.end());
    std::sort(files.begin(), files.end(), [](const auto& left, const auto& right) {
      return left.second.first < right.second.first;
    });
    std::vector<std::pair<std::string, json>> ordered;
    ordered.reserve(files.size());
    for (auto& [path, placed] : files) ordered.emplace_back(path, std::move(placed.second));
    return ordered;
  }

 private:
  std::int64_t next_ = 0;
  std::map<std::string, std::pair<std::int64_t, json>> actions_;
};

class Collapsing {
 public:
  Status Add(std::string_view text) {
    const auto version = static_cast<std::int64_t>(result_.operations.size());
    LG_ASSIGN_OR_RETURN(const delta::CommitEntry entry, delta::ParseCommitEntry(version, text));
    result_.operations.push_back(entry.operation);
    const Operation operation = OperationOf(entry);
    if (StrictnessOf(operation) > StrictnessOf(result_.operation)) result_.operation = operation;
    for (const auto& transaction : entry.transactions) Record(transaction);
    changes_rows_ = false;
    while (!text.empty()) {
      const auto end = text.find('\n');
      const auto action = json::parse(text.substr(0, end), nullptr, false);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      if (action.is_object()) Apply(action);
    }
    result_.changes_of_rows += changes_rows_ ? 1 : 0;
    return {};
  }

  CollapsedCommit Finish() && {
    for (auto* action : {&protocol_, &metadata_}) {
      if (*action) result_.actions.push_back(Dump(**action));
    }
    for (const auto& [path, action] : std::move(removes_).InOrder()) {
      result_.actions.push_back(Dump(action));
      result_.removed.push_back(path);
    }
    for (const auto& [path, action] : std::move(adds_).InOrder()) {
      const auto vector = action["add"].find("deletionVector");
      if (vector != action["add"].end() && vector->is_object()) result_.has_deletion_vectors = true;
      result_.actions.push_back(Dump(action));
      result_.added.insert(path);
    }
    return std::move(result_);
  }

 private:
  void Record(const AppTransaction& transaction) {
    std::erase_if(result_.transactions,
                  [&](const auto& known) { return known.app_id == transaction.app_id; });
    result_.transactions.push_back(transaction);
  }

  void Apply(const json& action) {
    const std::string& name = action.begin().key();
    const json& fields = action.begin().value();
    if (name == "protocol") {
      protocol_ = action;
    } else if (name == "metaData") {
      metadata_ = action;
    } else if (name == "add") {
      adds_.Put(fields.value("path", ""), action);
      changes_rows_ = changes_rows_ || fields.value("dataChange", true);
    } else if (name == "remove") {
      const std::string path = fields.value("path", "");
      changes_rows_ = changes_rows_ || fields.value("dataChange", true);
      // What the table had is taken from it once, however often it came back meanwhile.
      if (!adds_.Take(path)) removes_.Put(path, action);
    } else if (name == "cdc") {
      result_.change_files[fields.value("path", "")] = Dump(action);
      changes_rows_ = true;
    }
  }

  CollapsedCommit result_;
  std::optional<json> protocol_;
  std::optional<json> metadata_;
  Files adds_;
  Files removes_;
  bool changes_rows_ = false;
};

}  // namespace

Result<CollapsedCommit> Collapse(const std::vector<std::string>& entries) {
  Collapsing collapsing;
  for (const auto& entry : entries) LG_RETURN_IF_ERROR(collapsing.Add(entry));
  return std::move(collapsing).Finish();
}

}  // namespace lakegate::control
