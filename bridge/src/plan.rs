//! `lg_plan`: one statement, planned and analysed; optimised only when it is run or estimated, so
//! that the caller can judge it before a function or a file of it is touched.

mod estimate;
mod facts;
mod parameters;
mod running;
mod stoppable;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::OptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use serde::Deserialize;
use serde_json::json;

use crate::abi::{LgCancelSource, LgStr};
use crate::cancel::{Cancel, StopFlag};
use crate::error::{BridgeError, Result};
use crate::session::Session;
use crate::sql::{SHORT_BYTES, parse_one, take_judged};
use crate::text::Text;
use crate::{arrow_out, bounded, fence, large_stack};

use parameters::Parameters;
use running::RunningPlan;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct TimeLimit {
    time_limit_ms: Option<u64>,
}

pub struct Plan {
    session: Session,
    logical: Option<Box<LogicalPlan>>,
    /// Made for an estimate, and used up by the next run.
    estimated: Mutex<Option<Ready>>,
    /// Nests as deep as its longest chain: dropped on a large stack, shorter ones on any.
    long: bool,
}

impl Plan {
    fn new(session: &Session, sql: &str, parameters: Parameters, cancel: &Cancel) -> Result<Plan> {
        let long = sql.len() > SHORT_BYTES;
        let judged = take_judged(sql);
        let sql = sql.to_owned();
        let planning = session.clone();
        let stack = session.engine.plan_stack_bytes();
        let logical = large_stack::run(stack, cancel, move || {
            let statement = match judged {
                Some(statement) => statement,
                None => parse_one(&sql)?,
            };
            let (statement, state) = planning.prepare(statement)?;
            let plan = planning
                .engine
                .handle()
                .block_on(state.statement_to_plan(statement))?;
            let plan = parameters.bind(plan)?;
            Ok(Box::new(analyse(&planning.state, plan)?))
        })?;
        Ok(Plan {
            session: session.clone(),
            logical: Some(logical),
            estimated: Mutex::new(None),
            long,
        })
    }

    fn logical(&self) -> Result<&LogicalPlan> {
        match &self.logical {
            Some(plan) => Ok(plan),
            None => Err(BridgeError::internal("the plan is gone")),
        }
    }

    /// Plans the execution, unless an estimate has done so, and starts it.
    fn execute(&self, cancel: Cancel) -> Result<RunningPlan> {
        let ready = self.estimated().take();
        let Ready { physical, state } = match ready {
            Some(ready) => ready,
            None => self.prepare(&cancel)?,
        };
        let physical = stoppable::wrap(physical, &cancel.flag())?;
        RunningPlan::start(&self.session, physical, &state, cancel)
    }

    fn estimate(&self, cancel: &Cancel) -> Result<u64> {
        let ready = self.prepare(cancel)?;
        let rows = estimate::scan_rows(&ready.physical)?;
        *self.estimated() = Some(ready);
        Ok(rows)
    }

    fn estimated(&self) -> MutexGuard<'_, Option<Ready>> {
        self.estimated
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Optimises and plans the execution.
    fn prepare(&self, cancel: &Cancel) -> Result<Ready> {
        let session = self.session.clone();
        let logical = self.logical()?.clone();
        let flag = cancel.flag();
        let stack = session.engine.plan_stack_bytes();
        large_stack::run(stack, cancel, move || {
            let mut state = session.state.clone();
            state.mark_start_execution();
            let optimised = optimise(&state, logical, &flag)?;
            let planner = state.query_planner().clone();
            let physical = session
                .engine
                .handle()
                .block_on(planner.create_physical_plan(&optimised, &state))?;
            let batch_rows = state.config().batch_size();
            bounded::check_constants(&physical, batch_rows, session.engine.function_limit())?;
            Ok(Ready { physical, state })
        })
        .map_err(|error| running::explain(error, &self.session))
    }
}

