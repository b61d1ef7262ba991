//! `planogram evaluate` reads every format, on data small enough to know the answers.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::shop::libraries;

/// A data set in a folder of its own.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

/// What the command prints: standard output and standard error.
fn said(dir: &Path, options: &[&str]) -> (String, String) {
    libraries();
    let mut command = Command::new(env!("CARGO_BIN_EXE_planogram"));
    let output = command.args(["evaluate", "--data"]).arg(dir).args(options).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The report as JSON, with the references.
#[track_caller]
fn evaluated(dir: &Path, options: &[&str]) -> Value {
    let (out, progress) = said(dir, &[&["--json", "--reference"], options].concat());
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}\n{progress}"));
    assert!(progress.contains("done"), "{progress}");
    for row in json["rows"].as_array().unwrap() {
        assert_eq!(row["degraded"], 0, "{row}");
        assert!(row["latency_us"]["p50"].as_u64() <= row["latency_us"]["p99"].as_u64(), "{row}");
    }
    json
}

#[track_caller]
fn row<'a>(json: &'a Value, name: &str) -> &'a Value {
    json["rows"].as_array().unwrap().iter().find(|row| row["row"] == name).unwrap_or_else(|| panic!("{json}"))
}

fn names(json: &Value) -> Vec<&str> {
    json["rows"].as_array().unwrap().iter().map(|row| row["row"].as_str().unwrap()).collect()
}

#[track_caller]
fn measure(json: &Value, row_name: &str, name: &str) -> f64 {
    let figure = &row(json, row_name)["measures"][name];
    let value = figure["value"].as_f64().unwrap_or_else(|| panic!("no `{name}` in {json}"));
    if let Some(interval) = figure["interval"].as_array() {
        assert!(interval[0].as_f64().unwrap() <= value && value <= interval[1].as_f64().unwrap(), "{figure}");
    }
    value
}

#[track_caller]
fn reference<'a>(json: &'a Value, row_name: &str, name: &str) -> &'a Value {
    let row = row(json, row_name);
    row["references"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("{row}"))
}

#[test]
fn sequences_of_clicks() {
    let visits: String = (0..30).map(|i| format!("s{i}\ta{0} b{0}\n", i % 3)).collect();
    let train = format!("session_id\titems\n{visits}");
    let test = "case_id\tprefix\ttarget\n1\ta0\tb0\n2\ta1\tb1\n3\tz\ty\n";
    let dir = folder(&[("train.tsv", &train), ("test.tsv", test)]);
    let json = evaluated(dir.path(), &["--frozen"]);
    let next = row(&json, "next click");
    assert_eq!((next["task"].as_str(), next["protocol"].as_str()), (Some("sessions"), Some("frozen")));
    assert_eq!((next["cases"].as_u64(), next["cases_in_all"].as_u64()), (Some(3), Some(3)));
    // Two of three are found, and the third was never seen.
    assert!(measure(&json, "next click", "HR@20") >= 2.0 / 3.0 - 1e-9);
    assert!(measure(&json, "next click", "MRR@20") < 1.0);
    for name in ["HR@5", "HR@10", "NDCG@10", "NDCG@20", "coverage", "popularity bias"] {
        assert!(measure(&json, "next click", name) > 0.0, "{name}");
    }
    assert!(reference(&json, "next click", "VMIS-kNN")["differences"]["MRR@20"]["interval"].is_array());
    let (text, progress) = said(dir.path(), &["--frozen", "--task", "sessions"]);
    assert!(text.contains("sessions: next click, frozen, 3 cases") && text.contains("HR@20"), "{text}");
    assert!(progress.contains("events/s"), "{progress}");
}

#[test]
fn clicks_with_times_are_heard_while_they_are_asked() {
    let head = "session_id\titem_id\tunix_ts\ttype\n";
    let clicks = |session: &str, items: [&str; 2], at: u32| {
        format!("{session}\t{}\t{at}\tclick\n{session}\t{}\t{}\tclick\n", items[0], items[1], at + 5)
    };
    let old: String = (0..60)
        .map(|i| clicks(&format!("s{i}"), [&format!("p{}", i % 30), &format!("q{}", i % 30)], 1_600_000_000 + i * 100))
        .collect();
    // Items that the training part never saw: only an engine that goes on learning can know them.
    let new: String = (0..20).map(|i| clicks(&format!("n{i}"), ["x", "y"], 1_600_010_000 + i * 100)).collect();
    let (train, test) = (format!("{head}{old}"), format!("{head}{new}"));
    let dir = folder(&[("train.tsv", &train), ("test.tsv", &test)]);
    let live = evaluated(dir.path(), &[]);
    assert_eq!(row(&live, "next click")["protocol"], "live");
    assert_eq!(row(&live, "next click")["cases"], 20);
    assert!(measure(&live, "next click", "HR@20") >= 19.0 / 20.0 - 1e-9);
    let gain = &reference(&live, "next click", "frozen")["differences"]["MRR@20"];
    assert!(gain["interval"][0].as_f64().unwrap() > 0.0, "{gain}");
    let sampled = evaluated(dir.path(), &["--frozen", "--sample", "7"]);
    let next = row(&sampled, "next click");
    assert_eq!((next["cases"].as_u64(), next["cases_in_all"].as_u64()), (Some(7), Some(20)));
}

