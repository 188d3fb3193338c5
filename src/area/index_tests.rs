use geo::{Contains, LineString, MultiPolygon, Point, Polygon};
use proptest::prelude::*;

use super::*;
use crate::area::Area;

type Ring = Vec<(f64, f64)>;

fn system(areas: Vec<Vec<Vec<Ring>>>) -> AreaSystem {
    let area = |(i, parts): (usize, Vec<Vec<Ring>>)| {
        let polygon =
            |mut rings: Vec<Ring>| Polygon::new(rings.remove(0).into(), rings.into_iter().map(LineString::from).collect());
        let outline = MultiPolygon(parts.into_iter().map(polygon).collect());
        Area { key: format!("{i:03}"), label: String::new(), outline_3035_m: outline, outline_lon_lat_deg: MultiPolygon(vec![]) }
    };
    AreaSystem { name: "test".into(), label: "test".into(), areas: areas.into_iter().enumerate().map(area).collect() }
}

fn rectangle(west: f64, south: f64, east: f64, north: f64) -> Ring {
    vec![(west, south), (east, south), (east, north), (west, north), (west, south)]
}

fn size(m: u32) -> GridSize {
    GridSize::new(m).unwrap()
}

fn locate(index: &AreaIndex, x: f64, y: f64) -> Found {
    index.locate(CellId::of_point(size(100), x, y).unwrap(), x, y)
}

fn area(index: &AreaIndex, x: f64, y: f64) -> Option<u32> {
    locate(index, x, y).area
}

fn index(areas: Vec<Vec<Vec<Ring>>>) -> AreaIndex {
    AreaIndex::new(&system(areas), size(100))
}

#[test]
fn a_hole_is_outside() {
    let index = index(vec![vec![vec![rectangle(1000.0, 1000.0, 2000.0, 2000.0), rectangle(1350.0, 1350.0, 1650.0, 1650.0)]]]);
    assert_eq!(area(&index, 1200.0, 1500.0), Some(0));
    assert_eq!(area(&index, 1500.0, 1500.0), None);
    assert_eq!(area(&index, 1351.0, 1351.0), None);
    assert_eq!(area(&index, 1349.0, 1349.0), Some(0));
    assert_eq!(area(&index, 1800.0, 1500.0), Some(0));
    assert_eq!(area(&index, 2100.0, 1500.0), None);
}

#[test]
fn a_hole_inside_one_cell() {
    let index = index(vec![vec![vec![rectangle(1000.0, 1000.0, 2000.0, 2000.0), rectangle(1540.0, 1540.0, 1560.0, 1560.0)]]]);
    assert_eq!(area(&index, 1550.0, 1550.0), None);
    assert_eq!(area(&index, 1530.0, 1550.0), Some(0));
    assert_eq!(area(&index, 1570.0, 1550.0), Some(0));
    assert_eq!(area(&index, 1550.0, 1530.0), Some(0));
    assert_eq!(area(&index, 1550.0, 1570.0), Some(0));
    assert_eq!(index.locate_cell(CellId::of_point(size(100), 1550.0, 1550.0).unwrap()).area, None);
    assert_eq!(index.locate_cell(CellId::of_point(size(100), 1650.0, 1550.0).unwrap()).area, Some(0));
}

#[test]
fn an_area_inside_one_cell() {
    let index = index(vec![vec![vec![rectangle(1520.0, 1520.0, 1530.0, 1530.0)]]]);
    assert_eq!(area(&index, 1525.0, 1525.0), Some(0));
    assert_eq!(area(&index, 1510.0, 1525.0), None);
    assert_eq!(area(&index, 1540.0, 1525.0), None);
}

#[test]
fn parts_belong_to_one_area() {
    let parts = vec![vec![rectangle(1000.0, 1000.0, 1450.0, 1450.0)], vec![rectangle(3010.0, 3010.0, 3440.0, 3440.0)]];
    let index = index(vec![parts]);
    assert_eq!(area(&index, 1200.0, 1200.0), Some(0));
    assert_eq!(area(&index, 3333.0, 3333.0), Some(0));
    assert_eq!(area(&index, 2000.0, 2000.0), None);
}

