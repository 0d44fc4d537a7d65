#include <string>
#include <unordered_set>
#include <utility>

#include "columnar/schema.h"
#include "kernels/align_work.h"
#include "kernels/ordering.h"

namespace lakegate::kernels {
namespace {

// Gives names that no other column of the output has.
class NameBook {
 public:
  explicit NameBook(std::string_view suffix) : suffix_(suffix) {}

  bool Take(std::string_view name) { return taken_.insert(std::string(name)).second; }

  std::string TakeFresh(std::string_view name) {
    std::string fresh(name);
    while (!Take(fresh)) fresh += suffix_;
    return fresh;
  }

 private:
  std::string suffix_;
  std::unordered_set<std::string> taken_;
};

void AppendRight(const ArrowSchema& right, bool nullable, NameBook* names,
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

std::vector<std::string_view> MatchKindWords(AlignMode mode) {
  const auto word = [mode]() -> std::string_view {
    switch (mode) {
      case AlignMode::kExact:
        return "EXACT";
      case AlignMode::kContainedBest:
      case AlignMode::kContainedAll:
        return "CONTAINED";
      case AlignMode::kContainingBest:
        return "CONTAINING";
      case AlignMode::kNearest:
        return "NEAREST";
      case AlignMode::kOverlapBest:
      case AlignMode::kOverlapAll:
      case AlignMode::kCount:
      case AlignMode::kCoverage:
        return "OVERLAP";
    }
    return "";
  };
  return {kNoMatch, kNoKeyOrSpan, word()};
}

OwnedSchema AlignedSchema(const ArrowSchema& left, const ArrowSchema& right,
                          const IntervalAlignOptions& options) {
  NameBook names(options.right_suffix);
  std::vector<OwnedSchema> fields;
  for (std::int64_t i = 0; i < left.n_children; ++i) {
    names.Take(columnar::NameOf(*left.children[i]));
    fields.push_back(CopySchema(*left.children[i]));
  }
  const bool left_only = options.how == JoinHow::kSemi || options.how == JoinHow::kAnti;
  const bool counts = options.mode == AlignMode::kCount || options.mode == AlignMode::kCoverage;
  if (!left_only && !counts) {
    AppendRight(right, options.how == JoinHow::kLeft, &names, &fields);
  }
  if (!left_only) AppendAdded(options.mode, &names, &fields);
  columnar::Metadata metadata = columnar::MetadataOf(left);
  WriteOrdering(KeptOrdering(metadata), &metadata);
  return columnar::SchemaOf(std::move(fields), metadata);
}

}  // namespace lakegate::kernels
