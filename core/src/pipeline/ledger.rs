//! Where does a score come from?
//!
//! The score *is* the left-to-right sum of the ledger, in `f64`. Scoring keeps whole columns, not lines: the
//! lines of an item are made only when somebody asks, by the same arithmetic in the same order, so that they
//! add up to the score to the bit. A factor is entered as the difference it makes.

use planogram_abi::Combine;

use super::request::{LedgerKind, LedgerLine};

/// One column of contributions.
pub(super) struct Entry {
    /// `kernel/text`, `plugin/column`.
    pub name: String,
    /// How it enters the score.
    pub combine: Combine,
    /// Which rows it speaks of.
    pub values: Values,
    /// Of a rule: what the ledger says. Scorers have no note.
    pub note: Option<String>,
}

/// The values of an [`Entry`].
pub(super) enum Values {
    /// One a row.
    Dense(Vec<f32>),
    /// Single rows, ascending; other rows are not spoken of.
    Sparse(Vec<(u32, f32)>),
    /// Single rows, ascending, that all get the same.
    Same {
        /// The rows.
        rows: Vec<u32>,
        /// What each gets.
        value: f32,
    },
    /// Every row gets what changes nothing.
    Neutral,
}

/// The value that changes nothing.
pub(super) fn neutral(combine: Combine) -> f32 {
    if combine == Combine::Factor { 1.0 } else { 0.0 }
}

/// Whether a column changes nothing anywhere; looked at in runs, so that many values are compared at once.
pub(super) fn is_neutral(combine: Combine, values: &[f32]) -> bool {
    let nothing = neutral(combine);
    values.chunks(256).all(|run| run.iter().fold(true, |all, value| all & (*value == nothing)))
}

impl Entry {
    /// The value of a row, if it is spoken of.
    fn of(&self, row: u32) -> Option<f32> {
        match &self.values {
            Values::Dense(values) => Some(values[row as usize]),
            Values::Sparse(values) => {
                let found = values.binary_search_by_key(&row, |(row, _)| *row).ok()?;
                Some(values[found].1)
            }
            Values::Same { rows, value } => rows.binary_search(&row).ok().map(|_| *value),
            Values::Neutral => Some(neutral(self.combine)),
        }
    }
}

/// All contributions so far, in the order in which they are added up.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
}

/// What a contribution adds to a running sum; nothing, should the sum not stay finite.
#[inline]
fn delta(running: f64, combine: Combine, value: f32) -> f64 {
    let change = match combine {
        Combine::Add => f64::from(value),
        Combine::Factor => running * (f64::from(value) - 1.0),
        Combine::Feature => 0.0,
    };
    if (running + change).is_finite() { change } else { 0.0 }
}

/// Adds a value to each score.
fn add_dense(combine: Combine, values: &[f32], scores: &mut [f64]) {
    let each = scores.iter_mut().zip(values);
    // One loop for each way, without a way out, so that the processor takes many rows at once.
    match combine {
        Combine::Add => each.for_each(|(score, &value)| *score += delta(*score, Combine::Add, value)),
        Combine::Factor => each.for_each(|(score, &value)| *score += delta(*score, Combine::Factor, value)),
        Combine::Feature => {}
    }
}

/// Adds a contribution to `scores`.
fn add(entry: &Entry, scores: &mut [f64]) {
    match &entry.values {
        Values::Dense(values) => add_dense(entry.combine, values, scores),
        Values::Sparse(values) => {
            for &(row, value) in values {
                let score = &mut scores[row as usize];
                *score += delta(*score, entry.combine, value);
            }
        }
        Values::Same { rows, value } => {
            for &row in rows {
                let score = &mut scores[row as usize];
                *score += delta(*score, entry.combine, *value);
            }
        }
        Values::Neutral => {}
    }
}

impl Ledger {
    /// Enters a column and adds it to `scores`.
    pub fn enter(&mut self, entry: Entry, scores: &mut [f64]) {
        add(&entry, scores);
        self.entries.push(entry);
    }

    /// The values a contribution gave to `rows`, by its name; NaN for rows it did not speak of.
    pub fn column(&self, name: &str, rows: &[u32]) -> Option<Vec<f32>> {
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        Some(rows.iter().map(|&row| entry.of(row).unwrap_or(f32::NAN)).collect())
    }

    /// What every contribution added to `rows`, or says of them when it adds nothing: names, each once, and the values
    /// of each row in their order. Several contributions of one name are added up; those that gave no row anything are left out.
    pub fn table(&self, rows: &[u32]) -> (Vec<String>, Vec<Vec<f32>>) {
        let mut names: Vec<String> = Vec::new();
        let mut place = |entry: &Entry| {
            names.iter().position(|name| *name == entry.name).unwrap_or_else(|| {
                names.push(entry.name.clone());
                names.len() - 1
            })
        };
        let telling = || self.entries.iter().filter(|entry| !matches!(entry.values, Values::Neutral));
        let places: Vec<usize> = telling().map(&mut place).collect();
        let values_of = |&row: &u32| {
            let (mut running, mut values) = (0.0, vec![0.0; names.len()]);
            for (entry, &place) in telling().zip(&places) {
                let Some(value) = entry.of(row) else { continue };
                let change = delta(running, entry.combine, value);
                running += change;
                values[place] += if entry.combine == Combine::Feature { value } else { change as f32 };
            }
            values
        };
        let values = rows.iter().map(values_of).collect();
        (names, values)
    }

