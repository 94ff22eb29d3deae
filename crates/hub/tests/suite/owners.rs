//! Who becomes an owner at the hub's page, how they prove it, and what waits for them there.

use super::{
    Engine,
    authenticator::typed_secret,
    engines::serve_with,
    invite, serve, shop, started,
    support::{Client, Device, NOON, code, shop_id},
    wide,
};
use domain::{
    ids::{DeviceId, StaffId},
    second_factor::digits,
    time::Moment,
};
use hub::owners::{Clear, NotOwner, Offer, OwnerBooks, OwnersKey, SecretOf, WrongKey};
use journal::{
    Body,
    exchange::{Matter, Matters, OwnerAsk, OwnerOffer},
    fields::staff,
    register::{PatchV1, Value},
};
use serde_json::json;
use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Writes a fact of somebody who works in the shop.
pub fn hire(by: &mut Device, who: u8, name: &str, role: &str) {
    patch(
        by,
        who,
        vec![
            (staff::NAME, Value::Text(name.to_owned())),
            (staff::ROLE, Value::Text(role.to_owned())),
            (staff::ACTIVE, Value::Bool(true)),
        ],
    );
}

fn patch(by: &mut Device, who: u8, fields: Vec<(u16, Value)>) {
    by.tell(&Body::StaffSet(PatchV1 {
        record: [who; 16],
        fields,
    }));
}

pub async fn offer_to(client: &Client, by: &Device, who: u8) -> OwnerOffer {
    let ask = OwnerAsk {
        staff: [who; 16],
        name: "Mallory".to_owned(),
    };
    let (status, body) = client.ask(by, "/sync/v1/owners", Some(ask.encode())).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    OwnerOffer::decode(&body).expect("an offer")
}

/// Makes a login with an offer.
pub async fn enrolled<'a>(client: &'a Client, offer: &OwnerOffer, login: &str) -> Browser<'a> {
    let mut browser = Browser {
        client,
        cookie: String::new(),
        page: "none".to_owned(),
    };
    let (_, offered) = browser.ask("POST", "offers", json!({ "code": offer.code })).await;
    let secret = typed_secret(offered["secret"].as_str().expect("a secret"));
    let shown = format!("{:06}", digits(&secret, NOON / 30_000));
    let body = json!({ "code": offer.code, "login": login, "password": "correct horse", "digits": shown });
    let (status, said) = browser.ask("POST", "owners", body).await;
    assert_eq!(status, 200, "{said}");
    browser
}

/// What a browser says and hears.
pub struct Browser<'a> {
    client: &'a Client,
    cookie: String,
    page: String,
}

impl Browser<'_> {
    pub async fn ask(
        &mut self,
        method: &str,
        path: &str,
        body: serde_json::Value,
    ) -> (u16, serde_json::Value) {
        let url = format!("{}/owner/api/{path}", self.client.address);
        let asking = self.client.http.request(method.parse().expect("a method"), url);
        let asking = asking
            .header("cookie", &self.cookie)
            .header("x-chandi-page", &self.page);
        let asking = match body.is_null() {
            true => asking,
            false => asking.json(&body),
        };
        let answer = asking.send().await.expect("an answer");
        if let Some(cookie) = answer.headers().get("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
            self.cookie = cookie.split(';').next().expect("a value").to_owned();
        }
        let status = answer.status().as_u16();
        let said: serde_json::Value = answer.json().await.unwrap_or_default();
        if let Some(page) = said["page"].as_str() {
            self.page = page.to_owned();
        }
        (status, said)
    }
}

fn refusal(said: &(u16, serde_json::Value)) -> (u16, &str) {
    (said.0, said.1["error"]["code"].as_str().unwrap_or("none"))
}

