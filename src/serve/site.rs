//! The page and a bundle as files for any web space that serves ranges.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::serve::background::{self, Background};
use crate::serve::error::ServeError;
use crate::serve::library::Library;
use crate::serve::{page, page_data};

/// Writes the page with one or more bundles, over a background map if one is given, into `folder`, which is made if it is missing; gives how many files that were.
///
/// # Errors
/// If a bundle cannot be read or has no `tiles.pmtiles`, this program has no page, or the folder cannot be written.
pub fn write_site(bundles: &[PathBuf], folder: &Path, background: Option<&Background>) -> Result<usize, ServeError> {
    if !page::has_page() {
        return Err(ServeError::NoPage);
    }
    let library = Library::open(bundles)?;
    let mut written = 0;
    let mut write = |name: &str, bytes: &[u8]| -> Result<(), ServeError> {
        let file = folder.join(name);
        let parent = file.parent().unwrap_or(folder);
        let failed = |e: std::io::Error| ServeError::Unwritable { file: file.clone(), reason: e.kind() };
        fs::create_dir_all(parent).map_err(failed)?;
        fs::write(&file, bytes).map_err(failed)?;
        written += 1;
        Ok(())
    };
    for (name, bytes) in page::FILES {
        write(name, bytes)?;
    }
    let mut list = Vec::new();
    for bundle in library.all() {
        let name = &bundle.name;
        if bundle.tiles.is_none() {
            return Err(ServeError::Tiles { file: bundle.stock.folder.join("tiles.pmtiles") });
        }
        list.push(json!({"name": name, "title": bundle.stock.title}));
        let description = page_data::description(&bundle.stock, (name, &bundle.version), bundle.bounds);
        write(&format!("b/{name}/about.json"), description.to_string().as_bytes())?;
        for (at, shelf) in bundle.stock.shelves.iter().enumerate() {
            let level = page_data::level(shelf, &bundle.boxes[at]);
            write(&format!("b/{name}/level/{}.json", shelf.name), level.to_string().as_bytes())?;
            if !bundle.outlines[at].is_empty() {
                let outlines = json!(bundle.outlines[at]);
                write(&format!("b/{name}/outlines/{}.json", shelf.name), outlines.to_string().as_bytes())?;
            }
        }
        for file in ["tiles.pmtiles", "report.html"] {
            if let Ok(bytes) = fs::read(bundle.stock.folder.join(file)) {
                write(&format!("b/{name}/{file}"), &bytes)?;
            }
        }
    }
    write("page.json", background::settings(false, background).to_string().as_bytes())?;
    write("bundles.json", json!(list).to_string().as_bytes())?;
    Ok(written)
}
