// Equality keys → dense group ids, by hashing each value once.
//
// Values are compared by what they are, not by how they are stored: integers of any width,
// strings plain, large, view or dictionary; NaN equals NaN, -0 equals +0. Ids count from 0 in
// order of first appearance, over all tables assigned.
#ifndef LAKEGATE_KERNELS_KEY_GROUPS_H_
#define LAKEGATE_KERNELS_KEY_GROUPS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/collected.h"
#include "kernels/work.h"
#include "lakegate/cancel.h"
#include "lakegate/result.h"

namespace lakegate::kernels {

enum class NullKeys {
  kEqual,  // null equals null
  kNone,   // a row with a null key is in no group: kNoRow
};

class KeyGrouper {
 public:
  explicit KeyGrouper(NullKeys nulls);
  KeyGrouper(KeyGrouper&&) noexcept;
  ~KeyGrouper();

  // The group of each row of `table` by `columns`; no columns: all rows are in group 0. The
  // table must outlive the grouper. Further tables must have comparable columns, pairwise:
  // kSchemaMismatch. kUnsupported for a nested column; kCancelled.
  Result<std::vector<Row>> Assign(const columnar::Collected& table,
                                  std::span<const std::int64_t> columns, const CancelToken& cancel);

  // The groups of another table by what was assigned before, kNoRow where its keys are in none;
  // from several threads at a time. Columns as in Assign: as many, comparable.
  Result<std::vector<Row>> Find(const columnar::Collected& table,
                                std::span<const std::int64_t> columns,
                                const CancelToken& cancel) const;

  // Groups so far.
  std::size_t groups() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Positions of named columns: kNotFound lists the columns there are.
Result<std::vector<std::int64_t>> FindColumns(const ArrowSchema& schema,
                                              std::span<const std::string> names,
                                              std::string_view role);

}  // namespace lakegate::kernels

#endif  // LAKEGATE_KERNELS_KEY_GROUPS_H_
