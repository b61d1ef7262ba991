//! What does a shopper know of a product?

use planogram_core::catalog::doc::{ProductDoc, ROOT_BOOK};

/// A product as the simulator sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimProduct {
    /// Product sku; what is viewed.
    pub sku: String,
    /// Words of the name, lower case.
    pub words: Vec<String>,
    /// Category path from the root, empty when unknown.
    pub category: Vec<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Price in minor units.
    pub price_minor: Option<i64>,
    /// Variant skus that can be bought; none when it is sold out.
    pub buyable: Vec<String>,
}

/// The part of a catalog that shoppers can come across: what category pages and recommendations may show.
/// A product in several categories is known by its deepest path.
pub fn of_catalog(products: &[ProductDoc]) -> Vec<SimProduct> {
    products.iter().filter(|p| p.visibility.in_catalog()).map(of_document).collect()
}

fn of_document(product: &ProductDoc) -> SimProduct {
    let deepest = product.categories.iter().rev().max_by_key(|c| c.path.len());
    let first_price = product.variants.iter().find_map(|v| v.prices.get(ROOT_BOOK));
    SimProduct {
        sku: product.sku.clone(),
        words: words(&product.name),
        category: deepest.map(|c| c.path.clone()).unwrap_or_default(),
        brand: product.brand.clone(),
        price_minor: first_price.map(|p| p.regular_minor),
        buyable: product.variants.iter().filter(|v| v.stock.in_stock).map(|v| v.sku.clone()).collect(),
    }
}

/// The words of a text as a shopper would type them: lower case, letters and digits only.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_typed_small() {
        assert_eq!(words("Chef's Knife 20cm – Blå"), ["chef", "s", "knife", "20cm", "blå"]);
    }
}
