//! What can a shopper do?
//!
//! Typed events as they come in and as they stand in the log, where pseudonyms have replaced the names. Skus are kept as text, since an event may name a product that
//! has not arrived yet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::TimeMs;

/// One thing a shopper did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Id given by the client; a second event of the same visitor with the same id counts once.
    pub id: String,
    /// When it happened, by the client's clock.
    pub time_ms: TimeMs,
    /// What happened.
    pub kind: EventKind,
    /// The browser or device; empty when it is not known.
    pub visitor: String,
    /// The account, once signed in.
    pub customer: Option<String>,
    /// The visit; the visitor stands in when empty.
    pub session: String,
    /// Store view code; the default one when empty.
    pub store_view: String,
    /// The answer this event is about.
    pub request_id: Option<String>,
    /// Items it is about, order lines included.
    pub items: Vec<EventItem>,
    /// Words searched for.
    pub query: Option<String>,
    /// Category path browsed.
    pub category: Option<String>,
    /// Recommendation unit.
    pub unit: Option<String>,
    /// Order id: an order counts once.
    pub order: Option<String>,
    /// False when the shopper has not agreed to be remembered: the event then leaves nothing, not even here. Never
    /// part of an entry.
    #[serde(skip, default = "agreed")]
    pub consent: bool,
    /// Of a profile event: what is said of the shopper, by name; nothing takes what was said before back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Option<ProfileValue>>,
}

/// One thing that is said of a shopper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProfileValue {
    /// A text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// A moment.
    Time(TimeMs),
    /// Several texts, such as the newsletters that are read.
    List(Vec<String>),
}

impl ProfileValue {
    /// Bytes of the longest text in it.
    pub fn text_bytes(&self) -> usize {
        match self {
            ProfileValue::Text(text) => text.len(),
            ProfileValue::List(texts) => texts.iter().map(String::len).max().unwrap_or(0),
            ProfileValue::Number(_) | ProfileValue::Boolean(_) | ProfileValue::Time(_) => 0,
        }
    }
}

fn agreed() -> bool {
    true
}

/// One product in an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventItem {
    /// Product or variant sku.
    pub sku: String,
    /// How many, 1 by default.
    pub quantity: f32,
    /// Unit price in minor units, when known.
    pub price_minor: Option<i64>,
    /// Zero-based position in the list it was shown in.
    pub position: Option<u32>,
}

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $wire:literal / $code:ident,)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind { $($(#[$doc])* $name,)* }

        impl EventKind {
            /// Every kind, in the order of its code.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$name,)*];

            /// The name on the wire.
            pub fn name(self) -> &'static str {
                match self { $(EventKind::$name => $wire,)* }
            }

            /// The kind of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($wire => Some(EventKind::$name),)* _ => None }
            }

            /// The code observers see.
            pub fn code(self) -> u32 {
                match self { $(EventKind::$name => planogram_abi::event_kind::$code,)* }
            }
        }
    };
}

event_kinds! {
    /// A page that is not a product page.
    PageView = "page_view" / PAGE_VIEW,
    /// A product page.
    ProductView = "product_view" / PRODUCT_VIEW,
    /// A search was sent.
    SearchRequest = "search_request" / SEARCH_REQUEST,
    /// A search was answered.
    SearchResponse = "search_response" / SEARCH_RESPONSE,
    /// A search result was clicked.
    SearchClick = "search_click" / SEARCH_CLICK,
    /// A unit was rendered, seen or not.
    UnitImpression = "unit_impression" / UNIT_IMPRESSION,
    /// An item of a unit was clicked.
    UnitClick = "unit_click" / UNIT_CLICK,
    /// Added to the cart.
    AddToCart = "add_to_cart" / ADD_TO_CART,
    /// Removed from the cart.
    RemoveFromCart = "remove_from_cart" / REMOVE_FROM_CART,
    /// Checkout started.
    CheckoutStarted = "checkout_started" / CHECKOUT_STARTED,
    /// Order placed.
    OrderPlaced = "order_placed" / ORDER_PLACED,
    /// Order canceled.
    OrderCanceled = "order_canceled" / ORDER_CANCELED,
    /// Returned.
    Returned = "returned" / RETURNED,
    /// Signed in: the visitor is this customer.
    SignIn = "sign_in" / SIGN_IN,
    /// Signed out.
    SignOut = "sign_out" / SIGN_OUT,
    /// Profile changed.
    Profile = "profile" / PROFILE,
    /// A unit came into view: half of it was on the screen.
    UnitView = "unit_view" / UNIT_VIEW,
    /// Added to the wishlist.
    AddToWishlist = "add_to_wishlist" / ADD_TO_WISHLIST,
    /// Removed from the wishlist.
    RemoveFromWishlist = "remove_from_wishlist" / REMOVE_FROM_WISHLIST,
}
