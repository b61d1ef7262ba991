//! How are request bodies described in OpenAPI?
//!
//! Requests are decoded by hand (see `decode`), so their schemas are written here as types that are never filled.
//! A test keeps their field names equal to the names the decoders allow.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// A product; without `variants` it is a simple one and carries its own price and stock.
#[derive(ToSchema)]
#[schema(as = Product)]
#[allow(dead_code)]
pub struct ProductBody {
    /// Unique in its collection; 1 to 256 bytes.
    sku: String,
    /// `products` by default.
    collection: Option<String>,
    /// Name in the default language.
    name: String,
    /// Plain text.
    description: Option<String>,
    /// Brand.
    brand: Option<String>,
    /// Places in the category tree: `["Men", "Tops"]`, `"Men/Tops"` or `{"path": …, "position": 3}`.
    categories: Option<Vec<Value>>,
    /// `both` (default), `catalog`, `search` or `neither`.
    visibility: Option<String>,
    /// RFC 3339, or milliseconds since 1970.
    created_at: Option<String>,
    /// Text, number, boolean or list of texts, by attribute code.
    attributes: Option<BTreeMap<String, Value>>,
    /// Address of the image.
    image: Option<String>,
    /// Address of the product page.
    url: Option<String>,
    /// Manual links, each list in order of preference.
    links: Option<LinksBody>,
    /// What single store views say differently.
    views: Option<BTreeMap<String, ViewBody>>,
    /// Vectors by space; all vectors of a space have one length.
    vectors: Option<BTreeMap<String, Vec<f32>>>,
    /// Price in the root price book: major units, exact as a decimal text.
    price: Option<Value>,
    /// A temporary price: major units, or `{"price", "from", "until"}`.
    special_price: Option<Value>,
    /// Prices in other price books.
    prices: Option<BTreeMap<String, Value>>,
    /// True by default.
    in_stock: Option<bool>,
    /// Units left; absent when not counted.
    quantity: Option<f64>,
    /// What can be bought.
    variants: Option<Vec<VariantBody>>,
}

/// A variant; what it does not say of price and stock, the product says.
#[derive(ToSchema)]
#[schema(as = Variant)]
#[allow(dead_code)]
pub struct VariantBody {
    /// Unique among variants.
    sku: String,
    /// Option values such as color and size.
    options: Option<BTreeMap<String, Value>>,
    /// Price in the root price book.
    price: Option<Value>,
    /// A temporary price.
    special_price: Option<Value>,
    /// Prices in other price books.
    prices: Option<BTreeMap<String, Value>>,
    /// Can it be bought?
    in_stock: Option<bool>,
    /// Units left.
    quantity: Option<f64>,
    /// Image of this variant.
    image: Option<String>,
}

/// Manual links.
#[derive(ToSchema)]
#[schema(as = Links)]
#[allow(dead_code)]
pub struct LinksBody {
    /// Shown beside the product.
    related: Option<Vec<String>>,
    /// Better than the product.
    upsell: Option<Vec<String>>,
    /// Bought together with the product.
    crosssell: Option<Vec<String>>,
}

/// What a store view says differently of a product.
#[derive(ToSchema)]
#[schema(as = View)]
#[allow(dead_code)]
pub struct ViewBody {
    /// Name.
    name: Option<String>,
    /// Description.
    description: Option<String>,
    /// Visibility.
    visibility: Option<String>,
    /// Address.
    url: Option<String>,
}

/// A change of parts of a product or of one variant; what is absent stays, `null` removes.
#[derive(ToSchema)]
#[schema(as = ProductPatch)]
#[allow(dead_code)]
pub struct PatchBody {
    /// A product's sku changes every variant, a variant's sku that variant only.
    sku: String,
    /// New price in the root book, replacing the special price, too; `null` removes it.
    price: Option<Value>,
    /// Special price beside the new price.
    special_price: Option<Value>,
    /// New prices by book; `null` removes.
    prices: Option<BTreeMap<String, Value>>,
    /// New stock state.
    in_stock: Option<bool>,
    /// New number of units; `null` stops counting.
    quantity: Option<f64>,
    /// New attribute values; `null` removes.
    attributes: Option<BTreeMap<String, Value>>,
    /// New visibility.
    visibility: Option<String>,
    /// New name.
    name: Option<String>,
    /// New description.
    description: Option<String>,
    /// New image.
    image: Option<String>,
    /// New address.
    url: Option<String>,
    /// New placements; replaces all.
    categories: Option<Vec<Value>>,
    /// New links of the named kinds.
    links: Option<LinksBody>,
}

