//! What is an answered list on the wire?
//!
//! The answers of the engine as JSON. Scores and ledger values are written with every digit of their `f64`, so that
//! adding the `score` lines of a ledger from left to right gives the item's `score` to the bit.

use std::collections::BTreeMap;

use planogram_core::engine::types::{PageAnswer, Readiness, UnitsAnswer};
use planogram_core::pipeline::request::{
    AppliedRule, AsOf, Bucket, Degraded, Facet, Hit, LedgerKind, LedgerLine, ListAnswer, QueryError, UnitInfo,
};
use planogram_core::signal::PlacementCounts;
use serde::Serialize;
use utoipa::ToSchema;

use super::highlight::{HighlightJson, words_of};
use super::money::Money;
use crate::error::Problem;

/// One list, ranked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ListJson {
    /// The slice, best first.
    pub items: Vec<HitJson>,
    /// All matches.
    pub total: u64,
    /// The slice asked for.
    pub page: PageJson,
    /// Counts, in display order, each facet without its own filter.
    pub facets: Vec<FacetJson>,
    /// The key that events about this answer carry.
    pub request_id: String,
    /// Which state of the shop answered.
    pub as_of: AsOfJson,
    /// What did not take part, and why.
    pub degraded: Vec<DegradedJson>,
    /// Where to send the shopper instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// How the query was relaxed to find anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relaxed: Vec<String>,
    /// The query as it was probably meant, where words were corrected; products of both readings are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// Remarks on the request, such as an unknown filter attribute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Of a recommendation: the unit that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitJson>,
    /// The arm of each experiment the shopper takes part in, experiment to arm.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub arms: BTreeMap<String, String>,
    /// Of a search: what else might be searched for, at most five.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// What rules show with the list: texts, or ids of content blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub banners: Vec<String>,
    /// In a preview (`now`, `overlay`, `arms` or `explain`): the rules that applied, first one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_rules: Option<Vec<AppliedRuleJson>>,
}

/// A rule that applied to a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AppliedRuleJson {
    /// The plugin that knows it.
    pub plugin: String,
    /// What the plugin calls it.
    pub rule: String,
}

/// The slice of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PageJson {
    /// From 1.
    pub number: u32,
    /// Items a page.
    pub size: u32,
    /// Pages there are.
    pub count: u64,
}

/// One item of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HitJson {
    /// Sku of the product.
    pub sku: String,
    /// Sku of the variant that satisfied the filters and gives price and image.
    pub variant: String,
    /// Name in the store view.
    pub name: String,
    /// Brand.
    pub brand: Option<String>,
    /// Address of the product page.
    pub url: Option<String>,
    /// Image of the matched variant, else of the product.
    pub image: Option<String>,
    /// What is paid; nothing when the price book has no price.
    pub price: Option<Money>,
    /// The price before reductions.
    pub regular_price: Option<Money>,
    /// Can any variant be bought?
    pub in_stock: bool,
    /// Zero-based position in the whole list.
    pub position: u32,
    /// The sum of the ledger's `score` lines.
    pub score: f64,
    /// Which retrievers found it, each with its raw score.
    pub sources: Vec<SourceJson>,
    /// Of a recommendation: `primary`, or the fallback rung that supplied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_type: Option<String>,
    /// Why it stands here, with `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Vec<LedgerJson>>,
    /// The words of the item that were searched for, as they are written, with `highlight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched_words: Option<Vec<String>>,
    /// The texts they stand in, with `highlight`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlights: Option<Vec<HighlightJson>>,
}

/// A retriever that found an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SourceJson {
    /// Name of the retriever.
    pub name: String,
    /// Its raw score.
    pub score: f64,
}

/// One line of the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LedgerJson {
    /// `score` (part of the sum), `pin`, `band`, `quota`, `sort` or `note`.
    pub kind: &'static str,
    /// `kernel/text`, `plugin/column`, …
    pub name: String,
    /// The contribution, or the zero-based position of a pin; 0 for notes.
    pub value: f64,
    /// In words: the rule, the value behind it.
    pub note: String,
    /// Of a rule that moved the product: its zero-based position in the whole list before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// Of a rule that moved the product: its zero-based position after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
}

/// One facet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FacetJson {
    /// Attribute code, `price` or `categories`.
    pub attribute: String,
    /// For people.
    pub label: String,
    /// `pinned`; `intelligent`: the matches have it clearly more often than the shop does; `popular`.
    pub kind: String,
    /// Values and counts, in display order.
    pub buckets: Vec<BucketJson>,
    /// Smallest value of a numeric facet under all filters but its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value of a numeric facet under all filters but its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// One value of a facet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BucketJson {
    /// The value, the path of a category, or `from-to` of a range.
    pub value: String,
    /// Lower bound of a range, inclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// Upper bound of a range, exclusive; absent when open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
    /// Products.
    pub count: u64,
}

