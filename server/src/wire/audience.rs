//! How do audiences look on the wire?
//!
//! A member goes by the key of its profile, 16 hexadecimal digits, which access to a person says, too. A row of members
//! is `{"visitor": id}` or `{"customer": id}`, and with `"member": false` it takes the shopper out.

use planogram_core::engine::types::{
    AudienceInfo, AudienceList, AudienceUse, Member, MemberList, Membership, MembershipAnswer, ShopAsk,
};
use planogram_core::limits::AUDIENCE_MEMBERS_PAGE_MAX;
use planogram_core::pipeline::request::ListRequest;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answer::AsOfJson;
use super::decode::{Defect, Fields, cut};
use super::list::{self, FromHeaders, SHARED, Target};
use super::params::{Address, Params, settle};
use super::time;
use crate::error::Problem;

/// Parameters that say for which state of the shop something is asked: audiences, questions to plugins.
pub const OF_SHOP: &[&str] = &["store_view", "overlay", "now"];
/// Parameters of a write of members.
pub const MEMBERS_WRITE: &[&str] = &["replace", "wait", "ack", "author"];
/// Members of one answer when the request names no limit.
const LIMIT_DEFAULT: u64 = 1_000;

/// Reads for which state of the shop something is asked.
pub fn ask(p: &mut dyn Params) -> ShopAsk {
    ShopAsk {
        store_view: p.text("store_view").unwrap_or_default(),
        overlays: p.list("overlay").unwrap_or_default(),
        now_ms: p.moment("now"),
    }
}

/// Which members are asked for.
pub struct MembersRequest {
    /// For which shop.
    pub ask: ShopAsk,
    /// Behind which member.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: usize,
    /// As CSV?
    pub csv: bool,
}

/// The members an address asks for.
///
/// # Errors
/// The parameter at fault.
pub fn members(pairs: &[(String, String)]) -> Result<MembersRequest, Problem> {
    let allowed: Vec<&str> = OF_SHOP.iter().chain(&["limit", "after", "format"]).copied().collect();
    let mut address = Address::new(pairs, &allowed);
    let ask = ask(&mut address);
    let limit = address.whole("limit", 1, AUDIENCE_MEMBERS_PAGE_MAX as u64).unwrap_or(LIMIT_DEFAULT) as usize;
    let after = address.text("after").and_then(|text| {
        let key = u64::from_str_radix(&text, 16).ok().filter(|_| text.len() == 16);
        if key.is_none() {
            address.report("after", format!("`after` is `{}`", cut(&text)), "16 hexadecimal digits".to_owned());
        }
        key
    });
    let format = address.text("format").unwrap_or_else(|| "json".to_owned());
    if !matches!(format.as_str(), "json" | "csv") {
        address.report("format", format!("`format` is `{}`", cut(&format)), "json, csv".to_owned());
    }
    settle(address).map(|()| MembersRequest { ask, after, limit, csv: format == "csv" })
}

/// The request an address asks of a shopper's audiences.
///
/// # Errors
/// The parameter at fault.
pub fn membership(pairs: &[(String, String)], headers: &FromHeaders) -> Result<ListRequest, Problem> {
    let mut address = Address::new(pairs, SHARED);
    let request = list::request(Target::Search, &mut address, headers);
    settle(address).map(|()| request)
}

/// What a row says of one shopper.
///
/// # Errors
/// Everything that is wrong with the row.
pub fn row(row: &Value) -> Result<Membership, Vec<Defect>> {
    let mut defects = Vec::new();
    let read = Fields::open(row, "", &["visitor", "customer", "member"], &mut defects).map(|mut f| Membership {
        visitor: f.text("visitor").unwrap_or_default(),
        customer: f.text("customer"),
        member: f.boolean("member").unwrap_or(true),
    });
    match read {
        Some(row) if defects.is_empty() => Ok(row),
        _ => Err(defects),
    }
}

/// Every audience.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudiencesJson {
    /// The audiences, by id.
    pub audiences: Vec<AudienceJson>,
    /// The one state of the shop that was counted.
    pub as_of: AsOfJson,
    /// The time that was counted for.
    pub now: String,
}

/// One audience.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceJson {
    /// Id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `everyone`, `registered` or `visitors`.
    pub applies_to: &'static str,
    /// `condition`, or `outside` when another system says who is in it.
    pub origin: &'static str,
    /// Profiles in it.
    pub size: u64,
}

/// Some members of an audience.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembersJson {
    /// The members, by key.
    pub members: Vec<MemberJson>,
    /// What to send as `after` for the next ones; null at the end.
    pub next: Option<String>,
    /// The one state of the shop that was looked at.
    pub as_of: AsOfJson,
    /// The time that was asked for.
    pub now: String,
}

