//! Some rows of one source, only the wanted columns, column by column.

use crate::confidential::account::Reason;

/// Rows of one source in the order of the file. Holds at most [`Batch::MAX_ROWS`] rows.
pub(in crate::confidential) struct Batch {
    /// Position into the request's files.
    pub source: u32,
    /// Number of the first row as a spreadsheet counts (see [`Batch::row`]).
    pub first_row: u64,
    /// How many rows.
    pub rows: usize,
    /// One for each wanted column, in the order wanted, each with `rows` values.
    pub columns: Vec<Values>,
    /// Rows (position in the batch, ascending) that could not be taken apart. Their values are missing; the consumer rejects them.
    pub faulty: Vec<(u32, Reason)>,
    /// For each blank row that was left out the position of the row after it, ascending.
    pub(super) gaps: Vec<u32>,
}

impl Batch {
    /// The most rows a batch holds: few enough that all columns of a batch stay in a core's second-level cache from reading to counting.
    pub(in crate::confidential) const MAX_ROWS: usize = 8192;

    /// An empty batch with a column for each kind.
    pub(super) fn new(source: u32, first_row: u64, kinds: impl Iterator<Item = super::Kind>) -> Self {
        let columns = kinds.map(Values::new).collect();
        Self { source, first_row, rows: 0, columns, faulty: Vec::new(), gaps: Vec::new() }
    }

    /// The row number of row `position`: CSV as a spreadsheet counts (header is row 1, blank rows count, a record with quoted line
    /// breaks is one row); Parquet and GeoJSON count records from 1.
    pub(in crate::confidential) fn row(&self, position: usize) -> u64 {
        let left_out = self.gaps.partition_point(|&gap| gap as usize <= position);
        self.first_row + (position + left_out) as u64
    }

    /// Ends a row that has no readable values.
    pub(super) fn push_faulty(&mut self, reason: Reason) {
        self.faulty.push((self.rows as u32, reason));
        for column in &mut self.columns {
            column.push_missing();
        }
        self.rows += 1;
    }
}

/// The values of one column.
pub(in crate::confidential) enum Values {
    /// As text.
    Text(TextValues),
    /// As numbers.
    Number(NumberValues),
}

impl Values {
    fn new(kind: super::Kind) -> Self {
        match kind {
            super::Kind::Text => Self::Text(TextValues { ends: Vec::with_capacity(Batch::MAX_ROWS), ..TextValues::default() }),
            super::Kind::Number => Self::Number(NumberValues {
                values: Vec::with_capacity(Batch::MAX_ROWS),
                states: Vec::with_capacity(Batch::MAX_ROWS),
            }),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(texts) => texts.len(),
            Self::Number(numbers) => numbers.values.len(),
        }
    }

    pub(super) fn push_missing(&mut self) {
        match self {
            Self::Text(texts) => texts.push(""),
            Self::Number(numbers) => numbers.push(f64::NAN, NumberState::Missing),
        }
    }
}

/// Texts one after the other in one allocation; where the source has each different text once, so is it here.
#[derive(Default)]
pub(in crate::confidential) struct TextValues {
    text: String,
    ends: Vec<u32>,
    /// For each row which of the texts it has; `None` where every row has its own.
    keys: Option<Vec<u32>>,
}

/// The key of a row without a text.
const NO_TEXT: u32 = u32::MAX;

impl TextValues {
    /// Appends the trimmed text; an empty one is missing.
    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        let plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
        let trimmed = plain(text.as_bytes().first()) && plain(text.as_bytes().last());
        self.text.push_str(if trimmed { text } else { text.trim() });
        self.ends.push(u32::try_from(self.text.len()).expect("a batch is far smaller than 4 GiB"));
    }

    /// Rows that share these texts: for each the text's position, or `None` where it is missing.
    pub(super) fn shared(self, keys: impl Iterator<Item = Option<u32>>) -> Self {
        Self { keys: Some(keys.map(|key| key.unwrap_or(NO_TEXT)).collect()), ..self }
    }

    /// Which of [`TextValues::different`] texts the row has, if rows share them.
    #[inline]
    pub(in crate::confidential) fn key(&self, position: usize) -> Option<usize> {
        self.keys.as_ref().map(|keys| keys[position]).filter(|&key| key != NO_TEXT).map(|key| key as usize)
    }

    /// For each row which of [`TextValues::different`] texts it has, if rows share them: no such text where it has none.
    pub(in crate::confidential) fn keys(&self) -> Option<&[u32]> {
        self.keys.as_deref()
    }

    /// How many texts the rows share; none where every row has its own.
    pub(in crate::confidential) fn different(&self) -> usize {
        if self.keys.is_some() { self.ends.len() } else { 0 }
    }

    /// The trimmed text of row `position`; `None` if it is missing or empty.
    #[inline]
    pub(in crate::confidential) fn get(&self, position: usize) -> Option<&str> {
        let position = if self.keys.is_some() { self.key(position)? } else { position };
        let start = if position == 0 { 0 } else { self.ends[position - 1] as usize };
        let end = self.ends[position] as usize;
        (start < end).then(|| &self.text[start..end])
    }

    /// How many values, missing ones too.
    pub(in crate::confidential) fn len(&self) -> usize {
        self.keys.as_ref().map_or(self.ends.len(), Vec::len)
    }
}

/// Numbers and what each of them is.
#[derive(Default)]
pub(in crate::confidential) struct NumberValues {
    /// The value; NaN where the state is not `Number`.
    pub values: Vec<f64>,
    /// What the value is.
    pub states: Vec<NumberState>,
}

impl NumberValues {
    #[inline]
    pub(super) fn push(&mut self, value: f64, state: NumberState) {
        self.values.push(value);
        self.states.push(state);
    }

    /// Appends values that are all there.
    pub(super) fn extend(&mut self, values: impl Iterator<Item = f64>) {
        self.values.extend(values);
        self.states.resize(self.values.len(), NumberState::Number);
    }
}

/// What a field of a number column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::confidential) enum NumberState {
    /// A number, or the text `NaN` or `inf`.
    Number,
    /// Nothing.
    Missing,
    /// A text that is no number.
    NotANumber,
}
