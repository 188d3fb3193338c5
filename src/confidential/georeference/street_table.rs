//! A table of streets and numbers with the areas they lie in ("Straßenraster"): read once, then looked up by the normal form of an address.
//!
//! A row says a whole street, a side of it, a range of numbers (from, to, each with its letter; odd, even or both) or one number. Of the rows that
//! fit an address the narrowest count: the number with its letter, then ranges, then the number with another letter, then the street. If these lie in
//! several areas, the address lies in none: nothing is guessed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use crate::area::AreaSystem;
use crate::confidential::account::Reason;
use crate::confidential::georeference::address::{HouseNumber, StreetName, Suffix, line};
use crate::confidential::georeference::by_area_key::AreaKeys;
use crate::confidential::georeference::matcher::{Address, municipality_key, place_name, postcode, short_street_key};
use crate::confidential::georeference::register::UnknownColumn;
use crate::confidential::records::{Batch, Dialect, Kind, Request, TextValues, Values, Wanted, read, resolve};
use crate::error::{Error, Failure, Kind as FailureKind, Language};
use crate::grid::GridSize;
use crate::progress::Silent;
use crate::say;

/// A table of streets.
#[derive(Clone, Debug)]
pub struct StreetTableSpec {
    /// The file; any that records may be in.
    pub file: PathBuf,
    /// Which column is what.
    pub columns: StreetTableColumns,
    /// For each area system the column of its key.
    pub key_columns: Vec<String>,
    /// How text is written.
    pub dialect: Dialect,
}

/// Which column of a table of streets is what; those of the keys are said apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreetTableColumns([Option<String>; 9]);

impl StreetTableColumns {
    /// The names.
    pub const NAMES: [&'static str; 9] =
        ["street", "number", "suffix", "from", "to", "side", "postcode", "municipality", "street_key"];

    /// Says which column is `name`.
    ///
    /// # Errors
    /// If there is no such name.
    pub fn set(&mut self, name: &str, column: &str) -> Result<(), UnknownColumn> {
        let at = Self::NAMES.iter().position(|known| *known == name).ok_or_else(|| UnknownColumn(name.to_owned()))?;
        self.0[at] = Some(column.trim().to_owned()).filter(|column| !column.is_empty());
        Ok(())
    }
}

/// Which numbers of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Both,
    Odd,
    Even,
}

impl Side {
    fn of(text: &str) -> Option<Self> {
        Some(match text.to_lowercase().trim_end_matches('.') {
            "" | "a" | "b" | "f" | "alle" | "beide" | "all" | "both" | "fortlaufend" | "durchgehend" => Self::Both,
            "u" | "o" | "odd" | "ungerade" => Self::Odd,
            "g" | "e" | "even" | "gerade" => Self::Even,
            _ => return None,
        })
    }

    fn has(self, number: u32) -> bool {
        match self {
            Self::Both => true,
            Self::Odd => number % 2 == 1,
            Self::Even => number.is_multiple_of(2),
        }
    }
}

/// Which numbers of its street a row speaks of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Numbers {
    All(Side),
    One(u32, Suffix),
    /// To the end of the last number where it has no letter.
    Range((u32, Suffix), (u32, Option<Suffix>), Side),
}

/// A row of the table. Orders by what it says, so that nothing depends on threads.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    name: String,
    key: String,
    town: String,
    postcode: String,
    numbers: Numbers,
    areas: Vec<Option<u32>>,
}

/// A table of streets, ready to be looked up.
pub(super) struct StreetTable {
    rows: Vec<Row>,
    by_name: FxHashMap<String, Vec<u32>>,
    by_key: FxHashMap<String, Vec<u32>>,
    unusable: u64,
}

