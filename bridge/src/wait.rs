//! Waiting for the runtime from a thread of the caller. Not with the runtime's own timers:
//! they stand still while every worker is busy with a long computation.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;

use crate::cancel::{Cancel, POLL_INTERVAL};
use crate::error::Result;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for `future` and asks `cancel` about every 20 ms.
pub fn wait<T>(cancel: &Cancel, future: impl Future<Output = T>) -> Result<T> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let mut asked = Instant::now();
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Ok(value);
        }
        std::thread::park_timeout(POLL_INTERVAL.saturating_sub(asked.elapsed()));
        if asked.elapsed() >= POLL_INTERVAL {
            cancel.check()?;
            asked = Instant::now();
        }
    }
}
