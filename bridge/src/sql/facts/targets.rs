//! What a statement itself names beside the queries in it: tables it writes or makes, settings
//! it changes, files it touches.

use datafusion::sql::sqlparser::ast::{
    CopySource, CopyTarget, FromTable, ObjectName, Set, Statement, TableFactor, TableObject,
    TableWithJoins, Use,
};

use super::visitor::Collector;
use super::{Role, dotted, normalise};

/// Kinds that are not named here are refused by kind; their tables are found as relations
/// where the parser marks them.
pub fn of(statement: &Statement, facts: &mut Collector) {
    match statement {
        Statement::Insert(insert) => match &insert.table {
            TableObject::TableName(name) => facts.relation(name, Role::Write),
            TableObject::TableFunction(function) => {
                let at = facts.place_of(&function.name);
                facts.table_function(dotted(&function.name), &[], at);
            }
            TableObject::TableQuery(_) => {}
        },
        Statement::Update(update) => first_table(&update.table, facts),
        Statement::Delete(delete) => {
            delete
                .tables
                .iter()
                .for_each(|name| facts.relation(name, Role::Write));
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            from.iter().for_each(|table| first_table(table, facts));
        }
        Statement::Merge(merge) => table_factor(&merge.table, facts),
        Statement::Truncate(truncate) => {
            let targets = truncate.table_names.iter();
            targets.for_each(|target| facts.relation(&target.name, Role::Write));
        }
        Statement::CreateTable(create) => facts.relation(&create.name, Role::Create),
        Statement::CreateView(create) => {
            facts.relation(&create.name, Role::Create);
            create
                .to
                .iter()
                .for_each(|name| facts.relation(name, Role::Write));
        }
        Statement::CreateVirtualTable { name, .. } => facts.relation(name, Role::Create),
        Statement::CreateIndex(index) => facts.relation(&index.table_name, Role::Write),
        Statement::AlterTable(alter) => facts.relation(&alter.name, Role::Write),
        Statement::AlterView { name, .. } => facts.relation(name, Role::Write),
        Statement::Drop { names, table, .. } => {
            let names = names.iter().chain(table);
            names.for_each(|name| facts.relation(name, Role::Write));
        }
        Statement::Set(set) => settings(set, facts),
        Statement::Reset(_) | Statement::ShowVariables { .. } => {}
        Statement::ShowVariable { variable } => {
            let names: Vec<String> = variable.iter().map(normalise).collect();
            let at = facts.here();
            facts.setting(names.join("."), at);
        }
        Statement::Use(Use::Object(name) | Use::Catalog(name) | Use::Schema(name)) => {
            let at = facts.place_of(name);
            facts.setting(dotted(name), at);
        }
        Statement::Copy {
            source, to, target, ..
        } => copy(source, *to, target, facts),
        Statement::CopyIntoSnowflake { into, .. } => facts.relation(into, Role::Write),
        Statement::LoadData {
            inpath, table_name, ..
        } => {
            facts.relation(table_name, Role::Write);
            location(inpath.clone(), facts);
        }
        Statement::Directory { path, .. } => location(path.clone(), facts),
        Statement::Unload { to, .. } => location(to.value.clone(), facts),
        Statement::Call(function) => facts.call(function),
        Statement::ExplainTable { table_name, .. } => facts.relation(table_name, Role::Read),
        Statement::Cache { table_name, .. } => facts.relation(table_name, Role::Create),
        Statement::OptimizeTable { name, .. } => facts.relation(name, Role::Write),
        Statement::RenameTable(renames) => {
            for rename in renames {
                facts.relation(&rename.old_name, Role::Write);
                facts.relation(&rename.new_name, Role::Create);
            }
        }
        _ => {}
    }
}

fn location(text: String, facts: &mut Collector) {
    let at = facts.here();
    facts.location(text, at);
}

/// UPDATE and DELETE write their first table; what is joined to it is read.
fn first_table(table: &TableWithJoins, facts: &mut Collector) {
    table_factor(&table.relation, facts);
}

fn table_factor(table: &TableFactor, facts: &mut Collector) {
    if let TableFactor::Table {
        name, args: None, ..
    } = table
    {
        facts.relation(name, Role::Write);
    }
}

fn copy(source: &CopySource, to: bool, target: &CopyTarget, facts: &mut Collector) {
    if let CopySource::Table { table_name, .. } = source {
        let role = if to { Role::Read } else { Role::Write };
        facts.relation(table_name, role);
    }
    match target {
        CopyTarget::File { filename } => location(filename.clone(), facts),
        CopyTarget::Program { command } => location(command.clone(), facts),
        CopyTarget::Stdin | CopyTarget::Stdout => {}
    }
}

fn settings(set: &Set, facts: &mut Collector) {
    let mut add = |name: &ObjectName| {
        let at = facts.place_of(name);
        facts.setting(dotted(name), at);
    };
    let fixed = match set {
        Set::SingleAssignment { variable, .. } => return add(variable),
        Set::ParenthesizedAssignments { variables, .. } => return variables.iter().for_each(add),
        Set::MultipleAssignments { assignments } => {
            return assignments
                .iter()
                .for_each(|assignment| add(&assignment.name));
        }
        Set::SetSessionAuthorization(_) => "session authorization",
        Set::SetSessionParam(_) => "session parameter",
        Set::SetRole { .. } => "role",
        Set::SetTimeZone { .. } => "time zone",
        Set::SetNames { .. } | Set::SetNamesDefault {} => "names",
        Set::SetTransaction { .. } => "transaction",
    };
    let at = facts.here();
    facts.setting(fixed.to_owned(), at);
}
