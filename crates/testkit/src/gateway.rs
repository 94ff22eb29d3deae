//! A gateway as the worst one could be: it answers late, twice, never, or changes its mind. It keeps what it really
//! charged, so that a test can compare.
//!
//! Only tests can reach it: no program that people run knows this crate.

use connect::gateway::{Charge, Gateway, NoAnswer, Returned, Told, Transaction};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// What it does with the next payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Charges, and says so at once.
    Charges,
    /// Says that it works on it, and charges when it is asked the next time.
    ChargesWhenAsked,
    /// Says that the card was declined.
    Declines,
    /// Charges, and the answer is lost; asked later it is silent until [`Simulator::speak`].
    ChargesSilently,
    /// Does not charge, and is silent until [`Simulator::speak`].
    Silent,
    /// Says that it works on it until somebody decides.
    Waits,
    /// Charges under two transactions.
    ChargesTwice,
    /// Charges half of what was asked, as a prepaid card does that has no more.
    ChargesHalf,
}

#[derive(Debug, Clone)]
struct Kept {
    amount_minor: i64,
    manner: Manner,
    charged: Vec<Transaction>,
    voided: bool,
    declined: bool,
}

#[derive(Default)]
struct Inside {
    manners: VecDeque<Manner>,
    kept: BTreeMap<Uuid, Kept>,
    refunds: BTreeMap<Uuid, (Uuid, i64)>,
    refuse_refunds: bool,
    silent: bool,
    starts: usize,
}

/// The gateway; clones are the same one, so it survives the restart of a node.
#[derive(Clone, Default)]
pub struct Simulator(Arc<Mutex<Inside>>);

impl Simulator {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it treats the payments to come, one each; then it charges.
    pub fn will(&self, manners: &[Manner]) {
        self.inside().manners.extend(manners);
    }

    /// The line is there again.
    pub fn speak(&self) {
        let mut inside = self.inside();
        inside.silent = false;
        for kept in inside.kept.values_mut() {
            if matches!(kept.manner, Manner::ChargesSilently | Manner::Silent) {
                kept.manner = Manner::Waits;
            }
        }
    }

    /// Nothing is answered from now on.
    pub fn fall_silent(&self) {
        self.inside().silent = true;
    }

    /// The guest's card is declined after all; it was asked to charge it before.
    pub fn decline(&self, payment: Uuid) {
        let mut inside = self.inside();
        let kept = inside.kept.get_mut(&payment);
        kept.expect("nobody asked to charge this payment yet").declined = true;
    }

    /// The gateway's own id of what it charged.
    pub fn reference(&self, payment: Uuid) -> String {
        self.inside()
            .kept
            .get(&payment)
            .and_then(|kept| kept.charged.first())
            .map(|one| one.reference.clone())
            .unwrap_or_default()
    }

    /// Until it was asked to charge; says how often.
    pub async fn wait_for_start(&self) -> usize {
        while self.starts() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        self.starts()
    }

    pub fn refuse_refunds(&self, refuse: bool) {
        self.inside().refuse_refunds = refuse;
    }

    /// The guest pays at last, whatever was said before.
    pub fn charge_late(&self, payment: Uuid) {
        let mut inside = self.inside();
        if let Some(kept) = inside.kept.get_mut(&payment) {
            let transaction = Transaction {
                reference: format!("LATE-{}", short(payment)),
                amount_minor: kept.amount_minor,
            };
            kept.charged.push(transaction);
        }
    }

    /// What it really took from the guest for this payment, less what it gave back.
    pub fn taken(&self, payment: Uuid) -> i64 {
        let inside = self.inside();
        let charged: i64 = inside
            .kept
            .get(&payment)
            .map_or(0, |kept| kept.charged.iter().map(|t| t.amount_minor).sum());
        let back: i64 = inside
            .refunds
            .values()
            .filter(|(of, _)| *of == payment)
            .map(|(_, amount)| amount)
            .sum();
        charged - back
    }

