//! How do documents get into the index, and how does it come back after a stop?
//!
//! One long-lived tantivy writer for each text source. The engine calls [`TextIndex::apply`] as the log is folded and
//! [`TextIndex::commit`] on its timer; there is no timer here (tantivy has a thread that writes segments and one that
//! merges them, neither of which scores can notice). The commit records the log position. Statistics are not stored:
//! opening counts the postings, after the checksums were found right, so they can never disagree with the index.
//! Damage is an error that says "rebuild", never a panic: everything here can be fed again from the log.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use rustc_hash::FxHashMap;
use tantivy::directory::MmapDirectory;
use tantivy::merge_policy::LogMergePolicy;
use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, FutureResult, Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, SegmentMeta};
use tantivy::{TERMINATED, TantivyError, Term};

use super::analyzer::{ANALYZER_VERSION, Language, has_digit};
use super::document::{TextDoc, TextField};
use super::error::TextError;
use super::feed::{Feed, REPLAY, Replay};
use super::names::NameWord;
use super::schema::{Fields, schema, words_of};
use super::segment::Segment;
use super::segmenter::is_character;
use super::statistics::{Lexicon, Tally};
use super::tolerance::Tolerance;
use super::view::TextView;
use crate::id::{ItemId, Seq};
use crate::limits::TEXT_WRITER_BYTES;

/// Segments of like size that are merged into one.
const MERGED_SEGMENTS_MIN: usize = 4;
/// Segments with fewer documents all count as like in size.
const SMALL_SEGMENT_DOCS: u32 = 20_000;
/// Share of deleted documents from which a segment is written anew.
const DELETED_SHARE_MAX: f32 = 0.3;
/// Segments that are searched, in quiet times, as they are: every one costs a look into each dictionary for each word…
const QUIET_SEGMENTS_MAX: usize = 3;
/// …and the share of all documents that may lie outside the largest of them.
const SCATTERED_SHARE_MAX: f64 = 0.05;

/// The writing side of the text index of one text source.
pub struct TextIndex {
    index: Index,
    writer: IndexWriter<Feed>,
    reader: IndexReader,
    language: Language,
    fields: Fields,
    lexicon: Lexicon,
    changed: bool,
    view: TextView,
    /// The merge that was begun in quiet times, until it has ended.
    merging: Option<Pin<Box<FutureResult<Option<SegmentMeta>>>>>,
}

impl TextIndex {
    /// Opens the index in a directory, or in memory, and says up to which log entry it is committed: 0 for a new
    /// one. Everything after that has to be applied again; applying more does no harm. Where typing errors are
    /// tolerated is not stored; a directory may be opened with another tolerance.
    ///
    /// # Errors
    /// [`TextError::Damaged`] when the directory holds something unusable, or an index made for another language or
    /// by another version of the analyzer: call [`TextIndex::rebuild`]. [`TextError::Busy`] when it is open already.
    pub fn open(dir: Option<&Path>, locale: &str, tolerance: Tolerance) -> Result<(Self, Seq), TextError> {
        let language = Language::of_locale(locale);
        let (schema, fields) = schema();
        let Some(dir) = dir else {
            let index = Index::create_in_ram(schema);
            return Self::start(index, language, fields, 0, tolerance).map(|opened| (opened, 0));
        };
        std::fs::create_dir_all(dir).map_err(|source| TextError::Directory { dir: dir.to_owned(), source })?;
        let damaged = |cause: String| TextError::Damaged { dir: dir.to_owned(), cause };
        let directory = MmapDirectory::open(dir).map_err(|error| damaged(error.to_string()))?;
        let exists = Index::exists(&directory).map_err(|error| damaged(error.to_string()))?;
        if !exists {
            let index = Index::create(directory, schema, IndexSettings::default())?;
            return Self::start(index, language, fields, 0, tolerance).map(|opened| (opened, 0));
        }
        let index = Index::open(directory).map_err(|error| damaged(error.to_string()))?;
        if index.schema() != schema {
            return Err(damaged("it has other fields".to_owned()));
        }
        let wrong = index.validate_checksum().map_err(|error| damaged(error.to_string()))?;
        if let Some(file) = wrong.iter().min() {
            return Err(damaged(format!("checksum of {} is wrong", file.display())));
        }
        let metas = index.load_metas().map_err(|error| damaged(error.to_string()))?;
        let seq = match metas.payload {
            None => 0,
            Some(payload) => read_payload(&payload, language).map_err(damaged)?,
        };
        let opened = Self::start(index, language, fields, seq, tolerance).map_err(|error| match error {
            TextError::Storage(TantivyError::LockFailure(..)) => TextError::Busy { dir: dir.to_owned() },
            other => damaged(other.to_string()),
        })?;
        Ok((opened, seq))
    }

