//! What can be wrong with a bundle, in words. Where it is wrong is said by the finding; no value is ever told.

use crate::error::Language;

macro_rules! problems {
    ($($name:ident: $english:literal, $german:literal;)*) => {
        /// What is wrong at one place of a bundle.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Problem {
            $(#[doc = $english] $name,)*
        }

        impl Problem {
            /// What is wrong, what was expected; lower case, no full stop, without any value.
            pub fn explain(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::English) => $english, (Self::$name, Language::German) => $german,)*
                }
            }
        }
    };
}

problems! {
    FileMissing: "the file is missing", "die Datei fehlt";
    FileUnreadable: "the file cannot be read", "die Datei ist nicht lesbar";
    HashDiffers: "the file is not the one whose hash run.json names", "die Datei ist nicht die, deren Prüfsumme run.json nennt";
    NotListed: "run.json names no hash for this file", "run.json nennt keine Prüfsumme für diese Datei";
    LayerMissing: "a layer that run.json names is missing", "eine Ebene, die run.json nennt, fehlt";
    LayerUnknown: "a layer that run.json does not name", "eine Ebene, die run.json nicht nennt";

    ReleaseUnreadable: "no readable Parquet file", "keine lesbare Parquet-Datei";
    ReleaseSchema: "columns are not date, level, id, table, group, value (int64), status and, with joined cells, size_m (int64)",
        "die Spalten sind nicht date, level, id, table, group, value (int64), status und bei verbundenen Zellen size_m (int64)";
    ReleaseNull: "an empty field where only date and value may be empty", "ein leeres Feld, wo nur date und value leer sein dürfen";
    ReleaseStatus: "status is none of value, zero, suppressed, uncertain, none",
        "status ist keines von value, zero, suppressed, uncertain, none";
    ReleaseNumber: "value and status contradict each other", "value und status widersprechen sich";
    ReleaseCell: "id is no cell code of this level", "id ist kein Zellcode dieser Ebene";
    ReleaseLayer: "level and date belong to no layer that run.json names", "level und date gehören zu keiner Ebene, die run.json nennt";
    ReleaseColumn: "table and group belong to no field that run.json names", "table und group gehören zu keinem Feld, das run.json nennt";
    CellsOverlap: "a cell lies in a larger cell of the same layer", "eine Zelle liegt in einer größeren Zelle derselben Ebene";
    SizeWrong: "size_m is not the side of the cell", "size_m ist nicht die Seite der Zelle";
    ReleaseTwice: "the same unit, table and group a second time", "dieselbe Einheit, Tabelle und Gruppe ein zweites Mal";
    ReleaseGap: "a unit lacks a table and group that others have", "einer Einheit fehlt eine Tabelle und Gruppe, die andere haben";

    PmHeader: "no PMTiles version 3 header", "kein Kopf von PMTiles Version 3";
    PmSections: "sections overlap, leave gaps or do not end with the file", "Abschnitte überlappen, lassen Lücken oder enden nicht mit der Datei";
    PmRootTooFar: "header and root directory do not fit into the first 16384 bytes",
        "Kopf und Wurzelverzeichnis passen nicht in die ersten 16384 Bytes";
    PmCompression: "a compression other than gzip, or a tile type other than MVT",
        "eine andere Kompression als gzip oder eine andere Kachelart als MVT";
    PmDirectory: "a directory that cannot be read", "ein Verzeichnis, das nicht lesbar ist";
    PmDepth: "a leaf directory inside a leaf directory", "ein Blattverzeichnis in einem Blattverzeichnis";
    PmOrder: "tile ids do not ascend, or runs overlap", "Kachelnummern steigen nicht, oder Läufe überlappen";
    PmLength: "an entry of length zero or outside its section", "ein Eintrag der Länge null oder außerhalb seines Abschnitts";
    PmClustered: "the archive calls itself clustered but tiles are not in order", "das Archiv nennt sich geordnet, die Kacheln sind es nicht";
    PmUnused: "bytes in the tile section that no entry names", "Bytes im Kachelabschnitt, die kein Eintrag nennt";
    PmCounts: "counts of tiles, entries or contents in the header are wrong", "Anzahlen von Kacheln, Einträgen oder Inhalten im Kopf sind falsch";
    PmZooms: "smallest or largest zoom in the header are not those of the tiles", "kleinste oder größte Zoomstufe im Kopf ist nicht die der Kacheln";
    PmBounds: "bounds or centre in the header are empty, outside the world or do not touch a tile",
        "Ausdehnung oder Mitte im Kopf ist leer, außerhalb der Welt oder berührt eine Kachel nicht";
    PmMetadata: "metadata is no JSON object", "die Metadaten sind kein JSON-Objekt";

    MbTable: "a table of MBTiles 1.3 is missing or has other columns", "eine Tabelle von MBTiles 1.3 fehlt oder hat andere Spalten";
    MbIndex: "tiles have no unique index", "die Kacheln haben keinen eindeutigen Index";
    MbName: "metadata lacks a name", "in den Metadaten fehlt der Name";
    MbFormat: "the format is not pbf", "das Format ist nicht pbf";
    MbZooms: "minzoom and maxzoom are not those of the tiles", "minzoom und maxzoom sind nicht die der Kacheln";
    MbBounds: "bounds or center is missing or outside the world", "bounds oder center fehlt oder liegt außerhalb der Welt";
    MbRow: "row or column lies outside the zoom", "Zeile oder Spalte liegt außerhalb der Zoomstufe";
    DatabaseDamaged: "the database is damaged", "die Datenbank ist beschädigt";

    DirName: "a file that is no tile of the form z/x/y.pbf", "eine Datei, die keine Kachel der Form z/x/y.pbf ist";
    TileCompressed: "the tile is compressed, but a directory holds plain tiles", "die Kachel ist komprimiert, ein Ordner enthält aber rohe Kacheln";
    TileGzip: "the tile is no complete gzip", "die Kachel ist kein vollständiges gzip";
    TileDiffers: "the tile differs from the same tile of the other archives", "die Kachel weicht von derselben Kachel der anderen Archive ab";
    TileMissing: "a tile that the other archives have is missing", "eine Kachel, die die anderen Archive haben, fehlt";
    TileExtra: "a tile that the other archives do not have", "eine Kachel, die die anderen Archive nicht haben";

    VectorLayers: "vector_layers do not name exactly the layers and attributes of run.json",
        "vector_layers nennt nicht genau die Ebenen und Attribute von run.json";
    VectorLayerZooms: "zooms of a layer in vector_layers are not those of run.json", "Zoomstufen einer Ebene in vector_layers sind nicht die von run.json";
    TileJsonForm: "not a TileJSON 3 document with tiles and vector_layers", "kein TileJSON-3-Dokument mit tiles und vector_layers";
    TileJsonZooms: "zooms are not those of the tiles", "die Zoomstufen sind nicht die der Kacheln";
    TileJsonBounds: "bounds are no rectangle of degrees", "bounds ist kein Rechteck in Grad";

    TileEmpty: "the tile is empty", "die Kachel ist leer";
    TileVarint: "a number that does not end", "eine Zahl, die nicht endet";
    TileTruncated: "a part reaches beyond the end of the tile", "ein Teil reicht über das Ende der Kachel hinaus";
    TileUnknownField: "a field that the specification does not know at this place, or a second one",
        "ein Feld, das die Spezifikation an dieser Stelle nicht kennt, oder ein zweites";
    TileVersion: "the layer's version is not 2", "die Version der Ebene ist nicht 2";
    TileLayerName: "the layer has no name", "die Ebene hat keinen Namen";
    TileLayerTwice: "two layers have the same name", "zwei Ebenen haben denselben Namen";
    TileLayerEmpty: "the layer has no feature", "die Ebene hat kein Objekt";
    TileLayerZoom: "the layer is not meant for this zoom", "die Ebene ist nicht für diese Zoomstufe bestimmt";
    TileExtent: "the layer has no extent, or not 4096", "die Ebene hat keine Ausdehnung (extent) oder nicht 4096";
    TileText: "a text that is not UTF-8", "ein Text, der nicht UTF-8 ist";
    TileKeyTwice: "an attribute name stands twice in the layer's list", "ein Attributname steht zweimal in der Liste der Ebene";
    TileValueTwice: "a value stands twice in the layer's list", "ein Wert steht zweimal in der Liste der Ebene";
    TileValue: "a value with no or several contents", "ein Wert ohne Inhalt oder mit mehreren";
    TileIdMissing: "the feature has no id", "das Objekt hat keine Nummer";
    TileIdTwice: "two features of the layer have the same id", "zwei Objekte der Ebene haben dieselbe Nummer";
    TileIdTooLarge: "the id is not below 2^53", "die Nummer liegt nicht unter 2^53";
    TileTagsOdd: "a tag without a value", "ein Attribut ohne Wert";
    TileTagRange: "a tag points outside the layer's lists", "ein Attribut zeigt aus den Listen der Ebene hinaus";
    TileTagTwice: "the feature has an attribute twice", "das Objekt hat ein Attribut zweimal";
    TileNoPolygon: "the feature is no polygon", "das Objekt ist kein Polygon";
    TileGeometryEmpty: "the feature has no geometry", "das Objekt hat keine Geometrie";
    TileCommand: "a drawing command that is wrong at this place", "ein Zeichenbefehl, der an dieser Stelle falsch ist";
    TileCoordinateRange: "a coordinate beyond all bounds", "eine Koordinate jenseits aller Grenzen";
    TileLineZero: "a line of length zero", "eine Linie der Länge null";
    TileRingOpen: "a ring that is not closed", "ein Ring, der nicht geschlossen ist";
    TileRingRepeatsStart: "a ring that repeats its first point", "ein Ring, der seinen ersten Punkt wiederholt";
    TileRingFlat: "a ring without area", "ein Ring ohne Fläche";
    TileRingOrder: "a hole before its exterior ring, or a ring that runs the wrong way round",
        "ein Loch vor seinem äußeren Ring oder ein Ring mit falschem Umlaufsinn";

    UnitUnknown: "a unit that release.parquet does not have in this layer", "eine Einheit, die release.parquet in dieser Ebene nicht hat";
    UnitMissing: "a unit of release.parquet is missing", "eine Einheit von release.parquet fehlt";
    UnitTwice: "the same unit twice", "dieselbe Einheit zweimal";
    UnitIds: "feature id and id of the unit do not belong together", "Objektnummer und Kennung der Einheit gehören nicht zusammen";
    AttributeUnknown: "an attribute that run.json does not name", "ein Attribut, das run.json nicht nennt";
    AttributeMissing: "an attribute that run.json names is missing", "ein Attribut, das run.json nennt, fehlt";
    NumberMissing: "a published number is missing", "eine veröffentlichte Zahl fehlt";
    NumberDiffers: "a number differs from release.parquet", "eine Zahl weicht von release.parquet ab";
    NumberType: "an attribute for numbers holds something else", "ein Attribut für Zahlen enthält etwas anderes";
    NumberWithheld: "a number stands where release.parquet publishes none", "eine Zahl steht, wo release.parquet keine veröffentlicht";
    StatusMissing: "the status is missing", "der Status fehlt";
    StatusDiffers: "the status differs from release.parquet", "der Status weicht von release.parquet ab";

    LabelForm: "no single point in its tile with level, id and label of an area",
        "kein einzelner Punkt in seiner Kachel mit level, id und label eines Gebiets";
    LabelOutside: "the point for a name does not lie in its area", "der Punkt für einen Namen liegt nicht in seinem Gebiet";
    LabelMoves: "the point for a name lies elsewhere at another zoom", "der Punkt für einen Namen liegt in einer anderen Zoomstufe anderswo";
    LabelMissing: "an area has no point for its name", "einem Gebiet fehlt der Punkt für seinen Namen";

    StyleForm: "no readable style or legend, or one whose parts do not fit each other",
        "kein lesbarer Stil, keine lesbare Legende, oder deren Teile passen nicht zueinander";
    StyleLayer: "the style draws a layer that the tiles do not have", "der Stil zeichnet eine Ebene, die die Kacheln nicht haben";
    StyleColor: "a class has another colour or other bounds than in legend.json", "eine Klasse hat andere Farbe oder Grenzen als in legend.json";

    CellInTileMissing: "the cell reaches into this tile but is not in it", "die Zelle reicht in diese Kachel, ist aber nicht darin";
    CornersDiffer: "neighbouring cells draw their common corner at different places",
        "benachbarte Zellen zeichnen ihre gemeinsame Ecke an verschiedenen Stellen";
    EdgesDiffer: "neighbouring cells draw their common edge differently", "benachbarte Zellen zeichnen ihre gemeinsame Kante verschieden";
    CornerNotCarried: "a cell's edge lacks the corner of a smaller neighbour on it, so that a gap opens",
        "der Kante einer Zelle fehlt die Ecke eines kleineren Nachbarn auf ihr, sodass eine Lücke entsteht";
    CornerMisplaced: "a corner lies more than one unit from its place", "eine Ecke liegt mehr als eine Einheit neben ihrem Ort";
    CellRings: "a cell has several rings", "eine Zelle hat mehrere Ringe";

    GeoJsonForm: "no readable GeoJSON feature collection", "keine lesbare GeoJSON-Sammlung (FeatureCollection)";
    GeoJsonGeometry: "the geometry is no polygon with closed rings in degrees, exterior rings counter-clockwise",
        "die Geometrie ist kein Polygon mit geschlossenen Ringen in Grad, äußere gegen den Uhrzeigersinn";
    PackageForm: "the GeoPackage lacks its application id or a table that must be there",
        "dem GeoPackage fehlt die Anwendungskennung oder eine Tabelle, die da sein muss";
    PackageContents: "the layer is not registered as a feature table with geometry and reference system",
        "die Ebene ist nicht als Objekttabelle mit Geometrie und Bezugssystem eingetragen";
    PackageGeometry: "a geometry is no GeoPackage polygon, or in another reference system than its layer",
        "eine Geometrie ist kein GeoPackage-Polygon oder in einem anderen Bezugssystem als ihre Ebene";
    GeoParquetForm: "no GeoParquet 1.1 file in longitude and latitude with boxes", "keine GeoParquet-1.1-Datei in Länge und Breite mit Rahmen";
    GeoParquetGeometry: "the geometry is no sound polygon, or its box is another's",
        "die Geometrie ist kein fehlerfreies Polygon, oder ihr Rahmen ist ein anderer";
    FlatGeobufForm: "no readable FlatGeobuf file of polygons in WGS 84 with an index",
        "keine lesbare FlatGeobuf-Datei aus Polygonen in WGS 84 mit Index";
    CsvForm: "no readable table: unequal numbers of fields, or not UTF-8", "keine lesbare Tabelle: ungleiche Feldzahl oder nicht UTF-8";
}
