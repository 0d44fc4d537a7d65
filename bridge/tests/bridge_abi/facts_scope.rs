//! Random statements: every table that the planner scans was named by the facts.

use std::collections::BTreeSet;

use serde_json::json;

use crate::abi::*;

const NAMES: [&str; 4] = ["w0", "w1", "w2", "w3"];
const STATEMENTS: usize = 1500;

/// A linear congruence: the same statements on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % limit
    }

    fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }

    fn name(&mut self) -> &'static str {
        NAMES[usize::try_from(self.below(4)).unwrap()]
    }

    fn query(&mut self, depth: u64) -> String {
        let with = if depth > 0 && self.one_in(2) {
            self.with(depth - 1)
        } else {
            String::new()
        };
        let order = if self.one_in(5) { " order by 1" } else { "" };
        format!("{with}{}{order}", self.body(depth))
    }

    fn with(&mut self, depth: u64) -> String {
        let recursive = if self.one_in(2) { "recursive " } else { "" };
        let first = self.below(4);
        let count = 1 + self.below(2);
        let ctes = (0..count).map(|index| {
            let name = NAMES[usize::try_from((first + index) % 4).unwrap()];
            format!("{name}(x) as ({})", self.query(depth))
        });
        let ctes: Vec<String> = ctes.collect();
        format!("with {recursive}{} ", ctes.join(", "))
    }

    fn body(&mut self, depth: u64) -> String {
        match self.below(6) {
            0 | 1 if depth > 0 => {
                let kind =
                    ["union all", "union", "intersect"][usize::try_from(self.below(3)).unwrap()];
                format!("{} {kind} {}", self.body(depth - 1), self.body(depth - 1))
            }
            2 if depth > 0 => format!("({})", self.query(depth - 1)),
            3 => "select 1 as x".to_owned(),
            _ => self.select(depth),
        }
    }

    fn select(&mut self, depth: u64) -> String {
        let from = if depth > 0 && self.one_in(3) {
            format!("({}) d", self.query(depth - 1))
        } else {
            format!("{} d", self.name())
        };
        let join = if self.one_in(3) {
            format!(" join {} e on d.x = e.x", self.name())
        } else {
            String::new()
        };
        let filter = if depth > 0 && self.one_in(4) {
            format!(" where d.x in ({})", self.query(depth - 1))
        } else {
            String::new()
        };
        format!("select d.x from {from}{join}{filter}")
    }
}

#[test]
fn planned_scans_are_named_relations() {
    let folder = Folder::new("scope");
    let engine = Engine::open();
    let path = folder.file("x.csv", b"x\n1\n2\n");
    let table = engine
        .table(json!({"format": "csv", "paths": [path]}), None)
        .unwrap();
    let session = engine.plain_session();
    for name in NAMES {
        session.add_table(name, &table).unwrap();
    }
    let seed = 20261123;
    let mut random = Random(seed);
    let (mut planned, mut scans_nothing, mut ignored) = (0, 0, 0);
    for number in 0..STATEMENTS {
        let sql = random.query(3);
        let Ok(facts) = facts_of(&sql) else {
            continue;
        };
        let statement = &facts["statements"][0];
        ignored += usize::from(!statement["ignored_clauses"].as_array().unwrap().is_empty());
        let relations = statement["relations"].as_array().unwrap().iter();
        let named: BTreeSet<&str> = relations.map(|r| r["name"][0].as_str().unwrap()).collect();
        let Ok(plan) = session.plan(&sql) else {
            continue;
        };
        planned += 1;
        let plan = plan.facts();
        let scanned = plan["nodes"].as_array().unwrap().iter();
        let scanned = scanned.filter(|node| node["kind"] == "table_scan");
        for node in scanned {
            // The work table of a recursive query bears its name, and reads no table.
            let work_table = node["provider"] == "CteWorkTable";
            let table = node["table"].as_str().unwrap();
            assert!(
                work_table || named.contains(table),
                "seed {seed}, statement {number}: {table} is scanned, named are {named:?}: {sql}"
            );
        }
        scans_nothing += usize::from(named.is_empty());
    }
    assert!(
        planned > STATEMENTS / 4,
        "only {planned} statements were planned"
    );
    assert!(scans_nothing > 0 && ignored > 0);
}
