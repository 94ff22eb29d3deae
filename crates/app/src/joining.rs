//! Letting devices into the shop: invitations, who asks, the owner's yes, and the books for the new device.
//!
//! An invitation lives for minutes and in memory only. Its first guest with the right secret is its only one. Nothing
//! is told to anybody without the secret; what the guest gets is sealed for the half that it knocked with.

use crate::{
    Actor, App, AppError, Code, Page, Result, Shop,
    branches::must_be_open,
    edges::Edges,
    join_words::{Ask, Asked, HALVES, Hello, Knock, PIECE, Ready, Told, device_of, pin_of, qr_text, signed},
    letters::hex,
    open::{DATABASE, OpenError, folder_of},
    settings::name_counter,
    vault,
    wire::{rfc3339, text},
};
use domain::{
    device::{DeviceRole, JoinCode, join_secret_fits},
    ids::{BranchId, CounterId, DeviceId, StaffId},
    time::Moment,
};
use journal::{
    Body, DeviceKey, PublicKey, Stamp,
    body::DeviceAdmittedV1,
    channel::{Channel, public_half},
    fields,
    register::{PatchV1, Value},
};
use serde::{Deserialize, Serialize};
use std::{
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};
use store::{Identity, Options, StoreError, Write};
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a code can be used.
const LIFE_MS: i64 = 10 * 60_000;
/// How long a guest that was let in may be silent before its books are deleted.
const SILENCE_MS: i64 = 15 * 60_000;
/// Wrong secrets before an invitation closes.
const TRIES: u8 = 5;
/// Invitations that are open at once.
const MOST: usize = 5;
/// How long what is over stays to be looked at.
const KEPT_MS: i64 = 60 * 60_000;
/// Books on their way to a device, beside the shop's own.
pub(crate) const FOLDER: &str = "joining";

#[derive(Default)]
pub(crate) struct Invitations(Mutex<Vec<Invitation>>);

impl Invitations {
    fn lock(&self) -> MutexGuard<'_, Vec<Invitation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Invitation {
    id: Uuid,
    half_secret: [u8; 32],
    half: [u8; 32],
    secret: [u8; 16],
    addresses: Vec<String>,
    until: Moment,
    tries: u8,
    guest: Option<Guest>,
    state: State,
}

struct Guest {
    half: [u8; 32],
    knock: Knock,
    digits: String,
    /// The number of its last question.
    n: u64,
    seen: Moment,
}

enum State {
    Open,
    Asked,
    Preparing,
    Ready {
        file: PathBuf,
        ready: Box<Ready>,
        sent: u64,
    },
    Joined,
    Declined,
    Withdrawn,
    Expired,
    Guessed,
    Failed,
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            State::Open => "open",
            State::Asked => "asked",
            State::Preparing => "preparing",
            State::Ready { .. } => "sending",
            State::Joined => "joined",
            State::Declined => "declined",
            State::Withdrawn => "withdrawn",
            State::Expired => "expired",
            State::Guessed => "guessed",
            State::Failed => "failed",
        }
    }

    fn is_over(&self) -> bool {
        match self {
            State::Open | State::Asked | State::Preparing | State::Ready { .. } => false,
            State::Joined
            | State::Declined
            | State::Withdrawn
            | State::Expired
            | State::Guessed
            | State::Failed => true,
        }
    }

    /// Ends it, and deletes the books that lie ready.
    fn end(&mut self, with: State) {
        if let State::Ready { file, .. } = self
            && let Err(error) = std::fs::remove_file(&*file)
        {
            tracing::warn!(%error, "the books of a device that joined are not deleted");
        }
        *self = with;
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    pub id: Uuid,
}

