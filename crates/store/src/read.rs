//! Read handles: a small pool of connections that cannot write.

use crate::{Options, StoreError, open::connect};
use rusqlite::Connection;
use std::sync::{Condvar, Mutex, PoisonError};

const MOST: usize = 4;

/// A consistent picture of the store. It can only ask.
pub struct Reader<'a> {
    pub(crate) conn: &'a Connection,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(conn: &'a Connection) -> Reader<'a> {
        Reader { conn }
    }
}

pub(crate) struct Readers {
    options: Options,
    pool: Mutex<Pool>,
    returned: Condvar,
}

struct Pool {
    idle: Vec<Connection>,
    made: usize,
}

impl Readers {
    pub fn new(options: Options) -> Readers {
        Readers {
            options,
            pool: Mutex::new(Pool {
                idle: vec![],
                made: 0,
            }),
            returned: Condvar::new(),
        }
    }

    pub fn with<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Reader<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let lent = Lent {
            readers: self,
            conn: Some(self.take()?),
        };
        let Some(conn) = &lent.conn else {
            return Err(StoreError::Busy.into());
        };
        let tx = conn.unchecked_transaction().map_err(StoreError::from)?;
        work(&Reader::new(&tx))
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = pool.idle.pop() {
                return Ok(conn);
            }
            if pool.made < MOST {
                pool.made += 1;
                drop(pool);
                return connect(&self.options, false).inspect_err(|_| {
                    self.pool.lock().unwrap_or_else(PoisonError::into_inner).made -= 1;
                });
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Gives the connection back, after a panic too.
struct Lent<'a> {
    readers: &'a Readers,
    conn: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.readers
                .pool
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .idle
                .push(conn);
            self.readers.returned.notify_one();
        }
    }
}
