//! What does a plugin author write?
//!
//! One type that implements [`Plugin`], a list of [`Contribution`]s, and `export_plugin!(MyPlugin)`.
//! Three lifetimes nest: the plugin (configured once), its [`Plugin::Prepared`] (one per epoch, immutable,
//! shared by all requests), and the call (one request). Everything has a default but the name, the
//! configuration and the contributions.

use crate::model::*;

/// Why a plugin could not do what it was asked; the message is shown to the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

impl<T: std::fmt::Display> From<T> for Failure {
    fn from(message: T) -> Self {
        Self(message.to_string())
    }
}

/// The outcome of a plugin function.
pub type Outcome<T = ()> = Result<T, Failure>;

/// A named question a plugin answers over `/v1/{kind}/{question}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The configuration kind it belongs to.
    pub kind: String,
    /// Name: lower case words joined by hyphens.
    pub name: String,
    /// One sentence for the API page.
    pub about: String,
}

/// A ranking idea.
pub trait Plugin: Sized + Send + Sync + 'static {
    /// Name, equal to the package's last words: lower case, joined by hyphens.
    const NAME: &'static str;

    /// The state bound to one epoch.
    type Prepared: Send + Sync + 'static;

    /// Reads the plugin's settings (a JSON object from the plugin table of the server's configuration).
    /// An unknown key or a value out of range is a failure that names it.
    fn configure(settings: &str) -> Outcome<Self>;

    /// What the plugin contributes, in the order it wants to be asked.
    fn contributions(&self) -> Vec<Contribution<Self::Prepared>>;

    /// The kinds of configuration document the plugin owns.
    fn config_kinds(&self) -> Vec<ConfigKind> {
        Vec::new()
    }

    /// The questions the plugin answers.
    fn questions(&self) -> Vec<Question> {
        Vec::new()
    }

    /// Everything that is wrong with `document`, before it is stored; empty when it is good.
    /// `others` are the live documents of the same kind and scope.
    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        let _ = (document, others);
        Vec::new()
    }

    /// Builds the state of a new epoch from the live documents of the plugin's kinds.
    /// `previous` is the state it replaces, for reuse.
    fn prepare(&self, epoch: &Epoch<'_>, previous: Option<&Self::Prepared>) -> Outcome<Self::Prepared>;

    /// Answers a question with JSON text.
    fn ask(&self, prepared: &Self::Prepared, call: &Call<'_>, question: &str, argument: &str) -> Outcome<String> {
        let _ = (prepared, call, argument);
        Err(Failure(format!("no question `{question}`")))
    }
}

/// What a plugin sees while it prepares.
pub struct Epoch<'a> {
    /// The live documents of the plugin's kinds, ordered by kind, scope, id.
    pub documents: &'a [Document<'a>],
    /// Revision of the configuration.
    pub revision: u64,
    /// What the host lends while preparing.
    pub host: &'a dyn PrepareHost,
}

/// What the host lends while a plugin prepares.
pub trait PrepareHost {
    /// Compiles a condition (JSON text of the condition tree). The id stays good in every state that is made with this one,
    /// or one made from it, as `previous`; acts, though, name ids that were compiled for their own state.
    fn compile(&self, condition: &str) -> Outcome<ConditionId>;
    /// Compiles a condition that may compare with a matched product (`{"matched": field}`, `{"matched_percent": n}`);
    /// what such a part means is known in [`CallHost::matching`] alone, and elsewhere nothing satisfies it. Since 1.1.
    fn compile_relative(&self, condition: &str) -> Outcome<ConditionId> {
        self.compile(condition)
    }
    /// Lets [`CallHost::satisfied`] tell of compiled conditions. Since 1.1.
    fn index(&self, conditions: &[ConditionId]) -> Outcome {
        Err(Failure(format!("{} conditions are not indexed here", conditions.len())))
    }
    /// Writes to the server's log.
    fn log(&self, level: LogLevel, message: &str);
}

