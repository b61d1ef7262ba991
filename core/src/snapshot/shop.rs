//! What do the kernel's own documents say?
//!
//! Store views, price books, attribute definitions and experiments, typed once per epoch, and what follows from
//! them: which facets are shown, which texts are searched. Documents that cannot be read are left out and named.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use planogram_abi::Problem;

use super::assign::Experiments;
use super::experiment::{EXPERIMENT_KIND, parse_experiment};
use super::never::{NeverSuggested, SUGGESTIONS_KIND, parse_suggestions};
use super::spelling::{ExactWords, SPELLING_KIND, parse_spelling};
use crate::catalog::access::{CATEGORY_ACCESS_KIND, CategoryAccess, HiddenCategories, parse_category_access};
use crate::catalog::definition::{
    ATTRIBUTE_KIND, AttributeDefinition, AttributeDefinitions, CATEGORIES, parse_attribute,
};
use crate::catalog::doc::AttributeValue;
use crate::catalog::facet_document::FACET_KIND;
use crate::catalog::read::laid_over;
use crate::catalog::views::{
    PRICE_BOOK_KIND, PriceBook, STORE_VIEW_KIND, StoreView, Views, parse_price_book, parse_store_view,
};
use crate::catalog::{BRAND, BookChain, Catalog};
use crate::config::document::{Document, DocumentKey, DocumentState, DocumentWrite};
use crate::config::store::{Selection, Store};
use crate::expr::Members;
use crate::expr::audience::{AUDIENCE_KIND, AudienceDocument, Audiences, parse_audience};
use crate::expr::smart::{SMART_CATEGORY_KIND, SmartCategory, parse_smart_category};
use crate::id::{ItemId, TimeMs};
use crate::limits::TEXT_WEIGHT_MAX;
use crate::text::{FieldWeights, TextDoc, TextField, Tolerance};

/// The kernel's settings of one epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shop {
    views: Views,
    attributes: AttributeDefinitions,
    /// How much a word counts in each field.
    pub field_weights: FieldWeights,
    /// Facets of every store view that has documents of its own, and of all others under the empty code.
    facets: BTreeMap<String, Offered>,
    /// Who sees which overlays.
    pub experiments: Experiments,
    /// What is never suggested.
    pub never_suggested: NeverSuggested,
    /// What is never corrected.
    pub exact_words: ExactWords,
    /// Categories that are kept for some customers.
    access: Vec<AccessDocument>,
    /// Shoppers who have something in common.
    pub audiences: Arc<Audiences>,
    /// Categories with members by a condition.
    smart: Vec<(DocumentWrite, Arc<SmartCategory>)>,
}

/// What one store view offers as facets.
#[derive(Clone, Debug, Default, PartialEq)]
struct Offered {
    /// Definitions with the facet documents laid over them.
    definitions: AttributeDefinitions,
    /// Facets in display order: pinned ones, then dynamic ones.
    facets: Vec<(String, AttributeDefinition)>,
}

