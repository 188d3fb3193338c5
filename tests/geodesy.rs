//! Projections against PROJ, and the fitted form against the exact one.

use std::fs::File;
use std::io::{BufRead, BufReader};

use kleinraum::error::{Failure, Language};
use kleinraum::geodesy::{FittedProjection, GeodesyError, Projection, ReferenceSystem};
use kleinraum::simd::Simd;

const KANSAS: &str = "+proj=lcc +lat_0=36.6666666666667 +lon_0=-98.5 +lat_1=38.5666666666667 +lat_2=37.2666666666667 +x_0=400000 +y_0=400000 +ellps=GRS80";
const LISTED: [u32; 16] =
    [3035, 25831, 25832, 25833, 32631, 32632, 32633, 4647, 5650, 3857, 4258, 4326, 31466, 31467, 31468, 31469];

fn system(text: &str) -> ReferenceSystem {
    ReferenceSystem::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn projection(from: &str, to: &str) -> Projection {
    Projection::new(&system(from), &system(to)).unwrap()
}

/// Distance in metres between two points of the system.
fn distance_m(system: &ReferenceSystem, a: (f64, f64), b: (f64, f64)) -> f64 {
    let unit_m = if system.is_geographic() { 111_320.0 } else { 1.0 };
    (a.0 - b.0).hypot(a.1 - b.1) * unit_m
}

/// A seeded sequence in [0, 1) (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Random points of an area in degrees, in the coordinates of the system.
fn points(system: &ReferenceSystem, [west, south, east, north]: [f64; 4], count: usize) -> (Vec<f64>, Vec<f64>) {
    let there = Projection::new(&ReferenceSystem::wgs84(), system).unwrap();
    let mut random = Random(7);
    let mut draw = || (west + random.next() * (east - west), south + random.next() * (north - south));
    (0..count).filter_map(|_| Some(draw()).and_then(|(lon, lat)| there.exact(lon, lat))).unzip()
}

const GERMANY: [f64; 4] = [5.8, 47.2, 15.1, 55.1];
const EUROPE: [f64; 4] = [-25.0, 34.0, 40.0, 71.0];

/// Control points made by tests/oracles/geodesy_control_points.py with the PROJ version that its first line names.
#[test]
fn control_points_of_proj_within_a_millimetre() {
    let table = include_str!("oracles/geodesy_control_points.csv");
    let (mut worst_m, mut count) = (0.0_f64, 0);
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(';').collect();
        let number = |n: usize| fields[n].parse::<f64>().unwrap();
        let got = projection(fields[0], fields[1]).exact(number(2), number(3)).unwrap();
        let off_m = distance_m(&system(fields[1]), got, (number(4), number(5)));
        assert!(off_m < 0.001, "{} to {}: {off_m} m from PROJ", fields[0], fields[1]);
        (worst_m, count) = (worst_m.max(off_m), count + 1);
    }
    assert!(count > 1000, "{count} control points");
    eprintln!("{count} control points, worst {worst_m:e} m");
}

/// The result of `project` for copies of the points.
fn projected(fitted: &FittedProjection, xs: &[f64], ys: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut xs, mut ys) = (xs.to_vec(), ys.to_vec());
    fitted.project(&mut xs, &mut ys);
    (xs, ys)
}

fn worst_fit_m(from: &ReferenceSystem, to: &ReferenceSystem, xs: &[f64], ys: &[f64]) -> f64 {
    let fitted = FittedProjection::new(Projection::new(from, to).unwrap());
    let exact = Projection::new(from, to).unwrap();
    let (got_x, got_y) = projected(&fitted, xs, ys);
    let mut worst_m = 0.0_f64;
    for (at, (&x, &y)) in xs.iter().zip(ys).enumerate() {
        match exact.exact(x, y) {
            Some(point) => {
                let off_m = distance_m(to, point, (got_x[at], got_y[at]));
                assert!(off_m <= FittedProjection::tolerance_m(), "{from:?} to {to:?}: {off_m} m");
                worst_m = worst_m.max(off_m);
            }
            None => assert!(got_x[at].is_nan() && got_y[at].is_nan()),
        }
    }
    assert!(fitted.error_m() <= 0.0001, "{from:?} to {to:?}: {} m", fitted.error_m());
    worst_m
}

