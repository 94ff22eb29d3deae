//! This device's printers and their queue. The state of a job is on the disk before its first byte leaves.

use crate::{Reader, StoreError, Write};
use domain::ids::{CounterId, DeviceId, OrderId, PrintJobId, PrinterId, StaffId};
use rusqlite::{OptionalExtension, Row, params};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrinterRow {
    pub id: PrinterId,
    pub name: String,
    pub driver: String,
    pub address: String,
    /// JSON; the store does not look inside.
    pub profile: String,
    /// A JSON array.
    pub jobs: String,
    pub fallback: Option<PrinterId>,
    pub drawer: bool,
    pub tells: Option<bool>,
    pub added_ms: i64,
    pub used_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    Queued,
    Printing,
    Printed,
    Unsure,
    Failed,
    Discarded,
}

impl JobState {
    pub const ALL: &[JobState] = &[
        JobState::Queued,
        JobState::Printing,
        JobState::Printed,
        JobState::Unsure,
        JobState::Failed,
        JobState::Discarded,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Printing => "printing",
            JobState::Printed => "printed",
            JobState::Unsure => "unsure",
            JobState::Failed => "failed",
            JobState::Discarded => "discarded",
        }
    }

    pub fn of(text: &str) -> Option<JobState> {
        JobState::ALL.iter().copied().find(|s| s.as_str() == text)
    }
}

/// Whose a job is that is another device's, and which of its tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForAnother {
    pub device: DeviceId,
    pub attempt: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// The place in the queue.
    pub n: i64,
    pub id: PrintJobId,
    pub printer: Option<PrinterId>,
    pub kind: String,
    pub order: Option<OrderId>,
    pub paper: Option<[u8; 16]>,
    pub number: Option<u32>,
    pub document: Option<String>,
    pub copy: u32,
    pub state: JobState,
    pub moved: bool,
    pub why: Option<String>,
    pub attempts: u32,
    pub staff: Option<StaffId>,
    pub created_ms: i64,
    pub changed_ms: i64,
    /// Another device was told of it.
    pub given: bool,
    pub for_another: Option<ForAnother>,
}

/// A job as it enters the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    pub id: PrintJobId,
    pub printer: PrinterId,
    pub kind: &'static str,
    pub order: Option<OrderId>,
    pub paper: Option<[u8; 16]>,
    pub number: Option<u32>,
    pub document: Option<String>,
    pub copy: u32,
    pub payload: Vec<u8>,
    pub staff: Option<StaffId>,
    pub for_another: Option<ForAnother>,
}

/// Which jobs a list shows.
#[derive(Debug, Clone, Default)]
pub struct JobQuery {
    pub states: Vec<JobState>,
    pub printer: Option<PrinterId>,
    pub order: Option<OrderId>,
    pub before: Option<i64>,
    pub limit: usize,
}

const PRINTER: &str = "select printer_id, name, driver, address, profile, jobs, fallback_id, drawer, tells, added_ms, used_ms from printer";
const JOB: &str = "select n, job_id, printer_id, kind, order_id, paper_id, number, document, copy, state, moved, why, attempts,
        staff_id, created_ms, changed_ms, given, for_device, for_try from print_job";

fn printer(r: &Row<'_>) -> rusqlite::Result<PrinterRow> {
    Ok(PrinterRow {
        id: PrinterId::from_bytes(r.get(0)?),
        name: r.get(1)?,
        driver: r.get(2)?,
        address: r.get(3)?,
        profile: r.get(4)?,
        jobs: r.get(5)?,
        fallback: r.get::<_, Option<[u8; 16]>>(6)?.map(PrinterId::from_bytes),
        drawer: r.get(7)?,
        tells: r.get(8)?,
        added_ms: r.get(9)?,
        used_ms: r.get(10)?,
    })
}

fn job(r: &Row<'_>) -> rusqlite::Result<JobRow> {
    let state: String = r.get(9)?;
    Ok(JobRow {
        n: r.get(0)?,
        id: PrintJobId::from_bytes(r.get(1)?),
        printer: r.get::<_, Option<[u8; 16]>>(2)?.map(PrinterId::from_bytes),
        kind: r.get(3)?,
        order: r.get::<_, Option<[u8; 16]>>(4)?.map(OrderId::from_bytes),
        paper: r.get(5)?,
        number: r.get(6)?,
        document: r.get(7)?,
        copy: r.get(8)?,
        // The table's own rule allows no other word.
        state: JobState::of(&state).unwrap_or(JobState::Failed),
        moved: r.get(10)?,
        why: r.get(11)?,
        attempts: r.get(12)?,
        staff: r.get::<_, Option<[u8; 16]>>(13)?.map(StaffId::from_bytes),
        created_ms: r.get(14)?,
        changed_ms: r.get(15)?,
        given: r.get(16)?,
        for_another: match r.get::<_, Option<[u8; 16]>>(17)? {
            Some(device) => Some(ForAnother {
                device: DeviceId::from_bytes(device),
                attempt: r.get(18)?,
            }),
            None => None,
        },
    })
}

