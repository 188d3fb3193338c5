//! Old datums: shifts by grid as PROJ does them, real boundaries on an old datum over newer ones, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use kleinraum::area::{AreaFile, AreaSystem};
use kleinraum::geodesy::{DatumGrids, FittedProjection, Projection, ReferenceSystem};

mod desk;
use desk::kleinraum;

/// BETA2007 where PROJ keeps it; `None`, visibly, where it does not. The file is not part of this repository.
fn beta2007() -> Option<DatumGrids> {
    let grids = DatumGrids::usual();
    let system = grids.apply(ReferenceSystem::parse("EPSG:31467").unwrap());
    let found = system.datum_shift().is_some_and(|shift| shift.grid.is_some());
    if !found {
        eprintln!("skipped: BETA2007.gsb is in none of PROJ's folders (Debian: apt-get install proj-data)");
    }
    found.then_some(grids)
}

fn projection(grids: &DatumGrids, from: &str, to: &str) -> Projection {
    let system = |code: &str| grids.apply(ReferenceSystem::parse(&format!("EPSG:{code}")).unwrap());
    Projection::new(&system(from), &system(to)).unwrap()
}

/// Control points made by tests/oracles/datum_grid_control_points.py.
#[test]
fn the_grid_shifts_as_in_proj() {
    let Some(grids) = beta2007() else { return };
    let mut count = 0;
    for line in include_str!("oracles/datum_grid_control_points.csv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(';').collect();
        let number = |n: usize| fields[n].parse::<f64>().unwrap();
        let (x, y) = projection(&grids, fields[0], fields[1]).exact(number(2), number(3)).unwrap();
        let off_m = (x - number(4)).hypot(y - number(5));
        assert!(off_m < 0.001, "{line}: {off_m} m");
        count += 1;
    }
    assert_eq!(count, 80);
}

#[test]
fn the_fitted_form_keeps_to_the_grid() {
    let Some(grids) = beta2007() else { return };
    let fitted = FittedProjection::new(projection(&grids, "31467", "3035"));
    let places = (0..4000).map(|i| (3_400_000.0 + f64::from(i % 63) * 3_177.7, 5_300_000.0 + f64::from(i / 63) * 9_371.3));
    let (xs, ys): (Vec<f64>, Vec<f64>) = places.unzip();
    let (mut eastings_m, mut northings_m) = (xs.clone(), ys.clone());
    fitted.project(&mut eastings_m, &mut northings_m);
    for (at, (&x, &y)) in xs.iter().zip(&ys).enumerate() {
        let (e, n) = fitted.exact(x, y).unwrap();
        assert!((eastings_m[at] - e).hypot(northings_m[at] - n) < FittedProjection::tolerance_m());
    }
}

#[test]
fn beyond_the_grid_parameters_take_over() {
    let Some(grids) = beta2007() else { return };
    let place = (3_500_000.0, 4_900_000.0);
    let by = |grids: &DatumGrids| projection(grids, "31467", "3035").exact(place.0, place.1).unwrap();
    let (with, without) = (by(&grids), by(&DatumGrids::none()));
    assert!((with.0 - without.0).hypot(with.1 - without.1) < 1e-6);
}

fn shared(path: &str) -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    if !folder.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(folder.join(path))
}

/// How far the tenth nearest in a hundred corners of VG5000 (EPSG:31467) is from a corner of VG250 (ETRS89): many corners are the same in both, as the
/// coarser set leaves corners out.
fn corners_apart_m(grids: &DatumGrids, coarse: PathBuf, fine: PathBuf) -> f64 {
    let read = |file: PathBuf, grids: &DatumGrids| {
        let file = AreaFile { name: "gemeinde".into(), file, key: "AGS".into(), grids: grids.clone(), ..AreaFile::default() };
        AreaSystem::read(&file).unwrap()
    };
    let (coarse, fine) = (read(coarse.join("VG5000_GEM"), grids), read(fine, grids));
    let corners = |system: &AreaSystem| -> Vec<(f64, f64)> {
        let own = system.areas.iter().filter(|area| area.key.starts_with("01056"));
        let polygons = own.flat_map(|area| &area.outline_3035_m.0);
        polygons.flat_map(|polygon| polygon.exterior().coords().map(|c| (c.x, c.y)).collect::<Vec<_>>()).collect()
    };
    let fine = corners(&fine);
    let nearest = |(x, y): &(f64, f64)| fine.iter().map(|(a, b)| (a - x).hypot(b - y)).fold(f64::MAX, f64::min);
    let mut apart: Vec<f64> = corners(&coarse).iter().map(nearest).collect();
    assert!(apart.len() > 400, "49 municipalities");
    apart.sort_by(f64::total_cmp);
    apart[apart.len() / 10]
}

