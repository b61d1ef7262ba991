//! Supplied vectors are live, learned ones come by generations, and a replay learns nothing.

use super::*;

fn lamp(sku: &str, name: &str, visual: &[f32]) -> ProductDoc {
    let mut doc = simple(sku, name, "Light", 100);
    if !visual.is_empty() {
        doc.vectors.insert("visual".into(), visual.to_vec());
    }
    doc
}

fn lamps() -> Vec<ProductDoc> {
    vec![
        lamp("ROUND", "Round paper lamp", &[1.0, 0.0]),
        lamp("OVAL", "Oval paper lamp", &[0.9, 0.3]),
        lamp("CUBE", "Steel cube", &[0.0, 1.0]),
        lamp("BOX", "Steel box", &[0.1, 0.9]),
        lamp("BARE", "Bulb", &[]),
    ]
}

/// What a unit without fallback proposes.
fn proposed(engine: &Arc<Engine>, source: &str, anchors: &[&str], viewed: &[&str]) -> Vec<String> {
    let id = source.replace('/', "-");
    let body = format!(r#"{{"type":"{source}","limit":3,"fallback":[]}}"#);
    if !engine.read_only {
        engine.write_config(vec![unit(&id, &body)], WriteOptions::default()).unwrap();
    }
    let anchors = anchors.iter().map(|sku| (*sku).into()).collect();
    let mut request = request(List::Unit { unit: id, anchors });
    request.shopper.viewed = viewed.iter().map(|sku| (*sku).into()).collect();
    let answer = engine.list(request).unwrap();
    skus(&answer).into_iter().map(str::to_owned).collect()
}

#[test]
fn supplied_vectors_are_searched_as_soon_as_they_are_written() {
    let engine = open(None);
    engine.put_products(lamps(), WriteOptions::default()).unwrap();
    assert_eq!(proposed(&engine, "vector/visual", &["ROUND"], &[]), ["OVAL", "BOX", "CUBE"]);
    assert_eq!(proposed(&engine, "vector/visual", &[], &["CUBE", "BOX"])[..2], ["CUBE", "BOX"], "near the shopper");
    assert!(proposed(&engine, "vector/visual", &["BARE"], &[]).is_empty(), "no vector, no neighbors");
    assert!(proposed(&engine, "vector/sound", &["ROUND"], &[]).is_empty(), "an empty space");
    engine.put_products(vec![lamp("CUBE", "Steel cube", &[1.0, 0.01])], WriteOptions::default()).unwrap();
    assert_eq!(proposed(&engine, "vector/visual", &["ROUND"], &[])[0], "CUBE");
    engine.put_products(vec![lamp("CUBE", "Steel cube", &[])], WriteOptions::default()).unwrap();
    engine.delete_products(vec!["OVAL".into()], WriteOptions::default()).unwrap();
    assert_eq!(proposed(&engine, "vector/visual", &["ROUND"], &[]), ["BOX"]);
    assert_eq!(engine.models().spaces[0].n_items, 2);
}

#[test]
fn bad_vectors_are_refused_at_the_door() {
    let engine = open(None);
    engine.put_products(lamps(), WriteOptions::default()).unwrap();
    let mut own = simple("OWN", "Lamp", "Light", 100);
    own.vectors.insert("co-view".into(), vec![1.0]);
    let bad = vec![
        lamp("A", "Lamp", &[1.0, 2.0, 3.0]),
        lamp("B", "Lamp", &[0.0, 0.0]),
        lamp("C", "Lamp", &[f32::NAN, 1.0]),
        own,
    ];
    let Err(WriteError::AllRejected(receipt)) = engine.put_products(bad, WriteOptions::default()) else {
        panic!("bad vectors were taken");
    };
    let said: Vec<&str> = receipt.rejected.iter().map(|row| row.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "the vector has 3 dimensions",
            "every dimension is 0",
            "dimension 0 is NaN",
            "the space `co-view` is made by the kernel"
        ]
    );
}

fn visits() -> Vec<Event> {
    let mut events = Vec::new();
    for n in 0..6 {
        for pair in [["ROUND", "BARE"], ["CUBE", "BOX"]] {
            let session = format!("{}-{n}", pair[0]);
            events.extend(pair.map(|sku| event(&format!("{session}-{sku}"), EventKind::ProductView, &session, sku)));
        }
    }
    events
}

#[test]
fn a_model_is_learned_once_and_replayed_from_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(Some(dir.path()));
    engine.put_products(lamps(), WriteOptions::default()).unwrap();
    engine.ingest_events(visits(), WriteOptions::default()).unwrap();
    assert_eq!(engine.models().generation, 0);
    assert!(proposed(&engine, "vector/co-view", &["ROUND"], &[]).is_empty(), "nothing is learned yet");
    let info = engine.rebuild_models().unwrap();
    assert_eq!(info.generation, 1);
    let names: Vec<&str> = info.spaces.iter().map(|space| space.name.as_str()).collect();
    assert_eq!(names, ["co-view", "content", "visual"]);
    assert_eq!(proposed(&engine, "vector/co-view", &["ROUND"], &[])[0], "BARE");
    assert_eq!(proposed(&engine, "vector/content", &["CUBE"], &[])[0], "BOX");
    assert_eq!(engine.rebuild_models().unwrap().generation, 2);
    assert_eq!(engine.status().as_of.model_generation, 2);
    let (spaces, last) = (engine.models().spaces, engine.status().as_of.seq);
    let near = proposed(&engine, "vector/co-view", &["CUBE"], &[]);
    engine.close();

    // From the snapshot file, and from the log alone.
    for snapshots in [dir.path().join("nowhere"), dir.path().join("snapshots")] {
        drop(std::fs::remove_dir_all(snapshots));
        let engine = open(Some(dir.path()));
        assert_eq!((engine.models().generation, engine.models().spaces), (2, spaces.clone()));
        assert_eq!(proposed(&engine, "vector/co-view", &["CUBE"], &[]), near);
        engine.close();
    }
    let config = || EngineConfig { data_dir: Some(dir.path().into()), workers: 1, ..EngineConfig::default() };
    let then = Engine::open_at(config(), last).unwrap();
    assert_eq!((then.models().generation, proposed(&then, "vector/co-view", &["CUBE"], &[])), (2, near));
}

#[test]
fn a_model_file_that_is_damaged_or_gone_leaves_a_working_shop() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(Some(dir.path()));
    engine.put_products(lamps(), WriteOptions::default()).unwrap();
    engine.ingest_events(visits(), WriteOptions::default()).unwrap();
    engine.rebuild_models().unwrap();
    engine.close();
    let file = std::fs::read_dir(dir.path().join("models")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&file).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    for bytes in [Some(&flipped[..]), Some(&good[..good.len() / 2]), Some(&[]), None] {
        match bytes {
            Some(bytes) => std::fs::write(&file, bytes).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let engine = open(Some(dir.path()));
        assert_eq!(engine.models().generation, 0);
        assert!(proposed(&engine, "vector/co-view", &["ROUND"], &[]).is_empty());
        assert_eq!(proposed(&engine, "vector/visual", &["ROUND"], &[])[0], "OVAL", "supplied vectors need no model");
        engine.close();
    }
    let engine = open(Some(dir.path()));
    assert_eq!(engine.rebuild_models().unwrap().generation, 2, "never the number of the lost one");
    assert_eq!(proposed(&engine, "vector/co-view", &["ROUND"], &[])[0], "BARE");
}
