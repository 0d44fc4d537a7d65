//! The host's index of one side of a join, and the pairs it finds.

use std::ffi::c_void;
use std::fmt::{Debug, Formatter};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

use crate::abi::{LgRangeConditions, LgRangeIndex};
use crate::error::{BridgeError, Kind, Result};
use crate::host::Host;

#[derive(Clone)]
pub struct HostRangeIndex(Arc<Host<LgRangeIndex>>);

impl Debug for HostRangeIndex {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostRangeIndex")
    }
}

impl HostRangeIndex {
    pub fn new(index: LgRangeIndex) -> Self {
        HostRangeIndex(Arc::new(Host(index)))
    }

    /// Indexes a table of keys, then `below` and `above`.
    pub fn build(&self, conditions: &LgRangeConditions, columns: Vec<ArrayRef>) -> Result<Index> {
        let (mut schema, mut array) = exported(columns)?;
        let mut made = Index {
            host: self.0.clone(),
            index: std::ptr::null_mut(),
            bytes: 0,
        };
        let host = &self.0;
        let code = match host.build {
            Some(build) => unsafe {
                build(
                    host.data,
                    conditions,
                    &mut schema,
                    &mut array,
                    &mut made.index,
                    &mut made.bytes,
                )
            },
            None => Kind::InvalidArgument as i32,
        };
        checked(code)?;
        Ok(made)
    }
}

pub struct Index {
    host: Arc<Host<LgRangeIndex>>,
    index: *mut c_void,
    bytes: i64,
}

// SAFETY: as for `Host`.
unsafe impl Send for Index {}
unsafe impl Sync for Index {}

impl Drop for Index {
    fn drop(&mut self) {
        if let (Some(free), false) = (self.host.free_index, self.index.is_null()) {
            unsafe { free(self.index) };
        }
    }
}

impl Index {
    pub fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(0)
    }

    /// `each_once`: a probe row is in one pair at most.
    pub fn probe(self: &Arc<Self>, columns: Vec<ArrayRef>, each_once: bool) -> Result<Pairs> {
        let (mut schema, mut array) = exported(columns)?;
        let mut pairs = Pairs {
            index: self.clone(),
            cursor: std::ptr::null_mut(),
        };
        let code = match self.host.probe {
            Some(probe) => unsafe {
                probe(
                    self.index,
                    &mut schema,
                    &mut array,
                    i32::from(each_once),
                    &mut pairs.cursor,
                )
            },
            None => Kind::InvalidArgument as i32,
        };
        checked(code)?;
        Ok(pairs)
    }
}

/// The pairs of one batch, in parts.
pub struct Pairs {
    /// Kept: the cursor points into it.
    index: Arc<Index>,
    cursor: *mut c_void,
}

// SAFETY: the header says that one thread at a time uses a cursor, whichever.
unsafe impl Send for Pairs {}

impl Drop for Pairs {
    fn drop(&mut self) {
        if let (Some(free), false) = (self.index.host.free_cursor, self.cursor.is_null()) {
            unsafe { free(self.cursor) };
        }
    }
}

impl Pairs {
    /// The next probe rows and build rows, at most `most` of each; fewer at the end alone.
    pub fn next(&mut self, most: usize) -> Result<(Vec<u32>, Vec<u32>)> {
        let mut probe_rows: Vec<u32> = Vec::with_capacity(most);
        let mut build_rows: Vec<u32> = Vec::with_capacity(most);
        let mut count = 0_u64;
        let code = match self.index.host.next {
            Some(next) => unsafe {
                next(
                    self.cursor,
                    most as u64,
                    probe_rows.as_mut_ptr(),
                    build_rows.as_mut_ptr(),
                    &mut count,
                )
            },
            None => Kind::InvalidArgument as i32,
        };
        checked(code)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > most {
            return Err(BridgeError::internal(
                "the host found more pairs than it was asked for",
            ));
        }
        // SAFETY: the host has written so many, within the capacity.
        unsafe {
            probe_rows.set_len(count);
            build_rows.set_len(count);
        }
        Ok((probe_rows, build_rows))
    }
}

/// The host keeps its typed error, which takes the place of this one.
fn checked(code: i32) -> Result<()> {
    match code {
        0 => Ok(()),
        _ => Err(BridgeError::new(
            Kind::Internal,
            format!("the host's range index failed: {code}"),
        )),
    }
}

fn exported(columns: Vec<ArrayRef>) -> Result<(FFI_ArrowSchema, FFI_ArrowArray)> {
    let fields: Vec<Field> = columns
        .iter()
        .enumerate()
        .map(|(i, column)| Field::new(i.to_string(), column.data_type().clone(), true))
        .collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?;
    let array = StructArray::from(batch);
    let schema = FFI_ArrowSchema::try_from(DataType::Struct(array.fields().clone()))?;
    Ok((schema, FFI_ArrowArray::new(&array.to_data())))
}
