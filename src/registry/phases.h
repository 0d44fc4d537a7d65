// A multi-step set-up that happens whole or not at all.
//
// Each phase names what must have run before it. Phases run in an order that satisfies the
// requirements (declaration order where there is a choice). When one fails, everything it
// and its predecessors changed is restored, newest first, and its error is returned; when
// all succeed, the checkpoints are released.
// Errors: kInvalidArgument for a duplicate name, a missing prerequisite or a cycle (nothing
// has run then); otherwise the failing phase's own, with its name in front. A restore that
// fails itself is kInternal and says which.
#ifndef LAKEGATE_REGISTRY_PHASES_H_
#define LAKEGATE_REGISTRY_PHASES_H_

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lakegate/result.h"
#include "registry/registry.h"

namespace lakegate::registry {

struct Phase {
  std::string name;
  std::vector<std::string> requires_phases;
  std::function<Status()> action;
};

// `targets` are what the phases may change; each gets a checkpoint before each phase.
Status RunPhases(std::span<const Phase> phases, std::span<Checkpointed* const> targets);

}  // namespace lakegate::registry

#endif  // LAKEGATE_REGISTRY_PHASES_H_