/// An owner gets in by a device's word, a password and an authenticator, and sees one shop; nobody else gets in.
pub async fn owners_prove_who_they_are(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (mut one, _) = shop(&client, "word", 1).await;
    let (mut two, _) = shop(&client, "word", 2).await;
    hire(&mut one, 5, "Asha", "owner");
    let third = Device::new(shop_id(2), 9);
    two.admit(&third, 3);
    client.push(&one, vec![one.chunk(0)]).await;
    client.push(&two, vec![two.chunk(0)]).await;
    let offer = async |by: &Device| {
        let ask = OwnerAsk {
            staff: [5; 16],
            name: "Mallory".to_owned(),
        };
        let (status, body) = client.ask(by, "/sync/v1/owners", Some(ask.encode())).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        OwnerOffer::decode(&body).expect("an offer").code
    };
    let forged = OwnerAsk {
        staff: [5; 16],
        name: "Nobody".to_owned(),
    };
    let forged = client.ask_as(&two, shop_id(1), "/sync/v1/owners", Some(forged.encode()), NOON);
    assert_eq!(code(&forged.await.expect("an answer")), "not_signed");

    let browser = || Browser {
        client: &client,
        cookie: String::new(),
        page: "none".to_owned(),
    };
    let step = NOON / 30_000;
    let code_of = |secret: &[u8], step: i64| format!("{:06}", digits(secret, step));
    let mut asha = browser();
    let word = offer(&one).await;
    let old = word.clone();
    let word_now = offer(&one).await;
    let gone = asha
        .ask("POST", "offers", serde_json::json!({ "code": old }))
        .await;
    assert_eq!(refusal(&gone), (404, "no_offer"), "only the last code counts");
    let (_, offered) = asha
        .ask(
            "POST",
            "offers",
            serde_json::json!({ "code": word_now.to_lowercase() }),
        )
        .await;
    assert_eq!(offered["name"], "Asha", "as the facts say, not the device");
    let secret = typed_secret(offered["secret"].as_str().expect("a secret"));
    let enrol = |login: &str, password: &str, digits: &str| serde_json::json!({ "code": word_now, "login": login, "password": password, "digits": digits });
    let now = code_of(&secret, step);
    for (login, password, digits, why) in [
        ("asha", "correct horse", "000000", (401, "wrong")),
        ("a", "correct horse", now.as_str(), (422, "login_shape")),
        ("asha", "short", now.as_str(), (422, "password_shape")),
    ] {
        let said = asha.ask("POST", "owners", enrol(login, password, digits)).await;
        assert_eq!(refusal(&said), why);
    }
    let (status, said) = asha
        .ask("POST", "owners", enrol("Asha@example.com", "correct horse", &now))
        .await;
    assert_eq!(status, 200, "{said}");
    let recovery = said["recovery"].as_array().expect("codes").clone();
    assert_eq!(recovery.len(), 10);
    let again = browser()
        .ask("POST", "owners", enrol("other", "correct horse", &now))
        .await;
    assert_eq!(refusal(&again), (404, "no_offer"), "a code makes one login");

    let (status, view) = asha
        .ask(
            "GET",
            "dashboard?from=20200101&to=20201231",
            serde_json::Value::Null,
        )
        .await;
    assert_eq!(
        (status, &view["total"]["orders"]),
        (200, &serde_json::json!(0)),
        "{view}"
    );
    let (_, devices) = asha.ask("GET", "devices", serde_json::Value::Null).await;
    let seen: Vec<&str> = devices["devices"]
        .as_array()
        .expect("devices")
        .iter()
        .filter_map(|device| device["device"].as_str())
        .collect();
    assert!(seen.contains(&one.id.to_string().as_str()), "{devices}");
    assert!(
        !seen.contains(&third.id.to_string().as_str()),
        "nothing of another shop: {devices}"
    );
    assert_eq!(devices["organisation"]["shops"], 2);

    let sign_in = |password: &str, digits: &str| serde_json::json!({ "login": "asha@example.com", "password": password, "digits": digits });
    let mut thief = browser();
    let reused = thief.ask("POST", "session", sign_in("correct horse", &now)).await;
    assert_eq!(refusal(&reused), (401, "wrong"), "digits open once");
    let next = code_of(&secret, step + 1);
    let (status, said) = thief
        .ask("POST", "session", sign_in("correct horse", &next))
        .await;
    assert_eq!(status, 200, "one step of a slow clock: {said}");
    let with_recovery = sign_in("correct horse", recovery[0].as_str().expect("a code"));
    assert_eq!(
        browser().ask("POST", "session", with_recovery.clone()).await.0,
        200
    );
    let twice = browser().ask("POST", "session", with_recovery).await;
    assert_eq!(refusal(&twice), (401, "wrong"), "a recovery code opens once");

    let mut foreign = browser();
    foreign.cookie = asha.cookie.clone();
    let said = foreign.ask("DELETE", "sessions", serde_json::Value::Null).await;
    assert_eq!(
        refusal(&said),
        (403, "foreign"),
        "the cookie alone changes nothing"
    );
    let origin = client
        .http
        .delete(format!("{}/owner/api/sessions", client.address))
        .header("cookie", &asha.cookie)
        .header("x-chandi-page", &asha.page)
        .header("origin", "https://elsewhere.example.com");
    assert_eq!(origin.send().await.expect("an answer").status(), 403);

    let (_, sessions) = asha.ask("GET", "sessions", serde_json::Value::Null).await;
    assert_eq!(sessions.as_array().map(Vec::len), Some(3));
    assert_eq!(
        asha.ask("DELETE", "sessions", serde_json::Value::Null).await.0,
        204
    );
    let ended = thief.ask("GET", "session", serde_json::Value::Null).await;
    assert_eq!(refusal(&ended), (401, "signed_out"), "everywhere");

    let mut waits = 0;
    for _ in 0..6 {
        let said = browser()
            .ask("POST", "session", sign_in("wrong horse", "123456"))
            .await;
        waits += u32::from(refusal(&said) == (429, "wait"));
    }
    assert!(waits > 0, "who guesses waits");
    let unknown =
        serde_json::json!({ "login": "nobody@example.com", "password": "correct horse", "digits": "123456" });
    let unknown = browser().ask("POST", "session", unknown).await;
    assert_eq!(
        refusal(&unknown),
        (401, "wrong"),
        "nobody is told which logins there are"
    );
}

