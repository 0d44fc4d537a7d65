#include "engine/sql_text.h"

#include "base/try.h"
#include "engine/bridge_error.h"
#include "engine/engine.h"
#include "engine/handle.h"
#include "engine/json_text.h"

namespace lakegate::engine {

namespace {

std::string LimitsJson(const SqlLimits& limits) {
  return Dump({{"max_bytes", limits.max_bytes},
               {"max_tokens", limits.max_tokens},
               {"max_nesting", limits.max_nesting},
               {"max_prefix_run", limits.max_prefix_run},
               {"max_ast_depth", limits.max_ast_depth},
               {"max_ast_nodes", limits.max_ast_nodes},
               {"max_chain", limits.max_chain},
               {"max_joins", limits.max_joins},
               {"max_in_list", limits.max_in_list},
               {"max_subquery_depth", limits.max_subquery_depth},
               {"max_with_depth", limits.max_with_depth},
               {"plan_stack_bytes", EngineOptions().plan_stack_bytes}});
}

// The limits are our own, so that an argument which is wrong is the text: bytes that are no UTF-8.
Error AboutText(const Error& error) {
  if (error.kind() != ErrorKind::kInvalidArgument) return error;
  return Error(ErrorKind::kInvalidSql, error.message(), error.detail());
}

}  // namespace

Result<std::string> SqlFacts(std::string_view sql, const SqlLimits& limits) {
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  const std::string limits_json = LimitsJson(limits);
  return CallForText<&BridgeApi::lg_sql_facts>(*api, Borrow(sql), Borrow(limits_json))
      .transform_error(AboutText);
}

Result<std::string> SqlChange(std::string_view sql, const SqlLimits& limits) {
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  const std::string limits_json = LimitsJson(limits);
  return CallForText<&BridgeApi::lg_sql_change>(*api, Borrow(sql), Borrow(limits_json))
      .transform_error(AboutText);
}

Result<std::vector<StatementRange>> SplitSql(std::string_view sql, const SqlLimits& limits) {
  LG_ASSIGN_OR_RETURN(const BridgeApi* api, LoadBridge());
  const std::string limits_json = LimitsJson(limits);
  LG_ASSIGN_OR_RETURN(const std::string text,
                      CallForText<&BridgeApi::lg_sql_split>(*api, Borrow(sql), Borrow(limits_json))
                          .transform_error(AboutText));
  LG_ASSIGN_OR_RETURN(const auto parsed, ParseBridgeJson(text, "lg_sql_split"));
  std::vector<StatementRange> ranges;
  for (const auto& row : parsed) {
    ranges.push_back({NumberIn(row, "start"), NumberIn(row, "end"), NumberIn(row, "line", 1),
                      NumberIn(row, "column", 1)});
  }
  return ranges;
}

}  // namespace lakegate::engine
