//! Points for the names of areas: one in each area, once at every zoom, in the tile that holds it. A name drawn at a polygon would stand in every tile
//! that the polygon reaches into.

use geo::InteriorPoint;
use mvt::{GeomEncoder, GeomType};

use crate::confidential::{Lattice, Level, Unit};
use crate::layer::{Layer, area_feature_id};
use crate::tiling::TilingError;
use crate::tiling::plan::tile_id;
use crate::tiling::world::{EXTENT, World, WorldPoint, at_zoom};

/// The attribute that names the area system.
pub(super) const LEVEL: &str = "level";

/// All points of a release.
pub(super) struct Labels {
    /// The layer's name in the tiles.
    pub(super) name: String,
    labels: Vec<Label>,
}

struct Label {
    place: WorldPoint,
    /// The id that the area's polygon has too.
    id: u64,
    level: String,
    key: String,
    label: String,
}

impl Labels {
    /// A point well inside each area that is published at any date; none without areas. `taken` are the names of other layers.
    pub(super) fn new(
        lattice: &Lattice,
        layers: &[Layer<'_>],
        world: &World,
        taken: &dyn Fn(&str) -> bool,
    ) -> Result<Option<Self>, TilingError> {
        let mut labels = Vec::new();
        for (system, areas) in lattice.systems.iter().enumerate() {
            let of_system = |layer: &&Layer<'_>| layer.level == Level::Areas(system);
            let blocks: Vec<_> = layers.iter().filter(of_system).map(|layer| layer.block).collect();
            for (position, area) in areas.areas.iter().enumerate() {
                let unit = Unit::Area(position as u32);
                let published = blocks.iter().any(|block| block.units.binary_search(&unit).is_ok());
                let Some(point) = area.outline_lon_lat_deg.interior_point().filter(|_| published) else { continue };
                labels.push(Label {
                    place: world.of_degrees(point.x(), point.y(), &areas.name)?,
                    id: area_feature_id(&areas.name, &area.key),
                    level: areas.name.clone(),
                    key: area.key.clone(),
                    label: area.label.clone(),
                });
            }
        }
        let mut names = (1..).map(|n| if n == 1 { "labels".to_owned() } else { format!("labels_{n}") });
        let name = names.find(|name| !taken(name)).expect("numbers do not end");
        Ok((!labels.is_empty()).then_some(Self { name, labels }))
    }

    /// The tile of each point at a zoom, in the order of tiles; of one tile in the order of areas.
    pub(super) fn tiles(&self, zoom: u8) -> Vec<(u64, u32)> {
        let tile = |place: WorldPoint| {
            let [x, y] = place.map(|world| (u64::from(world) >> (32 - u32::from(zoom))) as u32);
            tile_id(zoom, x, y)
        };
        let mut tiles: Vec<_> = self.labels.iter().zip(0..).map(|(label, at)| (tile(label.place), at)).collect();
        tiles.sort_unstable();
        tiles
    }

    /// The bytes of the layer in one tile, with the number of its features.
    pub(super) fn encode(&self, zoom: u8, tile: (u32, u32), which: &[(u64, u32)]) -> (Vec<u8>, u64) {
        let origin = [i64::from(tile.0) * EXTENT, i64::from(tile.1) * EXTENT];
        let mut written = mvt::Tile::new(EXTENT as u32);
        let mut layer = written.create_layer(&self.name);
        for &(_, at) in which {
            let label = &self.labels[at as usize];
            // Rounding must not move a point over the tile's edge: there it would be in a tile beside.
            let axis = |axis: usize| (at_zoom(label.place[axis], zoom) - origin[axis]).clamp(0, EXTENT - 1) as i32;
            let mut point = GeomEncoder::<i32>::new(GeomType::Point);
            point.add_point(axis(0), axis(1)).expect("a point has no form that could be wrong");
            let mut feature = layer.into_feature(point.encode().expect("one point is a geometry"));
            feature.set_id(label.id);
            feature.add_tag_string(LEVEL, &label.level);
            feature.add_tag_string("id", &label.key);
            feature.add_tag_string("label", &label.label);
            layer = feature.into_layer();
        }
        let features = layer.num_features() as u64;
        if features == 0 {
            return (Vec::new(), 0);
        }
        written.add_layer(layer).expect("a new tile has no layer of this name and the same extent");
        (written.to_bytes().expect("writing to memory cannot fail"), features)
    }
}