/// A category access document with where and when it holds.
#[derive(Clone, Debug, PartialEq)]
struct AccessDocument {
    write: DocumentWrite,
    access: CategoryAccess,
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
        let facets = read_facets(documents, &mut problems);
        let experiments = read_experiments(documents, &mut problems);
        let never_suggested =
            NeverSuggested::new(read_kind(documents, SUGGESTIONS_KIND, parse_suggestions, &mut problems));
        let exact_words = ExactWords::new(read_kind(documents, SPELLING_KIND, parse_spelling, &mut problems));
        let access = read_access(documents, &mut problems);
        let audiences = Arc::new(Audiences::new(read_audiences(documents, &mut problems)));
        let smart = read_smart(documents, &mut problems);
        let field_weights = field_weights(&attributes);
        let shop = Self {
            views,
            attributes,
            field_weights,
            facets,
            experiments,
            never_suggested,
            exact_words,
            access,
            audiences,
            smart,
        };
        (shop, problems)
    }

    /// The store view of a code; empty means the default one.
    pub fn store_view(&self, code: &str) -> Option<StoreView> {
        self.views.view(code)
    }

    /// Customer groups that categories are kept for, perhaps some twice.
    pub fn customer_groups(&self) -> impl Iterator<Item = &str> {
        self.access.iter().flat_map(|one| &one.access.groups).map(String::as_str)
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

    /// The facets of a store view in display order: pinned ones, then dynamic ones.
    pub fn facets(&self, view: &str) -> &[(String, AttributeDefinition)] {
        self.offered(view).map_or(&[], |offered| &offered.facets)
    }

    /// What an attribute is used for in a store view, its facet documents laid over it.
    pub fn attribute_in_view(&self, view: &str, code: &str) -> Cow<'_, AttributeDefinition> {
        let default = || Cow::Owned(AttributeDefinition::default_for(code));
        self.offered(view).map_or_else(default, |offered| offered.definitions.look_up(code))
    }

    /// How many facets each store view has that has facet documents of its own, and all others under the empty code.
    pub fn facet_counts(&self) -> BTreeMap<&str, usize> {
        self.facets.iter().map(|(view, offered)| (view.as_str(), offered.facets.len())).collect()
    }

    fn offered(&self, view: &str) -> Option<&Offered> {
        self.facets.get(view).or_else(|| self.facets.get(""))
    }

    /// What an attribute is used for.
    pub fn attribute(&self, code: &str) -> AttributeDefinition {
        self.attributes.get(code)
    }

    /// What the document of an attribute says, if there is one.
    pub fn documented(&self, code: &str) -> Option<&AttributeDefinition> {
        self.attributes.documented(code)
    }

    /// The categories that a shopper of this customer group, or of none, does not see in a store view at a time. A
    /// view's own document stands in for the one of every view with the same id.
    pub fn hidden_categories(
        &self,
        members: Members<'_>,
        view: &str,
        group: Option<&str>,
        now_ms: TimeMs,
    ) -> HiddenCategories {
        let here = in_force(&self.access, |one| &one.write, view, now_ms);
        let closed = here.filter(|one| !one.access.admits(group)).map(|one| one.access.category.as_str());
        HiddenCategories::of(members.catalog, closed, |id| members.direct(id), |id| members.subtree(id))
    }

    /// The categories that have members by a condition in a store view at a time, in order of their documents.
    pub fn smart_categories(&self, view: &str, now_ms: TimeMs) -> Vec<Arc<SmartCategory>> {
        in_force(&self.smart, |(write, _)| write, view, now_ms).map(|(_, smart)| smart.clone()).collect()
    }

    /// What an attribute is used for as the live documents say, without reading all the others.
    pub fn attribute_in(store: &Store, code: &str) -> AttributeDefinition {
        let key = DocumentKey { kind: ATTRIBUTE_KIND.into(), scope: String::new(), id: code.into() };
        let document = store.get(&key, DocumentState::Live, "");
        let body = document.as_ref().and_then(|document| document.write.body.as_deref());
        let definition = body.and_then(|body| parse_attribute(code, body).ok());
        definition.unwrap_or_else(|| AttributeDefinition::default_for(code))
    }

    /// The store view of a code, the default one for an empty code, as the live documents say, without reading what
    /// is not asked for. A code that no document has is a view like the plain one.
    pub fn store_view_in(store: &Store, code: &str) -> StoreView {
        if code.is_empty() {
            let documents = store.select(&[]);
            let views = read_kind(&documents, STORE_VIEW_KIND, parse_store_view, &mut Vec::new());
            return Views::new(views, BTreeMap::new()).view("").unwrap_or_default();
        }
        let key = DocumentKey { kind: STORE_VIEW_KIND.into(), scope: String::new(), id: code.into() };
        let document = store.get(&key, DocumentState::Live, "");
        let body = document.as_ref().and_then(|document| document.write.body.as_deref());
        let view = body.and_then(|body| parse_store_view(code, body).ok());
        view.unwrap_or_else(|| StoreView { code: code.to_owned(), ..StoreView::default() })
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
        let rule =
            |(code, one): (&String, &AttributeDefinition)| (code.clone(), one.searchable, one.weight, one.tolerant);
        let searchable: Vec<(String, bool, u8, bool)> = self.attributes.documents().map(rule).collect();
        format!("{:?} {searchable:?}", self.text_sources())
    }

    /// The fields in which typing errors are tolerated.
    pub fn tolerance(&self) -> Tolerance {
        let named = [
            ("name", TextField::Name),
            ("sku", TextField::Sku),
            (BRAND, TextField::Brand),
            (CATEGORIES, TextField::Category),
            ("description", TextField::Description),
        ];
        let is_strict = |code: &str| self.attributes.documented(code).is_some_and(|one| !one.tolerant);
        let strict = named.into_iter().filter(|(code, _)| is_strict(code));
        strict.fold(Tolerance::default(), |tolerance, (_, field)| tolerance.without(field))
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
        // A value of both kinds of attributes is found either way.
        let TextDoc { attributes, verbatim, .. } = &mut doc;
        verbatim.retain(|(text, _)| attributes.iter().all(|(known, _)| known != text));
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
        let values = if definition.tolerant { &mut doc.attributes } else { &mut doc.verbatim };
        for text in texts {
            if !values.iter().any(|(known, _)| known == text) {
                values.push((text.clone(), definition.weight));
            }
        }
    }
}

