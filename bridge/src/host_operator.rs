//! An operator of the host: rows in, rows out, what it does said in JSON.

use std::fmt::{Debug, Formatter};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ffi_stream::FFI_ArrowArrayStream;

use crate::abi::{LgRowOperator, LgStr};
use crate::arrow_in::ImportedStream;
use crate::arrow_out::{self, BatchSource};
use crate::error::{BridgeError, Result};
use crate::host::Host;

#[derive(Clone)]
pub struct HostOperator(Arc<Host<LgRowOperator>>);

impl Debug for HostOperator {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "HostOperator")
    }
}

impl HostOperator {
    pub fn new(operator: LgRowOperator) -> Self {
        HostOperator(Arc::new(Host(operator)))
    }

    /// What the host makes of `input`; its rows have the same schema. Reading blocks.
    pub fn run(
        &self,
        specification: &str,
        input: Box<dyn BatchSource>,
        schema: SchemaRef,
        name: &str,
    ) -> Result<ImportedStream> {
        let mut given = FFI_ArrowArrayStream::empty();
        unsafe { arrow_out::put_stream(input, &mut given) }?;
        let mut made = FFI_ArrowArrayStream::empty();
        let host = &self.0;
        let code = match host.run {
            Some(run) => unsafe { run(host.data, LgStr::of(specification), &mut given, &mut made) },
            None => libc::EINVAL,
        };
        if code != 0 {
            // Whatever a failed call left in the struct is not ours to release.
            std::mem::forget(made);
            // The host keeps its typed error, which takes the place of this one.
            return Err(BridgeError::internal(format!(
                "an operator of the host failed: {name}: {code}"
            )));
        }
        ImportedStream::new(made, schema, name)
    }
}
