//! How do many writers share one sync?
//!
//! One thread owns the log. It takes submissions from a bounded queue, gives each its sequence and time, and
//! appends all that wait in one durable commit (group commit, after DeWitt et al., SIGMOD 1984). While the disk
//! syncs, the next group gathers in the queue; only when the last group was shared does it also wait for
//! `group_commit`, because others are likely on their way, and a lone writer never waits for nobody.
//!
//! Durable entries go to the sink in order, then their tickets are resolved; a sink that lags makes the writer
//! wait, the queue fill, and submitters block. After a failed commit nothing is known about the file's tail, so
//! the writer refuses everything until the log is opened again. When nothing was written for a while it appends a
//! [`Body::Tick`], the only way time passes for the views.
//!
//! Names are replaced here, on this one thread (see `identity`): what is erased is erased between two entries.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, SendError, Sender, TryRecvError, bounded, select};

use crate::id::{Seq, TimeMs};
use crate::limits::{
    ACTOR_BYTES_MAX, DEFAULT_GROUP_COMMIT_MS, DEFAULT_GROUP_ENTRIES, DEFAULT_TICK_MS, DEFAULT_WRITER_QUEUE,
    IDEMPOTENCY_KEY_BYTES_MAX, LOG_CUT_ENTRIES_MAX,
};
use crate::log::clock::Clock;
use crate::log::entry::{Body, Entry};
use crate::log::identity::{Identities, Kind, Person};
use crate::log::{AppendError, Log, LogReader, ReadError};

/// How the writer groups and ticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterConfig {
    /// Longest wait for others to share a sync.
    pub group_commit: Duration,
    /// Log time without an entry after which a tick is appended, in milliseconds, at least 1.
    pub tick_ms: TimeMs,
    /// Submissions that may wait before submitters wait, at least 1.
    pub queue: usize,
    /// Most entries of one commit, at least 1.
    pub group_entries: usize,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            group_commit: Duration::from_millis(DEFAULT_GROUP_COMMIT_MS),
            tick_ms: DEFAULT_TICK_MS,
            queue: DEFAULT_WRITER_QUEUE,
            group_entries: DEFAULT_GROUP_ENTRIES,
        }
    }
}

/// What somebody wants in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Who.
    pub actor: String,
    /// A repeated key within the lateness bound appends nothing and gets the first entry's place.
    pub idempotency_key: Option<String>,
    /// What.
    pub body: Body,
}

/// Where a submission stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Sequence of the entry.
    pub seq: Seq,
    /// Time of the entry.
    pub time_ms: TimeMs,
    /// True when an earlier submission with the same key stands there and nothing was appended.
    pub repeated: bool,
}

