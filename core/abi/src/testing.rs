//! How does a plugin author test without a kernel?
//!
//! A [`Shop`] is a catalog on one page; a [`Harness`] configures and prepares a plugin for it and calls its
//! contributions *twice*: through the safe functions, and through the same C table the kernel uses. Both must
//! give the same answer, and the harness panics when they do not, so an author's tests cover the wall, too.
//! Skus stand where the kernel has item ids; ids are given in the order items are added.
//!
//! ```
//! use planogram_abi::testing::{Harness, Shop, Asked};
//! use planogram_abi::*;
//!
//! struct Cheap;
//! impl Plugin for Cheap {
//!     const NAME: &'static str = "cheap";
//!     type Prepared = ();
//!     fn configure(_: &str) -> Outcome<Self> { Ok(Self) }
//!     fn contributions(&self) -> Vec<Contribution<()>> {
//!         vec![Contribution::scorer("cheap", Phase::All, &[column::PRICE], &[("bonus", Combine::Add)], score)]
//!     }
//!     fn prepare(&self, _: &Epoch<'_>, _: Option<&()>) -> Outcome<()> { Ok(()) }
//! }
//! fn score(_: &(), _: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
//!     for (bonus, price) in batch.out[0].iter_mut().zip(batch.columns[0]) {
//!         *bonus = if *price < 10.0 { 1.0 } else { 0.0 };
//!     }
//!     Ok(())
//! }
//!
//! let shop = Shop::new().item("pen", &[("price", 2.0)]).item("desk", &[("price", 90.0)]);
//! let harness = Harness::<Cheap>::new("{}", shop).unwrap();
//! let columns = harness.score("cheap", &Asked::search("office"), &["pen", "desk"]).unwrap();
//! assert_eq!(columns, [("bonus".to_owned(), vec![1.0, 0.0])]);
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use crate::export::linked;
use crate::model::*;
use crate::plugin::*;
use crate::table::{CallError, Description, Instance, ObserverHandle, Prepared};

/// A catalog for tests.
#[derive(Debug, Default)]
pub struct Shop {
    skus: Vec<String>,
    columns: Vec<BTreeMap<String, f32>>,
    sources: BTreeMap<(String, String), Vec<(String, f32)>>,
    conditions: Vec<(String, Vec<String>)>,
    /// What satisfies a condition relative to a product: condition, product, skus.
    related: Vec<(String, String, Vec<String>)>,
    /// Who proposed what.
    credits: Mutex<BTreeMap<String, Vec<String>>>,
    /// Who said that it proposes nothing but what satisfies a condition relative to some products.
    confined: Mutex<BTreeMap<String, (ConditionId, Vec<String>)>>,
    /// What the shop does not have: sort and name.
    unknown: Vec<(String, String)>,
    log: Mutex<Vec<(LogLevel, String)>>,
}

impl Shop {
    /// A shop without items.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an item with the values of its columns; what is not named is missing (NaN).
    #[must_use]
    pub fn item(mut self, sku: &str, columns: &[(&str, f32)]) -> Self {
        self.skus.push(sku.to_owned());
        self.columns.push(columns.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect());
        self
    }

    /// What a kernel source answers, best first, whatever the anchors are.
    #[must_use]
    pub fn source(self, name: &str, candidates: &[(&str, f32)]) -> Self {
        self.source_of(name, "", candidates)
    }

    /// What a kernel source answers for an anchor, best first.
    #[must_use]
    pub fn source_of(mut self, name: &str, anchor: &str, candidates: &[(&str, f32)]) -> Self {
        let candidates = candidates.iter().map(|(sku, score)| ((*sku).to_owned(), *score)).collect();
        self.sources.insert((name.to_owned(), anchor.to_owned()), candidates);
        self
    }

    /// Lets a condition compile, and says which items satisfy it. White space in the JSON does not matter; a
    /// condition that was not declared does not compile.
    #[must_use]
    pub fn condition(mut self, json: &str, skus: &[&str]) -> Self {
        self.conditions.push((squeezed(json), skus.iter().map(|sku| (*sku).to_owned()).collect()));
        self
    }

