//! Which columns, sources and event kinds exist?
//!
//! The kernel's side of the vocabulary, as constants, so that a plugin cannot misspell a name.

/// Columns the kernel can gather for scorers and rerankers. Values are `f32`, missing is NaN.
pub mod column {
    /// The score so far, in the order the ledger adds it up.
    pub const SCORE: &str = "score";
    /// Text relevance (BM25 over the store view's fields), 0 outside a search.
    pub const TEXT: &str = "text";
    /// Zero-based catalog position in the browsed category, NaN without one.
    pub const POSITION: &str = "position";
    /// Final price in major units of the request's currency.
    pub const PRICE: &str = "price";
    /// Share of the regular price taken off, in `[0, 1]`.
    pub const DISCOUNT: &str = "discount";
    /// Units in stock of the variant shown; NaN when not counted.
    pub const QUANTITY: &str = "quantity";
    /// 1 when a variant can be bought, else 0.
    pub const IN_STOCK: &str = "in_stock";
    /// Days since the product was created, fractional.
    pub const AGE_DAYS: &str = "age_days";
    /// Zero-based place of the product among those asked for, ordered by name in the store view as an explicit sort orders
    /// it; equal names share the place. Since 1.1.
    pub const NAME_RANK: &str = "order.name";
    /// The same by sku. Since 1.1.
    pub const SKU_RANK: &str = "order.sku";
    /// Views in the last 24 hours, 72 hours, 7 days, 30 days.
    pub const VIEWS: [&str; 4] = ["views.24h", "views.72h", "views.7d", "views.30d"];
    /// Adds to cart in the same windows.
    pub const CARTS: [&str; 4] = ["carts.24h", "carts.72h", "carts.7d", "carts.30d"];
    /// Purchases (order lines) in the same windows.
    pub const PURCHASES: [&str; 4] = ["purchases.24h", "purchases.72h", "purchases.7d", "purchases.30d"];
    /// Views of the last 24 hours against their expectation from the last 72, smoothed; 1 is steady.
    pub const TRENDING: &str = "trending";
    /// How the product relates to the shopper's taste, in `[0, 1]`: all of it, then by category, brand, price band
    /// and attributes; 0 when nothing is known of the shopper.
    pub const AFFINITY: [&str; 5] =
        ["affinity", "affinity.category", "affinity.brand", "affinity.price", "affinity.attributes"];
    /// What shoppers made of the product when they searched for this or almost this: how attractive it was, whatever
    /// its place in the list, against the rate of the query; in `(-1, 1)`, above 0 is better than usual, 0 without
    /// evidence and outside a search.
    pub const QUERY_EVIDENCE: &str = "query.evidence";
    /// How little of the product was seen in such searches, in `(0, 1]`: 1 is never; NaN where no such search is known.
    pub const QUERY_NOVELTY: &str = "query.novelty";
    /// Prefix of numeric product attributes: `attribute.rating`.
    pub const ATTRIBUTE_PREFIX: &str = "attribute.";
    /// Prefix of the raw score a source gave: `source.co-bought`.
    pub const SOURCE_PREFIX: &str = "source.";
}

/// Sorts of names that [`CallHost::knows`](crate::CallHost::knows) tells of. Case does not matter, except of attributes.
/// Since 1.1.
pub mod name {
    /// Codes of store views.
    pub const STORE_VIEW: &str = "store_view";
    /// Paths of categories, names joined by `/`.
    pub const CATEGORY: &str = "category";
    /// What requests can filter by: `price`, `category`, attributes.
    pub const FIELD: &str = "field";
    /// Codes of attributes that some product had, as they are written.
    pub const ATTRIBUTE: &str = "attribute";
    /// Customer groups that documents on access and audiences name; everything is there when they name none.
    pub const CUSTOMER_GROUP: &str = "customer_group";
    /// Types of pages: the usual ones, and those that units are shown on.
    pub const PAGE_TYPE: &str = "page_type";
    /// Kinds of devices: the usual ones.
    pub const DEVICE: &str = "device";
}