/// An invitation as the owner sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InvitationView {
    pub id: Uuid,
    /// open, asked, preparing, sending, joined, declined, withdrawn, expired, guessed (too many wrong codes) or failed
    pub state: String,
    /// For typing; null when it is of no use any more.
    pub code: Option<String>,
    /// For scanning: an SVG.
    pub qr_svg: Option<String>,
    /// Where the new device finds this one. Empty while this device cannot be reached from others.
    pub addresses: Vec<String>,
    pub expires_at: String,
    pub guest: Option<GuestView>,
    /// Bytes of the books that the guest asked for, of how many.
    pub sent: u64,
    pub size: u64,
}

/// The device that asks to be let in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GuestView {
    pub device: Uuid,
    /// What it calls itself.
    pub name: String,
    pub version: String,
    /// The same four digits stand on its screen.
    pub digits: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveGuest {
    pub id: Uuid,
    /// The guest that was looked at.
    pub device: Uuid,
    pub name: String,
    /// till, token_counter, sales_counter, kitchen or office
    pub role: String,
    /// What its counter is called.
    pub counter: String,
    /// This device's own branch when left out.
    pub branch: Option<Uuid>,
}

/// What a new device is told to be.
struct NewPlace {
    device: DeviceId,
    public_key: PublicKey,
    branch: BranchId,
    counter: CounterId,
    counter_name: String,
    name: String,
    role: DeviceRole,
}

impl App {
    /// Admits a second counter of this branch and writes its data folder, which must hold no shop yet.
    pub fn admit_into(&self, folder: &Path) -> std::result::Result<(), OpenError> {
        let shop = self.try_shop().ok_or(StoreError::NoShop)?;
        self.admit_into_branch(folder, shop.identity.branch)
    }

    /// The same at another branch of the shop.
    pub fn admit_into_branch(&self, folder: &Path, branch: BranchId) -> std::result::Result<(), OpenError> {
        let shop = self.try_shop().ok_or(StoreError::NoShop)?;
        let folder = folder_of(folder, shop.is_demo());
        let refused = |cause| OpenError::Folder {
            folder: folder.clone(),
            cause,
        };
        std::fs::create_dir_all(&folder).map_err(refused)?;
        let file = folder.join(DATABASE);
        if file.exists() {
            return Err(refused(std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                "a shop lies there already",
            )));
        }
        let identity = shop
            .admit_to(branch)
            .map_err(|e| StoreError::Damaged(e.to_string()))?;
        let use_keyring = self.config().use_keyring && !shop.is_demo();
        let (key, _) = vault::key_of(&folder, true, self.edges(), use_keyring).map_err(OpenError::Key)?;
        let into = Options {
            file,
            key: Some(key),
            vfs: None,
        };
        shop.store().copy_as(&into, &identity)?;
        Ok(())
    }
}

impl Shop {
    /// Admits a device to this branch, under a new counter and a new lane of numbers.
    pub fn admit(&self) -> Result<Identity> {
        self.admit_to(self.identity.branch)
    }

    /// Admits a device to an open branch of the shop.
    pub fn admit_to(&self, branch: BranchId) -> Result<Identity> {
        let secret_key = self.edges.random();
        let device = DeviceId::from_uuid(self.edges.new_id());
        let counter = CounterId::from_uuid(self.edges.new_id());
        self.store.write(self.edges.now(), |tx| {
            must_be_open(&tx.reader(), branch)?;
            let (_, lane) = tx.reader().next_place(branch)?.ok_or(Code::NumbersUsedUp)?;
            let name = format!("Till {}", u16::from(lane) + 1);
            let place = NewPlace {
                device,
                public_key: DeviceKey::from_seed(&secret_key).public(),
                branch,
                counter,
                counter_name: name.clone(),
                name,
                role: DeviceRole::Till,
            };
            let (ordinal, lane) = let_in(tx, None, &place, self.edges.now())?;
            Ok::<_, AppError>(Identity {
                device,
                branch,
                counter,
                ordinal,
                lane,
                secret_key,
                ..self.identity.clone()
            })
        })
    }

