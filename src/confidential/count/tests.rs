use super::*;
use crate::area::Area;
use crate::confidential::account::Reason;
use crate::confidential::cube::{Missing, RawSum};
use crate::confidential::raw_count::RawCount;
use crate::geodesy::ReferenceSystem;
use crate::progress::Silent;
use geo::{MultiPolygon, Rect};
use std::fmt::Write as _;
use std::path::Path;

/// Records in a file of their own, and what is counted.
struct Case {
    /// Deleted with the case.
    _folder: tempfile::TempDir,
    spec: CountSpec,
}

impl Case {
    fn new(csv: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("persons.csv");
        std::fs::write(&file, csv).unwrap();
        let position = PositionSource::Coordinates {
            system: ReferenceSystem::parse("EPSG:3035").unwrap(),
            x_column: "x".into(),
            y_column: "y".into(),
        };
        let spec = CountSpec {
            files: vec![file],
            dialect: Dialect { separator: Some(','), decimal: Some('.'), ..Dialect::default() },
            position,
            dimensions: vec![],
            measures: vec![],
            date: DateSpec::None,
            id_column: None,
            record_key: None,
            contributor: Contributor::Unasked,
            max_rejects: 1.0,
            sizes: GridSizes::new(&[100, 1000]).unwrap(),
            systems: vec![],
            language: Language::German,
            memory_bytes: None,
        };
        Self { _folder: folder, spec }
    }

    fn dimension(mut self, column: &str, kind: DimensionKind, missing: Missing) -> Self {
        let (name, label, column) = (column.into(), column.into(), column.into());
        self.spec.dimensions.push(DimensionSpec { name, label, column, kind, missing });
        self
    }

    fn count(&self) -> (Cube, Account) {
        count(&self.spec, &Silent).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refusal(&self) -> Error {
        count(&self.spec, &Silent).err().expect("refused")
    }

    fn rejected(&self) -> Vec<(Reason, u64)> {
        self.count().1.rejects.iter().map(|(reason, count, _)| (reason, count)).collect()
    }
}

fn same(a: &Cube, b: &Cube) -> bool {
    let names = a.dimensions == b.dimensions && a.dates == b.dates && a.area_tuples == b.area_tuples;
    names && a.keys == b.keys && a.counts == b.counts && a.sums == b.sums
}

fn cells(cube: &Cube) -> Vec<String> {
    cube.keys.iter().map(|key| key.cell.code()).collect()
}

fn square(key: &str, [west, south, east, north]: [f64; 4]) -> Area {
    let outline = MultiPolygon::new(vec![Rect::new((west, south), (east, north)).to_polygon()]);
    Area { key: key.into(), label: key.into(), outline_3035_m: outline.clone(), outline_lon_lat_deg: outline }
}

fn system(name: &str, areas: Vec<Area>) -> Arc<AreaSystem> {
    Arc::new(AreaSystem { name: name.into(), label: name.into(), areas })
}

#[test]
fn points_on_edges_fall_into_the_cells_of_the_shared_list() {
    let list = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/expected/edge_cases_epsg3035.csv"));
    let Ok(text) = std::fs::read_to_string(list) else {
        eprintln!("skipped: ../shared is absent");
        return;
    };
    let mut checked = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let (cube, account) = Case::new(&format!("x,y\n{},{}\n", fields[1], fields[2])).count();
        assert_eq!(cells(&cube), [fields[3]], "{}", fields[0]);
        assert_eq!(account.exactly_projected, 0);
        checked += 1;
    }
    assert!(checked >= 6);
}

