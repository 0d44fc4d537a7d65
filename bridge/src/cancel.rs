//! Stopping: the host's cancel callback, a time limit, and a flag that running work reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::abi::LgCancelSource;
use crate::error::{BridgeError, Kind, Result};
use crate::host::Host;

/// How often the host's callback is asked while a call waits.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Asked by the thread that waits; [`StopFlag`] passes the answer on to running work.
pub struct Cancel {
    source: Host<LgCancelSource>,
    flag: StopFlag,
    limit: Option<Duration>,
    deadline: Option<Instant>,
}

impl Cancel {
    /// Takes the source over. A `time_limit_ms` of 0 or none is no limit.
    pub fn new(source: LgCancelSource) -> Self {
        Cancel {
            source: Host(source),
            flag: StopFlag::default(),
            limit: None,
            deadline: None,
        }
    }

    pub fn never() -> Self {
        Cancel::new(LgCancelSource {
            data: std::ptr::null_mut(),
            cancelled: None,
            release: None,
        })
    }

    /// Counts from now; 0 or none is no limit.
    pub fn set_time_limit_ms(&mut self, limit: Option<u64>) {
        self.limit = limit.filter(|ms| *ms > 0).map(Duration::from_millis);
        self.deadline = self
            .limit
            .and_then(|limit| Instant::now().checked_add(limit));
    }

    pub fn flag(&self) -> StopFlag {
        self.flag.clone()
    }

    /// An error once the work has to stop; the flag is set by then.
    pub fn check(&self) -> Result<()> {
        let asked = match self.source.cancelled {
            Some(cancelled) => unsafe { cancelled(self.source.data) != 0 },
            None => false,
        };
        if asked {
            self.flag.stop();
            return Err(BridgeError::cancelled());
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            self.flag.stop();
            let limit = self.limit.unwrap_or_default().as_millis();
            let message = format!("the time limit was passed: {limit} ms (time_limit_ms)");
            return Err(BridgeError::new(Kind::Timeout, message).with_subject("time_limit_ms"));
        }
        Ok(())
    }
}

/// Set once, read by whatever runs for the statement.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