    /// Opens an invitation. The same id again is the same invitation. `here` is where programs of this machine alone
    /// find this device; it counts while the LAN does not.
    pub fn invite(&self, invite: &Invite, here: Vec<String>) -> Result<InvitationView> {
        if self.is_demo() {
            return Err(Code::NotInDemo.into());
        }
        let shared = self.shared_at();
        let addresses = if shared.is_empty() { here } else { shared };
        let now = self.edges.now();
        let key = self.public_key()?;
        let mut list = self.invitations.lock();
        tidy(&mut list, now);
        if !list.iter().any(|one| one.id == invite.id) {
            if list.iter().filter(|one| !one.state.is_over()).count() >= MOST {
                return Err(Code::InvitationsMany.into());
            }
            let half_secret = self.edges.random();
            list.push(Invitation {
                id: invite.id,
                half: public_half(&half_secret),
                half_secret,
                secret: self.edges.random(),
                addresses,
                until: Moment(now.0.saturating_add(LIFE_MS)),
                tries: TRIES,
                guest: None,
                state: State::Open,
            });
        }
        let one = list
            .iter()
            .find(|one| one.id == invite.id)
            .ok_or(Code::NotFound)?;
        view(one, &key)
    }

    /// The invitations of the last hour, the newest first.
    pub fn invitation_list(&self) -> Result<Page<InvitationView>> {
        let key = self.public_key()?;
        let mut list = self.invitations.lock();
        tidy(&mut list, self.edges.now());
        let views = list.iter().rev().map(|one| view(one, &key));
        Ok(Page::whole(views.collect::<Result<_>>()?))
    }

    pub fn invitation(&self, id: Uuid) -> Result<InvitationView> {
        let key = self.public_key()?;
        let mut list = self.invitations.lock();
        tidy(&mut list, self.edges.now());
        let one = list.iter().find(|one| one.id == id).ok_or(Code::NotFound)?;
        view(one, &key)
    }

    /// Says no to whoever asked, or takes an invitation back. A device that was let in and has not got its books yet is
    /// shut out again.
    pub fn withdraw_invitation(&self, actor: &Actor, id: Uuid) -> Result<()> {
        let mut list = self.invitations.lock();
        let one = list.iter_mut().find(|one| one.id == id).ok_or(Code::NotFound)?;
        let mut let_in = None;
        match one.state {
            State::Open => one.state.end(State::Withdrawn),
            State::Asked => one.state.end(State::Declined),
            State::Preparing | State::Ready { .. } => {
                let_in = one.guest.as_ref().map(|guest| guest.knock.device);
                one.state.end(State::Declined);
            }
            State::Joined
            | State::Declined
            | State::Withdrawn
            | State::Expired
            | State::Guessed
            | State::Failed => {}
        }
        drop(list);
        if let Some(device) = let_in {
            self.shut_out(actor, device_of(device), "not joined")?;
        }
        self.live.tell("join", Some(id.to_string()));
        Ok(())
    }