#[test]
fn a_system_is_projected_and_points_near_edges_exactly() {
    // The exact images of a cell's corner and of a point in its middle, back in EPSG:25832.
    let utm = ReferenceSystem::parse("EPSG:25832").unwrap();
    let back = crate::geodesy::Projection::new(&ReferenceSystem::etrs89_laea(), &utm).unwrap();
    let mut csv = "x,y\n".to_owned();
    for (easting_m, northing_m) in
        [(4_341_100.000_05, 2_690_300.000_05), (4_341_099.999_95, 2_690_350.0), (4_341_150.0, 2_690_350.0)]
    {
        let (x, y) = back.exact(easting_m, northing_m).unwrap();
        writeln!(csv, "{x:.7},{y:.7}").unwrap();
    }
    let mut case = Case::new(&csv);
    case.spec.position = PositionSource::Coordinates { system: utm, x_column: "x".into(), y_column: "y".into() };
    let (cube, account) = case.count();
    assert_eq!(cells(&cube), ["CRS3035RES100mN2690300E4341000", "CRS3035RES100mN2690300E4341100"]);
    assert!(cube.counts == [RawCount::of(1), RawCount::of(2)]);
    assert_eq!(account.exactly_projected, 2);
    assert!(account.projection_error_m <= 0.001);
}

#[test]
fn cell_codes_are_positions() {
    let mut case = Case::new(
        "cell\nCRS3035RES100mN2690300E4341100\n100mN26903E43411\nDE_CRS3035RES50mN2690350E4341150\n1kmN2690E4341\nnowhere\n\"\"\n",
    );
    case.spec.position = PositionSource::CellCode { column: "cell".into() };
    case.spec.systems = vec![system("all", vec![square("1", [4_341_000.0, 2_690_000.0, 4_342_000.0, 2_691_000.0])])];
    let (cube, account) = case.count();
    assert_eq!(cells(&cube), ["CRS3035RES100mN2690300E4341100"]);
    assert!(cube.counts == [RawCount::of(3)]);
    assert_eq!(cube.area_tuples, [[Some(0)]]);
    let rejects: Vec<_> = account.rejects.iter().map(|(reason, count, _)| (reason, count)).collect();
    assert!(rejects.contains(&(Reason::CellCode, 1)) && rejects.contains(&(Reason::CellTooCoarse, 1)));
}

#[test]
fn bad_coordinates_are_rejected_by_reason() {
    let case =
        Case::new("x,y,a\n4300000,3400000,a\n,3400000,a\n4300000,here,a\n4300000,NaN,a\n4300000,99000000,a\n4300001,3400001,a\n");
    let (cube, account) = case.count();
    assert!(cube.counts == [RawCount::of(2)]);
    assert_eq!((account.records_read, account.records_placed, account.rejects.total()), (6, 2, 4));
    let place = |reason| {
        let found = account.rejects.iter().find(|(of, ..)| *of == reason).unwrap_or_else(|| panic!("{reason:?}"));
        (found.1, found.2[0].row, found.2[0].column.clone())
    };
    assert_eq!(place(Reason::MissingPosition), (1, 3, "x".into()));
    assert_eq!(place(Reason::CoordinateNotNumeric), (1, 4, "y".into()));
    assert_eq!(place(Reason::CoordinateNotFinite), (1, 5, "y".into()));
    assert_eq!(place(Reason::OutsideAreaOfUse), (1, 6, "x".into()));
}

#[test]
fn a_wrong_system_stops_the_run_and_names_the_mend() {
    let mut case = Case::new(&format!("x,y\n{}", "32565001,5934002\n".repeat(20)));
    let system = ReferenceSystem::parse("EPSG:25832").unwrap();
    case.spec.position = PositionSource::Coordinates { system, x_column: "x".into(), y_column: "y".into() };
    let error = case.refusal();
    let text = error.explain(Language::English);
    assert!(text.contains("persons.csv") && text.contains("columns x and y") && text.contains("EPSG:4647"), "{text}");
    assert!(!text.contains("32565001") && !text.contains("5934002"), "{text}");
}