impl StreetTable {
    /// Reads the table. About 2 µs a row and core.
    pub(super) fn read(spec: &StreetTableSpec, systems: &[Arc<AreaSystem>], finest: GridSize) -> Result<Self, Error> {
        let [street, .., street_key] = &spec.columns.0;
        if street.is_none() && street_key.is_none() {
            return Err(StreetTableError::ColumnsUnsaid { file: spec.file.clone() }.into());
        }
        let keys = AreaKeys::new(&spec.key_columns, systems, finest);
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut want = |name: &str| {
            let known = wanted.iter().position(|w| w.name == name);
            known.unwrap_or_else(|| {
                wanted.push(Wanted { name: name.to_owned(), kind: Kind::Text });
                wanted.len() - 1
            })
        };
        let columns = spec.columns.0.each_ref().map(|column| column.as_deref().map(&mut want));
        let key_columns: Vec<usize> = keys.columns().map(&mut want).collect();
        let files = [spec.file.clone()];
        let request = Request { files: &files, dialect: &spec.dialect, wanted: &wanted };
        resolve(&request)?;
        let all: Mutex<(Vec<Row>, u64)> = Mutex::default();
        read(&request, &Silent, &|batch| {
            let texts = columns.map(|column| column.map(|at| text(&batch, at)));
            let of_row = |row: usize| {
                let key = |&at: &usize| text(&batch, at).get(row);
                let areas = keys.areas(&key_columns.iter().map(key).collect::<Vec<_>>()).ok()?.areas;
                self::row(texts.map(|column| column.and_then(|c| c.get(row)).unwrap_or("")), areas)
            };
            let rows: Vec<Row> = (0..batch.rows).filter_map(of_row).collect();
            let mut all = all.lock().expect("nobody panics with the lock");
            all.1 += (batch.rows - rows.len()) as u64;
            all.0.extend(rows);
            Ok(())
        })?;
        let (mut rows, unusable) = all.into_inner().expect("nobody panics with the lock");
        if rows.is_empty() {
            return Err(StreetTableError::NoRows { file: spec.file.clone() }.into());
        }
        rows.sort_unstable();
        rows.dedup();
        let index = |of: fn(&Row) -> &String| {
            let mut index: FxHashMap<String, Vec<u32>> = FxHashMap::default();
            for (row, at) in rows.iter().zip(0..).filter(|(row, _)| !of(row).is_empty()) {
                index.entry(of(row).clone()).or_default().push(at);
            }
            index
        };
        let (by_name, by_key) = (index(|row| &row.name), index(|row| &row.key));
        Ok(Self { rows, by_name, by_key, unusable })
    }

    /// How many different rows there are, and how many of the file could not be used.
    pub(super) fn rows(&self) -> (u64, u64) {
        (self.rows.len() as u64, self.unusable)
    }

    /// All combinations of areas that the table has.
    pub(super) fn combinations(&self) -> Vec<Vec<Option<u32>>> {
        let mut all: Vec<_> = self.rows.iter().map(|row| row.areas.clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The areas that an address lies in. About 1 µs.
    pub(super) fn find(&self, address: &Address<'_>) -> Result<&[Option<u32>], Reason> {
        let number = HouseNumber::parse(address.number, address.suffix);
        let by_key = self.by_key.get(&short_street_key(address.street_key)).filter(|_| !address.street_key.is_empty());
        let (rows, number) = match by_key {
            Some(rows) => (rows, number),
            None => {
                let field = line::without_additions(address.street);
                StreetName::of(field).ok_or(Reason::AddressMissing)?;
                let known = |text: &str| StreetName::of(text).and_then(|name| self.by_name.get(name.as_str()));
                let glued = || line::splits(field).find_map(|(street, glued)| Some((known(street)?, glued)));
                match (known(field), number) {
                    (Some(rows), number) => (rows, number),
                    (None, number) => {
                        let (rows, glued) = glued().ok_or(Reason::StreetUnknown)?;
                        (rows, number.or_else(|| HouseNumber::parse(glued, "")))
                    }
                }
            }
        };
        let number = number.filter(|number| number.number > 0);
        let rows = self.in_place(rows.iter().map(|&at| &self.rows[at as usize]).collect(), address)?;
        let Some(number) = number else { return agreed(rows.iter().copied()).ok_or(Reason::AreaUnclear) };
        let fits = |step: usize| {
            rows.iter().copied().filter(move |row| match (step, row.numbers) {
                (0, Numbers::One(n, suffix)) => (n, suffix) == (number.number, number.suffix),
                (1, Numbers::Range(from, (last, suffix), side)) => {
                    let own = (number.number, number.suffix);
                    let before_end = own.0 < last || own.0 == last && suffix.is_none_or(|suffix| own.1 <= suffix);
                    side.has(own.0) && own >= from && before_end
                }
                (2, Numbers::One(n, _)) => n == number.number,
                (3, Numbers::All(side)) => side.has(number.number),
                _ => false,
            })
        };
        match (0..4).find(|&step| fits(step).next().is_some()) {
            Some(step) => agreed(fits(step)).ok_or(Reason::AreaUnclear),
            None => Err(Reason::NumberNotInTable),
        }
    }

    /// Rows of the municipality and postcode that the address names. A postcode that does not fit the municipality is passed over; a municipality never is.
    fn in_place<'t>(&self, rows: Vec<&'t Row>, address: &Address<'_>) -> Result<Vec<&'t Row>, Reason> {
        let town = match address.municipality {
            "" => String::new(),
            text => municipality_key(text).unwrap_or_else(|| place_name(text)),
        };
        let told = |row: &&Row| row.town == town;
        let in_town = !town.is_empty() && rows.iter().any(told);
        if !town.is_empty() && !in_town && !rows.iter().any(|row| row.town.is_empty()) {
            let known = self.rows.iter().any(|row| row.town == town);
            return Err(if known { Reason::StreetUnknown } else { Reason::PlaceUnknown });
        }
        let rows: Vec<&Row> =
            rows.into_iter().filter(|row| town.is_empty() || row.town.is_empty() && !in_town || told(row)).collect();
        if address.postcode.is_empty() {
            return Ok(rows);
        }
        let postcode = postcode(address.postcode);
        let fits = |row: &&Row| row.postcode.is_empty() || row.postcode == postcode;
        let of_postcode: Vec<&Row> = rows.iter().copied().filter(fits).collect();
        match of_postcode.is_empty() {
            false => Ok(of_postcode),
            true if in_town => Ok(rows),
            true => Err(Reason::StreetUnknown),
        }
    }
}

/// The areas of the rows, if they are the same.
fn agreed<'t>(mut rows: impl Iterator<Item = &'t Row>) -> Option<&'t [Option<u32>]> {
    let first = rows.next()?;
    rows.all(|row| row.areas == first.areas).then_some(&first.areas)
}

