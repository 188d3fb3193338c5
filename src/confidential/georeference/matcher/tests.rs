use super::*;
use crate::confidential::georeference::register::tests::index_of;

/// Two towns with a Bahnhofstr., the second with one in each of two postcodes; house n lies 10 n m east of its street's begin.
fn index() -> Index {
    let mut rows = String::new();
    let mut street = |name: &str, numbers: &[&str], postcode: &str, [town, place, key]: [&str; 3], [x, y]: [f64; 2]| {
        for text in numbers {
            let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
            let x = x + 10.0 * digits.parse().unwrap_or(0.0);
            rows.push_str(&format!("{name};{digits};{};{postcode};{town};{place};{key};{x};{y}\n", &text[digits.len()..]));
        }
    };
    let essen = |key| ["05113000", "Essen", key];
    street("Bahnhofstr.", &["1", "3", "5", "5a", "9", "12-14"], "45127", essen("00017"), [4_100_000.0, 3_100_000.0]);
    street("Stoppenberger Str.", &["1", "2", "3", "4"], "45127", essen("00018"), [4_101_000.0, 3_100_000.0]);
    street("Nordweg", &["1", "2"], "45128", essen("00019"), [4_102_000.0, 3_100_000.0]);
    street("Lange Str.", &["1", "400"], "45128", essen("00020"), [4_102_000.0, 3_101_000.0]);
    street("Haus Horst", &[""], "45128", essen("00021"), [4_102_000.0, 3_102_000.0]);
    street("### Straßenname unbekannt", &["21"], "45128", essen("00022"), [4_102_000.0, 3_103_000.0]);
    street("Am Hang", &["", "1", "3"], "45128", essen("00025"), [4_102_000.0, 3_106_000.0]);
    street("Kampstr.", &["1"], "45128", essen("00023"), [4_102_000.0, 3_104_000.0]);
    street("Kempstr.", &["1"], "45128", essen("00024"), [4_102_000.0, 3_105_000.0]);
    let other = |place, key| ["05999000", place, key];
    street("Bahnhofstr.", &["1"], "50001", other("Oberdorf", "00017"), [4_150_000.0, 3_100_000.0]);
    street("Bahnhofstr.", &["1", "2"], "50002", other("Unterdorf", "00017"), [4_155_000.0, 3_100_000.0]);
    street("Waldstr.", &["1"], "50001", other("Oberdorf", "00030"), [4_150_000.0, 3_101_000.0]);
    index_of(&rows)
}

/// Grade and the position's metres behind the last hundred kilometres, or the reason.
fn find(address: Address<'_>) -> Result<(Grade, [i64; 2]), Reason> {
    let found = index().find(&address)?;
    let position = found.position_3035_m.unwrap_or([4_000_000.0, 3_000_000.0]);
    Ok((found.grade, position.map(|metres| metres as i64 % 1_000_000)))
}

const ESSEN: Address<'_> = Address { street: "", number: "", suffix: "", postcode: "", municipality: "05113000", street_key: "" };

