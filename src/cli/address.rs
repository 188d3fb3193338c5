//! Flags that say where addresses are and what they are looked up in; for `run`, `compare` and `georeference`.

use std::path::PathBuf;

use clap::Args;

use crate::config::{AddressPlan, PlanError, RegisterFormatPlan};

/// A register of houses and the records' columns.
#[derive(Debug, Default, Args)]
pub(super) struct AddressFlags {
    /// Register of houses: official house coordinates (HK-DE, gebref) or any table
    #[arg(long, value_name = "FILE")]
    register: Option<PathBuf>,
    /// Layout of the register; recognised if absent
    #[arg(long, value_enum)]
    register_format: Option<RegisterFormatPlan>,
    /// Reference system of the register; recognised for official house coordinates
    #[arg(long, value_name = "CRS")]
    register_crs: Option<String>,
    /// Columns of the register: street, number, suffix, x, y, street_key, postcode, municipality, place
    #[arg(long, value_name = "street=A,number=B,x=C,y=D,…", value_delimiter = ',')]
    register_columns: Vec<String>,
    /// File that keeps the register's index; beside the register if absent
    #[arg(long, value_name = "FILE")]
    register_index: Option<PathBuf>,
    /// Column of the street, with or without the number
    #[arg(long, value_name = "COLUMN")]
    street: Option<String>,
    /// Column of the house number
    #[arg(long, value_name = "COLUMN")]
    number: Option<String>,
    /// Column of what follows the house number
    #[arg(long, value_name = "COLUMN")]
    suffix: Option<String>,
    /// Column of the postcode
    #[arg(long, value_name = "COLUMN")]
    postcode: Option<String>,
    /// Column of the municipality's key (AGS, ARS) or name
    #[arg(long, value_name = "COLUMN")]
    municipality: Option<String>,
    /// Column of the street's key
    #[arg(long, value_name = "COLUMN")]
    street_key: Option<String>,
    /// List the rows without a cell here, with the reason
    #[arg(long, value_name = "FILE")]
    unmatched: Option<PathBuf>,
    /// Their addresses too
    #[arg(long)]
    with_addresses: bool,
}

/// What is done with coordinates on old datums.
#[derive(Debug, Default, Args)]
pub(super) struct DatumFlags {
    /// Grid of datum shifts (NTv2, .gsb) for Gauss-Krüger and other old systems, or `none`; BETA2007 is found where PROJ keeps it
    #[arg(long, value_name = "FILE")]
    pub(super) datum_grid: Option<PathBuf>,
    /// Let positions enter cells finer than four times what their datum shift is accurate to
    #[arg(long)]
    pub(super) allow_coarse_datum: bool,
}

impl AddressFlags {
    /// What was typed, on top of what a plan says; none if neither says anything.
    pub(super) fn on_top_of(self, plan: Option<AddressPlan>) -> Result<Option<AddressPlan>, PlanError> {
        let typed = self.register.is_some() || self.street.is_some() || self.street_key.is_some();
        if plan.is_none() && !typed {
            return Ok(None);
        }
        let mut plan = plan.unwrap_or_default();
        macro_rules! take {
            ($($flag:ident)*) => { $( if self.$flag.is_some() { plan.$flag = self.$flag; } )* };
        }
        take!(register register_format register_crs register_index street number suffix postcode municipality street_key unmatched);
        plan.with_addresses |= self.with_addresses;
        if !self.register_columns.is_empty() {
            plan.register_columns =
                self.register_columns.iter().map(|text| named_column("--register-columns", text)).collect::<Result<_, _>>()?;
        }
        Ok(Some(plan))
    }
}

/// `NAME=COLUMN`.
pub(super) fn named_column(flag: &str, text: &str) -> Result<(String, String), PlanError> {
    let parts = text.split_once('=').map(|(name, column)| (name.trim().to_owned(), column.trim().to_owned()));
    parts.filter(|(name, column)| !name.is_empty() && !column.is_empty()).ok_or_else(|| PlanError::Impossible {
        key: flag.into(),
        found: text.into(),
        expected: "NAME=COLUMN, for example street=strname,number=hsnr",
        expected_german: "NAME=SPALTE, zum Beispiel street=strname,number=hsnr",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_on_top_of_a_plan() {
        let plan = AddressPlan { register: Some("a.txt".into()), street: Some("s".into()), ..AddressPlan::default() };
        let flags =
            AddressFlags { street: Some("t".into()), register_columns: vec!["street = x".into()], ..AddressFlags::default() };
        let plan = flags.on_top_of(Some(plan)).unwrap().unwrap();
        assert_eq!((plan.register, plan.street), (Some("a.txt".into()), Some("t".into())));
        assert_eq!(plan.register_columns["street"], "x");
    }

    #[test]
    fn nothing_typed_is_no_address() {
        assert!(AddressFlags::default().on_top_of(None).unwrap().is_none());
    }

    #[test]
    fn a_column_needs_a_name() {
        let flags =
            AddressFlags { register: Some("a".into()), register_columns: vec!["strname".into()], ..AddressFlags::default() };
        assert!(flags.on_top_of(None).is_err());
    }
}
