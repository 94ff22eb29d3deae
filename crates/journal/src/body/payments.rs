//! Payments through a gateway.

use super::Id;
use serde::{Deserialize, Serialize};

/// One thing that became known about a payment. Each says all that never changes of it, so that it stands alone
/// wherever the first of them has not arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMovedV1 {
    pub payment: Id,
    /// The gateway's name.
    pub gateway: String,
    /// The method of the tender that it will be: card, upi, wallet or bank.
    pub method: String,
    pub asked_minor: i64,
    /// On top of what is paid for, and within what is asked.
    pub tip_minor: i64,
    /// What it is to pay for: an open cart, or an order that stands.
    pub cart: Option<Id>,
    pub order: Option<Id>,
    pub counter: Id,
    pub seat: Id,
    pub staff: Option<Id>,
    pub started_ms: i64,
    pub business_day: u32,
    pub step: PaymentStepV1,
    /// Why, in the words of the gateway or of a person.
    pub reason: String,
    pub approved_by: Option<Id>,
    pub at_ms: i64,
}

/// What became known. Variants are only ever added at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentStepV1 {
    Started,
    NoAnswer,
    Authorised,
    Captured { reference: String, amount_minor: i64 },
    Failed,
    Voided,
    SaidCharged,
    SaidNotCharged,
    LetGo,
    RefundAsked { refund: Id, amount_minor: i64 },
    RefundDone { refund: Id },
    RefundFailed { refund: Id },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_keep_their_numbers() {
        let refund = [7; 16];
        let steps = [
            PaymentStepV1::Started,
            PaymentStepV1::NoAnswer,
            PaymentStepV1::Authorised,
            PaymentStepV1::Captured {
                reference: "T".to_owned(),
                amount_minor: 1,
            },
            PaymentStepV1::Failed,
            PaymentStepV1::Voided,
            PaymentStepV1::SaidCharged,
            PaymentStepV1::SaidNotCharged,
            PaymentStepV1::LetGo,
            PaymentStepV1::RefundAsked {
                refund,
                amount_minor: 1,
            },
            PaymentStepV1::RefundDone { refund },
            PaymentStepV1::RefundFailed { refund },
        ];
        for (n, step) in (0u8..).zip(steps) {
            let bytes = postcard::to_stdvec(&step).expect("a step that can be written");
            assert_eq!(bytes.first(), Some(&n), "{step:?} is in facts of shops");
        }
    }
}
