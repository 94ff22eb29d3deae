//! Backups at the hub, on both engines: what comes in pieces is whole or not there, and only the card brings it back.

#[allow(dead_code, reason = "the hub's other tests use the rest of it")]
mod support;

#[allow(dead_code, reason = "the hub's other tests use the rest of it")]
mod engines;

use domain::time::Moment;
use engines::{Engine, OnPostgres, OnSqlite, Stand, invite, serve_with, shop, wide};
use hub::{
    Books, Limits,
    backups::{BackupBooks, State},
    files::{Files, Folder},
};
use journal::{
    Chunk,
    backups::{Bring, Brought, CARD_WINDOW_MS, CardAsk, Description, KeptBackups, PIECE_BYTES, Signed, Want},
    exchange::{Push, Pushed},
    recovery::RecoverySecret,
};
use std::{
    num::NonZeroU32,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::Relaxed},
        mpsc::{Receiver, channel},
    },
};
use support::{Client, Device, NOON, Said, code};
use tempfile::TempDir;

const HOUR: i64 = 3_600_000;

fn card(n: u8) -> RecoverySecret {
    RecoverySecret([n; 16])
}

/// What a device seals; to a hub it is just bytes.
fn content(bytes: usize, mark: u8) -> Vec<u8> {
    (0..bytes)
        .map(|at| u8::try_from(at % 251).expect("below 251") ^ mark)
        .collect()
}

fn pieces(content: &[u8]) -> Vec<&[u8]> {
    content
        .chunks(usize::try_from(PIECE_BYTES).expect("small"))
        .collect()
}

fn described(device: &Device, card_of: u8, made_ms: i64, content: &[u8]) -> Signed {
    let description = Description {
        shop: device.shop().bytes(),
        device: device.id.bytes(),
        card: card(card_of).signing_key().public().bytes(),
        made_ms,
        bytes: u64::try_from(content.len()).expect("small"),
        facts: device.place().seq,
        pieces: pieces(content)
            .iter()
            .map(|piece| *blake3::hash(piece).as_bytes())
            .collect(),
    };
    description.sign(&device.key())
}

async fn step(client: &Client, by: &Device, step: &Bring, now: i64) -> Said {
    client
        .ask_as(by, by.shop(), "/sync/v1/backups", Some(step.encode()), now)
        .await
        .expect("the hub answers")
}

async fn brought(client: &Client, by: &Device, bring: Bring, now: i64) -> Brought {
    let (status, body) = step(client, by, &bring, now).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    Brought::decode(&body).expect("an answer")
}

/// All of it, from the first word to the last.
async fn bring(client: &Client, by: &Device, card_of: u8, made_ms: i64, content: &[u8], now: i64) -> Signed {
    let signed = described(by, card_of, made_ms, content);
    let id = signed.description.id();
    let how_far = brought(client, by, Bring::Begin(signed.clone()), now).await;
    for at in how_far.missing {
        let bytes = pieces(content)[usize::try_from(at).expect("small")].to_vec();
        brought(client, by, Bring::Piece { id, at, bytes }, now).await;
    }
    assert!(brought(client, by, Bring::Finish { id }, now).await.whole);
    signed
}

async fn push_at(client: &Client, by: &Device, series: Vec<Chunk>, now: i64) {
    let push = Push { series }.encode();
    let said = client.ask_as(by, by.shop(), "/sync/v1/push", Some(push), now);
    let answer = said.await.expect("the hub answers");
    let pushed = Pushed::decode(&answer.1).expect("an answer to a push");
    assert_eq!(pushed.refused, []);
}

async fn ask(client: &Client, ask: &CardAsk) -> Said {
    let asking = client.http.post(format!("{}/sync/v1/recover", client.address));
    let answer = asking.body(ask.encode()).send().await.expect("the hub answers");
    (
        answer.status().as_u16(),
        answer.bytes().await.expect("a body").to_vec(),
    )
}

async fn list(client: &Client, card_of: u8, now: i64) -> Said {
    ask(client, &CardAsk::with(&card(card_of), Want::List, now)).await
}

async fn kept(client: &Client, card_of: u8, now: i64) -> Vec<Signed> {
    let (status, body) = list(client, card_of, now).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    KeptBackups::decode(&body).expect("a list").backups
}

