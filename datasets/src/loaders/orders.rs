//! How are orders and baskets read?
//!
//! Order lines come line by line and are gathered by order. The second form has a whole basket on a line and
//! a running number instead of a time.

use std::path::Path;

use planogram_core::id::TimeMs;

use super::lines::{LineError, OpenError};
use super::table::{Grouped, Row, Table};

/// An order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Its id.
    pub order: String,
    /// Who, when known.
    pub customer: Option<String>,
    /// When.
    pub time_ms: TimeMs,
    /// What, in file order.
    pub lines: Vec<OrderLine>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderLine {
    /// Item.
    pub item: String,
    /// How many; below 0 on a cancellation.
    pub quantity: f32,
    /// Price of one (of the line, where the log states only that) in minor units.
    pub price_minor: Option<i64>,
}

/// The rest of a basket, and the item that was taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionCase {
    /// The order it comes from.
    pub order: String,
    /// What was taken out.
    pub target: String,
    /// What is left.
    pub basket: Vec<String>,
}

/// A basket without time and price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket {
    /// Order id, where there is one.
    pub order: Option<String>,
    /// Who.
    pub customer: String,
    /// The customer's how-many-eth, from 0.
    pub number: u32,
    /// What.
    pub items: Vec<String>,
}

struct Line {
    order: String,
    customer: Option<String>,
    time_ms: TimeMs,
    line: OrderLine,
}

fn line(mut row: Row<7>) -> Result<Line, LineError> {
    let price_column = if row.cells[5].is_empty() { 6 } else { 5 };
    let price_minor = match row.cells[price_column].is_empty() {
        true => None,
        false => Some((row.number::<f64>(price_column)? * 100.0).round() as i64),
    };
    Ok(Line {
        time_ms: row.time_ms(2)?,
        line: OrderLine { quantity: row.number(4)?, price_minor, item: row.text(3) },
        order: row.text(0),
        customer: row.optional(1),
    })
}

/// Orders (and cancellations): `order_id customer_id unix_ts item_id qty`, and `price` or `sales_value`.
///
/// # Errors
/// When the file cannot be opened.
pub fn orders(path: &Path) -> Result<impl Iterator<Item = Result<Order, LineError>> + Send + use<>, OpenError> {
    let columns = ["order_id", "customer_id", "unix_ts", "item_id", "qty", "price?", "sales_value?"];
    let rows = Table::open(path, columns, line)?;
    let start = |l: Line| Order { order: l.order, customer: l.customer, time_ms: l.time_ms, lines: vec![l.line] };
    Ok(Grouped::new(rows, start, |order: &mut Order, line| {
        if order.order != line.order {
            return Some(line);
        }
        order.lines.push(line.line);
        None
    }))
}

/// Completion cases: `order_id target basket`.
///
/// # Errors
/// When the file cannot be opened.
pub fn completion_cases(
    path: &Path,
) -> Result<impl Iterator<Item = Result<CompletionCase, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["order_id", "target", "basket"], |mut row| {
        Ok(CompletionCase { order: row.text(0), target: row.text(1), basket: row.words(2) })
    })
}

/// Baskets: `customer_id order_seq items`, and `order_id` in the training part.
///
/// # Errors
/// When the file cannot be opened.
pub fn baskets(path: &Path) -> Result<impl Iterator<Item = Result<Basket, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["order_id?", "customer_id", "order_seq", "items"], |mut row| {
        let number = row.number(2)?;
        Ok(Basket { order: row.optional(0), customer: row.text(1), number, items: row.words(3) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_lines_are_gathered() {
        let Some(folder) = crate::real::dir("online-retail") else { return };
        let orders: Vec<Order> = orders(&folder.join("train.tsv.gz")).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(orders.len(), 15_818);
        assert_eq!(orders.iter().map(|o| o.lines.len()).sum::<usize>(), 401_737);
        let first = &orders[0];
        assert_eq!((first.customer.as_deref(), first.time_ms), (Some("17850"), 1_291_191_960_000));
        assert_eq!(first.lines[0], OrderLine { item: "21730".into(), quantity: 6.0, price_minor: Some(425) });
        let cases = completion_cases(&folder.join("completion_cases.tsv.gz")).unwrap();
        assert_eq!(cases.map(Result::unwrap).filter(|c| !c.basket.contains(&c.target)).count(), 10_626);
    }

    #[test]
    fn lines_without_a_unit_price_take_the_sales_value() {
        let Some(folder) = crate::real::dir("complete-journey") else { return };
        let first = orders(&folder.join("train_lines_sample.tsv.gz")).unwrap().next().unwrap().unwrap();
        assert_eq!(first.lines[0].price_minor, Some(150));
    }

    #[test]
    fn baskets_are_read() {
        let Some(folder) = crate::real::dir("tafeng") else { return };
        let train: Vec<Basket> = baskets(&folder.join("train.tsv.gz")).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!((train.len(), train[1].order.as_deref(), train[1].number), (77_369, Some("1-1"), 1));
        let last: Vec<Basket> = baskets(&folder.join("test.tsv.gz")).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!((last.len(), last[0].order.as_deref(), last[0].items.len()), (13_858, None, 4));
    }
}