    /// Lets the guest in: it belongs to the shop from here on, and its books are made ready in the background.
    pub fn approve_guest(
        self: &Arc<Self>,
        actor: &Actor,
        id: Uuid,
        approve: &ApproveGuest,
    ) -> Result<InvitationView> {
        let place = NewPlace {
            device: device_of(approve.device),
            public_key: self.public_key()?,
            branch: self.branch_to_join(approve.branch)?,
            counter: CounterId::from_uuid(self.edges.new_id()),
            counter_name: text("counter", &approve.counter, 40)?,
            name: text("name", &approve.name, 60)?,
            role: approve.role.parse().map_err(|e| AppError::field("role", e))?,
        };
        let knock = {
            let mut list = self.invitations.lock();
            tidy(&mut list, self.edges.now());
            let one = list.iter_mut().find(|one| one.id == id).ok_or(Code::NotFound)?;
            let same = one
                .guest
                .as_ref()
                .filter(|guest| guest.knock.device == approve.device);
            match (&one.state, same) {
                (State::Asked, Some(guest)) => {
                    let knock = guest.knock.clone();
                    one.state = State::Preparing;
                    knock
                }
                // Said twice is said once.
                (State::Preparing | State::Ready { .. } | State::Joined, Some(_)) => {
                    return view(one, &self.public_key()?);
                }
                _ => return Err(Code::JoinDecided.into()),
            }
        };
        let back = |state: State| {
            if let Some(one) = self.invitations.lock().iter_mut().find(|one| one.id == id) {
                one.state = state;
            }
        };
        let Some(public_key) = PublicKey::from_bytes(&knock.public_key) else {
            back(State::Failed);
            return Err(Code::Malformed.into());
        };
        let place = NewPlace { public_key, ..place };
        if self.store.read(|r| r.device(place.device))?.is_some() {
            back(State::Failed);
            return Err(Code::JoinDecided.into());
        }
        let now = self.edges.now();
        let let_in = self
            .store
            .write(now, |tx| let_in(tx, Some(actor.staff), &place, now));
        let (ordinal, lane) = match let_in {
            Ok(numbers) => numbers,
            Err(error) => {
                back(State::Asked);
                return Err(error);
            }
        };
        for topic in ["device", "setting"] {
            self.live.tell(topic, None);
        }
        self.live.tell("join", Some(id.to_string()));
        let ready = Ready {
            size: 0,
            hash: [0; 32],
            signature: vec![],
            shop: self.identity.shop.uuid(),
            branch: place.branch.uuid(),
            counter: place.counter.uuid(),
            ordinal,
            lane,
            number_key: self.identity.number_key,
            currency: self.identity.currency.clone(),
            clock: 0,
            host: self.identity.device.uuid(),
        };
        let shop = Arc::downgrade(self);
        let preparing = thread::Builder::new().name("join-books".to_owned());
        let spawned = preparing.spawn(move || prepare(&shop, id, &knock, ready));
        if let Err(error) = spawned {
            back(State::Failed);
            return Err(AppError::new(Code::Broken).caused(error));
        }
        self.invitation(id)
    }

    fn branch_to_join(&self, asked: Option<Uuid>) -> Result<BranchId> {
        let Some(branch) = asked.map(BranchId::from_uuid) else {
            return Ok(self.identity.branch);
        };
        self.store.read(|r| must_be_open(r, branch))?;
        Ok(branch)
    }

    pub(crate) fn public_key(&self) -> Result<PublicKey> {
        Ok(DeviceKey::from_seed(&self.identity.secret_key).public())
    }

    /// Who is here, for a device that has a code.
    pub fn join_hello(&self) -> Result<Hello> {
        let mut list = self.invitations.lock();
        tidy(&mut list, self.edges.now());
        let open = list.iter().filter(|one| !one.state.is_over());
        Ok(Hello {
            key: hex(&self.public_key()?.bytes()),
            halves: open.map(|one| hex(&one.half)).collect(),
        })
    }

