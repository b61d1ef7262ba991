//! How long may a plugin take when no request waits for it?
//!
//! Configuring, describing, judging documents, preparing, the golden call and learning run on helper threads, with one
//! budget a call. What does not come back in time is refused with clear words, and its thread is written off: it keeps
//! what it was given until it returns, if it ever does, and nobody listens. Written-off threads are counted, and beyond
//! a bound no plugin code runs here any more. What is not here: what a lost call means for the plugin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use planogram_abi::{ConditionId, Failure, LogLevel, Outcome, PrepareHost};

use crate::limits::CONTROL_THREADS_LOST_MAX;

/// The budget of one call, and the threads lost so far.
#[derive(Clone, Debug)]
pub(super) struct Control {
    budget: Duration,
    lost: Arc<AtomicU64>,
}

/// A job for a [`Worker`].
type Job<T> = Box<dyn FnOnce(&mut T) + Send>;

impl Control {
    /// A budget, and no thread lost.
    pub fn new(budget: Duration) -> Self {
        Self { budget, lost: Arc::default() }
    }

    /// Threads written off since the start.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Runs plugin code on a thread of its own.
    ///
    /// # Errors
    /// When it does not come back, or there is no thread for it.
    pub fn within<T: Send + 'static>(
        &self,
        what: &str,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let (send, receive) = channel();
        self.spawn(what, move || drop(send.send(body())))?;
        self.wait(what, &receive, Instant::now() + self.budget)
    }

    /// The same for code that asks `host` questions on the way; they are answered on the caller's thread.
    ///
    /// # Errors
    /// As [`within`](Self::within).
    pub fn within_asking<T: Send + 'static>(
        &self,
        what: &str,
        host: &dyn PrepareHost,
        body: impl FnOnce(&dyn PrepareHost) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (send, receive) = channel();
        self.spawn(what, move || {
            let distant = Distant(send);
            let outcome = body(&distant);
            drop(distant.0.send(Word::Done(outcome)));
        })?;
        let give_up = Instant::now() + self.budget;
        loop {
            match self.wait(what, &receive, give_up)? {
                // The other end waits for the answer, or has been given up.
                Word::Ask(question) => question(host),
                Word::Log(level, message) => host.log(level, &message),
                Word::Done(outcome) => return Ok(outcome),
            }
        }
    }

    /// A thread that owns `state` and runs one job after the other on it.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn worker<T: Send + 'static>(&self, what: &str, mut state: T) -> Result<Worker<T>, String> {
        let (jobs, inbox) = channel::<Job<T>>();
        self.spawn(what, move || inbox.iter().for_each(|job| job(&mut state)))?;
        Ok(Worker { control: self.clone(), jobs })
    }

    fn spawn(&self, what: &str, body: impl FnOnce() + Send + 'static) -> Result<(), String> {
        let lost = self.lost();
        if lost >= CONTROL_THREADS_LOST_MAX {
            return Err(format!(
                "{what} was not called: {lost} threads were lost to plugins, at most {CONTROL_THREADS_LOST_MAX} may be; restart"
            ));
        }
        let spawned = thread::Builder::new().name("plugin-control".to_owned()).spawn(body);
        spawned.map(drop).map_err(|error| format!("{what}: no thread: {error}"))
    }

    /// The next word of a helper thread before `give_up`, however much it talks.
    fn wait<T>(&self, what: &str, receive: &Receiver<T>, give_up: Instant) -> Result<T, String> {
        let left = give_up.saturating_duration_since(Instant::now());
        let word = if left.is_zero() { Err(RecvTimeoutError::Timeout) } else { receive.recv_timeout(left) };
        word.map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                format!("{what} did not return within {} ms", self.budget.as_millis())
            }
            RecvTimeoutError::Disconnected => format!("{what} ended its thread"),
        })
    }
}

/// A thread with a state, for calls that must not run at the same time. It ends when this value is dropped.
#[derive(Debug)]
pub(super) struct Worker<T> {
    control: Control,
    jobs: Sender<Job<T>>,
}

impl<T: 'static> Worker<T> {
    /// Runs one job on the state.
    ///
    /// # Errors
    /// When it does not come back; the worker is of no use after that.
    pub fn run<R: Send + 'static>(
        &self,
        what: &str,
        job: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, String> {
        let (send, receive) = channel();
        // A thread that has ended drops the job and with it the sender.
        drop(self.jobs.send(Box::new(move |state| drop(send.send(job(state))))));
        self.control.wait(what, &receive, Instant::now() + self.control.budget)
    }
}

/// What a helper thread wants of the host; it sends the answer back itself.
type Question = Box<dyn FnOnce(&dyn PrepareHost) + Send>;