/// Somebody with a login, and what their authenticator shows so many steps from now.
async fn asha(client: &Client) -> impl Fn(i64) -> String + use<> {
    let (mut founder, _) = shop(client, "word", 1).await;
    hire(&mut founder, 5, "Asha", "owner");
    client.push(&founder, vec![founder.chunk(0)]).await;
    let offer = offer_to(client, &founder, 5).await;
    let mut browser = Browser {
        client,
        cookie: String::new(),
        page: "none".to_owned(),
    };
    let (_, offered) = browser.ask("POST", "offers", json!({ "code": offer.code })).await;
    let secret = typed_secret(offered["secret"].as_str().expect("a secret"));
    enrolled(client, &offer, "asha@example.com").await;
    move |steps| format!("{:06}", digits(&secret, NOON / 30_000 + steps))
}

fn site(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, n))
}

/// Whoever knows a login can make its owner wait nowhere else, and a crowd of sign-ins at one place holds up no other.
pub async fn who_guesses_keeps_nobody_out(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let shows = asha(&client).await;
    let login = "asha@example.com";
    let mut waited = 0;
    for _ in 0..10 {
        let said = hub.sign_in(login, "wrong horse", "123456", site(1)).await;
        waited += usize::from(matches!(said, Err(NotOwner::Wait { .. })));
    }
    assert_eq!(waited, 6, "who guesses waits");
    let here = hub.sign_in(login, "correct horse", &shows(1), site(1)).await;
    assert!(
        matches!(here, Err(NotOwner::Wait { .. })),
        "even with the right one"
    );
    let crowd: Vec<_> = (0..100)
        .map(|n| {
            let hub = hub.clone();
            tokio::spawn(async move {
                let said = hub
                    .sign_in(&format!("nobody{n}"), "wrong horse", "123456", site(1))
                    .await;
                matches!(said, Err(NotOwner::TooMany))
            })
        })
        .collect();
    tokio::task::yield_now().await;
    let right = shows(1);
    let there = hub.sign_in(login, "correct horse", &right, site(2));
    let there = tokio::time::timeout(Duration::from_secs(1), there).await;
    let there = there.expect("an answer within a second, whatever crowd is before it");
    assert!(there.is_ok(), "and the owner elsewhere does not wait: {there:?}");
    let mut sent_away = 0;
    for one in crowd {
        sent_away += usize::from(one.await.expect("no panic"));
    }
    assert!(sent_away >= 50, "{sent_away} of the crowd were sent away");
    let here = hub.sign_in(login, "wrong horse", "123456", site(1)).await;
    assert!(
        matches!(here, Err(NotOwner::Wait { .. })),
        "which forgives the guesser nothing"
    );

    // All sites together are counted too, far above.
    for n in 10..=110 {
        let said = hub.sign_in(login, "wrong horse", "123456", site(n)).await;
        assert!(matches!(said, Err(NotOwner::Wrong)), "{n}: {said:?}");
    }
    let said = hub.sign_in(login, "wrong horse", "123456", site(200)).await;
    assert!(matches!(said, Err(NotOwner::Wait { .. })), "{said:?}");
}

