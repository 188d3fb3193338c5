//! Addresses on a real register: all of Essen's, damaged in twelve ways, must come back to their own house; and a release is the same whether records
//! come with addresses, cells or coordinates.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use kleinraum::confidential::{
    Account, AddressColumns, AddressSource, Admission, Dialect, GeoreferenceSpec, Grade, RegisterColumns, RegisterSpec,
    georeference,
};
use kleinraum::geodesy::DatumGrids;
use kleinraum::grid::{CellId, GridSize};
use kleinraum::progress::Silent;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shared(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: ../shared is absent");
        return None;
    }
    Some(path)
}

const ESSEN: &str = "addresses/essen_hauskoordinaten_2022.csv.gz";
const HKDE: &str = "addresses/derived_essen_hkde_layout.txt.gz";

/// A house of the register, with an invented postcode: the data have none.
#[derive(Clone)]
struct House {
    key: String,
    street: String,
    number: String,
    suffix: String,
    postcode: String,
    easting_m: f64,
    northing_m: f64,
}

fn unpacked(gzip: &Path) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(fs::File::open(gzip).unwrap()), &mut text).unwrap();
    text
}

fn essen(file: &Path) -> Vec<House> {
    let house = |line: &str| {
        let f: Vec<&str> = line.split(',').collect();
        let (easting_m, northing_m): (f64, f64) = (f[6].parse().unwrap(), f[7].parse().unwrap());
        // Squares of 3 km, so that long streets have several.
        let zone = (((easting_m - 32_350_000.0) / 3000.0) as u32) * 10 + ((northing_m - 5_690_000.0) / 3000.0) as u32;
        let [key, street, number, suffix] = [1, 2, 3, 4].map(|at: usize| f[at].to_owned());
        House { key, street, number, suffix, postcode: format!("45{zone:03}"), easting_m, northing_m }
    };
    unpacked(file).lines().skip(1).map(house).collect()
}

/// Rows without a number are the streets themselves, and four have no street: what is left are addresses.
fn addresses(houses: &[House]) -> Vec<Record> {
    houses.iter().filter(|house| !house.number.is_empty() && !house.street.starts_with('#')).map(Record::of).collect()
}

/// The register: Essen, and a town 100 km further east with half of Essen's streets and houses, which nothing may be placed in.
fn register(houses: &[House], folder: &Path) -> RegisterSpec {
    let mut text = String::from("street;number;suffix;postcode;ags;place;key;x;y\n");
    for (at, h) in houses.iter().enumerate() {
        let House { key, street, number, suffix, postcode, easting_m, northing_m } = h;
        writeln!(text, "{street};{number};{suffix};{postcode};05113000;Essen;{key};{easting_m};{northing_m}").unwrap();
        if at % 2 == 0 {
            let east = easting_m + 100_000.0;
            writeln!(text, "{street};{number};{suffix};59{};05999000;Anderstadt;{key};{east};{northing_m}", &postcode[2..])
                .unwrap();
        }
    }
    let file = folder.join("register.csv");
    fs::write(&file, text).unwrap();
    let mut columns = RegisterColumns::default();
    for (name, column) in [("municipality", "ags"), ("street_key", "key")] {
        columns.set(name, column).unwrap();
    }
    for name in ["street", "number", "suffix", "postcode", "place", "x", "y"] {
        columns.set(name, name).unwrap();
    }
    let dialect = Dialect { separator: Some(';'), decimal: Some('.'), ..Dialect::default() };
    RegisterSpec {
        file,
        format: None,
        crs: Some("EPSG:4647".into()),
        columns,
        dialect,
        index: None,
        grids: DatumGrids::none(),
        allow_coarse_datum: false,
    }
}

/// What a record says of its address.
#[derive(Clone)]
struct Record {
    street: String,
    number: String,
    suffix: String,
    postcode: String,
    town: String,
}

impl Record {
    fn of(house: &House) -> Self {
        let House { street, number, suffix, postcode, .. } = house.clone();
        Self { street, number, suffix, postcode, town: "05113000".into() }
    }
}

/// A small generator with a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }

    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }
}

/// What there is in Essen, for damages that must not make another address that exists.
struct Known {
    streets: HashSet<String>,
    suffixes: HashSet<(String, String, String)>,
}

type Damage = fn(&mut Record, &mut Random, &Known);

