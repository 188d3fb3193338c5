//! The attack on a bundle before it is in its place.

use std::path::Path;

use serde_json::{Value, json};

use crate::audit::{self, Audited, Named};
use crate::error::{Error, Failure, Kind, Language};
use crate::pipeline::ledger::Ledger;
use crate::progress::Progress;
use crate::report::Attacked;
use crate::say;

/// Whether the bundle was attacked, and what came of it.
#[derive(Clone, Debug)]
pub enum Audit {
    /// Attacked, and nothing found out.
    Held(Box<Audited>),
    /// Not attacked, for this reason.
    Skipped {
        /// Told in `run.json`.
        reason: String,
    },
}

impl Audit {
    /// Attacks a bundle that is written but not yet in its place.
    ///
    /// # Errors
    /// If something that was withheld is found out.
    pub(super) fn of(folder: &Path, wanted: bool, progress: &dyn Progress) -> Result<Self, Error> {
        if !wanted {
            return Ok(Self::Skipped { reason: "switched off".into() });
        }
        // An attacker who takes too much for granted (say, that borders place every record) proves nothing, and stops nothing.
        let audited = match audit::audit(folder, progress) {
            Ok(audited) => audited,
            Err(error) if error.kind() == Kind::Check => {
                return Ok(Self::Skipped { reason: "the numbers contradict what the audit takes for granted".into() });
            }
            Err(error) => return Err(error),
        };
        match audited.at_risk {
            0 => Ok(Self::Held(Box::new(audited))),
            at_risk => {
                let found = audited.attempts.iter().map(|a| (a.named, a.found)).filter(|&(_, found)| found > 0).collect();
                Err(AtRisk { at_risk, found }.into())
            }
        }
    }

    /// As the report has it; nothing, if it was not attacked.
    pub(super) fn to_report(&self, language: Language) -> Option<Attacked> {
        let Self::Held(audited) = self else { return None };
        Some(Attacked {
            tried: audited.attempts.iter().map(|a| (a.named.explain(language), a.attacked, a.found)).collect(),
            not_tried: audited.not_tried.iter().map(|(named, why)| (named.explain(language), why.explain(language))).collect(),
            safe: audited.safe + audited.harmless,
            at_risk: audited.at_risk,
            not_proven: audited.not_proven,
        })
    }

    /// As `run.json` has it.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Held(audited) => audited.to_json(),
            Self::Skipped { reason } => json!({"skipped": reason}),
        }
    }
}

/// Attacks a bundle together with what was released before; gives a line for the user.
///
/// # Errors
/// If something that one of them withholds is found out.
pub(super) fn with_earlier(
    ledger: &Ledger,
    (bundle, language): (&Path, Language),
    progress: &dyn Progress,
) -> Result<String, Error> {
    let mut all = ledger.earlier(bundle)?;
    let earlier = all.len();
    if earlier == 0 {
        return Ok(say!(language, "the first release in the ledger", "die erste Veröffentlichung im Verzeichnis"));
    }
    all.insert(0, bundle.to_owned());
    let audited = audit::audit_together(&all, progress)?;
    if audited.at_risk > 0 {
        let found = audited.attempts.iter().map(|a| (a.named, a.found)).filter(|&(_, found)| found > 0).collect();
        return Err(Differencing { earlier, at_risk: audited.at_risk, found }.into());
    }
    let apart = audited.not_tried.iter().find(|(named, _)| *named == Named::EarlierReleases);
    Ok(match apart {
        Some((_, why)) => {
            let why = why.explain(language);
            say!(
                language,
                "{earlier} earlier releases in the ledger, not attacked together with this one: {why}",
                "{earlier} frühere Veröffentlichungen im Verzeichnis, nicht zusammen mit dieser angegriffen: {why}"
            )
        }
        None => say!(
            language,
            "attacked together with {earlier} earlier releases in the ledger: nothing found out",
            "zusammen mit {earlier} früheren Veröffentlichungen im Verzeichnis angegriffen: nichts ermittelt"
        ),
    })
}

/// Withheld numbers follow from this release and earlier ones together: nothing is published.
#[derive(Debug)]
struct Differencing {
    earlier: usize,
    at_risk: u64,
    found: Vec<(Named, u64)>,
}

