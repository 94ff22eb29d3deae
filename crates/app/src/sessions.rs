//! Who is at the till: PIN, growing waits, idle lock, the list of sessions and their end.
//!
//! Sessions live as long as the process. A restarted till asks for a PIN; its carts are still there.

use crate::{
    AppError, Code, Page, Result, Shop, order_view::Named, shifts::open_shift_of, staff::find_active,
    wire::rfc3339,
};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::{
    ids::{SeatId, SessionId, StaffId},
    people::{Permission, Role, wait_after},
    time::Moment,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use utoipa::ToSchema;

/// Who asks, once the door has made sure of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub session: SessionId,
    pub staff: StaffId,
    pub role: Role,
    pub seat: SeatId,
}

impl Actor {
    pub fn must(&self, permission: Permission) -> Result<()> {
        if self.role.allows(permission) {
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
    Browser { address: String },
}

impl Place {
    fn kind(&self) -> &'static str {
        match self {
            Place::Window => "window",
            Place::Browser { .. } => "browser",
        }
    }

    fn address(&self) -> Option<&str> {
        match self {
            Place::Window => None,
            Place::Browser { address } => Some(address),
        }
    }

    /// What wrong PINs are counted by, beside the person.
    fn of_failures(&self) -> &str {
        self.address().unwrap_or("window")
    }
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
    pub pin: String,
    /// Which till this browser is: a UUID that it made once. The desktop window leaves it out.
    pub seat: Option<uuid::Uuid>,
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
    pub pin: String,
}

/// The Argon2id hash of a PIN, in PHC form.
pub(crate) fn hash_pin(pin: &str) -> Result<String> {
    domain::people::check_pin_shape(pin).map_err(|e| AppError::new(Code::PinWeak).because(e))?;
    let hash = Argon2::default()
        .hash_password(pin.as_bytes())
        .map_err(|e| AppError::new(Code::Broken).because(format!("the PIN cannot be hashed: {e}")))?;
    Ok(hash.to_string())
}

/// One PIN at a time: each check takes 19 MB and a core for a while, and a crowd of guesses must not take them all.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn pin_matches(pin: &str, hash: &str) -> bool {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}

impl Shop {
    pub fn sign_in(&self, request: &SignIn, place: &Place) -> Result<SignedIn> {
        let staff = StaffId::from_uuid(request.staff);
        let seat = self.seat_at(request.seat, place);
        self.check_pin(staff, &request.pin, place)?;
        self.start_session(staff, seat, place)
    }

    /// The app's window is the device's own till; a browser is the till that it says.
    pub(crate) fn seat_at(&self, named: Option<uuid::Uuid>, place: &Place) -> SeatId {
        match (place, named) {
            (Place::Browser { .. }, Some(seat)) => SeatId::from_uuid(seat),
            (Place::Browser { .. }, None) | (Place::Window, _) => self.own_seat(),
        }
    }

    /// A session without a PIN, for the owner who has just chosen one.
    pub(crate) fn start_session(&self, staff: StaffId, seat: SeatId, place: &Place) -> Result<SignedIn> {
        let person = self.store.read(|r| find_active(r, staff))?;
        let role: Role = person.role.parse().map_err(|_| AppError::new(Code::NotAllowed))?;
        let now = self.edges.now();
        let secret: [u8; 32] = self.edges.random();
        let token: String = secret.iter().map(|b| format!("{b:02x}")).collect();
        let session = SessionId::from_uuid(self.edges.new_id());
        let actor = Actor {
            session,
            staff,
            role,
            seat,
        };
        self.sessions.lock().insert(
            hash_secret(&token),
            Session {
                actor: actor.clone(),
                place: place.clone(),
                started: now,
                seen: now,
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

    /// Signing out asks nothing: an order that was begun and a drawer that is open stay at their till. Whoever signs in
    /// there next is told whose they are.
    fn left_here(&self, actor: &Actor) -> Result<Option<LeftHere>> {
        let settings = self.settings();
        self.store.read(|r| {
            let mut left = LeftHere {
                cart: None,
                drawer: None,
            };
            if actor.role.allows(Permission::CartUse)
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
            if actor.role.allows(Permission::ShiftUse)
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
    pub(crate) fn check_pin(&self, staff: StaffId, pin: &str, place: &Place) -> Result<()> {
        let now = self.edges.now();
        let failures_at = place.of_failures();
        let hash = self.store.write(now, |tx| {
            // Somebody unknown is told what a wrong PIN is told; there is no PIN to guess.
            let person = find_active(&tx.reader(), staff);
            let (failures, last) = tx.reader().pin_failures(staff, failures_at)?;
            let wait_ms = i64::try_from(wait_after(failures)).unwrap_or(i64::MAX);
            let left_ms = last.0.saturating_add(wait_ms).saturating_sub(now.0).min(wait_ms);
            if wait_ms > 0 && left_ms > 0 {
                return Err(AppError::new(Code::PinWait).hint("wait_ms", left_ms));
            }
            let person = person.map_err(|_| AppError::new(Code::PinWrong).hint("wait_ms", 0))?;
            tx.pin_failed(staff, failures_at, failures.saturating_add(1))?;
            Ok((person.pin_hash, failures.saturating_add(1)))
        })?;
        let (hash, failures) = hash;
        if !pin_matches(pin, &hash) {
            return Err(AppError::new(Code::PinWrong).hint("wait_ms", wait_after(failures)));
        }
        self.store.write(now, |tx| tx.pin_succeeded(staff, failures_at))?;
        Ok(())
    }

    /// A second person's PIN for one action; says who approved.
    pub(crate) fn approve(
        &self,
        approval: &Approval,
        permission: Permission,
        seat: SeatId,
    ) -> Result<StaffId> {
        let staff = StaffId::from_uuid(approval.staff);
        self.check_pin(
            staff,
            &approval.pin,
            &Place::Browser {
                address: format!("seat {seat}"),
            },
        )?;
        let person = self.store.read(|r| find_active(r, staff))?;
        let role: Role = person.role.parse().map_err(|_| AppError::new(Code::NotAllowed))?;
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
        Ok(session.actor.clone())
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

fn hash_secret(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}
