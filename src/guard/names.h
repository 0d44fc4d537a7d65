// Judges single names against a policy's lists: what both gates share.
#ifndef LAKEGATE_GUARD_NAMES_H_
#define LAKEGATE_GUARD_NAMES_H_

#include <string>
#include <string_view>

#include "guard/facts.h"
#include "lakegate/policy.h"
#include "lakegate/result.h"

namespace lakegate::guard {

class NameJudge {
 public:
  // The policy is borrowed.
  explicit NameJudge(const SqlPolicy& policy) : policy_(policy) {}

  Status Relation(const RelationFact& relation) const;
  // Deny lists only: what a view reads is not the statement's to name.
  Status DeniedRelation(std::string_view name, SqlPosition position) const;
  Status Path(std::string_view path, SqlPosition position) const;
  Status Function(std::string_view name, SqlPosition position) const;
  Status TableFunction(std::string_view name, SqlPosition position) const;
  Status Setting(std::string_view name, SqlPosition position) const;

 private:
  Status DeniedFunction(std::string_view name, SqlPosition position) const;

  const SqlPolicy& policy_;
};

}  // namespace lakegate::guard

#endif  // LAKEGATE_GUARD_NAMES_H_
