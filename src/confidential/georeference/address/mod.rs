//! How German addresses are written, and what stays the same however they are written.
//!
//! [`StreetName`] turns a street's name into its normal form, [`HouseNumber`] takes numbers with suffixes apart, [`mod@line`] finds the number
//! in a street that holds it and cuts off what is no address, [`similarity`] measures how far two normal forms are apart.
//! None of it knows a register.

mod house_number;
pub(super) mod line;
pub(super) mod similarity;
mod street_name;

pub(super) use house_number::{HouseNumber, Suffix};
pub(super) use street_name::{StreetName, fold};