/// What the host lends during one call.
pub trait CallHost {
    /// Item ids of skus; `None` where the sku is unknown.
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>>;
    /// Whether each item satisfies a condition (in any one of its eligible variants).
    fn test(&self, condition: ConditionId, items: &[u32]) -> Vec<bool>;
    /// At most `k` candidates of one of the kernel's own retrievers, best first, eligible items only.
    /// See `planogram_abi::source` for the names.
    fn retrieve(&self, source: &str, anchors: &[u32], k: usize) -> Outcome<Vec<Candidate>>;
    /// The tokens of `text` as the store view's analyzer sees them: folded and stemmed, so that plurals meet.
    fn analyze(&self, text: &str) -> Vec<String>;
    /// The named column of each item, `[items.len()]`, NaN where it has no value: for a scorer whose documents say
    /// what it reads, so that nothing else is gathered. Lent to scorers only. Since 1.1.
    fn gather(&self, column: &str, items: &[u32]) -> Outcome<Vec<f32>> {
        let _ = items;
        Err(Failure(format!("column `{column}` is not lent here, only to scorers")))
    }
    /// The indexed conditions that an item satisfies, eligible or not, ascending; perhaps also such as other plugins
    /// or earlier epochs indexed. Since 1.1.
    fn satisfied(&self, item: u32) -> Outcome<Vec<ConditionId>> {
        Err(Failure(format!("conditions that item {item} satisfies are not lent here")))
    }
    /// The eligible items that satisfy a condition, at most the first `k` by id. One that compares with a matched
    /// product is satisfied relative to any of the `anchors`. Since 1.1.
    fn matching(&self, condition: ConditionId, anchors: &[u32], k: usize) -> Outcome<Vec<u32>> {
        let _ = (anchors, k);
        Err(Failure(format!("items that satisfy condition {} are not lent here", condition.0)))
    }
    /// Says, while candidates are retrieved, which source proposed items: a rule, say. The answer names it beside the
    /// unit's own. Since 1.1.
    fn credit(&self, source: &str, items: &[u32]) -> Outcome {
        let _ = items;
        Err(Failure(format!("source `{source}` can be credited while candidates are retrieved only")))
    }
    /// Says, while candidates are retrieved, that a source (a rule, say) proposes nothing but what satisfies a condition
    /// relative to any of the anchors. Who asks why a product is not there is told which part of it the product fails;
    /// otherwise it has no effect. Since 1.1.
    fn confine(&self, source: &str, condition: ConditionId, anchors: &[u32]) -> Outcome {
        let _ = (source, condition, anchors);
        Ok(())
    }
    /// Whether the shop has what is named, `[names.len()]`; see `planogram_abi::name` for the sorts of names. Of a sort
    /// that the shop keeps no list of everything is there. Since 1.1.
    fn knows(&self, sort: &str, names: &[&str]) -> Outcome<Vec<bool>> {
        let _ = sort;
        Ok(vec![true; names.len()])
    }
    /// Writes to the server's log.
    fn log(&self, level: LogLevel, message: &str);
}

/// One call: the request and what the host lends.
pub struct Call<'a> {
    /// The request being ranked.
    pub request: Request<'a>,
    /// What the host lends.
    pub host: &'a dyn CallHost,
}

impl Call<'_> {
    /// Item id of one sku.
    pub fn resolve_one(&self, sku: &str) -> Option<u32> {
        self.host.resolve(&[sku]).into_iter().next().flatten()
    }
}

/// How loud a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug = 0,
    /// Worth keeping.
    Info = 1,
    /// Something is off, the answer is still good.
    Warn = 2,
    /// Something failed.
    Error = 3,
}

/// What a rewriter gives back besides the changed query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrite {
    /// The query; the rewriter edits it in place.
    pub query: Query,
    /// Acts of both kinds; order acts are kept until re-ranking.
    pub acts: Vec<Act>,
}

