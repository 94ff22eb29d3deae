//! What is written today can be read for ever: fixed facts, a head, a register's record and a token, byte by byte.
//!
//! `golden.txt` only grows. A body that must change gets a new version and a new line; a line is never edited.

use domain::{
    ids::{BranchId, DeviceId, FactId, OrderId, ShopId, StaffId},
    money::Money,
    numbers::ShortNumber,
    time::Moment,
    token::{TokenBody, TokenLine, TokenLines, split},
};
use journal::{
    Body, Chunk, DeviceKey, Fact, Place, Series, Stamp, Transaction, Vector, Why,
    body::{
        AccountAdjustedV1, AccountPaidV1, AnomalySettledV1, BatchReconciledV1, BuyerV1, CartPaidV1,
        CashMovedV1, ClosedDrawerV1, CountV1, CustomerErasedV1, CustomersMergedV1, DeviceAdmittedV1,
        DeviceMovedV1, DeviceRestoredV1, DeviceRevokedV1, DiscountKindV1, DiscountV1, DrawerFiguresV1,
        DrawerOpenedV1, DrawerOpenedV2, FiguresV1, ForeignV1, GoodsExchangedV1, GoodsReturnedV1,
        HandedOverV1, HandoverUndoneV1, HubAppointedV1, LineTaxV1, MethodFiguresV1, ModifierV1, MoveV1,
        OrderCancelledV1, OrderCancelledV2, OrderLineV1, OrderLineV2, OrderPlacedV1, OrderPlacedV2,
        OrderPlacedV3, OrderProgressedV1, OrderTaxV1, PartV1, PhoneBoundV1, PictureKeptV1, RecoveryKeySetV1,
        RefundLineV1, RefundLineV2, RefundTenderV1, RefundTenderV2, RefundedV1, RefundedV2, ReportMadeV1,
        ReturnLineV1, SalesFiguresV1, SecondFactorSetV1, SecondFactorUsedV1, SecondFactorV1, SeenV1,
        SellerV1, ShiftAddendumV1, ShiftClosedV1, ShiftOpenedV1, ShopFoundedV1, ShopVouchedV1, TaxClassSetV1,
        TaxComponentV1, TaxFiguresV1, TaxIdentitySetV1, TaxIdentitySetV2, TaxRuleV1, TenderMovedV1,
        TenderTakenV1, TenderTakenV2, TendersSplitV1, TokenReissuedV1, TokenRevokedV1, TokenV1, UsedCodeV1,
    },
    exchange::{Answer, Heads, Pull, Pulled, Push, Pushed, Request, signature_text},
    register::{PatchV1, Record, Value, Written},
    token,
};
use std::collections::BTreeMap;

const WRITTEN: &str = include_str!("golden.txt");
const NOON: i64 = 1_795_243_800_000;
const STAMP: Stamp = Stamp((1_795_243_800_000 << 16) | 7);

fn written() -> BTreeMap<&'static str, &'static str> {
    let lines = WRITTEN
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once("  ").expect("a name, two spaces, bytes"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs
        .map(|p| u8::from_str_radix(std::str::from_utf8(p).expect("ASCII"), 16).expect("hex"))
        .collect()
}

/// What stands in the file under that name, which must be what today's build writes.
fn stands(name: &str, today: &str) -> &'static str {
    let Some(golden) = written().get(name).copied() else {
        panic!("{name} is new: add this line to tests/golden.txt\n{name}  {today}");
    };
    assert_eq!(
        golden, today,
        "{name}: today's build writes other bytes; it needs a new version instead"
    );
    golden
}

fn id(n: u8) -> [u8; 16] {
    [n; 16]
}

fn discount(kind: DiscountKindV1, approved_by: Option<[u8; 16]>) -> DiscountV1 {
    DiscountV1 {
        kind,
        reason: "regular guest".to_owned(),
        approved_by,
    }
}

fn line(n: u32, product: Option<[u8; 16]>) -> OrderLineV1 {
    OrderLineV1 {
        line: n,
        product,
        short: if product.is_some() { (3, 70_000) } else { (0, 0) },
        name: "समोसा".to_owned(),
        unit: "piece".to_owned(),
        milli: 2_000,
        unit_price_minor: 1_500,
        gross_minor: 3_000,
        discount: (n == 1).then(|| discount(DiscountKindV1::Percent(12_500_000), Some(id(9)))),
        discount_minor: if n == 1 { 375 } else { 0 },
        order_discount_minor: 50,
        note: "no onion".to_owned(),
    }
}

fn token_body(lines: &[TokenLine]) -> TokenBody {
    TokenBody {
        key_id: [1, 2, 3, 4],
        order: OrderId::from_bytes(id(20)),
        generation: 1,
        issued: Moment(NOON),
        expires: Moment(NOON + 14_400_000),
        total: Money::from_minor(5_525),
        lines: TokenLines::of(lines),
    }
}

fn token_line(n: u32) -> TokenLine {
    TokenLine {
        item: ShortNumber {
            ordinal: 3,
            counter: 70_000 + n,
        },
        milli: 1_000 + i64::from(n),
    }
}

fn patch() -> PatchV1 {
    PatchV1 {
        record: id(30),
        fields: vec![
            (1, Value::Text("Kaju katli".to_owned())),
            (4, Value::Int(-98_765_432_100)),
            (6, Value::Bytes(vec![0, 255, 7])),
            (7, Value::List(vec!["8901234567890".to_owned(), String::new()])),
            (9, Value::Bool(true)),
            (13, Value::Null),
        ],
    }
}

fn a_picture() -> PictureKeptV1 {
    PictureKeptV1 {
        picture: id(80),
        mime: "image/webp".to_owned(),
        width: 400,
        height: 300,
        bytes: b"RIFF\x16\0\0\0WEBPVP8 ".to_vec(),
    }
}