macro_rules! case {
    ($($name:ident: $street:expr, $number:expr => $found:expr;)*) => {
        $(#[test] fn $name() { assert_eq!(find(Address { street: $street, number: $number, ..ESSEN }), $found); })*
    };
}

case! {
    letter_for_letter: "Bahnhofstr.", "3" => Ok((Grade::Exact, [100_030, 100_000]));
    suffix: "Bahnhofstr.", "5 A" => Ok((Grade::Exact, [100_050, 100_000]));
    otherwise_written: "BAHNHOFSTRASSE", "3" => Ok((Grade::Normalised, [100_030, 100_000]));
    glued: "Bahnhofstr. 3", "" => Ok((Grade::Exact, [100_030, 100_000]));
    twice: "Bahnhofstr. 3", "3" => Ok((Grade::Exact, [100_030, 100_000]));
    one_letter: "Bahnhofsrt.", "3" => Ok((Grade::Similar, [100_030, 100_000]));
    one_letter_and_glued: "Bahnhfstr.3", "" => Ok((Grade::Similar, [100_030, 100_000]));
    one_letter_but_no_such_number: "Bahnhfstr.", "77" => Err(Reason::StreetUnknown);
    two_that_are_as_near: "Kompstr.", "1" => Err(Reason::AddressAmbiguous);
    other_kind: "Nordstr.", "2" => Ok((Grade::Similar, [102_020, 100_000]));
    between_neighbours: "Bahnhofstr.", "7" => Ok((Grade::NeighbourNumber, [100_070, 100_000]));
    unknown_suffix: "Bahnhofstr.", "3c" => Ok((Grade::NeighbourNumber, [100_030, 100_000]));
    just_beyond: "Bahnhofstr.", "11" => Ok((Grade::NeighbourNumber, [100_090, 100_000]));
    far_beyond: "Bahnhofstr.", "99" => Ok((Grade::Street, [100_050, 100_000]));
    number_of_a_range: "Bahnhofstr.", "14" => Ok((Grade::Normalised, [100_120, 100_000]));
    range_in_the_register: "Bahnhofstr.", "12-14" => Ok((Grade::Exact, [100_120, 100_000]));
    range_of_the_record: "Stoppenberger Straße", "2-4" => Ok((Grade::Normalised, [101_020, 100_000]));
    no_number: "Stoppenberger Str.", "" => Ok((Grade::Street, [101_030, 100_000]));
    no_number_in_a_long_street: "Lange Str.", "" => Ok((Grade::Area, [0, 0]));
    house_with_a_name: "Haus Horst", "" => Ok((Grade::Exact, [102_000, 102_000]));
    a_street_is_no_house: "Am Hang", "" => Ok((Grade::Street, [102_030, 106_000]));
    flat: "Bahnhofstr. 3, Whg. 12", "" => Ok((Grade::Exact, [100_030, 100_000]));
    no_street: "", "3" => Err(Reason::AddressMissing);
    unknown_name: "### Straßenname unbekannt", "21" => Err(Reason::AddressMissing);
    no_such_street: "Hafenstr.", "3" => Err(Reason::StreetUnknown);
    street_of_another_town: "Waldstr.", "1" => Err(Reason::StreetUnknown);
}

#[test]
fn a_key_needs_no_name() {
    let keyed = |street_key| find(Address { street_key, number: "21", ..ESSEN });
    let found = Ok((Grade::Exact, [102_000 + 210, 103_000]));
    assert_eq!([keyed("22"), keyed("00022"), keyed("0511300000022"), keyed("05113000000000022")], [found; 4]);
    assert_eq!(keyed("0599900000022"), Err(Reason::AddressMissing));
}

#[test]
fn a_key_of_two_towns_tells_nothing_alone() {
    let key = Address { street_key: "17", number: "1", municipality: "", ..ESSEN };
    assert_eq!(find(key), Err(Reason::AddressMissing));
    assert_eq!(find(Address { municipality: "05113000", ..key }), Ok((Grade::Exact, [100_010, 100_000])));
}

#[test]
fn towns_by_key_and_name() {
    for municipality in ["05113000", "5113000", "051130000000", "Essen", "ESSEN, Stadt"] {
        let found = find(Address { street: "Bahnhofstr.", number: "1", municipality, ..ESSEN });
        assert_eq!(found, Ok((Grade::Exact, [100_010, 100_000])), "{municipality}");
    }
    let unknown = Address { street: "Bahnhofstr.", number: "1", municipality: "Bochum", ..ESSEN };
    assert_eq!(find(unknown), Err(Reason::PlaceUnknown));
    assert_eq!(find(Address { postcode: "50001", ..unknown }), Ok((Grade::Exact, [150_010, 100_000])));
}

#[test]
fn postcodes_and_places_tell_streets_of_a_town_apart() {
    let street = Address { street: "Bahnhofstr.", number: "1", municipality: "05999000", ..ESSEN };
    assert_eq!(find(street), Err(Reason::AddressAmbiguous));
    assert_eq!(find(Address { postcode: "50002", ..street }), Ok((Grade::Exact, [155_010, 100_000])));
    assert_eq!(find(Address { municipality: "Oberdorf", ..street }), Ok((Grade::Exact, [150_010, 100_000])));
    // The only 2 there is; the postcode is wrong.
    assert_eq!(find(Address { number: "2", postcode: "50001", ..street }), Ok((Grade::Exact, [155_020, 100_000])));
}

#[test]
fn a_postcode_does_for_a_town() {
    let street = Address { street: "Bahnhofstr.", number: "1", municipality: "", ..ESSEN };
    assert_eq!(find(street), Err(Reason::PlaceMissing));
    assert_eq!(find(Address { postcode: "45127", ..street }), Ok((Grade::Exact, [100_010, 100_000])));
    assert_eq!(find(Address { postcode: "99999", ..street }), Err(Reason::PlaceUnknown));
}

#[test]
fn keys_and_postcodes_in_normal_form() {
    assert_eq!([postcode("D-1067"), postcode("01067"), postcode("1067.0")], ["01067", "01067", "01067"].map(str::to_owned));
    assert_eq!(
        [short_street_key("00 017"), short_street_key("a1"), short_street_key("000")],
        ["17", "A1", "0"].map(str::to_owned)
    );
    assert_eq!(municipality_key("010565650015"), Some("01056015".to_owned()));
    assert_eq!(municipality_key("Essen"), None);
}
