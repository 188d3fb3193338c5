//! SLD 1.1 with Symbology Encoding, for GeoServer and other servers.

use std::fmt::Write;

use crate::export::style::rule::{Look, Rule};
use crate::export::style::{Subject, filled, rules, xml};

pub(in crate::export) fn sld(subject: &Subject<'_>) -> String {
    let mut text = String::new();
    for Rule { name, label, look, filter } in rules(subject) {
        // What has no look needs no rule: no data stays blank.
        if look != Look::Blank {
            let (label, filter) = (xml(&label), filter.to_ogc());
            let _ = write!(
                text,
                "<se:Rule><se:Name>{name}</se:Name><se:Description><se:Title>{label}</se:Title></se:Description><ogc:Filter>{filter}</ogc:Filter>"
            );
            text.push_str(&symbolizers(look));
            text.push_str("</se:Rule>\n");
        }
    }
    let (layer, name) = (xml(&subject.layer.name), xml(&subject.title()));
    filled(include_str!("../../../styles/layer.sld"), &[("layer", &layer), ("name", &name), ("rules", &text)])
}

fn symbolizers(look: Look) -> String {
    let fill = |color: &str, opacity: f64| {
        let opacity = if opacity < 1.0 {
            format!("<se:SvgParameter name=\"fill-opacity\">{opacity}</se:SvgParameter>")
        } else {
            String::new()
        };
        format!(
            "<se:PolygonSymbolizer><se:Fill><se:SvgParameter name=\"fill\">{color}</se:SvgParameter>{opacity}</se:Fill></se:PolygonSymbolizer>"
        )
    };
    match look {
        Look::Blank => String::new(),
        Look::Fill(color) => fill(color, 1.0),
        Look::Veil(color, opacity) => fill(color, opacity),
        // `shape://slash` is what GeoServer and QGIS call a diagonal line.
        Look::Hatched(ground, lines) => format!(
            "{}<se:PolygonSymbolizer><se:Fill><se:GraphicFill><se:Graphic><se:Mark><se:WellKnownName>shape://slash</se:WellKnownName>\
             <se:Stroke><se:SvgParameter name=\"stroke\">{lines}</se:SvgParameter><se:SvgParameter name=\"stroke-width\">0.5</se:SvgParameter>\
             </se:Stroke></se:Mark><se:Size>4</se:Size></se:Graphic></se:GraphicFill></se:Fill></se:PolygonSymbolizer>",
            fill(ground, 1.0)
        ),
    }
}
