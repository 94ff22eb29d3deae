//! People: what each role may do, and the rules for PINs. How a PIN is hashed and checked lives above.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

/// No role or permission goes by this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such role or permission")]
pub struct UnknownName;

/// Declares an enum whose variants each have one fixed word, kept in facts and sent over the wire.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<$name, UnknownName> {
                $name::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(UnknownName)
            }
        }
    };
}

words! {
    /// What someone is in the shop.
    Role {
        Owner = "owner",
        Manager = "manager",
        Cashier = "cashier",
        // Hands over at the sales counter.
        Sales = "sales",
        Kitchen = "kitchen",
        // A program with a key: it may do what its key says, never signs in, and is named in what it did.
        Program = "program",
    }
}

words! {
    /// One thing a person may be allowed to do.
    Permission {
        CatalogRead = "catalog.read",
        CatalogChange = "catalog.change",
        CatalogImport = "catalog.import",
        CartUse = "cart.use",
        OrderPlace = "order.place",
        OrderRead = "order.read",
        OrderCancel = "order.cancel",
        DiscountAboveLimit = "discount.above_limit",
        PriceOpen = "price.open",
        // Another price than the catalogue's, typed by hand.
        PriceType = "price.type",
        TenderSplit = "tender.split",
        // Another day's bill paid another way.
        TenderSplitLater = "tender.split_later",
        TokenVerify = "token.verify",
        TokenRedeem = "token.redeem",
        TokenReissue = "token.reissue",
        HandoverGive = "handover.give",
        // Hands over without the token: the person vouches for the guest.
        HandoverConfirm = "handover.confirm",
        HandoverUndo = "handover.undo",
        OrderProgress = "order.progress",
        RefundMake = "refund.make",
        RefundApprove = "refund.approve",
        CustomerRead = "customer.read",
        // Names, phones, addresses, tax numbers.
        CustomerChange = "customer.change",
        // Credit, price level, type and segment; archives and merges.
        CustomerManage = "customer.manage",
        // Exports all that is known of one person, and forgets them.
        CustomerErase = "customer.erase",
        AccountReceive = "account.receive",
        // Opening balances, write-offs, payments taken back.
        AccountAdjust = "account.adjust",
        StaffRead = "staff.read",
        StaffChange = "staff.change",
        SettingRead = "setting.read",
        SettingChange = "setting.change",
        // Brings the shop to a hub on the Internet, and takes it away from there.
        HubChange = "hub.change",
        // Opens, closes and describes branches.
        BranchManage = "branch.manage",
        SessionList = "session.list",
        SessionEnd = "session.end",
        ReportRead = "report.read",
        // Says of what cannot be true, or cannot be read, that it was looked at.
        AnomalySettle = "anomaly.settle",
        DisplayOpen = "display.open",
        DemoLeave = "demo.leave",
        // Makes backups and says where they go.
        BackupMake = "backup.make",
        // Makes the card that opens them.
        RecoveryCard = "recovery.card",
        // Takes all of the shop's data along in readable files.
        ExportAll = "export.all",
        // Deletes the shop from a device.
        ShopForget = "shop.forget",
        MetricsRead = "metrics.read",
        // Follows what happens in the shop, as programs do.
        EventRead = "event.read",
        // Makes and revokes the keys of programs, and says which addresses are told what happens.
        ProgramManage = "program.manage",
        LiveListen = "live.listen",
        ScanUse = "scan.use",
        DeviceRead = "device.read",
        DeviceChange = "device.change",
        // Chooses the device that decides for the branch.
        HubAppoint = "hub.appoint",
        // Lets devices into the shop and shuts them out, names and moves them.
        DeviceManage = "device.manage",
        // Opens the drawer without a sale.
        DrawerOpen = "drawer.open",
        PrintUse = "print.use",
        // Opens, counts and closes a drawer, and moves cash in and out of it.
        ShiftUse = "shift.use",
        // Sees what is expected before the count, closes other people's shifts, pays out above the limit.
        ShiftManage = "shift.manage",
        PaymentRead = "payment.read",
        // Pays back what a gateway charged, and closes what nobody knows.
        PaymentSettle = "payment.settle",
        // Puts money on cards that no sale paid for.
        CardIssue = "card.issue",
        CardRead = "card.read",
        RateChange = "rate.change",
        TipPayOut = "tip.pay_out",
        // Corrects the buyer on an issued document, and until when it is to be paid.
        InvoiceRevise = "invoice.revise",
        QuotationMake = "quotation.make",
        // Writes news to many customers at once, and sees what became of each letter.
        CampaignSend = "campaign.send",
        // Mails documents, and sees what became of the letters.
        MailSend = "mail.send",
    }
}