#[test]
fn fitted_form_in_germany_and_europe() {
    for code in LISTED {
        let from = ReferenceSystem::from_epsg(code).unwrap();
        for to in [3035, 4326, 25832, 3857].map(|code| ReferenceSystem::from_epsg(code).unwrap()) {
            let (xs, ys) = points(&from, GERMANY, 3000);
            let germany_m = worst_fit_m(&from, &to, &xs, &ys);
            let europe = from.area_of_use_deg().filter(|_| !(31466..=31469).contains(&code));
            let europe = europe.map(|[w, s, e, n]| [w.max(EUROPE[0]), s.max(EUROPE[1]), e.min(EUROPE[2]), n.min(EUROPE[3])]);
            let (xs, ys) = points(&from, europe.unwrap_or(GERMANY), 1500);
            let europe_m = worst_fit_m(&from, &to, &xs, &ys);
            eprintln!("{code} to {}: {germany_m:.1e} m in Germany, {europe_m:.1e} m in Europe", to.label());
        }
    }
}

#[test]
fn fitted_form_at_the_edges_of_its_squares() {
    let (side, laea) = (262_144.0, ReferenceSystem::etrs89_laea());
    let edge = |n: f64| [n * side, n * side - 1e-6, n * side + 1e-6, (n + 0.5) * side];
    let (mut xs, mut ys) = (Vec::new(), Vec::new());
    for x in (1..4).flat_map(|n| edge(f64::from(n))) {
        for y in (19..24).flat_map(|n| edge(f64::from(n))) {
            xs.push(x);
            ys.push(y);
        }
    }
    let off_m = worst_fit_m(&ReferenceSystem::from_epsg(25832).unwrap(), &laea, &xs, &ys);
    assert!(off_m < 1e-4, "{off_m}");
    let degrees: Vec<f64> = (0..=40).map(|n| 6.0 + f64::from(n) * 0.25).collect();
    let (xs, ys): (Vec<f64>, Vec<f64>) = degrees.iter().flat_map(|&lon| degrees.iter().map(move |&d| (lon, d + 41.0))).unzip();
    assert!(worst_fit_m(&ReferenceSystem::wgs84(), &laea, &xs, &ys) < 1e-4);
}

#[test]
fn fitted_form_of_the_custom_lambert_system() {
    let from = system(KANSAS);
    let (xs, ys) = points(&from, [-102.0, 36.5, -94.0, 39.5], 2000);
    assert_eq!(xs.len(), 2000);
    for to in [ReferenceSystem::etrs89_laea(), ReferenceSystem::wgs84(), ReferenceSystem::web_mercator()] {
        worst_fit_m(&from, &to, &xs, &ys);
    }
}

#[test]
fn a_point_gives_the_same_bits_in_any_slice() {
    let fitted = FittedProjection::new(projection("25832", "3035"));
    let (mut xs, mut ys) = points(&ReferenceSystem::from_epsg(25832).unwrap(), GERMANY, 5000);
    xs.extend([f64::NAN, f64::INFINITY, 1e300, 5e5]);
    ys.extend([5.9e6, 5.9e6, -1e300, f64::NEG_INFINITY]);
    let bits =
        |(xs, ys): (Vec<f64>, Vec<f64>)| xs.into_iter().zip(ys).map(|(x, y)| (x.to_bits(), y.to_bits())).collect::<Vec<_>>();
    let whole = bits(projected(&fitted, &xs, &ys));
    for size in [1, 3, 7, 1000, 1025] {
        let fresh = FittedProjection::new(projection("25832", "3035"));
        let pieces: Vec<_> = xs.chunks(size).zip(ys.chunks(size)).flat_map(|(xs, ys)| bits(projected(&fresh, xs, ys))).collect();
        assert!(whole == pieces, "pieces of {size}");
        assert_eq!(fresh.error_m().to_bits(), fitted.error_m().to_bits());
    }
    let backwards = |values: &[f64]| values.iter().rev().copied().collect::<Vec<_>>();
    let mut reversed = bits(projected(&FittedProjection::new(projection("25832", "3035")), &backwards(&xs), &backwards(&ys)));
    reversed.reverse();
    assert!(whole == reversed);
    assert!(whole[5000..].iter().all(|(x, y)| f64::from_bits(*x).is_nan() && f64::from_bits(*y).is_nan()));
}

#[test]
fn every_level_of_vector_instructions_gives_the_same_bits() {
    let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    for (code, box_deg) in [(25832, GERMANY), (4326, GERMANY), (25832, [9.0, 53.5, 9.2, 53.6]), (3857, EUROPE)] {
        let (mut xs, mut ys) = points(&ReferenceSystem::from_epsg(code).unwrap(), box_deg, 5000);
        // What is nowhere, among the rest.
        xs[77] = f64::NAN;
        ys[3333] = f64::INFINITY;
        let fitted = FittedProjection::new(projection(&code.to_string(), "3035"));
        let results = Simd::available().into_iter().map(|simd| {
            let (mut xs, mut ys) = (xs.clone(), ys.clone());
            fitted.project_with(simd, &mut xs, &mut ys);
            assert!(xs[77].is_nan() && xs[3333].is_nan() && xs.iter().filter(|x| x.is_finite()).count() == xs.len() - 2);
            (simd.name(), bits(xs), bits(ys))
        });
        let results: Vec<_> = results.collect();
        for other in &results[1..] {
            assert!((&results[0].1, &results[0].2) == (&other.1, &other.2), "{code}: {} and {}", results[0].0, other.0);
        }
    }
}

