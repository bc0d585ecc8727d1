//! One process per SQLite file.
//!
//! The lock is advisory, on a side file that is never deleted: the kernel lets go of it when the
//! process ends in whatever way, and a file that is removed could be locked twice.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::settings::DatabaseUrl;

/// Held as long as it lives.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

/// Why the file may not be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "another process uses {}: stop it first, or name another file with --database-url",
        path.display()
    )]
    Taken { path: PathBuf },
    #[error("cannot lock {}: check that its folder exists and can be written", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl StoreLock {
    /// Takes the file's lock; a server needs none.
    pub fn take(url: &DatabaseUrl) -> Result<Option<Self>, LockError> {
        let DatabaseUrl::Sqlite { path } = url else { return Ok(None) };
        let side = side_file(path);
        let failed = |source| LockError::Io { path: side.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&side);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken { path: path.clone() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

fn side_file(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite { path: folder.path().join("weir.db") };
        let first = StoreLock::take(&url).unwrap();

        let second = StoreLock::take(&url);

        assert!(matches!(second, Err(LockError::Taken { .. })));
        drop(first);
        assert!(StoreLock::take(&url).is_ok());
    }
}