impl Reader<'_> {
    /// How many jobs of another device are here and not on paper.
    pub fn prints_waiting_for(&self, device: DeviceId) -> Result<u32, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select count(*) from print_job where for_device = ?1 and sent = 0")?
            .query_row([device.bytes()], |r| r.get(0))?)
    }

    /// In the order in which they were added.
    pub fn printers(&self) -> Result<Vec<PrinterRow>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached(&format!("{PRINTER} order by added_ms, printer_id"))?;
        Ok(statement.query_map([], printer)?.collect::<Result<_, _>>()?)
    }

    pub fn printer(&self, id: PrinterId) -> Result<Option<PrinterRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{PRINTER} where printer_id = ?1"))?
            .query_row([id.bytes()], printer)
            .optional()?)
    }

    pub fn print_job(&self, id: PrintJobId) -> Result<Option<JobRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!("{JOB} where job_id = ?1"))?
            .query_row([id.bytes()], job)
            .optional()?)
    }

    pub fn print_payload(&self, id: PrintJobId) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .conn
            .prepare_cached("select payload from print_job where job_id = ?1")?
            .query_row([id.bytes()], |r| r.get(0))
            .optional()?)
    }

    /// The newest first.
    pub fn print_jobs(&self, query: &JobQuery) -> Result<Vec<JobRow>, StoreError> {
        let mut sql = format!("{JOB} where n < ?1");
        let before = query.before.unwrap_or(i64::MAX);
        let printer = query.printer.map(|p| p.bytes());
        let order = query.order.map(|o| o.bytes());
        sql += " and (?2 is null or printer_id = ?2) and (?3 is null or order_id = ?3)";
        if !query.states.is_empty() {
            let words: Vec<String> = query.states.iter().map(|s| format!("'{}'", s.as_str())).collect();
            sql += &format!(" and state in ({})", words.join(", "));
        }
        sql += " order by n desc limit ?4";
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![before, printer, order, limit], job)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What this printer does next: drawers do not wait behind paper, and its own device's paper behind nobody's that
    /// may not be begun now.
    pub fn next_print_job(
        &self,
        printer: PrinterId,
        may_begin: impl Fn(&JobRow) -> bool,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "{JOB} where printer_id = ?1 and state = 'queued' order by kind <> 'drawer', n"
        ))?;
        for row in statement.query_map([printer.bytes()], job)? {
            let row = row?;
            if may_begin(&row) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// What is next, or under way, at a printer of another device; what nobody knows comes last.
    pub fn next_given_job(&self, printer: PrinterId) -> Result<Option<JobRow>, StoreError> {
        Ok(self
            .conn
            .prepare_cached(&format!(
                "{JOB} where printer_id = ?1 and kind <> 'drawer'
                     and (state = 'queued' or (state in ('printing', 'unsure') and given = 1))
                 order by case state when 'printing' then 0 when 'queued' then 1 else 2 end, n limit 1"
            ))?
            .query_row([printer.bytes()], job)
            .optional()?)
    }

    /// What people should know of: unsure, failed, or tried in vain. The newest first.
    pub fn print_problems(&self, limit: usize) -> Result<Vec<JobRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "{JOB} where state in ('queued', 'printing', 'unsure', 'failed')
                 and (state in ('unsure', 'failed') or (state = 'queued' and attempts > 0))
             order by n desc limit ?1"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(statement.query_map([limit], job)?.collect::<Result<_, _>>()?)
    }

    /// How many jobs of each state each printer has open.
    pub fn print_counts(&self) -> Result<Vec<(PrinterId, JobState, u32)>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select printer_id, state, count(*) from print_job
             where state in ('queued', 'printing', 'unsure', 'failed') and printer_id is not null
             group by printer_id, state",
        )?;
        let rows = statement.query_map([], |r| {
            let state: String = r.get(1)?;
            Ok((
                PrinterId::from_bytes(r.get(0)?),
                JobState::of(&state).unwrap_or(JobState::Failed),
                r.get(2)?,
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many papers of this kind something that is no order has had from here, or may have had.
    pub fn papers_about(&self, kind: &str, paper: [u8; 16]) -> Result<u32, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select count(*) from print_job
                 where order_id is null and kind = ?1 and paper_id = ?2 and (state <> 'discarded' or sent = 1)",
            )?
            .query_row(params![kind, paper], |r| r.get(0))?)
    }

    /// How many papers of this kind the order has had from here, or may have had.
    pub fn papers_of(&self, order: OrderId, kind: &str, paper: Option<[u8; 16]>) -> Result<u32, StoreError> {
        Ok(self
            .conn
            .prepare_cached(
                "select count(*) from print_job
                 where order_id = ?1 and kind = ?2 and paper_id is ?3 and (state <> 'discarded' or sent = 1)",
            )?
            .query_row(params![order.bytes(), kind, paper], |r| r.get(0))?)
    }
}

