use serde_json::json;

use crate::abi::{Engine, Folder, rows_of};
use crate::kind;
use crate::rows::{append, create, write};

fn many_small_files(engine: &Engine, path: &std::path::Path) {
    let mut table = create(engine, path);
    for id in 10..14 {
        append(engine, &table, path, &[id], "a").unwrap();
        table = engine.table(path).unwrap();
    }
}

#[test]
fn compaction_is_staged_and_then_one_commit() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    many_small_files(&engine, &path);
    let base = engine.table(&path).unwrap();
    assert_eq!((base.version(), base.files().len(), base.rows()), (4, 6, 7));

    let compacted = engine
        .compact(&base, json!({"target_file_bytes": 1 << 20}))
        .unwrap();
    assert_eq!(
        engine.table(&path).unwrap().version(),
        4,
        "nothing is committed"
    );
    let actions = compacted["actions"].as_array().unwrap().clone();
    let adds: Vec<_> = actions
        .iter()
        .filter_map(|action| action.get("add"))
        .collect();
    let removes = actions
        .iter()
        .filter(|action| action.get("remove").is_some())
        .count();
    assert_eq!((adds.len(), removes), (1, 5), "{actions:?}");
    assert_eq!(rows_of(adds[0]), 6);
    assert!(actions.iter().all(|action| {
        action
            .as_object()
            .unwrap()
            .values()
            .all(|inner| inner["dataChange"] == false)
    }));
    assert_eq!(compacted["metrics"]["numFilesAdded"], 1);

    let request = json!({
        "path": path,
        "actions": actions,
        "operation": {"name": "OPTIMIZE", "target_file_bytes": 1 << 20},
        "commit_info": {"operationMetrics": compacted["metrics"]},
    });
    assert_eq!(engine.commit(Some(&base), request.clone()).unwrap(), 5);
    let now = engine.table(&path).unwrap();
    assert_eq!((now.files().len(), now.rows()), (2, 7));
    // delta-rs itself lets a second OPTIMIZE of one base double every row.
    let again = engine.commit(Some(&base), request).unwrap_err();
    assert_eq!(again.kind, kind::COMMIT_CONFLICT);
    assert_eq!(engine.table(&path).unwrap().rows(), 7);
}

#[test]
fn an_append_during_compaction_makes_it_conflict() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    many_small_files(&engine, &path);
    let base = engine.table(&path).unwrap();
    let compacted = engine.compact(&base, json!({})).unwrap();
    append(&engine, &base, &path, &[99], "a").unwrap();
    let mut request = write(&path, compacted["actions"].as_array().unwrap().clone());
    request["operation"] = json!({"name": "OPTIMIZE"});
    let lost = engine.commit(Some(&base), request).unwrap_err();
    assert_eq!(lost.kind, kind::COMMIT_CONFLICT);
    assert_eq!(engine.table(&path).unwrap().rows(), 8);
}

#[test]
fn nothing_to_compact_is_no_action() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let before = folder.files();
    let compacted = engine.compact(&base, json!({})).unwrap();
    assert_eq!(compacted["actions"], json!([]));
    assert_eq!(folder.files(), before);
}

#[test]
fn a_cancelled_compaction_leaves_no_file() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    many_small_files(&engine, &path);
    let base = engine.table(&path).unwrap();
    let before = folder.files();
    let stopped = engine.compact_cancelled(&base).unwrap_err();
    assert_eq!(stopped.kind, kind::CANCELLED);
    assert_eq!(folder.files(), before);
}

#[test]
fn a_checkpoint_carries_the_table_without_the_entries_before_it() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    many_small_files(&engine, &path);
    let base = engine.table(&path).unwrap();
    base.checkpoint().unwrap();
    let log = path.join("_delta_log");
    assert!(log.join("_last_checkpoint").exists());
    for version in 0..4 {
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let now = engine.table(&path).unwrap();
    assert_eq!((now.version(), now.rows(), now.files().len()), (4, 7, 6));
    assert_eq!(now.files(), base.files());
    let old = engine
        .table_at(json!({"path": path, "version": 2}))
        .err()
        .unwrap();
    assert_eq!(old.kind, kind::NOT_FOUND);
    assert!(old.message.contains("4 to 4"), "{}", old.message);
    // Version 0 is free again; creating must still be refused.
    let info = now.info();
    let actions = vec![
        json!({"protocol": info["protocol"]}),
        json!({"metaData": info["metadata"]}),
    ];
    let lost = engine.commit(None, write(&path, actions)).unwrap_err();
    assert_eq!(lost.kind, kind::COMMIT_CONFLICT);
    append(&engine, &now, &path, &[77], "z").unwrap();
    assert_eq!(engine.table(&path).unwrap().rows(), 8);
}

#[test]
fn the_checkpoint_interval_of_the_table_is_kept() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let changed = engine
        .table_actions(
            Some(&base),
            None,
            json!({"configuration": {"delta.checkpointInterval": "3"}}),
        )
        .unwrap();
    let metadata = vec![json!({"metaData": changed["metadata"]})];
    engine.commit(Some(&base), write(&path, metadata)).unwrap();
    let base = engine.table(&path).unwrap();
    append(&engine, &base, &path, &[4], "a").unwrap();
    let checkpoint = path.join("_delta_log/00000000000000000002.checkpoint.parquet");
    assert!(checkpoint.exists(), "{:?}", folder.files());
}
