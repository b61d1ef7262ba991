//! What is a request for the units of a page on the wire?
//!
//! `page_type=product&anchors=A` asks for every live unit of a page type, `units=also-viewed,trending` for these.
//! Besides come the parameters of who asks and over which shop; each unit has its own size and order.

use planogram_core::engine::types::{UnitChoice, UnitsRequest};
use planogram_core::signal::Window;

use super::list::{self, FromHeaders, Target};
use super::params::{Address, Params, settle};
use crate::error::Problem;

/// Parameters of the route besides who asks; each unit has its own size and order.
pub(super) const OWN: &[&str] = &["units", "anchors", "filter"];

/// The request an address asks for.
///
/// # Errors
/// The parameter at fault.
pub fn from_address(pairs: &[(String, String)], headers: &FromHeaders) -> Result<UnitsRequest, Problem> {
    let allowed: Vec<&str> = OWN.iter().chain(list::SHARED).copied().collect();
    let mut address = Address::new(pairs, &allowed);
    let choice = address.list("units").map_or(UnitChoice::On, UnitChoice::Ids);
    let anchors = address.list("anchors").unwrap_or_default();
    let list = list::request(Target::Search, &mut address, headers);
    if choice == UnitChoice::On && list.shopper.page_type.is_none() {
        address.report(
            "page_type",
            "neither `page_type` nor `units` is given".to_owned(),
            "the type of the page, such as home or product, or the ids of units".to_owned(),
        );
    }
    settle(address)?;
    Ok(UnitsRequest { choice, anchors, list: headers.may(list)? })
}

/// The window a report is about: `24h`, `72h`, `7d`, `30d`, or `all` for all time, which is the default.
///
/// # Errors
/// The parameter at fault.
pub fn window(pairs: &[(String, String)]) -> Result<(String, Option<Window>), Problem> {
    let mut address = Address::new(pairs, &["window"]);
    let window = window_of(&mut address);
    settle(address).map(|()| window)
}

/// The same among other parameters; a mistake is reported there.
pub(super) fn window_of(address: &mut Address<'_>) -> (String, Option<Window>) {
    let name = address.text("window").unwrap_or_else(|| "all".to_owned());
    let window = WINDOWS.iter().find(|(known, _)| *known == name).map(|(_, window)| *window);
    if window.is_none() {
        let allowed: Vec<&str> = WINDOWS.iter().map(|(name, _)| *name).collect();
        address.report("window", format!("no window `{}`", super::decode::cut(&name)), allowed.join(", "));
    }
    (name, window.flatten())
}

/// The windows by name.
const WINDOWS: [(&str, Option<Window>); 5] = [
    ("24h", Some(Window::Day)),
    ("72h", Some(Window::ThreeDays)),
    ("7d", Some(Window::Week)),
    ("30d", Some(Window::Month)),
    ("all", None),
];

/// The one parameter of a readiness report.
///
/// # Errors
/// The parameter at fault.
pub fn store_view(pairs: &[(String, String)]) -> Result<String, Problem> {
    let mut address = Address::new(pairs, &["store_view"]);
    let store_view = address.text("store_view").unwrap_or_default();
    settle(address).map(|()| store_view)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<UnitsRequest, Problem> {
        let pairs: Vec<(String, String)> = query.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        from_address(&pairs, &FromHeaders { request_id: "r".into(), audiences: vec![], ..FromHeaders::default() })
    }

    #[test]
    fn a_page_type_or_ids_are_needed() {
        let on = read(&[("page_type", "product"), ("anchors", "A,B")]).unwrap();
        assert_eq!((on.choice, on.anchors), (UnitChoice::On, vec!["A".to_owned(), "B".to_owned()]));
        let named = read(&[("units", "a,b"), ("visitor", "v")]).unwrap();
        assert_eq!(named.choice, UnitChoice::Ids(vec!["a".into(), "b".into()]));
        assert_eq!(named.list.shopper.visitor.as_deref(), Some("v"));
        let private = read(&[("units", "a"), ("consent", "false"), ("recent", "A,B")]).unwrap();
        assert!(private.list.shopper.unconsented && private.list.shopper.recent == ["A", "B"]);
        assert_eq!(read(&[]).unwrap_err().parameter.as_deref(), Some("page_type"));
        assert_eq!(read(&[("units", "a"), ("page_size", "3")]).unwrap_err().parameter.as_deref(), Some("page_size"));
    }
}