#[test]
fn orders_give_three_rows() {
    let head = "order_id\tcustomer_id\tunix_ts\titem_id\tqty\tprice\tcountry\n";
    let order = |id: &str, customer: &str, at: u32, items: &[&str]| -> String {
        items.iter().map(|item| format!("{id}\t{customer}\t{at}\t{item}\t1\t2.50\tUK\n")).collect()
    };
    let mut train = head.to_owned();
    for i in 0..30u32 {
        let items: &[&str] = if i % 2 == 0 { &["tea", "cup"] } else { &["ink", "pen"] };
        train.push_str(&order(&format!("o{i}"), &format!("c{}", i % 4), 1_600_000_000 + i * 3_600, items));
    }
    let known = order("t1", "c0", 1_600_200_000, &["tea", "cup"]);
    let guest = order("t2", "", 1_600_203_600, &["pen", "ink"]);
    let test = format!("{head}{known}{guest}");
    let cases = "order_id\ttarget\tbasket\nt1\tcup\ttea\nt2\tink\tpen\n";
    let dir = folder(&[("train.tsv", &train), ("test.tsv", &test), ("completion_cases.tsv", cases)]);
    let json = evaluated(dir.path(), &["--frozen"]);
    assert_eq!(names(&json), ["complete the basket", "bought together", "next order"]);
    assert_eq!(measure(&json, "complete the basket", "HR@10"), 1.0);
    assert_eq!(measure(&json, "complete the basket", "MRR@20"), 1.0);
    assert_eq!(measure(&json, "bought together", "HR@10"), 1.0);
    assert!((measure(&json, "bought together", "P@10") - 0.1).abs() < 1e-9);
    assert_eq!(row(&json, "next order")["cases"], 1);
    let own = reference(&json, "next order", "own history, then top sellers");
    assert_eq!(own["measures"]["Recall@20"]["value"], 1.0);
    assert_eq!(reference(&json, "complete the basket", "cosine")["differences"]["HR@10"]["value"], 0.0);
}

#[test]
fn baskets_without_times() {
    let mut train = "order_id\tcustomer_id\torder_seq\titems\n".to_owned();
    for customer in 0..6 {
        for number in 0..3 {
            train.push_str(&format!("{customer}-{number}\t{customer}\t{number}\tmilk own{customer}\n"));
        }
    }
    let last: String = (0..6).map(|customer| format!("{customer}\t3\tmilk own{customer}\n")).collect();
    let dir = folder(&[("train.tsv", &train), ("test.tsv", &format!("customer_id\torder_seq\titems\n{last}"))]);
    let json = evaluated(dir.path(), &["--frozen"]);
    assert_eq!((names(&json), row(&json, "next basket")["cases"].as_u64()), (vec!["next basket"], Some(6)));
    for name in ["Recall@10", "NDCG@10", "PHR@10", "Recall@20"] {
        measure(&json, "next basket", name);
    }
    assert_eq!(reference(&json, "next basket", "TIFU-KNN")["measures"]["Recall@10"]["value"], 1.0);
}

#[test]
fn histories_of_shoppers() {
    let train: String = (0..20).map(|i| format!("u{i}\tg{0} h{0}\n", i % 2)).collect();
    let dir = folder(&[
        ("train.tsv", &format!("user_id\titems\n{train}")),
        ("valid.tsv", "case_id\tuser_id\thistory\ttarget\nv\tu0\tg0 h0\tk\n"),
        ("test.tsv", "case_id\tuser_id\thistory\ttarget\nt1\tx\tg0\th0\nt2\ty\tg1\th1\n"),
    ]);
    let json = evaluated(dir.path(), &["--frozen"]);
    assert_eq!(row(&json, "next in history")["task"], "histories");
    assert_eq!(measure(&json, "next in history", "HR@10"), 1.0);
    assert_eq!(reference(&json, "next in history", "item-kNN")["measures"]["NDCG@10"]["value"], 1.0);
}

