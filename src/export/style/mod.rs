//! How layers look in desktop programs and portals: QML, SLD, the stored QGIS project, legends. All from [`Symbology`], so that a class has
//! the same colour everywhere; the skeletons of the files are templates in `styles/`.

mod filter;
mod legend;
mod project;
mod qml;
mod rule;
mod sld;

use std::fs;
use std::path::{Path, PathBuf};

use crate::confidential::Release;
use crate::error::Error;
use crate::export::{ExportError, ExportOptions, about};
use crate::layer::{Layer, Pair, Symbology, layers};

pub(super) use legend::legend;
pub(super) use project::{Project, StoredLayer};
pub(super) use qml::{qml, qml_body};
pub(super) use rule::{Look, Rule, rules};
pub(super) use sld::sld;

/// One number of one layer, or two, as counts or as parts of the total.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    pub(super) layer: &'s Layer<'s>,
    pub(super) symbology: &'s Symbology,
    pub(super) options: &'s ExportOptions,
    pub(super) column: usize,
    pub(super) share: bool,
    /// The map of two numbers, if it is one; `column` is the first of them.
    pub(super) pair: Option<&'s Pair>,
}

impl Subject<'_> {
    /// Its name for readers.
    pub(super) fn title(&self) -> String {
        let of = |column: usize| about::label(&self.layer.fields[column], self.options.language);
        let label = self.pair.map_or_else(|| of(self.column), |pair| pair.columns.map(of).join(" × "));
        if self.share { format!("{label} (%)") } else { label }
    }

    /// Its name in file names.
    pub(super) fn stem(&self) -> String {
        if let Some(pair) = self.pair {
            return format!("{}_{}", self.layer.name, pair.name);
        }
        let field = &self.layer.fields[self.column].name;
        format!("{}_{field}{}", self.layer.name, if self.share { "_share" } else { "" })
    }
}

/// All subjects of a layer that have a style, the one shown first in front, then maps of two numbers.
pub(super) fn subjects<'s>(layer: &'s Layer<'s>, symbology: &'s Symbology, options: &'s ExportOptions) -> Vec<Subject<'s>> {
    let of_column = |column: usize| {
        let shares = symbology.theme(layer.level, column).shares.as_ref().filter(|shares| !shares.0.is_empty());
        let subject = move |share| Subject { layer, symbology, options, column, share, pair: None };
        std::iter::once(subject(false)).chain(shares.map(|_| subject(true)))
    };
    let styled = Symbology::styled(layer.lattice).into_iter().filter(|&column| column < layer.fields.len());
    let mut subjects: Vec<_> = styled.flat_map(of_column).collect();
    let drawn = symbology.pairs().iter().filter(|pair| !pair.theme(layer.level).classes().is_empty());
    let of_pair =
        |pair: &'s Pair| Subject { layer, symbology, options, column: pair.columns[0], share: pair.share, pair: Some(pair) };
    let after = subjects.len().min(1);
    subjects.splice(after..after, drawn.map(of_pair));
    subjects
}

/// Writes `legend.json` and, below `styles/`, QML and SLD of what each layer shows first and of maps of two numbers. Returns the files.
pub(super) fn write(
    release: &Release,
    symbology: &Symbology,
    options: &ExportOptions,
    folder: &Path,
) -> Result<Vec<PathBuf>, Error> {
    let styles = folder.join("styles");
    fs::create_dir_all(&styles).map_err(|e| ExportError::io(&styles, &e))?;
    let text = serde_json::to_string_pretty(&legend(release, symbology, options)?).expect("a legend is JSON") + "\n";
    let mut files = vec![(folder.join("legend.json"), text)];
    let layers = layers(release);
    let own = |layer| subjects(layer, symbology, options).into_iter().enumerate().filter(|(i, s)| *i == 0 || s.pair.is_some());
    for (_, subject) in layers.iter().flat_map(own) {
        files.push((styles.join(format!("{}.qml", subject.stem())), qml(&subject)));
        files.push((styles.join(format!("{}.sld", subject.stem())), sld(&subject)));
    }
    for (path, text) in &files {
        fs::write(path, text).map_err(|e| ExportError::io(path, &e))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// A template with its `{{names}}` filled in. Every name must be in the template, and none be left.
fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("a name ends");
        text.push_str(before);
        text.push_str(parts.iter().find(|(other, _)| *other == name).expect("every name has a part").1);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Text as XML takes it, in elements and attributes.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // No character of XML 1.0.
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => {}
            c => out.push(c),
        }
    }
    out
}