fn a_move(line: u32, from: u8, to: u8) -> MoveV1 {
    MoveV1 {
        line,
        from,
        to,
        milli: 1_000,
    }
}

/// Customers and their accounts.
fn of_customers() -> Vec<(&'static str, Body)> {
    let erased = CustomerErasedV1 {
        customer: id(40),
        erased_ms: NOON,
        reason: "asked for it".to_owned(),
    };
    let merged = CustomersMergedV1 {
        from: id(41),
        into: id(40),
        merged_ms: NOON,
    };
    let paid = AccountPaidV1 {
        payment: id(42),
        customer: id(40),
        counter: id(4),
        seat: 2,
        shift: Some(id(43)),
        at_ms: NOON,
        business_day: 20_261_121,
        prefix: "K7S".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 7,
        method: "cash".to_owned(),
        amount_minor: 50_000,
        received_minor: Some(60_000),
        change_minor: 10_000,
        reference: "cheque 000123".to_owned(),
        note: "for October".to_owned(),
        pays: vec![(id(20), 40_000), (id(21), 10_000)],
        content: [0xa5; 32],
    };
    let adjusted = AccountAdjustedV1 {
        adjustment: id(44),
        customer: id(40),
        kind: "write_off".to_owned(),
        amount_minor: -12_345,
        about: Some(id(20)),
        counter: id(4),
        shift: None,
        at_ms: NOON,
        business_day: 20_261_121,
        due_day: 20_261_201,
        reason: "gone".to_owned(),
        approved_by: Some(id(9)),
        content: [0x5a; 32],
    };
    vec![
        ("body-40-1", Body::CustomerSet(patch())),
        ("body-41-1", Body::CustomerErased(erased)),
        ("body-42-1", Body::CustomersMerged(merged)),
        ("body-43-1", Body::AccountPaid(Box::new(paid))),
        ("body-44-1", Body::AccountAdjusted(adjusted)),
    ]
}

/// What happens to an order after it was placed.
fn after_placing() -> Vec<(&'static str, Body)> {
    let admitted = DeviceAdmittedV1 {
        device: id(5),
        public_key: key().public().bytes(),
        branch: id(2),
        counter: id(6),
        ordinal: 2,
        lane: 1,
        admitted_ms: NOON,
    };
    let struck = DeviceRevokedV1 {
        device: id(5),
        last_seq: 41,
        last_hash: [42; 32],
        reason: "stolen".to_owned(),
        revoked_ms: NOON,
    };
    let card = RecoveryKeySetV1 {
        generation: 2,
        recipient: "age1qqqq".to_owned(),
        public_key: [9; 32],
        set_ms: NOON,
    };
    let vouched = ShopVouchedV1 {
        card: [9; 32],
        founder: id(5),
        founder_key: [7; 32],
        signature: [[1; 32], [2; 32]],
    };
    let restored = DeviceRestoredV1 {
        device: id(6),
        public_key: [7; 32],
        branch: id(3),
        counter: id(4),
        ordinal: 1900,
        lane: 2,
        backup_by: id(5),
        backup_ms: NOON - 1,
        restored_ms: NOON,
        recovery_key: [9; 32],
        signature: [[1; 32], [2; 32]],
    };
    let settled = AnomalySettledV1 {
        key: "line:14141414-1414-1414-1414-141414141414:2".to_owned(),
        weight: 1_000,
        note: "the guest paid for it".to_owned(),
        settled_ms: NOON,
    };
    let moved = DeviceMovedV1 {
        device: id(5),
        branch: id(2),
        counter: id(7),
        ordinal: 3,
        lane: 2,
        moved_ms: NOON,
    };
    let bound = PhoneBoundV1 {
        order: id(20),
        customer: id(40),
        sealed: vec![0, 1, 254, 255],
        bound_ms: NOON,
    };
    let reissued = TokenReissuedV1 {
        order: id(20),
        token: TokenV1 {
            generation: 2,
            issued_ms: NOON + 60_000,
            expires_ms: NOON + 14_460_000,
            number: 7,
            number_expires_ms: NOON + 14_460_000,
            code: "P1DEF".to_owned(),
        },
        reason: "phone lost".to_owned(),
    };
    let revoked = TokenRevokedV1 {
        order: id(20),
        generation: 2,
        reason: "stolen".to_owned(),
        revoked_ms: NOON + 90_000,
    };
    let progressed = OrderProgressedV1 {
        order: id(20),
        progress: 2,
        at_ms: NOON + 120_000,
    };
    let handed = HandedOverV1 {
        handover: id(50),
        order: id(20),
        counter: id(4),
        seat: 2,
        at_ms: NOON + 180_000,
        moves: vec![a_move(1, 0, 1), a_move(1, 0, 2), a_move(2, 3, 1)],
        seen: SeenV1::Staff,
        offline: true,
        content: [0xc1; 32],
    };
    let undone = HandoverUndoneV1 {
        handover: id(50),
        order: id(20),
        at_ms: NOON + 185_000,
        approved_by: Some(id(9)),
    };
    let refunded = RefundedV1 {
        refund: id(60),
        order: id(20),
        counter: id(4),
        seat: 1,
        at_ms: NOON + 240_000,
        business_day: 20_261_121,
        prefix: "K7R".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 3,
        lines: vec![RefundLineV1 {
            line: 1,
            milli: 1_000,
            amount_minor: 1_288,
        }],
        moves: vec![a_move(1, 2, 4)],
        tenders: vec![RefundTenderV1 {
            tender: id(61),
            method: "cash".to_owned(),
            amount_minor: 1_282,
        }],
        rounding_minor: -6,
        total_minor: 1_282,
        reason: "not_available".to_owned(),
        approved_by: None,
        offline: false,
        content: [0xc2; 32],
    };
    vec![
        ("body-2-1", Body::DeviceAdmitted(admitted)),
        ("body-3-1", Body::DeviceRevoked(struck)),
        ("body-8-1", Body::RecoveryKeySet(card)),
        ("body-9-1", Body::DeviceRestored(restored)),
        ("body-64-1", Body::ShopVouched(vouched)),
        ("body-80-1", Body::AnomalySettled(settled)),
        (
            "body-83-1",
            Body::SecondFactorSet(SecondFactorSetV1 {
                staff: id(4),
                factor: Some(SecondFactorV1 {
                    factor: id(83),
                    sealed: vec![1, 2, 3],
                }),
                set_ms: NOON,
            }),
        ),
        (
            "body-84-1",
            Body::SecondFactorUsed(SecondFactorUsedV1 {
                staff: id(4),
                factor: id(83),
                code: UsedCodeV1::Step(NOON / 30_000),
                used_ms: NOON,
            }),
        ),
        (
            "body-6-1",
            Body::HubAppointed(HubAppointedV1 {
                branch: [2; 16],
                device: [5; 16],
                term: 300,
                appointed_ms: NOON,
            }),
        ),
        (
            "body-35-1",
            Body::CartPaid(CartPaidV1 {
                cart: [0x2b; 16],
                order: [0x14; 16],
                paid_ms: NOON,
            }),
        ),
        ("body-5-1", Body::DeviceSet(patch())),
        ("body-7-1", Body::DeviceMoved(moved)),
        ("body-23-1", Body::PhoneBound(bound)),
        ("body-24-1", Body::TokenReissued(reissued)),
        ("body-25-1", Body::TokenRevoked(revoked)),
        ("body-26-1", Body::OrderProgressed(progressed)),
        ("body-30-1", Body::HandedOver(handed)),
        ("body-31-1", Body::HandoverUndone(undone)),
        ("body-32-1", Body::Refunded(Box::new(refunded.into()))),
    ]
}

