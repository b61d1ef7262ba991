//! What does a product look like?
//!
//! A flat drawing of what kind of thing it is, in its color, as a small PNG. It is made from the sku alone
//! (the leaf's code gives the drawing, a color code the paint), so that no image is ever stored.

use std::io::Cursor;

use super::kits::COLORS;
use super::tree;
use crate::rng::hash_text;

/// Width in pixels.
pub const WIDTH: u32 = 160;
/// Height in pixels.
pub const HEIGHT: u32 = 200;

/// A piece of a drawing, in hundredths of width (x) and height (y).
#[derive(Clone, Copy, Debug)]
enum Piece {
    /// Left, top, right, bottom.
    Box(f32, f32, f32, f32),
    /// Center, then half width and half height.
    Oval(f32, f32, f32, f32),
    /// Center, outer half width and half height; the inside is left open.
    Ring(f32, f32, f32, f32),
    /// From, to, thickness.
    Bar(f32, f32, f32, f32, f32),
    /// Three corners.
    Tri(f32, f32, f32, f32, f32, f32),
}

/// A drawing: the body in the product's color, then details in a darker one.
type Drawing = (&'static [Piece], &'static [Piece]);

macro_rules! shapes {
    ($($name:ident [$($body:expr),*] [$($detail:expr),*];)*) => {
        /// What is drawn.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Shape { $($name,)* }

        impl Shape {
            fn drawing(self) -> Drawing {
                use Piece::*;
                match self { $(Shape::$name => (&[$($body),*], &[$($detail),*]),)* }
            }
        }
    };
}

