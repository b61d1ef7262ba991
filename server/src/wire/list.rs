//! What is a list request on the wire?
//!
//! The parameters that search, category pages, recommendations and page requests share, with their defaults and
//! bounds. Unknown parameters are refused, so that a misspelled name never silently changes what is asked;
//! filters by attribute therefore carry a prefix (`filter.color=Red`).

use std::time::Duration;

use planogram_core::limits::{QUERY_CHARS_MAX, VECTOR_DIMENSIONS_MAX};
use planogram_core::pipeline::request::{Arms, List, ListRequest, Page, QueryVector, Shopper};
use serde_json::Value;

use super::decode::{Fields, cut};
use super::params::{Address, Params, settle};
use crate::error::{Kind, Problem};

/// Items a page when the request names none.
pub const PAGE_SIZE_DEFAULT: u32 = 24;
/// Most items a page.
pub const PAGE_SIZE_MAX: u32 = 500;
/// Furthest position a page may reach: `page` × `page_size`.
pub const WINDOW_MAX: u32 = 10_000;
/// Longest deadline a request may ask for, in milliseconds.
pub const DEADLINE_MS_MAX: u64 = 60_000;

/// Parameters that say who asks, of which shop and which moment: a page names them once for all its lists.
pub const SHARED: &[&str] = &[
    "store_view",
    "visitor",
    "customer",
    "session",
    "consent",
    "customer_group",
    "price_book",
    "audiences",
    "page_type",
    "device",
    "cart",
    "viewed",
    "recent",
    "explain",
    "now",
    "overlay",
    "arms",
    "seed",
    "min_seq",
    "deadline_ms",
    "request_id",
];
/// Parameters that say which part of a list is wanted, in which order.
pub const OF_LIST: &[&str] = &["page", "page_size", "sort", "filter", "facets"];

/// Parameters of a search by a vector, in a JSON body only: an address has no room for them.
pub const OF_VECTOR: &[&str] = &["vector", "vector_space"];

/// Parameters every list takes.
pub fn common() -> impl Iterator<Item = &'static str> {
    OF_LIST.iter().chain(SHARED).copied()
}

/// What HTTP headers add to a request.
#[derive(Clone, Debug, Default)]
pub struct FromHeaders {
    /// Id of the request: the caller's `X-Request-Id`, or one drawn by the server.
    pub request_id: String,
    /// Audiences from `aep-segments-membership`.
    pub audiences: Vec<String>,
    /// Whether only shoppers' reads are answered: there is a write key, and the caller did not give it.
    pub is_shopper: bool,
}

impl FromHeaders {
    /// Refuses previews to shoppers: drafts, what comes later, and the rules behind a list are for the shop's own people.
    ///
    /// # Errors
    /// When one is asked for without the write key.
    pub fn may(&self, request: ListRequest) -> Result<ListRequest, Problem> {
        if self.is_shopper && request.is_preview() {
            return Err(key_missing("`now`, `overlay`, `arms` and `explain` need the write key"));
        }
        Ok(request)
    }
}

/// Refuses what needs the write key.
pub fn key_missing(said: &str) -> Problem {
    Problem::new(Kind::Unauthorized, said).allow("Authorization: Bearer KEY, or X-Api-Key: KEY")
}

/// Which list a route asks for, as far as the route itself says.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Search; the words are the parameter `q`.
    Search,
    /// The category of this path.
    Category(String),
    /// The unit of this id; the products it is about are the parameter `anchors`.
    Unit(String),
}

impl Target {
    /// The parameters this list takes.
    pub fn parameters(&self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Target::Search => &["q", "highlight"],
            Target::Category(_) => &[],
            Target::Unit(_) => &["anchors", "among"],
        };
        own.iter().copied().chain(common()).collect()
    }
}

