//! How is a kind of product made, sized and described?
//!
//! A kit is what neighboring leaves share: adjectives, materials, palette, sizes, measured attributes and
//! sentences. English and Swedish lists run in parallel.

/// A family of products that are made and described alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kit {
    Outer,
    Women,
    Men,
    Kids,
    Shoes,
    Carry,
    Knit,
    Camp,
    Gear,
    Sport,
    Furniture,
    Kitchen,
    Textile,
    Light,
    Gadget,
    Appliance,
    Tool,
    Garden,
    Toy,
    Plush,
}

/// A pair of words or sentences: (English, Swedish).
pub type Pair = (&'static str, &'static str);

/// A measured attribute.
#[derive(Debug)]
pub struct Measure {
    /// Attribute code.
    pub code: &'static str,
    /// Smallest value.
    pub from: f64,
    /// Largest value.
    pub to: f64,
    /// Values are whole steps above the smallest.
    pub step: f64,
}

/// What a kit says.
#[derive(Debug)]
pub struct KitWords {
    /// Stand before the noun.
    pub adjectives: &'static [Pair],
    /// What it is made of.
    pub materials: &'static [Pair],
    /// Color names; see [`COLORS`]. Empty: no color axis.
    pub colors: &'static [&'static str],
    /// Sizes; empty: no size axis.
    pub sizes: &'static [&'static str],
    /// Numbers on the data sheet.
    pub measures: &'static [Measure],
    /// Seasons it is made for; empty: not a matter of season.
    pub seasons: &'static [&'static str],
    /// Sentences on what it is good for.
    pub benefits: &'static [Pair],
}