/// The twelve ways.
const DAMAGES: [(&str, Damage); 12] = [
    ("case", |r, random, _| r.street = if random.below(2) == 0 { r.street.to_uppercase() } else { r.street.to_lowercase() }),
    ("abbreviations", |r, random, _| {
        let street = random.one(&["straße", "strasse", "str", "Straße"]);
        r.street = r.street.replace("str.", &street.to_lowercase()).replace("Str.", &capital(street)).replace("Platz", "Pl.");
        r.street =
            r.street.replace("platz", "pl.").replace("Große ", "Gr. ").replace("Kleine ", "Kl. ").replace("St. ", "Sankt ");
    }),
    ("umlauts", |r, _, _| {
        for (sign, letters) in [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue"), ("ß", "ss")]
        {
            r.street = r.street.replace(sign, letters);
        }
    }),
    ("hyphens and spaces", |r, random, _| {
        r.street = match random.below(3) {
            0 => r.street.replace('-', " "),
            1 => r.street.replace(['-', ' '], ""),
            _ => format!(" {} ", r.street.replace(' ', "  ").replace('-', " - ")),
        }
    }),
    ("one letter mistyped", |r, random, _| {
        let mut letters: Vec<char> = r.street.chars().collect();
        let end = letters.len() - if r.street.to_lowercase().ends_with("str.") { 4 } else { 0 };
        let at = 1 + random.below(end.saturating_sub(2).max(1));
        match random.below(4) {
            0 => drop(letters.remove(at.min(end - 1))),
            1 => letters.insert(at, random.one(&["a", "e", "n", "r", "s", "t", "l"]).chars().next().unwrap()),
            2 => letters[at.min(end - 1)] = random.one(&["b", "e", "i", "m", "n", "u", "w"]).chars().next().unwrap(),
            _ => letters.swap(at.min(end - 1), (at + 1).min(end - 1)),
        }
        r.street = letters.into_iter().collect();
    }),
    ("number in the street", |r, random, _| {
        let (gap, space) = (random.one(&["", " ", "  "]), random.one(&["", " "]));
        r.street = format!("{}{gap}{}{space}{}", r.street, r.number, r.suffix.to_lowercase());
        (r.number, r.suffix) = (String::new(), String::new());
    }),
    ("number otherwise", |r, random, _| {
        let (number, suffix) = (&r.number, &r.suffix);
        r.number = match (random.below(4), suffix.is_empty()) {
            _ if number.is_empty() => String::new(),
            (0, true) => format!("00{number}"),
            (1, true) => format!("{number}.0"),
            (2, _) => format!("Nr. {number} {suffix}"),
            (0, false) => format!("{number}/{}", suffix.to_lowercase()),
            (1, false) => format!("{number} {suffix}"),
            _ => format!("{number}{}", suffix.to_lowercase()),
        };
        r.suffix = String::new();
    }),
    ("unknown suffix", |r, random, known| {
        let mut suffix = || random.one(&["A", "B", "C", "D", "E", "F", "X", "Z"]).to_owned();
        let unknown = |s: &String| !known.suffixes.contains(&(r.street.clone(), r.number.clone(), s.clone()));
        r.suffix = (0..20).map(|_| suffix()).find(unknown).unwrap_or("Y".into());
    }),
    ("other kind of street", |r, random, known| {
        let kinds = ["str.", "weg", "allee", "platz", "ring", "pfad"];
        let Some(kind) = kinds.iter().find(|kind| r.street.ends_with(*kind)) else { return };
        let stem = r.street.strip_suffix(kind).unwrap();
        let other = (0..20).map(|_| format!("{stem}{}", random.one(&kinds))).find(|street| !known.streets.contains(street));
        r.street = other.unwrap_or(r.street.clone());
    }),
    ("no postcode", |r, _, _| r.postcode = String::new()),
    ("wrong postcode", |r, random, _| r.postcode = if random.below(2) == 0 { "45000".into() } else { "99999".into() }),
    ("additions", |r, random, _| {
        let more = random.one(&[", Whg. 3", " c/o Meier", " (Hinterhaus)", ", 2. OG links", " // bei Schmidt"]);
        if random.below(2) == 0 {
            r.street.push_str(more)
        } else {
            r.number = format!("{}{more}", r.number)
        }
        if r.number.contains(more) && !r.suffix.is_empty() {
            r.number = r.number.replacen(more, &format!("{}{more}", r.suffix), 1);
            r.suffix = String::new();
        }
    }),
];

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

fn field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Places records at cells of 10 m, numbers between neighbours too; gives cell and grade of each.
fn place(records: &[Record], register: &RegisterSpec, folder: &Path) -> (Vec<(Option<CellId>, String)>, Account, f64) {
    let mut text = String::from("street,number,suffix,postcode,town\n");
    for r in records {
        let fields = [&r.street, &r.number, &r.suffix, &r.postcode, &r.town].map(|text| field(text));
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    let file = folder.join("records.csv");
    fs::write(&file, text).unwrap();
    let output = folder.join("placed.parquet");
    let columns = AddressColumns {
        street: Some("street".into()),
        number: Some("number".into()),
        suffix: Some("suffix".into()),
        postcode: Some("postcode".into()),
        municipality: Some("town".into()),
        street_key: None,
    };
    let admission = Admission::default().with(Grade::NeighbourNumber, Some(10)).with(Grade::Street, None);
    let source = AddressSource { register: register.clone(), columns, admission, unmatched: None };
    let size = GridSize::new(10).unwrap();
    let dialect = Dialect { separator: Some(','), ..Dialect::default() };
    let spec = GeoreferenceSpec { file, dialect, source, size, keep: vec![], output: output.clone() };
    let start = Instant::now();
    let account = georeference(&spec, &Silent).unwrap_or_else(|error| panic!("{error}"));
    let seconds = start.elapsed().as_secs_f64();
    let rows = read_placed(&output);
    assert_eq!(rows.len(), records.len());
    (rows, account, seconds)
}

fn read_placed(file: &Path) -> Vec<(Option<CellId>, String)> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(file).unwrap()).unwrap().build().unwrap();
    let mut rows = Vec::new();
    for batch in reader {
        let batch: RecordBatch = batch.unwrap();
        let numbers = batch.column(0).as_primitive::<Int64Type>();
        let texts = |column: usize| arrow_cast_to_text(&batch, column);
        let (cells, grades) = (texts(1), texts(2));
        for (at, (cell, grade)) in cells.into_iter().zip(grades).enumerate() {
            assert_eq!(numbers.value(at), rows.len() as i64 + 2, "rows are in order, the header is row 1");
            rows.push((cell.map(|code| code.parse().unwrap()), grade.unwrap()));
        }
    }
    rows
}

