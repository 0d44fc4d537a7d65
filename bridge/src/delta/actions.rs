//! Protocol and Metadata actions of a table that begins or changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ffi::FFI_ArrowSchema;
use deltalake_core::kernel::{Action, StructField, StructType};
use deltalake_core::logstore::{StorageConfig, logstore_with};
use deltalake_core::{DeltaTable, TableProperty};
use object_store::memory::InMemory;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::schema::{check_partition_columns, file_schema, stored_columns};
use super::snapshot::DeltaTableHandle;
use crate::abi::LgStr;
use crate::arrow_in::{optional_schema, take_schema};
use crate::cancel::Cancel;
use crate::engine::Engine;
use crate::error::{BridgeError, Result};
use crate::fence;
use crate::text::Text;

const CONSTRAINT: &str = "delta.constraints.";
/// The first writer version that must enforce check constraints.
const CONSTRAINT_WRITER: i64 = 3;
/// From here on a protocol lists its features.
const FEATURE_WRITER: i64 = 7;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TableOptions {
    partition_columns: Option<Vec<String>>,
    configuration: Option<BTreeMap<String, String>>,
    name: Option<String>,
    description: Option<String>,
}

async fn table_actions(
    base: Option<(Value, Value, StructType)>,
    schema: Option<SchemaRef>,
    options: TableOptions,
) -> Result<Value> {
    let (base_protocol, base_metadata, base_columns) = match base {
        Some((protocol, metadata, columns)) => (Some(protocol), metadata, Some(columns)),
        None => (None, Value::Null, None),
    };
    let columns = match (schema, base_columns) {
        (Some(schema), kept) => keep_column_metadata(stored_columns(&schema)?, kept.as_ref()),
        (None, Some(kept)) => kept,
        (None, None) => {
            return Err(BridgeError::invalid_argument(
                "A new Delta table needs a schema",
            ));
        }
    };
    let partition_columns = options
        .partition_columns
        .unwrap_or_else(|| texts(&base_metadata["partitionColumns"]));
    let schema = file_schema(&columns)?;
    check_partition_columns(&schema, &partition_columns)?;
    let base_configuration = &base_metadata["configuration"];
    let configuration = match options.configuration {
        Some(given) => {
            check_properties(&given, base_configuration)?;
            given
        }
        None => serde_json::from_value(base_configuration.clone()).unwrap_or_default(),
    };
    let start = start_protocol(base_protocol.as_ref(), &configuration);
    let created = create_in_memory(&columns, &partition_columns, &configuration, start).await?;
    let state = created.snapshot()?;
    let mut protocol = to_value(state.protocol())?;
    let mut metadata = to_value(state.metadata())?;
    list_legacy_features(&mut protocol, base_protocol.as_ref());
    list_not_null(&mut protocol, &columns);
    sort_features(&mut protocol);
    let text_of = |given: Option<String>, key: &str| match given {
        Some(text) => Value::String(text),
        None => base_metadata[key].clone(),
    };
    metadata["name"] = text_of(options.name, "name");
    metadata["description"] = text_of(options.description, "description");
    for key in ["id", "createdTime", "format"] {
        if !base_metadata[key].is_null() {
            metadata[key] = base_metadata[key].clone();
        }
    }
    Ok(json!({"protocol": protocol, "metadata": metadata}))
}

/// Comments, generation expressions and invariants stay with a column that keeps its name.
fn keep_column_metadata(columns: StructType, kept: Option<&StructType>) -> StructType {
    let Some(kept) = kept else {
        return columns;
    };
    let merged: Vec<StructField> = columns
        .fields()
        .map(|field| match kept.field(field.name()) {
            Some(old) if field.metadata().is_empty() => field
                .clone()
                .with_metadata(old.metadata().iter().map(|(k, v)| (k.clone(), v.clone()))),
            _ => field.clone(),
        })
        .collect();
    StructType::try_new(merged).unwrap_or(columns)
}

/// A property that nobody reads is refused, unless the table carries it already.
fn check_properties(given: &BTreeMap<String, String>, base: &Value) -> Result<()> {
    for (key, value) in given {
        let known = !key.starts_with("delta.")
            || key.starts_with(CONSTRAINT)
            || key.parse::<TableProperty>().is_ok()
            || !base[key.as_str()].is_null();
        if !known {
            return Err(BridgeError::invalid_argument(format!(
                "The Delta table property is not known to this build: {key}"
            ))
            .with_subject(key));
        }
        if key == "delta.columnMapping.mode" && value != "none" {
            return Err(super::error::feature("columnMapping", "writing the table"));
        }
    }
    Ok(())
}

