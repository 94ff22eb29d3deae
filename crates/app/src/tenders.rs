//! Tenders: the legs by which an order is paid, and paying a bill another way than it was.

use crate::{
    Actor, AppError, Code, Result, Shop, accounts,
    cards::{self, Spend},
    cart::Draft,
    days,
    instalments::{InstalmentForm, agree_with_legs},
    order_view::OrderView,
    payments, rates,
    sessions::Approval,
    settings::Settings,
    shifts,
    wire::{content_of, optional_text, text},
};
use domain::{
    ids::{CartId, CustomerId, OrderId, PaymentId, SeatId, StaffId, TenderId},
    money::Money,
    payment::PaymentState,
    people::Permission,
    pricing::MAX_TOTAL_MINOR,
    tax::{Increment, TaxRules},
    tender::{
        Balanced, MAX_LEGS, Received, SettledTender, Tender, TenderError, TenderMethod, balance,
        state_number, state_of,
    },
    time::Moment,
    upi::{self, UpiRequest},
};
use journal::{
    Body,
    body::{ForeignV1, TenderMovedV1, TenderTakenV2, TendersSplitV1},
};
use serde::{Deserialize, Serialize};
use store::{Reader, Write, tenders::TenderRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// Below this, a run of digits in a reference cannot be a card's number.
const SHORTEST_CARD_NUMBER: usize = 13;
/// How many digits of the guest's payment are asked for above the shop's limit.
const CONFIRMING_DIGITS: usize = 4;

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceTender {
    pub id: Uuid,
    /// cash, card, upi, wallet, bank, account, store_credit or gift_card
    pub method: String,
    /// One tender may leave it out and pays the rest.
    pub amount_minor: Option<i64>,
    /// What the customer handed over. Only cash gives change.
    pub received_minor: Option<i64>,
    /// The currency of the notes, when it is not the shop's, and how much of it was handed over.
    pub currency: Option<String>,
    pub received_foreign_minor: Option<i64>,
    pub tip_minor: Option<i64>,
    /// What the terminal's slip or the guest's telephone says. Never a card's number.
    pub reference: Option<String>,
    /// Which wallet, which bank, which terminal.
    pub provider: Option<String>,
    /// The code of the gift card or of the store credit.
    pub card: Option<String>,
    /// The gateway's payment, once it is captured.
    pub payment: Option<Uuid>,
    /// A bank transfer that has not arrived yet.
    pub pending: Option<bool>,
    /// How what goes on the account is paid in parts; they add up to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instalments: Vec<InstalmentForm>,
}

/// A way to pay, as the till offers it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MethodView {
    pub method: String,
    /// reference, customer, card or digits
    pub needs: Vec<String>,
    /// Above this, the last four digits of the guest's payment are asked for; 0 is never.
    pub digits_above_minor: i64,
    pub opens_drawer: bool,
    /// The guest's screen can show a code for it.
    pub shows_code: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferTender {
    pub id: Uuid,
    /// Empty between two legs: the guest sees what is paid and what is left.
    pub method: String,
    pub amount_minor: i64,
    /// On top of the amount.
    pub tip_minor: Option<i64>,
    /// The legs of a split that are there already.
    #[serde(default)]
    pub taken: Vec<TakenLeg>,
}

/// A leg that was taken before the next one is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenLeg {
    pub method: String,
    pub amount_minor: i64,
}

/// How an offer ends.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndOffer {
    /// The guest is told that nothing was taken.
    pub failed: Option<bool>,
}

/// What the guest is asked to pay just now, another way than cash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferView {
    pub method: String,
    pub amount_minor: i64,
    /// Unique for this attempt.
    pub reference: String,
    /// The payment link that the QR holds, when there is one.
    pub uri: Option<String>,
    #[serde(default)]
    pub tip_minor: i64,
    #[serde(default)]
    pub taken: Vec<TakenLeg>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitTenders {
    pub id: Uuid,
    pub reason: String,
    /// Every leg that shall stand afterwards. One that stands already is named by its id, method and amount.
    pub legs: Vec<PlaceTender>,
    /// A second person's PIN, for another day's bill.
    pub approval: Option<Approval>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleTender {
    pub id: Uuid,
    /// captured or failed
    pub state: String,
    pub reference: Option<String>,
    pub reason: String,
}

/// Where and when money changes hands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Till {
    pub counter: [u8; 16],
    pub seat: u16,
    pub shift: Option<[u8; 16]>,
    pub business_day: u32,
    pub at: Moment,
}

