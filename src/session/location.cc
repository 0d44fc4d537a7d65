#include "session/location.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/file.h"
#include "base/text.h"
#include "base/try.h"

namespace lakegate::session {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 1'000'000;

Error At(ErrorKind kind, std::string message, const std::string& path) {
  return Error(kind, std::move(message), FilePosition{.path = path, .line = 0});
}

bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name.starts_with('_');
}

// Every visible file below `folder`, sorted.
Result<std::vector<std::string>> FilesBelow(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (IsHidden(entry->path())) {
      if (entry->is_directory(error)) entry.disable_recursion_pending();
      continue;
    }
    if (entry->is_regular_file(error)) files.push_back(entry->path().string());
    if (files.size() > kMostFiles) {
      return At(ErrorKind::kResourceLimit,
                fmt::format("The folder holds more than {} files: {}.", kMostFiles, folder),
                folder);
    }
  }
  if (error) return base::FileError("list", folder, error.value());
  std::sort(files.begin(), files.end());
  return files;
}

// The local path of a location that may be a URI. Schemes are judged by the profile before
// this build says which of them it can read at all.
Result<std::string> LocalPath(const std::string& location, const Profile& profile) {
  const std::size_t mark = location.find("://");
  if (mark == std::string::npos) return location;
  const std::string scheme = location.substr(0, mark);
  const std::optional<std::vector<std::string>> allowed = profile.AllowedSchemes();
  if (allowed && std::find(allowed->begin(), allowed->end(), scheme) == allowed->end()) {
    return Error(
        ErrorKind::kSqlPolicyViolation,
        fmt::format("The scheme of the location is not allowed: {}. Allowed: {} (setting "
                    "allowed_schemes).",
                    location, base::ListNames(*allowed)),
        PolicyViolation{
            .violation = "path", .name = scheme, .position = {}, .setting = "allowed_schemes"});
  }
  if (scheme != "file") {
    return Error(ErrorKind::kUnsupported,
                 fmt::format("This build reads and writes local files only: {}.", location));
  }
  std::string path = location.substr(mark + 3);
  if (!path.starts_with('/') || path.find('%') != std::string::npos) {
    return Error(ErrorKind::kInvalidArgument,
                 fmt::format("A file URI is file:// and an absolute path without escapes: {}. "
                             "Give the plain path instead.",
                             location));
  }
  return path;
}

Result<std::string> Canonical(const std::string& location, const Profile& profile) {
  if (location.empty()) {
    return Error(ErrorKind::kInvalidArgument, "The location of a dataset is empty.");
  }
  LG_ASSIGN_OR_RETURN(const std::string path, LocalPath(location, profile));
  LG_ASSIGN_OR_RETURN(std::string canonical, base::CanonicalPath(path));
  const std::optional<std::vector<std::string>> roots = profile.AllowedRoots();
  if (!roots) return canonical;
  for (const std::string& root : *roots) {
    LG_ASSIGN_OR_RETURN(const std::string canonical_root, base::CanonicalPath(root));
    if (base::IsWithin(canonical, canonical_root)) return canonical;
  }
  return Error(
      ErrorKind::kSqlPolicyViolation,
      fmt::format("The location lies outside the allowed roots: {}. Allowed: {} (setting "
                  "allowed_roots).",
                  canonical, base::ListNames(*roots)),
      PolicyViolation{
          .violation = "path", .name = canonical, .position = {}, .setting = "allowed_roots"});
}

Result<DataFormat> FormatOfFolder(const std::string& folder) {
  LG_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesBelow(folder));
  std::set<DataFormat> formats;
  for (const std::string& file : files) {
    if (auto format = DataFormatFromPath(file)) formats.insert(*format);
  }
  if (formats.size() == 1) return *formats.begin();
  if (formats.empty()) {
    return At(files.empty() ? ErrorKind::kNotFound : ErrorKind::kInvalidArgument,
              fmt::format("The folder holds no file of a known format and no _delta_log: {}. Name "
                          "the format, or the file.",
                          folder),
              folder);
  }
  std::vector<std::string> names;
  names.reserve(formats.size());
  for (const DataFormat format : formats) names.emplace_back(DataFormatName(format));
  return At(ErrorKind::kInvalidArgument,
            fmt::format("The folder holds files of several formats: {} ({}). Name the format.",
                        folder, base::ListNames(names)),
            folder);
}

Result<DataFormat> InferFormat(const std::string& path, base::PathKind kind) {
  if (kind != base::PathKind::kDirectory) {
    auto format = DataFormatFromPath(path);
    if (!format) return format.error().WithContext(path);
    return *format;
  }
  LG_ASSIGN_OR_RETURN(const base::PathKind log, base::KindOf(path + "/_delta_log"));
  if (log == base::PathKind::kDirectory) return DataFormat::kDelta;
  return FormatOfFolder(path);
}

