//! What can go wrong with the disk, named by what a person can do about it.

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the disk is full")]
    DiskFull,
    #[error("the database is busy")]
    Busy,
    #[error("this database was written by a newer Chandi (it asks for build {needs}, this is build {have})")]
    NewerDatabase { needs: i64, have: i64 },
    #[error("the key does not open this database")]
    WrongKey,
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the disk failed: {0}")]
    Disk(String),
    #[error("a repeated id came with other content")]
    Conflict,
    #[error("this is too much to be written at once")]
    TooMuch,
    #[error("no shop has been founded here")]
    NoShop,
    #[error(transparent)]
    Sqlite(rusqlite::Error),
}

impl StoreError {
    /// May the same request succeed later?
    pub fn may_pass(&self) -> bool {
        match self {
            StoreError::DiskFull | StoreError::Busy | StoreError::Disk(_) => true,
            StoreError::NewerDatabase { .. }
            | StoreError::WrongKey
            | StoreError::Damaged(_)
            | StoreError::Conflict
            | StoreError::TooMuch
            | StoreError::NoShop
            | StoreError::Sqlite(_) => false,
        }
    }

    pub(crate) fn damaged(what: impl std::fmt::Display) -> StoreError {
        StoreError::Damaged(what.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::DiskFull,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::NotADatabase) => StoreError::WrongKey,
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
                StoreError::Disk(error.to_string())
            }
            _ => StoreError::Sqlite(error),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> StoreError {
        if error.kind() == std::io::ErrorKind::StorageFull {
            StoreError::DiskFull
        } else {
            StoreError::Disk(error.to_string())
        }
    }
}
