//! What is a page request on the wire?
//!
//! `{"lists": [{"name": "hero", "unit": "home-trending"}, {"name": "grid", "category": "Men"}], "visitor": "v"}`:
//! named lists, each with exactly one of `q`, `category`, `unit` and its own list parameters. What stands beside
//! `lists` is the default of every list; who asks is said once, there.

use planogram_core::engine::types::PageRequest;
use planogram_core::pipeline::request::{ListRequest, Shopper};
use serde_json::{Map, Value};

use super::decode::{Defect, Fields};
use super::list::{self, FromHeaders, SHARED, Target};
use crate::error::{Kind, Problem};

/// Most lists of one page.
pub const LISTS_MAX: usize = 50;

/// Parameters a list of a page takes for itself.
pub(super) const OWN: &[&str] = &[
    "name",
    "q",
    "highlight",
    "category",
    "unit",
    "anchors",
    "among",
    "page",
    "page_size",
    "sort",
    "filter",
    "facets",
    "page_type",
    "explain",
];

/// The page a JSON body asks for.
///
/// # Errors
/// Everything that is wrong with the body.
pub fn from_json(body: &Value, headers: &FromHeaders) -> Result<PageRequest, Problem> {
    let mut defects = Vec::new();
    let allowed: Vec<&str> = ["lists"].iter().chain(SHARED).copied().collect();
    let page = Fields::open(body, "", &allowed, &mut defects).and_then(|mut f| page(&mut f, body, headers));
    match page {
        Some(mut page) if defects.is_empty() => {
            let lists = page.lists.into_iter().map(|(name, list)| Ok((name, headers.may(list)?)));
            page.lists = lists.collect::<Result<_, Problem>>()?;
            Ok(page)
        }
        _ => Err(Problem::defects(Kind::InvalidParameter, defects)),
    }
}

fn page(f: &mut Fields, body: &Value, headers: &FromHeaders) -> Option<PageRequest> {
    let shopper = list::shopper(f, headers);
    let shared = shared(f, body, headers);
    let rows = f.array("lists");
    if rows.is_none() && f.present("lists").is_none() {
        f.report("lists", "`lists` is missing", "a list of named lists");
    }
    let rows = rows?;
    if rows.is_empty() || rows.len() > LISTS_MAX {
        f.report("lists", format!("the page has {} lists", rows.len()), format!("1 to {LISTS_MAX} lists"));
        return None;
    }
    let mut lists: Vec<(String, ListRequest)> = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let Some((name, request)) = one(row, i, &shared, &shopper, f.defects()) else { continue };
        if lists.iter().any(|(n, _)| *n == name) {
            f.defects().push(Defect::new(
                format!("/lists/{i}/name"),
                format!("two lists are named `{name}`"),
                "each name once",
            ));
        }
        lists.push((name, request));
    }
    Some(PageRequest { lists, shopper })
}

