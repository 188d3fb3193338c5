//! PostgreSQL, with PostGIS or without: the rows of a query or of a table, by the URL of the database.
//!
//! The query runs in a transaction that can only read, and its rows come through a cursor of the server, some thousands at a time. Only
//! wanted columns are asked for, each as the server writes it as text; a geometry then is well-known binary in hexadecimal digits (EWKB), which
//! `position.geometry` reads and which names its reference system. What the URL leaves open is taken from `PGHOST`, `PGPORT`, `PGUSER`,
//! `PGPASSWORD`, `PGDATABASE` and `PGSSLMODE`. One thread reads and consumes.
//!
//! Messages of the server are passed on only while the query is prepared: later they may hold values.

use std::path::PathBuf;
use std::str::FromStr as _;

use postgres::config::{Host, SslMode};
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, Row, Statement, Transaction};

use super::failure::{DatabaseFault, RecordsError};
use super::rows::{Cell, Gather, Sampled};
use super::source::Source;
use super::{Batch, Consume, Dialect, Errand, Kind, Wanted, positions};
use crate::error::Error;

/// How many rows the server gives at a time.
const ROWS_AT_ONCE: i32 = Batch::MAX_ROWS as i32;

/// Reads all rows.
pub(super) fn read(errand: &Errand, consume: Consume) -> Result<u64, Error> {
    let mut database = Database::open(&errand.source, errand.request.dialect)?;
    let columns = database.resolve(errand.request.wanted)?;
    let mut gather = Gather::new(errand, 1);
    database.rows(&columns, &mut |cells| gather.push(cells.iter(), consume).map(|()| true))?;
    gather.finish(consume)
}

/// Checks query and columns.
pub(super) fn resolve(source: &Source, dialect: &Dialect, wanted: &[Wanted]) -> Result<(), RecordsError> {
    Database::open(source, dialect)?.resolve(wanted).map(drop)
}

/// The first rows as text, without geometries.
pub(super) fn sample(source: &Source, dialect: &Dialect) -> Result<Sampled, Error> {
    let mut database = Database::open(source, dialect)?;
    let columns: Vec<usize> = (0..database.columns.len()).filter(|&at| !database.columns[at].is_geometry()).collect();
    let header: Vec<String> = columns.iter().map(|&at| database.columns[at].name.clone()).collect();
    let geometry = database.columns.iter().find(|column| column.is_geometry()).map(|column| column.name.clone());
    let mut rows = Vec::new();
    database.rows(&columns, &mut |cells| {
        rows.push(cells);
        Ok(rows.len() < Batch::MAX_ROWS)
    })?;
    Ok(Sampled::new(header, rows, geometry))
}

/// The reference system of the first geometry in `column`, or in the first column of geometries; `None` where it has none.
pub(super) fn declared_system(source: &Source, dialect: &Dialect, column: Option<&str>) -> Result<Option<String>, RecordsError> {
    let mut database = Database::open(source, dialect)?;
    if let Some(name) = column {
        // Said now rather than that the column names no reference system.
        database.resolve(&[Wanted { name: name.to_owned(), kind: Kind::Text }])?;
    }
    let asked_for = |found: &&Column| column.map_or(found.is_geometry(), |name| found.name == name.trim());
    let Some(found) = database.columns.iter().find(asked_for).map(|column| quoted(&column.name)) else { return Ok(None) };
    let question = format!("select {found}::text from ({}\n) as {ALIAS} where {found} is not null limit 1", database.query);
    let mut transaction = database.transaction()?;
    let row = transaction.query_opt(&question, &[]).map_err(|error| failure(source, &error))?;
    let geometry: Option<String> = row.and_then(|row| row.get(0));
    let Some(srid) = geometry.as_deref().and_then(srid).filter(|&srid| srid != 0) else { return Ok(None) };
    let srid = srid as i32;
    let known = transaction.query_opt("select auth_name, auth_srid, srtext from spatial_ref_sys where srid = $1", &[&srid]);
    type Known = (Option<String>, Option<i32>, Option<String>);
    let known: Option<Known> = known.ok().flatten().map(|row| (row.get(0), row.get(1), row.get(2)));
    Ok(match known {
        Some((Some(authority), Some(code), _)) if authority == "EPSG" => Some(format!("EPSG:{code}")),
        Some((_, _, Some(definition))) => Some(definition),
        // The table is not in sight of this user: PostGIS numbers systems as EPSG does.
        _ => Some(format!("EPSG:{srid}")),
    })
}

