//! Every format end to end, on data small enough to know the answers.

use std::path::Path;

use planogram_core::host::testing::build;
use serde_json::Value;

use super::*;

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

/// The report under the shipped plugins, and what was said on the way.
fn evaluated(dir: &Path, change: impl FnOnce(&mut EvaluateArgs)) -> (Value, String) {
    let mut args = EvaluateArgs {
        data: dir.to_owned(),
        task: None,
        config: None,
        json: true,
        frozen: true,
        reference: true,
        sample: None,
        seed: 1,
    };
    change(&mut args);
    let mut settings = Settings::default();
    settings.plugins.dirs = vec![build(&[
        "planogram-live-search",
        "planogram-category-merchandising",
        "planogram-related-products",
        "planogram-faulty",
    ])];
    let mut said = Vec::new();
    let tasks = evaluate(&args, &settings, &mut |line: &str| said.push(line.to_owned())).unwrap();
    let text = report::as_text("d", &tasks);
    let json = report::as_json("d", &tasks);
    for row in json["rows"].as_array().unwrap() {
        assert!(text.contains(row["row"].as_str().unwrap()), "{text}");
        assert_eq!(row["degraded"], 0, "{row}");
    }
    (json, said.join("\n"))
}

#[track_caller]
fn measure(json: &Value, row: &str, name: &str) -> f64 {
    let row = json["rows"].as_array().unwrap().iter().find(|r| r["row"] == row).unwrap_or_else(|| panic!("{json}"));
    let figure = &row["measures"][name];
    let value = figure["value"].as_f64().unwrap_or_else(|| panic!("no `{name}` in {row}"));
    if let Some(interval) = figure["interval"].as_array() {
        assert!(interval[0].as_f64().unwrap() <= value && value <= interval[1].as_f64().unwrap(), "{figure}");
    }
    value
}

#[track_caller]
fn reference<'a>(json: &'a Value, row: &str, name: &str) -> &'a Value {
    let row = json["rows"].as_array().unwrap().iter().find(|r| r["row"] == row).unwrap();
    row["references"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap_or_else(|| panic!("{row}"))
}

/// `a` is always followed by `b`; everything else happens once.
fn visits(n: usize) -> String {
    (0..n).map(|i| format!("s{i}\ta{} b{}\n", i % 3, i % 3)).collect()
}

#[test]
fn sequences_of_clicks() {
    let train = format!("session_id\titems\n{}", visits(30));
    let test = "case_id\tprefix\ttarget\n1\ta0\tb0\n2\ta1\tb1\n3\tz\ty\n";
    let dir = folder(&[("train.tsv", &train), ("test.tsv", test)]);
    let (json, said) = evaluated(dir.path(), |_| {});
    assert_eq!((json["data"].as_str(), json["rows"][0]["task"].as_str()), (Some("d"), Some("sessions")));
    assert_eq!(json["rows"][0]["cases"], 3);
    assert_eq!(json["rows"][0]["protocol"], "frozen");
    // Two of three are found, and the third cannot be known.
    for name in ["HR@20", "HR@10", "MRR@20", "NDCG@10"] {
        assert!(measure(&json, "next click", name) <= 2.0 / 3.0 + 1e-9, "{name}");
    }
    assert!((measure(&json, "next click", "HR@20") - 2.0 / 3.0).abs() < 1e-9);
    assert!(measure(&json, "next click", "coverage") > 0.5);
    assert!(measure(&json, "next click", "popularity bias") > 0.5);
    assert!(reference(&json, "next click", "VMIS-kNN")["differences"]["MRR@20"]["interval"].is_array());
    assert!(said.contains("events/s"), "{said}");
}