    /// Empties the index's own directory and opens it anew; everything has to be applied again.
    ///
    /// # Errors
    /// When the directory cannot be emptied, or as [`TextIndex::open`].
    pub fn rebuild(dir: &Path, locale: &str, tolerance: Tolerance) -> Result<Self, TextError> {
        match std::fs::remove_dir_all(dir) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(TextError::Directory { dir: dir.to_owned(), source })
            }
            _ => Self::open(Some(dir), locale, tolerance).map(|(index, _)| index),
        }
    }

    /// Removes all folders in `dir` but those named so; answers with what could not be removed, and why.
    pub fn keep_only(dir: &Path, kept: &[String]) -> Vec<(PathBuf, std::io::Error)> {
        let others = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let others = others.filter(|entry| !kept.iter().any(|name| entry.file_name() == name.as_str()));
        others.filter_map(|entry| Some((entry.path(), std::fs::remove_dir_all(entry.path()).err()?))).collect()
    }

    fn start(
        index: Index,
        language: Language,
        fields: Fields,
        seq: Seq,
        tolerance: Tolerance,
    ) -> Result<Self, TextError> {
        index.tokenizers().register(REPLAY, Replay::default());
        let writer: IndexWriter<Feed> = index.writer_with_num_threads(1, TEXT_WRITER_BYTES)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(MERGED_SEGMENTS_MIN);
        policy.set_min_layer_size(SMALL_SEGMENT_DOCS);
        policy.set_del_docs_ratio_before_merge(DELETED_SHARE_MAX);
        writer.set_merge_policy(Box::new(policy));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let segments = open_segments(&reader, &fields, &[])?;
        let mut lexicon = count_postings(&segments, language, tolerance)?;
        let view = TextView::new(seq, language, fields.clone(), segments, lexicon.publish());
        Ok(Self { index, writer, reader, language, fields, lexicon, changed: false, view, merging: None })
    }

    /// Takes documents in, each in place of the one its item had, and deletes those of `deletes` (first, should an
    /// item be in both). Nothing is visible before [`TextIndex::commit`].
    ///
    /// # Errors
    /// When the index cannot be written; it has to be opened again then.
    pub fn apply(&mut self, upserts: &[TextDoc], deletes: &[ItemId]) -> Result<(), TextError> {
        for &item in deletes {
            if self.lexicon.contains(item) {
                self.writer.delete_term(self.item_term(item));
                self.lexicon.remove(item);
                self.changed = true;
            }
        }
        for doc in upserts {
            if self.lexicon.contains(doc.item) {
                self.writer.delete_term(self.item_term(doc.item));
            }
            let document = self.count_and_convert(doc);
            self.writer.add_document(document)?;
            self.changed = true;
        }
        Ok(())
    }

    /// Makes everything applied durable under the log position `seq` and visible in the view that is returned.
    /// Without changes nothing is written; only the view's position moves.
    ///
    /// # Errors
    /// When the index cannot be written or read; it has to be opened again then.
    pub fn commit(&mut self, seq: Seq) -> Result<TextView, TextError> {
        if self.changed {
            let mut prepared = self.writer.prepare_commit()?;
            prepared.set_payload(&payload(seq, self.language));
            prepared.commit()?;
            self.changed = false;
        }
        self.refresh(seq)
    }

    /// Begins to merge everything committed into one segment, in the background, when that would make searches
    /// cheaper; says whether a merge is on its way. [`TextIndex::merged`] takes it over.
    pub fn begin_merge(&mut self) -> bool {
        if !self.is_merging() && !self.changed && self.is_scattered() {
            let ids: Vec<_> = self.view.segments().iter().map(Segment::id).collect();
            self.merging = Some(Box::pin(self.writer.merge(&ids)));
        }
        self.is_merging()
    }

    /// Whether a merge that was begun has not been taken over.
    pub fn is_merging(&self) -> bool {
        self.merging.is_some()
    }

    /// Whether searches look into more segments than they should in quiet times.
    pub fn is_scattered(&self) -> bool {
        let sizes = || self.view.segments().iter().map(Segment::n_docs);
        let (all, largest) = (sizes().sum::<usize>(), sizes().max().unwrap_or(0));
        let is_much = (all - largest) as f64 > SCATTERED_SHARE_MAX * all as f64;
        sizes().len() > 1 && (is_much || sizes().len() > QUIET_SEGMENTS_MAX)
    }

    /// The view after a merge that was begun and has ended, well or not; `None` before, and while changes wait for a
    /// commit. It has the position and the
    /// contents of the last one.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn merged(&mut self) -> Result<Option<TextView>, TextError> {
        // Counts of what is not committed must not be published.
        let Some(merging) = self.merging.as_mut().filter(|_| !self.changed) else { return Ok(None) };
        let Poll::Ready(ended) = merging.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            return Ok(None);
        };
        self.merging = None;
        if let Err(error) = ended {
            // It lost its segments to a merge of the policy's: that one did the work.
            tracing::debug!(%error, "text segments were merged meanwhile");
        }
        self.refresh(self.view.seq()).map(Some)
    }

    /// Merges everything committed into one segment and waits for it.
    /// The returned view has the position and the contents of the last one. While changes wait for a commit, nothing is
    /// done.
    ///
    /// # Errors
    /// When the index cannot be written or read.
    pub fn compact(&mut self) -> Result<TextView, TextError> {
        let metas = self.index.searchable_segment_metas()?;
        let needed = metas.len() > 1 || metas.iter().any(|meta| meta.has_deletes());
        if needed && !self.changed {
            let ids: Vec<_> = metas.iter().map(|meta| meta.id()).collect();
            // A merge that lost its segments to a background merge is no failure: that one did the work.
            if let Err(error) = self.writer.merge(&ids).wait() {
                tracing::debug!(%error, "text segments were merged meanwhile");
            }
        }
        if self.changed { Ok(self.view.clone()) } else { self.refresh(self.view.seq()) }
    }

    /// Ends the writer and waits for its merges, so that nobody writes into the folder any more: it may be opened
    /// again or removed. What was not committed is lost.
    pub fn close(self) {
        if let Err(error) = self.writer.wait_merging_threads() {
            tracing::debug!(%error, "a merge did not end well; the index is as it was committed");
        }
    }

    /// The last committed state.
    pub fn view(&self) -> TextView {
        self.view.clone()
    }

    fn refresh(&mut self, seq: Seq) -> Result<TextView, TextError> {
        self.reader.reload()?;
        let segments = open_segments(&self.reader, &self.fields, self.view.segments())?;
        let statistics = self.lexicon.publish();
        self.view = TextView::new(seq, self.language, self.fields.clone(), segments, statistics);
        Ok(self.view.clone())
    }

    fn item_term(&self, item: ItemId) -> Term {
        Term::from_field_u64(self.fields.item, u64::from(item.0))
    }

    fn count_and_convert(&mut self, doc: &TextDoc) -> Feed {
        let fields = words_of(self.language, doc);
        let mut feed = Feed::new(self.fields.item, u64::from(doc.item.0));
        let mut tally = self.lexicon.tally();
        let mut ids: Vec<u32> = Vec::new();
        for (field, words) in TextField::ALL.into_iter().zip(&fields) {
            ids.clear();
            ids.extend(words.iter().map(|word| self.lexicon.word_id(&word.text)));
            for (&id, word) in ids.iter().zip(words) {
                tally.add(id, field, u32::from(word.times));
                if field == TextField::Name && !is_character(&word.text) {
                    tally.place(self.lexicon.name_word(id, word.position));
                }
            }
            let exact = words.iter().map(|word| (word.text.as_str(), word.position, word.times));
            feed.add(self.fields.exact[field as usize], exact);
            if let Some(stem) = self.fields.stem[field as usize] {
                let stems = ids.iter().map(|&id| self.lexicon.stem_of(id));
                feed.add(stem, stems.zip(words).map(|(stem, word)| (stem, word.position, word.times)));
            }
        }
        self.lexicon.put(doc.item, tally);
        feed
    }
}