#[test]
fn an_l_is_outside_in_its_corner() {
    let l = vec![
        (1010.0, 1010.0),
        (1890.0, 1010.0),
        (1890.0, 1440.0),
        (1430.0, 1440.0),
        (1430.0, 1880.0),
        (1010.0, 1880.0),
        (1010.0, 1010.0),
    ];
    let index = index(vec![vec![vec![l]]]);
    assert_eq!(area(&index, 1429.0, 1441.0), Some(0));
    assert_eq!(area(&index, 1431.0, 1439.0), Some(0));
    assert_eq!(area(&index, 1431.0, 1441.0), None);
    assert_eq!(area(&index, 1700.0, 1700.0), None);
}

#[test]
fn a_cell_without_borders_is_resolved_once() {
    let index = index(vec![vec![vec![rectangle(1000.0, 1000.0, 2000.0, 2000.0)]]]);
    let resolved = index.squares.iter().filter(|&&s| s == 0).count();
    assert_eq!(resolved, 64, "all 10 × 10 cells but the outer ones, which touch the border");
}

#[test]
fn points_on_borders_belong_to_exactly_one_area() {
    // Three areas fill a rectangle; two of the borders lie on sides of cells, one is slanted.
    let index = index(vec![
        vec![vec![rectangle(1000.0, 1000.0, 1500.0, 1800.0)]],
        vec![vec![vec![(1500.0, 1000.0), (2000.0, 1000.0), (2000.0, 1800.0), (1500.0, 1400.0), (1500.0, 1000.0)]]],
        vec![vec![vec![(1500.0, 1400.0), (2000.0, 1800.0), (1500.0, 1800.0), (1500.0, 1400.0)]]],
    ]);
    let only = |x, y, expected| assert_eq!(locate(&index, x, y), Found { area: expected, overlapping: false }, "{x} {y}");
    only(1000.0, 1000.0, Some(0));
    only(1000.0, 1300.0, Some(0));
    only(1250.0, 1000.0, Some(0));
    only(1500.0, 1000.0, Some(1));
    only(1500.0, 1333.0, Some(1));
    only(2000.0, 1333.0, None);
    only(1500.0, 1400.0, Some(1));
    only(1750.0, 1600.0, Some(1));
    only(1500.0, 1600.0, Some(2));
    only(1250.0, 1800.0, None);
    only(1750.0, 1800.0, None);
    only(2000.0, 1800.0, None);
}

#[test]
fn overlaps_are_flagged_and_go_to_the_first() {
    let index =
        index(vec![vec![vec![rectangle(1000.0, 1000.0, 2000.0, 2000.0)]], vec![vec![rectangle(1450.0, 1450.0, 2450.0, 2450.0)]]]);
    assert_eq!(locate(&index, 1750.0, 1750.0), Found { area: Some(0), overlapping: true });
    assert_eq!(locate(&index, 1460.0, 1460.0), Found { area: Some(0), overlapping: true });
    assert_eq!(locate(&index, 1440.0, 1440.0), Found { area: Some(0), overlapping: false });
    assert_eq!(locate(&index, 2250.0, 2250.0), Found { area: Some(1), overlapping: false });
}

#[test]
fn parts_of_one_area_do_not_overlap_it() {
    let index =
        index(vec![vec![vec![rectangle(1000.0, 1000.0, 2000.0, 2000.0)], vec![rectangle(1450.0, 1450.0, 2450.0, 2450.0)]]]);
    assert_eq!(locate(&index, 1750.0, 1750.0), Found { area: Some(0), overlapping: false });
    assert_eq!(locate(&index, 1460.0, 1460.0), Found { area: Some(0), overlapping: false });
}

#[test]
fn a_system_far_larger_than_the_frame_and_any_cell_size() {
    let areas = vec![vec![vec![rectangle(100_000.0, 100_000.0, 9_000_000.0, 5_000_005.0)]]];
    for m in [10, 100, 125, 250, 1000, 100_000] {
        let index = AreaIndex::new(&system(areas.clone()), size(m));
        let find = |x, y| index.locate(CellId::of_point(size(m), x, y).unwrap(), x, y).area;
        assert!(index.squares.len() <= MOST_SQUARES as usize);
        assert_eq!(find(4_321_000.0, 3_210_000.0), Some(0), "{m}");
        assert_eq!(find(100_000.0, 100_000.0), Some(0), "{m}");
        assert_eq!(find(4_321_000.0, 5_000_004.0), Some(0), "{m}");
        assert_eq!(find(4_321_000.0, 5_000_006.0), None, "{m}");
        assert_eq!(find(4_321_000.0, 99_999.0), None, "{m}");
    }
}