/// One member.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberJson {
    /// Key of the profile.
    pub member: String,
    /// `account` or `visitor`.
    pub kind: &'static str,
    /// Time of the newest event.
    pub last_seen: Option<String>,
    /// Remembered orders that were not canceled.
    pub orders: u64,
    /// Distinct products in the cart.
    pub in_cart: u64,
}

/// Where an audience is named.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsesJson {
    /// Id of the audience.
    pub audience: String,
    /// The documents, by kind, scope and id.
    pub used: Vec<UseJson>,
}

/// One document that names it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UseJson {
    /// Kind of the document.
    pub kind: String,
    /// Its store view; empty for every store view.
    pub scope: String,
    /// Its id.
    pub id: String,
    /// Overlay of a draft.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub overlay: String,
    /// JSON pointers to where it names the audience.
    pub pointers: Vec<String>,
}

/// The audiences of a shopper.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipJson {
    /// Ids: those the caller vouches for as they were given, then the others in order.
    pub audiences: Vec<String>,
    /// Which state of the shop answered.
    pub as_of: AsOfJson,
}

/// The key of a profile as it is written.
pub fn key_text(key: u64) -> String {
    format!("{key:016x}")
}

/// The members as CSV, a header first.
pub fn csv(list: &MemberList) -> String {
    let line = |member: &Member| {
        let MemberJson { member, kind, last_seen, orders, in_cart } = MemberJson::from(*member);
        format!("{member},{kind},{},{orders},{in_cart}\r\n", last_seen.unwrap_or_default())
    };
    let header = "member,kind,last_seen,orders,in_cart\r\n".to_owned();
    std::iter::once(header).chain(list.members.iter().map(line)).collect()
}

impl From<AudienceInfo> for AudienceJson {
    fn from(info: AudienceInfo) -> Self {
        let origin = if info.has_condition { "condition" } else { "outside" };
        Self { id: info.id, name: info.name, applies_to: info.applies_to, origin, size: info.size }
    }
}

impl From<AudienceList> for AudiencesJson {
    fn from(list: AudienceList) -> Self {
        let audiences = list.audiences.into_iter().map(AudienceJson::from).collect();
        Self { audiences, as_of: list.as_of.into(), now: time::text(list.now_ms) }
    }
}

impl From<Member> for MemberJson {
    fn from(member: Member) -> Self {
        Self {
            member: key_text(member.key),
            kind: if member.is_account { "account" } else { "visitor" },
            last_seen: member.last_seen_ms.map(time::text),
            orders: member.orders,
            in_cart: member.in_cart,
        }
    }
}

impl From<MemberList> for MembersJson {
    fn from(list: MemberList) -> Self {
        Self {
            members: list.members.into_iter().map(MemberJson::from).collect(),
            next: list.next.map(key_text),
            as_of: list.as_of.into(),
            now: time::text(list.now_ms),
        }
    }
}

impl UsesJson {
    /// Where an audience is named.
    pub fn new(audience: String, uses: Vec<AudienceUse>) -> Self {
        let used = uses.into_iter().map(|one| UseJson {
            kind: one.key.kind,
            scope: one.key.scope,
            id: one.key.id,
            overlay: one.overlay,
            pointers: one.pointers,
        });
        Self { audience, used: used.collect() }
    }
}

impl From<MembershipAnswer> for MembershipJson {
    fn from(answer: MembershipAnswer) -> Self {
        Self { audiences: answer.audiences, as_of: answer.as_of.into() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_names_a_browser_or_an_account_and_says_in_or_out() {
        let read = row(&json!({"customer": "anna", "member": false})).unwrap();
        assert_eq!((read.visitor.as_str(), read.customer.as_deref(), read.member), ("", Some("anna"), false));
        assert!(row(&json!({"visitor": "v"})).unwrap().member);
        assert_eq!(row(&json!({"visitor": 7, "name": "x"})).unwrap_err().len(), 2);
    }

    #[test]
    fn members_are_written_as_csv_and_asked_for_in_parts() {
        let member = Member { key: 255, is_account: true, last_seen_ms: Some(0), orders: 2, in_cart: 0 };
        let list = MemberList { members: vec![member], next: None, as_of: Default::default(), now_ms: 0 };
        let expected =
            "member,kind,last_seen,orders,in_cart\r\n00000000000000ff,account,1970-01-01T00:00:00.000Z,2,0\r\n";
        assert_eq!(csv(&list), expected);
        let pairs = |text: &str| vec![("after".to_owned(), text.to_owned())];
        assert_eq!(members(&pairs("00000000000000ff")).unwrap().after, Some(255));
        assert_eq!(members(&pairs("ff")).err().and_then(|problem| problem.parameter), Some("after".to_owned()));
    }
}
