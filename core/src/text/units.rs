//! Which numbers mean the same?
//!
//! Before a text is cut: fractions become decimals (`3-1/2` is `3.5`), thousands lose their commas, trailing zeros go,
//! and a quote behind a digit is an inch or a foot. After it is cut: a number with its unit gets one more word
//! (`15 in.`, `15-inch` and `15"` all hold `15in`), and so does every stretch of a chain of sizes (`4 ft. x 8 ft.`
//! holds `4x8`). The words as written stay. Units are not converted here: that is a question of reading a query.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::analyzer::{Compound, is_digit, split_at_digits};
use crate::limits::SIZES_MAX;

/// Canonical unit and how it is written, folded; two words are written with a space.
const UNITS: [(&str, &str); 42] = [
    ("in", "in|inch|inches|zoll|tum|pouces|pulgadas"),
    ("ft", "ft|foot|feet|fuss"),
    ("yd", "yd|yds|yard|yards"),
    ("mm", "mm|millimeter|millimeters|millimetre|millimetres"),
    ("cm", "cm|centimeter|centimeters|centimetre|centimetres"),
    ("m", "m|meter|meters|metre|metres|mtr"),
    ("gal", "gal|gals|gallon|gallons"),
    ("qt", "qt|qts|quart|quarts"),
    ("oz", "oz|ounce|ounces|fl oz"),
    ("lb", "lb|lbs|pound|pounds"),
    ("kg", "kg|kgs|kilo|kilos|kilogram|kilograms"),
    ("g", "g|gr|gram|grams|gramm"),
    ("mg", "mg|milligram|milligrams"),
    ("l", "l|ltr|liter|liters|litre|litres"),
    ("ml", "ml|milliliter|milliliters|millilitre"),
    ("sqft", "sqft|sq ft|square foot|square feet"),
    ("cuft", "cuft|cu ft|cubic foot|cubic feet"),
    ("v", "v|volt|volts|vdc|vac"),
    ("w", "w|watt|watts"),
    ("kw", "kw|kilowatt|kilowatts"),
    ("a", "a|amp|amps|ampere|amperes"),
    ("mah", "mah"),
    ("hz", "hz|hertz"),
    ("mhz", "mhz|megahertz"),
    ("ghz", "ghz|gigahertz"),
    ("kb", "kb|kilobyte|kilobytes"),
    ("mb", "mb|megabyte|megabytes"),
    ("gb", "gb|gig|gigs|gigabyte|gigabytes"),
    ("tb", "tb|terabyte|terabytes"),
    ("mp", "mp|megapixel|megapixels"),
    ("hp", "hp|horsepower"),
    ("btu", "btu|btus"),
    ("cfm", "cfm"),
    ("gpm", "gpm"),
    ("psi", "psi"),
    ("rpm", "rpm"),
    ("dpi", "dpi"),
    ("lm", "lm|lumen|lumens"),
    ("ga", "ga|gauge"),
    ("deg", "deg|degree|degrees"),
    ("pk", "pk|pack|packs|pcs|piece|pieces|ct|count"),
    ("ply", "ply"),
];

/// Letters that may stand behind a size: width, depth, height, length.
const SIDES: [&str; 4] = ["w", "d", "h", "l"];

/// Canonical unit by how it is written.
static WRITTEN: LazyLock<FxHashMap<&str, &str>> = LazyLock::new(|| {
    let ways = UNITS.iter().flat_map(|(canonical, written)| written.split('|').map(|way| (way, *canonical)));
    ways.collect()
});

/// The canonical unit of a word.
fn unit(word: &str) -> Option<&'static str> {
    WRITTEN.get(word).copied()
}

/// Numbers of a folded text written one way.
pub(super) fn level(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let plain = rest.bytes().take_while(|b| !b.is_ascii_digit() && *b != b'.').count();
        if plain > 0 {
            out.push_str(&rest[..plain]);
            rest = &rest[plain..];
            continue;
        }
        let before = out.chars().next_back();
        let starts = is_digit(c) || c == '.' && rest[1..].starts_with(is_digit);
        if starts && !before.is_some_and(|b| b.is_alphanumeric() || matches!(b, '.' | '/' | ',')) {
            rest = number(rest, &mut out);
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
        rest = quote(rest, &mut out);
    }
    Cow::Owned(out)
}

