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
// The file as one that brings its rows, whatever the entry said that it was first added by.
Result<std::string> AddAgainAction(const AddFile& file);
// The file as one whose rows the table had before.
Result<std::string> MovedAction(const AddFile& file);
// The file with another deletion vector, a JSON object.
Result<std::string> MarkedAction(const AddFile& file, std::string_view vector);
// What tells files apart: the path, and which of its rows are marked as deleted.
std::string IdentityOf(const AddFile& file);
// Repeats what the protocol asks a Remove to repeat: partition values, size, tags, deletion
// vector, base row id.
Result<std::string> RemoveAction(const AddFile& file, std::int64_t deletion_time_ms,
                                 bool data_change = true);
// A file of the change data feed, staged in `_change_data` and told relative to that folder.
Result<std::string> ChangeFileAction(const AddFile& file);
// The folder of the change data feed, and a path below it as the log spells it.
inline constexpr std::string_view kChangeFolder = "_change_data";
std::string ChangeFilePath(const AddFile& file);

// Whether rows of the file are marked as deleted.
bool HasDeletionVector(const AddFile& file);
// Rows that a reader sees; -1 when the file carries no statistics.
std::int64_t LiveRows(const AddFile& file);

// The file's name on disk, relative to the table: the log URL-encodes it.
std::string DecodePath(std::string_view path);

std::string TransactionAction(const AppTransaction& transaction, std::int64_t last_updated_ms);
// {"name": …} around fields that are JSON already: "protocol", "metaData".
std::string WrapAction(std::string_view name, std::string_view fields_json);

}  // namespace lakegate::delta

#endif  // LAKEGATE_DELTA_ACTION_H_
