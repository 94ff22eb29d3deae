//! One table of refusals. The door turns them into answers, the screens into sentences; nobody matches on text.

use serde_json::{Map, Value};
use store::StoreError;

/// What a refusal means for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be read.
    Malformed,
    /// Understood, and refused by a rule.
    Refused,
    NotFound,
    /// Somebody else was first, or the same id came with another content.
    Conflict,
    /// Later, perhaps.
    Wait,
    SignedOut,
    Forbidden,
    /// The disk is full.
    Full,
    /// Our fault.
    Broken,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Malformed => "malformed",
            Kind::Refused => "refused",
            Kind::NotFound => "not_found",
            Kind::Conflict => "conflict",
            Kind::Wait => "wait",
            Kind::SignedOut => "signed_out",
            Kind::Forbidden => "forbidden",
            Kind::Full => "full",
            Kind::Broken => "broken",
        }
    }

    /// May the same request succeed later?
    pub fn may_pass(self) -> bool {
        match self {
            Kind::Wait | Kind::Full | Kind::Broken => true,
            Kind::Malformed
            | Kind::Refused
            | Kind::NotFound
            | Kind::Conflict
            | Kind::SignedOut
            | Kind::Forbidden => false,
        }
    }
}

macro_rules! codes {
    ($($name:ident = $text:literal, $kind:ident, $sentence:literal;)+) => {
        /// Every refusal that the API can give.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($name),+ }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text),+ }
            }

            pub fn kind(self) -> Kind {
                match self { $(Code::$name => Kind::$kind),+ }
            }

            /// For logs and for programs' authors; people read the screens' own table.
            pub fn sentence(self) -> &'static str {
                match self { $(Code::$name => $sentence),+ }
            }
        }
    };
}