/// Goods that came back without a receipt, and goods that came back for others.
fn goods_back() -> Vec<(&'static str, Body)> {
    let tax = LineTaxV1 {
        tax: 0,
        amount_minor: 61,
    };
    let returned = GoodsReturnedV1 {
        goods_return: id(62),
        counter: id(4),
        seat: 1,
        shift: Some(id(50)),
        at_ms: NOON + 250_000,
        business_day: 20_261_121,
        prefix: "R7Q".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 1,
        customer: Some(id(40)),
        lines: vec![ReturnLineV1 {
            line: 1,
            product: id(30),
            name: "Lamp".to_owned(),
            unit: "piece".to_owned(),
            milli: 1_000,
            base_milli: 1_000,
            offered_minor: 1_400,
            unit_price_minor: 1_282,
            hsn: "9405".to_owned(),
            tax_class: Some(id(32)),
            amount_minor: 1_282,
            taxable_minor: 1_221,
            taxes: vec![tax],
        }],
        inclusive: true,
        tax_rules: "line each half_up".to_owned(),
        taxes: vec![OrderTaxV1 {
            name: "GST".to_owned(),
            rate: 5_000_000,
            taxable_minor: 1_221,
            amount_minor: 61,
        }],
        taxable_minor: 1_221,
        tax_minor: 61,
        rounding_minor: 18,
        total_minor: 1_300,
        tender: id(63),
        method: "store_credit".to_owned(),
        cash_rounding_minor: 0,
        card: Some(id(64)),
        reason: "unwanted".to_owned(),
        approved_by: id(9),
        content: [0xc3; 32],
    };
    let exchanged = GoodsExchangedV1 {
        order: id(21),
        refund: id(60),
        of_order: id(20),
        amount_minor: 1_282,
        at_ms: NOON + 240_000,
    };
    vec![
        ("body-33-1", Body::GoodsReturned(Box::new(returned))),
        ("body-34-1", Body::GoodsExchanged(exchanged)),
    ]
}

fn placed_v1() -> OrderPlacedV1 {
    OrderPlacedV1 {
        order: id(20),
        counter: id(4),
        placed_ms: NOON,
        business_day: 20_261_121,
        hour: 12,
        number: 42,
        prefix: "K7Q".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 42,
        lines: vec![line(1, Some(id(30))), line(2, None)],
        discount: Some(discount(DiscountKindV1::Amount(100), None)),
        subtotal_minor: 6_000,
        line_discount_minor: 375,
        order_discount_minor: 100,
        rounding_minor: -25,
        total_minor: 5_500,
        token: TokenV1 {
            generation: 1,
            issued_ms: NOON,
            expires_ms: NOON + 14_400_000,
            number: 482_913,
            number_expires_ms: NOON + 14_400_000,
            code: "P1ABC".to_owned(),
        },
        content: [0xc0; 32],
    }
}