/// A row from its texts in the order of [`StreetTableColumns::NAMES`]; none where it cannot be used.
fn row([street, number, suffix, from, to, side, code, town, key]: [&str; 9], areas: Vec<Option<u32>>) -> Option<Row> {
    let side = Side::of(side)?;
    let parse = |text: &str, suffix: &str| HouseNumber::parse(text, suffix).filter(|number| number.number > 0);
    let numbers = if !number.is_empty() {
        let number = parse(number, suffix)?;
        match number.range_end() {
            Some(end) => Numbers::Range((number.number, Suffix::NONE), (end, None), side),
            None => Numbers::One(number.number, number.suffix),
        }
    } else if !from.is_empty() {
        let first = parse(from, "")?;
        match to {
            "" => Numbers::One(first.number, first.suffix),
            to => {
                let last = parse(to, "")?;
                let letter = Some(last.suffix).filter(|suffix| *suffix != Suffix::NONE);
                if last.number < first.number {
                    return None;
                }
                Numbers::Range((first.number, first.suffix), (last.number, letter), side)
            }
        }
    } else if !to.is_empty() {
        let last = parse(to, "")?;
        Numbers::Range((0, Suffix::NONE), (last.number, Some(last.suffix).filter(|s| *s != Suffix::NONE)), side)
    } else {
        Numbers::All(side)
    };
    let (mut name, mut numbers) = (StreetName::of(line::without_additions(street)), numbers);
    // `Am Hang 3` in one field.
    if let (Numbers::All(Side::Both), Some((street, glued))) = (numbers, line::splits(street).next())
        && let Some(number) = parse(glued, "")
    {
        (name, numbers) = (StreetName::of(street), Numbers::One(number.number, number.suffix));
    }
    let name = name.map_or_else(String::new, |name| name.as_str().to_owned());
    let key = short_street_key(key);
    let town = match town {
        "" => String::new(),
        text => municipality_key(text).unwrap_or_else(|| place_name(text)),
    };
    let postcode = if code.is_empty() { String::new() } else { postcode(code) };
    (!(name.is_empty() && key.is_empty())).then_some(Row { name, key, town, postcode, numbers, areas })
}

fn text(batch: &Batch, column: usize) -> &TextValues {
    match &batch.columns[column] {
        Values::Text(texts) => texts,
        Values::Number(_) => unreachable!("asked for as text"),
    }
}

/// A table of streets that cannot be used.
#[derive(Debug)]
enum StreetTableError {
    /// Nothing says which column is the street.
    ColumnsUnsaid { file: PathBuf },
    /// No row has a street and the keys of known areas.
    NoRows { file: PathBuf },
}

