//! What every file says about itself: the method that protected the numbers, and its parameters.

use crate::confidential::Release;

/// One line: `protection: suppress; threshold: 5; zeros: secret`.
pub(super) fn protection_line(release: &Release) -> String {
    let mut line = format!("protection: {}", release.method);
    for (name, value) in &release.parameters {
        line.push_str(&format!("; {name}: {value}"));
    }
    line
}

/// The parameters as a JSON object, in their order.
pub(super) fn parameters_json(release: &Release) -> serde_json::Value {
    let entry = |(name, value): &(&'static str, String)| ((*name).to_owned(), value.clone().into());
    serde_json::Value::Object(release.parameters.iter().map(entry).collect())
}