#[test]
fn clicks_with_times_are_replayed_across_visits() {
    let head = "session_id\titem_id\tunix_ts\ttype\n";
    let clicks = |session: &str, items: [&str; 2], at: u32| {
        format!("{session}\t{}\t{at}\tclick\n{session}\t{}\t{}\tclick\n", items[0], items[1], at + 5)
    };
    let old: String = (0..20).map(|i| clicks(&format!("s{i}"), ["p", "q"], 1_600_000_000 + i * 100)).collect();
    // New items that the training part never saw: only an engine that goes on learning can know them.
    let new: String = (0..20).map(|i| clicks(&format!("n{i}"), ["x", "y"], 1_600_010_000 + i * 100)).collect();
    let (train, test) = (format!("{head}{old}"), format!("{head}{new}"));
    let dir = folder(&[("train.tsv", &train), ("test.tsv", &test)]);
    let (live, _) = evaluated(dir.path(), |args| args.frozen = false);
    let row = &live["rows"][0];
    assert_eq!((row["protocol"].as_str(), row["cases"].as_u64()), (Some("live"), Some(20)));
    let hits = measure(&live, "next click", "HR@20");
    assert!(hits >= 19.0 / 20.0 - 1e-9, "{hits}");
    let gain = &reference(&live, "next click", "frozen")["differences"]["MRR@20"];
    assert!(gain["interval"][0].as_f64().unwrap() > 0.0, "{gain}");
    let (sampled, _) = evaluated(dir.path(), |args| args.sample = Some(7));
    assert_eq!(
        (sampled["rows"][0]["cases"].as_u64(), sampled["rows"][0]["cases_in_all"].as_u64()),
        (Some(7), Some(20))
    );
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
    let test = format!(
        "{head}{}{}",
        order("t1", "c0", 1_600_200_000, &["tea", "cup"]),
        order("t2", "", 1_600_203_600, &["pen", "ink"])
    );
    let cases = "order_id\ttarget\tbasket\nt1\tcup\ttea\nt2\tink\tpen\n";
    let dir = folder(&[("train.tsv", &train), ("test.tsv", &test), ("completion_cases.tsv", cases)]);
    let (json, _) = evaluated(dir.path(), |_| {});
    let rows: Vec<&str> = json["rows"].as_array().unwrap().iter().map(|row| row["row"].as_str().unwrap()).collect();
    assert_eq!(rows, ["complete the basket", "bought together", "next order"]);
    assert_eq!(measure(&json, "complete the basket", "HR@10"), 1.0);
    assert_eq!(measure(&json, "complete the basket", "MRR@20"), 1.0);
    assert_eq!(measure(&json, "bought together", "HR@10"), 1.0);
    assert!((measure(&json, "bought together", "P@10") - 0.1).abs() < 1e-9);
    assert_eq!(json["rows"][2]["cases"], 1);
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
    let test: String = (0..6).map(|customer| format!("{customer}\t3\tmilk own{customer}\n")).collect();
    let dir = folder(&[("train.tsv", &train), ("test.tsv", &format!("customer_id\torder_seq\titems\n{test}"))]);
    let (json, _) = evaluated(dir.path(), |args| args.task = Some(Task::Baskets));
    assert_eq!(json["rows"][0]["row"], "next basket");
    assert_eq!(json["rows"][0]["cases"], 6);
    for name in ["Recall@10", "NDCG@10", "PHR@10", "Recall@20"] {
        measure(&json, "next basket", name);
    }
    let tifu = reference(&json, "next basket", "TIFU-KNN");
    assert_eq!(tifu["measures"]["Recall@10"]["value"], 1.0);
}

#[test]
fn histories_of_shoppers() {
    let train: String = (0..20).map(|i| format!("u{i}\tg{0} h{0}\n", i % 2)).collect();
    let dir = folder(&[
        ("train.tsv", &format!("user_id\titems\n{train}")),
        ("valid.tsv", "case_id\tuser_id\thistory\ttarget\nv\tu0\tg0 h0\tk\n"),
        ("test.tsv", "case_id\tuser_id\thistory\ttarget\nt1\tx\tg0\th0\nt2\ty\tg1\th1\n"),
    ]);
    let (json, _) = evaluated(dir.path(), |_| {});
    assert_eq!(json["rows"][0]["task"], "histories");
    assert_eq!(measure(&json, "next in history", "HR@10"), 1.0);
    assert_eq!(reference(&json, "next in history", "item-kNN")["measures"]["NDCG@10"]["value"], 1.0);
}