    /// Says which items satisfy a condition relative to a product; the condition compiles.
    #[must_use]
    pub fn related(mut self, json: &str, matched: &str, skus: &[&str]) -> Self {
        let (json, skus) = (squeezed(json), skus.iter().map(|sku| (*sku).to_owned()).collect());
        if !self.conditions.iter().any(|(known, _)| *known == json) {
            self.conditions.push((json.clone(), Vec::new()));
        }
        self.related.push((json, matched.to_owned(), skus));
        self
    }

    /// Who proposed what, in the last retrieval that credited them: skus by source.
    pub fn credits(&self) -> BTreeMap<String, Vec<String>> {
        self.credits.lock().expect("nobody panics while crediting").clone()
    }

    /// Who was confined to what, in the last retrieval that said so: condition and skus by source.
    pub fn confined(&self) -> BTreeMap<String, (ConditionId, Vec<String>)> {
        self.confined.lock().expect("nobody panics while confining").clone()
    }

    /// Says that the shop has no such name; everything else that is asked for is there.
    #[must_use]
    pub fn unknown(mut self, sort: &str, name: &str) -> Self {
        self.unknown.push((sort.to_owned(), name.to_owned()));
        self
    }

    /// Id of an item.
    ///
    /// # Panics
    /// When the shop has no such item.
    pub fn id(&self, sku: &str) -> u32 {
        self.find(sku).unwrap_or_else(|| panic!("the shop has no item `{sku}`"))
    }

    /// Sku of an item.
    ///
    /// # Panics
    /// When the shop has no such item.
    pub fn sku(&self, item: u32) -> &str {
        self.skus.get(item as usize).unwrap_or_else(|| panic!("the shop has no item {item}"))
    }

    /// What was logged so far.
    pub fn logged(&self) -> Vec<(LogLevel, String)> {
        self.log.lock().expect("nobody panics while logging").clone()
    }

    fn find(&self, sku: &str) -> Option<u32> {
        self.skus.iter().position(|known| known == sku).map(|index| index as u32)
    }

    fn ids(&self, skus: &[String]) -> Vec<u32> {
        skus.iter().map(|sku| self.id(sku)).collect()
    }

    fn gather(&self, names: &[String], items: &[u32]) -> Vec<Vec<f32>> {
        names.iter().map(|name| self.values(name, items)).collect()
    }

    fn values(&self, name: &str, items: &[u32]) -> Vec<f32> {
        let value = |item: &u32| self.columns[*item as usize].get(name).copied().unwrap_or(f32::NAN);
        items.iter().map(value).collect()
    }

    fn write_log(&self, level: LogLevel, message: &str) {
        self.log.lock().expect("nobody panics while logging").push((level, message.to_owned()));
    }
}

fn squeezed(json: &str) -> String {
    json.chars().filter(|c| !c.is_whitespace()).collect()
}

impl PrepareHost for Shop {
    fn compile(&self, condition: &str) -> Outcome<ConditionId> {
        let wanted = squeezed(condition);
        let found = self.conditions.iter().position(|(declared, _)| *declared == wanted);
        found
            .map(|index| ConditionId(index as u32))
            .ok_or_else(|| Failure(format!("condition {condition} was not declared in the test shop")))
    }

    /// Every declared condition is.
    fn index(&self, _: &[ConditionId]) -> Outcome {
        Ok(())
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.write_log(level, message);
    }
}

