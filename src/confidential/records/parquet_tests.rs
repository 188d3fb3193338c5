//! Parquet files of all types through [`super::read`].

use std::path::Path;
use std::sync::{Arc, Mutex};

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array, Int64Array,
    LargeStringArray, NullArray, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray, UInt64Array,
};

use super::*;
use crate::progress::Silent;

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, rows_per_group: usize) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows_per_group)).build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Two rows: a value and a missing one.
fn one_of_each() -> Vec<(&'static str, ArrayRef)> {
    let dictionary: DictionaryArray<Int8Type> = [Some("Köln"), None].into_iter().collect();
    let numbers: DictionaryArray<Int8Type> = [Some("01056"), None].into_iter().collect();
    vec![
        ("text", Arc::new(StringArray::from(vec![Some(" Köln "), None]))),
        ("large", Arc::new(LargeStringArray::from(vec![Some("5,5"), None]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("01056"), None]))),
        ("dictionary", Arc::new(dictionary)),
        ("numbers", Arc::new(numbers)),
        ("int8", Arc::new(Int8Array::from(vec![Some(-5), None]))),
        ("int64", Arc::new(Int64Array::from(vec![Some(9_007_199_254_740_993), None]))),
        ("uint64", Arc::new(UInt64Array::from(vec![Some(5), None]))),
        ("float32", Arc::new(Float32Array::from(vec![Some(5.5), None]))),
        ("float64", Arc::new(Float64Array::from(vec![Some(5.0), None]))),
        ("nan", Arc::new(Float64Array::from(vec![Some(f64::NAN), None]))),
        ("decimal", Arc::new(Decimal128Array::from(vec![Some(-5_5094), None]).with_precision_and_scale(20, 4).unwrap())),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("date", Arc::new(Date32Array::from(vec![Some(19_723), None]))),
        ("midnight", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_704_067_200_000_000), None]))),
        ("noon", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_704_110_400_000_000), None]))),
        ("null", Arc::new(NullArray::new(2))),
    ]
}

fn read_columns(path: &Path, columns: &[(&str, Kind)]) -> Result<Vec<Vec<Option<String>>>, Error> {
    let wanted: Vec<Wanted> = columns.iter().map(|(name, kind)| Wanted { name: (*name).to_owned(), kind: *kind }).collect();
    let rows = Mutex::new(Vec::new());
    let request = Request { files: &[path.to_owned()], dialect: &Dialect::default(), wanted: &wanted };
    read(&request, &Silent, &|batch| {
        for i in 0..batch.rows {
            let value = |column: &Values| match column {
                Values::Text(texts) => texts.get(i).map(str::to_owned),
                Values::Number(numbers) if numbers.states[i] == NumberState::Missing => None,
                Values::Number(numbers) if numbers.states[i] == NumberState::NotANumber => Some("no number".to_owned()),
                Values::Number(numbers) => Some(numbers.values[i].to_string()),
            };
            rows.lock().unwrap().push((batch.row(i), batch.columns.iter().map(value).collect::<Vec<_>>()));
        }
        Ok(())
    })?;
    let mut rows = rows.into_inner().unwrap();
    rows.sort();
    assert!(rows.iter().zip(1..).all(|((row, _), expected)| *row == expected));
    Ok(rows.into_iter().map(|(_, values)| values).collect())
}

#[test]
fn every_type_as_text_and_as_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, one_of_each(), 1000);
    let expected = [
        ("text", "Köln", "no number"),
        ("large", "5,5", "5.5"),
        ("view", "01056", "1056"),
        ("dictionary", "Köln", "no number"),
        ("numbers", "01056", "1056"),
        ("int8", "-5", "-5"),
        ("int64", "9007199254740993", "9007199254740992"),
        ("uint64", "5", "5"),
        ("float32", "5.5", "5.5"),
        ("float64", "5", "5"),
        ("nan", "", "NaN"),
        ("decimal", "-5.5094", "-5.5094"),
        ("bool", "true", "no number"),
        ("date", "2024-01-01", "no number"),
        ("midnight", "2024-01-01", "no number"),
        ("noon", "2024-01-01T12:00:00", "no number"),
        ("null", "", ""),
    ];
    for (name, text, number) in expected {
        let rows = read_columns(&path, &[(name, Kind::Number), (name, Kind::Text)]).unwrap();
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        assert_eq!(rows, [vec![some(number), some(text)], vec![None, None]], "{name}");
    }
}

#[test]
fn columns_come_in_the_order_wanted_and_row_groups_in_any_number() {
    let folder = tempfile::tempdir().unwrap();
    for rows_per_group in [1, 7, 100, 1000] {
        let path = folder.path().join(format!("{rows_per_group}.parquet"));
        let numbers: Int64Array = (0..250).collect();
        let texts: StringArray = (0..250).map(|i| Some(format!("t{i}"))).collect();
        write(
            &path,
            vec![("a", Arc::new(numbers)), ("unused", Arc::new(NullArray::new(250))), ("b", Arc::new(texts))],
            rows_per_group,
        );
        let rows = read_columns(&path, &[("b", Kind::Text), ("a", Kind::Number)]).unwrap();
        let expected: Vec<_> = (0..250).map(|i| vec![Some(format!("t{i}")), Some(i.to_string())]).collect();
        assert_eq!(rows, expected);
    }
}

#[test]
fn row_groups_read_at_once_do_not_move_each_others_offset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let numbers: Int64Array = (0..4000).collect();
    let texts: StringArray = (0..4000).map(|i| Some(format!("t{i}"))).collect();
    write(&path, vec![("a", Arc::new(numbers)), ("b", Arc::new(texts))], 10);
    let expected: Vec<_> = (0..4000).map(|i| vec![Some(format!("t{i}")), Some(i.to_string())]).collect();
    for _ in 0..20 {
        assert_eq!(read_columns(&path, &[("b", Kind::Text), ("a", Kind::Number)]).unwrap(), expected);
    }
}

#[test]
fn truncated_and_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, one_of_each(), 1000);
    let whole = std::fs::read(&path).unwrap();
    let told = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        read_columns(&path, &[("text", Kind::Text)]).unwrap_err().to_string()
    };
    for kept in [10, whole.len() / 2, whole.len() - 1] {
        assert!(told(&whole[..kept]).ends_with("Parquet file ends too early: copy or export it again"));
    }
    let mut damaged = whole.clone();
    let footer = whole.len() - 30;
    damaged[footer - 200..footer].fill(0xFF);
    assert!(told(&damaged).ends_with("Parquet file is damaged: copy or export it again"));
}

#[test]
fn nested_types_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let list = arrow_array::ListArray::from_iter_primitive::<Int8Type, _, _>([Some(vec![Some(1)])]);
    write(&path, vec![("list", Arc::new(list)), ("a", Arc::new(Int8Array::from(vec![1])))], 10);
    assert!(read_columns(&path, &[("list", Kind::Text)]).unwrap_err().to_string().contains("column \"list\" has type"));
    assert!(read_columns(&path, &[("b", Kind::Text)]).unwrap_err().to_string().contains("name one of list, a"));
    assert_eq!(sample(&path, &Dialect::default()).unwrap().header, ["a"]);
}

#[test]
fn without_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, vec![("a", Arc::new(Int8Array::from(Vec::<i8>::new())))], 10);
    assert!(read_columns(&path, &[("a", Kind::Text)]).unwrap_err().to_string().contains("no records"));
}
