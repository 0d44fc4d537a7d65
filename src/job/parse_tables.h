// The tables of a job file, each by its own function; all errors as `ParseJobFile` says.
#ifndef LAKEGATE_JOB_PARSE_TABLES_H_
#define LAKEGATE_JOB_PARSE_TABLES_H_

#include <string>
#include <vector>

#include "job/job_file.h"
#include "job/toml_table.h"

namespace lakegate::job {

// `directory` is where relative locations start.
Result<DatasetSpec> ParseDataset(const std::string& name, TomlTable table,
                                 const std::string& directory);
Result<Step> ParseView(const std::string& name, TomlTable table);
Result<Step> ParseKernelStep(const std::string& name, TomlTable table);
Result<Step> ParseOutput(const std::string& name, TomlTable table, const std::string& directory);

// `checks = { name = "expression", ... }` under `key`; none when it is absent.
Result<std::vector<Check>> ParseChecks(TomlTable& table);

// `location` against `directory`, "." and ".." taken out.
std::string ResolveLocation(const std::string& location, const std::string& directory);

// Puts `table.key=value` texts into the document; the value is TOML, or text where it is not.
// Settings that name no table of a job file become `[profile]` keys.
Status ApplySettings(const std::vector<std::string>& settings, toml::table& document);

}  // namespace lakegate::job

#endif  // LAKEGATE_JOB_PARSE_TABLES_H_
