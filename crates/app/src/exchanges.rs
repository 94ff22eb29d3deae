//! An exchange in one ticket: goods of an order come back, others go out, and only the difference is settled.
//!
//! It is a refund and an order in one transaction. What came back pays for what goes out by a leg of its own on both
//! sides, which nets out: no money of any drawer moves for it. The rest is an ordinary tender or an ordinary refund.

use crate::{
    Actor, AppError, Code, Names, Result, Shop,
    cart::{CartView, Draft},
    order_view::{OrderView, document_of, unit_of},
    orders::PlaceOrder,
    payments,
    pricing::Terms,
    refunds::{Deciding, PreviewTender, RefundLine, RefundTender, Worked, derived_id, work_out},
    sessions::Approval,
    tenders::PlaceTender,
    wire::{content_of, optional_text},
};
use domain::{
    ids::{CartId, OrderId, StaffId},
    money::Money,
    people::Permission,
    tender::TenderMethod,
    time::Moment,
};
use journal::{Body, body::GoodsExchangedV1};
use serde::{Deserialize, Serialize};
use store::{Reader, Write, handovers::Told, orders::OrderRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// Why goods come back for others, when nobody says it.
const DEFAULT_REASON: &str = "exchanged";
/// How far back the money of exchanged goods is followed.
const MOST_EXCHANGES: usize = 8;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeGoods {
    /// The order that they were sold by.
    pub order: Uuid,
    pub lines: Vec<RefundLine>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetExchange {
    pub id: Uuid,
    /// What comes back for this cart; null: nothing.
    pub goods: Option<ExchangeGoods>,
    /// A second person's PIN, for what the first may not.
    pub approval: Option<Approval>,
}

/// How what is owed for an exchange goes back, and what the client believes that the goods are worth.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceExchange {
    /// Another worth is refused.
    pub expected_back_minor: Option<i64>,
    /// The original tenders when nobody says it.
    pub tenders: Option<Vec<RefundTender>>,
}

/// The goods that come back for a cart, as its draft keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DraftExchange {
    order: Uuid,
    lines: Vec<RefundLine>,
    reason: String,
    approved_by: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CartExchange {
    pub order: Uuid,
    pub number: u32,
    pub document: String,
    pub lines: Vec<ExchangeLine>,
    pub reason: String,
    /// What the goods are worth that come back.
    pub back_minor: i64,
    /// What of it pays for the cart.
    pub pays_minor: i64,
    /// What is paid back.
    pub owed_minor: i64,
    /// How, when nobody says it.
    pub tenders: Vec<PreviewTender>,
    /// Why it is not possible any more: somebody paid these goods back, or the order was cancelled.
    pub refused: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExchangeLine {
    pub line: u32,
    pub name: String,
    pub names: Names,
    pub unit: String,
    pub quantity: String,
    pub amount_minor: i64,
}

/// An exchange on its way into the books.
pub(crate) struct Exchanging {
    pub order: OrderId,
    pub refund: Uuid,
    pub worked: Worked,
    pub approved_by: Option<StaffId>,
    pub offline: bool,
    reason: String,
}

impl Exchanging {
    /// What of the goods pays for the new order.
    pub fn pays(&self) -> i64 {
        self.worked.exchanged()
    }

    /// The leg that the goods pay, with the new order's id for its own.
    pub fn leg(&self, order: Uuid) -> Option<PlaceTender> {
        (self.pays() > 0).then(|| PlaceTender {
            id: Uuid::from_bytes(derived_id(Some(order), 251)),
            method: TenderMethod::Exchange.as_str().to_owned(),
            amount_minor: Some(self.pays()),
            ..PlaceTender::default()
        })
    }
}

/// The refund's id: always the same for the same new order.
fn refund_of(order: Uuid) -> Uuid {
    Uuid::from_bytes(derived_id(Some(order), 250))
}

impl Shop {
    /// Says which goods come back for the seat's cart.
    pub fn set_exchange(&self, actor: &Actor, request: &SetExchange) -> Result<CartView> {
        let kept = SetExchange {
            approval: None,
            ..request.clone()
        };
        let content = content_of("exchange", &kept)?;
        let approved_by = match &request.approval {
            Some(approval) => Some(self.approve(approval, Permission::RefundApprove, actor)?),
            None => None,
        };
        let now = self.edges.now();
        let view = self.store.write(now, |tx| {
            let mut row = self.current_row(tx, actor.seat)?;
            let mut draft = Draft::read(&row)?;
            if draft.knows(request.id, content)? {
                return self.view_cart(&tx.reader(), &row);
            }
            payments::must_be_free(&tx.reader(), row.id)?;
            draft.exchange = match &request.goods {
                None => None,
                Some(goods) => {
                    let reader = tx.reader();
                    let terms = self.terms(&reader, now)?;
                    let asked = DraftExchange {
                        order: goods.order,
                        lines: goods.lines.clone(),
                        reason: optional_text("reason", goods.reason.as_deref(), 200)?
                            .unwrap_or_else(|| DEFAULT_REASON.to_owned()),
                        approved_by: approved_by.map(|by| by.uuid()),
                    };
                    let (worked, order) = self.goods_back(&reader, &terms, &asked, 0, None, None)?;
                    self.may_pay_back(
                        &reader,
                        actor,
                        &worked,
                        &Deciding {
                            row: &order,
                            refund: refund_of(request.id),
                            approved_by,
                            foreign: false,
                            now,
                        },
                    )?;
                    Some(asked)
                }
            };
            draft.changed(request.id, content);
            row.draft = draft.bytes()?;
            tx.save_cart(&row)?;
            self.view_cart(&tx.reader(), &row)
        })?;
        self.displays.forget_paid(actor.seat);
        self.displays.forget_handing(actor.seat);
        self.tell_cart(actor.seat);
        Ok(view)
    }

    /// What comes back, worked out for a cart that costs so much.
    fn goods_back(
        &self,
        reader: &Reader<'_>,
        terms: &Terms,
        asked: &DraftExchange,
        total: i64,
        tenders: Option<&[RefundTender]>,
        refund: Option<Uuid>,
    ) -> Result<(Worked, OrderRow)> {
        let row = self.refundable(reader, OrderId::from_uuid(asked.order))?;
        let lines = reader.order_lines(row.id)?;
        let worked = work_out(
            reader,
            &row,
            &lines,
            Some(&asked.lines),
            tenders,
            refund,
            terms.taxing.rules().cash.as_ref(),
            Some(total),
        )?;
        match worked.is_nothing() {
            true => Err(Code::NothingToRefund.into()),
            false => Ok((worked, row)),
        }
    }

    /// What a cart's exchange comes to. One that is not possible any more says so, and the cart stands.
    pub(crate) fn view_exchange(
        &self,
        reader: &Reader<'_>,
        terms: &Terms,
        asked: &DraftExchange,
        total: Money,
    ) -> Result<CartExchange> {
        let of = OrderId::from_uuid(asked.order);
        let order = reader.order(of)?.ok_or(AppError::new(Code::Broken))?;
        let mut view = CartExchange {
            order: asked.order,
            number: order.number,
            document: document_of(&order.prefix, &order.fiscal_year, order.document_no),
            lines: vec![],
            reason: asked.reason.clone(),
            back_minor: 0,
            pays_minor: 0,
            owed_minor: 0,
            tenders: vec![],
            refused: None,
        };
        match self.goods_back(reader, terms, asked, total.minor(), None, None) {
            Ok((worked, _)) => {
                view.lines = worked.goods(reader, of)?;
                view.back_minor = worked.total();
                view.pays_minor = worked.exchanged();
                view.owed_minor = worked.total() - worked.exchanged();
                view.tenders = worked.preview_tenders();
            }
            Err(error) if error.code == Code::Broken => return Err(error),
            Err(error) => view.refused = Some(error.code.as_str().to_owned()),
        }
        Ok(view)
    }

    /// Asks the authority about the order whose goods come back, before anything is written.
    pub(crate) fn ask_for_exchange(
        &self,
        actor: &Actor,
        request: &PlaceOrder,
        now: Moment,
    ) -> Result<(Vec<Told>, bool)> {
        let Some(cart) = request.cart else {
            return Ok((vec![], false));
        };
        let row = self.store.read(|r| {
            let draft = match r.cart(CartId::from_uuid(cart))? {
                Some(row) => Draft::read(&row)?,
                None => return Ok(None),
            };
            match draft.exchange {
                Some(asked) => Ok::<_, AppError>(r.order(OrderId::from_uuid(asked.order))?),
                None => Ok(None),
            }
        })?;
        match row {
            Some(row) => self.ask_for_refund(actor, &row, refund_of(request.id), now),
            None => Ok((vec![], false)),
        }
    }

    /// Works an exchange out inside the transaction that will write it, and decides whether it may be.
    pub(crate) fn begin_exchange(
        &self,
        reader: &Reader<'_>,
        terms: &Terms,
        actor: &Actor,
        (asked, request): (&DraftExchange, &PlaceOrder),
        total: Money,
        (offline, now): (bool, Moment),
    ) -> Result<Exchanging> {
        let said = request.exchange.as_ref();
        let refund = refund_of(request.id);
        let tenders = said.and_then(|said| said.tenders.as_deref());
        let (worked, row) = match self.goods_back(reader, terms, asked, total.minor(), tenders, Some(refund))
        {
            Err(error) if matches!(error.code, Code::NothingToRefund | Code::OrderCancelled) => {
                return Err(AppError::new(Code::ExchangeGone).because(error));
            }
            worked => worked?,
        };
        if said
            .and_then(|said| said.expected_back_minor)
            .is_some_and(|said| said != worked.total())
        {
            return Err(AppError::new(Code::TotalDiffers).hint("back_minor", worked.total()));
        }
        let approved_by = asked.approved_by.map(StaffId::from_uuid);
        self.may_pay_back(
            reader,
            actor,
            &worked,
            &Deciding {
                row: &row,
                refund,
                approved_by,
                foreign: offline && row.counter != self.identity.counter,
                now,
            },
        )?;
        Ok(Exchanging {
            order: row.id,
            refund,
            worked,
            approved_by,
            offline,
            reason: asked.reason.clone(),
        })
    }

    /// Writes the refund, before the order that it pays for.
    pub(crate) fn record_goods_back(
        &self,
        tx: &mut Write<'_>,
        actor: &Actor,
        exchanging: Exchanging,
        request: &PlaceOrder,
        content: [u8; 32],
    ) -> Result<GoodsExchangedV1> {
        let exchanged = GoodsExchangedV1 {
            order: *request.id.as_bytes(),
            refund: *exchanging.refund.as_bytes(),
            of_order: exchanging.order.bytes(),
            amount_minor: exchanging.pays(),
            at_ms: tx.now().0,
        };
        self.record_refund(
            tx,
            actor,
            exchanging.order,
            exchanging.refund,
            exchanging.worked,
            exchanging.reason,
            exchanging.approved_by,
            exchanging.offline,
            content,
        )?;
        Ok(exchanged)
    }

    /// The other half of it, once the order stands.
    pub(crate) fn record_exchange(
        tx: &mut Write<'_>,
        actor: &Actor,
        exchanged: GoodsExchangedV1,
    ) -> Result<()> {
        Ok(tx.record(Some(actor.staff), &Body::GoodsExchanged(exchanged))?)
    }

    /// The screens and the other nodes hear of both halves.
    pub(crate) fn tell_exchange(&self, view: &OrderView) {
        if let Some(took) = &view.took_back {
            self.told_now();
            self.paying.wake();
            self.tell_order(OrderId::from_uuid(took.order));
        }
    }
}

/// How money goes back that goods had paid: in cash where only cash ever paid for them, else as store credit.
pub(crate) fn way_back(reader: &Reader<'_>, order: OrderId) -> Result<TenderMethod> {
    let mut of = order;
    for _ in 0..MOST_EXCHANGES {
        let legs = reader.tenders(of)?;
        let mut standing = legs.iter().filter(|leg| leg.void_ms.is_none());
        let known = |leg: &store::tenders::TenderRow| {
            [TenderMethod::Cash, TenderMethod::Exchange]
                .iter()
                .any(|method| leg.method == method.as_str())
        };
        if !standing.all(known) {
            return Ok(TenderMethod::StoreCredit);
        }
        match reader.exchange(of)? {
            Some(exchange) => of = exchange.of_order,
            None => return Ok(TenderMethod::Cash),
        }
    }
    Ok(TenderMethod::StoreCredit)
}

impl Worked {
    /// What came back, as people read it.
    pub(crate) fn goods(&self, reader: &Reader<'_>, order: OrderId) -> Result<Vec<ExchangeLine>> {
        goods(
            reader,
            order,
            self.lines
                .iter()
                .map(|(line, _, _)| (line.line, line.milli, line.amount_minor)),
        )
    }
}

/// Lines of an order that came back: which, how much, and for how much.
pub(crate) fn goods(
    reader: &Reader<'_>,
    order: OrderId,
    back: impl Iterator<Item = (u32, i64, i64)>,
) -> Result<Vec<ExchangeLine>> {
    let rows = reader.order_lines(order)?;
    back.map(|(n, milli, amount_minor)| {
        let line = rows
            .iter()
            .find(|row| row.line == n)
            .ok_or(AppError::new(Code::Broken))?;
        let product = line.product.map(|id| reader.product(id)).transpose()?.flatten();
        let unit = unit_of(line)?;
        Ok(ExchangeLine {
            line: n,
            name: line.name.clone(),
            names: product.map(|row| row.names).unwrap_or_default(),
            unit: unit.as_str().to_owned(),
            quantity: crate::order_view::shown(milli, unit),
            amount_minor,
        })
    })
    .collect()
}
