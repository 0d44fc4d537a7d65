//! The edge: panics stop here, pointers are checked here, outputs are written here.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use serde::de::DeserializeOwned;

use crate::abi::LgStr;
use crate::error::{BridgeError, Kind, Result};

/// Runs the body of an export. Its error, or its panic, becomes `*err` and the return value.
#[allow(clippy::not_unsafe_ptr_arg_deref)] // `err` is checked; the header vouches for the rest
pub fn export(err: *mut *mut BridgeError, body: impl FnOnce() -> Result<()>) -> i32 {
    match catch(body) {
        Ok(()) => 0,
        Err(error) => {
            let kind = error.kind as i32;
            if !err.is_null() {
                // SAFETY: not null, so valid for a write by the header's contract.
                unsafe { err.write(Box::into_raw(Box::new(error))) };
            }
            kind
        }
    }
}

thread_local! {
    /// How many fences this thread stands behind.
    static FENCES: Cell<u32> = const { Cell::new(0) };
}

/// Our own threads: every panic on them is caught and reported as an error.
const OUR_THREADS: &str = "lakegate-";

/// A panic that a fence turns into an error is the error's to tell, not standard error's.
fn silence_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            let ours = std::thread::current()
                .name()
                .is_some_and(|name| name.starts_with(OUR_THREADS));
            if !ours && FENCES.get() == 0 {
                loud(panic);
            }
        }));
    });
}

/// `body`, with a panic as LG_ERR_INTERNAL.
pub fn catch<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    silence_caught_panics();
    FENCES.set(FENCES.get() + 1);
    let caught = catch_unwind(AssertUnwindSafe(body));
    FENCES.set(FENCES.get() - 1);
    match caught {
        Ok(result) => result,
        Err(payload) => {
            let error = panic_error(payload.as_ref());
            // A payload may panic in its own drop.
            let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
            Err(error)
        }
    }
}

pub fn panic_error(payload: &(dyn Any + Send)) -> BridgeError {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    // How the Arrow library says that a column passed what its offsets count.
    if text.ends_with("offset overflow") || text == "capacity overflow" {
        return BridgeError::new(
            Kind::ResourceLimit,
            "a column of one batch would take more than 2 GiB, which is as far as its offsets count",
        )
        .with_subject("batch_rows");
    }
    BridgeError::internal(format!("the engine panicked: {text}"))
}

/// A handle that the caller lends for the call.
///
/// # Safety
/// `handle` is null or came from [`give`] and was not freed.
pub unsafe fn borrow<'a, T>(handle: *const T, name: &str) -> Result<&'a T> {
    unsafe { handle.as_ref() }.ok_or_else(|| null(name))
}

/// A handle that one thread at a time uses.
///
/// # Safety
/// As [`borrow`], and nobody else uses the handle during the call.
pub unsafe fn borrow_mut<'a, T>(handle: *mut T, name: &str) -> Result<&'a mut T> {
    unsafe { handle.as_mut() }.ok_or_else(|| null(name))
}

/// Checks an out pointer before work is done for it.
pub fn check_out<T>(out: *mut T, name: &str) -> Result<()> {
    if out.is_null() {
        return Err(null(name));
    }
    Ok(())
}

/// Writes a plain output.
///
/// # Safety
/// `out` is null or valid for a write.
pub unsafe fn put<T>(out: *mut T, value: T) -> Result<()> {
    check_out(out, "out")?;
    unsafe { out.write(value) };
    Ok(())
}

/// Hands a new handle to the caller.
///
/// # Safety
/// `out` is null or valid for a write.
pub unsafe fn give<T>(out: *mut *mut T, value: T) -> Result<()> {
    check_out(out, "out")?;
    unsafe { out.write(Box::into_raw(Box::new(value))) };
    Ok(())
}

/// Frees a handle; null is a no-op.
///
/// # Safety
/// `handle` is null or came from [`give`] and was not freed.
pub unsafe fn free<T>(handle: *mut T) {
    if handle.is_null() {
        return;
    }
    let owned = unsafe { Box::from_raw(handle) };
    let _ = catch(move || {
        drop(owned);
        Ok(())
    });
}

/// Borrowed UTF-8 text; null data is allowed when the size is 0.
///
/// # Safety
/// `text.data` is valid for `text.size` bytes during the call.
pub unsafe fn text<'a>(text: LgStr, name: &str) -> Result<&'a str> {
    if text.size == 0 {
        return Ok("");
    }
    if text.data.is_null() {
        return Err(null(name));
    }
    let bytes = unsafe { std::slice::from_raw_parts(text.data, text.size) };
    std::str::from_utf8(bytes).map_err(|error| {
        BridgeError::invalid_argument(format!(
            "the text is not UTF-8: {name}, byte {}",
            error.valid_up_to()
        ))
    })
}

/// Options as JSON text; empty text is `{}`.
///
/// # Safety
/// As [`text`].
pub unsafe fn options<T: DeserializeOwned>(json: LgStr, name: &str) -> Result<T> {
    let json = unsafe { text(json, name) }?;
    let json = if json.trim().is_empty() { "{}" } else { json };
    serde_json::from_str(json)
        .map_err(|error| BridgeError::invalid_argument(format!("invalid {name}: {error}")))
}

fn null(name: &str) -> BridgeError {
    BridgeError::invalid_argument(format!("a pointer is null: {name}"))
}
