//! Datum shifts by grids in the format NTv2 (`.gsb`), for what seven parameters cannot do: old national nets are bent by metres.
//!
//! Source: NTv2 Developer's Guide (Geodetic Survey of Canada, 1998): records of 16 bytes; eleven say what the file is, eleven more begin each grid; nodes go
//! from south to north and in each row from east to west, with latitude and longitude shift in seconds and two accuracies. Longitudes count
//! positive to the west in the file. Between nodes shifts are bilinear, backwards they are found by iteration, both as in PROJ.

use std::path::Path;

use crate::geodesy::error::GeodesyError;

const RECORD: usize = 16;
const HEADER_RECORDS: usize = 11;
/// Degrees in a second.
const SECOND: f64 = 1.0 / 3600.0;
/// A thousandth of a millimetre, in degrees.
const CONVERGED_DEG: f64 = 1e-11;
const MOST_ROUNDS: usize = 20;

/// One grid of shifts.
struct Grid {
    name: String,
    parent: String,
    /// West, south, east, north in degrees, longitude positive to the east.
    bounds: [f64; 4],
    /// Degrees between nodes along longitude and latitude.
    step: [f64; 2],
    columns: usize,
    rows: usize,
    /// Shifts of longitude (to the east) and latitude in degrees, row after row from the south, each from west to east.
    nodes: Vec<[f64; 2]>,
}

impl Grid {
    fn holds(&self, [lon, lat]: [f64; 2]) -> bool {
        let [west, south, east, north] = self.bounds;
        (west..=east).contains(&lon) && (south..=north).contains(&lat)
    }

    /// The bilinear shift at a point within.
    fn shift(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        let (x, y) = ((lon - self.bounds[0]) / self.step[0], (lat - self.bounds[1]) / self.step[1]);
        let column = (x.floor().max(0.0) as usize).min(self.columns - 2);
        let row = (y.floor().max(0.0) as usize).min(self.rows - 2);
        let (u, v) = (x - column as f64, y - row as f64);
        let node = |column: usize, row: usize| self.nodes[row * self.columns + column];
        let corners = [node(column, row), node(column + 1, row), node(column, row + 1), node(column + 1, row + 1)];
        [0, 1].map(|axis| {
            let [a, b, c, d] = corners.map(|corner| corner[axis]);
            (a * (1.0 - u) + b * u) * (1.0 - v) + (c * (1.0 - u) + d * u) * v
        })
    }
}

/// A file of grids.
pub struct DatumGrid {
    name: String,
    /// Half axes of the old ellipsoid, metres.
    axes_m: [f64; 2],
    grids: Vec<Grid>,
}

impl std::fmt::Debug for DatumGrid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatumGrid({}, {} grids)", self.name, self.grids.len())
    }
}

impl DatumGrid {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self, GeodesyError> {
        let broken = |reason: &str| GeodesyError::BadGrid { file: file.display().to_string(), reason: reason.to_owned() };
        let bytes = std::fs::read(file).map_err(|error| broken(&error.to_string()))?;
        let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self::of_bytes(&bytes, name).ok_or_else(|| broken("expected the format NTv2 (.gsb) with shifts in seconds"))
    }

