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
}

/// The values of an [`Entry`].
pub(super) enum Values {
    /// One a row.
    Dense(Vec<f32>),
    /// Single rows, ascending, each with a note; other rows are neutral.
    Sparse(Vec<(u32, f32, String)>),
}

/// All contributions so far, in the order in which they are added up.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
}

/// What a contribution adds to a running sum.
fn delta(running: f64, combine: Combine, value: f32) -> f64 {
    match combine {
        Combine::Add => f64::from(value),
        Combine::Factor => running * (f64::from(value) - 1.0),
        Combine::Feature => 0.0,
    }
}

impl Ledger {
    /// Enters a column and adds it to `scores`.
    pub fn enter(&mut self, entry: Entry, scores: &mut [f64]) {
        match &entry.values {
            Values::Dense(values) => {
                for (score, &value) in scores.iter_mut().zip(values) {
                    *score += delta(*score, entry.combine, value);
                }
            }
            Values::Sparse(values) => {
                for &(row, value, _) in values {
                    let score = &mut scores[row as usize];
                    *score += delta(*score, entry.combine, value);
                }
            }
        }
        self.entries.push(entry);
    }

    /// The lines of one row; contributions of nothing are left out, except the first.
    pub fn lines(&self, row: u32) -> Vec<LedgerLine> {
        let mut running = 0.0;
        let mut lines = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let (value, note) = match &entry.values {
                Values::Dense(values) => (values[row as usize], String::new()),
                Values::Sparse(values) => match values.binary_search_by_key(&row, |(row, _, _)| *row) {
                    Ok(found) => (values[found].1, values[found].2.clone()),
                    Err(_) => continue,
                },
            };
            let change = delta(running, entry.combine, value);
            running += change;
            match entry.combine {
                Combine::Feature if value != 0.0 => lines.push(LedgerLine {
                    kind: LedgerKind::Note,
                    name: entry.name.clone(),
                    value: 0.0,
                    note: format!("{value}"),
                }),
                Combine::Feature => {}
                Combine::Add | Combine::Factor if change != 0.0 || at == 0 => {
                    let note = match entry.combine {
                        Combine::Factor if note.is_empty() => format!("× {value}"),
                        _ => note,
                    };
                    lines.push(LedgerLine { kind: LedgerKind::Score, name: entry.name.clone(), value: change, note });
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
        let entry = |name: &str, combine, values| Entry { name: name.into(), combine, values };
        ledger.enter(entry("kernel/text", Combine::Add, Values::Dense(vec![0.1, 7.3, 1e-9])), &mut scores);
        ledger.enter(entry("p/f", Combine::Factor, Values::Dense(vec![1.1, 0.3, 1e6])), &mut scores);
        ledger.enter(entry("p/note", Combine::Feature, Values::Dense(vec![5.0, 0.0, 0.0])), &mut scores);
        let sparse = Values::Sparse(vec![(1, 3.3, "rule".into())]);
        ledger.enter(entry("p/s", Combine::Add, sparse), &mut scores);
        for row in 0..3 {
            let lines = ledger.lines(row);
            let sum = lines.iter().filter(|l| l.kind == LedgerKind::Score).fold(0.0, |sum, l| sum + l.value);
            assert_eq!(sum.to_bits(), scores[row as usize].to_bits(), "{lines:?}");
        }
        assert_eq!(ledger.lines(1).last().map(|l| l.note.as_str()), Some("rule"));
    }
}
