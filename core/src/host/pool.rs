//! Who runs a request, and what happens when a plugin does not come back?
//!
//! A fixed number of workers takes requests from a bounded queue; plugins run inline on the worker. Around every
//! plugin call the worker publishes which plugin it is in and when the call is overdue. A watchdog finds overdue
//! calls, writes their worker off, starts another in its place, and runs the request again without that plugin. It
//! sleeps until the first call is overdue, and is woken only for one that is overdue before: waking a thread for every
//! request would cost more than all plugin calls together.
//! A written-off worker keeps its own buffers and its snapshot; whatever it brings home later is thrown away, and
//! its thread ends. A plugin gets half of the request's time at most, all its calls together, so that the
//! second attempt has the other half. Nothing here knows what a request is.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::guard::{FaultReason, Guard};
use super::watch::Watch;

/// How often the watchdog looks while the pool is closing.
const CLOSING_INTERVAL: Duration = Duration::from_millis(1);

/// Size and patience of a pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolConfig {
    /// Threads that run requests; at least 1.
    pub workers: usize,
    /// Requests that may wait.
    pub queue_max: usize,
    /// Longest one plugin may take within one request, however far away the deadline is.
    pub call_max: Duration,
}

impl PoolConfig {
    /// The default patience with this size.
    pub fn new(workers: usize, queue_max: usize) -> Self {
        Self { workers, queue_max, call_max: Duration::from_millis(crate::limits::DEFAULT_CALL_MS) }
    }
}

/// Why a request was not run to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// Too many requests wait: try again.
    #[error("{waiting} requests wait for a worker, at most {limit} may")]
    Overloaded {
        /// Requests waiting.
        waiting: usize,
        /// The bound.
        limit: usize,
    },
    /// The deadline passed before a worker was free.
    #[error("the deadline passed while the request waited for a worker")]
    Expired,
    /// The kernel panicked; ours.
    #[error("the request panicked: {0}")]
    Panicked(String),
    /// The pool is shutting down.
    #[error("the pool is closing")]
    Closing,
}

/// One run of a request; the second and later ones go without the plugins that did not come back.
#[derive(Debug)]
pub struct Attempt {
    /// Plugins that are not called in this run, and why.
    pub excluded: Vec<(String, FaultReason)>,
    worker: Option<Arc<Worker>>,
    deadline: Option<Instant>,
    optional_until: Option<Instant>,
    /// What one plugin may take of this run.
    share: Duration,
    /// What each plugin took, by the address of its guard.
    spent: Mutex<Vec<(usize, Duration)>>,
}

impl Attempt {
    /// A run on the caller's own thread, which no watchdog looks at: for tests, previews off the pool, probes.
    pub fn inline() -> Self {
        let (worker, deadline, optional_until) = Default::default();
        Self { excluded: Vec::new(), worker, deadline, optional_until, share: Duration::MAX, spent: Mutex::default() }
    }

    /// When the answer is due; never for an inline run.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// When steps that may be left out should be, so that the answer itself is in time: after four fifths of the
    /// time the request had when it was submitted.
    pub fn optional_until(&self) -> Option<Instant> {
        self.optional_until
    }

    /// Why this plugin must not be called, if so.
    pub(super) fn exclusion(&self, plugin: &str) -> Option<FaultReason> {
        let excluded = self.excluded.iter().find(|(name, _)| name == plugin).map(|(_, reason)| *reason);
        excluded.or_else(|| self.worker.as_ref().filter(|w| w.written_off()).map(|_| FaultReason::Late))
    }

    /// Publishes that this run is inside a plugin, until the value is dropped.
    pub(super) fn enter(&self, guard: &Arc<Guard>) -> InPlugin<'_> {
        let since = Instant::now();
        let key = Arc::as_ptr(guard) as usize;
        if let Some(worker) = &self.worker {
            let spent = self.spent(key);
            let overdue_at = since + self.share.saturating_sub(spent);
            *worker.inside() = Some(Inside { guard: Arc::clone(guard), overdue_at });
            worker.watch.entered(overdue_at);
        }
        InPlugin { attempt: self, key, since, left: false }
    }

    fn spent(&self, key: usize) -> Duration {
        let spent = self.spent.lock().expect("nobody panics while holding the account");
        spent.iter().find(|(plugin, _)| *plugin == key).map(|(_, time)| *time).unwrap_or_default()
    }

    fn spend(&self, key: usize, time: Duration) {
        let mut spent = self.spent.lock().expect("nobody panics while holding the account");
        match spent.iter_mut().find(|(plugin, _)| *plugin == key) {
            Some((_, sum)) => *sum += time,
            None => spent.push((key, time)),
        }
    }
}