impl Permission {
    /// What a program's key may be given. What is not named is not: sessions, people, the shop itself, its devices and
    /// its keys stay with people, and a till's screens with tills.
    pub const FOR_PROGRAMS: &[Permission] = {
        use Permission::*;
        &[
            CatalogRead,
            CatalogChange,
            CatalogImport,
            CartUse,
            OrderPlace,
            OrderRead,
            OrderCancel,
            DiscountAboveLimit,
            PriceOpen,
            PriceType,
            TenderSplit,
            TokenVerify,
            TokenRedeem,
            TokenReissue,
            HandoverGive,
            HandoverConfirm,
            HandoverUndo,
            OrderProgress,
            RefundMake,
            RefundApprove,
            CustomerRead,
            CustomerChange,
            AccountReceive,
            SettingRead,
            ReportRead,
            MetricsRead,
            EventRead,
            ScanUse,
            DeviceRead,
            PrintUse,
            ShiftUse,
            PaymentRead,
            CardRead,
            RateChange,
            QuotationMake,
            MailSend,
        ]
    };
}

impl Permission {
    /// What changes who may do what, and where the shop's books are: from another machine a second factor has to be
    /// shown again for it.
    pub const GUARDED: &[Permission] = {
        use Permission::*;
        &[
            StaffChange,
            ProgramManage,
            HubChange,
            HubAppoint,
            DeviceManage,
            RecoveryCard,
            ShopForget,
        ]
    };
}

impl Role {
    /// Whether this role may do it. What the table does not name is denied.
    pub fn allows(self, permission: Permission) -> bool {
        self.table().contains(&permission)
    }

    /// Everything this role may do.
    pub fn permissions(self) -> Vec<Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(|permission| self.allows(*permission))
            .collect()
    }

    const fn table(self) -> &'static [Permission] {
        use Permission::*;
        match self {
            Role::Owner => &[
                CatalogRead,
                CatalogChange,
                CatalogImport,
                CartUse,
                OrderPlace,
                OrderRead,
                OrderCancel,
                DiscountAboveLimit,
                PriceOpen,
                PriceType,
                TenderSplit,
                TenderSplitLater,
                TokenVerify,
                TokenRedeem,
                TokenReissue,
                HandoverGive,
                HandoverConfirm,
                HandoverUndo,
                OrderProgress,
                RefundMake,
                RefundApprove,
                CustomerRead,
                CustomerChange,
                CustomerManage,
                CustomerErase,
                AccountReceive,
                AccountAdjust,
                StaffRead,
                StaffChange,
                SettingRead,
                SettingChange,
                HubChange,
                BranchManage,
                SessionList,
                SessionEnd,
                ReportRead,
                AnomalySettle,
                DisplayOpen,
                DemoLeave,
                BackupMake,
                RecoveryCard,
                ExportAll,
                ShopForget,
                MetricsRead,
                EventRead,
                ProgramManage,
                LiveListen,
                ScanUse,
                DeviceRead,
                DeviceChange,
                HubAppoint,
                DeviceManage,
                DrawerOpen,
                PrintUse,
                ShiftUse,
                ShiftManage,
                PaymentRead,
                PaymentSettle,
                CardIssue,
                CardRead,
                RateChange,
                TipPayOut,
                InvoiceRevise,
                QuotationMake,
                CampaignSend,
                MailSend,
            ],
            // Runs the shop's day. People, settings and the shop itself stay the owner's.
            Role::Manager => &[
                CatalogRead,
                CatalogChange,
                CatalogImport,
                CartUse,
                OrderPlace,
                OrderRead,
                OrderCancel,
                DiscountAboveLimit,
                PriceOpen,
                PriceType,
                TenderSplit,
                TenderSplitLater,
                TokenVerify,
                TokenRedeem,
                TokenReissue,
                HandoverGive,
                HandoverConfirm,
                HandoverUndo,
                OrderProgress,
                RefundMake,
                RefundApprove,
                CustomerRead,
                CustomerChange,
                CustomerManage,
                AccountReceive,
                AccountAdjust,
                StaffRead,
                SettingRead,
                SessionList,
                SessionEnd,
                ReportRead,
                AnomalySettle,
                DisplayOpen,
                BackupMake,
                EventRead,
                LiveListen,
                ScanUse,
                DeviceRead,
                DeviceChange,
                DrawerOpen,
                PrintUse,
                ShiftUse,
                ShiftManage,
                PaymentRead,
                PaymentSettle,
                CardIssue,
                CardRead,
                RateChange,
                TipPayOut,
                InvoiceRevise,
                QuotationMake,
                CampaignSend,
                MailSend,
            ],
            Role::Cashier => &[
                CatalogRead,
                CartUse,
                OrderPlace,
                OrderRead,
                PriceOpen,
                TenderSplit,
                TokenVerify,
                TokenRedeem,
                TokenReissue,
                HandoverGive,
                HandoverConfirm,
                OrderProgress,
                RefundMake,
                CustomerRead,
                CustomerChange,
                AccountReceive,
                SettingRead,
                DisplayOpen,
                LiveListen,
                ScanUse,
                DeviceRead,
                PrintUse,
                ShiftUse,
                InvoiceRevise,
                QuotationMake,
                MailSend,
            ],
            Role::Sales => &[
                CatalogRead,
                OrderRead,
                TokenVerify,
                TokenRedeem,
                HandoverGive,
                HandoverConfirm,
                OrderProgress,
                SettingRead,
                DisplayOpen,
                LiveListen,
                ScanUse,
                DeviceRead,
                PrintUse,
            ],
            Role::Kitchen => &[CatalogRead, OrderRead, OrderProgress, SettingRead, LiveListen],
            Role::Program => &[],
        }
    }
}

