//! Another world, by repairing one sum after the other.
//!
//! A number is changed; then, as long as a sum is wrong, one of the withheld numbers in it is changed by one, the one that leaves the
//! least wrong elsewhere. Most numbers have many other worlds, and one of them is found in less time than a linear programme takes to set up.
//! That none is found says nothing. Against going in circles, what was just changed rests, and chance decides among equals, the same for the
//! same number (local search for satisfiability: Selman, Kautz and Cohen 1994; resting: Glover 1989).

/// Repairs, at most.
const STEPS: u32 = 600;

/// Steps for which a number rests.
const REST: u32 = 4;

/// Withheld numbers, the sums among them and what each can change by.
pub(super) struct Walks<'s> {
    /// For each sum its numbers and their signs.
    sums: &'s [Vec<(usize, i32)>],
    /// For each number its sums and its sign there.
    of: Vec<Vec<(usize, i32)>>,
    /// The least and the most each can change by.
    range: Vec<(i32, i32)>,
    changes: Vec<i32>,
    wrong_by: Vec<i32>,
    wrong: Vec<usize>,
    rests_until: Vec<u32>,
}

impl<'s> Walks<'s> {
    /// Ready to walk: the sums with the positions of their withheld numbers and the signs of these, and what each number can change by.
    pub(super) fn new(sums: &'s [Vec<(usize, i32)>], range: Vec<(i32, i32)>) -> Self {
        let mut of = vec![Vec::new(); range.len()];
        for (sum, terms) in sums.iter().enumerate() {
            terms.iter().for_each(|&(i, sign)| of[i].push((sum, sign)));
        }
        let (numbers, wrong_by) = (range.len(), vec![0; sums.len()]);
        let (changes, rests_until) = (vec![0; numbers], vec![0; numbers]);
        Self { sums, of, range, changes, wrong_by, wrong: Vec::new(), rests_until }
    }

    /// The changes that lead to a world in which a number is another by so much. Cost: some hundred repairs, each as long as its sum.
    pub(super) fn walk(&mut self, target: usize, by: i32) -> Option<&[i32]> {
        self.changes.fill(0);
        self.rests_until.fill(0);
        self.wrong.drain(..).for_each(|sum| self.wrong_by[sum] = 0);
        if !self.in_range(target, by) {
            return None;
        }
        let mut chance = target as u64 ^ (by as u64) << 32;
        self.change(target, by);
        for step in 1..=STEPS {
            if self.wrong.is_empty() {
                return Some(&self.changes);
            }
            let sum = self.wrong[(draw(&mut chance) % self.wrong.len() as u64) as usize];
            let off = self.wrong_by[sum].signum();
            let repairs = self.sums[sum].iter().map(|&(i, sign)| (i, -sign * off));
            let can = repairs.filter(|&(i, by)| i != target && self.rests_until[i] < step && self.in_range(i, by));
            if let Some((i, by)) = can.min_by_key(|&(i, by)| (self.cost(i, by), draw(&mut chance))) {
                self.change(i, by);
                self.rests_until[i] = step + REST;
            }
        }
        None
    }

    fn in_range(&self, i: usize, by: i32) -> bool {
        let (least, most) = self.range[i];
        (least..=most).contains(&(self.changes[i] + by))
    }

    /// How much more is wrong after a change.
    fn cost(&self, i: usize, by: i32) -> i32 {
        let more = |&(sum, sign): &(usize, i32)| (self.wrong_by[sum] + sign * by).abs() - self.wrong_by[sum].abs();
        self.of[i].iter().map(more).sum()
    }

    fn change(&mut self, i: usize, by: i32) {
        self.changes[i] += by;
        for &(sum, sign) in &self.of[i] {
            let off = &mut self.wrong_by[sum];
            let was_right = *off == 0;
            *off += sign * by;
            if was_right {
                self.wrong.push(sum);
            } else if *off == 0 {
                self.wrong.retain(|&other| other != sum);
            }
        }
    }
}

/// The next of a sequence of numbers without order (splitmix64, Vigna 2015).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of four numbers, both sums of its rows and one of its columns known: each can go up by one, if the others can go along.
    #[test]
    fn a_square_has_another_world() {
        let sums = [vec![(0, 1), (1, 1)], vec![(2, 1), (3, 1)], vec![(0, 1), (2, 1)], vec![(1, 1), (3, 1)]];
        let mut walks = Walks::new(&sums, vec![(0, 3), (-1, 3), (-1, 3), (0, 3)]);
        assert_eq!(walks.walk(0, 1), Some(&[1, -1, -1, 1][..]));
        assert_eq!(walks.walk(3, -1), None);
        assert_eq!(walks.walk(2, -1), Some(&[1, -1, -1, 1][..]));
    }

    /// Three numbers of which every two have a known sum, and a fourth: whole changes there are none.
    #[test]
    fn what_only_halves_could_change_stays() {
        let sums = [vec![(0, 1), (1, 1)], vec![(1, 1), (2, 1)], vec![(0, 1), (2, 1), (3, 1)]];
        let mut walks = Walks::new(&sums, vec![(0, 3), (-1, 3), (0, 3), (-1, 3)]);
        assert_eq!(walks.walk(3, 1), None);
        assert_eq!(walks.walk(3, -1), None);
    }
}