fn arrow_cast_to_text(batch: &RecordBatch, column: usize) -> Vec<Option<String>> {
    let dictionary = batch.column(column).as_dictionary::<arrow_array::types::Int32Type>();
    let texts = dictionary.values().as_string::<i32>();
    dictionary.keys().iter().map(|key| key.map(|key| texts.value(key as usize).to_owned())).collect()
}

fn distance_m(a: CellId, b: CellId) -> f64 {
    f64::from(a.easting_m() - b.easting_m()).hypot(f64::from(a.northing_m() - b.northing_m()))
}

/// Seconds that all threads of this process have computed: on a busy machine the fairer clock.
fn computed_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.split(' ').skip(13).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

#[test]
fn damaged_addresses_of_essen_find_their_houses() {
    let Some(file) = shared(ESSEN) else { return };
    let houses = essen(&file);
    let desk = tempfile::tempdir().unwrap();
    let register = register(&houses, desk.path());
    let known = Known {
        streets: houses.iter().map(|h| h.street.clone()).collect(),
        suffixes: houses.iter().map(|h| (h.street.clone(), h.number.clone(), h.suffix.clone())).collect(),
    };
    let whole = addresses(&houses);
    assert!(whole.len() > 99_000);
    let (truth, account, seconds) = place(&whole, &register, desk.path());
    let (again, _, kept) = place(&whole, &register, desk.path());
    assert!(truth == again, "an index that was kept tells the same");
    eprintln!(
        "undamaged: {:?} of {}, {seconds:.2} s with indexing, {kept:.2} s with the index kept",
        account.grades,
        whole.len()
    );
    assert_eq!(account.grades[Grade::Exact as usize], whole.len() as u64, "{:?}", account.grades);

    let mut records = Vec::new();
    let mut random = Random(42);
    for (_, damage) in DAMAGES {
        for record in &whole {
            let mut damaged = record.clone();
            damage(&mut damaged, &mut random, &known);
            records.push(damaged);
        }
    }
    let computed = computed_s();
    let (found, _, seconds) = place(&records, &register, desk.path());
    let computed = computed_s() - computed;
    let mut sums = [0_usize; 3];
    eprintln!("{:<22} {:>9} {:>9}  grades, wrong", "damage", "precision", "recall");
    for (kind, (name, _)) in DAMAGES.iter().enumerate() {
        let (mut placed, mut right) = (0, 0);
        let mut grades: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, home) in truth.iter().enumerate() {
            let (cell, grade) = &found[kind * whole.len() + at];
            *grades.entry(grade).or_default() += 1;
            let Some(cell) = cell else { continue };
            placed += 1;
            let Some(home) = home.0 else { continue };
            // A house is its own; what was put between neighbours says so, and is near.
            right += usize::from(if grade == "neighbour-number" { distance_m(*cell, home) <= 250.0 } else { *cell == home });
        }
        let (precision, recall) = (right as f64 / placed as f64, right as f64 / whole.len() as f64);
        eprintln!("{name:<22} {:>8.3}% {:>8.2}%  {grades:?}, {}", 100.0 * precision, 100.0 * recall, placed - right);
        sums = [sums[0] + placed, sums[1] + right, sums[2] + whole.len()];
        assert!(precision > 0.99, "{name}");
    }
    let (precision, recall) = (sums[1] as f64 / sums[0] as f64, sums[1] as f64 / sums[2] as f64);
    eprintln!("{:<22} {:>8.3}% {:>8.2}%", "all", 100.0 * precision, 100.0 * recall);
    let (count, threads) = (records.len() as f64, rayon::current_num_threads());
    eprintln!(
        "{:.0} addresses/s from CSV to Parquet on {threads} threads, {:.0} a second of processor time (with what the test itself does)",
        count / seconds,
        count / computed
    );
    assert!(precision >= 0.999 && recall >= 0.97);
}

