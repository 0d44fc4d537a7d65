use serde_json::{Value, json};

use crate::abi::{Engine, Folder};
use crate::kind;
use crate::rows::{append, create, schema, staged, write};

fn actions_named<'a>(entry: &'a [Value], name: &str) -> Vec<&'a Value> {
    entry.iter().filter_map(|action| action.get(name)).collect()
}

#[test]
fn a_table_its_rows_and_its_transaction_are_one_entry() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let table = engine
        .table_actions(
            None,
            Some(&schema()),
            json!({
                "partition_columns": ["part"],
                "configuration": {
                    "delta.constraints.positive": "id > 0",
                    "delta.checkpointInterval": "20",
                },
                "name": "calls",
                "description": "who calls whom",
            }),
        )
        .unwrap();
    let mut actions = vec![
        json!({"protocol": table["protocol"]}),
        json!({"metaData": table["metadata"]}),
    ];
    actions.extend(staged(&engine, &path, &[1, 2, 3], "a"));
    actions.push(json!({"txn": {"appId": "job:calls", "version": 7, "lastUpdated": 1}}));
    assert_eq!(engine.commit(None, write(&path, actions)).unwrap(), 0);

    let log: Vec<_> = folder
        .files()
        .into_iter()
        .filter(|file| file.to_str().unwrap().contains("_delta_log"))
        .collect();
    assert_eq!(log.len(), 1, "{log:?}");
    let entry = engine.read_commit(&path, 0).unwrap();
    assert!(
        entry[0].get("commitInfo").is_some(),
        "commitInfo comes first"
    );
    let info = &entry[0]["commitInfo"];
    assert_eq!(info["operation"], "WRITE");
    assert_eq!(info["lakegate.run"], "r1");
    assert!(
        info["engineInfo"]
            .as_str()
            .unwrap()
            .starts_with("lakegate/")
    );
    assert_eq!(actions_named(&entry, "protocol").len(), 1);
    assert_eq!(actions_named(&entry, "metaData").len(), 1);
    assert_eq!(actions_named(&entry, "add").len(), 1);
    assert_eq!(actions_named(&entry, "txn").len(), 1);
    // Below writer 3 another writer would not enforce the constraint.
    assert_eq!(actions_named(&entry, "protocol")[0]["minWriterVersion"], 3);

    let opened = engine.table(&path).unwrap();
    assert_eq!(opened.version(), 0);
    assert_eq!(opened.rows(), 3);
    assert_eq!(opened.app_version("job:calls"), 7);
    assert_eq!(opened.app_version("job:other"), -1);
    let info = opened.info();
    assert_eq!(
        info["configuration"]["delta.constraints.positive"],
        "id > 0"
    );
    assert_eq!(info["partition_columns"], json!(["part"]));
    assert_eq!(info["metadata"]["name"], "calls");
    assert_eq!(info["metadata"]["description"], "who calls whom");
    assert_eq!(info["files"], 1);
    let schema = opened.schema();
    assert!(!schema.field_with_name("id").unwrap().is_nullable());
    assert!(schema.field_with_name("name").unwrap().is_nullable());
}

#[test]
fn rows_and_changed_metadata_are_one_entry() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let before = base.info();
    let changed = engine
        .table_actions(
            Some(&base),
            None,
            json!({"configuration": {"owner": "me", "delta.constraints.small": "id < 100"}}),
        )
        .unwrap();
    assert_eq!(changed["metadata"]["id"], before["metadata"]["id"]);
    assert_eq!(
        changed["metadata"]["createdTime"],
        before["metadata"]["createdTime"]
    );
    assert_eq!(changed["metadata"]["partitionColumns"], json!(["part"]));
    assert_eq!(changed["protocol"]["minWriterVersion"], 3);
    let mut actions = vec![
        json!({"metaData": changed["metadata"]}),
        json!({"protocol": changed["protocol"]}),
        json!({"txn": {"appId": "a", "version": 1}}),
    ];
    actions.extend(staged(&engine, &path, &[9], "a"));
    assert_eq!(
        engine.commit(Some(&base), write(&path, actions)).unwrap(),
        1
    );
    let now = engine.table(&path).unwrap();
    assert_eq!((now.version(), now.rows(), now.app_version("a")), (1, 4, 1));
    assert_eq!(now.info()["configuration"]["owner"], "me");
    assert_eq!(
        engine.read_commit(&path, 1).unwrap()[0]["commitInfo"]["readVersion"],
        0
    );
}

#[test]
fn a_schema_change_keeps_the_identity_of_the_table() {
    use arrow::datatypes::{DataType, Field, Schema};
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let mut fields: Vec<Field> = schema()
        .fields()
        .iter()
        .map(|f| f.as_ref().clone())
        .collect();
    fields.push(Field::new("score", DataType::Float64, true));
    let wider = Schema::new(fields);
    let changed = engine
        .table_actions(Some(&base), Some(&wider), json!({}))
        .unwrap();
    assert_eq!(changed["metadata"]["id"], base.info()["metadata"]["id"]);
    let request = json!({
        "path": path,
        "actions": [{"metaData": changed["metadata"]}],
        "operation": {"name": "WRITE", "mode": "Append"},
    });
    engine.commit(Some(&base), request).unwrap();
    let now = engine.table(&path).unwrap();
    assert_eq!(now.schema().fields().len(), 4);
    assert_eq!(now.rows(), 3);
}

