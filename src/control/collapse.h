// Several commits of one table as the one commit that they come to.
//
// A file that one of them added and a later one took away again is in neither; of protocol and
// metadata the last counts; the operation is the one that minds most of what others do meanwhile
// (delta/conflict.h). Pure.
#ifndef LAKEGATE_CONTROL_COLLAPSE_H_
#define LAKEGATE_CONTROL_COLLAPSE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "delta/conflict.h"
#include "lakegate/result.h"
#include "lakegate/write.h"

namespace lakegate::control {

struct CollapsedCommit {
  delta::Operation operation = delta::Operation::kAppend;
  // Protocol, metadata, removes, adds, in this order; no commit information, no transaction.
  std::vector<std::string> actions = {};
  // Path and action of each file of the change data feed.
  std::map<std::string, std::string> change_files = {};
  // The paths of what it takes from the table, and of what it adds.
  std::vector<std::string> removed = {};
  std::set<std::string> added = {};
  std::vector<AppTransaction> transactions = {};
  // How the log calls what was done, in its order.
  std::vector<std::string> operations = {};
  // Commits that bring or take rows.
  std::int64_t changes_of_rows = 0;
  bool has_deletion_vectors = false;
};

// `entries`: newline-delimited actions each, oldest first. kCorruptData for a text that is none.
Result<CollapsedCommit> Collapse(const std::vector<std::string>& entries);

}  // namespace lakegate::control

#endif  // LAKEGATE_CONTROL_COLLAPSE_H_
