//! Finished bundles to HTTP and the planner's page; the same page as files for any web space.
//!
//! In: bundles, nothing else; it works where the records do not exist. Everything is read-only, and what is given out is what the bundle holds, or a
//! sum of published numbers of one place ([`crate::ask`]). Names in addresses are looked up in lists made when a bundle is loaded, never joined to
//! a path, so no address leads out of the bundle. Uses `ask`, `grid` and `geodesy`; used by `cli`.
//!
//! ```text
//! connection (counted, timed) ─▶ limits ─▶ routes ─▶ the bundle as it was loaded ─▶ compression, ETag, headers
//! ```

mod app;
mod background;
mod error;
mod features;
mod group_tile;
mod held_file;
mod library;
mod limits;
mod loaded;
mod page;
mod page_data;
mod questions;
mod reply;
mod site;

pub use background::Background;
pub use error::ServeError;
pub use page::has_page;
pub use site::write_site;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::serve::library::Library;
use crate::serve::limits::{CONNECTIONS, HEAD_BYTES, HEAD_SECONDS};

/// Serves bundles, over a background map if one is given, until the process is ended; `ready` is told the address, where port 0 has become a real one.
///
/// # Errors
/// If a bundle cannot be read, two have one name, or the address cannot be listened on.
pub fn serve(
    bundles: &[PathBuf],
    (listen, background): (SocketAddr, Option<Background>),
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let library = Arc::new(Library::open(bundles)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| ServeError::Listen { address: listen, reason: e.kind() })?;
    runtime.block_on(async {
        let failed = |e: std::io::Error| ServeError::Listen { address: listen, reason: e.kind() };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        ready(listener.local_addr().map_err(failed)?);
        tokio::spawn(library::watch(Arc::clone(&library)));
        tokio::select! {
            () = accept(listener, app::router(library, background)) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok(())
    })
}

/// Takes connections, at most so many at a time; the system keeps the next ones waiting.
async fn accept(listener: TcpListener, app: axum::Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of descriptors or an aborted connection: neither is a reason to stop.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(async move {
            let _place = place;
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(HEAD_SECONDS)).max_buf_size(HEAD_BYTES);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            // A connection is somebody's page, not for ever: a client that reads a byte a minute gives its place back.
            let _ = tokio::time::timeout(Duration::from_secs(limits::CONNECTION_SECONDS), connection).await;
        });
    }
}