async fn fetched(client: &Client, card_of: u8, of: &Signed, now: i64) -> Vec<u8> {
    let mut all = vec![];
    for at in (0..).take(of.description.pieces.len()) {
        let want = Want::Piece {
            shop: of.description.shop,
            id: of.description.id(),
            at,
        };
        let (status, body) = ask(client, &CardAsk::with(&card(card_of), want, now)).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        assert!(of.description.is_piece(at, &body));
        all.extend(body);
    }
    all
}

/// Files beside which something happens once they were listed.
struct Meddled {
    files: Folder,
    then: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    /// Nothing is written before a word is said here.
    puts: Mutex<Option<Arc<Mutex<Receiver<()>>>>>,
}

impl Files for Meddled {
    fn put(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let hung = self.puts.lock().expect("no panic").clone();
        if let Some(word) = hung {
            // It comes by hanging up.
            let _ = word.lock().expect("no panic").recv();
        }
        self.files.put(name, bytes)
    }

    fn get(&self, name: &str, from: u64, most: u64) -> std::io::Result<Option<Vec<u8>>> {
        self.files.get(name, from, most)
    }

    fn list(&self, prefix: &str) -> std::io::Result<Vec<(String, u64)>> {
        let found = self.files.list(prefix);
        if let Some(then) = self.then.lock().expect("no panic").take() {
            then();
        }
        found
    }

    fn delete(&self, name: &str) -> std::io::Result<()> {
        self.files.delete(name)
    }
}

async fn stand<E: Engine>(engine: &mut E, limits: Limits) -> Stand<E::Books, Meddled> {
    let folder = TempDir::new().expect("a folder");
    let files = Meddled {
        files: Folder::open(folder.path()).expect("files"),
        then: Mutex::default(),
        puts: Mutex::default(),
    };
    Stand::over(engine.fresh().await, files, folder, limits).await
}

impl<B: Books> Stand<B, Meddled> {
    /// A shop with a card, whose two devices are known.
    async fn shop(&self, n: u8, card_of: u8) -> (Device, Device) {
        let (mut founder, mut other) = shop(&self.client, "word", n).await;
        founder.set_card(card_of, 1);
        other.sell(3, 40);
        let pushed = self
            .client
            .push(&founder, vec![founder.chunk(0), other.chunk(0)])
            .await;
        assert_eq!(pushed.refused, []);
        (founder, other)
    }

    fn names(&self, prefix: &str) -> Vec<String> {
        let found = self.files.list(prefix).expect("a list");
        found.into_iter().map(|(name, _)| name).collect()
    }
}

