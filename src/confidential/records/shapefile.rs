//! Shapefiles: shapes from `.shp`, a column for each field of `.dbf`, and the column `geometry`. Texts are in the code page that the plan, `.cpg` or the table
//! names, the reference system is that of `.prj`. The index `.shx` is not needed.
//!
//! Read shape by shape; one thread reads and consumes. A row is a record of the table, from 1; deleted ones count and are left out.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use shapefile::{Shape, ShapeReader};

use super::failure::RecordsError;
use super::rows::{Cell, Gather, Sampled, geometry_column};
use super::source::Source;
use super::{Batch, Consume, Dialect, Errand, Wanted, positions, wkb};
use crate::area::attribute_table::TableLayout;
use crate::area::shapefile::polygons;
use crate::error::Error;

/// Reads a shapefile in the order of its records.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let opened = Opened::new(&errand.source, errand.request.dialect)?;
    let columns = opened.resolve(errand.request.wanted)?;
    let share = errand.source.bytes / opened.table.records.max(1) as u64;
    let mut gather = Gather::new(errand, 1);
    opened.rows(&columns, &mut |cells| {
        errand.progress.advance(share);
        match cells {
            Some(cells) => gather.push(cells.iter(), consume)?,
            None => gather.skip(),
        }
        Ok(true)
    })?;
    gather.finish(consume)
}

/// Checks the columns.
pub(super) fn resolve(source: &Source, dialect: &Dialect, wanted: &[Wanted]) -> Result<(), RecordsError> {
    Opened::new(source, dialect)?.resolve(wanted).map(drop)
}

/// The first rows as text, without geometries.
pub(super) fn sample(source: &Source, dialect: &Dialect) -> Result<Sampled, Error> {
    let opened = Opened::new(source, dialect)?;
    // The text of a memo field stands in another file, which is not read.
    let columns: Vec<usize> = (0..opened.table.fields.len()).filter(|&at| opened.table.fields[at].kind != 'M').collect();
    let mut rows = Vec::new();
    opened.rows(&columns, &mut |cells| {
        rows.extend(cells);
        Ok(rows.len() < Batch::MAX_ROWS)
    })?;
    let header = columns.iter().map(|&at| opened.header[at].clone()).collect();
    Ok(Sampled::new(header, rows, opened.header.last().cloned()))
}

/// The reference system in `.prj`.
pub(super) fn declared_system(source: &Source) -> Result<Option<String>, RecordsError> {
    let text = beside(&source.file, "prj").map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned());
    Ok(text.map(|text| text.trim_start_matches('\u{feff}').trim().to_owned()).filter(|text| !text.is_empty()))
}

/// The files that a shapefile's records are in, of those that there are.
pub(super) fn parts(file: &Path) -> Vec<PathBuf> {
    let endings = ["dbf", "prj", "cpg"];
    let parts = endings.iter().flat_map(|ending| [file.with_extension(ending), file.with_extension(ending.to_uppercase())]);
    parts.filter(|part| part.is_file()).collect()
}

/// A small file of the same stem; upper-case extensions are usual on some systems.
fn beside(file: &Path, extension: &str) -> Option<(PathBuf, Vec<u8>)> {
    let names = [extension.to_owned(), extension.to_uppercase()];
    names.iter().find_map(|extension| {
        let file = file.with_extension(extension);
        std::fs::read(&file).ok().map(|bytes| (file, bytes))
    })
}

struct Opened<'s> {
    source: &'s Source,
    dbf: PathBuf,
    table: TableLayout,
    /// The table's fields, then the geometry.
    header: Vec<String>,
}

