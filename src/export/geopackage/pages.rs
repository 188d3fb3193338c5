//! Rows of an empty table written as the pages of its b-tree, behind SQLite's back (<https://sqlite.org/fileformat2.html>, sections 1.3,
//! 1.6 and 2.1).
//!
//! Inserting is most of the time of a GeoPackage and runs on one thread. Rows that come in ascending order need no search: they are packed into
//! leaf pages on all threads, appended to the closed file in order, and the pages above them point to them. SQLite's own
//! `PRAGMA integrity_check` judges the result in the tests.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use crate::export::rows::write_rows;

/// The size of every page; `schema` sets it.
pub(super) const PAGE_BYTES: usize = 4096;
/// The longest record that lies in a leaf as a whole (`U − 35`).
pub(super) const LONGEST_RECORD: usize = PAGE_BYTES - 35;
/// The page that holds the byte at 1 GiB, by which SQLite locks files: it stays empty (section 1.4).
const LOCK_PAGE: u32 = (1 << 30) / PAGE_BYTES as u32 + 1;
const LEAF: u8 = 0x0d;
const INTERIOR: u8 = 0x05;
const LEAF_HEADER: usize = 8;
const INTERIOR_HEADER: usize = 12;
/// Children of an interior page: a pointer, a child and a key of at most nine bytes each.
const CHILDREN: usize = (PAGE_BYTES - INTERIOR_HEADER) / (2 + 4 + 9);

/// A database file that is closed and whole, to which pages are appended.
pub(super) struct Pages {
    file: File,
    /// Pages in the file so far; the first has number 1.
    count: u32,
}

impl Pages {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::options().read(true).write(true).open(path)?;
        let mut head = [0; 32];
        file.read_exact(&mut head)?;
        let bytes = file.seek(SeekFrom::End(0))?;
        let count = u32::from_be_bytes([head[28], head[29], head[30], head[31]]);
        if u16::from_be_bytes([head[16], head[17]]) as usize != PAGE_BYTES || u64::from(count) * PAGE_BYTES as u64 != bytes {
            return Err(io::Error::other("the database does not end with its last page"));
        }
        Ok(Self { file, count })
    }

    /// Fills the empty table whose root is page `root` with the rows `0..rows`. What `renderer` makes for each thread puts a row into a record
    /// and gives its rowid; these ascend, and no record is longer than [`LONGEST_RECORD`].
    pub(super) fn fill<R>(&mut self, root: u32, rows: usize, renderer: impl Fn() -> R + Sync) -> io::Result<()>
    where
        R: FnMut(usize, &mut Record) -> i64,
    {
        if rows == 0 {
            return Ok(());
        }
        let render = |rows: Range<usize>, pages: &mut Vec<u8>| {
            let (mut record, mut bytes) = (Record::default(), Vec::new());
            let (mut row, mut leaf) = (renderer(), Leaf::new());
            for number in rows {
                record.clear();
                let rowid = row(number, &mut record);
                bytes.clear();
                record.write(&mut bytes);
                if !leaf.add(rowid, &bytes) {
                    pages.extend_from_slice(&leaf.finish());
                    assert!(leaf.add(rowid, &bytes), "an empty leaf holds any record of the length allowed");
                }
            }
            pages.extend_from_slice(&leaf.finish());
        };
        let mut leaves = Appended { pages: self, leaves: Vec::new() };
        write_rows(&mut leaves, rows, render)?;
        let mut level = leaves.leaves;
        if let [(number, _)] = level[..] {
            // A single leaf is the root itself, since no root but that of page 1 may have a single child; its own page goes.
            let mut page = [0; PAGE_BYTES];
            self.file.seek(SeekFrom::Start(u64::from(number - 1) * PAGE_BYTES as u64))?;
            self.file.read_exact(&mut page)?;
            self.count = if number - 1 == LOCK_PAGE { number - 2 } else { number - 1 };
            self.file.set_len(u64::from(self.count) * PAGE_BYTES as u64)?;
            return self.put(root, &page);
        }
        while level.len() > CHILDREN {
            let mut above = Vec::with_capacity(level.len() / CHILDREN + 1);
            let mut rest = level.as_slice();
            while !rest.is_empty() {
                // No page but a root may have a single child: the last one but one leaves it one more.
                let take = rest.len().min(if rest.len() == CHILDREN + 1 { CHILDREN - 1 } else { CHILDREN });
                let (children, others) = rest.split_at(take);
                rest = others;
                let number = self.append(&interior(children))?;
                above.push((number, children[children.len() - 1].1));
            }
            level = above;
        }
        self.put(root, &interior(&level))
    }

    /// Appends a page and gives its number. The file's position is its end.
    fn append(&mut self, page: &[u8; PAGE_BYTES]) -> io::Result<u32> {
        if self.count + 1 == LOCK_PAGE {
            self.file.write_all(&[0; PAGE_BYTES])?;
            self.count += 1;
        }
        self.file.write_all(page)?;
        self.count += 1;
        Ok(self.count)
    }

    fn put(&mut self, number: u32, page: &[u8; PAGE_BYTES]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(u64::from(number - 1) * PAGE_BYTES as u64))?;
        self.file.write_all(page)?;
        self.file.seek(SeekFrom::End(0)).map(drop)
    }

    /// Tells the header how many pages there are. Its change counter stays valid for that number (section 1.3.7).
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(28))?;
        self.file.write_all(&self.count.to_be_bytes())
    }
}