/// A change of the category tree: exactly one of `put`, `move`, `remove`.
#[derive(ToSchema)]
#[schema(as = CategoryChange)]
#[allow(dead_code)]
pub struct CategoryChangeBody {
    /// Path to create or change: names, or `A/B`.
    put: Option<Value>,
    /// Path to move, with everything below it.
    #[schema(rename = "move")]
    move_: Option<Value>,
    /// Path to remove, with everything below it; products stay.
    remove: Option<Value>,
    /// With `move`: the new path including the category's own name.
    to: Option<Value>,
    /// With `put`: order among siblings.
    position: Option<i32>,
    /// With `put`: does it show the products of its children? True by default.
    anchor: Option<bool>,
}

/// Something a shopper did.
#[derive(ToSchema)]
#[schema(as = Event)]
#[allow(dead_code)]
pub struct EventBody {
    /// Given by the client; a second event of the same visitor with the same id counts once.
    id: String,
    /// RFC 3339, or milliseconds since 1970.
    time: String,
    /// `product_view`, `add_to_cart`, `order_placed`, …
    kind: String,
    /// Browser or device.
    visitor: Option<String>,
    /// Account.
    customer: Option<String>,
    /// Visit.
    session: Option<String>,
    /// Store view code.
    store_view: Option<String>,
    /// The answer it is about.
    request_id: Option<String>,
    /// Products, order lines included; a plain sku stands for `{"sku": …}`.
    items: Option<Vec<EventItemBody>>,
    /// Words searched for.
    query: Option<String>,
    /// Category path browsed.
    category: Option<String>,
    /// Recommendation unit.
    unit: Option<String>,
    /// Order id: an order counts once.
    order: Option<String>,
    /// False when the shopper has not agreed: the event is counted in the receipt and leaves nothing else.
    consent: Option<bool>,
    /// Currency of the prices.
    currency: Option<String>,
    /// Of a `profile` event: what is said of the shopper, by name: a text, a number, true or false, `{"time": …}`, a list
    /// of texts; null takes back what was said.
    #[schema(value_type = Option<Object>)]
    attributes: Option<BTreeMap<String, serde_json::Value>>,
}

/// One shopper in a list of members; `visitor` or `customer` is needed.
#[derive(ToSchema)]
#[schema(as = AudienceMember)]
#[allow(dead_code)]
pub struct MemberBody {
    /// Browser or device.
    visitor: Option<String>,
    /// Account.
    customer: Option<String>,
    /// False when the shopper is a member no more.
    member: Option<bool>,
}

/// For which state of the shop something is asked.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct ShopQuery {
    /// Store view code.
    store_view: Option<String>,
    /// Overlays, in order, separated by commas.
    overlay: Option<String>,
    /// Time to answer for, RFC 3339.
    now: Option<String>,
}

/// One product in an event.
#[derive(ToSchema)]
#[schema(as = EventItem)]
#[allow(dead_code)]
pub struct EventItemBody {
    /// Product or variant.
    sku: String,
    /// Above 0; 1 by default.
    quantity: Option<f32>,
    /// Unit price in major units.
    price: Option<Value>,
    /// Zero-based position in the list it was shown in.
    position: Option<u32>,
}

