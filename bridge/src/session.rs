//! `lg_session`: the names one statement may see, and how it is run.

mod config;
mod host_function;
mod host_rules;
mod host_stream;
mod view;

use std::sync::{Arc, Mutex, PoisonError};

use arrow::ffi::FFI_ArrowSchema;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::execution::SessionState;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::sql::parser::Statement;

use crate::abi::{LgRangeIndex, LgRowOperator, LgStr, LgStreamSource, LgTableFunction};
use crate::engine::Engine;
use crate::error::{BridgeError, Kind, Result};
use crate::host_operator::HostOperator;
use crate::ordered::OrderedPartitions;
use crate::range_join::HostRangeIndex;
use crate::session_template::{CATALOG, SCHEMA};
use crate::sql::give_names;
use crate::table::Table;
use crate::{arrow_in, fence};

use config::SessionOptions;
use host_function::{HostFunction, HostFunctions};
use host_rules::HostRules;
use host_stream::HostSource;

pub struct SessionInner {
    pub engine: Engine,
    pub state: SessionState,
    pub ordered: bool,
    names: Arc<MemorySchemaProvider>,
    /// Kept for what they can say about an error.
    tables: Mutex<Vec<Table>>,
    functions: Mutex<HostFunctions>,
    host_rules: HostRules,
}

pub type Session = Arc<SessionInner>;

impl SessionInner {
    fn open(engine: &Engine, options: &SessionOptions) -> Result<Session> {
        let names = Arc::new(MemorySchemaProvider::new());
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema(SCHEMA, names.clone())?;
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));

        let host_rules = HostRules::default();
        let mut builder = SessionStateBuilder::new_from_existing(engine.template().clone())
            .with_config(options.config()?)
            .with_physical_optimizer_rules(
                host_rules.among(engine.template().physical_optimizers()),
            )
            .with_catalog_list(Arc::new(catalogs));
        if options.ordered {
            builder = builder.with_physical_optimizer_rule(Arc::new(OrderedPartitions));
        }
        Ok(Arc::new(SessionInner {
            engine: engine.clone(),
            state: builder.build(),
            ordered: options.ordered,
            names,
            tables: Mutex::new(Vec::new()),
            functions: Mutex::default(),
            host_rules,
        }))
    }

    fn add(&self, name: &str, provider: Arc<dyn TableProvider>) -> Result<()> {
        if name.is_empty() {
            return Err(BridgeError::invalid_argument(
                "the name of a table is empty",
            ));
        }
        if self.names.table_exist(name) {
            return Err(BridgeError::new(
                Kind::AlreadyExists,
                format!("the name is in use in this session: {name}"),
            )
            .with_subject(name));
        }
        self.names.register_table(name.to_owned(), provider)?;
        Ok(())
    }

    fn add_table(&self, name: &str, table: &Table) -> Result<()> {
        self.add(name, table.provider().clone())?;
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.push(table.clone());
        Ok(())
    }

    fn add_function(&self, name: &str, function: HostFunction) -> Result<()> {
        let mut functions = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        functions.add(name, function)
    }

    /// The statement with its arguments and the versions of its tables where the planner finds
    /// them, and the state that knows the host's functions.
    pub fn prepare(&self, mut statement: Statement) -> Result<(Statement, SessionState)> {
        give_names(&mut statement);
        let functions = self
            .functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        functions.prepare(statement, &self.state)
    }

    pub fn tables(&self) -> Vec<Table> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.clone()
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_open(
    engine: *const Engine,
    options: LgStr,
    out: *mut *mut Session,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let engine = unsafe { fence::borrow(engine, "engine") }?;
        let options: SessionOptions = unsafe { fence::options(options, "session options") }?;
        unsafe { fence::give(out, SessionInner::open(engine, &options)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_free(session: *mut Session) {
    unsafe { fence::free(session) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_add_table(
    session: *const Session,
    name: LgStr,
    table: *const Table,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let session = unsafe { fence::borrow(session, "session") }?;
        let table = unsafe { fence::borrow(table, "table") }?;
        session.add_table(unsafe { fence::text(name, "name") }?, table)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_add_view(
    session: *const Session,
    name: LgStr,
    sql: LgStr,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let session = unsafe { fence::borrow(session, "session") }?;
        let name = unsafe { fence::text(name, "name") }?;
        let view = view::plan(session, unsafe { fence::text(sql, "sql") }?)?;
        session.add(name, view)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_add_stream(
    session: *const Session,
    name: LgStr,
    schema: *mut FFI_ArrowSchema,
    source: LgStreamSource,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let schema = unsafe { arrow_in::take_schema(schema) };
        let source = HostSource::new(source);
        let session = unsafe { fence::borrow(session, "session") }?;
        let name = unsafe { fence::text(name, "name") }?;
        let schema = arrow_in::schema(schema, "schema")?;
        session.add(name, host_stream::table(source, schema, name)?)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_add_table_function(
    session: *const Session,
    name: LgStr,
    function: LgTableFunction,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let function = HostFunction::new(function);
        let session = unsafe { fence::borrow(session, "session") }?;
        session.add_function(unsafe { fence::text(name, "name") }?, function)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_use_range_index(
    session: *const Session,
    index: LgRangeIndex,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let index = HostRangeIndex::new(index);
        let session = unsafe { fence::borrow(session, "session") }?;
        session.host_rules.use_range_index(index)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_use_operator(
    session: *const Session,
    operator: LgRowOperator,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let operator = HostOperator::new(operator);
        let session = unsafe { fence::borrow(session, "session") }?;
        session.host_rules.use_operator(operator)
    })
}
