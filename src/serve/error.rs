//! Bundles that cannot be served.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::error::{Failure, Kind, Language};
use crate::say;

/// Why the server does not start, or the page is not written.
#[derive(Debug)]
pub enum ServeError {
    /// A bundle cannot be asked.
    Bundle(crate::ask::AskError),
    /// Two bundles have the same folder name.
    SameName {
        /// The name.
        name: String,
    },
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: ErrorKind,
    },
    /// The archive of tiles is missing or broken.
    Tiles {
        /// The file.
        file: PathBuf,
    },
    /// The program was built without the page.
    NoPage,
    /// An address that is no map to lie below.
    Background {
        /// The address.
        url: String,
    },
    /// A file of the page cannot be written.
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: ErrorKind,
    },
}

impl From<crate::ask::AskError> for ServeError {
    fn from(error: crate::ask::AskError) -> Self {
        Self::Bundle(error)
    }
}

impl Failure for ServeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Bundle(error) => error.kind(),
            Self::SameName { .. } | Self::Background { .. } => Kind::Usage,
            Self::Tiles { .. } => Kind::Check,
            Self::Listen { .. } | Self::NoPage | Self::Unwritable { .. } => Kind::InputOutput,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::Bundle(error) => error.explain(language),
            Self::SameName { name } => say!(
                language,
                "two bundles are called {name}: their folders' names are their addresses; rename one",
                "zwei Ergebnisse heißen {name}: die Namen ihrer Ordner sind ihre Adressen; einen umbenennen"
            ),
            Self::Listen { address, reason } => say!(
                language,
                "cannot listen on {address} ({reason}); choose another with --listen",
                "an {address} lässt sich nicht lauschen ({reason}); mit --listen eine andere Adresse wählen"
            ),
            Self::Tiles { file } => say!(
                language,
                "{}: no archive of tiles; run with pmtiles among --formats",
                "{}: kein Kachelarchiv; beim Lauf pmtiles unter --formats nennen",
                file.display()
            ),
            Self::Background { url } => say!(
                language,
                "{url} is no background map: give the address of a MapLibre style, or tiles with {{z}}, {{x}} and {{y}}, or with {{bbox-epsg-3857}}, beginning with https:// or /",
                "{url} ist keine Hintergrundkarte: die Adresse eines MapLibre-Stils angeben, oder Kacheln mit {{z}}, {{x}} und {{y}} oder mit {{bbox-epsg-3857}}, beginnend mit https:// oder /"
            ),
            Self::NoPage => say!(
                language,
                "this program was built without the page: install Node.js 20 or later and build it again",
                "dieses Programm wurde ohne die Seite gebaut: Node.js 20 oder neuer installieren und neu bauen"
            ),
            Self::Unwritable { file, reason } => {
                say!(language, "{}: cannot be written ({reason})", "{}: lässt sich nicht schreiben ({reason})", file.display())
            }
        }
    }
}
