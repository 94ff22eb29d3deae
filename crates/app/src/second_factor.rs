//! How owners and managers prove from another machine who they are: a password, and the digits of an authenticator or
//! one of ten recovery codes. At the device itself a PIN stays enough.
//!
//! It is a fact, so it holds at every device of the shop, whether or not any of them hears of the others. What it says
//! is sealed under the secret that these devices share: hubs, exports and backups of others see bytes. A device that was
//! shut out knows what it knew; whoever loses one sets theirs up anew. A code that opened is a fact too: it opens at no
//! node that heard of it.

use crate::{
    Actor, AppError, Code, Result, Shop,
    order_view::Named,
    sessions::{PinFor, Place, Proof, hashed, left_of, matches},
    staff::find_active,
    wire::rfc3339,
};
use domain::{
    ids::StaffId,
    people::{Permission, Role, wait_after},
    second_factor::{
        Digits, FRESH_MS, PASSWORD_MOST, RECOVERY_BYTES, RECOVERY_CODES, SECRET_BYTES, address, base32,
        check_password, look, word, word_hash,
    },
    time::Moment,
};
use journal::{
    Body,
    body::{FactorSecretsV1, SecondFactorSetV1, SecondFactorUsedV1, SecondFactorV1, UsedCodeV1},
    seal,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use store::{Reader, Write, people::StaffRow, second_factor::FactorRow};
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether owners without one may sign in from other machines.
pub(crate) const NEEDED: &str = "sign_in.second_factor";
/// Wrong tries are counted under this place: a person's, wherever they are.
const PLACE: &str = "second factor";
/// How long somebody may take to set one up.
const LIFE_MS: i64 = 30 * 60_000;
const RECOVERY: &str = "chandi 2026 recovery codes of staff v1";

/// What was shown and is not confirmed yet. In memory only.
#[derive(Default)]
pub(crate) struct Pending(Mutex<HashMap<StaffId, Shown>>);

struct Shown {
    id: Uuid,
    secret: [u8; SECRET_BYTES],
    /// Of which one it takes the place, as was shown; none was there without it.
    over: Option<[u8; 16]>,
    until: Moment,
    /// Confirmed: the codes, in case the answer was lost.
    recovery: Option<Vec<String>>,
}

/// Somebody's own.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SecondFactorView {
    /// Owners and managers may have one.
    pub may: bool,
    pub set_at: Option<String>,
    /// How many of the recovery codes are left.
    pub recovery_left: Option<usize>,
    /// Somebody else took it away.
    pub reset: Option<SecondFactorReset>,
    /// The shop asks every owner for one who signs in from another machine.
    pub needed: bool,
    /// This is the device itself, where a PIN is enough.
    pub here: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SecondFactorReset {
    pub by: Named,
    pub at: String,
}

/// What proves who somebody is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorProof {
    pub password: String,
    /// The six digits of the authenticator, or a recovery code.
    pub code: String,
}

/// Password and code; or the PIN, at the device itself.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveSecondFactor {
    pub password: Option<String>,
    /// The six digits of the authenticator, or a recovery code.
    pub code: Option<String>,
    /// Typed anew.
    pub pin: Option<String>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginSecondFactor {
    pub id: Uuid,
    /// Of the present one, where there is one.
    pub present: Option<SecondFactorProof>,
}

/// What an authenticator reads. Nothing counts before its digits were typed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SecondFactorOffer {
    pub id: Uuid,
    /// To type where no camera is.
    pub secret: String,
    pub qr_svg: String,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSecondFactor {
    /// Of what was shown.
    pub id: Uuid,
    pub password: String,
    /// The six digits that the authenticator shows now.
    pub code: String,
}

/// Shown once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecoveryCodes {
    pub shop: String,
    pub name: String,
    pub codes: Vec<String>,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FreshCode {
    pub code: String,
}

/// How somebody signs in at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    Pin,
    Password,
    /// The shop wants a password and a code, and this owner has none.
    SetUp,
}