impl Failure for StreetTableError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::ColumnsUnsaid { .. } => FailureKind::Usage,
            Self::NoRows { .. } => FailureKind::Check,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::ColumnsUnsaid { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: nothing says which column holds the street: give --street-table-columns street=…,from=…,to=…,side=… \
                     (also number, suffix, postcode, municipality, street_key)",
                    "{file}: die Spalte der Straße ist nicht angegeben: --street-table-columns street=…,from=…,to=…,side=… angeben \
                     (auch number, suffix, postcode, municipality, street_key)"
                )
            }
            Self::NoRows { file } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: no row has a street, readable numbers and the key of a known area: check --street-table-columns and --area-key",
                    "{file}: keine Zeile hat Straße, lesbare Nummern und den Schlüssel eines bekannten Gebiets: --street-table-columns und --area-key prüfen"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::confidential::georeference::area_key::tests::system;

    /// Streets of two towns: columns street, from, to, side, postcode, municipality and the areas 1 to 4.
    const ROWS: &str = "str;von;bis;seite;plz;gem;sr\n\
        Bahnhofstr.;1;25;u;25421;Pinneberg;1\nBahnhofstr.;2;14a;g;25421;Pinneberg;2\nBahnhofstr.;14b;99;g;25421;Pinneberg;3\n\
        Bahnhofstr.;;;;25436;Uetersen;4\nAm Hang;7;;;25421;Pinneberg;1\nAm Hang;7a;;;25421;Pinneberg;2\nAm Hang;;;;25421;Pinneberg;3\n\
        Ostweg;1;9;;25421;Pinneberg;1\nOstweg;9;20;;25421;Pinneberg;2\nNirgendweg;1;2;;;;99\nFalsch;9;2;;;;1\nFalsch;1;2;links;;;1\n";

    fn table() -> StreetTable {
        let folder = std::env::temp_dir().join(format!("kleinraum-street-table-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{:?}.csv", std::thread::current().id()));
        std::fs::write(&file, ROWS).unwrap();
        let mut columns = StreetTableColumns::default();
        for (name, column) in
            [("street", "str"), ("from", "von"), ("to", "bis"), ("side", "seite"), ("postcode", "plz"), ("municipality", "gem")]
        {
            columns.set(name, column).unwrap();
        }
        let spec = StreetTableSpec { file, columns, key_columns: vec!["sr".into()], dialect: Dialect::default() };
        StreetTable::read(&spec, &[system("sr", &["1", "2", "3", "4"])], GridSize::new(1000).unwrap()).unwrap()
    }

    /// The key of the area, with street, number, postcode and municipality.
    fn area(table: &StreetTable, [street, number, postcode, municipality]: [&str; 4]) -> Result<u32, Reason> {
        let address = Address { street, number, postcode, municipality, ..Address::default() };
        table.find(&address).map(|areas| areas[0].unwrap() + 1)
    }

    #[test]
    fn addresses_lie_where_the_table_says() {
        let table = table();
        let cases: [([&str; 4], Result<u32, Reason>); 18] = [
            (["Bahnhofstraße", "3", "25421", ""], Ok(1)),
            (["BAHNHOFSTRASSE 25", "", "25421", ""], Ok(1)),
            (["Bahnhof-Str", "25a", "25421", ""], Ok(1)),
            (["Bahnhofstr", "4", "", "Pinneberg"], Ok(2)),
            (["Bahnhofstr", "14", "", "Pinneberg"], Ok(2)),
            (["Bahnhofstr", "14 A", "", "Pinneberg"], Ok(2)),
            (["Bahnhofstr", "14c", "", "Pinneberg"], Ok(3)),
            (["Bahnhofstr", "27", "", "Pinneberg"], Err(Reason::NumberNotInTable)),
            (["Bahnhofstr", "27", "", "Uetersen"], Ok(4)),
            (["Bahnhofstr", "", "25436", ""], Ok(4)),
            (["Bahnhofstr", "3", "", ""], Ok(1)),
            (["Bahnhofstr", "", "", ""], Err(Reason::AreaUnclear)),
            (["Bahnhofstr", "3", "99999", "Pinneberg"], Ok(1)),
            (["Am Hang", "7", "", ""], Ok(1)),
            (["Am Hang 7a", "", "", ""], Ok(2)),
            (["Am Hang", "8", "", ""], Ok(3)),
            (["Ostweg", "9", "", ""], Err(Reason::AreaUnclear)),
            (["Am Hang", "7", "", "Elmshorn"], Err(Reason::PlaceUnknown)),
        ];
        for (address, expected) in cases {
            assert_eq!(area(&table, address), expected, "{address:?}");
        }
        assert_eq!(area(&table, ["Nirgendweg", "1", "", ""]), Err(Reason::StreetUnknown));
        assert_eq!(area(&table, ["", "1", "", ""]), Err(Reason::AddressMissing));
        assert_eq!(table.rows(), (9, 3));
    }

    #[test]
    fn combinations_are_those_of_the_rows() {
        assert_eq!(table().combinations(), [0, 1, 2, 3].map(|area| vec![Some(area)]));
    }
}
