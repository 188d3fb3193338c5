//! `report.json`: the same as the page, for programs.

use serde_json::{Map, Value, json};

use crate::confidential::Status;
use crate::report::loss::TableLoss;
use crate::report::words::{fate, goals, promise, residual_risks};
use crate::report::{Fate, Report};

/// The whole report.
pub(super) fn json(report: &Report<'_>) -> Value {
    let (release, language) = (report.release, report.language);
    let parameters: Map<String, Value> =
        release.parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let files = |files: &[(String, String)]| -> Vec<Value> {
        files.iter().map(|(file, hash)| json!({"file": file, "blake3": (!hash.is_empty()).then_some(hash)})).collect()
    };
    json!({
        "kleinraum": env!("CARGO_PKG_VERSION"),
        "title": report.title,
        "attribution": report.attribution,
        "purpose": report.declared.purpose,
        "legal_basis": report.declared.legal_basis,
        "controller": report.declared.controller,
        "profile": report.profile,
        "protection": {"method": release.method, "parameters": parameters, "promise": promise(release, language)},
        "records": report.records,
        "fields": report.fields.iter().map(|field| json!({
            "column": field.column, "used_as": fate_name(&field.fate), "ends": fate(&field.fate, language),
        })).collect::<Vec<_>>(),
        "published": report.losses.tables.iter().map(published).collect::<Vec<_>>(),
        "joined_cells": report.losses.cell_sizes.iter().map(|level| json!({
            "date": level.date, "level": level.level,
            "sizes": level.sizes.iter().map(|(size_m, cells, shown)| json!({
                "size_m": size_m, "cells": cells, "cells_with_total": shown,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "audit": report.audit.as_ref().map(|attacks| json!({
            "attacks": attacks.tried.iter().map(|(name, attacked, found)| json!({
                "attack": name, "attacked": attacked, "found": found,
            })).collect::<Vec<_>>(),
            "not_tried": attacks.not_tried.iter().map(|(name, why)| json!({"attack": name, "why": why})).collect::<Vec<_>>(),
            "safe": attacks.safe, "at_risk": attacks.at_risk, "not_proven": attacks.not_proven,
        })),
        "residual_risks": residual_risks(release, language),
        "goals": goals(release, language).iter().map(|goal| json!({
            "goal": goal.name, "done": goal.done, "left_to_the_controller": goal.left,
        })).collect::<Vec<_>>(),
        "inputs": files(&report.inputs),
        "outputs": files(&report.outputs),
    })
}

fn published(table: &TableLoss) -> Value {
    let mut object = json!({
        "date": table.date, "level": table.level, "table": table.table, "numbers": table.numbers(),
        "share_shown": table.share_shown(), "records_in_published_numbers": table.records_shown,
    });
    for status in Status::ALL {
        object[status.name()] = table.of(status).into();
    }
    object
}

fn fate_name(fate: &Fate) -> &'static str {
    match fate {
        Fate::Coordinate => "coordinate",
        Fate::Address => "address",
        Fate::CellCode => "cell_code",
        Fate::AreaKey => "area_key",
        Fate::Category(_) => "category",
        Fate::Unpublished(_) => "category_in_no_table",
        Fate::Summed(_) => "measure",
        Fate::Date => "date",
        Fate::Id => "id",
        Fate::Contributor => "contributor",
    }
}