#[test]
fn numbers_that_are_missing_lie_between_their_neighbours() {
    let Some(file) = shared(ESSEN) else { return };
    let houses = essen(&file);
    let desk = tempfile::tempdir().unwrap();
    let whole: Vec<Record> = houses.iter().map(Record::of).collect();
    let (truth, ..) = place(&whole, &register(&houses, desk.path()), desk.path());
    let mut random = Random(7);
    let out: Vec<bool> =
        houses.iter().map(|house| !house.number.is_empty() && house.suffix.is_empty() && random.below(10) == 0).collect();
    let left: Vec<House> = houses.iter().zip(&out).filter(|(_, out)| !**out).map(|(house, _)| house.clone()).collect();
    let desk = tempfile::tempdir().unwrap();
    let (found, ..) = place(&whole, &register(&left, desk.path()), desk.path());
    let mut errors_m = Vec::new();
    let mut grades: BTreeMap<String, usize> = BTreeMap::new();
    for (at, (cell, grade)) in found.iter().enumerate().filter(|(at, _)| out[*at]) {
        *grades.entry(grade.clone()).or_default() += 1;
        if let (Some(cell), Some(home), "neighbour-number") = (cell, truth[at].0, grade.as_str()) {
            errors_m.push(distance_m(*cell, home));
        }
    }
    errors_m.sort_by(f64::total_cmp);
    let quantile = |share: f64| errors_m[(share * (errors_m.len() - 1) as f64) as usize];
    eprintln!(
        "missing numbers: {grades:?}; metres from their houses: half {:.0}, 95 % {:.0}, 99 % {:.0}, all {:.0}",
        quantile(0.5),
        quantile(0.95),
        quantile(0.99),
        quantile(1.0)
    );
    assert!(errors_m.len() > 5000 && quantile(0.5) <= 25.0 && quantile(0.99) <= 250.0);
}