/// Proof that the watchdog knows which plugin is running.
pub(super) struct InPlugin<'a> {
    attempt: &'a Attempt,
    key: usize,
    since: Instant,
    left: bool,
}

impl InPlugin<'_> {
    /// Ends the call.
    ///
    /// # Errors
    /// When the watchdog gave the run up in the meantime.
    pub fn leave(mut self) -> Result<(), FaultReason> {
        if self.end() { Ok(()) } else { Err(FaultReason::Late) }
    }

    fn end(&mut self) -> bool {
        self.left = true;
        self.attempt.spend(self.key, self.since.elapsed());
        let Some(worker) = &self.attempt.worker else {
            return true;
        };
        // Under the lock the watchdog takes: either it saw the call overdue first, or the call ended first.
        let mut inside = worker.inside();
        *inside = None;
        !worker.written_off()
    }
}

impl Drop for InPlugin<'_> {
    fn drop(&mut self) {
        if !self.left {
            self.end();
        }
    }
}

/// The plugin a worker is in.
#[derive(Debug)]
struct Inside {
    guard: Arc<Guard>,
    overdue_at: Instant,
}

/// What the watchdog sees of a worker.
#[derive(Debug)]
struct Worker {
    inside: Mutex<Option<Inside>>,
    written_off: AtomicBool,
    task: Mutex<Option<Running>>,
    watch: Arc<Watch>,
}

impl Worker {
    fn new(watch: &Arc<Watch>) -> Self {
        let (inside, written_off, task) = Default::default();
        Self { inside, written_off, task, watch: Arc::clone(watch) }
    }

    fn inside(&self) -> MutexGuard<'_, Option<Inside>> {
        self.inside.lock().expect("nobody panics while holding a worker's state")
    }

    fn task(&self) -> MutexGuard<'_, Option<Running>> {
        self.task.lock().expect("nobody panics while holding a worker's task")
    }

    fn written_off(&self) -> bool {
        self.written_off.load(Ordering::Acquire)
    }
}

/// A request that runs or waits, and what is known of it.
#[derive(Clone)]
struct Running {
    task: Arc<dyn Task>,
    submitted: Instant,
    deadline: Instant,
    excluded: Vec<(String, FaultReason)>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("excluded", &self.excluded).finish_non_exhaustive()
    }
}

/// A request with its result type hidden.
trait Task: Send + Sync {
    /// Runs it; returns what delivers the result, to be called only if this run still counts.
    fn run(&self, attempt: &Attempt) -> Box<dyn FnOnce() + '_>;
    /// Answers without running.
    fn refuse(&self, error: PoolError);
}

type Job<T> = Arc<dyn Fn(&Attempt) -> T + Send + Sync>;
type Reply<T> = Box<dyn FnOnce(Result<T, PoolError>) + Send>;

struct TypedTask<T> {
    job: Job<T>,
    reply: Mutex<Option<Reply<T>>>,
}

impl<T> TypedTask<T> {
    fn answer(&self, result: Result<T, PoolError>) {
        let reply = self.reply.lock().expect("nobody panics while holding a reply").take();
        if let Some(reply) = reply {
            // A caller that panics in its reply must not take the worker with it.
            let _ = catch_unwind(AssertUnwindSafe(|| reply(result)));
        }
    }
}

impl<T: 'static> Task for TypedTask<T> {
    fn run(&self, attempt: &Attempt) -> Box<dyn FnOnce() + '_> {
        let result = catch_unwind(AssertUnwindSafe(|| (self.job)(attempt)));
        let result = result.map_err(|payload| {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            PoolError::Panicked(text.or_else(|| payload.downcast_ref().cloned()).unwrap_or_default())
        });
        Box::new(move || self.answer(result))
    }

    fn refuse(&self, error: PoolError) {
        self.answer(Err(error));
    }
}

#[derive(Default)]
struct Queue {
    /// Requests that run a second time; they were accepted already and go first.
    again: VecDeque<Running>,
    waiting: VecDeque<Running>,
    closing: bool,
    workers: Vec<Arc<Worker>>,
    /// Workers that wait for a request.
    idle: usize,
}

struct Shared {
    config: PoolConfig,
    queue: Mutex<Queue>,
    /// A request waits, or the pool is closing.
    available: Condvar,
    /// A worker ended.
    ended: Condvar,
    watch: Arc<Watch>,
    lost: AtomicU64,
}