/// The identity of the state that answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AsOfJson {
    /// Log sequence of all views but text.
    pub seq: u64,
    /// Log sequence of the text index.
    pub text_seq: u64,
    /// Revision of the configuration.
    pub config_epoch: u64,
    /// Generation of the models.
    pub model_generation: u64,
    /// Plugins in force, name to `version+hash`.
    pub plugins: BTreeMap<String, String>,
    /// Log sequence up to which plugins that learn had learned; absent while none has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_seq: Option<u64>,
}

/// Something that did not take part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DegradedJson {
    /// The plugin, or `kernel`.
    pub plugin: String,
    /// The contribution or stage.
    pub contribution: String,
    /// `panicked`, `late`, `failed`, `bad-output`, `breaker-open`, `deadline`.
    pub reason: String,
    /// In words.
    pub detail: String,
}

/// The recommendation unit that answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnitJson {
    /// Id of its document.
    pub id: String,
    /// Type.
    #[serde(rename = "type")]
    pub unit_type: String,
    /// Heading for shoppers.
    pub label: String,
    /// Page types it is shown on; empty means all.
    pub page_types: Vec<String>,
    /// Place among the units of a page, smallest first.
    pub order: i32,
    /// Items it shows at most.
    pub limit: u32,
}

/// Several lists over one state of the shop.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageAnswerJson {
    /// The lists, in the order asked for.
    pub lists: Vec<NamedListJson>,
    /// The one state that answered all of them.
    pub as_of: AsOfJson,
    /// The key that events about this answer carry.
    pub request_id: String,
    /// The arm of each experiment the shopper takes part in, the same in every list.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub arms: BTreeMap<String, String>,
}

/// One list of a page: its answer, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
pub struct NamedListJson {
    /// Name given in the request, or id of the unit.
    pub name: String,
    /// The list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListJson>,
    /// Why there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The units of a page over one state of the shop, each product once.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitsJson {
    /// The units that have something to show, in the order of the page.
    pub units: Vec<NamedListJson>,
    /// Ids asked for that name no live unit.
    pub unknown: Vec<String>,
    /// The one state that answered all of them.
    pub as_of: AsOfJson,
    /// The key that events about this answer carry.
    pub request_id: String,
    /// The arm of each experiment the shopper takes part in, the same in every unit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub arms: BTreeMap<String, String>,
}

/// How well a unit is supplied by its own type, before any fallback.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessJson {
    /// Id of the unit.
    pub unit: String,
    /// Of its places on an average product page, how many its type fills, 0 to 100.
    pub percent: f64,
    /// `ready` from 75 percent on, `fair` from 50 on, `backup` below: then most of it is filled by its fallback.
    pub state: &'static str,
    /// Products it was tried on, spread evenly over the catalog, at most 200.
    pub products_tried: u32,
    /// Different products it proposed on them.
    pub products_proposed: u64,
}

/// How a unit did in a window.
#[derive(Debug, Serialize, ToSchema)]
pub struct MetricsJson {
    /// Id of the unit.
    pub unit: String,
    /// `24h`, `72h`, `7d`, `30d`, or `all`.
    pub window: String,
    /// The moment the window ends with, RFC 3339.
    pub until: String,
    /// Renderings, seen or not (`unit_impression` events).
    pub impressions: u64,
    /// Times it came into view, each counted (`unit_view` events).
    pub views: u64,
    /// Renderings that came into view, each counted once.
    pub viewable_impressions: u64,
    /// Items clicked or put into the cart in the unit (`unit_click`, and `add_to_cart` with `unit`).
    pub clicks: u64,
    /// Items bought after they were clicked in the unit in the same visit.
    pub purchases: u64,
    /// What they cost, in minor units as the orders say.
    pub revenue_minor: i64,
    /// Viewable impressions of all impressions; null without any.
    pub viewability: Option<f64>,
    /// Clicks an impression; null without any.
    pub ctr: Option<f64>,
    /// Clicks a viewable impression; null without any.
    pub vctr: Option<f64>,
}

/// Why a product is or is not in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationJson {
    /// The product asked about.
    pub sku: String,
    /// What first stopped it, or where it stands.
    pub answer: String,
}