/// Lays the facet documents of all views, then those of each view, over the attributes' own documents.
fn read_facets(documents: &Selection<'_>, problems: &mut Vec<String>) -> BTreeMap<String, Offered> {
    let body = |document: &Document| document.write.body.clone().unwrap_or_else(|| "{}".to_owned());
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    for document in documents.of_kind(ATTRIBUTE_KIND) {
        bodies.insert(document.write.key.id.clone(), body(document));
    }
    let facets = documents.of_kind(FACET_KIND);
    let lay = |bodies: &mut BTreeMap<String, String>, scope: &str| {
        for document in facets.iter().filter(|document| document.write.key.scope == scope) {
            let code = &document.write.key.id;
            let base = bodies.get(code).map_or("{}", String::as_str);
            if let Ok(whole) = laid_over(base, &body(document)) {
                bodies.insert(code.clone(), whole);
            }
        }
    };
    lay(&mut bodies, "");
    let scopes: BTreeSet<&str> = facets.iter().map(|document| document.write.key.scope.as_str()).collect();
    let mut offered = BTreeMap::new();
    for scope in scopes.into_iter().chain([""]) {
        let mut bodies = bodies.clone();
        if !scope.is_empty() {
            lay(&mut bodies, scope);
        }
        let mut definitions = BTreeMap::new();
        for (code, body) in bodies {
            match parse_attribute(&code, &body) {
                Ok(definition) => drop(definitions.insert(code, definition)),
                Err(found) => problems.extend(found.iter().map(|problem| said(FACET_KIND, &code, problem))),
            }
        }
        let definitions = AttributeDefinitions::new(definitions);
        offered.insert(scope.to_owned(), Offered { facets: definitions.facets(), definitions });
    }
    offered
}

/// The documents in force in a store view at a time: a view's own stands in for the one of every view with the same id.
fn in_force<'d, T>(
    documents: &'d [T],
    write: impl Fn(&T) -> &DocumentWrite + Copy + 'd,
    view: &'d str,
    now_ms: TimeMs,
) -> impl Iterator<Item = &'d T> {
    let own = move |id: &str| {
        let mut own = documents.iter().map(write).filter(|write| write.key.id == id && write.key.scope == view);
        own.any(|write| write.is_valid_at(now_ms))
    };
    documents.iter().filter(move |one| {
        let DocumentWrite { key, .. } = write(one);
        let is_here = if key.scope.is_empty() { view.is_empty() || !own(&key.id) } else { key.scope == view };
        is_here && write(one).is_valid_at(now_ms)
    })
}

fn read_smart(documents: &Selection<'_>, problems: &mut Vec<String>) -> Vec<(DocumentWrite, Arc<SmartCategory>)> {
    let mut read = Vec::new();
    for document in documents.of_kind(SMART_CATEGORY_KIND) {
        match parse_smart_category(document.write.body.as_deref().unwrap_or("{}")) {
            Ok(smart) => read.push((document.write.clone(), Arc::new(smart))),
            Err(found) => {
                let id = &document.write.key.id;
                problems.extend(found.iter().map(|problem| said(SMART_CATEGORY_KIND, id, problem)));
            }
        }
    }
    read
}

fn read_access(documents: &Selection<'_>, problems: &mut Vec<String>) -> Vec<AccessDocument> {
    let mut read = Vec::new();
    for document in documents.of_kind(CATEGORY_ACCESS_KIND) {
        match parse_category_access(document.write.body.as_deref().unwrap_or("{}")) {
            Ok(access) => read.push(AccessDocument { write: document.write.clone(), access }),
            Err(found) => {
                let id = &document.write.key.id;
                problems.extend(found.iter().map(|problem| said(CATEGORY_ACCESS_KIND, id, problem)));
            }
        }
    }
    read
}

/// The audiences of a configuration; what cannot be read is added to `problems`.
pub fn read_audiences(documents: &Selection<'_>, problems: &mut Vec<String>) -> Vec<AudienceDocument> {
    let mut read = Vec::new();
    for document in documents.of_kind(AUDIENCE_KIND) {
        let write = &document.write;
        match parse_audience(&write.key.id, write.body.as_deref().unwrap_or("{}")) {
            Ok(audience) => read.push(AudienceDocument {
                id: write.key.id.clone(),
                scope: write.key.scope.clone(),
                from_ms: write.from_ms,
                until_ms: write.until_ms,
                audience,
            }),
            Err(found) => {
                problems.extend(found.iter().map(|problem| said(AUDIENCE_KIND, &write.key.id, problem)));
            }
        }
    }
    read
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
