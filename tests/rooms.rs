//! The rooms keep their order: a room's sources name only rooms before it, and only `disclosure` takes a raw count out.

use std::path::{Path, PathBuf};

/// Top-level rooms, in the order data flows.
const ROOMS: [&str; 18] = [
    "error",
    "progress",
    "simd",
    "geodesy",
    "grid",
    "area",
    "confidential",
    "layer",
    "tiling",
    "export",
    "report",
    "verify",
    "audit",
    "ask",
    "serve",
    "config",
    "demo",
    "pipeline",
];

/// Rooms inside `confidential`, in the order data flows.
const CLOSED: [&str; 9] =
    ["account", "lattice", "raw_count", "secret", "records", "inspect", "georeference", "cube", "disclosure"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false if path.extension().is_some_and(|e| e == "rs") => found.push(path),
            false => {}
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The names that follow `prefix` in a line of code (comments left out).
fn named_after<'l>(line: &'l str, prefix: &'l str) -> impl Iterator<Item = &'l str> {
    let code = line.split("//").next().unwrap_or("");
    code.split(prefix).skip(1).map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(""))
}

fn violations(folder: &Path, order: &[&str], prefix: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in sources(folder) {
        let inside = path.strip_prefix(folder).unwrap().components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let room = inside.trim_end_matches(".rs");
        let Some(own) = order.iter().position(|r| *r == room) else { continue };
        for (number, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            for used in named_after(line, prefix) {
                if order.iter().position(|r| *r == used).is_some_and(|at| at > own) {
                    wrong.push(format!("{}:{}: {room} uses {used}", path.display(), number + 1));
                }
            }
        }
    }
    wrong
}

#[test]
fn rooms_use_only_rooms_before_them() {
    assert_eq!(violations(&root(), &ROOMS, "crate::"), Vec::<String>::new());
}

#[test]
fn the_closed_room_keeps_its_order() {
    assert_eq!(violations(&root().join("confidential"), &CLOSED, "crate::confidential::"), Vec::<String>::new());
}

#[test]
fn a_violation_would_be_seen() {
    let order = ["error", "confidential"];
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("error.rs"), "use crate::confidential::Release; // crate::error\n").unwrap();
    assert_eq!(violations(folder.path(), &order, "crate::").len(), 1);
}

#[test]
fn every_room_is_in_the_order() {
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
        assert!(
            ROOMS.contains(&name.as_str()) || ["lib", "main", "cli"].contains(&name.as_str()),
            "{name} has no place in the order"
        );
    }
}

#[test]
fn raw_numbers_are_taken_out_in_disclosure_only() {
    let closed = root().join("confidential");
    for path in sources(&root()) {
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains(".expose(") {
            assert!(path.starts_with(closed.join("disclosure")), "{} takes raw numbers out", path.display());
        }
    }
}

#[test]
fn the_closed_room_does_not_print() {
    let is_test = |path: &PathBuf| path.file_name().is_some_and(|name| name == "tests.rs");
    for path in sources(&root().join("confidential")).into_iter().filter(|path| !is_test(path)) {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in ["println!", "eprintln!", "dbg!"] {
            assert!(!code.contains(word), "{} prints", path.display());
        }
    }
}