/// What a commit says of itself.
fn payload(seq: Seq, language: Language) -> String {
    format!("seq={seq} analyzer={ANALYZER_VERSION} language={}", language.code())
}

/// The position in a payload, when it was written under today's rules.
fn read_payload(text: &str, language: Language) -> Result<Seq, String> {
    let seq = text.split(' ').find_map(|part| part.strip_prefix("seq=")).and_then(|seq| seq.parse().ok());
    match seq {
        Some(seq) if payload(seq, language) == text => Ok(seq),
        _ => Err(format!("it was written as `{text}`, expected `{}`", payload(seq.unwrap_or(0), language))),
    }
}

fn open_segments(reader: &IndexReader, fields: &Fields, before: &[Segment]) -> Result<Vec<Segment>, TextError> {
    reader.searcher().segment_readers().iter().map(|segment| Segment::open(segment, fields, before)).collect()
}

/// Counts what stands in the index, as if every live document had just been applied.
fn count_postings(segments: &[Segment], language: Language, tolerance: Tolerance) -> Result<Lexicon, TextError> {
    let mut lexicon = Lexicon::new(language, tolerance);
    for segment in segments {
        let mut tallies: FxHashMap<ItemId, Tally> = FxHashMap::default();
        for doc in 0..segment.n_docs() as u32 {
            if let Some(item) = segment.live_item(doc) {
                tallies.insert(item, lexicon.tally());
            }
        }
        for field in TextField::ALL {
            let dictionary = &segment.exact[field as usize];
            let mut words = dictionary.terms().stream()?;
            while let Some((word, info)) = words.next() {
                let word = std::str::from_utf8(word)
                    .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
                let id = lexicon.word_id(word);
                let mut postings = dictionary.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
                let mut doc = postings.doc();
                while doc != TERMINATED {
                    if let Some(tally) = segment.live_item(doc).and_then(|item| tallies.get_mut(&item)) {
                        tally.add(id, field, postings.term_freq());
                    }
                    doc = postings.advance();
                }
            }
        }
        place_names(segment, &lexicon, &mut tallies)?;
        for (item, tally) in tallies {
            lexicon.put(item, tally);
        }
    }
    Ok(lexicon)
}