/// The request an address asks for.
///
/// # Errors
/// The parameter at fault.
pub fn from_address(target: Target, pairs: &[(String, String)], headers: &FromHeaders) -> Result<ListRequest, Problem> {
    if let Some((name, _)) = pairs.iter().find(|(name, _)| OF_VECTOR.contains(&name.as_str())) {
        let message = format!("`{name}` does not stand in an address");
        return Err(Problem::parameter(name, message, "`vector` and `vector_space` in the JSON body of a POST"));
    }
    let mut address = Address::new(pairs, &target.parameters());
    let request = request(target, &mut address, headers);
    settle(address)?;
    headers.may(request)
}

/// The request a JSON body asks for.
///
/// # Errors
/// Everything that is wrong with the body.
pub fn from_json(target: Target, body: &Value, headers: &FromHeaders) -> Result<ListRequest, Problem> {
    let mut defects = Vec::new();
    let mut allowed = target.parameters();
    if target == Target::Search {
        allowed.extend(OF_VECTOR);
    }
    let request = Fields::open(body, "", &allowed, &mut defects).map(|mut f| request(target, &mut f, headers));
    match request {
        Some(request) if defects.is_empty() => headers.may(request),
        _ => Err(Problem::defects(Kind::InvalidParameter, defects)),
    }
}

/// Reads one list request; mistakes go to `p`.
pub(super) fn request(target: Target, p: &mut dyn Params, headers: &FromHeaders) -> ListRequest {
    let among = match target {
        Target::Unit(_) => p.list("among").unwrap_or_default(),
        _ => Vec::new(),
    };
    let highlight = target == Target::Search && p.flag("highlight").unwrap_or(false);
    ListRequest {
        vector: if target == Target::Search { vector(p) } else { None },
        list: list(target, p),
        among,
        request_id: request_id(p).unwrap_or_else(|| headers.request_id.clone()),
        store_view: p.text("store_view").unwrap_or_default(),
        filters: p.filters(),
        sort: p.sort(),
        page: page(p),
        facets: facets(p),
        shopper: shopper(p, headers),
        explain: p.flag("explain").unwrap_or(false),
        highlight,
        now_ms: p.moment("now"),
        overlays: p.list("overlay").unwrap_or_default(),
        arms: arms(p),
        seed: p.whole("seed", 0, u64::MAX),
        min_seq: p.whole("min_seq", 0, u64::MAX),
        deadline: p.whole("deadline_ms", 1, DEADLINE_MS_MAX).map(Duration::from_millis),
    }
}

fn list(target: Target, p: &mut dyn Params) -> List {
    match target {
        Target::Search => {
            let text = p.text("q").unwrap_or_default().trim().to_owned();
            let length = text.chars().count();
            if length > QUERY_CHARS_MAX {
                p.report("q", format!("`q` has {length} characters"), format!("at most {QUERY_CHARS_MAX} characters"));
            }
            List::Search { text }
        }
        Target::Category(path) => List::Category { path },
        Target::Unit(unit) => List::Unit { unit, anchors: p.list("anchors").unwrap_or_default() },
    }
}

/// Reads the vector and the space it lies in.
fn vector(p: &mut dyn Params) -> Option<QueryVector> {
    match (p.numbers("vector"), p.text("vector_space").filter(|space| !space.is_empty())) {
        (Some(values), Some(space)) if (1..=VECTOR_DIMENSIONS_MAX).contains(&values.len()) => {
            return Some(QueryVector { space, values });
        }
        (Some(values), Some(_)) => {
            let message = format!("`vector` has {} numbers", values.len());
            p.report("vector", message, format!("1 to {VECTOR_DIMENSIONS_MAX} numbers"));
        }
        (Some(_), None) => {
            p.report("vector_space", "`vector_space` is missing".to_owned(), "the space of `vector`".to_owned())
        }
        (None, Some(_)) => {
            let message = "`vector_space` means nothing without `vector`".to_owned();
            p.report("vector_space", message, "`vector` beside it".to_owned());
        }
        (None, None) => {}
    }
    None
}

