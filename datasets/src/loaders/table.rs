//! How is a tab-separated table read?
//!
//! The first line names the columns; a reader asks for columns by name and gets them in its own order, so
//! that further columns and another order do no harm. A name that ends in `?` may be absent and reads as
//! empty text. Cells are plain: no quotes, no escapes.

use std::marker::PhantomData;
use std::path::Path;
use std::str::FromStr;

use planogram_core::id::TimeMs;

use super::lines::{LineError, Lines, OpenError};

/// One row: the asked-for cells, in the asked-for order.
#[derive(Clone, Debug)]
pub struct Row<const N: usize> {
    /// Line number, from 1 for the header.
    pub line: u64,
    /// Names of the columns.
    pub columns: [&'static str; N],
    /// The cells.
    pub cells: [String; N],
}

impl<const N: usize> Row<N> {
    /// A cell as text.
    pub fn text(&mut self, column: usize) -> String {
        std::mem::take(&mut self.cells[column])
    }

    /// A cell as text, `None` when empty.
    pub fn optional(&mut self, column: usize) -> Option<String> {
        Some(self.text(column)).filter(|t| !t.is_empty())
    }

    /// The words of a cell.
    pub fn words(&self, column: usize) -> Vec<String> {
        self.cells[column].split_whitespace().map(str::to_owned).collect()
    }

    /// A cell as a number.
    ///
    /// # Errors
    /// When it is not one.
    pub fn number<T: FromStr>(&self, column: usize) -> Result<T, LineError> {
        let cell = &self.cells[column];
        cell.trim().parse().map_err(|_| self.error(column, format!("`{cell}` is not a number")))
    }

    /// A cell with seconds since 1970 as milliseconds.
    ///
    /// # Errors
    /// When it is not a finite number.
    pub fn time_ms(&self, column: usize) -> Result<TimeMs, LineError> {
        let seconds: f64 = self.number(column)?;
        if !seconds.is_finite() || seconds.abs() > 1e12 {
            return Err(self.error(column, format!("`{seconds}` is no time")));
        }
        Ok((seconds * 1000.0).round() as TimeMs)
    }

