//! Answer: classes -> the JSON that `/predict` answers with, byte for byte as Python's json module writes it.

use std::fmt::Write as _;

use crate::image::scores::Class;

/// The body of a 200 answer, with a newline at its end:
/// `{"model": "mobilenet", "version": "1", "predictions": [{"class": 285, "label": "Egyptian cat", "score": 0.66}]}`.
#[must_use]
pub fn answer_json(model: &str, version: i64, classes: &[Class]) -> String {
    let mut json = format!("{{\"model\": {}, \"version\": \"{version}\", \"predictions\": [", quoted(model));
    for (index, class) in classes.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let label = class.label.as_deref().map_or(String::new(), |label| format!("\"label\": {}, ", quoted(label)));
        let score = number(class.score);
        // Writing to a String cannot fail.
        let _ = write!(json, "{comma}{{\"class\": {}, {label}\"score\": {score}}}", class.class);
    }
    json.push_str("]}\n");
    json
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The shortest digits that give the same number, with an exponent below 0.0001 and from 1e16 on; null for what JSON
/// does not have.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "null".into();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent @ (..=-5 | 16..)) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => format!("{value:?}"),
    }
}
