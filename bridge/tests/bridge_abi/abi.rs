//! The header as a caller sees it: symbols, structs and JSON, nothing of the crate's inside.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StructArray};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow::ffi_stream::FFI_ArrowArrayStream;
use lakegate_bridge::abi::{
    LgCancelSource, LgErrorView, LgRangeIndex, LgRowOperator, LgStr, LgStreamSource,
    LgTableFunction,
};
use serde_json::{Value, json};

pub type Handle = *mut c_void;

macro_rules! handles {
    ($($name:ident ( $($argument:ident : $kind:ty),* );)*) => {
        unsafe extern "C" { $(pub fn $name($($argument: $kind),*) -> i32;)* }
    };
}

handles! {
    lg_versions(out: *mut Handle, err: *mut Handle);
    lg_engine_open(options: LgStr, out: *mut Handle, err: *mut Handle);
    lg_sql_split(sql: LgStr, limits: LgStr, out: *mut Handle, err: *mut Handle);
    lg_sql_facts(sql: LgStr, limits: LgStr, out: *mut Handle, err: *mut Handle);
    lg_table_open(engine: Handle, location: LgStr, schema: *mut FFI_ArrowSchema, out: *mut Handle,
                  err: *mut Handle);
    lg_table_schema(table: Handle, out: *mut FFI_ArrowSchema, err: *mut Handle);
    lg_table_info(table: Handle, out: *mut Handle, err: *mut Handle);
    lg_session_open(engine: Handle, options: LgStr, out: *mut Handle, err: *mut Handle);
    lg_session_add_table(session: Handle, name: LgStr, table: Handle, err: *mut Handle);
    lg_session_add_view(session: Handle, name: LgStr, sql: LgStr, err: *mut Handle);
    lg_session_add_stream(session: Handle, name: LgStr, schema: *mut FFI_ArrowSchema,
                          source: LgStreamSource, err: *mut Handle);
    lg_session_add_table_function(session: Handle, name: LgStr, function: LgTableFunction,
                                  err: *mut Handle);
    lg_session_use_operator(session: Handle, operator: LgRowOperator, err: *mut Handle);
    lg_session_use_range_index(session: Handle, index: LgRangeIndex, err: *mut Handle);
    lg_session_plan(session: Handle, sql: LgStr, parameters: LgStr, options: LgStr,
                    cancel: LgCancelSource, out: *mut Handle, err: *mut Handle);
    lg_plan_facts(plan: Handle, out: *mut Handle, err: *mut Handle);
    lg_plan_schema(plan: Handle, out: *mut FFI_ArrowSchema, err: *mut Handle);
    lg_plan_execute(plan: Handle, options: LgStr, cancel: LgCancelSource,
                    out: *mut FFI_ArrowArrayStream, err: *mut Handle);
    lg_stream_error(stream: *mut FFI_ArrowArrayStream, out: *mut Handle, err: *mut Handle);
    lg_predicate_open(session: Handle, schema: *const FFI_ArrowSchema, expressions: LgStr,
                      out: *mut Handle, err: *mut Handle);
    lg_predicate_evaluate(predicate: Handle, batch: *mut FFI_ArrowArray, out: *mut FFI_ArrowArray,
                          err: *mut Handle);
    lg_file_writer_open(engine: Handle, options: LgStr, schema: *mut FFI_ArrowSchema,
                        out: *mut Handle, err: *mut Handle);
    lg_file_writer_write(writer: Handle, batch: *mut FFI_ArrowArray, err: *mut Handle);
    lg_file_writer_finish(writer: Handle, out: *mut Handle, err: *mut Handle);
    lg_debug_panic(err: *mut Handle);
    lg_debug_panic_stream(out: *mut FFI_ArrowArrayStream, err: *mut Handle);
}

unsafe extern "C" {
    pub fn lg_abi_version() -> u32;
    pub fn lg_error_get(error: *const c_void, out: *mut LgErrorView);
    pub fn lg_error_free(error: Handle);
    pub fn lg_text_get(text: *const c_void) -> LgStr;
    pub fn lg_text_free(text: Handle);
    pub fn lg_engine_free(engine: Handle);
    pub fn lg_table_free(table: Handle);
    pub fn lg_session_free(session: Handle);
    pub fn lg_plan_free(plan: Handle);
    pub fn lg_predicate_free(predicate: Handle);
    pub fn lg_file_writer_free(writer: Handle);
}

#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub kind: i32,
    pub message: String,
    pub subject: String,
    pub line: i64,
    pub column: i64,
}

pub type Outcome<T> = Result<T, Failure>;

unsafe fn take_error(error: Handle) -> Failure {
    let mut view = std::mem::MaybeUninit::<LgErrorView>::uninit();
    let failure = unsafe {
        lg_error_get(error, view.as_mut_ptr());
        let view = view.assume_init();
        Failure {
            kind: view.kind,
            message: text_of(view.message),
            subject: text_of(view.subject),
            line: view.line,
            column: view.column,
        }
    };
    unsafe { lg_error_free(error) };
    failure
}

