//! What the guest is asked on their own screen: a tip, or a phone number. Asked by the till while its own step is open,
//! answered at the screen, confirmed at the till. Nothing of it is kept: what the till makes of an answer is.

use crate::{
    Actor, AppError, Code, Result, Shop,
    tips::{TipChoice, TipQuestion},
    wire::rfc3339,
};
use domain::{
    ids::{SeatId, SessionId},
    phone::Phone,
    pricing::MAX_TOTAL_MINOR,
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A question that the till forgot to take back, as in a page that was closed, ends by itself.
const ASK_MS: i64 = 120_000;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskGuest {
    pub id: Uuid,
    /// tip or phone
    pub kind: String,
    /// What the tip is on top of.
    pub amount_minor: Option<i64>,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EndAsk {
    /// Which question.
    pub id: Uuid,
}

/// What the guest answers at their own screen: one of the three.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerAsk {
    /// The question that stands on the screen.
    pub id: Uuid,
    pub tip_minor: Option<i64>,
    pub phone: Option<String>,
    /// No tip, no number.
    pub skip: Option<bool>,
}

/// A question and its answer, as the till sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AskView {
    pub id: Uuid,
    /// tip or phone
    pub kind: String,
    /// asked, answered or skipped
    pub state: String,
    pub tip_minor: Option<i64>,
    /// Whole, for the till.
    pub phone: Option<String>,
    pub phone_masked: Option<String>,
}

/// A question as the guest sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DisplayAsk {
    pub id: Uuid,
    /// tip or phone
    pub kind: String,
    pub amount_minor: i64,
    pub choices: Vec<TipChoice>,
    /// More than this is no tip that is given at a screen.
    pub most_minor: i64,
    pub answered: bool,
    pub tip_minor: Option<i64>,
    /// Two digits and the last four.
    pub phone: Option<String>,
    pub at: String,
    /// Read the display again then.
    pub until: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Tip(i64),
    Phone(Phone),
    Skipped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Tip { amount_minor: i64 },
    Phone,
}

impl Question {
    fn as_str(self) -> &'static str {
        match self {
            Question::Tip { .. } => "tip",
            Question::Phone => "phone",
        }
    }

    /// Nobody means to give more than the goods cost; whoever does tells the cashier.
    fn most_minor(self) -> i64 {
        match self {
            Question::Tip { amount_minor } => amount_minor,
            Question::Phone => 0,
        }
    }
}

#[derive(Debug, Clone)]
struct Asking {
    id: Uuid,
    /// Whoever asked: signed out, they ask no more.
    session: SessionId,
    question: Question,
    answer: Option<Answer>,
    at: Moment,
}

/// One question a seat.
#[derive(Default)]
pub(crate) struct Asks(Mutex<HashMap<SeatId, Asking>>);

impl Asks {
    fn lock(&self) -> MutexGuard<'_, HashMap<SeatId, Asking>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shop {
    /// Asks the guest. A question that stood there is asked no more.
    pub fn ask_guest(&self, actor: &Actor, form: &AskGuest) -> Result<AskView> {
        let question = match (form.kind.as_str(), form.amount_minor) {
            ("tip", Some(amount_minor)) if (1..=MAX_TOTAL_MINOR).contains(&amount_minor) => {
                Question::Tip { amount_minor }
            }
            ("tip", _) => return Err(AppError::field("amount_minor", "what the tip is on top of")),
            ("phone", None) => Question::Phone,
            _ => return Err(AppError::field("kind", "tip with an amount, or phone")),
        };
        {
            let mut asks = self.asks.lock();
            let same = asks.get(&actor.seat).filter(|asking| asking.id == form.id);
            match same {
                Some(asking) if asking.question == question => {}
                Some(_) => return Err(Code::IdReused.into()),
                None => {
                    let asking = Asking {
                        id: form.id,
                        session: actor.session,
                        question,
                        answer: None,
                        at: self.edges.now(),
                    };
                    asks.insert(actor.seat, asking);
                }
            }
        }
        self.tell_display(actor.seat);
        self.asked(actor)?.ok_or(Code::AskOver.into())
    }

    /// What is asked at this till's customer's screen now, and what was answered.
    pub fn asked(&self, actor: &Actor) -> Result<Option<AskView>> {
        let country = self.settings().text("shop.country").to_owned();
        Ok(self.asking(actor.seat).map(|asking| {
            let phone = match &asking.answer {
                Some(Answer::Phone(phone)) => Some(phone),
                Some(Answer::Tip(_) | Answer::Skipped) | None => None,
            };
            AskView {
                id: asking.id,
                kind: asking.question.as_str().to_owned(),
                state: match &asking.answer {
                    None => "asked",
                    Some(Answer::Skipped) => "skipped",
                    Some(Answer::Tip(_) | Answer::Phone(_)) => "answered",
                }
                .to_owned(),
                tip_minor: tip_of(&asking),
                phone: phone.map(|phone| phone.as_str().to_owned()),
                phone_masked: phone.map(|phone| phone.masked(&country)),
            }
        }))
    }

