//! What a data portal wants to know: `datapackage.json` (Frictionless) with the columns of every table, and `catalog.jsonld` (DCAT-AP.de 2.0).

use serde_json::{Value, json};

use crate::confidential::{Level, Release, Status};
use crate::error::Language;
use crate::export::{ExportOptions, about};
use crate::layer::{Layer, layers};

/// A file of the bundle that is worth fetching.
struct Resource {
    path: String,
    format: &'static str,
    media_type: &'static str,
    title: String,
}

fn resources(release: &Release, options: &ExportOptions, formats: &[&str]) -> Vec<Resource> {
    let mut found = Vec::new();
    let mut add = |path: String, format, media_type, title: &str| {
        found.push(Resource { path, format, media_type, title: title.to_owned() })
    };
    add("release.parquet".to_owned(), "PARQUET", "application/vnd.apache.parquet", "all numbers in long form");
    let whole = [
        ("gpkg", format!("{}.gpkg", options.stem), "GPKG", "application/geopackage+sqlite3"),
        ("pmtiles", "tiles.pmtiles".to_owned(), "PMTILES", "application/vnd.pmtiles"),
        ("mbtiles", "tiles.mbtiles".to_owned(), "MBTILES", "application/vnd.mapbox-vector-tile"),
    ];
    for (_, path, format, media_type) in whole.into_iter().filter(|(format, ..)| formats.contains(format)) {
        add(path, format, media_type, &options.title);
    }
    for layer in layers(release) {
        let name = &layer.name;
        let each = [
            ("geojson", format!("geojson/{name}.geojson"), "GEOJSON", "application/geo+json"),
            ("geojsonl", format!("geojsonl/{name}.geojsonl"), "GEOJSON", "application/geo+json-seq"),
            ("geoparquet", format!("geoparquet/{name}.parquet"), "PARQUET", "application/vnd.apache.parquet"),
            ("flatgeobuf", format!("flatgeobuf/{name}.fgb"), "FLATGEOBUF", "application/flatgeobuf"),
            ("csv", format!("csv/{name}.csv"), "CSV", "text/csv"),
        ];
        for (_, path, format, media_type) in each.into_iter().filter(|(format, ..)| formats.contains(format)) {
            add(path, format, media_type, name);
        }
    }
    found
}

/// `datapackage.json`: tables with their columns, other files by name.
pub(super) fn datapackage(release: &Release, options: &ExportOptions, formats: &[&str]) -> Value {
    let name = |path: &str| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        path.chars().map(plain).collect::<String>()
    };
    let mut all: Vec<Value> = Vec::new();
    let layers = layers(release);
    for resource in resources(release, options, formats) {
        let mut told = json!({
            "name": name(&resource.path),
            "path": resource.path,
            "title": resource.title,
            "format": resource.format.to_ascii_lowercase(),
            "mediatype": resource.media_type,
        });
        let layer = layers.iter().find(|layer| resource.format == "CSV" && layer.name == resource.title);
        if let Some(layer) = layer {
            told["profile"] = "tabular-data-resource".into();
            told["encoding"] = "utf-8".into();
            told["schema"] = schema(release, options, layer);
        }
        all.push(told);
        if let Some(layer) = layer {
            let path = format!("csv/{}_excel.csv", layer.name);
            all.push(json!({
                "name": name(&path),
                "path": path,
                "title": layer.name,
                "format": "csv",
                "mediatype": "text/csv",
                "profile": "tabular-data-resource",
                "encoding": "utf-8-sig",
                "dialect": { "delimiter": ";", "lineTerminator": "\r\n" },
                "schema": schema(release, options, layer),
            }));
        }
    }
    let mut package = json!({
        "profile": "data-package",
        "name": name(&options.stem),
        "title": options.title,
        "description": about::protection_line(release),
        "sources": [{ "title": options.attribution }],
        "resources": all,
    });
    if let Some(licence) = &options.licence {
        package["licenses"] = json!([{ "name": licence, "path": licence_address(licence) }]);
    }
    package
}

fn schema(release: &Release, options: &ExportOptions, layer: &Layer<'_>) -> Value {
    let column = |(name, alias): (String, String)| {
        let field = layer.fields.iter().find(|field| field.name == name);
        let is_status = layer.fields.iter().any(|field| field.status_name == name);
        let mut told = json!({ "name": name, "title": alias, "type": if field.is_some() || name == "size_m" { "integer" } else { "string" } });
        if let Some(field) = field {
            told["description"] = about::definition(release, options, (layer, field)).into();
        }
        if is_status {
            told["constraints"] = json!({ "required": true, "enum": Status::ALL.map(Status::name) });
        }
        told
    };
    let columns: Vec<Value> = about::aliases(layer, options.language).into_iter().map(column).collect();
    json!({ "fields": columns, "missingValues": [""], "primaryKey": "id" })
}

