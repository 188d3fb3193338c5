//! Key files: 256 random bits as hexadecimal text, readable by their owner only.

use std::path::Path;

use crate::error::{Error, Failure, Kind, Language};
use crate::{pipeline, say};

/// Makes a new key in a file that does not exist yet.
///
/// # Errors
/// If the file exists or cannot be written, or the system has no randomness.
pub fn write_key(file: &Path) -> Result<(), Error> {
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key).map_err(|_| NoRandomness)?;
    let mut text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    text.push('\n');
    Ok(pipeline::write_new_file(file, text.as_bytes(), true)?)
}

#[derive(Debug)]
struct NoRandomness;

impl Failure for NoRandomness {
    fn kind(&self) -> Kind {
        Kind::InputOutput
    }

    fn explain(&self, language: Language) -> String {
        say!(
            language,
            "the system gives no random numbers: no key was made",
            "das System liefert keine Zufallszahlen: kein Schlüssel erzeugt"
        )
    }
}
