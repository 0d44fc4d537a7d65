#include "kernels/joined_schema.h"

#include <utility>

#include "columnar/schema.h"
#include "kernels/ordering.h"

namespace lakegate::kernels {

std::string NameBook::TakeFresh(std::string_view name) {
  std::string fresh(name);
  while (!Take(fresh)) fresh += suffix_;
  return fresh;
}

void AppendLeftFields(const ArrowSchema& left, NameBook* names, std::vector<OwnedSchema>* fields) {
  for (std::int64_t i = 0; i < left.n_children; ++i) {
    names->Take(columnar::NameOf(*left.children[i]));
    fields->push_back(CopySchema(*left.children[i]));
  }
}

void AppendRightFields(const ArrowSchema& right, bool nullable, NameBook* names,
                       std::vector<OwnedSchema>* fields) {
  // Names that are free are kept first, so that a suffix never pushes one of them aside.
  std::vector<bool> keeps;
  for (std::int64_t i = 0; i < right.n_children; ++i) {
    keeps.push_back(names->Take(columnar::NameOf(*right.children[i])));
  }
  for (std::int64_t i = 0; i < right.n_children; ++i) {
    OwnedSchema field = CopySchema(*right.children[i]);
    if (!keeps[static_cast<std::size_t>(i)]) {
      columnar::SetName(names->TakeFresh(columnar::NameOf(*field)), &field);
    }
    if (nullable) columnar::SetNullable(true, &field);
    fields->push_back(std::move(field));
  }
}

OwnedSchema JoinedSchema(std::vector<OwnedSchema> fields, const ArrowSchema& left) {
  columnar::Metadata metadata = columnar::MetadataOf(left);
  WriteOrdering(KeptOrdering(metadata), &metadata);
  return columnar::SchemaOf(std::move(fields), metadata);
}

}  // namespace lakegate::kernels
