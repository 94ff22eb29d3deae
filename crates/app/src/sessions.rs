//! Who is at the till: PIN, growing waits, idle lock, the list of sessions and their end.
//!
//! Sessions live as long as the process. A restarted till asks for a PIN; its carts are still there.

use crate::{
    AppError, Code, Page, Result, Shop,
    order_view::Named,
    second_factor::{Asks, NEEDED},
    shifts::open_shift_of,
    staff::find_active,
    wire::rfc3339,
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::{
    ids::{SeatId, SessionId, StaffId},
    people::{Permission, Role, site, wait_after},
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::people::StaffRow;
use utoipa::ToSchema;

/// Who asks, once the door has made sure of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub session: SessionId,
    pub staff: StaffId,
    pub role: Role,
    pub seat: SeatId,
    /// What a program's key was given; people may do what their role says.
    pub grants: Option<Arc<[Permission]>>,
}

impl Actor {
    pub fn allows(&self, permission: Permission) -> bool {
        match &self.grants {
            Some(given) => given.contains(&permission),
            None => self.role.allows(permission),
        }
    }

    pub fn must(&self, permission: Permission) -> Result<()> {
        if self.allows(permission) {
            Ok(())
        } else {
            Err(AppError::new(Code::NotAllowed).hint("permission", permission.as_str()))
        }
    }
}

/// Where a request comes from, as the transport knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Window,
    /// A browser of this machine, or of one that is not told apart from it.
    Browser {
        address: String,
    },
    /// A browser of another machine.
    Elsewhere {
        address: String,
    },
}

impl Place {
    fn kind(&self) -> &'static str {
        match self {
            Place::Window => "window",
            Place::Browser { .. } | Place::Elsewhere { .. } => "browser",
        }
    }

    fn address(&self) -> Option<&str> {
        match self {
            Place::Window => None,
            Place::Browser { address } | Place::Elsewhere { address } => Some(address),
        }
    }

    /// At the device itself.
    pub(crate) fn is_here(&self) -> bool {
        !matches!(self, Place::Elsewhere { .. })
    }

    /// What wrong PINs are counted by, beside the person: nothing that whoever guesses can choose anew.
    fn of_failures(&self, by: PinFor) -> String {
        let place = match self {
            Place::Window => "window".to_owned(),
            Place::Browser { .. } => "this machine".to_owned(),
            Place::Elsewhere { address } => match address.parse() {
                Ok(address) => site(address).to_string(),
                Err(_) => address.clone(),
            },
        };
        match by {
            PinFor::SignIn => place,
            PinFor::Deed => format!("deed {place}"),
        }
    }
}

/// What a PIN is typed for. Tries in somebody's session are counted apart: they keep nobody from signing in at the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PinFor {
    SignIn,
    /// An approval, or what its owner confirms with it.
    Deed,
}

/// Under this a person's wrong PINs from all other machines are counted together, beside each machine's own.
const ELSEWHERE: &str = "elsewhere";
/// So many more than at one machine are free there: somebody who slips at one tablet does not wait at the next.
const ELSEWHERE_MORE: u32 = 15;
/// After so long one of them is forgotten.
const ELSEWHERE_FORGETS_MS: i64 = 3_600_000;

fn elsewhere_wait(failures: u32) -> u64 {
    wait_after(failures.saturating_sub(ELSEWHERE_MORE))
}

/// How many of them are not forgotten yet, and since when none more was.
fn remembered(failures: u32, last: Moment, now: Moment) -> (u32, Moment) {
    let hours = now.0.saturating_sub(last.0).max(0) / ELSEWHERE_FORGETS_MS;
    let left = failures.saturating_sub(u32::try_from(hours).unwrap_or(u32::MAX));
    (left, last.plus_ms(hours.saturating_mul(ELSEWHERE_FORGETS_MS)))
}

/// What is left of a wait that began then; a clock that was set back makes nobody wait longer.
pub(crate) fn left_of(wait_ms: u64, since: Moment, now: Moment) -> i64 {
    let wait_ms = i64::try_from(wait_ms).unwrap_or(i64::MAX);
    since
        .0
        .saturating_add(wait_ms)
        .saturating_sub(now.0)
        .clamp(0, wait_ms)
}

#[derive(Default)]
pub(crate) struct Sessions {
    by_secret: Mutex<HashMap<[u8; 32], Session>>,
}

