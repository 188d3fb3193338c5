//! Published columns as groups of tables, and how the numbers of one unit add up.
//!
//! Each table sums to every next smaller published one; two tables whose common margin is not published have it in common all the same.
//! Tables that go round in a circle (`a,b`, `b,c`, `a,c`) restrict each other beyond sums: counts that satisfy all sums need not be those of
//! any people. There the attack stays sound, but two worlds prove nothing.

use std::collections::{BTreeMap, BTreeSet};

/// The columns of a unit.
pub(super) struct Columns {
    /// Σ coefficient · column = 0.
    pub(super) relations: Vec<Vec<(usize, i64)>>,
    /// Whether numbers that satisfy all relations are always those of some people.
    pub(super) closed: bool,
    /// Category by dimension of each column.
    pub(super) groups: Vec<BTreeMap<String, String>>,
}

type Dims = BTreeSet<String>;

impl Columns {
    /// From table and group names; `None` where a group does not fit its table.
    pub(super) fn new(names: &[(String, String)]) -> Option<Self> {
        let mut groups = Vec::new();
        for (table, group) in names {
            if table == "total" {
                groups.push(BTreeMap::new());
                continue;
            }
            let dims: Vec<&str> = table.split(',').collect();
            let categories: Vec<&str> = if dims.len() == 1 { vec![group] } else { group.split('|').collect() };
            if dims.len() != categories.len() {
                return None;
            }
            groups.push(dims.into_iter().map(str::to_owned).zip(categories.into_iter().map(str::to_owned)).collect());
        }
        let mut tables: Vec<(Dims, Vec<usize>)> = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let dims: Dims = BTreeMap::keys(group).cloned().collect();
            match tables.iter_mut().find(|t| t.0 == dims) {
                Some(table) => table.1.push(at),
                None => tables.push((dims, vec![at])),
            }
        }
        let within = |a: &Dims, b: &Dims| a != b && a.is_subset(b);
        let mut relations = Vec::new();
        for (small, sums) in &tables {
            for (large, parts) in tables.iter().filter(|(large, _)| within(small, large)) {
                if tables.iter().any(|(between, _)| within(small, between) && within(between, large)) {
                    continue;
                }
                for &sum in sums {
                    let own = parts.iter().filter(|&&part| holds(&groups[sum], &groups[part]));
                    relations.push(own.map(|&part| (part, 1)).chain([(sum, -1)]).collect());
                }
            }
        }
        for (i, (one, parts)) in tables.iter().enumerate() {
            for (other, other_parts) in &tables[..i] {
                let common: Dims = one.intersection(other).cloned().collect();
                if within(one, other) || within(other, one) || tables.iter().any(|(dims, _)| *dims == common) {
                    continue;
                }
                let margin = |at: &usize| -> Vec<&String> { common.iter().map(|d| &groups[*at][d]).collect() };
                let keys: BTreeSet<Vec<&String>> = parts.iter().map(margin).collect();
                for key in keys {
                    let of = |parts: &[usize], sign: i64| -> Vec<(usize, i64)> {
                        parts.iter().filter(|at| margin(at) == key).map(|&at| (at, sign)).collect()
                    };
                    let mut relation = of(parts, 1);
                    relation.extend(of(other_parts, -1));
                    relations.push(relation);
                }
            }
        }
        let closed = acyclic(tables.into_iter().map(|t| t.0).collect());
        Some(Self { relations, closed, groups })
    }
}

/// Whether everybody of `inner` is in `outer`.
fn holds(outer: &BTreeMap<String, String>, inner: &BTreeMap<String, String>) -> bool {
    outer.iter().all(|(dim, category)| inner.get(dim) == Some(category))
}

/// Whether ears can be cut off until nothing is left (Graham 1979; Yu and Özsoyoğlu 1979).
fn acyclic(mut tables: Vec<Dims>) -> bool {
    loop {
        let before = tables.clone();
        let alone = |dim: &String, tables: &[Dims]| tables.iter().filter(|t| t.contains(dim)).count() == 1;
        for at in 0..tables.len() {
            let kept = tables[at].iter().filter(|dim| !alone(dim, &tables)).cloned().collect();
            tables[at] = kept;
        }
        tables.sort();
        tables.dedup();
        let all = tables.clone();
        tables.retain(|t| !all.iter().any(|other| t != other && t.is_subset(other)));
        if tables.iter().all(BTreeSet::is_empty) {
            return true;
        }
        if tables == before {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(tables: &[&str]) -> Columns {
        let mut names = vec![("total".to_owned(), String::new())];
        for table in tables {
            let dims: Vec<&str> = table.split(',').collect();
            for bits in 0..1_usize << dims.len() {
                let group: Vec<String> = dims.iter().enumerate().map(|(i, d)| format!("{d}{}", bits >> i & 1)).collect();
                names.push(((*table).to_owned(), group.join("|")));
            }
        }
        Columns::new(&names).unwrap()
    }

    #[test]
    fn a_table_and_its_margins() {
        let columns = columns(&["a", "a,b"]);
        // The total of a, and each of a of a,b.
        assert_eq!(columns.relations.len(), 3);
        assert!(columns.closed);
    }

    #[test]
    fn two_tables_share_an_unpublished_margin() {
        let columns = columns(&["a,b", "b,c"]);
        // The total of each, and b by either.
        assert_eq!(columns.relations.len(), 4);
        assert!(columns.closed);
    }

    #[test]
    fn three_in_a_circle_are_not_closed() {
        assert!(!columns(&["a,b", "b,c", "a,c"]).closed);
        assert!(columns(&["a,b", "b,c", "a,c", "a,b,c"]).closed);
    }
}
