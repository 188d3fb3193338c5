//! How numbers are divided into classes.
//!
//! Everything works on a histogram, so that the cost beyond counting does not depend on how many numbers there are but on how many different ones.
//! Only published numbers come in here; zero is no member of any class, it has a colour of its own.

use crate::layer::palette::Ramp;

/// The ways to divide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Division {
    /// About as many numbers in each class.
    Quantile,
    /// Least squared differences within classes (Jenks 1977, Fisher 1958), exactly.
    Jenks,
    /// Classes as wide as each other.
    Equal,
    /// Steps of one standard deviation around the mean.
    Deviation,
    /// Second and further classes begin at these numbers, ascending.
    Manual(Vec<i64>),
}

impl Division {
    /// Its name in plans and legends.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Quantile => "quantile",
            Self::Jenks => "jenks",
            Self::Equal => "equal",
            Self::Deviation => "deviation",
            Self::Manual(_) => "manual",
        }
    }

    /// Where classes begin, ascending; the first begins at the smallest number or below.
    fn starts(&self, numbers: &Histogram, count: usize) -> Vec<i64> {
        let (Some(least), Some(most)) = (numbers.least(), numbers.most()) else { return Vec::new() };
        match self {
            Self::Quantile => (0..count).map(|i| numbers.ranked(i, count)).collect(),
            Self::Jenks => jenks(numbers, count),
            Self::Equal => {
                let range = i128::from(most) - i128::from(least) + 1;
                let start = |i: usize| i128::from(least) + (range * i as i128).div_euclid(count as i128);
                (0..count).map(|i| i64::try_from(start(i)).expect("between two numbers")).collect()
            }
            Self::Deviation => {
                let (mean, deviation) = numbers.mean_and_deviation();
                let start = |i: usize| (mean + (i as f64 - count as f64 / 2.0) * deviation).ceil() as i64;
                std::iter::once(least.min(start(1))).chain((1..count).map(start)).collect()
            }
            Self::Manual(breaks) => {
                let first = breaks.first().map_or(1, |&second| if second > 1 { 1 } else { second.saturating_sub(1) });
                std::iter::once(least.min(first)).chain(breaks.iter().copied()).collect()
            }
        }
    }
}

/// Different numbers, ascending, and how often each occurs. Zero is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<(i64, u64)>);

impl Histogram {
    /// Counts numbers; costs one sort.
    pub fn of(mut numbers: Vec<i64>) -> Self {
        numbers.retain(|&n| n != 0);
        numbers.sort_unstable();
        Self(numbers.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect())
    }

    fn least(&self) -> Option<i64> {
        self.0.first().map(|&(n, _)| n)
    }

    fn most(&self) -> Option<i64> {
        self.0.last().map(|&(n, _)| n)
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|&(_, times)| times).sum()
    }

    /// The number that `part` of `parts` of all numbers come before.
    fn ranked(&self, part: usize, parts: usize) -> i64 {
        let rank = part as u64 * self.total() / parts as u64;
        let mut before = 0;
        let found = self.0.iter().find(|&&(_, times)| {
            before += times;
            before > rank
        });
        found.or(self.0.last()).map_or(0, |&(n, _)| n)
    }

    fn mean_and_deviation(&self) -> (f64, f64) {
        let total = self.total() as f64;
        let mean = self.0.iter().map(|&(n, times)| n as f64 * times as f64).sum::<f64>() / total;
        let square = self.0.iter().map(|&(n, times)| (n as f64 - mean).powi(2) * times as f64).sum::<f64>() / total;
        (mean, square.sqrt())
    }

    /// The part from the first number on up to, not including, the second.
    fn between(&self, from: Option<i64>, below: Option<i64>) -> &[(i64, u64)] {
        let at = |bound: i64| self.0.partition_point(|&(n, _)| n < bound);
        let start = from.map_or(0, at);
        &self.0[start..below.map_or(self.0.len(), at).max(start)]
    }
}

impl FromIterator<(i64, u64)> for Histogram {
    /// From numbers that ascend.
    fn from_iter<I: IntoIterator<Item = (i64, u64)>>(counted: I) -> Self {
        Self(counted.into_iter().filter(|&(n, times)| n != 0 && times > 0).collect())
    }
}