/// The bodies of orders with taxes, customers and many ways to pay.
fn with_taxes() -> Vec<(&'static str, Body)> {
    let mut taxed = OrderLineV2::from(line(1, Some(id(30))));
    taxed.unit = "kg".to_owned();
    taxed.base_milli = 2_000_000;
    taxed.level = "wholesale".to_owned();
    taxed.price_source = "level".to_owned();
    taxed.modifiers = vec![ModifierV1 {
        modifier: id(31),
        name: "extra cheese".to_owned(),
        price_minor: -250,
    }];
    taxed.parts = vec![PartV1 {
        product: id(32),
        milli: 500,
    }];
    taxed.hsn = "2106".to_owned();
    taxed.tax_class = Some(id(33));
    taxed.taxes = vec![LineTaxV1 {
        tax: 0,
        amount_minor: 64,
    }];
    let tax = OrderTaxV1 {
        name: "CGST".to_owned(),
        rate: 2_500_000,
        taxable_minor: 2_575,
        amount_minor: 64,
    };
    let mut order = OrderPlacedV2::from(placed_v1());
    order.seat = 2;
    order.document = "tax_invoice".to_owned();
    order.lines = vec![taxed];
    order.inclusive = false;
    order.tax_rules = "line each half_up".to_owned();
    order.taxable_minor = 2_575;
    order.tax_minor = 64;
    order.taxes = vec![tax.clone()];
    order.customer = Some(id(80));
    order.buyer = Some(BuyerV1 {
        name: "Anand Sweets".to_owned(),
        tax_number: "27AAPFU0939F1ZV".to_owned(),
        region: "27".to_owned(),
        address: "Pune".to_owned(),
        sealed: vec![1, 2, 3],
    });
    order.seller = SellerV1 {
        name: "Chandi".to_owned(),
        tax_number: "29AAGCB7383J1Z4".to_owned(),
        region: "29".to_owned(),
        address: "Bengaluru".to_owned(),
    };
    order.place_of_supply = "27".to_owned();
    order.order_type = "delivery".to_owned();
    order.quotation = Some(id(81));
    let tender = TenderTakenV2 {
        tender: id(21),
        order: id(20),
        method: "cash".to_owned(),
        amount_minor: 5_500,
        received_minor: Some(10_000),
        change_minor: 4_400,
        cash_rounding_minor: -2,
        tip_minor: 100,
        reference: "RRN 4711".to_owned(),
        provider: "HDFC".to_owned(),
        foreign: Some(ForeignV1 {
            currency: *b"USD",
            received_minor: 120,
            rate: 83_250_000_000,
        }),
        customer: Some(id(80)),
        card: Some(id(82)),
        payment: Some(id(83)),
        state: 2,
        counter: id(4),
        seat: 1,
        shift: Some(id(84)),
        business_day: 20_261_121,
        taken_ms: NOON,
    };
    let cancelled = OrderCancelledV2 {
        order: id(20),
        cancelled_ms: NOON + 5_000,
        business_day: 20_261_121,
        shift: Some(id(84)),
        reason: "changed their mind".to_owned(),
        approved_by: Some(id(9)),
    };
    let moved = TenderMovedV1 {
        tender: id(21),
        order: id(20),
        state: 6,
        reference: "late".to_owned(),
        reason: "no answer".to_owned(),
        at_ms: NOON,
        approved_by: Some(id(9)),
    };
    let split = TendersSplitV1 {
        split: id(85),
        order: id(20),
        voided: vec![id(21)],
        reason: "card instead".to_owned(),
        at_ms: NOON,
        business_day: 20_261_121,
        shift: Some(id(84)),
        approved_by: Some(id(9)),
        content: [0xc3; 32],
    };
    let refunded = RefundedV2 {
        refund: id(60),
        order: id(20),
        counter: id(4),
        seat: 1,
        shift: Some(id(84)),
        at_ms: NOON + 240_000,
        business_day: 20_261_121,
        prefix: "K7R".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 3,
        lines: vec![RefundLineV2 {
            line: 1,
            milli: 1_000,
            amount_minor: 1_288,
            taxable_minor: 1_224,
            taxes: vec![LineTaxV1 {
                tax: 0,
                amount_minor: 64,
            }],
        }],
        moves: vec![a_move(1, 2, 4)],
        tenders: vec![RefundTenderV2 {
            tender: id(61),
            method: "store_credit".to_owned(),
            amount_minor: 1_282,
            cash_rounding_minor: 3,
            reference: "slip 9".to_owned(),
            customer: Some(id(80)),
            card: Some(id(82)),
            original: Some(id(21)),
            state: 2,
        }],
        taxes: vec![tax],
        taxable_minor: 1_224,
        tax_minor: 64,
        rounding_minor: -6,
        total_minor: 1_282,
        reason: "not_available".to_owned(),
        approved_by: None,
        offline: false,
        content: [0xc2; 32],
    };
    vec![
        ("body-20-2", Body::OrderPlaced(Box::new(order.clone().into()))),
        (
            "body-20-3",
            Body::OrderPlaced(Box::new(OrderPlacedV3 {
                sale: order,
                shift: Some(id(84)),
            })),
        ),
        ("body-21-2", Body::TenderTaken(tender)),
        ("body-22-2", Body::OrderCancelled(cancelled)),
        ("body-27-1", Body::TenderMoved(moved)),
        ("body-28-1", Body::TendersSplit(split)),
        ("body-32-2", Body::Refunded(Box::new(refunded))),
    ]
}

