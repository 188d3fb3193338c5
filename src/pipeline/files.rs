//! Names of files with `*` and `?` in them, and the files that they stand for.

use std::path::{Path, PathBuf};

use crate::confidential::is_path;
use crate::config::PlanError;

/// The files, patterns replaced by what fits them in the order of names. A file that exists under the very name is no pattern; folders are none.
pub(super) fn expanded(files: &[PathBuf]) -> Result<Vec<PathBuf>, PlanError> {
    let mut all = Vec::new();
    for file in files {
        let pattern = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !pattern.contains(['*', '?']) || !is_path(file) || file.exists() {
            all.push(file.clone());
            continue;
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(folder).map_err(|source| PlanError::Unreadable { file: folder.into(), source })?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .filter(|entry| fits(&pattern, &entry.file_name().to_string_lossy()) && entry.path().is_file())
            .map(|entry| file.with_file_name(entry.file_name()))
            .collect();
        if found.is_empty() {
            return Err(PlanError::Impossible {
                key: "source.files".into(),
                found: file.display().to_string(),
                expected: "a name that files fit",
                expected_german: "ein Name, zu dem es Dateien gibt",
            });
        }
        found.sort_unstable();
        all.append(&mut found);
    }
    Ok(all)
}

/// Whether a name fits a pattern: `*` stands for any signs, `?` for one.
fn fits(pattern: &str, name: &str) -> bool {
    let mut signs = pattern.chars();
    match signs.next() {
        None => name.is_empty(),
        Some('*') => (0..=name.len()).any(|at| name.is_char_boundary(at) && fits(signs.as_str(), &name[at..])),
        Some(sign) => {
            let mut rest = name.chars();
            rest.next().is_some_and(|other| sign == '?' || sign == other) && fits(signs.as_str(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("persons_20??.csv", "persons_2024.csv", true),
            ("persons_20??.csv", "persons_204.csv", false),
            ("*ä*", "Ämterä.csv", true),
            ("a", "a", true),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_become_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "c.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let files = expanded(&[folder.path().join("c.txt"), folder.path().join("*.csv")]).unwrap();
        assert_eq!(files, ["c.txt", "a.csv", "b.csv"].map(|name| folder.path().join(name)));
        assert!(expanded(&[folder.path().join("*.xlsx")]).is_err());
    }
}