/// The parameters of a list as a JSON body.
#[derive(ToSchema)]
#[schema(as = ListRequest)]
#[allow(dead_code)]
pub struct ListBody {
    /// Search only: the shopper's words, at most 255 characters.
    q: Option<String>,
    /// Search only: what is looked for as a vector, beside the words or instead of them: finite numbers, not all 0.
    vector: Option<Vec<f32>>,
    /// Search only: the vector space that `vector` lies in.
    vector_space: Option<String>,
    /// Search only: list and tag the words of every item that were searched for.
    highlight: Option<bool>,
    /// Recommendations only: skus the unit is about.
    anchors: Option<Vec<String>>,
    /// Recommendations only: rank exactly these skus, at most 100, given in the order of another system.
    among: Option<Vec<String>>,
    /// From 1.
    page: Option<u32>,
    /// 1 to 500, 24 by default; page × page_size at most 10,000.
    page_size: Option<u32>,
    /// `["price:asc", "name"]`, or the same as one text.
    sort: Option<Vec<String>>,
    /// Store view code.
    store_view: Option<String>,
    /// A condition: `{"all": […]}`, `{"any": […]}`, `{"not": …}`, `{"field": "color", "in": ["Red"]}`, …
    filter: Option<Value>,
    /// Facets to count; `["none"]` for none.
    facets: Option<Vec<String>>,
    /// Browser or device.
    visitor: Option<String>,
    /// Account.
    customer: Option<String>,
    /// Visit.
    session: Option<String>,
    /// False when the shopper has not agreed to be remembered: visitor, customer and session are not looked at.
    consent: Option<bool>,
    /// Customer group code.
    customer_group: Option<String>,
    /// Price book code.
    price_book: Option<String>,
    /// Audiences the caller vouches for.
    audiences: Option<Vec<String>>,
    /// Page type the list is shown on.
    page_type: Option<String>,
    /// Kind of device, as the shop names it: `mobile`, `desktop`.
    device: Option<String>,
    /// Skus in the cart.
    cart: Option<Vec<String>>,
    /// Skus looked at, newest first.
    viewed: Option<Vec<String>>,
    /// Skus viewed in this visit, oldest first, a repeated view each time; in place of the visit known from events.
    recent: Option<Vec<String>>,
    /// Ledger on every item.
    explain: Option<bool>,
    /// Time to answer for.
    now: Option<String>,
    /// Overlays, in order.
    overlay: Option<Vec<String>>,
    /// Arms to show whatever the visitor would get: `["experiment:arm"]`.
    arms: Option<Vec<String>>,
    /// Seed of all randomness.
    seed: Option<u64>,
    /// Wait until the log is folded up to here.
    min_seq: Option<u64>,
    /// 1 to 60,000.
    deadline_ms: Option<u64>,
    /// 1 to 128 visible ASCII characters.
    request_id: Option<String>,
}

/// Several lists over one state of the shop, without duplicates across them.
/// What stands beside `lists` is the default of every list.
#[derive(ToSchema)]
#[schema(as = PageRequest)]
#[allow(dead_code)]
pub struct PageBody {
    /// Lists in order of precedence: the first keeps a product that several want.
    lists: Vec<NamedListBody>,
    /// Store view code.
    store_view: Option<String>,
    /// Browser or device.
    visitor: Option<String>,
    /// Account.
    customer: Option<String>,
    /// Visit.
    session: Option<String>,
    /// False when the shopper has not agreed to be remembered: visitor, customer and session are not looked at.
    consent: Option<bool>,
    /// Customer group code.
    customer_group: Option<String>,
    /// Price book code.
    price_book: Option<String>,
    /// Audiences the caller vouches for.
    audiences: Option<Vec<String>>,
    /// Page type.
    page_type: Option<String>,
    /// Kind of device, as the shop names it: `mobile`, `desktop`.
    device: Option<String>,
    /// Skus in the cart.
    cart: Option<Vec<String>>,
    /// Skus looked at, newest first.
    viewed: Option<Vec<String>>,
    /// Skus viewed in this visit, oldest first, a repeated view each time; in place of the visit known from events.
    recent: Option<Vec<String>>,
    /// Ledger on every item.
    explain: Option<bool>,
    /// Time to answer for.
    now: Option<String>,
    /// Overlays, in order.
    overlay: Option<Vec<String>>,
    /// Arms to show whatever the visitor would get: `["experiment:arm"]`.
    arms: Option<Vec<String>>,
    /// Seed of all randomness.
    seed: Option<u64>,
    /// Wait until the log is folded up to here.
    min_seq: Option<u64>,
    /// 1 to 60,000.
    deadline_ms: Option<u64>,
    /// 1 to 128 visible ASCII characters.
    request_id: Option<String>,
}