struct Session {
    actor: Actor,
    place: Place,
    started: Moment,
    seen: Moment,
    /// What was shown besides a PIN, and when last.
    proof: Option<Proof>,
}

/// A second factor that somebody showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    pub factor: [u8; 16],
    pub at: Moment,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.by_secret.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub staff: uuid::Uuid,
    /// Left out by whoever is asked for a password.
    #[serde(default)]
    pub pin: String,
    /// Which till this browser is: a UUID that it made once. The desktop window leaves it out.
    pub seat: Option<uuid::Uuid>,
    /// Of owners and managers at another machine, when they have set one up.
    pub password: Option<String>,
    /// With the password: the six digits of the authenticator, or a recovery code.
    pub code: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SignedIn {
    pub id: uuid::Uuid,
    /// Send it as `Authorization: Bearer`.
    pub token: String,
    pub staff: SessionStaff,
    pub permissions: Vec<String>,
    pub idle_lock_seconds: i64,
    /// What the one before left at this till, so that it is taken over knowingly.
    pub left: Option<LeftHere>,
}

/// A till that changes hands: an order that was begun, a drawer that is open.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeftHere {
    pub cart: Option<LeftCart>,
    pub drawer: Option<LeftDrawer>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeftCart {
    pub by: Named,
    pub items: String,
    pub total_minor: i64,
}

/// One that is whoever's sells here, and still in somebody else's name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeftDrawer {
    pub holder: Named,
    pub since: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionStaff {
    pub id: uuid::Uuid,
    pub name: String,
    pub role: String,
    pub language: Option<String>,
    pub hand: String,
}

/// The current session, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrentSession {
    pub id: uuid::Uuid,
    pub staff: SessionStaff,
    pub permissions: Vec<String>,
    pub idle_lock_seconds: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    pub id: uuid::Uuid,
    pub staff: SessionPerson,
    pub seat: uuid::Uuid,
    /// window or browser
    pub place: String,
    pub address: Option<String>,
    pub started_at: String,
    pub last_seen_at: String,
    pub current: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionPerson {
    pub id: uuid::Uuid,
    pub name: String,
    pub role: String,
}

/// The second person's yes to what the first may not do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    pub staff: uuid::Uuid,
    /// From another machine, of somebody with a second factor: a code of it.
    pub pin: String,
}

/// The Argon2id hash of a PIN, in PHC form.
pub(crate) fn hash_pin(pin: &str) -> Result<String> {
    domain::people::check_pin_shape(pin).map_err(|e| AppError::new(Code::PinWeak).because(e))?;
    hashed(pin)
}

/// The Argon2id hash of a PIN or a password, in PHC form.
pub(crate) fn hashed(word: &str) -> Result<String> {
    let hash = Argon2::default()
        .hash_password(word.as_bytes())
        .map_err(|e| AppError::new(Code::Broken).because(format!("it cannot be hashed: {e}")))?;
    Ok(hash.to_string())
}

/// One PIN or password at a time: each check takes 19 MB and a core for a while, and a crowd of guesses must not take them all.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) fn matches(word: &str, hash: &str) -> bool {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(word.as_bytes(), &hash).is_ok())
}

impl Shop {
    pub fn sign_in(&self, request: &SignIn, place: &Place) -> Result<SignedIn> {
        let staff = StaffId::from_uuid(request.staff);
        let seat = self.seat_at(request.seat, place);
        let proof = match self.asks(staff, place)? {
            Asks::Pin => {
                self.check_pin(staff, &request.pin, place, PinFor::SignIn)?;
                None
            }
            // A PIN from elsewhere is not even looked at: nobody finds out there whether it is right.
            Asks::Password => {
                let (Some(password), Some(code)) = (&request.password, &request.code) else {
                    return Err(Code::SecondFactorNeeded.into());
                };
                let factor = self.check_second_factor(staff, Some(password), code)?;
                let at = self.edges.now();
                Some(Proof { factor, at })
            }
            Asks::SetUp => return Err(Code::SecondFactorUnset.into()),
        };
        self.open_session(staff, seat, place, proof)
    }

    /// The app's window is the device's own till; a browser is the till that it says.
    pub(crate) fn seat_at(&self, named: Option<uuid::Uuid>, place: &Place) -> SeatId {
        match (place, named) {
            (Place::Browser { .. } | Place::Elsewhere { .. }, Some(seat)) => SeatId::from_uuid(seat),
            (Place::Browser { .. } | Place::Elsewhere { .. }, None) | (Place::Window, _) => self.own_seat(),
        }
    }

