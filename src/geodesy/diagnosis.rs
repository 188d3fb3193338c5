//! Whether coordinates can be of the system they are declared in, and if not, the likely mend.

use crate::error::Language;
use crate::geodesy::area_of_use::{Bounds, EUROPE_DEG, GERMANY_DEG, bounds_of, in_area_of_use, native_bounds};
use crate::geodesy::guess::{guess_systems_and_axes, sample, share, within};
use crate::geodesy::projection::Projection;
use crate::geodesy::system::ReferenceSystem;
use crate::say;

/// The declared system is believed while at least this share of the points lies in its area of use.
const BELIEVED: f64 = 0.5;
/// An alternative is named if it explains more than this share.
const EXPLAINED: f64 = 0.9;

/// A guess as sure as this goes before exchanged axes.
const SURE: f64 = 0.75;
/// A guess less sure than this is not named.
const LIKELY: f64 = 0.3;

/// Where people live in Europe, degrees.
const INHABITED_EUROPE: Bounds = [-11.0, 34.0, 32.0, 71.5];

/// Systems whose eastings carry the zone as a prefix, each with its twin without.
const PREFIXED: [(u32, u32, f64); 3] = [(5649, 25831, 31e6), (4647, 25832, 32e6), (5650, 25833, 33e6)];

/// What is wrong with coordinates, as far as their ranges tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// x and y are exchanged.
    SwappedAxes,
    /// The system's eastings begin with the zone number, these do not.
    MissingZonePrefix {
        /// EPSG code of the system without the prefix.
        likely: u32,
    },
    /// The eastings begin with a zone number that the system's do not have.
    UnexpectedZonePrefix {
        /// EPSG code of the system with the prefix.
        likely: u32,
    },
    /// Degrees in a system of metres.
    DegreesInProjected {
        /// EPSG code of the likely system.
        likely: u32,
    },
    /// Metres in a system of degrees.
    MetresInGeographic {
        /// EPSG code of the likely system, if one fits.
        likely: Option<u32>,
    },
    /// Another system fits.
    OtherSystem {
        /// EPSG code of the likely system.
        likely: u32,
    },
    /// Most points lie outside the area of use, and nothing known explains them.
    OutsideAreaOfUse,
}

/// Looks at a sample of coordinates, by their shares only, and says whether they cannot be of this system. `None` is no proof: neighbouring
/// UTM zones look alike.
pub fn diagnose(system: &ReferenceSystem, xs: &[f64], ys: &[f64]) -> Option<Suspicion> {
    let points = sample(xs, ys);
    if points.is_empty() {
        return None;
    }
    if system.is_geographic() { diagnose_geographic(system, &points) } else { diagnose_projected(system, &points) }
}

fn diagnose_geographic(system: &ReferenceSystem, points: &[(f64, f64)]) -> Option<Suspicion> {
    if share(points, |x, y| x.abs() > 1000.0 || y.abs() > 1000.0) > BELIEVED {
        return Some(Suspicion::MetresInGeographic { likely: other_system(system, points, LIKELY) });
    }
    // Exchanged European coordinates are legal ones elsewhere: 53° east, 9° north is Somalia. But nothing there is on the European grid,
    // so the exchange is the likelier explanation.
    let believed = native_bounds(system).filter(|_| system.epsg() != Some(4326)).unwrap_or(EUROPE_DEG);
    let plain = share(points, |x, y| within(&believed, x, y));
    if plain < BELIEVED && share(points, |x, y| within(&INHABITED_EUROPE, y, x)) > EXPLAINED {
        return Some(Suspicion::SwappedAxes);
    }
    (share(points, |x, y| in_area_of_use(system, x, y)) < BELIEVED).then_some(Suspicion::OutsideAreaOfUse)
}