impl Shop {
    pub(crate) fn till(&self, tx: &Write<'_>, actor: &Actor, for_sale: bool) -> Result<Till> {
        let settings = self.settings();
        let reader = tx.reader();
        let shift = match for_sale {
            true => shifts::shift_for_sale(&reader, &settings, actor.seat, actor.staff)?,
            false => shifts::open_shift_of(&reader, &settings, actor.seat, actor.staff)?,
        };
        Ok(Till {
            counter: tx.identity()?.counter.bytes(),
            seat: tx.number_of_seat(actor.seat)?,
            shift: shift.map(|id| id.bytes()),
            business_day: days::branch_time(
                tx.now(),
                settings.text("branch.zone"),
                settings.day_starts_minutes(),
            )
            .business_day,
            at: tx.now(),
        })
    }

    /// The ways to pay that this shop takes, in its own order.
    pub fn tender_methods(&self) -> Vec<MethodView> {
        let settings = self.settings();
        let digits = settings.int("tender.digits_above_minor");
        methods(&settings)
            .map(|method| {
                let mut needs = Vec::new();
                match method {
                    TenderMethod::Card if settings.text("tender.card_reference") == "true" => {
                        needs.push("reference");
                    }
                    TenderMethod::Account => needs.push("customer"),
                    TenderMethod::StoreCredit | TenderMethod::GiftCard => needs.push("card"),
                    TenderMethod::Upi | TenderMethod::Wallet | TenderMethod::Bank if digits > 0 => {
                        needs.push("digits");
                    }
                    TenderMethod::Cash
                    | TenderMethod::Card
                    | TenderMethod::Upi
                    | TenderMethod::Wallet
                    | TenderMethod::Bank
                    | TenderMethod::Exchange => {}
                }
                MethodView {
                    method: method.as_str().to_owned(),
                    digits_above_minor: if needs.contains(&"digits") { digits } else { 0 },
                    needs: needs.into_iter().map(str::to_owned).collect(),
                    opens_drawer: method == TenderMethod::Cash,
                    shows_code: method == TenderMethod::Upi && !settings.text("upi.address").is_empty(),
                }
            })
            .collect()
    }

    /// Shows the guest what to pay, and how.
    pub fn offer_tender(&self, actor: &Actor, request: &OfferTender) -> Result<OfferView> {
        let method: Option<TenderMethod> = match request.method.as_str() {
            "" => None,
            word => Some(word.parse().map_err(tender_refused)?),
        };
        if request.amount_minor <= 0 {
            return Err(tender_refused(TenderError::NotPositive));
        }
        let tip = request.tip_minor.unwrap_or(0);
        if tip < 0 {
            return Err(tender_refused(TenderError::NegativeTip));
        }
        let asked = Money::from_minor(request.amount_minor)
            .checked_add(Money::from_minor(tip))
            .map_err(|e| tender_refused(e.into()))?;
        if request.taken.len() > MAX_LEGS {
            return Err(tender_refused(TenderError::TooManyLegs));
        }
        for leg in &request.taken {
            leg.method.parse::<TenderMethod>().map_err(tender_refused)?;
            if !(1..=MAX_TOTAL_MINOR).contains(&leg.amount_minor) {
                return Err(tender_refused(TenderError::NotPositive));
            }
        }
        let settings = self.settings();
        let reference = request.id.simple().to_string();
        let uri = match method {
            Some(TenderMethod::Upi) if !settings.text("upi.address").is_empty() => {
                let link = UpiRequest {
                    address: settings.text("upi.address"),
                    name: match settings.text("upi.name") {
                        "" => settings.text("shop.name"),
                        name => name,
                    },
                    category: Some(settings.text("upi.category")).filter(|code| !code.is_empty()),
                    reference: Some(&reference),
                    amount: Some(asked),
                    ..UpiRequest::default()
                };
                Some(upi::uri(&link).map_err(|e| AppError::new(Code::TenderInvalid).because(e))?)
            }
            _ => None,
        };
        let offer = OfferView {
            method: request.method.clone(),
            amount_minor: request.amount_minor,
            reference,
            uri,
            tip_minor: tip,
            taken: request.taken.clone(),
        };
        self.displays.forget_failed(actor.seat);
        self.offered(actor.seat, Some(offer.clone()))?;
        Ok(offer)
    }

