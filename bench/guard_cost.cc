// What the guard costs: reading the facts of a text and judging them, beside everything else that
// happens before the first row. The guard parses the text, and planning does not do so again: what
// it adds is its time less that of the parsing, which is measured as the difference between
// planning a text that was judged just before and one that was not. The texts are `SELECT 1` and
// the TPC-H queries of the guard's corpus, over empty tables. Argument: the file of the queries.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "columnar/builder.h"
#include "columnar/schema.h"
#include "engine/sql_text.h"
#include "engine/statement.h"
#include "lakegate/arrow.h"
#include "lakegate/session.h"
#include "session/judged_text.h"

namespace {

constexpr int kTurns = 50;

// Columns as Arrow formats: l int64, u utf8, g float64, tdD date32.
struct TableOfBench {
  std::string_view name;
  std::string_view prefix;
  std::string_view columns;
};

constexpr TableOfBench kTables[] = {
    {"region", "r_", "regionkey:l name:u comment:u"},
    {"nation", "n_", "nationkey:l name:u regionkey:l comment:u"},
    {"supplier", "s_", "suppkey:l name:u address:u nationkey:l phone:u acctbal:g comment:u"},
    {"customer", "c_",
     "custkey:l name:u address:u nationkey:l phone:u acctbal:g mktsegment:u comment:u"},
    {"part", "p_",
     "partkey:l name:u mfgr:u brand:u type:u size:l container:u retailprice:g comment:u"},
    {"partsupp", "ps_", "partkey:l suppkey:l availqty:l supplycost:g comment:u"},
    {"orders", "o_",
     "orderkey:l custkey:l orderstatus:u totalprice:g orderdate:tdD orderpriority:u clerk:u "
     "shippriority:l comment:u"},
    {"lineitem", "l_",
     "orderkey:l partkey:l suppkey:l linenumber:l quantity:g extendedprice:g discount:g tax:g "
     "returnflag:u linestatus:u shipdate:tdD commitdate:tdD receiptdate:tdD shipinstruct:u "
     "shipmode:u comment:u"},
};

lakegate::OwnedSchema SchemaOf(const TableOfBench& table) {
  std::vector<lakegate::columnar::FieldSpec> fields;
  std::istringstream columns{std::string(table.columns)};
  for (std::string column; columns >> column;) {
    const std::size_t colon = column.find(':');
    fields.push_back({.name = std::string(table.prefix) + column.substr(0, colon),
                      .format = column.substr(colon + 1)});
  }
  return lakegate::columnar::MakeSchema(fields);
}

bool Register(lakegate::Session& session, const TableOfBench& table) {
  auto rows = lakegate::StreamOf(SchemaOf(table), {});
  const auto registered = session.RegisterStream(table.name, std::move(rows));
  if (!registered) std::fprintf(stderr, "%s\n", registered.error().ToString().c_str());
  return registered.has_value();
}

template <typename Work>
double MedianMicroseconds(const Work& work) {
  std::vector<double> times;
  for (int turn = 0; turn < kTurns; ++turn) {
    const auto started = std::chrono::steady_clock::now();
    work();
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - started)
            .count());
  }
  std::nth_element(times.begin(), times.begin() + kTurns / 2, times.end());
  return times[kTurns / 2];
}

struct Cost {
  double guard = 0;
  double parsing = 0;
  double whole = 0;

  double added() const { return guard - parsing; }
};

// Microseconds that planning is spared by the judging of the same text.
double ParsingOf(const std::shared_ptr<lakegate::engine::Engine>& engine, const std::string& sql) {
  const auto planning = [&](bool judged) {
    std::vector<double> times;
    for (int turn = 0; turn < kTurns; ++turn) {
      auto session = lakegate::engine::EngineSession::Open(engine);
      if (!session) std::abort();
      for (const TableOfBench& table : kTables) {
        const auto added = session->AddStream(table.name, *SchemaOf(table), [&] {
          return lakegate::Result<lakegate::ArrowStream>(lakegate::StreamOf(SchemaOf(table), {}));
        });
        if (!added) std::abort();
      }
      if (judged && !lakegate::engine::SqlFacts(sql, {})) std::abort();
      const auto started = std::chrono::steady_clock::now();
      const auto plan = session->PlanStatement(sql);
      times.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - started)
              .count());
    }
    std::nth_element(times.begin(), times.begin() + kTurns / 2, times.end());
    return times[kTurns / 2];
  };
  return std::max(0.0, planning(false) - planning(true));
}

// Microseconds; `whole` is negative where the statement fails.
Cost CostOf(lakegate::Session& session, const std::shared_ptr<lakegate::engine::Engine>& engine,
            const std::string& sql) {
  bool failed = false;
  Cost cost;
  cost.parsing = ParsingOf(engine, sql);
  cost.guard = MedianMicroseconds([&] {
    // As Session::Sql does before it opens anything.
    const auto policy = lakegate::session::PolicyInForce(session.profile(), {});
    failed = failed || !policy || !lakegate::session::JudgeStatement(sql, *policy);
  });
  cost.whole = MedianMicroseconds([&] {
    const auto rows = session.Sql(sql);
    if (!rows) {
      if (!failed) std::fprintf(stderr, "%s\n", rows.error().ToString().c_str());
      failed = true;
    }
  });
  if (failed) cost.whole = -1;
  return cost;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: lakegate_guard_cost tests/sql/guard/corpus/legitimate/tpch.sql\n");
    return 2;
  }
  std::ifstream file(arguments[1]);
  std::stringstream text;
  text << file.rdbuf();
  auto session = lakegate::Session::Open();
  if (!session) return 1;
  for (const TableOfBench& table : kTables) {
    if (!Register(**session, table)) return 1;
  }
  const auto queries = (*session)->Split(text.str());
  if (!queries || queries->size() < 10) return 1;
  const auto engine = lakegate::engine::Engine::Open({});
  if (!engine) return 1;
  const Cost one = CostOf(**session, *engine, "SELECT 1");
  std::printf("SELECT 1: guard %.0f us, %.0f of them added, of %.0f us before the first row\n",
              one.guard, one.added(), one.whole);
  Cost sum;
  double greatest = 0;
  int ran = 0;
  for (const std::string& sql : *queries) {
    const Cost cost = CostOf(**session, *engine, sql);
    if (cost.whole < 0) continue;
    ++ran;
    sum.guard += cost.guard;
    sum.parsing += cost.parsing;
    sum.whole += cost.whole;
    greatest = std::max(greatest, cost.added() / cost.whole);
  }
  std::printf(
      "TPC-H, %d of %zu queries: guard %.2f ms, %.2f of them added, of %.2f ms (%.1f %%), at most "
      "%.1f %% of one\n",
      ran, queries->size(), sum.guard / 1000, sum.added() / 1000, sum.whole / 1000,
      100 * sum.added() / sum.whole, 100 * greatest);
  return 0;
}