impl CallHost for Shop {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        skus.iter().map(|sku| self.find(sku)).collect()
    }

    fn test(&self, condition: ConditionId, items: &[u32]) -> Vec<bool> {
        let satisfied = self.conditions.get(condition.0 as usize).map(|(_, skus)| skus.as_slice()).unwrap_or_default();
        let holds = |item: &u32| self.skus.get(*item as usize).is_some_and(|sku| satisfied.contains(sku));
        items.iter().map(holds).collect()
    }

    fn retrieve(&self, source: &str, anchors: &[u32], k: usize) -> Outcome<Vec<Candidate>> {
        let anchors = anchors.iter().map(|&anchor| self.sku(anchor)).chain([""]);
        let lists = anchors.filter_map(|anchor| self.sources.get(&(source.to_owned(), anchor.to_owned())));
        let candidate = |(sku, score): &(String, f32)| Candidate { item: self.id(sku), score: *score };
        let mut found: Vec<Candidate> = Vec::new();
        for candidate in lists.flatten().map(candidate) {
            match found.iter_mut().find(|known| known.item == candidate.item) {
                Some(known) => known.score += candidate.score,
                None => found.push(candidate),
            }
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
        found.truncate(k);
        Ok(found)
    }

    fn analyze(&self, text: &str) -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    }

    fn gather(&self, column: &str, items: &[u32]) -> Outcome<Vec<f32>> {
        Ok(self.values(column, items))
    }

    fn satisfied(&self, item: u32) -> Outcome<Vec<ConditionId>> {
        let sku = self.sku(item);
        let holds = |skus: &[String]| skus.iter().any(|known| known == sku);
        Ok((0u32..).zip(&self.conditions).filter(|(_, (_, skus))| holds(skus)).map(|(id, _)| ConditionId(id)).collect())
    }

    fn matching(&self, condition: ConditionId, anchors: &[u32], k: usize) -> Outcome<Vec<u32>> {
        let Some((json, skus)) = self.conditions.get(condition.0 as usize) else { return Ok(Vec::new()) };
        let is_anchor = |sku: &String| anchors.iter().any(|anchor| self.sku(*anchor) == sku);
        let related = self.related.iter().filter(|(known, matched, _)| known == json && is_anchor(matched));
        let mut items = self.ids(&related.flat_map(|(_, _, skus)| skus).chain(skus).cloned().collect::<Vec<_>>());
        items.sort_unstable();
        items.dedup();
        items.truncate(k);
        Ok(items)
    }

    fn credit(&self, source: &str, items: &[u32]) -> Outcome {
        let skus = items.iter().map(|item| self.sku(*item).to_owned()).collect();
        self.credits.lock().expect("nobody panics while crediting").insert(source.to_owned(), skus);
        Ok(())
    }

    fn confine(&self, source: &str, condition: ConditionId, anchors: &[u32]) -> Outcome {
        let skus = anchors.iter().map(|anchor| self.sku(*anchor).to_owned()).collect();
        let mut confined = self.confined.lock().expect("nobody panics while confining");
        confined.insert(source.to_owned(), (condition, skus));
        Ok(())
    }

    fn knows(&self, sort: &str, names: &[&str]) -> Outcome<Vec<bool>> {
        let is_missing = |name: &str| self.unknown.iter().any(|(of, missing)| of == sort && missing == name);
        Ok(names.iter().map(|name| !is_missing(name)).collect())
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.write_log(level, message);
    }
}

/// A request in a test, with skus in place of ids. Change the fields as needed.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which list.
    pub kind: ListKind,
    /// The shopper's words.
    pub text: String,
    /// Code of the store view.
    pub store_view: String,
    /// BCP 47 tag.
    pub locale: String,
    /// Path of the category.
    pub category: String,
    /// Id of the unit.
    pub unit: String,
    /// Type of the unit.
    pub unit_type: String,
    /// Page type.
    pub page_type: String,
    /// Customer group.
    pub customer_group: String,
    /// Audiences.
    pub audiences: Vec<String>,
    /// Skus the list is about.
    pub anchors: Vec<String>,
    /// Skus in the cart.
    pub cart: Vec<String>,
    /// Skus looked at, newest first.
    pub recent: Vec<String>,
    /// Skus bought, newest first.
    pub purchased: Vec<String>,
    /// Time of the request.
    pub now_ms: i64,
    /// Seed.
    pub seed: u64,
    /// Did the caller ask for a sort?
    pub explicit_sort: bool,
    /// How well is the shopper known?
    pub warmth: Warmth,
    /// Kind of device.
    pub device: String,
    /// What the caller filters by: `field` and `field=value`.
    pub filters: Vec<String>,
}

impl Asked {
    fn new(kind: ListKind) -> Self {
        Self {
            kind,
            text: String::new(),
            store_view: "default".to_owned(),
            locale: "en-US".to_owned(),
            category: String::new(),
            unit: String::new(),
            unit_type: String::new(),
            page_type: String::new(),
            customer_group: String::new(),
            audiences: Vec::new(),
            anchors: Vec::new(),
            cart: Vec::new(),
            recent: Vec::new(),
            purchased: Vec::new(),
            now_ms: 1_700_000_000_000,
            seed: 1,
            explicit_sort: false,
            warmth: Warmth::None,
            device: String::new(),
            filters: Vec::new(),
        }
    }

