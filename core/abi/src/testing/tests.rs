//! Do the kit, the shims and the host's wrappers carry everything across, and stop what must not pass?

use super::*;
use crate::limits;
use crate::names::{column, name};

/// Uses every corner of the contract; `fault` chooses what it does wrong.
struct Corner {
    fault: String,
}

struct State {
    fault: String,
    cheap: Option<ConditionId>,
    documents: usize,
    previous: usize,
}

impl Plugin for Corner {
    const NAME: &'static str = "corner";
    type Prepared = State;

    fn configure(settings: &str) -> Outcome<Self> {
        match settings {
            "panic" => panic!("bad settings"),
            "" => Err(Failure("settings: expected JSON, got nothing".to_owned())),
            fault => Ok(Self { fault: fault.to_owned() }),
        }
    }

    fn contributions(&self) -> Vec<Contribution<State>> {
        vec![
            Contribution::rewriter("synonyms", rewrite).on(&[ListKind::Search]),
            Contribution::retriever("bought", retrieve).on(&[ListKind::Recommendation]),
            Contribution::scorer(
                "price",
                Phase::Window,
                &[column::PRICE, column::VIEWS[0]],
                &[("cheap", Combine::Add), ("seen", Combine::Factor)],
                score,
            ),
            Contribution::reranker("last-first", 24, &[column::PRICE], rerank),
            Contribution::observer("count", || Box::new(Count::default())),
        ]
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        vec![ConfigKind { name: "corner-rules".to_owned(), schema: "{}".to_owned() }]
    }

    fn questions(&self) -> Vec<Question> {
        let (kind, name) = ("corner-rules".to_owned(), "which".to_owned());
        vec![Question { kind, name, about: "which document is first".to_owned() }]
    }

    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        let known = others.iter().filter(|other| other.id == document.id).count();
        vec![Problem::new("/a", format!("{} of {known}", document.json), "nothing")]
    }

    fn prepare(&self, epoch: &Epoch<'_>, previous: Option<&State>) -> Outcome<State> {
        let cheap = match epoch.documents.first() {
            Some(document) => Some(epoch.host.compile(document.json)?),
            None => None,
        };
        epoch.host.log(LogLevel::Info, "prepared");
        let previous = previous.map_or(0, |state| state.documents + 1);
        Ok(State { fault: self.fault.clone(), cheap, documents: epoch.documents.len(), previous })
    }

    fn ask(&self, state: &State, call: &Call<'_>, question: &str, argument: &str) -> Outcome<String> {
        let first = call.resolve_one("a");
        let known = call.host.knows(name::STORE_VIEW, &["uk", "ü", "fr"])?;
        Ok(format!("{question} {argument} {first:?} {} {} {known:?}", state.documents, state.previous))
    }
}

fn rewrite(state: &State, call: &Call<'_>, rewrite: &mut Rewrite) -> Outcome {
    let alternative = |text: &str, weight| Alternative { text: text.to_owned(), weight, prefix: true };
    match state.fault.as_str() {
        "empty-group" => rewrite.query.groups.push(TermGroup::default()),
        "weight" => rewrite.query.groups[0].alternatives.push(alternative("x", 1.5)),
        "groups" => rewrite.query.groups = vec![TermGroup { alternatives: vec![alternative("x", 1.0)] }; 65],
        "boost" => {
            let verb = Verb::Boost { factor: f32::INFINITY };
            rewrite.acts.push(Act { verb, target: Target::Items(vec![0]), reason: String::new() });
        }
        _ => {
            for group in &mut rewrite.query.groups {
                group.alternatives.push(alternative("ünïcode ✓", 0.5));
            }
            if call.request.audiences.contains(&"vip") {
                rewrite.query.redirect = Some("/vip".to_owned());
            }
            if let Some(cheap) = state.cheap {
                let reason = format!("{} at {}", call.request.text, call.request.now_ms);
                rewrite.acts.push(Act { verb: Verb::Filter, target: Target::Matching(cheap), reason });
            }
        }
    }
    Ok(())
}

