//! Text handed to the caller, and the version exports.

use serde::Serialize;
use serde_json::json;

use crate::abi::{LG_ABI_VERSION, LgStr};
use crate::error::{BridgeError, Result};
use crate::fence;

/// `lg_text`.
pub struct Text(String);

impl Text {
    pub fn new(text: String) -> Self {
        Text(text)
    }

    pub fn json(value: &impl Serialize) -> Result<Self> {
        serde_json::to_string(value)
            .map(Text)
            .map_err(|error| BridgeError::internal(format!("JSON could not be written: {error}")))
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_text_get(text: *const Text) -> LgStr {
    match unsafe { text.as_ref() } {
        Some(text) => LgStr::of(&text.0),
        None => LgStr::EMPTY,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_text_free(text: *mut Text) {
    unsafe { fence::free(text) };
}

#[unsafe(no_mangle)]
pub extern "C" fn lg_abi_version() -> u32 {
    LG_ABI_VERSION
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_versions(out: *mut *mut Text, err: *mut *mut BridgeError) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let versions = json!({
            "bridge": env!("CARGO_PKG_VERSION"),
            "datafusion": datafusion::DATAFUSION_VERSION,
            "deltalake": deltalake_core::crate_version(),
            "arrow": arrow::ARROW_VERSION,
            // The lock file holds them to these; a test compares.
            "parquet": arrow::ARROW_VERSION,
            "object_store": "0.13.2",
        });
        unsafe { fence::give(out, Text::json(&versions)?) }
    })
}