Status CheckDelta(const std::string& path, base::PathKind kind) {
  if (kind != base::PathKind::kDirectory) {
    return At(ErrorKind::kInvalidArgument,
              fmt::format("A Delta table is a folder, and this is a file: {}.", path), path);
  }
  LG_ASSIGN_OR_RETURN(const base::PathKind log, base::KindOf(path + "/_delta_log"));
  if (log == base::PathKind::kDirectory) {
    LG_ASSIGN_OR_RETURN(const auto entries, base::ListDirectory(path + "/_delta_log"));
    const auto is_entry = [](const std::string& name) {
      return name.ends_with(".json") || name.ends_with(".parquet");
    };
    if (std::any_of(entries.begin(), entries.end(), is_entry)) return {};
  }
  return At(ErrorKind::kNotFound,
            fmt::format("There is no Delta log in this folder: {}/_delta_log. Check the location, "
                        "or name another format.",
                        path),
            path);
}

Status CheckFiles(const DatasetLocation& located, base::PathKind kind) {
  if (kind == base::PathKind::kDirectory) {
    const bool names_a_file = DataFormatFromPath(located.path).has_value();
    LG_ASSIGN_OR_RETURN(const std::vector<std::string> files, DataFilesOf(located));
    if (files.empty() || names_a_file) {
      return At(names_a_file ? ErrorKind::kInvalidArgument : ErrorKind::kNotFound,
                names_a_file
                    ? fmt::format("There is a folder where a file belongs: {}.", located.path)
                    : fmt::format("The folder holds no {} file: {}.",
                                  DataFormatName(*located.format), located.path),
                located.path);
    }
    return {};
  }
  std::error_code error;
  const std::uintmax_t size = fs::file_size(located.path, error);
  if (error) return base::FileError("look at", located.path, error.value());
  if (size == 0) {
    return At(ErrorKind::kCorruptData,
              fmt::format("The file is empty, so it has no columns: {}.", located.path),
              located.path);
  }
  return {};
}

// A .tsv file is CSV with tabs, unless the caller said otherwise.
void SetTsvDelimiter(DatasetLocation* located) {
  if (*located->format == DataFormat::kCsv && located->path.ends_with(".tsv")) {
    located->options.emplace("delimiter", "\t");
  }
}

}  // namespace

Result<std::vector<std::string>> DataFilesOf(const DatasetLocation& located) {
  LG_ASSIGN_OR_RETURN(const base::PathKind kind, base::KindOf(located.path));
  if (kind != base::PathKind::kDirectory) return std::vector<std::string>{located.path};
  LG_ASSIGN_OR_RETURN(std::vector<std::string> files, FilesBelow(located.path));
  std::erase_if(files, [&located](const std::string& file) {
    const auto format = DataFormatFromPath(file);
    return !format || *format != *located.format;
  });
  return files;
}

Result<DatasetLocation> LocateSource(const DatasetLocation& location, const Profile& profile) {
  LG_RETURN_IF_ERROR(location.Validate());
  DatasetLocation located = location;
  LG_ASSIGN_OR_RETURN(located.path, Canonical(location.path, profile));
  LG_ASSIGN_OR_RETURN(const base::PathKind kind, base::KindOf(located.path));
  if (kind == base::PathKind::kMissing) {
    return At(ErrorKind::kNotFound, fmt::format("There is no dataset at {}.", located.path),
              located.path);
  }
  if (kind == base::PathKind::kOther) {
    return At(ErrorKind::kInvalidArgument,
              fmt::format("The location is neither a file nor a folder: {}.", located.path),
              located.path);
  }
  if (!located.format) {
    LG_ASSIGN_OR_RETURN(located.format, InferFormat(located.path, kind));
  }
  if (*located.format == DataFormat::kDelta) {
    LG_RETURN_IF_ERROR(CheckDelta(located.path, kind));
  } else {
    LG_RETURN_IF_ERROR(CheckFiles(located, kind));
  }
  SetTsvDelimiter(&located);
  return located;
}

Result<DatasetLocation> LocateDestination(const DatasetLocation& location, const Profile& profile) {
  LG_RETURN_IF_ERROR(location.Validate());
  DatasetLocation located = location;
  LG_ASSIGN_OR_RETURN(located.path, Canonical(location.path, profile));
  if (located.format) return located;
  LG_ASSIGN_OR_RETURN(const base::PathKind kind, base::KindOf(located.path));
  if (auto format = DataFormatFromPath(located.path)) {
    located.format = *format;
    SetTsvDelimiter(&located);
    return located;
  }
  if (kind == base::PathKind::kDirectory) {
    LG_ASSIGN_OR_RETURN(const base::PathKind log, base::KindOf(located.path + "/_delta_log"));
    if (log == base::PathKind::kDirectory) {
      located.format = DataFormat::kDelta;
      return located;
    }
  }
  return Error(ErrorKind::kInvalidArgument,
               fmt::format("The format of the destination cannot be told from its name: {}. Name "
                           "the format (delta, parquet, csv, ndjson, arrow).",
                           located.path));
}

DatasetLocation BindDestination(const DatasetLocation& destination, const Profile& profile) {
  const std::optional<DatasetBinding> binding = profile.DatasetFor(destination.path);
  if (!binding || binding->name != destination.path) return destination;
  DatasetLocation bound = destination;
  bound.path = binding->location;
  if (!bound.format && !binding->format.empty()) {
    if (auto format = DataFormatFromText(binding->format)) bound.format = *format;
  }
  return bound;
}

}  // namespace lakegate::session
