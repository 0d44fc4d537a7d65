#include "kernels/joined_schema.h"

#include <fmt/format.h>

#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/ordering.h"

namespace lakegate::kernels {

Result<std::string> NameBook::TakeFresh(std::string_view name) {
  std::string fresh(name);
  for (int suffixes = 0; !Take(fresh); ++suffixes) {
    if (suffixes == kMostSuffixes) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("The column name '{}' is taken, also with {} times the suffix '{}' "
                               "behind it; rename columns, or change the option right_suffix.",
                               name, suffixes, suffix_));
    }
    fresh += suffix_;
  }
  return fresh;
}

void AppendLeftFields(const ArrowSchema& left, NameBook* names, std::vector<OwnedSchema>* fields) {
  for (std::int64_t i = 0; i < left.n_children; ++i) {
    names->Take(columnar::NameOf(*left.children[i]));
    fields->push_back(CopySchema(*left.children[i]));
  }
}

Status AppendRightFields(const ArrowSchema& right, bool nullable, NameBook* names,
                         std::vector<OwnedSchema>* fields) {
  // Names that are free are kept first, so that a suffix never pushes one of them aside.
  std::vector<bool> keeps;
  for (std::int64_t i = 0; i < right.n_children; ++i) {
    keeps.push_back(names->Take(columnar::NameOf(*right.children[i])));
  }
  for (std::int64_t i = 0; i < right.n_children; ++i) {
    OwnedSchema field = CopySchema(*right.children[i]);
    if (!keeps[static_cast<std::size_t>(i)]) {
      LG_ASSIGN_OR_RETURN(const std::string fresh, names->TakeFresh(columnar::NameOf(*field)));
      columnar::SetName(fresh, &field);
    }
    if (nullable) columnar::SetNullable(true, &field);
    fields->push_back(std::move(field));
  }
  return {};
}

OwnedSchema JoinedSchema(std::vector<OwnedSchema> fields, const ArrowSchema& left) {
  columnar::Metadata metadata = columnar::MetadataOf(left);
  WriteOrdering(KeptOrdering(metadata), &metadata);
  return columnar::SchemaOf(std::move(fields), metadata);
}

}  // namespace lakegate::kernels