/// The name that the query has inside ours.
const ALIAS: &str = "kleinraum_source";

struct Column {
    name: String,
    kind: String,
}

impl Column {
    fn is_geometry(&self) -> bool {
        matches!(self.kind.as_str(), "geometry" | "geography")
    }

    /// What is asked for: a text, or nothing.
    fn asked(&self) -> String {
        let name = quoted(&self.name);
        if self.kind == "bytea" { format!("encode({name}, 'hex')") } else { format!("{name}::text") }
    }

    fn cell(&self, text: Option<String>) -> Cell {
        match text {
            None => Cell::Missing,
            // `2024-12-31 00:00:00` as other sources write it.
            Some(text) if self.kind.starts_with("timestamp") => {
                let text = text.replacen(' ', "T", 1);
                Cell::Text(text.strip_suffix("T00:00:00").map(str::to_owned).unwrap_or(text))
            }
            Some(text) => Cell::Text(text),
        }
    }
}

struct Database<'s> {
    source: &'s Source,
    /// The database, and the table in it.
    shown: PathBuf,
    client: Client,
    /// What is read, as a query.
    query: String,
    columns: Vec<Column>,
}

impl<'s> Database<'s> {
    fn open(source: &'s Source, dialect: &Dialect) -> Result<Self, RecordsError> {
        let fault = |fault| RecordsError::Database { source: source.file.clone(), fault };
        let query = match (&dialect.query, &dialect.layer) {
            (Some(query), None) => query.trim().trim_end_matches(';').to_owned(),
            (None, Some(table)) => format!("select * from {}", table.split('.').map(quoted).collect::<Vec<_>>().join(".")),
            _ => return Err(fault(DatabaseFault::QueryOrTable)),
        };
        let config = configuration(&dialect.secrets.typed(&source.file), |name| std::env::var(name).ok()).map_err(fault)?;
        let mut client = config.connect(NoTls).map_err(|error| connecting(source, &error))?;
        // A date is written in one way, whatever the server is used to.
        client.batch_execute("set datestyle = 'ISO, YMD'; set bytea_output = 'hex'").map_err(|error| failure(source, &error))?;
        let shown = dialect.layer.as_ref().map_or_else(|| source.file.clone(), |table| source.file.join(table));
        let mut database = Self { source, shown, client, query, columns: Vec::new() };
        let statement = database.prepared(&format!("select * from ({}\n) as {ALIAS}", database.query))?;
        let of = |column: &postgres::Column| Column { name: column.name().to_owned(), kind: column.type_().name().to_owned() };
        database.columns = statement.columns().iter().map(of).collect();
        Ok(database)
    }

    fn prepared(&mut self, question: &str) -> Result<Statement, RecordsError> {
        self.client.prepare(question).map_err(|error| preparing(self.source, &error))
    }

