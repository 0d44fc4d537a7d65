//! `lg_error_*`.

use crate::abi::{LgErrorView, LgStr};
use crate::error::BridgeError;
use crate::fence;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_error_get(error: *const BridgeError, out: *mut LgErrorView) {
    // SAFETY: both are null or valid by the header's contract.
    let (Some(error), false) = (unsafe { error.as_ref() }, out.is_null()) else {
        return;
    };
    let view = LgErrorView {
        kind: error.kind as i32,
        reserved: 0,
        message: LgStr::of(&error.message),
        subject: LgStr::of(&error.subject),
        line: error.line,
        column: error.column,
        read_version: error.read_version,
        found_version: error.found_version,
    };
    unsafe { out.write(view) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_error_free(error: *mut BridgeError) {
    unsafe { fence::free(error) };
}