pub fn call(body: impl FnOnce(*mut Handle) -> i32) -> Outcome<()> {
    let mut error: Handle = null_mut();
    let code = body(&mut error);
    if code == 0 {
        assert!(error.is_null(), "an error was written on success");
        return Ok(());
    }
    assert!(!error.is_null(), "no error was written on failure");
    let failure = unsafe { take_error(error) };
    assert_eq!(failure.kind, code);
    Err(failure)
}

fn text_of(text: LgStr) -> String {
    if text.size == 0 {
        return String::new();
    }
    let bytes = unsafe { std::slice::from_raw_parts(text.data, text.size) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn call_json(body: impl FnOnce(*mut Handle, *mut Handle) -> i32) -> Outcome<Value> {
    let mut out: Handle = null_mut();
    let out_at: *mut Handle = &mut out;
    call(|err| body(out_at, err))?;
    let text = unsafe { text_of(lg_text_get(out)) };
    unsafe { lg_text_free(out) };
    Ok(serde_json::from_str(&text).unwrap())
}

pub fn call_handle(body: impl FnOnce(*mut Handle, *mut Handle) -> i32) -> Outcome<Handle> {
    let mut out: Handle = null_mut();
    let out_at: *mut Handle = &mut out;
    let called = call(|err| body(out_at, err));
    assert_eq!(called.is_err(), out.is_null(), "an output on success only");
    called.map(|()| out)
}

pub fn never() -> LgCancelSource {
    LgCancelSource {
        data: null_mut(),
        cancelled: None,
        release: None,
    }
}

macro_rules! owned {
    ($name:ident, $free:ident) => {
        pub struct $name(pub Handle);
        unsafe impl Send for $name {}
        unsafe impl Sync for $name {}
        impl Drop for $name {
            fn drop(&mut self) {
                unsafe { $free(self.0) };
            }
        }
    };
}

owned!(Engine, lg_engine_free);
owned!(Table, lg_table_free);
owned!(Session, lg_session_free);
owned!(Plan, lg_plan_free);
owned!(Predicate, lg_predicate_free);
owned!(Writer, lg_file_writer_free);

impl Engine {
    pub fn open() -> Self {
        Self::with(json!({"worker_threads": 2})).unwrap()
    }

    pub fn with(options: Value) -> Outcome<Self> {
        let options = options.to_string();
        call_handle(|out, err| unsafe { lg_engine_open(LgStr::of(&options), out, err) }).map(Engine)
    }

    pub fn table(&self, location: Value, schema: Option<&Schema>) -> Outcome<Table> {
        let location = location.to_string();
        let mut exported = schema.map(|schema| FFI_ArrowSchema::try_from(schema).unwrap());
        let at = exported
            .as_mut()
            .map_or(null_mut(), |schema| schema as *mut _);
        call_handle(|out, err| unsafe { lg_table_open(self.0, LgStr::of(&location), at, out, err) })
            .map(Table)
    }

    pub fn session(&self, options: Value) -> Outcome<Session> {
        let options = options.to_string();
        call_handle(|out, err| unsafe { lg_session_open(self.0, LgStr::of(&options), out, err) })
            .map(Session)
    }

    pub fn plain_session(&self) -> Session {
        self.session(json!({"target_partitions": 2})).unwrap()
    }

    pub fn writer(&self, options: Value, schema: &Schema) -> Outcome<Writer> {
        let options = options.to_string();
        let mut exported = FFI_ArrowSchema::try_from(schema).unwrap();
        call_handle(|out, err| unsafe {
            lg_file_writer_open(self.0, LgStr::of(&options), &mut exported, out, err)
        })
        .map(Writer)
    }

    pub fn write_file(&self, options: Value, batches: &[RecordBatch]) -> Outcome<Value> {
        let writer = self.writer(options, &batches[0].schema())?;
        for batch in batches {
            writer.write(batch)?;
        }
        writer.finish()
    }
}

impl Writer {
    pub fn write(&self, batch: &RecordBatch) -> Outcome<()> {
        let mut array = export(batch);
        call(|err| unsafe { lg_file_writer_write(self.0, &mut array, err) })
    }

    pub fn finish(&self) -> Outcome<Value> {
        call_json(|out, err| unsafe { lg_file_writer_finish(self.0, out, err) })
    }
}

pub fn export(batch: &RecordBatch) -> FFI_ArrowArray {
    FFI_ArrowArray::new(&StructArray::from(batch.clone()).to_data())
}

impl Table {
    pub fn info(&self) -> Value {
        call_json(|out, err| unsafe { lg_table_info(self.0, out, err) }).unwrap()
    }

    pub fn schema(&self) -> Schema {
        let mut schema = FFI_ArrowSchema::empty();
        call(|err| unsafe { lg_table_schema(self.0, &mut schema, err) }).unwrap();
        Schema::try_from(&schema).unwrap()
    }
}

impl Session {
    pub fn add_table(&self, name: &str, table: &Table) -> Outcome<()> {
        call(|err| unsafe { lg_session_add_table(self.0, LgStr::of(name), table.0, err) })
    }

    pub fn add_view(&self, name: &str, sql: &str) -> Outcome<()> {
        call(|err| unsafe { lg_session_add_view(self.0, LgStr::of(name), LgStr::of(sql), err) })
    }

    pub fn plan(&self, sql: &str) -> Outcome<Plan> {
        self.plan_with(sql, json!({}), json!({}), never())
    }

    pub fn plan_with(
        &self,
        sql: &str,
        parameters: Value,
        options: Value,
        cancel: LgCancelSource,
    ) -> Outcome<Plan> {
        let (parameters, options) = (parameters.to_string(), options.to_string());
        call_handle(|out, err| unsafe {
            let (parameters, options) = (LgStr::of(&parameters), LgStr::of(&options));
            lg_session_plan(
                self.0,
                LgStr::of(sql),
                parameters,
                options,
                cancel,
                out,
                err,
            )
        })
        .map(Plan)
    }

    pub fn rows(&self, sql: &str) -> Outcome<Vec<RecordBatch>> {
        self.plan(sql)?.stream(json!({}), never())?.collect()
    }

    /// The rows as text, columns with a bar, rows with a semicolon.
    pub fn text(&self, sql: &str) -> Outcome<String> {
        Ok(as_text(&self.rows(sql)?))
    }
}

pub fn as_text(batches: &[RecordBatch]) -> String {
    use arrow::util::display::array_value_to_string;
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter();
            let cells: Vec<String> = cells
                .map(|column| array_value_to_string(column, row).unwrap())
                .collect();
            rows.push(cells.join("|"));
        }
    }
    rows.join(";")
}