    fn transaction(&mut self) -> Result<Transaction<'_>, RecordsError> {
        let source = self.source;
        self.client.build_transaction().read_only(true).start().map_err(|error| failure(source, &error))
    }

    fn resolve(&self, wanted: &[Wanted]) -> Result<Vec<usize>, RecordsError> {
        let header: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        positions(&self.shown, &header, wanted)
    }

    /// Calls `each` with the cells of every row until it says no; only these columns leave the server.
    fn rows(&mut self, columns: &[usize], each: &mut dyn FnMut(Vec<Cell>) -> Result<bool, Error>) -> Result<(), Error> {
        // A run may need no column at all, but the rows are counted.
        let asked: Vec<String> = columns.iter().map(|&at| self.columns[at].asked()).chain(["null::text".to_owned()]).collect();
        let question = format!("select {} from ({}\n) as {ALIAS}", asked.join(", "), self.query);
        let statement = self.prepared(&question)?;
        let source = self.source;
        let Self { client, columns: known, .. } = self;
        let failed = |error: postgres::Error| Error::from(failure(source, &error));
        let mut transaction = client.build_transaction().read_only(true).start().map_err(failed)?;
        let cursor = transaction.bind(&statement, &[]).map_err(failed)?;
        let mut systems: Vec<Option<u32>> = vec![None; columns.len()];
        loop {
            let rows: Vec<Row> = transaction.query_portal(&cursor, ROWS_AT_ONCE).map_err(failed)?;
            let last = rows.len() < ROWS_AT_ONCE as usize;
            for row in rows {
                let mut cells = Vec::with_capacity(columns.len());
                for (at, &column) in columns.iter().enumerate() {
                    let text: Option<String> = row.get(at);
                    let column = &known[column];
                    if let Some(found) = text.as_deref().filter(|_| column.is_geometry()).and_then(srid)
                        && *systems[at].get_or_insert(found) != found
                    {
                        let fault = DatabaseFault::MixedSystems { column: column.name.clone() };
                        return Err(RecordsError::Database { source: source.file.clone(), fault }.into());
                    }
                    cells.push(column.cell(text));
                }
                if !each(cells)? {
                    return Ok(());
                }
            }
            if last {
                return Ok(());
            }
        }
    }
}

/// What the URL says, and the environment where it says nothing.
fn configuration(url: &str, of_environment: impl Fn(&str) -> Option<String>) -> Result<Config, DatabaseFault> {
    let said = |name: &str| of_environment(name).filter(|value| !value.is_empty());
    let mut config = Config::from_str(url).map_err(|_| DatabaseFault::Url)?;
    let not_said = |key: &str| !url.contains(&format!("{key}="));
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        match said("PGHOST") {
            Some(host) => config.host(&host),
            #[cfg(unix)]
            None => config.host_path("/var/run/postgresql"),
            #[cfg(not(unix))]
            None => config.host("localhost"),
        };
    }
    if config.get_ports().is_empty()
        && let Some(port) = said("PGPORT")
    {
        config.port(port.parse().map_err(|_| DatabaseFault::Url)?);
    }
    if config.get_user().is_none()
        && let Some(user) = said("PGUSER")
    {
        config.user(&user);
    }
    if config.get_password().is_none()
        && let Some(password) = said("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_dbname().is_none_or(str::is_empty)
        && let Some(database) = said("PGDATABASE")
    {
        config.dbname(&database);
    }
    if not_said("sslmode") {
        match said("PGSSLMODE").as_deref() {
            None => {}
            Some("disable") => drop(config.ssl_mode(SslMode::Disable)),
            Some("allow" | "prefer") => drop(config.ssl_mode(SslMode::Prefer)),
            Some(_) => drop(config.ssl_mode(SslMode::Require)),
        }
    }
    let local = |host: &Host| match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(host) => matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1"),
    };
    match config.get_ssl_mode() {
        SslMode::Disable => {}
        SslMode::Prefer if config.get_hosts().iter().all(local) && config.get_hostaddrs().iter().all(|a| a.is_loopback()) => {}
        _ => return Err(DatabaseFault::Unencrypted),
    }
    config.application_name("kleinraum");
    Ok(config)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The number of the reference system in EWKB as hexadecimal digits; 0 where it names none.
fn srid(ewkb: &str) -> Option<u32> {
    let word = |digits: &str| {
        let number = u32::from_str_radix(digits, 16).ok()?;
        Some(if ewkb.starts_with("01") { number.swap_bytes() } else { number })
    };
    let has_one = word(ewkb.get(2..10)?)? & 0x2000_0000 != 0;
    if has_one { word(ewkb.get(10..18)?) } else { Some(0) }
}

