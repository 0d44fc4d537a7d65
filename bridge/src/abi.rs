//! The plain structs of the header, with their layout asserted.

use std::ffi::c_void;
use std::mem::{offset_of, size_of};

use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow::ffi_stream::FFI_ArrowArrayStream;

pub const LG_ABI_VERSION: u32 = 5;

#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LgStr {
    pub data: *const u8,
    pub size: usize,
}

impl LgStr {
    pub const EMPTY: LgStr = LgStr {
        data: std::ptr::null(),
        size: 0,
    };

    /// Borrows `text`; the caller keeps it alive for as long as the result is used.
    pub fn of(text: &str) -> LgStr {
        LgStr {
            data: text.as_ptr(),
            size: text.len(),
        }
    }
}

#[repr(C)]
pub struct LgErrorView {
    pub kind: i32,
    pub reserved: i32,
    pub message: LgStr,
    pub subject: LgStr,
    pub line: i64,
    pub column: i64,
    pub read_version: i64,
    pub found_version: i64,
}

#[repr(C)]
pub struct LgCancelSource {
    pub data: *mut c_void,
    pub cancelled: Option<unsafe extern "C" fn(*mut c_void) -> i32>,
    pub release: Option<unsafe extern "C" fn(*mut c_void)>,
}

#[repr(C)]
pub struct LgStreamSource {
    pub data: *mut c_void,
    pub open: Option<unsafe extern "C" fn(*mut c_void, *mut FFI_ArrowArrayStream) -> i32>,
    pub release: Option<unsafe extern "C" fn(*mut c_void)>,
}

#[repr(C)]
pub struct LgTableFunction {
    pub data: *mut c_void,
    pub bind: Option<
        unsafe extern "C" fn(*mut c_void, LgStr, *mut FFI_ArrowSchema, *mut LgStreamSource) -> i32,
    >,
    pub release: Option<unsafe extern "C" fn(*mut c_void)>,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct LgRangeConditions {
    pub keys: u64,
    pub below_or_equal: i32,
    pub above_or_equal: i32,
}

#[repr(C)]
pub struct LgRangeIndex {
    pub data: *mut c_void,
    pub build: Option<
        unsafe extern "C" fn(
            *mut c_void,
            *const LgRangeConditions,
            *mut FFI_ArrowSchema,
            *mut FFI_ArrowArray,
            *mut *mut c_void,
            *mut i64,
        ) -> i32,
    >,
    pub probe: Option<
        unsafe extern "C" fn(
            *const c_void,
            *mut FFI_ArrowSchema,
            *mut FFI_ArrowArray,
            i32,
            *mut *mut c_void,
        ) -> i32,
    >,
    pub next: Option<unsafe extern "C" fn(*mut c_void, u64, *mut u32, *mut u32, *mut u64) -> i32>,
    pub free_index: Option<unsafe extern "C" fn(*mut c_void)>,
    pub free_cursor: Option<unsafe extern "C" fn(*mut c_void)>,
    pub release: Option<unsafe extern "C" fn(*mut c_void)>,
}

#[repr(C)]
pub struct LgRowOperator {
    pub data: *mut c_void,
    pub run: Option<
        unsafe extern "C" fn(
            *mut c_void,
            LgStr,
            *mut FFI_ArrowArrayStream,
            *mut FFI_ArrowArrayStream,
        ) -> i32,
    >,
    pub release: Option<unsafe extern "C" fn(*mut c_void)>,
}

const _: () = {
    assert!(size_of::<usize>() == 8);
    assert!(size_of::<LgStr>() == 16);
    assert!(offset_of!(LgStr, data) == 0);
    assert!(offset_of!(LgStr, size) == 8);
    assert!(size_of::<LgErrorView>() == 72);
    assert!(offset_of!(LgErrorView, kind) == 0);
    assert!(offset_of!(LgErrorView, message) == 8);
    assert!(offset_of!(LgErrorView, subject) == 24);
    assert!(offset_of!(LgErrorView, line) == 40);
    assert!(offset_of!(LgErrorView, column) == 48);
    assert!(offset_of!(LgErrorView, read_version) == 56);
    assert!(offset_of!(LgErrorView, found_version) == 64);
    assert!(size_of::<LgCancelSource>() == 24);
    assert!(offset_of!(LgCancelSource, data) == 0);
    assert!(offset_of!(LgCancelSource, cancelled) == 8);
    assert!(offset_of!(LgCancelSource, release) == 16);
    assert!(size_of::<LgStreamSource>() == 24);
    assert!(offset_of!(LgStreamSource, open) == 8);
    assert!(offset_of!(LgStreamSource, release) == 16);
    assert!(size_of::<LgTableFunction>() == 24);
    assert!(offset_of!(LgTableFunction, data) == 0);
    assert!(offset_of!(LgTableFunction, bind) == 8);
    assert!(offset_of!(LgTableFunction, release) == 16);
    assert!(size_of::<LgRowOperator>() == 24);
    assert!(size_of::<LgRangeConditions>() == 16);
    assert!(size_of::<LgRangeIndex>() == 56);
    assert!(offset_of!(LgRangeIndex, release) == 48);
    assert!(size_of::<FFI_ArrowSchema>() == 72);
    assert!(size_of::<FFI_ArrowArray>() == 80);
    assert!(size_of::<FFI_ArrowArrayStream>() == 40);
    assert!(offset_of!(FFI_ArrowArrayStream, private_data) == 32);
};