/// Why a submission was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The caller's fault: a name is too long.
    #[error("`{field}` has {bytes} bytes, at most {limit} allowed")]
    TooLong {
        /// `actor` or `idempotency_key`.
        field: &'static str,
        /// Its length.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// The caller's fault: this entry cannot be appended, nothing was written for it.
    #[error("the entry was refused")]
    Refused(#[source] Arc<AppendError>),
    /// Ours: the commit failed. Whether the entry is in the log is known when it is opened again; send it again
    /// then, with the same idempotency key.
    #[error("the log could not be written; no entry is taken until it is opened again")]
    Failed(#[source] Arc<AppendError>),
    /// Ours: the idempotency key could not be looked up; nothing was written.
    #[error("the idempotency key could not be looked up")]
    Lookup(#[source] Arc<ReadError>),
    /// Ours: the receiver of durable entries is gone, so that nothing more would become visible; nothing was
    /// written.
    #[error("nobody folds the log any more; no entry is taken until it is opened again")]
    Unfolded,
    /// The writer is closed; nothing was written.
    #[error("the log's writer is closed")]
    Closed,
}

/// A submission on its way.
#[derive(Debug)]
#[must_use = "a submission is durable only when its ticket says so"]
pub struct Ticket(Receiver<Result<Appended, SubmitError>>);

impl Ticket {
    /// Waits until the entry is durable and handed to the sink.
    ///
    /// # Errors
    /// See [`SubmitError`].
    pub fn wait(self) -> Result<Appended, SubmitError> {
        self.0.recv().unwrap_or(Err(SubmitError::Closed))
    }
}

/// A question on its way.
#[must_use = "the answer comes when it is waited for"]
pub struct Asked<T>(Receiver<Result<T, SubmitError>>);

impl<T> Asked<T> {
    /// Waits for the answer.
    ///
    /// # Errors
    /// [`SubmitError::Failed`] and [`SubmitError::Closed`].
    pub fn wait(self) -> Result<T, SubmitError> {
        self.0.recv().unwrap_or(Err(SubmitError::Closed))
    }
}

/// Whose data somebody asks for.
pub struct Whose {
    /// What the name names.
    pub kind: Kind,
    /// A visitor's or customer's id as clients send it.
    pub name: String,
    /// Whether the account of this pseudonym is signed in on the browser that `name` names.
    pub is_signed_in: Box<dyn Fn(&str) -> bool + Send>,
}

/// What else a writer does besides appending.
pub struct Duties {
    /// Replaces names in entries; `None` writes them as they come.
    pub identities: Option<Identities>,
    /// Positions before which entries may be forgotten. They are, a slice at a time between groups.
    pub cuts: Receiver<Seq>,
}

impl Default for Duties {
    fn default() -> Self {
        Self { identities: None, cuts: crossbeam_channel::never() }
    }
}

type Reply<T, E> = Sender<Result<T, E>>;

enum Message {
    Submit(Submission, Reply<Appended, SubmitError>),
    Other(Order),
    Close,
}

/// What is done between two groups, behind everything submitted before it.
enum Order {
    Cut(Seq, Reply<(), SubmitError>),
    Find(Whose, Reply<Option<Person>, SubmitError>),
    Erase(Whose, Reply<Option<(Person, Appended)>, SubmitError>),
}

/// Starts writers.
pub struct Writer;

impl Writer {
    /// Starts the thread that owns `log`. `sink` receives every durable entry, in order, from here on; older ones
    /// are read from the log. The sink is disconnected when the writer has ended.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn start(log: Box<dyn Log>, clock: Arc<dyn Clock>, config: WriterConfig, sink: Sender<Entry>) -> WriterHandle {
        Self::start_with(log, clock, config, sink, Duties::default())
    }

    /// The same with more to do.
    ///
    /// # Panics
    /// As [`Writer::start`].
    pub fn start_with(
        log: Box<dyn Log>,
        clock: Arc<dyn Clock>,
        config: WriterConfig,
        sink: Sender<Entry>,
        duties: Duties,
    ) -> WriterHandle {
        let (inbox, messages) = bounded(config.queue.max(1));
        let failure = Arc::new(OnceLock::new());
        let reader = log.reader();
        let idle_since_ms = clock.now_ms().max(reader.last().1);
        let work = Work {
            log,
            reader: reader.clone(),
            clock,
            config,
            messages,
            sink,
            failure: failure.clone(),
            idle_since_ms,
            last_group: 0,
            identities: duties.identities,
            cuts: duties.cuts,
            cut_to: 0,
        };
        let thread = std::thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || work.run())
            .expect("the system starts threads while the shop opens");
        WriterHandle { inbox, reader, failure, thread: Mutex::new(Some(thread)) }
    }
}

/// The way to the writer; shared by reference among threads. Dropping it closes the writer.
pub struct WriterHandle {
    inbox: Sender<Message>,
    reader: LogReader,
    failure: Arc<OnceLock<SubmitError>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl WriterHandle {
    /// Hands in `submission`; blocks while the queue is full. Errors come with the ticket.
    pub fn submit(&self, submission: Submission) -> Ticket {
        let (reply, ticket) = bounded(1);
        let problem = check_lengths(&submission).err().or_else(|| self.failed());
        if let Some(problem) = problem {
            let _ = reply.send(Err(problem));
        } else if let Err(SendError(Message::Submit(_, reply))) = self.inbox.send(Message::Submit(submission, reply)) {
            let _ = reply.send(Err(SubmitError::Closed));
        }
        Ticket(ticket)
    }

    /// Forgets the entries before `seq`, behind everything submitted before; see [`Log::cut_before`].
    ///
    /// # Errors
    /// [`SubmitError::Failed`] and [`SubmitError::Closed`].
    pub fn cut_before(&self, seq: Seq) -> Result<(), SubmitError> {
        self.order(|reply| Order::Cut(seq, reply)).wait()
    }

    /// What goes by the person of a name; `None` when nothing does.
    pub fn find_person(&self, whose: Whose) -> Asked<Option<Person>> {
        self.order(|reply| Order::Find(whose, reply))
    }

    /// Appends that the person of a name was erased, then destroys the way from the name; both are durable when
    /// it is answered. `None` when nothing goes by the name. After an error ask again.
    pub fn erase_person(&self, whose: Whose) -> Asked<Option<(Person, Appended)>> {
        self.order(|reply| Order::Erase(whose, reply))
    }

    fn order<T>(&self, order: impl FnOnce(Reply<T, SubmitError>) -> Order) -> Asked<T> {
        let (reply, answer) = bounded(1);
        // A writer that has ended drops the reply, which is an answer.
        drop(self.inbox.send(Message::Other(order(reply))));
        Asked(answer)
    }

    /// A reader of the log.
    pub fn reader(&self) -> LogReader {
        self.reader.clone()
    }

    /// Why the writer takes nothing any more, if so.
    pub fn failed(&self) -> Option<SubmitError> {
        self.failure.get().cloned()
    }

    /// Writes what was submitted before, then ends the thread and closes the log. Later submissions are refused.
    /// The sink must still be drained by someone.
    pub fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = self.inbox.send(Message::Close);
            if thread.join().is_err() {
                tracing::error!("the log's writer panicked");
            }
        }
    }
}