#[test]
fn vg5000_lies_over_vg250_within_the_stated_accuracy() {
    let coarse = shared("boundaries/vg5000_2021_gem_krs_epsg31467_DE.zip");
    let fine = shared("boundaries/vg250_2016_gemeinden_kreis_pinneberg.geojson");
    let (Some(coarse), Some(fine)) = (coarse, fine) else { return };
    let accuracy_m =
        |grids: &DatumGrids| grids.apply(ReferenceSystem::parse("EPSG:31467").unwrap()).datum_shift().unwrap().accuracy_m;
    let none = DatumGrids::none();
    let apart_m = corners_apart_m(&none, coarse.clone(), fine.clone());
    eprintln!("by parameters {apart_m:.2} m");
    assert!(apart_m < accuracy_m(&none), "{apart_m}");
    let Some(grids) = beta2007() else { return };
    let apart_m = corners_apart_m(&grids, coarse, fine);
    eprintln!("by BETA2007 {apart_m:.2} m");
    assert!(apart_m < 0.1 && accuracy_m(&grids) < 1.0, "{apart_m}");
}

/// Places in EPSG:31467 around Pinneberg.
fn desk_of_old_places() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    let rows: String = (0..200).map(|i| format!("{},{}\n", 3_550_000 + i % 20 * 37, 5_950_000 + i / 20 * 41)).collect();
    fs::write(desk.path().join("r.csv"), format!("x,y\n{rows}")).unwrap();
    desk
}

#[test]
fn cells_finer_than_the_datum_is_good_for_are_refused() {
    let desk = desk_of_old_places();
    let run = |sizes: &str, more: &[&str]| {
        let flags = [
            "run",
            "r.csv",
            "--crs",
            "EPSG:31467",
            "--x",
            "x",
            "--y",
            "y",
            "--sizes",
            sizes,
            "--threshold",
            "2",
            "--formats",
            "csv",
            "-o",
            "out",
        ];
        kleinraum(desk.path(), &[&flags[..], more].concat())
    };
    let refused = run("10,100", &["--datum-grid", "none"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2));
    for word in ["accurate to 5 m", "cells of 10 m", "--datum-grid", "from 20 m", "--allow-coarse-datum"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(run("10,100", &["--datum-grid", "none", "--allow-coarse-datum"]).status.success());
    let output = run("20,100", &["--datum-grid", "none"]);
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("by parameters: accurate to 5 m"));
    let told: serde_json::Value = serde_json::from_slice(&fs::read(desk.path().join("out/run.json")).unwrap()).unwrap();
    assert_eq!(told["projection"]["datum_shift"], serde_json::json!({"system": "EPSG:31467", "grid": null, "accuracy_m": 5.0}));
    assert!(fs::read_to_string(desk.path().join("out/report.html")).unwrap().contains("accurate to 5 m"));
    let missing = run("100", &["--datum-grid", "nowhere.gsb"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nowhere.gsb"));
    if beta2007().is_some() {
        let output = run("10,100", &[]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && told.contains("by BETA2007.gsb: accurate to 0.9 m"), "{told}");
    }
}

#[test]
fn of_compound_systems_the_horizontal_part_counts() {
    let code = |text: &str| ReferenceSystem::parse(text).map(|system| system.epsg()).ok().flatten();
    assert_eq!(code("EPSG:25832+7837"), Some(25832));
    assert_eq!(code("urn:ogc:def:crs,crs:EPSG::31467,crs:EPSG::5783"), Some(31467));
    let compound = r#"COMPD_CS["DHDN / GK 3 + DHHN92",PROJCS["DHDN / 3-degree Gauss-Kruger zone 3",GEOGCS["DHDN",DATUM["Deutsches_Hauptdreiecksnetz",SPHEROID["Bessel 1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",9],PARAMETER["scale_factor",1],PARAMETER["false_easting",3500000],PARAMETER["false_northing",0],UNIT["metre",1]],VERT_CS["DHHN92 height",VERT_DATUM["Deutsches Haupthoehennetz 1992",2005],UNIT["metre",1]]]"#;
    assert_eq!(code(compound), Some(31467));
    // Heights alone are no place.
    assert!(ReferenceSystem::parse("EPSG:5783").is_err());
    assert!(ReferenceSystem::parse(r#"VERT_CS["DHHN92 height",VERT_DATUM["DHHN92",2005],UNIT["metre",1]]"#).is_err());
}