#[test]
fn bands_missing_and_lists_make_groups() {
    let listed = DimensionKind::Listed(vec!["w".into(), "m".into()]);
    let case = Case::new("x,y,age,sex\n4300000,3400000,0,m\n4300000,3400000,2.9,w\n4300000,3400000,3,w\n4300000,3400000,,m\n4300000,3400000,-1,m\n4300000,3400000,old,m\n4300000,3400000,7,d\n4300000,3400000,7,\n")
        .dimension("age", DimensionKind::Bands(vec![0.0, 3.0, 6.0]), Missing::Category("ohne Angabe".into()))
        .dimension("sex", listed, Missing::Reject);
    let (cube, _) = case.count();
    assert_eq!(cube.dimensions[0].categories, ["0 bis unter 3", "3 bis unter 6", "6 und mehr", "ohne Angabe"]);
    assert_eq!(cube.dimensions[1].categories, ["w", "m"]);
    assert_eq!(cube.keys.iter().map(|key| key.group).collect::<Vec<_>>(), [0, 1, 2, 7]);
    use Reason::{BandNotNumeric, MissingCategory, OutsideBands, UnknownCategory};
    let rejected = [(MissingCategory, 1), (UnknownCategory, 1), (OutsideBands, 1), (BandNotNumeric, 1)];
    assert_eq!(case.rejected(), rejected);
}

#[test]
fn discovered_categories_are_in_natural_order_with_missing_last() {
    let mut csv = "x,y,age\n".to_owned();
    for age in ["65+", "5-9", "", "10-17", " 5-9 ", "0-4"] {
        writeln!(csv, "4300000,3400000,{age}").unwrap();
    }
    // Only a rejected record has this one.
    csv.push_str(",,100+\n4300000,,200+\n");
    let case = Case::new(&csv).dimension("age", DimensionKind::Discovered, Missing::Category("k. A.".into()));
    let (cube, _) = case.count();
    assert_eq!(cube.dimensions[0].categories, ["0-4", "5-9", "10-17", "65+", "k. A."]);
    assert!(cube.counts == [1, 2, 1, 1, 1].map(RawCount::of));
}

#[test]
fn too_many_categories_name_the_mend_and_no_value() {
    let mut csv = "x,y,street\n".to_owned();
    (0..300).for_each(|i| writeln!(csv, "4300000,3400000,secret{i}").unwrap());
    let error = Case::new(&csv).dimension("street", DimensionKind::Discovered, Missing::Reject).refusal();
    let text = error.explain(Language::English);
    assert!(text.contains("column street") && text.contains("bands") && !text.contains("secret"), "{text}");
}

#[test]
fn dates_become_iso_and_ascend() {
    let mut case = Case::new(
        "x,y,day\n4300000,3400000,31.12.2024\n4300000,3400000,2023-12-31\n4300000,3400000,2024-12-31\n4300000,3400000,30.02.2024\n4300000,3400000,\n",
    );
    case.spec.date = DateSpec::Column("day".into());
    let (cube, _) = case.count();
    assert_eq!(cube.dates, [Some("2023-12-31".to_owned()), Some("2024-12-31".to_owned())]);
    assert!(cube.counts == [1, 2].map(RawCount::of));
    assert_eq!(case.rejected(), [(Reason::Date, 2)]);
    case.spec.date = DateSpec::Fixed("1.1.2025".into());
    assert_eq!(case.count().0.dates, [Some("2025-01-01".to_owned())]);
    case.spec.date = DateSpec::Fixed("2025-02-30".into());
    assert_eq!(case.refusal().kind(), crate::error::Kind::Usage);
}

fn each(days: &[&str]) -> DateSpec {
    let days = days.iter().map(|day| (*day).to_owned()).collect();
    DateSpec::Each { days, from: Some("from".into()), to: Some("to".into()) }
}