    /// A search.
    pub fn search(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::new(ListKind::Search) }
    }

    /// A category page.
    pub fn category(path: &str) -> Self {
        Self { category: path.to_owned(), ..Self::new(ListKind::Category) }
    }

    /// A recommendation unit of a type, about some products.
    pub fn unit(unit_type: &str, anchors: &[&str]) -> Self {
        let anchors = anchors.iter().map(|sku| (*sku).to_owned()).collect();
        Self {
            unit: "test".to_owned(),
            unit_type: unit_type.to_owned(),
            anchors,
            ..Self::new(ListKind::Recommendation)
        }
    }

    /// Lends the request with ids of `shop`.
    fn lend<T>(&self, shop: &Shop, body: impl FnOnce(&Request<'_>) -> T) -> T {
        let audiences: Vec<&str> = self.audiences.iter().map(String::as_str).collect();
        let filters: Vec<&str> = self.filters.iter().map(String::as_str).collect();
        body(&Request {
            kind: self.kind,
            text: &self.text,
            store_view: &self.store_view,
            locale: &self.locale,
            category: &self.category,
            unit: &self.unit,
            unit_type: &self.unit_type,
            page_type: &self.page_type,
            customer_group: &self.customer_group,
            audiences: &audiences,
            anchors: &shop.ids(&self.anchors),
            cart: &shop.ids(&self.cart),
            recent: &shop.ids(&self.recent),
            purchased: &shop.ids(&self.purchased),
            now_ms: self.now_ms,
            seed: self.seed,
            explicit_sort: self.explicit_sort,
            warmth: self.warmth,
            device: &self.device,
            filters: &filters,
        })
    }
}

/// A document in a test.
#[derive(Clone, Debug)]
struct StoredDocument {
    kind: String,
    scope: String,
    id: String,
    json: String,
}

impl StoredDocument {
    fn lend(&self, index: usize) -> Document<'_> {
        Document {
            kind: &self.kind,
            scope: &self.scope,
            id: &self.id,
            revision: 1,
            seq: index as u64 + 1,
            from_ms: i64::MIN,
            until_ms: i64::MAX,
            json: &self.json,
        }
    }
}

/// One plugin, configured and prepared, in a test shop.
pub struct Harness<P: Plugin> {
    shop: Shop,
    documents: Vec<StoredDocument>,
    plugin: P,
    contributions: Vec<Contribution<P::Prepared>>,
    prepared: P::Prepared,
    description: Description,
    instance: Arc<Instance>,
    through: Prepared,
}

/// Both ways must agree; NaN equals NaN here.
fn agreed<T: Debug>(through: Result<T, CallError>, direct: impl FnOnce() -> Outcome<T>) -> Result<T, CallError> {
    match through {
        Ok(through) => {
            let direct = direct().unwrap_or_else(|failure| {
                panic!("through the table it answers {through:?}, directly it fails: {}", failure.0)
            });
            assert_eq!(format!("{through:?}"), format!("{direct:?}"), "the table and the plugin differ");
            Ok(through)
        }
        Err(CallError::Failed(message)) => {
            let direct = direct().err().map(|failure| failure.0);
            assert_eq!(Some(&message), direct.as_ref(), "the table and the plugin fail differently");
            Err(CallError::Failed(message))
        }
        // A panic is not provoked twice, and broken output is for the wall to find.
        Err(error) => Err(error),
    }
}

impl<P: Plugin> Harness<P> {
    /// Configures the plugin and prepares it without documents.
    ///
    /// # Errors
    /// What the plugin says, or how it broke.
    pub fn new(settings: &str, shop: Shop) -> Result<Self, CallError> {
        let instance = Arc::new(linked::<P>().configure(settings)?);
        let description = instance.describe()?;
        assert_eq!(description, instance.describe()?, "a plugin describes itself the same way every time");
        let failed = |failure: Failure| CallError::Failed(failure.0);
        let plugin = P::configure(settings).map_err(failed)?;
        let contributions = plugin.contributions();
        let prepared = plugin.prepare(&Epoch { documents: &[], revision: 1, host: &shop }, None).map_err(failed)?;
        let through = instance.prepare(&[], 1, &shop, None)?;
        let documents = Vec::new();
        Ok(Self { shop, documents, plugin, contributions, prepared, description, instance, through })
    }