impl Plan {
    pub fn facts(&self) -> Value {
        call_json(|out, err| unsafe { lg_plan_facts(self.0, out, err) }).unwrap()
    }

    pub fn schema(&self) -> Schema {
        let mut schema = FFI_ArrowSchema::empty();
        call(|err| unsafe { lg_plan_schema(self.0, &mut schema, err) }).unwrap();
        Schema::try_from(&schema).unwrap()
    }

    pub fn stream(&self, options: Value, cancel: LgCancelSource) -> Outcome<Stream> {
        let options = options.to_string();
        let mut stream = FFI_ArrowArrayStream::empty();
        call(|err| unsafe {
            lg_plan_execute(self.0, LgStr::of(&options), cancel, &mut stream, err)
        })?;
        Ok(Stream(stream))
    }
}

pub struct Stream(pub FFI_ArrowArrayStream);

impl Stream {
    pub fn schema(&mut self) -> SchemaRef {
        let mut schema = FFI_ArrowSchema::empty();
        let code = unsafe { self.0.get_schema.unwrap()(&mut self.0, &mut schema) };
        assert_eq!(code, 0);
        Arc::new(Schema::try_from(&schema).unwrap())
    }

    pub fn next(&mut self) -> Outcome<Option<RecordBatch>> {
        let schema = self.schema();
        let mut array = FFI_ArrowArray::empty();
        let code = unsafe { self.0.get_next.unwrap()(&mut self.0, &mut array) };
        if code != 0 {
            return Err(self.error().unwrap());
        }
        if array.is_released() {
            return Ok(None);
        }
        let data_type = arrow::datatypes::DataType::Struct(schema.fields().clone());
        let data = unsafe { from_ffi_and_data_type(array, data_type) }.unwrap();
        data.validate_full().unwrap();
        Ok(Some(RecordBatch::from(StructArray::from(data))))
    }

    pub fn error(&mut self) -> Outcome<Failure> {
        let error = call_handle(|out, err| unsafe { lg_stream_error(&mut self.0, out, err) })?;
        Ok(unsafe { take_error(error) })
    }

    pub fn collect(mut self) -> Outcome<Vec<RecordBatch>> {
        let mut batches = Vec::new();
        while let Some(batch) = self.next()? {
            batches.push(batch);
        }
        Ok(batches)
    }
}

pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("lakegate-bridge-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn path(&self, name: &str) -> String {
        Path::join(&self.0, name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn limits() -> Value {
    json!({
        "max_bytes": 262144, "max_tokens": 20000, "max_nesting": 200, "max_prefix_run": 8,
        "max_ast_depth": 200, "max_ast_nodes": 20000, "max_chain": 500, "max_joins": 64, "max_in_list": 10000,
        "max_subquery_depth": 8, "max_with_depth": 4, "plan_stack_bytes": 268435456_u64
    })
}

pub fn facts_of(sql: &str) -> Outcome<Value> {
    let limits = limits().to_string();
    call_json(|out, err| unsafe { lg_sql_facts(LgStr::of(sql), LgStr::of(&limits), out, err) })
}

pub fn split(sql: &str) -> Outcome<Value> {
    let limits = limits().to_string();
    call_json(|out, err| unsafe { lg_sql_split(LgStr::of(sql), LgStr::of(&limits), out, err) })
}