/// Workers for requests; see the head of this file.
pub struct RankingPool {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for RankingPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RankingPool").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl RankingPool {
    /// Starts `workers` threads (at least 1) and a watchdog; at most `queue_max` requests may wait.
    ///
    /// # Panics
    /// When the system gives no threads.
    pub fn new(workers: usize, queue_max: usize) -> Self {
        Self::with_config(PoolConfig::new(workers, queue_max))
    }

    /// As [`new`](Self::new), with a patience of its own.
    ///
    /// # Panics
    /// When the system gives no threads.
    pub fn with_config(config: PoolConfig) -> Self {
        let shared = Arc::new(Shared {
            config,
            queue: Mutex::default(),
            available: Condvar::new(),
            ended: Condvar::new(),
            watch: Arc::new(Watch::new()),
            lost: AtomicU64::new(0),
        });
        let watched = Arc::clone(&shared);
        let watchdog = thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || watch(&watched))
            .expect("a pool needs its threads at the start");
        shared.watch.is_kept_by(watchdog.thread());
        for _ in 0..config.workers.max(1) {
            start_worker(&shared);
        }
        Self { shared }
    }

    /// Runs `job` on a worker and hands its result to `reply`, which is called exactly once: on a worker, or on
    /// this thread when the request is refused. `deadline` counts from now. The job may run again, without the
    /// plugins that did not come back.
    pub fn submit<T: Send + 'static>(&self, job: Job<T>, reply: Reply<T>, deadline: Duration) {
        let task = Arc::new(TypedTask { job, reply: Mutex::new(Some(reply)) });
        let submitted = Instant::now();
        let running = Running { task, submitted, deadline: submitted + deadline, excluded: Vec::new() };
        let refused = {
            let mut queue = self.shared.queue();
            let waiting = queue.waiting.len();
            if queue.closing {
                Err((running, PoolError::Closing))
            } else if waiting >= self.shared.config.queue_max {
                Err((running, PoolError::Overloaded { waiting, limit: self.shared.config.queue_max }))
            } else {
                queue.waiting.push_back(running);
                Ok(queue.idle > 0)
            }
        };
        match refused {
            Err((running, error)) => running.task.refuse(error),
            // A worker that is busy looks at the queue before it waits; waking nobody would still be a system call.
            Ok(is_awaited) if is_awaited => self.shared.available.notify_one(),
            Ok(_) => {}
        }
    }

    /// Runs `job` and waits for its result.
    ///
    /// # Errors
    /// As the reply of [`submit`](Self::submit).
    pub fn run<T: Send + 'static>(&self, job: Job<T>, deadline: Duration) -> Result<T, PoolError> {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let reply = Box::new(move |result| {
            let _ = send.send(result);
        });
        self.submit(job, reply, deadline);
        receive.recv().unwrap_or(Err(PoolError::Closing))
    }

    /// Workers written off since the start.
    pub fn workers_lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Requests waiting for a worker.
    pub fn waiting(&self) -> usize {
        self.shared.queue().waiting.len()
    }

    /// Takes no more requests, finishes those it has for at most `grace`, refuses the rest. Stuck workers are not
    /// waited for.
    pub fn shutdown(&self, grace: Duration) {
        let until = Instant::now() + grace;
        let mut queue = self.shared.queue();
        queue.closing = true;
        self.shared.available.notify_all();
        while !queue.workers.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue = self.shared.ended.wait_timeout(queue, left).expect("nobody panics while holding the queue").0;
        }
        let rest: Vec<Running> = queue.waiting.drain(..).collect();
        drop(queue);
        for running in rest {
            running.task.refuse(PoolError::Closing);
        }
        self.shared.watch.wake();
    }
}

impl Drop for RankingPool {
    fn drop(&mut self) {
        self.shutdown(Duration::from_millis(100));
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nobody panics while holding the queue")
    }

    /// The next request, or `None` when the worker must end.
    fn next(&self, worker: &Arc<Worker>) -> Option<Running> {
        let mut queue = self.queue();
        loop {
            if worker.written_off() {
                return None;
            }
            if let Some(running) = queue.again.pop_front().or_else(|| queue.waiting.pop_front()) {
                return Some(running);
            }
            if queue.closing {
                return None;
            }
            queue.idle += 1;
            queue = self.available.wait(queue).expect("nobody panics while holding the queue");
            queue.idle -= 1;
        }
    }
}

fn start_worker(shared: &Arc<Shared>) {
    let worker = Arc::new(Worker::new(&shared.watch));
    shared.queue().workers.push(Arc::clone(&worker));
    let of_worker = Arc::clone(shared);
    let spawned = thread::Builder::new().name("rank".to_owned()).spawn(move || work(&of_worker, &worker));
    if let Err(error) = spawned {
        // Fewer workers are better than none; the next write-off tries again.
        tracing::error!(%error, "no thread for a ranking worker");
    }
}

