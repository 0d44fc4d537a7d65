//! Session options.

use std::collections::BTreeMap;

use datafusion::prelude::SessionConfig;
use serde::Deserialize;

use crate::error::{BridgeError, Result};
use crate::session_template;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct SessionOptions {
    target_partitions: usize,
    batch_rows: usize,
    pub ordered: bool,
    config: BTreeMap<String, String>,
}

impl SessionOptions {
    /// `config` comes last and wins over the named options.
    pub fn config(&self) -> Result<SessionConfig> {
        let mut config = session_template::config();
        if self.target_partitions > 0 {
            config = config.with_target_partitions(self.target_partitions);
        }
        if self.batch_rows > 0 {
            config = config.with_batch_size(self.batch_rows);
        }
        for (key, value) in &self.config {
            config.options_mut().set(key, value).map_err(|error| {
                let reason = BridgeError::from(error).message;
                BridgeError::invalid_argument(format!(
                    "the engine's option cannot be set: {key} = {value}: {reason}"
                ))
                .with_subject(key)
            })?;
        }
        Ok(config)
    }
}
