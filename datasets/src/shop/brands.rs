//! Whose products are they, and what are the models called?

use super::kits::Kit::{self, *};

/// A brand.
#[derive(Debug)]
pub struct Brand {
    /// Its name, invented.
    pub name: &'static str,
    /// Price level: 1 is the usual price.
    pub level: f64,
    /// What it makes.
    pub kits: &'static [Kit],
    /// What it says of itself: (English, Swedish).
    pub motto: (&'static str, &'static str),
}

macro_rules! brands {
    ($($name:literal $level:literal [$($kit:ident)*] $en:literal $sv:literal)*) => {
        /// Every brand.
        pub const BRANDS: &[Brand] = &[$(
            Brand { name: $name, level: $level, kits: &[$($kit),*], motto: ($en, $sv) }
        ),*];
    };
}

brands! {
"Fjordhem" 1.6 [Women Men Camp Shoes Outer Gear] "Built for the coast." "Byggd för kusten."
"Tundra & Co" 1.35 [Men Women Camp Sport Outer Gear] "Guaranteed for ten years." "Tio års garanti."
"Vinterlek" 0.9 [Kids Toy Plush] "Made for play in any weather." "Gjord för lek i alla väder."
"Nordmark" 1.1 [Men Women Shoes Carry Outer Knit] "Plain, and made to last." "Enkel och hållbar."
"Solvik" 0.75 [Women Men Kids Textile Outer] "Good things need not cost much." "Bra saker behöver inte kosta mycket."
"Alder Street" 1.2 [Women Carry Shoes Outer Knit] "Designed in the old town." "Formgiven i gamla stan."
"Kestrel Works" 1.45 [Sport Camp Gadget Gear] "Tuned by riders." "Finslipad av åkare."
"Pinewick" 0.85 [Camp Kids Carry Gear Knit] "For the weekend outside." "För helgen ute."
"Basalt" 1.25 [Sport Shoes Camp Gear] "Hard as its name." "Hård som sitt namn."
"Granholm" 1.5 [Furniture Light Textile] "From our own workshop." "Från vår egen verkstad."
"Lumi & Oak" 1.15 [Furniture Light Kitchen] "Calm forms, honest wood." "Lugna former, ärligt trä."
"Hemma" 0.7 [Furniture Textile Kitchen Light] "Furnishing for everybody." "Inredning för alla."
"Brackwater" 0.95 [Textile Kitchen Carry Knit] "Colors of the sea." "Havets färger."
"Stillwell" 1.3 [Light Furniture] "Light that lets you rest." "Ljus som ger vila."
"Copperline" 1.4 [Kitchen Appliance] "For people who cook." "För den som lagar mat."
"Mornings" 0.9 [Appliance Kitchen] "A better start to the day." "En bättre start på dagen."
"Auralis" 1.5 [Gadget] "Hear what was recorded." "Hör det som spelades in."
"Pebble Audio" 0.8 [Gadget] "Small, loud, and yours." "Liten, stark och din."
"Meridian Time" 1.7 [Gadget Carry Knit] "Assembled by one pair of hands." "Monterad av ett par händer."
"Ironbark" 1.3 [Tool Garden] "Tools to pass on." "Verktyg att ärva."
"Handfast" 0.8 [Tool Garden Appliance] "Does the job." "Gör jobbet."
"Volta" 1.05 [Tool Appliance Gadget] "One battery for everything." "Ett batteri till allt."
"Greenfold" 1.0 [Garden Tool] "Grown outdoors." "Uppvuxen utomhus."
"Sommar" 1.2 [Garden Furniture] "Long evenings welcome." "Långa kvällar välkomnas."
"Klossen" 1.1 [Toy Kids Plush] "Ideas included." "Idéer ingår."
"Bearfoot" 0.85 [Toy Kids Shoes Plush] "Soft where it counts." "Mjuk där det behövs."
"Draftwell" 1.1 [Appliance] "The air you want." "Luften du vill ha."
"Sevenfell" 1.9 [Camp Sport Men Women Outer Gear] "For the last meters." "För de sista metrarna."
}

/// Names of models; a brand uses each where it likes.
pub const MODELS: &[&str] = &[
    "Alta", "Arvid", "Aster", "Birk", "Bodo", "Brisa", "Calla", "Cirrus", "Corvo", "Dagny", "Delta", "Dovre", "Ebba",
    "Elm", "Falk", "Fenn", "Fjell", "Frey", "Gale", "Garda", "Gilda", "Hage", "Halla", "Harrier", "Havn", "Idun",
    "Ingrid", "Iris", "Jarl", "Jura", "Kaja", "Kelda", "Kite", "Lark", "Leia", "Linden", "Loden", "Luna", "Lyra",
    "Maren", "Marlo", "Merle", "Mira", "Mossa", "Nanna", "Nero", "Nils", "Norr", "Oda", "Olin", "Orla", "Osprey",
    "Pernille", "Pico", "Polaris", "Quill", "Ragna", "Reva", "Rona", "Rune", "Saga", "Selje", "Signe", "Sigrid",
    "Skua", "Sol", "Stella", "Storm", "Svea", "Tarn", "Thora", "Tind", "Tove", "Tyra", "Ulla", "Una", "Vale", "Vega",
    "Vidar", "Vik", "Willow", "Wren", "Ylva", "Yrsa", "Zephyr",
];

/// The brands that make this kit.
pub fn makers(kit: Kit) -> Vec<&'static Brand> {
    BRANDS.iter().filter(|b| b.kits.contains(&kit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kit_has_a_choice_of_makers() {
        for leaf in crate::shop::tree::LEAVES {
            assert!(makers(leaf.kit).len() >= 3, "{:?}", leaf.kit);
        }
    }
}