fn page(p: &mut dyn Params) -> Page {
    let size = p.whole("page_size", 1, u64::from(PAGE_SIZE_MAX)).map_or(PAGE_SIZE_DEFAULT, |n| n as u32);
    let last = u64::from(WINDOW_MAX / size);
    let number = p.whole("page", 1, u64::from(u32::MAX)).unwrap_or(1);
    if number > last {
        p.report(
            "page",
            format!("page {number} of {size} items reaches past position {WINDOW_MAX}"),
            format!("a page from 1 to {last} at `page_size` {size}"),
        );
        return Page { number: 1, size };
    }
    Page { number: number as u32, size }
}

fn facets(p: &mut dyn Params) -> Option<Vec<String>> {
    let codes = p.list("facets")?;
    Some(if codes == ["none"] { Vec::new() } else { codes })
}

/// Reads the arms to show: `experiment:arm`, each experiment once. An experiment's id may hold a colon, an arm's name
/// may not.
fn arms(p: &mut dyn Params) -> Arms {
    let mut arms = Arms::new();
    for text in p.list("arms").unwrap_or_default() {
        match text.rsplit_once(':').filter(|(experiment, arm)| !experiment.is_empty() && !arm.is_empty()) {
            Some((experiment, _)) if arms.iter().any(|(known, _)| known == experiment) => {
                let message = format!("`arms` names the experiment `{}` twice", cut(experiment));
                p.report("arms", message, "one arm an experiment".to_owned());
            }
            Some((experiment, arm)) => arms.push((experiment.to_owned(), arm.to_owned())),
            None => p.report("arms", format!("`{}` is no arm", cut(&text)), "experiment:arm".to_owned()),
        }
    }
    arms
}

/// Reads who asks.
pub(super) fn shopper(p: &mut dyn Params, headers: &FromHeaders) -> Shopper {
    let mut audiences = headers.audiences.clone();
    for audience in p.list("audiences").unwrap_or_default() {
        if !audiences.contains(&audience) {
            audiences.push(audience);
        }
    }
    let mut some = |name: &str| p.text(name).filter(|text| !text.is_empty());
    Shopper {
        visitor: some("visitor"),
        customer: some("customer"),
        session: some("session"),
        customer_group: some("customer_group"),
        price_book: some("price_book"),
        page_type: some("page_type"),
        device: some("device"),
        audiences,
        cart: p.list("cart").unwrap_or_default(),
        viewed: p.list("viewed").unwrap_or_default(),
        recent: p.list("recent").unwrap_or_default(),
        unconsented: p.flag("consent") == Some(false),
    }
}

/// Reads the id of the request, which must be fit for a header.
pub(super) fn request_id(p: &mut dyn Params) -> Option<String> {
    let id = p.text("request_id")?;
    if !valid_request_id(&id) {
        p.report("request_id", "`request_id` is not fit for a header".to_owned(), REQUEST_ID_ALLOWED.to_owned());
    }
    Some(id)
}

/// What a request id may look like, for messages.
pub const REQUEST_ID_ALLOWED: &str = "1 to 128 visible ASCII characters";

