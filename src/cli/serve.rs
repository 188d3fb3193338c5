//! `serve` and `site`: flags, and what is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::words;
use crate::error::{Error, Language};
use crate::serve::Background;
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
    #[command(flatten)]
    background: BackgroundFlags,
}

/// A map below the numbers; without one, nothing is asked of any other host
#[derive(Debug, Default, Args)]
struct BackgroundFlags {
    /// A map below the numbers: a MapLibre style, or tiles as `https://…/{z}/{x}/{y}.png` (WMTS, XYZ) or `…&BBOX={bbox-epsg-3857}` (WMS). Readers' browsers ask that host
    #[arg(long = "background", value_name = "URL")]
    url: Option<String>,
    /// Whom to name as the background's source
    #[arg(long = "background-attribution", value_name = "TEXT", requires = "url")]
    attribution: Option<String>,
}

impl BackgroundFlags {
    fn read(&self) -> Result<Option<Background>, Error> {
        let attribution = self.attribution.clone().unwrap_or_default();
        Ok(self.url.as_deref().map(|url| Background::new(url, attribution)).transpose()?)
    }
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
    #[command(flatten)]
    background: BackgroundFlags,
}

impl ServeFlags {
    pub(super) fn serve(&self, language: Language) -> Result<(), Error> {
        serve_bundles(&self.bundles, self.listen, (self.background.read()?, language))
    }
}

impl SiteFlags {
    pub(super) fn write(&self, language: Language) -> Result<(), Error> {
        let files = serve::write_site(&self.bundles, &self.output, self.background.read()?.as_ref())?;
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
pub(super) fn serve_bundles(
    bundles: &[PathBuf],
    listen: SocketAddr,
    (background, language): (Option<Background>, Language),
) -> Result<(), Error> {
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
    serve::serve(bundles, (listen, background), ready)?;
    Ok(())
}
