//! What is kept open of one tantivy segment?
//!
//! Everything a search touches, opened once when the view is made: dictionaries, and plain arrays of lengths and
//! of items by document. The arrays never change for a segment, so the next view takes them over.

use std::sync::Arc;

use tantivy::index::SegmentId;
use tantivy::schema::Field;
use tantivy::{InvertedIndexReader, SegmentReader};

use super::document::TextField;
use super::error::TextError;
use super::schema::{Fields, ITEM};
use crate::id::ItemId;

/// One segment, ready to be searched.
pub(super) struct Segment {
    reader: SegmentReader,
    items: Arc<[ItemId]>,
    pub exact: [Arc<InvertedIndexReader>; TextField::COUNT],
    /// The exact dictionary again where words are not stemmed.
    pub stem: [Arc<InvertedIndexReader>; TextField::COUNT],
    /// By field, the one-byte code of each document's length.
    pub lengths: [Arc<[u8]>; TextField::COUNT],
}

impl Segment {
    /// Opens a segment; `before` are the segments of the view it replaces.
    pub fn open(reader: &SegmentReader, fields: &Fields, before: &[Segment]) -> Result<Self, TextError> {
        let known = before.iter().find(|segment| segment.id() == reader.segment_id());
        let (items, lengths) = match known {
            Some(segment) => (segment.items.clone(), segment.lengths.clone()),
            None => (read_items(reader)?, every_field(|field| read_lengths(reader, fields.exact[field as usize]))?),
        };
        let exact = every_field(|field| reader.inverted_index(fields.exact[field as usize]))?;
        let stem = every_field(|field| {
            reader.inverted_index(fields.stem[field as usize].unwrap_or(fields.exact[field as usize]))
        })?;
        Ok(Self { reader: reader.clone(), items, exact, stem, lengths })
    }

    /// The segment's name in tantivy.
    pub fn id(&self) -> SegmentId {
        self.reader.segment_id()
    }

    /// Documents, deleted ones included.
    pub fn n_docs(&self) -> usize {
        self.items.len()
    }

    /// The item of a document, unless it was deleted or replaced.
    #[inline]
    pub fn live_item(&self, doc: u32) -> Option<ItemId> {
        (!self.reader.is_deleted(doc)).then(|| self.items[doc as usize])
    }
}

fn every_field<T>(mut open: impl FnMut(TextField) -> tantivy::Result<T>) -> Result<[T; TextField::COUNT], TextError> {
    let opened = TextField::ALL.into_iter().map(&mut open).collect::<tantivy::Result<Vec<T>>>()?;
    Ok(opened.try_into().unwrap_or_else(|_| unreachable!("one for each field was collected")))
}

fn read_items(reader: &SegmentReader) -> Result<Arc<[ItemId]>, TextError> {
    let column = reader.fast_fields().u64(ITEM)?;
    Ok((0..reader.max_doc()).map(|doc| ItemId(column.first(doc).unwrap_or_default() as u32)).collect())
}

fn read_lengths(reader: &SegmentReader, field: Field) -> tantivy::Result<Arc<[u8]>> {
    let lengths = reader.get_fieldnorms_reader(field)?;
    Ok((0..reader.max_doc()).map(|doc| lengths.fieldnorm_id(doc)).collect())
}
