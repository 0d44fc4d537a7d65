//! The header as a caller sees it: symbols, structs and JSON, nothing of the crate's inside.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;

use arrow::array::{Array, RecordBatch, StructArray};
use arrow::datatypes::Schema;
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use lakegate_bridge::abi::{LgCancelSource, LgErrorView, LgStr};
use serde_json::{Value, json};

type Handle = *mut c_void;

unsafe extern "C" {
    fn lg_engine_open(options: LgStr, out: *mut Handle, err: *mut Handle) -> i32;
    fn lg_engine_free(engine: Handle);
    fn lg_engine_overlay(
        engine: Handle,
        path: LgStr,
        base_version: i64,
        out: *mut Handle,
        err: *mut Handle,
    ) -> i32;
    fn lg_engine_overlay_files(
        engine: Handle,
        path: LgStr,
        out: *mut Handle,
        err: *mut Handle,
    ) -> i32;
    fn lg_error_get(error: *const c_void, out: *mut LgErrorView);
    fn lg_error_free(error: Handle);
    fn lg_text_get(text: *const c_void) -> LgStr;
    fn lg_text_free(text: Handle);
    fn lg_delta_open(engine: Handle, location: LgStr, out: *mut Handle, err: *mut Handle) -> i32;
    fn lg_delta_info(delta: Handle, out: *mut Handle, err: *mut Handle) -> i32;
    fn lg_delta_schema(delta: Handle, out: *mut FFI_ArrowSchema, err: *mut Handle) -> i32;
    fn lg_delta_files(delta: Handle, out: *mut Handle, err: *mut Handle) -> i32;
    fn lg_delta_app_version(delta: Handle, app: LgStr, out: *mut i64, err: *mut Handle) -> i32;
    fn lg_delta_free(delta: Handle);
    fn lg_delta_table_actions(
        engine: Handle,
        base: Handle,
        schema: *mut FFI_ArrowSchema,
        options: LgStr,
        out: *mut Handle,
        err: *mut Handle,
    ) -> i32;
    fn lg_delta_writer_open(
        engine: Handle,
        options: LgStr,
        schema: *mut FFI_ArrowSchema,
        out: *mut Handle,
        err: *mut Handle,
    ) -> i32;
    fn lg_delta_writer_write(writer: Handle, batch: *mut FFI_ArrowArray, err: *mut Handle) -> i32;
    fn lg_delta_writer_finish(writer: Handle, out: *mut Handle, err: *mut Handle) -> i32;
    fn lg_delta_writer_free(writer: Handle);
    fn lg_delta_discard(engine: Handle, path: LgStr, files: LgStr, err: *mut Handle) -> i32;
    fn lg_delta_commit(
        engine: Handle,
        base: Handle,
        request: LgStr,
        version: *mut i64,
        err: *mut Handle,
    ) -> i32;
    fn lg_delta_read_commit(
        engine: Handle,
        path: LgStr,
        version: i64,
        out: *mut Handle,
        err: *mut Handle,
    ) -> i32;
    fn lg_delta_compact(
        engine: Handle,
        base: Handle,
        options: LgStr,
        cancel: LgCancelSource,
        out: *mut Handle,
        err: *mut Handle,
    ) -> i32;
    fn lg_delta_checkpoint(delta: Handle, err: *mut Handle) -> i32;
    fn lg_delta_describe(engine: Handle, options: LgStr, out: *mut Handle, err: *mut Handle)
    -> i32;
    fn lg_delta_marks_open(base: Handle, out: *mut Handle, err: *mut Handle) -> i32;
    fn lg_delta_marks_add(
        marks: Handle,
        path: LgStr,
        rows: *const u64,
        count: usize,
        err: *mut Handle,
    ) -> i32;
    fn lg_delta_marks_finish(marks: Handle, out: *mut Handle, err: *mut Handle) -> i32;
    fn lg_delta_marks_free(marks: Handle);
}

#[derive(Debug)]
pub struct Failure {
    pub kind: i32,
    pub message: String,
    pub subject: String,
    pub read_version: i64,
    pub found_version: i64,
}