    /// Answers what a joining device asks. Whoever has no business here is told that there is nothing.
    pub fn join_ask(&self, question: &[u8]) -> Result<Vec<u8>> {
        let nothing = || AppError::new(Code::NotFound);
        let (halves, sealed) = question.split_at_checked(HALVES).ok_or_else(nothing)?;
        let (ours, theirs) = halves.split_at(HALVES / 2);
        let theirs: [u8; 32] = theirs.try_into().map_err(|_| nothing())?;
        let now = self.edges.now();
        let mut list = self.invitations.lock();
        tidy(&mut list, now);
        let one = list.iter_mut().find(|one| one.half == ours).ok_or_else(nothing)?;
        let channel = Channel::of(&theirs, &one.half, &one.half_secret, &theirs).ok_or_else(nothing)?;
        let asked = channel.open_ask(sealed).ok_or_else(nothing)?;
        let asked: Asked = serde_json::from_slice(&asked).map_err(|_| nothing())?;
        let (id, before) = (one.id, one.state.word());
        let told = match asked.what {
            Ask::Knock(knock) => Answer::Told(self.knocked(one, theirs, asked.n, *knock, now)),
            what => match &mut one.guest {
                Some(guest) if guest.half == theirs && asked.n > guest.n => {
                    guest.n = asked.n;
                    guest.seen = now;
                    goes_on(one, &what)
                }
                // Not the guest, or an old question once more.
                _ => return Err(nothing()),
            },
        };
        let changed = before != one.state.word() || matches!(told, Answer::Piece { .. });
        drop(list);
        if changed {
            self.live.tell("join", Some(id.to_string()));
        }
        let plain = match told {
            Answer::Told(told) => {
                let json = serde_json::to_vec(&told).map_err(|e| AppError::new(Code::Broken).caused(e))?;
                [&[0], json.as_slice()].concat()
            }
            Answer::Piece { file, from } => piece(&file, from)?,
        };
        channel
            .close_answer(question, self.edges.random(), &plain)
            .ok_or_else(|| AppError::new(Code::Broken).because("an answer is too long"))
    }

    fn knocked(&self, one: &mut Invitation, half: [u8; 32], n: u64, knock: Knock, now: Moment) -> Told {
        let refused = |code: Code| Told::Refused(code.as_str().to_owned());
        if let Some(guest) = &mut one.guest {
            // The answer was lost on the way; anybody else comes too late.
            return if guest.half == half && n > guest.n {
                guest.n = n;
                Told::Waiting {
                    digits: guest.digits.clone(),
                }
            } else {
                refused(Code::JoinUsed)
            };
        }
        if !matches!(one.state, State::Open) {
            return refused(Code::JoinExpired);
        }
        if !join_secret_fits(&one.secret, &knock.secret) {
            one.tries = one.tries.saturating_sub(1);
            if one.tries == 0 {
                one.state.end(State::Guessed);
            }
            return refused(Code::JoinCodeWrong);
        }
        if knock.build < store::BUILD {
            return refused(Code::JoinVersion);
        }
        let digits = format!("{:04}", u32::from_be_bytes(self.edges.random()) % 10_000);
        let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(60).collect();
        one.guest = Some(Guest {
            half,
            knock: Knock {
                name: short(&knock.name),
                version: short(&knock.version),
                ..knock
            },
            digits: digits.clone(),
            n,
            seen: now,
        });
        one.state = State::Asked;
        Told::Waiting { digits }
    }
}

enum Answer {
    Told(Told),
    Piece { file: PathBuf, from: u64 },
}

/// What the guest of an invitation is told.
fn goes_on(one: &mut Invitation, what: &Ask) -> Answer {
    let refused = |code: Code| Answer::Told(Told::Refused(code.as_str().to_owned()));
    match (what, &mut one.state) {
        (Ask::Leave, State::Asked) => {
            one.state.end(State::Withdrawn);
            Answer::Told(Told::Over)
        }
        (Ask::Leave, _) => Answer::Told(Told::Over),
        (Ask::Done, State::Ready { .. }) => {
            one.state.end(State::Joined);
            Answer::Told(Told::Over)
        }
        (Ask::Piece { from }, State::Ready { file, sent, ready }) => {
            *sent = ready.size.min(from.saturating_add(PIECE as u64)).max(*sent);
            Answer::Piece {
                file: file.clone(),
                from: *from,
            }
        }
        (_, State::Asked) => {
            let digits = one.guest.as_ref().map(|guest| guest.digits.clone());
            Answer::Told(Told::Waiting {
                digits: digits.unwrap_or_default(),
            })
        }
        (_, State::Preparing) => Answer::Told(Told::Preparing),
        (_, State::Ready { ready, .. }) => Answer::Told(Told::Ready(ready.clone())),
        (_, State::Joined) => Answer::Told(Told::Over),
        (_, State::Declined) => refused(Code::JoinDeclined),
        (_, State::Failed) => refused(Code::JoinFailed),
        (_, State::Open | State::Withdrawn | State::Expired | State::Guessed) => refused(Code::JoinExpired),
    }
}

