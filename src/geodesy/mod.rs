//! Reference systems, exact projections between them, and their fast fitted form.
//!
//! In: a text that names a reference system (EPSG code, URN, PROJ string, WKT) and coordinates in it. Out: coordinates in another
//! one. Axis order never depends on the system: x is easting or longitude, y is northing or latitude, degrees for
//! geographic systems. [`FittedProjection`] is the one to use for many points, [`Projection`] the exact one behind it;
//! [`diagnose`] says whether coordinates can be of the system they are declared in. Knows `error` and `simd`.
//!
//! ```
//! use kleinraum::geodesy::{FittedProjection, Projection, ReferenceSystem};
//!
//! let utm = ReferenceSystem::parse("EPSG:25832").map_err(|e| e.to_string())?;
//! let fitted = FittedProjection::new(Projection::new(&utm, &ReferenceSystem::etrs89_laea()).map_err(|e| e.to_string())?);
//! let (mut xs, mut ys) = ([500_000.0], [5_761_038.212]);
//! fitted.project(&mut xs, &mut ys);
//! assert!((xs[0] - 4_252_000.0).abs() < 5_000.0 && fitted.error_m() < FittedProjection::tolerance_m());
//! # Ok::<(), String>(())
//! ```

mod area_of_use;
mod block;
mod datum;
mod datum_grid;
mod diagnosis;
mod error;
mod fitted;
mod guess;
mod projection;
mod squares;
mod system;
mod wkt;
mod wkt_tree;

pub use area_of_use::{extent_of_use, in_area_of_use, in_area_of_use_of};
pub use datum::{DatumGrids, DatumShift};
pub use datum_grid::DatumGrid;
pub use diagnosis::{Suspicion, diagnose};
pub use error::GeodesyError;
pub use fitted::FittedProjection;
pub use guess::{SystemGuess, guess_systems, guess_systems_and_axes};
pub use projection::Projection;
pub use system::ReferenceSystem;