    /// How often a charge was begun.
    pub fn starts(&self) -> usize {
        self.inside().starts
    }
}

fn short(payment: Uuid) -> String {
    payment.simple().to_string()[20..].to_uppercase()
}

fn lost() -> NoAnswer {
    NoAnswer("the line is dead".to_owned())
}

fn told(kept: &Kept) -> Told {
    if !kept.charged.is_empty() {
        Told::Captured(kept.charged.clone())
    } else if kept.voided {
        Told::Voided
    } else if kept.declined {
        Told::Failed("card declined".to_owned())
    } else {
        Told::Pending
    }
}

impl Gateway for Simulator {
    fn name(&self) -> &str {
        "simulator"
    }

    fn methods(&self) -> &[&str] {
        &["card", "upi"]
    }

    fn start(&self, charge: &Charge) -> Result<Told, NoAnswer> {
        let mut inside = self.inside();
        inside.starts += 1;
        let silent = inside.silent;
        if let Some(known) = inside.kept.get(&charge.payment) {
            return match silent {
                true => Err(lost()),
                false => Ok(told(known)),
            };
        }
        let manner = inside.manners.pop_front().unwrap_or(Manner::Charges);
        let transaction = |n: usize| Transaction {
            reference: format!("TX{n}-{}", short(charge.payment)),
            amount_minor: charge.amount_minor,
        };
        let charged = match manner {
            Manner::Charges | Manner::ChargesSilently => vec![transaction(1)],
            Manner::ChargesTwice => vec![transaction(1), transaction(2)],
            Manner::ChargesHalf => vec![Transaction {
                amount_minor: charge.amount_minor / 2,
                ..transaction(1)
            }],
            _ => vec![],
        };
        let kept = Kept {
            amount_minor: charge.amount_minor,
            manner,
            charged,
            voided: false,
            declined: manner == Manner::Declines,
        };
        let answer = told(&kept);
        inside.kept.insert(charge.payment, kept);
        match manner {
            Manner::ChargesSilently | Manner::Silent => Err(lost()),
            _ if silent => Err(lost()),
            _ => Ok(answer),
        }
    }

    fn ask(&self, payment: Uuid) -> Result<Told, NoAnswer> {
        let mut inside = self.inside();
        if inside.silent {
            return Err(lost());
        }
        let Some(kept) = inside.kept.get_mut(&payment) else {
            return Ok(Told::NotKnown);
        };
        match kept.manner {
            Manner::ChargesSilently | Manner::Silent => return Err(lost()),
            Manner::ChargesWhenAsked if kept.charged.is_empty() && !kept.voided => {
                kept.charged.push(Transaction {
                    reference: format!("TX1-{}", short(payment)),
                    amount_minor: kept.amount_minor,
                });
            }
            _ => {}
        }
        Ok(told(kept))
    }

    fn cancel(&self, payment: Uuid) -> Result<Told, NoAnswer> {
        let mut inside = self.inside();
        if inside.silent {
            return Err(lost());
        }
        let Some(kept) = inside.kept.get_mut(&payment) else {
            return Ok(Told::NotKnown);
        };
        if matches!(kept.manner, Manner::ChargesSilently | Manner::Silent) {
            return Err(lost());
        }
        if kept.charged.is_empty() && !kept.declined {
            kept.voided = true;
        }
        Ok(told(kept))
    }

    fn refund(&self, payment: Uuid, refund: Uuid, amount_minor: i64) -> Result<Returned, NoAnswer> {
        let mut inside = self.inside();
        if inside.silent {
            return Err(lost());
        }
        if inside.refuse_refunds {
            return Ok(Returned::Failed("the account is empty".to_owned()));
        }
        // The same refund asked for again is the same refund.
        inside.refunds.insert(refund, (payment, amount_minor));
        Ok(Returned::Done)
    }
}