/// Why a PIN is not good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PinError {
    #[error("a PIN is made of digits")]
    NotDigits,
    #[error("a PIN has at least 4 digits")]
    TooShort,
    #[error("a PIN has at most 8 digits")]
    TooLong,
    #[error("all digits are the same")]
    AllTheSame,
    #[error("the digits count up or down")]
    Run,
}

/// Whether this can be a PIN: 4 to 8 digits, not all the same, not a run such as 1234, 8901 or 4321.
pub fn check_pin_shape(pin: &str) -> Result<(), PinError> {
    let digits = pin.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(PinError::NotDigits);
    }
    if digits.len() < 4 {
        return Err(PinError::TooShort);
    }
    if digits.len() > 8 {
        return Err(PinError::TooLong);
    }
    let every_step_is = |step: u8| {
        digits
            .windows(2)
            .all(|pair| (pair[1] + 10 - pair[0]) % 10 == step)
    };
    if every_step_is(0) {
        return Err(PinError::AllTheSame);
    }
    if every_step_is(1) || every_step_is(9) {
        return Err(PinError::Run);
    }
    Ok(())
}

/// How long the next try must wait after so many wrong one-time numbers in a row, in milliseconds.
///
/// Four slips cost nothing; the fifth costs 5 seconds, and each further one doubles that, up to ten minutes. The
/// numbers of a day are few among a million, so what is found that way is nothing.
pub fn number_wait(failures: u32) -> u64 {
    const FIRST_MS: u64 = 5_000;
    const MOST_MS: u64 = 600_000;
    match failures.checked_sub(5) {
        None => 0,
        Some(doublings) => (FIRST_MS << doublings.min(7)).min(MOST_MS),
    }
}

/// How long the next try must wait after so many wrong PINs in a row, in milliseconds.
///
/// Four slips cost nothing; the fifth costs 30 seconds, and each further one doubles that, up to an hour.
pub fn wait_after(failures: u32) -> u64 {
    const FIRST_MS: u64 = 30_000;
    const MOST_MS: u64 = 3_600_000;
    match failures.checked_sub(5) {
        None => 0,
        Some(doublings) => (FIRST_MS << doublings.min(7)).min(MOST_MS),
    }
}

