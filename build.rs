//! Puts the planner's page and its glyph files into the program: the built files in `styles/page/dist`, or, where that folder is missing and Node.js is there, built
//! below `OUT_DIR` by npm. Without either the program is built all the same, and its server says how to get the page. `KLEINRAUM_PAGE=off`
//! leaves npm alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

const SOURCES: [&str; 7] =
    ["src", "glyphs.mjs", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=KLEINRAUM_PAGE");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let page = Path::new("styles/page");
    for source in SOURCES.iter().chain(&["dist"]).map(|name| page.join(name)).filter(|path| path.exists()) {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    let built = match page.join("dist/index.html").is_file() {
        true => Some(page.join("dist")),
        false => build(page, &out),
    };
    let mut files = Vec::new();
    if let Some(dist) = built.and_then(|dist| fs::canonicalize(dist).ok()) {
        collect(&dist, "", &mut files).expect("the page's files can be read");
    }
    files.sort();
    let entries = files.iter().map(|(name, path)| format!("    ({name:?}, include_bytes!({path:?})),\n"));
    let list = format!("&[\n{}]\n", entries.collect::<String>());
    fs::write(out.join("page.rs"), list).expect("OUT_DIR can be written");
}

/// Builds the page below `out`; none where that does not work.
fn build(page: &Path, out: &Path) -> Option<PathBuf> {
    let npm = env::var_os("NPM").unwrap_or_else(|| if cfg!(windows) { "npm.cmd" } else { "npm" }.into());
    let there = Command::new(&npm).arg("--version").output().is_ok_and(|o| o.status.success());
    if env::var("KLEINRAUM_PAGE").is_ok_and(|v| v == "off") || !there {
        return None;
    }
    let folder = out.join("page");
    let _ = fs::remove_dir_all(&folder);
    for name in SOURCES {
        copy(&page.join(name), &folder.join(name)).ok()?;
    }
    for words in [&["ci", "--no-audit", "--no-fund", "--silent"][..], &["run", "build", "--silent"]] {
        // What npm says belongs to nobody's build output.
        let done = Command::new(&npm).args(words).current_dir(&folder).output();
        if !done.as_ref().is_ok_and(|output| output.status.success()) {
            println!("cargo:warning=the planner's page is left out: npm {} failed", words.join(" "));
            return None;
        }
    }
    Some(folder.join("dist"))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::create_dir_all(to.parent().expect("a file has a folder"))?;
    fs::copy(from, to).map(drop)
}

fn collect(folder: &Path, below: &str, files: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => collect(&entry.path(), &format!("{name}/"), files)?,
            false => files.push((name, entry.path().to_string_lossy().into_owned())),
        }
    }
    Ok(())
}