shapes! {
    Jacket [Box(30., 28., 70., 80.), Bar(30., 33., 16., 70., 12.), Bar(70., 33., 84., 70., 12.), Oval(50., 26., 13., 8.)]
        [Bar(50., 30., 50., 80., 2.), Box(35., 60., 44., 62.), Box(56., 60., 65., 62.)];
    Dress [Box(40., 22., 60., 48.), Tri(50., 20., 18., 86., 82., 86.), Bar(42., 24., 36., 14., 4.), Bar(58., 24., 64., 14., 4.)]
        [Box(38., 46., 62., 50.)];
    Shirt [Box(30., 28., 70., 80.), Bar(30., 32., 16., 48., 12.), Bar(70., 32., 84., 48., 12.)]
        [Oval(50., 28., 9., 6.)];
    Trousers [Box(32., 18., 68., 36.), Bar(40., 34., 35., 84., 15.), Bar(60., 34., 65., 84., 15.)]
        [Box(32., 18., 68., 22.)];
    Shoe [Oval(38., 56., 20., 13.), Box(20., 56., 80., 68.), Oval(70., 62., 14., 7.)]
        [Box(18., 67., 84., 72.), Bar(40., 50., 52., 46., 2.), Bar(45., 54., 57., 50., 2.)];
    Boot [Box(32., 22., 56., 68.), Box(32., 54., 78., 70.), Oval(74., 62., 8., 8.)]
        [Box(30., 69., 84., 75.), Bar(40., 34., 54., 34., 2.), Bar(40., 42., 54., 42., 2.), Bar(40., 50., 54., 50., 2.)];
    Bag [Box(24., 42., 76., 82.), Ring(50., 42., 20., 20.)] [Box(24., 42., 76., 46.), Box(38., 58., 62., 72.)];
    Textile [Box(22., 26., 78., 78.)] [Box(22., 34., 78., 37.), Box(22., 40., 78., 42.), Box(22., 68., 78., 71.)];
    Watch [Box(40., 12., 60., 88.), Oval(50., 50., 22., 18.)] [Ring(50., 50., 18., 14.), Bar(50., 50., 50., 42., 2.), Bar(50., 50., 58., 52., 2.)];
    Blocks [Box(20., 58., 46., 80.), Box(50., 58., 76., 80.), Box(35., 34., 61., 56.)] [Box(26., 54., 32., 58.), Box(60., 54., 66., 58.), Box(45., 30., 51., 34.)];
    Bear [Oval(50., 64., 22., 20.), Oval(50., 36., 18., 14.), Oval(35., 24., 7., 6.), Oval(65., 24., 7., 6.)] [Oval(44., 34., 2., 2.), Oval(56., 34., 2., 2.), Oval(50., 40., 5., 3.)];
    Tent [Tri(50., 24., 10., 78., 90., 78.)] [Tri(50., 42., 38., 78., 62., 78.)];
    Pot [Box(24., 42., 76., 74.), Bar(14., 48., 86., 48., 4.)] [Box(22., 38., 78., 42.), Oval(50., 35., 5., 3.)];
    Chair [Box(30., 20., 66., 54.), Box(28., 54., 72., 62.)] [Bar(32., 62., 28., 86., 4.), Bar(68., 62., 72., 86., 4.)];
    Poles [Bar(38., 14., 30., 86., 5.), Bar(62., 14., 70., 86., 5.)] [Bar(38., 14., 37., 26., 7.), Bar(62., 14., 63., 26., 7.)];
    Lamp [Tri(50., 16., 24., 50., 76., 50.), Oval(50., 84., 18., 4.)] [Bar(50., 50., 50., 84., 4.)];
    Pendant [Tri(50., 36., 20., 70., 80., 70.)] [Bar(50., 4., 50., 38., 2.), Oval(50., 72., 8., 5.)];
    Goggles [Oval(50., 50., 34., 16.)] [Oval(36., 50., 14., 10.), Oval(64., 50., 14., 10.), Bar(4., 50., 18., 50., 6.), Bar(82., 50., 96., 50., 6.)];
    Bike [Ring(26., 64., 19., 15.), Ring(74., 64., 19., 15.), Bar(26., 64., 46., 40., 4.), Bar(46., 40., 68., 40., 4.), Bar(46., 64., 68., 40., 4.), Bar(26., 64., 46., 64., 4.), Bar(74., 64., 66., 32., 4.)]
        [Bar(42., 34., 52., 34., 4.), Bar(60., 30., 72., 30., 3.)];
    Helmet [Oval(50., 50., 34., 24.)] [Box(14., 56., 86., 76.), Bar(40., 30., 38., 52., 4.), Bar(60., 30., 62., 52., 4.)];
    Sofa [Box(16., 40., 84., 64.), Box(10., 50., 22., 72.), Box(78., 50., 90., 72.), Box(20., 60., 80., 74.)] [Bar(50., 44., 50., 66., 2.), Box(16., 74., 20., 80.), Box(80., 74., 84., 80.)];
    Table [Box(12., 40., 88., 47.)] [Bar(20., 47., 18., 82., 5.), Bar(80., 47., 82., 82., 5.)];
    Shelf [Box(26., 14., 74., 88.)] [Box(30., 18., 70., 36.), Box(30., 40., 70., 60.), Box(30., 64., 70., 84.)];
    Knife [Box(46., 12., 56., 58.), Tri(56., 12., 46., 12., 46., 4.)] [Box(45., 58., 57., 88.)];
    Cup [Box(28., 36., 66., 76.), Ring(70., 54., 14., 12.)] [Box(28., 36., 66., 41.)];
    Rug [Box(14., 26., 86., 78.)] [Box(20., 31., 80., 34.), Box(20., 70., 80., 73.), Oval(50., 52., 16., 10.)];
    Headphones [Ring(50., 48., 32., 28.), Box(14., 48., 28., 74.), Box(72., 48., 86., 74.)] [Box(18., 52., 24., 70.), Box(76., 52., 82., 70.)];
    Speaker [Box(28., 18., 72., 84.)] [Oval(50., 60., 16., 13.), Oval(50., 32., 8., 6.)];
    Drill [Box(20., 30., 70., 48.), Box(46., 46., 60., 80.)] [Bar(70., 39., 90., 39., 3.), Box(40., 76., 66., 86.)];
    Saw [Box(24., 34., 76., 54.), Ring(40., 34., 14., 10.)] [Bar(62., 54., 62., 84., 4.)];
    Fan [Ring(50., 40., 34., 28.), Oval(50., 84., 20., 4.)] [Oval(50., 40., 5., 4.), Bar(50., 40., 50., 18., 7.), Bar(50., 40., 70., 52., 7.), Bar(50., 40., 30., 52., 7.), Bar(50., 66., 50., 84., 4.)];
    Heater [Box(18., 34., 82., 76.)] [Bar(30., 38., 30., 72., 3.), Bar(43., 38., 43., 72., 3.), Bar(56., 38., 56., 72., 3.), Bar(69., 38., 69., 72., 3.)];
    Spade [Box(36., 56., 64., 76.), Tri(36., 76., 64., 76., 50., 90.)] [Bar(50., 10., 50., 58., 5.), Bar(40., 10., 60., 10., 4.)];
    Mower [Box(20., 56., 72., 72.), Bar(66., 56., 92., 26., 4.)] [Oval(28., 76., 9., 7.), Oval(64., 76., 9., 7.)];
    Planter [Box(28., 54., 72., 84.)] [Box(25., 50., 75., 55.), Oval(40., 36., 6., 12.), Oval(60., 36., 6., 12.), Oval(50., 28., 6., 14.)];
    Grill [Oval(50., 42., 32., 16.)] [Box(18., 40., 82., 43.), Bar(36., 54., 26., 86., 4.), Bar(64., 54., 74., 86., 4.)];
}