/// Reads where stems stand in names.
fn place_names(segment: &Segment, lexicon: &Lexicon, tallies: &mut FxHashMap<ItemId, Tally>) -> Result<(), TextError> {
    let dictionary = &segment.stem[TextField::Name as usize];
    let mut stems = dictionary.terms().stream()?;
    let mut positions = Vec::new();
    while let Some((text, info)) = stems.next() {
        // Every stem of a live name was taken in with its word.
        let text = std::str::from_utf8(text).unwrap_or_default();
        if is_character(text) {
            continue;
        }
        let Some(stem) = lexicon.known_stem(text) else { continue };
        let is_number = has_digit(text);
        let option = IndexRecordOption::WithFreqsAndPositions;
        let mut postings = dictionary.read_postings_from_terminfo(info, option)?;
        let mut doc = postings.doc();
        while doc != TERMINATED {
            if let Some(tally) = segment.live_item(doc).and_then(|item| tallies.get_mut(&item)) {
                postings.positions(&mut positions);
                for &position in &positions {
                    let position = position.min(u32::from(u16::MAX)) as u16;
                    tally.place(NameWord { position, is_number, stem });
                }
            }
            doc = postings.advance();
        }
    }
    Ok(())
}

impl std::fmt::Debug for TextIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextIndex").field("changed", &self.changed).field("view", &self.view).finish()
    }
}
