//! Products and the category tree: put, patch, delete, read.

use axum::extract::{Path, State};
use planogram_core::engine::types::Receipt;

use super::write::Batch;
use super::{Answer, blocking, json};
use crate::error::Problem;
use crate::extract::{Pairs, Whole, WriteParams};
use crate::state::AppState;
use crate::wire::category::CategoriesJson;
use crate::wire::decode::{Defect, wrong_type};
use crate::wire::schema::{CategoryChangeBody, PatchBody, ProductBody, WriteQuery};
use crate::wire::write::ReceiptJson;
use crate::wire::{category, patch, product};

/// Creates or replaces products. A JSON array or NDJSON; good rows are kept when others are refused.
#[utoipa::path(put, path = "/v1/products", tag = "catalog", request_body = Vec<ProductBody>, params(WriteQuery),
    responses((status = 200, description = "Every row was taken in.", body = ReceiptJson),
        (status = 207, description = "Some rows were taken in.", body = ReceiptJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn put(State(state): State<AppState>, WriteParams(options): WriteParams, body: Whole) -> Answer {
    let rows = body.rows(None)?;
    let exponents = state.exponents();
    let mut batch = Batch::decode(rows, |row| product::decode(row, &exponents), |doc| Some(&doc.sku), "/sku");
    let docs = batch.take();
    if docs.is_empty() {
        return batch.answer(Ok(Receipt::default()));
    }
    let result = blocking(&state, move |engine| engine.put_products(docs, options)).await?;
    batch.answer(result)
}

/// Changes parts of products or variants. Prices, stock and attributes that are not searched never touch the text index.
#[utoipa::path(patch, path = "/v1/products", tag = "catalog", request_body = Vec<PatchBody>, params(WriteQuery),
    responses((status = 200, description = "Every row was taken in.", body = ReceiptJson),
        (status = 207, description = "Some rows were taken in.", body = ReceiptJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn patch(State(state): State<AppState>, WriteParams(options): WriteParams, body: Whole) -> Answer {
    let rows = body.rows(None)?;
    let exponents = state.exponents();
    let mut batch = Batch::decode(rows, |row| patch::decode(row, &exponents), |patch| Some(&patch.sku), "/sku");
    let patches = batch.take();
    if patches.is_empty() {
        return batch.answer(Ok(Receipt::default()));
    }
    let result = blocking(&state, move |engine| engine.patch_products(patches, options)).await?;
    batch.answer(result)
}

/// Deletes products. The rows are skus, as texts or as `{"sku": …}`.
#[utoipa::path(delete, path = "/v1/products", tag = "catalog", request_body = Vec<String>, params(WriteQuery),
    responses((status = 200, description = "Every row was taken in.", body = ReceiptJson),
        (status = 207, description = "Some rows were taken in.", body = ReceiptJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(State(state): State<AppState>, WriteParams(options): WriteParams, body: Whole) -> Answer {
    let rows = body.rows(None)?;
    let mut batch = Batch::decode(rows, sku, |sku| Some(sku), "");
    let skus = batch.take();
    if skus.is_empty() {
        return batch.answer(Ok(Receipt::default()));
    }
    let result = blocking(&state, move |engine| engine.delete_products(skus, options)).await?;
    batch.answer(result)
}

fn sku(row: &serde_json::Value) -> Result<String, Vec<Defect>> {
    match row.as_str().or_else(|| row.get("sku")?.as_str()) {
        Some(sku) if !sku.is_empty() => Ok(sku.to_owned()),
        _ => Err(vec![Defect::new("", wrong_type(row, "a sku"), "a text, or {\"sku\": \"…\"}")]),
    }
}

/// One product as it is stored.
#[utoipa::path(get, path = "/v1/products/{sku}", tag = "catalog",
    params(("sku" = String, Path, description = "Sku of the product.")),
    responses((status = 200, description = "The answer.", body = ProductBody), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get(State(state): State<AppState>, Path(sku): Path<String>) -> Answer {
    let exponents = state.exponents();
    match state.engine()?.product(&sku) {
        Some(doc) => Ok(json(&product::encode(&doc, &exponents))),
        None => Err(Problem::not_found("product", &sku)),
    }
}

/// The category tree, parents first, with what shoppers did with its products, whoever may see it. Needs the write key,
/// if there is one.
#[utoipa::path(get, path = "/v1/categories", tag = "catalog",
    params(("store_view" = Option<String>, Query, description = "Store view whose events count; the whole shop when left out."),
        ("window" = Option<String>, Query, description = "24h, 72h, 7d, 30d, or all, the default.")),
    responses((status = 200, description = "The categories.", body = CategoriesJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn categories(State(state): State<AppState>, Pairs(pairs): Pairs) -> Answer {
    let (store_view, name, window) = category::asked(&pairs)?;
    let found = state.engine()?.categories(store_view.as_deref(), window)?;
    Ok(json(&CategoriesJson::new(name, found)))
}

/// Changes the category tree: puts, moves and removes categories, in order.
#[utoipa::path(put, path = "/v1/categories", tag = "catalog", request_body = Vec<CategoryChangeBody>, params(WriteQuery),
    responses((status = 200, description = "Every change was taken in.", body = ReceiptJson),
        (status = 207, description = "Some changes were taken in.", body = ReceiptJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn put_categories(State(state): State<AppState>, WriteParams(options): WriteParams, body: Whole) -> Answer {
    let rows = body.rows(Some("changes"))?;
    let mut batch = Batch::decode(rows, category::decode, |_| None, "");
    let changes = batch.take();
    if changes.is_empty() {
        return batch.answer(Ok(Receipt::default()));
    }
    let result = blocking(&state, move |engine| engine.change_categories(changes, options)).await?;
    batch.answer(result)
}

/// A generated image of the demo shop.
#[utoipa::path(get, path = "/demo/images/{file}", tag = "catalog",
    params(("file" = String, Path, description = "`{sku}.png`")),
    responses((status = 200, description = "PNG", content_type = "image/png"),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn image(State(state): State<AppState>, Path(file): Path<String>) -> Answer {
    let missing = || Problem::not_found("image", &file);
    let sku = file.strip_suffix(".png").ok_or_else(missing)?.to_owned();
    let shared = state.clone();
    let drawn = tokio::task::spawn_blocking(move || shared.image(&sku)).await;
    match drawn {
        Ok(Some(png)) => Ok(super::text("image/png", png)),
        _ => Err(missing()),
    }
}