async fn a_backup_comes_in_pieces_and_goes_to_the_card_alone(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, other) = at.shop(1, 7).await;
    let (stranger, _) = at.shop(2, 9).await;
    let books = content(2_500_000, 1);
    let signed = described(&founder, 7, NOON, &books);
    let id = signed.description.id();
    let begin = Bring::Begin(signed.clone());
    let piece = |n: usize| Bring::Piece {
        id,
        at: u32::try_from(n).expect("small"),
        bytes: pieces(&books)[n].to_vec(),
    };
    let client = &at.client;

    let how_far = brought(client, &founder, begin.clone(), NOON).await;
    assert_eq!((how_far.missing, how_far.whole), (vec![0, 1, 2], false));
    brought(client, &founder, piece(1), NOON).await;
    brought(client, &founder, piece(1), NOON).await;
    // After a break it goes on where it was.
    let how_far = brought(client, &founder, begin.clone(), NOON).await;
    assert_eq!(how_far.missing, [0, 2]);
    let finish = Bring::Finish { id };
    let how_far = brought(client, &founder, finish.clone(), NOON).await;
    assert_eq!((how_far.missing, how_far.whole), (vec![0, 2], false));
    let unknown = list(client, 7, NOON).await;
    assert_eq!(
        (unknown.0, code(&unknown).as_str()),
        (401, "not_signed"),
        "half of it is nothing"
    );

    let changed = Bring::Piece {
        id,
        at: 0,
        bytes: vec![0; 1 << 20],
    };
    assert_eq!(code(&step(client, &founder, &changed, NOON).await), "unreadable");
    for (by, bring) in [
        (&other, piece(0)),
        (&stranger, piece(0)),
        (&other, finish.clone()),
    ] {
        assert_eq!(code(&step(client, by, &bring, NOON).await), "backup_unknown");
    }
    // Nobody brings in another's name, nor for a card that the shop does not have.
    assert_eq!(code(&step(client, &other, &begin, NOON).await), "not_signed");
    assert_eq!(code(&step(client, &stranger, &begin, NOON).await), "not_signed");
    let forged = Bring::Begin(described(&founder, 8, NOON, &books));
    assert_eq!(code(&step(client, &founder, &forged, NOON).await), "card_unknown");
    let mut cut = signed.description.clone();
    cut.pieces.pop();
    let cut = Bring::Begin(cut.sign(&founder.key()));
    assert_eq!(code(&step(client, &founder, &cut, NOON).await), "too_big");

    for n in [0, 2] {
        brought(client, &founder, piece(n), NOON).await;
    }
    assert!(brought(client, &founder, finish.clone(), NOON).await.whole);
    assert!(brought(client, &founder, finish, NOON).await.whole, "told twice");
    assert!(
        brought(client, &founder, begin, NOON).await.whole,
        "there is nothing left to bring"
    );
    let found = kept(client, 7, NOON).await;
    assert_eq!(found, std::slice::from_ref(&signed));
    assert!(found[0].is_signed_by(&founder.key().public()));
    assert_eq!(fetched(client, 7, &signed, NOON).await, books);

    // Whoever has no card hears one and the same word, whatever is here.
    let nobody = list(client, 77, NOON).await;
    let mut replayed = CardAsk::with(&card(7), Want::List, NOON);
    replayed.time_ms += 1;
    let want = Want::Piece {
        shop: founder.shop().bytes(),
        id,
        at: 0,
    };
    for said in [
        ask(client, &replayed).await,
        ask(client, &CardAsk::with(&card(77), want, NOON)).await,
        list(client, 9, NOON).await,
    ] {
        assert_eq!(said, nobody);
    }
    assert_eq!(nobody, unknown);
    let late = list(client, 7, NOON + CARD_WINDOW_MS + 1).await;
    assert_eq!(code(&late), "clock");
    let beyond = Want::Piece {
        shop: founder.shop().bytes(),
        id,
        at: 3,
    };
    assert_eq!(
        code(&ask(client, &CardAsk::with(&card(7), beyond, NOON)).await),
        "backup_unknown"
    );

    // Another shop's card fetches its own, and nothing of this one.
    let theirs = bring(client, &stranger, 9, NOON, &content(10, 2), NOON).await;
    assert_eq!(kept(client, 9, NOON).await, [theirs]);
    let reach = Want::Piece {
        shop: founder.shop().bytes(),
        id,
        at: 0,
    };
    assert_eq!(
        code(&ask(client, &CardAsk::with(&card(9), reach, NOON)).await),
        "backup_unknown"
    );
    at.hub
        .books()
        .suspend("Kaju Katli Sweets", true)
        .await
        .expect("suspended");
    assert_eq!(code(&list(client, 7, NOON).await), "suspended");
    assert_eq!(list(client, 77, NOON).await, nobody);
}

async fn a_new_card_ends_the_old_one_here_too(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (mut founder, other) = at.shop(1, 7).await;
    let old = bring(&at.client, &founder, 7, NOON, &content(500, 1), NOON).await;
    let of_other = bring(&at.client, &other, 7, NOON, &content(500, 2), NOON).await;
    assert_eq!(kept(&at.client, 7, NOON).await.len(), 2);
    founder.set_card(8, 2);
    assert_eq!(at.client.push(&founder, vec![founder.chunk(3)]).await.refused, []);
    assert_eq!(
        code(&list(&at.client, 7, NOON).await),
        "not_signed",
        "it may be in a stranger's hands"
    );
    assert_eq!(
        code(&list(&at.client, 8, NOON).await),
        "not_signed",
        "there is none for it yet"
    );
    let new = bring(&at.client, &founder, 8, NOON + HOUR, &content(500, 3), NOON).await;
    assert_eq!(kept(&at.client, 8, NOON).await, std::slice::from_ref(&new));
    let left = at.hub.books().backups(founder.shop()).await.expect("books");
    let left: Vec<Signed> = left.into_iter().map(|backup| backup.signed).collect();
    assert_eq!(
        left,
        [of_other, new.clone()],
        "the owner's word lets go of {old:?}, and of the other's once that has brought one"
    );
    let second = bring(&at.client, &other, 8, NOON + 2 * HOUR, &content(500, 4), NOON).await;
    assert_eq!(kept(&at.client, 8, NOON).await, [second, new]);
    assert_eq!(at.names("").len(), 2);
}

