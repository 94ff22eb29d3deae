//! Reports of shifts: Z, X and addenda, made once, never changed, printed as often as somebody wants.

use crate::{
    Actor, AppError, Code, Result, Shop, days,
    order_view::{Directory, Named, document_of},
    papers::{PaperFilter, local_time, method_word, pdf},
    printing::{JobView, NewPaper, job_id, serves},
    shift_figures::{
        DrawerFiguresView, FiguresView, Seen, Span, check_z, code_text, differences, figures_of, in_view,
    },
    shifts::{CountView, view_count, z_number},
    wire::{content_of, rfc3339},
};
use domain::{
    ids::{PrintJobId, PrinterId, ShiftId, StaffId},
    numbers::DocumentKind,
    people::Permission,
    time::Moment,
};
use journal::{
    Body,
    body::{ClosedDrawerV1, ReportMadeV1},
};
use paper::{ShiftDrawer, ShiftMethod, ShiftReport, ShiftSlipData, ShiftTax, Slip};
use serde::{Deserialize, Serialize};
use store::{
    Reader, Write,
    shifts::{ReportBody, ReportRow, ShiftRow},
};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportDrawerView {
    pub currency: String,
    pub expected_minor: i64,
    /// Null when nobody counted.
    pub count: Option<CountView>,
    /// Over is above zero, short below.
    pub variance_minor: i64,
    /// What stayed in the drawer for the next shift.
    pub left_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportView {
    /// The shift's own id for its Z.
    pub id: Uuid,
    /// z, x or addendum
    pub kind: String,
    pub number: String,
    pub shift: Uuid,
    /// The number of the Z that an addendum belongs to.
    pub of: Option<String>,
    pub counter: Named,
    pub seat: u16,
    pub business_day: String,
    pub opened_at: String,
    pub made_at: String,
    pub staff: Option<Named>,
    pub holder: Option<Named>,
    pub figures: FiguresView,
    /// Only a Z has them.
    pub drawers: Vec<ReportDrawerView>,
    pub note: String,
    /// Computed once more from the facts that it has seen, every figure is the same.
    pub equals_facts: bool,
    /// Every figure that is not, in words.
    pub differences: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeReport {
    pub id: Uuid,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintReport {
    pub id: Uuid,
    pub printer: Option<Uuid>,
}

fn view_drawer(drawer: &ClosedDrawerV1) -> ReportDrawerView {
    ReportDrawerView {
        currency: code_text(&drawer.currency),
        expected_minor: drawer.expected_minor,
        count: drawer.count.as_ref().map(view_count),
        variance_minor: drawer.variance_minor,
        left_minor: drawer.left_minor,
    }
}

impl Shop {
    /// The Z of a shift, then its addenda; X reports before it.
    pub(crate) fn reports_of(
        &self,
        reader: &Reader<'_>,
        names: &Directory,
        row: &ShiftRow,
    ) -> Result<Vec<ReportView>> {
        let mut all = Vec::new();
        let rows = reader.shift_reports(row.id)?;
        if let Some(z) = self.z_of(reader, names, row)? {
            all.push(z);
        }
        for one in &rows {
            all.push(self.view_report(reader, names, row, one, &rows)?);
        }
        Ok(all)
    }

    fn z_of(&self, reader: &Reader<'_>, names: &Directory, row: &ShiftRow) -> Result<Option<ReportView>> {
        let Some(closed) = &row.closed else {
            return Ok(None);
        };
        let z = &closed.z;
        let differences = check_z(reader, self.settings().currency.code, row, z)?;
        Ok(Some(ReportView {
            id: row.id.uuid(),
            kind: "z".to_owned(),
            number: z_number(z),
            shift: row.id.uuid(),
            of: None,
            counter: names.counter(row.counter),
            seat: row.seat_number,
            business_day: days::text_of(z.business_day),
            opened_at: rfc3339(Moment(row.opened.opened_ms)),
            made_at: rfc3339(Moment(z.closed_ms)),
            staff: names.staff(closed.by),
            holder: names.staff(row.holder),
            figures: in_view(&z.figures)?,
            drawers: z.drawers.iter().map(view_drawer).collect(),
            note: z.note.clone(),
            equals_facts: differences.is_empty(),
            differences,
        }))
    }

    fn view_report(
        &self,
        reader: &Reader<'_>,
        names: &Directory,
        row: &ShiftRow,
        report: &ReportRow,
        siblings: &[ReportRow],
    ) -> Result<ReportView> {
        let own = self.settings().currency.code;
        let stated = report.figures();
        let closed = row.closed.as_ref().map(|closed| &closed.z);
        let (kind, number, business_day, of, after) = match &report.body {
            ReportBody::X(x) => (
                "x",
                document_of(&x.prefix, &x.fiscal_year, x.document_no),
                x.business_day,
                None,
                None,
            ),
            ReportBody::Addendum(addendum) => {
                // What it adds to: the Z, and the addenda before it.
                let mut after: Seen = closed.map(|z| z.figures.seen.clone()).unwrap_or_default();
                for one in siblings {
                    if let ReportBody::Addendum(earlier) = &one.body
                        && earlier.number < addendum.number
                    {
                        for (device, seq) in &earlier.figures.seen {
                            match after.iter_mut().find(|(known, _)| known == device) {
                                Some((_, upto)) => *upto = (*upto).max(*seq),
                                None => after.push((*device, *seq)),
                            }
                        }
                    }
                }
                (
                    "addendum",
                    addendum.number.to_string(),
                    addendum.business_day,
                    closed.map(z_number),
                    Some(after),
                )
            }
        };
        let span = Span {
            after: after.as_ref(),
            upto: stated.seen.clone(),
            to_ms: match (&after, closed) {
                (Some(_), Some(z)) => z.closed_ms,
                _ => report.made_ms,
            },
        };
        let differences = differences(stated, &figures_of(reader, own, row, &span)?);
        Ok(ReportView {
            id: Uuid::from_bytes(report.id),
            kind: kind.to_owned(),
            number,
            shift: row.id.uuid(),
            of,
            counter: names.counter(row.counter),
            seat: row.seat_number,
            business_day: days::text_of(business_day),
            opened_at: rfc3339(Moment(row.opened.opened_ms)),
            made_at: rfc3339(Moment(report.made_ms)),
            staff: names.staff(report.by),
            holder: names.staff(row.holder),
            figures: in_view(stated)?,
            drawers: vec![],
            note: String::new(),
            equals_facts: differences.is_empty(),
            differences,
        })
    }

    /// Any report by its id, checked against the facts anew.
    fn report_view(&self, reader: &Reader<'_>, id: Uuid) -> Result<ReportView> {
        let names = Directory::read(reader)?;
        let gone = || AppError::new(Code::NotFound);
        let shift = match reader.shift_report(*id.as_bytes())? {
            Some(report) => report.shift,
            None => ShiftId::from_uuid(id),
        };
        let row = reader.shift(shift)?.ok_or_else(gone)?;
        let all = self.reports_of(reader, &names, &row)?;
        all.into_iter().find(|report| report.id == id).ok_or_else(gone)
    }

    pub fn shift_report(&self, actor: &Actor, id: Uuid) -> Result<ReportView> {
        let report = self.store.read(|r| self.report_view(r, id))?;
        self.may_see(actor, &report)?;
        Ok(report)
    }

    /// Those who run the shop see every report; whoever held the drawer sees their own, unless the shop counts blind.
    fn may_see(&self, actor: &Actor, report: &ReportView) -> Result<()> {
        let theirs = report
            .holder
            .as_ref()
            .is_some_and(|holder| holder.id == actor.staff.uuid());
        if theirs && self.sees_all(actor) {
            return Ok(());
        }
        actor.must(Permission::ReportRead)
    }

    /// An X: the figures of an open shift as they stand, with a number of its own.
    pub fn make_report(&self, actor: &Actor, id: ShiftId, form: &MakeReport) -> Result<ReportView> {
        if !self.sees_all(actor) {
            actor.must(Permission::ShiftManage)?;
        }
        let content = content_of(&format!("x report {id}"), form)?;
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = self.open_row(&tx.reader(), actor, id)?;
            let now = tx.now();
            let time = self.branch_day(now);
            let span = Span {
                after: None,
                upto: tx.reader().seen()?,
                to_ms: now.0,
            };
            let figures = figures_of(&tx.reader(), self.settings().currency.code, &row, &span)?;
            let (prefix, fiscal_year, document_no) = self.next_report(tx, DocumentKind::XReport, &time)?;
            let body = ReportMadeV1 {
                report: *form.id.as_bytes(),
                shift: id.bytes(),
                counter: row.counter.bytes(),
                prefix,
                fiscal_year,
                document_no,
                made_ms: now.0,
                business_day: time.business_day,
                figures,
            };
            Ok(tx.record(Some(actor.staff), &Body::ReportMade(Box::new(body)))?)
        })?;
        self.live.tell("shift", Some(id.to_string()));
        self.store.read(|r| self.report_view(r, form.id))
    }

    fn report_slip(&self, report: &ReportView, copy: u32) -> Slip {
        let settings = self.settings();
        let own = settings.currency.code().to_owned();
        let language = settings.text("shop.language").to_owned();
        let figures = &report.figures;
        let sales = &figures.sales;
        let name = |named: &Option<Named>| named.as_ref().map(|n| n.name.clone()).unwrap_or_default();
        let at = |text: &str| {
            text.parse::<jiff::Timestamp>()
                .map(|t| local_time(&settings, Moment(t.as_millisecond())))
                .unwrap_or_default()
        };
        let seat = match report.seat {
            0 | 1 => report.counter.name.clone(),
            seat => format!("{} · {seat}", report.counter.name),
        };
        Slip::Shift(Box::new(ShiftSlipData {
            report: match report.kind.as_str() {
                "x" => ShiftReport::X,
                "addendum" => ShiftReport::Addendum,
                _ => ShiftReport::Z,
            },
            shop_name: settings.text("shop.name").to_owned(),
            branch: settings.text("branch.name").to_owned(),
            tax_number: Some(settings.text("shop.tax_number").to_owned()),
            demo: self.identity.demo,
            number: report.number.clone(),
            of: report.of.clone(),
            business_day: report.business_day.clone(),
            opened_at: at(&report.opened_at),
            made_at: at(&report.made_at),
            counter: seat,
            holder: name(&report.holder),
            staff: name(&report.staff),
            orders: sales.orders,
            subtotal_minor: sales.subtotal_minor,
            discount_minor: sales.discount_minor,
            rounding_minor: sales.rounding_minor,
            total_minor: sales.total_minor,
            tax_minor: sales.tax_minor,
            taxes: sales
                .taxes
                .iter()
                .map(|tax| ShiftTax {
                    label: format!("{} {}%", tax.name, tax.rate),
                    taxable_minor: tax.taxable_minor,
                    amount_minor: tax.amount_minor,
                })
                .collect(),
            refunds: sales.refunds,
            refunded_minor: sales.refunded_minor,
            cancelled: sales.cancelled,
            cancelled_minor: sales.cancelled_minor,
            no_sales: sales.no_sales,
            documents: (!sales.first_document.is_empty())
                .then(|| (sales.first_document.clone(), sales.last_document.clone())),
            methods: figures
                .methods
                .iter()
                .map(|method| ShiftMethod {
                    label: method_word(&method.method, &language),
                    count: method.taken,
                    taken_minor: method.taken_minor,
                    back_minor: method.back_minor,
                    tips_minor: method.tips_minor,
                    net_minor: method.net_minor,
                })
                .collect(),
            drawers: figures
                .drawers
                .iter()
                .map(|drawer| slip_drawer(drawer, &report.drawers))
                .collect(),
            equals_facts: report.equals_facts,
            note: report.note.clone(),
            copy: u16::try_from(copy).unwrap_or(u16::MAX),
            currency: own,
            language,
            open_drawer: false,
        }))
    }

    /// The Z goes into the print queue with its own fact. Nothing here can keep a shift from being closed.
    pub(crate) fn queue_z(&self, tx: &mut Write<'_>, staff: StaffId, id: ShiftId) {
        let queued = (|| -> Result<()> {
            let printers = tx.reader().printers()?;
            let Some(printer) = serves(&printers, "receipt") else {
                return Ok(());
            };
            let report = self.report_view(&tx.reader(), id.uuid())?;
            let new = NewPaper::slip("shift", self.report_slip(&report, 1)).about(
                id.bytes(),
                report.number.clone(),
                1,
            );
            tx.queue_print(&new.at(job_id("shift", id.uuid()), printer.id, Some(staff)))?;
            Ok(())
        })();
        if let Err(error) = queued {
            tracing::error!(shift = %id, %error, "the Z cannot be put into the print queue");
        }
    }

    /// Prints a report; every paper after the first says which copy it is.
    pub fn print_report(&self, actor: &Actor, id: Uuid, form: &PrintReport) -> Result<JobView> {
        let report = self.shift_report(actor, id)?;
        let content = content_of(&format!("print report {id}"), form)?;
        self.print_once(form.id, &content, |tx| {
            let printers = tx.reader().printers()?;
            let printer = match form.printer.map(PrinterId::from_uuid) {
                Some(id) => printers.iter().find(|p| p.id == id),
                None => serves(&printers, "receipt"),
            };
            let printer = printer.ok_or(AppError::new(Code::NoPrinter))?;
            let copy = tx.reader().papers_about("shift", *id.as_bytes())? + 1;
            let new = NewPaper::slip("shift", self.report_slip(&report, copy)).about(
                *id.as_bytes(),
                report.number.clone(),
                copy,
            );
            Ok(new.at(PrintJobId::from_uuid(form.id), printer.id, Some(actor.staff)))
        })
    }

    pub fn report_png(&self, actor: &Actor, id: Uuid, filter: &PaperFilter) -> Result<Vec<u8>> {
        let report = self.shift_report(actor, id)?;
        self.slip_png(&self.report_slip(&report, 1), filter.paper_mm)
    }

    pub fn report_pdf(&self, actor: &Actor, id: Uuid, filter: &PaperFilter) -> Result<Vec<u8>> {
        let report = self.shift_report(actor, id)?;
        let mm = filter.paper_mm.unwrap_or(80);
        if ![58, 80, 210].contains(&mm) {
            return Err(AppError::field("paper_mm", "58, 80 or 210"));
        }
        pdf(&self.report_slip(&report, 1).document(&self.template()), mm)
    }
}

fn slip_drawer(figures: &DrawerFiguresView, found: &[ReportDrawerView]) -> ShiftDrawer {
    let found = found.iter().find(|drawer| drawer.currency == figures.currency);
    let count = found.and_then(|drawer| drawer.count.as_ref());
    ShiftDrawer {
        currency: figures.currency.clone(),
        float_minor: figures.float_minor,
        sales_minor: figures.sales_minor,
        tips_minor: figures.tips_minor,
        account_minor: figures.account_minor,
        back_minor: figures.back_minor,
        in_minor: figures.in_minor,
        out_minor: figures.out_minor,
        drop_minor: figures.drop_minor,
        tips_out_minor: figures.tips_out_minor,
        expected_minor: figures.expected_minor,
        counted_minor: count.map(|count| count.counted_minor),
        variance_minor: found.map_or(0, |drawer| drawer.variance_minor),
        left_minor: found.map(|drawer| drawer.left_minor),
        pieces: count
            .map(|count| {
                count
                    .pieces
                    .iter()
                    .map(|piece| (piece.value_minor, piece.count))
                    .collect()
            })
            .unwrap_or_default(),
        loose_minor: count.map_or(0, |count| count.loose_minor),
    }
}
