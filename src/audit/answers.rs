//! A recorded session of answers, one a line as the server's `ask` or `kleinraum ask --json` gives them: which of the numbers told are more than sums of
//! what is published.
//!
//! Every number is read as a client can: the question's conditions, the places listed, or the cells whose middle lies in the drawn area; shares and quotients are
//! turned back into counts where six decimals fix them. Shares no code with what answers. A number of persons in the whole may be a sum over any level,
//! since all show the same people.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use crate::audit::bundle::{Bundle, Date, WITHHELD};
use crate::audit::bundle_error::BundleError;
use crate::audit::columns::Columns;
use crate::audit::statement::Place;
use crate::geodesy::{FittedProjection, Projection, ReferenceSystem};
use crate::grid::CellId;

/// What shares and quotients may be off by: they have six decimals.
const HALF_DECIMAL: f64 = 5.1e-7;

/// A number that somebody was told, and that is no sum of published ones.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) date: usize,
    /// What it is a sum over.
    pub(super) places: Vec<Spot>,
    pub(super) columns: Vec<usize>,
    pub(super) number: i64,
    /// It may be more.
    pub(super) at_least: bool,
}

/// A unit of a level.
type Spot = (Place, usize);

/// What a session told.
pub(super) struct Session {
    pub(super) numbers: u64,
    pub(super) beyond: Vec<Told>,
}

/// Units of a date by id, and where the middles of its cells lie.
struct Dated<'b> {
    date: &'b Date,
    cells: Vec<FxHashMap<CellId, usize>>,
    areas: Vec<FxHashMap<&'b str, usize>>,
    middles: Vec<Option<Vec<[f64; 2]>>>,
}

/// One answer's question.
struct Question {
    date: usize,
    columns: Vec<usize>,
    level: Place,
    /// What numbers of the whole may be sums over.
    whole: Vec<Vec<Spot>>,
}

struct Reader<'b> {
    bundle: &'b Bundle,
    columns: &'b Columns,
    total: usize,
    dates: Vec<Dated<'b>>,
    /// Sums over all units of a level, by date, level and columns.
    sums: FxHashMap<(usize, usize, Vec<usize>), (i64, bool)>,
    session: Session,
}

/// Reads a session; keeps the numbers that are no sums of published ones.
///
/// # Errors
/// If a line is no answer of this bundle.
pub(super) fn read(bundle: &Bundle, columns: &Columns, file: &Path) -> Result<Session, BundleError> {
    let opened = File::open(file).map_err(|error| BundleError::unreadable(file, &error))?;
    let total = bundle.total().ok_or_else(|| BundleError::Unexpected { file: file.into() })?;
    let dates = bundle.dates.iter().map(Dated::new).collect();
    let session = Session { numbers: 0, beyond: Vec::new() };
    let mut reader = Reader { bundle, columns, total, dates, sums: FxHashMap::default(), session };
    for (at, line) in BufReader::new(opened).lines().enumerate() {
        let line = line.map_err(|error| BundleError::unreadable(file, &error))?;
        if line.trim().is_empty() {
            continue;
        }
        let answer: Option<Value> = serde_json::from_str(&line).ok();
        answer
            .and_then(|answer| reader.answer(&answer))
            .ok_or_else(|| BundleError::Answer { file: file.into(), line: at + 1 })?;
    }
    Ok(reader.session)
}

impl<'b> Dated<'b> {
    fn new(date: &'b Date) -> Self {
        let cells = date.grids.iter().map(|p| p.units.iter().enumerate().map(|(at, &cell)| (cell, at)).collect());
        let areas = date.areas.iter().map(|p| p.units.iter().enumerate().map(|(at, key)| (&**key, at)).collect());
        Self { date, cells: cells.collect(), areas: areas.collect(), middles: vec![None; date.grids.len()] }
    }

    fn unit(&self, level: Place, id: &str) -> Option<Spot> {
        let unit = match level {
            Place::Grid(at) => *self.cells[at as usize].get(&id.parse().ok()?)?,
            Place::Areas(at) => *self.areas[at as usize].get(id)?,
            Place::Piece => return None,
        };
        Some((level, unit))
    }