#[test]
fn the_same_system_passes_unchanged() {
    let fitted =
        FittedProjection::new(projection("3035", "+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80"));
    let (xs, ys) = projected(&fitted, &[4_321_000.123_456_789, f64::NAN], &[3_210_000.1, 1.0]);
    assert_eq!((xs[0], ys[0]), (4_321_000.123_456_789, 3_210_000.1));
    assert!(xs[1].is_nan() && ys[1].is_nan());
}

#[test]
fn forms_of_a_code() {
    for text in [
        "EPSG:25832",
        "25832",
        "epsg:25832",
        "urn:ogc:def:crs:EPSG::25832",
        "http://www.opengis.net/def/crs/EPSG/0/25832",
        "+init=epsg:25832",
        "+proj=utm +zone=32 +ellps=GRS80 +units=m +no_defs",
    ] {
        assert_eq!(system(text).epsg(), Some(25832), "{text}");
    }
    for text in ["OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84", "WGS84", "CRS84"] {
        assert_eq!((system(text).epsg(), system(text).is_geographic()), (Some(4326), true), "{text}");
    }
    assert_eq!(system(KANSAS).label(), "custom lcc");
}

#[test]
fn well_known_texts() {
    let cases = [
        (
            r#"PROJCS["DHDN_3_Degree_Gauss_Zone_3",GEOGCS["GCS_Deutsches_Hauptdreiecksnetz",DATUM["D_Deutsches_Hauptdreiecksnetz",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",3500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0],AUTHORITY["EPSG",31467]]"#,
            31467,
        ),
        (
            r#"PROJCS["ETRS_1989_UTM_Zone_32N",GEOGCS["GCS_ETRS_1989",DATUM["D_ETRS_1989",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",9.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#,
            25832,
        ),
        (
            r#"PROJCS["ETRS_1989_LAEA",GEOGCS["GCS_ETRS_1989",DATUM["D_ETRS_1989",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Azimuthal_Equal_Area"],PARAMETER["False_Easting",4321000.0],PARAMETER["False_Northing",3210000.0],PARAMETER["Central_Meridian",10.0],PARAMETER["Latitude_Of_Origin",52.0],UNIT["Meter",1.0]]"#,
            3035,
        ),
        (
            r#"PROJCS["WGS_1984_Web_Mercator_Auxiliary_Sphere",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Mercator_Auxiliary_Sphere"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",0.0],PARAMETER["Standard_Parallel_1",0.0],PARAMETER["Auxiliary_Sphere_Type",0.0],UNIT["Meter",1.0]]"#,
            3857,
        ),
        (
            r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#,
            4326,
        ),
        (
            r#"PROJCRS["ETRS89 / UTM zone 33N",BASEGEOGCRS["ETRS89",DATUM["European Terrestrial Reference System 1989",ELLIPSOID["GRS 1980",6378137,298.257222101,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]]],CONVERSION["UTM zone 33N",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Longitude of natural origin",15,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Scale factor at natural origin",0.9996,SCALEUNIT["unity",1]],PARAMETER["False easting",500000,LENGTHUNIT["metre",1]],PARAMETER["False northing",0,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["(E)",east,ORDER[1],LENGTHUNIT["metre",1]],AXIS["(N)",north,ORDER[2],LENGTHUNIT["metre",1]]]"#,
            25833,
        ),
        (
            r#"COMPD_CS["ETRS89 / UTM zone 32N + DHHN2016",PROJCS["ETRS89 / UTM zone 32N",GEOGCS["ETRS89",DATUM["x",SPHEROID["GRS 1980",6378137,298.257222101]]],PROJECTION["Transverse_Mercator"],AUTHORITY["EPSG","25832"]],VERT_CS["DHHN2016",VERT_DATUM["x",2005]]]"#,
            25832,
        ),
    ];
    for (text, code) in cases {
        assert_eq!(system(text).epsg(), Some(code), "{text}");
    }
    // Without its code, the old German system comes out as the code's definition has it.
    let bare = cases[0].0.replace(r#",AUTHORITY["EPSG",31467]"#, "");
    assert_eq!(system(&bare).epsg(), Some(31467));
    let kansas = r#"PROJCS["NAD83 custom",GEOGCS["NAD83",DATUM["North_American_Datum_1983",SPHEROID["GRS 1980",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic_2SP"],PARAMETER["standard_parallel_1",38.5666666666667],PARAMETER["standard_parallel_2",37.2666666666667],PARAMETER["latitude_of_origin",36.6666666666667],PARAMETER["central_meridian",-98.5],PARAMETER["false_easting",400000],PARAMETER["false_northing",400000],UNIT["metre",1]]"#;
    let (one, other) = (projection(kansas, "4326"), projection(KANSAS, "4326"));
    assert_eq!(one.exact(512_345.0, 498_765.0), other.exact(512_345.0, 498_765.0));
    assert_eq!(system(kansas).label(), "NAD83 custom");
}

#[test]
fn what_cannot_be_read_is_explained() {
    let error = |text: &str| ReferenceSystem::parse(text).unwrap_err();
    assert_eq!(error("EPSG:99999"), GeodesyError::UnknownEpsg { code: 99_999 });
    assert!(matches!(error("Gauss"), GeodesyError::Unreadable { .. }));
    assert!(matches!(error(""), GeodesyError::Unreadable { .. }));
    assert!(matches!(error("+proj=isea +ellps=GRS80"), GeodesyError::UnsupportedProjection { method, .. } if method == "isea"));
    assert!(matches!(error("+proj=geocent +datum=WGS84"), GeodesyError::UnsupportedProjection { .. }));
    assert!(matches!(error("+proj=longlat +datum=atlantis"), GeodesyError::UnknownDatum { datum, .. } if datum == "atlantis"));
    assert!(matches!(error("+proj=utm +zone=99 +ellps=GRS80"), GeodesyError::BadParameters { .. }));
    assert!(matches!(error(r#"PROJCS["x",GEOGCS["#), GeodesyError::BrokenWkt { .. }));
    assert!(matches!(error(&"A[".repeat(100_000)), GeodesyError::BrokenWkt { .. }));
    let unknown = r#"GEOGCS["x",DATUM["D_Atlantis",SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]]"#;
    assert!(matches!(error(unknown), GeodesyError::UnknownDatum { datum, .. } if datum == "D_Atlantis"));
    assert!(error("EPSG:99999").explain(Language::German).contains("prüfen"));
}

/// Every code of the table either works there and back or is refused with a reason.
#[test]
fn every_code_of_the_table_works_or_is_refused() {
    let (mut usable, mut refused) = (0, 0);
    for code in 1..=u32::from(u16::MAX) {
        match ReferenceSystem::from_epsg(code) {
            Ok(_) => usable += 1,
            Err(GeodesyError::UnknownEpsg { .. }) => {}
            Err(error) => {
                assert!(
                    matches!(error, GeodesyError::UnsupportedProjection { .. } | GeodesyError::BadParameters { .. }),
                    "{error}"
                );
                refused += 1;
            }
        }
    }
    eprintln!("{usable} codes usable, {refused} refused");
    assert!(usable > 5700 && refused < 450, "{usable} usable, {refused} refused");
}

/// Positions of the derived person records, kept both in degrees (7 digits) and in EPSG:25832 (2 digits).
#[test]
fn person_records_agree_in_both_systems() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/points/derived_personen_kreis_pinneberg_zensus2011.csv.gz");
    let Ok(file) = File::open(path) else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let fitted = FittedProjection::new(projection("4326", "25832"));
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines().skip(1);
    let mut count = 0;
    for (row, line) in lines.enumerate() {
        let line = line.unwrap();
        let number = |n: usize| line.split(',').nth(n).unwrap().parse::<f64>().unwrap();
        let (mut x, mut y) = ([number(3)], [number(4)]);
        fitted.project(&mut x, &mut y);
        assert!((x[0] - number(1)).hypot(y[0] - number(2)) < 0.02, "row {row}");
        count += 1;
    }
    assert_eq!(count, 295_323);
}

/// Not a judgement, a figure: run with `--ignored --nocapture` on an idle machine.
#[test]
#[ignore = "prints points per second"]
fn throughput() {
    for (area, name) in [([9.4, 53.4, 9.9, 53.9], "one county"), (GERMANY, "Germany, shuffled")] {
        for from in [25832, 4326, 31467] {
            let system = ReferenceSystem::from_epsg(from).unwrap();
            let (xs, ys) = points(&system, area, 100_000);
            let fitted = FittedProjection::new(Projection::new(&system, &ReferenceSystem::etrs89_laea()).unwrap());
            projected(&fitted, &xs, &ys);
            let mut best = f64::INFINITY;
            for _ in 0..20 {
                let (mut xs, mut ys) = (xs.clone(), ys.clone());
                let start = std::time::Instant::now();
                fitted.project(&mut xs, &mut ys);
                best = best.min(start.elapsed().as_secs_f64());
            }
            eprintln!("{from}, {name}: {:.0} M points/s", xs.len() as f64 / best / 1e6);
        }
    }
}