/// A drawer that was opened without a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningRow {
    pub id: [u8; 16],
    pub counter: CounterId,
    pub staff: Option<StaffId>,
    pub why: String,
    pub approved_by: Option<StaffId>,
    pub opened_ms: i64,
    pub reason: String,
}

impl Reader<'_> {
    /// The newest first, of one business day or of all.
    pub fn drawer_openings(
        &self,
        business_day: Option<u32>,
        limit: usize,
    ) -> Result<Vec<OpeningRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "select opening_id, counter_id, staff_id, why, approved_by, opened_ms, reason from drawer_opening
             where ?1 is null or business_day = ?1 order by opened_ms desc, opening_id limit ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![business_day, limit], |r| {
            Ok(OpeningRow {
                id: r.get(0)?,
                counter: CounterId::from_bytes(r.get(1)?),
                staff: r.get::<_, Option<[u8; 16]>>(2)?.map(StaffId::from_bytes),
                why: r.get(3)?,
                approved_by: r.get::<_, Option<[u8; 16]>>(4)?.map(StaffId::from_bytes),
                opened_ms: r.get(5)?,
                reason: r.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Write<'_> {
    pub fn save_printer(&self, row: &PrinterRow) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "insert into printer values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 on conflict (printer_id) do update set name = excluded.name, driver = excluded.driver,
                     address = excluded.address, profile = excluded.profile, jobs = excluded.jobs,
                     fallback_id = excluded.fallback_id, drawer = excluded.drawer, tells = excluded.tells",
            )?
            .execute(params![
                row.id.bytes(),
                row.name,
                row.driver,
                row.address,
                row.profile,
                row.jobs,
                row.fallback.map(|f| f.bytes()),
                row.drawer,
                row.tells,
                row.added_ms,
                row.used_ms
            ])?;
        Ok(())
    }

    /// Forgets a printer. What it printed stays known; others that fell back to it fall back to nobody.
    pub fn drop_printer(&self, id: PrinterId) -> Result<(), StoreError> {
        self.tx.execute(
            "update print_job set printer_id = null where printer_id = ?1",
            [id.bytes()],
        )?;
        self.tx.execute(
            "update printer set fallback_id = null where fallback_id = ?1",
            [id.bytes()],
        )?;
        self.tx
            .execute("delete from printer where printer_id = ?1", [id.bytes()])?;
        Ok(())
    }

    /// What was learned about a printer while it printed.
    pub fn printer_used(&self, id: PrinterId, tells: Option<bool>) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "update printer set used_ms = ?2, tells = coalesce(?3, tells) where printer_id = ?1",
            )?
            .execute(params![id.bytes(), self.now().0, tells])?;
        Ok(())
    }

    /// It answers questions about its state.
    pub fn printer_tells(&self, id: PrinterId) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("update printer set tells = 1 where printer_id = ?1 and tells is not 1")?
            .execute([id.bytes()])?;
        Ok(())
    }

    /// Puts a job into the queue. `false`: this very id is there already, and stays as it is.
    pub fn queue_print(&self, new: &NewJob) -> Result<bool, StoreError> {
        let now = self.now().0;
        let added = self
            .tx
            .prepare_cached(
                "insert into print_job (job_id, printer_id, kind, order_id, paper_id, number, document, copy, payload,
                     state, sent, moved, attempts, staff_id, created_ms, changed_ms, for_device, for_try)
                 select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'queued', 0, 0, 0, ?10, ?11, ?11, ?12, ?13
                 where not exists (select 1 from print_job where job_id = ?1)",
            )?
            .execute(params![
                new.id.bytes(),
                new.printer.bytes(),
                new.kind,
                new.order.map(|o| o.bytes()),
                new.paper,
                new.number,
                new.document,
                new.copy,
                new.payload,
                new.staff.map(|s| s.bytes()),
                now,
                new.for_another.map(|other| other.device.bytes()),
                new.for_another.map_or(0, |other| other.attempt)
            ])?;
        Ok(added > 0)
    }

    /// Takes a queued job for printing. `false`: somebody else was faster, or it is not queued any more.
    pub fn begin_print(&self, id: PrintJobId) -> Result<bool, StoreError> {
        let changed = self
            .tx
            .prepare_cached(
                "update print_job set state = 'printing', sent = 1, attempts = attempts + 1, why = null, changed_ms = ?2
                 where job_id = ?1 and state = 'queued'",
            )?
            .execute(params![id.bytes(), self.now().0])?;
        Ok(changed > 0)
    }

    /// The same for one that another device is told of. From here on it may be on paper there.
    pub fn give_print(&self, id: PrintJobId) -> Result<bool, StoreError> {
        let changed = self
            .tx
            .prepare_cached(
                "update print_job set state = 'printing', sent = 1, given = 1, attempts = attempts + 1, why = null,
                     changed_ms = ?2
                 where job_id = ?1 and state = 'queued' and given = 0",
            )?
            .execute(params![id.bytes(), self.now().0])?;
        Ok(changed > 0)
    }

    /// The other device never heard of it.
    pub fn take_print_back(&self, id: PrintJobId) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("update print_job set given = 0 where job_id = ?1")?
            .execute([id.bytes()])?;
        Ok(())
    }

    /// The device whose job it is wants it anew.
    pub fn print_again_for(
        &self,
        id: PrintJobId,
        printer: PrinterId,
        attempt: u32,
        payload: &[u8],
    ) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "update print_job set printer_id = ?2, state = 'queued', why = null, sent = 0, moved = 0, for_try = ?3,
                     payload = ?4, changed_ms = ?5
                 where job_id = ?1",
            )?
            .execute(params![id.bytes(), printer.bytes(), attempt, payload, self.now().0])?;
        Ok(())
    }

    /// Forgets what other devices asked for and never came back to, as far as no byte of it was sent.
    pub fn drop_abandoned_prints(&self, before_ms: i64) -> Result<usize, StoreError> {
        Ok(self.tx.execute(
            "delete from print_job
             where for_device is not null and sent = 0 and state in ('queued', 'discarded') and changed_ms < ?1",
            [before_ms],
        )?)
    }

    /// What became of it. Only a job that came out, or that nobody wants, loses its payload.
    pub fn settle_print(&self, id: PrintJobId, state: JobState, why: Option<&str>) -> Result<(), StoreError> {
        let sent = matches!(state, JobState::Printed | JobState::Printing | JobState::Unsure);
        let keeps_mark = state == JobState::Discarded;
        let done = matches!(state, JobState::Printed | JobState::Discarded);
        self.tx
            .prepare_cached(
                "update print_job set state = ?2, why = ?3, changed_ms = ?4, sent = case when ?5 then sent else ?6 end,
                     payload = case when ?7 then x'' else payload end
                 where job_id = ?1",
            )?
            .execute(params![id.bytes(), state.as_str(), why, self.now().0, keeps_mark, sent, done])?;
        Ok(())
    }

    /// Gives a job to a printer, from the start.
    pub fn requeue_print(&self, id: PrintJobId, printer: PrinterId, moved: bool) -> Result<(), StoreError> {
        self.tx
            .prepare_cached(
                "update print_job set printer_id = ?2, moved = ?3, state = 'queued', why = null, sent = 0, given = 0,
                     changed_ms = ?4
                 where job_id = ?1",
            )?
            .execute(params![id.bytes(), printer.bytes(), moved, self.now().0])?;
        Ok(())
    }

    /// After a restart: what was at the printer when the power went may or may not have come out. What another device
    /// was told of is asked about there.
    pub fn printing_was_cut(&self) -> Result<usize, StoreError> {
        Ok(self.tx.execute(
            "update print_job set state = 'unsure', why = 'power_cut', changed_ms = ?1
             where state = 'printing' and given = 0",
            [self.now().0],
        )?)
    }

    /// Forgets papers without an order that are settled for long.
    pub fn forget_prints(&self, before_ms: i64) -> Result<usize, StoreError> {
        Ok(self.tx.execute(
            "delete from print_job
             where order_id is null and kind <> 'shift' and state in ('printed', 'discarded') and changed_ms < ?1",
            [before_ms],
        )?)
    }
}
