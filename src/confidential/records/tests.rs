//! Whole files through [`super::read`]: dialects, boundaries of blocks, damaged and foreign files, real files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::confidential::account::Reason;
use crate::error::Language;
use crate::progress::{Silent, Stage};

type Row = (u64, Vec<Option<String>>);

fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn wanted(columns: &[&str]) -> Vec<Wanted> {
    let column = |name: &&str| match name.strip_prefix('#') {
        Some(number) => Wanted { name: number.to_owned(), kind: Kind::Number },
        None => Wanted { name: (*name).to_owned(), kind: Kind::Text },
    };
    columns.iter().map(column).collect()
}

/// All rows as text (`#name` asks for a number), sorted by row number, and the faulty ones.
fn rows_of(path: &Path, dialect: &Dialect, columns: &[&str], block: usize) -> Result<(Vec<Row>, Vec<(u64, Reason)>), Error> {
    let (rows, faulty) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let request = Request { files: &[path.to_owned()], dialect, wanted: &wanted(columns) };
    let records = read_in_blocks(
        &request,
        &Silent,
        &|batch| {
            for i in 0..batch.rows {
                let value = |column: &Values| match column {
                    Values::Text(texts) => texts.get(i).map(str::to_owned),
                    Values::Number(numbers) => match numbers.states[i] {
                        NumberState::Number => Some(numbers.values[i].to_string()),
                        NumberState::Missing => None,
                        NumberState::NotANumber => Some("no number".to_owned()),
                    },
                };
                rows.lock().unwrap().push((batch.row(i), batch.columns.iter().map(value).collect()));
            }
            faulty.lock().unwrap().extend(batch.faulty.iter().map(|&(i, reason)| (batch.row(i as usize), reason)));
            Ok(())
        },
        block,
    )?;
    let (mut rows, mut faulty) = (rows.into_inner().unwrap(), faulty.into_inner().unwrap());
    rows.sort();
    faulty.sort();
    assert_eq!(records, rows.len() as u64);
    Ok((rows, faulty))
}

fn texts(content: &[u8], dialect: &Dialect, columns: &[&str]) -> Vec<Row> {
    let (_folder, path) = file("persons.csv", content);
    rows_of(&path, dialect, columns, BLOCK_BYTES).unwrap().0
}

/// The values of the only record.
fn one(content: &[u8], columns: &[&str]) -> Vec<String> {
    let rows = texts(content, &Dialect::default(), columns);
    assert_eq!(rows.len(), 1);
    rows[0].1.iter().map(|value| value.clone().unwrap_or_else(|| "missing".to_owned())).collect()
}