/// What a helper thread says.
enum Word<T> {
    Ask(Question),
    Log(LogLevel, String),
    Done(T),
}

/// The host as a helper thread sees it: somebody far away.
struct Distant<T>(Sender<Word<T>>);

impl<T> Distant<T> {
    fn ask<R: Send + 'static>(&self, ask: impl FnOnce(&dyn PrepareHost) -> Outcome<R> + Send + 'static) -> Outcome<R> {
        let gone = || Failure("nobody waits for it any more".to_owned());
        let (answer, answered) = channel();
        let question: Question = Box::new(move |host| drop(answer.send(ask(host))));
        self.0.send(Word::Ask(question)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl<T> PrepareHost for Distant<T> {
    fn compile(&self, condition: &str) -> Outcome<ConditionId> {
        let condition = condition.to_owned();
        self.ask(move |host| host.compile(&condition))
    }

    fn compile_relative(&self, condition: &str) -> Outcome<ConditionId> {
        let condition = condition.to_owned();
        self.ask(move |host| host.compile_relative(&condition))
    }

    fn index(&self, conditions: &[ConditionId]) -> Outcome {
        let conditions = conditions.to_vec();
        self.ask(move |host| host.index(&conditions))
    }

    fn log(&self, level: LogLevel, message: &str) {
        // Nobody listens to a thread that was written off.
        drop(self.0.send(Word::Log(level, message.to_owned())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As long as a call that returns may take on a busy machine.
    const PATIENT: Duration = Duration::from_secs(60);
    const HASTY: Duration = Duration::from_millis(1);

    struct Kernel;

    impl PrepareHost for Kernel {
        fn compile(&self, condition: &str) -> Outcome<ConditionId> {
            condition.parse().map(ConditionId).map_err(|_| Failure("no number".to_owned()))
        }

        fn compile_relative(&self, condition: &str) -> Outcome<ConditionId> {
            self.compile(condition).map(|id| ConditionId(100 + id.0))
        }

        fn index(&self, conditions: &[ConditionId]) -> Outcome {
            Err(Failure(format!("{} is too many", conditions.len())))
        }

        fn log(&self, _level: LogLevel, _message: &str) {}
    }

    #[test]
    fn what_never_returns_is_given_up_and_counted() {
        let control = Control::new(HASTY);
        let (release, wait) = channel::<()>();
        let outcome = control.within("configure", move || wait.recv());
        assert_eq!(outcome.unwrap_err(), "configure did not return within 1 ms");
        assert_eq!(control.lost(), 1);
        drop(release);
    }

    #[test]
    fn questions_are_answered_on_the_way() {
        let asked = Control::new(PATIENT).within_asking("prepare", &Kernel, |host| {
            host.log(LogLevel::Info, "hello");
            (host.compile("7"), host.compile("x"), host.compile_relative("8"), host.index(&[ConditionId(7)]))
        });
        let refused = |message: &str| Failure(message.to_owned());
        let (compiled, unread, relative, indexed) = asked.unwrap();
        assert_eq!((compiled, unread), (Ok(ConditionId(7)), Err(refused("no number"))));
        assert_eq!((relative, indexed), (Ok(ConditionId(108)), Err(refused("1 is too many"))));
    }

    #[test]
    fn who_asks_for_ever_is_given_up_too() {
        let control = Control::new(HASTY);
        let (ended, end) = channel();
        let outcome = control.within_asking("prepare", &Kernel, move |host| {
            while host.compile("7").is_ok() {}
            ended.send(()).unwrap();
        });
        assert_eq!(outcome.unwrap_err(), "prepare did not return within 1 ms");
        // Its thread is told that nobody waits, and ends.
        end.recv().unwrap();
    }

    #[test]
    fn a_worker_keeps_its_state_until_it_is_stuck() {
        let control = Control::new(PATIENT);
        let worker = control.worker("observer", 1).unwrap();
        assert_eq!(worker.run("fold", |n| std::mem::replace(n, 5)), Ok(1));
        assert_eq!(worker.run("fold", |n| *n), Ok(5));
        let hasty = Control { budget: HASTY, ..control.clone() };
        let (release, wait) = channel::<()>();
        let worker = hasty.worker("observer", ()).unwrap();
        assert!(worker.run("fold", move |()| wait.recv().is_ok()).is_err());
        assert_eq!(control.lost(), 1);
        drop(release);
    }

    #[test]
    fn beyond_the_bound_nothing_is_called() {
        let control = Control::new(PATIENT);
        control.lost.store(CONTROL_THREADS_LOST_MAX, Ordering::Relaxed);
        let said = control.within("validate", || ()).unwrap_err();
        assert!(said.contains("validate was not called") && said.contains("restart"), "{said}");
    }
}
