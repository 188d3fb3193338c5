//! A comparison as one HTML file with nothing outside it: tables, and a small map for each method. Maps show classes, never numbers.

use std::fmt::Write;

use crate::confidential::{Block, Level, Status, Unit};
use crate::layer::{Classes, Palette};
use crate::pipeline::compare::Compared;
use crate::pipeline::compare::table::{Table, grouped, risks, table, warning};
use crate::say;

/// Longer side of a map, pixels.
const MAP_PX: i32 = 360;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;color:#222;max-width:84rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ddd}\
th{border-bottom:2px solid #888;vertical-align:bottom}.w{text-align:left}tr.first td{border-top:1px solid #888}\
.take{background:#eef6ee;border-left:4px solid #3a7d44;padding:.6rem 1rem}.keep{background:#fbf3e6;border-left:4px solid #b7791f;padding:.6rem 1rem}\
.maps{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}figcaption{font-weight:600}svg{background:#f8f8f6;border:1px solid #ccc;max-width:100%}\
.key span{display:inline-block;margin-right:1rem}.key i{display:inline-block;width:1em;height:1em;margin-right:.3em;border:1px solid #999;vertical-align:-.15em}\
@media print{figure{break-inside:avoid}}";

/// The page.
pub(super) fn page(compared: &Compared, title: &str) -> String {
    let language = compared.language;
    let code = say!(language, "en", "de");
    let title = escaped(title);
    let heading = say!(language, "Methods compared", "Methoden im Vergleich");
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{heading}: {title}</title><style>{STYLE}</style></head><body>\n<h1>{heading}: {title}</h1>\n"
    );
    let recommended = match &compared.choice {
        Some(choice) => choice.explain(&compared.comparison, language),
        None => say!(language, "no method passes", "keine Methode besteht"),
    };
    let _ =
        writeln!(html, "<p class=\"take\">{}</p>\n<p class=\"keep\">{}</p>", escaped(&recommended), escaped(&warning(compared)));
    for note in &compared.notes {
        let _ = writeln!(html, "<p>{}</p>", escaped(note));
    }
    let _ = writeln!(html, "<h2>{}</h2>", say!(language, "What is lost", "Was verloren geht"));
    write_table(&mut html, &table(compared), 2);
    let _ = writeln!(html, "<h2>{}</h2>", say!(language, "What is given away", "Was preisgegeben wird"));
    write_table(&mut html, &risks(compared), 1);
    write_maps(&mut html, compared);
    html.push_str("</body></html>\n");
    html
}

/// The first `words` columns stand left; a line above each new method.
fn write_table(html: &mut String, table: &Table, words: usize) {
    let cell = |html: &mut String, tag: &str, (at, text): (usize, &String)| {
        let class = if at < words { " class=\"w\"" } else { "" };
        let _ = write!(html, "<{tag}{class}>{}</{tag}>", escaped(text));
    };
    html.push_str("<table><thead><tr>");
    table.header.iter().enumerate().for_each(|column| cell(html, "th", column));
    html.push_str("</tr></thead><tbody>\n");
    let mut before = None;
    for row in &table.rows {
        html.push_str(if before == Some(&row[0]) { "<tr>" } else { "<tr class=\"first\">" });
        before = Some(&row[0]);
        row.iter().enumerate().for_each(|column| cell(html, "td", column));
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table>\n");
}

/// South-west and north-east of all cells on the maps, in cells.
struct Frame {
    side_m: i32,
    west: i32,
    north: i32,
    width: i32,
    height: i32,
}

impl Frame {
    fn of(blocks: &[&Block]) -> Option<Self> {
        let side_m = blocks.iter().find_map(|block| match block.level {
            Level::Grid(size) => Some(size.metres() as i32),
            Level::Areas(_) => None,
        })?;
        let corners = || blocks.iter().flat_map(|block| block.units.iter().filter_map(|&unit| corner(unit, side_m)));
        let ends = || {
            let units = blocks.iter().flat_map(|block| block.units.iter().copied());
            units.filter_map(|unit| corner(unit, side_m).map(|c| (c.0 + side(unit, side_m) - 1, c.1 + side(unit, side_m) - 1)))
        };
        let (west, east) = (corners().map(|c| c.0).min()?, ends().map(|c| c.0).max()?);
        let (south, north) = (corners().map(|c| c.1).min()?, ends().map(|c| c.1).max()?);
        Some(Self { side_m, west, north, width: east - west + 1, height: north - south + 1 })
    }
}

/// The south-west corner of a cell, in cells.
fn corner(unit: Unit, side_m: i32) -> Option<(i32, i32)> {
    match unit {
        Unit::Cell(cell) => Some((cell.easting_m().div_euclid(side_m), cell.northing_m().div_euclid(side_m))),
        Unit::Area(_) => None,
    }
}

/// The side of a cell, in cells of the level's size.
fn side(unit: Unit, side_m: i32) -> i32 {
    match unit {
        Unit::Cell(cell) => (cell.size().metres() as i32 / side_m).max(1),
        Unit::Area(_) => 1,
    }
}

/// What is coloured: of a joined cell the persons in as much land as a cell of the level has, 1 if there are fewer.
fn dense(number: i64, side: i32) -> i64 {
    let cells = i64::from(side) * i64::from(side);
    if number > 0 { (number / cells).max(1) } else { number }
}

fn write_maps(html: &mut String, compared: &Compared) {
    let (language, comparison) = (compared.language, &compared.comparison);
    let blocks: Vec<&Block> = comparison.outcomes.iter().map(|outcome| &outcome.map).collect();
    let Some(frame) = Frame::of(&blocks) else { return };
    let total = |block: &Block, at: usize| Some(dense(block.numbers(at)[0].value()?, side(block.units[at], frame.side_m)));
    let totals = |block: &Block| (0..block.units.len()).filter_map(|at| total(block, at)).collect::<Vec<_>>();
    // One set of classes for all, so that colours mean the same.
    let classes = Classes::of_numbers(blocks.iter().flat_map(|block| totals(block)).collect());
    let level = comparison.lattice.level_name(blocks[0].level);
    let _ = writeln!(html, "<h2>{}</h2>", say!(language, "Totals at {level}", "Summen auf {level}"));
    let palette = Palette::DEFAULT;
    let _ = write!(html, "<p class=\"key\">");
    let mut key = |color: &str, text: &str| {
        let _ = write!(html, "<span><i style=\"background:{color}\"></i>{text}</span>");
    };
    for class in &classes.0 {
        let [from, to] = [class.from, class.to].map(|n| grouped(n.unsigned_abs(), language));
        key(class.color, &if from == to { from } else { format!("{from}–{to}") });
    }
    key(palette.zero, "0");
    key(palette.suppressed, &say!(language, "withheld", "gesperrt"));
    html.push_str("</p>\n<div class=\"maps\">\n");
    for outcome in &comparison.outcomes {
        let _ = write!(html, "<figure><figcaption>{}</figcaption>", escaped(&outcome.name()));
        write_map(html, &outcome.map, &frame, &classes);
        html.push_str("</figure>\n");
    }
    html.push_str("</div>\n");
}

/// One path for each colour, a square for each cell.
fn write_map(html: &mut String, block: &Block, frame: &Frame, classes: &Classes) {
    let palette = Palette::DEFAULT;
    let mut colors: Vec<&str> = classes.0.iter().map(|class| class.color).collect();
    let (zero, withheld) = (colors.len(), colors.len() + 1);
    colors.extend([palette.zero, palette.suppressed]);
    let mut paths = vec![String::new(); colors.len()];
    for (at, &unit) in block.units.iter().enumerate() {
        let number = block.numbers(at)[0];
        let path = match (number.status(), number.value()) {
            (Status::Zero, _) => zero,
            (Status::Suppressed, _) => withheld,
            (Status::Value | Status::Uncertain, Some(number)) => classes.class_of(dense(number, side(unit, frame.side_m))),
            _ => continue,
        };
        if let Some((east, north)) = corner(unit, frame.side_m) {
            let side = side(unit, frame.side_m);
            // A joined cell begins at its north-west.
            let _ = write!(paths[path], "M{} {}h{side}v{side}h-{side}z", east - frame.west, frame.north - north + 1 - side);
        }
    }
    let longer = frame.width.max(frame.height);
    let px = |cells: i32| (cells * MAP_PX / longer).max(1);
    let (width, height) = (frame.width, frame.height);
    let _ = write!(
        html,
        "<svg role=\"img\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" shape-rendering=\"crispEdges\">",
        px(width),
        px(height)
    );
    for (path, color) in paths.iter().zip(&colors).filter(|(path, _)| !path.is_empty()) {
        let _ = write!(html, "<path fill=\"{color}\" d=\"{path}\"/>");
    }
    html.push_str("</svg>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