    /// What the scores of all `n` rows would be without the boosts of rules.
    pub fn without_boosts(&self, n: usize) -> Vec<f64> {
        let mut scores = vec![0.0; n];
        for entry in self.entries.iter().filter(|entry| entry.note.is_none()) {
            add(entry, &mut scores);
        }
        scores
    }

    /// The lines of one row; contributions of nothing are left out, except the first. `moved` is from where to where
    /// the boosts of rules moved it, all together.
    pub fn lines(&self, row: u32, moved: Option<(u32, u32)>) -> Vec<LedgerLine> {
        let mut running = 0.0;
        let mut lines = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let Some(value) = entry.of(row) else { continue };
            let note = entry.note.as_deref().unwrap_or_default();
            let change = delta(running, entry.combine, value);
            running += change;
            match entry.combine {
                Combine::Feature if value != 0.0 => lines.push(LedgerLine {
                    kind: LedgerKind::Note,
                    name: entry.name.clone(),
                    value: 0.0,
                    note: format!("{value}"),
                    moved: None,
                }),
                Combine::Feature => {}
                Combine::Add | Combine::Factor if change != 0.0 || at == 0 => {
                    let note = match entry.combine {
                        Combine::Factor if note.is_empty() => format!("× {value}"),
                        _ => note.to_owned(),
                    };
                    let (kind, moved) = (LedgerKind::Score, moved.filter(|_| entry.note.is_some()));
                    lines.push(LedgerLine { kind, name: entry.name.clone(), value: change, note, moved });
                }
                Combine::Add | Combine::Factor => {}
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_add_up_to_the_score_to_the_bit() {
        let mut ledger = Ledger::default();
        let mut scores = vec![0.0; 3];
        let entry = |name: &str, combine, values| Entry { name: name.into(), combine, values, note: None };
        ledger.enter(entry("kernel/text", Combine::Add, Values::Dense(vec![0.1, 7.3, 1e-9])), &mut scores);
        ledger.enter(entry("p/f", Combine::Factor, Values::Dense(vec![1.1, 0.3, 1e6])), &mut scores);
        ledger.enter(entry("p/note", Combine::Feature, Values::Dense(vec![5.0, 0.0, 0.0])), &mut scores);
        ledger.enter(entry("p/none", Combine::Factor, Values::Neutral), &mut scores);
        let same = Values::Same { rows: vec![1], value: 3.3 };
        ledger.enter(Entry { note: Some("rule".into()), ..entry("p/s", Combine::Add, same) }, &mut scores);
        assert_eq!(ledger.column("p/none", &[0, 2]), Some(vec![1.0, 1.0]));
        for row in 0..3 {
            let lines = ledger.lines(row, None);
            let sum = lines.iter().filter(|l| l.kind == LedgerKind::Score).fold(0.0, |sum, l| sum + l.value);
            assert_eq!(sum.to_bits(), scores[row as usize].to_bits(), "{lines:?}");
        }
        let (names, values) = ledger.table(&[2, 1]);
        assert_eq!(names, ["kernel/text", "p/f", "p/note", "p/s"]);
        assert_eq!((values[0][0], values[1][3], values[1][2]), (1e-9, 3.3, 0.0));
        assert!((f64::from(values[1].iter().sum::<f32>()) - scores[1]).abs() < 1e-5);
        assert_eq!(ledger.column("p/s", &[1]), Some(vec![3.3]));
        assert!(ledger.column("p/s", &[0]).unwrap()[0].is_nan());
        assert_eq!(ledger.lines(1, None).last().map(|l| l.note.as_str()), Some("rule"));
    }

    #[test]
    fn a_score_stays_finite_whatever_the_factors() {
        let mut ledger = Ledger::default();
        let mut scores = vec![0.0];
        let values = |value| Values::Dense(vec![value]);
        let entry = |combine, value| Entry { name: "p".into(), combine, values: values(value), note: None };
        ledger.enter(entry(Combine::Add, 1.0), &mut scores);
        for _ in 0..20 {
            ledger.enter(entry(Combine::Factor, f32::MAX), &mut scores);
        }
        ledger.enter(entry(Combine::Factor, 0.0), &mut scores);
        assert!(scores[0].is_finite());
        let sum = ledger.lines(0, None).iter().fold(0.0, |sum, line| sum + line.value);
        assert_eq!(sum.to_bits(), scores[0].to_bits());
    }
}
