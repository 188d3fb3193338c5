//! What names a source: a file, the URL of a database, or a name of GDAL's. Passwords in it are kept apart from what is shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use postgres::config::Host;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::confidential) enum Named {
    /// A file or a folder.
    File,
    /// A database: `postgresql://…`.
    Database,
    /// Something on the net that would have to be fetched.
    Remote,
    /// A name of GDAL's: `PG:…`, `/vsizip/…`.
    Gdal,
}

impl Named {
    /// Decided by the name alone, except that a file of the very name is a file.
    pub(in crate::confidential) fn of(name: &Path) -> Self {
        let Some(text) = name.to_str() else { return Self::File };
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Self::Database;
        }
        if text.starts_with("/vsi") {
            let on_the_net = ["curl", "s3", "gs", "az", "adls", "oss", "swift", "hdfs", "webhdfs"];
            let remote = on_the_net.iter().any(|system| text[4..].starts_with(system)) || text.contains("://");
            return if remote { Self::Remote } else { Self::Gdal };
        }
        let Some((scheme, rest)) = text.split_once(':') else { return Self::File };
        let plain = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        // One letter is a drive.
        match scheme.len() > 1 && plain && !name.exists() {
            true if rest.starts_with("//") || rest.contains("://") => Self::Remote,
            true => Self::Gdal,
            false => Self::File,
        }
    }
}

/// Whether a name stands for a file or a folder, and not for a database or anything else that has no path.
pub fn is_path(name: &Path) -> bool {
    Named::of(name) == Named::File
}

/// The name as it may be told: without a password, and of the name of a database without its options.
pub fn without_secrets(name: &Path) -> PathBuf {
    let text = name.to_string_lossy();
    match Named::of(name) {
        Named::File => name.to_owned(),
        Named::Database => PathBuf::from(shown_url(&text)),
        // Users and passwords come as `password=…` or `user/password@…`.
        Named::Gdal if text.starts_with('/') || !text.contains(['=', '@']) => name.to_owned(),
        Named::Gdal => PathBuf::from(format!("{}:…", text.split(':').next().unwrap_or_default())),
        Named::Remote => {
            let host = |rest: &str| rest.rsplit('@').next().unwrap_or_default().split(['/', '?']).next().map(str::to_owned);
            let (scheme, rest) = text.split_once("://").unwrap_or((&text, ""));
            PathBuf::from(format!("{scheme}://{}/…", host(rest).unwrap_or_default()))
        }
    }
}

/// User, host, port and database, if each is made of signs that none would need who hides a password there.
fn shown_url(url: &str) -> String {
    const UNTOLD: &str = "postgresql://…";
    const USUAL_PORT: u16 = 5432;
    let Ok(config) = postgres::Config::from_str(url) else { return UNTOLD.into() };
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    let mut shown = String::from("postgresql://");
    if let Some(user) = config.get_user() {
        shown += &format!("{user}@");
    }
    if let [Host::Tcp(host)] = config.get_hosts() {
        shown += host;
    }
    match config.get_ports() {
        [] | [USUAL_PORT] => {}
        ports => shown += &format!(":{}", ports[0]),
    }
    let database = config.get_dbname().unwrap_or_default();
    let hosts_are_plain = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(host) if !plain(host)));
    match plain(database) && hosts_are_plain && config.get_user().is_none_or(plain) {
        true => format!("{shown}/{database}"),
        false => UNTOLD.into(),
    }
}

/// Names as they were typed, by the name that is shown in their place.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<(PathBuf, String)>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// The names as they may be told everywhere, each another one where they were; the typed ones are kept.
    pub fn hide(names: &[PathBuf]) -> (Vec<PathBuf>, Self) {
        let mut kept: Vec<(PathBuf, String)> = Vec::new();
        let hide = |name: &PathBuf| {
            let (typed, mut shown) = (name.to_string_lossy(), without_secrets(name));
            if shown == *name {
                return shown;
            }
            let (first, mut number) = (shown.display().to_string(), 1);
            while kept.iter().any(|(other, full)| *other == shown && *full != typed) {
                number += 1;
                shown = PathBuf::from(format!("{first} ({number})"));
            }
            kept.push((shown.clone(), typed.into_owned()));
            shown
        };
        let shown = names.iter().map(hide).collect();
        (shown, Self(kept))
    }

    /// The name as it was typed.
    pub(super) fn typed(&self, shown: &Path) -> String {
        let kept = self.0.iter().find(|(other, _)| other == shown);
        kept.map_or_else(|| shown.to_string_lossy().into_owned(), |(_, typed)| typed.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! case {
        ($($name:ident: $typed:expr => $named:ident, $shown:expr;)*) => { $(#[test] fn $name() {
            let typed = Path::new($typed);
            assert_eq!((Named::of(typed), without_secrets(typed)), (Named::$named, PathBuf::from($shown)));
        })* };
    }

    case! {
        file: "a/persons.csv" => File, "a/persons.csv";
        drive: r"C:\persons.csv" => File, r"C:\persons.csv";
        folder: "Fachdaten.gdb" => File, "Fachdaten.gdb";
        url: "postgresql://anna:geheim@db.kreis.de:5433/fach?sslmode=require" => Database, "postgresql://anna@db.kreis.de:5433/fach";
        url_without_password: "postgres://anna@db/fach" => Database, "postgresql://anna@db/fach";
        url_with_password_as_option: "postgresql:///fach?host=/tmp&user=anna&password=geheim" => Database, "postgresql://anna@/fach";
        url_with_at_in_password: "postgresql://anna:ge@heim@db/fach" => Database, "postgresql://…";
        url_with_slash_in_password: "postgresql://anna:ge/heim@db/fach" => Database, "postgresql://anna@db/fach";
        url_with_question_in_password: "postgresql://anna:ge?heim@db/fach" => Database, "postgresql://anna@db/fach";
        url_broken: "postgresql://anna:geheim@db:port/fach" => Database, "postgresql://…";
        web: "https://anna:geheim@example.org/persons.csv?token=geheim" => Remote, "https://example.org/…";
        web_of_gdal: "/vsicurl/https://anna:geheim@example.org/a.csv" => Remote, "/vsicurl/https://example.org/…";
        gdal_name: "PG:dbname=fach password=geheim" => Gdal, "PG:…";
        gdal_name_without_password: "MapInfo:a.tab" => Gdal, "MapInfo:a.tab";
        gdal_archive: "/vsizip/a.zip/b.shp" => Gdal, "/vsizip/a.zip/b.shp";
    }

    #[test]
    fn two_names_that_look_alike_stay_two() {
        let names = ["PG:dbname=a", "b.csv", "PG:dbname=b", "PG:dbname=a"].map(PathBuf::from);
        let (shown, secrets) = Secrets::hide(&names);
        assert_eq!(shown, ["PG:…", "b.csv", "PG:… (2)", "PG:…"].map(PathBuf::from));
        for (shown, typed) in shown.iter().zip(&names) {
            assert_eq!(Path::new(&secrets.typed(shown)), typed);
        }
        assert_eq!(format!("{secrets:?}"), "Secrets(…)");
    }

    #[test]
    fn what_is_shown_is_shown_again() {
        for typed in ["postgresql://a:b@c/d?x=y", "postgresql://a:b@c@d/e", "PG:a=b", "a.csv"] {
            let shown = without_secrets(Path::new(typed));
            assert_eq!(without_secrets(&shown), shown, "{typed}");
        }
    }
}
