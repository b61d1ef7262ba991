//! How is a file read line by line, whatever is in it?
//!
//! Packed files are recognized by their first bytes, not by their name. A line that is too long or is not
//! UTF-8 is refused with its number and reading goes on; a file that cannot be read further ends with one
//! error. Line endings may be `\n` or `\r\n`; a byte order mark is dropped.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

/// Longest line, in bytes: a product of 10,000 variants fits.
pub const LINE_BYTES_MAX: usize = 32 << 20;

/// A file that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
#[non_exhaustive]
pub struct OpenError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// A line that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}{pointer}: {message}", if pointer.is_empty() { "" } else { " " })]
pub struct LineError {
    /// From 1, the header of a table included.
    pub line: u64,
    /// JSON pointer to the value, or `/column`; empty for the whole line.
    pub pointer: String,
    /// What is wrong, with the value.
    pub message: String,
}

impl LineError {
    /// An error about one value of a line.
    pub fn new(line: u64, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line, pointer: pointer.into(), message: message.into() }
    }
}

/// The lines of a file with their numbers; empty lines are passed over.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    line: u64,
    ended: bool,
}

impl Lines {
    /// The lines of a file.
    ///
    /// # Errors
    /// When the file cannot be opened or its first bytes cannot be read.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let fail = |source| OpenError { path: path.to_owned(), source };
        let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(fail)?);
        let packed = reader.fill_buf().map_err(fail)?.starts_with(&[0x1f, 0x8b]);
        Ok(if packed {
            Self::from_reader(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader)))
        } else {
            Self::from_reader(reader)
        })
    }

    /// The lines of a reader of plain text.
    pub fn from_reader(reader: impl BufRead + Send + 'static) -> Self {
        Self { reader: Box::new(reader), line: 0, ended: false }
    }

    /// Reads up to the next line feed into `bytes`; `Ok(None)` at the end, `Ok(Some(false))` when too long.
    fn read_line(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let (mut read_any, mut fits) = (false, true);
        loop {
            let chunk = match self.reader.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                return Ok(read_any.then_some(fits));
            }
            read_any = true;
            let end = chunk.iter().position(|&b| b == b'\n');
            let piece = &chunk[..end.unwrap_or(chunk.len())];
            fits &= bytes.len() + piece.len() <= LINE_BYTES_MAX;
            if fits {
                bytes.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                return Ok(Some(fits));
            }
        }
    }

    fn decode(&self, bytes: Vec<u8>) -> Result<String, LineError> {
        let mut text = String::from_utf8(bytes).map_err(|e| {
            LineError::new(self.line, "", format!("not UTF-8 at byte {}", e.utf8_error().valid_up_to()))
        })?;
        if text.ends_with('\r') {
            text.pop();
        }
        if self.line == 1 && text.starts_with('\u{feff}') {
            text.remove(0);
        }
        Ok(text)
    }
}

impl Iterator for Lines {
    type Item = Result<(u64, String), LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let mut bytes = Vec::new();
            self.line += 1;
            match self.read_line(&mut bytes) {
                Ok(None) => self.ended = true,
                Ok(Some(false)) => {
                    let message = format!("longer than {LINE_BYTES_MAX} bytes");
                    return Some(Err(LineError::new(self.line, "", message)));
                }
                Ok(Some(true)) => match self.decode(bytes) {
                    Ok(text) if text.trim().is_empty() => {}
                    other => return Some(other.map(|text| (self.line, text))),
                },
                Err(e) => {
                    self.ended = true;
                    return Some(Err(LineError::new(self.line, "", format!("cannot be read: {e}"))));
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A line, or the message of its error, with its number.
    type Read = Result<(u64, &'static str), (u64, &'static str)>;

    fn check(input: &'static [u8], expected: &[Read]) {
        let got: Vec<_> = Lines::from_reader(input).collect();
        let got: Vec<_> = got
            .iter()
            .map(|r| r.as_ref().map(|(n, t)| (*n, t.as_str())).map_err(|e| (e.line, e.message.as_str())))
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn lines_keep_their_numbers() {
        check(b"a\r\n\n  \nb", &[Ok((1, "a")), Ok((4, "b"))]);
        check(b"\xef\xbb\xbfid\nx\n", &[Ok((1, "id")), Ok((2, "x"))]);
        check(b"", &[]);
    }

    #[test]
    fn a_broken_line_does_not_end_the_file() {
        check(b"a\nb\xff\nc\n", &[Ok((1, "a")), Err((2, "not UTF-8 at byte 1")), Ok((3, "c"))]);
    }

    #[test]
    fn a_line_without_end_is_refused_and_passed_over() {
        let mut long = vec![b'x'; LINE_BYTES_MAX + 1];
        long.extend_from_slice(b"\nok\n");
        let got: Vec<_> = Lines::from_reader(std::io::Cursor::new(long)).collect();
        assert_eq!(got[0], Err(LineError::new(1, "", "longer than 33554432 bytes")));
        assert_eq!(got[1], Ok((2, "ok".to_owned())));
    }

    #[test]
    fn packed_files_are_recognized_and_cut_ones_reported() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        for n in 0..20_000 {
            writeln!(packed, "row {}", crate::rng::mix(n)).unwrap();
        }
        let packed = packed.finish().unwrap();
        let folder = std::env::temp_dir().join(format!("planogram-lines-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("rows");
        std::fs::write(&path, &packed).unwrap();
        assert_eq!(Lines::open(&path).unwrap().filter(Result::is_ok).count(), 20_000);
        std::fs::write(&path, &packed[..packed.len() / 2]).unwrap();
        let rows: Vec<_> = Lines::open(&path).unwrap().collect();
        let last = rows.last().unwrap().as_ref().unwrap_err();
        assert!(last.message.starts_with("cannot be read: "), "{last}");
        assert_eq!(rows.iter().filter(|r| r.is_err()).count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
