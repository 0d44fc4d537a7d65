// The C ABI in any order: objects made, used, lent to one another and freed as the input says. A
// call succeeds or fails with a typed error; nothing else.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/fuzz.h"
#include "lakegate_bridge.h"

namespace {

using lakegate::fuzz::Input;
using lakegate::fuzz::Require;

constexpr std::size_t kMostObjects = 6;
constexpr int kMostCalls = 60;

lg_str Str(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

constexpr std::string_view kEngines[] = {
    R"({"worker_threads":1,"memory_limit_bytes":67108864,"spill_directory":""})",
    R"({"worker_threads":-1})", R"({"no":1})", "[]", ""};
constexpr std::string_view kSessions[] = {
    R"({"target_partitions":1,"batch_rows":16,"ordered":true,"config":{}})",
    R"({"target_partitions":0})", R"({"config":{"datafusion.no":"1"}})", "7", ""};
constexpr std::string_view kTexts[] = {"SELECT 1",
                                       "SELECT * FROM v",
                                       "SELECT * FROM t",
                                       "SELECT $a",
                                       "SELECT 1 / 0",
                                       "EXPLAIN SELECT 1",
                                       "SELECT * FROM generate_series(1, 100)",
                                       "SELEC",
                                       "",
                                       "\xff"};
constexpr std::string_view kParameters[] = {"{}", R"({"a":{"type":"int64","value":"1"}})",
                                            R"({"a":{"type":"no"}})", "[", ""};
constexpr std::string_view kOptions[] = {R"({"time_limit_ms":0})", R"({"time_limit_ms":5})", "{}",
                                         "null", ""};
constexpr std::string_view kLocations[] = {
    R"({"format":"csv","paths":["/no/such/file"],"options":{}})", R"({"format":"no"})", "{}", ""};
constexpr std::string_view kNames[] = {"v", "t", "", "a.b", "\xff"};

template <std::size_t kCount>
lg_str Any(Input& input, const std::string_view (&texts)[kCount]) {
  return Str(texts[input.Below(kCount)]);
}

// An error is there exactly where the call failed.
struct Failure {
  ~Failure() { lg_error_free(error); }
  lg_error** out() { return &error; }
  void Settle(int code) const {
    Require((code == 0) == (error == nullptr), "an error exactly where a call failed");
    if (error == nullptr) return;
    lg_error_view view = {};
    lg_error_get(error, &view);
    Require(view.kind == code && view.message.size > 0, "an error says its kind and its words");
  }
  lg_error* error = nullptr;
};

template <typename Object, void (*kFree)(Object*)>
class Pool {
 public:
  ~Pool() {
    for (Object* object : objects_) kFree(object);
  }
  template <typename Open>
  void Make(const Open& open) {
    if (objects_.size() == kMostObjects) return;
    Object* made = nullptr;
    Failure failure;
    const int code = open(&made, failure.out());
    failure.Settle(code);
    Require((code == 0) == (made != nullptr), "an object exactly where a call succeeded");
    if (made != nullptr) objects_.push_back(made);
  }
  // One of them, or null: calls take that too.
  Object* Some(Input& input) const {
    const std::size_t which = input.Below(objects_.size() + 1);
    return which == objects_.size() ? nullptr : objects_[which];
  }
  void FreeSome(Input& input) {
    if (objects_.empty()) return;
    std::swap(objects_[input.Below(objects_.size())], objects_.back());
    kFree(objects_.back());
    objects_.pop_back();
  }

 private:
  std::vector<Object*> objects_;
};

struct World {
  // Freed in this order, the other way round: children keep what they need.
  Pool<lg_engine, lg_engine_free> engines;
  Pool<lg_table, lg_table_free> tables;
  Pool<lg_session, lg_session_free> sessions;
  Pool<lg_plan, lg_plan_free> plans;
  Pool<lg_text, lg_text_free> texts;
  std::vector<ArrowArrayStream> streams;

  ~World() {
    for (ArrowArrayStream& stream : streams) stream.release(&stream);
  }
};

void Execute(World& world, Input& input) {
  if (world.streams.size() == kMostObjects) return;
  ArrowArrayStream stream = {};
  Failure failure;
  const int code =
      lg_plan_execute(world.plans.Some(input), Any(input, kOptions), {}, &stream, failure.out());
  failure.Settle(code);
  if (code == 0) world.streams.push_back(stream);
}

void Pull(World& world, Input& input) {
  if (world.streams.empty()) return;
  ArrowArrayStream& stream = world.streams[input.Below(world.streams.size())];
  ArrowSchema schema = {};
  if (stream.get_schema(&stream, &schema) == 0) schema.release(&schema);
  ArrowArray batch = {};
  if (stream.get_next(&stream, &batch) == 0) {
    if (batch.release != nullptr) batch.release(&batch);
    return;
  }
  lg_error* found = nullptr;
  Failure failure;
  failure.Settle(lg_stream_error(&stream, &found, failure.out()));
  lg_error_free(found);
}

void CallOne(World& world, Input& input) {
  Failure failure;
  switch (input.Below(16)) {
    case 0:
      return world.engines.Make([&](lg_engine** out, lg_error** err) {
        return lg_engine_open(Any(input, kEngines), out, err);
      });
    case 1:
    case 2:
      return world.sessions.Make([&](lg_session** out, lg_error** err) {
        return lg_session_open(world.engines.Some(input), Any(input, kSessions), out, err);
      });
    case 3:
    case 4:
    case 5:
      return world.plans.Make([&](lg_plan** out, lg_error** err) {
        return lg_session_plan(world.sessions.Some(input), Any(input, kTexts),
                               Any(input, kParameters), Any(input, kOptions), {}, out, err);
      });
    case 6:
      return world.tables.Make([&](lg_table** out, lg_error** err) {
        return lg_table_open(world.engines.Some(input), Any(input, kLocations), nullptr, out, err);
      });
    case 7:
      return failure.Settle(lg_session_add_table(world.sessions.Some(input), Any(input, kNames),
                                                 world.tables.Some(input), failure.out()));
    case 8:
      return failure.Settle(lg_session_add_view(world.sessions.Some(input), Any(input, kNames),
                                                Any(input, kTexts), failure.out()));
    case 9:
      return world.texts.Make([&](lg_text** out, lg_error** err) {
        return lg_plan_facts(world.plans.Some(input), out, err);
      });
    case 10:
    case 11:
      return Execute(world, input);
    case 12:
      return Pull(world, input);
    case 13:
      return world.sessions.FreeSome(input);
    case 14:
      return world.plans.FreeSome(input);
    default:
      if (input.Below(2) == 0) return world.engines.FreeSome(input);
      if (world.streams.empty()) return;
      world.streams.back().release(&world.streams.back());
      world.streams.pop_back();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  World world;
  for (int call = 0; call < kMostCalls && !input.empty(); ++call) CallOne(world, input);
  return 0;
}