#[test]
fn shown_lists() {
    let columns = "session_id\tuser_id\tunix_ts\tstep\tshown_items\tshown_prices\tclicked_item\tfilters\t\
                   is_last_in_session\n";
    let lists = format!(
        "{columns}s1\tu1\t1600000100\t2\ta b c d\t9 8 7 6\tc\t\t1\ns2\tu2\t1600000200\t1\ta b c d\t9 8 7 6\ta\t\t1\n"
    );
    let events = "session_id\titem_id\tunix_ts\ttype\tother_reference\tfilters\n\
                  s1\tc\t1600000050\tinteraction_item_image\t\t\ns1\tc\t1600000100\tclickout_item\t\t\n";
    let dir = folder(&[("dev/clickouts.tsv", &lists), ("dev/events.tsv", events)]);
    let json = evaluated(dir.path(), &["--frozen"]);
    let name = "last list of a visit (dev)";
    assert_eq!((names(&json), row(&json, name)["protocol"].as_str()), (vec![name], Some("live")));
    assert_eq!(measure(&json, name, "HR@5"), 1.0);
    let value = |reference: &Value| reference["measures"]["MRR"]["value"].as_f64().unwrap();
    assert!((value(reference(&json, name, "as shown")) - (1.0 / 3.0 + 1.0) / 2.0).abs() < 1e-9);
    assert_eq!(value(reference(&json, name, "touched first")), 1.0);
    assert!(measure(&json, name, "MRR") > 2.0 / 3.0);
}

const PRODUCTS: &str = "{\"id\": \"A\", \"name\": \"red wool jacket\"}\n{\"id\": \"B\", \"name\": \"blue lamp\"}\n\
                        {\"id\": \"C\", \"name\": \"red lamp shade\"}\n{\"id\": \"D\", \"name\": \"wooden chair\"}\n";

#[test]
fn judged_queries() {
    let sessions = "session_id\tqid\tshown\tclicked_ranks\n\
                    x1\tq2\tB C\t1\nx2\tq2\tB C\t1\nx3\tq2\tB C\t\nx4\tq2\tB C\t\n";
    let dir = folder(&[
        ("products.jsonl", PRODUCTS),
        ("dev/queries.tsv", "qid\tquery\nq1\tjacket\nq2\tlamp\nq3\tnothing\n"),
        ("dev/qrels.tsv", "qid\tproduct_id\tgain\nq1\tA\t3\nq2\tB\t2\nq2\tC\t3\nq3\tA\t0\n"),
        ("dev/sessions.tsv", sessions),
    ]);
    let json = evaluated(dir.path(), &[]);
    let (before, after) = ("judged queries (dev)", "judged queries after sessions (dev)");
    assert_eq!(names(&json), [before, after]);
    assert_eq!(row(&json, before)["answered_by"], "search");
    assert_eq!(measure(&json, before, "Recall@100"), 1.0);
    assert_eq!(measure(&json, before, "MRR@10"), 1.0);
    assert!(measure(&json, before, "nDCG@10") > 0.8);
    assert_eq!(measure(&json, before, "condensed nDCG@10"), measure(&json, before, "nDCG@10"));
    assert!((measure(&json, before, "judged@10") - 0.15).abs() < 1e-9);
    assert_eq!(row(&json, before)["by_case"][0]["case"], "jacket");
    assert!(reference(&json, after, "click rate")["measures"]["nDCG@10"]["interval"].is_array());
    assert!(row(&json, after)["notes"].to_string().contains("2 search sessions"));
}

#[test]
fn own_words_of_a_catalog() {
    let dir = folder(&[("products.jsonl", PRODUCTS)]);
    let json = evaluated(dir.path(), &["--task", "search"]);
    assert_eq!(measure(&json, "own words", "HR@10"), 1.0);
    assert_eq!(row(&json, "own words, one typing error")["cases"], 4);
    assert_eq!(reference(&json, "own words", "BM25")["differences"]["HR@10"]["value"], 0.0);
}

#[test]
fn a_folder_without_tasks_is_refused() {
    let dir = folder(&[("notes.tsv", "a\tb\n")]);
    let (out, progress) = said(dir.path(), &["--json"]);
    assert!(out.is_empty() && progress.contains("holds the files of no task"), "{out}{progress}");
    let (_, progress) = said(dir.path(), &["--task", "baskets"]);
    assert!(progress.contains("holds no train.tsv or train.tsv.gz"), "{progress}");
}
