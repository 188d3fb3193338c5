//! `serve` and `site`: flags, and what is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::words;
use crate::error::{Error, Language};
use crate::{say, serve};

/// Finished bundles over HTTP: the planner's page, tiles, questions, OGC API Features and Tiles
#[derive(Debug, Args)]
pub(super) struct ServeFlags {
    /// Folders that `run` wrote; a newer one in the same place is taken up by itself
    #[arg(required = true)]
    bundles: Vec<PathBuf>,
    /// Address and port; 0.0.0.0:8080 for everybody in the network
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

/// The planner's page with bundles, as files for any web space
#[derive(Debug, Args)]
pub(super) struct SiteFlags {
    /// Folders that `run` wrote
    #[arg(required = true)]
    bundles: Vec<PathBuf>,
    /// Folder to write to
    #[arg(short, long, default_value = "site")]
    output: PathBuf,
}

impl ServeFlags {
    pub(super) fn serve(&self, language: Language) -> Result<(), Error> {
        serve_bundles(&self.bundles, self.listen, language)
    }
}

impl SiteFlags {
    pub(super) fn write(&self, language: Language) -> Result<(), Error> {
        let files = serve::write_site(&self.bundles, &self.output)?;
        words::tell(&say!(
            language,
            "{files} files in {}: copy them to any web space that serves ranges",
            "{files} Dateien in {}: auf einen beliebigen Webspace kopieren, der Teile von Dateien ausliefert",
            self.output.display()
        ));
        Ok(())
    }
}

/// Serves until the process is ended, telling where.
pub(super) fn serve_bundles(bundles: &[PathBuf], listen: SocketAddr, language: Language) -> Result<(), Error> {
    let ready = |address: SocketAddr| {
        words::tell(&say!(language, "http://{address}/   (Ctrl-C ends it)", "http://{address}/   (Strg-C beendet)"));
        if !serve::has_page() {
            words::tell_aside(&say!(
                language,
                "note: built without the page; install Node.js 20 or later and build again",
                "Hinweis: ohne die Seite gebaut; Node.js 20 oder neuer installieren und neu bauen"
            ));
        }
    };
    serve::serve(bundles, listen, ready)?;
    Ok(())
}