pub type Outcome<T> = Result<T, Failure>;

fn call(body: impl FnOnce(*mut Handle) -> i32) -> Outcome<()> {
    let mut error: Handle = null_mut();
    let code = body(&mut error);
    if code == 0 {
        assert!(error.is_null(), "an error was written on success");
        return Ok(());
    }
    assert!(!error.is_null(), "no error was written on failure");
    let mut view = std::mem::MaybeUninit::<LgErrorView>::uninit();
    let failure = unsafe {
        lg_error_get(error, view.as_mut_ptr());
        let view = view.assume_init();
        Failure {
            kind: view.kind,
            message: text_of(view.message),
            subject: text_of(view.subject),
            read_version: view.read_version,
            found_version: view.found_version,
        }
    };
    unsafe { lg_error_free(error) };
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

fn call_json(body: impl FnOnce(*mut Handle, *mut Handle) -> i32) -> Outcome<Value> {
    Ok(serde_json::from_str(&call_text(body)?).unwrap())
}

fn call_text(body: impl FnOnce(*mut Handle, *mut Handle) -> i32) -> Outcome<String> {
    let mut out: Handle = null_mut();
    let out_at: *mut Handle = &mut out;
    call(|err| body(out_at, err))?;
    let text = unsafe { text_of(lg_text_get(out)) };
    unsafe { lg_text_free(out) };
    Ok(text)
}

pub struct Engine(pub Handle);

unsafe impl Send for Engine {}
unsafe impl Sync for Engine {}

impl Engine {
    pub fn open() -> Self {
        Self::with(json!({"worker_threads": 2}))
    }

    pub fn with(options: Value) -> Self {
        let options = options.to_string();
        let mut engine = null_mut();
        call(|err| unsafe { lg_engine_open(LgStr::of(&options), &mut engine, err) }).unwrap();
        Engine(engine)
    }

    pub fn table(&self, path: &Path) -> Outcome<Table> {
        self.table_at(json!({"path": path}))
    }

    pub fn table_at(&self, location: Value) -> Outcome<Table> {
        let location = location.to_string();
        let mut table = null_mut();
        call(|err| unsafe { lg_delta_open(self.0, LgStr::of(&location), &mut table, err) })?;
        Ok(Table(table))
    }

    pub fn table_actions(
        &self,
        base: Option<&Table>,
        schema: Option<&Schema>,
        options: Value,
    ) -> Outcome<Value> {
        let options = options.to_string();
        let base = base.map_or(null_mut(), |table| table.0);
        let mut exported = schema.map(|schema| FFI_ArrowSchema::try_from(schema).unwrap());
        let schema = exported
            .as_mut()
            .map_or(null_mut(), |schema| schema as *mut _);
        let actions = call_json(|out, err| unsafe {
            lg_delta_table_actions(self.0, base, schema, LgStr::of(&options), out, err)
        });
        assert!(exported.is_none_or(|schema| released(&schema)), "consumed");
        actions
    }

    pub fn writer(&self, schema: &Schema, options: Value) -> Outcome<Writer> {
        let options = options.to_string();
        let mut exported = FFI_ArrowSchema::try_from(schema).unwrap();
        let mut writer = null_mut();
        let opened = call(|err| unsafe {
            lg_delta_writer_open(self.0, LgStr::of(&options), &mut exported, &mut writer, err)
        });
        assert!(released(&exported), "the schema was not consumed");
        opened.map(|()| Writer(writer))
    }

    /// Writes all and gives the Add actions, wrapped for a commit.
    pub fn stage(&self, rows: &[RecordBatch], options: Value) -> Outcome<Vec<Value>> {
        let writer = self.writer(&rows[0].schema(), options)?;
        for batch in rows {
            writer.write(batch)?;
        }
        let adds = writer.finish()?;
        Ok(wrap("add", adds))
    }

    /// The engine that sees the log of `path` up to a version, and then what is its own.
    pub fn overlay(&self, path: &Path, base: i64) -> Outcome<Engine> {
        let mut out: Handle = null_mut();
        let path = LgStr::of(path.to_str().unwrap());
        call(|err| unsafe { lg_engine_overlay(self.0, path, base, &mut out, err) })?;
        Ok(Engine(out))
    }

    pub fn overlay_files(&self, path: &Path) -> Outcome<Value> {
        let path = LgStr::of(path.to_str().unwrap());
        call_json(|out, err| unsafe { lg_engine_overlay_files(self.0, path, out, err) })
    }

    pub fn describe(&self, options: Value) -> Outcome<Value> {
        let options = options.to_string();
        call_json(|out, err| unsafe { lg_delta_describe(self.0, LgStr::of(&options), out, err) })
    }

    pub fn discard(&self, path: &Path, files: &[&str]) -> Outcome<()> {
        let (path, files) = (path.to_str().unwrap(), json!(files).to_string());
        call(|err| unsafe { lg_delta_discard(self.0, LgStr::of(path), LgStr::of(&files), err) })
    }

    pub fn commit(&self, base: Option<&Table>, request: Value) -> Outcome<i64> {
        let request = request.to_string();
        let base = base.map_or(null_mut(), |table| table.0);
        let mut version = i64::MIN;
        call(|err| unsafe {
            lg_delta_commit(self.0, base, LgStr::of(&request), &mut version, err)
        })?;
        Ok(version)
    }

    pub fn read_commit(&self, path: &Path, version: i64) -> Outcome<Vec<Value>> {
        let path = path.to_str().unwrap();
        let text = call_text(|out, err| unsafe {
            lg_delta_read_commit(self.0, LgStr::of(path), version, out, err)
        })?;
        Ok(text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect())
    }

    pub fn compact(&self, base: &Table, options: Value) -> Outcome<Value> {
        let options = options.to_string();
        let never = LgCancelSource {
            data: null_mut(),
            cancelled: None,
            release: None,
        };
        call_json(|out, err| unsafe {
            lg_delta_compact(self.0, base.0, LgStr::of(&options), never, out, err)
        })
    }

    pub fn compact_cancelled(&self, base: &Table) -> Outcome<Value> {
        unsafe extern "C" fn always(_: *mut c_void) -> i32 {
            1
        }
        let cancel = LgCancelSource {
            data: null_mut(),
            cancelled: Some(always),
            release: None,
        };
        call_json(|out, err| unsafe {
            lg_delta_compact(self.0, base.0, LgStr::of("{}"), cancel, out, err)
        })
    }

    /// The crate's own view of the handle, to run SQL on the provider.
    pub fn inside(&self) -> &lakegate_bridge::engine::Engine {
        unsafe { &*self.0.cast() }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        unsafe { lg_engine_free(self.0) };
    }
}

#[derive(Debug)]
pub struct Table(Handle);

unsafe impl Send for Table {}
unsafe impl Sync for Table {}

impl Table {
    pub fn info(&self) -> Value {
        call_json(|out, err| unsafe { lg_delta_info(self.0, out, err) }).unwrap()
    }

    pub fn version(&self) -> i64 {
        self.info()["version"].as_i64().unwrap()
    }

    pub fn schema(&self) -> Schema {
        let mut schema = FFI_ArrowSchema::empty();
        call(|err| unsafe { lg_delta_schema(self.0, &mut schema, err) }).unwrap();
        Schema::try_from(&schema).unwrap()
    }

    pub fn files(&self) -> Vec<Value> {
        let files = call_json(|out, err| unsafe { lg_delta_files(self.0, out, err) }).unwrap();
        files.as_array().unwrap().clone()
    }

    /// Sum of `numRecords`.
    pub fn rows(&self) -> i64 {
        self.files().iter().map(rows_of).sum()
    }

    pub fn app_version(&self, app: &str) -> i64 {
        let mut version = i64::MIN;
        call(|err| unsafe { lg_delta_app_version(self.0, LgStr::of(app), &mut version, err) })
            .unwrap();
        version
    }

    pub fn checkpoint(&self) -> Outcome<()> {
        call(|err| unsafe { lg_delta_checkpoint(self.0, err) })
    }

    /// Marks rows of files; what the bridge tells of them.
    pub fn mark(&self, files: &[(&str, &[u64])]) -> Outcome<Value> {
        let mut marks: Handle = null_mut();
        call(|err| unsafe { lg_delta_marks_open(self.0, &mut marks, err) })?;
        let added = files.iter().try_for_each(|(path, rows)| {
            call(|err| unsafe {
                lg_delta_marks_add(marks, LgStr::of(path), rows.as_ptr(), rows.len(), err)
            })
        });
        let told = added
            .and_then(|()| call_json(|out, err| unsafe { lg_delta_marks_finish(marks, out, err) }));
        unsafe { lg_delta_marks_free(marks) };
        told
    }

    /// Remove actions for every live file, as a host derives them.
    pub fn removes(&self) -> Vec<Value> {
        let remove = |add: &Value| {
            json!({"remove": {
                "path": add["path"],
                "deletionTimestamp": 1_700_000_000_000_i64,
                "dataChange": true,
                "extendedFileMetadata": true,
                "partitionValues": add["partitionValues"],
                "size": add["size"],
            }})
        };
        self.files().iter().map(remove).collect()
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        unsafe { lg_delta_free(self.0) };
    }
}

pub struct Writer(Handle);

impl Writer {
    pub fn write(&self, batch: &RecordBatch) -> Outcome<()> {
        let data = StructArray::from(batch.clone()).to_data();
        let mut exported = FFI_ArrowArray::new(&data);
        let written = call(|err| unsafe { lg_delta_writer_write(self.0, &mut exported, err) });
        assert!(exported.is_released(), "the batch was not consumed");
        written
    }

    pub fn finish(&self) -> Outcome<Vec<Value>> {
        let adds = call_json(|out, err| unsafe { lg_delta_writer_finish(self.0, out, err) })?;
        Ok(adds.as_array().unwrap().clone())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        unsafe { lg_delta_writer_free(self.0) };
    }
}

/// What null handles give, export by export.
pub fn null_handle_kinds() -> Vec<i32> {
    let empty = LgStr::of("{}");
    let kind = |result: Outcome<()>| result.unwrap_err().kind;
    let mut out: Handle = null_mut();
    let out: *mut Handle = &mut out;
    let mut number = 0;
    unsafe {
        vec![
            kind(call(|err| lg_delta_open(null_mut(), empty, out, err))),
            kind(call(|err| lg_delta_info(null_mut(), out, err))),
            kind(call(|err| lg_delta_files(null_mut(), out, err))),
            kind(call(|err| {
                lg_delta_app_version(null_mut(), empty, &mut number, err)
            })),
            kind(call(|err| lg_delta_writer_finish(null_mut(), out, err))),
            kind(call(|err| {
                lg_delta_writer_write(null_mut(), null_mut(), err)
            })),
            kind(call(|err| {
                lg_delta_commit(null_mut(), null_mut(), empty, &mut number, err)
            })),
            kind(call(|err| {
                lg_delta_read_commit(null_mut(), empty, 0, out, err)
            })),
            kind(call(|err| lg_delta_checkpoint(null_mut(), err))),
            kind(call(|err| lg_delta_discard(null_mut(), empty, empty, err))),
        ]
    }
}

/// Freeing null is a no-op.
pub fn free_nulls() {
    unsafe {
        lg_delta_free(null_mut());
        lg_delta_writer_free(null_mut());
    }
}

fn released(schema: &FFI_ArrowSchema) -> bool {
    let base = std::ptr::from_ref(schema).cast::<u8>();
    let release = unsafe { base.add(56).cast::<*const c_void>().read() };
    release.is_null()
}

pub fn wrap(kind: &str, actions: Vec<Value>) -> Vec<Value> {
    actions
        .into_iter()
        .map(|action| json!({kind: action}))
        .collect()
}

pub fn rows_of(add: &Value) -> i64 {
    let stats: Value = serde_json::from_str(add["stats"].as_str().unwrap()).unwrap();
    stats["numRecords"].as_i64().unwrap()
}

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("lakegate-{}", uuid::Uuid::new_v4());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Every file below, by path.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