impl Drop for WriterHandle {
    fn drop(&mut self) {
        self.close();
    }
}

fn check_lengths(submission: &Submission) -> Result<(), SubmitError> {
    let key_bytes = submission.idempotency_key.as_ref().map_or(0, String::len);
    for (field, bytes, limit) in
        [("actor", submission.actor.len(), ACTOR_BYTES_MAX), ("idempotency_key", key_bytes, IDEMPOTENCY_KEY_BYTES_MAX)]
    {
        if bytes > limit {
            return Err(SubmitError::TooLong { field, bytes, limit });
        }
    }
    Ok(())
}

/// The writer's thread.
struct Work {
    log: Box<dyn Log>,
    reader: LogReader,
    clock: Arc<dyn Clock>,
    config: WriterConfig,
    messages: Receiver<Message>,
    sink: Sender<Entry>,
    failure: Arc<OnceLock<SubmitError>>,
    /// Log time since which nothing was written.
    idle_since_ms: TimeMs,
    /// Submissions in the last group.
    last_group: usize,
    identities: Option<Identities>,
    cuts: Receiver<Seq>,
    /// Entries before this one are to be forgotten.
    cut_to: Seq,
}

/// Why the thread stops gathering.
enum After {
    Continue,
    Other(Order),
    Close,
}

enum Wake {
    Message(Message),
    CutTo(Seq),
    NoCuts,
    Idle,
    Close,
}

impl Work {
    fn run(mut self) {
        loop {
            let after = match self.sleep() {
                Wake::Message(first) => {
                    let (group, after) = self.gather(first);
                    self.last_group = group.len();
                    self.commit(group);
                    after
                }
                Wake::Idle => {
                    self.tick();
                    After::Continue
                }
                Wake::CutTo(seq) => {
                    self.cut_to = self.cut_to.max(seq);
                    After::Continue
                }
                Wake::NoCuts => {
                    // Whoever asked for cuts has ended.
                    self.cuts = crossbeam_channel::never();
                    After::Continue
                }
                Wake::Close => After::Close,
            };
            match after {
                After::Continue => {}
                After::Other(order) => self.obey(order),
                After::Close => return self.drain(),
            }
            self.cut_slice();
        }
    }

    fn sleep(&self) -> Wake {
        if self.failure.get().is_some() {
            return self.messages.recv().map_or(Wake::Close, Wake::Message);
        }
        if self.cut_to > 0 {
            // The next slice goes as soon as nobody waits.
            return match self.messages.try_recv() {
                Ok(message) => Wake::Message(message),
                Err(TryRecvError::Empty) => Wake::CutTo(self.cut_to),
                Err(TryRecvError::Disconnected) => Wake::Close,
            };
        }
        let idle = self.clock.alarm(self.idle_since_ms.saturating_add(self.config.tick_ms.max(1)));
        select! {
            recv(self.messages) -> message => message.map_or(Wake::Close, Wake::Message),
            recv(self.cuts) -> seq => seq.map_or(Wake::NoCuts, Wake::CutTo),
            recv(idle) -> _ => Wake::Idle,
        }
    }

    /// Takes `first` and what else waits or is likely to come. Anything but a submission ends the group.
    fn gather(&self, first: Message) -> (Vec<Request>, After) {
        let mut group = Vec::new();
        let mut next = Some(first);
        let deadline = Instant::now() + self.config.group_commit;
        let limit = self.config.group_entries.max(1);
        while let Some(message) = next.take().or_else(|| self.next_of_group(&group, deadline)) {
            match message {
                Message::Submit(submission, reply) => group.push(Request { submission, reply }),
                Message::Other(order) => return (group, After::Other(order)),
                Message::Close => return (group, After::Close),
            }
            if group.len() >= limit {
                break;
            }
        }
        (group, After::Continue)
    }

