//! How is a batch of rows written?
//!
//! Each row is decoded on its own; the good ones go to the engine in one call, the others are listed with their line.
//! 200 when every row was taken in, 207 when some were, 422 when none was.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use planogram_core::engine::types::{Receipt, WriteError};
use serde_json::Value;

use crate::error::{Kind, Problem};
use crate::wire::batch::Row;
use crate::wire::decode::Defect;
use crate::wire::write::{ReceiptJson, RejectedJson, from_kernel, key_of, rejected};

/// The decoded rows of a batch.
pub struct Batch<T> {
    /// The good rows, in order.
    pub good: Vec<T>,
    /// Where each good row came from.
    origins: Vec<Origin>,
    /// The refused rows.
    bad: Vec<RejectedJson>,
}

/// Where a row came from: its line, its number, its key.
type Origin = (usize, usize, Option<String>);

impl<T> Batch<T> {
    /// Decodes each row on its own. `name` gives what must be unique in the batch, if anything:
    /// of two rows with one name the later is refused.
    pub fn decode(
        rows: Vec<Row>,
        decode: impl Fn(&Value) -> Result<T, Vec<Defect>>,
        name: impl Fn(&T) -> Option<&str>,
        pointer: &str,
    ) -> Self {
        let mut batch = Self { good: Vec::new(), origins: Vec::new(), bad: Vec::new() };
        let mut first_lines: BTreeMap<String, usize> = BTreeMap::new();
        for (index, Row { line, value }) in rows.into_iter().enumerate() {
            let (key, decoded) = match value {
                Err(defect) => (None, Err(vec![defect])),
                Ok(value) => (key_of(&value), decode(&value)),
            };
            let decoded = decoded.and_then(|row| match name(&row) {
                None => Ok(row),
                Some(unique) => match first_lines.get(unique) {
                    Some(first) => {
                        let message = format!("`{unique}` stands in this batch already, in line {first}");
                        Err(vec![Defect::new(pointer, message, "each once in a batch")])
                    }
                    None => {
                        first_lines.insert(unique.to_owned(), line);
                        Ok(row)
                    }
                },
            });
            match decoded {
                Ok(row) => {
                    batch.good.push(row);
                    batch.origins.push((line, index, key));
                }
                Err(defects) => batch.bad.push(rejected(line, index, key, defects)),
            }
        }
        batch
    }

    /// The good rows, leaving the account of where they came from.
    pub fn take(&mut self) -> Vec<T> {
        std::mem::take(&mut self.good)
    }

    /// The answer: what the engine took in, what it refused, and what never got to it.
    ///
    /// # Errors
    /// 422 when rows came and none was accepted; the engine's own failures.
    pub fn answer(self, result: Result<Receipt, WriteError>) -> Result<Response, Problem> {
        let receipt = match result {
            Err(WriteError::AllRejected(receipt)) => receipt,
            other => other?,
        };
        let mut all = self.bad;
        for refusal in receipt.rejected {
            let (line, index, key) = self.origins.get(refusal.index).cloned().unwrap_or((0, refusal.index, None));
            all.push(from_kernel(line, index, key, refusal));
        }
        all.sort_by_key(|r| r.index);
        metrics::counter!("planogram_rows_rejected_total").increment(all.len() as u64);
        metrics::counter!("planogram_rows_accepted_total").increment(receipt.accepted);
        let Receipt { seq, accepted, duplicates, unconsented, .. } = receipt;
        respond(ReceiptJson { seq, accepted, duplicates, unconsented, rejected: all })
    }
}

fn respond(answer: ReceiptJson) -> Result<Response, Problem> {
    let Some(first) = answer.rejected.first() else { return Ok((StatusCode::OK, Json(answer)).into_response()) };
    if answer.accepted + answer.duplicates + answer.unconsented > 0 {
        return Ok((StatusCode::MULTI_STATUS, Json(answer)).into_response());
    }
    let refused = answer.rejected.len();
    let mut problem = Problem::new(
        Kind::Refused,
        format!("no row was accepted, {refused} refused; line {}: {}", first.line, first.message),
    )
    .allow(first.allowed.clone());
    problem.line = Some(first.line);
    problem.pointer = Some(first.pointer.clone());
    problem.rejected = answer.rejected;
    Err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use planogram_core::engine::types::Rejected;
    use serde_json::json;

    fn batch(values: &[Value]) -> Batch<String> {
        let rows = values.iter().enumerate().map(|(i, v)| Row { line: 10 + i, value: Ok(v.clone()) }).collect();
        let decode = |v: &Value| {
            v["sku"].as_str().map(str::to_owned).ok_or_else(|| vec![Defect::new("/sku", "no sku", "a sku")])
        };
        Batch::decode(rows, decode, |s: &String| Some(s.as_str()), "/sku")
    }

    fn lines(problem: &[RejectedJson]) -> Vec<usize> {
        problem.iter().map(|r| r.line).collect()
    }

    #[test]
    fn the_later_of_two_equal_skus_is_refused() {
        let b = batch(&[json!({"sku": "A"}), json!({"sku": "B"}), json!({"sku": "A"})]);
        assert_eq!((b.good.len(), lines(&b.bad)), (2, vec![12]));
        assert!(b.bad[0].message.contains("in line 10"), "{}", b.bad[0].message);
    }

    #[test]
    fn statuses_say_how_much_was_taken_in() {
        let receipt = |accepted, rejected| Ok(Receipt { seq: 5, accepted, rejected, ..Receipt::default() });
        let refusal =
            |index| Rejected { index, pointer: "/name".into(), message: "too long".into(), allowed: "less".into() };
        let status = |r: Result<Response, Problem>| r.map_or_else(|p| p.status, |r| r.status().as_u16());
        let good = || batch(&[json!({"sku": "A"}), json!({"sku": "B"})]);
        assert_eq!(status(good().answer(receipt(2, vec![]))), 200);
        assert_eq!(status(good().answer(receipt(1, vec![refusal(1)]))), 207);
        assert_eq!(status(batch(&[]).answer(receipt(0, vec![]))), 200);
        let none =
            Err(WriteError::AllRejected(Receipt { rejected: vec![refusal(0), refusal(1)], ..Receipt::default() }));
        let problem = good().answer(none).unwrap_err();
        assert_eq!((problem.status, problem.line, lines(&problem.rejected)), (422, Some(10), vec![10, 11]));
        assert_eq!(status(good().answer(Err(WriteError::Closing))), 503);
    }

    #[test]
    fn kernel_refusals_find_their_line_behind_refused_rows() {
        let b = batch(&[json!({}), json!({"sku": "A"}), json!({"sku": "B"})]);
        let refusal = Rejected { index: 1, pointer: "/name".into(), message: "m".into(), allowed: String::new() };
        let response =
            b.answer(Ok(Receipt { seq: 1, accepted: 1, rejected: vec![refusal], ..Receipt::default() })).unwrap();
        assert_eq!(response.status(), StatusCode::MULTI_STATUS);
        let bytes = futures_body(response);
        assert_eq!(bytes["rejected"][1]["line"], 12);
        assert_eq!(bytes["rejected"][1]["sku"], "B");
    }

    fn futures_body(response: Response) -> Value {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = runtime.block_on(axum::body::to_bytes(response.into_body(), 1 << 20)).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }
}
