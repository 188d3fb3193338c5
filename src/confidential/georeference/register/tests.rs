use super::*;
use crate::error::Language;

/// The index alone, for cells of 100 m.
fn opened(spec: &RegisterSpec) -> Result<Index, Error> {
    Ok(open(spec, GridSize::new(100).unwrap())?.0)
}

/// A register with header `street,number,suffix,postcode,town,place,key,x,y` in EPSG:3035.
fn table(folder: &Path, rows: &str) -> RegisterSpec {
    let file = folder.join("register.csv");
    std::fs::write(&file, format!("street;number;suffix;postcode;town;place;key;x;y\n{rows}")).unwrap();
    let mut columns = RegisterColumns::default();
    for name in ["street", "number", "suffix", "postcode", "place", "x", "y"] {
        columns.set(name, name).unwrap();
    }
    columns.set("municipality", "town").unwrap();
    columns.set("street_key", "key").unwrap();
    let dialect = Dialect { separator: Some(';'), decimal: Some('.'), ..Dialect::default() };
    RegisterSpec {
        file,
        format: None,
        crs: Some("EPSG:3035".into()),
        columns,
        dialect,
        index: None,
        grids: DatumGrids::none(),
        allow_coarse_datum: false,
    }
}

/// An index of such rows.
pub(in crate::confidential::georeference) fn index_of(rows: &str) -> Index {
    let folder = tempfile::tempdir().unwrap();
    opened(&table(folder.path(), rows)).unwrap_or_else(|error| panic!("{error}"))
}

fn only_index_file(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut indexes = files.filter(|path| path.extension().is_some_and(|ending| ending == "index"));
    let index = indexes.next().expect("one was written");
    assert!(indexes.next().is_none());
    index
}

const ROWS: &str =
    "Am Hang;1;;45127;05113000;Essen;17;4100000.5;3100000.25\nAm Hang;2;A;45127;05113000;Essen;17;4100010;3100000\n";

#[test]
fn an_index_is_kept_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path(), ROWS);
    let first = opened(&spec).unwrap();
    let kept = only_index_file(folder.path());
    let bytes = std::fs::read(&kept).unwrap();
    let again = opened(&spec).unwrap();
    assert!(first.tables == again.tables && first.houses() == 2);
    assert_eq!(std::fs::read(&kept).unwrap(), bytes);
    assert_eq!(first.position_3035_m(0), [4_100_000.5, 3_100_000.25]);
}

#[test]
fn a_damaged_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path(), ROWS);
    let whole = opened(&spec).unwrap();
    let kept = only_index_file(folder.path());
    let bytes = std::fs::read(&kept).unwrap();
    for damage in [&bytes[..bytes.len() / 2], &[], &[&bytes[..60], &[0xff], &bytes[61..]].concat()] {
        std::fs::write(&kept, damage).unwrap();
        assert!(opened(&spec).unwrap().tables == whole.tables);
        assert_eq!(std::fs::read(&kept).unwrap(), bytes);
    }
}

#[test]
fn another_register_is_not_mistaken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = table(folder.path(), ROWS);
    spec.index = Some(folder.path().join("kept.index"));
    assert_eq!(opened(&spec).unwrap().houses(), 2);
    table(folder.path(), "Am Hang;1;;45127;05113000;Essen;17;4100000.5;3100000.25\n");
    assert_eq!(opened(&spec).unwrap().houses(), 1);
}

#[test]
fn rows_without_street_or_position_are_counted() {
    let index = index_of(&format!("{ROWS}Am Hang;3;;45127;05113000;Essen;17;;\n;4;;45127;05113000;Essen;;4100010;3100000\n"));
    assert_eq!((index.houses(), index.unusable()), (2, 2));
}

#[test]
fn official_layouts_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let hkde = "N;DENW000000000006;A;05;1;13;000;0000;00001;1;;32359252,047;5701464,014;Aachener Str.;45127;Essen;;\n";
    let gebref = "N;DENW000000000006;A;05;Nordrhein-Westfalen;1;Düsseldorf;13;Essen;000;Essen;0000;;00001;Aachener Str.;1;;32;\
        359252,047;5701464,014;2024-01-01\n";
    let old = "N;DENW000000000006;A;05;1;13;000;0000;00001;1;;32359252,047;5701464,014;Aachener Str.\n";
    let mut positions = Vec::new();
    for (text, crs) in [(hkde, None), (gebref, Some("EPSG:25832")), (old, None)] {
        let file = folder.path().join("register.txt");
        std::fs::write(&file, text.repeat(2)).unwrap();
        let columns = RegisterColumns::default();
        let dialect = Dialect::default();
        let spec = RegisterSpec {
            file,
            format: None,
            crs: crs.map(str::to_owned),
            columns,
            dialect,
            index: None,
            grids: DatumGrids::none(),
            allow_coarse_datum: false,
        };
        let index = opened(&spec).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((index.houses(), index.written(0)), (1, "Aachener Str."));
        assert_eq!(index.town("05113000"), Some(0));
        positions.push(index.position_3035_m(0));
    }
    assert!(positions.iter().all(|position| *position == positions[0]));
    // By PROJ 9: 4102853.34, 3152310.82 or so; the test over a whole register compares to the millimetre.
    assert!((4_000_000.0..4_300_000.0).contains(&positions[0][0]));
}

fn refusal(spec: &RegisterSpec) -> String {
    opened(spec).unwrap_err().explain(Language::English)
}

#[test]
fn what_is_not_said_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let spec = table(folder.path(), ROWS);
    let without = RegisterSpec { crs: None, ..spec.clone() };
    assert!(refusal(&without).contains("--register-crs"));
    let mut columns = spec.columns.clone();
    columns.set("y", "").unwrap();
    assert!(refusal(&RegisterSpec { columns, ..spec.clone() }).contains("column of `y`"));
    let mut columns = spec.columns.clone();
    columns.set("number", "numbr").unwrap();
    let text = refusal(&RegisterSpec { columns, ..spec.clone() });
    assert!(text.contains("numbr") && text.contains("did you mean \"number\""), "{text}");
    let hkde = RegisterSpec { format: Some(RegisterFormat::HkDe), ..spec };
    assert!(refusal(&hkde).contains("18"));
}

#[test]
fn a_wrong_system_is_told_by_the_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("register.txt");
    let hkde = "N;D;A;05;1;13;000;0000;00001;1;;32359252,047;5701464,014;Aachener Str.;45127;Essen;;\n";
    std::fs::write(&file, hkde.repeat(20)).unwrap();
    let (columns, dialect) = (RegisterColumns::default(), Dialect::default());
    let text = refusal(&RegisterSpec {
        file,
        format: None,
        crs: Some("EPSG:25832".into()),
        columns,
        dialect,
        index: None,
        grids: DatumGrids::none(),
        allow_coarse_datum: false,
    });
    assert!(text.contains("EPSG:4647") && !text.contains("359252"), "{text}");
}
