//! Threads for recursive work: parsing, planning, and dropping what they made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};

use crate::cancel::{Cancel, POLL_INTERVAL};
use crate::error::{BridgeError, Result};
use crate::fence::panic_error;

/// Below this the parser's own protection has nothing to stand on.
const MIN_STACK_BYTES: usize = 1 << 20;

/// Runs `work` on a fresh thread and waits, asking `cancel`. When the wait is cut short the
/// thread finishes alone and drops its result itself.
pub fn run<T: Send + 'static>(
    stack_bytes: usize,
    cancel: &Cancel,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    cancel.check()?;
    let (sender, receiver) = sync_channel(1);
    let body = move || {
        let result = catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|payload| Err(panic_error(payload.as_ref())));
        // Nobody may be waiting any more: the result is then dropped on this stack.
        drop(sender.send(result));
    };
    std::thread::Builder::new()
        .name("lakegate-plan".to_owned())
        .stack_size(stack_bytes.max(MIN_STACK_BYTES))
        .spawn(body)
        .map_err(|error| BridgeError::from(error).context("a thread could not be started"))?;
    loop {
        match receiver.recv_timeout(POLL_INTERVAL) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => cancel.check()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(BridgeError::internal(
                    "a planning thread ended without an answer",
                ));
            }
        }
    }
}

/// Drops `value` on a large stack: plans of long chains nest as deep as they are long.
pub fn drop_there<T: Send + 'static>(stack_bytes: usize, value: T) {
    let dropped = std::thread::Builder::new()
        .name("lakegate-drop".to_owned())
        .stack_size(stack_bytes.max(MIN_STACK_BYTES))
        .spawn(move || drop(catch_unwind(AssertUnwindSafe(move || drop(value)))));
    if let Ok(thread) = dropped {
        drop(thread.join());
    }
}