    /// The guest's screen goes back to the cart, at once or after it said that nothing was taken.
    pub fn end_offer(&self, actor: &Actor, end: &EndOffer) -> Result<()> {
        match end.failed {
            Some(true) => self.offer_failed(actor.seat),
            Some(false) | None => self.offered(actor.seat, None).map(|_| ()),
        }
    }

    /// Whatever the guest was asked to pay at this seat did not come.
    pub(crate) fn offer_failed(&self, seat: SeatId) -> Result<()> {
        if let Some(offer) = self.offered(seat, None)? {
            self.displays.failed(seat, &offer, self.edges.now());
            self.tell_display(seat);
        }
        Ok(())
    }

    /// Says what was offered before.
    fn offered(&self, seat: SeatId, next: Option<OfferView>) -> Result<Option<OfferView>> {
        let before = self.store.write(self.edges.now(), |tx| {
            // Without a cart, a bill that stands is paid another way: the till shows the code itself.
            let Some(mut row) = tx.reader().open_cart(seat)? else {
                return Ok(None);
            };
            let mut draft = Draft::read(&row)?;
            let before = std::mem::replace(&mut draft.offer, next);
            row.draft = draft.bytes()?;
            tx.save_cart(&row)?;
            Ok::<_, AppError>(before)
        })?;
        self.tell_cart(seat);
        Ok(before)
    }