fn work(shared: &Shared, worker: &Arc<Worker>) {
    while let Some(running) = shared.next(worker) {
        if running.excluded.is_empty() && Instant::now() >= running.deadline {
            running.task.refuse(PoolError::Expired);
            continue;
        }
        let total = running.deadline.saturating_duration_since(running.submitted);
        let attempt = Attempt {
            excluded: running.excluded.clone(),
            worker: Some(Arc::clone(worker)),
            deadline: Some(running.deadline),
            optional_until: Some(running.submitted + total * 4 / 5),
            share: (total / 2).min(shared.config.call_max),
            spent: Mutex::default(),
        };
        let task = Arc::clone(&running.task);
        *worker.task() = Some(running);
        let deliver = task.run(&attempt);
        // A written-off worker's request runs elsewhere; the watchdog took it out of `task`.
        if worker.written_off() {
            return;
        }
        *worker.task() = None;
        deliver();
    }
    shared.queue().workers.retain(|other| !Arc::ptr_eq(other, worker));
    shared.ended.notify_all();
}

/// Looks for overdue calls until the pool has ended.
fn watch(shared: &Arc<Shared>) {
    let watch = &shared.watch;
    loop {
        let (workers, closing) = {
            let queue = shared.queue();
            if queue.closing && queue.workers.is_empty() {
                return;
            }
            (queue.workers.clone(), queue.closing)
        };
        let mut next = watch.plan();
        for worker in &workers {
            match overdue(worker) {
                Overdue::Never => {}
                Overdue::At(at) => next = next.earlier(at),
                // Looks again soon, at the new worker, too.
                Overdue::Now(guard) => {
                    write_off(shared, worker, &guard);
                    next = next.earlier(Instant::now() + CLOSING_INTERVAL);
                }
            }
        }
        if closing {
            next = next.earlier(Instant::now() + CLOSING_INTERVAL);
        }
        watch.sleep(next, || workers.iter().any(|worker| worker.inside().is_some()));
    }
}

/// When a worker's call is overdue.
enum Overdue {
    /// It is in no plugin.
    Never,
    /// Then.
    At(Instant),
    /// It is, in the plugin behind this guard.
    Now(Arc<Guard>),
}

/// Marks a worker that is overdue inside a plugin, and says in which.
fn overdue(worker: &Worker) -> Overdue {
    let mut inside = worker.inside();
    let Some(call) = inside.take() else { return Overdue::Never };
    if Instant::now() < call.overdue_at {
        return Overdue::At(inside.insert(call).overdue_at);
    }
    // Still under the lock: from here on the run does not count, even if it returns this instant.
    worker.written_off.store(true, Ordering::Release);
    Overdue::Now(call.guard)
}