/// Can the text be a request id?
pub fn valid_request_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use planogram_core::expr::{Condition, Test};
    use planogram_core::pipeline::request::SortKey;
    use serde_json::json;

    fn pairs(query: &str) -> Vec<(String, String)> {
        query
            .split('&')
            .filter(|s| !s.is_empty())
            .map(|p| p.split_once('=').unwrap_or((p, "")))
            .map(|(k, v)| (k.into(), v.into()))
            .collect()
    }

    fn get(query: &str) -> Result<ListRequest, Problem> {
        from_address(
            Target::Search,
            &pairs(query),
            &FromHeaders { request_id: "r".into(), audiences: vec!["vip".into()], ..FromHeaders::default() },
        )
    }

    fn post(body: Value) -> Result<ListRequest, Problem> {
        from_json(
            Target::Search,
            &body,
            &FromHeaders { request_id: "r".into(), audiences: vec!["vip".into()], ..FromHeaders::default() },
        )
    }

    #[test]
    fn defaults_are_the_plain_shop() {
        let r = get("").unwrap();
        assert_eq!(r.list, List::Search { text: String::new() });
        assert_eq!(r.page, Page { number: 1, size: PAGE_SIZE_DEFAULT });
        assert_eq!((r.facets, r.explain, r.now_ms, r.deadline), (None, false, None, None));
        assert_eq!((r.request_id.as_str(), r.shopper.audiences), ("r", vec!["vip".to_owned()]));
    }

    #[test]
    fn address_and_body_say_the_same() {
        let a = get(
            "q=rain jacket&page=2&page_size=10&sort=price:desc,name&filter.color=Red&facets=color,size&visitor=v\
            &audiences=vip,new&cart=A,B&consent=false&explain=true&highlight=true&now=2026-01-01T00:00:00Z&overlay=spring&arms=e:b,f:x:c&seed=7&min_seq=9&deadline_ms=50",
        );
        let b = post(json!({"q": "rain jacket", "page": 2, "page_size": 10, "sort": ["price:desc", "name"],
            "filter": {"field": "color", "in": ["Red"]}, "facets": ["color", "size"], "visitor": "v",
            "audiences": ["vip", "new"], "cart": ["A", "B"], "consent": false, "explain": true, "highlight": true, "now": "2026-01-01T00:00:00Z",
            "overlay": ["spring"], "arms": ["e:b", "f:x:c"], "seed": 7, "min_seq": 9, "deadline_ms": 50}));
        assert_eq!(format!("{:?}", a.unwrap()), format!("{:?}", b.unwrap()));
    }

    #[test]
    fn filters_sort_and_facets() {
        let r = get("filter.price=10..50&filter=size:S,M&sort=created&facets=none").unwrap();
        let range = Test::Range { from: Some(10.0), to: Some(50.0) };
        assert_eq!(r.filters[0], Condition::Field { field: "price".into(), test: range });
        assert_eq!(r.filters.len(), 2);
        assert_eq!(r.sort, [SortKey { field: "created".into(), ascending: false }]);
        assert_eq!(r.facets, Some(vec![]));
    }

    #[test]
    fn bad_parameters_name_themselves() {
        let check = |query: &str, parameter: &str, allowed: &str| {
            let p = get(query).unwrap_err();
            assert_eq!((p.status, p.parameter.as_deref()), (400, Some(parameter)), "{query}");
            let said = p.allowed.unwrap_or_default();
            assert!(said.contains(allowed), "{query}: {said}");
        };
        check("page_size=0", "page_size", "from 1 to 500");
        check("page_size=501", "page_size", "from 1 to 500");
        check("page_size=-1", "page_size", "from 1 to 500");
        check("page=0", "page", "from 1");
        check("page=417", "page", "from 1 to 416");
        check("page=99999999999999999999", "page", "from 1");
        check("pagesize=3", "pagesize", "did you mean `page_size`?");
        check("color=Red", "color", "filter.color");
        check("sort=price:up", "sort", "field:asc");
        check("sort=:asc", "sort", "field:asc");
        check("filter=color", "filter", "field:value");
        check("filter.=x", "filter", "filter.field");
        check("filter.price=9..1", "filter.price", "from..to");
        check("explain=maybe", "explain", "true or false");
        check("now=noon", "now", "RFC 3339");
        check("deadline_ms=0", "deadline_ms", "from 1 to 60000");
        check("q=a&q=b", "q", "once");
        check("arms=e", "arms", "experiment:arm");
        check("arms=e:", "arms", "experiment:arm");
        check("arms=e:a,e:b", "arms", "one arm");
        check("request_id=a b", "request_id", "visible ASCII");
        check(&format!("q={}", "x".repeat(256)), "q", "at most 255");
    }

    #[test]
    fn bad_bodies_name_the_pointer() {
        let check = |body: Value, pointer: &str| {
            let p = post(body).unwrap_err();
            assert_eq!((p.status, p.pointer.as_deref()), (400, Some(pointer)));
        };
        check(json!([]), "");
        check(json!({"page": "1"}), "/page");
        check(json!({"page_size": 0}), "/page_size");
        check(json!({"filters": []}), "/filters");
        check(json!({"filter": 7}), "/filter");
        check(json!({"seed": 1.5}), "/seed");
        check(json!({"cart": "A"}), "/cart");
    }
}
