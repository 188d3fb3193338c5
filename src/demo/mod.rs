//! The demo's input: a seeded, invented population of Kreis Pinneberg, the boundaries of its 49 municipalities, and a plan.
//!
//! In: the municipalities' totals by sex and their boundaries (`data/`, with sources). Out: a CSV in the dialect of a German office, a GeoJSON and a
//! TOML file. Only the totals are real; places, households and everything about persons are drawn at random. Same seed: the same bytes on every
//! machine, because everything behind the projection of the boundaries is integer or exactly rounded arithmetic. Uses `geodesy`; used by `pipeline`.

mod facts;
mod household;
mod random;
mod settlement;
mod writer;

use std::path::{Path, PathBuf};

use crate::error::{Error, Failure, Kind, Language};
use crate::say;

/// How the demo is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Protection {
    /// Small numbers are withheld; age, sex and benefit each by itself.
    #[default]
    Suppress,
    /// Every number is rounded; age and benefit are crossed too, with children under three by themselves.
    Round,
}

/// The boundaries of the 49 municipalities in WGS 84, with the attributes `AGS` and `GEN`. © GeoBasis-DE / BKG (data changed: simplified).
pub fn boundaries_geojson() -> &'static str {
    facts::BOUNDARIES
}

/// Writes the population as CSV (`;`, decimal comma, UTF-8; EPSG:25832); returns how many persons there are: 316 103. Takes under a second.
///
/// Columns: `id`, `haushalt`, `x_25832`, `y_25832`, `alter` (years), `geschlecht` (`m`, `w`), `staatsangehoerigkeit` (`deutsch`, `EU`, `übriges Europa`,
/// `übrige`), `leistung` (`keine`, `SGB II`, `Grundsicherung`, `Wohngeld`, `AsylbLG`). Persons of a household share address, `haushalt` and `leistung`.
///
/// # Errors
/// If the file cannot be written.
pub fn write_population(path: &Path, seed: u64) -> Result<u64, Error> {
    let municipalities = facts::municipalities()?;
    writer::write(path, &municipalities, seed).map_err(|e| DemoError { path: path.into(), reason: e.kind() }.into())
}

/// The plan of the demo, for input files beside it: `personen.csv`, `gemeinden.geojson`, and with `round` the key file [`KEY_FILE`]; the bundle goes to
/// `output_folder`.
pub fn plan_toml(protection: Protection, output_folder: &str) -> String {
    let plan = match protection {
        Protection::Suppress => PLAN.to_owned(),
        Protection::Round => PLAN
            .replace(r#"["leistung"]]"#, r#"["leistung"], ["alter", "leistung"]]"#)
            .replace("bands = [0, 6,", "bands = [0, 3, 6,")
            .replace("method = \"suppress\"\nthreshold = 5", "method = \"round\"\nbase = 5")
            .replace("id = \"id\"", &format!("id = \"id\"\nkey = \"{KEY_FILE}\"")),
    };
    plan.replace("OUTPUT", &output_folder.replace('\\', "/"))
}

/// Name of the key file beside the plan that rounds.
pub const KEY_FILE: &str = "schluessel.key";

/// Writes `personen.csv`, `gemeinden.geojson` and `plan.toml` into `folder`, which is made if it is missing; returns the plan's path. The plan
/// puts the bundle beside `folder`; the key that `round` needs is the caller's to make.
///
/// # Errors
/// If the folder or a file cannot be written.
pub fn write_input(folder: &Path, seed: u64, protection: Protection) -> Result<PathBuf, Error> {
    let failed = |path: &Path, e: &std::io::Error| DemoError { path: path.into(), reason: e.kind() };
    std::fs::create_dir_all(folder).map_err(|e| failed(folder, &e))?;
    write_population(&folder.join("personen.csv"), seed)?;
    let boundaries = folder.join("gemeinden.geojson");
    std::fs::write(&boundaries, boundaries_geojson()).map_err(|e| failed(&boundaries, &e))?;
    let plan = folder.join("plan.toml");
    std::fs::write(&plan, plan_toml(protection, "../bundle")).map_err(|e| failed(&plan, &e))?;
    Ok(plan)
}

const PLAN: &str = r#"# The demo: an invented population of Kreis Pinneberg. Only the totals of the municipalities are real.
title = "Kreis Pinneberg (erfundene Bevölkerung)"
attribution = "erfundene Bevölkerung; Grenzen © GeoBasis-DE / BKG (verändert: vereinfacht); Einwohnerzahlen: Destatis, GV-ISys 31.12.2019"
language = "de"
tables = [["alter"], ["geschlecht"], ["leistung"]]

[source]
files = ["personen.csv"]
encoding = "utf-8"
separator = ";"
decimal = ","

[position]
crs = "EPSG:25832"
x = "x_25832"
y = "y_25832"

[grid]
sizes = [100, 500, 1000, 5000, 10000]

[[area]]
name = "gemeinde"
file = "gemeinden.geojson"
key = "AGS"
label = "GEN"

[[dimension]]
name = "alter"
column = "alter"
label = "Alter"
bands = [0, 6, 18, 30, 50, 65, 80]

[[dimension]]
name = "geschlecht"
column = "geschlecht"
label = "Geschlecht"
categories = ["m", "w"]

[[dimension]]
name = "staatsangehoerigkeit"
column = "staatsangehoerigkeit"
label = "Staatsangehörigkeit"
categories = ["deutsch", "EU", "übriges Europa", "übrige"]

[[dimension]]
name = "leistung"
column = "leistung"
label = "Leistung"
categories = ["keine", "SGB II", "Grundsicherung", "Wohngeld", "AsylbLG"]

[protection]
method = "suppress"
threshold = 5

[date]
value = "2019-12-31"

[unit]
id = "id"

[report]
purpose = "Vorführung des Programms mit erfundenen Personen"
legal_basis = "keine nötig: keine Personendaten"

[output]
folder = "OUTPUT"
"#;

/// The demo's input cannot be written.
#[derive(Debug)]
pub struct DemoError {
    path: PathBuf,
    reason: std::io::ErrorKind,
}

impl Failure for DemoError {
    fn kind(&self) -> Kind {
        Kind::InputOutput
    }

    fn explain(&self, language: Language) -> String {
        let (path, reason) = (self.path.display(), self.reason);
        say!(
            language,
            "{path}: cannot be written ({reason}); name another folder",
            "{path}: lässt sich nicht schreiben ({reason}); einen anderen Ordner nennen"
        )
    }
}

#[cfg(test)]
mod tests;
