//! The hashes in `run.json`: every file is the one that was written, and none has come in beside them.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use rayon::prelude::*;

use crate::verify::{Context, Findings, Problem, Verified};

pub(super) fn check(context: &Context<'_>) -> Verified {
    let outputs = &context.description.outputs;
    if outputs.is_empty() {
        return Findings::of("run.json").skipped("hashes");
    }
    let wrong = outputs.par_iter().filter_map(|(path, expected)| {
        let problem = match file_hash(&context.bundle.join(path)) {
            Ok(hash) if hash.eq_ignore_ascii_case(expected) => return None,
            Ok(_) => Problem::HashDiffers,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Problem::FileMissing,
            Err(_) => Problem::FileUnreadable,
        };
        Some((path.clone(), problem))
    });
    let wrong: Vec<_> = wrong.collect();
    let mut findings = Findings::of("run.json");
    for (path, problem) in wrong {
        let mut of_file = Findings::of(path);
        of_file.add("", problem);
        findings.join(of_file);
    }
    let mut present = BTreeSet::new();
    list(context.bundle, "", &mut present);
    // Thousands of tiles of a directory may be left out together; then none of them is listed.
    let folders_without_hashes = |path: &str| path.starts_with("tiles/") && !outputs.keys().any(|p| p.starts_with("tiles/"));
    for path in present.iter().filter(|p| *p != "run.json" && !outputs.contains_key(*p) && !folders_without_hashes(p)) {
        let mut of_file = Findings::of(path.clone());
        of_file.add("", Problem::NotListed);
        findings.join(of_file);
    }
    findings.into_part(vec![("hashes", outputs.len() as u64)])
}

fn list(folder: &Path, prefix: &str, paths: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{path}/"), paths);
        } else {
            paths.insert(path);
        }
    }
}

/// BLAKE3 as hexadecimal text, what the program `b3sum` tells.
fn file_hash(path: &Path) -> std::io::Result<String> {
    Ok(blake3::Hasher::new().update_reader(File::open(path)?)?.finalize().to_hex().to_string())
}