    /// The till's step is over, with an answer or without one; a newer question stays.
    pub fn end_ask(&self, actor: &Actor, end: &EndAsk) {
        {
            let mut asks = self.asks.lock();
            if asks.get(&actor.seat).is_some_and(|asking| asking.id == end.id) {
                asks.remove(&actor.seat);
            }
        }
        self.tell_display(actor.seat);
    }

    pub(crate) fn forget_ask(&self, seat: SeatId) {
        self.asks.lock().remove(&seat);
    }

    /// The guest's own answer. The screen that sends it may do nothing else, so everything is checked here: that this is
    /// asked just now, that it was not answered yet, and that it is no more than a guest may say.
    pub fn answer_ask(&self, seat: SeatId, form: &AnswerAsk) -> Result<DisplayAsk> {
        let over = || AppError::new(Code::AskOver);
        let asking = self
            .asking(seat)
            .filter(|asking| asking.id == form.id)
            .ok_or_else(over)?;
        let answer = match (asking.question, form.tip_minor, &form.phone, form.skip) {
            (_, None, None, Some(true)) => Answer::Skipped,
            (Question::Tip { .. }, Some(tip), None, None | Some(false)) => {
                let most = asking.question.most_minor();
                if !(0..=most).contains(&tip) {
                    return Err(
                        AppError::field("tip_minor", "this is too much for a tip").hint("most_minor", most)
                    );
                }
                Answer::Tip(tip)
            }
            (Question::Phone, None, Some(typed), None | Some(false)) => Answer::Phone(self.phone(typed)?),
            _ => return Err(AppError::field("id", "an answer to what is asked, or none")),
        };
        {
            let mut asks = self.asks.lock();
            let standing = asks
                .get_mut(&seat)
                .filter(|asking| asking.id == form.id)
                .ok_or_else(over)?;
            match &standing.answer {
                None => standing.answer = Some(answer),
                Some(given) if *given == answer => {}
                Some(_) => return Err(over()),
            }
        }
        let view = self.view_ask(&self.asking(seat).ok_or_else(over)?)?;
        self.live.tell_seat(seat, "ask", None);
        self.tell_display(seat);
        Ok(view)
    }

    /// What the guest's screen shows of it; a guest who said no is left alone.
    pub(crate) fn asked_of_guest(&self, seat: SeatId) -> Option<DisplayAsk> {
        let asking = self.asking(seat)?;
        match &asking.answer {
            Some(Answer::Skipped) => None,
            Some(Answer::Tip(_) | Answer::Phone(_)) | None => self.view_ask(&asking).ok(),
        }
    }

    fn asking(&self, seat: SeatId) -> Option<Asking> {
        let now = self.edges.now();
        let asking = self.asks.lock().get(&seat).cloned()?;
        let fresh = (asking.at..asking.at.plus_ms(ASK_MS)).contains(&now);
        (fresh && self.is_signed_in(asking.session)).then_some(asking)
    }

    fn view_ask(&self, asking: &Asking) -> Result<DisplayAsk> {
        let (amount_minor, choices) = match asking.question {
            Question::Tip { amount_minor } => {
                (amount_minor, self.tip_choices(&TipQuestion { amount_minor })?)
            }
            Question::Phone => (0, vec![]),
        };
        let country = self.settings().text("shop.country").to_owned();
        Ok(DisplayAsk {
            id: asking.id,
            kind: asking.question.as_str().to_owned(),
            amount_minor,
            choices,
            most_minor: asking.question.most_minor(),
            answered: asking.answer.is_some(),
            tip_minor: tip_of(asking),
            phone: match &asking.answer {
                Some(Answer::Phone(phone)) => Some(phone.masked(&country)),
                Some(Answer::Tip(_) | Answer::Skipped) | None => None,
            },
            at: rfc3339(asking.at),
            until: rfc3339(asking.at.plus_ms(ASK_MS)),
        })
    }
}

fn tip_of(asking: &Asking) -> Option<i64> {
    match asking.answer {
        Some(Answer::Tip(tip)) => Some(tip),
        Some(Answer::Phone(_) | Answer::Skipped) | None => None,
    }
}