/// The first number of each class. Dynamic programming over the different numbers; since a better last class never begins further left for
/// more numbers, each row is found by halving: m · log m for m different numbers and each class.
fn jenks(numbers: &Histogram, count: usize) -> Vec<i64> {
    let m = numbers.0.len();
    let count = count.min(m);
    let (mean, _) = numbers.mean_and_deviation();
    // Sums over the first i numbers: how many, their distance from the mean, its square. Distances from the mean keep digits.
    let mut sums = vec![[0.0_f64; 3]];
    for &(n, times) in &numbers.0 {
        let (distance, times) = (n as f64 - mean, times as f64);
        let [a, b, c] = sums[sums.len() - 1];
        sums.push([a + times, b + times * distance, c + times * distance * distance]);
    }
    let within = |from: usize, to: usize| {
        let [times, sum, square] = [0, 1, 2].map(|k| sums[to][k] - sums[from][k]);
        square - sum * sum / times
    };
    let mut best: Vec<f64> = (0..=m).map(|to| if to == 0 { 0.0 } else { within(0, to) }).collect();
    let mut begins: Vec<Vec<usize>> = Vec::new();
    for class in 1..count {
        let (mut row, mut begin) = (vec![f64::INFINITY; m + 1], vec![0; m + 1]);
        // Ranges of numbers to solve, with where their last class may begin.
        let mut open = vec![(class + 1, m, class, m - 1)];
        while let Some((first, last, low, high)) = open.pop() {
            if first > last {
                continue;
            }
            let to = first.midpoint(last);
            let candidates = (low..=high.min(to - 1)).map(|from| (best[from] + within(from, to), from));
            let (cost, from) = candidates.fold((f64::INFINITY, low), |a, b| if b.0 < a.0 { b } else { a });
            (row[to], begin[to]) = (cost, from);
            open.push((first, to - 1, low, from));
            open.push((to + 1, last, from, high));
        }
        best = row;
        begins.push(begin);
    }
    let mut starts = Vec::new();
    let mut to = m;
    for begin in begins.iter().rev() {
        to = begin[to];
        starts.push(numbers.0[to].0);
    }
    starts.extend(numbers.least());
    starts.reverse();
    starts
}

/// One class of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// The smallest published number in the class; of a manual one where it begins.
    pub from: i64,
    /// The largest published number in the class; of a manual one the last before the next begins.
    pub to: i64,
    /// Its colour.
    pub color: &'static str,
}

/// The classes of one column of one level. A class goes up to, not including, the next one's `from`; the first has no lower end but
/// leaves zero out, the last has no upper end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes(pub Vec<Class>);

impl Classes {
    /// The most classes there can be: as many as a ramp has colours.
    pub const MOST: usize = 6;

    /// Divides numbers into at most `count` classes: fewer where numbers repeat, none where there is no number.
    pub fn new(numbers: &Histogram, division: &Division, count: usize, ramp: &Ramp) -> Self {
        let mut starts = division.starts(numbers, count);
        starts.dedup();
        let manual = matches!(division, Division::Manual(_));
        let class = |i: usize| {
            let (from, next) = ((i > 0).then_some(starts[i]), starts.get(i + 1).copied());
            let members = numbers.between(from, next);
            let color = ramp.color(i, starts.len());
            match (members, manual) {
                ([], false) => None,
                (_, true) => {
                    let last = members.last().map_or(starts[i], |&(n, _)| n);
                    Some(Class { from: starts[i], to: next.map_or(last, |next| next - 1), color })
                }
                ([first, ..], false) => Some(Class { from: first.0, to: members[members.len() - 1].0, color }),
            }
        };
        Self((0..starts.len()).filter_map(class).collect())
    }

    /// Quantiles of these numbers in the colours of totals, zeros left out.
    pub fn of_numbers(numbers: Vec<i64>) -> Self {
        Self::new(&Histogram::of(numbers), &Division::Quantile, Self::MOST, Ramp::TOTAL)
    }

    /// The class of a number that is not zero, by position.
    pub fn class_of(&self, number: i64) -> usize {
        self.0.partition_point(|class| class.from <= number).saturating_sub(1)
    }

