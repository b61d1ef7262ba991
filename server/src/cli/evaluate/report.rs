//! How is an evaluation printed?
//!
//! As a table for people, and as JSON with the measures under the names of the published tables. Figures are shares of
//! one, not percent.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::figures::{CONFIDENCE, Figure, Figures};

/// All rows of a task.
#[derive(Clone, Debug)]
pub struct TaskReport {
    /// Name of the task.
    pub task: &'static str,
    /// Its rows.
    pub rows: Vec<Figures>,
}

/// The report as JSON.
pub fn as_json(data: &str, tasks: &[TaskReport]) -> Value {
    let rows: Vec<Value> =
        tasks.iter().flat_map(|task| task.rows.iter().map(move |row| row_json(task.task, row))).collect();
    json!({"data": data, "confidence": CONFIDENCE, "rows": rows})
}

fn row_json(task: &str, row: &Figures) -> Value {
    let references: Vec<Value> = row
        .references
        .iter()
        .map(|beside| {
            json!({
                "name": beside.name,
                "source": beside.source,
                "measures": figures_json(&beside.measures),
                "differences": figures_json(&beside.differences),
            })
        })
        .collect();
    let by_case: Vec<Value> = row
        .by_case
        .iter()
        .map(|(name, values)| {
            let values: Map<String, Value> = values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            json!({"case": name, "measures": values})
        })
        .collect();
    json!({
        "task": task,
        "row": row.name,
        "protocol": row.protocol,
        "answered_by": row.answered_by,
        "instead_of": row.instead_of,
        "cases": row.cases.0,
        "cases_in_all": row.cases.1,
        "measures": figures_json(&row.measures),
        "latency_us": {"p50": row.latency_us.0, "p99": row.latency_us.1},
        "degraded": row.degraded,
        "references": references,
        "by_case": by_case,
        "notes": row.notes,
    })
}

fn figures_json(figures: &[(String, Figure)]) -> Value {
    let one =
        |figure: &Figure| json!({"value": figure.value, "interval": figure.interval.map(|(low, high)| [low, high])});
    Value::Object(figures.iter().map(|(name, figure)| (name.clone(), one(figure))).collect())
}

/// The report as a table.
pub fn as_text(data: &str, tasks: &[TaskReport]) -> String {
    let mut out = String::new();
    for (task, row) in tasks.iter().flat_map(|task| task.rows.iter().map(move |row| (task.task, row))) {
        heading(&mut out, data, task, row);
        for (name, figure) in &row.measures {
            line(&mut out, name, figure, "");
        }
        for beside in &row.references {
            out.push_str(&format!("  beside {} ({})\n", beside.name, beside.source));
            for ((name, figure), (_, difference)) in beside.measures.iter().zip(&beside.differences) {
                line(&mut out, name, figure, &format!("   ours {}", signed(difference)));
            }
        }
        for (name, values) in &row.by_case {
            let values: Vec<String> = values.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
            out.push_str(&format!("  \"{name}\": {}\n", values.join(", ")));
        }
        for note in &row.notes {
            out.push_str(&format!("  note: {note}\n"));
        }
    }
    out
}

fn heading(out: &mut String, data: &str, task: &str, row: &Figures) {
    let (asked, all) = row.cases;
    let cases = if asked == all { format!("{all} cases") } else { format!("a sample of {asked} of {all} cases") };
    let instead = row.instead_of.as_ref().map_or(String::new(), |wanted| format!(" in place of `{wanted}`"));
    let (p50, p99) = row.latency_us;
    // Writing into a text cannot fail.
    let _ = writeln!(out, "{data}, {task}: {}, {}, {cases}", row.name, row.protocol);
    let _ = writeln!(out, "  answered by `{}`{instead}, p50 {p50} us, p99 {p99} us", row.answered_by);
    if row.degraded > 0 {
        let _ = writeln!(out, "  in {} answers something did not take part", row.degraded);
    }
}

fn line(out: &mut String, name: &str, figure: &Figure, more: &str) {
    let interval = figure.interval.map_or(String::new(), |(low, high)| format!("  [{low:.4}, {high:.4}]"));
    out.push_str(&format!("  {name:<18} {:.4}{interval}{more}\n", figure.value));
}

fn signed(figure: &Figure) -> String {
    let interval = figure.interval.map_or(String::new(), |(low, high)| format!(" [{low:+.4}, {high:+.4}]"));
    format!("{:+.4}{interval}", figure.value)
}
