//! Categories that are spans of whole numbers, mostly ages: `0 bis unter 6`, `0-17`, `65+`, `80 und mehr`, `unter 3`.

/// Whole numbers from `from` to below `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// Open above.
pub(crate) const NO_END: u32 = u32::MAX;

impl Band {
    /// Reads a category's label; `None` if it is no span.
    pub(crate) fn of_label(label: &str) -> Option<Self> {
        let lower = label.trim().to_lowercase();
        let text = lower.trim_end_matches(" jahre").trim_end_matches(" years").trim();
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let open = ["+", " und mehr", " und älter", " and over", " and older", " or more", " and more"];
        if let Some(from) = open.iter().find_map(|end| text.strip_suffix(end)).and_then(number) {
            return Some(Self { from, to: NO_END });
        }
        let below = ["unter ", "under ", "below ", "<"];
        if let Some(to) = below.iter().find_map(|start| text.strip_prefix(start)).and_then(number) {
            return Some(Self { from: 0, to });
        }
        for between in [" bis unter ", " to under ", " to below "] {
            if let Some((from, to)) = text.split_once(between) {
                return Self::ordered(number(from)?, number(to)?);
            }
        }
        for between in [" bis ", " to ", "-", "–"] {
            if let Some((from, to)) = text.split_once(between) {
                return Self::ordered(number(from)?, number(to)?.checked_add(1)?);
            }
        }
        None
    }

    fn ordered(from: u32, to: u32) -> Option<Self> {
        (from < to).then_some(Self { from, to })
    }

    /// Positions of the bands that together are exactly this one.
    pub(crate) fn made_of(self, bands: &[Option<Self>]) -> Option<Vec<usize>> {
        let mut inside: Vec<(Self, usize)> = bands
            .iter()
            .enumerate()
            .filter_map(|(at, band)| band.filter(|b| b.from >= self.from && b.to <= self.to).map(|b| (b, at)))
            .collect();
        inside.sort_unstable_by_key(|(band, _)| band.from);
        let mut end = self.from;
        for (band, _) in &inside {
            if band.from != end {
                return None;
            }
            end = band.to;
        }
        (end == self.to && !inside.is_empty()).then(|| inside.into_iter().map(|(_, at)| at).collect())
    }

    /// Positions of the bands that share a number with this one.
    pub(crate) fn touching(self, bands: &[Option<Self>]) -> Vec<usize> {
        let touches = |band: &Option<Self>| band.is_some_and(|b| b.from < self.to && self.from < b.to);
        (0..bands.len()).filter(|&at| touches(&bands[at])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(label: &str) -> Option<(u32, u32)> {
        Band::of_label(label).map(|b| (b.from, b.to))
    }

    #[test]
    fn labels_of_bands() {
        assert_eq!(band("0 bis unter 6"), Some((0, 6)));
        assert_eq!(band("0-17"), Some((0, 18)));
        assert_eq!(band("18 bis 64"), Some((18, 65)));
        assert_eq!(band("80 und mehr"), Some((80, NO_END)));
        assert_eq!(band("65+"), Some((65, NO_END)));
        assert_eq!(band("unter 3"), Some((0, 3)));
        assert_eq!(band("SGB II"), None);
        assert_eq!(band("9-3"), None);
    }

    #[test]
    fn a_span_is_made_of_bands_or_not() {
        let bands: Vec<_> = ["0-5", "6-17", "18-64", "65+"].map(Band::of_label).into();
        let made = |from, to| Band { from, to }.made_of(&bands);
        assert_eq!(made(0, 18), Some(vec![0, 1]));
        assert_eq!(made(18, NO_END), Some(vec![2, 3]));
        assert_eq!(made(0, 3), None);
        assert_eq!(Band { from: 0, to: 3 }.touching(&bands), [0]);
    }
}
