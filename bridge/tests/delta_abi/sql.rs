//! Delta tables as SQL reads them.

use std::path::Path;
use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use lakegate_bridge::delta::{DeltaLocation, open_provider};
use lakegate_bridge::error::{BridgeError, Kind};

use crate::abi::{Engine, Folder};
use crate::rows::{append, create};

fn location(path: &Path, version: Option<u64>) -> DeltaLocation {
    DeltaLocation {
        path: path.to_str().unwrap().to_owned(),
        version,
        timestamp_ms: None,
    }
}

fn query(engine: &Engine, provider: Arc<dyn TableProvider>, sql: &str) -> Result<i64, BridgeError> {
    let context = SessionContext::new();
    context.register_table("t", provider).unwrap();
    engine.inside().handle().block_on(async {
        let batches = context.sql(sql).await?.collect().await?;
        let column = batches[0].column(0).as_any().downcast_ref::<Int64Array>();
        Ok(column.unwrap().value(0))
    })
}

#[test]
fn a_provider_is_fixed_to_its_version() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let before = open_provider(engine.inside(), &location(&path, None), None).unwrap();
    append(&engine, &base, &path, &[10], "a").unwrap();
    let after = open_provider(engine.inside(), &location(&path, None), None).unwrap();
    let pinned = open_provider(engine.inside(), &location(&path, Some(0)), None).unwrap();
    assert_eq!((before.version, after.version, pinned.version), (0, 1, 0));
    assert_eq!((before.files, after.files), (2, 3));
    let sum = "SELECT sum(id) FROM t WHERE part = 'a'";
    assert_eq!(query(&engine, before.provider, sum).unwrap(), 3);
    assert_eq!(query(&engine, after.provider, sum).unwrap(), 13);
    assert_eq!(
        query(&engine, pinned.provider, "SELECT count(*) FROM t").unwrap(),
        3
    );
}

#[test]
fn plain_types_come_out() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    create(&engine, &path);
    let opened = open_provider(engine.inside(), &location(&path, None), None).unwrap();
    let schema = opened.provider.schema();
    assert_eq!(
        schema.field_with_name("part").unwrap().data_type(),
        &DataType::Utf8
    );
    assert_eq!(
        schema.field_with_name("name").unwrap().data_type(),
        &DataType::Utf8
    );
}

#[test]
fn insert_is_refused() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    create(&engine, &path);
    let opened = open_provider(engine.inside(), &location(&path, None), None).unwrap();
    let insert = "INSERT INTO t VALUES (1, 'x', 'a')";
    let refused = query(&engine, opened.provider, insert).unwrap_err();
    assert_eq!(refused.kind, Kind::Unsupported, "{refused:?}");
    assert_eq!(engine.table(&path).unwrap().version(), 0);
}

#[test]
fn a_compacted_table_reads_the_same_rows() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    append(&engine, &base, &path, &[10, 20], "a").unwrap();
    let base = engine.table(&path).unwrap();
    let compacted = engine.compact(&base, serde_json::json!({})).unwrap();
    let request = serde_json::json!({
        "path": path, "actions": compacted["actions"], "operation": {"name": "OPTIMIZE"},
    });
    engine.commit(Some(&base), request).unwrap();
    let opened = open_provider(engine.inside(), &location(&path, None), None).unwrap();
    assert_eq!(opened.files, 2);
    assert_eq!(
        query(&engine, opened.provider.clone(), "SELECT sum(id) FROM t").unwrap(),
        36
    );
    let names = "SELECT count(DISTINCT name) FROM t WHERE part IS NOT NULL";
    assert_eq!(query(&engine, opened.provider, names).unwrap(), 5);
}