#[test]
fn no_areas_hold_nothing() {
    assert_eq!(area(&index(vec![]), 1000.0, 1000.0), None);
}

/// A star around a centre, with corners on whole tens so that many lie on sides of cells.
fn star() -> impl Strategy<Value = Ring> {
    (1500_i32..2500, 1500_i32..2500, prop::collection::vec(5_u32..90, 3..20)).prop_map(|(x, y, radii)| {
        let corner = |(i, r): (usize, &u32)| {
            let angle = std::f64::consts::TAU * i as f64 / radii.len() as f64;
            let tens = |centre: i32, v: f64| (f64::from(centre / 10) + (f64::from(*r) * v).round()) * 10.0;
            (tens(x, angle.cos()), tens(y, angle.sin()))
        };
        let mut ring: Ring = radii.iter().enumerate().map(corner).collect();
        ring.push(ring[0]);
        ring
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// `geo` judges points that are on no border; stars are not always simple, so the even-odd rule is counted by hand.
    #[test]
    fn any_point_of_any_star(ring in star(), points in prop::collection::vec((500.0..3500.0_f64, 500.0..3500.0_f64), 50)) {
        let index = index(vec![vec![vec![ring.clone()]]]);
        for (x, y) in points {
            let crossed = ring.windows(2).filter(|e| {
                let ((ax, ay), (bx, by)) = (e[0], e[1]);
                (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
            });
            prop_assert_eq!(area(&index, x, y), (crossed.count() % 2 == 1).then_some(0));
        }
    }

    /// Points on the lattice of the corners: the plain ray with the same rule at borders, over all edges, is the judge.
    #[test]
    fn lattice_points_of_any_star(ring in star(), points in prop::collection::vec((50_u32..350, 50_u32..350), 100)) {
        let index = index(vec![vec![vec![ring.clone()]]]);
        for (x, y) in points {
            let p = Coord { x: f64::from(x) * 10.0, y: f64::from(y) * 10.0 };
            let corner = |c: (f64, f64)| Coord { x: c.0, y: c.1 };
            let crossed = ring.windows(2).filter(|e| {
                let (a, b) = (corner(e[0]), corner(e[1]));
                // Whole numbers: this product is exact.
                let turn = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
                (a.y > p.y) != (b.y > p.y) && if b.y > a.y { turn > 0.0 } else { turn < 0.0 }
            });
            prop_assert_eq!(area(&index, p.x, p.y), (crossed.count() % 2 == 1).then_some(0));
        }
    }

    /// A triangle fan around a point fills its hull: every point in it belongs to exactly one triangle.
    #[test]
    fn fans_leave_no_point_out(x in 1_400_i32..1_600, y in 1_400_i32..1_600, points in prop::collection::vec((100_u32..200, 100_u32..200), 100)) {
        let corners = [(1000.0, 1000.0), (1480.0, 1000.0), (2000.0, 1000.0), (2000.0, 1700.0), (2000.0, 2000.0), (1300.0, 2000.0), (1000.0, 2000.0), (1000.0, 1000.0)];
        let centre = (f64::from(x), f64::from(y));
        let fan = corners.windows(2).map(|w| vec![vec![vec![centre, w[0], w[1], centre]]]).collect();
        let index = index(fan);
        for (x, y) in points {
            let (x, y) = (f64::from(x) * 10.0, f64::from(y) * 10.0);
            let found = locate(&index, x, y);
            prop_assert!(!found.overlapping);
            prop_assert_eq!(found.area.is_some(), x < 2000.0 && y < 2000.0);
        }
    }
}

#[test]
fn contains_of_geo_agrees_away_from_borders() {
    let ring = vec![(1003.0, 1007.0), (2950.0, 1430.0), (2210.0, 2904.0), (1870.0, 1940.0), (1130.0, 2777.0), (1003.0, 1007.0)];
    let index = index(vec![vec![vec![ring.clone()]]]);
    let polygon = Polygon::new(LineString::from(ring), vec![]);
    for i in 0..10_000_u32 {
        let (x, y) = (950.0 + f64::from(i % 100) * 20.3, 950.0 + f64::from(i / 100) * 20.1);
        assert_eq!(area(&index, x, y), polygon.contains(&Point::new(x, y)).then_some(0));
    }
}
