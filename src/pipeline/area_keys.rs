//! What a plan's area keys mean: runs without a grid, where records name their areas or a table of streets does.

use crate::confidential::{Dialect, PositionSource, StreetTableColumns, StreetTableSource, StreetTableSpec};
use crate::config::{Plan, PlanError};
use crate::grid::{GridSizes, SizeError};
use crate::pipeline::address::{address_columns, unmatched};
use crate::pipeline::job::impossible;

/// The sizes that a plan declares; none where only areas are wanted.
pub(super) fn sizes(plan: &Plan) -> Result<GridSizes, SizeError> {
    match plan.grid.sizes.as_deref() {
        None if plan.position.area_keys.is_empty() && plan.position.street_table.is_none() => Ok(GridSizes::default()),
        None => Ok(GridSizes::none()),
        Some([]) if !plan.area.is_empty() => Ok(GridSizes::none()),
        Some(sizes) => GridSizes::new(sizes),
    }
}

/// Positions by area keys, if the plan has any.
pub(super) fn position(plan: &Plan) -> Result<Option<PositionSource>, PlanError> {
    let p = &plan.position;
    if p.area_keys.is_empty() && p.street_table.is_none() {
        return Ok(None);
    }
    let register = p.address.as_ref().is_some_and(|address| address.register.is_some());
    let other = p.x.is_some() || p.y.is_some() || p.cell.is_some() || p.geometry.is_some() || register;
    if other || p.address.is_some() && p.street_table.is_none() {
        return Err(impossible(
            "position.area_keys",
            "area keys and another position",
            "area keys alone, or with a table of streets (--street-table) and an address; where records have coordinates, areas are found by them",
            "nur Gebietsschlüssel, oder mit einer Straßentabelle (--street-table) und einer Adresse; haben Sätze Koordinaten, werden Gebiete über diese gefunden",
        ));
    }
    if plan.grid.sizes.as_ref().is_some_and(|sizes| !sizes.is_empty()) {
        return Err(impossible(
            "grid.sizes",
            "sizes beside area keys",
            "no sizes: an area key tells no cell",
            "keine Größen: ein Gebietsschlüssel sagt keine Zelle",
        ));
    }
    let columns = key_columns(plan)?;
    let Some(table) = &p.street_table else { return Ok(Some(PositionSource::AreaKeys { columns })) };
    let address = p.address.clone().unwrap_or_default();
    if address.street.is_none() && address.street_key.is_none() {
        return Err(PlanError::Missing {
            key: "position.address.street",
            flag: "--street or --street-key",
            example: "--street strasse --number hausnr",
        });
    }
    let mut of_table = StreetTableColumns::default();
    for (name, column) in &table.columns {
        of_table.set(name, column).map_err(|_| PlanError::UnknownName {
            key: "position.street_table.columns",
            name: name.clone(),
            known: StreetTableColumns::NAMES.map(str::to_owned).to_vec(),
        })?;
    }
    let table =
        StreetTableSpec { file: table.file.clone(), columns: of_table, key_columns: columns, dialect: Dialect::default() };
    let source = StreetTableSource { table, columns: address_columns(&address), unmatched: unmatched(&address)? };
    Ok(Some(PositionSource::StreetTable(Box::new(source))))
}

/// The column of each area system, in their order.
fn key_columns(plan: &Plan) -> Result<Vec<String>, PlanError> {
    let keys = &plan.position.area_keys;
    let known: Vec<String> = plan.area.iter().map(|area| area.name.clone()).collect();
    if known.is_empty() {
        return Err(PlanError::Missing {
            key: "area",
            flag: "--area",
            example: "--area gemeinde=gemeinden.geojson:AGS:GEN: area keys are of these",
        });
    }
    if let Some(name) = keys.keys().find(|name| !known.contains(name)) {
        return Err(PlanError::UnknownName { key: "position.area_keys", name: name.clone(), known });
    }
    let column = |name: &String| {
        keys.get(name).cloned().ok_or(PlanError::Missing {
            key: "position.area_keys",
            flag: "--area-key",
            example: "--area-key gemeinde=ags: one for each area system, or --area-key ags for all",
        })
    };
    known.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure, Language};

    fn meant(toml: &str) -> Result<Option<PositionSource>, String> {
        let plan = Plan::parse(toml).unwrap();
        sizes(&plan).map_err(|error| error.explain(Language::English))?;
        position(&plan).map_err(|error| error.explain(Language::English))
    }

    const AREAS: &str =
        "[[area]]\nname = \"gemeinde\"\nfile = \"a\"\nkey = \"AGS\"\n[[area]]\nname = \"kreis\"\nfile = \"b\"\nkey = \"AGS\"\n";

    #[test]
    fn each_system_has_a_column() {
        let keys = "[position.area_keys]\ngemeinde = \"ags\"\nkreis = \"ags\"\n";
        let Ok(Some(PositionSource::AreaKeys { columns })) = meant(&format!("{AREAS}{keys}")) else { panic!("area keys") };
        assert_eq!(columns, ["ags", "ags"]);
        let fault = |toml: &str| meant(&format!("{AREAS}{toml}")).unwrap_err();
        assert!(fault("[position.area_keys]\ngemeinde = \"ags\"\n").contains("--area-key"));
        assert!(fault(&format!("{keys}bezirk = \"b\"\n")).contains("bezirk"));
        assert!(fault(&format!("{keys}[grid]\nsizes = [100]\n")).contains("grid.sizes"));
        assert!(fault(&format!("{keys}[position]\nx = \"e\"\n")).contains("position.area_keys"));
        assert!(fault(&format!("{keys}[position.street_table]\nfile = \"t.csv\"\n")).contains("--street"));
    }

    #[test]
    fn no_grid_needs_areas() {
        let none = Plan::parse(&format!("{AREAS}[grid]\nsizes = []\n")).unwrap();
        assert!(!sizes(&none).unwrap().published());
        assert!(sizes(&Plan::parse("[grid]\nsizes = []\n").unwrap()).is_err());
    }
}