    fn of_bytes(bytes: &[u8], name: String) -> Option<Self> {
        let file = Records { bytes, little: bytes.get(8..12)? == [11, 0, 0, 0] };
        if !bytes.starts_with(b"NUM_OREC") || file.whole(0)? != 11 || file.text(3)? != "SECONDS" {
            return None;
        }
        let count = usize::try_from(file.whole(2)?).ok().filter(|count| (1..10_000).contains(count))?;
        let axes_m = [file.real(7)?, file.real(8)?];
        let mut grids = Vec::with_capacity(count);
        let mut first = HEADER_RECORDS;
        for _ in 0..count {
            let grid = file.grid(first)?;
            first += HEADER_RECORDS + grid.nodes.len();
            grids.push(grid);
        }
        Some(Self { name, axes_m, grids })
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the grid is of this ellipsoid: half axes in metres.
    pub(super) fn fits(&self, (a_m, b_m): (f64, f64)) -> bool {
        (self.axes_m[0] - a_m).abs() < 0.02 && (self.axes_m[1] - b_m).abs() < 0.02
    }

    /// The finest grid that holds a point, in degrees of the old system.
    fn grid(&self, point: [f64; 2]) -> Option<&Grid> {
        let mut found = self.grids.iter().find(|grid| grid.parent == "NONE" && grid.holds(point))?;
        while let Some(finer) = self.grids.iter().find(|grid| grid.parent == found.name && grid.holds(point)) {
            found = finer;
        }
        Some(found)
    }

    /// Longitude and latitude in the new system, degrees; `None` outside the grid.
    pub(super) fn forward(&self, point: [f64; 2]) -> Option<[f64; 2]> {
        let [east, north] = self.grid(point)?.shift(point);
        Some([point[0] + east, point[1] + north])
    }

    /// Longitude and latitude in the old system, degrees; `None` outside the grid.
    pub(super) fn backward(&self, new: [f64; 2]) -> Option<[f64; 2]> {
        let mut old = new;
        for _ in 0..MOST_ROUNDS {
            let reached = self.forward(old)?;
            let off = [new[0] - reached[0], new[1] - reached[1]];
            old = [old[0] + off[0], old[1] + off[1]];
            if off[0].abs().max(off[1].abs()) < CONVERGED_DEG {
                return Some(old);
            }
        }
        None
    }
}

/// The records of a file in its byte order.
struct Records<'b> {
    bytes: &'b [u8],
    little: bool,
}

