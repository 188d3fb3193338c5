//! The QGIS project that a GeoPackage keeps: layers in groups, each at the scales it is made for, with title, credit and scale bar.
//!
//! Outlines of areas lie on top; below them cells of the latest date, one size a scale; other dates and areas coloured by their numbers are there
//! to be switched on.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

use crate::confidential::{Level, Release};
use crate::error::Error;
use crate::export::style::{Subject, filled, qml_body, xml};
use crate::export::{ExportOptions, about};
use crate::layer::{Layer, Palette, Symbology, ZoomPlan, rgb};
use crate::say;

/// Ground metres of a pixel at zoom 0 on the equator, for tiles of 512 pixels.
const METRES_PER_PIXEL: f64 = 78_271.516_964_02;
/// Metres of a pixel of a screen with 96 dots an inch, which QGIS reckons scales with.
const PIXEL_M: f64 = 0.0254 / 96.0;

/// A layer of the GeoPackage: the table, and what it shows.
pub(in crate::export) struct StoredLayer<'p> {
    pub(in crate::export) layer: &'p Layer<'p>,
    /// Of the features: west, south, east, north; none if there is no feature.
    pub(in crate::export) bounds: Option<[f64; 4]>,
}

/// What a project is made from.
pub(in crate::export) struct Project<'p> {
    pub(in crate::export) release: &'p Release,
    pub(in crate::export) symbology: &'p Symbology,
    pub(in crate::export) options: &'p ExportOptions,
    pub(in crate::export) layers: &'p [StoredLayer<'p>],
}

/// A group of the layer tree and what is in it.
struct Group {
    name: String,
    checked: bool,
    /// Id, name, table, whether checked.
    members: Vec<(String, String, String, bool)>,
}