/// Types are settled here, so that the schema is the one the rows will have; nothing is folded.
fn analyse(state: &SessionState, plan: LogicalPlan) -> Result<LogicalPlan> {
    if matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) {
        return Ok(plan);
    }
    let options = state.config_options();
    Ok(state
        .analyzer()
        .execute_and_check(plan, options, |_, _| {})?)
}

/// The library's own `optimize` without a second analysis, and with an end: when the caller has
/// gone, the thread unwinds at the next rule.
fn optimise(state: &SessionState, plan: LogicalPlan, flag: &StopFlag) -> Result<LogicalPlan> {
    if matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) {
        return Ok(state.optimize(&plan)?);
    }
    let stop_between_rules = |_: &LogicalPlan, _: &dyn OptimizerRule| {
        if flag.is_set() {
            std::panic::resume_unwind(Box::new("planning was stopped"));
        }
    };
    Ok(state
        .optimizer()
        .optimize(plan, state, stop_between_rules)?)
}

impl Drop for Plan {
    fn drop(&mut self) {
        if let (true, Some(plan)) = (self.long, self.logical.take()) {
            let estimated = self.estimated().take();
            large_stack::drop_there(self.session.engine.plan_stack_bytes(), (plan, estimated));
        }
    }
}

type Physical = Arc<dyn ExecutionPlan>;

/// A plan of execution and the state that it was made for.
struct Ready {
    physical: Physical,
    state: SessionState,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_session_plan(
    session: *const Session,
    sql: LgStr,
    parameters: LgStr,
    options: LgStr,
    cancel: LgCancelSource,
    out: *mut *mut Plan,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let mut cancel = Cancel::new(cancel);
        fence::check_out(out, "out")?;
        let session = unsafe { fence::borrow(session, "session") }?;
        let sql = unsafe { fence::text(sql, "sql") }?;
        let parameters: Parameters = unsafe { fence::options(parameters, "parameters") }?;
        let options: TimeLimit = unsafe { fence::options(options, "plan options") }?;
        cancel.set_time_limit_ms(options.time_limit_ms);
        unsafe { fence::give(out, Plan::new(session, sql, parameters, &cancel)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_plan_facts(
    plan: *const Plan,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let plan = unsafe { fence::borrow(plan, "plan") }?;
        let facts = facts::read(plan.logical()?)?;
        unsafe { fence::give(out, Text::json(&facts)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_plan_estimate(
    plan: *const Plan,
    options: LgStr,
    cancel: LgCancelSource,
    out: *mut *mut Text,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let mut cancel = Cancel::new(cancel);
        fence::check_out(out, "out")?;
        let plan = unsafe { fence::borrow(plan, "plan") }?;
        let options: TimeLimit = unsafe { fence::options(options, "estimate options") }?;
        cancel.set_time_limit_ms(options.time_limit_ms);
        let estimate = json!({"scan_rows": plan.estimate(&cancel)?});
        unsafe { fence::give(out, Text::json(&estimate)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_plan_schema(
    plan: *const Plan,
    out: *mut FFI_ArrowSchema,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let plan = unsafe { fence::borrow(plan, "plan") }?;
        unsafe { arrow_out::put_schema(plan.logical()?.schema().as_arrow(), out) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_plan_execute(
    plan: *const Plan,
    options: LgStr,
    cancel: LgCancelSource,
    out: *mut FFI_ArrowArrayStream,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        let mut cancel = Cancel::new(cancel);
        fence::check_out(out, "out")?;
        let plan = unsafe { fence::borrow(plan, "plan") }?;
        let options: TimeLimit = unsafe { fence::options(options, "execute options") }?;
        cancel.set_time_limit_ms(options.time_limit_ms);
        let running = plan.execute(cancel)?;
        unsafe { arrow_out::put_stream(Box::new(running), out) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_plan_free(plan: *mut Plan) {
    unsafe { fence::free(plan) };
}
