//! stub
use crate::abi::LgStr;
use crate::error::BridgeError;
use crate::fence;
use crate::text::Text;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_sql_facts(
    _sql: LgStr,
    _limits: LgStr,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        Err(BridgeError::unsupported("lg_sql_facts is being written"))
    })
}
