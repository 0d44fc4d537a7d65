#include <string>
#include <utility>

#include "columnar/schema.h"
#include "kernels/align_stream.h"
#include "kernels/joined_schema.h"

namespace lakegate::kernels {
namespace {

void AppendAdded(AlignMode mode, NameBook* names, std::vector<OwnedSchema>* fields) {
  const auto add = [&](std::string_view name, std::string format, bool nullable) {
    columnar::FieldSpec spec;
    spec.name = names->TakeFresh(name);
    spec.format = std::move(format);
    spec.nullable = nullable;
    fields->push_back(columnar::MakeField(spec));
  };
  add(kMatchKindColumn, "u", false);
  if (mode == AlignMode::kCount) {
    add(kMatchCountColumn, "l", false);
  } else if (mode == AlignMode::kCoverage) {
    add(kCoveredLengthColumn, "l", false);
    add(kCoveredFractionColumn, "g", true);
  } else {
    add(kMatchScoreColumn, "g", true);
  }
}

}  // namespace

OwnedSchema AlignedSchema(const ArrowSchema& left, const ArrowSchema& right,
                          const IntervalAlignOptions& options) {
  NameBook names(options.right_suffix);
  std::vector<OwnedSchema> fields;
  AppendLeftFields(left, &names, &fields);
  const bool left_only = options.how == JoinHow::kSemi || options.how == JoinHow::kAnti;
  const bool counts = options.mode == AlignMode::kCount || options.mode == AlignMode::kCoverage;
  if (!left_only && !counts) {
    AppendRightFields(right, options.how == JoinHow::kLeft, &names, &fields);
  }
  if (!left_only) AppendAdded(options.mode, &names, &fields);
  return JoinedSchema(std::move(fields), left);
}

}  // namespace lakegate::kernels