fn retrieve(state: &State, call: &Call<'_>, k: usize) -> Outcome<Vec<Candidate>> {
    if state.fault == "too-many" {
        return Ok(vec![Candidate { item: 0, score: 0.0 }; k + 1]);
    }
    let mut found = call.host.retrieve("co-bought", call.request.anchors, k)?;
    if let Some(cheap) = state.cheap {
        call.host.confine("the cheap", cheap, call.request.anchors)?;
        let items: Vec<u32> = found.iter().map(|candidate| candidate.item).collect();
        let mut keep = call.host.test(cheap, &items).into_iter();
        found.retain(|_| keep.next().unwrap_or(false));
    }
    Ok(found)
}

fn score(state: &State, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    match state.fault.as_str() {
        "panic-str" => panic!("no price"),
        "panic-string" => panic!("no price of {} items", batch.items.len()),
        "panic-payload" => std::panic::panic_any(DropBomb),
        "error" => return Err(Failure("the model is missing".to_owned())),
        _ => {}
    }
    call.host.log(LogLevel::Debug, "scoring");
    let ScoreBatch { columns, out, .. } = batch;
    for (row, price) in columns[0].iter().enumerate() {
        out[0][row] = if price.is_nan() { -1.0 } else { 1.0 / (1.0 + price) };
        out[1][row] = if columns[1][row] > 0.0 { 2.0 } else { 1.0 };
    }
    Ok(())
}

/// A panic payload whose drop panics.
struct DropBomb;

impl Drop for DropBomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("again");
        }
    }
}

fn rerank(state: &State, _: &Call<'_>, list: RankedList<'_>) -> Outcome<Vec<Act>> {
    let verb = if state.fault == "set-act" { Verb::Hide } else { Verb::Pin { position: 0 } };
    let last = list.items.last().copied().into_iter().collect();
    let act = Act { verb, target: Target::Items(last), reason: "last first".to_owned() };
    let raise = Act { verb: Verb::Raise, target: Target::Items(list.items.to_vec()), reason: String::new() };
    Ok(vec![act, raise])
}

#[derive(Default)]
struct Count(Vec<f32>);

impl Observer for Count {
    fn fold(&mut self, events: &EventBatch<'_>) -> Outcome {
        for (&item, &quantity) in events.items.iter().zip(events.quantities) {
            let index = item as usize;
            self.0.resize(self.0.len().max(index + 1), 0.0);
            self.0[index] += quantity;
        }
        Ok(())
    }

    fn freeze(&self) -> Vec<(String, Vec<f32>)> {
        vec![("count".to_owned(), self.0.clone())]
    }

    fn save(&self) -> Vec<u8> {
        self.0.iter().flat_map(|count| count.to_le_bytes()).collect()
    }

    fn load(&mut self, bytes: &[u8]) -> Outcome {
        self.0 = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok(())
    }
}