impl Asks {
    pub fn as_str(self) -> &'static str {
        match self {
            Asks::Pin => "pin",
            Asks::Password => "password",
            Asks::SetUp => "set_up",
        }
    }

    /// Of this person, at this place.
    pub fn of(person: &StaffRow, has: bool, needed: bool, place: &Place) -> Asks {
        if place.is_here() {
            Asks::Pin
        } else if has {
            Asks::Password
        } else if needed && person.role == Role::Owner.as_str() {
            Asks::SetUp
        } else {
            Asks::Pin
        }
    }
}

/// Owners and managers: whoever may do more than sell.
fn may_have(role: &str) -> bool {
    [Role::Owner, Role::Manager]
        .iter()
        .any(|one| one.as_str() == role)
}

/// What became of a code.
enum Outcome {
    Right,
    Wrong,
    /// It is that of another time.
    Clock {
        ahead_ms: i64,
    },
}

fn wrong(failures: u32) -> AppError {
    AppError::new(Code::SecondFactorWrong).hint("wait_ms", wait_after(failures))
}

/// Minutes apart, rounded away from nought: nobody's clock is nought minutes wrong.
fn another_time(ahead_ms: i64) -> AppError {
    let minutes = (ahead_ms.abs() + 59_999) / 60_000;
    AppError::new(Code::SecondFactorClock)
        .hint("minutes", minutes)
        .hint("ahead", ahead_ms > 0)
}

impl Shop {
    fn factor_key(&self) -> [u8; 32] {
        blake3::derive_key(
            "chandi 2026 second factors of staff v1",
            &self.identity.number_key,
        )
    }

    fn factor_secrets(&self, staff: StaffId, row: &FactorRow) -> Result<FactorSecretsV1> {
        seal::open_value(&self.factor_key(), &about(staff, row.factor), &row.sealed)
            .ok_or_else(|| AppError::new(Code::Broken).because("a second factor does not open"))
    }

    pub(crate) fn asks(&self, staff: StaffId, place: &Place) -> Result<Asks> {
        if place.is_here() {
            return Ok(Asks::Pin);
        }
        let needed = self.settings().flag(NEEDED);
        self.store.read(|r| {
            // Somebody unknown is told what a wrong PIN is told.
            let Ok(person) = find_active(r, staff) else {
                return Ok(Asks::Pin);
            };
            Ok(Asks::of(
                &person,
                r.second_factor(staff)?.is_some(),
                needed,
                place,
            ))
        })
    }

    pub fn second_factor(&self, actor: &Actor) -> Result<SecondFactorView> {
        let needed = self.settings().flag(NEEDED);
        let here = self.is_here(actor);
        self.store.read(|r| {
            let person = find_active(r, actor.staff)?;
            let row = r.second_factor(actor.staff)?;
            let recovery_left = match &row {
                Some(row) => Some(RECOVERY_CODES.saturating_sub(r.recovery_codes_used(row.factor)?)),
                None => None,
            };
            let taken = r.second_factor_taken(actor.staff)?;
            let reset = match taken {
                Some((Some(by), at)) if by != actor.staff => Some(SecondFactorReset {
                    by: Named {
                        id: by.uuid(),
                        name: r.staff_name(by)?.unwrap_or_default(),
                    },
                    at: rfc3339(at),
                }),
                _ => None,
            };
            Ok(SecondFactorView {
                may: may_have(&person.role),
                set_at: row.map(|row| rfc3339(row.set)),
                recovery_left,
                reset,
                needed,
                here,
            })
        })
    }

