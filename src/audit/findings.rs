//! What an audit tells: named attacks, how often each was tried, and the places it found. Holds no value.

use std::path::{Path, PathBuf};

use crate::audit::bundle::{Bundle, Date, WHOLE};
use crate::audit::statement::Place;
use crate::error::Language;
use crate::say;

/// How many at risk are named.
pub(super) const WORST: usize = 10;

/// A named way to find out what is withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// The numbers of one unit: total less groups, tables against each other.
    Tables,
    /// Cells of one size against those of another.
    Zooms,
    /// Cells against areas and areas of several systems against each other.
    Areas,
    /// Published sums that do not add up, or values that the method never gives (methods that change numbers).
    Consistency,
    /// Small counts shown as they are.
    SmallValues,
    /// All, all but one, or none of a group in a sensitive category.
    Groups,
    /// Sums shown where their count is not, or where so few contribute that one of them has another's part.
    Dominance,
    /// The same people under different noise.
    Averaging,
    /// What one bundle withholds and another of the same date shows.
    EarlierReleases,
    /// Numbers that somebody was told in answers and that are no sums of published ones.
    NotPublished,
    /// Answers against everything published.
    Answers,
}

impl Named {
    /// The technical name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tables => "total-less-groups",
            Self::Zooms => "across-zooms",
            Self::Areas => "grid-against-areas",
            Self::Consistency => "consistency",
            Self::SmallValues => "small-values",
            Self::Groups => "zero-and-full-cells",
            Self::Dominance => "dominance",
            Self::Averaging => "averaging",
            Self::EarlierReleases => "earlier-releases",
            Self::NotPublished => "told-but-not-published",
            Self::Answers => "answers",
        }
    }

    /// For readers.
    pub fn explain(self, language: Language) -> String {
        match self {
            Self::Tables => say!(language, "total less groups", "Summe minus Gruppen"),
            Self::Zooms => say!(language, "across zooms", "über die Zoomstufen"),
            Self::Areas => say!(language, "grid against area borders", "Raster gegen Gebietsgrenzen"),
            Self::Consistency => say!(language, "sums and values the method gives", "Summen und Werte der Methode"),
            Self::SmallValues => say!(language, "small values", "kleine Werte"),
            Self::Groups => say!(language, "zero and full cells", "leere und volle Zellen"),
            Self::Dominance => say!(language, "dominance", "Dominanz"),
            Self::Averaging => say!(language, "averaging of noise", "Mitteln der Überlagerung"),
            Self::EarlierReleases => say!(language, "earlier releases", "frühere Veröffentlichungen"),
            Self::NotPublished => {
                say!(language, "told, but no sum of what is published", "mitgeteilt, aber keine Summe von Veröffentlichtem")
            }
            Self::Answers => say!(language, "answers against what is published", "Antworten gegen das Veröffentlichte"),
        }
    }
}

/// One attack and what it found that simpler ones had not.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Which.
    pub named: Named,
    /// How many numbers, or parts of sums, were attacked.
    pub attacked: u64,
    /// How many of them it gives away.
    pub found: u64,
}

/// A place in the lattice. Holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtRisk {
    /// Reference date.
    pub date: Option<String>,
    /// Level name; with `piece` what borders cut from a cell.
    pub level: String,
    /// The unit's id.
    pub unit: String,
    /// Whether it is a piece of the unit.
    pub piece: bool,
    /// Table and group.
    pub table: String,
    /// Category labels.
    pub group: String,
    /// What finds it out.
    pub by: Named,
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The bundle.
    pub folder: PathBuf,
    /// Its method.
    pub method: String,
    /// What was tried.
    pub attempts: Vec<Attempt>,
    /// Named attacks that do not apply, and why not.
    pub not_tried: Vec<(Named, NotTried)>,
    /// Withheld numbers, and pieces that borders cut from cells.
    pub targets: u64,
    /// Shown by two worlds that satisfy everything published.
    pub safe: u64,
    /// Exactly known and small, or small and shown.
    pub at_risk: u64,
    /// Exactly known, but large enough to be published, or zero where zeros are public.
    pub harmless: u64,
    /// Neither shown safe nor found out.
    pub not_proven: u64,
    /// How many of these are no linear function of what is published.
    pub not_linear: u64,
    /// The first ten at risk, simplest attack first.
    pub worst: Vec<AtRisk>,
    /// The tables go round in a circle, so that two worlds prove nothing.
    pub tables_in_a_circle: bool,
    /// Sums are shown to which three or more contribute: whether one of them dominates, no bundle tells.
    pub contributors_unseen: bool,
}