    /// Cells of a level whose middle an odd number of sides lies west of.
    fn drawn(&mut self, level: usize, rings: &[Vec<[f64; 2]>]) -> Option<Vec<usize>> {
        let cells = &self.date.grids[level].units;
        if self.middles[level].is_none() {
            let half_m = |cell: &CellId| f64::from(cell.size().metres()) / 2.0;
            let (mut xs, mut ys): (Vec<f64>, Vec<f64>) = cells
                .iter()
                .map(|cell| (f64::from(cell.easting_m()) + half_m(cell), f64::from(cell.northing_m()) + half_m(cell)))
                .unzip();
            let projection = Projection::new(&ReferenceSystem::etrs89_laea(), &ReferenceSystem::wgs84()).ok()?;
            FittedProjection::new(projection).project(&mut xs, &mut ys);
            self.middles[level] = Some(xs.into_iter().zip(ys).map(|(lon, lat)| [lon, lat]).collect());
        }
        let middles = self.middles[level].as_ref()?;
        let sides = || rings.iter().flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)));
        let west = |&[lon, lat]: &[f64; 2]| {
            let crossed = |(&[ax, ay], &[bx, by]): (&[f64; 2], &[f64; 2])| {
                (ay <= lat) != (by <= lat) && ax + (lat - ay) / (by - ay) * (bx - ax) > lon
            };
            sides().filter(|&side| crossed(side)).count() % 2 == 1
        };
        Some((0..cells.len()).filter(|&at| west(&middles[at])).collect())
    }
}