#[test]
fn a_stale_base_conflicts_and_leaves_no_trace() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    assert_eq!(append(&engine, &base, &path, &[4], "a").unwrap(), 1);
    let lost = append(&engine, &base, &path, &[5], "a").unwrap_err();
    assert_eq!(lost.kind, kind::COMMIT_CONFLICT, "{lost:?}");
    assert_eq!((lost.read_version, lost.found_version), (0, 1));
    assert_eq!(lost.subject, "version_taken");
    let now = engine.table(&path).unwrap();
    assert_eq!((now.version(), now.rows()), (1, 4));
}

#[test]
fn creating_a_table_that_exists_conflicts() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let info = base.info();
    let actions = vec![
        json!({"protocol": info["protocol"]}),
        json!({"metaData": info["metadata"]}),
    ];
    let lost = engine.commit(None, write(&path, actions)).unwrap_err();
    assert_eq!(lost.kind, kind::COMMIT_CONFLICT);
    assert_eq!(lost.subject, "table_exists");
    assert_eq!((lost.read_version, lost.found_version), (-1, 0));
}

#[test]
fn of_many_commits_on_one_base_exactly_one_wins() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let requests: Vec<Value> = (0..8)
        .map(|id| write(&path, staged(&engine, &path, &[100 + id], "a")))
        .collect();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let (engine, base) = (&engine, &base);
        let threads: Vec<_> = requests
            .into_iter()
            .map(|request| scope.spawn(move || engine.commit(Some(base), request)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1, "{outcomes:?}");
    for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(lost.kind, kind::COMMIT_CONFLICT, "{lost:?}");
    }
    let now = engine.table(&path).unwrap();
    assert_eq!((now.version(), now.rows()), (1, 4));
}

#[test]
fn an_overwrite_removes_what_was_live() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let mut actions = base.removes();
    assert_eq!(actions.len(), 2);
    actions.extend(staged(&engine, &path, &[50], "c"));
    let mut request = write(&path, actions);
    request["operation"]["mode"] = "Overwrite".into();
    assert_eq!(engine.commit(Some(&base), request).unwrap(), 1);
    let now = engine.table(&path).unwrap();
    assert_eq!(now.rows(), 1);
    assert_eq!(now.files().len(), 1);
    assert_eq!(base.rows(), 3, "a snapshot does not move");
}

#[test]
fn an_append_only_table_refuses_removes() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let changed = engine
        .table_actions(
            Some(&base),
            None,
            json!({"configuration": {"delta.appendOnly": "true"}}),
        )
        .unwrap();
    let metadata = vec![json!({"metaData": changed["metadata"]})];
    engine.commit(Some(&base), write(&path, metadata)).unwrap();
    let base = engine.table(&path).unwrap();
    let refused = engine
        .commit(Some(&base), write(&path, base.removes()))
        .unwrap_err();
    assert_eq!(refused.kind, kind::CONSTRAINT_VIOLATION);
    assert_eq!(refused.subject, "delta.appendOnly");
}

#[test]
fn a_commit_of_what_is_no_action_is_refused() {
    let (engine, folder) = (Engine::open(), Folder::new());
    let path = folder.join("t");
    let base = create(&engine, &path);
    let refuse = |request: Value| {
        let refused = engine.commit(Some(&base), request).unwrap_err();
        assert_eq!(refused.kind, kind::INVALID_ARGUMENT, "{refused:?}");
    };
    refuse(write(&path, vec![json!({"add": {"path": 1}})]));
    refuse(write(&path, vec![json!({"commitInfo": {}})]));
    refuse(write(&path, vec![json!({"nonsense": {}})]));
    refuse(write(&folder.join("elsewhere"), vec![]));
    let mut unknown = write(&path, vec![]);
    unknown["operation"]["name"] = "MAGIC".into();
    refuse(unknown);
    let mut option = write(&path, vec![]);
    option["max_retries"] = 5.into();
    refuse(option);
    let mut own = write(&path, vec![]);
    own["commit_info"]["engineInfo"] = "spark".into();
    refuse(own);
    assert_eq!(engine.table(&path).unwrap().version(), 0);
}

#[test]
fn an_unsynced_engine_commits_the_same_way() {
    let engine = Engine::with(json!({"worker_threads": 2, "durable": false}));
    let folder = Folder::new();
    let path = folder.join("a table é #1");
    let base = create(&engine, &path);
    append(&engine, &base, &path, &[4], "x y/z").unwrap();
    assert_eq!(engine.table(&path).unwrap().rows(), 4);
}
