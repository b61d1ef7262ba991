//! Can several plugins be linked into one executable?
//!
//! Benches and tests call plugins in process. This test exports a plugin of its own and links another one, each
//! with its entry symbol and its record, and lets both rank in one set. Another one of its own gets stuck wherever it
//! is told to, while no request waits for it.

#![forbid(unsafe_code)]

use std::sync::Arc;

use planogram_abi::export::linked;
use planogram_abi::{
    Call, CallHost, Candidate, Combine, ConditionId, ConfigKind, Contribution, Document, Epoch, EventBatch, ListKind,
    LogLevel, Observer, Outcome, Phase, Plugin, PrepareHost, Problem, Request, ScoreBatch, export_plugin,
};
use planogram_core::host::{Attempt, CallContext, EventColumns, Host, HostConfig};

/// Adds the item id.
struct ById;

impl Plugin for ById {
    const NAME: &'static str = "by-id";
    type Prepared = ();

    fn configure(_settings: &str) -> Outcome<Self> {
        Ok(Self)
    }

    fn contributions(&self) -> Vec<Contribution<()>> {
        let reads: [&str; 0] = [];
        let scorer = Contribution::scorer("id", Phase::Window, &reads, &[("id", Combine::Add)], score);
        vec![scorer.on(&[ListKind::Category])]
    }

    fn prepare(&self, _epoch: &Epoch<'_>, _previous: Option<&()>) -> Outcome<()> {
        Ok(())
    }
}

fn score(_: &(), _: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    for (out, item) in batch.out[0].iter_mut().zip(batch.items) {
        *out = *item as f32;
    }
    Ok(())
}

export_plugin!(ById);

struct Kernel;

impl PrepareHost for Kernel {
    fn compile(&self, _condition: &str) -> Outcome<ConditionId> {
        Ok(ConditionId(0))
    }
    fn log(&self, _level: LogLevel, _message: &str) {}
}

impl CallHost for Kernel {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        vec![None; skus.len()]
    }
    fn test(&self, _condition: ConditionId, items: &[u32]) -> Vec<bool> {
        vec![false; items.len()]
    }
    fn retrieve(&self, _source: &str, _anchors: &[u32], _k: usize) -> Outcome<Vec<Candidate>> {
        Ok(Vec::new())
    }
    fn analyze(&self, _text: &str) -> Vec<String> {
        Vec::new()
    }
    fn log(&self, _level: LogLevel, _message: &str) {}
}

#[test]
fn two_linked_plugins_rank_in_one_set() {
    let private = tempfile::tempdir().unwrap();
    let (host, problems) = Host::open(HostConfig::new(private.path().to_owned(), Vec::new(), Vec::new()));
    assert_eq!(problems, []);
    host.link("by-id", linked::<ById>(), "{}").unwrap();
    host.link("faulty", linked::<planogram_faulty::Faulty>(), "{}").unwrap();
    let (set, failures) = host.prepare(&[], 1, &Kernel, None);
    assert_eq!(failures, []);
    let labels = |list, phase| set.scorers(list, phase).map(|slot| slot.label().to_owned()).collect::<Vec<_>>();
    assert_eq!(labels(ListKind::Category, Phase::Window), ["by-id/id"]);
    assert_eq!(labels(ListKind::Search, Phase::Window), [""; 0]);
    assert_eq!(labels(ListKind::Category, Phase::All), ["faulty/score"]);

    let request = Request { category: "Men", ..Request::plain(ListKind::Category) };
    let attempt = Attempt::inline();
    let ctx = CallContext { request, host: &Kernel, attempt: &attempt, n_items: 10 };
    let mut out = [Vec::new()];
    let by_id = set.scorers(ListKind::Category, Phase::Window).next().unwrap();
    by_id.score(&ctx, &[3, 5], &[], &mut out).unwrap();
    assert_eq!(out[0], [3.0, 5.0]);
    let by_price = set.scorers(ListKind::Category, Phase::All).next().unwrap();
    by_price.score(&ctx, &[3, 5], &[&[1.5, 2.5]], &mut out).unwrap();
    assert_eq!(out[0], [1.5, 2.5]);
}

/// Never returns from a call that it is told to get stuck in.
struct Sticky;

fn get_stuck(json: &str, word: &str) {
    while json.contains(word) {
        std::thread::park();
    }
}

