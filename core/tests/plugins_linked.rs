//! Can several plugins be linked into one executable?
//!
//! Benches and tests call plugins in process. This test exports a plugin of its own and links another one, each
//! with its entry symbol and its record, and lets both rank in one set.

#![forbid(unsafe_code)]

use planogram_abi::export::linked;
use planogram_abi::{
    Call, CallHost, Candidate, Combine, ConditionId, Contribution, Epoch, ListKind, LogLevel, Outcome, Phase, Plugin,
    PrepareHost, Request, ScoreBatch, export_plugin,
};
use planogram_core::host::{Attempt, CallContext, Host, HostConfig};

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

    let request = Request {
        kind: ListKind::Category,
        text: "",
        store_view: "default",
        locale: "en-US",
        category: "Men",
        unit: "",
        unit_type: "",
        page_type: "",
        customer_group: "",
        audiences: &[],
        anchors: &[],
        cart: &[],
        recent: &[],
        purchased: &[],
        now_ms: 0,
        seed: 0,
        explicit_sort: false,
        warmth: planogram_abi::Warmth::None,
    };
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
