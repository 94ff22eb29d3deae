//! Files beside the books: what is large, never changes, and is read seldom. In a folder, or at a service that speaks
//! S3; the rest of the hub does not know which.
//!
//! A file has its name before anybody is told of it and is never written again with other bytes, so two instances that
//! write the same one at once write the same. Which files count, the books say; a file that no row names is rubbish.

mod folder;
mod s3;

pub use folder::Folder;
pub use s3::S3;

use std::{io, sync::Arc};

/// Where files are kept. Calls wait for a disk or a network: they are made away from the threads that answer.
pub trait Files: Send + Sync + 'static {
    /// Writes a file whole. When this has answered, a power cut loses nothing of it.
    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// At most so many bytes from a place on; none if there is no such file.
    fn get(&self, name: &str, from: u64, most: u64) -> io::Result<Option<Vec<u8>>>;

    /// The files whose names begin so, with their sizes, in the order of their names. A prefix ends at a slash.
    fn list(&self, prefix: &str) -> io::Result<Vec<(String, u64)>>;

    /// A file that is gone already is gone.
    fn delete(&self, name: &str) -> io::Result<()>;
}

/// `s3://bucket/prefix?endpoint=…&region=…`, or a folder.
pub fn open(place: &str) -> io::Result<Arc<dyn Files>> {
    match place.starts_with("s3://") {
        true => Ok(Arc::new(S3::open(place)?)),
        false => Ok(Arc::new(Folder::open(place.as_ref())?)),
    }
}

/// Names are made by the hub from ids and numbers; anything else would be a mistake that reaches a disk.
fn checked(name: &str) -> io::Result<&str> {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && part.len() <= 80
    };
    match name.trim_end_matches('/').split('/').all(part) {
        true => Ok(name),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name:?} is no name of a file"),
        )),
    }
}