impl From<ListAnswer> for ListJson {
    fn from(answer: ListAnswer) -> Self {
        let pages = answer.total.div_ceil(u64::from(answer.page.size.max(1)));
        Self {
            items: answer.items.into_iter().map(HitJson::from).collect(),
            total: answer.total,
            page: PageJson { number: answer.page.number, size: answer.page.size, count: pages },
            facets: answer.facets.into_iter().map(FacetJson::from).collect(),
            request_id: answer.request_id,
            as_of: answer.as_of.into(),
            degraded: answer.degraded.into_iter().map(DegradedJson::from).collect(),
            redirect: answer.redirect,
            relaxed: answer.relaxed,
            did_you_mean: answer.did_you_mean,
            warnings: answer.warnings,
            unit: answer.unit.map(UnitJson::from),
            arms: answer.arms.into_iter().collect(),
            suggestions: answer.suggestions,
            banners: answer.banners,
            applied_rules: answer.applied_rules.map(|rules| {
                rules.into_iter().map(|AppliedRule { plugin, rule }| AppliedRuleJson { plugin, rule }).collect()
            }),
        }
    }
}

impl From<UnitInfo> for UnitJson {
    fn from(unit: UnitInfo) -> Self {
        let UnitInfo { id, unit_type, label, page_types, order, limit } = unit;
        Self { id, unit_type, label, page_types, order, limit }
    }
}

impl From<Hit> for HitJson {
    fn from(hit: Hit) -> Self {
        let money = |minor: Option<i64>| minor.map(|m| Money::new(m, &hit.currency));
        let highlights = hit.highlights.map(|found| found.iter().map(HighlightJson::from).collect::<Vec<_>>());
        Self {
            price: money(hit.price_minor),
            regular_price: money(hit.regular_minor),
            sku: hit.sku,
            variant: hit.variant,
            name: hit.name,
            brand: hit.brand,
            url: hit.url,
            image: hit.image,
            in_stock: hit.in_stock,
            position: hit.position,
            score: hit.score,
            sources: hit.sources.into_iter().map(|(name, score)| SourceJson { name, score }).collect(),
            query_type: hit.query_type,
            ledger: hit.ledger.map(|lines| lines.into_iter().map(LedgerJson::from).collect()),
            matched_words: highlights.as_deref().map(words_of),
            highlights,
        }
    }
}

impl From<LedgerLine> for LedgerJson {
    fn from(line: LedgerLine) -> Self {
        let kind = match line.kind {
            LedgerKind::Score => "score",
            LedgerKind::Pin => "pin",
            LedgerKind::Band => "band",
            LedgerKind::Quota => "quota",
            LedgerKind::Sort => "sort",
            LedgerKind::Note => "note",
        };
        let (from, to) = line.moved.unzip();
        Self { kind, name: line.name, value: line.value, note: line.note, from, to }
    }
}

impl From<Facet> for FacetJson {
    fn from(facet: Facet) -> Self {
        Self {
            attribute: facet.attribute,
            label: facet.label,
            kind: facet.kind,
            buckets: facet.buckets.into_iter().map(BucketJson::from).collect(),
            min: facet.bounds.map(|(min, _)| min),
            max: facet.bounds.map(|(_, max)| max),
        }
    }
}

impl From<Bucket> for BucketJson {
    fn from(bucket: Bucket) -> Self {
        Self {
            from: bucket.range.map(|(from, _)| from),
            to: bucket.range.and_then(|(_, to)| to),
            value: bucket.value,
            count: bucket.count,
        }
    }
}

impl From<AsOf> for AsOfJson {
    fn from(as_of: AsOf) -> Self {
        Self {
            seq: as_of.seq,
            text_seq: as_of.text_seq,
            config_epoch: as_of.config_epoch,
            model_generation: as_of.model_generation,
            plugins: as_of.plugins,
            observed_seq: as_of.observed_seq,
        }
    }
}

impl From<Degraded> for DegradedJson {
    fn from(d: Degraded) -> Self {
        Self { plugin: d.plugin, contribution: d.contribution, reason: d.reason, detail: d.detail }
    }
}

/// The JSON of an answered page.
pub fn page(answer: PageAnswer, request_id: String) -> PageAnswerJson {
    PageAnswerJson {
        lists: answer.lists.into_iter().map(named).collect(),
        as_of: answer.as_of.into(),
        request_id,
        arms: answer.arms.into_iter().collect(),
    }
}

/// The JSON of the units of a page.
pub fn units(answer: UnitsAnswer, request_id: String) -> UnitsJson {
    let units = answer.lists.into_iter().map(named).collect();
    let arms = answer.arms.into_iter().collect();
    UnitsJson { units, unknown: answer.unknown, as_of: answer.as_of.into(), request_id, arms }
}