/// Appends whole leaf pages and keeps number and last rowid of each.
struct Appended<'p> {
    pages: &'p mut Pages,
    /// Numbers and last rowids.
    leaves: Vec<(u32, i64)>,
}

impl Write for Appended<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let leaves = bytes.as_chunks::<PAGE_BYTES>().0;
        let first = self.pages.count + 1;
        if first <= LOCK_PAGE && LOCK_PAGE < first + leaves.len() as u32 {
            for leaf in leaves {
                self.leaves.push((self.pages.append(leaf)?, last_rowid(leaf)));
            }
        } else {
            self.pages.file.write_all(bytes)?;
            self.pages.count += leaves.len() as u32;
            self.leaves.extend((first..).zip(leaves.iter().map(last_rowid)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A leaf page being filled: cell pointers grow behind the header, cells from the page's end towards them.
struct Leaf {
    page: [u8; PAGE_BYTES],
    cells: usize,
    content: usize,
    /// Lengths and rowid of a cell.
    head: Vec<u8>,
}

impl Leaf {
    fn new() -> Self {
        Self { page: [0; PAGE_BYTES], cells: 0, content: PAGE_BYTES, head: Vec::new() }
    }

    /// `false` if there is no room.
    fn add(&mut self, rowid: i64, record: &[u8]) -> bool {
        self.head.clear();
        varint(&mut self.head, record.len() as u64);
        varint(&mut self.head, rowid as u64);
        let (head, pointer) = (&self.head, LEAF_HEADER + 2 * self.cells);
        let bytes = head.len() + record.len();
        if pointer + 2 + bytes > self.content {
            return false;
        }
        self.content -= bytes;
        self.page[self.content..][..head.len()].copy_from_slice(head);
        self.page[self.content + head.len()..][..record.len()].copy_from_slice(record);
        self.page[pointer..pointer + 2].copy_from_slice(&(self.content as u16).to_be_bytes());
        self.cells += 1;
        true
    }

    /// The page; the leaf is empty again.
    fn finish(&mut self) -> [u8; PAGE_BYTES] {
        self.page[0] = LEAF;
        self.page[3..5].copy_from_slice(&(self.cells as u16).to_be_bytes());
        self.page[5..7].copy_from_slice(&(self.content as u16).to_be_bytes());
        std::mem::replace(self, Self::new()).page
    }
}

/// The rowid of the last cell of a leaf.
fn last_rowid(page: &[u8; PAGE_BYTES]) -> i64 {
    let number = |at: usize| usize::from(u16::from_be_bytes([page[at], page[at + 1]]));
    let cell = &page[number(LEAF_HEADER + 2 * (number(3) - 1))..];
    let (_, length) = read_varint(cell);
    read_varint(&cell[length..]).0 as i64
}

/// A page above others: children with the last rowid below each.
fn interior(children: &[(u32, i64)]) -> [u8; PAGE_BYTES] {
    let mut page = [0; PAGE_BYTES];
    let (&(rightmost, _), others) = children.split_last().expect("a page has children");
    let mut content = PAGE_BYTES;
    for (at, (child, rowid)) in others.iter().enumerate() {
        let mut cell = child.to_be_bytes().to_vec();
        varint(&mut cell, *rowid as u64);
        content -= cell.len();
        page[content..][..cell.len()].copy_from_slice(&cell);
        page[INTERIOR_HEADER + 2 * at..][..2].copy_from_slice(&(content as u16).to_be_bytes());
    }
    page[0] = INTERIOR;
    page[3..5].copy_from_slice(&(others.len() as u16).to_be_bytes());
    page[5..7].copy_from_slice(&(content as u16).to_be_bytes());
    page[8..12].copy_from_slice(&rightmost.to_be_bytes());
    page
}

/// A record in the making: types in front, values behind (section 2.1).
#[derive(Default)]
pub(super) struct Record {
    types: Vec<u8>,
    values: Vec<u8>,
}

impl Record {
    fn clear(&mut self) {
        self.types.clear();
        self.values.clear();
    }

    /// `NULL`; also what stands for the rowid.
    pub(super) fn null(&mut self) {
        self.types.push(0);
    }

    pub(super) fn integer(&mut self, value: i64) {
        // Serial types 8 and 9 are the numbers 0 and 1; 1 to 6 have this many bytes.
        if value == 0 || value == 1 {
            self.types.push(8 + value as u8);
            return;
        }
        let magnitude = if value < 0 { !value } else { value };
        let widths = [(1, 1), (2, 2), (3, 3), (4, 4), (6, 5), (8, 6)];
        let fits = |&&(bytes, _): &&(usize, u8)| magnitude >> (8 * bytes - 1) == 0;
        let &(bytes, serial) = widths.iter().find(fits).unwrap_or(&(8, 6));
        self.types.push(serial);
        self.values.extend_from_slice(&value.to_be_bytes()[8 - bytes..]);
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        varint(&mut self.types, 13 + 2 * text.len() as u64);
        self.values.extend_from_slice(text);
    }

    pub(super) fn blob(&mut self, blob: &[u8]) {
        varint(&mut self.types, 12 + 2 * blob.len() as u64);
        self.values.extend_from_slice(blob);
    }

    /// Appends the record to `out`.
    fn write(&self, out: &mut Vec<u8>) {
        // The header's length counts itself: one byte up to 127, else two (a header has far fewer than 2^14 bytes).
        let bytes = self.types.len() + if self.types.len() < 127 { 1 } else { 2 };
        varint(out, bytes as u64);
        out.extend_from_slice(&self.types);
        out.extend_from_slice(&self.values);
    }
}

/// Big-endian groups of seven bits, eight in the ninth byte (section 1.6).
fn varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        return out.push(value as u8);
    }
    if value >> 56 != 0 {
        out.extend((0..8).rev().map(|group| (value >> (8 + 7 * group)) as u8 | 0x80));
        return out.push(value as u8);
    }
    let groups = (64 - value.leading_zeros()).div_ceil(7);
    out.extend((1..groups).rev().map(|group| (value >> (7 * group)) as u8 | 0x80));
    out.push(value as u8 & 0x7f);
}

/// The number and its length.
fn read_varint(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (at, &byte) in bytes.iter().take(8).enumerate() {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return (value, at + 1);
        }
    }
    (value << 8 | u64::from(bytes[8]), 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_come_back() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1 << shift) - 1, (1 << shift) + 1, u64::MAX >> shift] {
                let mut bytes = Vec::new();
                varint(&mut bytes, value);
                assert_eq!(read_varint(&bytes), (value, bytes.len()));
            }
        }
    }

    #[test]
    fn sqlite_reads_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        // With long blobs every row has a leaf of its own.
        let long = [1, 2, CHILDREN, CHILDREN + 1, CHILDREN + 2, 2 * CHILDREN + 1].map(|rows| (rows, 4000));
        for (rows, blob) in [(0_usize, 90), (1, 90), (3, 90), (100, 90), (5000, 90), (60_000, 90)].into_iter().chain(long) {
            let blob_bytes = |row: usize| if row == 2 || blob == 4000 { 4000 } else { row % blob };
            let _ = std::fs::remove_file(&path);
            let database = rusqlite::Connection::open(&path).unwrap();
            let create = "PRAGMA page_size = 4096; CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, t TEXT, b BLOB); CREATE TABLE z (x);";
            database.execute_batch(create).unwrap();
            let root: u32 = database.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'a'", [], |r| r.get(0)).unwrap();
            database.close().unwrap();
            let number = |row: usize| {
                [0, 1, -1, 127, -128, 128, 40_000, -9_000_000, 1 << 30, -(1 << 40), 1 << 60][row % 11] * (row as i64 % 3)
            };
            let rowid = |row: usize| ((row as i64) << 33) | (row as i64 * 7);
            let mut pages = Pages::open(&path).unwrap();
            let row = |row: usize, record: &mut Record| {
                record.null();
                record.integer(number(row));
                record.text(row.to_string().as_bytes());
                record.blob(&vec![row as u8; blob_bytes(row)]);
                rowid(row)
            };
            pages.fill(root, rows, || row).unwrap();
            pages.finish().unwrap();
            let database = rusqlite::Connection::open(&path).unwrap();
            let check: String = database.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
            assert_eq!(check, "ok", "{rows} rows");
            let mut statement = database.prepare("SELECT * FROM a").unwrap();
            let mut found = statement.query([]).unwrap();
            for row in 0..rows {
                let read = found.next().unwrap().unwrap();
                let (id, n): (i64, i64) = (read.get(0).unwrap(), read.get(1).unwrap());
                let (t, b): (String, Vec<u8>) = (read.get(2).unwrap(), read.get(3).unwrap());
                assert_eq!((id, n, t), (rowid(row), number(row), row.to_string()));
                assert!(b.len() == blob_bytes(row) && b.iter().all(|&byte| byte == row as u8));
            }
            assert!(found.next().unwrap().is_none());
            // The file is a database like any other: it takes more rows.
            database.execute("INSERT INTO a (n) VALUES (1)", []).unwrap();
            let count: i64 = database.query_row("SELECT count(*) FROM a", [], |r| r.get(0)).unwrap();
            assert_eq!(count, rows as i64 + 1);
        }
    }
}
