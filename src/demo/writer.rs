//! The population as CSV in the dialect of a German office.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;

use crate::demo::facts::Municipality;
use crate::demo::household::{self, Household};
use crate::demo::random::Random;
use crate::demo::settlement::{Dwelling, settle};

const HEADER: &[u8] = "id;haushalt;x_25832;y_25832;alter;geschlecht;staatsangehoerigkeit;leistung\n".as_bytes();
const NATIONALITIES: [&str; 4] = ["deutsch", "EU", "übriges Europa", "übrige"];
/// Households without a German member, per mille, by the quarter's hardship.
const FOREIGN: [u64; 3] = [35, 110, 300];
/// `SGB II`, `Grundsicherung`, `Wohngeld`, per mille of households, by the quarter's hardship.
const BENEFITS: [[u64; 3]; 3] = [[14, 8, 10], [65, 25, 30], [260, 60, 60]];
const BENEFIT_NAMES: [&str; 3] = ["SGB II", "Grundsicherung", "Wohngeld"];

/// Writes everybody; returns how many persons that are.
pub(super) fn write(path: &Path, municipalities: &[Municipality], seed: u64) -> io::Result<u64> {
    let drawn: Vec<Vec<(Household, Dwelling, Status)>> =
        municipalities.par_iter().enumerate().map(|(number, m)| draw(m, &mut Random::stream(seed, number as u64))).collect();
    let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
    out.write_all(HEADER)?;
    let (mut person_id, mut household_id) = (0_u64, 0_u64);
    for (household, dwelling, status) in drawn.iter().flatten() {
        household_id += 1;
        let (x, y) = dwelling.at;
        for person in household {
            person_id += 1;
            let sex = if person.male { 'm' } else { 'w' };
            writeln!(
                out,
                "P{person_id:06};H{household_id:06};{},{:02};{},{:02};{};{sex};{};{}",
                x / 100,
                x % 100,
                y / 100,
                y % 100,
                person.age,
                status.nationality,
                status.benefit
            )?;
        }
    }
    out.flush()?;
    Ok(person_id)
}

/// What the members of a household share.
#[derive(Clone, Copy)]
struct Status {
    nationality: &'static str,
    benefit: &'static str,
}

fn draw(municipality: &Municipality, random: &mut Random) -> Vec<(Household, Dwelling, Status)> {
    let households = household::draw(random, municipality.males, municipality.females);
    let dwellings = settle(random, municipality, households.len() as u64);
    let of = |(household, dwelling): (Household, Dwelling)| {
        let status = status(random, &household, dwelling);
        (household, dwelling, status)
    };
    households.into_iter().zip(dwellings).map(of).collect()
}

fn status(random: &mut Random, household: &Household, dwelling: Dwelling) -> Status {
    let foreign = random.per_mille(FOREIGN[dwelling.hardship]);
    let nationality = if dwelling.lodging {
        2 + random.weighted(&[30, 70])
    } else if foreign {
        1 + random.weighted(&[42, 28, 30])
    } else {
        0
    };
    let of = |benefit| Status { nationality: NATIONALITIES[nationality], benefit };
    if dwelling.lodging {
        return of("AsylbLG");
    }
    let old = household.iter().all(|p| p.age >= 65);
    let [basic, mut elderly, housing] = BENEFITS[dwelling.hardship];
    // SGB II is for those who could work; the old get Grundsicherung instead.
    elderly = if old { 2 * elderly } else { elderly / 3 };
    let weights = [if old { 0 } else { basic }, elderly, housing];
    let none = 1000 - weights.iter().sum::<u64>();
    match random.weighted(&[none, weights[0], weights[1], weights[2]]) {
        0 => of("keine"),
        benefit => of(BENEFIT_NAMES[benefit - 1]),
    }
}