async fn one_tills_word_takes_no_backup_from_the_owners_card(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let client = &at.client;
    let (mut founder, mut till) = at.shop(1, 7).await;
    let mut three = vec![];
    for (by, mark) in [(&founder, 1), (&till, 2), (&founder, 3)] {
        let made = NOON + i64::from(mark) * HOUR;
        at.clock.store(made, Relaxed);
        three.insert(0, bring(client, by, 7, made, &content(500, mark), made).await);
    }
    // The till's key, in a stranger's hands, makes a card of his the shop's.
    let before = till.place();
    till.set_card(8, 2);
    push_at(client, &till, vec![till.chunk(1)], NOON + 3 * HOUR).await;
    let now = NOON + 20 * HOUR;
    at.clock.store(now, Relaxed);
    let theirs = bring(client, &till, 8, now, &content(500, 4), now).await;
    assert_eq!(kept(client, 8, now).await, [theirs]);
    // The owner's card fetches all that it did before, and hears that there is a newer one.
    let answer = list(client, 7, now).await;
    let found = KeptBackups::decode(&answer.1).expect("a list");
    assert_eq!((&found.backups, found.replaced), (&three, true));
    assert_eq!(fetched(client, 7, &three[0], now).await.len(), 500);
    let month = 30 * 24 * HOUR;
    at.clock.store(now + month - HOUR, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    let late = kept(client, 7, now + month - HOUR).await;
    assert!(
        late.contains(&three[0]) && late.contains(&three[1]),
        "the newest of each device stays: {late:?}"
    );

    // The till is shut out from before its word: the card is the owner's again, and the month is over for nobody.
    founder.revoke(&till, before);
    let word = founder.chunk(founder.written.len() - 1);
    push_at(client, &founder, vec![word], now + month - HOUR).await;
    at.hub.sweep_backups().await.expect("swept");
    at.clock.store(now + month + HOUR, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    let answer = list(client, 7, now + month + HOUR).await;
    let found = KeptBackups::decode(&answer.1).expect("a list");
    assert_eq!((&found.backups, found.replaced), (&late, false));
    assert_eq!(
        fetched(client, 7, &three[0], now + month + HOUR).await,
        content(500, 3)
    );
    assert_eq!(
        code(&list(client, 8, now + month + HOUR).await),
        "not_signed",
        "the stranger's card opens nothing"
    );
    // What is sealed for a card that is nobody's goes a month later.
    at.clock.store(now + 3 * month, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    let left = at.hub.books().backups(founder.shop()).await.expect("books");
    assert!(
        left.iter().all(|backup| late.contains(&backup.signed)),
        "{left:?}"
    );
    assert!(left.iter().any(|backup| backup.signed == three[0]));
}

async fn what_a_till_replaced_goes_after_a_month(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, mut till) = at.shop(1, 7).await;
    let former = bring(&at.client, &founder, 7, NOON, &content(500, 1), NOON).await;
    till.set_card(8, 2);
    assert_eq!(at.client.push(&till, vec![till.chunk(1)]).await.refused, []);
    at.hub.sweep_backups().await.expect("swept");
    let later = NOON + 30 * 24 * HOUR;
    at.clock.store(later, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    assert_eq!(kept(&at.client, 7, later).await, [former]);
    at.clock.store(later + 1, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    assert_eq!(code(&list(&at.client, 7, later + 1).await), "not_signed");
    assert_eq!(at.names(""), Vec::<String>::new());
}

async fn old_ones_are_let_go_of_and_there_is_an_end_to_room(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, other) = at.shop(1, 7).await;
    let (rich, _) = at.shop(2, 5).await;
    bring(
        &at.client,
        &other,
        7,
        NOON - 900 * 24 * HOUR,
        &content(60, 9),
        NOON,
    )
    .await;
    for hours in 0..60 {
        let now = NOON + hours * HOUR;
        at.clock.store(now, Relaxed);
        bring(
            &at.client,
            &founder,
            7,
            now,
            &content(60, u8::try_from(hours).expect("small")),
            now,
        )
        .await;
    }
    let now = at.clock.load(Relaxed);
    let found = kept(&at.client, 7, now).await;
    assert!(
        (24..30).contains(&found.len()),
        "a day of hours and three days: {}",
        found.len()
    );
    let newest_first: Vec<i64> = found.iter().map(|signed| signed.description.made_ms).collect();
    assert!(newest_first.is_sorted_by(|a, b| a >= b), "{newest_first:?}");
    assert_eq!(newest_first[0], now);
    assert!(
        newest_first.contains(&(NOON - 900 * 24 * HOUR)),
        "of each device the newest stays"
    );
    assert_eq!(at.names("").len(), found.len(), "pieces go with their backups");

    // Twenty megabytes for all shops of the organisation.
    let large = described(&rich, 5, now, &content(20 << 20, 1));
    let said = step(&at.client, &rich, &Bring::Begin(large), now).await;
    assert_eq!((said.0, code(&said).as_str()), (403, "backups_full"));
    bring(&at.client, &rich, 5, now, &content(1 << 20, 1), now).await;
}

async fn a_full_hub_makes_room_as_time_goes_by(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, other) = at.shop(1, 7).await;
    for hours in 0..6 {
        let (now, mark) = (NOON + hours * HOUR, u8::try_from(hours).expect("small"));
        at.clock.store(now, Relaxed);
        bring(&at.client, &founder, 7, now, &content(3_000_000, mark), now).await;
    }
    let now = NOON + 6 * HOUR;
    at.clock.store(now, Relaxed);
    let of_other = |made: i64| Bring::Begin(described(&other, 7, made, &content(3_000_000, 9)));
    let said = step(&at.client, &other, &of_other(now), now).await;
    assert_eq!(code(&said), "backups_full");
    // Nobody finished anything since, and nothing was swept.
    let later = NOON + 15 * 24 * HOUR;
    at.clock.store(later, Relaxed);
    brought(&at.client, &other, of_other(later), later).await;
    assert_eq!(kept(&at.client, 7, later).await.len(), 1);
}

async fn a_clock_that_is_ahead_makes_no_backup_younger(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (mut founder, other) = at.shop(1, 7).await;
    let in_2099 = 4_070_000_000_000;
    bring(&at.client, &founder, 7, in_2099, &content(60, 1), NOON).await;
    at.clock.store(NOON + HOUR, Relaxed);
    let now = NOON + HOUR;
    let second = bring(&at.client, &founder, 7, now, &content(60, 2), now).await;
    let day = 24 * HOUR;
    let days = [0, 20, 40].map(|days| (NOON + days * day, u8::try_from(days).expect("small")));
    let mut of_other = vec![];
    for (now, mark) in days {
        at.clock.store(now, Relaxed);
        of_other.insert(
            0,
            bring(&at.client, &other, 7, now, &content(60, 3 + mark), now).await,
        );
    }
    let later = NOON + 41 * day;
    at.clock.store(later, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    let found = kept(&at.client, 7, later).await;
    assert!(
        found.contains(&second) && found.iter().all(|signed| signed.description.made_ms != in_2099),
        "it came an hour before the second, whatever it says"
    );
    assert!(found.contains(&of_other[1]), "one for each month");

    // Of a device that was shut out the newest stays, and what it brought of late.
    founder.revoke(&other, other.place());
    let word = founder.chunk(founder.written.len() - 1);
    push_at(&at.client, &founder, vec![word], later).await;
    at.hub.sweep_backups().await.expect("swept");
    assert_eq!(kept(&at.client, 7, later).await, found);
    at.clock.store(later + 15 * day, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    assert_eq!(
        kept(&at.client, 7, later + 15 * day).await,
        [of_other[0].clone(), second]
    );
}

async fn what_is_given_up_while_it_is_finished_is_not_whole(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, _) = at.shop(1, 7).await;
    let shop = founder.shop();
    for (mark, to) in [(1, State::Going), (2, State::Whole)] {
        let books = content(70, mark);
        let signed = described(&founder, 7, NOON + i64::from(mark), &books);
        let id = signed.description.id();
        brought(&at.client, &founder, Bring::Begin(signed), NOON).await;
        let piece = Bring::Piece {
            id,
            at: 0,
            bytes: books,
        };
        brought(&at.client, &founder, piece, NOON).await;
        // Between the look at the pieces and the word that it is whole.
        let (hub, here) = (at.hub.clone(), tokio::runtime::Handle::current());
        let meddle = move || {
            let turned = hub.books().turn_backup(shop, id, State::Coming, to, Moment(NOON));
            assert!(here.block_on(turned).expect("books"));
        };
        *at.files.then.lock().expect("no panic") = Some(Box::new(meddle));
        let said = step(&at.client, &founder, &Bring::Finish { id }, NOON).await;
        match to {
            State::Going => assert_eq!(code(&said), "backup_unknown", "its device does not count on it"),
            _ => assert!(Brought::decode(&said.1).expect("an answer").whole),
        }
    }
    assert_eq!(kept(&at.client, 7, NOON).await.len(), 1);
}

async fn a_slow_line_gets_there_in_the_end(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, _) = at.shop(1, 7).await;
    let books = content(4 << 20, 1);
    let signed = described(&founder, 7, NOON, &books);
    let id = signed.description.id();
    for (day, bytes) in (0_u32..).zip(pieces(&books)) {
        let now = NOON + i64::from(day) * 2 * 24 * HOUR;
        at.clock.store(now, Relaxed);
        at.hub.sweep_backups().await.expect("swept");
        let missing = brought(&at.client, &founder, Bring::Begin(signed.clone()), now)
            .await
            .missing;
        assert_eq!(missing.first(), Some(&day), "two days on it goes on where it was");
        let bytes = bytes.to_vec();
        brought(&at.client, &founder, Bring::Piece { id, at: day, bytes }, now).await;
    }
    let now = at.clock.load(Relaxed);
    assert!(
        brought(&at.client, &founder, Bring::Finish { id }, now)
            .await
            .whole
    );
}

async fn what_was_left_half_done_is_cleared_away(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, other) = at.shop(1, 7).await;
    let books = content(2_000_000, 1);
    for by in [&founder, &other] {
        let signed = described(by, 7, NOON, &books);
        let id = signed.description.id();
        brought(&at.client, by, Bring::Begin(signed), NOON).await;
        let bytes = pieces(&books)[0].to_vec();
        brought(&at.client, by, Bring::Piece { id, at: 0, bytes }, NOON).await;
    }
    assert_eq!(at.names("").len(), 2);
    // A device that begins another one does not go on with the first.
    let done = bring(&at.client, &founder, 7, NOON + 1, &content(70, 4), NOON).await;
    assert_eq!(at.names("").len(), 2);
    // What no row names is rubbish.
    let stray = format!(
        "{}/backups/{}/000000",
        founder.shop(),
        uuid::Uuid::from_bytes([9; 16])
    );
    at.files.put(&stray, b"stray").expect("put");
    at.hub.sweep_backups().await.expect("swept");
    assert_eq!(at.names("").len(), 2, "the other's is still on its way");
    let later = NOON + 4 * 24 * HOUR;
    at.clock.store(later, Relaxed);
    at.hub.sweep_backups().await.expect("swept");
    assert_eq!(at.names("").len(), 1);
    assert_eq!(kept(&at.client, 7, later).await, std::slice::from_ref(&done));
    // Deleting that was cut short: the row is hidden and goes with the next sweep.
    let (shop, id) = (founder.shop(), done.description.id());
    let turned = at
        .hub
        .books()
        .turn_backup(shop, id, State::Whole, State::Going, Moment(later))
        .await;
    assert!(turned.expect("books"));
    assert_eq!(code(&list(&at.client, 7, later).await), "not_signed");
    at.hub.sweep_backups().await.expect("swept");
    assert_eq!(at.names(""), Vec::<String>::new());
    assert_eq!(at.hub.books().backups(shop).await.expect("books"), []);
}

async fn who_tries_cards_is_held_back(engine: &mut impl Engine) {
    let few = Limits {
        cards_per_minute: NonZeroU32::new(5).expect("not zero"),
        ..wide()
    };
    let at = stand(engine, few).await;
    let (founder, _) = at.shop(1, 7).await;
    let signed = bring(&at.client, &founder, 7, NOON, &content(3 << 20, 1), NOON).await;
    // Pieces of what is there are many, and count for nothing.
    for _ in 0..4 {
        fetched(&at.client, 7, &signed, NOON).await;
    }
    let want = Want::Piece {
        shop: founder.shop().bytes(),
        id: signed.description.id(),
        at: 0,
    };
    let mut said = vec![];
    for n in 0..5 {
        let want = if n % 2 == 0 { Want::List } else { want };
        said.push(code(
            &ask(&at.client, &CardAsk::with(&card(50 + n), want, NOON)).await,
        ));
    }
    assert_eq!(said, ["not_signed"; 5]);
    let held = list(&at.client, 7, NOON).await;
    assert_eq!((held.0, code(&held).as_str()), (429, "too_many"));
    let held = ask(&at.client, &CardAsk::with(&card(60), want, NOON)).await;
    assert_eq!(code(&held), "too_many");
    assert_eq!(
        fetched(&at.client, 7, &signed, NOON).await.len(),
        3 << 20,
        "who is known goes on"
    );
}

async fn a_hub_without_files_says_so(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    let (client, hub) = serve_with(books, None, wide(), &Arc::new(AtomicI64::new(NOON))).await;
    let (mut founder, _) = shop(&client, "word", 1).await;
    founder.set_card(7, 1);
    client.push(&founder, vec![founder.chunk(0)]).await;
    let said = step(
        &client,
        &founder,
        &Bring::Begin(described(&founder, 7, NOON, b"books")),
        NOON,
    )
    .await;
    assert_eq!((said.0, code(&said).as_str()), (422, "no_backups"));
    assert_eq!(code(&list(&client, 7, NOON).await), "not_signed");
    hub.sweep_backups().await.expect("nothing to do");
}

/// A store that does not answer holds so many requests and no more; the rest of the hub goes on.
async fn a_store_that_hangs_is_not_waited_for_by_everybody(engine: &mut impl Engine) {
    let at = stand(engine, wide()).await;
    let (founder, _) = at.shop(1, 7).await;
    let books = content(500, 1);
    let signed = described(&founder, 7, NOON, &books);
    let id = signed.description.id();
    brought(&at.client, &founder, Bring::Begin(signed), NOON).await;
    let (word, hung) = channel::<()>();
    let hung = Arc::new(Mutex::new(hung));
    *at.files.puts.lock().expect("no panic") = Some(hung);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (client, founder, bytes) = (at.client.clone(), founder.copy(), books.clone());
        all.spawn(async move {
            let piece = Bring::Piece { id, at: 0, bytes };
            step(&client, &founder, &piece, NOON).await
        });
    }
    for _ in 0..8 {
        let said = all.join_next().await.expect("one").expect("an answer");
        assert_eq!((said.0, code(&said)), (503, "unavailable".to_owned()));
    }
    assert_eq!(at.client.heads(&founder).await.len(), 2, "the books are read");
    drop(word);
    while let Some(said) = all.join_next().await {
        assert_eq!(said.expect("an answer").0, 200);
    }
}

async fn all(engine: &mut impl Engine) {
    a_store_that_hangs_is_not_waited_for_by_everybody(engine).await;
    a_backup_comes_in_pieces_and_goes_to_the_card_alone(engine).await;
    a_new_card_ends_the_old_one_here_too(engine).await;
    one_tills_word_takes_no_backup_from_the_owners_card(engine).await;
    what_a_till_replaced_goes_after_a_month(engine).await;
    old_ones_are_let_go_of_and_there_is_an_end_to_room(engine).await;
    a_full_hub_makes_room_as_time_goes_by(engine).await;
    a_clock_that_is_ahead_makes_no_backup_younger(engine).await;
    what_is_given_up_while_it_is_finished_is_not_whole(engine).await;
    a_slow_line_gets_there_in_the_end(engine).await;
    what_was_left_half_done_is_cleared_away(engine).await;
    who_tries_cards_is_held_back(engine).await;
    a_hub_without_files_says_so(engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    all(&mut OnSqlite::start()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    all(&mut OnPostgres::start(&["fsync=off"])).await;
}