    fn next_of_group(&self, group: &[Request], deadline: Instant) -> Option<Message> {
        if let Ok(message) = self.messages.try_recv() {
            return Some(message);
        }
        let others_are_likely = self.last_group > 1 && group.len() < self.last_group;
        match others_are_likely.then(|| self.messages.recv_deadline(deadline)) {
            Some(Ok(message)) => Some(message),
            Some(Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)) | None => None,
        }
    }

    /// Appends a group, hands its entries on, resolves its tickets.
    fn commit(&mut self, group: Vec<Request>) {
        if let Some(failure) = self.failure.get() {
            for request in group {
                let _ = request.reply.send(Err(failure.clone()));
            }
            return;
        }
        let mut plan = self.plan(group);
        // The way from a name to an entry is durable before the entry is.
        if let Some(identities) = &mut self.identities {
            if let Err(error) = identities.sync() {
                return plan.fail(&self.poison(SubmitError::Failed(Arc::new(AppendError::Identity(error)))));
            }
            identities.publish();
        }
        while !plan.entries.is_empty() {
            let Err(error) = self.log.append(&plan.entries) else { break };
            match error.culprit() {
                Some(seq) => plan.refuse(seq, Arc::new(error)),
                None => return plan.fail(&self.poison(SubmitError::Failed(Arc::new(error)))),
            }
        }
        if let Some(newest) = plan.entries.last() {
            self.idle_since_ms = newest.time_ms;
        }
        let places: Vec<_> = plan.entries.iter().map(|entry| (entry.seq, entry.time_ms)).collect();
        for entry in plan.entries {
            if self.sink.send(entry).is_err() {
                // The group itself is durable and acknowledged.
                self.poison(SubmitError::Unfolded);
                break;
            }
        }
        for (reply, place) in plan.waiting {
            let appended = match place {
                Place::New(at) => Appended { seq: places[at].0, time_ms: places[at].1, repeated: false },
                Place::Same(at) => Appended { seq: places[at].0, time_ms: places[at].1, repeated: true },
                Place::Known(seq, time_ms) => Appended { seq, time_ms, repeated: true },
            };
            // The submitter may have stopped waiting.
            let _ = reply.send(Ok(appended));
        }
    }

    /// Gives every new submission of the group its sequence and time, and finds the repeated ones.
    fn plan(&mut self, group: Vec<Request>) -> Plan {
        let (last_seq, last_ms) = self.reader.last();
        // The clock may have been set back; the log's time is never.
        let time_ms = self.clock.now_ms().max(last_ms);
        let mut plan = Plan { first: last_seq + 1, entries: Vec::new(), waiting: Vec::new() };
        let mut keys: HashMap<String, usize> = HashMap::new();
        for Request { mut submission, reply } in group {
            if let Some(identities) = &self.identities {
                let key = submission.idempotency_key.take();
                submission.idempotency_key = key.map(|key| identities.seal_key(&submission.body, key));
            }
            let known = match &submission.idempotency_key {
                None => Ok(None),
                Some(key) => match keys.get(key) {
                    Some(at) => Ok(Some(Place::Same(*at))),
                    None => self.reader.find_key(key, time_ms).map(|found| found.map(|(s, t)| Place::Known(s, t))),
                },
            };
            match known {
                Ok(Some(place)) => plan.waiting.push((reply, place)),
                Ok(None) => {
                    let at = plan.entries.len();
                    let Submission { actor, idempotency_key, mut body } = submission;
                    self.identities.iter_mut().for_each(|identities| identities.seal(&mut body, time_ms));
                    keys.extend(idempotency_key.clone().map(|key| (key, at)));
                    plan.entries.push(Entry { seq: plan.first + at as Seq, time_ms, actor, idempotency_key, body });
                    plan.waiting.push((reply, Place::New(at)));
                }
                Err(error) => {
                    let _ = reply.send(Err(SubmitError::Lookup(Arc::new(error))));
                }
            }
        }
        plan
    }

    fn tick(&mut self) {
        // Nobody waits for a tick; its failure shows to the next submitter.
        let (reply, _) = bounded(1);
        let submission = Submission { actor: "system".into(), idempotency_key: None, body: Body::Tick };
        self.commit(vec![Request { submission, reply }]);
    }

    fn obey(&mut self, order: Order) {
        // Whoever asked may have stopped waiting.
        match order {
            Order::Cut(seq, reply) => drop(reply.send(self.cut(seq))),
            Order::Find(whose, reply) => {
                let find = |ids: &Identities| ids.person(whose.kind, &whose.name, &*whose.is_signed_in);
                drop(reply.send(Ok(self.identities.as_ref().and_then(find))));
            }
            Order::Erase(whose, reply) => drop(reply.send(self.erase(&whose))),
        }
    }

    /// First the entry, then the rows: whatever breaks off in between, the name is still known and the erasure can
    /// be asked for again.
    fn erase(&mut self, whose: &Whose) -> Result<Option<(Person, Appended)>, SubmitError> {
        let find = |ids: &Identities| ids.person(whose.kind, &whose.name, &*whose.is_signed_in);
        let Some(person) = self.identities.as_ref().and_then(find) else { return Ok(None) };
        let (reply, ticket) = bounded(1);
        let body = Body::Erased { visitors: person.visitors.clone(), customers: person.customers.clone() };
        let submission = Submission { actor: "system".into(), idempotency_key: None, body };
        self.commit(vec![Request { submission, reply }]);
        let appended = ticket.try_recv().unwrap_or(Err(SubmitError::Closed))?;
        let destroyed =
            self.identities.as_mut().map(|ids| ids.destroy(whose.kind, &whose.name, &*whose.is_signed_in)).transpose();
        match destroyed {
            Ok(_) => Ok(Some((person, appended))),
            Err(error) => Err(self.poison(SubmitError::Failed(Arc::new(AppendError::Identity(error))))),
        }
    }

    /// Forgets some of what is to be forgotten.
    fn cut_slice(&mut self) {
        if self.cut_to == 0 || self.failure.get().is_some() {
            return;
        }
        let to = match self.reader.first() {
            Ok(first) => self.cut_to.min(first.saturating_add(LOG_CUT_ENTRIES_MAX)),
            // A file that cannot be read shows to whoever reads it; it is not cut.
            Err(_) => return self.cut_to = 0,
        };
        if self.cut(to).is_err() || to == self.cut_to {
            self.cut_to = 0;
        }
    }

    fn cut(&mut self, seq: Seq) -> Result<(), SubmitError> {
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone());
        }
        self.log.cut_before(seq).map_err(|error| self.poison(SubmitError::Failed(Arc::new(error))))
    }

    /// Takes nothing any more, because of the first failure.
    fn poison(&self, failure: SubmitError) -> SubmitError {
        tracing::error!(error = ?failure, "the log takes no entry until it is opened again");
        self.failure.get_or_init(|| failure).clone()
    }

    /// Writes what was submitted before the close.
    fn drain(&mut self) {
        self.last_group = 0;
        while let Ok(message) = self.messages.try_recv() {
            let (group, after) = self.gather(message);
            self.commit(group);
            if let After::Other(order) = after {
                self.obey(order);
            }
        }
    }
}