/// One of every body of every version, by the name that it has in the file.
fn bodies() -> Vec<(&'static str, Body)> {
    let order = placed_v1();
    let founded = ShopFoundedV1 {
        shop: id(1),
        branch: id(2),
        counter: id(4),
        device: id(3),
        public_key: key().public().bytes(),
        ordinal: 300,
        lane: 5,
        currency: *b"INR",
        demo: false,
        founded_ms: NOON,
    };
    let tender = TenderTakenV1 {
        tender: id(21),
        order: id(20),
        method: "cash".to_owned(),
        amount_minor: 5_500,
        received_minor: Some(10_000),
        change_minor: 4_500,
        taken_ms: NOON,
    };
    let cancelled = OrderCancelledV1 {
        order: id(20),
        cancelled_ms: NOON + 5_000,
        reason: "changed their mind".to_owned(),
        approved_by: Some(id(9)),
    };
    let drawer = DrawerOpenedV1 {
        opening: id(70),
        counter: id(4),
        why: "no_sale".to_owned(),
        order: None,
        approved_by: Some(id(9)),
        opened_ms: NOON,
        business_day: 20_261_121,
        reason: "change for the bus".to_owned(),
    };
    let mut bodies = vec![
        ("body-1-1", Body::ShopFounded(founded)),
        ("body-10-1", Body::ProductSet(patch())),
        ("body-11-1", Body::CategorySet(patch())),
        ("body-12-1", Body::StaffSet(patch())),
        ("body-13-1", Body::SettingSet(patch())),
        ("body-14-1", Body::PriceSet(patch())),
        ("body-15-1", Body::LevelSet(patch())),
        ("body-16-1", Body::BrandSet(patch())),
        ("body-17-1", Body::ModifierGroupSet(patch())),
        ("body-62-1", Body::BranchSet(patch())),
        ("body-63-1", Body::BranchProductSet(patch())),
        ("body-81-1", Body::DeviceLinkSet(patch())),
        ("body-18-1", Body::PictureKept(a_picture())),
        ("body-20-1", Body::OrderPlaced(Box::new(order.into()))),
        ("body-21-1", Body::TenderTaken(tender.into())),
        ("body-22-1", Body::OrderCancelled(cancelled.into())),
    ];
    bodies.extend(after_placing());
    bodies.extend(goods_back());
    bodies.extend(with_taxes());
    bodies.extend(of_customers());
    let of_a_seat = DrawerOpenedV2 {
        seat: Some(2),
        shift: Some(id(71)),
        ..drawer.clone().into()
    };
    bodies.push(("body-50-1", Body::DrawerOpened(drawer.into())));
    bodies.push(("body-50-2", Body::DrawerOpened(of_a_seat)));
    bodies.extend(of_campaigns());
    bodies.extend(of_payments());
    bodies.extend(of_a_shift());
    bodies.extend(of_a_document());
    bodies.extend(of_taxes());
    bodies
}

/// A class of goods with a threshold, and the number the shop charges its taxes under.
fn of_taxes() -> Vec<(&'static str, Body)> {
    let rule = |from: u32, up_to_minor: Option<i64>, rate: u32| TaxRuleV1 {
        from,
        to: up_to_minor.map(|_| 20_271_231),
        above_minor: up_to_minor.map(|_| 100),
        up_to_minor,
        order_types: vec!["take_away".to_owned()],
        customer_types: vec!["staff".to_owned()],
        regions: vec!["27".to_owned()],
        registered: up_to_minor.map(|_| true),
        treatment: "taxed".to_owned(),
        components: vec![TaxComponentV1 {
            name: "GST".to_owned(),
            rate,
            compound: up_to_minor.is_some(),
        }],
        source: "Notification 9/2025".to_owned(),
    };
    let class = TaxClassSetV1 {
        class: id(70),
        name: "कपड़े".to_owned(),
        key: "apparel".to_owned(),
        performed: true,
        rules: vec![
            rule(20_250_922, Some(250_000), 5_000_000),
            rule(20_250_922, None, 18_000_000),
        ],
        archived_ms: Some(NOON),
    };
    let identity = TaxIdentitySetV1 {
        identity: id(71),
        number: "27AAPFU0939F1ZV".to_owned(),
        name: "Annapurna Sweets LLP".to_owned(),
        region: "27".to_owned(),
        from: 20_260_101,
        to: Some(20_261_231),
        composition: true,
        removed: true,
    };
    let of_a_branch = TaxIdentitySetV2 {
        branch: Some(id(62)),
        ..identity.clone().into()
    };
    vec![
        ("body-60-1", Body::TaxClassSet(class)),
        ("body-61-1", Body::TaxIdentitySet(identity.into())),
        ("body-61-2", Body::TaxIdentitySet(of_a_branch)),
    ]
}

/// A document after it was made, and an offer.
fn of_a_document() -> Vec<(&'static str, Body)> {
    use journal::body::{
        InstalmentsSetV1, InvoiceDueV1, InvoiceRevisedV1, InvoiceSentV1, QuotationMadeV1, QuotationMovedV1,
    };
    let buyer = BuyerV1 {
        name: "Asha Traders".to_owned(),
        tax_number: "27AAACN2082N1ZD".to_owned(),
        region: "27".to_owned(),
        address: "Worli, Mumbai".to_owned(),
        sealed: vec![],
    };
    let revised = InvoiceRevisedV1 {
        order: id(20),
        revision: 2,
        at_ms: NOON,
        business_day: 20_261_128,
        customer: Some(id(40)),
        buyer: buyer.clone(),
        reason: "the company's name".to_owned(),
        content: [8; 32],
    };
    let sent = InvoiceSentV1 {
        subject: id(20),
        kind: "invoice".to_owned(),
        revision: 2,
        way: "mail".to_owned(),
        to: "a•••@example.com".to_owned(),
        at_ms: NOON,
    };
    let due = InvoiceDueV1 {
        order: id(20),
        due_day: 20_261_221,
        at_ms: NOON,
    };
    let instalments = InstalmentsSetV1 {
        order: id(20),
        parts: vec![(20_261_130, 334), (20_261_231, 333)],
        charged_minor: 1_000,
        at_ms: NOON,
        content: [7; 32],
    };
    let made = QuotationMadeV1 {
        quotation: id(80),
        revision: 1,
        counter: id(4),
        made_ms: NOON,
        business_day: 20_261_121,
        valid_until: 20_261_205,
        prefix: "Q2A".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 7,
        lines: vec![line(1, Some(id(10))).into()],
        discount: Some(discount(DiscountKindV1::Amount(50), None)),
        subtotal_minor: 3_000,
        line_discount_minor: 375,
        order_discount_minor: 50,
        inclusive: true,
        taxable_minor: 2_452,
        tax_minor: 123,
        taxes: vec![OrderTaxV1 {
            name: "IGST".to_owned(),
            rate: 5_000_000,
            taxable_minor: 2_452,
            amount_minor: 123,
        }],
        rounding_minor: 0,
        total_minor: 2_575,
        customer: Some(id(40)),
        buyer: Some(buyer),
        seller: SellerV1 {
            name: "Test Sweets".to_owned(),
            tax_number: "27AAPFU0939F1ZV".to_owned(),
            region: "27".to_owned(),
            address: "Pune".to_owned(),
        },
        place_of_supply: "27".to_owned(),
        order_type: "counter".to_owned(),
        note: "delivery on Friday".to_owned(),
        cart: vec![1, 2, 3],
        content: [9; 32],
    };
    let moved = QuotationMovedV1 {
        quotation: id(80),
        state: "declined".to_owned(),
        at_ms: NOON,
        reason: "too dear".to_owned(),
    };
    vec![
        ("body-70-1", Body::QuotationMade(Box::new(made))),
        ("body-71-1", Body::QuotationMoved(moved)),
        ("body-72-1", Body::InvoiceRevised(revised)),
        ("body-73-1", Body::InvoiceSent(sent)),
        ("body-74-1", Body::InvoiceDue(due)),
        ("body-75-1", Body::InstalmentsSet(instalments)),
    ]
}