    /// Each class with where it begins and ends as a style needs it: nothing below the first, nothing above the last.
    pub fn with_bounds(&self) -> impl Iterator<Item = (&Class, Option<i64>, Option<i64>)> {
        let bounds = |(i, class): (usize, _)| (class, (i > 0).then(|| self.0[i].from), self.0.get(i + 1).map(|next| next.from));
        self.0.iter().enumerate().map(bounds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(numbers: &[i64], division: Division, count: usize) -> Vec<(i64, i64)> {
        let classes = Classes::new(&Histogram::of(numbers.to_vec()), &division, count, Ramp::TOTAL);
        classes.0.iter().map(|c| (c.from, c.to)).collect()
    }

    #[test]
    fn quantiles_hold_about_as_many_numbers_each() {
        let numbers: Vec<i64> = (1..=60).collect();
        assert_eq!(bounds(&numbers, Division::Quantile, 6), [(1, 10), (11, 20), (21, 30), (31, 40), (41, 50), (51, 60)]);
    }

    #[test]
    fn repeated_numbers_make_fewer_classes() {
        assert_eq!(bounds(&[5, 5, 5, 5, 5, 5, 5, 9], Division::Quantile, 6), [(5, 9)]);
        assert_eq!(bounds(&[5, 5, 5, 9, 9, 9], Division::Quantile, 6), [(5, 5), (9, 9)]);
        assert_eq!(Classes::of_numbers(vec![5, 5, 5, 9, 9, 9]).0[1].color, Ramp::TOTAL.colors[5]);
    }

    #[test]
    fn nothing_published_means_no_class() {
        for division in [Division::Quantile, Division::Jenks, Division::Equal, Division::Deviation, Division::Manual(vec![5])] {
            assert_eq!(bounds(&[0, 0], division, 6), []);
        }
    }

    #[test]
    fn jenks_finds_the_groups_that_are_there() {
        assert_eq!(bounds(&[1, 2, 3, 40, 41, 42, 90, 91], Division::Jenks, 3), [(1, 3), (40, 42), (90, 91)]);
        assert_eq!(bounds(&[7, 7, 7], Division::Jenks, 4), [(7, 7)]);
    }

    #[test]
    fn equal_classes_are_as_wide_and_empty_ones_are_not_told() {
        assert_eq!(bounds(&(1..=12).collect::<Vec<_>>(), Division::Equal, 4), [(1, 3), (4, 6), (7, 9), (10, 12)]);
        assert_eq!(bounds(&[1, 2, 100], Division::Equal, 4), [(1, 2), (100, 100)]);
    }

    #[test]
    fn deviations_are_steps_around_the_mean() {
        // Mean 5, deviation 2 (a textbook's eight numbers).
        assert_eq!(bounds(&[2, 4, 4, 4, 5, 5, 7, 9], Division::Deviation, 4), [(2, 2), (4, 4), (5, 5), (7, 9)]);
    }

    #[test]
    fn manual_classes_stay_where_they_were_put() {
        assert_eq!(bounds(&[3, 25], Division::Manual(vec![10, 20, 50]), 6), [(1, 9), (10, 19), (20, 49), (50, 50)]);
        assert_eq!(bounds(&[-4, 3], Division::Manual(vec![0]), 6), [(-4, -1), (0, 3)]);
    }

    /// All ways to cut, tried.
    fn best_by_trial(numbers: &[i64], count: usize) -> f64 {
        let spread = |part: &[i64]| {
            let mean = part.iter().sum::<i64>() as f64 / part.len() as f64;
            part.iter().map(|&n| (n as f64 - mean).powi(2)).sum::<f64>()
        };
        match count {
            1 => spread(numbers),
            _ => (count - 1..numbers.len())
                .map(|cut| best_by_trial(&numbers[..cut], count - 1) + spread(&numbers[cut..]))
                .fold(f64::INFINITY, f64::min),
        }
    }

    proptest::proptest! {
        #[test]
        fn jenks_is_as_good_as_trying_all(mut numbers in proptest::collection::vec(1_i64..60, 5..14), count in 2_usize..5) {
            numbers.sort_unstable();
            let different = Histogram::of(numbers.clone()).0.len();
            let found = bounds(&numbers, Division::Jenks, count);
            proptest::prop_assert_eq!(found.len(), count.min(different));
            let spread: f64 = found.iter().map(|&(from, to)| {
                let part: Vec<i64> = numbers.iter().copied().filter(|n| (from..=to).contains(n)).collect();
                let mean = part.iter().sum::<i64>() as f64 / part.len() as f64;
                part.iter().map(|&n| (n as f64 - mean).powi(2)).sum::<f64>()
            }).sum();
            proptest::prop_assert!((spread - best_by_trial(&numbers, count.min(different))).abs() < 1e-6);
        }

        #[test]
        fn every_number_is_in_the_class_that_says_so(numbers in proptest::collection::vec(-50_i64..2000, 1..200), which in 0_usize..4) {
            let division = [Division::Quantile, Division::Jenks, Division::Equal, Division::Deviation][which].clone();
            let classes = Classes::new(&Histogram::of(numbers.clone()), &division, 6, Ramp::TOTAL);
            for number in numbers.into_iter().filter(|&n| n != 0) {
                let class = classes.0[classes.class_of(number)];
                proptest::prop_assert!(class.from <= number && number <= class.to);
            }
        }
    }
}