/// Wrong tries fade: one site that guesses for days, as often as it may, never makes them so many that the owner waits
/// elsewhere.
pub async fn one_site_that_guesses_for_days_keeps_nobody_out(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    let clock = Arc::new(AtomicI64::new(NOON));
    let (client, hub) = serve_with(books, None, wide(), &clock).await;
    let shows = asha(&client).await;
    let login = "asha@example.com";
    let mut tries = 0;
    while tries < 120 {
        match hub.sign_in(login, "wrong horse", "123456", site(1)).await {
            Err(NotOwner::Wait { ms }) => {
                clock.fetch_add(ms, Relaxed);
            }
            said => {
                assert!(matches!(said, Err(NotOwner::Wrong)), "{said:?}");
                tries += 1;
            }
        }
    }
    let step = (clock.load(Relaxed) - NOON) / 30_000;
    let said = hub.sign_in(login, "correct horse", &shows(step), site(2)).await;
    assert!(said.is_ok(), "{said:?}");

    // What is over goes: a session that nobody uses, and an offer that nobody took.
    let (_, session) = hub.open_session(login, "a browser").await.expect("a session");
    let sessions = async || hub.books().sessions(login).await.expect("books").len();
    hub.books().sweep_owners(session.created).await.expect("swept");
    let live = sessions().await;
    assert!(live > 0);
    let later = Moment(session.created.0 + 13 * 3_600_000);
    hub.books().sweep_owners(later).await.expect("swept");
    assert_eq!(sessions().await, 0);
    let offer = Offer {
        code: [9; 32],
        shop: shop_id(1),
        staff: StaffId::from_bytes([9; 16]),
        name: "Bela".to_owned(),
        secret: vec![1; 40],
        until: session.created,
        by: DeviceId::from_bytes([9; 16]),
        confirmed: false,
    };
    hub.books().offer(&offer).await.expect("offered");
    assert_eq!(
        hub.books().waiting_offers(offer.shop).await.expect("books").len(),
        1
    );
    hub.books().sweep_owners(later).await.expect("swept");
    assert_eq!(
        hub.books().waiting_offers(offer.shop).await.expect("books").len(),
        0
    );
}

/// One address asks a few times a minute, whatever it asks with.
pub async fn sign_ins_of_one_address_are_few(engine: &mut impl Engine) {
    let books = engine.fresh().await;
    invite(&books, "word", 20, 100).await;
    let limits = hub::Limits {
        sign_ins_per_minute: NonZeroU32::new(6).expect("not zero"),
        ..wide()
    };
    let (client, hub) = serve(books, limits).await;
    let mut browser = Browser {
        client: &client,
        cookie: String::new(),
        page: "none".to_owned(),
    };
    let mut said = vec![];
    for n in 0..8 {
        let body = match n % 2 {
            0 => (
                "session",
                json!({ "login": format!("nobody{n}"), "password": "wrong horse", "digits": "1" }),
            ),
            _ => ("offers", json!({ "code": "no code" })),
        };
        said.push(browser.ask("POST", body.0, body.1).await.0);
    }
    assert_eq!(said, [401, 404, 401, 404, 401, 404, 429, 429]);
    drop(hub);
}

