#include "registry/phases.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "base/try.h"

namespace lakegate::registry {
namespace {

Status CheckNames(std::span<const Phase> phases) {
  std::vector<std::string> names;
  std::set<std::string_view> seen;
  for (const Phase& phase : phases) {
    if (!seen.insert(phase.name).second) {
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("Two phases have the same name: '{}'.", phase.name));
    }
    names.push_back(phase.name);
  }
  for (const Phase& phase : phases) {
    for (const std::string& required : phase.requires_phases) {
      if (seen.contains(required)) continue;
      return Error(ErrorKind::kInvalidArgument,
                   fmt::format("A phase requires one that does not exist: '{}' requires '{}'.{}",
                               phase.name, required, base::DidYouMean(required, names)));
    }
  }
  return {};
}

// Indices in running order: the first declared phase whose requirements have run is next.
Result<std::vector<std::size_t>> Order(std::span<const Phase> phases) {
  std::vector<std::size_t> order;
  std::vector<bool> placed(phases.size(), false);
  std::set<std::string_view> done;
  const auto ready = [&](const Phase& phase) {
    return std::all_of(phase.requires_phases.begin(), phase.requires_phases.end(),
                       [&](const std::string& name) { return done.contains(name); });
  };
  while (order.size() < phases.size()) {
    std::size_t next = 0;
    while (next < phases.size() && (placed[next] || !ready(phases[next]))) ++next;
    if (next == phases.size()) {
      std::vector<std::string> stuck;
      for (std::size_t i = 0; i < phases.size(); ++i) {
        if (!placed[i]) stuck.push_back(phases[i].name);
      }
      return Error(
          ErrorKind::kInvalidArgument,
          fmt::format("Phases require each other in a circle: {}.", base::ListNames(stuck)));
    }
    placed[next] = true;
    done.insert(phases[next].name);
    order.push_back(next);
  }
  return order;
}

class Checkpoints {
 public:
  explicit Checkpoints(std::span<Checkpointed* const> targets) : targets_(targets) {}

  Status Push() {
    for (Checkpointed* const target : targets_) {
      LG_RETURN_IF_ERROR(target->PushCheckpoint());
      pushed_.push_back(target);
    }
    return {};
  }

  // Every checkpoint is restored, also after one of them failed; that failure is returned.
  Status RestoreAll() {
    Status first_failure;
    while (!pushed_.empty()) {
      Status restored = pushed_.back()->RestoreCheckpoint();
      pushed_.pop_back();
      if (first_failure && !restored) first_failure = restored;
    }
    return first_failure;
  }

  void ReleaseAll() {
    while (!pushed_.empty()) {
      pushed_.back()->ReleaseCheckpoint();
      pushed_.pop_back();
    }
  }

 private:
  std::span<Checkpointed* const> targets_;
  std::vector<Checkpointed*> pushed_;  // borrowed from the caller of RunPhases
};

}  // namespace

Status RunPhases(std::span<const Phase> phases, std::span<Checkpointed* const> targets) {
  LG_RETURN_IF_ERROR(CheckNames(phases));
  LG_ASSIGN_OR_RETURN(const std::vector<std::size_t> order, Order(phases));
  Checkpoints checkpoints(targets);
  for (const std::size_t index : order) {
    const Phase& phase = phases[index];
    Status done = checkpoints.Push();
    if (done) done = phase.action();
    if (done) continue;
    const Error failure = done.error().WithContext(fmt::format("phase '{}'", phase.name));
    if (const Status restored = checkpoints.RestoreAll(); !restored) {
      return Error(ErrorKind::kInternal,
                   fmt::format("A rollback failed: {}; it was undoing {}",
                               restored.error().message(), failure.ToString()));
    }
    return failure;
  }
  checkpoints.ReleaseAll();
  return {};
}

}  // namespace lakegate::registry