#[test]
fn a_record_counts_on_every_day_that_it_is_valid_on() {
    let mut case = Case::new(
        "x,y,from,to\n4300000,3400000,2022-01-01,2023-12-31\n4300000,3400000,,31.12.2022\n4300000,3400000,2024-01-01,\n\
         4300000,3400000,never,\n4300000,3400000,2030-01-01,\n",
    );
    case.spec.date = each(&["2023-12-31", "2022-12-31", "2024-12-31", "2022-12-31"]);
    let (cube, account) = case.count();
    assert_eq!(cube.dates, ["2022-12-31", "2023-12-31", "2024-12-31"].map(|day| Some(day.to_owned())));
    assert!(cube.counts == [2, 1, 1].map(RawCount::of));
    assert_eq!((account.records_placed, account.never_valid), (4, 1));
    assert_eq!(case.rejected(), [(Reason::Date, 1)]);
}

#[test]
fn ages_are_of_each_day_and_who_is_not_born_is_not_there() {
    let mut case = Case::new(
        "x,y,from,to,born,sex\n4300000,3400000,,,2019-06-01,m\n4300000,3400000,,,07.2023,\n4300000,3400000,,,1980,m\n\
         4300000,3400000,,,gestern,m\n",
    )
    .dimension("born", DimensionKind::AgeBands(vec![0.0, 3.0, 6.0], None), Missing::Reject)
    .dimension("sex", DimensionKind::Listed(vec!["m".into()]), Missing::Reject);
    case.spec.date = each(&["2021-12-31", "2023-12-31", "2024-12-31"]);
    let (cube, _) = case.count();
    assert_eq!(
        cube.keys.iter().map(|key| (key.date, key.group)).collect::<Vec<_>>(),
        [(0, 0), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2)]
    );
    // Each but once, however many days it falls on.
    assert_eq!(case.rejected(), [(Reason::MissingCategory, 1), (Reason::BandNotNumeric, 1)]);
    case.spec.date = DateSpec::Fixed("2025-06-01".into());
    let (cube, _) = case.count();
    assert_eq!(cube.keys.iter().map(|key| key.group).collect::<Vec<_>>(), [2, 2][..1]);
    assert!(cube.counts == [RawCount::of(2)]);
}

#[test]
fn days_give_the_same_whatever_the_threads() {
    let header = "x,y,born,sex,rent,to,id\n";
    let rows: Vec<String> = mixed(3000).iter().map(|row| row.replace("x,", ",")).collect();
    let mut first: Option<Cube> = None;
    for threads in [1, 3] {
        let mut case =
            Case::new(&format!("{header}{}", rows.concat())).dimension("sex", DimensionKind::Discovered, Missing::Reject);
        case.spec.date =
            DateSpec::Each { days: vec!["2023-12-31".into(), "2024-06-30".into()], from: None, to: Some("to".into()) };
        case.spec.id_column = Some("id".into());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (cube, _) = pool.install(|| case.count());
        assert!(cube.dates.len() == 2 && first.get_or_insert_with(|| pool.install(|| case.count()).0).keys == cube.keys);
    }
}

#[test]
fn geometries_are_positions() {
    let mut case = Case::new(
        "where\nPOINT (4300050 3400050)\n\"POLYGON((4300100 3400000,4300200 3400000,4300200 3400100,4300100 3400100,4300100 3400000))\"\nHauptstr. 1\n",
    );
    let system = ReferenceSystem::parse("EPSG:3035").unwrap();
    case.spec.position = PositionSource::Geometry { system, column: "where".into() };
    let (cube, _) = case.count();
    assert_eq!(cells(&cube), ["CRS3035RES100mN3400000E4300000", "CRS3035RES100mN3400000E4300100"]);
    assert_eq!(case.rejected(), [(Reason::CoordinateNotNumeric, 1)]);
}

#[test]
fn measures_are_summed_in_ten_thousandths() {
    let mut case = Case::new(
        "x,y,rent\n4300000,3400000,0.1\n4300000,3400000,0.2\n4300000,3400000,-1.00005\n4300000,3400000,much\n4300000,3400000,2e12\n",
    );
    case.spec.measures = vec![MeasureSpec { name: "rent".into(), column: "rent".into() }];
    let (cube, _) = case.count();
    assert!(cube.sums == [[RawSum::of(1000 + 2000 - 10_001)]] && cube.counts == [RawCount::of(3)]);
    assert_eq!(case.rejected(), [(Reason::MeasureNotNumeric, 2)]);
}