/// Ends what is past its time, and forgets what ended long ago.
fn tidy(list: &mut Vec<Invitation>, now: Moment) {
    for one in list.iter_mut() {
        let silent = one
            .guest
            .as_ref()
            .is_some_and(|guest| now.0.saturating_sub(guest.seen.0) > SILENCE_MS);
        let over = match one.state {
            State::Open => now >= one.until,
            State::Asked => now >= one.until && silent || now.0 > one.until.0.saturating_add(LIFE_MS),
            State::Ready { .. } => silent,
            _ => false,
        };
        if over {
            one.state.end(State::Expired);
        }
    }
    list.retain(|one| !one.state.is_over() || now.0 < one.until.0.saturating_add(KEPT_MS));
}

fn view(one: &Invitation, key: &PublicKey) -> Result<InvitationView> {
    let pin = pin_of(key, &one.half);
    let open = matches!(one.state, State::Open);
    let qr_svg = if open {
        let scanned = qr_text(&JoinCode::scanned(&pin, &one.secret), &one.addresses);
        let matrix = codes::make::qr(&scanned, codes::make::Level::M)
            .map_err(|e| AppError::new(Code::Broken).because(e))?;
        Some(matrix.svg())
    } else {
        None
    };
    let (sent, size) = match &one.state {
        State::Ready { ready, sent, .. } => (*sent, ready.size),
        _ => (0, 0),
    };
    Ok(InvitationView {
        id: one.id,
        state: one.state.word().to_owned(),
        code: open.then(|| JoinCode::typed(&pin, &one.secret)),
        qr_svg,
        addresses: one.addresses.clone(),
        expires_at: rfc3339(one.until),
        guest: one.guest.as_ref().map(|guest| GuestView {
            device: guest.knock.device,
            name: guest.knock.name.clone(),
            version: guest.knock.version.clone(),
            digits: guest.digits.clone(),
        }),
        sent,
        size,
    })
}

/// The fact that lets a device in, its counter's name and its own.
fn let_in(tx: &mut Write<'_>, by: Option<StaffId>, place: &NewPlace, now: Moment) -> Result<(u16, u8)> {
    let (ordinal, lane) = tx.reader().next_place(place.branch)?.ok_or(Code::NumbersUsedUp)?;
    let body = DeviceAdmittedV1 {
        device: place.device.bytes(),
        public_key: place.public_key.bytes(),
        branch: place.branch.bytes(),
        counter: place.counter.bytes(),
        ordinal,
        lane,
        admitted_ms: now.0,
    };
    tx.record(by, &Body::DeviceAdmitted(body))?;
    name_counter(tx, place.counter, &place.counter_name)?;
    let fields = vec![
        (fields::device::NAME, Value::Text(place.name.clone())),
        (fields::device::ROLE, Value::Text(place.role.as_str().to_owned())),
    ];
    let patch = PatchV1 {
        record: place.device.bytes(),
        fields,
    };
    tx.record(by, &Body::DeviceSet(patch))?;
    Ok((ordinal, lane))
}