/// News to many, and what became of one letter.
fn of_campaigns() -> Vec<(&'static str, Body)> {
    use journal::body::{CampaignGroupV1, CampaignLetterV1, CampaignSentV1, CampaignTextV1};
    let sent = CampaignSentV1 {
        campaign: id(97),
        name: "Diwali".to_owned(),
        channel: "email".to_owned(),
        group: CampaignGroupV1 {
            kind: Some("retail".to_owned()),
            segment: Some("vip".to_owned()),
            level: Some("wholesale".to_owned()),
            language: Some("hi".to_owned()),
            town: Some("Pune".to_owned()),
            bought_days: Some(90),
            absent_days: Some(30),
            spent_from_minor: Some(500_000),
            spent_days: Some(365),
        },
        texts: vec![CampaignTextV1 {
            language: "hi".to_owned(),
            title: "नमस्ते {name}".to_owned(),
            text: "{shop} में मिठाई।".to_owned(),
        }],
        at_ms: NOON,
        people: vec![id(40), id(41)],
        left_out: vec![("not_asked".to_owned(), 3)],
        content: [0xa5; 32],
    };
    let letter = CampaignLetterV1 {
        campaign: id(97),
        customer: id(40),
        outcome: "failed".to_owned(),
        why: "refused".to_owned(),
        at_ms: NOON,
    };
    vec![
        ("body-48-1", Body::CampaignSent(Box::new(sent))),
        ("body-49-1", Body::CampaignLetter(letter)),
    ]
}

/// A gateway's payment, a card, a rate, and tips.
fn of_payments() -> Vec<(&'static str, Body)> {
    use journal::body::{
        CardIssuedV1, CardMovedV1, PaymentMovedV1, PaymentStepV1, RateSetV1, TipShareV1, TipsPaidV1,
    };
    let payment = PaymentMovedV1 {
        payment: id(90),
        gateway: "terminal".to_owned(),
        method: "card".to_owned(),
        asked_minor: 96_140,
        tip_minor: 8_740,
        cart: Some(id(91)),
        order: None,
        counter: id(4),
        seat: id(8),
        staff: Some(id(9)),
        started_ms: NOON,
        business_day: 20_261_121,
        step: PaymentStepV1::Captured {
            reference: "TX-4711".to_owned(),
            amount_minor: 96_140,
        },
        reason: String::new(),
        approved_by: None,
        at_ms: NOON + 4_000,
    };
    let rate = RateSetV1 {
        rate: id(93),
        currency: *b"USD",
        nano: Some(83_456_700_000),
        from_ms: NOON,
        set_ms: NOON,
        source: "the bank's board".to_owned(),
    };
    let card = CardIssuedV1 {
        card: id(94),
        kind: "gift_card".to_owned(),
        code: "0123456789ABCDEF".to_owned(),
        customer: Some(id(40)),
        order: Some(id(20)),
        line: Some(1),
        counter: id(4),
        issued_ms: NOON,
        expires_ms: Some(NOON + 31_536_000_000),
        reason: "sold".to_owned(),
        approved_by: None,
    };
    let spent = CardMovedV1 {
        movement: id(95),
        card: id(94),
        why: "spent".to_owned(),
        amount_minor: -30_000,
        order: Some(id(20)),
        tender: Some(id(21)),
        counter: id(4),
        business_day: 20_261_121,
        at_ms: NOON,
        reason: String::new(),
        approved_by: Some(id(10)),
    };
    let tips = TipsPaidV1 {
        payout: id(96),
        from_day: 20_261_116,
        to_day: 20_261_121,
        method: "cash".to_owned(),
        pool_minor: 8_740,
        shares: vec![TipShareV1 {
            staff: id(9),
            weight: 480,
            amount_minor: 8_740,
        }],
        counter: id(4),
        shift: Some(id(71)),
        business_day: 20_261_121,
        at_ms: NOON,
        note: "week".to_owned(),
    };
    vec![
        ("body-29-1", Body::PaymentMoved(Box::new(payment))),
        ("body-19-1", Body::RateSet(rate)),
        ("body-45-1", Body::CardIssued(card)),
        ("body-46-1", Body::CardMoved(spent)),
        ("body-47-1", Body::TipsPaid(tips)),
    ]
}

