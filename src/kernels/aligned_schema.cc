#include <string>
#include <utility>

#include "base/try.h"
#include "columnar/schema.h"
#include "kernels/align_stream.h"
#include "kernels/joined_schema.h"

namespace lakegate::kernels {
namespace {

Status AppendAdded(AlignMode mode, NameBook* names, std::vector<OwnedSchema>* fields) {
  const auto add = [&](std::string_view name, std::string format, bool nullable) -> Status {
    columnar::FieldSpec spec;
    LG_ASSIGN_OR_RETURN(spec.name, names->TakeFresh(name));
    spec.format = std::move(format);
    spec.nullable = nullable;
    fields->push_back(columnar::MakeField(spec));
    return {};
  };
  LG_RETURN_IF_ERROR(add(kMatchKindColumn, "u", false));
  if (mode == AlignMode::kCount) return add(kMatchCountColumn, "l", false);
  if (mode != AlignMode::kCoverage) return add(kMatchScoreColumn, "g", true);
  LG_RETURN_IF_ERROR(add(kCoveredLengthColumn, "l", false));
  return add(kCoveredFractionColumn, "g", true);
}

}  // namespace

Result<OwnedSchema> AlignedSchema(const ArrowSchema& left, const ArrowSchema& right,
                                  const IntervalAlignOptions& options) {
  NameBook names(options.right_suffix);
  std::vector<OwnedSchema> fields;
  AppendLeftFields(left, &names, &fields);
  const bool left_only = options.how == JoinHow::kSemi || options.how == JoinHow::kAnti;
  const bool counts = options.mode == AlignMode::kCount || options.mode == AlignMode::kCoverage;
  if (!left_only && !counts) {
    LG_RETURN_IF_ERROR(AppendRightFields(right, options.how == JoinHow::kLeft, &names, &fields));
  }
  if (!left_only) LG_RETURN_IF_ERROR(AppendAdded(options.mode, &names, &fields));
  return JoinedSchema(std::move(fields), left);
}

}  // namespace lakegate::kernels