/// The defaults of every list, read once so that a mistake in them is reported once.
fn shared(f: &mut Fields, body: &Value, headers: &FromHeaders) -> ListRequest {
    let none = Map::new();
    let fields = body.as_object().unwrap_or(&none);
    // The shopper was read already; reading it again here would report its mistakes twice.
    let rest = ["store_view", "explain", "now", "overlay", "arms", "seed", "min_seq", "deadline_ms", "request_id"];
    let rest: Map<String, Value> =
        fields.iter().filter(|(k, _)| rest.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect();
    let rest = Value::Object(rest);
    let mut defects = Vec::new();
    let request =
        Fields::open(&rest, "", SHARED, &mut defects).map(|mut r| list::request(Target::Search, &mut r, headers));
    f.defects().extend(defects);
    request.expect("it was made an object just now")
}

fn one(
    row: &Value,
    i: usize,
    shared: &ListRequest,
    shopper: &Shopper,
    defects: &mut Vec<Defect>,
) -> Option<(String, ListRequest)> {
    let pointer = format!("/lists/{i}");
    let before = defects.len();
    let mut f = Fields::open(row, &pointer, OWN, defects)?;
    let name = f.required_text("name");
    let targets: Vec<&str> = ["q", "category", "unit"].into_iter().filter(|t| f.raw(t).is_some()).collect();
    let [target] = targets.as_slice() else {
        let message = format!("the list names {} targets", targets.len());
        defects.push(Defect::new(pointer, message, "exactly one of `q`, `category`, `unit`"));
        return None;
    };
    let target = match *target {
        "category" => Target::Category(f.required_text("category")),
        "unit" => Target::Unit(f.required_text("unit")),
        _ => Target::Search,
    };
    if f.raw("anchors").is_some() && !matches!(target, Target::Unit(_)) {
        f.report("anchors", "`anchors` means nothing without `unit`", "leave it out");
    }
    if f.raw("among").is_some() && !matches!(target, Target::Unit(_)) {
        f.report("among", "`among` means nothing without `unit`", "leave it out");
    }
    if f.raw("highlight").is_some() && target != Target::Search {
        f.report("highlight", "`highlight` means nothing without `q`", "leave it out");
    }
    let headers =
        FromHeaders { request_id: shared.request_id.clone(), audiences: Vec::new(), ..FromHeaders::default() };
    let own = list::request(target, &mut f, &headers);
    let explain = if f.raw("explain").is_some() { own.explain } else { shared.explain };
    if defects.len() > before {
        return None;
    }
    let mut shopper = shopper.clone();
    shopper.page_type = own.shopper.page_type.or(shopper.page_type);
    let request = ListRequest {
        list: own.list,
        among: own.among,
        filters: own.filters,
        sort: own.sort,
        page: own.page,
        facets: own.facets,
        shopper,
        explain,
        highlight: own.highlight,
        ..shared.clone()
    };
    Some((name, request))
}

#[cfg(test)]
mod tests {
    use super::*;
    use planogram_core::pipeline::request::List;
    use serde_json::json;

    fn decode(body: Value) -> Result<PageRequest, Problem> {
        from_json(&body, &FromHeaders { request_id: "r".into(), audiences: vec![], ..FromHeaders::default() })
    }

    #[test]
    fn lists_share_what_stands_beside_them() {
        let page = decode(json!({"visitor": "v", "store_view": "sv", "page_type": "home", "min_seq": 4, "lists": [
            {"name": "hero", "unit": "trending", "page_size": 4, "anchors": ["A"]},
            {"name": "grid", "category": "Men/Tops", "page_type": "category", "explain": true},
            {"name": "found", "q": "hoodie"}]}))
        .unwrap();
        let names: Vec<&str> = page.lists.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["hero", "grid", "found"]);
        let [(_, hero), (_, grid), (_, found)] = page.lists.as_slice() else { panic!() };
        assert_eq!(hero.list, List::Unit { unit: "trending".into(), anchors: vec!["A".into()] });
        assert_eq!((hero.page.size, hero.store_view.as_str(), hero.min_seq), (4, "sv", Some(4)));
        assert_eq!((grid.shopper.page_type.as_deref(), grid.explain), (Some("category"), true));
        assert_eq!((found.shopper.visitor.as_deref(), found.shopper.page_type.as_deref()), (Some("v"), Some("home")));
    }

    #[test]
    fn mistakes_are_located() {
        let check = |body: Value, pointers: &[&str]| {
            let p = decode(body).unwrap_err();
            let all: Vec<String> = match p.problems.len() {
                0 => p.pointer.into_iter().collect(),
                _ => p.problems.into_iter().map(|d| d.pointer).collect(),
            };
            assert_eq!(all, pointers);
        };
        check(json!({}), &["/lists"]);
        check(json!({"lists": []}), &["/lists"]);
        check(json!({"lists": [{"name": "a"}]}), &["/lists/0"]);
        check(json!({"lists": [{"name": "a", "q": "", "unit": "u"}]}), &["/lists/0"]);
        check(json!({"lists": [{"name": "a", "q": ""}, {"name": "a", "q": ""}]}), &["/lists/1/name"]);
        check(
            json!({"visitor": 1, "seed": "x", "lists": [{"name": "a", "q": "", "page": 0}]}),
            &["/visitor", "/seed", "/lists/0/page"],
        );
        check(json!({"lists": [{"name": "a", "q": "", "anchors": ["x"]}]}), &["/lists/0/anchors"]);
    }
}
