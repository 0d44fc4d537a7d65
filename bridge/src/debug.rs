//! Panics on purpose: what the tests of both sides provoke.
#![allow(clippy::panic)]

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::arrow_out::{self, BatchSource};
use crate::error::{BridgeError, Result};
use crate::fence;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_debug_panic(err: *mut *mut BridgeError) -> i32 {
    fence::export(err, || panic!("lg_debug_panic was called"))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_debug_panic_stream(
    out: *mut FFI_ArrowArrayStream,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let field = Field::new("n", DataType::Int64, false);
        let source = PanicsSecond {
            schema: Arc::new(Schema::new(vec![field])),
            asked: false,
        };
        unsafe { arrow_out::put_stream(Box::new(source), out) }
    })
}

struct PanicsSecond {
    schema: SchemaRef,
    asked: bool,
}

impl BatchSource for PanicsSecond {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn next(&mut self) -> Result<Option<RecordBatch>> {
        if self.asked {
            panic!("the second batch of lg_debug_panic_stream");
        }
        self.asked = true;
        let column = Arc::new(Int64Array::from(vec![1]));
        Ok(Some(RecordBatch::try_new(
            self.schema.clone(),
            vec![column],
        )?))
    }
}