    /// Shows a secret for an authenticator. Whoever has one already shows that they are its owner first; the first one is
    /// set up at the device, so that a PIN that somebody saw does not become a way in from elsewhere.
    pub fn begin_second_factor(
        &self,
        actor: &Actor,
        request: &BeginSecondFactor,
    ) -> Result<SecondFactorOffer> {
        let (person, present) = self
            .store
            .read(|r| Ok::<_, AppError>((find_active(r, actor.staff)?, r.second_factor(actor.staff)?)))?;
        if !may_have(&person.role) {
            return Err(
                AppError::new(Code::NotAllowed).because("only owners and managers have a second factor")
            );
        }
        if present.is_none() && !self.is_here(actor) {
            return Err(Code::NotHere.into());
        }
        let now = self.edges.now();
        let again = {
            let mut pending = self
                .second_factors
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            pending.retain(|_, shown| now < shown.until);
            let shown = pending.get(&actor.staff);
            shown
                .filter(|shown| shown.id == request.id && shown.recovery.is_none())
                .map(|shown| shown.secret)
        };
        let secret = match again {
            // The same request again shows the same secret.
            Some(secret) => secret,
            None => {
                let over = match present {
                    Some(_) => {
                        let proof = request.present.as_ref().ok_or(Code::SecondFactorNeeded)?;
                        Some(self.check_second_factor(actor.staff, Some(&proof.password), &proof.code)?)
                    }
                    None => None,
                };
                let secret: [u8; SECRET_BYTES] = self.edges.random();
                let shown = Shown {
                    id: request.id,
                    secret,
                    over,
                    until: now.plus_ms(LIFE_MS),
                    recovery: None,
                };
                self.second_factors
                    .0
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(actor.staff, shown);
                secret
            }
        };
        let settings = self.settings();
        let uri = address(settings.text("shop.name"), &person.name, &secret);
        let qr = codes::make::qr(&uri, codes::make::Level::M)
            .map_err(|e| AppError::new(Code::Broken).caused(e))?;
        Ok(SecondFactorOffer {
            id: request.id,
            secret: base32(&secret),
            qr_svg: qr.svg(),
        })
    }

    /// The authenticator shows the right digits: from now on it counts, and the recovery codes are shown once.
    pub fn confirm_second_factor(
        &self,
        actor: &Actor,
        request: &ConfirmSecondFactor,
    ) -> Result<RecoveryCodes> {
        let person = self.store.read(|r| find_active(r, actor.staff))?;
        let now = self.edges.now();
        let answer = |codes| RecoveryCodes {
            shop: self.settings().text("shop.name").to_owned(),
            name: person.name.clone(),
            codes,
        };
        let (secret, over) = {
            let pending = self
                .second_factors
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            match pending.get(&actor.staff) {
                Some(shown) if shown.id == request.id && now < shown.until => match &shown.recovery {
                    Some(codes) => return Ok(answer(codes.clone())),
                    None => (shown.secret, shown.over),
                },
                _ => return Err(Code::SecondFactorOver.into()),
            }
        };
        if over.is_none() && !self.is_here(actor) {
            return Err(Code::NotHere.into());
        }
        check_password(&request.password, &person.name)
            .map_err(|e| AppError::new(Code::PasswordWeak).because(e))?;
        let step = match look(&secret, &request.code, now) {
            Some(Digits::Right { step }) => step,
            Some(Digits::AnotherTime { ahead_ms, .. }) => return Err(another_time(ahead_ms)),
            None => return Err(wrong(0)),
        };
        let codes: Vec<String> = (0..RECOVERY_CODES)
            .map(|_| word(&self.edges.random::<RECOVERY_BYTES>()))
            .collect();
        let secrets = FactorSecretsV1 {
            password: hashed(&request.password)?,
            secret: secret.to_vec(),
            recovery: codes.iter().map(|code| word_hash(RECOVERY, code)).collect(),
        };
        let factor: [u8; 16] = self.edges.random();
        let about = about(actor.staff, factor);
        let sealed = seal::close_value(&self.factor_key(), &about, self.edges.random(), &secrets)
            .ok_or_else(|| AppError::new(Code::Broken).because("a second factor cannot be sealed"))?;
        self.store.write(now, |tx| {
            // Another device may have told of one meanwhile, whose proof nobody showed here.
            if tx.reader().second_factor(actor.staff)?.map(|row| row.factor) != over {
                return Err(Code::SecondFactorOver.into());
            }
            set(
                tx,
                actor,
                actor.staff,
                Some(SecondFactorV1 { factor, sealed }),
                now,
            )?;
            used(tx, actor.staff, factor, UsedCodeV1::Step(step), now)?;
            // Tries at what is no more tell nothing about this one.
            Ok::<_, AppError>(tx.pin_succeeded(actor.staff, PLACE)?)
        })?;
        if let Some(shown) = self
            .second_factors
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(&actor.staff)
        {
            shown.recovery = Some(codes.clone());
        }
        self.proven(actor, Some(Proof { factor, at: now }));
        self.check_sessions()?;
        self.live.tell("staff", Some(actor.staff.to_string()));
        Ok(answer(codes))
    }