/// A color: English, Swedish, code in skus, and how it is drawn.
pub type Color = (&'static str, &'static str, &'static str, [u8; 3]);

/// Every color.
pub const COLORS: &[Color] = &[
    ("Black", "svart", "BLK", [45, 45, 50]),
    ("White", "vit", "WHT", [250, 250, 248]),
    ("Gray", "grå", "GRY", [140, 145, 150]),
    ("Navy", "marinblå", "NVY", [35, 50, 95]),
    ("Blue", "blå", "BLU", [60, 115, 190]),
    ("Teal", "petrol", "TEA", [30, 125, 130]),
    ("Green", "grön", "GRN", [70, 140, 80]),
    ("Olive", "oliv", "OLV", [115, 115, 60]),
    ("Yellow", "gul", "YEL", [235, 195, 60]),
    ("Orange", "orange", "ORG", [230, 130, 50]),
    ("Red", "röd", "RED", [200, 55, 55]),
    ("Burgundy", "vinröd", "BUR", [120, 35, 55]),
    ("Pink", "rosa", "PNK", [225, 140, 165]),
    ("Beige", "beige", "BEI", [215, 195, 165]),
    ("Brown", "brun", "BRN", [120, 80, 55]),
    ("Natural", "natur", "NAT", [195, 155, 110]),
];

const LETTER_SIZES: &[&str] = &["XS", "S", "M", "L", "XL"];
const SHOE_SIZES: &[&str] = &["37", "38", "39", "40", "41", "42", "43", "44"];
const KIDS_SIZES: &[&str] = &["98", "110", "122", "134"];
const WEARABLE: &[&str] = &["Black", "Navy", "Olive", "Red", "Teal", "Gray", "Burgundy", "Blue", "Beige", "Green"];
const BRIGHT: &[&str] = &["Yellow", "Red", "Blue", "Green", "Orange", "Pink"];
const CALM: &[&str] = &["White", "Beige", "Gray", "Navy", "Green", "Natural", "Burgundy"];
const TECH: &[&str] = &["Black", "White", "Gray", "Blue", "Red"];
const ALL_YEAR: &[&str] = &["Spring", "Summer", "Fall", "Winter"];

const CLOTHES: &[Pair] = &[
    ("Striped", "randig"),
    ("Washed", "tvättad"),
    ("Lightweight", "lätt"),
    ("Slim", "smal"),
    ("Relaxed", "ledig"),
    ("Organic", "ekologisk"),
    ("Classic", "klassisk"),
    ("Stretch", "stretchig"),
    ("Everyday", "vardaglig"),
];
const OUTERWEAR: &[Pair] = &[
    ("Waterproof", "vattentät"),
    ("Insulated", "fodrad"),
    ("Windproof", "vindtät"),
    ("Lightweight", "lätt"),
    ("Hooded", "med huva"),
    ("Packable", "packbar"),
];
const SOFT: &[Pair] = &[
    ("Soft", "mjuk"),
    ("Striped", "randig"),
    ("Woven", "vävd"),
    ("Classic", "klassisk"),
    ("Washed", "tvättad"),
    ("Handmade", "handgjord"),
    ("Everyday", "vardaglig"),
];
const TABLE: &[Pair] = &[
    ("Classic", "klassisk"),
    ("Nordic", "nordisk"),
    ("Handmade", "handgjord"),
    ("Heavy", "tung"),
    ("Compact", "kompakt"),
    ("Everyday", "vardaglig"),
];
const FABRICS: &[Pair] = &[
    ("cotton", "bomull"),
    ("merino wool", "merinoull"),
    ("recycled polyester", "återvunnen polyester"),
    ("linen", "linne"),
];
const SHELL_FABRICS: &[Pair] = &[
    ("recycled polyester", "återvunnen polyester"),
    ("ripstop nylon", "ripstopnylon"),
    ("waxed cotton", "vaxad bomull"),
];
const OUTER_BENEFITS: &[Pair] = &[
    ("Taped seams keep wind and rain outside.", "Tejpade sömmar stänger ute vind och regn."),
    ("The cut leaves room for a layer underneath.", "Passformen ger plats för ett lager under."),
    ("Two zipped pockets hold phone and keys.", "Två fickor med dragkedja rymmer telefon och nycklar."),
    ("The hood moves with the head.", "Huvan följer huvudets rörelser."),
];
const CLOTHES_BENEFITS: &[Pair] = &[
    ("It keeps its shape wash after wash.", "Den behåller formen tvätt efter tvätt."),
    ("Woven in a mill that runs on water power.", "Vävd i ett väveri som drivs med vattenkraft."),
    ("Soft on the skin and quick to dry.", "Mjuk mot huden och torkar snabbt."),
];
const DEVICE: &[Pair] = &[
    ("Compact", "kompakt"),
    ("Wireless", "trådlös"),
    ("Quiet", "tyst"),
    ("Rechargeable", "uppladdningsbar"),
    ("Smart", "smart"),
    ("Pro", "professionell"),
    ("Slim", "smal"),
];
const DEVICE_MATERIALS: &[Pair] =
    &[("aluminum", "aluminium"), ("steel", "stål"), ("recycled plastic", "återvunnen plast")];
const DEVICE_BENEFITS: &[Pair] = &[
    ("One button does what you expect.", "En knapp gör det du väntar dig."),
    ("The battery lasts a long weekend.", "Batteriet räcker en hel långhelg."),
    ("Spare parts are kept in stock for ten years.", "Reservdelar finns i lager i tio år."),
    ("It is quiet enough for the bedroom.", "Den är tyst nog för sovrummet."),
];
const HOME: &[Pair] = &[
    ("Solid", "massiv"),
    ("Compact", "kompakt"),
    ("Nordic", "nordisk"),
    ("Round", "rund"),
    ("Low", "låg"),
    ("Modular", "modulär"),
    ("Handmade", "handgjord"),
    ("Vintage", "vintage"),
];
const HOME_BENEFITS: &[Pair] = &[
    ("It fits small rooms as well as large ones.", "Den passar små rum lika väl som stora."),
    ("Assembly takes one person and ten minutes.", "Monteringen kräver en person och tio minuter."),
    ("The surface wipes clean with a damp cloth.", "Ytan torkas ren med en fuktig trasa."),
    ("Made in small series from certified sources.", "Tillverkad i små serier från certifierade källor."),
];
const FIELD: &[Pair] = &[
    ("Ultralight", "ultralätt"),
    ("Waterproof", "vattentät"),
    ("All-Season", "åretrunt"),
    ("Folding", "hopfällbar"),
    ("Rugged", "tålig"),
    ("Expedition", "expeditions"),
    ("Compact", "kompakt"),
];
const FIELD_MATERIALS: &[Pair] = &[
    ("ripstop nylon", "ripstopnylon"),
    ("recycled polyester", "återvunnen polyester"),
    ("waxed cotton", "vaxad bomull"),
];
const GEAR_MATERIALS: &[Pair] = &[("aluminum", "aluminium"), ("titanium", "titan"), ("steel", "stål")];
const FIELD_BENEFITS: &[Pair] = &[
    ("It packs down to the size of a water bottle.", "Den packas ner till storleken av en vattenflaska."),
    ("Tested through three winters in the mountains.", "Testad under tre vintrar i fjällen."),
    ("Set-up works with gloves on.", "Den går att använda med handskar på."),
    ("Every part can be replaced.", "Varje del går att byta."),
];

macro_rules! measure {
    ($($code:literal $from:literal..$to:literal / $step:literal),*) => {
        &[$(Measure { code: $code, from: $from, to: $to, step: $step }),*]
    };
}

impl Kit {
    /// The words of this kit.
    pub fn words(self) -> KitWords {
        match self {
            Kit::Outer => KitWords {
                sizes: LETTER_SIZES,
                seasons: ALL_YEAR,
                ..plain(OUTERWEAR, SHELL_FABRICS, WEARABLE, OUTER_BENEFITS)
            },
            Kit::Women | Kit::Men => KitWords {
                sizes: LETTER_SIZES,
                seasons: ALL_YEAR,
                ..plain(CLOTHES, FABRICS, WEARABLE, CLOTHES_BENEFITS)
            },
            Kit::Kids => {
                KitWords { sizes: KIDS_SIZES, seasons: ALL_YEAR, ..plain(CLOTHES, FABRICS, BRIGHT, CLOTHES_BENEFITS) }
            }
            Kit::Shoes => KitWords {
                sizes: SHOE_SIZES,
                seasons: ALL_YEAR,
                ..plain(CLOTHES, &[("leather", "läder"), ("suede", "mocka"), ("mesh", "mesh")], WEARABLE, SHOE_BENEFITS)
            },
            Kit::Carry => plain(SOFT, &[("leather", "läder"), ("canvas", "kanvas")], CALM, CARRY_BENEFITS),
            Kit::Knit => {
                plain(SOFT, &[("wool", "ull"), ("cotton", "bomull"), ("cashmere", "kashmir")], CALM, CLOTHES_BENEFITS)
            }
            Kit::Gear => KitWords {
                measures: measure!("weight_kg" 0.2..6.0 / 0.1, "capacity" 1.0..8.0 / 1.0),
                seasons: ALL_YEAR,
                ..plain(FIELD, GEAR_MATERIALS, BRIGHT, FIELD_BENEFITS)
            },
            Kit::Plush => plain(
                SOFT,
                &[("organic cotton", "ekologisk bomull"), ("felted wool", "tovad ull")],
                BRIGHT,
                TOY_BENEFITS,
            ),
            Kit::Camp => KitWords {
                measures: measure!("weight_kg" 0.2..6.0 / 0.1, "capacity" 1.0..8.0 / 1.0),
                seasons: ALL_YEAR,
                ..plain(FIELD, FIELD_MATERIALS, BRIGHT, FIELD_BENEFITS)
            },
            Kit::Sport => KitWords {
                sizes: &["S", "M", "L"],
                measures: measure!("weight_kg" 0.2..14.0 / 0.1),
                ..plain(
                    FIELD,
                    &[("carbon", "kolfiber"), ("aluminum", "aluminium"), ("steel", "stål")],
                    TECH,
                    FIELD_BENEFITS,
                )
            },
            Kit::Furniture => KitWords {
                measures: measure!("width_cm" 40.0..280.0 / 5.0),
                ..plain(
                    HOME,
                    &[("oak", "ek"), ("birch", "björk"), ("walnut", "valnöt"), ("wool", "ull")],
                    CALM,
                    HOME_BENEFITS,
                )
            },
            Kit::Kitchen => KitWords {
                measures: measure!("diameter_cm" 12.0..36.0 / 2.0),
                ..plain(
                    TABLE,
                    &[("cast iron", "gjutjärn"), ("steel", "stål"), ("stoneware", "stengods")],
                    &[],
                    KITCHEN_BENEFITS,
                )
            },
            Kit::Textile => KitWords {
                sizes: &["90x200", "140x200", "200x300"],
                ..plain(SOFT, &[("linen", "linne"), ("cotton", "bomull"), ("wool", "ull")], CALM, CLOTHES_BENEFITS)
            },
            Kit::Light => KitWords {
                measures: measure!("power_w" 3.0..40.0 / 1.0, "height_cm" 15.0..60.0 / 5.0),
                ..plain(HOME, &[("brass", "mässing"), ("glass", "glas"), ("paper", "papper")], CALM, HOME_BENEFITS)
            },
            Kit::Gadget => KitWords {
                measures: measure!("battery_h" 4.0..60.0 / 2.0),
                ..plain(DEVICE, DEVICE_MATERIALS, TECH, DEVICE_BENEFITS)
            },
            Kit::Appliance => KitWords {
                measures: measure!("power_w" 30.0..2200.0 / 10.0, "capacity" 0.5..3.0 / 0.1),
                ..plain(DEVICE, DEVICE_MATERIALS, TECH, DEVICE_BENEFITS)
            },
            Kit::Tool => KitWords {
                measures: measure!("power_w" 300.0..1800.0 / 50.0, "weight_kg" 0.4..18.0 / 0.2),
                ..plain(
                    FIELD,
                    &[("forged steel", "smitt stål"), ("ash wood", "ask"), ("aluminum", "aluminium")],
                    &[],
                    DEVICE_BENEFITS,
                )
            },
            Kit::Garden => KitWords {
                seasons: &["Spring", "Summer"],
                measures: measure!("width_cm" 20.0..180.0 / 5.0),
                ..plain(
                    FIELD,
                    &[("stainless steel", "rostfritt stål"), ("cast aluminum", "gjuten aluminium")],
                    CALM,
                    FIELD_BENEFITS,
                )
            },
            Kit::Toy => KitWords {
                measures: measure!("pieces" 1.0..240.0 / 1.0),
                ..plain(TABLE, &[("birch", "björk"), ("beech", "bok")], BRIGHT, TOY_BENEFITS)
            },
        }
    }
}

const SHOE_BENEFITS: &[Pair] = &[
    ("The sole grips on wet stone.", "Sulan greppar på våt sten."),
    ("A cushioned heel saves the knees.", "En dämpad häl skonar knäna."),
    ("The upper can be re-soled.", "Skon kan sulas om."),
];
const KITCHEN_BENEFITS: &[Pair] = &[
    ("Safe in the dishwasher, though it lasts longer without.", "Tål maskindisk, men håller längre utan."),
    ("It stacks with everything else of the series.", "Den kan staplas med resten av serien."),
    ("Works on every kind of stove.", "Fungerar på alla sorters spis."),
];
const CARRY_BENEFITS: &[Pair] = &[
    ("It ages well and gets softer every year.", "Den åldras vackert och blir mjukare för varje år."),
    ("Stitched by hand in a small workshop.", "Sydd för hand i en liten verkstad."),
    ("Goes with everything in the wardrobe.", "Passar till allt i garderoben."),
];
const TOY_BENEFITS: &[Pair] = &[
    ("Safe from the first birthday on.", "Säker från ettårsdagen."),
    ("Combines with every other set of the series.", "Kan kombineras med alla andra i serien."),
    ("Painted with colors on water base.", "Målad med vattenbaserad färg."),
];

fn plain(
    adjectives: &'static [Pair],
    materials: &'static [Pair],
    colors: &'static [&'static str],
    benefits: &'static [Pair],
) -> KitWords {
    KitWords { adjectives, materials, colors, benefits, sizes: &[], measures: &[], seasons: &[] }
}

/// The color of that English name.
pub fn color(name: &str) -> Option<&'static Color> {
    COLORS.iter().find(|c| c.0 == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_color_of_a_kit_is_defined() {
        for leaf in crate::shop::tree::LEAVES {
            for name in leaf.kit.words().colors {
                assert!(color(name).is_some(), "{name}");
            }
        }
    }
}