#[test]
fn shown_lists() {
    let lists = "session_id\tuser_id\tunix_ts\tstep\tshown_items\tshown_prices\tclicked_item\tfilters\tis_last_in_session\n\
        s1\tu1\t1600000100\t2\ta b c d\t9 8 7 6\tc\t\t1\n\
        s2\tu2\t1600000200\t1\ta b c d\t9 8 7 6\ta\t\t1\n";
    let events = "session_id\titem_id\tunix_ts\ttype\tother_reference\tfilters\n\
        s1\tc\t1600000050\tinteraction_item_image\t\t\n\
        s1\tc\t1600000100\tclickout_item\t\t\n";
    let dir = folder(&[("dev/clickouts.tsv", lists), ("dev/events.tsv", events)]);
    let (json, _) = evaluated(dir.path(), |_| {});
    let row = "last list of a visit (dev)";
    assert_eq!((json["rows"][0]["row"].as_str(), json["rows"][0]["protocol"].as_str()), (Some(row), Some("live")));
    assert_eq!(measure(&json, row, "MRR"), 1.0);
    let shown = reference(&json, row, "as shown");
    assert!((shown["measures"]["MRR"]["value"].as_f64().unwrap() - (1.0 / 3.0 + 1.0) / 2.0).abs() < 1e-9);
}

const PRODUCTS: &str = "{\"id\": \"A\", \"name\": \"red wool jacket\"}\n{\"id\": \"B\", \"name\": \"blue lamp\"}\n\
    {\"id\": \"C\", \"name\": \"red lamp shade\"}\n{\"id\": \"D\", \"name\": \"wooden chair\"}\n";

#[test]
fn judged_queries() {
    let dir = folder(&[
        ("products.jsonl", PRODUCTS),
        ("dev/queries.tsv", "qid\tquery\nq1\tjacket\nq2\tlamp\nq3\tnothing\n"),
        ("dev/qrels.tsv", "qid\tproduct_id\tgain\nq1\tA\t3\nq2\tB\t2\nq2\tC\t3\nq3\tA\t0\n"),
        (
            "dev/sessions.tsv",
            "session_id\tqid\tshown\tclicked_ranks\nx1\tq2\tB C\t1\nx2\tq2\tB C\t1\nx3\tq2\tB C\t\nx4\tq2\tB C\t\n",
        ),
    ]);
    let (json, _) = evaluated(dir.path(), |_| {});
    let rows: Vec<&str> = json["rows"].as_array().unwrap().iter().map(|row| row["row"].as_str().unwrap()).collect();
    assert_eq!(rows, ["judged queries (dev)", "judged queries after sessions (dev)"]);
    assert_eq!(measure(&json, rows[0], "Recall@100"), 1.0);
    assert_eq!(measure(&json, rows[0], "MRR@10"), 1.0);
    assert!(measure(&json, rows[0], "nDCG@10") > 0.8);
    assert_eq!(measure(&json, rows[0], "condensed nDCG@10"), measure(&json, rows[0], "nDCG@10"));
    assert!((measure(&json, rows[0], "judged@10") - 0.15).abs() < 1e-9);
    assert_eq!(json["rows"][0]["by_case"][0]["case"], "jacket");
    assert_eq!(reference(&json, rows[1], "click rate")["measures"]["nDCG@10"]["interval"].as_array().unwrap().len(), 2);
    assert!(json["rows"][1]["notes"].to_string().contains("2 search sessions"));
}

#[test]
fn own_words_of_a_catalog() {
    let dir = folder(&[("products.jsonl", PRODUCTS)]);
    let (json, _) = evaluated(dir.path(), |args| args.task = Some(Task::Search));
    assert_eq!(measure(&json, "own words", "HR@10"), 1.0);
    assert!(measure(&json, "own words, one typing error", "HR@10") <= 1.0);
}

#[test]
fn a_folder_without_tasks_is_refused() {
    let dir = folder(&[("notes.tsv", "a\tb\n")]);
    let args = EvaluateArgs {
        data: dir.path().to_owned(),
        task: None,
        config: None,
        json: false,
        frozen: false,
        reference: false,
        sample: None,
        seed: 1,
    };
    let said = evaluate(&args, &Settings::default(), &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("holds the files of no task"), "{said}");
}