/// One list of a page: exactly one of `q`, `category`, `unit`.
#[derive(ToSchema)]
#[schema(as = NamedListRequest)]
#[allow(dead_code)]
pub struct NamedListBody {
    /// Unique in the page.
    name: String,
    /// Search for these words; empty browses everything.
    q: Option<String>,
    /// Of a search: list and tag the words of every item that were searched for.
    highlight: Option<bool>,
    /// Category path.
    category: Option<String>,
    /// Recommendation unit.
    unit: Option<String>,
    /// Skus the unit is about.
    anchors: Option<Vec<String>>,
    /// Rank exactly these skus.
    among: Option<Vec<String>>,
    /// From 1.
    page: Option<u32>,
    /// 1 to 500.
    page_size: Option<u32>,
    /// Sort keys.
    sort: Option<Vec<String>>,
    /// A condition.
    filter: Option<Value>,
    /// Facets to count.
    facets: Option<Vec<String>>,
    /// Page type.
    page_type: Option<String>,
    /// Ledger on every item.
    explain: Option<bool>,
}

/// What a request for the units of a page takes besides [`SharedQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct UnitsQuery {
    /// Ids of units, `also-viewed,trending`; without them every live unit of the page type.
    units: Option<String>,
    /// Skus the page is about, separated by commas.
    anchors: Option<String>,
    /// `color:Red,Blue` or `price:10..50` (to exclusive), repeatable; `filter.color=Red,Blue` says the same.
    filter: Option<Vec<String>>,
}

/// What a request for suggestions takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct SuggestQuery {
    /// What was typed so far, at most 255 characters; popular queries without it.
    q: Option<String>,
    /// Store view code; the default one when left out.
    store_view: Option<String>,
    /// Customer group code; decides which categories and products may be suggested.
    customer_group: Option<String>,
    /// 1 to 20, 8 by default.
    limit: Option<u32>,
    /// Wait until the log is folded up to here.
    min_seq: Option<u64>,
    /// Give up what is not done by then; 1 to 60,000.
    deadline_ms: Option<u64>,
}

/// What every list takes in an address besides [`SharedQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct ListQuery {
    /// From 1.
    page: Option<u32>,
    /// 1 to 500, 24 by default; page × page_size at most 10,000.
    page_size: Option<u32>,
    /// `price:asc,name`.
    sort: Option<String>,
    /// `color:Red,Blue` or `price:10..50` (to exclusive), repeatable; `filter.color=Red,Blue` says the same, and
    /// `filter.part:contains=x` (also `starts_with`, `ends_with`, `words`) looks at parts of texts.
    filter: Option<Vec<String>>,
    /// `color,size`, or `none`.
    facets: Option<String>,
}

/// Who asks in an address, of which shop and which moment.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct SharedQuery {
    /// Store view code.
    store_view: Option<String>,
    /// Browser or device.
    visitor: Option<String>,
    /// Account.
    customer: Option<String>,
    /// Visit.
    session: Option<String>,
    /// False when the shopper has not agreed to be remembered: visitor, customer and session are not looked at.
    consent: Option<bool>,
    /// Customer group code.
    customer_group: Option<String>,
    /// Price book code.
    price_book: Option<String>,
    /// Audiences the caller vouches for, separated by commas; also the header `aep-segments-membership`.
    audiences: Option<String>,
    /// Page type the list is shown on.
    page_type: Option<String>,
    /// Kind of device, as the shop names it: `mobile`, `desktop`.
    device: Option<String>,
    /// Skus in the cart, separated by commas.
    cart: Option<String>,
    /// Skus looked at, newest first, separated by commas.
    viewed: Option<String>,
    /// Skus viewed in this visit, oldest first, separated by commas; in place of the visit known from events.
    recent: Option<String>,
    /// Ledger on every item.
    explain: Option<bool>,
    /// Time to answer for, RFC 3339.
    now: Option<String>,
    /// Overlays, in order, separated by commas.
    overlay: Option<String>,
    /// Arms to show whatever the visitor would get: `experiment:arm`, separated by commas.
    arms: Option<String>,
    /// Seed of all randomness.
    seed: Option<u64>,
    /// Wait until the log is folded up to here.
    min_seq: Option<u64>,
    /// 1 to 60,000.
    deadline_ms: Option<u64>,
    /// 1 to 128 visible ASCII characters; also the header `X-Request-Id`.
    request_id: Option<String>,
}

