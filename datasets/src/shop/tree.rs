//! Which categories does the demo shop have, and what is sold in each?
//!
//! One row a leaf: path, code (the head of its skus), what things are called in English and Swedish, the
//! usual price, the kit that says how such things are made and described, the drawing, and which other
//! leaves go with it.

use super::image::Shape;
use super::kits::Kit;

/// A leaf of the category tree.
#[derive(Debug)]
pub struct Leaf {
    /// Names from the root down.
    pub path: [&'static str; 3],
    /// Head of the skus.
    pub code: &'static str,
    /// What a product is called: (English, Swedish).
    pub nouns: &'static [(&'static str, &'static str)],
    /// Median price in major units, before the brand's level.
    pub median: f64,
    /// How it is made and described.
    pub kit: Kit,
    /// Its drawing.
    pub shape: Shape,
    /// Codes of leaves that are bought with it.
    pub goes_with: &'static [&'static str],
}

macro_rules! leaves {
    ($($top:literal / $mid:literal / $name:literal $code:literal $median:literal $kit:ident $shape:ident
        [$(($en:literal $sv:literal))*] [$($with:literal)*])*) => {
        /// Every leaf, in menu order.
        pub const LEAVES: &[Leaf] = &[$(Leaf {
            path: [$top, $mid, $name],
            code: $code,
            nouns: &[$(($en, $sv)),*],
            median: $median,
            kit: Kit::$kit,
            shape: Shape::$shape,
            goes_with: &[$($with),*],
        }),*];
    };
}

