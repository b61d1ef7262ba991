//! Which texts of an item hold words that were searched for?
//!
//! The texts that a search looks through, each marked by the analyzer of the store view (`text::Highlighter`). Only the
//! items of one page are read, when the request asks for it. Tags and escapes are the wire's business.

use planogram_abi::ListKind;

use super::request::Highlight;
use super::run::Run;
use crate::catalog::definition::CATEGORIES;
use crate::catalog::doc::AttributeValue;
use crate::catalog::{BRAND, Product};
use crate::id::ItemId;
use crate::limits::HIGHLIGHTS_MAX;
use crate::text::{Highlighter, Language, excerpt};

/// The code that names the description, in highlights and as an attribute.
const DESCRIPTION: &str = "description";

/// The finder for the request's words; `None` when nothing is to be highlighted.
pub(super) fn highlighter(run: &Run<'_>) -> Option<Highlighter> {
    let query = run.read_as.as_ref().filter(|_| run.kind() == ListKind::Search)?;
    Some(Highlighter::new(Language::of_locale(&run.view.locale), query))
}

/// The texts of an item with words of the query in them: name, sku, brand, categories, attributes by code, description.
pub(super) fn of_item(run: &Run<'_>, finder: &mut Highlighter, item: ItemId) -> Vec<Highlight> {
    let Some(product) = run.snapshot.catalog.product(item) else { return Vec::new() };
    let mut found = Vec::new();
    for (attribute, text) in texts(run, item, product) {
        let spans = finder.find(&text);
        if !spans.is_empty() && found.len() < HIGHLIGHTS_MAX {
            let (text, spans) = excerpt(&text, &spans);
            found.push(Highlight { attribute, text, spans });
        }
    }
    found
}

fn texts(run: &Run<'_>, item: ItemId, product: &Product) -> Vec<(String, String)> {
    let catalog = &run.snapshot.catalog;
    let view = &run.view.code;
    let mut texts = vec![("name".to_owned(), product.name_in(view).to_owned())];
    texts.push(("sku".to_owned(), catalog.sku_of(item).to_owned()));
    let is_searched = |code: &str| run.epoch.shop.attribute(code).searchable;
    texts.extend(product.brand.iter().filter(|_| is_searched(BRAND)).map(|brand| (BRAND.to_owned(), brand.clone())));
    for place in product.placements.iter().filter(|place| !run.hidden.contains(place.category)) {
        texts.push((CATEGORIES.to_owned(), catalog.category_path(place.category).join("/")));
    }
    let options = run.witness(item).and_then(|variant| catalog.variant_record(variant)).map(|record| &record.options);
    for (code, value) in std::iter::once(&product.attributes).chain(options).flatten() {
        if code == BRAND || !is_searched(code) {
            continue;
        }
        let values: &[String] = match value {
            AttributeValue::Text(text) => std::slice::from_ref(text),
            AttributeValue::List(texts) => texts,
            AttributeValue::Number(_) | AttributeValue::Boolean(_) => &[],
        };
        for text in values {
            let entry = (code.clone(), text.clone());
            if !texts.contains(&entry) {
                texts.push(entry);
            }
        }
    }
    if is_searched(DESCRIPTION) {
        texts.push((DESCRIPTION.to_owned(), product.description_in(view).to_owned()));
    }
    texts
}