    /// Pays a bill another way than it was: some legs are void, others take their place, and all of them together
    /// pay what was paid before.
    pub fn split_tenders(&self, actor: &Actor, id: OrderId, request: &SplitTenders) -> Result<OrderView> {
        let content = content_of(
            &format!("tenders {id}"),
            &SplitTenders {
                approval: None,
                ..request.clone()
            },
        )?;
        let reason = text("reason", &request.reason, 200)?;
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::TenderSplitLater, actor)?),
            None => None,
        };
        let fresh = self.store.write(self.edges.now(), |tx| {
            if let Some(kept) = tx.reader().split_content(*request.id.as_bytes())? {
                return match kept == content {
                    true => Ok(false),
                    false => Err(AppError::new(Code::IdReused)),
                };
            }
            let till = self.till(tx, actor, false)?;
            let row = tx.reader().order(id)?.ok_or(AppError::new(Code::NotFound))?;
            if row.cancelled_ms.is_some() {
                return Err(Code::OrderCancelled.into());
            }
            let standing: Vec<TenderRow> = tx
                .reader()
                .tenders(id)?
                .into_iter()
                .filter(|leg| leg.void_ms.is_none())
                .collect();
            let (kept, taken): (Vec<&PlaceTender>, Vec<&PlaceTender>) = request
                .legs
                .iter()
                .partition(|leg| standing.iter().any(|old| old.id.uuid() == leg.id));
            for leg in &kept {
                let old = standing.iter().find(|old| old.id.uuid() == leg.id);
                let same = old.is_some_and(|old| {
                    old.method == leg.method && leg.amount_minor.is_none_or(|a| a == old.amount_minor)
                });
                if !same {
                    return Err(
                        AppError::new(Code::TenderInvalid).because("a leg that stands cannot be changed")
                    );
                }
            }
            let stays = |old: &TenderRow| kept.iter().any(|leg| leg.id == old.id.uuid());
            let voided: Vec<&TenderRow> = standing.iter().filter(|old| !stays(old)).collect();
            if voided.is_empty() && taken.is_empty() {
                return Err(AppError::new(Code::TenderInvalid).because("nothing changes"));
            }
            let refunds = tx.reader().refunds(id)?;
            for old in &voided {
                if old.method == TenderMethod::Exchange.as_str() {
                    return Err(AppError::new(Code::TenderLocked).hint("tender", old.id.to_string()));
                }
                // What was paid back must still have been paid. What a gateway took goes back through it by itself.
                let back = refunds
                    .iter()
                    .flat_map(|refund| &refund.tenders)
                    .any(|leg| leg.original == Some(old.id.bytes()));
                if back {
                    return Err(AppError::new(Code::TenderLocked).hint("tender", old.id.to_string()));
                }
            }
            if kept.len() + taken.len() > MAX_LEGS {
                return Err(tender_refused(TenderError::TooManyLegs));
            }
            // Cash that leaves the drawer for something nobody can look up, and another day's bill, take two.
            let was_cash = voided.iter().any(|old| old.method == TenderMethod::Cash.as_str());
            let unproven = |leg: &&&PlaceTender| {
                leg.method != TenderMethod::Cash.as_str()
                    && !ends_in_digits(leg.reference.as_deref().unwrap_or_default())
            };
            let needs_two =
                row.business_day != till.business_day || (was_cash && taken.iter().any(|leg| unproven(&leg)));
            if needs_two && approved_by.is_none() {
                actor.must(Permission::TenderSplitLater)?;
            }
            let due = Money::from_minor(voided.iter().map(|old| old.amount_minor).sum());
            let settings = self.settings();
            let rules = *self.terms(&tx.reader(), tx.now())?.taxing.rules();
            let forms: Vec<PlaceTender> = taken.into_iter().cloned().collect();
            let tenders = tenders_of(&tx.reader(), &settings, &forms, till.at)?;
            let balanced = balance(due, &tenders, rules.cash.as_ref()).map_err(tender_refused)?;
            let body = TendersSplitV1 {
                split: *request.id.as_bytes(),
                order: id.bytes(),
                voided: voided.iter().map(|old| old.id.bytes()).collect(),
                reason,
                at_ms: till.at.0,
                business_day: till.business_day,
                shift: till.shift,
                approved_by: approved_by.map(|s| s.bytes()),
                content,
            };
            tx.record(Some(actor.staff), &Body::TendersSplit(body))?;
            let void: Vec<TenderId> = voided.iter().map(|old| old.id).collect();
            cards::unspend(tx, &settings, Some(actor.staff), id, &void, &request.reason)?;
            let bill = Bill {
                order: id,
                cart: None,
                customer: row.customer,
                staff: Some(actor.staff),
            };
            take(tx, &bill, &balanced, &forms, &settings, &till)?;
            agree_with_legs(tx, actor.staff, id, &forms, till.business_day, content)?;
            Ok(true)
        })?;
        let view = self.order(actor, id)?;
        if fresh {
            self.paying.wake();
            self.tell_order(id);
            // The guest sees what was paid now, unless the next order has begun.
            self.displays.paid(actor.seat, &view, self.edges.now());
            self.tell_display(actor.seat);
        }
        Ok(view)
    }

    /// What became of a leg that was pending or unknown.
    pub fn settle_tender(
        &self,
        actor: &Actor,
        id: OrderId,
        tender: TenderId,
        request: &SettleTender,
    ) -> Result<OrderView> {
        let content = content_of(&format!("tender {id} {tender}"), request)?;
        let reason = text("reason", &request.reason, 200)?;
        let reference = reference_of(request.reference.as_deref())?;
        let state = match request.state.as_str() {
            "captured" => PaymentState::Captured,
            "failed" => PaymentState::Failed,
            _ => return Err(AppError::field("state", "captured or failed")),
        };
        self.write_once(*request.id.as_bytes(), &content, |tx| {
            let leg = tx
                .reader()
                .tenders(id)?
                .into_iter()
                .find(|leg| leg.id == tender)
                .ok_or(AppError::new(Code::NotFound))?;
            let open = state_of(leg.state).is_some_and(PaymentState::open);
            if leg.void_ms.is_some() || !open || leg.payment.is_some() {
                return Err(AppError::new(Code::TenderLocked).hint("tender", tender.to_string()));
            }
            let digits = self.settings().int("tender.digits_above_minor");
            let large = digits > 0 && leg.amount_minor > digits;
            if state == PaymentState::Captured && large && !ends_in_digits(&reference) {
                return Err(AppError::new(Code::DigitsNeeded).hint("digits_above_minor", digits));
            }
            let body = TenderMovedV1 {
                tender: tender.bytes(),
                order: id.bytes(),
                state: state_number(state),
                reference,
                reason,
                at_ms: tx.now().0,
                approved_by: None,
            };
            Ok(tx.record(Some(actor.staff), &Body::TenderMoved(body))?)
        })?;
        self.tell_order(id);
        self.order(actor, id)
    }
}

fn methods(settings: &Settings) -> impl Iterator<Item = TenderMethod> + '_ {
    settings
        .text("tender.methods")
        .split(',')
        .filter_map(|word| word.trim().parse().ok())
        .filter(|method: &TenderMethod| method.is_picked())
        // UPI pays in rupees only.
        .filter(|method| *method != TenderMethod::Upi || settings.currency.code() == "INR")
}