/// A drawer from its float to its Z, and what came after.
fn of_a_shift() -> Vec<(&'static str, Body)> {
    let count = CountV1 {
        currency: *b"INR",
        pieces: vec![(50_000, 3), (10_000, 12)],
        loose_minor: 1_250,
        counted_minor: 271_250,
    };
    let figures = FiguresV1 {
        seen: vec![(id(5), 4_711), (id(6), 0)],
        drawers: vec![DrawerFiguresV1 {
            currency: *b"INR",
            float_minor: 200_000,
            sales_minor: 90_000,
            tips_minor: 500,
            account_minor: 1_000,
            back_minor: -2_500,
            in_minor: 100,
            out_minor: -300,
            drop_minor: -20_000,
            tips_out_minor: -500,
        }],
        methods: vec![MethodFiguresV1 {
            method: "cash".to_owned(),
            taken: 9,
            taken_minor: 90_030,
            tips_minor: 500,
            rounding_minor: -30,
            back: 1,
            back_minor: 2_500,
        }],
        sales: SalesFiguresV1 {
            orders: 8,
            subtotal_minor: 95_000,
            discount_minor: 5_000,
            taxable_minor: 85_714,
            tax_minor: 4_286,
            rounding_minor: -12,
            total_minor: 89_988,
            taxes: vec![TaxFiguresV1 {
                name: "CGST".to_owned(),
                rate: 2_500_000,
                taxable_minor: 85_714,
                amount_minor: 2_143,
            }],
            refunds: 1,
            refunded_minor: 2_500,
            cancelled: 1,
            cancelled_minor: 4_000,
            no_sales: 2,
            first_document: "K7Q/26-27/000042".to_owned(),
            last_document: "K7Q/26-27/000049".to_owned(),
        },
    };
    let opened = ShiftOpenedV1 {
        shift: id(71),
        counter: id(4),
        seat_id: id(8),
        seat: 2,
        floats: vec![count.clone()],
        opened_ms: NOON,
        business_day: 20_261_121,
        note: "morning".to_owned(),
    };
    let moved = CashMovedV1 {
        movement: id(72),
        shift: id(71),
        counter: id(4),
        kind: "drop".to_owned(),
        currency: *b"INR",
        foreign: false,
        amount_minor: -20_000,
        reason: "to the safe".to_owned(),
        to: Some(id(9)),
        counts: vec![count.clone()],
        approved_by: Some(id(9)),
        at_ms: NOON,
        business_day: 20_261_121,
    };
    let closed = ShiftClosedV1 {
        shift: id(71),
        counter: id(4),
        closed_ms: NOON + 28_800_000,
        business_day: 20_261_121,
        prefix: "Z2K".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 17,
        figures: figures.clone(),
        drawers: vec![ClosedDrawerV1 {
            currency: *b"INR",
            expected_minor: 268_300,
            count: Some(count),
            variance_minor: 2_950,
            left_minor: 200_000,
        }],
        note: "counted twice".to_owned(),
        approved_by: None,
    };
    let addendum = ShiftAddendumV1 {
        addendum: id(73),
        shift: id(71),
        number: 1,
        made_ms: NOON + 90_000_000,
        business_day: 20_261_122,
        figures: figures.clone(),
    };
    let report = ReportMadeV1 {
        report: id(74),
        shift: id(71),
        counter: id(4),
        prefix: "X2K".to_owned(),
        fiscal_year: "26-27".to_owned(),
        document_no: 3,
        made_ms: NOON,
        business_day: 20_261_121,
        figures,
    };
    let batch = BatchReconciledV1 {
        batch: id(75),
        branch: id(2),
        day: 20_261_121,
        method: "card".to_owned(),
        provider: "HDFC".to_owned(),
        system_minor: 1_250_000,
        system_count: 41,
        batch_minor: 1_249_000,
        batch_count: Some(41),
        reference: "BATCH 118".to_owned(),
        note: "one slip of 10.00 is missing".to_owned(),
        at_ms: NOON,
    };
    vec![
        ("body-51-1", Body::ShiftOpened(opened)),
        ("body-52-1", Body::CashMoved(moved)),
        ("body-53-1", Body::ShiftClosed(Box::new(closed))),
        ("body-54-1", Body::ShiftAddendum(Box::new(addendum))),
        ("body-55-1", Body::ReportMade(Box::new(report))),
        ("body-56-1", Body::BatchReconciled(batch)),
    ]
}

fn key() -> DeviceKey {
    DeviceKey::from_seed(&[7; 32])
}

#[test]
fn every_body_is_written_and_read_as_ever() {
    for (name, body) in bodies() {
        let (kind, version) = body.tag();
        let today = format!("body-{kind}-{version}");
        // A body of an older version reads as today's; only today's is still written.
        let golden = match name == today {
            true => stands(name, &hex(&body.encode())),
            false => written().get(name).copied().expect("what was once written stays"),
        };
        let version = name
            .rsplit('-')
            .next()
            .and_then(|v| v.parse().ok())
            .expect("a version");
        assert!(
            name.starts_with(&format!("body-{kind}-")),
            "the numbers on the wire never change"
        );
        assert_eq!(
            Body::decode(kind, version, &bytes(golden)),
            Ok(body),
            "{name} reads as it was written"
        );
    }
}

#[test]
fn every_body_ever_written_can_be_read() {
    let names: Vec<_> = written()
        .into_iter()
        .filter(|(name, _)| name.starts_with("body-"))
        .collect();
    assert_eq!(
        names.len(),
        bodies().len(),
        "every body in the file is one of ours, and has its value here"
    );
    for (name, golden) in names {
        let numbers: Vec<u16> = name
            .split('-')
            .skip(1)
            .map(|n| n.parse().expect("a number"))
            .collect();
        let body = Body::decode(numbers[0], numbers[1], &bytes(golden));
        assert!(
            body.is_ok_and(|body| body != Body::Unknown),
            "{name} is a body that this build knows"
        );
        let cut = bytes(golden);
        assert!(
            Body::decode(numbers[0], numbers[1], &cut[..cut.len() - 1]).is_err(),
            "{name}: half a body is none"
        );
        let longer = [cut, vec![0]].concat();
        assert!(
            Body::decode(numbers[0], numbers[1], &longer).is_err(),
            "{name}: no byte is passed over"
        );
    }
}

#[test]
fn a_body_of_a_newer_build_is_kept_and_not_misread() {
    assert_eq!(Body::decode(20, 200, &[1, 2, 3]), Ok(Body::Unknown));
    assert_eq!(Body::decode(999, 1, &[]), Ok(Body::Unknown));
}

