//! Where a reference system is used, in degrees and in its own coordinates.

use crate::geodesy::projection::Projection;
use crate::geodesy::system::ReferenceSystem;

/// West, south, east, north.
pub(super) type Bounds = [f64; 4];

/// The extent of a system in its own coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct AreaOfUse {
    bounds: Bounds,
}

/// Europe as EPSG:3035 has it.
pub(super) const EUROPE_DEG: Bounds = [-35.58, 24.6, 44.83, 84.73];
/// Germany with its neighbours' border strip.
pub(super) const GERMANY_DEG: Bounds = [4.5, 46.5, 16.5, 56.0];

/// Points along each side of the area when its extent in the system's coordinates is sought.
const STEPS: u32 = 24;

/// West, south, east, north in degrees. UTM zones reach nine degrees from their meridian instead of three, and the Gauss-Krüger zones over
/// all of Germany, since whole countries are commonly kept in one zone.
pub(super) fn degrees(system: &ReferenceSystem) -> Option<Bounds> {
    let zone = |code: u32, south: f64| {
        let meridian = f64::from(code) * 6.0 - 183.0;
        Some([(meridian - 9.0).max(-180.0), south, (meridian + 9.0).min(180.0), 84.73])
    };
    match system.epsg() {
        Some(3035 | 3034 | 4258) => Some(EUROPE_DEG),
        Some(4326) => Some([-180.0, -90.0, 180.0, 90.0]),
        Some(3857) => Some([-180.0, -85.06, 180.0, 85.06]),
        Some(code @ 25828..=25838) => zone(code - 25800, 34.0),
        Some(code @ 32601..=32660) => zone(code - 32600, 0.0),
        Some(5649) => zone(31, 34.0),
        Some(4647) => zone(32, 34.0),
        Some(5650) => zone(33, 34.0),
        Some(31466..=31469) => Some(GERMANY_DEG),
        _ => transverse_mercator(system),
    }
}

/// Nine degrees on either side of the central meridian.
fn transverse_mercator(system: &ReferenceSystem) -> Option<Bounds> {
    let projected = &system.definition().projected;
    if !matches!(projected.projname(), "etmerc" | "utm" | "tmerc") {
        return None;
    }
    let meridian = (projected.longitude_of_origin() + projected.from_greenwich()).to_degrees();
    let (west, east) = (meridian - 9.0, meridian + 9.0);
    (west >= -180.0 && east <= 180.0).then_some([west, -84.0, east, 84.73])
}

/// Whether the point can be of this system: inside the rectangle around its area of use, in its own coordinates. Always true for finite
/// points of a system whose area is not known. Four comparisons; the first call for a system costs about 0.1 ms.
pub fn in_area_of_use(system: &ReferenceSystem, x: f64, y: f64) -> bool {
    in_area_of_use_of(system)(x, y)
}

/// The same for many points: the system's extent is looked up once.
pub fn in_area_of_use_of(system: &ReferenceSystem) -> impl Fn(f64, f64) -> bool + use<> {
    let [west, south, east, north] = extent_of_use(system);
    move |x, y| (x >= west) & (x <= east) & (y >= south) & (y <= north)
}

/// What [`in_area_of_use`] compares with: west, south, east, north in the system's coordinates. All finite numbers, if the area is not known.
pub fn extent_of_use(system: &ReferenceSystem) -> [f64; 4] {
    native_bounds(system).unwrap_or([f64::MIN, f64::MIN, f64::MAX, f64::MAX])
}

/// The rectangle around the area of use in the system's coordinates.
pub(super) fn native_bounds(system: &ReferenceSystem) -> Option<Bounds> {
    let area = system.definition().area.get_or_init(|| {
        let degrees = degrees(system)?;
        bounds_of(system, degrees).map(|bounds| AreaOfUse { bounds })
    });
    area.map(|area| area.bounds)
}

/// The rectangle, in the system's coordinates, around a rectangle in degrees.
pub(super) fn bounds_of(system: &ReferenceSystem, [west, south, east, north]: Bounds) -> Option<Bounds> {
    if system.is_geographic() {
        return Some([west, south, east, north]);
    }
    let projection = Projection::new(&ReferenceSystem::wgs84(), system).ok()?;
    let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for column in 0..=STEPS {
        for row in 0..=STEPS {
            let (i, j) = (f64::from(column) / f64::from(STEPS), f64::from(row) / f64::from(STEPS));
            if let Some((x, y)) = projection.exact(west + i * (east - west), south + j * (north - south)) {
                bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)];
            }
        }
    }
    bounds[0].is_finite().then_some(bounds)
}

/// Whether two systems give the same coordinates, to a hundredth of a millimetre, all over the second one's area of use in Europe.
pub(super) fn agree(system: &ReferenceSystem, listed: &ReferenceSystem) -> bool {
    if system.is_geographic() != listed.is_geographic() || system.metres_per_unit() != listed.metres_per_unit() {
        return false;
    }
    let (one, other) = (system.definition(), listed.definition());
    if one.datum.is_some() != other.datum.is_some() {
        return false;
    }
    if system.is_geographic() {
        return one.frame == other.frame && one.kernel == other.kernel;
    }
    let wgs84 = ReferenceSystem::wgs84();
    let (Ok(one), Ok(other)) = (Projection::new(&wgs84, system), Projection::new(&wgs84, listed)) else { return false };
    let points = [(5.0, 47.0), (9.0, 54.0), (13.0, 50.0), (15.0, 40.0)];
    points.iter().all(|&(lon, lat)| match (one.exact(lon, lat), other.exact(lon, lat)) {
        (Some(a), Some(b)) => (a.0 - b.0).abs() < 1e-5 && (a.1 - b.1).abs() < 1e-5,
        _ => false,
    })
}