/// Writes a quote behind a digit as a unit.
fn quote<'t>(rest: &'t str, out: &mut String) -> &'t str {
    if !out.ends_with(is_digit) {
        return rest;
    }
    let marks = [("''", " in "), ("\"", " in "), ("\u{201d}", " in "), ("\u{2033}", " in "), ("\u{2032}", " ft ")];
    if let Some((mark, unit)) = marks.iter().find(|(mark, _)| rest.starts_with(mark)) {
        out.push_str(unit);
        return &rest[mark.len()..];
    }
    match rest.strip_prefix(['\'', '\u{2019}']) {
        // The 70's are no length.
        Some(after) if !after.starts_with(|c: char| c.is_alphabetic() && c != 'x') => {
            out.push_str(" ft ");
            after
        }
        _ => rest,
    }
}

/// Writes the number at the start of `text`; answers with what follows.
fn number<'t>(text: &'t str, out: &mut String) -> &'t str {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let (whole, mut rest) = text.split_at(whole);
    // 3-1/2, 3 1/2
    if let Some((numerator, denominator, after)) = rest.strip_prefix(['-', ' ']).and_then(fraction)
        && !whole.is_empty()
        && whole.len() <= 3
    {
        push_decimal(whole, f64::from(numerator) / f64::from(denominator), out);
        return after;
    }
    if let Some((numerator, denominator, after)) = fraction(text) {
        push_decimal("0", f64::from(numerator) / f64::from(denominator), out);
        return after;
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    // 10,000
    while let Some(group) = rest.strip_prefix(',')
        && digits(group) == 3
        && whole.len() <= 3
        && !whole.starts_with('0')
    {
        out.push_str(&group[..3]);
        rest = &group[3..];
    }
    if let Some(decimals) = rest.strip_prefix(['.', ',']) {
        let n = digits(decimals);
        let (decimals, after) = decimals.split_at(n);
        let kept = decimals.trim_end_matches('0');
        // A version or an address is no decimal.
        if n > 0 && !after.starts_with('.') {
            if !kept.is_empty() {
                out.push('.');
                out.push_str(kept);
            }
            return after;
        }
    }
    rest
}

/// A fraction that people measure with: numerator, denominator and what follows.
fn fraction(text: &str) -> Option<(u32, u32, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (numerator, rest) = text.split_at(digits(text));
    // Looked for right behind the digits: a slash anywhere behind them would be searched for from every number.
    let rest = rest.strip_prefix('/')?;
    let (denominator, after) = rest.split_at(digits(rest));
    let number = |text: &str| (1..=2).contains(&text.len()).then(|| text.parse::<u32>().ok()).flatten();
    let (numerator, denominator) = (number(numerator)?, number(denominator)?);
    let is_measure = matches!(denominator, 2 | 3 | 4 | 5 | 6 | 8 | 10 | 12 | 16 | 32 | 64);
    let ends = !after.starts_with(|c: char| c == '/' || c == '.' && after[1..].starts_with(is_digit));
    (is_measure && (1..denominator).contains(&numerator) && ends).then_some((numerator, denominator, after))
}

fn push_decimal(whole: &str, part: f64, out: &mut String) {
    out.push_str(whole);
    let decimals = format!("{part:.4}");
    out.push_str(decimals.trim_start_matches('0').trim_end_matches('0'));
}

/// A number with its unit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Size {
    /// As a decimal.
    pub number: String,
    /// Canonical.
    pub unit: Option<&'static str>,
    /// Where the number stands: index of its compound.
    pub at: usize,
}

/// Sizes joined by `x`, or one size alone.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chain {
    /// At least one; a single one has a unit.
    pub sizes: Vec<Size>,
    /// The compounds it takes up.
    pub compounds: Range<usize>,
    /// Whether these compounds hold nothing else: `24mb01` is no size.
    pub is_whole: bool,
}

impl Chain {
    /// The numbers from size `from` to size `to`, joined: `4x8`.
    pub fn stretch(&self, from: usize, to: usize) -> String {
        self.sizes[from..=to].iter().map(|size| size.number.as_str()).collect::<Vec<_>>().join("x")
    }
}

