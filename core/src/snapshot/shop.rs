//! What do the kernel's own documents say?
//!
//! Store views, price books, attribute definitions and experiments, typed once per epoch, and what follows from
//! them: which facets are shown, which texts are searched. Documents that cannot be read are left out and named.

use std::collections::BTreeMap;

use planogram_abi::Problem;

use super::assign::Experiments;
use super::experiment::{EXPERIMENT_KIND, parse_experiment};
use crate::catalog::definition::{
    ATTRIBUTE_KIND, AttributeDefinition, AttributeDefinitions, CATEGORIES, parse_attribute,
};
use crate::catalog::doc::AttributeValue;
use crate::catalog::views::{
    PRICE_BOOK_KIND, PriceBook, STORE_VIEW_KIND, StoreView, Views, parse_price_book, parse_store_view,
};
use crate::catalog::{BRAND, BookChain, Catalog};
use crate::config::document::{DocumentKey, DocumentState};
use crate::config::store::{Selection, Store};
use crate::id::ItemId;
use crate::limits::TEXT_WEIGHT_MAX;
use crate::text::{FieldWeights, TextDoc};

/// The kernel's settings of one epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shop {
    views: Views,
    attributes: AttributeDefinitions,
    /// How much a word counts in each field.
    pub field_weights: FieldWeights,
    /// Facets in display order: pinned ones, then dynamic ones.
    pub facets: Vec<(String, AttributeDefinition)>,
    /// Who sees which overlays.
    pub experiments: Experiments,
}

impl Shop {
    /// Reads the documents; what could not be read is returned in words.
    pub fn read(documents: &Selection<'_>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let views: BTreeMap<String, StoreView> = read_kind(documents, STORE_VIEW_KIND, parse_store_view, &mut problems);
        let books: BTreeMap<String, PriceBook> = read_kind(documents, PRICE_BOOK_KIND, parse_price_book, &mut problems);
        let definitions = read_kind(documents, ATTRIBUTE_KIND, parse_attribute, &mut problems);
        let attributes = AttributeDefinitions::new(definitions);
        let views = Views::new(views, books);
        problems.extend(views.problems().into_iter().map(|(kind, code, problem)| said(kind, &code, &problem)));
        let facets = attributes.facets();
        let experiments = read_experiments(documents, &mut problems);
        let field_weights = field_weights(&attributes);
        (Self { views, attributes, field_weights, facets, experiments }, problems)
    }

    /// The store view of a code; empty means the default one.
    pub fn store_view(&self, code: &str) -> Option<StoreView> {
        self.views.view(code)
    }

    /// Every store view, by code.
    pub fn store_views(&self) -> Vec<StoreView> {
        self.views.views()
    }

    /// Whether some requests are for another store view than others.
    pub fn has_several_views(&self) -> bool {
        self.views.has_several()
    }

    /// Store views that name a price book that does not exist, with what is wrong.
    pub fn missing_books(&self) -> Vec<(String, Problem)> {
        self.views.missing_books()
    }

    /// What does not fit together in a store view or price book, in words.
    pub fn misfits(&self, kind: &str, code: &str) -> Vec<String> {
        let of = self.views.problems().into_iter().filter(|(of, which, _)| *of == kind && which == code);
        of.map(|(_, _, problem)| format!("{} ({})", problem.message, problem.allowed)).collect()
    }

    /// A price book and its parents.
    pub fn book(&self, catalog: &Catalog, code: &str) -> Option<BookChain> {
        self.views.chain(catalog, code)
    }

    /// What an attribute is used for.
    pub fn attribute(&self, code: &str) -> AttributeDefinition {
        self.attributes.get(code)
    }

    /// What an attribute is used for as the live documents say, without reading all the others.
    pub fn attribute_in(store: &Store, code: &str) -> AttributeDefinition {
        let key = DocumentKey { kind: ATTRIBUTE_KIND.into(), scope: String::new(), id: code.into() };
        let document = store.get(&key, DocumentState::Live, "");
        let body = document.as_ref().and_then(|document| document.write.body.as_deref());
        let definition = body.and_then(|body| parse_attribute(code, body).ok());
        definition.unwrap_or_else(|| AttributeDefinition::default_for(code))
    }

    /// The distinct text sources with their locales, by name: each is the code of the view whose texts it holds.
    pub fn text_sources(&self) -> BTreeMap<String, String> {
        let views = self.views.views();
        let locale_of = |source: &str, fallback: &str| {
            views.iter().find(|view| view.code == source).map_or(fallback, |view| &view.locale).to_owned()
        };
        views.iter().map(|view| (view.text_source.clone(), locale_of(&view.text_source, &view.locale))).collect()
    }