/// The domain's tenders, with the rates of the moment.
pub(crate) fn tenders_of(
    reader: &Reader<'_>,
    settings: &Settings,
    forms: &[PlaceTender],
    at: Moment,
) -> Result<Vec<Tender>> {
    forms
        .iter()
        .map(|form| {
            let method: TenderMethod = form.method.parse().map_err(tender_refused)?;
            if !methods(settings).any(|taken| taken == method) {
                return Err(AppError::new(Code::TenderNotTaken).hint("method", method.as_str()));
            }
            let received = match (&form.currency, form.received_foreign_minor, form.received_minor) {
                (Some(code), Some(minor), None) if code != settings.currency.code() => {
                    Received::Foreign(rates::rate_on(reader, settings, code, at)?, minor)
                }
                (None, None, None) => Received::Exactly,
                (None, None, Some(minor)) => Received::Own(Money::from_minor(minor)),
                _ => {
                    return Err(AppError::new(Code::TenderInvalid)
                        .because("a foreign currency needs its own amount, and no other"));
                }
            };
            Ok(Tender {
                id: TenderId::from_uuid(form.id),
                method,
                amount: form.amount_minor.map(Money::from_minor),
                received,
                tip: Money::from_minor(form.tip_minor.unwrap_or(0)),
            })
        })
        .collect()
}

/// Settles what somebody wants to pay with against what is due.
pub(crate) fn balanced(
    reader: &Reader<'_>,
    settings: &Settings,
    forms: &[PlaceTender],
    due: Money,
    rules: &TaxRules,
    at: Moment,
    goods: Option<&PlaceTender>,
) -> Result<Balanced> {
    let cash: Option<&Increment> = rules.cash.as_ref();
    let mut tenders = tenders_of(reader, settings, forms, at)?;
    // What goods pay that come back is no money: nobody picks it, and it is never rounded.
    tenders.extend(goods.map(|leg| Tender {
        id: TenderId::from_uuid(leg.id),
        method: TenderMethod::Exchange,
        amount: leg.amount_minor.map(Money::from_minor),
        received: Received::Exactly,
        tip: Money::ZERO,
    }));
    balance(due, &tenders, cash).map_err(tender_refused)
}

/// What is being paid, by whom, and who takes the money.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bill {
    pub order: OrderId,
    /// The cart that becomes the order just now.
    pub cart: Option<CartId>,
    pub customer: Option<CustomerId>,
    pub staff: Option<StaffId>,
}

/// Takes the money: each leg as a fact, and what stands behind it (an account, a card, a gateway's payment) with it.
pub(crate) fn take(
    tx: &mut Write<'_>,
    bill: &Bill,
    balanced: &Balanced,
    forms: &[PlaceTender],
    settings: &Settings,
    till: &Till,
) -> Result<()> {
    let on_account: i64 = balanced
        .tenders
        .iter()
        .filter(|leg| leg.method == TenderMethod::Account)
        .map(|leg| leg.amount.minor())
        .sum();
    if on_account > 0 {
        let customer = bill.customer.ok_or(AppError::new(Code::TenderNeedsCustomer))?;
        accounts::may_owe(&tx.reader(), customer, Money::from_minor(on_account))?;
    }
    for leg in &balanced.tenders {
        let form = forms
            .iter()
            .find(|form| form.id == leg.id.uuid())
            .ok_or(AppError::new(Code::Broken))?;
        let body = leg_fact(tx, bill, leg, form, settings, till)?;
        tx.record(bill.staff, &Body::TenderTaken(body))?;
    }
    Ok(())
}