/// The function of a rewriter.
pub type RewriteFn<P> = fn(&P, &Call<'_>, &mut Rewrite) -> Outcome;
/// The function of a retriever: at most `k` candidates, best first.
pub type RetrieveFn<P> = fn(&P, &Call<'_>, k: usize) -> Outcome<Vec<Candidate>>;
/// The function of a scorer.
pub type ScoreFn<P> = fn(&P, &Call<'_>, &mut ScoreBatch<'_, '_>) -> Outcome;
/// The function of a reranker.
pub type RerankFn<P> = fn(&P, &Call<'_>, RankedList<'_>) -> Outcome<Vec<Act>>;

/// One thing a plugin adds to ranking.
pub struct Contribution<P> {
    /// Name, unique within the plugin. A retriever that serves a unit type carries that type's name.
    pub name: String,
    /// The lists it takes part in; empty means all.
    pub lists: Vec<ListKind>,
    /// The function and what it needs.
    pub role: Role<P>,
}

/// The five kinds of contribution.
pub enum Role<P> {
    /// Query understanding.
    Rewriter(RewriteFn<P>),
    /// Candidate generation.
    Retriever(RetrieveFn<P>),
    /// Ranking.
    Scorer {
        /// When it runs.
        phase: Phase,
        /// Names of the columns it reads; see `planogram_abi::column`.
        reads: Vec<String>,
        /// The columns it writes.
        writes: Vec<Output>,
        /// The function.
        run: ScoreFn<P>,
    },
    /// Re-ranking.
    Reranker {
        /// Names of the columns it reads.
        reads: Vec<String>,
        /// How many items of the head it wants to see.
        window: u32,
        /// The function.
        run: RerankFn<P>,
    },
    /// Learning; made for each running instance.
    Observer(fn() -> Box<dyn Observer>),
}

impl<P> Contribution<P> {
    /// A rewriter.
    pub fn rewriter(name: &str, run: RewriteFn<P>) -> Self {
        Self { name: name.to_owned(), lists: Vec::new(), role: Role::Rewriter(run) }
    }

    /// A retriever; `name` is the unit type it serves.
    pub fn retriever(name: &str, run: RetrieveFn<P>) -> Self {
        Self { name: name.to_owned(), lists: Vec::new(), role: Role::Retriever(run) }
    }

    /// A scorer.
    pub fn scorer<S: AsRef<str>>(
        name: &str,
        phase: Phase,
        reads: &[S],
        writes: &[(&str, Combine)],
        run: ScoreFn<P>,
    ) -> Self {
        let reads = reads.iter().map(|r| r.as_ref().to_owned()).collect();
        let writes =
            writes.iter().map(|(name, combine)| Output { name: (*name).to_owned(), combine: *combine }).collect();
        Self { name: name.to_owned(), lists: Vec::new(), role: Role::Scorer { phase, reads, writes, run } }
    }

    /// A reranker.
    pub fn reranker(name: &str, window: u32, reads: &[&str], run: RerankFn<P>) -> Self {
        let reads = reads.iter().map(|r| (*r).to_owned()).collect();
        Self { name: name.to_owned(), lists: Vec::new(), role: Role::Reranker { reads, window, run } }
    }

    /// An observer.
    pub fn observer(name: &str, make: fn() -> Box<dyn Observer>) -> Self {
        Self { name: name.to_owned(), lists: Vec::new(), role: Role::Observer(make) }
    }

    /// Restricts the contribution to these lists.
    pub fn on(mut self, lists: &[ListKind]) -> Self {
        self.lists = lists.to_vec();
        self
    }
}

/// State learned from events. It is folded in log order on one thread, may lag behind the request path,
/// and is stored with the kernel's snapshot. Folding is a pure function: no clock, no thread, no seed.
pub trait Observer: Send {
    /// Takes a batch in.
    fn fold(&mut self, events: &EventBatch<'_>) -> Outcome;
    /// The columns learned, by name, each indexed by item id; published with the next snapshot
    /// and readable by any scorer as `plugin/name`.
    fn freeze(&self) -> Vec<(String, Vec<f32>)>;
    /// The whole state as bytes.
    fn save(&self) -> Vec<u8>;
    /// Replaces the state by saved bytes.
    fn load(&mut self, bytes: &[u8]) -> Outcome;
}