/// A failure to connect.
fn connecting(source: &Source, error: &postgres::Error) -> RecordsError {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let fault = match error.code() {
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => DatabaseFault::Login,
        Some(&SqlState::INVALID_CATALOG_NAME) => DatabaseFault::NoDatabase,
        Some(_) => return failure(source, error),
        // The only cause without a code of the server that is no network's.
        None if cause.is_some_and(|cause| cause.contains("password missing")) => DatabaseFault::Login,
        None => DatabaseFault::Unreachable,
    };
    RecordsError::Database { source: source.file.clone(), fault }
}

/// A failure before any row was looked at: the server speaks of the query.
fn preparing(source: &Source, error: &postgres::Error) -> RecordsError {
    match error.as_db_error() {
        Some(told) => {
            let fault = DatabaseFault::Query { message: told.message().to_owned() };
            RecordsError::Database { source: source.file.clone(), fault }
        }
        None => failure(source, error),
    }
}

/// A failure while rows are read: only its code is told, the message may hold values.
fn failure(source: &Source, error: &postgres::Error) -> RecordsError {
    let fault = match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => DatabaseFault::Rights,
        Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => DatabaseFault::Writes,
        Some(code) => DatabaseFault::Failed { code: code.code().to_owned() },
        None => DatabaseFault::Broken,
    };
    RecordsError::Database { source: source.file.clone(), fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_system_stands_in_the_geometry() {
        assert_eq!(srid("0101000020E8640000000000000000F03F0000000000000040"), Some(25832));
        assert_eq!(srid("0020000001000064E83FF00000000000004000000000000000"), Some(25832));
        assert_eq!(srid("0101000000000000000000F03F0000000000000040"), Some(0));
        assert_eq!(srid("01"), None);
    }

    #[test]
    fn the_environment_fills_in_what_the_url_leaves_open() {
        let environment = |name: &str| {
            let value = match name {
                "PGHOST" => "localhost",
                "PGPORT" => "5433",
                "PGUSER" => "anna",
                "PGPASSWORD" => "geheim",
                "PGDATABASE" => "fach",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let config = configuration("postgresql://", environment).unwrap();
        assert_eq!(config.get_hosts(), [Host::Tcp("localhost".into())]);
        assert_eq!((config.get_ports(), config.get_user(), config.get_dbname()), (&[5433][..], Some("anna"), Some("fach")));
        assert_eq!(config.get_password(), Some(&b"geheim"[..]));
        let config = configuration("postgresql://berta:offen@127.0.0.1:1/anderes", environment).unwrap();
        assert_eq!((config.get_ports(), config.get_user(), config.get_dbname()), (&[1][..], Some("berta"), Some("anderes")));
        assert_eq!(config.get_password(), Some(&b"offen"[..]));
    }

    #[test]
    fn records_cross_a_network_in_clear_text_only_if_that_is_said() {
        let fault = |url: &str| configuration(url, |_| None).err();
        assert_eq!(fault("postgresql://anna@db.kreis.de/fach"), Some(DatabaseFault::Unencrypted));
        assert_eq!(fault("postgresql://anna@localhost/fach?sslmode=require"), Some(DatabaseFault::Unencrypted));
        assert_eq!(fault("postgresql://anna@db.kreis.de/fach?sslmode=disable"), None);
        assert_eq!(fault("postgresql://anna@localhost/fach"), None);
        assert_eq!(fault("postgresql:///fach"), None);
    }

    #[test]
    fn times_are_written_as_elsewhere() {
        let column = Column { name: "a".into(), kind: "timestamptz".into() };
        let cell = |text: &str| column.cell(Some(text.into()));
        assert_eq!(cell("2024-12-31 00:00:00"), Cell::Text("2024-12-31".into()));
        assert_eq!(cell("2024-12-31 12:00:00"), Cell::Text("2024-12-31T12:00:00".into()));
    }
}