/// Whom an address stands for, where tries are counted. One machine has all the addresses of its /64.
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut octets = v6.octets();
            octets[8..].fill(0);
            IpAddr::from(octets)
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_machine_is_one_site_by_whatever_address_it_comes() {
        let at = |text: &str| site(text.parse().expect("an address"));
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.168.1.9"), at("192.168.1.9"));
        assert_ne!(
            at("192.168.1.9"),
            at("192.168.1.8"),
            "each of them has one address"
        );
    }

    #[test]
    fn words_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(*role));
        }
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse(), Ok(*permission));
        }
        assert_eq!("Owner".parse::<Role>(), Err(UnknownName));
        assert_eq!("".parse::<Permission>(), Err(UnknownName));
    }

    #[test]
    fn the_owner_may_do_everything() {
        assert_eq!(Role::Owner.permissions(), Permission::ALL);
    }

    #[test]
    fn each_role_may_do_its_work_and_no_more() {
        use Permission::*;
        let allowed = |permission| -> Vec<&str> {
            Role::ALL
                .iter()
                .filter(|role| role.allows(permission))
                .map(|role| role.as_str())
                .collect()
        };
        for owner_only in [
            StaffChange,
            SettingChange,
            HubChange,
            HubAppoint,
            DemoLeave,
            MetricsRead,
            DemoLeave,
            MetricsRead,
            ProgramManage,
        ] {
            assert_eq!(allowed(owner_only), ["owner"], "{owner_only}");
        }
        for chiefs in [
            DeviceChange,
            DrawerOpen,
            ShiftManage,
            CatalogChange,
            CatalogImport,
            OrderCancel,
            DiscountAboveLimit,
            SessionEnd,
            ReportRead,
            AnomalySettle,
            EventRead,
            HandoverUndo,
            RefundApprove,
            CampaignSend,
        ] {
            assert_eq!(allowed(chiefs), ["owner", "manager"], "{chiefs}");
        }
        for till in [
            CartUse,
            OrderPlace,
            PriceOpen,
            TokenReissue,
            RefundMake,
            ShiftUse,
            InvoiceRevise,
            QuotationMake,
            MailSend,
        ] {
            assert_eq!(allowed(till), ["owner", "manager", "cashier"], "{till}");
        }
        for counter in [
            TokenVerify,
            TokenRedeem,
            HandoverGive,
            HandoverConfirm,
            DisplayOpen,
        ] {
            assert_eq!(
                allowed(counter),
                ["owner", "manager", "cashier", "sales"],
                "{counter}"
            );
        }
        assert_eq!(
            allowed(LiveListen),
            ["owner", "manager", "cashier", "sales", "kitchen"]
        );
    }

    #[test]
    fn a_program_is_nothing_by_itself_and_never_gets_the_keys() {
        use Permission::*;
        assert!(Role::Program.permissions().is_empty());
        for kept in [
            StaffRead,
            StaffChange,
            SettingChange,
            SessionList,
            SessionEnd,
            DisplayOpen,
            LiveListen,
            DemoLeave,
            DeviceChange,
            DrawerOpen,
            ProgramManage,
        ] {
            assert!(
                !Permission::FOR_PROGRAMS.contains(&kept),
                "{kept} stays with people"
            );
        }
    }

    #[test]
    fn lesser_roles_are_parts_of_greater_ones() {
        for pair in [
            Role::Owner,
            Role::Manager,
            Role::Cashier,
            Role::Sales,
            Role::Kitchen,
        ]
        .windows(2)
        {
            for permission in pair[1].permissions() {
                assert!(
                    pair[0].allows(permission),
                    "{} lacks {permission} of {}",
                    pair[0],
                    pair[1]
                );
            }
        }
    }

    #[test]
    fn pins_that_anyone_would_guess_are_refused() {
        for (pin, error) in [
            ("", PinError::TooShort),
            ("123", PinError::TooShort),
            ("123456789", PinError::TooLong),
            ("12a4", PinError::NotDigits),
            ("١٢٣٤", PinError::NotDigits),
            ("1 29", PinError::NotDigits),
            ("0000", PinError::AllTheSame),
            ("99999999", PinError::AllTheSame),
            ("1234", PinError::Run),
            ("4321", PinError::Run),
            ("7890", PinError::Run),
            ("0987", PinError::Run),
            ("12345678", PinError::Run),
        ] {
            assert_eq!(check_pin_shape(pin), Err(error), "{pin:?}");
        }
        for pin in ["1235", "2580", "1123", "80808080", "0012"] {
            assert_eq!(check_pin_shape(pin), Ok(()), "{pin:?}");
        }
    }

    #[test]
    fn the_wait_grows() {
        let waits: Vec<u64> = (0..14).map(|failures| wait_after(failures) / 1000).collect();
        assert_eq!(
            waits,
            [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
        );
        assert_eq!(wait_after(u32::MAX), 3_600_000);
    }

    proptest! {
        #[test]
        fn waiting_never_shrinks(failures: u32) {
            prop_assert!(number_wait(failures) <= number_wait(failures.saturating_add(1)));
            prop_assert!(wait_after(failures) <= wait_after(failures.saturating_add(1)));
        }

        #[test]
        fn accepted_pins_have_the_shape(pin in "\\PC{0,10}|[0-9]{0,10}") {
            if check_pin_shape(&pin).is_ok() {
                prop_assert!((4..=8).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