impl Project<'_> {
    /// The project as QGIS keeps it: a zip archive (`.qgz`) of its XML. The bytes are the same for the same release.
    pub(in crate::export) fn archive(&self) -> Result<Vec<u8>, Error> {
        let text = self.xml()?;
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        let name = format!("{}.qgs", self.options.stem);
        let written = archive.start_file(name, options).and_then(|()| Ok(archive.write_all(text.as_bytes())?));
        written
            .and_then(|()| archive.finish())
            .map(Cursor::into_inner)
            .map_err(|e| crate::export::ExportError::Write { path: "project.qgz".into(), reason: e.to_string() }.into())
    }

    fn xml(&self) -> Result<String, Error> {
        let Self { release, options, .. } = self;
        let language = options.language;
        let zooms = ZoomPlan::of(release)?;
        let latest = release.lattice.dates.last().and_then(|date| date.as_deref());
        let (mut borders, mut areas, mut grids) = (Vec::new(), Vec::new(), Vec::new());
        let mut layers = String::new();
        // Coarse sizes stand above fine ones, as they are seen on the way down.
        for stored in self.layers.iter().rev() {
            let layer = stored.layer;
            let (id, name) = (format!("kleinraum_{}", layer.name), self.name(layer));
            match layer.level {
                Level::Areas(_) => {
                    areas.push((id.clone(), name.clone(), layer.name.clone(), false));
                    layers.push_str(&self.map_layer(stored, &id, false, None));
                    if layer.date == latest {
                        let id = format!("{id}_outline");
                        layers.push_str(&self.map_layer(stored, &id, true, None));
                        borders.push((id, name, layer.name.clone(), true));
                    }
                }
                Level::Grid(size) => {
                    layers.push_str(&self.map_layer(stored, &id, false, zooms.zooms_of(size)));
                    let checked = zooms.zooms_of(size).is_some();
                    match grids.iter_mut().find(|(date, _): &&mut (Option<&str>, Vec<_>)| *date == layer.date) {
                        Some((_, members)) => members.push((id, name, layer.name.clone(), checked)),
                        None => grids.push((layer.date, vec![(id, name, layer.name.clone(), checked)])),
                    }
                }
            }
        }
        let mut groups = vec![Group { name: say!(language, "Boundaries", "Grenzen"), checked: true, members: borders }];
        let cells = say!(language, "Grid cells", "Gitterzellen");
        groups.extend(grids.into_iter().map(|(date, members)| Group {
            name: date.map_or(cells.clone(), |date| format!("{cells} {date}")),
            checked: date == latest,
            members,
        }));
        groups.push(Group { name: say!(language, "Areas by number", "Gebiete nach Zahl"), checked: false, members: areas });
        groups.retain(|group| !group.members.is_empty());
        let crs = self.crs();
        let extent = self.extent();
        let [west, south, east, north] = extent;
        let [red, green, blue] = rgb(Palette::DEFAULT.background).map(|part| part.to_string());
        let corners = format!("<xmin>{west}</xmin><ymin>{south}</ymin><xmax>{east}</xmax><ymax>{north}</ymax>");
        let view = format!("xmin=\"{west}\" ymin=\"{south}\" xmax=\"{east}\" ymax=\"{north}\"");
        Ok(filled(
            include_str!("../../../styles/project.qgs"),
            &[
                ("title", &xml(&options.title)),
                ("crs", &crs),
                // QGIS 3.22 takes the element above only with its own number of the system in it; this it takes by itself.
                ("authid", &options.crs.epsg().map_or_else(String::new, |code| format!("EPSG:{code}"))),
                ("tree", &self.tree(&groups)),
                ("units", if options.crs.is_geographic() { "degrees" } else { "meters" }),
                ("extent", &corners),
                ("layers", &layers),
                (
                    "order",
                    &groups
                        .iter()
                        .flat_map(|g| &g.members)
                        .map(|m| format!("<layer id=\"{}\"/>\n", xml(&m.0)))
                        .collect::<String>(),
                ),
                ("red", &red),
                ("green", &green),
                ("blue", &blue),
                ("credited", if options.attribution.is_empty() { "false" } else { "true" }),
                ("attribution", &xml(&options.attribution)),
                ("abstract", &xml(&about::protection_line(release))),
                ("view", &view),
            ],
        ))
    }

    fn name(&self, layer: &Layer<'_>) -> String {
        match layer.level {
            Level::Grid(_) => layer.name.clone(),
            Level::Areas(system) => {
                let label = &layer.lattice.systems[system].label;
                match layer.date.filter(|_| layer.lattice.dates.len() > 1) {
                    Some(date) => format!("{label} {date}"),
                    None => label.clone(),
                }
            }
        }
    }

    fn source(&self, table: &str) -> String {
        xml(&format!("./{}.gpkg|layername={table}", self.options.stem))
    }

    fn tree(&self, groups: &[Group]) -> String {
        let checked = |checked: bool| if checked { "Qt::Checked" } else { "Qt::Unchecked" };
        let mut text = String::new();
        for group in groups {
            let _ = writeln!(
                text,
                "<layer-tree-group name=\"{}\" checked=\"{}\" expanded=\"1\">",
                xml(&group.name),
                checked(group.checked)
            );
            for (id, name, table, on) in &group.members {
                let _ = writeln!(
                    text,
                    "<layer-tree-layer id=\"{}\" name=\"{}\" source=\"{}\" providerKey=\"ogr\" checked=\"{}\" expanded=\"{}\"/>",
                    xml(id),
                    xml(name),
                    self.source(table),
                    checked(*on),
                    u8::from(!id.ends_with("_outline"))
                );
            }
            text.push_str("</layer-tree-group>\n");
        }
        text
    }

    fn crs(&self) -> String {
        let epsg = self.options.crs.epsg().map(|code| format!("<srid>{code}</srid><authid>EPSG:{code}</authid>"));
        let geographic = self.options.crs.is_geographic();
        format!("<spatialrefsys>{}<geographicflag>{geographic}</geographicflag></spatialrefsys>", epsg.unwrap_or_default())
    }

    /// Around all layers, with a twentieth of room.
    fn extent(&self) -> [f64; 4] {
        let join = |a: [f64; 4], b: [f64; 4]| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])];
        let [west, south, east, north] = self.layers.iter().filter_map(|l| l.bounds).reduce(join).unwrap_or_default();
        let room = (east - west).max(north - south) / 20.0;
        [west - room, south - room, east + room, north + room]
    }

    fn map_layer(
        &self,
        stored: &StoredLayer<'_>,
        id: &str,
        outline: bool,
        zooms: Option<std::ops::RangeInclusive<u8>>,
    ) -> String {
        let layer = stored.layer;
        let subject = Subject {
            layer,
            symbology: self.symbology,
            options: self.options,
            column: Symbology::first_shown(layer.lattice),
            share: false,
            pair: None,
        };
        let areas = matches!(layer.level, Level::Areas(_));
        let scales = zooms.map_or_else(String::new, |zooms| {
            // Without limits at the ends, the first and the last size go on below and above.
            let scale = |zoom: u8| METRES_PER_PIXEL * self.middle_cosine() / f64::from(1_u32 << zoom) / PIXEL_M;
            let coarsest = layer.lattice.sizes.coarsest();
            let least = if layer.level == Level::Grid(coarsest) { 1e9 } else { scale(*zooms.start()) };
            let most = if *zooms.end() == ZoomPlan::MAX_ZOOM { 0.0 } else { scale(*zooms.end() + 1) };
            format!(" hasScaleBasedVisibilityFlag=\"1\" minScale=\"{least:.0}\" maxScale=\"{most:.0}\"")
        });
        let kind = if areas { "MultiPolygon" } else { "Polygon" };
        format!(
            "<maplayer type=\"vector\" geometry=\"Polygon\" wkbType=\"{kind}\" labelsEnabled=\"{}\" styleCategories=\"AllStyleCategories\" \
             simplifyDrawingHints=\"0\" readOnly=\"0\"{scales}>\n<id>{}</id>\n<datasource>{}</datasource>\n<layername>{}</layername>\n\
             <srs>{}</srs>\n<provider encoding=\"UTF-8\">ogr</provider>\n<resourceMetadata><title>{}</title><abstract>{}</abstract></resourceMetadata>\n{}\n</maplayer>\n",
            u8::from(areas && outline),
            xml(id),
            self.source(&layer.name),
            xml(&self.name(layer)),
            self.crs(),
            xml(&format!("{}: {}", self.options.title, self.name(layer))),
            xml(&about::protection_line(self.release)),
            qml_body(&subject, outline)
        )
    }

    /// The cosine of the middle latitude: how much smaller the ground is than on the equator of a Web Mercator map.
    fn middle_cosine(&self) -> f64 {
        let [west, south, east, north] = self.extent();
        let lon_lat = crate::geodesy::Projection::new(&self.options.crs, &crate::geodesy::ReferenceSystem::wgs84());
        let middle = lon_lat.ok().and_then(|p| p.exact(f64::midpoint(west, east), f64::midpoint(south, north)));
        middle.map_or(0.6, |(_, lat_deg)| lat_deg.to_radians().cos())
    }
}