impl Size {
    /// With its unit as one word: `15in`; `None` without a unit.
    pub fn word(&self) -> Option<String> {
        Some(format!("{}{}", self.number, self.unit?))
    }
}

/// A piece of a text as measures see it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece<'t> {
    Number(&'t str),
    Unit(&'static str),
    Times,
    Side,
    /// A comma or the like before a compound.
    Break,
    Other,
}

/// The chains of sizes in a text, in order.
pub(super) fn chains(compounds: &[Compound]) -> Vec<Chain> {
    if !compounds.iter().any(|compound| compound.parts.iter().any(|part| part.starts_with(is_digit))) {
        return Vec::new();
    }
    let pieces = pieces(compounds);
    let mut chains = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let (chain, next) = chain(&pieces, at);
        if chain.sizes.len() > 1 || chain.sizes.first().is_some_and(|size| size.unit.is_some()) {
            chains.push(chain);
        }
        at = next.max(at + 1);
    }
    chains
}

fn chain(pieces: &[(Piece<'_>, usize)], from: usize) -> (Chain, usize) {
    let mut sizes: Vec<Size> = Vec::new();
    let mut at = from;
    let mut end = from;
    let piece = |at: usize| pieces.get(at).map_or(Piece::Break, |(piece, _)| *piece);
    while let Piece::Number(number) = piece(at)
        && sizes.len() < SIZES_MAX
    {
        let mut size = Size { number: number.to_owned(), unit: None, at: pieces[at].1 };
        at += 1;
        if let Piece::Unit(unit) = piece(at) {
            size.unit = Some(unit);
            at += 1;
        }
        sizes.push(size);
        end = at;
        if piece(at) == Piece::Side {
            at += 1;
        }
        match piece(at) {
            Piece::Times => at += 1,
            _ => break,
        }
    }
    // 24 x 80 in.
    let shared = sizes.last().and_then(|size| size.unit);
    for size in &mut sizes {
        size.unit = size.unit.or(shared);
    }
    let compound = |at: usize| pieces.get(at).map(|(_, compound)| *compound);
    let (first, last) = (compound(from).unwrap_or(0), compound(end.saturating_sub(1)).unwrap_or(0));
    let before = from.checked_sub(1).filter(|before| compound(*before) == Some(first));
    let is_whole = before.is_none_or(|before| piece(before) == Piece::Break) && compound(end) != Some(last);
    (Chain { sizes, compounds: first..last + 1, is_whole }, end)
}

fn pieces(compounds: &[Compound]) -> Vec<(Piece<'_>, usize)> {
    let mut out: Vec<(Piece<'_>, usize)> = Vec::new();
    for (at, compound) in compounds.iter().enumerate() {
        if compound.apart {
            out.push((Piece::Break, at));
        }
        for part in &compound.parts {
            let is_measured = matches!(out.last(), Some((Piece::Number(_) | Piece::Unit(_) | Piece::Side, _)));
            if !is_measured && !part.contains(|c: char| c.is_numeric() || c == '.') {
                out.push((Piece::Other, at));
                continue;
            }
            let split = split_at_digits(part);
            // A letter before a digit makes a model number of it, unless it is the sign between sizes.
            let is_model = !split[0].starts_with(is_digit) && split.len() > 1 && split[0] != "x";
            for (nth, text) in split.iter().enumerate() {
                let glued = nth + 1 < split.len();
                let before = out.last().map(|(piece, _)| *piece);
                match text {
                    _ if is_model => out.push((Piece::Other, at)),
                    text if text.starts_with(is_digit) => out.push((Piece::Number(text), at)),
                    &"x" | &"by" if matches!(before, Some(Piece::Number(_) | Piece::Unit(_) | Piece::Side)) => {
                        out.push((Piece::Times, at));
                    }
                    text => match (before, text.strip_suffix('x').filter(|_| glued)) {
                        (Some(Piece::Number(_)), Some(named)) if unit(named).is_some() => {
                            out.extend(unit(named).map(|unit| (Piece::Unit(unit), at)));
                            out.push((Piece::Times, at));
                        }
                        (Some(Piece::Number(_)), _) => match unit(text) {
                            Some(unit) => out.push((Piece::Unit(unit), at)),
                            None => out.push((Piece::Other, at)),
                        },
                        (Some(Piece::Unit(_)), _) if SIDES.contains(text) => out.push((Piece::Side, at)),
                        _ => out.push((Piece::Other, at)),
                    },
                }
            }
        }
    }
    merge_two_words(compounds, &mut out);
    out
}

/// Units of two words: the first one is no unit by itself.
fn merge_two_words(compounds: &[Compound], pieces: &mut [(Piece<'_>, usize)]) {
    for at in 1..pieces.len().saturating_sub(1) {
        if pieces[at].0 == Piece::Other && matches!(pieces[at - 1].0, Piece::Number(_)) {
            let (first, second) = (&compounds[pieces[at].1], &compounds[pieces[at + 1].1]);
            if let ([first], [second]) = (&first.parts[..], &second.parts[..])
                && let Some(unit) = unit(&format!("{first} {second}"))
            {
                pieces[at].0 = Piece::Unit(unit);
            }
        }
    }
}

/// Adds to each compound the words that its sizes hold.
pub(super) fn add_measures(compounds: &mut [Compound]) {
    for chain in chains(compounds) {
        for (from, size) in chain.sizes.iter().enumerate() {
            let stretches = (from + 1..chain.sizes.len()).map(|to| chain.stretch(from, to));
            for word in size.word().into_iter().chain(stretches) {
                let compound = &mut compounds[size.at];
                if !compound.parts.contains(&word) && compound.joined.as_ref() != Some(&word) {
                    compound.measures.push(word);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::analyzer::{Language, compounds};
    use super::*;

    #[test]
    fn numbers_are_written_one_way() {
        let check = |text: &str, expected: &str| assert_eq!(level(text), expected, "{text:?}");
        check("1/2 in", "0.5 in");
        check("3-1/2 in. x 1 1/4", "3.5 in. x 1.25");
        check("10,000 btu, 1,5 l", "10000 btu, 1.5 l");
        check("10.00 in", "10 in");
        check(".5 gal", "0.5 gal");
        check("15.6\" display 6' rod", "15.6 in  display 6 ft  rod");
        check("the 70's 24/7 10/100 1/2/2020", "the 70's 24/7 10/100 1/2/2020");
        check("v1.2.30 a1/2", "v1.2.30 a1/2");
        check("no digits", "no digits");
        check("3 +1/2", "3 +0.5");
    }

    #[test]
    fn a_long_text_of_numbers_is_read_once() {
        // Reading on to the slash from every number would look at 10¹² bytes.
        let numbers = "1 ".repeat(1_000_000);
        assert_eq!(level(&format!("{numbers}/")).len(), numbers.len() + 1);
    }

    #[test]
    fn sizes_get_words_of_their_own() {
        let check = |text: &str, expected: &str| {
            let compounds = compounds(Language::of_locale("en"), text);
            let words: Vec<&str> = compounds.iter().flat_map(|c| &c.measures).map(String::as_str).collect();
            assert_eq!(words.join(" "), expected, "{text:?}");
        };
        check("15 in. display", "15in");
        check("15-inch", "15in");
        check("15inch", "15in");
        check("15.6\" screen", "15.6in");
        check("2tb disk", "");
        check("2 terabyte disk", "2tb");
        check("4 ft. x 8 ft. plywood", "4ft 4x8 8ft");
        check("4x8 plywood", "");
        check("4 x 8 plywood", "4x8");
        check("24 x 80 in.", "24in 24x80 80in");
        check("2ftx3ft mat", "2ft 2x3 3ft");
        check("17x30x12 in. cabinet", "17in 17x30 30in 30x12 12in");
        check("60 in. W x 21 in. D", "60in 60x21 21in");
        check("120 sq. ft. roll", "120sqft");
        check("1/2 in. drive", "0.5in");
        check("12-Volt 1.5-Amp", "12v 1.5a");
        check("SM-G900 v2", "");
        check("red lamp", "");
    }
}