#[test]
fn a_sum_that_cannot_be_published_is_refused() {
    let mut case = Case::new(&format!("x,y,rent\n{}", "4300000,3400000,1000000000000\n".repeat(300)));
    case.spec.measures = vec![MeasureSpec { name: "rent".into(), column: "rent".into() }];
    assert!(case.refusal().explain(Language::English).contains("measure rent"));
}

#[test]
fn of_repeated_ids_the_smallest_record_counts_whatever_came_first() {
    let header = "x,y,id,sex,day\n";
    let rows = ["4300000,3400000,7,m,2024-12-31\n", "4300000,3400000,7,w,2024-12-31\n", "4299000,3400000,7,w,2024-12-31\n"];
    let others = "4300000,3400000,7,w,2023-12-31\n4300000,3400000,8,a,2024-12-31\n4300000,3400000,,a,2024-12-31\n";
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let csv = format!("{header}{}{}{}{others}", rows[order[0]], rows[order[1]], rows[order[2]]);
        let mut case = Case::new(&csv).dimension("sex", DimensionKind::Discovered, Missing::Reject);
        case.spec.id_column = Some("id".into());
        case.spec.date = DateSpec::Column("day".into());
        case.spec.systems = vec![system("west", vec![square("1", [4_200_000.0, 3_300_000.0, 4_299_999.0, 3_500_000.0])])];
        let (cube, account) = case.count();
        assert_eq!(
            cells(&cube),
            ["CRS3035RES100mN3400000E4300000", "CRS3035RES100mN3400000E4299000", "CRS3035RES100mN3400000E4300000"]
        );
        assert_eq!(cube.dimensions[0].categories, ["a", "w"], "m went with its record");
        assert_eq!((account.records_placed, account.outside_and_overlapping.as_slice()), (3, [(2, 0)].as_slice()));
        assert_eq!(case.rejected(), [(Reason::MissingId, 1), (Reason::DuplicateId, 2)]);
    }
}

#[test]
fn areas_make_tuples_in_order_and_are_accounted_for() {
    let mut case = Case::new("x,y\n4300050,3400050\n4300150,3400050\n4300250,3400050\n4300350,3400050\n");
    let overlapping = vec![
        square("a", [4_300_000.0, 3_400_000.0, 4_300_200.0, 3_400_100.0]),
        square("b", [4_300_100.0, 3_400_000.0, 4_300_300.0, 3_400_100.0]),
    ];
    let half = vec![square("h", [4_300_200.0, 3_400_000.0, 4_300_400.0, 3_400_100.0])];
    case.spec.systems = vec![system("over", overlapping), system("half", half)];
    let (cube, account) = case.count();
    assert_eq!(cube.area_tuples, [[None, Some(0)], [Some(0), None], [Some(1), Some(0)]]);
    assert_eq!(cube.keys.iter().map(|key| key.areas).collect::<Vec<_>>(), [1, 1, 2, 0]);
    assert_eq!(account.outside_and_overlapping, [(1, 1), (2, 0)]);
}

#[test]
fn too_many_rejects_name_file_row_column_mend_and_flag_but_no_value() {
    let mut csv = "x,y,age\n".to_owned();
    (0..97).for_each(|_| csv.push_str("4300000,3400000,5\n"));
    csv.push_str("4300000,geheim4711,5\n4300000,3400000,geheim4712\n4300000,3400000,geheim4713\n");
    let bands = DimensionKind::Bands(vec![0.0, 18.0]);
    let mut case = Case::new(&csv).dimension("age", bands, Missing::Reject);
    case.spec.max_rejects = CountSpec::MAX_REJECTS;
    let error = case.refusal();
    assert_eq!(error.kind(), crate::error::Kind::Check);
    for (language, row) in [(Language::English, "row 99, column y"), (Language::German, "Zeile 99, Spalte y")] {
        let text = error.explain(language);
        for part in ["persons.csv", row, "--max-rejects 0.03", "3 %", "1 %", "(2×)", "101, "] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("geheim") && !format!("{error:?}").contains("geheim"));
    }
    case.spec.max_rejects = 0.03;
    assert_eq!(case.count().1.records_placed, 97);
}

