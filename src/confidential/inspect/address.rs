//! Which columns hold an address, where nothing else says where a record lies.

use super::column::{ColumnFinding, ValueType};
use super::words::any;

/// Columns of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressFinding {
    /// The street, with or without the number.
    pub street: String,
    /// The house number.
    pub number: Option<String>,
    /// What follows the number.
    pub suffix: Option<String>,
    /// The postcode.
    pub postcode: Option<String>,
    /// The municipality's key or name.
    pub municipality: Option<String>,
    /// The street's key.
    pub street_key: Option<String>,
}

impl AddressFinding {
    /// Names as a plan writes them, with the columns found.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { street, number, suffix, postcode, municipality, street_key } = self;
        let optional = [
            ("number", number),
            ("suffix", suffix),
            ("postcode", postcode),
            ("municipality", municipality),
            ("street_key", street_key),
        ];
        let optional = optional.into_iter().filter_map(|(name, column)| Some((name, column.as_deref()?)));
        std::iter::once(("street", street.as_str())).chain(optional)
    }

    /// The columns of an address, each taken once; none without a street.
    pub(super) fn of(columns: &[ColumnFinding]) -> Option<Self> {
        let mut left: Vec<&ColumnFinding> = columns.iter().filter(|column| column.value_type != ValueType::Empty).collect();
        let mut take = |stems: &[&str]| {
            let at = left.iter().position(|column| any(&column.name, stems))?;
            Some(left.remove(at).name.clone())
        };
        // Longer names first: a key of the street is no street, an addition to the number no number.
        let street_key = take(&["strschl", "strassenschl", "streetkey", "strkey"]);
        let suffix = take(&["hsnrzu", "hausnrzu", "hausnummerzu", "hnrzu", "nrzusatz", "=adz"]);
        let number = take(&["hausnr", "hausnummer", "hsnr", "=hnr", "housenumber", "houseno"]);
        let postcode = take(&["=plz", "postleitzahl", "postcode", "=zip"]);
        let municipality = take(&["=ags", "=ars", "gemeindeschl", "gemeindekenn"])
            .or_else(|| take(&["=gemeinde", "gemeindename", "=ort", "wohnort", "ortsname", "=stadt", "municipality", "=city"]));
        let street = take(&["strasse", "=str", "strname", "street", "anschrift", "adress"])?;
        Some(Self { street, number, suffix, postcode, municipality, street_key })
    }
}

/// A column of municipalities' keys.
pub(super) fn area_key(columns: &[ColumnFinding]) -> Option<String> {
    let keys = ["=ags", "=ars", "gemeindeschl", "gemeindekenn", "regionalschl"];
    let key =
        |column: &&ColumnFinding| matches!(column.value_type, ValueType::Key | ValueType::Integer) && any(&column.name, &keys);
    columns.iter().find(key).map(|column| column.name.clone())
}
