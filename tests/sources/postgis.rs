//! A real PostgreSQL with PostGIS: a private server in a temporary folder, from Debian's packages.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::records::{COUNTED_ALL, Released, command, csv, expected, released, words};

pub(crate) const PASSWORD: &str = "ganz+geheim";

/// A running server; it ends and its folder goes when this is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    /// Of the sockets and the data.
    folder: tempfile::TempDir,
}

impl Server {
    /// `None`, visibly, where PostgreSQL or PostGIS is absent; in CI that fails.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL with PostGIS is absent: ./test.sh installs it");
            eprintln!("skipped: PostgreSQL with PostGIS is absent, run ./test.sh as root");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("kleinraum-pg").tempdir_in("/tmp").unwrap();
        let (data, password) = (folder.path().join("data"), folder.path().join("password"));
        fs::write(&password, PASSWORD).unwrap();
        // PostgreSQL refuses to run as root.
        let is_root = succeeds(Command::new("id").arg("-u")).trim() == "0";
        if is_root {
            succeeds(Command::new("chown").args(["-R", "postgres"]).arg(folder.path()));
        }
        let as_user = |program: &str| {
            let program = programs.join(program);
            match is_root {
                true => {
                    let mut command = Command::new("setpriv");
                    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
                    command
                }
                false => Command::new(program),
            }
        };
        let mut initdb = as_user("initdb");
        initdb.args(["--no-sync", "-A", "scram-sha-256", "-U", "leser", "-E", "UTF8", "--locale=C.UTF-8"]);
        succeeds(initdb.arg("--pwfile").arg(&password).arg("-D").arg(&data));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = as_user("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.to_string(), "-F"]);
        server.args(["-c", "listen_addresses=127.0.0.1"]);
        let process = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { process, port, folder };
        let begin = Instant::now();
        while Client::connect(&server.url("postgres", "postgres"), NoTls).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the server does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    /// With the password.
    fn url(&self, scheme: &str, database: &str) -> String {
        format!("{scheme}://leser:{}@127.0.0.1:{}/{database}", PASSWORD.replace('+', "%2B"), self.port)
    }

    /// The persons of [`csv`] in a table of their own schema.
    pub(crate) fn fill(&self) -> Client {
        let mut client = Client::connect(&self.url("postgresql", "postgres"), NoTls).unwrap();
        client.batch_execute("create database fach").unwrap();
        let mut client = Client::connect(&self.url("postgresql", "fach"), NoTls).unwrap();
        client
            .batch_execute(
                "create extension postgis; create schema amt; create sequence amt.zahl;
                 create table amt.\"Personen Süd\" (id integer, x double precision, y numeric, sex text, benefit smallint, aktiv boolean, tag timestamp,
                     \"größe\" double precision, name text default 'Geheimrat', punkt geometry(Point, 25832));",
            )
            .unwrap();
        let mut copy = client
            .copy_in(
                "copy amt.\"Personen Süd\" (id, x, y, sex, benefit, aktiv, tag, \"größe\") from stdin with (format csv, header)",
            )
            .unwrap();
        std::io::Write::write_all(&mut copy, csv().as_bytes()).unwrap();
        copy.finish().unwrap();
        client.batch_execute("update amt.\"Personen Süd\" set punkt = ST_SetSRID(ST_MakePoint(x, y), 25832)").unwrap();
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // As fast as it can; the child may be `setpriv`, which has become the server.
        let _ = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
        let _ = &self.folder;
    }
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The folder of the newest server that has PostGIS.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").exists())
        .collect();
    versions.sort();
    let has_postgis = |version: &u32| Path::new(&format!("/usr/share/postgresql/{version}/extension/postgis.control")).exists();
    versions.into_iter().rev().find(|(version, _)| has_postgis(version)).map(|(_, programs)| programs)
}

#[test]
fn postgis_makes_the_same_release_and_keeps_the_password() {
    let Some(server) = Server::start() else { return };
    let mut client = server.fill();
    let desk = tempfile::tempdir().unwrap();
    let desk = desk.path();
    let expected = expected(desk);
    let url = server.url("postgresql", "fach");
    let run = |line: &str| command(desk).args(words(line)).output().unwrap();
    let released = |line: &str| -> Released {
        released(desk, run(&format!("run {line} --formats csv --method suppress --threshold 3 -o out")))
    };
    let columns = "sex, benefit, aktiv, tag::date as tag, \"größe\"";
    for line in [
        format!("{url} --query 'select {columns}, punkt from amt.\"Personen Süd\" -- alle' --geometry punkt"),
        format!("{url} --query 'select {columns}, x, y from amt.\"Personen Süd\" order by id;' --x x --y y --crs EPSG:25832"),
        format!("{} --layer 'amt.Personen Süd' --geometry punkt", server.url("postgres", "fach")),
    ] {
        let found = released(&format!("{line} {COUNTED_ALL}"));
        assert_eq!(String::from_utf8_lossy(&found["records"]), String::from_utf8_lossy(&expected["records"]), "{line}");
        assert!(found == expected, "{line}");
        for file in ["run.json", "report.html", "report.json"] {
            let text = fs::read_to_string(desk.join("out").join(file)).unwrap();
            assert!(!text.contains("geheim") && text.contains("fach"), "{file}: {text}");
        }
    }

    // Through the socket, with everything in the environment; the reference system of a transformed geometry is its own.
    let from_environment = |line: &str| {
        let mut command = command(desk);
        command.env("PGHOST", server.folder.path()).env("PGPORT", server.port.to_string());
        command.env("PGUSER", "leser").env("PGPASSWORD", PASSWORD).env("PGDATABASE", "fach");
        command.args(words(line)).output().unwrap()
    };
    let query = "select sex, benefit, aktiv, tag, \"größe\", ST_Transform(punkt, 4647) as ort from amt.\"Personen Süd\"";
    let line = format!(
        "run postgresql:// --query '{query}' --geometry ort {COUNTED_ALL} --formats csv --method suppress --threshold 3 -o out"
    );
    let found = crate::records::released(desk, from_environment(&line));
    assert!(found["release.parquet"] == expected["release.parquet"]);

    // A plan of it has neither password nor rows.
    let plan = run(&format!("inspect {url} --layer 'amt.Personen Süd'"));
    let told = format!("{}{}", String::from_utf8_lossy(&plan.stdout), String::from_utf8_lossy(&plan.stderr));
    assert!(told.contains("PostgreSQL") && told.contains("geometries in punkt, EPSG:25832"), "{told}");
    assert!(told.contains("layer = \"amt.Personen Süd\"") && told.contains("geometry = \"punkt\""), "{told}");
    assert!(!told.contains("geheim") && !told.contains("Geheimrat"), "{told}");
    fs::write(desk.join("proposed.toml"), String::from_utf8(plan.stdout).unwrap()).unwrap();
    let output = from_environment("run proposed.toml --max-rejects 0.5 --sizes 1000 --formats csv --no-audit -o proposed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    wrong(&run, &url);
    client.batch_execute("alter table amt.\"Personen Süd\" alter punkt type geometry(Point); update amt.\"Personen Süd\" set punkt = ST_SetSRID(punkt, 25833) where id = 1900").unwrap();
    let told =
        complaint(run(&format!("run {url} --layer 'amt.Personen Süd' --geometry punkt --sizes 1000 --threshold 3 -o out")), 1);
    assert!(told.contains("several reference systems") && told.contains("punkt"), "{told}");
}

#[track_caller]
fn complaint(output: std::process::Output, status: i32) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{told}");
    assert!(!told.contains("geheim"), "{told}");
    told
}

/// What a hurried person may get wrong; no answer has the password, or a value.
fn wrong(run: &dyn Fn(&str) -> std::process::Output, url: &str) {
    let table = "--layer 'amt.Personen Süd'";
    for (line, status, parts) in [
        (format!("{url} --geometry punkt"), 2, &["--query", "--layer"][..]),
        (format!("{url} {table} --geometry pukt"), 2, &["amt.Personen Süd", "did you mean \"punkt\""]),
        (format!("{url} --layer amt.fehlt --geometry punkt"), 2, &["does not accept the query", "amt.fehlt"]),
        (format!("{url} --query 'selekt 1' --geometry punkt"), 2, &["does not accept the query", "syntax error"]),
        (format!("{url} --query 'select 1 / 0 as punkt' --geometry punkt"), 3, &["SQLSTATE 22012"]),
        (
            format!("{url} --query 'select name::integer as punkt from amt.\"Personen Süd\"' --geometry punkt"),
            3,
            &["SQLSTATE 22P02"],
        ),
        (format!("{url} --query 'select nextval($$amt.zahl$$) as punkt' --geometry punkt"), 2, &["only reading is allowed"]),
        (format!("{} {table} --geometry punkt", url.replace("/fach", "/fehlt")), 2, &["no such database"]),
        (format!("{} {table} --geometry punkt", url.replace("ganz", "gans")), 3, &["refuses this user", "PGPASSWORD"]),
        (format!("{} {table} --geometry punkt", url.replace(":ganz%2Bgeheim", "")), 3, &["refuses this user", "PGPASSWORD"]),
        (format!("{url}?sslmode=require {table} --geometry punkt"), 2, &["SSH tunnel"]),
        (format!("postgresql://anna:geheim@127.0.0.1:1/fach {table} --geometry punkt"), 3, &["no database answers there"]),
        (format!("{url} {table} --geometry name --crs EPSG:25832"), 1, &["column name"]),
    ] {
        let told = complaint(run(&format!("run {line} --sizes 1000 --threshold 3 -o out")), status);
        for part in parts {
            assert!(told.contains(part), "{line}: {told}");
        }
        assert!(!told.contains("Geheimrat"), "{told}");
    }
    let told = complaint(run(&format!("--lang de run {url} {table} --geometry punkt --sizes 1000 --threshold 3 -o out")), 1);
    assert!(told.contains("/fach, Zeile 1,") && told.contains("punkt"), "{told}");
}