fn shop() -> Shop {
    Shop::new()
        .item("a", &[("price", 1.0), ("views.24h", 3.0)])
        .item("b", &[("price", 3.0)])
        .item("c", &[])
        .source_of("co-bought", "a", &[("b", 2.0), ("c", 3.0)])
        .condition(r#"{"price": {"to": 2}}"#, &["a", "c"])
        .unknown(name::STORE_VIEW, "ü")
}

fn harness(fault: &str) -> Harness<Corner> {
    Harness::new(fault, shop()).unwrap()
}

#[test]
fn a_description_crosses_the_wall() {
    let harness = harness("none");
    let description = harness.description();
    let words: Vec<_> = description.contributions.iter().map(|c| (c.role.word(), c.name.as_str())).collect();
    let expected = [
        ("rewriter", "synonyms"),
        ("retriever", "bought"),
        ("scorer", "price"),
        ("reranker", "last-first"),
        ("observer", "count"),
    ];
    assert_eq!(words, expected);
    assert!(description.contributions[0].takes_part_in(ListKind::Search));
    assert!(!description.contributions[0].takes_part_in(ListKind::Category));
    assert!(description.contributions[2].takes_part_in(ListKind::Category));
    assert_eq!(description.kinds[0].name, "corner-rules");
    assert_eq!(description.questions[0].about, "which document is first");
}

#[test]
fn a_query_and_its_acts_cross_the_wall() {
    let mut harness = harness("none");
    harness.put("corner-rules", "cheap", r#"{"price":{"to":2}}"#).unwrap();
    let mut asked = Asked::search("Red Shoes");
    asked.audiences = vec!["new".to_owned(), "vip".to_owned()];
    let rewrite = harness.rewrite("synonyms", &asked).unwrap();
    assert_eq!(rewrite.query.groups.len(), 2);
    assert_eq!(rewrite.query.groups[1].alternatives[0].text, "shoes");
    assert_eq!(rewrite.query.groups[1].alternatives[1].text, "ünïcode ✓");
    assert_eq!(rewrite.query.redirect.as_deref(), Some("/vip"));
    assert_eq!(rewrite.acts[0].target, Target::Matching(ConditionId(0)));
    assert_eq!(rewrite.acts[0].reason, "Red Shoes at 1700000000000");
}

#[test]
fn the_host_is_reached_from_a_call() {
    let mut harness = harness("none");
    let asked = Asked::unit("bought", &["a"]);
    let both = [("c".to_owned(), 3.0), ("b".to_owned(), 2.0)];
    assert_eq!(harness.retrieve("bought", &asked, 10).unwrap(), both);
    assert_eq!(harness.retrieve("bought", &asked, 1).unwrap(), both[..1]);
    harness.put("corner-rules", "cheap", r#"{"price": {"to": 2}}"#).unwrap();
    assert_eq!(harness.retrieve("bought", &asked, 10).unwrap(), both[..1]);
    let confined = (ConditionId(0), vec!["a".to_owned()]);
    assert_eq!(harness.shop().confined().get("the cheap"), Some(&confined));
    assert!(harness.shop().logged().contains(&(LogLevel::Info, "prepared".to_owned())));
}

#[test]
fn columns_cross_in_both_directions() {
    let columns = harness("none").score("price", &Asked::search("x"), &["c", "a", "b"]).unwrap();
    let expected = [("cheap".to_owned(), vec![-1.0, 0.5, 0.25]), ("seen".to_owned(), vec![1.0, 2.0, 1.0])];
    assert_eq!(columns, expected);
    let empty = harness("none").score("price", &Asked::search("x"), &[]).unwrap();
    assert!(empty.iter().all(|(_, column)| column.is_empty()));
}

#[test]
fn order_acts_cross_the_wall() {
    let acts = harness("none").rerank("last-first", &Asked::category("Men"), &[("a", 2.0), ("b", 1.0)]).unwrap();
    assert_eq!(acts[0].target, Target::Items(vec![1]));
    assert_eq!((&acts[0].verb, &acts[1].verb), (&Verb::Pin { position: 0 }, &Verb::Raise));
}

#[test]
fn documents_and_answers_cross_the_wall() {
    let mut harness = harness("none");
    harness.put("corner-rules", "one", r#"{"price": {"to": 2}}"#).unwrap();
    let problems = harness.validate("corner-rules", "one", "{\"é\": 1}").unwrap();
    assert_eq!(problems, [Problem::new("/a", "{\"é\": 1} of 1", "nothing")]);
    let answer = harness.ask(&Asked::search("x"), "which", "[1]").unwrap();
    assert_eq!(answer, "which [1] Some(0) 1 1 [true, false, true]");
}

#[test]
fn a_refused_epoch_leaves_the_old_state() {
    let mut harness = harness("none");
    let refused = harness.put("corner-rules", "one", "{\"unknown\": 1}").unwrap_err();
    let expected = "condition {\"unknown\": 1} was not declared in the test shop";
    assert_eq!(refused, CallError::Failed(expected.to_owned()));
    assert_eq!(harness.ask(&Asked::search("x"), "which", "0").unwrap(), "which 0 Some(0) 0 0 [true, false, true]");
}

#[test]
fn learned_state_survives_saving() {
    let harness = harness("none");
    let mut observer = harness.observer("count").unwrap();
    let events = EventBatch {
        seqs: &[1, 1],
        times_ms: &[5, 6],
        kinds: &[2, 8],
        items: &[1, 1],
        sessions: &[7, 7],
        visitors: &[9, 9],
        quantities: &[1.0, 2.5],
    };
    observer.fold(&events).unwrap();
    let saved = observer.save().unwrap();
    let mut restored = harness.observer("count").unwrap();
    restored.load(&saved).unwrap();
    assert_eq!(restored.freeze().unwrap(), [("count".to_owned(), vec![0.0, 3.5])]);
}

#[test]
fn settings_that_fail_say_why() {
    let failed = Harness::<Corner>::new("", shop()).err();
    assert_eq!(failed, Some(CallError::Failed("settings: expected JSON, got nothing".to_owned())));
    let panicked = Harness::<Corner>::new("panic", shop()).err();
    assert_eq!(panicked, Some(CallError::Panicked("bad settings".to_owned())));
}

/// What a scorer with a fault ends in.
fn check_score(fault: &str, expected: CallError) {
    let found = harness(fault).score("price", &Asked::search("x"), &["a"]).unwrap_err();
    assert_eq!(found, expected, "{fault}");
}

#[test]
fn a_panic_stops_at_the_wall_with_its_message() {
    check_score("panic-str", CallError::Panicked("no price".to_owned()));
    check_score("panic-string", CallError::Panicked("no price of 1 items".to_owned()));
    check_score("panic-payload", CallError::Panicked("a value that is no text".to_owned()));
    check_score("error", CallError::Failed("the model is missing".to_owned()));
}

/// Part of the message of what is refused.
fn check_refused(outcome: Result<impl Debug, CallError>, expected: &str) {
    match outcome {
        Err(CallError::BadOutput(message)) => assert!(message.contains(expected), "{message}"),
        other => panic!("expected a refusal with `{expected}`, got {other:?}"),
    }
}

#[test]
fn what_breaks_the_contract_is_refused() {
    let rewrite = |fault: &str| harness(fault).rewrite("synonyms", &Asked::search("red"));
    check_refused(rewrite("empty-group"), "term group 1 has no alternatives");
    check_refused(rewrite("weight"), "weight of `x` is 1.5, must be in (0, 1]");
    check_refused(rewrite("groups"), &format!("more than {} term groups", limits::GROUPS_MAX));
    check_refused(rewrite("boost"), "factor of a boost is inf");
    let retrieved = harness("too-many").retrieve("bought", &Asked::unit("bought", &["a"]), 3);
    check_refused(retrieved, "4 candidates, at most 3 were asked for");
    let reranked = harness("set-act").rerank("last-first", &Asked::category(""), &[("a", 1.0)]);
    check_refused(reranked, "an act that changes no order is not expected from this function");
}

#[test]
fn calls_may_run_at_once() {
    let harness = harness("none");
    let asked = Asked::search("x");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let columns = harness.score("price", &asked, &["a", "b"]).unwrap();
                    assert_eq!(columns[0].1, [0.5, 0.25]);
                }
            });
        }
    });
}

#[test]
fn an_index_of_another_role_is_a_failure() {
    let harness = harness("none");
    asked_plainly(&harness, |request| {
        let failed = harness.through.retrieve(0, request, &harness.shop, 1).unwrap_err();
        assert_eq!(failed, CallError::Failed("no retriever at index 0".to_owned()));
    });
}

fn asked_plainly(harness: &Harness<Corner>, body: impl FnOnce(&Request<'_>)) {
    Asked::search("x").lend(&harness.shop, body);
}
