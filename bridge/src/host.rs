//! Callback tables of the host, released once.

use std::ffi::c_void;
use std::ops::Deref;

use crate::abi::{LgCancelSource, LgRangeIndex, LgRowOperator, LgStreamSource, LgTableFunction};

/// A table as the header has it.
pub trait Callbacks {
    fn data(&self) -> *mut c_void;
    fn release(&self) -> Option<unsafe extern "C" fn(*mut c_void)>;
}

/// Released when it is dropped: with the last plan that may use it.
pub struct Host<T: Callbacks>(pub T);

// SAFETY: the header says that callbacks arrive on threads of the bridge, and may do so at the
// same time.
unsafe impl<T: Callbacks> Send for Host<T> {}
unsafe impl<T: Callbacks> Sync for Host<T> {}

impl<T: Callbacks> Drop for Host<T> {
    fn drop(&mut self) {
        if let Some(release) = self.0.release() {
            unsafe { release(self.0.data()) };
        }
    }
}

impl<T: Callbacks> Deref for Host<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

macro_rules! callbacks {
    ($($table:ty),*) => {$(
        impl Callbacks for $table {
            fn data(&self) -> *mut c_void {
                self.data
            }

            fn release(&self) -> Option<unsafe extern "C" fn(*mut c_void)> {
                self.release
            }
        }
    )*};
}

callbacks!(
    LgCancelSource,
    LgStreamSource,
    LgTableFunction,
    LgRangeIndex,
    LgRowOperator
);