codes! {
    Malformed = "malformed", Malformed, "the request cannot be read";
    TooLarge = "too_large", Malformed, "the request is too large";
    HeaderMissing = "header_missing", Forbidden, "writes need the header x-chandi: 1";
    ForeignOrigin = "foreign_origin", Forbidden, "this page may not use the till";
    SignedOut = "signed_out", SignedOut, "sign in first";
    SessionIdle = "session_idle", SignedOut, "the till was idle and locked itself";
    PinWrong = "pin_wrong", SignedOut, "wrong PIN";
    PinWait = "pin_wait", Wait, "too many wrong PINs: wait";
    SecondFactorNeeded = "second_factor_needed", SignedOut, "from another machine this person signs in with password and code";
    SecondFactorUnset = "second_factor_unset", Forbidden, "from another machine owners sign in with password and code: set them up at the device";
    SecondFactorFirst = "second_factor_first", Conflict, "set up your own password and code first";
    SecondFactorWrong = "second_factor_wrong", SignedOut, "password or code is wrong, or the code was used";
    ApprovalCodeWrong = "approval_code_wrong", SignedOut, "from another machine this person approves with a code of their second factor: this one is wrong, or was used";
    SecondFactorWait = "second_factor_wait", Wait, "too many wrong tries: wait";
    SecondFactorClock = "second_factor_clock", SignedOut, "the code is that of another time: a clock is wrong";
    SecondFactorOver = "second_factor_over", Conflict, "this was shown too long ago: begin again";
    CodeWanted = "code_wanted", Forbidden, "show a fresh code first";
    PasswordWeak = "password_weak", Refused, "this password is too easy to guess";
    TooManyRequests = "too_many_requests", Wait, "too many requests: wait";
    KeyWrong = "key_wrong", SignedOut, "this key is not known here, or was revoked";
    KeyEnded = "key_ended", SignedOut, "this key has ended";
    LinkWrong = "link_wrong", SignedOut, "this link opens nothing";
    LinkEnded = "link_ended", SignedOut, "this link has ended";
    LinkRevoked = "link_revoked", SignedOut, "this link was taken back";
    LinkUsed = "link_used", Conflict, "another browser has opened this link";
    LinkCodeEnded = "link_code_ended", Conflict, "this code was not opened in time";
    LinkElsewhere = "link_elsewhere", Forbidden, "this link is of another branch or of another till";
    NotForPrograms = "not_for_programs", Forbidden, "this is for people only: no key opens it";
    NotAllowed = "not_allowed", Forbidden, "this role may not do that";
    CursorUnknown = "cursor_unknown", Conflict, "this is no cursor of this node: begin anew";
    NotFound = "not_found", NotFound, "there is no such thing";
    IdReused = "id_reused", Conflict, "this id was used with another content";
    NoShop = "no_shop", Conflict, "no shop is set up here yet";
    ShopExists = "shop_exists", Conflict, "a shop is set up here already";
    NotHere = "not_here", Forbidden, "this can be done at the device itself only";
    BranchInUse = "branch_in_use", Conflict, "devices stand in this branch";
    LastBranch = "last_branch", Conflict, "the shop needs a branch";
    NotTheDemo = "not_the_demo", Conflict, "this is not the demo shop";
    NotInDemo = "not_in_demo", Conflict, "the demo shop stays on its own device";
    InvitationsMany = "invitations_many", Conflict, "several invitations are open already";
    JoinDecided = "join_decided", Conflict, "this was answered already";
    JoinBusy = "join_busy", Conflict, "this device is joining a shop already";
    JoinCodeInvalid = "join_code_invalid", Refused, "this is no join code";
    JoinAddressInvalid = "join_address_invalid", Refused, "this is no address of a device";
    JoinCodeWrong = "join_code_wrong", Refused, "nobody at that address made this code";
    JoinExpired = "join_expired", Refused, "this invitation is over";
    JoinUsed = "join_used", Conflict, "another device came with this code";
    JoinDeclined = "join_declined", Refused, "the owner said no";
    JoinHostGone = "join_host_gone", Wait, "the other device does not answer";
    JoinVersion = "join_version", Refused, "this Chandi is older than the shop's";
    JoinFailed = "join_failed", Broken, "the other device could not prepare the books";
    JoinDamaged = "join_damaged", Broken, "what was received is not what the other device signed";
    DeviceRevoked = "device_revoked", Forbidden, "this device was shut out of its shop";
    DeviceLast = "device_last", Conflict, "no other device of the shop is left";
    DeviceBusy = "device_busy", Conflict, "an order or a drawer is open here";
    FieldInvalid = "field_invalid", Refused, "a field is not right";
    PinWeak = "pin_weak", Refused, "this PIN is too easy to guess";
    StaffElsewhere = "staff_elsewhere", Forbidden, "this person works at another branch";
    LastOwner = "last_owner", Conflict, "the shop needs an owner";
    BarcodeTaken = "barcode_taken", Conflict, "another product has this barcode";
    SkuTaken = "sku_taken", Conflict, "another product has this SKU";
    CategoryInUse = "category_in_use", Conflict, "products are in this category";
    CategoryLoop = "category_loop", Refused, "a category cannot be inside itself";
    ProductArchived = "product_archived", Refused, "this product is archived";
    ProductNotHere = "product_not_here", Refused, "this product is not sold at this branch";
    UnitNotSold = "unit_not_sold", Refused, "this product is not sold by this unit";
    VariantNeeded = "variant_needed", Refused, "one of its variants has to be chosen";
    ModifiersInvalid = "modifiers_invalid", Refused, "these choices do not fit this product";
    LevelUnknown = "level_unknown", Refused, "there is no such price level";
    ModifierGroupInUse = "modifier_group_in_use", Conflict, "products ask this group";
    BrandInUse = "brand_in_use", Conflict, "products are of this brand";
    QuantityInvalid = "quantity_invalid", Refused, "this quantity is not possible";
    CartEmpty = "cart_empty", Refused, "there is nothing to pay";
    CartTaken = "cart_taken", Conflict, "another till has this cart";
    CartPaid = "cart_paid", Conflict, "this cart was paid already";
    CartApart = "cart_apart", Conflict, "the device that knows where the cart is does not answer";
    CartGone = "cart_gone", NotFound, "this cart is not open any more";
    CartTooLong = "cart_too_long", Refused, "this cart has too many lines";
    LineGone = "line_gone", NotFound, "this line is not in the cart";
    NothingToUndo = "nothing_to_undo", Conflict, "there is nothing to undo";
    PriceDiffers = "price_differs", Refused, "the price is another one";
    TotalDiffers = "total_differs", Refused, "the total is another one";
    PriceTooLarge = "price_too_large", Refused, "this amount is too large";
    DiscountInvalid = "discount_invalid", Refused, "this discount is not possible";
    DiscountAboveLimit = "discount_above_limit", Forbidden, "this discount needs a second person";
    TaxRuleMissing = "tax_rule_missing", Refused, "some goods would have no rate: a rule without conditions and without an end is missing";
    TaxClassInUse = "tax_class_in_use", Conflict, "products have this tax class, or it is the usual one";
    TaxPlacesDiffer = "tax_places_differ", Refused, "meals are taxed here and these goods elsewhere: they need a bill each";
    TaxRateMissing = "tax_rate_missing", Refused, "no tax rate is set for these goods on this day";
    TenderInvalid = "tender_invalid", Refused, "this payment is not right";
    TenderShort = "tender_short", Refused, "the payment does not cover the total";
    CardUnknown = "card_unknown", Refused, "no card of this shop has this code";
    CardMistyped = "card_mistyped", Refused, "a character of the card's code is wrong";
    CardBlocked = "card_blocked", Refused, "this card is blocked";
    CardExpired = "card_expired", Refused, "this card has expired";
    CardShort = "card_short", Refused, "there is not enough on the card";
    CardNeedsApproval = "card_needs_approval", Forbidden, "this card needs a second person";
    RateMissing = "rate_missing", Refused, "no rate is set for this currency";
    NoGateway = "no_gateway", Conflict, "no gateway takes this payment here";
    PaymentUnderWay = "payment_under_way", Conflict, "this cart waits for a payment";
    PaymentSettled = "payment_settled", Conflict, "it is known already what became of this payment";
    PaymentNotCharged = "payment_not_charged", Refused, "nobody was charged by this payment";
    PaymentShort = "payment_short", Refused, "less was charged than was asked";
    PaymentDiffers = "payment_differs", Refused, "this payment is for something else";
    PaymentRefundTooMuch = "payment_refund_too_much", Refused, "this is more than can still be paid back";
    PaymentNeedsApproval = "payment_needs_approval", Forbidden, "paying this back needs a second person";
    TipsTooMuch = "tips_too_much", Refused, "this is more than there is in tips";
    AskOver = "ask_over", Conflict, "the guest is not asked this any more";
    TenderNotTaken = "tender_not_taken", Refused, "this shop does not take that";
    TenderLocked = "tender_locked", Conflict, "this leg of the payment stays as it is";
    TenderNeedsCustomer = "tender_needs_customer", Refused, "only a known customer buys on account";
    DigitsNeeded = "digits_needed", Refused, "the last four digits of the guest's payment are needed";
    ReferenceNeeded = "reference_needed", Refused, "the terminal's reference is needed";
    CardUsed = "card_used", Conflict, "something was paid with this card already";
    CardNeeded = "card_needed", Refused, "the card's code is needed";
    CardNumberRefused = "card_number_refused", Refused, "a card's number must never be kept";
    NoTaxRate = "no_tax_rate", Refused, "no tax rate holds for this on this day";
    OrderCancelled = "order_cancelled", Conflict, "this order was cancelled";
    NumbersUsedUp = "numbers_used_up", Broken, "this counter has no numbers left today";
    TokenNotOurs = "token_not_ours", Refused, "this is not a token of ours";
    TokenUnknownVersion = "token_unknown_version", Refused, "this token is from a newer Chandi";
    TokenTampered = "token_tampered", Refused, "this token is not genuine";
    TokenUnknownKey = "token_unknown_key", Refused, "this token is from another shop";
    TokenOtherBranch = "token_other_branch", Refused, "this token is for another branch";
    TokenExpired = "token_expired", Refused, "this token has expired";
    TokenRevoked = "token_revoked", Refused, "this token is not valid any more";
    NumberUnknown = "number_unknown", Refused, "no order waits under this number";
    NumberWait = "number_wait", Wait, "too many wrong numbers: wait";
    ClaimHeld = "claim_held", Conflict, "another counter has this order open";
    ClaimLost = "claim_lost", Conflict, "another counter took this order over";
    LeadFixed = "lead_fixed", Refused, "which device decides was chosen when this one was started";
    ClaimNeeded = "claim_needed", Conflict, "scan the token first";
    AlreadyCollected = "already_collected", Conflict, "this order was collected";
    OrderRefunded = "order_refunded", Conflict, "this order was paid back";
    OrderNotHere = "order_not_here", Conflict, "this order has not arrived here yet";
    OrderStarted = "order_started", Conflict, "something of this order was handed over or paid back";
    NothingLeft = "nothing_left", Conflict, "nothing is left to hand over";
    HandoverSettled = "handover_settled", Conflict, "what was missing was settled since";
    OfflineCap = "offline_cap", Refused, "this is more than may be done without the other counter";
    RefundNeedsApproval = "refund_needs_approval", Forbidden, "this refund needs a second person";
    RefundTooMuch = "refund_too_much", Refused, "this is more than can still be paid back";
    NothingToRefund = "nothing_to_refund", Conflict, "this was paid back already";
    ReturnNeedsApproval = "return_needs_approval", Forbidden, "goods without a receipt need a second person";
    ReturnAboveLimit = "return_above_limit", Refused, "this is more than is given without a receipt";
    ReturnPriceTooHigh = "return_price_too_high", Refused, "at most the lowest price of late is given";
    ReturnNothing = "return_nothing", Refused, "these goods have no price to give back";
    ReturnNoCash = "return_no_cash", Refused, "without a receipt this shop gives store credit";
    ExchangeLocked = "exchange_locked", Conflict, "goods were taken back for this: pay it back at the refund desk";
    ExchangeGone = "exchange_gone", Conflict, "the goods of this exchange cannot be taken back any more";
    CustomerGone = "customer_gone", Conflict, "this customer was erased, or never was";
    CustomerPhoneTaken = "customer_phone_taken", Conflict, "another customer has this phone number";
    CustomerOwes = "customer_owes", Conflict, "this customer's account is not even";
    CustomerHasCredit = "customer_has_credit", Conflict, "this customer has store credit";
    CustomersAreOne = "customers_are_one", Conflict, "these are one customer already";
    CustomerBlocked = "customer_blocked", Refused, "this customer gets nothing on account";
    CreditLimit = "credit_limit", Refused, "this is more than the customer may owe";
    ItemNotOpen = "item_not_open", Refused, "so much is not open there";
    InstalmentsDiffer = "instalments_differ", Refused, "the instalments do not add up to what is owed";
    InstalmentsInvalid = "instalments_invalid", Refused, "these instalments cannot be agreed on";
    PaymentSharedWrong = "payment_shared_wrong", Refused, "the payment is not shared out rightly";
    PaymentReversed = "payment_reversed", Conflict, "this payment was taken back already";
    RowRepeated = "row_repeated", Conflict, "another row of the file has this already";
    LabelsTooMany = "labels_too_many", Refused, "these are too many labels at once";
    ImportUnreadable = "import_unreadable", Refused, "this file cannot be read";
    NoPrinter = "no_printer", Conflict, "no printer does this here";
    PrinterKnown = "printer_known", Conflict, "this printer is set up already";
    PrintHeld = "print_held", Wait, "the other device does not answer, and may still print it";
    PrinterHasJobs = "printer_has_jobs", Conflict, "something still waits to be printed there";
    JobSettled = "job_settled", Conflict, "this is printed or discarded already";
    DemoStays = "demo_stays", Refused, "the demo stays on this device";
    HubNone = "hub_none", Conflict, "this shop is not connected to a hub";
    HubBusy = "hub_busy", Wait, "the hub was asked too often from here: wait a minute";
    HubUnreachable = "hub_unreachable", Wait, "the hub does not answer";
    HubRefused = "hub_refused", Conflict, "the hub does not take this shop";
    NoMailServer = "no_mail_server", Conflict, "no mail server is set up";
    CampaignEmpty = "campaign_empty", Refused, "nobody would get this letter";
    CampaignTooLarge = "campaign_too_large", Refused, "these are too many letters at once";
    CampaignDiffers = "campaign_differs", Conflict, "others would get this letter than were looked at";
    MailSettled = "mail_settled", Conflict, "this letter went or was discarded already";
    InvoiceUnchanged = "invoice_unchanged", Conflict, "this is what the document says already";
    InvoiceTaxesDiffer = "invoice_taxes_differ", Refused, "another buyer would mean other taxes";
    CancelledTooLate = "cancelled_too_late", Conflict, "this document is of an earlier month";
    InvoiceCancelled = "invoice_cancelled", Conflict, "this document was cancelled";
    QuotationSettled = "quotation_settled", Conflict, "this quotation was settled already";
    QuotationExpired = "quotation_expired", Conflict, "the prices of this quotation do not hold any more";
    QuotationRevised = "quotation_revised", Conflict, "this quotation has a newer version";
    NoDrawer = "no_drawer", Conflict, "no drawer hangs on a printer here";
    DrawerNeedsApproval = "drawer_needs_approval", Forbidden, "opening the drawer needs a second person";
    ShiftNeeded = "shift_needed", Conflict, "open the drawer first";
    ShiftOpen = "shift_open", Conflict, "a drawer is open here already";
    ShiftClosed = "shift_closed", Conflict, "this shift is closed";
    ShiftNeedsApproval = "shift_needs_approval", Forbidden, "paying out this much needs a second person";
    PictureInvalid = "picture_invalid", Refused, "this is not a picture of that size";
    LogoInvalid = "logo_invalid", Refused, "this picture cannot be used as a logo";
    DiskFull = "disk_full", Full, "the disk is full";
    RecoveryKeyMissing = "recovery_key_missing", Conflict, "make the recovery card first";
    RecoveryKeyWrong = "recovery_key_wrong", Refused, "this card does not open this backup";
    RecoveryCodeMistyped = "recovery_code_mistyped", Refused, "this is not what stands on a recovery card";
    RecoveryCardOther = "recovery_card_other", Refused, "this is another card than the one that was shown";
    RecoveryCardGone = "recovery_card_gone", Conflict, "this card was shown too long ago: make a new one";
    BackupBusy = "backup_busy", Wait, "a backup is being made";
    ExportBusy = "export_busy", Wait, "an export is being made";
    BackupNoPlace = "backup_no_place", Conflict, "there is no place for backups yet";
    BackupNoRoom = "backup_no_room", Full, "there is not enough room";
    BackupReadOnly = "backup_read_only", Refused, "nothing can be written there";
    BackupPlaceGone = "backup_place_gone", Wait, "the place cannot be reached";
    BackupUnreadable = "backup_unreadable", Refused, "this is no backup of Chandi";
    BackupDamaged = "backup_damaged", Refused, "this backup is not whole";
    BackupNewer = "backup_newer", Refused, "this backup is of a newer Chandi";
    BackupHubNone = "backup_hub_none", Conflict, "this hub keeps no backups";
    BackupHubFull = "backup_hub_full", Full, "the hub keeps no more backups for this organisation";
    BackupHubBehind = "backup_hub_behind", Wait, "the hub has not heard of the recovery card yet";
    RecoveryCardUnknown = "recovery_card_unknown", Refused, "this hub has no backup for this card";
    BackupGone = "backup_gone", Refused, "this backup is not there any more";
    RestoreTooEarly = "restore_too_early", Refused, "at that moment the recovery card was not made yet";
    RestoreUnproven = "restore_unproven", Refused, "only the hub says that this is the shop's backup";
    ForgetDiffers = "forget_differs", Conflict, "more would be lost than was shown";
    Busy = "busy", Wait, "the database is busy";
    Broken = "broken", Broken, "something broke";
}

