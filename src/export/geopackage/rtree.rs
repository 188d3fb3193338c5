//! The spatial index of a feature table: extension `gpkg_rtree_index` (OGC 12-128r17, annex F.3).

use rayon::prelude::*;
use rusqlite::{Transaction, params};

use crate::export::geopackage::blob::Envelope;
use crate::export::geopackage::features::quoted;

/// Makes the index of `table`, fills it, and sets the triggers that keep it right when someone edits the file.
pub(super) fn write(transaction: &Transaction<'_>, table: &str, entries: Vec<Entry>) -> rusqlite::Result<()> {
    let index = quoted(&format!("rtree_{table}_geom"));
    transaction.execute_batch(&format!("CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)"))?;
    fill(transaction, table, entries)?;
    transaction.execute_batch(&triggers(table))?;
    transaction.execute(
        "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        params![table],
    )?;
    Ok(())
}

/// What a node holds for each of its children: the child's number, or in a leaf the feature's, and its box as minx, maxx, miny, maxy.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    id: i64,
    sides: [f32; 4],
}

impl Entry {
    /// The box grows to the next `f32` outwards, so that it never is too small.
    pub(super) fn new(id: i64, e: Envelope) -> Self {
        let below = |n: f64| if f64::from(n as f32) > n { (n as f32).next_down() } else { n as f32 };
        let above = |n: f64| if f64::from(n as f32) < n { (n as f32).next_up() } else { n as f32 };
        Self { id, sides: [below(e.min_x), above(e.max_x), below(e.min_y), above(e.max_y)] }
    }

    fn around(id: i64, children: &[Self]) -> Self {
        let grow = |a: [f32; 4], b: [f32; 4]| [a[0].min(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].max(b[3])];
        let sides = children.iter().map(|c| c.sides).reduce(grow).expect("a node has children");
        Self { id, sides }
    }
}

/// Fills an empty index by writing its nodes (<https://sqlite.org/rtree.html>, section 6): a tenth of the time of one insert after another,
/// and fuller nodes. Sort-Tile-Recursive (Leutenegger et al. 1997).
fn fill(transaction: &Transaction<'_>, table: &str, mut level: Vec<Entry>) -> rusqlite::Result<()> {
    let part = |part: &str| quoted(&format!("rtree_{table}_geom_{part}"));
    let (nodes, rowids, parents) = (part("node"), part("rowid"), part("parent"));
    // SQLite made the empty root and with it chose the size of a node. It keeps at most 51 entries in one.
    let root = format!("SELECT length(data) FROM {nodes} WHERE nodeno = 1");
    let node_bytes = transaction.query_row(&root, [], |row| row.get::<_, u32>(0))? as usize;
    let capacity = ((node_bytes - 4) / 24).min(51);
    let mut insert_node = transaction.prepare(&format!("INSERT OR REPLACE INTO {nodes} VALUES (?1, ?2)"))?;
    let mut next = 2_i64;
    for depth in 0_u16.. {
        let is_root = level.len() <= capacity;
        if !is_root {
            tile(&mut level, capacity);
        }
        let mut above = Vec::with_capacity(level.len() / capacity + 1);
        let mut links: Vec<(i64, i64)> = Vec::with_capacity(level.len());
        for children in level.chunks(capacity) {
            let number = if is_root { 1 } else { next };
            next += i64::from(!is_root);
            // Only the root says how deep the tree is.
            insert_node.execute(params![number, node(if is_root { depth } else { 0 }, children, node_bytes)])?;
            links.extend(children.iter().map(|child| (child.id, number)));
            above.push(Entry::around(number, children));
        }
        links.par_sort_unstable();
        let table = if depth == 0 { &rowids } else { &parents };
        let mut insert_link = transaction.prepare(&format!("INSERT INTO {table} VALUES (?1, ?2)"))?;
        for (child, number) in links {
            insert_link.execute([child, number])?;
        }
        if is_root {
            break;
        }
        level = above;
    }
    Ok(())
}

/// Orders entries so that every `capacity` in a row lie close together: vertical strips, each from south to north.
fn tile(entries: &mut [Entry], capacity: usize) {
    let nodes = entries.len().div_ceil(capacity);
    let strip = (nodes as f64).sqrt().ceil() as usize * capacity;
    let middle = |e: &Entry, axis: usize| e.sides[axis] + e.sides[axis + 1];
    let by = |axis: usize| move |a: &Entry, b: &Entry| middle(a, axis).total_cmp(&middle(b, axis)).then(a.id.cmp(&b.id));
    entries.par_sort_unstable_by(by(0));
    entries.par_chunks_mut(strip).for_each(|strip| strip.sort_unstable_by(by(2)));
}

/// A node as SQLite keeps it: depth, number of entries, entries; big-endian, filled up with zeros.
fn node(depth: u16, entries: &[Entry], node_bytes: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(node_bytes);
    bytes.extend(depth.to_be_bytes());
    bytes.extend(u16::try_from(entries.len()).expect("a node has at most 51 entries").to_be_bytes());
    for entry in entries {
        bytes.extend(entry.id.to_be_bytes());
        bytes.extend(entry.sides.iter().flat_map(|side| side.to_be_bytes()));
    }
    bytes.resize(node_bytes, 0);
    bytes
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