    /// A session without a PIN, for the owner who has just chosen one.
    pub(crate) fn start_session(&self, staff: StaffId, seat: SeatId, place: &Place) -> Result<SignedIn> {
        self.open_session(staff, seat, place, None)
    }

    fn open_session(
        &self,
        staff: StaffId,
        seat: SeatId,
        place: &Place,
        proof: Option<Proof>,
    ) -> Result<SignedIn> {
        let person = self.store.read(|r| find_active(r, staff))?;
        let role = self.role_here(&person)?;
        let now = self.edges.now();
        let secret: [u8; 32] = self.edges.random();
        let token: String = secret.iter().map(|b| format!("{b:02x}")).collect();
        let session = SessionId::from_uuid(self.edges.new_id());
        let actor = Actor {
            session,
            staff,
            role,
            seat,
            grants: None,
        };
        self.sessions.lock().insert(
            hash_secret(&token),
            Session {
                actor: actor.clone(),
                place: place.clone(),
                started: now,
                seen: now,
                proof,
            },
        );
        self.live.tell("session", Some(session.to_string()));
        let current = self.current_session(&actor)?;
        let left = self.left_here(&actor)?;
        Ok(SignedIn {
            left,
            id: current.id,
            token,
            staff: current.staff,
            permissions: current.permissions,
            idle_lock_seconds: current.idle_lock_seconds,
        })
    }

    /// What somebody is at this branch.
    fn role_here(&self, person: &StaffRow) -> Result<Role> {
        let role = person.role_at(self.identity.branch).ok_or(Code::StaffElsewhere)?;
        role.parse().map_err(|_| AppError::new(Code::NotAllowed))
    }

    /// After news of the staff, here or from another device: whoever works no more, or as something else, signs in
    /// again, and so does whoever proved themselves at another machine with less than what is asked for there now.
    pub(crate) fn check_sessions(&self) -> Result<()> {
        let needed = self.settings().flag(NEEDED);
        let (people, factors) = self
            .store
            .read(|r| Ok::<_, AppError>((r.staff(true)?, r.second_factor_ids()?)))?;
        let stays = |session: &Session| {
            let actor = &session.actor;
            people.iter().any(|person| {
                let factor = factors.get(&person.id).copied();
                let proven = match Asks::of(person, factor.is_some(), needed, &session.place) {
                    // One that was taken away takes along what it opened.
                    Asks::Pin => session.place.is_here() || session.proof.is_none(),
                    Asks::Password => session.proof.map(|proof| proof.factor) == factor,
                    Asks::SetUp => false,
                };
                person.id == actor.staff
                    && person.active
                    && person.archived_ms.is_none()
                    && person.role_at(self.identity.branch) == Some(actor.role.as_str())
                    && proven
            })
        };
        self.sessions.lock().retain(|_, session| stays(session));
        self.live.tell("session", None);
        Ok(())
    }

    /// Where this session is. A program is nowhere near, wherever it runs.
    pub(crate) fn where_is(&self, actor: &Actor) -> Place {
        let sessions = self.sessions.lock();
        let own = sessions.values().find(|s| s.actor.session == actor.session);
        own.map_or_else(
            || Place::Elsewhere {
                address: format!("session {}", actor.session),
            },
            |s| s.place.clone(),
        )
    }

    /// Whether this session is at the device itself.
    pub(crate) fn is_here(&self, actor: &Actor) -> bool {
        self.where_is(actor).is_here()
    }

    /// What this session showed besides a PIN; none at the device itself.
    pub(crate) fn proof_of(&self, actor: &Actor) -> Option<Proof> {
        let sessions = self.sessions.lock();
        let own = sessions.values().find(|s| s.actor.session == actor.session)?;
        own.proof.filter(|_| !own.place.is_here())
    }

    /// Notes what this session showed, or that nothing is asked of it any more.
    pub(crate) fn proven(&self, actor: &Actor, proof: Option<Proof>) {
        let mut sessions = self.sessions.lock();
        if let Some(own) = sessions.values_mut().find(|s| s.actor.session == actor.session) {
            own.proof = proof;
        }
    }