/// One refusal, with what the screen needs to say it well.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", code.as_str())]
pub struct AppError {
    pub code: Code,
    pub message: String,
    pub hints: Map<String, Value>,
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl AppError {
    pub fn new(code: Code) -> AppError {
        AppError {
            code,
            message: code.sentence().to_owned(),
            hints: Map::new(),
            cause: None,
        }
    }

    /// A field that is not right, and which.
    pub fn field(name: &str, why: impl std::fmt::Display) -> AppError {
        AppError::new(Code::FieldInvalid).because(why).hint("field", name)
    }

    pub fn because(mut self, why: impl std::fmt::Display) -> AppError {
        self.message = why.to_string();
        self
    }

    pub fn hint(mut self, name: &str, value: impl Into<Value>) -> AppError {
        self.hints.insert(name.to_owned(), value.into());
        self
    }

    /// What stands behind it, cause by cause, for the log alone.
    pub fn causes(&self) -> String {
        let mut chain = Vec::new();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            chain.push(cause.to_string());
            next = cause.source();
        }
        chain.join(": ")
    }

    pub fn caused(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> AppError {
        self.cause = Some(Box::new(cause));
        self
    }
}

impl From<Code> for AppError {
    fn from(code: Code) -> AppError {
        AppError::new(code)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> AppError {
        let code = match &error {
            StoreError::DiskFull => Code::DiskFull,
            StoreError::Busy => Code::Busy,
            StoreError::Conflict => Code::IdReused,
            StoreError::TooMuch => Code::TooLarge,
            StoreError::NoShop => Code::NoShop,
            StoreError::NewerDatabase { .. }
            | StoreError::WrongKey
            | StoreError::Damaged(_)
            | StoreError::Disk(_)
            | StoreError::Sqlite(_) => Code::Broken,
        };
        AppError::new(code).caused(error)
    }
}