/// Makes the books for a guest, and deletes them when it has them or is gone.
fn prepare(shop: &Weak<Shop>, id: Uuid, knock: &Knock, ready: Ready) {
    let made = match shop.upgrade() {
        Some(shop) => books(&shop, id, knock, ready),
        None => return,
    };
    {
        let Some(shop) = shop.upgrade() else { return };
        let mut list = shop.invitations.lock();
        // Whoever took it back meanwhile did not wait for the books.
        let waits = |one: &&mut Invitation| one.id == id && matches!(one.state, State::Preparing);
        if let Some(one) = list.iter_mut().find(waits) {
            one.state = match made {
                Ok((file, ready)) => State::Ready {
                    file,
                    ready: Box::new(ready),
                    sent: 0,
                },
                Err(error) => {
                    tracing::error!(%error, "the books for a new device are not made");
                    State::Failed
                }
            };
        } else if let Ok((file, _)) = made
            && let Err(error) = std::fs::remove_file(&file)
        {
            tracing::warn!(%error, "books that nobody waits for are not deleted");
        }
        drop(list);
        shop.live.tell("join", Some(id.to_string()));
    }
    loop {
        thread::sleep(Duration::from_secs(2));
        let Some(shop) = shop.upgrade() else { return };
        let mut list = shop.invitations.lock();
        tidy(&mut list, shop.edges.now());
        if list
            .iter()
            .find(|one| one.id == id)
            .is_none_or(|one| one.state.is_over())
        {
            return;
        }
    }
}

fn books(shop: &Shop, id: Uuid, knock: &Knock, ready: Ready) -> Result<(PathBuf, Ready)> {
    let broken = |e: std::io::Error| disk(&e);
    let folder = shop.store.file().parent().ok_or(Code::Broken)?.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(broken)?;
    let file = folder.join(format!("{id}.db"));
    let into = Options {
        file: file.clone(),
        key: Some(knock.database_key),
        vfs: None,
    };
    let made = shop
        .store
        .snapshot(&into)
        .map_err(AppError::from)
        .and_then(|clock| {
            let (size, hash) = size_and_hash(&file)?;
            let signature = shop.store.sign(&signed(ready.shop, knock.device, &hash))?;
            Ok(Ready {
                size,
                hash,
                signature: signature.to_vec(),
                clock: clock.0,
                ..ready
            })
        });
    match made {
        Ok(ready) => Ok((file, ready)),
        Err(error) => {
            // What is half made is of no use; when it cannot be deleted the next start does it.
            let _ = std::fs::remove_file(&file);
            Err(error)
        }
    }
}

pub(crate) fn size_and_hash(file: &Path) -> Result<(u64, [u8; 32])> {
    let mut hasher = blake3::Hasher::new();
    let mut from = std::fs::File::open(file).map_err(|e| disk(&e))?;
    let size = std::io::copy(&mut from, &mut hasher).map_err(|e| disk(&e))?;
    Ok((size, *hasher.finalize().as_bytes()))
}

/// A full disk is told as one.
pub(crate) fn disk(error: &std::io::Error) -> AppError {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => AppError::new(Code::DiskFull),
        _ => AppError::new(Code::Broken).because(error),
    }
}

/// One piece of the books, behind a byte that tells it from words.
fn piece(file: &Path, from: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![1];
    let mut file = std::fs::File::open(file).map_err(|e| disk(&e))?;
    file.seek(SeekFrom::Start(from)).map_err(|e| disk(&e))?;
    file.take(PIECE as u64)
        .read_to_end(&mut bytes)
        .map_err(|e| disk(&e))?;
    Ok(bytes)
}

/// Deletes what a shop that was ended in the middle left of books for others.
pub(crate) fn sweep(folder: &Path) {
    match std::fs::remove_dir_all(folder.join(FOLDER)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, "old books of joining devices are not deleted");
        }
        _ => {}
    }
}

impl Ready {
    /// Who the joining device is.
    pub(crate) fn identity(&self, device: DeviceId, secret_key: [u8; 32]) -> Identity {
        Identity {
            device,
            shop: domain::ids::ShopId::from_uuid(self.shop),
            branch: BranchId::from_uuid(self.branch),
            counter: CounterId::from_uuid(self.counter),
            ordinal: self.ordinal,
            lane: self.lane,
            secret_key,
            number_key: self.number_key,
            currency: self.currency.clone(),
            demo: false,
        }
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp(self.clock)
    }
}

/// Random halves for one attempt to join.
pub(crate) fn new_half(edges: &Edges) -> ([u8; 32], [u8; 32]) {
    let secret = edges.random();
    (secret, public_half(&secret))
}
