//! Zero and full cells: whether it can be told that nobody, everybody, or everybody but one of a group is in a sensitive category.
//!
//! Nobody is secret where a category is declared sensitive, everybody and all but one where group disclosure is declared of its dimension. It is
//! told where the bounds of the numbers say so, though none of them need be known.

use std::collections::BTreeMap;

use crate::audit::attack::Found;
use crate::audit::bundle::Bundle;
use crate::audit::columns::Columns;
use crate::audit::statement::{Place, Statement};

/// Columns of sensitive categories, each with the column of everybody it is a part of.
pub(super) struct Sensitive {
    pairs: Vec<Pair>,
}

#[derive(Clone, Copy)]
struct Pair {
    part: usize,
    whole: usize,
    /// Whether full cells are secret, and not only empty ones.
    full: bool,
}

impl Sensitive {
    /// From the parameters told; `None` where nothing is declared.
    pub(super) fn of(bundle: &Bundle, columns: &Columns) -> Option<Self> {
        let sensitive = Categorised::told(bundle, "sensitive");
        let disclosure = bundle.parameters.get("group_disclosure").map_or("", String::as_str);
        let pairs = columns.groups.iter().enumerate().flat_map(|(part, group)| {
            sensitive.iter().filter(|named| named.holds(group)).filter_map(move |named| {
                let mut rest = group.clone();
                rest.remove(named.dimension);
                let whole = columns.groups.iter().position(|other| *other == rest)?;
                Some(Pair { part, whole, full: disclosure.split(", ").any(|name| name == named.dimension) })
            })
        });
        (!sensitive.is_empty()).then(|| Self { pairs: pairs.collect() })
    }
}

/// Categories of a dimension, as a parameter tells them: `dimension: one, two; other: three`.
struct Categorised<'b> {
    dimension: &'b str,
    categories: Vec<&'b str>,
}

/// Category by dimension.
type Categories = BTreeMap<String, String>;

impl<'b> Categorised<'b> {
    fn told(bundle: &'b Bundle, parameter: &str) -> Vec<Self> {
        let told = bundle.parameters.get(parameter).map_or("", String::as_str);
        let named = told.split("; ").filter_map(|told| told.split_once(": "));
        named.map(|(dimension, categories)| Self { dimension, categories: categories.split(", ").collect() }).collect()
    }

    fn holds(&self, group: &Categories) -> bool {
        // A label may hold the separator: then all its pieces are there.
        let pieces = |category: &String| category.split(", ").all(|piece| self.categories.contains(&piece));
        group.get(self.dimension).is_some_and(pieces)
    }
}

/// For each column whether its zeros are secret though others are public: those of sensitive categories, of numerators of rates, and of
/// dimensions with group disclosure.
pub(super) fn secret_zeros(bundle: &Bundle, columns: &Columns) -> Vec<bool> {
    let named: Vec<Categorised<'_>> =
        ["sensitive", "numerator"].into_iter().flat_map(|told| Categorised::told(bundle, told)).collect();
    let disclosure = bundle.parameters.get("group_disclosure").map_or("", String::as_str);
    let disclosed = |group: &Categories| disclosure.split(", ").any(|dimension| group.contains_key(dimension));
    columns.groups.iter().map(|group| disclosed(group) || named.iter().any(|named| named.holds(group))).collect()
}

/// A number that is known, or an unknown.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Known(i64),
    Unknown(u32),
}

/// A group of a unit, a sensitive category of it, and all others.
pub(super) struct Group {
    pub(super) place: Place,
    pub(super) unit: usize,
    /// The column of the sensitive part.
    pub(super) column: usize,
    full: bool,
    whole: Number,
    part: Number,
    others: Number,
}

impl Group {
    fn numbers(&self) -> [Number; 3] {
        [self.whole, self.part, self.others]
    }

    /// What has to be found out.
    pub(super) fn unknowns(&self) -> impl Iterator<Item = u32> + use<> {
        self.numbers().into_iter().filter_map(|number| match number {
            Number::Unknown(x) => Some(x),
            Number::Known(_) => None,
        })
    }

    /// Whether the bounds say that nobody, everybody or all but one is in the category; takes as many findings as there are unknowns.
    pub(super) fn is_told(&self, found: &mut impl Iterator<Item = Found>) -> bool {
        let [whole, part, others] = self.numbers().map(|number| match number {
            Number::Known(value) => (value, Some(value)),
            Number::Unknown(_) => found.next().map_or((0, None), |found| (found.lo, found.hi)),
        });
        let at_most = |range: (i64, Option<i64>), most: i64| range.1.is_some_and(|hi| hi <= most);
        let nobody = whole.0 > 0 && at_most(part, 0);
        // Of one alone it is no secret of a group that he is all of it: that he is alone is.
        let everybody = self.full && part.0 > 0 && at_most(others, 1);
        nobody || everybody
    }
}

impl Statement<'_> {
    /// States everybody less a sensitive part, for each unit where not both are empty.
    pub(super) fn state_groups(&mut self, sensitive: &Sensitive) -> Vec<Group> {
        let mut groups = Vec::new();
        for (place, units) in self.places() {
            for unit in 0..units {
                for pair in &sensitive.pairs {
                    let whole = self.number(place, unit, pair.whole);
                    let part = self.number(place, unit, pair.part);
                    if matches!(whole, Number::Known(0)) {
                        continue;
                    }
                    let others = self.difference(whole, part);
                    groups.push(Group { place, unit, column: pair.part, full: pair.full, whole, part, others });
                }
            }
        }
        groups
    }
}
