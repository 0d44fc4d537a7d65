//! Threads for recursive work: parsing, planning, and dropping what they made.
//!
//! A thread that has done its work waits a moment for more: to start one takes longer than to
//! parse a short text. What its stack has grown to goes with it when it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::cancel::{Cancel, POLL_INTERVAL};
use crate::error::{BridgeError, Result};
use crate::fence::panic_error;

/// Below this the parser's own protection has nothing to stand on.
const MIN_STACK_BYTES: usize = 1 << 20;
/// How long a thread waits for more work.
const IDLE: Duration = Duration::from_millis(500);

/// Never panics: what it does is caught inside.
type Work = Box<dyn FnOnce() + Send>;

struct Waiting {
    number: u64,
    stack_bytes: usize,
    work: SyncSender<Work>,
}

static WAITING: Mutex<Vec<Waiting>> = Mutex::new(Vec::new());
static THREADS: AtomicU64 = AtomicU64::new(0);

fn waiting() -> MutexGuard<'static, Vec<Waiting>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on a thread of its own and waits, asking `cancel`. When the wait is cut short the
/// thread finishes alone and drops the result itself.
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
        drop(catch_unwind(AssertUnwindSafe(move || {
            drop(sender.send(result));
        })));
    };
    begin(stack_bytes, Box::new(body))
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

/// What the caller's own stack must have left for small work.
const SMALL_WORK_BYTES: usize = 4 << 20;

/// [`run`], or at once on the caller's stack where the work is small and there is room: to hand it
/// to another thread takes longer than a short text.
pub fn run_small<T: Send + 'static>(
    small: bool,
    stack_bytes: usize,
    cancel: &Cancel,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let room = || stacker::remaining_stack().is_some_and(|left| left >= SMALL_WORK_BYTES);
    if !small || !room() {
        return run(stack_bytes, cancel, work);
    }
    cancel.check()?;
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|payload| Err(panic_error(payload.as_ref())))
}

/// Drops `value` on a large stack: plans of long chains nest as deep as they are long.
pub fn drop_there<T: Send + 'static>(stack_bytes: usize, value: T) {
    let (sender, receiver) = sync_channel::<()>(1);
    let body = move || {
        drop(catch_unwind(AssertUnwindSafe(move || drop(value))));
        drop(sender);
    };
    if begin(stack_bytes, Box::new(body)).is_ok() {
        // Until the sender has gone, and the value with it.
        let _ = receiver.recv();
    }
}

/// Hands the work to a thread that waits, or to a new one.
fn begin(stack_bytes: usize, mut work: Work) -> std::io::Result<()> {
    let stack_bytes = stack_bytes.max(MIN_STACK_BYTES);
    while let Some(thread) = take_waiting(stack_bytes) {
        match thread.work.try_send(work) {
            Ok(()) => return Ok(()),
            // It has ended meanwhile.
            Err(error) => {
                work = match error {
                    std::sync::mpsc::TrySendError::Full(work)
                    | std::sync::mpsc::TrySendError::Disconnected(work) => work,
                };
            }
        }
    }
    std::thread::Builder::new()
        .name("lakegate-plan".to_owned())
        .stack_size(stack_bytes)
        .spawn(move || serve(stack_bytes, work))
        .map(drop)
}

fn take_waiting(stack_bytes: usize) -> Option<Waiting> {
    let mut waiting = waiting();
    let place = waiting
        .iter()
        .rposition(|thread| thread.stack_bytes == stack_bytes)?;
    Some(waiting.remove(place))
}

fn serve(stack_bytes: usize, first: Work) {
    let number = THREADS.fetch_add(1, Ordering::Relaxed);
    let mut work = first;
    loop {
        work();
        let (sender, receiver) = sync_channel(1);
        waiting().push(Waiting {
            number,
            stack_bytes,
            work: sender,
        });
        match next_work(number, &receiver) {
            Some(next) => work = next,
            None => return,
        }
    }
}

fn next_work(number: u64, receiver: &Receiver<Work>) -> Option<Work> {
    match receiver.recv_timeout(IDLE) {
        Ok(work) => Some(work),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            let mut waiting = waiting();
            let place = waiting.iter().position(|thread| thread.number == number);
            if let Some(place) = place {
                waiting.remove(place);
                return None;
            }
            drop(waiting);
            // Somebody has taken it and is about to send.
            receiver.recv().ok()
        }
    }
}
