//! What would the search library alone do?
//!
//! The same catalog in one tantivy index as its manual has it: one segment in memory, stemmed title, brand and
//! description, facets as fast fields. It knows no eligibility, no prices per shopper, no unfinished last
//! word and no plugins; it is the floor that the pipeline is measured against, in the same run.

use anyhow::Result;
use planogram_core::catalog::doc::{AttributeValue, ProductDoc};
use serde_json::{Value, json};
use tantivy::aggregation::AggregationCollector;
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::collector::TopDocs;
use tantivy::query::{Query, QueryParser};
use tantivy::schema::{FAST, Field, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, TantivyDocument};

use crate::shop;

/// Bytes the one indexing thread may use before it writes a segment: enough for all in one.
const WRITER_BYTES: usize = 512 << 20;
/// Items of a page.
const PAGE: usize = 24;

/// The catalog in a plain index.
pub struct Plain {
    reader: IndexReader,
    parser: QueryParser,
    aggregations: Aggregations,
}

struct Fields {
    title: Field,
    brand: Field,
    description: Field,
    price: Field,
    facets: Vec<Field>,
}

impl Plain {
    /// Indexes products into one segment.
    ///
    /// # Errors
    /// Those of the library.
    pub fn new(docs: &[ProductDoc]) -> Result<Self> {
        let stemmed =
            TextFieldIndexing::default().set_tokenizer("en_stem").set_index_option(IndexRecordOption::WithFreqs);
        let text = TextOptions::default().set_indexing_options(stemmed);
        let mut schema = Schema::builder();
        let fields = Fields {
            title: schema.add_text_field("title", text.clone()),
            brand: schema.add_text_field("brand", text.clone()),
            description: schema.add_text_field("description", text),
            price: schema.add_i64_field("price", FAST),
            facets: shop::facet_codes().iter().map(|code| schema.add_text_field(code, STRING | FAST)).collect(),
        };
        let index = Index::create_in_ram(schema.build());
        let mut writer = index.writer_with_num_threads(1, WRITER_BYTES)?;
        for doc in docs {
            writer.add_document(fields.document(doc))?;
        }
        writer.commit()?;
        let segments = index.searchable_segment_ids()?;
        if segments.len() > 1 {
            writer.merge(&segments).wait()?;
        }
        let mut parser = QueryParser::for_index(&index, vec![fields.title, fields.brand, fields.description]);
        parser.set_conjunction_by_default();
        parser.set_field_boost(fields.title, 3.0);
        parser.set_field_boost(fields.brand, 2.0);
        let terms = |at: usize| json!({"terms": {"field": shop::facet_code(at), "size": 8}});
        let ranges: Vec<Value> = (0..8).map(|at| json!({"from": at * 6_250, "to": (at + 1) * 6_250})).collect();
        let price = json!({"range": {"field": "price", "ranges": ranges}});
        let aggregations = serde_json::from_value(json!({"a": terms(3), "b": terms(7), "price": price}))?;
        Ok(Self { reader: index.reader()?, parser, aggregations })
    }

    fn query(&self, text: &str) -> Result<Box<dyn Query>> {
        Ok(self.parser.parse_query(text)?)
    }

    /// The 24 best documents with all words of `text`: how many there are.
    ///
    /// # Errors
    /// Those of the library.
    pub fn search(&self, text: &str) -> Result<usize> {
        let query = self.query(text)?;
        Ok(self.reader.searcher().search(&query, &TopDocs::with_limit(PAGE).order_by_score())?.len())
    }

    /// As [`Plain::search`], with the aggregations: two of terms (20 and 150 values) and one of price ranges.
    ///
    /// # Errors
    /// Those of the library.
    pub fn search_and_count(&self, text: &str) -> Result<usize> {
        let query = self.query(text)?;
        let counting = AggregationCollector::from_aggs(self.aggregations.clone(), Default::default());
        let (top, counts) =
            self.reader.searcher().search(&query, &(TopDocs::with_limit(PAGE).order_by_score(), counting))?;
        std::hint::black_box(counts);
        Ok(top.len())
    }
}

impl Fields {
    fn document(&self, doc: &ProductDoc) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_text(self.title, &doc.name);
        document.add_text(self.brand, doc.brand.as_deref().unwrap_or_default());
        document.add_text(self.description, &doc.description);
        document.add_i64(self.price, shop::price_minor(&doc.sku));
        for (field, code) in self.facets.iter().zip(shop::facet_codes()) {
            if let Some(AttributeValue::Text(value)) = doc.attributes.get(&code) {
                document.add_text(*field, value);
            }
        }
        document
    }
}