/// delta-rs raises the protocol for every property but constraints, which it would store and
/// then not enforce.
fn start_protocol(base: Option<&Value>, configuration: &BTreeMap<String, String>) -> Value {
    let mut protocol = base
        .cloned()
        .unwrap_or_else(|| json!({"minReaderVersion": 1, "minWriterVersion": 2}));
    let constrained = configuration.keys().any(|key| key.starts_with(CONSTRAINT));
    if constrained && writer_version(&protocol) < CONSTRAINT_WRITER {
        protocol["minWriterVersion"] = CONSTRAINT_WRITER.into();
    }
    protocol
}

/// Let delta-rs derive the actions by creating the table where nobody sees it.
async fn create_in_memory(
    columns: &StructType,
    partition_columns: &[String],
    configuration: &BTreeMap<String, String>,
    protocol: Value,
) -> Result<DeltaTable> {
    let location =
        Url::parse("memory:///table/").map_err(|error| BridgeError::internal(error.to_string()))?;
    let store = Arc::new(InMemory::new());
    let log_store = logstore_with(store, &location, StorageConfig::default())?;
    let protocol = serde_json::from_value(protocol)
        .map_err(|error| BridgeError::internal(format!("a protocol of the bridge: {error}")))?;
    let properties: HashMap<String, Option<String>> = configuration
        .iter()
        .map(|(key, value)| (key.clone(), Some(value.clone())))
        .collect();
    let created = DeltaTable::new(log_store)
        .create()
        .with_columns(columns.fields().cloned())
        .with_partition_columns(partition_columns.iter().cloned())
        .with_configuration(properties)
        .with_raise_if_key_not_exists(false)
        .with_actions([Action::Protocol(protocol)])
        .await?;
    Ok(created)
}

/// A protocol that begins to list features must list those that its old version implied.
fn list_legacy_features(protocol: &mut Value, base: Option<&Value>) {
    let Some(base) = base else {
        return;
    };
    if writer_version(base) >= FEATURE_WRITER || writer_version(protocol) < FEATURE_WRITER {
        return;
    }
    const IMPLIED: [(i64, &str); 7] = [
        (2, "appendOnly"),
        (2, "invariants"),
        (3, "checkConstraints"),
        (4, "changeDataFeed"),
        (4, "generatedColumns"),
        (5, "columnMapping"),
        (6, "identityColumns"),
    ];
    for (since, feature) in IMPLIED {
        if writer_version(base) >= since {
            add_feature(protocol, feature);
        }
    }
}

/// NOT NULL belongs to the feature of invariants.
fn list_not_null(protocol: &mut Value, columns: &StructType) {
    let not_null = columns.fields().any(|field| !field.is_nullable());
    if not_null && writer_version(protocol) >= FEATURE_WRITER {
        add_feature(protocol, "invariants");
    }
}

fn add_feature(protocol: &mut Value, feature: &str) {
    let mut features = texts(&protocol["writerFeatures"]);
    if !features.iter().any(|found| found == feature) {
        features.push(feature.to_owned());
    }
    protocol["writerFeatures"] = features.into();
}

/// They come out of a hash set; sorted, equal requests give equal actions.
fn sort_features(protocol: &mut Value) {
    for list in ["readerFeatures", "writerFeatures"] {
        if let Some(features) = protocol[list].as_array_mut() {
            features.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
        }
    }
}

fn writer_version(protocol: &Value) -> i64 {
    protocol["minWriterVersion"].as_i64().unwrap_or(0)
}

fn texts(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

fn to_value(action: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(action)
        .map_err(|error| BridgeError::internal(format!("an action could not be written: {error}")))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_delta_table_actions(
    engine: *const Engine,
    base: *const DeltaTableHandle,
    schema: *mut FFI_ArrowSchema,
    options: LgStr,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    let schema = unsafe { take_schema(schema) };
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let schema = optional_schema(schema, "schema")?;
        let options: TableOptions = unsafe { fence::options(options, "table options") }?;
        let base = match unsafe { base.as_ref() } {
            Some(base) => Some((
                to_value(base.state.protocol())?,
                to_value(base.state.metadata())?,
                base.state.schema().as_ref().clone(),
            )),
            None => None,
        };
        let actions = engine.run(&Cancel::never(), table_actions(base, schema, options))?;
        unsafe { fence::give(out, Text::json(&actions)?) }
    })
}