    /// Takes one's own away: with itself, or at the device with the PIN, typed anew. Whoever lost telephone and codes, or
    /// finds one that somebody else set up, has no other way where there is one owner; and at the device a PIN opens all
    /// else as well.
    pub fn remove_second_factor(
        &self,
        actor: &Actor,
        proof: &RemoveSecondFactor,
    ) -> Result<SecondFactorView> {
        match (&proof.pin, &proof.password, &proof.code) {
            (Some(pin), ..) => {
                let place = self.where_is(actor);
                if !place.is_here() {
                    return Err(Code::NotHere.into());
                }
                self.check_pin(actor.staff, pin, &place, PinFor::Deed)?;
            }
            (None, Some(password), Some(code)) => {
                self.check_second_factor(actor.staff, Some(password), code)?;
            }
            (None, ..) => return Err(Code::SecondFactorNeeded.into()),
        }
        self.take_second_factor(actor, actor.staff)?;
        self.second_factor(actor)
    }

    /// Takes somebody else's away, who lost theirs. Who did it stands in the fact.
    pub fn reset_second_factor(&self, actor: &Actor, staff: StaffId) -> Result<()> {
        actor.must(Permission::StaffChange)?;
        if staff == actor.staff {
            return Err(AppError::new(Code::NotAllowed).because("one's own is taken away with itself"));
        }
        self.take_second_factor(actor, staff)
    }