/// Why an attack was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTried {
    /// The bundle has nothing it could use.
    NothingToUse,
    /// The method leaves no such way.
    NotThisMethod,
    /// The method does not promise to keep this secret.
    NotPromised,
    /// No category is declared sensitive.
    NothingSensitive,
    /// Other bundles of the same date would have to be named too.
    OneBundle,
    /// The bundles show different numbers for the same date, so they are not of the same records.
    NotTheSame,
}

impl NotTried {
    /// For readers.
    pub fn explain(self, language: Language) -> String {
        match self {
            Self::NothingToUse => say!(language, "the bundle holds nothing it could use", "das Paket enthält nichts dafür"),
            Self::NotThisMethod => say!(language, "does not apply to this method", "bei dieser Methode nicht möglich"),
            Self::NotPromised => {
                say!(language, "the method does not promise to hide it", "die Methode sagt nicht zu, das zu verbergen")
            }
            Self::NothingSensitive => {
                say!(language, "no category is declared sensitive", "keine Kategorie ist als sensibel angegeben")
            }
            Self::OneBundle => say!(
                language,
                "name the other bundles of these dates as well: kleinraum audit A B",
                "die anderen Pakete dieser Stichtage mit angeben: kleinraum audit A B"
            ),
            Self::NotTheSame => say!(
                language,
                "the bundles show different numbers for the same date: not the same records",
                "die Pakete zeigen verschiedene Zahlen für denselben Stichtag: nicht dieselben Sätze"
            ),
        }
    }
}

impl Audited {
    pub(super) fn new(folder: &Path, method: &str) -> Self {
        Self {
            folder: folder.into(),
            method: method.into(),
            attempts: Vec::new(),
            not_tried: Vec::new(),
            targets: 0,
            safe: 0,
            at_risk: 0,
            harmless: 0,
            not_proven: 0,
            not_linear: 0,
            worst: Vec::new(),
            tables_in_a_circle: false,
            contributors_unseen: false,
        }
    }

    /// Names places that are at risk, as far as there is room.
    pub(super) fn name(&mut self, places: impl ExactSizeIterator<Item = AtRisk>) {
        self.at_risk += places.len() as u64;
        let room = WORST.saturating_sub(self.worst.len());
        self.worst.extend(places.take(room));
    }

    pub(super) fn tried(&mut self, named: Named, attacked: u64, found: u64) {
        match self.attempts.iter_mut().find(|attempt| attempt.named == named) {
            Some(attempt) => {
                attempt.attacked += attacked;
                attempt.found += found;
            }
            None => self.attempts.push(Attempt { named, attacked, found }),
        }
    }
}

impl AtRisk {
    /// A number of a bundle.
    pub(super) fn of((bundle, date): (&Bundle, &Date), place: Place, (unit, column): (usize, usize), by: Named) -> Self {
        let (level, id, piece) = match place {
            Place::Grid(_) | Place::Piece if bundle.gridless() => (WHOLE.to_owned(), WHOLE.to_owned(), place == Place::Piece),
            Place::Grid(level) => (bundle.sizes[level as usize].0.clone(), date.grids[level as usize].units[unit].code(), false),
            Place::Areas(system) => {
                let system = system as usize;
                (bundle.systems[system].clone(), date.areas[system].units[unit].to_string(), false)
            }
            Place::Piece => (bundle.sizes[0].0.clone(), date.grids[0].units[unit].code(), true),
        };
        let (table, group) = bundle.columns[column].clone();
        Self { date: date.name.clone(), level, unit: id, piece, table, group, by }
    }
}
