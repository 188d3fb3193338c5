//! PMTiles version 3 by its own rules (METHODS B1): header, sections, directories, order, counts, zooms and bounds.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use rustc_hash::FxHashSet;

use crate::verify::archive::{Archive, gunzip};
use crate::verify::tile_id::TileId;
use crate::verify::{Context, Findings, Problem, tilejson};

pub(super) const FILE: &str = "tiles.pmtiles";

const HEADER: u64 = 127;
const FIRST_READ: u64 = 16_384;
const GZIP: u8 = 2;
const MVT: u8 = 1;
/// A directory or metadata above this is no directory of ours, and must not fill the memory.
const SECTION_LIMIT: u64 = 1 << 30;

/// The header's fields by their offsets in the specification.
struct Header([u8; HEADER as usize]);

impl Header {
    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().expect("eight bytes"))
    }

    /// Ten-millionths of a degree at this offset, in degrees.
    fn degrees(&self, at: usize) -> f64 {
        f64::from(i32::from_le_bytes(self.0[at..at + 4].try_into().expect("four bytes"))) / 1e7
    }

    /// Offset and length of a section.
    fn section(&self, at: usize) -> (u64, u64) {
        (self.u64(at), self.u64(at + 8))
    }
}

const ROOT: usize = 8;
const METADATA: usize = 24;
const LEAVES: usize = 40;
const TILES: usize = 56;

/// One directory entry.
#[derive(Clone, Copy)]
struct Entry {
    number: u64,
    run: u64,
    offset: u64,
    length: u64,
}

pub(super) fn open(context: &Context<'_>, findings: &mut Findings) -> Result<Archive, Problem> {
    let mut file = File::open(context.bundle.join(FILE)).map_err(|_| Problem::FileMissing)?;
    let size = file.metadata().map_err(|_| Problem::FileUnreadable)?.len();
    let mut header = Header([0; HEADER as usize]);
    file.read_exact(&mut header.0).map_err(|_| Problem::PmHeader)?;
    if header.0[..7] != *b"PMTiles" || header.0[7] != 3 {
        return Err(Problem::PmHeader);
    }
    if header.0[97] != GZIP || header.0[98] != GZIP || header.0[99] != MVT {
        findings.add("header", Problem::PmCompression);
    }
    check_sections(&header, size, findings)?;
    let mut read = |(offset, length): (u64, u64)| read_at(&mut file, offset, length).ok_or(Problem::FileUnreadable);
    let metadata = gunzip(&read(header.section(METADATA))?).ok_or(Problem::PmMetadata)?;
    match serde_json::from_slice::<serde_json::Value>(&metadata) {
        Ok(metadata @ serde_json::Value::Object(_)) => {
            tilejson::check_vector_layers(context.description, metadata.get("vector_layers"), findings);
        }
        _ => findings.add("metadata", Problem::PmMetadata),
    }
    let root = directory(&read(header.section(ROOT))?)?;
    let mut entries = Vec::new();
    for entry in root {
        if entry.run > 0 {
            entries.push(entry);
            continue;
        }
        let (leaves, leaves_length) = header.section(LEAVES);
        if entry.length == 0 || entry.offset.saturating_add(entry.length) > leaves_length {
            findings.add("root directory", Problem::PmLength);
            continue;
        }
        let leaf = directory(&read((leaves + entry.offset, entry.length))?)?;
        if leaf.iter().any(|e| e.run == 0) {
            findings.add("leaf directory", Problem::PmDepth);
        }
        if leaf.first().is_none_or(|first| first.number != entry.number) {
            findings.add("leaf directory", Problem::PmOrder);
        }
        entries.extend(leaf.into_iter().filter(|e| e.run > 0));
    }
    let tiles = check_entries(&header, &entries, findings);
    check_zooms(&header, &tiles, findings);
    let (base, file) = (header.u64(TILES), Arc::new(Mutex::new(file)));
    let read = move |_, (offset, length)| {
        let packed = {
            let mut file = file.lock().map_err(|_| Problem::FileUnreadable)?;
            read_at(&mut file, base + offset, length).ok_or(Problem::FileUnreadable)?
        };
        gunzip(&packed).ok_or(Problem::TileGzip)
    };
    Ok(Archive { file: FILE, tiles, read: Box::new(read) })
}

/// Sections lie behind one another without gaps (but for the padding of header and root) and fill the file.
fn check_sections(header: &Header, size: u64, findings: &mut Findings) -> Result<(), Problem> {
    let mut sections = [ROOT, METADATA, LEAVES, TILES].map(|at| header.section(at));
    let fits = |(offset, length): (u64, u64)| offset >= HEADER && offset.checked_add(length).is_some_and(|end| end <= size);
    if !sections.into_iter().all(fits) || sections[..3].iter().any(|s| s.1 > SECTION_LIMIT) {
        return Err(Problem::PmSections);
    }
    let (root, root_length) = sections[0];
    if root + root_length > FIRST_READ {
        findings.add("header", Problem::PmRootTooFar);
    }
    sections.sort_unstable();
    let filled = sections.iter().try_fold(HEADER, |end, &(offset, length)| {
        // An empty section has no place of its own; the padding may lie once, up to the size of the first read.
        (length == 0 || offset == end || (offset == FIRST_READ && end < FIRST_READ)).then_some(end.max(offset + length))
    });
    if filled != Some(size) {
        findings.add("header", Problem::PmSections);
    }
    Ok(())
}