struct Request {
    submission: Submission,
    reply: Reply<Appended, SubmitError>,
}

/// A group with its sequences given out.
struct Plan {
    first: Seq,
    entries: Vec<Entry>,
    waiting: Vec<(Reply<Appended, SubmitError>, Place)>,
}

/// Where a submission of the group stands.
enum Place {
    /// It is this entry of the group.
    New(usize),
    /// It repeats this entry of the group.
    Same(usize),
    /// It repeats an older entry.
    Known(Seq, TimeMs),
}

impl Plan {
    /// Tells every submitter that nothing of the group is acknowledged.
    fn fail(self, failure: &SubmitError) {
        for (reply, _) in self.waiting {
            let _ = reply.send(Err(failure.clone()));
        }
    }

    /// Takes the entry `seq` out, tells its submitters why, and closes the gap.
    fn refuse(&mut self, seq: Seq, cause: Arc<AppendError>) {
        let out = usize::try_from(seq - self.first).expect("a culprit is an entry of the group");
        self.entries.remove(out);
        for (entry, seq) in self.entries.iter_mut().zip(self.first..) {
            entry.seq = seq;
        }
        self.waiting.retain_mut(|(reply, place)| match place {
            Place::New(at) | Place::Same(at) if *at == out => {
                let _ = reply.send(Err(SubmitError::Refused(cause.clone())));
                false
            }
            Place::New(at) | Place::Same(at) => {
                *at -= usize::from(*at > out);
                true
            }
            Place::Known(..) => true,
        });
    }
}

#[cfg(test)]
mod tests;
