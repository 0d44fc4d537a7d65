//! What every session starts from; built once for an engine, copied for each statement.

use std::sync::Arc;

use datafusion::execution::SessionState;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionConfig;

use crate::bounded;
use crate::error::Result;

pub const CATALOG: &str = "lakegate";
pub const SCHEMA: &str = "main";

/// A `function_limit` of 0 is no limit.
pub fn build(env: Arc<RuntimeEnv>, function_limit: u64) -> Result<SessionState> {
    let mut state = SessionStateBuilder::new_with_default_features()
        .with_runtime_env(env)
        .with_config(config())
        .build();
    if function_limit > 0 {
        bounded::bound(&mut state, function_limit)?;
    }
    Ok(state)
}

/// View types stay inside the engine: rows cross the edge as plain strings and binaries.
pub fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(false);
    let options = config.options_mut();
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    // A view keeps its ORDER BY: what a job writes or shows comes in the order it asked for.
    options.sql_parser.enable_subquery_sort_elimination = false;
    // Planning errors then know the line and the column.
    options.sql_parser.collect_spans = true;
    config
}