/// Two facts of one series: with and without somebody who did it.
fn facts() -> (Series, Vec<Fact>) {
    let mut series = Series::new(
        ShopId::from_bytes(id(1)),
        BranchId::from_bytes(id(2)),
        DeviceId::from_bytes(id(3)),
    );
    let facts = (0u8..2)
        .map(|n| {
            let actor = (n == 1).then(|| StaffId::from_bytes(id(9)));
            let (stamp, fact) = (Stamp(STAMP.0 + u64::from(n)), FactId::from_bytes(id(40 + n)));
            let (_, body) = &bodies()[usize::from(n)];
            let (kind, version) = body.tag();
            series.append(fact, stamp, actor, kind, version, body.encode())
        })
        .collect();
    (series, facts)
}

#[test]
fn a_sealed_fact_has_the_hash_that_it_always_had() {
    let (_, facts) = facts();
    stands("fact-hash-first", &hex(&facts[0].hash));
    stands("fact-hash-with-actor", &hex(&facts[1].hash));
    assert!(
        facts[0].follows(&[0; 32]) && facts[1].follows(&facts[0].hash),
        "the chain holds"
    );
}

#[test]
fn a_head_has_the_signature_that_it_always_had() {
    let (series, _) = facts();
    let head = series.head(&key());
    stands("head-signature", &hex(&head.signature));
    assert!(head.is_signed_by(&key().public()));
}

#[test]
fn a_register_record_is_kept_as_ever() {
    let mut record = Record::default();
    record.apply(&patch().fields, Written::new(STAMP, DeviceId::from_bytes(id(3))));
    record.apply(
        &[(4, Value::Int(5))],
        Written::new(Stamp(STAMP.0 + 1), DeviceId::from_bytes(id(5))),
    );
    let golden = stands("record", &hex(&postcard::to_stdvec(&record).expect("bytes")));
    assert_eq!(postcard::from_bytes::<Record>(&bytes(golden)), Ok(record));
}

#[test]
fn a_token_scans_as_ever() {
    let few: Vec<TokenLine> = (0..5).map(token_line).collect();
    let many: Vec<TokenLine> = (0..200).map(token_line).collect();
    for (name, lines) in [("token-5-lines", few), ("token-200-lines", many)] {
        let body = token_body(&lines);
        let golden = stands(name, &token::sign(&body, &key()));
        let read = split(golden).expect("a token of ours");
        assert_eq!(read.body, body, "{name} reads as it was written");
        assert!(token::is_signed_by(&read, &key().public()), "{name} is genuine");
    }
}

#[test]
fn what_travels_is_read_as_ever() {
    let (series, facts) = facts();
    let transaction = Transaction {
        facts,
        head: series.head(&key()),
    };
    let golden = bytes(stands("transaction", &hex(&transaction.encode())));
    let read = Transaction::decode(&golden, series.shop, series.device, &Place::default());
    assert_eq!(read, Ok(transaction.clone()));
    assert_eq!(transaction.check(&key().public(), &Place::default()), Ok(()));

    let chunk = Chunk::of(
        series.shop,
        series.device,
        &Place::default(),
        std::slice::from_ref(&transaction),
    );
    let heads = Vector::from([(series.device, 2), (DeviceId::from_bytes(id(5)), 300)]);
    let push = Push {
        series: vec![chunk.clone()],
    };
    assert_eq!(
        Push::decode(&bytes(stands("push", &hex(&push.encode())))),
        Ok(push)
    );
    let reasons = [
        Why::Forked { seq: 2 },
        Why::Gap { have: 300 },
        Why::BadChain { seq: 4 },
        Why::BadSignature { seq: 5 },
        Why::UnknownDevice,
        Why::Revoked { until: 6 },
        Why::TooBig,
        Why::WrongShop,
    ];
    let pushed = Pushed {
        heads: heads.clone(),
        refused: reasons.iter().map(|why| (series.device, *why)).collect(),
    };
    assert_eq!(
        Pushed::decode(&bytes(stands("pushed", &hex(&pushed.encode())))),
        Ok(pushed)
    );
    let pull = Pull {
        have: heads.clone(),
        max_bytes: 1 << 20,
        wait_ms: 25_000,
    };
    assert_eq!(
        Pull::decode(&bytes(stands("pull", &hex(&pull.encode())))),
        Ok(pull)
    );
    let pulled = Pulled {
        chunks: vec![chunk],
        heads: heads.clone(),
        more: true,
    };
    assert_eq!(
        Pulled::decode(&bytes(stands("pulled", &hex(&pulled.encode())))),
        Ok(pulled)
    );
    let heads = Heads { heads };
    assert_eq!(
        Heads::decode(&bytes(stands("heads", &hex(&heads.encode())))),
        Ok(heads)
    );

    let request = Request {
        method: "POST",
        path: "/sync/v1/push",
        body: &golden,
        time_ms: NOON,
        shop: series.shop,
        device: series.device,
    };
    let asked = request.sign(&key());
    stands("request-signature", &signature_text(&asked));
    let answer = Answer {
        asked: &asked,
        status: 200,
        body: &golden,
        device: series.device,
    };
    stands("answer-signature", &signature_text(&answer.sign(&key())));
}

#[test]
fn nothing_in_the_file_is_forgotten() {
    let named = [
        "fact-hash-first",
        "fact-hash-with-actor",
        "head-signature",
        "transaction",
        "push",
        "pushed",
        "pull",
        "pulled",
        "heads",
        "request-signature",
        "answer-signature",
        "record",
        "token-5-lines",
        "token-200-lines",
    ];
    for name in written().keys() {
        assert!(
            named.contains(name) || name.starts_with("body-"),
            "{name} stands in the file, and nothing holds it"
        );
    }
}
