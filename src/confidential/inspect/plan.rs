//! A plan ready to run, from what was recognised.

use std::fmt::Write;

use super::column::{ColumnFinding, Role};
use super::words::{any, slug};
use super::{Inspection, PositionFinding};

/// How many dimensions the plan counts by; more are proposed as comments.
const DIMENSIONS: usize = 3;
/// Age bands of German social reporting (lower edges; the last is open).
const AGE_BANDS: &str = "[0, 3, 6, 10, 15, 18, 25, 45, 65, 80]";
/// Sizes of the grid in metres.
const SIZES_M: [u32; 5] = [100, 500, 1000, 5000, 10000];

impl Inspection {
    /// The plan as TOML. What the file does not show stands as a comment.
    pub fn plan_toml(&self) -> String {
        let mut plan = String::new();
        let dimensions = self.dimensions();
        let tables: Vec<String> = dimensions.iter().take(DIMENSIONS).map(|(name, _)| format!("[{}]", quoted(name))).collect();
        let _ = writeln!(plan, "title = {}", quoted(&self.title()));
        if tables.is_empty() {
            plan.push_str("# the total alone; add [[dimension]] and name it here to count by groups\ntables = [[]]\n");
        } else {
            let _ = writeln!(plan, "tables = [{}]", tables.join(", "));
        }
        if !self.has_header {
            plan.push_str(
                "# the first row looks like a record: put a row with column names on top of the file, then inspect it again\n",
            );
        }
        self.write_source(&mut plan);
        self.write_position(&mut plan);
        for (place, (name, column)) in dimensions.iter().enumerate() {
            write_dimension(&mut plan, name, column, place >= DIMENSIONS);
        }
        if let Some(born) = self.columns.iter().find(|column| column.role == Some(Role::DateOfBirth)) {
            let column = quoted(&born.name);
            let _ = write!(
                plan,
                "\n# bands of the age at the reference date (add [date])\n# [[dimension]]\n# name = \"age_on_date\"\n# column = {column}\n# birth = true\n# bands = {AGE_BANDS}\n"
            );
        }
        for column in self.columns.iter().filter(|column| column.role == Some(Role::Measure)) {
            let (name, column) = (quoted(&slug(&column.name)), quoted(&column.name));
            let _ = write!(plan, "\n# sums instead of counts\n# [[measure]]\n# name = {name}\n# column = {column}\n");
        }
        if let Some(date) = self.columns.iter().find(|column| column.role == Some(Role::ReferenceDate)) {
            let _ = write!(plan, "\n# one map for each reference date\n# [date]\n# column = {}\n", quoted(&date.name));
        }
        if let Some(id) = self.columns.iter().find(|column| column.role == Some(Role::Id)) {
            let _ = write!(plan, "\n# rejects rows that repeat an id\n# [unit]\n# id = {}\n", quoted(&id.name));
        }
        plan.push_str("\n[protection]\nmethod = \"suppress\"\nthreshold = 5\nzeros = \"public\"\n\n[output]\nfolder = \"out\"\n");
        plan
    }

    fn title(&self) -> String {
        let name = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    }

    /// Columns to count by, with a technical name each.
    fn dimensions(&self) -> Vec<(String, &ColumnFinding)> {
        let mut named: Vec<(String, &ColumnFinding)> = Vec::new();
        let mut columns: Vec<&ColumnFinding> =
            self.columns.iter().filter(|column| matches!(column.role, Some(Role::Dimension | Role::Age))).collect();
        // what planners ask for first; the sort keeps the order of the file otherwise
        columns.sort_by_key(|column| usual_name(&column.name).is_none() && column.role != Some(Role::Age));
        for column in columns {
            let mut name = usual_name(&column.name).map_or_else(|| slug(&column.name), str::to_owned);
            if named.iter().any(|(other, _)| *other == name) {
                name = slug(&column.name);
            }
            let base = name.clone();
            let mut number = 2;
            while named.iter().any(|(other, _)| *other == name) {
                name = format!("{base}_{number}");
                number += 1;
            }
            named.push((name, column));
        }
        named
    }

    fn write_source(&self, plan: &mut String) {
        let _ = write!(plan, "\n[source]\nfiles = [{}]\n", quoted(&self.file.to_string_lossy()));
        for (key, said) in [("layer", &self.layer), ("query", &self.query)] {
            if let Some(said) = said {
                let _ = writeln!(plan, "{key} = {}", quoted(said));
            }
        }
        if let Some(encoding) = self.encoding.filter(|encoding| *encoding != "ascii") {
            let _ = writeln!(plan, "encoding = {}", quoted(encoding));
        }
        for (key, sign) in [("separator", self.separator), ("decimal", self.decimal.filter(|_| self.separator.is_some()))] {
            if let Some(sign) = sign {
                let _ = writeln!(plan, "{key} = {}", quoted(&sign.to_string()));
            }
        }
    }