fn read_at(file: &mut File, offset: u64, length: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == length).then_some(bytes)
}

/// Decodes a directory: number of entries, then tile ids as differences, run lengths, lengths, offsets, column by column.
fn directory(packed: &[u8]) -> Result<Vec<Entry>, Problem> {
    let plain = gunzip(packed).ok_or(Problem::PmDirectory)?;
    let mut rest = plain.as_slice();
    let mut varint = || {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, after) = rest.split_first().ok_or(Problem::PmDirectory)?;
            rest = after;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Problem::PmDirectory)
    };
    let count = varint()?;
    if count == 0 || count > plain.len() as u64 {
        return Err(Problem::PmDirectory);
    }
    let mut column = || (0..count).map(|_| varint()).collect::<Result<Vec<_>, _>>();
    let (deltas, runs, lengths, offsets) = (column()?, column()?, column()?, column()?);
    if !rest.is_empty() {
        return Err(Problem::PmDirectory);
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(deltas.len());
    let mut number = 0_u64;
    for i in 0..deltas.len() {
        number = number.checked_add(deltas[i]).ok_or(Problem::PmDirectory)?;
        let offset = match (offsets[i], entries.last()) {
            (0, Some(before)) => before.offset.checked_add(before.length).ok_or(Problem::PmDirectory)?,
            (0, None) => return Err(Problem::PmDirectory),
            (offset, _) => offset - 1,
        };
        if i > 0 && deltas[i] == 0 {
            return Err(Problem::PmOrder);
        }
        entries.push(Entry { number, run: runs[i], offset, length: lengths[i] });
    }
    Ok(entries)
}

fn check_entries(header: &Header, entries: &[Entry], findings: &mut Findings) -> Vec<(TileId, (u64, u64))> {
    let tiles_length = header.u64(TILES + 8);
    let (mut tiles, mut contents, mut next_number, mut next_offset) = (Vec::new(), FxHashSet::default(), 0, 0);
    for entry in entries {
        let place = TileId::of_number(entry.number).map_or_else(String::new, |tile| tile.to_string());
        if entry.number < next_number {
            findings.add(place.clone(), Problem::PmOrder);
        }
        next_number = entry.number.saturating_add(entry.run);
        if entry.length == 0 || entry.offset.saturating_add(entry.length) > tiles_length {
            findings.add(place, Problem::PmLength);
            continue;
        }
        let new = contents.insert((entry.offset, entry.length));
        if new && entry.offset != next_offset {
            findings.add(place.clone(), Problem::PmClustered);
        }
        next_offset = next_offset.max(entry.offset + entry.length);
        if entry.run > tiles_length.saturating_mul(4096) {
            findings.add(place, Problem::PmOrder);
            continue;
        }
        let run = (entry.number..next_number).map_while(TileId::of_number);
        tiles.extend(run.map(|tile| (tile, (entry.offset, entry.length))));
    }
    if header.0[96] != 1 {
        findings.add("header", Problem::PmClustered);
    }
    if next_offset != tiles_length {
        findings.add("", Problem::PmUnused);
    }
    let counts = [tiles.len() as u64, entries.len() as u64, contents.len() as u64];
    if [72, 80, 88].map(|at| header.u64(at)) != counts {
        findings.add("header", Problem::PmCounts);
    }
    tiles.sort_unstable();
    tiles
}

fn check_zooms(header: &Header, tiles: &[(TileId, (u64, u64))], findings: &mut Findings) {
    let (min_zoom, max_zoom, centre_zoom) = (header.0[100], header.0[101], header.0[118]);
    let of_tiles = (tiles.first().map(|t| t.0.zoom), tiles.last().map(|t| t.0.zoom));
    if (Some(min_zoom), Some(max_zoom)) != of_tiles || !(min_zoom..=max_zoom).contains(&centre_zoom) {
        findings.add("header", Problem::PmZooms);
    }
    let [west, south, east, north] = [102, 106, 110, 114].map(|at| header.degrees(at));
    let (lon, lat) = (header.degrees(119), header.degrees(123));
    let inside = west >= -180.0 && east <= 180.0 && south >= -90.0 && north <= 90.0 && west < east && south < north;
    if !inside || !(west..=east).contains(&lon) || !(south..=north).contains(&lat) {
        findings.add("header", Problem::PmBounds);
    }
    // Cells may overhang their tile's neighbours by the buffer only, so every tile touches the bounds.
    for (tile, _) in tiles {
        let [w, s, e, n] = tile.bounds_deg();
        let slack = (e - w) / 32.0;
        if w - slack > east || e + slack < west || s - slack > north || n + slack < south {
            findings.add(tile.to_string(), Problem::PmBounds);
        }
    }
}
