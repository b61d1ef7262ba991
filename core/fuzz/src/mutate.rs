//! How are valid bytes made slightly wrong, always in the same way?
//!
//! A few random changes to one of the valid inputs, from a seed: what a fuzzer does without looking at coverage, so
//! that every test run tries some. The generator is SplitMix64 (Steele, Lea, Flood, *Fast splittable pseudorandom
//! number generators*, OOPSLA 2014).

/// Pieces that matter to one format or another.
const PIECES: [&[u8]; 18] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x80",
    b"\xc3(",
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b",",
    b":",
    b"null",
    b"-1",
    b"1e999",
    b"\\u0000",
    b"\xdd\xff\xff\xff\xff",
];

/// Draws numbers and mutations.
#[derive(Debug)]
pub struct Mutator(u64);

impl Mutator {
    /// A mutator that always does the same from one seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound.max(1) as u64) as usize
    }

    /// One of `valid` after one to four changes.
    pub fn mutated(&mut self, valid: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = valid[self.below(valid.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes, valid);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, valid: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(16)).min(bytes.len());
        match self.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.draw() as u8,
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            5 => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
            6 => {
                let piece = PIECES[self.below(PIECES.len())];
                let end = (at + piece.len()).min(bytes.len());
                drop(bytes.splice(at..end, piece.iter().copied()));
            }
            _ => {
                // The head of this one and the tail of another.
                let other = &valid[self.below(valid.len())];
                let tail = self.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend(&other[tail..]);
            }
        }
    }
}

/// Whether a target took some bytes, or its words of refusal.
pub type Verdict = Result<(), String>;

/// Writes the valid inputs of a target to `FOLDER/TARGET/NUMBER`, if `PLANOGRAM_FUZZ_SEEDS` names a folder: that is where
/// a fuzz run begins.
fn hand_out(target: &str, valid: &[Vec<u8>]) {
    let Some(folder) = std::env::var_os("PLANOGRAM_FUZZ_SEEDS") else { return };
    let folder = std::path::Path::new(&folder).join(target);
    let write = |(at, bytes): (usize, &Vec<u8>)| std::fs::write(folder.join(at.to_string()), bytes);
    let written = std::fs::create_dir_all(&folder).and_then(|()| valid.iter().enumerate().try_for_each(write));
    written.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
}

/// Gives the target of a name all of `valid`, which it must take, and `n` mutations of them from a fixed seed. Returns how many of
/// those it took and how many it refused.
///
/// # Panics
/// When it refuses something valid, or refuses anything without a clear, short word.
pub fn try_mutations(name: &str, target: impl Fn(&[u8]) -> Verdict, valid: &[Vec<u8>], n: usize) -> (usize, usize) {
    hand_out(name, valid);
    for (at, bytes) in valid.iter().enumerate() {
        assert_eq!(target(bytes), Ok(()), "valid input {at}: {}", bytes.escape_ascii());
    }
    let mut mutator = Mutator::new(1);
    let mut refused = 0;
    for _ in 0..n {
        let bytes = mutator.mutated(valid);
        if let Err(words) = target(&bytes) {
            assert!(!words.trim().is_empty(), "no words for {}", bytes.escape_ascii());
            refused += 1;
        }
    }
    (n - refused, refused)
}