fn named((name, result): (String, Result<ListAnswer, QueryError>)) -> NamedListJson {
    match result {
        Ok(list) => NamedListJson { name, list: Some(ListJson::from(list)), problem: None },
        Err(error) => NamedListJson { name, list: None, problem: Some(Problem::from(error)) },
    }
}

/// The JSON of a readiness report.
pub fn readiness(unit: String, found: Readiness) -> ReadinessJson {
    let state = match found.percent {
        percent if percent >= READY_PERCENT => "ready",
        percent if percent >= FAIR_PERCENT => "fair",
        _ => "backup",
    };
    let Readiness { percent, products_tried, products_proposed } = found;
    ReadinessJson { unit, percent, state, products_tried, products_proposed }
}

/// The JSON of what a unit did.
pub fn metrics(unit: String, window: String, (counts, until_ms): (PlacementCounts, i64)) -> MetricsJson {
    let ratio = |of: u64, by: u64| (by > 0).then(|| of as f64 / by as f64);
    MetricsJson {
        unit,
        window,
        until: super::time::text(until_ms),
        impressions: counts.impressions,
        views: counts.views,
        viewable_impressions: counts.viewable_impressions,
        clicks: counts.clicks,
        purchases: counts.purchases,
        revenue_minor: counts.revenue_minor,
        viewability: ratio(counts.viewable_impressions, counts.impressions),
        ctr: ratio(counts.clicks, counts.impressions),
        vctr: ratio(counts.clicks, counts.viewable_impressions),
    }
}

/// From here on a unit is `ready`.
const READY_PERCENT: f64 = 75.0;
/// From here on a unit is `fair`.
const FAIR_PERCENT: f64 = 50.0;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use planogram_core::id::ItemId;
    use planogram_core::pipeline::request::Page;

    pub(crate) fn answer(values: &[f64]) -> ListAnswer {
        let line = |value: &f64| LedgerLine {
            kind: LedgerKind::Score,
            name: "p/c".into(),
            value: *value,
            note: String::new(),
            moved: None,
        };
        let hit = Hit {
            item: ItemId(0),
            sku: "A".into(),
            variant: "A-S".into(),
            name: "Ant".into(),
            brand: None,
            url: None,
            image: None,
            price_minor: Some(5210),
            regular_minor: None,
            currency: "USD".into(),
            in_stock: true,
            score: values.iter().fold(0.0, |sum, v| sum + v),
            sources: vec![("text".into(), 1.5)],
            query_type: None,
            position: 24,
            ledger: Some(values.iter().map(line).collect()),
            values: vec![],
            highlights: None,
        };
        ListAnswer {
            items: vec![hit],
            total: 25,
            page: Page { number: 2, size: 24 },
            facets: vec![],
            request_id: "r".into(),
            as_of: AsOf::default(),
            degraded: vec![],
            redirect: None,
            relaxed: vec![],
            did_you_mean: None,
            warnings: vec![],
            unit: None,
            arms: vec![],
            suggestions: vec![],
            columns: vec![],
            banners: vec![],
            applied_rules: None,
        }
    }

    /// Reads a float the way IEEE 754 asks: to the nearest double.
    fn float(value: &serde_json::Value) -> f64 {
        value.to_string().parse().unwrap()
    }

    #[test]
    fn the_ledger_adds_up_to_the_bit_on_the_wire() {
        let mut state = 7u64;
        for _ in 0..200 {
            let values: Vec<f64> = (0..9)
                .map(|_| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    (state >> 11) as f64 / (1u64 << 53) as f64 * 40.0 - 7.0
                })
                .collect();
            let text = serde_json::to_string(&ListJson::from(answer(&values))).unwrap();
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let item = &json["items"][0];
            let sum = item["ledger"].as_array().unwrap().iter().fold(0.0, |sum, line| sum + float(&line["value"]));
            assert_eq!(sum.to_bits(), float(&item["score"]).to_bits());
            assert_eq!(float(&item["score"]).to_bits(), item["score"].as_f64().unwrap().to_bits());
        }
    }

    #[test]
    fn what_there_is_none_of_is_left_out() {
        let json = serde_json::to_value(ListJson::from(answer(&[1.0]))).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys.len(), 7, "{keys:?}");
        assert_eq!(json["page"], serde_json::json!({"number": 2, "size": 24, "count": 2}));
        assert_eq!(json["items"][0]["price"], serde_json::json!({"amount": 52.1, "minor": 5210, "currency": "USD"}));
        assert_eq!(json["items"][0]["regular_price"], serde_json::Value::Null);
    }
}