/// `catalog.jsonld`. Who contributes and where the files will stand nobody has told the program: addresses are relative, and what is missing is to be
/// filled in by whoever publishes.
pub(super) fn dcat(release: &Release, options: &ExportOptions, formats: &[&str]) -> Value {
    let language = match options.language {
        Language::English => "en",
        Language::German => "de",
    };
    let text = |text: &str| json!({ "@language": language, "@value": text });
    let licence = options.licence.as_deref().map(|licence| json!({ "@id": licence_address(licence) }));
    let distribution = |resource: Resource| {
        let mut told = json!({
            "@id": format!("#{}", resource.path),
            "@type": "dcat:Distribution",
            "dct:title": text(&resource.path),
            "dcat:accessURL": { "@id": resource.path },
            "dcat:downloadURL": { "@id": resource.path },
            "dcat:mediaType": { "@id": format!("https://www.iana.org/assignments/media-types/{}", resource.media_type) },
            "dct:format": { "@id": format!("http://publications.europa.eu/resource/authority/file-type/{}", resource.format) },
        });
        if let Some(licence) = &licence {
            told["dct:license"] = licence.clone();
            told["dcatde:licenseAttributionByText"] = text(&options.attribution);
        }
        told
    };
    let lattice = &release.lattice;
    let dates: Vec<&str> = lattice.dates.iter().flatten().map(String::as_str).collect();
    let mut dataset = json!({
        "@id": "#dataset",
        "@type": "dcat:Dataset",
        "dct:title": text(&options.title),
        "dct:description": text(&format!("{}; {}", options.attribution, about::protection_line(release))),
        "dct:identifier": options.stem,
        "dct:publisher": { "@type": "foaf:Organization", "foaf:name": options.attribution },
        "dcat:theme": { "@id": "http://publications.europa.eu/resource/authority/data-theme/SOCI" },
        "dcat:keyword": lattice.levels().into_iter().map(|level| text(&lattice.level_name(level))).collect::<Value>(),
        "dct:conformsTo": { "@id": "http://www.opengis.net/def/crs/EPSG/0/3035" },
        "dcat:spatialResolutionInMeters": { "@type": "xsd:decimal", "@value": lattice.sizes.finest().metres().to_string() },
        "dcat:distribution": resources(release, options, formats).into_iter().map(distribution).collect::<Value>(),
    });
    if let (Some(first), Some(last)) = (dates.first(), dates.last()) {
        let day = |day: &str| json!({ "@type": "xsd:date", "@value": day });
        dataset["dct:temporal"] = json!({ "@type": "dct:PeriodOfTime", "dcat:startDate": day(first), "dcat:endDate": day(last) });
    }
    if lattice.levels().iter().any(|level| matches!(level, Level::Areas(_))) {
        dataset["dcatde:politicalGeocodingLevelURI"] =
            json!({ "@id": "http://dcat-ap.de/def/politicalGeocoding/Level/municipality" });
    }
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "dcatde": "http://dcat-ap.de/def/dcatde/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@graph": [dataset],
    })
}

/// The address of a licence: of those that public offices in Germany use, by their short name; others are taken for an address.
fn licence_address(licence: &str) -> String {
    let known = match licence.to_ascii_lowercase().as_str() {
        "dl-de/by-2-0" | "dl-de-by-2.0" => "dl-by-de/2.0",
        "dl-de/zero-2-0" | "dl-de-zero-2.0" => "dl-zero-de/2.0",
        "cc-by-4.0" => "cc-by/4.0",
        "cc-by-sa-4.0" => "cc-by-sa/4.0",
        "cc0-1.0" => "cc-zero/1.0",
        _ => return licence.to_owned(),
    };
    format!("http://dcat-ap.de/def/licenses/{known}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn licences_of_public_offices_have_an_address() {
        assert_eq!(super::licence_address("dl-de/by-2-0"), "http://dcat-ap.de/def/licenses/dl-by-de/2.0");
        assert_eq!(super::licence_address("https://example.org/own"), "https://example.org/own");
    }
}
