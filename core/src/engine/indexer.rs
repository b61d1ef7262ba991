//! Who keeps the text indexes?
//!
//! One thread owns the long-lived index writers, one a text source. It takes changed items as they come,
//! commits on a timer, and publishes the committed views. Texts are built from the catalog as it was when the
//! change was folded or a later one, so that the thread's timing shows nowhere but in `text_seq`. In quiet times what
//! lies scattered over many segments is merged, in the background, and rests nine times as long after it. When an index
//! cannot be written, the last good views stay published at their position, and everything is indexed anew a
//! while later: what is said to be searchable is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use tracing::{error, info, warn};

use super::publish::Publisher;
use crate::catalog::Catalog;
use crate::id::{ItemId, Seq};
use crate::snapshot::{Shop, Texts};
use crate::text::{TextError, TextIndex, TextView};

/// What the indexer is sent.
pub enum TextJob {
    /// These items changed.
    Changed {
        /// Log position of the catalog.
        seq: Seq,
        /// The catalog with the change in it.
        catalog: Catalog,
        /// What to index anew; items that are gone are removed.
        items: Vec<ItemId>,
    },
    /// The rules of what is searchable changed (or nothing was indexed yet): index everything.
    Everything {
        /// Log position of the catalog.
        seq: Seq,
        /// The catalog.
        catalog: Catalog,
        /// The settings to index under; not the whole epoch, which would keep its plugins from retiring.
        shop: Box<Shop>,
    },
    /// Commit now and say whether everything is published.
    Flush(Sender<bool>),
    /// Commit and end.
    Stop,
}

/// What a run of jobs asked for besides indexing.
#[derive(Default)]
struct Batch {
    flushed: Vec<Sender<bool>>,
    stop: bool,
}

impl Batch {
    fn is_urgent(&self) -> bool {
        self.stop || !self.flushed.is_empty()
    }
}

/// The indexer's thread.
pub struct Indexer {
    publisher: Arc<Publisher>,
    /// Folder of the indexes; in memory when absent.
    dir: Option<PathBuf>,
    commit_every: Duration,
    shop: Shop,
    sources: BTreeMap<String, TextIndex>,
    views: BTreeMap<String, TextView>,
    /// Position of the newest change taken in.
    seq: Seq,
    /// The catalog at that position.
    catalog: Catalog,
    /// Jobs taken in since the last commit.
    uncommitted: u64,
    /// An index could not be written: nothing in it is trusted.
    damaged: bool,
    /// When segments are looked at next: in quiet times, or while they are merged.
    look_at: Option<Instant>,
    /// When the merge that is on its way was begun.
    merging_since: Option<Instant>,
    /// No merge begins before.
    rest_until: Instant,
}

impl Indexer {
    /// An indexer for a shop's text sources. `text_seq` is the log position of the newest change of a text:
    /// an index in the folder that has come that far (and not further than `seq`), under the same rules, is taken
    /// as it is; any other is made anew from `catalog`.
    ///
    /// # Errors
    /// When a folder cannot be made or written.
    pub fn open(
        publisher: Arc<Publisher>,
        dir: Option<&Path>,
        commit_every: Duration,
        shop: Shop,
        catalog: &Catalog,
        (seq, text_seq): (Seq, Seq),
    ) -> Result<Self, TextError> {
        let dir = dir.map(Path::to_owned);
        let (sources, views) = Default::default();
        let catalog = catalog.clone();
        let (look_at, merging_since, rest_until) = (None, None, Instant::now());
        let (uncommitted, damaged) = (0, false);
        let mut indexer = Self {
            publisher,
            dir,
            commit_every,
            shop,
            sources,
            views,
            seq,
            catalog,
            uncommitted,
            damaged,
            look_at,
            merging_since,
            rest_until,
        };
        let items = indexer.all_items();
        for (name, locale) in indexer.shop.text_sources() {
            let (index, is_current) = indexer.open_source(&name, &locale, text_seq)?;
            indexer.sources.insert(name.clone(), index);
            if !is_current {
                indexer.index_source(&name, &items)?;
            }
        }
        indexer.remove_other_folders();
        indexer.commit()?;
        Ok(indexer)
    }

    fn open_source(&self, name: &str, locale: &str, text_seq: Seq) -> Result<(TextIndex, bool), TextError> {
        let tolerance = self.shop.tolerance();
        let Some(dir) = &self.dir else { return Ok((TextIndex::open(None, locale, tolerance)?.0, false)) };
        let dir = dir.join(folder_name(name, &self.shop.text_rules()));
        match TextIndex::open(Some(&dir), locale, tolerance) {
            Ok((index, seq)) if seq > 0 && (text_seq..=self.seq).contains(&seq) => return Ok((index, true)),
            Ok((index, _)) => index.close(),
            Err(error) if error.needs_rebuild() => info!(source = name, %error, "text index made anew"),
            Err(error) => return Err(error),
        }
        Ok((TextIndex::rebuild(&dir, locale, tolerance)?, false))
    }