/// A till that means harm can write facts and ask for a login; nobody gets in by that alone.
pub async fn only_who_speaks_for_the_owner_makes_a_login_alone(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, mut till) = shop(&client, "word", 1).await;
    client.push(&founder, vec![founder.chunk(0)]).await;
    let ask = |who: u8| OwnerAsk {
        staff: [who; 16],
        name: "Asha".to_owned(),
    };
    let said = client
        .ask(&founder, "/sync/v1/owners", Some(ask(5).encode()))
        .await;
    assert_eq!(
        (said.0, code(&said).as_str()),
        (403, "no_owner"),
        "no fact names them yet, whoever says so"
    );
    hire(&mut founder, 5, "Asha", "owner");
    hire(&mut founder, 7, "Maya", "manager");
    client.push(&founder, vec![founder.chunk(0)]).await;
    let said = client
        .ask(&founder, "/sync/v1/owners", Some(ask(7).encode()))
        .await;
    assert_eq!(code(&said), "no_owner", "a manager is none");

    let own = offer_to(&client, &founder, 5).await;
    assert!(own.confirmed);
    let mut asha = enrolled(&client, &own, "asha").await;

    // The till makes up an owner, and tries to set the real one's password anew.
    hire(&mut till, 6, "Mallory", "owner");
    client.push(&till, vec![till.chunk(0)]).await;
    let made_up = offer_to(&client, &till, 6).await;
    let stolen = offer_to(&client, &till, 5).await;
    for offer in [&made_up, &stolen] {
        assert!(!offer.confirmed);
        let mut thief = Browser {
            client: &client,
            cookie: String::new(),
            page: "none".to_owned(),
        };
        let said = thief.ask("POST", "offers", json!({ "code": offer.code })).await;
        assert_eq!(refusal(&said), (409, "unconfirmed"));
        let body =
            json!({ "code": offer.code, "login": "thief", "password": "correct horse", "digits": "000000" });
        assert_eq!(
            refusal(&thief.ask("POST", "owners", body).await),
            (409, "unconfirmed")
        );
        assert_eq!(
            refusal(&thief.ask("GET", "waiting", serde_json::Value::Null).await),
            (401, "signed_out")
        );
    }
    let (_, waiting) = asha.ask("GET", "waiting", serde_json::Value::Null).await;
    let rows = waiting.as_array().expect("a list").clone();
    assert_eq!(rows.len(), 2, "{waiting}");
    let of = |name: &str| {
        let row = rows.iter().find(|row| row["name"] == name).expect(name);
        row["id"].as_str().expect("an id").to_owned()
    };
    // Somebody else's owner decides nothing here.
    let (mut two, _) = shop(&client, "word", 2).await;
    hire(&mut two, 5, "Bela", "owner");
    client.push(&two, vec![two.chunk(0)]).await;
    let mut bela = enrolled(&client, &offer_to(&client, &two, 5).await, "bela").await;
    let (_, theirs) = bela.ask("GET", "waiting", serde_json::Value::Null).await;
    assert_eq!(theirs, json!([]));
    let path = format!("waiting/{}", of("Mallory"));
    assert_eq!(
        refusal(&bela.ask("POST", &path, json!({})).await),
        (404, "no_offer")
    );
    assert_eq!(asha.ask("DELETE", &path, serde_json::Value::Null).await.0, 200);
    let gone = asha.ask("POST", &path, json!({})).await;
    assert_eq!(refusal(&gone), (404, "no_offer"), "no is no");
    let path = format!("waiting/{}", of("Asha"));
    assert_eq!(asha.ask("POST", &path, json!({})).await.0, 200);
    let mut there = enrolled(&client, &stolen, "asha").await;
    assert_eq!(
        there.ask("GET", "session", serde_json::Value::Null).await.0,
        200,
        "with the owner's yes"
    );
    let ended = asha.ask("GET", "session", serde_json::Value::Null).await;
    assert_eq!(
        refusal(&ended),
        (401, "signed_out"),
        "a login set anew signs out everywhere"
    );

    // One that waits takes nothing away from one that does not.
    let own = offer_to(&client, &founder, 5).await;
    let other = offer_to(&client, &till, 5).await;
    assert!(!other.confirmed);
    let mut asha = enrolled(&client, &own, "asha").await;

    // The operator says yes where no owner can.
    let hash = hub::owners::code_hash(&other.code.to_lowercase());
    assert!(hub.books().decide_offer(None, hash, true).await.expect("decided"));
    let again = hub.books().decide_offer(None, hash, true).await.expect("decided");
    assert!(!again, "once");

    // A device that was restored with the owner's card speaks for the owner; with a card of the till's it does not.
    founder.set_card(1, 1);
    let mut restored = Device::new(founder.shop(), 41);
    restored.restore(1);
    client.push(&founder, vec![founder.chunk(0)]).await;
    client.push(&restored, vec![restored.chunk(0)]).await;
    assert!(offer_to(&client, &restored, 5).await.confirmed);
    till.set_card(9, 2);
    client.push(&till, vec![till.chunk(0)]).await;
    let mut false_one = Device::new(founder.shop(), 42);
    false_one.restore(9);
    client.push(&false_one, vec![false_one.chunk(0)]).await;
    assert!(!offer_to(&client, &false_one, 5).await.confirmed);

    // Whoever is no owner any more is out at once, and gets in no more.
    let session = asha.ask("GET", "session", serde_json::Value::Null).await;
    assert_eq!(session.0, 200, "{session:?}");
    patch(&mut founder, 5, vec![(staff::ARCHIVED_MS, Value::Int(NOON))]);
    client.push(&founder, vec![founder.chunk(0)]).await;
    hub.roll(founder.shop()).await.expect("rolled");
    let ended = asha.ask("GET", "session", serde_json::Value::Null).await;
    assert_eq!(refusal(&ended), (401, "signed_out"));
    let said = client
        .ask(&founder, "/sync/v1/owners", Some(ask(5).encode()))
        .await;
    assert_eq!(code(&said), "no_owner");
}