fn diagnose_projected(system: &ReferenceSystem, points: &[(f64, f64)]) -> Option<Suspicion> {
    // Nobody's data lies within 180 by 90 metres of a system's origin.
    if share(points, |x, y| x.abs() <= 180.0 && y.abs() <= 90.0) > EXPLAINED {
        return Some(Suspicion::DegreesInProjected { likely: 4326 });
    }
    // The rectangle in the system's own coordinates is wider than the area in degrees, most of all for EPSG:3035: here both count.
    let to_degrees = Projection::new(system, &ReferenceSystem::wgs84()).ok().zip(system.area_of_use_deg());
    let belongs = |x: f64, y: f64| {
        in_area_of_use(system, x, y)
            && to_degrees.as_ref().is_none_or(|(projection, [west, south, east, north])| {
                let slack = [west - 3.0, south - 3.0, east + 3.0, north + 3.0];
                projection.exact(x, y).is_some_and(|(lon, lat)| within(&slack, lon, lat))
            })
    };
    let explains = |change: &dyn Fn(f64, f64) -> (f64, f64)| {
        share(points, |x, y| {
            let (x, y) = change(x, y);
            belongs(x, y)
        })
    };
    // German data with exchanged axes can still fall inside a wide area of use, there into the sea.
    if matches!(system.epsg(), Some(3035 | 3857))
        && let Some(germany) = bounds_of(system, GERMANY_DEG)
        && share(points, |x, y| within(&germany, x, y)) < 1.0 - EXPLAINED
        && share(points, |x, y| within(&germany, y, x)) > EXPLAINED
    {
        return Some(Suspicion::SwappedAxes);
    }
    if explains(&|x, y| (x, y)) >= BELIEVED {
        return None;
    }
    let prefixed = PREFIXED.iter().find(|(code, _, _)| system.epsg() == Some(*code));
    if let Some(&(_, likely, prefix)) = prefixed
        && explains(&|x, y| (x + prefix, y)) > EXPLAINED
    {
        return Some(Suspicion::MissingZonePrefix { likely });
    }
    let is_utm = system.epsg().is_some_and(|code| matches!(code, 25828..=25838 | 32601..=32660));
    if is_utm {
        // The zone is the one in the data, even if the declared system is of another zone.
        let of_zone = |&&(code, _, _): &&(u32, u32, f64)| {
            ReferenceSystem::from_epsg(code).is_ok_and(|with| share(points, |x, y| in_area_of_use(&with, x, y)) > EXPLAINED)
        };
        if let Some(&(likely, _, _)) = PREFIXED.iter().find(of_zone) {
            return Some(Suspicion::UnexpectedZonePrefix { likely });
        }
    }
    if let Some(likely) = other_system(system, points, SURE) {
        return Some(Suspicion::OtherSystem { likely });
    }
    if explains(&|x, y| (y, x)) > EXPLAINED {
        return Some(Suspicion::SwappedAxes);
    }
    Some(other_system(system, points, LIKELY).map_or(Suspicion::OutsideAreaOfUse, |likely| Suspicion::OtherSystem { likely }))
}

/// The likeliest other system that explains nearly all points.
fn other_system(system: &ReferenceSystem, points: &[(f64, f64)], at_least: f64) -> Option<u32> {
    let (xs, ys): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    let guesses = guess_systems_and_axes(&xs, &ys);
    let other = guesses.iter().find(|guess| !guess.swapped_axes && Some(guess.epsg) != system.epsg())?;
    let candidate = ReferenceSystem::from_epsg(other.epsg).ok()?;
    (share(points, |x, y| in_area_of_use(&candidate, x, y)) > EXPLAINED && other.confidence > at_least).then_some(other.epsg)
}