    /// Signing out asks nothing: an order that was begun and a drawer that is open stay at their till. Whoever signs in
    /// there next is told whose they are.
    fn left_here(&self, actor: &Actor) -> Result<Option<LeftHere>> {
        let settings = self.settings();
        self.store.read(|r| {
            let mut left = LeftHere {
                cart: None,
                drawer: None,
            };
            if actor.allows(Permission::CartUse)
                && let Some(row) = r.open_cart(actor.seat)?
            {
                let cart = self.view_cart(r, &row)?;
                left.cart = cart
                    .held_by
                    .filter(|by| by.id != actor.staff.uuid() && !cart.lines.is_empty())
                    .map(|by| LeftCart {
                        by,
                        items: cart.items,
                        total_minor: cart.total_minor,
                    });
            }
            if actor.allows(Permission::ShiftUse)
                && let Some(shift) = open_shift_of(r, &settings, actor.seat, actor.staff)?
                && let Some(row) = r.shift(shift)?
                && let Some(holder) = row.holder.filter(|holder| *holder != actor.staff)
                && let Some(name) = r.staff_name(holder)?
            {
                left.drawer = Some(LeftDrawer {
                    holder: Named {
                        id: holder.uuid(),
                        name,
                    },
                    since: rfc3339(Moment(row.opened.opened_ms)),
                });
            }
            Ok((left.cart.is_some() || left.drawer.is_some()).then_some(left))
        })
    }

    /// Checks a PIN at the price of a growing wait. The attempt is counted before it is looked at, so that many
    /// attempts at once are many attempts.
    pub(crate) fn check_pin(&self, staff: StaffId, pin: &str, place: &Place, by: PinFor) -> Result<()> {
        let now = self.edges.now();
        let failures_at = place.of_failures(by);
        let (hash, failures, elsewhere) = self.store.write(now, |tx| {
            let reader = tx.reader();
            // Somebody unknown is told what a wrong PIN is told; there is no PIN to guess.
            let person = find_active(&reader, staff);
            let (failures, last) = reader.pin_failures(staff, &failures_at)?;
            let mut left = left_of(wait_after(failures), last, now);
            let mut elsewhere = None;
            if !place.is_here() {
                let (all, last) = reader.pin_failures(staff, ELSEWHERE)?;
                let (all, since) = remembered(all, last, now);
                left = left.max(left_of(elsewhere_wait(all), last, now));
                elsewhere = Some((all, since));
            }
            if left > 0 {
                return Err(AppError::new(Code::PinWait).hint("wait_ms", left));
            }
            let person = person.map_err(|_| AppError::new(Code::PinWrong).hint("wait_ms", 0))?;
            let failures = failures.saturating_add(1);
            tx.pin_failed(staff, &failures_at, failures)?;
            if let Some((all, _)) = elsewhere {
                tx.pin_failed(staff, ELSEWHERE, all.saturating_add(1))?;
            }
            Ok((person.pin_hash, failures, elsewhere))
        })?;
        if !matches(pin, &hash) {
            let all = elsewhere.map_or(0, |(all, _)| elsewhere_wait(all.saturating_add(1)));
            return Err(AppError::new(Code::PinWrong).hint("wait_ms", wait_after(failures).max(all)));
        }
        self.store.write(now, |tx| {
            tx.pin_succeeded(staff, &failures_at)?;
            // What others tried at other machines stays counted, and is forgotten no sooner and no later.
            if let Some((_, since)) = elsewhere {
                let (all, _) = tx.reader().pin_failures(staff, ELSEWHERE)?;
                match all.saturating_sub(failures) {
                    0 => tx.pin_succeeded(staff, ELSEWHERE)?,
                    others => tx.pin_failed_at(staff, ELSEWHERE, others, since)?,
                }
            }
            Ok(())
        })
    }