/// What devices say needs a look is shown to the owner, branch by branch, and to nobody else.
pub async fn what_needs_attention_is_shown_by_branch(engine: &mut impl Engine) {
    let (client, _hub) = started(engine).await;
    let (mut founder, till) = shop(&client, "word", 1).await;
    hire(&mut founder, 5, "Asha", "owner");
    client.push(&founder, vec![founder.chunk(0)]).await;
    let mut asha = enrolled(&client, &offer_to(&client, &founder, 5).await, "asha").await;
    let (_, view) = asha.ask("GET", "matters", serde_json::Value::Null).await;
    assert_eq!(view["branches"].as_array().map(Vec::len), Some(1), "{view}");
    assert_eq!(
        view["branches"][0]["heard_ms"],
        serde_json::Value::Null,
        "silence is said"
    );

    let matter = |key: u8, kind: &str, whole_shop: bool| Matter {
        key: [key; 16],
        kind: kind.to_owned(),
        whole_shop,
        weight: 1000,
        about: "K7Q/26-27/000042".to_owned(),
        amount_minor: Some(12_300),
        at_ms: Some(NOON),
    };
    let report = |open: Vec<Matter>| Matters { open, more: 2 }.encode();
    let tell = async |by: &Device, open: Vec<Matter>, ms: i64| {
        let told = client.ask_as(by, by.shop(), "/sync/v1/matters", Some(report(open)), ms);
        told.await.expect("an answer").0
    };
    let first = vec![matter(1, "given_twice", false), matter(2, "barcode_shared", true)];
    assert_eq!(tell(&till, first, NOON).await, 200);
    let (_, view) = asha.ask("GET", "matters", serde_json::Value::Null).await;
    let branch = &view["branches"][0];
    assert_eq!(
        (
            &branch["matters"][0]["kind"],
            &branch["more"],
            &branch["heard_ms"]
        ),
        (&json!("given_twice"), &json!(2), &json!(NOON)),
        "{view}"
    );
    assert_eq!(view["shop"][0]["kind"], "barcode_shared");
    assert_eq!(view["shop"][0]["amount_minor"], 12_300);

    // A later word takes the place of the last; one that comes late, or again, does not.
    assert_eq!(tell(&till, vec![], NOON + 2).await, 200);
    assert_eq!(
        tell(&till, vec![matter(3, "limit_passed", true)], NOON + 1).await,
        200
    );
    let (_, view) = asha.ask("GET", "matters", serde_json::Value::Null).await;
    assert_eq!(
        (&view["branches"][0]["matters"], &view["shop"]),
        (&json!([]), &json!([])),
        "{view}"
    );

    let stranger = Device::new(founder.shop(), 77);
    assert_eq!(tell(&stranger, vec![], NOON).await, 401);
    let forged = client.ask_as(&till, shop_id(2), "/sync/v1/matters", Some(report(vec![])), NOON);
    assert_eq!(code(&forged.await.expect("an answer")), "not_signed");
    let wrong = Matter {
        kind: "Asha owes 300".to_owned(),
        ..Matter::default()
    };
    assert_eq!(
        tell(&till, vec![wrong], NOON + 3).await,
        400,
        "words of their own are none"
    );
    assert_eq!(
        tell(&till, vec![matter(1, "given_twice", false); 51], NOON + 3).await,
        400
    );

    founder.revoke(&till, till.place());
    client.push(&founder, vec![founder.chunk(0)]).await;
    assert_eq!(tell(&till, vec![], NOON + 4).await, 403);
    let (_, view) = asha.ask("GET", "matters", serde_json::Value::Null).await;
    assert_eq!(view["branches"][0]["heard_ms"], serde_json::Value::Null, "{view}");
}

