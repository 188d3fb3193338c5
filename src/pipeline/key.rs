//! Key files: 256 random bits as hexadecimal text, readable by their owner only.

use std::path::{Path, PathBuf};

use crate::confidential::Key;
use crate::error::{Error, Failure, Kind, Language};
use crate::{pipeline, say};

/// Makes a new key in a file that does not exist yet.
///
/// # Errors
/// If the file exists or cannot be written, or the system has no randomness.
pub fn write_key(file: &Path) -> Result<(), Error> {
    let mut text = random_digits()?;
    text.push('\n');
    Ok(pipeline::write_new_file(file, text.as_bytes(), true)?)
}

/// A key for one comparison, kept nowhere.
pub(super) fn fresh_key() -> Result<Key, KeyError> {
    Ok(Key::from_hex(&random_digits()?).expect("as many digits as a key has"))
}

fn random_digits() -> Result<String, KeyError> {
    let mut key = [0_u8; Key::DIGITS / 2];
    getrandom::fill(&mut key).map_err(|_| KeyError::NoRandomness)?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Reads a key file; with it, what is to be known about the file.
pub(super) fn read_key(file: &Path, language: Language) -> Result<(Key, Option<String>), KeyError> {
    let unreadable = |source| KeyError::Unreadable { file: file.into(), source };
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let key = std::str::from_utf8(&bytes).ok().and_then(|text| Key::from_hex(text.trim_ascii()));
    let key = key.ok_or_else(|| KeyError::NoKey { file: file.into() })?;
    let note = open_to_others(file).map_err(unreadable)?.then(|| {
        let file = file.display();
        say!(
            language,
            "{file}: others can read the key: chmod 600 {file}, and make a new one if somebody may have",
            "{file}: andere können den Schlüssel lesen: chmod 600 {file}, und einen neuen anlegen, wenn das jemand getan haben kann"
        )
    });
    Ok((key, note))
}

#[cfg(unix)]
fn open_to_others(file: &Path) -> std::io::Result<bool> {
    Ok(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(file)?.permissions()) & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> std::io::Result<bool> {
    Ok(false)
}

/// A key that cannot be made or read. Never holds what the file holds.
#[derive(Debug)]
pub(super) enum KeyError {
    NoRandomness,
    Unreadable { file: PathBuf, source: std::io::Error },
    NoKey { file: PathBuf },
}

impl Failure for KeyError {
    fn kind(&self) -> Kind {
        match self {
            Self::NoRandomness => Kind::InputOutput,
            Self::Unreadable { source, .. } if source.kind() != std::io::ErrorKind::NotFound => Kind::InputOutput,
            Self::Unreadable { .. } | Self::NoKey { .. } => Kind::Usage,
        }
    }

    fn explain(&self, language: Language) -> String {
        match self {
            Self::NoRandomness => say!(
                language,
                "the system gives no random numbers: no key was made",
                "das System liefert keine Zufallszahlen: kein Schlüssel erzeugt"
            ),
            Self::Unreadable { file, source } => {
                let file = file.display();
                say!(
                    language,
                    "{file}: the key cannot be read: {source}; `kleinraum key new {file}` makes one",
                    "{file}: der Schlüssel ist nicht lesbar: {source}; `kleinraum key new {file}` erzeugt einen"
                )
            }
            Self::NoKey { file } => {
                let (file, digits) = (file.display(), Key::DIGITS);
                say!(
                    language,
                    "{file}: no key: expected {digits} hexadecimal digits, as `kleinraum key new FILE` writes them",
                    "{file}: kein Schlüssel: erwartet werden {digits} hexadezimale Ziffern, wie sie `kleinraum key new DATEI` schreibt"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_read_back_without_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.key");
        write_key(&file).unwrap();
        let (_, note) = read_key(&file, Language::English).unwrap();
        assert_eq!(note, None);
    }

    #[test]
    fn what_is_no_key_is_refused_without_telling_it() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "abc123", &"g".repeat(64), &"0".repeat(63)] {
            let file = folder.path().join("b.key");
            std::fs::write(&file, text).unwrap();
            let error = read_key(&file, Language::English).unwrap_err();
            let message = error.explain(Language::English);
            assert!(message.contains("kleinraum key new") && !message.contains("abc123"), "{message}");
            assert_eq!(error.kind(), Kind::Usage);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_noted() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.key");
        write_key(&file).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_key(&file, Language::English).unwrap().1.unwrap().contains("chmod 600"));
    }
}
