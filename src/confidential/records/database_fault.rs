//! What can be wrong with a database, in words without a password and without a value.

use crate::error::{Kind, Language};
use crate::say;

/// Why a database gives no records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::confidential) enum DatabaseFault {
    /// Neither a query nor a table is named, or both are.
    QueryOrTable,
    /// The URL cannot be taken apart.
    Url,
    /// Nothing answers.
    Unreachable,
    /// User and password are not accepted, or the password is missing.
    Login,
    /// The server has no such database.
    NoDatabase,
    /// Records would cross a network in clear text.
    Unencrypted,
    /// The server does not understand the query.
    Query { message: String },
    /// The user may not read that.
    Rights,
    /// The query would change something.
    Writes,
    /// Geometries of one column are in several reference systems.
    MixedSystems { column: String },
    /// The server gives up; the code is PostgreSQL's.
    Failed { code: String },
    /// The connection broke.
    Broken,
}

impl DatabaseFault {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Unreachable | Self::Login | Self::Rights | Self::Failed { .. } | Self::Broken => Kind::InputOutput,
            Self::MixedSystems { .. } => Kind::Check,
            Self::QueryOrTable | Self::Url | Self::NoDatabase | Self::Unencrypted | Self::Query { .. } | Self::Writes => {
                Kind::Usage
            }
        }
    }

    pub(super) fn explain(&self, language: Language) -> String {
        match self {
            Self::QueryOrTable => say!(
                language,
                "say what to read, either with --query \"select …\" or with --layer TABLE",
                "angeben, was gelesen wird, entweder mit --query \"select …\" oder mit --layer TABELLE"
            ),
            Self::Url => say!(
                language,
                "is no URL of a database: expected postgresql://user@host:5432/database, the password in PGPASSWORD or with %-signs for : / ? @",
                "ist keine Datenbank-URL: erwartet wird postgresql://benutzer@rechner:5432/datenbank, das Passwort in PGPASSWORD oder mit %-Zeichen für : / ? @"
            ),
            Self::Unreachable => say!(
                language,
                "no database answers there: check host, port and network",
                "dort antwortet keine Datenbank: Rechner, Port und Netz prüfen"
            ),
            Self::Login => say!(
                language,
                "the server refuses this user: check the name, and the password in PGPASSWORD or in the URL",
                "der Server lehnt diesen Benutzer ab: Namen prüfen, und das Passwort in PGPASSWORD oder in der URL"
            ),
            Self::NoDatabase => {
                say!(
                    language,
                    "the server has no such database: check the name",
                    "der Server hat keine solche Datenbank: Namen prüfen"
                )
            }
            Self::Unencrypted => say!(
                language,
                "records would cross the network in clear text, since this program speaks no TLS: connect through an SSH tunnel to localhost, or, \
                 in a network where that may be, say so with ?sslmode=disable",
                "Datensätze gingen unverschlüsselt durchs Netz, denn dieses Programm spricht kein TLS: über einen SSH-Tunnel mit localhost verbinden oder, \
                 in einem Netz, wo das sein darf, es mit ?sslmode=disable sagen"
            ),
            Self::Query { message } => {
                say!(
                    language,
                    "the server does not accept the query: {message}",
                    "der Server nimmt die Abfrage nicht an: {message}"
                )
            }
            Self::Rights => say!(
                language,
                "the user may not read all that the query names: ask for the right to select",
                "der Benutzer darf nicht alles lesen, was die Abfrage nennt: Leserecht (SELECT) geben lassen"
            ),
            Self::Writes => say!(
                language,
                "the query would change the database: only reading is allowed",
                "die Abfrage würde die Datenbank ändern: erlaubt ist nur Lesen"
            ),
            Self::MixedSystems { column } => say!(
                language,
                "column {column:?} has geometries of several reference systems: transform them in the query, ST_Transform({column}, 25832)",
                "Spalte {column:?} hat Geometrien in mehreren Bezugssystemen: in der Abfrage umrechnen, ST_Transform({column}, 25832)"
            ),
            Self::Failed { code } => say!(
                language,
                "the server gives the query up (SQLSTATE {code}): try it with psql",
                "der Server bricht die Abfrage ab (SQLSTATE {code}): mit psql versuchen"
            ),
            Self::Broken => say!(
                language,
                "the connection broke: check network and server, and try again",
                "die Verbindung ist abgerissen: Netz und Server prüfen und noch einmal versuchen"
            ),
        }
    }
}