/// A copy of the books is nobody's second factor.
pub async fn what_authenticators_share_is_sealed(engine: &mut impl Engine) {
    let (client, hub) = started(engine).await;
    let (mut founder, _) = shop(&client, "word", 1).await;
    hire(&mut founder, 5, "Asha", "owner");
    client.push(&founder, vec![founder.chunk(0)]).await;
    assert_eq!(hub.seal_owners().await.expect("its own key"), 0);
    let offer = offer_to(&client, &founder, 5).await;
    let mut browser = Browser {
        client: &client,
        cookie: String::new(),
        page: "none".to_owned(),
    };
    let (_, offered) = browser.ask("POST", "offers", json!({ "code": offer.code })).await;
    let secret = typed_secret(offered["secret"].as_str().expect("a secret"));
    let offer_hash = hub::owners::code_hash(&offer.code);
    let kept = hub
        .books()
        .offered(offer_hash)
        .await
        .expect("books")
        .expect("the offer");
    assert!(
        kept.secret.len() > secret.len() && !kept.secret.ends_with(&secret),
        "sealed"
    );
    let shown = |steps: i64| format!("{:06}", digits(&secret, NOON / 30_000 + steps));
    let body =
        json!({ "code": offer.code, "login": "asha", "password": "correct horse", "digits": shown(-1) });
    assert_eq!(browser.ask("POST", "owners", body).await.0, 200);
    let kept = hub
        .books()
        .owner("asha")
        .await
        .expect("books")
        .expect("the login");
    assert!(
        kept.secret.len() > secret.len() && !kept.secret.windows(20).any(|part| part == secret),
        "sealed"
    );

    // As it lay there before there were seals: the next start seals it, and what the authenticator shows still opens.
    let before = Clear {
        of: SecretOf::Owner("asha".to_owned()),
        shop: kept.shop,
        staff: kept.staff,
        secret: kept.secret.clone(),
    };
    hub.books().replace_secret(&before, &secret).await.expect("books");
    let clear = Clear {
        secret: secret.clone(),
        ..before
    };
    assert_eq!(hub.books().clear_secrets(10).await.expect("books"), [clear]);
    assert_eq!(hub.seal_owners().await.expect("its own key"), 1);
    assert_eq!(hub.books().clear_secrets(10).await.expect("books"), []);
    let sign_in = |digits: String| json!({ "login": "asha", "password": "correct horse", "digits": digits });
    let (status, said) = browser.ask("POST", "session", sign_in(shown(0))).await;
    assert_eq!(status, 200, "{said}");

    // A seal that was moved to somebody else's login opens nothing.
    let so_far = founder.written.len();
    hire(&mut founder, 6, "Bina", "owner");
    client.push(&founder, vec![founder.chunk(so_far)]).await;
    enrolled(&client, &offer_to(&client, &founder, 6).await, "bina").await;
    let bina = hub
        .books()
        .owner("bina")
        .await
        .expect("books")
        .expect("the login");
    let asha = hub
        .books()
        .owner("asha")
        .await
        .expect("books")
        .expect("the login");
    let moved = Clear {
        of: SecretOf::Owner("bina".to_owned()),
        shop: bina.shop,
        staff: bina.staff,
        secret: bina.secret,
    };
    hub.books()
        .replace_secret(&moved, &asha.secret)
        .await
        .expect("books");
    let stolen = json!({ "login": "bina", "password": "correct horse", "digits": shown(1) });
    assert_ne!(browser.ask("POST", "session", stolen).await.0, 200);

    // Under another key it does not begin; when all logins are gone, any key is good.
    hub.books().forget_logins().await.expect("books");
    assert_eq!(hub.books().owner("asha").await.expect("books"), None);
    let other = OwnersKey::new([9; 32]).name();
    assert_eq!(hub.books().claim_owners_key(other).await.expect("books"), other);
    assert!(matches!(hub.seal_owners().await, Err(WrongKey::Another)));
    assert_eq!(hub.books().owners_key().await.expect("books"), Some(other));
}
