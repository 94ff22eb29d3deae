//! Shifts: one drawer's cash session, from its float to its Z.
//!
//! A shift can always be closed: nothing that is unknown, unpaid, unprinted or not yet arrived stands in its way. What
//! arrives later for a closed shift is written down as a dated addendum. Every report says which facts it has seen, so
//! that it can be computed once more and compared for ever.

use crate::{
    Actor, AppError, Code, Page, Result, Shop, days,
    order_view::{Directory, Named, document_of},
    sessions::Approval,
    settings::Settings,
    shift_figures::{FiguresView, Span, code_text, expected, figures_of, in_view, is_nothing},
    shift_reports::ReportView,
    wire::{content_of, optional_text, rfc3339, text},
};
use domain::{
    ids::{BranchId, SeatId, ShiftId, StaffId},
    money::{Currency, Money, MoneyError},
    numbers::{DocumentKind, document_number, series_prefix},
    people::Permission,
    pricing::MAX_TOTAL_MINOR,
    shift::{CurrencyCode, EntryKind, Pieces, Way, counted, denominations, variance},
    time::Moment,
};
use journal::{
    Body,
    body::{CashMovedV1, ClosedDrawerV1, CountV1, FiguresV1, ShiftAddendumV1, ShiftClosedV1, ShiftOpenedV1},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{
    Reader, Write,
    shifts::{MovementRow, ShiftQuery, ShiftRow},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PieceForm {
    /// What one note or coin is worth.
    pub value_minor: i64,
    pub count: u32,
}

/// What was counted of one currency: notes and coins, loose money, or only a sum.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountForm {
    /// The shop's own when absent.
    pub currency: Option<String>,
    #[serde(default)]
    pub pieces: Vec<PieceForm>,
    pub loose_minor: Option<i64>,
    /// What the pieces and the loose money come to; alone, when nobody counted by pieces.
    pub counted_minor: Option<i64>,
    /// When closing: what stays in the drawer for the next shift. The rest goes to the safe. All of it when absent.
    pub left_minor: Option<i64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenShift {
    pub id: Uuid,
    /// The float, by currency; an empty drawer when there is none.
    #[serde(default)]
    pub floats: Vec<CountForm>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveCash {
    pub id: Uuid,
    /// in, out, drop or tips
    pub kind: String,
    /// The shop's own when absent.
    pub currency: Option<String>,
    /// More than nothing, whichever way it goes.
    pub amount_minor: i64,
    pub reason: String,
    /// A second person's PIN, for paying out above the limit.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverShift {
    pub id: Uuid,
    /// Who takes the drawer, and their PIN.
    pub to: Approval,
    /// What both of them counted; may be left out.
    #[serde(default)]
    pub counts: Vec<CountForm>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseShift {
    pub id: Uuid,
    /// A currency that is not named here was not counted, and its Z says so.
    #[serde(default)]
    pub counts: Vec<CountForm>,
    pub note: Option<String>,
    /// Whether the Z is printed. As the shop's setting says when absent.
    pub print: Option<bool>,
}

/// Notes and coins to be added up; nothing is written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddUp {
    /// The open shift that the count is of; none before it is opened.
    pub shift: Option<Uuid>,
    pub counts: Vec<CountForm>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AddedUp {
    pub currency: String,
    pub counted_minor: i64,
    /// Null before a shift, and where the shop counts blind.
    pub expected_minor: Option<i64>,
    pub variance_minor: Option<i64>,
    /// What goes to the safe when what shall be left stays.
    pub to_safe_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountSums {
    pub sums: Vec<AddedUp>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PieceView {
    pub value_minor: i64,
    pub count: u32,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CountView {
    pub currency: String,
    pub pieces: Vec<PieceView>,
    pub loose_minor: i64,
    pub counted_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShiftView {
    pub id: Uuid,
    /// open or closed
    pub state: String,
    /// Only where the shop has more than one.
    pub branch: Option<Named>,
    pub counter: Named,
    pub seat: u16,
    pub opened_by: Option<Named>,
    /// Who has the drawer now, or had it last.
    pub holder: Option<Named>,
    pub opened_at: String,
    /// The business day on which it was opened.
    pub business_day: String,
    pub closed_at: Option<String>,
    pub closed_by: Option<Named>,
    /// The number of its Z.
    pub z: Option<String>,
    pub floats: Vec<CountView>,
    pub note: String,
    /// Opened on an earlier business day and still open.
    pub overdue: bool,
    /// Over is above zero, short below; null while open, for currencies nobody counted, and for eyes that may not see.
    pub variances: Vec<VarianceView>,
    /// What its Z came to, and how many orders; null while open.
    pub total_minor: Option<i64>,
    pub orders: Option<u32>,
    /// Money arrived after it was closed: so many addenda.
    pub addenda: u32,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VarianceView {
    pub currency: String,
    pub variance_minor: Option<i64>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShiftMoveView {
    pub id: Uuid,
    /// in, out, drop, tips or handover
    pub kind: String,
    pub currency: String,
    /// What the drawer gained; below zero when it left.
    pub amount_minor: i64,
    pub reason: String,
    pub at: String,
    pub staff: Option<Named>,
    /// Who has the drawer from then on.
    pub to: Option<Named>,
    pub counts: Vec<CountView>,
    pub approved_by: Option<Named>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShiftDetail {
    pub shift: ShiftView,
    /// The figures as the facts give them now; null where the shop counts blind.
    pub figures: Option<FiguresView>,
    pub moves: Vec<ShiftMoveView>,
    /// The Z first, then its addenda; X reports while it was open.
    pub reports: Vec<ReportView>,
    /// Money arrived that no report has seen yet.
    pub late: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DrawerCurrency {
    pub currency: String,
    pub digits: u8,
    /// Notes and coins, the largest first; empty where they are not known.
    pub denominations: Vec<i64>,
    /// What the last shift left in this drawer.
    pub left_minor: i64,
    /// The shop's own.
    pub own: bool,
}

/// What the till needs to know of its drawer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrentShift {
    /// The shift that a sale here and now belongs to.
    pub shift: Option<ShiftDetail>,
    /// Other open shifts of this till, of other people.
    pub others: Vec<ShiftView>,
    /// Selling needs an open shift.
    pub required: bool,
    /// What is expected is not shown before the count.
    pub blind: bool,
    /// counter: one drawer for whoever sells here; cashier: a drawer each.
    pub per: String,
    pub currencies: Vec<DrawerCurrency>,
    /// What a cashier may pay out without a second person.
    pub out_limit_minor: i64,
    /// Tips that came in and were not paid out.
    pub tips_minor: i64,
    /// Whether the one who asks sees everything.
    pub manages: bool,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShiftFilter {
    /// open or closed; both when absent
    pub state: Option<String>,
    /// The business day on which it was opened, such as 2026-11-21.
    pub day: Option<String>,
    /// Only those of this branch; all of the shop's when left out.
    pub branch: Option<Uuid>,
    pub limit: Option<usize>,
    pub after: Option<String>,
}

/// The shift that money taken or paid back here and now belongs to: one's own, or else, where a drawer is whoever's
/// sells there, the seat's.
pub fn open_shift_of(
    reader: &Reader<'_>,
    settings: &Settings,
    seat: SeatId,
    staff: StaffId,
) -> Result<Option<ShiftId>> {
    let open = reader.open_drawers_at(seat)?;
    let own = open.iter().find(|(_, holder)| *holder == Some(staff));
    Ok(match own {
        Some((id, _)) => Some(*id),
        None if settings.text("shift.drawer") == "cashier" => None,
        None => open.first().map(|(id, _)| *id),
    })
}

/// The same for a sale, which the shop may refuse without an open shift.
pub fn shift_for_sale(
    reader: &Reader<'_>,
    settings: &Settings,
    seat: SeatId,
    staff: StaffId,
) -> Result<Option<ShiftId>> {
    match open_shift_of(reader, settings, seat, staff)? {
        None if settings.text("shift.required") == "true" => Err(Code::ShiftNeeded.into()),
        shift => Ok(shift),
    }
}

pub(crate) fn too_much(error: MoneyError) -> AppError {
    AppError::new(Code::PriceTooLarge).because(error)
}

/// No drawer holds more than a sale may come to: a figure beyond that is a slip of the finger, and would spoil a report.
fn bounded(field: &str, minor: i64) -> Result<()> {
    if minor > MAX_TOTAL_MINOR {
        return Err(AppError::new(Code::PriceTooLarge).hint("field", field));
    }
    Ok(())
}

fn currency_of(field: &str, word: Option<&str>, own: &Currency) -> Result<Currency> {
    match word.map(str::trim) {
        None | Some("") => Ok(*own),
        Some(word) => Currency::from_code(&word.to_uppercase())
            .ok_or_else(|| AppError::field(field, "this currency is not known")),
    }
}

/// A count that adds up.
struct Counted {
    fact: CountV1,
    left: Option<i64>,
}

fn check_counts(field: &str, forms: &[CountForm], own: &Currency) -> Result<Vec<Counted>> {
    let mut all: BTreeMap<CurrencyCode, Counted> = BTreeMap::new();
    for form in forms {
        let wrong = |why: &dyn std::fmt::Display| AppError::field(field, why);
        let currency = currency_of(field, form.currency.as_deref(), own)?;
        let pieces: Vec<Pieces> = form
            .pieces
            .iter()
            .map(|one| Pieces {
                value_minor: one.value_minor,
                count: one.count,
            })
            .collect();
        let bare = pieces.is_empty() && form.loose_minor.is_none();
        let loose = if bare {
            form.counted_minor.unwrap_or(0)
        } else {
            form.loose_minor.unwrap_or(0)
        };
        let sum = counted(&pieces, Money::from_minor(loose)).map_err(|e| wrong(&e))?;
        bounded(field, sum.minor())?;
        if form.counted_minor.is_some_and(|said| said != sum.minor()) {
            return Err(wrong(&"the pieces come to another sum").hint("counted_minor", sum.minor()));
        }
        if let Some(left) = form.left_minor
            && !(0..=sum.minor()).contains(&left)
        {
            return Err(AppError::field("left_minor", "no more can stay than was counted")
                .hint("counted_minor", sum.minor()));
        }
        let fact = CountV1 {
            currency: currency.code,
            pieces: pieces
                .iter()
                .filter(|one| one.count > 0)
                .map(|one| (one.value_minor, one.count))
                .collect(),
            loose_minor: loose,
            counted_minor: sum.minor(),
        };
        let left = form.left_minor;
        if all.insert(currency.code, Counted { fact, left }).is_some() {
            return Err(wrong(&"one currency is counted twice"));
        }
    }
    Ok(all.into_values().collect())
}

pub(crate) fn view_count(count: &CountV1) -> CountView {
    CountView {
        currency: code_text(&count.currency),
        pieces: count
            .pieces
            .iter()
            .map(|(value_minor, count)| PieceView {
                value_minor: *value_minor,
                count: *count,
            })
            .collect(),
        loose_minor: count.loose_minor,
        counted_minor: count.counted_minor,
    }
}

/// The number of a Z as it stands on paper.
pub(crate) fn z_number(z: &ShiftClosedV1) -> String {
    document_of(&z.prefix, &z.fiscal_year, z.document_no)
}

/// What a drawer holds by its figures, of every currency.
fn held(figures: &FiguresV1) -> Result<BTreeMap<CurrencyCode, i64>> {
    figures
        .drawers
        .iter()
        .map(|drawer| Ok((drawer.currency, expected(drawer)?)))
        .collect()
}

impl Shop {
    /// Whether this person sees what is expected in an open drawer, and what was short in a closed one.
    pub(crate) fn sees_all(&self, actor: &Actor) -> bool {
        actor.allows(Permission::ShiftManage) || self.settings().text("shift.blind") != "true"
    }

    /// Somebody's own drawer, or the one of the seat they work at; anybody's for those who run the shop.
    pub(crate) fn must_hold(&self, actor: &Actor, shift: &ShiftRow) -> Result<()> {
        let shared = self.settings().text("shift.drawer") != "cashier" && shift.seat == actor.seat;
        if shift.holder == Some(actor.staff) || shared {
            return Ok(());
        }
        actor.must(Permission::ShiftManage)
    }

    pub(crate) fn open_row(&self, reader: &Reader<'_>, actor: &Actor, id: ShiftId) -> Result<ShiftRow> {
        let row = reader.shift(id)?.ok_or(AppError::new(Code::NotFound))?;
        self.must_hold(actor, &row)?;
        match &row.closed {
            None => Ok(row),
            Some(closed) => Err(AppError::new(Code::ShiftClosed)
                .hint("z", z_number(&closed.z))
                .hint("closed_at", rfc3339(Moment(closed.z.closed_ms)))),
        }
    }

    /// The shift into whose drawer money goes here and now, as facts keep it.
    pub(crate) fn shift_here(&self, reader: &Reader<'_>, actor: &Actor) -> Result<Option<[u8; 16]>> {
        let shift = open_shift_of(reader, &self.settings(), actor.seat, actor.staff)?;
        Ok(shift.map(|id| id.bytes()))
    }

    pub(crate) fn branch_day(&self, at: Moment) -> days::BranchTime {
        let settings = self.settings();
        days::branch_time(at, settings.text("branch.zone"), settings.day_starts_minutes())
    }

    /// The next number of a series of reports.
    pub(crate) fn next_report(
        &self,
        tx: &Write<'_>,
        kind: DocumentKind,
        time: &days::BranchTime,
    ) -> Result<(String, String, u32)> {
        next_report(
            &tx.reader(),
            &self.settings(),
            self.identity.ordinal,
            kind,
            time.date,
        )
    }

    /// The figures of a shift as the facts give them now.
    pub(crate) fn figures_now(&self, reader: &Reader<'_>, row: &ShiftRow) -> Result<FiguresV1> {
        let to_ms = row.closed.as_ref().map(|closed| closed.z.closed_ms);
        let span = Span {
            after: None,
            upto: reader.seen()?,
            to_ms: to_ms.unwrap_or_else(|| self.edges.now().0),
        };
        figures_of(reader, self.settings().currency.code, row, &span)
    }

    pub fn current_shift(&self, actor: &Actor) -> Result<CurrentShift> {
        let settings = self.settings();
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let mine = open_shift_of(r, &settings, actor.seat, actor.staff)?;
            let mut others = Vec::new();
            let mut shift = None;
            let mut currencies = BTreeMap::new();
            for row in r.open_shifts_at(actor.seat)? {
                if Some(row.id) == mine {
                    currencies = held(&self.figures_now(r, &row)?)?;
                    shift = Some(self.detail(r, &names, actor, &row)?);
                } else {
                    others.push(self.view_shift(r, &names, actor, &row)?);
                }
            }
            Ok(CurrentShift {
                currencies: self.drawer_currencies(r, actor.seat, currencies.into_keys().collect())?,
                shift,
                others,
                required: settings.text("shift.required") == "true",
                blind: !self.sees_all(actor),
                per: settings.text("shift.drawer").to_owned(),
                out_limit_minor: settings.int("shift.out_limit_minor"),
                tips_minor: r.tips_outstanding()?,
                manages: actor.allows(Permission::ShiftManage),
            })
        })
    }

    /// The shop's currency, those it has a rate for, those this drawer holds or held last, and what was left of each.
    fn drawer_currencies(
        &self,
        reader: &Reader<'_>,
        seat: SeatId,
        held: Vec<CurrencyCode>,
    ) -> Result<Vec<DrawerCurrency>> {
        let own = self.settings().currency;
        let last = reader.last_closed_at(seat)?;
        let mut left: BTreeMap<CurrencyCode, i64> = BTreeMap::from([(own.code, 0)]);
        for drawer in last.iter().flat_map(|row| &row.closed).flat_map(|c| &c.z.drawers) {
            left.insert(drawer.currency, drawer.left_minor);
        }
        let rated = reader.rated_currencies()?;
        let rated = rated.iter().filter_map(|code| Currency::from_code(code));
        for currency in held.into_iter().chain(rated.map(|currency| currency.code)) {
            left.entry(currency).or_default();
        }
        let mut all: Vec<DrawerCurrency> = left
            .into_iter()
            .filter_map(|(code, left_minor)| {
                let currency = Currency::from_code(&code_text(&code))?;
                Some(DrawerCurrency {
                    currency: currency.code().to_owned(),
                    digits: currency.minor_digits,
                    denominations: denominations(&currency),
                    left_minor,
                    own: code == own.code,
                })
            })
            .collect();
        all.sort_by_key(|one| (!one.own, one.currency.clone()));
        Ok(all)
    }

    pub fn open_shift(&self, actor: &Actor, form: &OpenShift) -> Result<CurrentShift> {
        let settings = self.settings();
        let content = content_of("open shift", form)?;
        let counts = check_counts("floats", &form.floats, &settings.currency)?;
        let note = optional_text("note", form.note.as_deref(), 200)?.unwrap_or_default();
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let open = tx.reader().open_drawers_at(actor.seat)?;
            let taken = match settings.text("shift.drawer") {
                "cashier" => open.iter().any(|(_, holder)| *holder == Some(actor.staff)),
                _ => !open.is_empty(),
            };
            if taken {
                let names = Directory::read(&tx.reader())?;
                let holder = open.first().and_then(|(_, holder)| names.staff(*holder));
                return Err(AppError::new(Code::ShiftOpen)
                    .hint("staff", holder.map(|named| named.name).unwrap_or_default()));
            }
            self.note_late_money(tx)?;
            let now = tx.now();
            let body = ShiftOpenedV1 {
                shift: *form.id.as_bytes(),
                counter: self.identity.counter.bytes(),
                seat_id: actor.seat.bytes(),
                seat: tx.number_of_seat(actor.seat)?,
                floats: counts.into_iter().map(|one| one.fact).collect(),
                opened_ms: now.0,
                business_day: self.branch_day(now).business_day,
                note,
            };
            Ok(tx.record(Some(actor.staff), &Body::ShiftOpened(body))?)
        })?;
        self.tell_shift(form.id);
        self.current_shift(actor)
    }

    /// Cash put in, paid out, or taken to the safe.
    pub fn move_cash(&self, actor: &Actor, id: ShiftId, form: &MoveCash) -> Result<ShiftDetail> {
        let settings = self.settings();
        let content = content_of(
            &format!("cash {id}"),
            &MoveCash {
                approval: None,
                ..form.clone()
            },
        )?;
        let kind: EntryKind = form
            .kind
            .parse()
            .map_err(|_| AppError::field("kind", "in, out, drop or tips"))?;
        let Some(way) = kind.by_hand() else {
            return Err(AppError::field("kind", "in, out, drop or tips"));
        };
        if form.amount_minor <= 0 {
            return Err(AppError::field("amount_minor", "more than nothing is expected"));
        }
        bounded("amount_minor", form.amount_minor)?;
        let currency = currency_of("currency", form.currency.as_deref(), &settings.currency)?;
        if kind == EntryKind::Tips && currency.code != settings.currency.code {
            return Err(AppError::field(
                "currency",
                "tips are kept in the shop's own currency",
            ));
        }
        let reason = text("reason", &form.reason, 200)?;
        let approved_by = match &form.approval {
            Some(approval) => Some(self.approve(approval, Permission::ShiftManage, actor)?),
            None => None,
        };
        let own = currency.code == settings.currency.code;
        let above = !own || form.amount_minor > settings.int("shift.out_limit_minor");
        // What goes to the safe stays the shop's; only what leaves it needs a second person.
        let may = approved_by.is_some() || actor.allows(Permission::ShiftManage);
        if matches!(kind, EntryKind::Out | EntryKind::Tips) && above && !may {
            return Err(AppError::new(Code::ShiftNeedsApproval)
                .hint("most_minor", settings.int("shift.out_limit_minor")));
        }
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            self.open_row(&tx.reader(), actor, id)?;
            if kind == EntryKind::Tips {
                let outstanding = tx.reader().tips_outstanding()?;
                if form.amount_minor > outstanding {
                    return Err(AppError::new(Code::TipsTooMuch).hint("available_minor", outstanding));
                }
            }
            let amount_minor = match way {
                Way::IntoDrawer => form.amount_minor,
                Way::OutOfDrawer => -form.amount_minor,
            };
            let body = CashMovedV1 {
                movement: *form.id.as_bytes(),
                shift: id.bytes(),
                counter: self.identity.counter.bytes(),
                kind: kind.as_str().to_owned(),
                currency: currency.code,
                foreign: !own,
                amount_minor,
                reason,
                to: None,
                counts: vec![],
                approved_by: approved_by.map(|s| s.bytes()),
                at_ms: tx.now().0,
                business_day: self.branch_day(tx.now()).business_day,
            };
            Ok(tx.record(Some(actor.staff), &Body::CashMoved(body))?)
        })?;
        self.tell_shift(id.uuid());
        if kind == EntryKind::Tips {
            self.live.tell("tip", Some(form.id.to_string()));
        }
        self.shift(actor, id)
    }

    /// The drawer is somebody else's from now on; its shift goes on.
    pub fn hand_over_shift(&self, actor: &Actor, id: ShiftId, form: &HandOverShift) -> Result<ShiftDetail> {
        let settings = self.settings();
        let unsigned = HandOverShift {
            to: Approval {
                pin: String::new(),
                ..form.to.clone()
            },
            ..form.clone()
        };
        let content = content_of(&format!("hand over {id}"), &unsigned)?;
        let counts = check_counts("counts", &form.counts, &settings.currency)?;
        let reason = optional_text("note", form.note.as_deref(), 200)?.unwrap_or_default();
        let to = self.approve(&form.to, Permission::ShiftUse, actor)?;
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            self.open_row(&tx.reader(), actor, id)?;
            let body = CashMovedV1 {
                movement: *form.id.as_bytes(),
                shift: id.bytes(),
                counter: self.identity.counter.bytes(),
                kind: "handover".to_owned(),
                currency: settings.currency.code,
                foreign: false,
                amount_minor: 0,
                reason,
                to: Some(to.bytes()),
                counts: counts.into_iter().map(|one| one.fact).collect(),
                approved_by: None,
                at_ms: tx.now().0,
                business_day: self.branch_day(tx.now()).business_day,
            };
            Ok(tx.record(Some(actor.staff), &Body::CashMoved(body))?)
        })?;
        self.tell_shift(id.uuid());
        self.shift_seen_by(actor, id)
    }

    /// Counts and closes: the Z is written whole, in one fact. Nothing that is still unknown keeps it from that.
    pub fn close_shift(&self, actor: &Actor, id: ShiftId, form: &CloseShift) -> Result<ShiftDetail> {
        let settings = self.settings();
        let content = content_of(&format!("close shift {id}"), form)?;
        let counts = check_counts("counts", &form.counts, &settings.currency)?;
        let note = optional_text("note", form.note.as_deref(), 400)?.unwrap_or_default();
        let print = form
            .print
            .unwrap_or_else(|| settings.text("shift.print") == "true");
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = self.open_row(&tx.reader(), actor, id)?;
            self.note_late_money(tx)?;
            let body = z_at(
                &tx.reader(),
                &settings,
                self.identity.ordinal,
                &row,
                tx.now(),
                |_| Ok(counts),
                note,
            )?;
            tx.record(Some(actor.staff), &Body::ShiftClosed(Box::new(body)))?;
            if print && self.sees_all(actor) {
                self.queue_z(tx, actor.staff, id);
            }
            Ok(())
        })?;
        self.backups.due.soon();
        self.print_waiting();
        self.tell_shift(id.uuid());
        self.shift_seen_by(actor, id)
    }

    /// What a count comes to, and how far it is from what is expected. The page adds nothing up.
    pub fn add_up(&self, actor: &Actor, form: &AddUp) -> Result<CountSums> {
        let settings = self.settings();
        let counts = check_counts("counts", &form.counts, &settings.currency)?;
        let expected = match form.shift {
            Some(id) if self.sees_all(actor) => self.store.read(|r| {
                let row = self.open_row(r, actor, ShiftId::from_uuid(id))?;
                held(&self.figures_now(r, &row)?).map(Some)
            })?,
            Some(_) | None => None,
        };
        let sums = counts
            .iter()
            .map(|one| {
                let counted = Money::from_minor(one.fact.counted_minor);
                let expected_minor = expected
                    .as_ref()
                    .map(|held| held.get(&one.fact.currency).copied().unwrap_or(0));
                let variance_minor = expected_minor
                    .map(|minor| variance(counted, Money::from_minor(minor)).map(Money::minor))
                    .transpose()
                    .map_err(too_much)?;
                Ok(AddedUp {
                    currency: code_text(&one.fact.currency),
                    counted_minor: counted.minor(),
                    expected_minor,
                    variance_minor,
                    to_safe_minor: counted.minor() - one.left.unwrap_or(counted.minor()),
                })
            })
            .collect::<Result<_>>()?;
        Ok(CountSums { sums })
    }

    /// Whatever arrived for shifts that this device has closed becomes an addendum of theirs. Called wherever something
    /// can have arrived; a shift without news gets none.
    pub(crate) fn note_late_money(&self, tx: &mut Write<'_>) -> Result<Vec<ShiftId>> {
        let late = tx.reader().shifts_with_late_money(self.identity.device)?;
        for id in &late {
            let Some(row) = tx.reader().shift(*id)? else {
                continue;
            };
            let Some(closed) = &row.closed else { continue };
            let after = tx.reader().shift_seen(*id)?;
            let span = Span {
                after: Some(&after),
                upto: tx.reader().seen()?,
                to_ms: closed.z.closed_ms,
            };
            let figures = figures_of(&tx.reader(), self.settings().currency.code, &row, &span)?;
            let number = u32::try_from(tx.reader().shift_addenda(*id)?).unwrap_or(u32::MAX);
            let now = tx.now();
            let body = ShiftAddendumV1 {
                addendum: *self.edges.new_id_at(now).as_bytes(),
                shift: id.bytes(),
                number: number.saturating_add(1),
                made_ms: now.0,
                business_day: self.branch_day(now).business_day,
                figures,
            };
            tx.record(None, &Body::ShiftAddendum(Box::new(body)))?;
        }
        Ok(late)
    }

    /// At the start of the program, and whenever somebody asks: late money is written down.
    pub fn settle_late_money(&self) -> Result<usize> {
        if self
            .store
            .read(|r| r.shifts_with_late_money(self.identity.device))?
            .is_empty()
        {
            return Ok(0);
        }
        let late = self
            .store
            .write(self.edges.now(), |tx| self.note_late_money(tx))?;
        for id in &late {
            self.tell_shift(id.uuid());
        }
        Ok(late.len())
    }

    fn tell_shift(&self, id: Uuid) {
        self.live.tell("shift", Some(id.to_string()));
    }

    /// One shift, for whoever holds it or runs the shop.
    pub fn shift(&self, actor: &Actor, id: ShiftId) -> Result<ShiftDetail> {
        let row = self
            .store
            .read(|r| r.shift(id))?
            .ok_or(AppError::new(Code::NotFound))?;
        if !actor.allows(Permission::ReportRead) && row.opened_by != Some(actor.staff) {
            self.must_hold(actor, &row)?;
        }
        self.shift_seen_by(actor, id)
    }

    /// What somebody who just did something with a shift sees of it, theirs or not theirs any more.
    fn shift_seen_by(&self, actor: &Actor, id: ShiftId) -> Result<ShiftDetail> {
        self.store.read(|r| {
            let row = r.shift(id)?.ok_or(AppError::new(Code::NotFound))?;
            let names = Directory::read(r)?;
            self.detail(r, &names, actor, &row)
        })
    }

    /// Shifts, the newest first.
    pub fn shifts(&self, actor: &Actor, filter: &ShiftFilter) -> Result<Page<ShiftView>> {
        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let open = match filter.state.as_deref() {
            None | Some("") => None,
            Some("open") => Some(true),
            Some("closed") => Some(false),
            Some(_) => return Err(AppError::field("state", "open or closed")),
        };
        let query = ShiftQuery {
            open,
            day: filter.day.as_deref().map(day_of).transpose()?,
            branch: filter.branch.map(BranchId::from_uuid),
            before: filter.after.as_deref().map(cursor).transpose()?,
            limit: limit + 1,
        };
        self.store.read(|r| {
            let names = Directory::read(r)?;
            let mut rows = r.shifts(&query)?;
            let more = rows.len() > limit;
            rows.truncate(limit);
            let next = rows
                .last()
                .filter(|_| more)
                .map(|row| format!("{}.{}", row.opened.opened_ms, row.id));
            let items = rows
                .iter()
                .map(|row| self.view_shift(r, &names, actor, row))
                .collect::<Result<_>>()?;
            Ok(Page { items, next })
        })
    }

    fn detail(
        &self,
        reader: &Reader<'_>,
        names: &Directory,
        actor: &Actor,
        row: &ShiftRow,
    ) -> Result<ShiftDetail> {
        let late = match &row.closed {
            None => false,
            Some(closed) => {
                let after = reader.shift_seen(row.id)?;
                let span = Span {
                    after: Some(&after),
                    upto: reader.seen()?,
                    to_ms: closed.z.closed_ms,
                };
                !is_nothing(&figures_of(reader, self.settings().currency.code, row, &span)?)
            }
        };
        let sees = self.sees_all(actor);
        let figures = if sees {
            Some(in_view(&self.figures_now(reader, row)?)?)
        } else {
            None
        };
        Ok(ShiftDetail {
            shift: self.view_shift(reader, names, actor, row)?,
            figures,
            moves: reader
                .shift_moves(row.id)?
                .iter()
                .map(|movement| view_move(names, movement))
                .collect(),
            reports: if sees {
                self.reports_of(reader, names, row)?
            } else {
                vec![]
            },
            late,
        })
    }

    fn view_shift(
        &self,
        reader: &Reader<'_>,
        names: &Directory,
        actor: &Actor,
        row: &ShiftRow,
    ) -> Result<ShiftView> {
        let closed = row.closed.as_ref();
        let today = self.branch_day(self.edges.now()).business_day;
        let variances = match closed {
            Some(closed) if self.sees_all(actor) => closed
                .z
                .drawers
                .iter()
                .map(|drawer| VarianceView {
                    currency: code_text(&drawer.currency),
                    variance_minor: drawer.count.as_ref().map(|_| drawer.variance_minor),
                })
                .collect(),
            _ => vec![],
        };
        Ok(ShiftView {
            id: row.id.uuid(),
            state: if closed.is_some() { "closed" } else { "open" }.to_owned(),
            branch: names.branch(row.branch),
            counter: names.counter(row.counter),
            seat: row.seat_number,
            opened_by: names.staff(row.opened_by),
            holder: names.staff(row.holder),
            opened_at: rfc3339(Moment(row.opened.opened_ms)),
            business_day: days::text_of(row.opened.business_day),
            closed_at: closed.map(|closed| rfc3339(Moment(closed.z.closed_ms))),
            closed_by: closed.and_then(|closed| names.staff(closed.by)),
            z: closed.map(|closed| z_number(&closed.z)),
            floats: row.opened.floats.iter().map(view_count).collect(),
            note: row.opened.note.clone(),
            overdue: closed.is_none() && row.opened.business_day < today,
            variances,
            total_minor: closed.map(|closed| closed.z.figures.sales.total_minor),
            orders: closed.map(|closed| closed.z.figures.sales.orders),
            addenda: u32::try_from(reader.shift_addenda(row.id)?).unwrap_or(u32::MAX),
        })
    }
}

fn view_move(names: &Directory, row: &MovementRow) -> ShiftMoveView {
    let moved = &row.moved;
    ShiftMoveView {
        id: Uuid::from_bytes(moved.movement),
        kind: moved.kind.clone(),
        currency: code_text(&moved.currency),
        amount_minor: moved.amount_minor,
        reason: moved.reason.clone(),
        at: rfc3339(Moment(moved.at_ms)),
        staff: names.staff(row.by),
        to: names.staff(moved.to.map(StaffId::from_bytes)),
        counts: moved.counts.iter().map(view_count).collect(),
        approved_by: names.staff(moved.approved_by.map(StaffId::from_bytes)),
    }
}

fn next_report(
    reader: &Reader<'_>,
    settings: &Settings,
    ordinal: u16,
    kind: DocumentKind,
    date: jiff::civil::Date,
) -> Result<(String, String, u32)> {
    let month = u8::try_from(settings.int("branch.fiscal_month")).unwrap_or(4);
    let year = days::fiscal_year(date, month);
    let used_up = |e| AppError::new(Code::NumbersUsedUp).because(e);
    let prefix = series_prefix(ordinal, kind).map_err(used_up)?;
    let n = reader.last_document(prefix.as_str(), &year.label())? + 1;
    document_number(prefix, &year, n).map_err(used_up)?;
    Ok((prefix.as_str().to_owned(), year.label(), n))
}

/// The Z of a shift that closes at this moment, from all that is known here by now.
fn z_at(
    reader: &Reader<'_>,
    settings: &Settings,
    ordinal: u16,
    row: &ShiftRow,
    at: Moment,
    count: impl FnOnce(&FiguresV1) -> Result<Vec<Counted>>,
    note: String,
) -> Result<ShiftClosedV1> {
    let time = days::branch_time(at, settings.text("branch.zone"), settings.day_starts_minutes());
    let span = Span {
        after: None,
        upto: reader.seen()?,
        to_ms: at.0,
    };
    let figures = figures_of(reader, settings.currency.code, row, &span)?;
    let counts = count(&figures)?;
    let (prefix, fiscal_year, document_no) =
        next_report(reader, settings, ordinal, DocumentKind::ZReport, time.date)?;
    Ok(ShiftClosedV1 {
        shift: row.id.bytes(),
        counter: row.counter.bytes(),
        closed_ms: at.0,
        business_day: time.business_day,
        prefix,
        fiscal_year,
        document_no,
        drawers: closed_drawers(&figures, counts)?,
        figures,
        note,
        approved_by: None,
    })
}

/// Tells whoever writes demo stories how a drawer begins its day with a float.
pub(crate) fn record_opened(
    tx: &mut Write<'_>,
    settings: &Settings,
    staff: Option<StaffId>,
    shift: ShiftId,
    seat: SeatId,
    (at, float_minor): (Moment, i64),
) -> Result<()> {
    let time = days::branch_time(at, settings.text("branch.zone"), settings.day_starts_minutes());
    let body = ShiftOpenedV1 {
        shift: shift.bytes(),
        counter: tx.identity()?.counter.bytes(),
        seat_id: seat.bytes(),
        seat: 0,
        floats: vec![loose(settings, float_minor)],
        opened_ms: at.0,
        business_day: time.business_day,
        note: String::new(),
    };
    Ok(tx.record(staff, &Body::ShiftOpened(body))?)
}

/// … and how it ends: counted, so much over or short, and all but the float taken to the safe.
pub(crate) fn record_closed(
    tx: &mut Write<'_>,
    settings: &Settings,
    staff: Option<StaffId>,
    shift: ShiftId,
    (at, over_minor, left_minor): (Moment, i64, i64),
) -> Result<()> {
    let row = tx.reader().shift(shift)?.ok_or(AppError::new(Code::NotFound))?;
    let ordinal = tx.identity()?.ordinal;
    let count = |figures: &FiguresV1| -> Result<Vec<Counted>> {
        let there = held(figures)?.get(&settings.currency.code).copied().unwrap_or(0);
        let found = (there + over_minor).max(0);
        Ok(vec![Counted {
            fact: loose(settings, found),
            left: Some(left_minor.min(found)),
        }])
    };
    let body = z_at(&tx.reader(), settings, ordinal, &row, at, count, String::new())?;
    Ok(tx.record(staff, &Body::ShiftClosed(Box::new(body)))?)
}

fn loose(settings: &Settings, minor: i64) -> CountV1 {
    CountV1 {
        currency: settings.currency.code,
        pieces: Vec::new(),
        loose_minor: minor,
        counted_minor: minor,
    }
}

/// What is expected and what was found, of every currency that has figures or was counted.
fn closed_drawers(figures: &FiguresV1, counts: Vec<Counted>) -> Result<Vec<ClosedDrawerV1>> {
    let mut all = held(figures)?;
    let mut found = BTreeMap::new();
    for one in counts {
        all.entry(one.fact.currency).or_default();
        found.insert(one.fact.currency, one);
    }
    all.into_iter()
        .map(|(currency, expected_minor)| {
            let one = found.remove(&currency);
            let counted_minor = one.as_ref().map(|one| one.fact.counted_minor);
            let variance_minor = match counted_minor {
                None => Money::ZERO,
                Some(counted) => variance(Money::from_minor(counted), Money::from_minor(expected_minor))
                    .map_err(too_much)?,
            };
            let left = one.as_ref().and_then(|one| one.left).or(counted_minor);
            Ok(ClosedDrawerV1 {
                currency,
                expected_minor,
                variance_minor: variance_minor.minor(),
                // What nobody counted stays where it is.
                left_minor: left.unwrap_or(expected_minor.max(0)),
                count: one.map(|one| one.fact),
            })
        })
        .collect()
}

/// A business day like 2026-11-21.
pub(crate) fn day_of(day: &str) -> Result<u32> {
    let date = day
        .parse()
        .map_err(|_| AppError::field("day", "a day like 2026-11-21 is expected"))?;
    Ok(days::number_of(date))
}

pub(crate) fn cursor(text: &str) -> Result<(i64, ShiftId)> {
    text.split_once('.')
        .and_then(|(ms, id)| Some((ms.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| AppError::field("after", "this is not a cursor of this list"))
}