leaves! {
"Women"/"Clothing"/"Jackets" "WJA" 139.0 Outer Jacket
    [("Shell Jacket" "skaljacka") ("Down Jacket" "dunjacka") ("Rain Jacket" "regnjacka") ("Parka" "parkas")] ["WPA" "SCA" "WBO"]
"Women"/"Clothing"/"Dresses" "WDR" 79.0 Women Dress
    [("Wrap Dress" "omlottklänning") ("Shirt Dress" "skjortklänning") ("Summer Dress" "sommarklänning")] ["BAG" "WSN"]
"Women"/"Clothing"/"Tops" "WTO" 39.0 Women Shirt
    [("Blouse" "blus") ("T-Shirt" "t-shirt") ("Tank Top" "linne") ("Sweater" "tröja")] ["WPA" "SCA"]
"Women"/"Clothing"/"Pants" "WPA" 69.0 Women Trousers
    [("Hiking Pants" "vandringsbyxor") ("Jeans" "jeans") ("Leggings" "leggings") ("Chinos" "chinos")] ["WTO" "BEL"]
"Women"/"Shoes"/"Sneakers" "WSN" 89.0 Shoes Shoe
    [("Sneakers" "sneakers") ("Running Shoes" "löparskor")] ["WPA"]
"Women"/"Shoes"/"Boots" "WBO" 129.0 Shoes Boot
    [("Ankle Boots" "ankelboots") ("Winter Boots" "vinterkängor")] ["SCA"]
"Women"/"Accessories"/"Bags" "BAG" 95.0 Carry Bag
    [("Tote Bag" "tygväska") ("Shoulder Bag" "axelväska") ("Crossbody Bag" "axelremsväska")] ["SCA"]
"Women"/"Accessories"/"Scarves" "SCA" 35.0 Knit Textile
    [("Scarf" "halsduk") ("Shawl" "sjal")] ["WJA"]
"Men"/"Clothing"/"Jackets" "MJA" 145.0 Outer Jacket
    [("Shell Jacket" "skaljacka") ("Down Jacket" "dunjacka") ("Fleece Jacket" "fleecejacka") ("Parka" "parkas")] ["MPA" "MBO"]
"Men"/"Clothing"/"Shirts" "MSH" 49.0 Men Shirt
    [("Oxford Shirt" "oxfordskjorta") ("Flannel Shirt" "flanellskjorta") ("T-Shirt" "t-shirt")] ["MPA" "BEL"]
"Men"/"Clothing"/"Sweaters" "MSW" 69.0 Men Shirt
    [("Hoodie" "huvtröja") ("Crewneck Sweater" "rundhalsad tröja") ("Cardigan" "kofta")] ["MPA"]
"Men"/"Clothing"/"Pants" "MPA" 72.0 Men Trousers
    [("Hiking Pants" "vandringsbyxor") ("Jeans" "jeans") ("Chinos" "chinos") ("Shorts" "shorts")] ["BEL" "MSH"]
"Men"/"Shoes"/"Sneakers" "MSN" 92.0 Shoes Shoe
    [("Sneakers" "sneakers") ("Running Shoes" "löparskor")] ["MPA"]
"Men"/"Shoes"/"Boots" "MBO" 139.0 Shoes Boot
    [("Chelsea Boots" "chelseaboots") ("Winter Boots" "vinterkängor")] ["MJA"]
"Men"/"Accessories"/"Watches" "WAT" 160.0 Gadget Watch
    [("Field Watch" "fältur") ("Sports Watch" "sportklocka") ("Diver Watch" "dykarur")] ["BEL"]
"Men"/"Accessories"/"Belts" "BEL" 39.0 Carry Textile
    [("Belt" "bälte") ("Braided Belt" "flätat bälte")] ["MPA"]
"Kids"/"Clothing"/"Rainwear" "KRA" 45.0 Kids Jacket
    [("Rain Set" "regnset") ("Rain Jacket" "regnjacka")] ["KSN"]
"Kids"/"Clothing"/"Snowsuits" "KSN" 85.0 Kids Jacket
    [("Snowsuit" "vinteroverall") ("Ski Overall" "skidoverall")] ["KRA"]
"Kids"/"Clothing"/"T-Shirts" "KTS" 17.0 Kids Shirt
    [("T-Shirt" "t-shirt") ("Longsleeve" "långärmad tröja")] ["KRA"]
"Kids"/"Toys"/"Building Sets" "TBU" 42.0 Toy Blocks
    [("Building Set" "byggsats") ("Marble Run" "kulbana") ("Train Set" "tågset")] ["TPL"]
"Kids"/"Toys"/"Plush Toys" "TPL" 22.0 Plush Bear
    [("Plush Bear" "nallebjörn") ("Plush Fox" "mjukisräv") ("Plush Moose" "mjukisälg")] ["TBU"]
"Outdoor"/"Camping"/"Tents" "TEN" 249.0 Camp Tent
    [("Dome Tent" "kupoltält") ("Tunnel Tent" "tunneltält") ("Family Tent" "familjetält")] ["SLE" "CKI" "HEA"]
"Outdoor"/"Camping"/"Sleeping Bags" "SLE" 149.0 Camp Textile
    [("Sleeping Bag" "sovsäck") ("Down Quilt" "duntäcke")] ["TEN"]
"Outdoor"/"Camping"/"Camp Kitchen" "CKI" 49.0 Gear Pot
    [("Camping Stove" "campingkök") ("Cook Set" "kokkärl") ("Vacuum Flask" "termos")] ["TEN" "HEA"]
"Outdoor"/"Camping"/"Camp Furniture" "CFU" 59.0 Gear Chair
    [("Camping Chair" "campingstol") ("Folding Table" "hopfällbart bord")] ["TEN"]
"Outdoor"/"Hiking"/"Backpacks" "PAC" 129.0 Camp Bag
    [("Backpack" "ryggsäck") ("Daypack" "dagsryggsäck") ("Trekking Backpack" "vandringsryggsäck")] ["POL" "HBO"]
"Outdoor"/"Hiking"/"Hiking Boots" "HBO" 169.0 Shoes Boot
    [("Hiking Boots" "vandringskängor") ("Trail Shoes" "terrängskor")] ["POL" "PAC"]
"Outdoor"/"Hiking"/"Trekking Poles" "POL" 75.0 Gear Poles
    [("Trekking Poles" "vandringsstavar") ("Walking Poles" "gåstavar")] ["HBO" "PAC"]
"Outdoor"/"Hiking"/"Headlamps" "HEA" 45.0 Gadget Lamp
    [("Headlamp" "pannlampa") ("Camping Lantern" "campinglykta")] ["TEN"]
"Outdoor"/"Winter Sports"/"Skis" "SKI" 389.0 Sport Poles
    [("Touring Skis" "turskidor") ("All-Mountain Skis" "allmountainskidor")] ["GOG"]
"Outdoor"/"Winter Sports"/"Ski Goggles" "GOG" 85.0 Sport Goggles
    [("Ski Goggles" "skidglasögon") ("Snow Goggles" "snöglasögon")] ["SKI"]
"Outdoor"/"Cycling"/"Bikes" "BIK" 899.0 Sport Bike
    [("City Bike" "stadscykel") ("Gravel Bike" "gruscykel") ("Mountain Bike" "mountainbike")] ["HEL"]
"Outdoor"/"Cycling"/"Helmets" "HEL" 79.0 Sport Helmet
    [("Bike Helmet" "cykelhjälm") ("Trail Helmet" "stighjälm")] ["BIK"]
"Home"/"Furniture"/"Sofas" "SOF" 899.0 Furniture Sofa
    [("Sofa" "soffa") ("Corner Sofa" "hörnsoffa") ("Sofa Bed" "bäddsoffa")] ["RUG" "TAB" "LAM"]
"Home"/"Furniture"/"Chairs" "CHA" 149.0 Furniture Chair
    [("Dining Chair" "matstol") ("Armchair" "fåtölj") ("Bar Stool" "barstol")] ["TAB"]
"Home"/"Furniture"/"Tables" "TAB" 329.0 Furniture Table
    [("Dining Table" "matbord") ("Coffee Table" "soffbord") ("Desk" "skrivbord")] ["CHA" "PEN"]
"Home"/"Furniture"/"Bookcases" "BOO" 199.0 Furniture Shelf
    [("Bookcase" "bokhylla") ("Wall Shelf" "vägghylla")] ["LAM"]
"Home"/"Kitchen"/"Cookware" "COO" 69.0 Kitchen Pot
    [("Frying Pan" "stekpanna") ("Saucepan" "kastrull") ("Casserole" "gryta")] ["KNI" "TWA"]
"Home"/"Kitchen"/"Knives" "KNI" 59.0 Kitchen Knife
    [("Chef's Knife" "kockkniv") ("Bread Knife" "brödkniv") ("Knife Set" "knivset")] ["COO"]
"Home"/"Kitchen"/"Coffee Makers" "COF" 119.0 Appliance Cup
    [("Coffee Maker" "kaffebryggare") ("Espresso Machine" "espressomaskin") ("Coffee Grinder" "kaffekvarn")] ["TWA"]
"Home"/"Kitchen"/"Tableware" "TWA" 29.0 Kitchen Cup
    [("Mug Set" "muggset") ("Plate Set" "tallriksset") ("Serving Bowl" "serveringsskål")] ["COF"]
"Home"/"Textiles"/"Bed Linen" "BED" 65.0 Textile Textile
    [("Duvet Cover" "påslakan") ("Bed Sheet" "lakan") ("Pillowcase" "örngott")] ["TOW"]
"Home"/"Textiles"/"Towels" "TOW" 25.0 Textile Textile
    [("Bath Towel" "badlakan") ("Hand Towel" "handduk")] ["BED"]
"Home"/"Textiles"/"Rugs" "RUG" 179.0 Textile Rug
    [("Pile Rug" "ryamatta") ("Runner" "gångmatta") ("Flatweave Rug" "slätvävd matta")] ["SOF"]
"Home"/"Lighting"/"Table Lamps" "LAM" 69.0 Light Lamp
    [("Table Lamp" "bordslampa") ("Desk Lamp" "skrivbordslampa")] ["TAB"]
"Home"/"Lighting"/"Pendant Lamps" "PEN" 99.0 Light Pendant
    [("Pendant Lamp" "taklampa") ("Ceiling Light" "plafond")] ["TAB"]
"Electronics"/"Audio"/"Headphones" "HDP" 129.0 Gadget Headphones
    [("Headphones" "hörlurar") ("Earbuds" "öronsnäckor")] ["SPE"]
"Electronics"/"Audio"/"Speakers" "SPE" 149.0 Gadget Speaker
    [("Bluetooth Speaker" "bluetooth-högtalare") ("Bookshelf Speakers" "bokhyllehögtalare")] ["HDP"]
"Electronics"/"Power Tools"/"Drills" "DRI" 119.0 Tool Drill
    [("Cordless Drill" "skruvdragare") ("Hammer Drill" "slagborrmaskin")] ["SAW"]
"Electronics"/"Power Tools"/"Saws" "SAW" 139.0 Tool Saw
    [("Jigsaw" "sticksåg") ("Circular Saw" "cirkelsåg")] ["DRI"]
"Electronics"/"Climate"/"Fans" "FAN" 59.0 Appliance Fan
    [("Table Fan" "bordsfläkt") ("Tower Fan" "tornfläkt")] []
"Electronics"/"Climate"/"Heaters" "HTR" 79.0 Appliance Heater
    [("Oil Heater" "oljeelement") ("Convector Heater" "konvektor")] []
"Garden"/"Tools"/"Hand Tools" "GHT" 29.0 Tool Spade
    [("Spade" "spade") ("Pruning Shears" "sekatör") ("Rake" "kratta")] ["PLA"]
"Garden"/"Tools"/"Lawn Mowers" "MOW" 349.0 Tool Mower
    [("Lawn Mower" "gräsklippare") ("Robotic Mower" "robotgräsklippare")] ["GHT"]
"Garden"/"Living"/"Planters" "PLA" 32.0 Garden Planter
    [("Planter" "odlingslåda") ("Flower Pot" "kruka")] ["GHT"]
"Garden"/"Living"/"Grills" "GRI" 249.0 Garden Grill
    [("Charcoal Grill" "kolgrill") ("Gas Grill" "gasolgrill")] ["GFU"]
"Garden"/"Living"/"Garden Furniture" "GFU" 279.0 Garden Chair
    [("Garden Chair" "trädgårdsstol") ("Garden Table" "trädgårdsbord") ("Sun Lounger" "solstol")] ["GRI"]
}

impl Leaf {
    /// For whom it is made, where that is a question.
    pub fn gender(&self) -> Option<&'static str> {
        Some(self.path[0]).filter(|top| ["Women", "Men", "Kids"].contains(top))
    }
}

/// The leaf with this code.
pub fn leaf(code: &str) -> Option<&'static Leaf> {
    LEAVES.iter().find(|l| l.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_references_exist() {
        let codes: BTreeSet<&str> = LEAVES.iter().map(|l| l.code).collect();
        assert_eq!(codes.len(), LEAVES.len());
        for l in LEAVES {
            assert!(l.goes_with.iter().all(|c| codes.contains(c) && *c != l.code), "{}", l.code);
        }
    }
}
