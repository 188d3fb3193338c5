//! QML, the style of QGIS: rules with symbols, names of areas, aliases, a map tip. Read by QGIS from 3.22 on.

use std::fmt::Write;

use crate::confidential::Level;
use crate::export::about;
use crate::export::style::filter::quoted;
use crate::export::style::rule::{Look, Rule};
use crate::export::style::{Subject, filled, rules, xml};
use crate::layer::{Layer, Palette, rgb};
use crate::say;

/// A style as a file or as `layer_styles` has it.
pub(in crate::export) fn qml(subject: &Subject<'_>) -> String {
    let labelled = if named(subject.layer) { "1" } else { "0" };
    filled(include_str!("../../../styles/layer.qml"), &[("labelled", labelled), ("body", &qml_body(subject, false))])
}

/// What is inside the outermost element, which a project has inside a layer. Of areas only outline and name, if told so.
pub(in crate::export) fn qml_body(subject: &Subject<'_>, outline: bool) -> String {
    let (mut rows, mut symbols) = (String::new(), String::new());
    if outline {
        let color = color(Palette::DEFAULT.outline, 1.0);
        rows.push_str("<rule key=\"{kleinraum-0}\" symbol=\"0\"/>\n");
        let layer = simple_fill("255,255,255,0", "no", (&color, "solid", "0.3"));
        let _ = writeln!(
            symbols,
            "<symbol type=\"fill\" name=\"0\" alpha=\"1\" clip_to_extent=\"1\" force_rhr=\"0\">{layer}</symbol>"
        );
    } else {
        // Areas have their outline; between cells there is none, and each is a hair wider than it is, or the ground would shine through.
        let cells = matches!(subject.layer.level, Level::Grid(_));
        for (i, rule) in rules(subject).iter().enumerate() {
            let Rule { label, filter, .. } = rule;
            let (label, filter) = (xml(label), xml(&filter.to_qgis()));
            let _ = writeln!(rows, "<rule key=\"{{kleinraum-{i}}}\" symbol=\"{i}\" label=\"{label}\" filter=\"{filter}\"/>");
            let alpha = if let Look::Veil(_, opacity) = rule.look { opacity } else { 1.0 };
            let _ = writeln!(
                symbols,
                "<symbol type=\"fill\" name=\"{i}\" alpha=\"{alpha}\" clip_to_extent=\"1\" force_rhr=\"0\">{}</symbol>",
                symbol_layers(rule.look, cells, i)
            );
        }
    }
    let labeling = match named(subject.layer) {
        true => filled(
            include_str!("../../../styles/labeling.qml"),
            &[("text", &parts(Palette::DEFAULT.label)), ("halo", &parts(Palette::DEFAULT.background))],
        ),
        false => String::new(),
    };
    let mut aliases = String::new();
    for (name, alias) in about::aliases(subject.layer, subject.options.language) {
        let _ = writeln!(aliases, "<alias field=\"{}\" name=\"{}\" index=\"-1\"/>", xml(&name), xml(&alias));
    }
    let preview = quoted(if named(subject.layer) { "label" } else { "id" });
    filled(
        include_str!("../../../styles/body.qml"),
        &[
            ("rules", &rows),
            ("symbols", &symbols),
            ("labeling", &labeling),
            ("aliases", &aliases),
            ("preview", &xml(&preview)),
            ("tip", &xml(&tip(subject))),
        ],
    )
}

fn named(layer: &Layer<'_>) -> bool {
    matches!(layer.level, Level::Areas(_))
}

/// What QGIS shows under the mouse: place, number or why there is none.
fn tip(subject: &Subject<'_>) -> String {
    let language = subject.options.language;
    let place = quoted(if named(subject.layer) { "label" } else { "id" });
    let withheld = say!(language, "withheld", "geheim gehalten");
    let nothing = say!(language, "no data", "keine Daten");
    let line = |(column, label): (usize, String)| {
        let field = &subject.layer.fields[column];
        let (number, status, label) = (quoted(&field.name), quoted(&field.status_name), xml(&label));
        let why = format!("CASE WHEN {status} = 'suppressed' THEN '{withheld}' ELSE '{nothing}' END");
        format!("<br>{label}: [% coalesce(to_string({number}), {why}) %]")
    };
    let lines: String = match subject.pair {
        None => line((subject.column, subject.title())),
        Some(pair) => {
            let label = |column: usize| about::label(&subject.layer.fields[column], language);
            pair.columns.map(|column| line((column, label(column)))).concat()
        }
    };
    format!("<b>[% {place} %]</b>{lines}")
}

fn symbol_layers(look: Look, cells: bool, name: usize) -> String {
    let fill = |fill: &str, opacity: f64| {
        let fill = color(fill, opacity);
        match cells {
            true => simple_fill(&fill, "solid", (&fill, "solid", "0.26")),
            false => simple_fill(&fill, "solid", (&color(Palette::DEFAULT.outline, 1.0), "solid", "0.15")),
        }
    };
    match look {
        Look::Fill(of) => fill(of, 1.0),
        Look::Veil(of, _) => simple_fill(&color(of, 1.0), "solid", ("0,0,0,0", "no", "0")),
        Look::Blank => simple_fill("0,0,0,0", "no", ("0,0,0,0", "no", "0")),
        Look::Hatched(ground, lines) => {
            let line = option_map(&[
                ("line_color", &color(lines, 1.0)),
                ("line_style", "solid"),
                ("line_width", "0.15"),
                ("line_width_unit", "MM"),
            ]);
            let pattern = option_map(&[("angle", "45"), ("distance", "1.1"), ("distance_unit", "MM")]);
            format!(
                "{}<layer class=\"LinePatternFill\" enabled=\"1\" locked=\"0\" pass=\"0\">{pattern}\
                 <symbol type=\"line\" name=\"@{name}@1\" alpha=\"1\" clip_to_extent=\"1\" force_rhr=\"0\">\
                 <layer class=\"SimpleLine\" enabled=\"1\" locked=\"0\" pass=\"0\">{line}</layer></symbol></layer>",
                fill(ground, 1.0)
            )
        }
    }
}

/// Colour and style of the inside; colour, style and width (mm) of the outline.
fn simple_fill(color: &str, style: &str, (outline, outline_style, width_mm): (&str, &str, &str)) -> String {
    let options = option_map(&[
        ("color", color),
        ("style", style),
        ("outline_color", outline),
        ("outline_style", outline_style),
        ("outline_width", width_mm),
        ("outline_width_unit", "MM"),
        ("joinstyle", "miter"),
    ]);
    format!("<layer class=\"SimpleFill\" enabled=\"1\" locked=\"0\" pass=\"0\">{options}</layer>")
}

fn option_map(options: &[(&str, &str)]) -> String {
    let option = |(name, value): &(&str, &str)| format!("<Option type=\"QString\" name=\"{name}\" value=\"{value}\"/>");
    format!("<Option type=\"Map\">{}</Option>", options.iter().map(option).collect::<String>())
}

fn color(color: &str, opacity: f64) -> String {
    format!("{},{}", parts(color), (opacity * 255.0).round())
}

/// `r,g,b`.
fn parts(color: &str) -> String {
    let [r, g, b] = rgb(color);
    format!("{r},{g},{b}")
}