    fn take_second_factor(&self, actor: &Actor, staff: StaffId) -> Result<()> {
        let now = self.edges.now();
        self.store.write(now, |tx| {
            if tx.reader().second_factor(staff)?.is_none() {
                // Taken already: the same wish again.
                return match tx.reader().second_factor_taken(staff)? {
                    Some(_) => Ok(()),
                    None => Err(AppError::new(Code::NotFound)),
                };
            }
            set(tx, actor, staff, None, now)
        })?;
        if staff == actor.staff {
            self.proven(actor, None);
        }
        self.second_factors
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&staff);
        self.check_sessions()?;
        self.live.tell("staff", Some(staff.to_string()));
        Ok(())
    }

    /// A fresh code for what only its owner may do.
    pub fn prove_again(&self, actor: &Actor, request: &FreshCode) -> Result<()> {
        let factor = self.check_second_factor(actor.staff, None, &request.code)?;
        let at = self.edges.now();
        self.proven(actor, Some(Proof { factor, at }));
        Ok(())
    }

    /// From another machine, whoever has a second factor shows a code again before what changes who may do what, if
    /// the last one is older than ten minutes.
    pub fn must_be_fresh(&self, actor: &Actor, permission: Permission) -> Result<()> {
        match Permission::GUARDED.contains(&permission) {
            true => self.must_show_code(actor),
            false => Ok(()),
        }
    }

    pub(crate) fn must_show_code(&self, actor: &Actor) -> Result<()> {
        let now = self.edges.now();
        match self.proof_of(actor) {
            Some(proof) if !(0..FRESH_MS).contains(&now.ms_since(proof.at)) => Err(Code::CodeWanted.into()),
            _ => Ok(()),
        }
    }

    /// An owner who says that all owners need one has one.
    pub(crate) fn may_need_second_factor(&self, reader: &Reader<'_>, actor: &Actor) -> Result<()> {
        match reader.second_factor(actor.staff)? {
            Some(_) => Ok(()),
            None => Err(Code::SecondFactorFirst.into()),
        }
    }

    /// Checks a password and a code, or a code alone, at the price of a growing wait. The try is counted before it is
    /// looked at, and for the person, whichever machine it comes from. Says which factor it was.
    pub(crate) fn check_second_factor(
        &self,
        staff: StaffId,
        password: Option<&str>,
        code: &str,
    ) -> Result<[u8; 16]> {
        let now = self.edges.now();
        let (row, failures) = self.store.write(now, |tx| {
            let reader = tx.reader();
            find_active(&reader, staff).map_err(|_| wrong(0))?;
            let row = reader.second_factor(staff)?.ok_or_else(|| wrong(0))?;
            let (failures, last) = reader.pin_failures(staff, PLACE)?;
            let left = left_of(wait_after(failures), last, now);
            if left > 0 {
                return Err(AppError::new(Code::SecondFactorWait).hint("wait_ms", left));
            }
            let failures = failures.saturating_add(1);
            tx.pin_failed(staff, PLACE, failures)?;
            Ok((row, failures))
        })?;
        let secrets = self.factor_secrets(staff, &row)?;
        if let Some(password) = password
            && (password.chars().count() > PASSWORD_MOST || !matches(password, &secrets.password))
        {
            return Err(wrong(failures));
        }
        let outcome = self.store.write(now, |tx| {
            let outcome = self.use_code(tx, staff, &row, &secrets, code, now)?;
            if matches!(outcome, Outcome::Right) {
                tx.pin_succeeded(staff, PLACE)?;
            }
            Ok::<_, AppError>(outcome)
        })?;
        match outcome {
            Outcome::Right => Ok(row.factor),
            Outcome::Wrong => Err(wrong(failures)),
            Outcome::Clock { ahead_ms } => Err(another_time(ahead_ms).hint("wait_ms", wait_after(failures))),
        }
    }

    /// Uses a code up. One of another time is used up as well: whoever was told that it is one of a time to come must
    /// not be able to wait for it.
    fn use_code(
        &self,
        tx: &mut Write<'_>,
        staff: StaffId,
        row: &FactorRow,
        secrets: &FactorSecretsV1,
        code: &str,
        now: Moment,
    ) -> Result<Outcome> {
        let (code, outcome) = match look(&secrets.secret, code, now) {
            Some(Digits::Right { step }) => (UsedCodeV1::Step(step), Outcome::Right),
            Some(Digits::AnotherTime { step, ahead_ms }) => {
                (UsedCodeV1::Step(step), Outcome::Clock { ahead_ms })
            }
            None => {
                let typed = word_hash(RECOVERY, code);
                let which = secrets.recovery.iter().position(|one| *one == typed);
                match which.and_then(|which| u8::try_from(which).ok()) {
                    Some(which) => (UsedCodeV1::Recovery(which), Outcome::Right),
                    None => return Ok(Outcome::Wrong),
                }
            }
        };
        if tx.reader().factor_code_used(row.factor, code)? {
            return Ok(Outcome::Wrong);
        }
        used(tx, staff, row.factor, code, now)?;
        Ok(outcome)
    }
}

/// What a seal is about: it opens for nobody else and for no other one of the same person.
fn about(staff: StaffId, factor: [u8; 16]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&staff.bytes()).update(&factor);
    let mut about = [0; 16];
    about.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    about
}

fn set(
    tx: &mut Write<'_>,
    actor: &Actor,
    staff: StaffId,
    factor: Option<SecondFactorV1>,
    now: Moment,
) -> Result<()> {
    let body = SecondFactorSetV1 {
        staff: staff.bytes(),
        factor,
        set_ms: now.0,
    };
    tx.record(Some(actor.staff), &Body::SecondFactorSet(body))?;
    Ok(())
}

fn used(tx: &mut Write<'_>, staff: StaffId, factor: [u8; 16], code: UsedCodeV1, now: Moment) -> Result<()> {
    let body = SecondFactorUsedV1 {
        staff: staff.bytes(),
        factor,
        code,
        used_ms: now.0,
    };
    tx.record(Some(staff), &Body::SecondFactorUsed(body))?;
    Ok(())
}
