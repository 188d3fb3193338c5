//! Attribute names: short, stable, made of `a-z`, `0-9` and `_`, the same in every format.

use std::collections::BTreeSet;

use crate::confidential::Lattice;

/// One attribute of every feature of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Technical name: `total`, `age_0_17`, `age_0_17_sex_m`; a sum begins with its measure, `income_total`.
    pub name: String,
    /// The attribute beside it that holds the status: `total_status`.
    pub status_name: String,
    /// The table's name as in `release.parquet`.
    pub table: String,
    /// The group as in `release.parquet`.
    pub group: String,
    /// Name for readers: `Alter: 0 bis unter 3, Geschlecht: w`.
    pub label: String,
}

/// One field for each of [`Lattice::columns`], in the same order; names are unique, `id`, `label`, `fid`, `geom` and `date` are left free.
pub(super) fn fields(lattice: &Lattice) -> Vec<Field> {
    let mut taken: BTreeSet<String> = ["id", "label", "fid", "geom", "date", "level"].map(str::to_owned).into();
    taken.extend(lattice.joined.map(|_| "size_m".to_owned()));
    let mut fields = Vec::new();
    for column in lattice.columns() {
        let categories = || {
            let dimensions = lattice.tables[column.table].0.iter().zip(&column.group);
            dimensions.map(|(&d, &c)| (&lattice.dimensions[d], lattice.dimensions[d].categories[c].as_str()))
        };
        let mut parts: Vec<String> = column.measure.iter().map(|&m| slug(&lattice.measures[m])).collect();
        match column.group.is_empty() {
            true => parts.push("total".to_owned()),
            false => parts.extend(categories().flat_map(|(dimension, category)| [slug(&dimension.name), slug(category)])),
        }
        parts.retain(|part| !part.is_empty());
        let plain = parts.join("_");
        let free = |name: &String| !taken.contains(name) && !taken.contains(&format!("{name}_status"));
        let name =
            (1..).map(|n| if n == 1 { plain.clone() } else { format!("{plain}_{n}") }).find(free).expect("numbers do not end");
        let status_name = format!("{name}_status");
        taken.extend([name.clone(), status_name.clone()]);
        let mut labels: Vec<String> = column.measure.iter().map(|&m| lattice.measures[m].clone()).collect();
        labels.extend(categories().map(|(dimension, category)| format!("{}: {category}", dimension.label)));
        let label = if labels.is_empty() { "total".to_owned() } else { labels.join(", ") };
        fields.push(Field { name, status_name, table: lattice.table_name(&column), group: lattice.group_name(&column), label });
    }
    fields
}

/// Lower case `a-z`, `0-9` and single `_`; umlauts in two letters, `+` as `plus`, `<` as `under`.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            'ä' => slug.push_str("ae"),
            'ö' => slug.push_str("oe"),
            'ü' => slug.push_str("ue"),
            'ß' => slug.push_str("ss"),
            '+' => slug.push_str("_plus"),
            '<' => slug.push_str("under_"),
            '>' => slug.push_str("over_"),
            _ if !slug.ends_with('_') => slug.push('_'),
            _ => {}
        }
    }
    slug.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_plain() {
        assert_eq!(
            ["0-17", "65+", "über 80", "0 bis unter 3", "SGB II", "m"].map(slug),
            ["0_17", "65_plus", "ueber_80", "0_bis_unter_3", "sgb_ii", "m"]
        );
    }
}