impl Records<'_> {
    fn value<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        let mut bytes: [u8; N] = self.bytes.get(at..at + N)?.try_into().ok()?;
        if !self.little {
            bytes.reverse();
        }
        Some(bytes)
    }

    fn whole(&self, record: usize) -> Option<i32> {
        self.value(record * RECORD + 8).map(i32::from_le_bytes)
    }

    fn real(&self, record: usize) -> Option<f64> {
        self.value(record * RECORD + 8).map(f64::from_le_bytes).filter(|value| value.is_finite())
    }

    fn text(&self, record: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(record * RECORD + 8..record * RECORD + 16)?)
            .ok()
            .map(|text| text.trim_matches([' ', '\0']))
    }

    /// The grid whose header begins at this record.
    fn grid(&self, first: usize) -> Option<Grid> {
        let seconds = |record: usize| self.real(first + record);
        let [south, north, east, west] = [seconds(4)?, seconds(5)?, -seconds(6)?, -seconds(7)?];
        let [step_lat, step_lon] = [seconds(8)?, seconds(9)?];
        if !(step_lat > 0.0 && step_lon > 0.0 && north > south && east > west) {
            return None;
        }
        let nodes = |extent: f64, step: f64| Some((extent / step).round() + 1.0).filter(|n| (2.0..1e5).contains(n));
        let (columns, rows) = (nodes(east - west, step_lon)? as usize, nodes(north - south, step_lat)? as usize);
        if usize::try_from(self.whole(first + 10)?).ok()? != columns * rows {
            return None;
        }
        let begin = (first + HEADER_RECORDS) * RECORD;
        if self.bytes.len() < begin + columns * rows * RECORD {
            return None;
        }
        let node = |column: usize, row: usize| {
            // From the east in the file.
            let at = begin + (row * columns + columns - 1 - column) * RECORD;
            let shift = |offset: usize| self.value(at + offset).map(f32::from_le_bytes).map(f64::from);
            Some([-shift(4)? * SECOND, shift(0)? * SECOND])
        };
        let nodes = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        Some(Grid {
            name: self.text(first)?.to_owned(),
            parent: self.text(first + 1)?.to_owned(),
            bounds: [west * SECOND, south * SECOND, east * SECOND, north * SECOND],
            step: [step_lon * SECOND, step_lat * SECOND],
            columns,
            rows,
            nodes: nodes.map(|(column, row)| node(column, row)).collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of a name and eight bytes.
    fn record(name: &str, value: [u8; 8]) -> Vec<u8> {
        format!("{name:<8}").bytes().chain(value).collect()
    }

    fn whole(value: i32, little: bool) -> [u8; 8] {
        let bytes = if little { value.to_le_bytes() } else { value.to_be_bytes() };
        [bytes[0], bytes[1], bytes[2], bytes[3], 0, 0, 0, 0]
    }

    fn text(text: &str) -> [u8; 8] {
        format!("{text:<8}").into_bytes().try_into().unwrap()
    }

    /// A grid of 1° from 8° E, 50° N, `size` nodes a side: shifts grow by 1″ a node to the east and 2″ a node to the north, from `base`.
    fn grid(name: &str, parent: &str, (south, west, step, size): (f64, f64, f64, i32), base: f32, little: bool) -> Vec<u8> {
        let real = |degrees: f64| {
            let seconds = degrees * 3600.0;
            if little { seconds.to_le_bytes() } else { seconds.to_be_bytes() }
        };
        let extent = step * f64::from(size - 1);
        let mut bytes = [
            record("SUB_NAME", text(name)),
            record("PARENT", text(parent)),
            record("CREATED", text("")),
            record("UPDATED", text("")),
        ]
        .concat();
        let numbers = [
            ("S_LAT", south),
            ("N_LAT", south + extent),
            ("E_LONG", -(west + extent)),
            ("W_LONG", -west),
            ("LAT_INC", step),
            ("LONG_INC", step),
        ];
        numbers.iter().for_each(|(name, value)| bytes.extend(record(name, real(*value))));
        bytes.extend(record("GS_COUNT", whole(size * size, little)));
        for row in 0..size {
            for column in (0..size).rev() {
                for value in [base + 2.0 * row as f32, -(base + column as f32), 0.0, 0.0] {
                    bytes.extend(if little { value.to_le_bytes() } else { value.to_be_bytes() });
                }
            }
        }
        bytes
    }

    fn file(little: bool) -> Vec<u8> {
        let axis = |metres: f64| if little { metres.to_le_bytes() } else { metres.to_be_bytes() };
        let mut bytes = [
            record("NUM_OREC", whole(11, little)),
            record("NUM_SREC", whole(11, little)),
            record("NUM_FILE", whole(2, little)),
            record("GS_TYPE", text("SECONDS")),
            record("VERSION", text("NTv2.0")),
            record("SYSTEM_F", text("OLD")),
            record("SYSTEM_T", text("NEW")),
            record("MAJOR_F", axis(6_377_397.155)),
            record("MINOR_F", axis(6_356_078.963)),
            record("MAJOR_T", axis(6_378_137.0)),
            record("MINOR_T", axis(6_356_752.314)),
        ]
        .concat();
        bytes.extend(grid("WIDE", "NONE", (50.0, 8.0, 1.0, 3), 0.0, little));
        bytes.extend(grid("FINE", "WIDE", (50.5, 8.5, 0.5, 2), 100.0, little));
        bytes
    }

    fn seconds(grid: &DatumGrid, lon: f64, lat: f64) -> Option<[f64; 2]> {
        let moved = grid.forward([lon, lat])?;
        Some([moved[0] - lon, moved[1] - lat].map(|degrees| (degrees * 3600.0 * 1e6).round() / 1e6))
    }

    #[test]
    fn shifts_are_bilinear_and_finer_grids_go_first() {
        for little in [true, false] {
            let grid = DatumGrid::of_bytes(&file(little), "x.gsb".into()).unwrap();
            assert_eq!(seconds(&grid, 8.0, 50.0), Some([0.0, 0.0]));
            assert_eq!(seconds(&grid, 9.25, 51.5), Some([1.25, 3.0]));
            assert_eq!(seconds(&grid, 10.0, 52.0), Some([2.0, 4.0]));
            assert_eq!(seconds(&grid, 8.75, 50.75), Some([100.5, 101.0]));
            assert_eq!(seconds(&grid, 7.999, 51.0), None);
            assert!(grid.fits((6_377_397.155, 6_356_078.962_8)) && !grid.fits((6_378_388.0, 6_356_911.9)));
        }
    }

    #[test]
    fn backward_undoes_forward() {
        let grid = DatumGrid::of_bytes(&file(true), "x.gsb".into()).unwrap();
        for point in [[8.1, 50.2], [9.7, 51.9], [9.0, 51.5]] {
            let back = grid.backward(grid.forward(point).unwrap()).unwrap();
            assert!((back[0] - point[0]).abs() < 1e-10 && (back[1] - point[1]).abs() < 1e-10);
        }
    }

    #[test]
    fn other_files_are_no_grids() {
        let whole = file(true);
        assert!(DatumGrid::of_bytes(&whole[..whole.len() - 1], String::new()).is_none());
        assert!(DatumGrid::of_bytes(b"NUM_OREC", String::new()).is_none());
        assert!(DatumGrid::of_bytes(&[0; 400], String::new()).is_none());
    }
}