fn kleinraum(folder: &Path, words: &[&str]) -> Output {
    Command::new(assert_cmd::cargo::cargo_bin("kleinraum")).current_dir(folder).env("LANG", "C").args(words).output().unwrap()
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let (told, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{complained}");
    told.into_owned()
}

/// A desk with official house coordinates, and three persons in each house with address and coordinates.
fn desk() -> Option<tempfile::TempDir> {
    let text = unpacked(&shared(HKDE)?);
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("hk.txt"), &text).unwrap();
    let mut persons = String::from("id;strasse;hausnr;ort;sex;e;n\n");
    for (at, line) in text.lines().enumerate() {
        let f: Vec<&str> = line.split(';').collect();
        for person in 0..3 {
            let street = if person == 1 { f[13].replace("Str.", "Straße").replace("str.", "strasse") } else { f[13].to_owned() };
            writeln!(
                persons,
                "{};{street};{}{};{};{};{};{}",
                3 * at + person,
                f[9],
                f[10],
                f[15],
                ["m", "w"][person % 2],
                f[11],
                f[12]
            )
            .unwrap();
        }
    }
    fs::write(desk.path().join("persons.csv"), persons).unwrap();
    Some(desk)
}

const COUNTED: &str = "--sizes 100,1000 --dimension sex=sex --threshold 5 --formats csv --title persons";
const ADDRESSES: &str = "--register hk.txt --street strasse --number hausnr --municipality ort";

fn run(desk: &Path, output: &str, words: &[&str]) -> String {
    let words: Vec<&str> = words.iter().flat_map(|words| words.split_whitespace()).chain(["-o", output]).collect();
    succeeds(&kleinraum(desk, &words))
}

fn published(folder: &Path) -> HashMap<String, Vec<u8>> {
    let files = fs::read_dir(folder.join("csv")).unwrap().map(|entry| entry.unwrap().path());
    let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
    files.map(|file| (name(&file), fs::read(&file).unwrap())).collect()
}

#[test]
fn addresses_cells_and_coordinates_make_the_same_release() {
    let Some(desk) = desk() else { return };
    let desk = desk.path();
    run(desk, "by_coordinates", &["run persons.csv --crs EPSG:4647 --x e --y n", COUNTED]);
    let told = run(desk, "by_address", &["run persons.csv", ADDRESSES, COUNTED]);
    assert!(told.contains("addresses exact"), "{told}");
    let told = run(desk, "placed.parquet", &["georeference persons.csv --size 100 --keep sex", ADDRESSES]);
    assert!(told.contains("15,000 read") && told.contains("register  5,000 houses"), "{told}");
    run(desk, "by_cell", &["run placed.parquet --cell cell", COUNTED]);
    let expected = published(&desk.join("by_coordinates"));
    assert!(expected.len() >= 4);
    assert!(published(&desk.join("by_address")) == expected);
    assert!(published(&desk.join("by_cell")) == expected);
    let manifest = fs::read_to_string(desk.join("by_address/run.json")).unwrap();
    assert!(manifest.contains("\"grades_percent\"") && manifest.contains("hk.txt"));
    assert!(fs::read_dir(desk).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().ends_with(".index")));
}

#[test]
fn a_plan_names_register_and_grades() {
    let Some(desk) = desk() else { return };
    let plan = "[source]\nfiles = [\"persons.csv\"]\n[position.address]\nregister = \"hk.txt\"\nregister_index = \"kept.index\"\n\
        street = \"strasse\"\nnumber = \"hausnr\"\nmunicipality = \"ort\"\nunmatched = \"rows.csv\"\n[position.address.grades]\n\
        normalised = \"never\"\nstreet = 5000\n[grid]\nsizes = [1000]\n[protection]\nthreshold = 5\n[output]\nfolder = \"out\"\nformats = [\"csv\"]\n";
    fs::write(desk.path().join("plan.toml"), plan).unwrap();
    let refused = kleinraum(desk.path(), &["run", "plan.toml"]);
    assert_eq!(refused.status.code(), Some(1), "a third is written otherwise");
    let rows = fs::read_to_string(desk.path().join("rows.csv")).unwrap();
    assert!(rows.starts_with("source,row,reason\npersons.csv,3,only_similar\n"), "{}", &rows[..100]);
    assert!(desk.path().join("kept.index").exists());
    fs::write(desk.path().join("plan.toml"), plan.replace("normalised = \"never\"\n", "")).unwrap();
    succeeds(&kleinraum(desk.path(), &["run", "plan.toml"]));
    assert_eq!(fs::read_to_string(desk.path().join("rows.csv")).unwrap(), "source,row,reason\n");
}