impl<'s> Opened<'s> {
    fn new(source: &'s Source, dialect: &Dialect) -> Result<Self, RecordsError> {
        let names = ["dbf", "DBF"].map(|ending| source.file.with_extension(ending));
        let no_table = || RecordsError::NoTable { file: source.file.clone(), table: names[0].clone() };
        let dbf = names.iter().find(|name| name.is_file()).cloned().ok_or_else(no_table)?;
        let cpg = || beside(&source.file, "cpg").map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned());
        let cpg = dialect.encoding.clone().or_else(cpg);
        // The header names its length in 16 bits.
        let mut head = Vec::new();
        let file = File::open(&dbf).map_err(|cause| RecordsError::opening(&dbf, cause))?;
        file.take(1 << 16).read_to_end(&mut head).map_err(|cause| RecordsError::opening(&dbf, cause))?;
        let table = TableLayout::of(&head, cpg.as_deref()).map_err(|_| damaged(&dbf))?;
        let mut header: Vec<String> = table.fields.iter().map(|field| field.name.clone()).collect();
        header.push(geometry_column(&header));
        Ok(Self { source, dbf, table, header })
    }

    fn resolve(&self, wanted: &[Wanted]) -> Result<Vec<usize>, RecordsError> {
        let columns = positions(&self.source.file, &self.header, wanted)?;
        let memo = |&&column: &&usize| self.table.fields.get(column).is_some_and(|field| field.kind == 'M');
        match columns.iter().find(memo) {
            Some(&column) => {
                let (file, column) = (self.source.file.clone(), self.header[column].clone());
                Err(RecordsError::ColumnType { file, column, found: "memo".into() })
            }
            None => Ok(columns),
        }
    }

    /// Calls `each` with the cells of every record, nothing for a deleted one, until it says no.
    fn rows(&self, columns: &[usize], each: &mut dyn FnMut(Option<Vec<Cell>>) -> Result<bool, Error>) -> Result<(), Error> {
        let open = |file: &Path| File::open(file).map(BufReader::new).map_err(|cause| RecordsError::opening(file, cause));
        let corrupt = || RecordsError::Corrupt { file: self.source.file.clone(), format: "shapefile" };
        let mut shapes = ShapeReader::new(open(&self.source.file)?).map_err(|_| corrupt())?;
        let mut shapes = shapes.iter_shapes();
        let mut records = open(&self.dbf)?;
        std::io::copy(&mut records.by_ref().take(self.table.header_length as u64), &mut std::io::sink())
            .map_err(|cause| RecordsError::opening(&self.dbf, cause))?;
        let mut record = vec![0; self.table.record_length];
        for _ in 0..self.table.records {
            records.read_exact(&mut record).map_err(|cause| cut_off(&self.dbf, "dBase", cause))?;
            let shape = match shapes.next() {
                Some(Ok(shape)) => shape,
                Some(Err(shapefile::Error::IoError(cause))) => Err(cut_off(&self.source.file, "shapefile", cause))?,
                Some(Err(_)) => Err(corrupt())?,
                None => Err(self.unequal())?,
            };
            if TableLayout::is_deleted(&record) {
                each(None)?;
                continue;
            }
            let geometry = columns.contains(&self.table.fields.len()).then(|| geometry(shape));
            let cell = |&column: &usize| match column < self.table.fields.len() {
                true => self.table.text(column, &record).map_or(Cell::Missing, Cell::Text),
                false => geometry.clone().unwrap_or(Cell::Missing),
            };
            if !each(Some(columns.iter().map(cell).collect()))? {
                return Ok(());
            }
        }
        if shapes.next().is_some() { Err(self.unequal().into()) } else { Ok(()) }
    }

    fn unequal(&self) -> RecordsError {
        RecordsError::UnequalTable { file: self.source.file.clone(), table: self.dbf.clone() }
    }
}

fn damaged(dbf: &Path) -> RecordsError {
    RecordsError::Corrupt { file: dbf.to_owned(), format: "dBase" }
}

fn cut_off(file: &Path, format: &'static str, cause: std::io::Error) -> RecordsError {
    match cause.kind() {
        std::io::ErrorKind::UnexpectedEof => RecordsError::Truncated { file: file.to_owned(), format },
        _ => RecordsError::opening(file, cause),
    }
}

fn geometry(shape: Shape) -> Cell {
    let all = |points: Vec<(f64, f64)>| wkb::points(&points);
    Cell::Text(match shape {
        Shape::NullShape => return Cell::Missing,
        Shape::Point(point) => wkb::point(point.x, point.y),
        Shape::PointM(point) => wkb::point(point.x, point.y),
        Shape::PointZ(point) => wkb::point(point.x, point.y),
        Shape::Multipoint(shape) => all(shape.points().iter().map(|p| (p.x, p.y)).collect()),
        Shape::MultipointM(shape) => all(shape.points().iter().map(|p| (p.x, p.y)).collect()),
        Shape::MultipointZ(shape) => all(shape.points().iter().map(|p| (p.x, p.y)).collect()),
        shape @ (Shape::Polygon(_) | Shape::PolygonM(_) | Shape::PolygonZ(_)) => wkb::polygons(&polygons(shape)),
        Shape::Polyline(_) | Shape::PolylineM(_) | Shape::PolylineZ(_) | Shape::Multipatch(_) => wkb::no_position(),
    })
}