    /// A second person's PIN for one action; says who approved. From another machine whoever has a second factor shows a
    /// code of it instead: a PIN from there is not looked at.
    pub(crate) fn approve(
        &self,
        approval: &Approval,
        permission: Permission,
        actor: &Actor,
    ) -> Result<StaffId> {
        let staff = StaffId::from_uuid(approval.staff);
        let place = self.where_is(actor);
        match self.asks(staff, &place)? {
            Asks::Pin => self.check_pin(staff, &approval.pin, &place, PinFor::Deed)?,
            Asks::Password => {
                let shown = self.check_second_factor(staff, None, &approval.pin);
                shown.map_err(|error| match error.code {
                    Code::SecondFactorWrong => AppError {
                        code: Code::ApprovalCodeWrong,
                        message: Code::ApprovalCodeWrong.sentence().to_owned(),
                        ..error
                    },
                    _ => error,
                })?;
            }
            Asks::SetUp => return Err(Code::SecondFactorUnset.into()),
        }
        let person = self.store.read(|r| find_active(r, staff))?;
        let role = self.role_here(&person)?;
        if role.allows(permission) {
            Ok(staff)
        } else {
            Err(AppError::new(Code::NotAllowed).hint("permission", permission.as_str()))
        }
    }

    /// Who holds this secret. Seeing somebody keeps the till awake.
    pub fn actor_of(&self, secret: &str) -> Result<Actor> {
        let idle_ms = self.settings().int("lock.idle_seconds").saturating_mul(1000);
        let now = self.edges.now();
        let hash = hash_secret(secret);
        let mut sessions = self.sessions.lock();
        let Some(session) = sessions.get_mut(&hash) else {
            return Err(Code::SignedOut.into());
        };
        // A clock that jumped is no idleness: only a plausible pause locks.
        let idle = now.0.saturating_sub(session.seen.0);
        if idle > idle_ms && idle < 7 * 86_400_000 {
            let id = session.actor.session;
            sessions.remove(&hash);
            drop(sessions);
            self.live.tell("session", Some(id.to_string()));
            return Err(Code::SessionIdle.into());
        }
        session.seen = now;
        let actor = session.actor.clone();
        drop(sessions);
        self.check_link_of(actor.session)?;
        Ok(actor)
    }

    pub fn current_session(&self, actor: &Actor) -> Result<CurrentSession> {
        let person = self.store.read(|r| find_active(r, actor.staff))?;
        Ok(CurrentSession {
            id: actor.session.uuid(),
            staff: SessionStaff {
                id: actor.staff.uuid(),
                name: person.name,
                role: actor.role.as_str().to_owned(),
                language: person.language,
                hand: person.hand,
            },
            permissions: actor
                .role
                .permissions()
                .iter()
                .map(|p| p.as_str().to_owned())
                .collect(),
            idle_lock_seconds: self.settings().int("lock.idle_seconds"),
        })
    }

    pub fn session_list(&self, actor: &Actor) -> Result<Page<SessionView>> {
        let people = self.store.read(|r| r.staff(true))?;
        let mut items: Vec<SessionView> = self
            .sessions
            .lock()
            .values()
            .map(|s| SessionView {
                id: s.actor.session.uuid(),
                staff: SessionPerson {
                    id: s.actor.staff.uuid(),
                    name: people
                        .iter()
                        .find(|p| p.id == s.actor.staff)
                        .map(|p| p.name.clone())
                        .unwrap_or_default(),
                    role: s.actor.role.as_str().to_owned(),
                },
                seat: s.actor.seat.uuid(),
                place: s.place.kind().to_owned(),
                address: s.place.address().map(str::to_owned),
                started_at: rfc3339(s.started),
                last_seen_at: rfc3339(s.seen),
                current: s.actor.session == actor.session,
            })
            .collect();
        items.sort_by(|a, b| b.last_seen_at.cmp(&a.last_seen_at).then(a.id.cmp(&b.id)));
        Ok(Page::whole(items))
    }

    pub fn end_session(&self, id: SessionId) -> Result<()> {
        let before = {
            let mut sessions = self.sessions.lock();
            let before = sessions.len();
            sessions.retain(|_, s| s.actor.session != id);
            before != sessions.len()
        };
        if !before {
            return Err(Code::NotFound.into());
        }
        self.live.tell("session", Some(id.to_string()));
        Ok(())
    }

    /// A changed PIN, role or an archived person signs out everywhere.
    pub(crate) fn end_sessions_of(&self, staff: StaffId, but: Option<SessionId>) {
        self.sessions
            .lock()
            .retain(|_, s| s.actor.staff != staff || Some(s.actor.session) == but);
        self.live.tell("session", None);
    }

    pub(crate) fn is_signed_in(&self, session: SessionId) -> bool {
        self.sessions.lock().values().any(|s| s.actor.session == session)
    }

    pub fn session_count(&self) -> usize {
        self.sessions.lock().len()
    }
}

pub(crate) fn hash_secret(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}