    /// Adds a live document for all store views and prepares anew; the old state is the new one's `previous`.
    ///
    /// # Errors
    /// Why the plugin refuses the epoch; the old state then stays.
    pub fn put(&mut self, kind: &str, id: &str, json: &str) -> Result<(), CallError> {
        self.put_in(kind, "", id, json)
    }

    /// Adds a live document of one store view and prepares anew.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_in(&mut self, kind: &str, scope: &str, id: &str, json: &str) -> Result<(), CallError> {
        let mut stored = self.documents.clone();
        stored.retain(|d| (d.kind.as_str(), d.scope.as_str(), d.id.as_str()) != (kind, scope, id));
        stored.push(StoredDocument { kind: kind.into(), scope: scope.into(), id: id.into(), json: json.into() });
        stored.sort_by(|a, b| (&a.kind, &a.scope, &a.id).cmp(&(&b.kind, &b.scope, &b.id)));
        let documents: Vec<Document<'_>> = stored.iter().enumerate().map(|(i, d)| d.lend(i)).collect();
        let revision = self.documents.len() as u64 + 2;
        let through = self.instance.prepare(&documents, revision, &self.shop, Some(&self.through))?;
        let epoch = Epoch { documents: &documents, revision, host: &self.shop };
        let prepared = self.plugin.prepare(&epoch, Some(&self.prepared));
        self.prepared = prepared.map_err(|failure| CallError::Failed(failure.0))?;
        self.through = through;
        drop(documents);
        self.documents = stored;
        Ok(())
    }

    /// The shop.
    pub fn shop(&self) -> &Shop {
        &self.shop
    }

    /// What the plugin says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    fn find(&self, role: &str, name: &str) -> (u32, &Role<P::Prepared>) {
        let described = &self.description.contributions;
        let index = described.iter().position(|d| d.role.word() == role && d.name == name);
        let index = index.unwrap_or_else(|| panic!("no {role} `{name}`; there are {described:?}"));
        (index as u32, &self.contributions[index].role)
    }

    /// What the plugin finds wrong with a document, among the live ones of its kind and scope.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn validate(&self, kind: &str, id: &str, json: &str) -> Result<Vec<Problem>, CallError> {
        let document = StoredDocument { kind: kind.into(), scope: String::new(), id: id.into(), json: json.into() };
        let document = document.lend(self.documents.len());
        let stored = self.documents.iter().enumerate();
        let others: Vec<_> =
            stored.filter(|(_, d)| d.kind == kind && d.scope.is_empty()).map(|(i, d)| d.lend(i)).collect();
        agreed(self.instance.validate(&document, &others), || Ok(self.plugin.validate(&document, &others)))
    }

    /// What a rewriter makes of words: one group a word, as typed, is what it is given.
    ///
    /// # Errors
    /// How the plugin broke.
    ///
    /// # Panics
    /// When there is no such rewriter, or the table and the plugin differ; likewise below.
    pub fn rewrite(&self, name: &str, asked: &Asked) -> Result<Rewrite, CallError> {
        let (index, role) = self.find("rewriter", name);
        let Role::Rewriter(run) = role else { unreachable!("found by its role") };
        let alternative = |text: String| Alternative { text, weight: 1.0, prefix: false };
        let group = |text| TermGroup { alternatives: vec![alternative(text)] };
        let groups = self.shop.analyze(&asked.text).into_iter().map(group).collect();
        let query = Query { groups, redirect: None };
        asked.lend(&self.shop, |request| {
            agreed(self.through.rewrite(index, request, &self.shop, query.clone()), || {
                let mut rewrite = Rewrite { query, acts: Vec::new() };
                run(&self.prepared, &Call { request: *request, host: &self.shop }, &mut rewrite)?;
                Ok(rewrite)
            })
        })
    }

    /// What a retriever proposes, as skus.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn retrieve(&self, name: &str, asked: &Asked, k: usize) -> Result<Vec<(String, f32)>, CallError> {
        let (index, role) = self.find("retriever", name);
        let Role::Retriever(run) = role else { unreachable!("found by its role") };
        let found = asked.lend(&self.shop, |request| {
            agreed(self.through.retrieve(index, request, &self.shop, k), || {
                run(&self.prepared, &Call { request: *request, host: &self.shop }, k)
            })
        })?;
        Ok(found.iter().map(|candidate| (self.shop.sku(candidate.item).to_owned(), candidate.score)).collect())
    }

    /// The columns a scorer writes for these items, by name, in the order it declares them.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn score(&self, name: &str, asked: &Asked, skus: &[&str]) -> Result<Vec<(String, Vec<f32>)>, CallError> {
        let (index, role) = self.find("scorer", name);
        let Role::Scorer { run, reads, writes, .. } = role else { unreachable!("found by its role") };
        let items: Vec<u32> = skus.iter().map(|sku| self.shop.id(sku)).collect();
        let gathered = self.shop.gather(reads, &items);
        let columns: Vec<&[f32]> = gathered.iter().map(Vec::as_slice).collect();
        let neutral = |output: &Output| vec![if output.combine == Combine::Factor { 1.0 } else { 0.0 }; items.len()];
        let scored = |run: &dyn Fn(&mut ScoreBatch<'_, '_>) -> Result<(), CallError>| {
            let mut out: Vec<Vec<f32>> = writes.iter().map(neutral).collect();
            let mut lent: Vec<&mut [f32]> = out.iter_mut().map(Vec::as_mut_slice).collect();
            run(&mut ScoreBatch { items: &items, columns: &columns, out: &mut lent })?;
            Ok(out)
        };
        let out = asked.lend(&self.shop, |request| {
            let through = scored(&|batch| {
                let batch = ScoreBatch { items: batch.items, columns: batch.columns, out: batch.out };
                self.through.score(index, request, &self.shop, batch)
            });
            agreed(through, || {
                let call = Call { request: *request, host: &self.shop };
                let direct = scored(&|batch| run(&self.prepared, &call, batch).map_err(|f| CallError::Failed(f.0)));
                direct.map_err(|error| match error {
                    CallError::Failed(message) => Failure(message),
                    other => Failure(other.to_string()),
                })
            })
        })?;
        for (output, column) in writes.iter().zip(&out) {
            assert!(column.iter().all(|value| value.is_finite()), "column `{}` is not finite: {column:?}", output.name);
        }
        Ok(writes.iter().map(|output| output.name.clone()).zip(out).collect())
    }

    /// The order acts of a reranker over a list of skus with their scores, best first.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn rerank(&self, name: &str, asked: &Asked, list: &[(&str, f32)]) -> Result<Vec<Act>, CallError> {
        let (index, role) = self.find("reranker", name);
        let Role::Reranker { run, reads, .. } = role else { unreachable!("found by its role") };
        let items: Vec<u32> = list.iter().map(|(sku, _)| self.shop.id(sku)).collect();
        let scores: Vec<f32> = list.iter().map(|(_, score)| *score).collect();
        let gathered = self.shop.gather(reads, &items);
        let columns: Vec<&[f32]> = gathered.iter().map(Vec::as_slice).collect();
        let list = RankedList { items: &items, scores: &scores, columns: &columns };
        asked.lend(&self.shop, |request| {
            agreed(self.through.rerank(index, request, &self.shop, list), || {
                run(&self.prepared, &Call { request: *request, host: &self.shop }, list)
            })
        })
    }

    /// The answer to a question, JSON text.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn ask(&self, asked: &Asked, question: &str, argument: &str) -> Result<String, CallError> {
        asked.lend(&self.shop, |request| {
            agreed(self.through.ask(request, &self.shop, question, argument), || {
                let call = Call { request: *request, host: &self.shop };
                self.plugin.ask(&self.prepared, &call, question, argument)
            })
        })
    }

    /// A new observer, through the table.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn observer(&self, name: &str) -> Result<ObserverHandle, CallError> {
        self.instance.observe(self.find("observer", name).0)
    }
}

#[cfg(test)]
mod tests;