impl Reader<'_> {
    /// One answer; none if it is not of this bundle.
    fn answer(&mut self, answer: &Value) -> Option<()> {
        let question = self.question(answer)?;
        let everybody = vec![self.total];
        let number = |of: &Value| Some((of["count"].as_i64()?, of["status"] != "value"));
        let (whole, base) = (number(&answer["whole"]), number(&answer["base"]));
        for (told, columns) in [(whole, &question.columns), (base, &everybody)] {
            if let Some(told) = told {
                self.told(&question, &question.whole, columns, told);
            }
        }
        let overall = answer["share"].as_f64();
        if let (Some(share), Some((base, false))) = (overall, base)
            && let Some(count) = only_whole(share * base as f64, HALF_DECIMAL * base as f64)
        {
            let at_least = whole.is_none_or(|whole| whole.1);
            self.told(&question, &question.whole, &question.columns, (count, at_least));
        }
        for row in answer["rows"].as_array().into_iter().flatten() {
            self.row(&question, row, overall)?;
        }
        if let Some(set) = answer.get("smallest_set").filter(|set| set.is_object()) {
            let ids = set["ids"].as_array()?.iter().map(|id| self.dates[question.date].unit(question.level, id.as_str()?));
            let places: Vec<Spot> = ids.collect::<Option<_>>()?;
            self.told(&question, &[places], &question.columns, (set["count"].as_i64()?, false));
        }
        Some(())
    }

    fn row(&mut self, question: &Question, row: &Value, overall: Option<f64>) -> Option<()> {
        let spot = [vec![self.dates[question.date].unit(question.level, row["id"].as_str()?)?]];
        let everybody = vec![self.total];
        let count = row["count"].as_i64();
        let published = self.published(question.date, spot[0][0], self.total);
        let base = published.or(row["base"].as_i64());
        let share = row["share"].as_f64();
        let mut counts: Vec<i64> = count.into_iter().collect();
        if let (Some(share), Some(base)) = (share, base) {
            counts.extend(only_whole(share * base as f64, HALF_DECIMAL * base as f64));
        }
        if let (Some(quotient), Some(overall), Some(base)) = (row["quotient"].as_f64(), overall, base) {
            let off = (overall + quotient + HALF_DECIMAL) * HALF_DECIMAL * base as f64;
            counts.extend(only_whole(quotient * overall * base as f64, off));
        }
        for count in counts {
            self.told(question, &spot, &question.columns, (count, false));
        }
        let mut bases: Vec<i64> = row["base"].as_i64().into_iter().collect();
        if let (Some(share), Some(count), None) = (share.filter(|share| *share > 2.0 * HALF_DECIMAL), count, published) {
            let (least, most) = (count as f64 / (share + HALF_DECIMAL), count as f64 / (share - HALF_DECIMAL));
            bases.extend(only_whole((least + most) / 2.0, (most - least) / 2.0));
        }
        for base in bases {
            self.told(question, &spot, &everybody, (base, false));
        }
        Some(())
    }

    fn published(&self, date: usize, (place, unit): Spot, column: usize) -> Option<i64> {
        Some(self.numbers(date, place)[unit * self.bundle.columns.len() + column]).filter(|number| *number >= 0)
    }

    fn numbers(&self, date: usize, place: Place) -> &[i64] {
        let date = self.dates[date].date;
        match place {
            Place::Grid(level) => &date.grids[level as usize].numbers,
            Place::Areas(system) => &date.areas[system as usize].numbers,
            Place::Piece => &[],
        }
    }

    /// Takes a number in; keeps it if it is no sum of what is published in one of these sets of places.
    fn told(&mut self, question: &Question, readings: &[Vec<Spot>], columns: &[usize], (number, at_least): (i64, bool)) {
        self.session.numbers += 1;
        for (at, places) in readings.iter().enumerate() {
            let (sum, withheld) = match readings.len() {
                1 => self.sum(question.date, places, columns),
                // Only the whole is read in several ways, and is asked for again and again.
                _ => {
                    let key = (question.date, at, columns.to_vec());
                    match self.sums.get(&key) {
                        Some(&sum) => sum,
                        None => {
                            let sum = self.sum(question.date, places, columns);
                            self.sums.insert(key, sum);
                            sum
                        }
                    }
                }
            };
            if sum == number && (at_least || !withheld) {
                return;
            }
        }
        let Some(places) = readings.first().cloned() else { return };
        self.session.beyond.push(Told { date: question.date, places, columns: columns.to_vec(), number, at_least });
    }

    /// What is published, and whether something is withheld.
    fn sum(&self, date: usize, places: &[Spot], columns: &[usize]) -> (i64, bool) {
        let (width, mut sum, mut withheld) = (self.bundle.columns.len(), 0, false);
        for &(place, unit) in places {
            let numbers = self.numbers(date, place);
            for number in columns.iter().map(|column| numbers[unit * width + column]) {
                sum += number.max(0);
                withheld |= number == WITHHELD;
            }
        }
        (sum, withheld)
    }

    fn question(&mut self, answer: &Value) -> Option<Question> {
        let name = answer["date"].as_str();
        let date = self.bundle.dates.iter().position(|date| date.name.as_deref() == name)?;
        let level = self.level(answer["level"].as_str()?)?;
        let columns = self.asked(answer["query"].as_str()?)?;
        let within = match answer["in"]["id"].as_str() {
            Some(id) => Some((self.level(answer["in"]["level"].as_str()?)?, id.to_owned())),
            None => None,
        };
        let whole = match (answer["within"].as_str(), within) {
            (None, Some((system, id))) => vec![vec![self.dates[date].unit(system, &id)?]],
            (None, None) => self.everywhere(date),
            (Some(drawn), within) => {
                let Place::Grid(at) = level else { return None };
                let mut units = self.dates[date].drawn(at as usize, &rings(drawn)?)?;
                if let Some((system, id)) = within {
                    let cells = self.touching(date, at as usize, (system, &id));
                    units.retain(|unit| cells.contains(unit));
                }
                vec![units.into_iter().map(|unit| (level, unit)).collect()]
            }
        };
        Some(Question { date, columns, level, whole })
    }

    fn level(&self, name: &str) -> Option<Place> {
        let grid = self.bundle.sizes.iter().position(|size| size.0 == name).map(|at| Place::Grid(at as u32));
        grid.or_else(|| self.bundle.systems.iter().position(|s| s == name).map(|at| Place::Areas(at as u32)))
    }

    /// All units of each level that is published.
    fn everywhere(&self, date: usize) -> Vec<Vec<Spot>> {
        let width = self.bundle.columns.len();
        let published = |place: &Place| !self.bundle.gridless() || matches!(place, Place::Areas(_));
        let levels = self.dates[date].date.levels().filter(|(place, _)| published(place));
        levels.map(|(place, numbers)| (0..numbers.len() / width).map(|unit| (place, unit)).collect()).collect()
    }

    /// Cells of a level that a piece of an area lies in.
    fn touching(&self, date: usize, level: usize, (system, id): (Place, &str)) -> FxHashSet<usize> {
        let Place::Areas(system) = system else { return FxHashSet::default() };
        let in_area = |pieces: &Vec<Vec<Option<std::sync::Arc<str>>>>| {
            pieces.iter().any(|piece| piece[system as usize].as_deref() == Some(id))
        };
        let of = &self.dates[date].cells[level];
        let held = self.bundle.incidence.iter().filter(|(_, pieces)| in_area(pieces));
        held.filter_map(|(cell, _)| of.get(&cell.at_least(self.bundle.sizes[level].1)).copied()).collect()
    }

    /// The columns whose sum a question asks for: of the smallest table that crosses its dimensions.
    fn asked(&self, query: &str) -> Option<Vec<usize>> {
        let mut conditions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for condition in query.split(" & ").filter(|c| *c != "*" && !c.starts_with("in=")) {
            let (dimension, categories) = condition.split_once('=')?;
            conditions.insert(dimension, self.categories(dimension, categories)?);
        }
        let holds = |group: &BTreeMap<String, String>| {
            conditions.iter().all(|(dim, wanted)| group.get(*dim).is_some_and(|category| wanted.contains(&category.as_str())))
        };
        let mut tables: BTreeMap<Vec<&String>, (usize, Vec<usize>)> = BTreeMap::new();
        for (at, group) in self.columns.groups.iter().enumerate() {
            let table = tables.entry(group.keys().collect()).or_default();
            table.0 += 1;
            if holds(group) {
                table.1.push(at);
            }
        }
        let crosses = |table: &Vec<&String>| conditions.keys().all(|dim| table.iter().any(|t| t == dim));
        tables.into_iter().filter(|(table, _)| crosses(table)).map(|(_, found)| found).min_by_key(|found| found.0).map(|f| f.1)
    }

    /// Labels joined by commas, which they may hold themselves.
    fn categories<'q>(&self, dimension: &str, text: &'q str) -> Option<Vec<&'q str>> {
        let known = |label: &str| self.columns.groups.iter().any(|group| group.get(dimension).is_some_and(|c| c == label));
        let (mut found, mut from) = (Vec::new(), 0);
        let ends = text.match_indices(',').map(|(at, _)| at).chain([text.len()]);
        for end in ends {
            if known(&text[from..end]) {
                found.push(&text[from..end]);
                from = end + 1;
            }
        }
        (from == text.len() + 1).then_some(found)
    }
}