    /// An error about one cell of this row.
    pub fn error(&self, column: usize, message: impl Into<String>) -> LineError {
        LineError::new(self.line, format!("/{}", self.columns[column].trim_end_matches('?')), message)
    }
}

/// The rows of a table, turned into `T`.
pub struct Table<T, const N: usize> {
    lines: Lines,
    columns: [&'static str; N],
    /// Where each asked-for column stands; `None` when it is optional and absent.
    places: Option<[Option<usize>; N]>,
    convert: fn(Row<N>) -> Result<T, LineError>,
    row: PhantomData<T>,
}

impl<T, const N: usize> Table<T, N> {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be opened. A missing column is an error of the first line.
    pub fn open(
        path: &Path,
        columns: [&'static str; N],
        convert: fn(Row<N>) -> Result<T, LineError>,
    ) -> Result<Self, OpenError> {
        Ok(Self::new(Lines::open(path)?, columns, convert))
    }

    /// Reads lines.
    pub fn new(lines: Lines, columns: [&'static str; N], convert: fn(Row<N>) -> Result<T, LineError>) -> Self {
        Self { lines, columns, places: None, convert, row: PhantomData }
    }

    fn places(&self, header: &str) -> Result<[Option<usize>; N], LineError> {
        let names: Vec<&str> = header.split('\t').collect();
        let mut places = [None; N];
        for (place, column) in places.iter_mut().zip(self.columns) {
            let name = column.trim_end_matches('?');
            *place = names.iter().position(|n| *n == name);
            if place.is_none() && name == column {
                let message = format!("no column `{name}`; columns are {}", names.join(", "));
                return Err(LineError::new(1, "", message));
            }
        }
        Ok(places)
    }

    fn row(&self, line: u64, text: &str, places: &[Option<usize>; N]) -> Result<Row<N>, LineError> {
        let cells: Vec<&str> = text.split('\t').collect();
        let mut row = Row { line, columns: self.columns, cells: [const { String::new() }; N] };
        for (i, place) in places.iter().enumerate() {
            let Some(place) = *place else { continue };
            let cell = cells.get(place).ok_or_else(|| {
                row.error(i, format!("the line has {} cells, the column is number {}", cells.len(), place + 1))
            })?;
            row.cells[i] = (*cell).to_owned();
        }
        Ok(row)
    }
}

impl<T, const N: usize> Iterator for Table<T, N> {
    type Item = Result<T, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, text) = match self.lines.next()? {
                Ok(row) => row,
                Err(e) => return Some(Err(e)),
            };
            let Some(places) = self.places else {
                match self.places(&text) {
                    Ok(places) => self.places = Some(places),
                    Err(e) => {
                        // Without its columns nothing of the table can be read.
                        self.lines = Lines::from_reader(std::io::empty());
                        return Some(Err(e));
                    }
                }
                continue;
            };
            return Some(self.row(line, &text, &places).and_then(self.convert));
        }
    }
}

/// Neighboring rows with the same key, gathered.
pub struct Grouped<I, T, G> {
    rows: I,
    /// Does this row belong to the group? Then it is put in.
    join: fn(&mut G, T) -> Option<T>,
    start: fn(T) -> G,
    open: Option<G>,
    failed: Option<LineError>,
}

impl<I, T, G> Grouped<I, T, G> {
    /// Gathers rows: `start` makes a group of its first row, `join` puts a further row into it or gives the
    /// row back when it belongs to the next group.
    pub fn new(rows: I, start: fn(T) -> G, join: fn(&mut G, T) -> Option<T>) -> Self {
        Self { rows, join, start, open: None, failed: None }
    }
}

impl<T, G, I: Iterator<Item = Result<T, LineError>>> Iterator for Grouped<I, T, G> {
    type Item = Result<G, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(e) = self.failed.take() {
            return Some(Err(e));
        }
        loop {
            match self.rows.next() {
                None => return self.open.take().map(Ok),
                Some(Err(e)) => match self.open.take() {
                    None => return Some(Err(e)),
                    Some(group) => {
                        self.failed = Some(e);
                        return Some(Ok(group));
                    }
                },
                Some(Ok(row)) => match self.open.as_mut() {
                    None => self.open = Some((self.start)(row)),
                    Some(group) => {
                        if let Some(row) = (self.join)(group, row) {
                            return self.open.replace((self.start)(row)).map(Ok);
                        }
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (String, u32, Option<String>);

    fn read(text: &'static str) -> Vec<Result<Read, LineError>> {
        Table::new(Lines::from_reader(text.as_bytes()), ["b", "a", "c?"], |mut row| {
            Ok((row.text(0), row.number(1)?, row.optional(2)))
        })
        .collect()
    }

    #[test]
    fn columns_are_found_by_name() {
        assert_eq!(read("a\tb\n1\tx\n2\ty\n"), [Ok(("x".into(), 1, None)), Ok(("y".into(), 2, None))]);
        assert_eq!(read("c\ta\tb\nz\t1\tx\n"), [Ok(("x".into(), 1, Some("z".into())))]);
    }

    #[test]
    fn bad_rows_are_named_and_the_rest_read() {
        let rows = read("a\tb\n?\tx\n2\n3\ty\n");
        assert_eq!(rows[0], Err(LineError::new(2, "/a", "`?` is not a number")));
        assert_eq!(rows[1], Err(LineError::new(3, "/b", "the line has 1 cells, the column is number 2")));
        assert_eq!(rows[2], Ok(("y".into(), 3, None)));
    }

    #[test]
    fn a_missing_column_ends_the_table() {
        assert_eq!(read("x\ty\n1\t2\n3\t4\n"), [Err(LineError::new(1, "", "no column `b`; columns are x, y"))]);
    }
}
