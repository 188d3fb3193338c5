//! Households and persons of one municipality: as many persons of each sex as the facts say, children with adults, a plausible pyramid.

use crate::demo::random::Random;

/// One person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) age: u8,
    pub(super) male: bool,
}

/// Persons who live together, adults first.
pub(super) type Household = Vec<Person>;

/// Shares of households of one to six persons, per mille: mean 2.17 persons.
const SIZES: [u64; 6] = [360, 340, 140, 110, 35, 15];
/// Shares of adults without children by decade from 20: singles, couples.
const SINGLES: [u64; 8] = [110, 120, 90, 110, 170, 160, 170, 70];
const COUPLES: [u64; 8] = [50, 100, 80, 140, 230, 220, 150, 30];

/// Draws all households of a municipality.
pub(super) fn draw(random: &mut Random, males: u64, females: u64) -> Vec<Household> {
    let mut households = Vec::new();
    let mut rest = males + females;
    while rest > 0 {
        let size = (random.weighted(&SIZES) as u64 + 1).min(rest);
        households.push(household(random, size as usize));
        rest -= size;
    }
    level_sexes(random, &mut households, males);
    households
}

fn household(random: &mut Random, size: usize) -> Household {
    let decade = |random: &mut Random, weights: &[u64]| 20 + 10 * random.weighted(weights) as i64 + random.between(0, 9);
    let person = |age: i64, male: bool| Person { age: age.clamp(0, 99) as u8, male };
    let single_parent = (2..=4).contains(&size) && random.per_mille(if size == 2 { 110 } else { 150 });
    if size == 1 {
        let age = decade(random, &SINGLES);
        return vec![person(age, random.per_mille(if age >= 65 { 280 } else { 530 }))];
    }
    if size == 2 && !single_parent {
        let age = decade(random, &COUPLES);
        let (a, b) = (person(age, true), person((age - random.between(-3, 7)).max(19), false));
        // A few couples are of one sex.
        return if random.per_mille(15) { vec![a, Person { male: true, ..b }] } else { vec![a, b] };
    }
    let eldest_child = random.between(0, 26);
    let mother = eldest_child + random.between(21, 38);
    let mut members = vec![person(mother, single_parent && random.per_mille(120))];
    if !single_parent {
        members.push(person(mother + random.between(-3, 8), true));
    }
    let mut age = eldest_child;
    while members.len() < size {
        members.push(person(age, random.per_mille(513)));
        age = (age - random.between(1, 4)).max(0);
    }
    members
}

/// Changes the sex of as few persons as it takes to have so many males: children and people who live alone, at random places.
fn level_sexes(random: &mut Random, households: &mut [Household], males: u64) {
    let mut count = households.iter().flatten().filter(|p| p.male).count() as u64;
    let mut attempts = 0_u64;
    while count != males {
        let household = random.below(households.len() as u64) as usize;
        let member = random.below(households[household].len() as u64) as usize;
        attempts += 1;
        let few = count < males;
        let alone = households[household].len() == 1;
        let person = &mut households[household][member];
        // In a small municipality there may be nobody else left: then partners too.
        if person.male != few && (alone || person.age < 27 || attempts > 1_000_000) {
            person.male = few;
            count = if few { count + 1 } else { count - 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_exact_and_children_live_with_adults() {
        let households = draw(&mut Random::stream(1, 2), 2342, 2505);
        let persons = || households.iter().flatten();
        assert_eq!(persons().filter(|p| p.male).count(), 2342);
        assert_eq!(persons().count(), 4847);
        assert!(households.iter().all(|h| (1..=6).contains(&h.len()) && h[0].age >= 18));
        let share = |low, high| persons().filter(|p| (low..high).contains(&p.age)).count() as f64 / 4847.0;
        assert!((0.12..0.24).contains(&share(0, 18)), "{}", share(0, 18));
        assert!((0.16..0.28).contains(&share(65, 100)), "{}", share(65, 100));
    }

    #[test]
    fn one_person_is_a_household() {
        assert_eq!(draw(&mut Random::stream(1, 3), 0, 1).concat().len(), 1);
    }
}