#[test]
fn unmatched_rows_are_listed_without_addresses_unless_asked() {
    let Some(desk) = desk() else { return };
    let desk = desk.path();
    let persons =
        "id;strasse;hausnr;ort\n1;Aachener Str.;1;Essen\n2;Geheimweg;7;Essen\n3;Aachener Str.;1;Geheimstadt\n4;;;Essen\n";
    fs::write(desk.join("persons.csv"), persons).unwrap();
    let told = run(desk, "placed.parquet", &["georeference persons.csv --unmatched rows.csv", ADDRESSES]);
    let rows = fs::read_to_string(desk.join("rows.csv")).unwrap();
    let reasons = "source,row,reason\npersons.csv,3,street_unknown\npersons.csv,4,place_unknown\npersons.csv,5,address_missing\n";
    assert_eq!(rows, reasons);
    assert!(!told.contains("Geheim"), "{told}");
    let german = kleinraum(
        desk,
        &[
            &["--lang", "de"],
            &"georeference persons.csv -o placed.parquet".split(' ').collect::<Vec<_>>()[..],
            &ADDRESSES.split(' ').collect::<Vec<_>>()[..],
        ]
        .concat(),
    );
    assert!(succeeds(&german).contains("3 abgewiesen"));
    #[cfg(unix)]
    for file in ["rows.csv", "placed.parquet"] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(desk.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    let placed = fs::read(desk.join("placed.parquet")).unwrap();
    assert!(!placed.windows(6).any(|bytes| bytes == b"Geheim" || bytes == b"Aachen"));
    run(desk, "placed.parquet", &["georeference persons.csv --unmatched rows.csv --with-addresses", ADDRESSES]);
    let rows = fs::read_to_string(desk.join("rows.csv")).unwrap();
    assert!(rows.contains("persons.csv,3,street_unknown,Geheimweg,7,,,Essen,\n"), "{rows}");
}

#[test]
fn what_is_wrong_is_told_with_its_mend() {
    let Some(desk) = desk() else { return };
    let refused = |words: &str, status: i32, parts: &[&str]| {
        let output = kleinraum(desk.path(), &words.split(' ').collect::<Vec<_>>());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{told}");
        for part in parts {
            assert!(told.contains(part), "{part}: {told}");
        }
    };
    refused(
        "georeference persons.csv --register hk.txt --street strase --number hausnr -o p.parquet",
        2,
        &["strase", "did you mean \"strasse\""],
    );
    refused("georeference persons.csv --street strasse -o p.parquet", 2, &["position.address.register", "--register"]);
    refused(
        "georeference persons.csv --register hk.txt --register-crs EPSG:25832 --street strasse -o p.parquet",
        1,
        &["EPSG:4647"],
    );
    refused("georeference persons.csv --register hk.txt --street strasse --keep strasse -o p.parquet", 2, &["--keep", "address"]);
    refused("georeference persons.csv --register persons.csv --street strasse -o p.parquet", 2, &["--register-columns"]);
    refused(
        "run persons.csv --register hk.txt --street strasse --x e --y n --crs EPSG:4647 --threshold 5 -o out",
        2,
        &["only one of them"],
    );
    refused(
        "georeference persons.csv --register-columns strname --register hk.txt --street strasse -o p.parquet",
        2,
        &["NAME=COLUMN"],
    );
}

#[test]
fn cells_are_those_that_proj_computes() {
    let Some(file) = shared(ESSEN) else { return };
    let python = root().join(".venv/bin/python");
    if !python.exists() {
        eprintln!("skipped: .venv is absent, run ./test.sh");
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("essen.csv"), unpacked(&file)).unwrap();
    let words = "georeference essen.csv --register essen.csv --register-crs EPSG:4647 --register-columns \
        street=strname,number=hsnr,suffix=hsnrzu,x=e_4647,y=n_4647,street_key=strschl --street strname --number hsnr --suffix hsnrzu \
        --street-key strschl --size 10 --keep objectid -o placed.parquet";
    let told = succeeds(&kleinraum(desk.path(), &words.split_whitespace().collect::<Vec<_>>()));
    eprintln!("{told}");
    let judge = root().join("tests/judges/georeference_python.py");
    let judged =
        Command::new(python).arg(judge).args(["essen.csv", "placed.parquet", "10"]).current_dir(desk.path()).output().unwrap();
    eprintln!("{}", succeeds(&judged));
}
