//! The spatial index of a feature table: extension `gpkg_rtree_index` (OGC 12-128r17, annex F.3).

use rusqlite::{Transaction, params};

use crate::export::geopackage::blob::Envelope;
use crate::export::geopackage::features::quoted;

/// Makes the index of `table`, fills it, and sets the triggers that keep it right when someone edits the file.
pub(super) fn write(transaction: &Transaction<'_>, table: &str, boxes: &[(i64, Envelope)]) -> rusqlite::Result<()> {
    let index = quoted(&format!("rtree_{table}_geom"));
    transaction.execute_batch(&format!("CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)"))?;
    let mut insert = transaction.prepare(&format!("INSERT INTO {index} VALUES (?1, ?2, ?3, ?4, ?5)"))?;
    for (fid, e) in boxes {
        insert.execute(params![fid, e.min_x, e.max_x, e.min_y, e.max_y])?;
    }
    drop(insert);
    transaction.execute_batch(&triggers(table))?;
    transaction.execute(
        "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        params![table],
    )?;
    Ok(())
}

/// The triggers of the annex, word for word, with the names filled in.
fn triggers(table: &str) -> String {
    let name = |kind: &str| quoted(&format!("rtree_{table}_geom_{kind}"));
    let index = quoted(&format!("rtree_{table}_geom"));
    let table = quoted(table);
    let values = "NEW.\"fid\", ST_MinX(NEW.\"geom\"), ST_MaxX(NEW.\"geom\"), ST_MinY(NEW.\"geom\"), ST_MaxY(NEW.\"geom\")";
    let full = "(NEW.\"geom\" NOTNULL AND NOT ST_IsEmpty(NEW.\"geom\"))";
    let empty = "(NEW.\"geom\" ISNULL OR ST_IsEmpty(NEW.\"geom\"))";
    let (insert, delete) = (name("insert"), name("delete"));
    let (update1, update2, update3, update4) = (name("update1"), name("update2"), name("update3"), name("update4"));
    format!(
        "CREATE TRIGGER {insert} AFTER INSERT ON {table} WHEN {full} BEGIN \
           INSERT OR REPLACE INTO {index} VALUES ({values}); END;\n\
         CREATE TRIGGER {update1} AFTER UPDATE OF \"geom\" ON {table} WHEN OLD.\"fid\" = NEW.\"fid\" AND {full} BEGIN \
           INSERT OR REPLACE INTO {index} VALUES ({values}); END;\n\
         CREATE TRIGGER {update2} AFTER UPDATE OF \"geom\" ON {table} WHEN OLD.\"fid\" = NEW.\"fid\" AND {empty} BEGIN \
           DELETE FROM {index} WHERE id = OLD.\"fid\"; END;\n\
         CREATE TRIGGER {update3} AFTER UPDATE ON {table} WHEN OLD.\"fid\" != NEW.\"fid\" AND {full} BEGIN \
           DELETE FROM {index} WHERE id = OLD.\"fid\"; INSERT OR REPLACE INTO {index} VALUES ({values}); END;\n\
         CREATE TRIGGER {update4} AFTER UPDATE ON {table} WHEN OLD.\"fid\" != NEW.\"fid\" AND {empty} BEGIN \
           DELETE FROM {index} WHERE id IN (OLD.\"fid\", NEW.\"fid\"); END;\n\
         CREATE TRIGGER {delete} AFTER DELETE ON {table} WHEN OLD.\"geom\" NOT NULL BEGIN \
           DELETE FROM {index} WHERE id = OLD.\"fid\"; END;"
    )
}
