//! One walk over the AST of a statement, in the order of its text.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, ObjectNamePart,
    PipeOperator, Query, Select, SelectInto, SetExpr, Statement, TableFactor, TableVersion,
    TableWithJoins, Value, ValueWithSpan, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::nesting::Nesting;
use super::scope::Scopes;
use super::{
    Named, Nested, Place, Relation, Role, StatementFacts, TableFunction, dotted, parts, targets,
};
use super::{ignored, statement_kind};
use crate::error::{BridgeError, Result};
use crate::sql::caps::Limits;

pub struct Collector<'l> {
    pub facts: StatementFacts,
    nesting: Nesting<'l>,
    scopes: Scopes,
    /// Names that are spoken for: targets of statements and table functions.
    spoken_for: HashSet<*const ObjectName>,
    statements: usize,
    /// The last place that was seen; good enough for nodes without one.
    at: Location,
}

type Flow = ControlFlow<BridgeError>;

fn flow(result: Result<()>) -> Flow {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

impl<'l> Collector<'l> {
    pub fn new(limits: &'l Limits, at: Location) -> Self {
        Collector {
            facts: StatementFacts::default(),
            nesting: Nesting::new(limits),
            scopes: Scopes::default(),
            spoken_for: HashSet::new(),
            statements: 0,
            at,
        }
    }

    pub fn finish(mut self) -> StatementFacts {
        for relation in &mut self.facts.relations {
            if let [name] = relation.name.as_slice() {
                relation.alias_of_cte = self.scopes.knows(name);
            }
        }
        self.facts.ast = self.nesting.size.clone();
        self.facts
    }

    pub fn kind(&mut self, kind: impl Into<String>, class: &'static str) {
        self.facts.kind = kind.into();
        self.facts.class = class;
        // Whatever statement comes now is inside this one.
        self.statements = self.statements.max(1);
    }

    pub fn here(&self) -> Location {
        self.at
    }

    pub fn place_of(&self, name: &ObjectName) -> Location {
        match name.0.first() {
            Some(ObjectNamePart::Identifier(ident)) if ident.span.start.line > 0 => {
                ident.span.start
            }
            _ => self.at,
        }
    }

    pub fn relation(&mut self, name: &ObjectName, role: Role) {
        self.relation_at(name, role, String::new());
    }

    fn relation_at(&mut self, name: &ObjectName, role: Role, version: String) {
        let at = self.place_of(name);
        self.at = at;
        if let Some(text) = location_text(name) {
            self.location(text, at);
        }
        self.spoken_for.insert(name);
        self.facts.relations.push(Relation {
            name: parts(name),
            role,
            alias_of_cte: false,
            at: version,
            line: at.line,
            column: at.column,
        });
    }

    pub fn location(&mut self, text: String, at: Location) {
        self.facts.locations.push(Place {
            text,
            line: at.line,
            column: at.column,
        });
    }

    pub fn setting(&mut self, name: String, at: Location) {
        self.facts.settings.push(named(name, at));
    }

    pub fn function(&mut self, name: &ObjectName, arguments: &FunctionArguments) {
        let at = self.place_of(name);
        self.at = at;
        self.facts.functions.push(named(dotted(name), at));
        if let FunctionArguments::List(list) = arguments {
            self.arguments(&list.args);
        }
    }

    pub fn call(&mut self, function: &Function) {
        self.function(&function.name, &function.args);
    }

    /// `name` as the engine would look it up; of a name with several parts all of them, so
    /// that none of them alone is taken for it.
    pub fn table_function(&mut self, name: String, arguments: &[FunctionArg], at: Location) {
        self.facts.table_functions.push(TableFunction {
            name,
            arguments: arguments.iter().filter_map(positional_text).collect(),
            line: at.line,
            column: at.column,
        });
    }

    fn arguments(&mut self, arguments: &[FunctionArg]) {
        let by_name = |argument: &FunctionArg| match argument {
            FunctionArg::Named { .. } | FunctionArg::ExprNamed { .. } => true,
            FunctionArg::Unnamed(_) => false,
        };
        self.facts.named_arguments |= arguments.iter().any(by_name);
    }

    pub fn nested(&mut self, kind: impl Into<String>, class: &'static str) {
        self.facts.nested.push(Nested {
            kind: kind.into(),
            class,
            line: self.at.line,
            column: self.at.column,
        });
    }

    pub fn ignored(&mut self, clause: &str) {
        self.facts
            .ignored_clauses
            .push(named(clause.to_owned(), self.at));
    }

    fn select_into(&mut self, into: &SelectInto) {
        self.relation(&into.name, Role::Create);
        self.nested("select_into", "ddl");
    }

    fn joins(&mut self, tables: &[TableWithJoins]) -> Result<()> {
        let joined: usize = tables.iter().map(|table| table.joins.len()).sum();
        for table in tables {
            ignored::in_joins(&table.joins, self);
        }
        let commas = tables.len().saturating_sub(1);
        self.nesting.joins(joined + commas, self.at)
    }

    fn enter_query(&mut self, query: &Query) -> Result<()> {
        let union = self.scopes.is_recursive_union(query);
        self.scopes.enter(query, !union);
        ignored::in_query(query, union, self);
        let piped = query.pipe_operators.iter();
        let joins = piped.filter(|operator| matches!(operator, PipeOperator::Join(_)));
        self.nesting.joins(joins.count(), self.at)?;
        self.nesting.set_operations(&query.body, self.at)?;
        self.tables_of(&query.body);
        self.nesting.enter_query(query.with.is_some(), self.at)
    }

    /// `TABLE name` holds its name as text, where no other hook sees it. An arm's INTO is taken
    /// by nobody.
    fn tables_of(&mut self, body: &SetExpr) {
        let has_arms = matches!(body, SetExpr::SetOperation { .. });
        let mut pending = vec![body];
        while let Some(next) = pending.pop() {
            match next {
                SetExpr::SetOperation { left, right, .. } => {
                    pending.push(left);
                    pending.push(right);
                }
                SetExpr::Table(table) => {
                    let names = [&table.schema_name, &table.table_name];
                    self.facts.relations.push(Relation {
                        name: names.into_iter().flatten().cloned().collect(),
                        role: Role::Read,
                        alias_of_cte: false,
                        at: String::new(),
                        line: self.at.line,
                        column: self.at.column,
                    });
                }
                SetExpr::Select(select) => {
                    if has_arms && select.into.is_some() {
                        self.at = self.place_of_select(select);
                        self.ignored("INTO in an arm of a set operation");
                    }
                }
                SetExpr::Query(_)
                | SetExpr::Values(_)
                | SetExpr::Insert(_)
                | SetExpr::Update(_)
                | SetExpr::Delete(_)
                | SetExpr::Merge(_) => {}
            }
        }
    }

    fn place_of_select(&self, select: &Select) -> Location {
        match select.select_token.0.span.start {
            start if start.line > 0 => start,
            _ => self.at,
        }
    }

    fn enter_table(&mut self, table: &TableFactor) -> Result<()> {
        if let TableFactor::Table { name, .. } | TableFactor::Function { name, .. } = table {
            self.at = self.place_of(name);
        }
        self.nesting.enter(self.at)?;
        ignored::in_table_factor(table, self);
        match table {
            TableFactor::Table {
                name,
                args: Some(args),
                ..
            } => {
                self.spoken_for.insert(name);
                let at = self.place_of(name);
                self.table_function(spelt(name), &args.args, at);
                self.arguments(&args.args);
            }
            TableFactor::Function { name, args, .. } => {
                self.spoken_for.insert(name);
                let at = self.place_of(name);
                self.table_function(dotted(name), args, at);
                self.arguments(args);
            }
            TableFactor::TableFunction { expr, .. } => {
                let name = match expr {
                    Expr::Function(function) => dotted(&function.name),
                    _ => "table".to_owned(),
                };
                self.table_function(name, &[], self.at);
            }
            TableFactor::UNNEST { .. } => self.table_function("unnest".to_owned(), &[], self.at),
            TableFactor::JsonTable { .. } => {
                self.table_function("json_table".to_owned(), &[], self.at)
            }
            TableFactor::OpenJsonTable { .. } => {
                self.table_function("openjson".to_owned(), &[], self.at)
            }
            TableFactor::XmlTable { .. } => {
                self.table_function("xmltable".to_owned(), &[], self.at)
            }
            TableFactor::Table {
                name,
                args: None,
                version: Some(version),
                ..
            } => self.version(name, version),
            TableFactor::SemanticView { name, .. } => self.relation(name, Role::Read),
            TableFactor::NestedJoin {
                table_with_joins, ..
            } => self.joins(std::slice::from_ref(table_with_joins))?,
            TableFactor::Table { args: None, .. }
            | TableFactor::Derived { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. }
            | TableFactor::MatchRecognize { .. } => {}
        }
        Ok(())
    }

    /// A table that is read may be read as it was; one that is changed, or made by a WITH, not.
    fn version(&mut self, name: &ObjectName, version: &TableVersion) {
        let literal = match version {
            TableVersion::VersionAsOf(value) | TableVersion::TimestampAsOf(value) => {
                matches!(value, Expr::Value(_))
            }
            TableVersion::ForSystemTimeAsOf(_)
            | TableVersion::Function(_)
            | TableVersion::Changes { .. } => false,
        };
        let made_here =
            matches!(parts(name).as_slice(), [one] if self.scopes.supplies(one).is_some());
        if !literal || made_here || self.spoken_for.contains(&std::ptr::from_ref(name)) {
            self.ignored("table version");
            return;
        }
        self.relation_at(name, Role::Read, version.to_string());
    }

    fn read_relation(&mut self, name: &ObjectName) -> Result<()> {
        if self.spoken_for.contains(&std::ptr::from_ref(name)) {
            return Ok(());
        }
        if let [single] = parts(name).as_slice()
            && let Some(weight) = self.scopes.supplies(single)
        {
            return self.nesting.add_weight(weight, self.at);
        }
        self.relation(name, Role::Read);
        Ok(())
    }
}

impl Visitor for Collector<'_> {
    type Break = BridgeError;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Flow {
        let (kind, class) = statement_kind::of(statement);
        if self.statements == 0 {
            self.kind(kind, class);
        } else {
            self.nested(kind, class);
        }
        self.statements += 1;
        targets::of(statement, self);
        flow(self.nesting.enter(self.at))
    }

    fn post_visit_statement(&mut self, _statement: &Statement) -> Flow {
        self.nesting.leave();
        self.statements = self.statements.saturating_sub(1);
        // A body after the first statement is nested all the same.
        self.statements = self.statements.max(1);
        flow(Ok(()))
    }

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        flow(self.enter_query(query))
    }

    fn post_visit_query(&mut self, query: &Query) -> Flow {
        let weight = self.nesting.leave_query(query.with.is_some());
        if self.scopes.leave(query, weight) {
            return flow(Ok(()));
        }
        flow(self.nesting.add_weight(weight, self.at))
    }

    fn pre_visit_select(&mut self, select: &Select) -> Flow {
        self.at = self.place_of_select(select);
        self.scopes.enter_select(select);
        ignored::in_select(select, self);
        if let Some(into) = &select.into {
            self.select_into(into);
        }
        flow(self.joins(&select.from))
    }

    fn post_visit_select(&mut self, select: &Select) -> Flow {
        self.scopes.leave_select(select);
        flow(Ok(()))
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> Flow {
        flow(self.enter_table(table))
    }

    fn post_visit_table_factor(&mut self, _table: &TableFactor) -> Flow {
        self.nesting.leave();
        flow(Ok(()))
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> Flow {
        flow(self.read_relation(name))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        if let Expr::Function(function) = expr {
            self.call(function);
        }
        flow(self.nesting.enter_expr(expr, self.at))
    }

    fn post_visit_expr(&mut self, _expr: &Expr) -> Flow {
        self.nesting.leave_expr();
        flow(Ok(()))
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> Flow {
        if value.span.start.line > 0 {
            self.at = value.span.start;
        }
        if let Value::Placeholder(name) = &value.value {
            self.facts.placeholders.push(named(name.clone(), self.at));
        }
        flow(Ok(()))
    }
}

/// A positional argument: its text, or nothing where it is no text literal.
fn positional_text(argument: &FunctionArg) -> Option<Option<String>> {
    let FunctionArg::Unnamed(argument) = argument else {
        return None;
    };
    match argument {
        FunctionArgExpr::Expr(Expr::Value(value)) => match &value.value {
            Value::SingleQuotedString(text) => Some(Some(text.clone())),
            _ => Some(None),
        },
        _ => Some(None),
    }
}

fn named(name: String, at: Location) -> Named {
    Named {
        name,
        line: at.line,
        column: at.column,
    }
}

/// A called table is looked up as it is spelt, quotes and all.
fn spelt(name: &ObjectName) -> String {
    name.0
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(".")
}

/// A name that reads like a path or a URL.
fn location_text(name: &ObjectName) -> Option<String> {
    let looks = name.0.iter().any(|part| match part {
        ObjectNamePart::Identifier(ident) => match ident.quote_style {
            Some('\'') => true,
            Some(_) => is_path(&ident.value),
            None => false,
        },
        ObjectNamePart::Function(_) => false,
    });
    looks.then(|| parts(name).join("."))
}

fn is_path(text: &str) -> bool {
    const EXTENSIONS: &[&str] = &[
        ".csv", ".tsv", ".json", ".ndjson", ".jsonl", ".parquet", ".arrow", ".avro", ".gz", ".zst",
        ".bz2", ".xz", ".ipc", ".feather",
    ];
    let lower = text.to_ascii_lowercase();
    text.contains(['/', '\\']) || EXTENSIONS.iter().any(|ending| lower.ends_with(ending))
}