fn failure(name: &str, content: &[u8], columns: &[&str]) -> String {
    let (_folder, path) = file(name, content);
    let dialect = Dialect::default();
    let request = Request { files: std::slice::from_ref(&path), dialect: &dialect, wanted: &wanted(columns) };
    let error = read(&request, &Silent, &|_| Ok(())).unwrap_err();
    let (english, german) = (error.explain(Language::English), error.explain(Language::German));
    assert!(german != english && english.contains(name) && german.contains(name), "{english} {german}");
    assert!(english.contains(": "), "no mend: {english}");
    english.replace(&path.display().to_string(), name)
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn latin(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

macro_rules! one {
    ($($name:ident: $content:expr, $columns:expr => $values:expr;)*) => {
        $(#[test] fn $name() { assert_eq!(one(&$content[..], &$columns), $values); })*
    };
}

one! {
    semicolon_comma: b"ort;e;n\nA;5,5;6,25\n", ["#e", "#n", "ort"] => ["5.5", "6.25", "A"];
    semicolon_point: b"ort;e;n\nA;5.5;6.25\n", ["#e", "#n", "ort"] => ["5.5", "6.25", "A"];
    comma_point: b"ort,e,n\nA,5.5,6.25\n", ["#e", "#n", "ort"] => ["5.5", "6.25", "A"];
    comma_comma_quoted: b"ort,e,n\nA,\"5,5\",\"6,25\"\n", ["#e", "#n", "ort"] => ["5.5", "6.25", "A"];
    tab_comma: b"ort\te\tn\nA\t5,5\t6,25\n", ["#e", "#n", "ort"] => ["5.5", "6.25", "A"];
    tab_point: b"ort\te\tn\nA\t5.5\t6.25\n", ["#e", "#n", "ort"] => ["5.5", "6.25", "A"];
    bar_comma: b"ort|e|n\nA|5,5|6,25\n", ["#e", "#n", "ort"] => ["5.5", "6.25", "A"];
    windows_line_ends: b"ort;e\r\nA;5\r\n", ["ort", "#e"] => ["A", "5"];
    old_line_ends: b"ort;e\rA;5\r", ["ort", "#e"] => ["A", "5"];
    no_line_end_at_the_end: b"ort;e\nA;5", ["ort", "#e"] => ["A", "5"];
    last_field_empty_at_the_end: b"ort;e\nA;", ["ort", "#e"] => ["A", "missing"];
    byte_order_mark: "\u{feff}ort;e\nKöln;5\n".as_bytes(), ["ort", "#e"] => ["Köln", "5"];
    byte_order_mark_and_quotes: "\u{feff}\"ort\";\"e\"\n\"Köln\";\"5\"\n".as_bytes(), ["ort", "#e"] => ["Köln", "5"];
    utf_8: "Straße;e\nKöln;5\n".as_bytes(), ["Straße", "#e"] => ["Köln", "5"];
    windows_1252: latin("Straße;e\nKöln „Süd“;5\n"), ["Straße", "#e"] => ["Köln „Süd“", "5"];
    iso_8859_15: b"preis;e\n5 \xA4 K\xF6ln;5\n", ["preis"] => ["5 € Köln"];
    utf_16_little: utf16("ort;e\r\nKöln;5,5\r\n", false, true), ["ort", "#e"] => ["Köln", "5.5"];
    utf_16_big: utf16("ort;e\r\nKöln;5,5\r\n", true, true), ["ort", "#e"] => ["Köln", "5.5"];
    utf_16_without_mark: utf16("ort;e\r\nKoeln;5,5\r\n", false, false), ["ort", "#e"] => ["Koeln", "5.5"];
    single_quotes: b"'ort';'e'\n'A;B';'5'\n", ["ort", "#e"] => ["A;B", "5"];
    quoted_line_break: b"ort;e\n\"A\nB\";5\n", ["ort", "#e"] => ["A\nB", "5"];
    quoted_separator: b"ort;e\n\"A;B\";5\n", ["ort", "#e"] => ["A;B", "5"];
    doubled_quotes: b"ort;e\n\"A \"\"B\"\"\";5\n", ["ort", "#e"] => ["A \"B\"", "5"];
    quote_inside: b"ort;e\nHaus 5\" links;5\n", ["ort", "#e"] => ["Haus 5\" links", "5"];
    leading_zeros: b"ags;e\n01056001;5\n", ["ags", "#e"] => ["01056001", "5"];
    spaces_are_trimmed: b" ort ; e \n A ; 5 \n", ["ort", "#e"] => ["A", "5"];
    empty_is_missing: b"ort;e;x\n;;1\n", ["ort", "#e"] => ["missing", "missing"];
    blank_lines: b"\nort;e\n\nA;5\n\n\n", ["ort", "#e"] => ["A", "5"];
    rows_of_separators: b"ort;e\nA;5\n;\n;\n", ["ort", "#e"] => ["A", "5"];
    surplus_separators: b"ort;e;;\nA;5;;;\n", ["ort", "#e"] => ["A", "5"];
    excel_says_separator: b"sep=|\nort;a|e\nA;x|5\n", ["ort;a", "#e"] => ["A;x", "5"];
    address_with_commas: b"adresse;e\nWeg 5, Ulm;5\n", ["adresse", "#e"] => ["Weg 5, Ulm", "5"];
    column_twice: b"ort;e\nA;5\n", ["#e", "e", "#e"] => ["5", "5", "5"];
    one_column: b"code\n1kmN2690E4341\n", ["code"] => ["1kmN2690E4341"];
    decimal_comma_beside_point: b"x;rate\n559517.16;5,5\n", ["#x", "#rate"] => ["559517.16", "5.5"];
    thousands: b"x;y\n559.517,16;5.944.672,09\n", ["#x", "#y"] => ["559517.16", "5944672.09"];
    not_a_number: b"ort;e\nA;zwei\n", ["#e"] => ["no number"];
    not_finite: b"ort;e\nA;NaN\n", ["#e"] => ["NaN"];
}

#[test]
fn declared_signs_win() {
    let dialect = Dialect {
        separator: Some('|'),
        decimal: Some(','),
        quote: Some('\''),
        encoding: Some("cp1252".to_owned()),
        ..Dialect::default()
    };
    let rows = texts(&latin("a;b|c\n'Köln|ö'|1.234\n"), &dialect, &["a;b", "#c"]);
    assert_eq!(rows[0].1, [Some("Köln|ö".to_owned()), Some("1234".to_owned())]);
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_does() {
    let rows = texts(b"a;b\n1;x\n\n2;\"x\ny\"\n3;z\n", &Dialect::default(), &["a"]);
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [2, 4, 5]);
}

#[test]
fn rows_with_other_field_counts_are_faulty_and_keep_their_place() {
    let (_folder, path) = file("a.csv", b"a;b;c\n1;2;3\n1;2\n1;2;3;4\n5;6;7\n");
    let (rows, faulty) = rows_of(&path, &Dialect::default(), &["a"], BLOCK_BYTES).unwrap();
    assert_eq!(faulty, [(3, Reason::FieldCount), (4, Reason::FieldCount)]);
    assert_eq!(rows.iter().map(|(_, values)| values[0].as_deref()).collect::<Vec<_>>(), [Some("1"), None, None, Some("5")]);
}

#[test]
fn wrong_bytes_are_faulty_only_in_wanted_columns() {
    let text = b"\xEF\xBB\xBFa;b\nK\xC3\xB6ln;1\nK\xF6ln;2\nUlm;\xF6\n";
    let (_folder, path) = file("a.csv", text);
    let (rows, faulty) = rows_of(&path, &Dialect::default(), &["a"], BLOCK_BYTES).unwrap();
    assert_eq!(faulty, [(3, Reason::Encoding)]);
    assert_eq!(rows[2].1, [Some("Ulm".to_owned())]);
}

#[test]
fn first_umlaut_after_the_sample_is_read_in_either_encoding() {
    for (umlaut, other) in [(&b"K\xF6ln"[..], &b"Ulm"[..]), (b"K\xC3\xB6ln", b"Ulm"), (b"K\xF6ln", b"K\xC3\xB6ln")] {
        let mut text = b"a;b\n".to_vec();
        text.extend(b"plain;1\n".repeat(200_000));
        text.extend([umlaut, b";1\n", other, b";1\n"].concat());
        let (_folder, path) = file("a.csv", &text);
        let (rows, faulty) = rows_of(&path, &Dialect::default(), &["a"], 1 << 16).unwrap();
        assert!(faulty.is_empty());
        assert_eq!(rows[200_000].1, [Some("Köln".to_owned())]);
    }
}

fn random_text() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::strategy::Strategy;
    let field = proptest::string::string_regex("[ab5,ö\"]{0,3}|\"([ab;\n]|\"\"){0,4}\"").unwrap();
    let record = proptest::collection::vec(field, 1..4).prop_map(|fields| fields.join(";"));
    proptest::collection::vec(record, 1..30).prop_map(|records| format!("a;b\n{}\n", records.join("\n")))
}

proptest::proptest! {
    #[test]
    fn block_size_does_not_matter(text in random_text(), block in 1_usize..40) {
        let (_folder, path) = file("a.csv", text.as_bytes());
        let whole = rows_of(&path, &Dialect::default(), &["a", "#b"], BLOCK_BYTES).map_err(|e| e.to_string());
        let pieces = rows_of(&path, &Dialect::default(), &["a", "#b"], block).map_err(|e| e.to_string());
        proptest::prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn what_was_quoted_is_read_back(values in proptest::collection::vec("[ -~ö\n]{1,12}", 1..20), windows: bool) {
        let mut text = "ä;value\n".to_owned();
        for value in &values {
            text += &format!("x;\"{}\"\n", value.replace('"', "\"\""));
        }
        let bytes = if windows { latin(&text) } else { text.into_bytes() };
        let (_folder, path) = file("a.csv", &bytes);
        let dialect = Dialect { separator: Some(';'), ..Dialect::default() };
        let (rows, faulty) = rows_of(&path, &dialect, &["value"], 16).unwrap();
        proptest::prop_assert!(faulty.is_empty());
        for ((_, row), value) in rows.iter().zip(&values) {
            proptest::prop_assert_eq!(row[0].as_deref().unwrap_or(""), value.trim());
        }
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_of_several_members() {
    let packed = [gzip(b"a;b\n1;2\n3"), gzip(b";4\n")].concat();
    let (_folder, path) = file("a.csv.gz", &packed);
    assert_eq!(rows_of(&path, &Dialect::default(), &["a", "b"], BLOCK_BYTES).unwrap().0.len(), 2);
}

#[test]
fn zstd_of_several_frames() {
    let zstd = |content: &[u8]| zstd::encode_all(content, 3).unwrap();
    let packed = [zstd(b"a;b\n1;2\n3"), zstd(b";4\n")].concat();
    let (_folder, path) = file("a.csv.zst", &packed);
    assert_eq!(rows_of(&path, &Dialect::default(), &["a", "b"], BLOCK_BYTES).unwrap().0.len(), 2);
    let noise: String = (0..400_000_u64).map(|i| format!("{};1\n", i.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    let mut packed = zstd(format!("a;b\n{noise}").as_bytes());
    for kept in [9, packed.len() / 2, packed.len() - 4] {
        let told = failure("a.csv.zst", &packed[..kept], &["a"]);
        assert_eq!(told, "a.csv.zst: zstd file ends too early: copy or export it again");
    }
    packed[200_000..200_100].fill(0xff);
    let told = failure("a.csv.zst", &packed, &["a"]);
    assert_eq!(told, "a.csv.zst: zstd file is damaged: copy or export it again");
}

#[test]
fn truncated_gzip() {
    let noise: String = (0..400_000_u64).map(|i| format!("{};1\n", i.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    let packed = gzip(format!("a;b\n{noise}").as_bytes());
    for kept in [15, packed.len() / 2, packed.len() - 4] {
        let told = failure("a.csv.gz", &packed[..kept], &["a"]);
        assert_eq!(told, "a.csv.gz: gzip file ends too early: copy or export it again");
    }
}

#[test]
fn damaged_gzip() {
    let mut packed = gzip(&b"a;b\n1;2\n".repeat(100));
    let last = packed.len() - 6;
    packed[last] ^= 0xFF;
    assert_eq!(failure("a.csv.gz", &packed, &["a"]), "a.csv.gz: gzip file is damaged: copy or export it again");
}

macro_rules! fails {
    ($($name:ident: $file:literal, $content:expr => $told:expr;)*) => {
        $(#[test] fn $name() { let told = failure($file, &$content[..], &["ort"]); assert!(told.contains($told), "{told}"); })*
    };
}

fails! {
    empty_file: "a.csv", b"" => "is empty";
    empty_zstd: "a.csv.zst", zstd::encode_all(&b""[..], 3).unwrap() => "is empty";
    empty_gzip: "a.csv.gz", gzip(b"") => "is empty";
    header_only: "a.csv", b"ort;e\n" => "no records below the header";
    header_and_blank_lines: "a.csv", b"ort;e\r\n\r\n;\r\n" => "no records below the header";
    missing_column: "a.csv", b"orte;e\nA;1\n" => "no column \"ort\": did you mean \"orte\"? columns are orte, e";
    missing_column_unlike_any: "a.csv", b"x;y\nA;1\n" => "no column \"ort\": name one of x, y";
    column_in_header_twice: "a.csv", b"ort;ort\nA;1\n" => "occurs more than once";
    record_as_header: "a.csv", b"Meier;01.02.1980;1\nSchulz;02.03.1981;2\n" => "first row looks like a record";
    category_as_header: "a.csv", b"m;ja\nw;nein\nm;nein\n" => "first row looks like a record";
    unclosed_quote: "a.csv", b"ort;e\nA;1\n\"B;2\nC;3\n" => "row 3: a quoted text does not end";
    spreadsheet: "a.xlsx", b"PK\x03\x04 and so on" => "spreadsheet file is damaged";
    archive: "a.zip", b"PK\x03\x04 and so on" => "unpack it";
    geopackage: "a.gpkg", b"SQLite format 3\0" => "GeoPackage file is damaged";
    binary: "a.csv", b"\x01\x00\x02\x00\x00\x03abc" => "no known format";
    other_json: "a.json", b"{\"a\": [1, 2]}" => "no GeoJSON feature collection";
    truncated_geojson: "a.geojson", b"{\"type\": \"FeatureCollection\", \"features\": [{\"type\"" => "ends too early";
    damaged_geojson: "a.geojson", b"{\"type\": \"FeatureCollection\", \"features\": [}]}" => "is damaged";
    truncated_parquet: "a.parquet", b"PAR1 and nothing more" => "Parquet file ends too early";
}

#[test]
fn header_of_a_headerless_file_is_not_repeated() {
    let told = failure("a.csv", b"Meier;Geheimweg 5;01.02.1980\nSchulz;Weg 1;02.03.1981\n", &["ort"]);
    assert!(!told.contains("Meier") && !told.contains("Geheimweg"), "{told}");
}

#[test]
fn a_quote_that_never_ends_does_not_fill_the_memory() {
    let text = [&b"ort;e\nA;1\n\"B;2\n"[..], &b"C;3\n".repeat(3_000_000)].concat();
    assert!(failure("a.csv", &text, &["ort"]).contains("row 3: a quoted text does not end"));
}

#[test]
fn not_there_and_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: PathBuf| {
        let request = Request { files: &[path], dialect: &Dialect::default(), wanted: &[] };
        read(&request, &Silent, &|_| Ok(())).unwrap_err().to_string()
    };
    assert!(told(folder.path().join("none.csv")).contains("no such file"));
    assert!(told(folder.path().to_owned()).contains("is a folder"));
}

#[test]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = file("a.csv", b"ort;e\nA;1\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o0)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        return eprintln!("skipped: this user may read everything");
    }
    assert!(rows_of(&path, &Dialect::default(), &["ort"], 1).unwrap_err().to_string().contains("no permission"));
}

#[test]
fn impossible_signs_and_encodings() {
    let told = |dialect: Dialect| {
        let (_folder, path) = file("a.csv", b"ort;e\nA;1\n");
        rows_of(&path, &dialect, &["ort"], 1).unwrap_err().to_string()
    };
    assert!(told(Dialect { separator: Some('a'), ..Dialect::default() }).starts_with("separator 'a' cannot be used"));
    assert!(told(Dialect { decimal: Some(';'), ..Dialect::default() }).starts_with("decimal ';' cannot be used"));
    let same = Dialect { separator: Some('\''), quote: Some('\''), ..Dialect::default() };
    assert!(told(same).starts_with("quote '\\'' cannot be used"));
    let encoding = Some("klingon".to_owned());
    assert!(told(Dialect { encoding, ..Dialect::default() }).starts_with("unknown encoding \"klingon\""));
}

#[test]
fn an_error_of_the_consumer_ends_the_reading() {
    let (_folder, path) = file("a.csv", b"ort;e\nA;1\n");
    let request = Request { files: &[path], dialect: &Dialect::default(), wanted: &wanted(&["ort"]) };
    let told = read(&request, &Silent, &|_| Err(RecordsError::UnknownEncoding { label: "x".to_owned() }.into()));
    assert!(told.unwrap_err().to_string().contains("unknown encoding"));
}

#[test]
fn resolve_names_the_file_that_lacks_a_column() {
    let ((_a, good), (_b, bad)) = (file("good.csv", b"ort;e\nA;1\n"), file("bad.csv", b"Ort;e\nA;1\n"));
    let (dialect, wanted) = (Dialect::default(), wanted(&["ort"]));
    let told = resolve(&Request { files: &[good.clone(), bad], dialect: &dialect, wanted: &wanted }).unwrap_err().to_string();
    assert!(told.contains("bad.csv: no column \"ort\": did you mean \"Ort\"?"), "{told}");
    resolve(&Request { files: &[good], dialect: &dialect, wanted: &wanted }).unwrap();
}

#[derive(Default)]
struct Counter(AtomicU64);

impl Progress for Counter {
    fn begin(&self, _: Stage, _: Option<u64>) {}
    fn advance(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
    fn end(&self) {}
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: ../shared is absent");
    None
}

/// Rows read and sums of two number columns.
fn sums(path: &Path, columns: [&str; 2]) -> (u64, f64, f64) {
    let counter = Counter::default();
    let dialect = Dialect::default();
    let wanted = wanted(&columns);
    let request = Request { files: &[path.to_owned()], dialect: &dialect, wanted: &wanted };
    let sums = Mutex::new((0.0, 0.0));
    let records = read(&request, &counter, &|batch| {
        let sum = |column: usize| match &batch.columns[column] {
            Values::Number(numbers) => {
                assert!(numbers.states.iter().all(|state| *state == NumberState::Number));
                numbers.values.iter().sum::<f64>()
            }
            Values::Text(_) => unreachable!("numbers were wanted"),
        };
        assert!(batch.faulty.is_empty());
        let mut sums = sums.lock().unwrap();
        *sums = (sums.0 + sum(0), sums.1 + sum(1));
        Ok(())
    });
    let (records, (a, b)) = (records.unwrap(), sums.into_inner().unwrap());
    assert_eq!(counter.0.into_inner(), std::fs::metadata(path).unwrap().len(), "progress tells every byte once");
    (records, a / records as f64, b / records as f64)
}

macro_rules! real {
    ($($name:ident: $path:literal, $columns:expr => $records:literal, $x:literal, $y:literal;)*) => {
        $(#[test] fn $name() {
            let Some(path) = shared($path) else { return };
            let (records, x, y) = sums(&path, $columns);
            assert_eq!((records, format!("{x:.4}"), format!("{y:.4}")), ($records, $x.to_owned(), $y.to_owned()));
        })*
    };
}

// records and means by Python's csv and json
real! {
    persons_of_pinneberg: "points/derived_personen_kreis_pinneberg_zensus2011.csv.gz", ["#e_25832", "#n_25832"] => 295323, "550088.1786", "5948459.2002";
    persons_of_charleston: "points/aquadtree_charleston_pop_lcc.csv.gz", ["#x", "#y"] => 54619, "2121661.1988", "154900.1236";
    snow: "points/snow_soho_people.csv", ["#x", "#y"] => 324, "-15172.5481", "6712601.1967";
    schools_of_berlin: "points/berlin_schulen_epsg25833.geojson.gz", ["#geometry.x", "#y"] => 902, "391144.5330", "5818967.1067";
    houses_of_essen: "addresses/essen_hauskoordinaten_2022.csv.gz", ["#e_4647", "#n_4647"] => 102981, "32362095.2374", "5701339.6825";
    cells_of_germany: "grid/zensus2011_1km_einwohner_DE.csv.gz", ["#x_mp_1km", "#Einwohner"] => 361478, "4347112.6348", "221.4953";
    cells_with_decimal_comma: "grid/zensus2011_1km_spitz_pinneberg_bbox.csv", ["#Alter_D", "#Wohnfl_Bew_D"] => 2000, "28.8898", "15.6013";
}

/// Time of all threads on a core, which other work on the machine hardly changes.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |at: usize| stat.rsplit(')').next()?.split_whitespace().nth(at)?.parse::<f64>().ok();
    (ticks(11).unwrap_or(f64::NAN) + ticks(12).unwrap_or(f64::NAN)) / 100.0
}

/// Ten million rows of seven columns, four wanted; prints rows a second. Run with `--ignored --nocapture`.
#[test]
#[ignore = "measures speed"]
fn speed_of_csv() {
    let folder = tempfile::tempdir().unwrap();
    for (name, quote, groups) in
        [("plain", "", ["0-17", "65+"]), ("quoted", "\"", ["0-17", "65+"]), ("umlauts", "", ["fünf", "zwölf"])]
    {
        let path = folder.path().join(format!("{name}.csv"));
        let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        out.write_all(b"id,e_25832,n_25832,lon,lat,altersgruppe,geschlecht\n").unwrap();
        for i in 0..10_000_000_u64 {
            let hash = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
            let (e, n, group) = (540_000 + hash % 30_000, 5_930_000 + hash % 40_000, groups[hash as usize % 2]);
            writeln!(out, "{i},{e}.{:02},{n}.{:02},9.{hash:010},53.{hash:010},{quote}{group}{quote},w", hash % 100, hash % 90)
                .unwrap();
        }
        out.flush().unwrap();
        let dialect = Dialect::default();
        let wanted = wanted(&["#e_25832", "#n_25832", "altersgruppe", "geschlecht"]);
        let request = Request { files: std::slice::from_ref(&path), dialect: &dialect, wanted: &wanted };
        for _ in 0..3 {
            let (start, cpu_before) = (std::time::Instant::now(), cpu_seconds());
            let rows = read(&request, &Silent, &|_| Ok(())).unwrap();
            let (seconds, bytes) = (start.elapsed().as_secs_f64(), std::fs::metadata(&path).unwrap().len());
            let threads = rayon::current_num_threads();
            let (rows, cpu) = (rows as f64 / 1e6, cpu_seconds() - cpu_before);
            eprintln!(
                "{name}: {threads} threads {:.1} M rows/s, {:.0} MB/s; {:.1} M rows per core and second",
                rows / seconds,
                bytes as f64 / seconds / 1e6,
                rows / cpu
            );
        }
    }
}

fn geojson(members: &str) -> (tempfile::TempDir, PathBuf) {
    file("a.geojson", format!("\u{feff}{{{members}, \"type\": \"FeatureCollection\"}}").as_bytes())
}

const FEATURES: &str = r#""bbox": [0, 0, 1, 1], "features": [
  {"type": "Feature", "properties": {"ort": "Köln", "n": 5.0, "x": "7,5"}, "geometry": {"type": "Point", "coordinates": [6.9, 50.9, 37]}},
  {"type": "Feature", "properties": {"late": true, "n": null}, "geometry": {"coordinates": [[1, 2]], "type": "MultiPoint"}},
  {"type": "Feature", "properties": null, "geometry": null},
  {"type": "Feature", "properties": {"n": [1]}, "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}]"#;

#[test]
fn geojson_points_have_columns_for_properties_and_coordinates() {
    let (_folder, path) = geojson(FEATURES);
    let columns = ["ort", "n", "late", "#x", "#y", "#geometry.x", "#n"];
    let (rows, _) = rows_of(&path, &Dialect::default(), &columns, BLOCK_BYTES).unwrap();
    let expected = [
        ["Köln", "5", "", "7.5", "50.9", "6.9", "5"],
        ["", "", "true", "", "2", "1", ""],
        ["", "", "", "", "", "", ""],
        ["", "[1]", "", "", "", "", "no number"],
    ];
    for (at, (row, values)) in rows.iter().enumerate() {
        assert_eq!(*row, at as u64 + 1);
        assert_eq!(values.iter().map(|value| value.as_deref().unwrap_or("")).collect::<Vec<_>>(), expected[at]);
    }
}

#[test]
fn geojson_names_its_system() {
    let crs = |name: &str| format!(r#", "crs": {{"type": "name", "properties": {{"name": "{name}"}}}}"#);
    for (name, system) in [
        ("urn:ogc:def:crs:EPSG::25833", "EPSG:25833"),
        ("EPSG:3857", "EPSG:3857"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("http://www.opengis.net/def/crs/EPSG/0/3035", "EPSG:3035"),
    ] {
        let (_folder, path) = geojson(&format!("{FEATURES}{}", crs(name)));
        assert_eq!(declared_system(&path, &Dialect::default(), None).unwrap().as_deref(), Some(system));
    }
    let (_folder, path) = geojson(FEATURES);
    assert_eq!(declared_system(&path, &Dialect::default(), None).unwrap().as_deref(), Some("EPSG:4326"));
    let (_folder, path) = file("a.csv", b"a;b\n1;2\n");
    assert_eq!(declared_system(&path, &Dialect::default(), None).unwrap(), None);
}

#[test]
fn geojson_lacks_a_column() {
    let (_folder, path) = geojson(FEATURES);
    let told = rows_of(&path, &Dialect::default(), &["orte"], 1).unwrap_err().to_string();
    assert!(told.contains("did you mean \"ort\"? columns are ort, n, x, late, geometry.x, geometry.y"), "{told}");
}