/// The parameters of a write of rows.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct WriteQuery {
    /// `text`: answer when the text index has it, too.
    wait: Option<String>,
    /// `durable`: answer as soon as it is durable; `visible` (default): when reads see it.
    ack: Option<String>,
    /// Who writes.
    author: Option<String>,
}

/// Which document is meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct DocumentQuery {
    /// Store view code; absent for the document of every store view.
    store_view: Option<String>,
    /// `live` (default) or `draft`.
    state: Option<String>,
    /// Overlay of the draft.
    overlay: Option<String>,
}

/// Who writes a document, why, and from when to when it holds.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct DocumentWriteQuery {
    /// Who writes.
    author: Option<String>,
    /// Why.
    note: Option<String>,
    /// Begin of validity, RFC 3339.
    from: Option<String>,
    /// End of validity (exclusive), RFC 3339.
    until: Option<String>,
    /// Write only if the current revision is this one (0: only if there is none); also the header `If-Match`.
    expected_revision: Option<u64>,
    /// `text`: answer when the text index has it, too.
    wait: Option<String>,
    /// `durable` or `visible`.
    ack: Option<String>,
    /// DELETE of a draft only: throw the draft away, so that the overlay shows the live document again; without it
    /// the overlay shows that the document is deleted.
    discard: Option<bool>,
}

/// How publishing is acknowledged.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)]
pub struct PublishQuery {
    /// `text`: answer when the text index has it, too.
    wait: Option<String>,
    /// `durable` or `visible`.
    ack: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::PartialSchema;

    fn check_address<T: IntoParams>(allowed: &[&str]) {
        let parameters = T::into_params(|| None);
        let mut described: Vec<&str> = parameters.iter().map(|p| p.name.as_str()).collect();
        let mut allowed = allowed.to_vec();
        described.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(described, allowed);
    }

    fn check<T: PartialSchema>(allowed: &[&str]) {
        let schema = serde_json::to_value(T::schema()).unwrap();
        let mut described: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut allowed = allowed.to_vec();
        described.sort_unstable();
        allowed.sort_unstable();
        assert_eq!(described, allowed);
    }

    #[test]
    fn what_is_described_is_what_is_decoded() {
        use super::super::{category, config, event, list, page, patch, product, suggest, units};
        check::<ProductBody>(product::FIELDS);
        check::<VariantBody>(product::VARIANT_FIELDS);
        check::<PatchBody>(patch::FIELDS);
        check::<CategoryChangeBody>(category::FIELDS);
        check::<EventBody>(event::FIELDS);
        check::<EventItemBody>(event::ITEM_FIELDS);
        let own = ["q", "highlight", "anchors", "among"].into_iter().chain(list::OF_VECTOR.iter().copied());
        check::<ListBody>(&own.chain(list::common()).collect::<Vec<_>>());
        check::<PageBody>(&["lists"].iter().chain(list::SHARED).copied().collect::<Vec<_>>());
        check::<NamedListBody>(page::OWN);
        check_address::<ListQuery>(list::OF_LIST);
        check_address::<SharedQuery>(list::SHARED);
        check_address::<UnitsQuery>(units::OWN);
        check_address::<SuggestQuery>(suggest::OWN);
        check_address::<DocumentQuery>(config::READ);
        let write: Vec<&str> = config::WRITE.iter().copied().filter(|w| !config::READ.contains(w)).collect();
        check_address::<DocumentWriteQuery>(&write);
        check_address::<PublishQuery>(config::PUBLISH);
        check_address::<WriteQuery>(crate::extract::WRITE_PARAMETERS);
    }
}
