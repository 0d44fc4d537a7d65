// SQL conditions compiled once and evaluated over batches: checks, contracts, constraints.
//
// The expressions are the caller's to judge before they come here. Errors: kInvalidSql and
// kNotFound (a column), naming the expression; kInvalidArgument for one that is not boolean.
// Threads: `Evaluate` may run on many at once.
#ifndef LAKEGATE_ENGINE_PREDICATE_H_
#define LAKEGATE_ENGINE_PREDICATE_H_

#include <memory>
#include <vector>

#include "engine/statement.h"
#include "lakegate/arrow.h"
#include "lakegate/dataset.h"

namespace lakegate::engine {

class Predicate {
 public:
  // Columns are those of `schema`; functions those of `session`, which may go afterwards.
  static Result<Predicate> Open(const EngineSession& session, const ArrowSchema& schema,
                                const std::vector<Check>& checks);
  Predicate(Predicate&&) noexcept;
  Predicate& operator=(Predicate&&) noexcept;
  ~Predicate();

  // A struct array with one boolean column for each check, in their order; null stays null.
  // The batch must have the schema given to `Open` and stays the caller's; the result may
  // share its buffers, so it must not outlive the batch.
  Result<OwnedArray> Evaluate(const ArrowArray& batch) const;

 private:
  struct State;
  explicit Predicate(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace lakegate::engine

#endif  // LAKEGATE_ENGINE_PREDICATE_H_