/// The one whole number that lies this near; none if there are several or none.
fn only_whole(number: f64, off: f64) -> Option<i64> {
    let (least, most) = ((number - off).ceil(), (number + off).floor());
    (least == most).then_some(least as i64)
}

/// Corners of `POLYGON((x y, …), …)`.
fn rings(text: &str) -> Option<Vec<Vec<[f64; 2]>>> {
    let inner = text.strip_prefix("POLYGON((")?.strip_suffix("))")?;
    let corner = |pair: &str| {
        let (lon, lat) = pair.trim().split_once(' ')?;
        Some([lon.parse().ok()?, lat.parse().ok()?])
    };
    inner.split("), (").map(|ring| ring.split(',').map(corner).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_fixes_a_count_of_few() {
        assert_eq!(only_whole(0.333_333 * 21.0, HALF_DECIMAL * 21.0), Some(7));
        assert_eq!(only_whole(0.333_333 * 9e6, HALF_DECIMAL * 9e6), None);
        assert_eq!(only_whole(7.4, 0.1), None);
    }

    #[test]
    fn rings_of_an_area_with_a_hole() {
        let read = rings("POLYGON((0 0, 9 0, 9 9, 0 0), (3 3, 6 3, 6 6, 3 3))").unwrap();
        assert_eq!((read.len(), read[1][1]), (2, [6.0, 3.0]));
        assert!(rings("POLYGON((0 0, 9)").is_none());
    }
}