impl Piece {
    /// Is this point (in hundredths) inside?
    fn holds(self, x: f32, y: f32) -> bool {
        let round = |cx: f32, cy: f32, rx: f32, ry: f32| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2);
        match self {
            Piece::Box(left, top, right, bottom) => x >= left && x <= right && y >= top && y <= bottom,
            Piece::Oval(cx, cy, rx, ry) => round(cx, cy, rx, ry) <= 1.0,
            Piece::Ring(cx, cy, rx, ry) => (0.68..=1.0).contains(&round(cx, cy, rx, ry)),
            Piece::Bar(x0, y0, x1, y1, thickness) => {
                let (dx, dy) = (x1 - x0, y1 - y0);
                let along = (((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
                let (px, py) = (x - x0 - along * dx, y - y0 - along * dy);
                px * px + py * py <= thickness * thickness / 4.0
            }
            Piece::Tri(x0, y0, x1, y1, x2, y2) => {
                let side = |ax: f32, ay: f32, bx: f32, by: f32| (x - ax) * (by - ay) - (y - ay) * (bx - ax);
                let sides = [side(x0, y0, x1, y1), side(x1, y1, x2, y2), side(x2, y2, x0, y0)];
                sides.iter().all(|s| *s >= 0.0) || sides.iter().all(|s| *s <= 0.0)
            }
        }
    }
}

/// The PNG of a product or variant of the demo shop; a gray box for a sku that is none of its own.
pub fn image(sku: &str) -> Vec<u8> {
    let mut parts = sku.split('-');
    let shape = parts.next().and_then(tree::leaf).map_or(Shape::Textile, |leaf| leaf.shape);
    let named = parts.find_map(|part| COLORS.iter().find(|c| c.2 == part));
    let color = named.unwrap_or_else(|| &COLORS[hash_text(sku) as usize % COLORS.len()]).3;
    let (body, details) = shape.drawing();
    let mut pixels = Vec::with_capacity((WIDTH * HEIGHT) as usize);
    for row in 0..HEIGHT {
        let y = (row as f32 + 0.5) * 100.0 / HEIGHT as f32;
        for column in 0..WIDTH {
            let x = (column as f32 + 0.5) * 100.0 / WIDTH as f32;
            let inside = |pieces: &[Piece]| pieces.iter().any(|p| p.holds(x, y));
            pixels.push(if inside(details) { 2 } else { u8::from(inside(body)) });
        }
    }
    encode(&pixels, color)
}

fn encode(pixels: &[u8], color: [u8; 3]) -> Vec<u8> {
    let dark = color.map(|c| (u16::from(c) * 3 / 5) as u8);
    let mut palette = vec![218, 225, 230];
    palette.extend(color);
    palette.extend(dark);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(Cursor::new(&mut bytes), WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette);
    let mut writer = encoder.write_header().expect("the header is constant and memory does not fail");
    writer.write_image_data(pixels).expect("there are as many pixels as the header says");
    writer.finish().expect("memory does not fail");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(bytes: &[u8]) -> Vec<u8> {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (WIDTH, HEIGHT));
        pixels
    }

    #[test]
    fn every_leaf_has_a_drawing_of_its_own_color() {
        for leaf in tree::LEAVES {
            let red = image(&format!("{}-0001-RED-M", leaf.code));
            assert!(red.len() < 4_000, "{}: {} bytes", leaf.code, red.len());
            let drawn = pixels(&red);
            let inked = drawn.iter().filter(|p| **p > 0).count();
            assert!(inked > drawn.len() / 50 && inked < drawn.len() * 3 / 4, "{}: {inked}", leaf.code);
            assert_ne!(red, image(&format!("{}-0001-BLU-M", leaf.code)));
        }
    }

    #[test]
    fn unknown_skus_have_an_image_too() {
        assert_eq!(image("x"), image("x"));
        assert!(!pixels(&image("")).is_empty());
    }
}
