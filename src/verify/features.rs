//! Features of a format without rules of its own for attributes: each unit once, with the ids, numbers and statuses of `release.parquet`.

use crate::verify::published::PublishedLayer;
use crate::verify::values::{Shown, compare};
use crate::verify::{Context, Findings, Problem};

/// A feature as a file tells it.
#[derive(Debug, Default)]
pub(super) struct Feature {
    pub(super) fid: Option<i64>,
    pub(super) id: Option<String>,
    pub(super) size_m: Option<i64>,
    /// For each field of the description what stands there, and its status.
    pub(super) numbers: Vec<(Shown, Option<String>)>,
}

/// A layer of a file while it is read.
pub(super) struct Reading<'r> {
    context: &'r Context<'r>,
    published: &'r PublishedLayer,
    seen: Vec<bool>,
    pub(super) count: u64,
}

impl<'r> Reading<'r> {
    pub(super) fn of(context: &'r Context<'r>, layer: usize) -> Self {
        let published = &context.published.layers[layer];
        Self { context, published, seen: vec![false; published.len()], count: 0 }
    }

    /// Takes the next feature; gives its unit's id for further findings.
    pub(super) fn take(&mut self, feature: &Feature, findings: &mut Findings) -> String {
        self.count += 1;
        let published = self.published;
        let row = feature.fid.and_then(|fid| u64::try_from(fid).ok()).and_then(|fid| published.row(fid));
        let Some(row) = row else {
            let place = format!("feature {}", self.count);
            findings.add(place.clone(), Problem::UnitUnknown);
            return place;
        };
        let id = published.unit_id(row);
        if std::mem::replace(&mut self.seen[row], true) {
            findings.add(id.clone(), Problem::UnitTwice);
        }
        if feature.id.as_deref() != Some(id.as_str()) {
            findings.add(id.clone(), Problem::UnitIds);
        }
        if feature.size_m != published.size_m(row) {
            findings.add(id.clone(), Problem::SizeWrong);
        }
        let fields = &self.context.description.fields;
        for ((field, &told), (shown, status)) in fields.iter().zip(published.numbers(row)).zip(&feature.numbers) {
            if let Some(problem) = compare(told, *shown, status.as_deref()) {
                findings.add(format!("{id}, {}", field.name), problem);
            }
        }
        id
    }

    /// Tells the units that did not come.
    pub(super) fn end(self, findings: &mut Findings) -> u64 {
        for row in (0..self.seen.len()).filter(|&row| !self.seen[row]) {
            findings.add(self.published.unit_id(row), Problem::UnitMissing);
        }
        self.count
    }
}

/// A check of one file a layer, in a folder of the format's name.
pub(super) fn check_files(
    context: &Context<'_>,
    (format, ending): (&'static str, &str),
    check: impl Fn(usize, &std::path::Path, &mut Findings) -> Result<u64, Problem> + Sync,
) -> crate::verify::Verified {
    use rayon::prelude::*;
    if !context.description.has(format) {
        return Findings::of(format).skipped(format);
    }
    let one = |layer: usize| {
        let path = format!("{format}/{}.{ending}", context.description.layers[layer].name);
        let mut findings = Findings::of(path.clone());
        let count = check(layer, &context.bundle.join(path), &mut findings).unwrap_or_else(|problem| {
            findings.add("", problem);
            0
        });
        (count, findings)
    };
    let layers: Vec<(u64, Findings)> = (0..context.description.layers.len()).into_par_iter().map(one).collect();
    let (mut all, mut features) = (Findings::of(format), 0);
    for (count, findings) in layers {
        features += count;
        all.join(findings);
    }
    all.into_part(vec![(format, features)])
}