    /// Everything that decides what is indexed, as one text: two shops with equal rules index alike.
    pub fn text_rules(&self) -> String {
        let searchable: Vec<(String, bool, u8)> = self
            .attributes
            .documents()
            .map(|(code, definition)| (code.clone(), definition.searchable, definition.weight))
            .collect();
        format!("{:?} {searchable:?}", self.text_sources())
    }

    /// An item's text as a source indexes it; `None` when the product does not exist.
    pub fn text_doc(&self, catalog: &Catalog, source: &str, item: ItemId) -> Option<TextDoc> {
        let product = catalog.product(item)?;
        let mut doc = TextDoc::named(item, product.name_in(source));
        doc.description = product.description_in(source).to_owned();
        doc.brand = product.brand.clone().unwrap_or_default();
        for place in &product.placements {
            for name in catalog.category_path(place.category) {
                if !doc.categories.contains(&name) {
                    doc.categories.push(name);
                }
            }
        }
        doc.skus.push(catalog.sku_of(item).to_owned());
        let variants = catalog.variants_of(item);
        let variant_skus = variants.iter().map(|variant| catalog.variant_sku_of(*variant));
        doc.skus.extend(variant_skus.filter(|sku| *sku != catalog.sku_of(item)).map(str::to_owned));
        let options = variants.iter().filter_map(|variant| catalog.variant_record(*variant)).map(|v| &v.options);
        for (code, value) in std::iter::once(&product.attributes).chain(options).flatten() {
            self.add_attribute(&mut doc, code, value);
        }
        Some(doc)
    }

    /// Adds the texts of a searchable attribute, each once.
    fn add_attribute(&self, doc: &mut TextDoc, code: &str, value: &AttributeValue) {
        let definition = self.attributes.get(code);
        if !definition.searchable || code == BRAND {
            return;
        }
        let texts: &[String] = match value {
            AttributeValue::Text(text) => std::slice::from_ref(text),
            AttributeValue::List(texts) => texts,
            AttributeValue::Number(_) | AttributeValue::Boolean(_) => &[],
        };
        for text in texts {
            if !doc.attributes.iter().any(|(known, _)| known == text) {
                doc.attributes.push((text.clone(), definition.weight));
            }
        }
    }
}

/// How much each field counts: the shipped weights times those of the attribute documents of these names. Names, skus
/// and categories can be found whatever the documents say.
fn field_weights(attributes: &AttributeDefinitions) -> FieldWeights {
    let mut weights = FieldWeights::default();
    for (code, definition) in attributes.documents() {
        let (field, always) = match code.as_str() {
            "name" => (&mut weights.name, true),
            "sku" => (&mut weights.sku, true),
            CATEGORIES => (&mut weights.category, true),
            BRAND => (&mut weights.brand, false),
            "description" => (&mut weights.description, false),
            _ => continue,
        };
        let factor = if always || definition.searchable { f32::from(definition.weight) } else { 0.0 };
        *field = (*field * factor).min(TEXT_WEIGHT_MAX);
    }
    weights
}

/// The experiments of a configuration; what cannot be read is added to `problems`.
pub fn read_experiments(documents: &Selection<'_>, problems: &mut Vec<String>) -> Experiments {
    let mut read = Vec::new();
    for document in documents.of_kind(EXPERIMENT_KIND) {
        let id = &document.write.key.id;
        match parse_experiment(id, document.write.body.as_deref().unwrap_or("{}")) {
            Ok(experiment) => read.push((document, experiment)),
            Err(found) => problems.extend(found.iter().map(|problem| said(EXPERIMENT_KIND, id, problem))),
        }
    }
    Experiments::new(read)
}

fn read_kind<T>(
    documents: &Selection<'_>,
    kind: &str,
    parse: impl Fn(&str, &str) -> Result<T, Vec<Problem>>,
    problems: &mut Vec<String>,
) -> BTreeMap<String, T> {
    let mut read = BTreeMap::new();
    for document in documents.of_kind(kind) {
        let code = &document.write.key.id;
        match parse(code, document.write.body.as_deref().unwrap_or("{}")) {
            Ok(value) => drop(read.insert(code.clone(), value)),
            Err(found) => problems.extend(found.iter().map(|problem| said(kind, code, problem))),
        }
    }
    read
}

fn said(kind: &str, code: &str, problem: &Problem) -> String {
    format!("{kind}/{code}{}: {} ({})", problem.pointer, problem.message, problem.allowed)
}
