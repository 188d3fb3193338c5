//! How much memory a plan allows.

use crate::config::PlanError;
use crate::error::Language;
use crate::pipeline::job::impossible;
use crate::pipeline::stopwatch::StageTime;
use crate::say;

/// Less than this serves nobody: threads alone hold as much.
const LEAST_BYTES: u64 = 64 << 20;

/// The bytes of `2GiB`, `500 MB` or `2G`; a unit with i or of one letter is a power of 1024.
pub(super) fn memory_bytes(text: &str) -> Result<u64, PlanError> {
    let wrong = || impossible("memory", text, "an amount from 64MiB, for example 2GiB", "eine Menge ab 64MiB, zum Beispiel 2GiB");
    let digits = text.trim().find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.trim().len());
    let (number, unit) = text.trim().split_at(digits);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    let bytes = number * unit as f64;
    if !(LEAST_BYTES as f64..=(1_u64 << 50) as f64).contains(&bytes) {
        return Err(wrong());
    }
    Ok(bytes as u64)
}

/// What is to be said where a run used more: cells and groups, and what protects them, cannot wait on disk.
pub(super) fn exceeded(allowed_bytes: u64, stages: &[StageTime], language: Language) -> Option<String> {
    let used_bytes = stages.iter().filter_map(|stage| stage.peak_memory_bytes).max().filter(|&used| used > allowed_bytes)?;
    let [used, allowed] = [used_bytes, allowed_bytes].map(|bytes| bytes >> 20);
    Some(say!(
        language,
        "{used} MiB of memory were used, {allowed} allowed: records waited on disk, but cells and groups are in memory; fewer tables or coarser cells take less",
        "{used} MiB Speicher wurden gebraucht, {allowed} erlaubt: Datensätze haben auf der Platte gewartet, aber Zellen und Gruppen sind im Speicher; \
         weniger Tabellen oder gröbere Zellen brauchen weniger"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_all_usual_units() {
        for (text, bytes) in [
            ("2GiB", 2 << 30),
            ("2g", 2 << 30),
            (" 1.5 GiB ", 3 << 29),
            ("500 MB", 500_000_000),
            ("64MiB", 64 << 20),
            ("100000000", 100_000_000),
        ] {
            assert_eq!(memory_bytes(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "GiB", "2 Gulden", "-2GiB", "1MiB", "9999TiB", "1.2.3GiB"] {
            assert!(memory_bytes(text).is_err(), "{text}");
        }
    }
}