fn leg_fact(
    tx: &mut Write<'_>,
    bill: &Bill,
    leg: &SettledTender,
    form: &PlaceTender,
    settings: &Settings,
    till: &Till,
) -> Result<TenderTakenV2> {
    let mut reference = reference_of(form.reference.as_deref())?;
    let digits = settings.int("tender.digits_above_minor");
    let by_hand = matches!(
        leg.method,
        TenderMethod::Upi | TenderMethod::Wallet | TenderMethod::Bank
    );
    let pending = form.pending == Some(true);
    if pending && leg.method != TenderMethod::Bank {
        return Err(AppError::new(Code::TenderInvalid).because("only a bank transfer can arrive later"));
    }
    let large = digits > 0 && leg.amount.minor() > digits;
    if by_hand && !pending && form.payment.is_none() && large && !ends_in_digits(&reference) {
        return Err(AppError::new(Code::DigitsNeeded).hint("digits_above_minor", digits));
    }
    if leg.method == TenderMethod::Card
        && form.payment.is_none()
        && reference.is_empty()
        && settings.text("tender.card_reference") == "true"
    {
        return Err(Code::ReferenceNeeded.into());
    }
    let card = match (leg.method.is_card_of_ours(), &form.card) {
        (true, code) => {
            let spend = Spend {
                amount: leg.amount,
                order: bill.order,
                tender: leg.id,
                cart: bill.cart,
                staff: bill.staff,
            };
            let row = match (code, bill.customer) {
                (Some(code), _) => cards::spend(tx, settings, code, &spend)?,
                (None, Some(customer)) if leg.method == TenderMethod::StoreCredit => {
                    cards::spend_credit(tx, settings, customer, &spend)?
                }
                (None, _) => return Err(Code::CardNeeded.into()),
            };
            Some(row.id.bytes())
        }
        (false, Some(_)) => {
            return Err(AppError::new(Code::TenderInvalid).because("this way to pay has no card of ours"));
        }
        (false, None) => None,
    };
    let mut provider = optional_text("provider", form.provider.as_deref(), 60)?.unwrap_or_default();
    if let Some(payment) = form.payment {
        let paid = payments::pay_with(
            &tx.reader(),
            PaymentId::from_uuid(payment),
            leg.method,
            (bill.cart, Some(bill.order)),
            leg.amount,
            leg.tip,
        )?;
        (reference, provider) = (paid.reference, paid.gateway);
    }
    Ok(TenderTakenV2 {
        tender: leg.id.bytes(),
        order: bill.order.bytes(),
        method: leg.method.as_str().to_owned(),
        amount_minor: leg.amount.minor(),
        received_minor: Some(leg.received.minor()),
        change_minor: leg.change.minor(),
        cash_rounding_minor: leg.cash_rounding.minor(),
        tip_minor: leg.tip.minor(),
        reference,
        provider,
        foreign: leg.foreign.map(|foreign| ForeignV1 {
            currency: foreign.currency,
            received_minor: foreign.minor,
            rate: foreign.ratio,
        }),
        customer: bill
            .customer
            .filter(|_| leg.method == TenderMethod::Account)
            .map(|id| id.bytes()),
        card,
        payment: form.payment.map(|id| *id.as_bytes()),
        state: state_number(match pending {
            true => PaymentState::Pending,
            false => PaymentState::Captured,
        }),
        counter: till.counter,
        seat: till.seat,
        shift: till.shift,
        business_day: till.business_day,
        taken_ms: till.at.0,
    })
}

/// Whether a reference ends in enough digits to find the payment by.
fn ends_in_digits(reference: &str) -> bool {
    reference
        .trim_end()
        .chars()
        .rev()
        .take_while(char::is_ascii_digit)
        .count()
        >= CONFIRMING_DIGITS
}

/// A reference, unless somebody typed a card's number into it: that must never be kept.
fn reference_of(typed: Option<&str>) -> Result<String> {
    kept_text("reference", typed, 80)
}

/// What is kept beside a payment, unless somebody typed a card's number into it.
pub(crate) fn kept_text(field: &str, typed: Option<&str>, most: usize) -> Result<String> {
    let kept = optional_text(field, typed, most)?.unwrap_or_default();
    match holds_card_number(&kept) {
        true => Err(AppError::new(Code::CardNumberRefused).hint("field", field)),
        false => Ok(kept),
    }
}

/// Whether a run of digits, with or without gaps, has a card number's length and check digit.
fn holds_card_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let only_gaps = text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
    if !only_gaps || !(SHORTEST_CARD_NUMBER..=19).contains(&digits.len()) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

pub(crate) fn tender_refused(error: TenderError) -> AppError {
    let code = match error {
        TenderError::DoesNotSum | TenderError::ReceivedTooLittle => Code::TenderShort,
        TenderError::NegativeTotal
        | TenderError::NotPositive
        | TenderError::TwoOpenAmounts
        | TenderError::DuplicateId
        | TenderError::ChangeOnlyForCash
        | TenderError::NegativeTip
        | TenderError::TooManyLegs
        | TenderError::TooMuch
        | TenderError::UnknownMethod
        | TenderError::Foreign(_)
        | TenderError::Money(_) => Code::TenderInvalid,
    };
    AppError::new(code).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_card_number_is_ever_kept() {
        for number in ["4242424242424242", "4242 4242 4242 4242", "3782-822463-10005"] {
            assert!(holds_card_number(number), "{number}");
        }
        for reference in [
            "4242424242424241",
            "RRN 431512345678",
            "123456789012",
            "",
            "4711",
            "SLIP 4242424242424242",
        ] {
            assert!(!holds_card_number(reference), "{reference}");
        }
    }
}