/// The kernel's own retrievers, for [`CallHost::retrieve`](crate::CallHost::retrieve).
pub mod source {
    /// Products like the anchors by shared categories, brand, attributes and words of the name.
    pub const CONTENT: &str = "content";
    /// Viewed in the same session as the anchors.
    pub const CO_VIEWED: &str = "co-viewed";
    /// Bought in the same order as the anchors.
    pub const CO_BOUGHT: &str = "co-bought";
    /// Bought by sessions that viewed the anchors.
    pub const VIEWED_BOUGHT: &str = "viewed-bought";
    /// Most viewed in 7 days.
    pub const MOST_VIEWED: &str = "most-viewed";
    /// Most bought in 7 days.
    pub const MOST_PURCHASED: &str = "most-purchased";
    /// Most added to cart in 7 days.
    pub const MOST_CARTED: &str = "most-added-to-cart";
    /// Rising in the last 24 hours.
    pub const TRENDING: &str = "trending";
    /// Adds to cart of visits by views of visits in 7 days, shrunk at few views.
    pub const VIEW_TO_CART: &str = "view-to-cart";
    /// Purchases by views of visits in 7 days, shrunk at few views.
    pub const VIEW_TO_PURCHASE: &str = "view-to-purchase";
    /// The shopper's own views, newest first.
    pub const RECENT: &str = "recently-viewed";
    /// Prefix of vector spaces, `vector/co-view`: nearest to the mean of the anchors, or to what the shopper looked at
    /// lately where there are none.
    pub const VECTOR_PREFIX: &str = "vector/";
    /// Looks like the anchors, by the vectors that callers supply for the space `visual`.
    pub const VISUAL: &str = "vector/visual";
    /// What is likely viewed next in the shopper's visit, the anchors being its last views.
    pub const SESSION: &str = "session";
    /// What completes the basket of the anchors, taken together.
    pub const BASKET: &str = "basket";
    /// What the shopper is likely to buy next, things bought before included.
    pub const FOR_YOU: &str = "for-you";
    /// The items the request names, in a better order for the shopper.
    pub const SHOWN: &str = "shown";
    /// Manual links of the anchors, in the catalog's order: related, up-sell, cross-sell.
    pub const LINKS: [&str; 3] = ["links.related", "links.upsell", "links.crosssell"];
}

/// Event kind codes in [`EventBatch`](crate::EventBatch).
pub mod event_kind {
    /// A page that is not a product page.
    pub const PAGE_VIEW: u32 = 1;
    /// A product page.
    pub const PRODUCT_VIEW: u32 = 2;
    /// A search was sent.
    pub const SEARCH_REQUEST: u32 = 3;
    /// A search was answered.
    pub const SEARCH_RESPONSE: u32 = 4;
    /// A search result was clicked.
    pub const SEARCH_CLICK: u32 = 5;
    /// A unit was rendered, seen or not.
    pub const UNIT_IMPRESSION: u32 = 6;
    /// An item of a unit was clicked.
    pub const UNIT_CLICK: u32 = 7;
    /// Added to the cart.
    pub const ADD_TO_CART: u32 = 8;
    /// Removed from the cart.
    pub const REMOVE_FROM_CART: u32 = 9;
    /// Checkout started.
    pub const CHECKOUT_STARTED: u32 = 10;
    /// Order placed, one row an order line.
    pub const ORDER_PLACED: u32 = 11;
    /// Order canceled.
    pub const ORDER_CANCELED: u32 = 12;
    /// Returned.
    pub const RETURNED: u32 = 13;
    /// Signed in.
    pub const SIGN_IN: u32 = 14;
    /// Signed out.
    pub const SIGN_OUT: u32 = 15;
    /// Profile changed.
    pub const PROFILE: u32 = 16;
    /// A unit came into view.
    pub const UNIT_VIEW: u32 = 17;
    /// Added to the wishlist.
    pub const ADD_TO_WISHLIST: u32 = 18;
    /// Removed from the wishlist.
    pub const REMOVE_FROM_WISHLIST: u32 = 19;
}