#[test]
fn nothing_placed_is_refused() {
    let error = Case::new("x,y\nnowhere,nowhere\n").refusal();
    assert!(error.explain(Language::English).contains("persons.csv, row 2, column x"));
}

#[test]
fn no_planted_value_is_in_any_error() {
    let csv = "x,y,age,sex,rent,day,id\n4300000,3400000,5,m,1,2024-12-31,1\ngeheim,geheim,geheim,geheim|,geheim,geheim,geheim\n\
        4300000,3400000,geheim,m,1,2024-12-31,geheim\n4300000,3400000,5,geheim|,1,2024-12-31,geheim\n\
        4300000,3400000,5,m,geheim,2024-12-31,geheim\n4300000,3400000,5,m,1,geheim,geheim\n\
        4300000,3400000,5,m,1,2024-12-31,geheim\n4300000,3400000,5,m,1,2024-12-31,geheim\n";
    let mut case = Case::new(csv).dimension("age", DimensionKind::Bands(vec![0.0]), Missing::Reject).dimension(
        "sex",
        DimensionKind::Discovered,
        Missing::Reject,
    );
    case.spec.measures = vec![MeasureSpec { name: "rent".into(), column: "rent".into() }];
    case.spec.date = DateSpec::Column("day".into());
    case.spec.id_column = Some("id".into());
    assert_eq!(case.rejected().len(), 6);
    case.spec.max_rejects = 0.0;
    let error = case.refusal();
    for text in [error.explain(Language::German), error.explain(Language::English), format!("{error:?}")] {
        assert!(!text.contains("geheim"), "{text}");
    }
}

/// Records with everything, from a small generator with a seed.
fn mixed(records: u32) -> Vec<String> {
    let mut state = 42_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let rows = (0..records).map(|_| {
        let (x, y) = (4_300_000 + next(3000), 3_400_000 + next(3000));
        let (age, sex, rent) = (next(90), ["m", "w", "d", ""][next(4) as usize], next(10_000) as f64 / 7.0 - 500.0);
        format!("{x},{y},{age},{sex},{rent:.3},{},{}\n", ["2023-12-31", "31.12.2024", "x"][next(3) as usize], next(4000))
    });
    rows.collect()
}

#[test]
fn threads_order_and_a_limit_of_memory_make_no_difference() {
    let header = "x,y,age,sex,rent,day,id\n";
    let rows = mixed(6000);
    let mut reversed = rows.clone();
    reversed.reverse();
    let mut sorted = rows.clone();
    sorted.sort();
    for with_id in [false, true] {
        let mut first: Option<(Cube, Account)> = None;
        for rows in [&rows, &reversed, &sorted] {
            // With half a byte a part every record waits on disk.
            for (threads, memory_bytes) in [(1, None), (2, None), (7, None), (1, Some(256)), (7, Some(256)), (2, Some(1 << 20))] {
                let mut case = Case::new(&format!("{header}{}", rows.concat()))
                    .dimension("age", DimensionKind::Discovered, Missing::Reject)
                    .dimension("sex", DimensionKind::Discovered, Missing::Category("ohne".into()));
                let cut = |key: &str, at: f64| square(key, [4_300_000.0, 3_400_000.0 + at, 4_302_500.0, 3_401_000.0 + at]);
                case.spec.systems = vec![
                    system("one", vec![cut("a", 0.0), cut("b", 500.0)]),
                    system("two", vec![cut("c", 1500.0), cut("d", 2500.0)]),
                ];
                case.spec.measures = vec![MeasureSpec { name: "rent".into(), column: "rent".into() }];
                case.spec.date = DateSpec::Column("day".into());
                case.spec.id_column = with_id.then(|| "id".to_owned());
                case.spec.memory_bytes = memory_bytes;
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let (cube, account) = pool.install(|| case.count());
                match &first {
                    None => first = Some((cube, account)),
                    Some((known, of)) => {
                        assert!(same(known, &cube));
                        assert_eq!(of.records_placed, account.records_placed);
                        assert_eq!(of.outside_and_overlapping, account.outside_and_overlapping);
                        assert_eq!(of.rejects.total(), account.rejects.total());
                    }
                }
            }
        }
        let (cube, account) = first.unwrap();
        assert!(cube.keys.is_sorted() && cube.keys.windows(2).all(|pair| pair[0] != pair[1]));
        let mut all = RawCount::default();
        cube.counts.iter().for_each(|&count| all += count);
        assert!(all == RawCount::of(account.records_placed) && account.records_placed > 1000);
    }
}