impl Suspicion {
    /// What is wrong and how to mend it; lower case, no full stop, no coordinates.
    pub fn explain(&self, language: Language) -> String {
        match *self {
            Self::SwappedAxes => say!(
                language,
                "x and y look exchanged: name the easting or longitude column as x and the northing or latitude column as y",
                "x und y sind anscheinend vertauscht: die Spalte mit Rechtswert oder Länge als x angeben, die mit Hochwert oder Breite als y"
            ),
            Self::MissingZonePrefix { likely } => say!(
                language,
                "the eastings lack the zone number that this system begins them with: the data is likely EPSG:{likely}",
                "den Ostwerten fehlt die Zonennummer, mit der sie in diesem System beginnen: die Daten sind wahrscheinlich EPSG:{likely}"
            ),
            Self::UnexpectedZonePrefix { likely } => say!(
                language,
                "the eastings begin with a zone number that this system does not have: the data is likely EPSG:{likely}",
                "die Ostwerte beginnen mit einer Zonennummer, die dieses System nicht hat: die Daten sind wahrscheinlich EPSG:{likely}"
            ),
            Self::DegreesInProjected { likely } => say!(
                language,
                "the coordinates look like degrees, but the system is in metres: the data is likely EPSG:{likely}",
                "die Koordinaten sehen nach Grad aus, das System rechnet aber in Metern: die Daten sind wahrscheinlich EPSG:{likely}"
            ),
            Self::MetresInGeographic { likely: Some(likely) } => say!(
                language,
                "the coordinates look like metres, but the system is in degrees: the data is likely EPSG:{likely}",
                "die Koordinaten sehen nach Metern aus, das System rechnet aber in Grad: die Daten sind wahrscheinlich EPSG:{likely}"
            ),
            Self::MetresInGeographic { likely: None } => say!(
                language,
                "the coordinates look like metres, but the system is in degrees: name the projected system they are in",
                "die Koordinaten sehen nach Metern aus, das System rechnet aber in Grad: das projizierte System angeben, in dem sie vorliegen"
            ),
            Self::OtherSystem { likely } => say!(
                language,
                "most coordinates lie outside this system's area of use: the data is likely EPSG:{likely}",
                "die meisten Koordinaten liegen außerhalb des Gültigkeitsbereichs dieses Systems: die Daten sind wahrscheinlich EPSG:{likely}"
            ),
            Self::OutsideAreaOfUse => say!(
                language,
                "most coordinates lie outside this system's area of use: check the reference system and the columns",
                "die meisten Koordinaten liegen außerhalb des Gültigkeitsbereichs dieses Systems: Koordinatensystem und Spalten prüfen"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOWNS: [(f64, f64); 6] = [(9.8, 53.65), (7.0, 51.45), (11.57, 48.14), (13.4, 52.52), (8.68, 50.11), (6.96, 50.94)];

    fn in_system(epsg: u32) -> (Vec<f64>, Vec<f64>) {
        let to = ReferenceSystem::from_epsg(epsg).unwrap();
        let projection = Projection::new(&ReferenceSystem::wgs84(), &to).unwrap();
        TOWNS.iter().map(|&(lon, lat)| projection.exact(lon, lat).unwrap()).unzip()
    }

    fn found(declared: u32, truly: u32) -> Option<Suspicion> {
        let (xs, ys) = in_system(truly);
        diagnose(&ReferenceSystem::from_epsg(declared).unwrap(), &xs, &ys)
    }

    fn found_swapped(declared: u32) -> Option<Suspicion> {
        let (xs, ys) = in_system(declared);
        diagnose(&ReferenceSystem::from_epsg(declared).unwrap(), &ys, &xs)
    }

    const LISTED: [u32; 16] =
        [3035, 25831, 25832, 25833, 32631, 32632, 32633, 4647, 5650, 3857, 4258, 4326, 31466, 31467, 31468, 31469];

    #[test]
    fn good_data_raises_no_suspicion() {
        for epsg in LISTED {
            assert_eq!(found(epsg, epsg), None, "EPSG:{epsg}");
        }
    }

    #[test]
    fn swapped_axes_are_found_in_every_listed_system() {
        for epsg in LISTED {
            assert_eq!(found_swapped(epsg), Some(Suspicion::SwappedAxes), "EPSG:{epsg}");
        }
    }

    #[test]
    fn zone_prefixes() {
        assert_eq!(found(4647, 25832), Some(Suspicion::MissingZonePrefix { likely: 25832 }));
        assert_eq!(found(5650, 25833), Some(Suspicion::MissingZonePrefix { likely: 25833 }));
        assert_eq!(found(25832, 4647), Some(Suspicion::UnexpectedZonePrefix { likely: 4647 }));
        assert_eq!(found(32633, 5650), Some(Suspicion::UnexpectedZonePrefix { likely: 5650 }));
        assert_eq!(found(25832, 5650), Some(Suspicion::UnexpectedZonePrefix { likely: 5650 }));
    }

    #[test]
    fn degrees_and_metres() {
        for epsg in [25832, 3035, 3857, 31467] {
            assert_eq!(found(epsg, 4326), Some(Suspicion::DegreesInProjected { likely: 4326 }), "EPSG:{epsg}");
        }
        for epsg in [4647, 3035, 31467, 25832] {
            assert_eq!(found(4326, epsg), Some(Suspicion::MetresInGeographic { likely: Some(epsg) }), "EPSG:{epsg}");
        }
    }

    #[test]
    fn another_system_is_named() {
        assert_eq!(found(25832, 3035), Some(Suspicion::OtherSystem { likely: 3035 }));
        assert_eq!(found(3035, 25832), Some(Suspicion::OtherSystem { likely: 25832 }));
        assert_eq!(found(25832, 31467), Some(Suspicion::OtherSystem { likely: 31467 }));
        assert_eq!(found(31467, 31468), Some(Suspicion::OtherSystem { likely: 31468 }));
    }

    /// What is found in the towns of one region.
    fn found_in(region: [f64; 4], declared: u32, truly: u32) -> Option<Suspicion> {
        let [west, south, east, north] = region;
        let to = ReferenceSystem::from_epsg(truly).unwrap();
        let projection = Projection::new(&ReferenceSystem::wgs84(), &to).unwrap();
        let towns =
            (0..36).map(|i| (west + f64::from(i % 6) / 5.0 * (east - west), south + f64::from(i / 6) / 5.0 * (north - south)));
        let (xs, ys): (Vec<f64>, Vec<f64>) = towns.map(|(lon, lat)| projection.exact(lon, lat).unwrap()).unzip();
        diagnose(&ReferenceSystem::from_epsg(declared).unwrap(), &xs, &ys)
    }

    #[test]
    fn the_european_grid_and_utm_are_told_apart_in_every_region() {
        // North, west, south-west, south-east: UTM coordinates read as EPSG:3035 are Labrador and the sea before it, inside the rectangle
        // of EPSG:3035 in metres.
        for region in [[8.5, 53.4, 11.2, 54.8], [6.2, 50.8, 9.0, 52.2], [7.7, 47.7, 10.2, 49.6], [10.6, 47.6, 12.5, 50.3]] {
            assert_eq!(found_in(region, 3035, 25832), Some(Suspicion::OtherSystem { likely: 25832 }), "{region:?}");
            for utm in [25832, 25833, 32632] {
                assert_eq!(found_in(region, utm, 3035), Some(Suspicion::OtherSystem { likely: 3035 }), "{region:?} EPSG:{utm}");
            }
        }
        let in_east = found_in([11.5, 50.6, 14.6, 54.0], 3035, 25833);
        assert!(matches!(in_east, Some(Suspicion::OtherSystem { likely: 25832 | 25833 })), "{in_east:?}");
    }

    #[test]
    fn data_of_other_continents_is_no_exchange() {
        let iowa = [(-93.6, 42.0), (-93.61, 42.05)];
        let (xs, ys): (Vec<f64>, Vec<f64>) = iowa.into_iter().unzip();
        assert_eq!(diagnose(&ReferenceSystem::wgs84(), &xs, &ys), None);
        assert_eq!(diagnose(&ReferenceSystem::from_epsg(4258).unwrap(), &xs, &ys), Some(Suspicion::OutsideAreaOfUse));
    }

    #[test]
    fn a_few_strays_do_not_matter() {
        let (mut xs, mut ys) = in_system(25832);
        xs.extend([0.0, f64::NAN]);
        ys.extend([0.0, 1.0]);
        assert_eq!(diagnose(&ReferenceSystem::from_epsg(25832).unwrap(), &xs, &ys), None);
    }

    #[test]
    fn guesses_put_the_true_system_first() {
        for epsg in [4326, 4647, 5650, 3035, 3857, 25832, 31466, 31467, 31468, 31469] {
            let (xs, ys) = in_system(epsg);
            let guesses = guess_systems_and_axes(&xs, &ys);
            assert_eq!((guesses[0].epsg, guesses[0].swapped_axes), (epsg, false));
            let guesses = guess_systems_and_axes(&ys, &xs);
            assert_eq!((guesses[0].epsg, guesses[0].swapped_axes), (epsg, true));
        }
    }
}
