//! Migrations: a copy of the file before each run, and a guard that keeps older builds out.

use crate::{BUILD, StoreError};
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

mod embedded {
    refinery::embed_migrations!("../../migrations/node");
}

/// Brings the file up to this build. `file` is where the file lies, when it lies on a real disk.
pub fn run(conn: &mut Connection, file: Option<&Path>) -> Result<(), StoreError> {
    let at = version(conn)?;
    if at > 0 {
        let needs: i64 = conn.query_row("select oldest_build from guard", [], |r| r.get(0))?;
        if needs > BUILD {
            return Err(StoreError::NewerDatabase { needs, have: BUILD });
        }
    }
    let runner = embedded::migrations::runner()
        .set_abort_missing(false)
        .set_abort_divergent(true)
        // One transaction for a migration and the note that it ran: a power cut never separates them.
        .set_grouped(true);
    let newest = runner
        .get_migrations()
        .iter()
        .map(|m| i64::from(m.version()))
        .max()
        .unwrap_or(0);
    if at >= newest {
        return Ok(());
    }
    if let (true, Some(file)) = (at > 0, file) {
        back_up(conn, file, at)?;
    }
    runner.run(conn).map_err(refused)?;
    Ok(())
}

/// A full disk is a full disk here too, and no damage.
fn refused(error: refinery::Error) -> StoreError {
    if let refinery::error::Kind::Connection(_, cause) = error.kind()
        && let Some(rusqlite::Error::SqliteFailure(code, why)) = cause.downcast_ref()
    {
        return rusqlite::Error::SqliteFailure(*code, why.clone()).into();
    }
    StoreError::damaged(error)
}

fn version(conn: &Connection) -> Result<i64, StoreError> {
    let exists: Option<i64> = conn
        .query_row(
            "select 1 from sqlite_schema where name = 'refinery_schema_history'",
            [],
            |r| r.get(0),
        )
        .optional()?;
    if exists.is_none() {
        return Ok(0);
    }
    Ok(conn.query_row(
        "select coalesce(max(version), 0) from refinery_schema_history",
        [],
        |r| r.get(0),
    )?)
}

/// Copies the whole file, still encrypted, beside itself.
fn back_up(conn: &Connection, file: &Path, at: i64) -> Result<(), StoreError> {
    conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    let name = file
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let copy = file.with_file_name(format!("{name}.before-migration-{}", at + 1));
    std::fs::copy(file, &copy)?;
    std::fs::File::open(&copy)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, open::connect};

    #[test]
    fn the_copy_before_a_migration_is_whole_and_opens_with_the_same_key() {
        let folder = tempfile::tempdir().expect("a temp folder");
        let options = |name: &str| Options {
            file: folder.path().join(name),
            key: Some([0x5a; 32]),
            vfs: None,
        };
        let mut conn = connect(&options("chandi.db"), true).expect("a new file");
        run(&mut conn, Some(&folder.path().join("chandi.db"))).expect("migrated");
        // What lies in the log only must be in the copy too.
        conn.execute("insert into local_value values ('a', 'kept')", [])
            .expect("written");
        let at = version(&conn).expect("a version");
        assert_eq!(at, BUILD, "this build's number is its newest migration's");
        back_up(&conn, &folder.path().join("chandi.db"), at).expect("a copy");
        let name = format!("chandi.db.before-migration-{}", at + 1);
        let copy = connect(&options(&name), true).expect("the copy opens");
        let value: String = copy
            .query_row("select value from local_value", [], |r| r.get(0))
            .expect("the row is there");
        assert_eq!(value, "kept");
        let whole: String = copy
            .query_row("pragma quick_check", [], |r| r.get(0))
            .expect("checked");
        assert_eq!(whole, "ok");
    }

    #[test]
    fn a_second_start_migrates_nothing_and_makes_no_copy() {
        let folder = tempfile::tempdir().expect("a temp folder");
        let file = folder.path().join("chandi.db");
        for _ in 0..2 {
            let options = Options {
                file: file.clone(),
                key: None,
                vfs: None,
            };
            let mut conn = connect(&options, true).expect("the file opens");
            run(&mut conn, Some(&file)).expect("migrated");
        }
        let copies = std::fs::read_dir(folder.path())
            .expect("a folder")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().contains("before-migration"));
        assert_eq!(copies.count(), 0);
    }
}
