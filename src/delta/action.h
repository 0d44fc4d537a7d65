// Delta actions as text: the Adds a stage reported, and the actions a commit is made of.
//
// An action is one JSON object with one member ("add", "remove", "metaData", "protocol",
// "txn"), as a line of the log. Pure functions; kCorruptData for text that is no such thing.
#ifndef LAKEGATE_DELTA_ACTION_H_
#define LAKEGATE_DELTA_ACTION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lakegate/result.h"
#include "lakegate/write.h"

namespace lakegate::delta {

// A data file of the table, live or staged.
struct AddFile {
  std::string path;  // as in the log: relative to the root, URL-encoded
  std::int64_t bytes = 0;
  std::int64_t rows = -1;  // -1: the file carries no statistics
  // Column to value; a null partition is absent from the optional.
  std::map<std::string, std::optional<std::string>> partition_values = {};
  std::string json = {};  // the Add's own fields
};

// A JSON array of Add actions, wrapped in {"add": …} or not.
Result<std::vector<AddFile>> ParseAdds(std::string_view json);

std::string AddAction(const AddFile& file);
// Repeats what the protocol asks a Remove to repeat: partition values, size, tags, deletion
// vector, base row id.
Result<std::string> RemoveAction(const AddFile& file, std::int64_t deletion_time_ms,
                                 bool data_change = true);
std::string TransactionAction(const AppTransaction& transaction, std::int64_t last_updated_ms);
// {"name": …} around fields that are JSON already: "protocol", "metaData".
std::string WrapAction(std::string_view name, std::string_view fields_json);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_ACTION_H_
