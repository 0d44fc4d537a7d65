//! `lg_engine`: one runtime, one memory pool, one spill area, one template of a session.

use std::future::Future;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::SessionState;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryPool, TrackConsumersPool, UnboundedMemoryPool,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use serde::Deserialize;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::abi::LgStr;
use crate::cancel::Cancel;
use crate::delta::Overlay;
use crate::error::{BridgeError, Result};
use crate::fence;
use crate::session_template;
use crate::wait::wait;

const DEFAULT_WORKER_STACK_BYTES: usize = 8 << 20;
const DEFAULT_PLAN_STACK_BYTES: usize = 256 << 20;
/// How many of the largest consumers an out-of-memory message names.
const NAMED_CONSUMERS: usize = 5;
/// Host callbacks that hang do not hang the host's exit with them.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct EngineOptions {
    worker_threads: usize,
    worker_stack_bytes: usize,
    plan_stack_bytes: usize,
    memory_limit_bytes: u64,
    spill_directory: String,
    spill_limit_bytes: u64,
    durable: Option<bool>,
    /// Bytes that one call of a scalar function may make.
    function_limit_bytes: u64,
    /// Whether footers and statistics of files outlive the statement that read them.
    keep_file_metadata: Option<bool>,
}

/// What every handle of an engine keeps alive.
pub struct EngineCore {
    shared: Arc<Shared>,
    /// A table of which this engine sees more than the log has.
    overlay: Option<Arc<Overlay>>,
}

/// Tasks on the runtime never hold it, so that the runtime is shut down by a thread of the
/// caller.
struct Shared {
    runtime: Option<Runtime>,
    handle: Handle,
    env: Arc<RuntimeEnv>,
    template: SessionState,
    plan_stack_bytes: usize,
    durable: bool,
    function_limit: u64,
}

pub type Engine = Arc<EngineCore>;

impl EngineCore {
    fn open(options: &EngineOptions) -> Result<Engine> {
        let threads = NonZeroUsize::new(options.worker_threads)
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(2, NonZeroUsize::get);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_stack_size(or_default(
                options.worker_stack_bytes,
                DEFAULT_WORKER_STACK_BYTES,
            ))
            .thread_name("lakegate-worker")
            .enable_all()
            .build()
            .map_err(|e| BridgeError::from(e).context("the runtime could not be started"))?;
        let env = runtime_env(options)?;
        let template = session_template::build(env.clone(), options.function_limit_bytes)?;
        let shared = Shared {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            env,
            template,
            plan_stack_bytes: or_default(options.plan_stack_bytes, DEFAULT_PLAN_STACK_BYTES),
            durable: options.durable.unwrap_or(true),
            function_limit: options.function_limit_bytes,
        };
        Ok(Arc::new(EngineCore {
            shared: Arc::new(shared),
            overlay: None,
        }))
    }

    /// The same engine, with commits of one table that it alone sees.
    pub fn over(engine: &Engine, overlay: Overlay) -> Engine {
        Arc::new(EngineCore {
            shared: engine.shared.clone(),
            overlay: Some(Arc::new(overlay)),
        })
    }

    pub fn overlay_of(&self, table: &Path) -> Option<Arc<Overlay>> {
        self.overlay
            .clone()
            .filter(|overlay| overlay.table == table)
    }

    pub fn handle(&self) -> &Handle {
        &self.shared.handle
    }

    pub fn env(&self) -> &Arc<RuntimeEnv> {
        &self.shared.env
    }

    /// Default functions and rules, no catalog: what sessions are made from.
    pub fn template(&self) -> &SessionState {
        &self.shared.template
    }

    pub fn plan_stack_bytes(&self) -> usize {
        self.shared.plan_stack_bytes
    }

    /// Bytes; 0 is no limit.
    pub fn function_limit(&self) -> u64 {
        self.shared.function_limit
    }

    pub fn durable(&self) -> bool {
        self.shared.durable
    }

    /// Runs `work` on the runtime and waits for it, asking `cancel`; stopped work is aborted.
    pub fn run<T: Send + 'static>(
        &self,
        cancel: &Cancel,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        cancel.check()?;
        let task = self.handle().spawn(work);
        let abort = task.abort_handle();
        let waited = wait(cancel, task).inspect_err(|_| abort.abort());
        waited??
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        if Handle::try_current().is_ok() {
            // A runtime cannot wait for itself.
            runtime.shutdown_background();
        } else {
            runtime.shutdown_timeout(SHUTDOWN_PATIENCE);
        }
    }
}

fn or_default(value: usize, default: usize) -> usize {
    if value == 0 { default } else { value }
}

fn runtime_env(options: &EngineOptions) -> Result<Arc<RuntimeEnv>> {
    let spill = !options.spill_directory.is_empty();
    let mut disk = DiskManagerBuilder::default();
    disk.set_mode(if spill {
        DiskManagerMode::Directories(vec![PathBuf::from(&options.spill_directory)])
    } else {
        DiskManagerMode::Disabled
    });
    if options.spill_limit_bytes > 0 {
        disk.set_max_temp_directory_size(options.spill_limit_bytes);
    }
    // A cached listing without an end of life hides new files; metadata is checked against the
    // size and the time of its file.
    let mut caches = CacheManagerConfig::default().with_list_files_cache_limit(0);
    if !options.keep_file_metadata.unwrap_or(true) {
        caches = caches
            .with_metadata_cache_limit(0)
            .with_file_statistics_cache_limit(0);
    }
    RuntimeEnvBuilder::new()
        .with_memory_pool(memory_pool(options.memory_limit_bytes, spill))
        .with_disk_manager_builder(disk)
        .with_cache_manager(caches)
        .build_arc()
        .map_err(|e| BridgeError::from(e).context("the spill_directory could not be used"))
}

fn memory_pool(limit_bytes: u64, spill: bool) -> Arc<dyn MemoryPool> {
    let named = NonZeroUsize::new(NAMED_CONSUMERS).unwrap_or(NonZeroUsize::MIN);
    let limit = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
    match (limit, spill) {
        (0, _) => Arc::new(UnboundedMemoryPool::default()),
        (limit, true) => Arc::new(TrackConsumersPool::new(FairSpillPool::new(limit), named)),
        (limit, false) => Arc::new(TrackConsumersPool::new(GreedyMemoryPool::new(limit), named)),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_engine_open(
    options: LgStr,
    out: *mut *mut Engine,
    err: *mut *mut BridgeError,
) -> i32 {
    fence::export(err, || {
        fence::check_out(out, "out")?;
        let options: EngineOptions = unsafe { fence::options(options, "engine options") }?;
        unsafe { fence::give(out, EngineCore::open(&options)?) }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn lg_engine_free(engine: *mut Engine) {
    unsafe { fence::free(engine) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(keep_file_metadata: Option<bool>) -> (usize, usize, usize) {
        let options = EngineOptions {
            keep_file_metadata,
            ..EngineOptions::default()
        };
        let env = runtime_env(&options).unwrap_or_default();
        (
            env.cache_manager.get_list_files_cache_limit(),
            env.cache_manager.get_metadata_cache_limit(),
            env.cache_manager.get_file_statistic_cache_limit(),
        )
    }

    #[test]
    fn metadata_is_kept_unless_it_is_not_wanted_and_listings_never() {
        let (listings, metadata, statistics) = limits(None);
        assert_eq!(listings, 0);
        assert!(metadata > 0 && statistics > 0);
        assert_eq!(limits(Some(true)), (0, metadata, statistics));
        assert_eq!(limits(Some(false)), (0, 0, 0));
    }
}