    /// Takes jobs until it is told to stop or nobody can send any, then commits what is left.
    pub fn run(mut self, inbox: &Receiver<TextJob>) {
        let mut due: Option<Instant> = None;
        loop {
            let next = [due, self.look_at].into_iter().flatten().min();
            let wait = next.map_or(Duration::from_secs(3600), |next| next.saturating_duration_since(Instant::now()));
            let first = match inbox.recv_timeout(wait) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(TextJob::Stop),
            };
            let queued: Vec<TextJob> = first.into_iter().chain(inbox.try_iter()).collect();
            let batch = self.take_all(queued);
            if self.uncommitted > 0 {
                due.get_or_insert_with(|| Instant::now() + self.commit_every);
            }
            if batch.is_urgent() || due.is_some_and(|due| due <= Instant::now()) {
                due = match self.commit() {
                    Ok(()) => None,
                    Err(error) => {
                        error!(%error, at = self.seq, "text not committed, everything is indexed anew");
                        self.damaged = true;
                        Some(Instant::now() + RETRY_EVERY)
                    }
                };
            }
            for done in batch.flushed {
                // Whoever asked may have given up.
                let _ = done.send(!self.damaged);
            }
            if !batch.stop && self.look_at.is_some_and(|at| at <= Instant::now()) {
                self.look_at = None;
                if let Err(error) = self.settle() {
                    error!(%error, at = self.seq, "merged text not readable, everything is indexed anew");
                    self.damaged = true;
                    due = Some(Instant::now() + RETRY_EVERY);
                }
            }
            if batch.stop {
                return self.close_sources();
            }
        }
    }

    /// Takes what has queued up; what comes before the last job that indexes everything is done by that one.
    fn take_all(&mut self, jobs: Vec<TextJob>) -> Batch {
        let last_whole = jobs.iter().rposition(|job| matches!(job, TextJob::Everything { .. }));
        let mut batch = Batch::default();
        for (at, job) in jobs.into_iter().enumerate() {
            match job {
                // The later job may carry an older catalog, so the newest one is kept all the same.
                TextJob::Changed { seq, catalog, .. } | TextJob::Everything { seq, catalog, .. }
                    if Some(at) < last_whole =>
                {
                    self.catch_up(seq, catalog);
                    self.uncommitted += 1;
                }
                job => self.take(job, &mut batch),
            }
        }
        batch
    }

    fn take(&mut self, job: TextJob, batch: &mut Batch) {
        let outcome = match job {
            TextJob::Changed { seq, catalog, items } => {
                self.catch_up(seq, catalog);
                self.index(&items)
            }
            TextJob::Everything { seq, catalog, shop } => {
                self.shop = *shop;
                self.catch_up(seq, catalog);
                self.reindex()
            }
            TextJob::Flush(done) => return batch.flushed.push(done),
            TextJob::Stop => return batch.stop = true,
        };
        self.uncommitted += 1;
        if let Err(error) = outcome {
            error!(%error, at = self.seq, "text not indexed");
            self.damaged = true;
        }
    }

    /// Changes come from the applier and new rules from the epoch builder, so that an older catalog may arrive
    /// after a newer one: the newer one stays.
    fn catch_up(&mut self, seq: Seq, catalog: Catalog) {
        if seq >= self.seq {
            (self.seq, self.catalog) = (seq, catalog);
        }
    }

    fn close_sources(&mut self) {
        std::mem::take(&mut self.sources).into_values().for_each(TextIndex::close);
    }

    fn all_items(&self) -> Vec<ItemId> {
        self.catalog.alive_items().iter().map(ItemId).collect()
    }

    fn reindex(&mut self) -> Result<(), TextError> {
        let started = Instant::now();
        self.close_sources();
        self.views.clear();
        let items = self.all_items();
        let (tolerance, rules) = (self.shop.tolerance(), self.shop.text_rules());
        for (name, locale) in self.shop.text_sources() {
            let index = match &self.dir {
                None => TextIndex::open(None, &locale, tolerance)?.0,
                Some(dir) => TextIndex::rebuild(&dir.join(folder_name(&name, &rules)), &locale, tolerance)?,
            };
            self.sources.insert(name.clone(), index);
            self.index_source(&name, &items)?;
        }
        self.remove_other_folders();
        info!(products = items.len(), elapsed_ms = started.elapsed().as_millis() as u64, "indexed all texts");
        Ok(())
    }

    /// Removes the indexes of sources and rules that are no longer in force.
    fn remove_other_folders(&self) {
        let Some(dir) = &self.dir else { return };
        let rules = self.shop.text_rules();
        let kept: Vec<String> = self.sources.keys().map(|name| folder_name(name, &rules)).collect();
        for (folder, error) in TextIndex::keep_only(dir, &kept) {
            warn!(%error, folder = %folder.display(), "old text index not removed");
        }
    }

    fn index(&mut self, items: &[ItemId]) -> Result<(), TextError> {
        let names: Vec<String> = self.sources.keys().cloned().collect();
        names.iter().try_for_each(|name| self.index_source(name, items))
    }

    fn index_source(&mut self, name: &str, items: &[ItemId]) -> Result<(), TextError> {
        let Some(index) = self.sources.get_mut(name) else { return Ok(()) };
        for batch in items.chunks(INDEX_BATCH) {
            let mut upserts = Vec::new();
            let mut deletes = Vec::new();
            for &item in batch {
                match self.shop.text_doc(&self.catalog, name, item) {
                    Some(doc) => upserts.push(doc),
                    None => deletes.push(item),
                }
            }
            index.apply(&upserts, &deletes)?;
        }
        Ok(())
    }

    /// Publishes what was merged, and begins to merge what is scattered; not while something waits to be committed.
    fn settle(&mut self) -> Result<(), TextError> {
        if self.uncommitted > 0 {
            self.look_at = Some(Instant::now() + LOOK_EVERY);
            return Ok(());
        }
        let mut is_news = false;
        for (name, index) in &mut self.sources {
            if let Some(view) = index.merged()? {
                self.views.insert(name.clone(), view);
                is_news = true;
            }
        }
        if is_news {
            self.publish(0);
        }
        let now = Instant::now();
        // What scatters while a merge runs waits for the rest after it.
        let may_begin = !self.damaged && self.merging_since.is_none() && self.rest_until <= now;
        let mut is_merging = false;
        for index in self.sources.values_mut() {
            is_merging |= if may_begin { index.begin_merge() } else { index.is_merging() };
        }
        match (self.merging_since, is_merging) {
            (None, true) => self.merging_since = Some(now),
            (Some(since), false) => {
                (self.merging_since, self.rest_until) = (None, now + now.duration_since(since) * REST_FACTOR);
            }
            _ => {}
        }
        self.look_at = match is_merging {
            true => Some(now + LOOK_EVERY),
            false if self.is_scattered() => Some(self.rest_until.max(now + QUIET)),
            false => None,
        };
        Ok(())
    }

    fn is_scattered(&self) -> bool {
        self.sources.values().any(TextIndex::is_scattered)
    }

    /// Commits every index and publishes the views, or publishes nothing.
    fn commit(&mut self) -> Result<(), TextError> {
        if self.damaged {
            self.reindex()?;
        }
        for (name, index) in &mut self.sources {
            self.views.insert(name.clone(), index.commit(self.seq)?);
        }
        self.damaged = false;
        let jobs = std::mem::take(&mut self.uncommitted);
        self.publish(jobs);
        if self.merging_since.is_some() {
            self.look_at.get_or_insert_with(|| Instant::now() + LOOK_EVERY);
        } else {
            // Every commit puts it off: merging waits for quiet.
            self.look_at = self.is_scattered().then(|| self.rest_until.max(Instant::now() + QUIET));
        }
        Ok(())
    }

    /// Publishes the views, in which the changes of so many jobs are.
    fn publish(&self, jobs: u64) {
        let views = self.views.clone();
        self.publisher.publish(|next| {
            self.publisher.text_arrived(jobs);
            // Changes of no text may have moved the position on since.
            next.text = Texts::new(next.text.seq.max(self.seq), views);
        });
    }
}

/// How long nothing has to be committed before segments are merged.
const QUIET: Duration = Duration::from_secs(1);

/// How often is looked whether a merge has ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How many times as long as a merge took none begins.
const REST_FACTOR: u32 = 9;

/// How long after a failure the texts are indexed anew, unless somebody asks before.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// Documents built before they are handed to the index.
const INDEX_BATCH: usize = 1_000;

/// A folder name for a text source under some rules, safe on every file system.
fn folder_name(source: &str, rules: &str) -> String {
    let safe: String = source.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{safe}-{}", &blake3::hash(format!("{source}\n{rules}").as_bytes()).to_hex()[..16])
}
