//! CSV in both dialects: plain, and for spreadsheets; ids, numbers and statuses as in `release.parquet`.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::verify::published::{PublishedLayer, SIZE};
use crate::verify::values::{Shown, compare};
use crate::verify::{Context, Findings, Problem, Verified, tiles};

pub(super) fn check(context: &Context<'_>) -> Verified {
    if !context.description.has("csv") {
        return Findings::of("csv").skipped("csv");
    }
    let files: Vec<(usize, &str, u8)> =
        (0..context.description.layers.len()).flat_map(|layer| [(layer, ".csv", b','), (layer, "_excel.csv", b';')]).collect();
    let checked: Vec<(u64, Findings)> = files.into_par_iter().map(|file| check_file(context, file)).collect();
    let (mut all, mut rows) = (Findings::of("csv"), 0);
    for (count, findings) in checked {
        rows += count;
        all.join(findings);
    }
    all.into_part(vec![("csv", rows)])
}

fn check_file(context: &Context<'_>, (layer, ending, separator): (usize, &str, u8)) -> (u64, Findings) {
    let path = format!("csv/{}{ending}", context.description.layers[layer].name);
    let mut findings = Findings::of(path.clone());
    let Ok(bytes) = std::fs::read(context.bundle.join(path)) else {
        findings.add("", Problem::FileMissing);
        return (0, findings);
    };
    let mut records = Records {
        reader: ReaderBuilder::new().delimiter(separator).build(),
        rest: bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes),
    };
    let published = &context.published.layers[layer];
    let Some(header) = records.next().and_then(|header| Header::of(context, &header, &mut findings)) else {
        findings.add("", Problem::CsvForm);
        return (0, findings);
    };
    let rows: FxHashMap<String, usize> = (0..published.len()).map(|row| (published.unit_id(row), row)).collect();
    let mut seen = vec![false; published.len()];
    let mut line = 0_u64;
    while let Some(record) = records.next() {
        line += 1;
        let place = || format!("record {line}");
        if record.len() != header.width {
            findings.add(place(), Problem::CsvForm);
            continue;
        }
        let id = &record[header.id];
        // Where a spreadsheet would take a key for a formula it has an apostrophe in front.
        let id = if separator == b';' && !rows.contains_key(id) { id.strip_prefix('\'').unwrap_or(id) } else { id };
        match rows.get(id) {
            None => findings.add(place(), Problem::UnitUnknown),
            Some(&row) if std::mem::replace(&mut seen[row], true) => findings.add(place(), Problem::UnitTwice),
            Some(&row) => header.check(context, (published, row), &record, &mut findings),
        }
    }
    for row in (0..seen.len()).filter(|&row| !seen[row]) {
        findings.add(published.unit_id(row), Problem::UnitMissing);
    }
    (line, findings)
}

/// Where the columns are.
struct Header {
    width: usize,
    id: usize,
    size_m: Option<usize>,
    /// For each field the positions of number and status.
    fields: Vec<(usize, usize)>,
}

impl Header {
    fn of(context: &Context<'_>, names: &[String], findings: &mut Findings) -> Option<Self> {
        let at = |name: &str| names.iter().position(|n| n == name);
        let fields = &context.description.fields;
        let known =
            |name: &String| tiles::is_unit_attribute(name) || fields.iter().any(|f| f.name == *name || f.status_name == *name);
        if !names.iter().all(known) {
            findings.add("header", Problem::AttributeUnknown);
        }
        let positions = fields.iter().map(|field| Some((at(&field.name)?, at(&field.status_name)?))).collect::<Option<Vec<_>>>();
        if positions.is_none() {
            findings.add("header", Problem::AttributeMissing);
        }
        Some(Self { width: names.len(), id: at("id")?, size_m: at(SIZE), fields: positions? })
    }

    fn check(
        &self,
        context: &Context<'_>,
        (published, row): (&PublishedLayer, usize),
        record: &[String],
        findings: &mut Findings,
    ) {
        if self.size_m.and_then(|at| record[at].parse().ok()) != published.size_m(row) {
            findings.add(published.unit_id(row), Problem::SizeWrong);
        }
        for ((&(number, status), &told), field) in self.fields.iter().zip(published.numbers(row)).zip(&context.description.fields)
        {
            let shown = match record[number].as_str() {
                "" => Shown::Nothing,
                digits => digits.parse().map_or(Shown::Other, Shown::Number),
            };
            if let Some(problem) = compare(told, shown, Some(&record[status])) {
                findings.add(format!("{}, {}", published.unit_id(row), field.name), problem);
            }
        }
    }
}

struct Records<'b> {
    reader: Reader,
    rest: &'b [u8],
}

impl Records<'_> {
    /// The next record; `None` at the end, or where it is not UTF-8.
    fn next(&mut self) -> Option<Vec<String>> {
        let (mut output, mut ends) = (vec![0; 1024], vec![0; 64]);
        let (mut written, mut fields) = (0, 0);
        loop {
            let (result, read, wrote, ended) = self.reader.read_record(self.rest, &mut output[written..], &mut ends[fields..]);
            self.rest = &self.rest[read..];
            written += wrote;
            fields += ended;
            match result {
                // No more input is to come: an empty read tells the reader so.
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => output.resize(output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return None,
            }
        }
        let mut start = 0;
        let field = |end: &usize| {
            let text = std::str::from_utf8(&output[start..*end]).ok()?.to_owned();
            start = *end;
            Some(text)
        };
        ends[..fields].iter().map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_with_quotes_and_without_a_last_line_end() {
        let mut records =
            Records { reader: ReaderBuilder::new().delimiter(b';').build(), rest: b"id;label\r\n01;\"a \"\"b\"\";c\"\r\n02;" };
        assert_eq!(records.next().unwrap(), ["id", "label"]);
        assert_eq!(records.next().unwrap(), ["01", "a \"b\";c"]);
        assert_eq!(records.next().unwrap(), ["02", ""]);
        assert_eq!(records.next(), None);
    }
}
