//! Sources that come row by row from a library: spreadsheets and databases. One thread reads and consumes.

use super::batch::{Batch, NumberState, Values};
use super::number::NumberForm;
use super::parquet::float_text;
use super::{Consume, Errand, Kind};
use crate::error::Error;

/// One value as a library gives it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Missing,
    Text(String),
    Number(f64),
    /// A whole number that need not fit a float.
    Whole(i64),
}

impl Cell {
    fn push(&self, values: &mut Values, form: NumberForm) {
        match (values, self) {
            (values, Self::Missing) => values.push_missing(),
            (Values::Text(texts), Self::Text(text)) => texts.push(text),
            (Values::Text(texts), Self::Number(number)) => texts.push(&float_text(*number)),
            (Values::Text(texts), Self::Whole(number)) => texts.push(&number.to_string()),
            (Values::Number(numbers), Self::Text(text)) => {
                let (value, state) = form.parse(text.trim().as_bytes());
                numbers.push(value, state);
            }
            (Values::Number(numbers), Self::Number(number)) => numbers.push(*number, NumberState::Number),
            (Values::Number(numbers), Self::Whole(number)) => numbers.push(*number as f64, NumberState::Number),
        }
    }
}

/// Gathers rows of wanted cells to batches.
pub(super) struct Gather<'e> {
    errand: &'e Errand<'e>,
    form: NumberForm,
    batch: Batch,
    row: u64,
    records: u64,
}

impl<'e> Gather<'e> {
    /// The first row has the number `first_row`.
    pub(super) fn new(errand: &'e Errand<'e>, first_row: u64) -> Self {
        let form = match errand.request.dialect.decimal {
            Some(sign) => NumberForm { decimal: sign as u8, certain: true },
            None => NumberForm::PLAIN,
        };
        let batch = Batch::new(errand.position, first_row, errand.request.wanted.iter().map(|wanted| wanted.kind));
        Self { errand, form, batch, row: first_row, records: 0 }
    }

    /// A row that is blank: no record, but it counts.
    pub(super) fn skip(&mut self) {
        self.batch.gaps.push(self.batch.rows as u32);
        self.row += 1;
    }

    /// A row's wanted cells, in the order wanted.
    pub(super) fn push<'c>(&mut self, cells: impl Iterator<Item = &'c Cell>, consume: Consume) -> Result<(), Error> {
        for (cell, values) in cells.zip(&mut self.batch.columns) {
            cell.push(values, self.form);
        }
        self.batch.rows += 1;
        self.row += 1;
        self.records += 1;
        if self.batch.rows == Batch::MAX_ROWS {
            let kinds = self.errand.request.wanted.iter().map(|wanted| wanted.kind);
            consume(std::mem::replace(&mut self.batch, Batch::new(self.errand.position, self.row, kinds)))?;
        }
        Ok(())
    }

    /// Hands on the rest; gives the number of records.
    pub(super) fn finish(self, consume: Consume) -> Result<u64, Error> {
        if self.batch.rows > 0 {
            consume(self.batch)?;
        }
        Ok(self.records)
    }
}

/// The first rows of a source as text.
pub(super) struct Sampled {
    pub(super) header: Vec<String>,
    pub(super) batch: Batch,
    /// The name of the column of geometries, which is none of the others.
    pub(super) geometry: Option<String>,
}

impl Sampled {
    /// Rows of a source whose rows have numbers from 1.
    pub(super) fn new(header: Vec<String>, rows: Vec<Vec<Cell>>, geometry: Option<String>) -> Self {
        let batch = sampled(&header, rows.into_iter(), 1);
        Self { header, batch, geometry }
    }
}

/// The first rows as text.
pub(super) fn sampled(header: &[String], rows: impl Iterator<Item = Vec<Cell>>, first_row: u64) -> Batch {
    let mut batch = Batch::new(0, first_row, header.iter().map(|_| Kind::Text));
    for cells in rows.take(Batch::MAX_ROWS) {
        for (at, values) in batch.columns.iter_mut().enumerate() {
            cells.get(at).unwrap_or(&Cell::Missing).push(values, NumberForm::PLAIN);
        }
        batch.rows += 1;
    }
    batch
}

/// The name of the column of geometries in formats that give it none.
pub(super) fn geometry_column(header: &[String]) -> String {
    let mut name = String::from("geometry");
    while header.contains(&name) {
        name.push('_');
    }
    name
}