    fn write_position(&self, plan: &mut String) {
        match &self.position {
            Some(PositionFinding::Address(_)) => plan.push_str("\n[position.address]\n"),
            Some(PositionFinding::AreaKey { .. }) => plan.push_str("\n[position.area_keys]\n"),
            _ => plan.push_str("\n[position]\n"),
        }
        let mut sizes = SIZES_M.to_vec();
        match &self.position {
            Some(PositionFinding::Cell { column }) => {
                let _ = writeln!(plan, "cell = {}", quoted(column));
                let found = self.columns.iter().find(|other| other.name == *column).and_then(|column| column.cell_size);
                if let Some(finest) = found.map(|size| size.metres()) {
                    sizes.retain(|size| size % finest == 0 && *size > finest);
                    sizes.insert(0, finest);
                }
            }
            Some(PositionFinding::Geometry { column, system }) => {
                let _ = writeln!(plan, "geometry = {}", quoted(column));
                match system {
                    Some(_) => plan.push_str("# the reference system is the source's own\n"),
                    None => plan.push_str(
                        "# the source names no reference system: an EPSG code, a PROJ string or WKT\n# crs = \"EPSG:25832\"\n",
                    ),
                }
            }
            Some(PositionFinding::Coordinates { x, y, system, others, .. }) => {
                match system {
                    Some(system) => {
                        let _ = writeln!(plan, "crs = {}", quoted(system));
                    }
                    None => plan.push_str("# not recognised: an EPSG code, a PROJ string or WKT\n# crs = \"EPSG:25832\"\n"),
                }
                if !others.is_empty() {
                    let _ = writeln!(plan, "# would fit too: {}", others.join(", "));
                }
                let _ = writeln!(plan, "x = {}\ny = {}", quoted(x), quoted(y));
            }
            Some(PositionFinding::Address(address)) => {
                plan.push_str(
                    "# official house coordinates (HK-DE, gebref) or any table of houses\nregister = \"hauskoordinaten.txt\"\n",
                );
                for (name, column) in address.named() {
                    let _ = writeln!(plan, "{name} = {}", quoted(column));
                }
            }
            Some(PositionFinding::AreaKey { column }) => {
                let _ = writeln!(plan, "gemeinde = {}", quoted(column));
                plan.push_str(
                    "\n# areas only, no grid: the boundaries that the keys are of\n[[area]]\nname = \"gemeinde\"\nfile = \"gemeinden.geojson\"\nkey = \"AGS\"\nlabel = \"GEN\"\n",
                );
                return;
            }
            None => plan.push_str(
                "# not recognised: name the columns of the coordinates and their system, or a column with cell codes\n\
                 # crs = \"EPSG:25832\"\n# x = \"easting\"\n# y = \"northing\"\n# cell = \"GITTER_ID_100m\"\n",
            ),
        }
        let sizes: Vec<String> = sizes.iter().map(u32::to_string).collect();
        let _ = write!(plan, "\n[grid]\nsizes = [{}]\n", sizes.join(", "));
    }
}

fn write_dimension(plan: &mut String, name: &str, column: &ColumnFinding, as_comment: bool) {
    let mark = if as_comment { "# " } else { "" };
    let (name, label) = (quoted(name), quoted(&column.name));
    let _ = write!(plan, "\n{mark}[[dimension]]\n{mark}name = {name}\n{mark}column = {label}\n{mark}label = {label}\n");
    if column.role == Some(Role::Age) {
        let _ = writeln!(plan, "{mark}bands = {AGE_BANDS}");
    }
    if column.empty_percent > 0 {
        let _ = writeln!(plan, "{mark}missing = \"category\"");
    }
}

/// The technical name that other plans use for the same thing.
fn usual_name(column: &str) -> Option<&'static str> {
    match () {
        () if any(column, &["=alter", "=age", "alters", "agegroup", "lebensalter"]) => Some("age"),
        () if any(column, &["geschlecht", "=sex", "gender"]) => Some("sex"),
        () if any(column, &["staatsang", "nationalit"]) => Some("nationality"),
        () if any(column, &["leistung", "benefit"]) => Some("benefit"),
        () if any(column, &["haushalt", "household"]) => Some("household"),
        () => None,
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