impl Failure for Differencing {
    fn kind(&self) -> Kind {
        Kind::Check
    }

    fn explain(&self, language: Language) -> String {
        let found: Vec<String> = self.found.iter().map(|(named, found)| format!("{} {found}", named.explain(language))).collect();
        let (earlier, at_risk, found) = (self.earlier, self.at_risk, found.join(", "));
        say!(
            language,
            "together with {earlier} earlier releases in the ledger {at_risk} numbers are found out that must not be told ({found}); no bundle was written: \
             release the same sizes, tables, areas and threshold as before, or withhold more",
            "zusammen mit {earlier} früheren Veröffentlichungen im Verzeichnis werden {at_risk} Zahlen ermittelt, die nicht bekannt werden dürfen ({found}); es wurde \
             kein Paket geschrieben: dieselben Größen, Tabellen, Gebiete und dieselbe Schwelle wie früher veröffentlichen oder mehr sperren"
        )
    }
}

/// Withheld numbers can be found out: nothing is published.
#[derive(Debug)]
struct AtRisk {
    at_risk: u64,
    found: Vec<(Named, u64)>,
}

impl Failure for AtRisk {
    fn kind(&self) -> Kind {
        Kind::Check
    }

    fn explain(&self, language: Language) -> String {
        let found: Vec<String> = self.found.iter().map(|(named, found)| format!("{} {found}", named.explain(language))).collect();
        let (at_risk, found) = (self.at_risk, found.join(", "));
        say!(
            language,
            "the audit found out {at_risk} numbers that must not be told ({found}); no bundle was written: withhold more (a larger threshold, fewer sizes or tables), \
             or look at the places: with --no-audit the bundle is written for you alone, and `kleinraum audit` names them",
            "das Audit hat {at_risk} Zahlen ermittelt, die nicht bekannt werden dürfen ({found}); es wurde kein Paket geschrieben: mehr sperren (größere Schwelle, \
             weniger Größen oder Tabellen) oder die Stellen ansehen: mit --no-audit wird das Paket nur für Sie geschrieben, und `kleinraum audit` nennt sie"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::pipeline::folder::{BundleFolder, MANIFEST};
    use crate::progress::Silent;

    /// One cell: its total, one group and, if told, the other.
    fn write(folder: &Path, other: Option<i64>) {
        let field = |table: &str, group: &str| json!({"table": table, "group": group});
        let run = json!({
            "protection": {"method": "suppress", "parameters": {"threshold": "5", "zeros": "public"}},
            "records": {"placed": {"count": 8}},
            "fields": [field("total", ""), field("sex", "f"), field("sex", "m")],
            "layers": [{"level": "100m", "date": null}],
        });
        std::fs::write(folder.join(MANIFEST), run.to_string()).unwrap();
        let text = |texts: [&str; 3]| Arc::new(StringArray::from_iter_values(texts)) as ArrayRef;
        let status = if other.is_some() { "value" } else { "suppressed" };
        let columns: Vec<(&str, ArrayRef, bool)> = vec![
            ("date", Arc::new(StringArray::from(vec![None::<&str>; 3])), true),
            ("level", text(["100m"; 3]), false),
            ("id", text(["CRS3035RES100mN3380000E4321000"; 3]), false),
            ("table", text(["total", "sex", "sex"]), false),
            ("group", text(["", "f", "m"]), false),
            ("value", Arc::new(Int64Array::from(vec![Some(8), other, None])), true),
            ("status", text(["value", status, "suppressed"]), false),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let mut writer =
            ArrowWriter::try_new(File::create(folder.join("release.parquet")).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn what_is_found_out_leaves_no_bundle() {
        let home = tempfile::tempdir().unwrap();
        let folder = BundleFolder::create(&home.path().join("out")).unwrap();
        write(folder.path(), None);
        assert!(matches!(Audit::of(folder.path(), true, &Silent), Ok(Audit::Held(_))));
        write(folder.path(), Some(6));
        let error = Audit::of(folder.path(), true, &Silent).unwrap_err();
        assert_eq!(error.kind(), Kind::Check);
        assert!(error.explain(Language::English).contains("found out 1 numbers"), "{}", error.explain(Language::English));
        assert!(matches!(Audit::of(folder.path(), false, &Silent), Ok(Audit::Skipped { .. })));
        drop(folder);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