/// Replaces a written-off worker and runs its request again without the plugin.
fn write_off(shared: &Arc<Shared>, worker: &Arc<Worker>, guard: &Guard) {
    shared.lost.fetch_add(1, Ordering::Relaxed);
    guard.lose_worker();
    tracing::warn!(plugin = guard.plugin(), "a plugin is overdue, its worker is written off");
    let running = worker.task().take();
    {
        let mut queue = shared.queue();
        queue.workers.retain(|other| !Arc::ptr_eq(other, worker));
        if let Some(mut running) = running {
            running.excluded.push((guard.plugin().to_owned(), FaultReason::Late));
            queue.again.push_back(running);
        }
    }
    start_worker(shared);
    shared.available.notify_one();
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::host::GuardPolicy;

    const LONG: Duration = Duration::from_secs(60);

    /// A pool of one worker that gives a plugin little time, however long the deadline is.
    fn impatient() -> RankingPool {
        RankingPool::with_config(PoolConfig { call_max: Duration::from_millis(5), ..PoolConfig::new(1, 8) })
    }

    fn guard() -> Arc<Guard> {
        Arc::new(Guard::new("slow", GuardPolicy::default()))
    }

    #[test]
    fn it_runs_what_is_submitted() {
        let pool = RankingPool::new(2, 8);
        for n in 0..100 {
            assert_eq!(pool.run(Arc::new(move |_: &Attempt| n * 2), LONG), Ok(n * 2));
        }
    }

    #[test]
    fn a_panic_of_the_kernel_is_an_answer() {
        let pool = RankingPool::new(1, 8);
        let job: Job<()> = Arc::new(|_| panic!("no {}", "luck"));
        assert_eq!(pool.run(job, LONG), Err(PoolError::Panicked("no luck".to_owned())));
        assert_eq!(pool.run(Arc::new(|_: &Attempt| 1), LONG), Ok(1));
    }

    /// A job that is stuck in the plugin behind `guard`, unless that is excluded, until `release` is dropped.
    fn stuck(guard: Arc<Guard>, release: Receiver<()>) -> Job<Vec<(String, FaultReason)>> {
        let release = Mutex::new(release);
        Arc::new(move |attempt| {
            if attempt.exclusion("slow").is_none() {
                let inside = attempt.enter(&guard);
                let _ = release.lock().unwrap().recv();
                assert_eq!(inside.leave(), Err(FaultReason::Late));
            }
            attempt.excluded.clone()
        })
    }

    #[test]
    fn a_stuck_plugin_is_left_out_and_its_worker_replaced() {
        let pool = impatient();
        let guard = guard();
        let (release, wait) = channel();
        let answer = pool.run(stuck(Arc::clone(&guard), wait), LONG);
        assert_eq!(answer, Ok(vec![("slow".to_owned(), FaultReason::Late)]));
        assert_eq!(pool.workers_lost(), 1);
        // The worker is still stuck, and another one answers.
        assert_eq!(pool.run(Arc::new(|_: &Attempt| 7), LONG), Ok(7));
        drop(release);
        assert_eq!(pool.run(Arc::new(|_: &Attempt| 8), LONG), Ok(8));
        assert_eq!(guard.faults()["late"], 1);
    }

    #[test]
    fn several_lost_workers_quarantine() {
        let pool = impatient();
        let guard = guard();
        let mut releases = Vec::new();
        for _ in 0..GuardPolicy::default().workers_lost_max {
            assert!(!guard.quarantined());
            let (release, wait) = channel();
            releases.push(release);
            let answer = pool.run(stuck(Arc::clone(&guard), wait), LONG).unwrap();
            assert_eq!(answer.len(), 1);
        }
        assert!(guard.quarantined());
    }

    #[test]
    fn a_full_queue_sheds() {
        let pool = RankingPool::new(1, 1);
        let (release, wait) = channel::<()>();
        let (started, has_started) = channel();
        let wait = Mutex::new(wait);
        let block: Job<()> = Arc::new(move |_| {
            let _ = started.send(());
            let _ = wait.lock().unwrap().recv();
        });
        let (send, answers) = channel();
        let reply = |send: std::sync::mpsc::Sender<_>| -> Reply<()> { Box::new(move |result| drop(send.send(result))) };
        pool.submit(block, reply(send.clone()), LONG);
        has_started.recv().unwrap();
        pool.submit(Arc::new(|_| ()), reply(send.clone()), LONG);
        pool.submit(Arc::new(|_| ()), reply(send.clone()), LONG);
        assert_eq!(answers.recv().unwrap(), Err(PoolError::Overloaded { waiting: 1, limit: 1 }));
        drop(release);
        assert_eq!(answers.recv().unwrap(), Ok(()));
        assert_eq!(answers.recv().unwrap(), Ok(()));
    }

    #[test]
    fn a_request_past_its_deadline_is_not_begun() {
        let pool = RankingPool::new(1, 8);
        let job: Job<()> = Arc::new(|_| unreachable!("expired"));
        assert_eq!(pool.run(job, Duration::ZERO), Err(PoolError::Expired));
    }

    #[test]
    fn shutdown_finishes_what_waits_and_does_not_wait_for_the_stuck() {
        let pool = impatient();
        let (release, wait) = channel();
        pool.run(stuck(guard(), wait), LONG).unwrap();
        let (send, answers) = channel();
        let reply: Reply<u32> = Box::new(move |result| drop(send.send(result)));
        pool.submit(Arc::new(|_| 5), reply, LONG);
        pool.shutdown(LONG);
        assert_eq!(answers.recv().unwrap(), Ok(5));
        assert_eq!(pool.run(Arc::new(|_: &Attempt| 1), LONG), Err(PoolError::Closing));
        drop(release);
    }

    #[test]
    fn a_plugin_has_one_share_for_all_its_calls() {
        let attempt = Attempt::inline();
        let guard = guard();
        let key = Arc::as_ptr(&guard) as usize;
        attempt.spend(key, Duration::from_millis(3));
        attempt.spend(key, Duration::from_millis(4));
        attempt.enter(&guard).leave().unwrap();
        assert!(attempt.spent(key) >= Duration::from_millis(7));
    }
}
