// The schema of a join's output: left fields as they are, right fields under free names.
#ifndef LAKEGATE_KERNELS_JOINED_SCHEMA_H_
#define LAKEGATE_KERNELS_JOINED_SCHEMA_H_

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "lakegate/arrow.h"

namespace lakegate::kernels {

// Gives names that no other column of the output has.
class NameBook {
 public:
  explicit NameBook(std::string_view suffix) : suffix_(suffix) {}

  // False when somebody has it already.
  bool Take(std::string_view name) { return taken_.insert(std::string(name)).second; }
  // The name, with the suffix behind it as often as needed: up to kMostSuffixes times, beyond
  // that kInvalidArgument.
  Result<std::string> TakeFresh(std::string_view name);

 private:
  // Many equal names would each be tried against all before them, and grow without end.
  static constexpr int kMostSuffixes = 64;

  std::string suffix_;
  std::unordered_set<std::string> taken_;
};

void AppendLeftFields(const ArrowSchema& left, NameBook* names, std::vector<OwnedSchema>* fields);
// `nullable`: every right field becomes so. Errors of TakeFresh.
Status AppendRightFields(const ArrowSchema& right, bool nullable, NameBook* names,
                         std::vector<OwnedSchema>* fields);

// Schema over the fields with the left table's metadata and its ordering claim, `implicit`
// where it made none.
OwnedSchema JoinedSchema(std::vector<OwnedSchema> fields, const ArrowSchema& left);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_JOINED_SCHEMA_H_