/// Gets stuck over an event of kind 99.
struct StickyObserver;

impl Observer for StickyObserver {
    fn fold(&mut self, events: &EventBatch<'_>) -> Outcome {
        get_stuck(if events.kinds.contains(&99) { "fold" } else { "" }, "fold");
        Ok(())
    }
    fn freeze(&self) -> Vec<(String, Vec<f32>)> {
        vec![("one".to_owned(), vec![1.0])]
    }
    fn save(&self) -> Vec<u8> {
        vec![1]
    }
    fn load(&mut self, _bytes: &[u8]) -> Outcome {
        Ok(())
    }
}

impl Plugin for Sticky {
    const NAME: &'static str = "sticky";
    type Prepared = usize;

    fn configure(_settings: &str) -> Outcome<Self> {
        Ok(Self)
    }

    fn contributions(&self) -> Vec<Contribution<usize>> {
        vec![Contribution::observer("learn", || Box::new(StickyObserver))]
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        vec![ConfigKind { name: "glue".into(), schema: "{}".into() }]
    }

    fn validate(&self, document: &Document<'_>, _others: &[Document<'_>]) -> Vec<Problem> {
        get_stuck(document.json, "validate");
        Vec::new()
    }

    fn prepare(&self, epoch: &Epoch<'_>, _previous: Option<&usize>) -> Outcome<usize> {
        epoch.documents.iter().for_each(|document| get_stuck(document.json, "prepare"));
        Ok(epoch.documents.len())
    }
}

#[test]
fn a_plugin_that_gets_stuck_off_the_request_path_is_refused_and_counted() {
    let private = tempfile::tempdir().unwrap();
    // Long enough for a call that returns on a busy machine.
    let control = std::time::Duration::from_secs(2);
    let config = HostConfig { control, ..HostConfig::new(private.path().to_owned(), Vec::new(), Vec::new()) };
    let (host, _) = Host::open(config);
    host.link("sticky", linked::<Sticky>(), "{}").unwrap();
    let document = |json| {
        let (from_ms, until_ms) = (i64::MIN, i64::MAX);
        Document { kind: "glue", scope: "", id: "a", revision: 1, seq: 1, from_ms, until_ms, json }
    };
    let (good, failures) = host.prepare(&[document("{}")], 1, &Kernel, None);
    assert_eq!(failures, []);
    assert_eq!(host.validate(&document("{}"), &[document("{}")]), []);
    assert_eq!(host.threads_lost(), 0);

    let problems = host.validate(&document("\"validate\""), &[]);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "plugin `sticky` could not judge it: validate did not return within 2000 ms");
    assert_eq!(host.threads_lost(), 1);

    let (kept, failures) = host.prepare(&[document("\"prepare\"")], 2, &Kernel, Some(&good));
    assert_eq!(failures.len(), 1);
    assert!(failures[0].1.0.contains("prepare did not return within 2000 ms"), "{failures:?}");
    assert_eq!(kept.infos()[0].state, "running", "the state of the epoch before is kept");
    assert_eq!(host.threads_lost(), 2);

    let mut observer = host.observers().remove(0);
    let fold = |observer: &mut planogram_core::host::ObserverSlot, kind: u32| {
        let (seqs, times_ms, items) = (vec![1], vec![1], vec![0]);
        let (sessions, visitors, quantities) = (vec![1], vec![1], vec![1.0]);
        let events = EventColumns { seqs, times_ms, kinds: vec![kind], items, sessions, visitors, quantities };
        observer.fold(&Arc::new(events))
    };
    fold(&mut observer, 1).unwrap();
    assert_eq!(observer.freeze(1).unwrap(), [("sticky/one".to_owned(), vec![1.0])]);
    let fault = fold(&mut observer, 99).unwrap_err();
    assert_eq!((fault.reason.word(), fault.detail.as_str()), ("late", "fold did not return within 2000 ms"));
    assert!(!observer.works());
    // It is not waited for again.
    assert!(observer.save().is_err());
    assert_eq!(host.threads_lost(), 3);
    assert_eq!(kept.infos()[0].faults["late"], 4);

    // What does not get stuck works as before.
    assert_eq!(host.validate(&document("{}"), &[]), []);
    assert!(host.observers().remove(0).works());
}