/// Seconds that all threads of this process have computed: on a busy machine the fairer clock.
fn computed_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.split(' ').skip(13).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// One in-memory batch after the other, as fast as they come: `cargo test --release --lib throughput -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn throughput_of_ten_million_records() {
    let records = 10_000_000_usize;
    let path = tempfile::tempdir().unwrap();
    let file = path.path().join("persons.csv");
    let mut csv = String::from("x,y,age,sex\n");
    let mut state = 1_u64;
    for _ in 0..records {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = state >> 20;
        let (x, y) = (500_000.0 + (bits % 400_000) as f64 / 7.0, 5_900_000.0 + (bits / 400_000 % 400_000) as f64 / 7.0);
        let (age, sex) = (["0-17", "18-64", "65+", "k. A."][(state >> 60) as usize % 4], ["m", "w"][(state >> 50) as usize % 2]);
        writeln!(csv, "{x:.2},{y:.2},{age},{sex}").unwrap();
    }
    std::fs::write(&file, &csv).unwrap();
    let mut case = Case::new("x,y\n").dimension("age", DimensionKind::Discovered, Missing::Reject).dimension(
        "sex",
        DimensionKind::Discovered,
        Missing::Reject,
    );
    let utm = ReferenceSystem::parse("EPSG:25832").unwrap();
    case.spec.position = PositionSource::Coordinates { system: utm, x_column: "x".into(), y_column: "y".into() };
    case.spec.files = vec![file];
    let request = |consume: &Consume<'_>, wanted: &[Wanted]| {
        read(&Request { files: &case.spec.files, dialect: &case.spec.dialect, wanted }, &Silent, consume)
    };
    let batches = Mutex::new(Vec::new());
    let counting = Counting::new(&case.spec).unwrap();
    request(
        &|batch| {
            batches.lock().unwrap().push(batch);
            Ok(())
        },
        &counting.columns.wanted,
    )
    .unwrap();
    let batches = batches.into_inner().unwrap();
    let (start, computed) = (std::time::Instant::now(), computed_s());
    let (cube, _) = count_batches(&case.spec, |_, consume| {
        use rayon::prelude::*;
        batches.into_par_iter().try_for_each(consume)?;
        Ok(records as u64)
    })
    .unwrap();
    let in_memory = start.elapsed().as_secs_f64();
    eprintln!("counting computes {:.0} ns a record", (computed_s() - computed) / records as f64 * 1e9);
    let start = std::time::Instant::now();
    case.count();
    let from_file = start.elapsed().as_secs_f64();
    eprintln!("{} threads, {} atoms", rayon::current_num_threads(), cube.keys.len());
    eprintln!(
        "in memory {:.1} M records/s, from CSV {:.1} M records/s",
        records as f64 / in_memory / 1e6,
        records as f64 / from_file / 1e6
    );
}
