//! Runs without a grid: records that hold keys of areas, or addresses and a table of streets.

use std::fs;
use std::path::Path;

mod desk;
use desk::{audit, audit_all, kleinraum};

/// Municipalities of the demo by weight, of a district each in two halves, and keys written in five ways.
fn desk_of_keys() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    let boundaries = include_str!("../data/kreis_pinneberg_gemeinden.geojson");
    fs::write(desk.path().join("g.geojson"), boundaries).unwrap();
    let towns: serde_json::Value = serde_json::from_str(boundaries).unwrap();
    let keys: Vec<&str> =
        towns["features"].as_array().unwrap().iter().map(|f| f["properties"]["AGS"].as_str().unwrap()).collect();
    // The district, as one polygon around all of it.
    let district = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"KRS":"01056","NAME":"Pinneberg"},"geometry":{"type":"Polygon","coordinates":[[[7.5,53.4],[10.1,53.4],[10.1,54.3],[7.5,54.3],[7.5,53.4]]]}}]}"#;
    fs::write(desk.path().join("k.geojson"), district).unwrap();
    let mut state = 5_u64;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let (mut text, mut plain) = (String::from("id,key,age,sex,street,number\n"), String::from("id,key,age,sex\n"));
    for id in 0..3000 {
        let town = (next(7) * next(8)) as usize;
        let ags = keys[town];
        let written = match id % 5 {
            0 => ags.to_owned(),
            1 => ags.trim_start_matches('0').to_owned(),
            2 => format!("{}0000{}", &ags[..5], &ags[5..]),
            3 => format!("{} {} {} 0000 {}", &ags[..2], &ags[2..3], &ags[3..5], &ags[5..]),
            _ => format!("{}.0", ags.trim_start_matches('0')),
        };
        let (age, sex) = (["0-17", "18-64", "65+"][(next(9) / 4) as usize], ["f", "m"][next(2) as usize]);
        text += &format!("{id},{written},{age},{sex},Weg {},{}\n", town, 1 + next(40));
        plain += &format!("{id},{ags},{age},{sex}\n");
    }
    fs::write(desk.path().join("r.csv"), &text).unwrap();
    fs::write(desk.path().join("plain.csv"), plain).unwrap();
    let mut reversed: Vec<&str> = text.lines().skip(1).collect();
    reversed.reverse();
    fs::write(desk.path().join("reversed.csv"), format!("id,key,age,sex,street,number\n{}\n", reversed.join("\n"))).unwrap();
    let rows = keys.iter().enumerate().flat_map(|(town, ags)| {
        [("u", format!("Weg {town};1;99;u;{ags}")), ("g", format!("weg {town};2;98;gerade;{ags}"))].map(|(_, row)| row)
    });
    fs::write(desk.path().join("t.csv"), format!("str;von;bis;seite;ags\n{}\n", rows.collect::<Vec<_>>().join("\n"))).unwrap();
    fs::write(desk.path().join("a.key"), "1".repeat(64)).unwrap();
    #[cfg(unix)]
    fs::set_permissions(desk.path().join("a.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    desk
}

const GROUPS: [&str; 12] = [
    "--area",
    "gemeinde=g.geojson:AGS:GEN",
    "--area",
    "kreis=k.geojson:KRS:NAME",
    "--dimension",
    "age=age",
    "--dimension",
    "sex=sex",
    "--table",
    "age",
    "--table",
    "age,sex",
];

fn run(desk: &Path, records: &str, out: &str, more: &[&str]) -> String {
    let output = kleinraum(desk, &[&["run", records, "-o", out][..], &GROUPS, more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn released(desk: &Path, out: &str) -> Vec<u8> {
    fs::read(desk.join(out).join("release.parquet")).unwrap()
}

#[test]
fn keys_roll_up_and_the_bundle_has_areas_only() {
    let desk = desk_of_keys();
    let told = run(desk.path(), "r.csv", "out", &["--area-key", "key", "--threshold", "5"]);
    assert!(told.contains("3,000 placed, 0 rejected") && told.contains("1,200 with leading zeros restored"), "{told}");
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(desk.path().join("out/run.json")).unwrap()).unwrap();
    let levels: Vec<&str> = manifest["layers"].as_array().unwrap().iter().map(|l| l["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["gemeinde", "kreis"]);
    for file in [
        "tiles.pmtiles",
        "tiles.mbtiles",
        "style.json",
        "geojson/gemeinde.geojson",
        "geojson/kreis.geojson",
        "csv/gemeinde.csv",
        "out.gpkg",
        "report.html",
    ] {
        assert!(desk.path().join("out").join(file).exists(), "{file}");
    }
    let style = fs::read_to_string(desk.path().join("out/style.json")).unwrap();
    assert!(style.contains("gemeinde_outline") && !style.contains("100m"));
    let csv = fs::read_to_string(desk.path().join("out/csv/kreis.csv")).unwrap();
    assert!(csv.lines().nth(1).unwrap().starts_with("01056,Pinneberg,3000,"), "{csv}");
    let verified = kleinraum(desk.path(), &["verify", "out"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let (code, audited) = audit(desk.path(), "out");
    assert_eq!(code, Some(0), "{audited}");
}

#[test]
fn spelling_order_and_threads_change_nothing() {
    let desk = desk_of_keys();
    let flags = ["--area-key", "key", "--threshold", "5", "--formats", "csv"];
    for (records, out) in [("r.csv", "a"), ("plain.csv", "b"), ("reversed.csv", "c")] {
        run(desk.path(), records, out, &flags);
    }
    assert!(released(desk.path(), "a") == released(desk.path(), "b") && released(desk.path(), "a") == released(desk.path(), "c"));
}

#[test]
fn a_table_of_streets_gives_the_same_release_as_keys() {
    let desk = desk_of_keys();
    run(desk.path(), "plain.csv", "keys", &["--area-key", "key", "--threshold", "5", "--formats", "csv"]);
    let columns = "street=str,from=von,to=bis,side=seite";
    let street = [
        "--street-table",
        "t.csv",
        "--street-table-columns",
        columns,
        "--area-key",
        "ags",
        "--street",
        "street",
        "--number",
        "number",
    ];
    let told = run(desk.path(), "r.csv", "streets", &[&street[..], &["--threshold", "5", "--formats", "csv"]].concat());
    assert!(told.contains("98 different rows of the table"), "{told}");
    assert!(released(desk.path(), "keys") == released(desk.path(), "streets"));
    assert_eq!(audit(desk.path(), "streets").0, Some(0));
}

/// The audit knows that a district is made of its municipalities: a lone withheld one is what the district has more than the others.
#[test]
fn a_lone_withheld_municipality_is_found_out_by_its_district() {
    let desk = desk_of_keys();
    let rows = [("01056001", 3), ("01056002", 40), ("01056003", 50)];
    let rows: String = rows.iter().flat_map(|&(key, count)| std::iter::repeat_n(format!("{key}\n"), count)).collect();
    fs::write(desk.path().join("few.csv"), format!("key\n{rows}")).unwrap();
    let areas = ["--area", "gemeinde=g.geojson:AGS:GEN", "--area", "kreis=k.geojson:KRS:NAME", "--area-key", "key"];
    let none = ["run", "few.csv", "-o", "out", "--method", "none", "--reason", "to be spoilt", "--formats", "csv"];
    assert!(kleinraum(desk.path(), &[&none[..], &areas].concat()).status.success());
    let file = desk.path().join("out/run.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    manifest["protection"] = serde_json::json!({"method": "suppress", "parameters": {"threshold": "5", "zeros": "public"}});
    manifest["records"]["placed"] = serde_json::json!({"count": null});
    fs::write(&file, manifest.to_string()).unwrap();
    let changed = desk::rewrite(desk.path(), |key, value, _| value.filter(|_| key.1 != "01056001"));
    assert_eq!(changed, 1);
    let (code, told) = audit(desk.path(), "out");
    assert_eq!(code, Some(1), "{told}");
}

/// Five towns with one of a group each make a district of five: a sixth, with none, is withheld as well, or each withheld number would have to be one.
#[test]
fn a_zero_is_withheld_beside_lone_ones() {
    let desk = desk_of_keys();
    let of_town = |town: u32| {
        let lone = if town <= 5 { format!("010560{town:02},a\n") } else { String::new() };
        format!("010560{town:02},b\n").repeat(20) + &lone
    };
    // There is no 01056007.
    let rows: String = [1, 2, 3, 4, 5, 6, 8, 9, 10].map(of_town).concat();
    fs::write(desk.path().join("few.csv"), format!("key,age\n{rows}")).unwrap();
    let areas = ["--area", "gemeinde=g.geojson:AGS:GEN", "--area", "kreis=k.geojson:KRS:NAME", "--area-key", "key"];
    let flags = ["run", "few.csv", "-o", "out", "--dimension", "age=age", "--threshold", "5", "--formats", "csv"];
    assert!(kleinraum(desk.path(), &[&flags[..], &areas].concat()).status.success());
    let column = |layer: &str| -> Vec<String> {
        let text = fs::read_to_string(desk.path().join("out/csv").join(layer)).unwrap();
        let at = text.lines().next().unwrap().split(',').position(|name| name == "age_a").unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
    };
    assert_eq!(column("kreis.csv"), ["5"]);
    assert_eq!(column("gemeinde.csv").iter().filter(|value| value.is_empty()).count(), 6);
    assert_eq!(audit(desk.path(), "out").0, Some(0));
}

#[test]
fn methods_that_change_numbers_work_on_areas() {
    let desk = desk_of_keys();
    for (out, method) in [
        ("round", &["--method", "round", "--base", "5", "--key", "a.key"][..]),
        ("cells", &["--method", "cell-key", "--key", "a.key", "--id", "id"]),
        ("secret", &["--threshold", "5", "--zeros", "secret"]),
    ] {
        run(desk.path(), "r.csv", out, &[&["--area-key", "key", "--formats", "csv"][..], method].concat());
        assert_eq!(audit(desk.path(), out).0, Some(0), "{out}");
        assert!(kleinraum(desk.path(), &["verify", out]).status.success(), "{out}");
    }
    // Rounded numbers of municipalities are near the truth: each is by itself a small piece of the walk.
    run(desk.path(), "r.csv", "truth", &["--area-key", "key", "--formats", "csv", "--method", "none", "--reason", "invented"]);
    let totals = |out: &str| -> Vec<i64> {
        let text = fs::read_to_string(desk.path().join(out).join("csv/gemeinde.csv")).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect()
    };
    let most = totals("truth").iter().zip(totals("round")).map(|(a, b)| (a - b).abs()).max();
    assert!(most.is_some_and(|most| most < 5), "{most:?}");
}

#[test]
fn bundles_with_and_without_a_grid_are_attacked_together() {
    let desk = desk_of_keys();
    run(desk.path(), "r.csv", "keys", &["--area-key", "key", "--threshold", "5", "--formats", "csv"]);
    run(desk.path(), "r.csv", "ten", &["--area-key", "key", "--threshold", "10", "--formats", "csv"]);
    // What one shows and the other withholds is found, as everywhere.
    let (code, told) = audit_all(desk.path(), &["keys", "ten"]);
    assert_eq!(code, Some(1), "{told}");
    let (code, told) = audit_all(desk.path(), &["keys", "keys"]);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn coordinates_may_be_counted_by_area_alone() {
    let (desk, _) = desk::desk();
    let area = "[[area]]\nname = \"half\"\nfile = \"areas.geojson\"\nkey = \"key\"\ncrs = \"EPSG:3035\"\n";
    let plan = |sizes: &str| {
        format!(
            "[source]\nfiles = [\"persons.csv\"]\n[position]\ncrs = \"EPSG:3035\"\nx = \"e\"\ny = \"n\"\n[grid]\nsizes = [{sizes}]\n{area}[[dimension]]\nname = \"age\"\ncolumn = \"age\"\n[protection]\nmethod = \"none\"\nreason = \"x\"\n[output]\nformats = [\"csv\"]\n"
        )
    };
    for (name, sizes) in [("none", ""), ("grid", "100, 1000")] {
        fs::write(desk.path().join("p.toml"), plan(sizes)).unwrap();
        let output = kleinraum(desk.path(), &["run", "p.toml", "-o", name]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let read = |out: &str| fs::read_to_string(desk.path().join(out).join("csv/half.csv")).unwrap();
    assert_eq!(read("none"), read("grid"));
    assert!(!desk.path().join("none/csv/100m.csv").exists());
    fs::write(desk.path().join("p.toml"), plan("").replace(area, "")).unwrap();
    assert_eq!(kleinraum(desk.path(), &["run", "p.toml", "-o", "x"]).status.code(), Some(2));
}

#[test]
fn wrong_keys_are_rejected_by_reason() {
    let desk = desk_of_keys();
    fs::write(desk.path().join("w.csv"), "key,age,sex\n01056001,a,f\n,a,f\n99999999,a,f\n0105,a,f\nAppen,a,f\n01056998,a,f\n")
        .unwrap();
    let told =
        run(desk.path(), "w.csv", "out", &["--area-key", "key", "--max-rejects", "1", "--threshold", "2", "--formats", "csv"]);
    for word in [
        "2 placed, 4 rejected",
        "1 × no area key",
        "2 × no area has this key",
        "1 × the key is of something larger",
        "1 records in no area",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    for (more, word) in [
        (&["--area-key", "key", "--sizes", "100"][..], "an area key tells no cell"),
        (&["--area-key", "raum=key"], "raum"),
        (&["--area-key", "gemeinde=key"], "one for each area system"),
        (&["--area-key", "key", "--x", "e"], "area keys alone"),
        (&["--area-key", "key", "--method", "merge"], "merge joins cells"),
    ] {
        let output = kleinraum(desk.path(), &[&["run", "w.csv", "-o", "x", "--threshold", "5"][..], &GROUPS, more].concat());
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(word), "{word}: {told}");
    }
}
