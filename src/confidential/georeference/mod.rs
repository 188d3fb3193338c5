//! Record batches in, the finest cell of every record out; or its areas, where only these are wanted.
//!
//! A position is a coordinate in any reference system ([`coordinate`]), also as a [`geometry`], an INSPIRE cell code ([`cell_code`]) or an address ([`by_address`]), which
//! the [`matcher`] looks up in a [`register`] after [`address`] has read it. An area is named by its key ([`by_area_key`]) or found by an address in a table
//! of streets ([`by_street_table`]). Coordinates and addresses live as long as their batch. Uses `records`, `geodesy` and `grid`; used by `count`, which passes the places on to `cube`.

mod address;
mod area_key;
mod by_address;
mod by_area_key;
mod by_street_table;
mod cell_code;
mod coordinate;
mod error;
mod geometry;
mod matcher;
mod placed;
mod register;
mod spatialite;
mod street_table;
mod unmatched;

pub use by_address::{AddressColumns, AddressSource};
pub(in crate::confidential) use by_address::{AddressTally, AddressTexts, Addresses};
pub(in crate::confidential) use by_area_key::AreaKeys;
pub(in crate::confidential) use by_street_table::StreetAreas;
pub use by_street_table::StreetTableSource;
pub use placed::GeoreferenceSpec;
pub(in crate::confidential) use placed::georeference;
pub use register::{RegisterColumns, RegisterFormat, RegisterSpec, UnknownColumn};
pub use street_table::{StreetTableColumns, StreetTableSpec};
pub use unmatched::UnmatchedFile;

pub(in crate::confidential) use cell_code::CellCodes;
pub(in crate::confidential) use coordinate::Coordinates;
pub(in crate::confidential) use geometry::points as points_of_geometries;

use crate::geodesy::ReferenceSystem;
use crate::grid::CellId;

/// What says where a record lies.
#[derive(Clone, Debug)]
pub enum PositionSource {
    /// Two columns of coordinates.
    Coordinates {
        /// The reference system of the coordinates.
        system: ReferenceSystem,
        /// The column of the easting, or of the longitude in degrees.
        x_column: String,
        /// The column of the northing, or of the latitude in degrees.
        y_column: String,
    },
    /// A column of geometries: WKT, WKB or GeoJSON.
    Geometry {
        /// The reference system of the geometries.
        system: ReferenceSystem,
        /// The column's name.
        column: String,
    },
    /// A column of cell codes.
    CellCode {
        /// The column's name.
        column: String,
    },
    /// Columns of an address, looked up in a register.
    Address(Box<AddressSource>),
    /// Columns of area keys, one for each area system: no grid.
    AreaKeys {
        /// The columns' names, in the order of the systems.
        columns: Vec<String>,
    },
    /// Columns of an address, looked up in a table that tells areas: no grid.
    StreetTable(Box<StreetTableSource>),
}

/// Where the rows of one batch lie. Entries of rejected rows mean nothing.
pub(in crate::confidential) struct Places {
    /// The cell of the finest size.
    pub cells: Vec<CellId>,
    /// Eastings and northings in EPSG:3035, metres, where the source has coordinates.
    pub points_3035_m: Option<[Vec<f64>; 2]>,
    /// How many points the exact projection had to decide.
    pub exactly_projected: u64,
    /// For each row the area of every system, row after row, where the source names areas; empty where areas are found by position.
    pub areas: Vec<Option<u32>>,
}
