//! What one till prints for another: only what it was asked for just now, only on its own printers, only papers, and
//! nothing that may lie in the tray already.

use app::{
    Shop,
    print_elsewhere::{AnsweredAt, Courier, NoWord, PrintAsk, PrintReply, PrinterOffers},
};
use devices::Deadline;
use domain::ids::DeviceId;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};
use testkit::{
    Client, Node, new_id,
    printer::{FakePrinter, Mood},
};
use uuid::Uuid;

/// Writes down what is asked of other tills, and reaches none.
#[derive(Default)]
struct Nobody(Mutex<Vec<PrintAsk>>);

impl Courier for Nobody {
    fn print(&self, _: DeviceId, ask: &PrintAsk) -> Result<PrintReply, NoWord> {
        self.0.lock().expect("no panic").push(ask.clone());
        Err(NoWord {
            heard: false,
            why: "nobody is there".to_owned(),
        })
    }

    fn printers(&self, _: DeviceId) -> Result<PrinterOffers, NoWord> {
        Err(NoWord {
            heard: false,
            why: "nobody is there".to_owned(),
        })
    }

    fn seen(&self) -> Vec<DeviceId> {
        vec![]
    }
}

/// A till without paper that drops what is taken back, and says so to whoever listens before it answers the one that
/// takes.
#[derive(Default)]
struct Drops {
    dropped: AtomicBool,
}

impl Courier for Drops {
    fn print(&self, _: DeviceId, ask: &PrintAsk) -> Result<PrintReply, NoWord> {
        if ask.step == "withdraw" {
            self.dropped.store(true, SeqCst);
            thread::sleep(Duration::from_millis(600));
        } else {
            let began = Deadline::now();
            while !self.dropped.load(SeqCst) && began.ago() < Duration::from_millis(300) {
                thread::sleep(Duration::from_millis(5));
            }
        }
        let dropped = self.dropped.load(SeqCst);
        Ok(PrintReply {
            state: if dropped { "discarded" } else { "queued" }.to_owned(),
            why: (!dropped).then(|| "paper_out".to_owned()),
            tried: true,
            printer_why: Some("paper_out".to_owned()),
            at: AnsweredAt {
                run: ask.job,
                steady_ms: 0,
                wall_ms: 0,
            },
        })
    }

    fn printers(&self, _: DeviceId) -> Result<PrinterOffers, NoWord> {
        Ok(PrinterOffers { printers: vec![] })
    }

    fn seen(&self) -> Vec<DeviceId> {
        vec![]
    }
}

/// A till that tries its printer just now, and drops what is taken back when that try is over.
#[derive(Default)]
struct Tries {
    taken: AtomicUsize,
}

impl Courier for Tries {
    fn print(&self, _: DeviceId, ask: &PrintAsk) -> Result<PrintReply, NoWord> {
        let taken = self.taken.fetch_add(usize::from(ask.step == "withdraw"), SeqCst);
        let state = if taken >= 3 { "discarded" } else { "printing" };
        Ok(PrintReply {
            state: state.to_owned(),
            why: None,
            tried: false,
            printer_why: Some("paper_out".to_owned()),
            at: AnsweredAt {
                run: ask.job,
                steady_ms: 0,
                wall_ms: 0,
            },
        })
    }

    fn printers(&self, _: DeviceId) -> Result<PrinterOffers, NoWord> {
        Ok(PrinterOffers { printers: vec![] })
    }

    fn seen(&self) -> Vec<DeviceId> {
        vec![]
    }
}

/// A till with a printer, and another one that asks it.
struct Pair {
    node: Node,
    owner: Client,
    shop: Arc<Shop>,
    asks: DeviceId,
    _asker: Node,
    printer: FakePrinter,
    id: Uuid,
}

async fn add(client: &Client, name: &str, driver: &str, address: &str, fallback: Option<Uuid>) -> Uuid {
    let id = new_id();
    let body = json!({
        "id": id, "name": name, "driver": driver, "address": address, "jobs": [], "fallback": fallback, "drawer": true
    });
    let (status, answer) = client.post("/api/v1/printers", body).await;
    assert_eq!(status, 201, "{answer}");
    id
}

impl Pair {
    async fn new() -> Pair {
        let (node, owner) = Node::with_shop().await;
        let asker = node.another();
        node.meet(&asker);
        let printer = FakePrinter::new();
        let id = add(&owner, "Slips", "network", &printer.address(), None).await;
        Pair {
            shop: node.shop(),
            asks: asker.shop().identity().device,
            node,
            owner,
            _asker: asker,
            printer,
            id,
        }
    }

    fn letter(&self, job: Uuid, step: &str, at: Option<AnsweredAt>) -> PrintAsk {
        PrintAsk {
            id: new_id(),
            job,
            printer: self.id,
            step: step.to_owned(),
            attempt: 1,
            kind: "scanner".to_owned(),
            order: None,
            paper: None,
            number: None,
            document: None,
            copy: 1,
            payload: (step == "print").then(|| "\"scanner\"".to_owned()),
            looked: false,
            at,
            wait_ms: 0,
        }
    }

    fn hear(&self, letter: &PrintAsk) -> PrintReply {
        self.shop.hear_print(self.asks, letter).expect("an answer")
    }

    fn is(&self, job: Uuid, state: &str) {
        let began = Deadline::now();
        loop {
            let reply = self.hear(&self.letter(job, "look", None));
            if reply.state == state {
                return;
            }
            assert!(
                began.ago() < Duration::from_secs(60),
                "{state}, and not {reply:?}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Until whatever was going to begin has begun.
    fn nothing_came_out(&self) {
        thread::sleep(Duration::from_millis(700));
        assert_eq!(self.printer.paper().cuts, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_done_only_by_who_heard_it_just_now() {
    let pair = Pair::new().await;
    let job = new_id();
    // The first one may have lain for an hour in a machine that slept.
    let first = pair.hear(&pair.letter(job, "print", None));
    assert_eq!(first.state, "queued");
    pair.nothing_came_out();
    // An hour of sleep, during which the steady clock stood still.
    pair.node.clock.forward(3_600_000);
    let late = pair.hear(&pair.letter(job, "print", Some(first.at)));
    assert_eq!(late.state, "queued");
    pair.nothing_came_out();
    // Of a program that runs no more.
    let other = AnsweredAt {
        run: new_id(),
        ..late.at
    };
    pair.hear(&pair.letter(job, "print", Some(other)));
    pair.nothing_came_out();
    pair.hear(&pair.letter(job, "print", Some(late.at)));
    pair.is(job, "printed");
    assert_eq!(pair.printer.paper().cuts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_falls_asleep_without_paper_wakes_and_prints_nothing() {
    let pair = Pair::new().await;
    pair.printer.paper_out(true);
    let job = new_id();
    let first = pair.hear(&pair.letter(job, "print", None));
    pair.hear(&pair.letter(job, "print", Some(first.at)));
    let began = Deadline::now();
    while !pair.hear(&pair.letter(job, "look", None)).tried {
        assert!(began.ago() < Duration::from_secs(60), "it is tried");
        thread::sleep(Duration::from_millis(20));
    }
    pair.node.clock.forward(60_000);
    pair.printer.paper_out(false);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(
        pair.printer.paper().cuts,
        0,
        "somebody printed it elsewhere meanwhile"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawer_is_no_paper() {
    let pair = Pair::new().await;
    let at = pair.hear(&pair.letter(new_id(), "look", None)).at;
    for payload in ["\"drawer\"", "{}", "\"\u{0}\"", "[1", "\"slip\""] {
        for kind in ["receipt", "scanner", "drawer"] {
            let letter = PrintAsk {
                kind: kind.to_owned(),
                payload: Some(payload.to_owned()),
                ..pair.letter(new_id(), "print", Some(at))
            };
            let reply = pair.hear(&letter);
            assert_eq!(
                (reply.state.as_str(), reply.why.as_deref()),
                ("refused", Some("cannot_draw")),
                "{kind} {payload}"
            );
        }
    }
    thread::sleep(Duration::from_millis(300));
    assert!(pair.printer.paper().kicks.is_empty(), "no drawer opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_till_asked_for_goes_on_to_no_third_one() {
    let pair = Pair::new().await;
    let nobody = Arc::new(Nobody::default());
    pair.shop.print_by(nobody.clone());
    // Each till is the other's fall-back, as one would have it.
    let there = format!("{}/{}", pair.asks, new_id());
    let far = add(&pair.owner, "Over there", "device", &there, None).await;
    let near = FakePrinter::new();
    let id = add(&pair.owner, "Near", "network", &near.address(), Some(far)).await;
    near.paper_out(true);
    let job = new_id();
    let to = |at| PrintAsk {
        printer: id,
        ..pair.letter(job, "print", at)
    };
    let mut at = pair.hear(&to(None)).at;
    let began = Deadline::now();
    loop {
        let reply = pair.hear(&to(Some(at)));
        at = reply.at;
        if reply.tried {
            break;
        }
        assert!(began.ago() < Duration::from_secs(60), "it is tried");
        thread::sleep(Duration::from_millis(20));
    }
    // Nor does somebody here send it on.
    let again = json!({"id": new_id(), "printer": far});
    let (status, refused) = pair
        .owner
        .post(&format!("/api/v1/print/jobs/{job}/retry"), again)
        .await;
    assert_eq!(
        (status.as_u16(), refused["error"]["code"].as_str()),
        (409, Some("no_printer")),
        "{refused}"
    );
    near.paper_out(false);
    while pair.hear(&to(Some(at))).state != "printed" {
        assert!(began.ago() < Duration::from_secs(60), "it comes out here");
        at = pair.hear(&pair.letter(job, "look", None)).at;
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(near.paper().cuts, 1);
    let sent: Vec<PrintAsk> = nobody.0.lock().expect("no panic").clone();
    assert!(sent.iter().all(|ask| ask.job != job), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unsure_waits_for_somebody_who_looked() {
    let pair = Pair::new().await;
    let job = new_id();
    pair.printer.set(Mood::FallsSilent);
    let at = pair.hear(&pair.letter(job, "print", None)).at;
    pair.hear(&pair.letter(job, "print", Some(at)));
    pair.is(job, "unsure");
    pair.printer.set(Mood::Well);
    pair.printer.tear_off();
    // Whoever asked does not know yet that it is unsure, and somebody there says "again" or takes it away.
    for (step, attempt) in [("print", 2), ("withdraw", 2)] {
        let at = pair.hear(&pair.letter(job, "look", None)).at;
        let letter = PrintAsk {
            attempt,
            ..pair.letter(job, step, Some(at))
        };
        assert_eq!(pair.hear(&letter).state, "unsure", "{step}");
    }
    let at = pair.hear(&pair.letter(job, "look", None)).at;
    let looked = PrintAsk {
        attempt: 3,
        looked: true,
        ..pair.letter(job, "print", Some(at))
    };
    pair.hear(&looked);
    pair.is(job, "printed");
    assert_eq!(pair.printer.paper().cuts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_till_fills_no_others_queue_and_its_own_goes_on() {
    let pair = Pair::new().await;
    let refused = (0..600)
        .map(|_| pair.hear(&pair.letter(new_id(), "print", None)))
        .filter(|reply| reply.state == "refused")
        .collect::<Vec<_>>();
    assert_eq!(refused.len(), 100, "five hundred wait");
    assert_eq!(refused[0].why.as_deref(), Some("busy"));
    let (status, answer) = pair
        .owner
        .post(
            &format!("/api/v1/printers/{}/test", pair.id),
            json!({"id": new_id()}),
        )
        .await;
    assert_eq!(status, 201, "{answer}");
    let began = Deadline::now();
    while pair.printer.paper().cuts == 0 {
        assert!(began.ago() < Duration::from_secs(60), "its own comes out");
        thread::sleep(Duration::from_millis(20));
    }
    // A day later nobody wants them any more.
    pair.node.clock.forward(25 * 3_600_000);
    assert_eq!(pair.hear(&pair.letter(new_id(), "print", None)).state, "queued");
}

/// A test card for the printer of another till, once it stands so.
struct Moving {
    pair: Pair,
    id: String,
}

impl Moving {
    async fn new(other: Arc<dyn Courier>, field: &str, stands: &str) -> Moving {
        let pair = Pair::new().await;
        pair.shop.print_by(other);
        let there = format!("{}/{}", pair.asks, new_id());
        let far = add(&pair.owner, "Over there", "device", &there, None).await;
        let path = format!("/api/v1/printers/{far}/test");
        let (status, job) = pair.owner.post(&path, json!({"id": new_id()})).await;
        assert_eq!(status, 201, "{job}");
        let id = job["id"].as_str().expect("an id").to_owned();
        let moving = Moving { pair, id };
        moving.until(field, stands).await;
        moving
    }

    async fn until(&self, field: &str, wanted: &str) {
        let began = Deadline::now();
        loop {
            let jobs = self.pair.owner.get("/api/v1/print/jobs").await.1;
            let all = jobs["items"].as_array().cloned().unwrap_or_default();
            let now = all.into_iter().find(|one| one["id"] == self.id.as_str());
            let now = now.unwrap_or_else(|| panic!("it is gone: {jobs}"));
            if now[field] == wanted {
                return;
            }
            assert!(began.ago() < Duration::from_secs(60), "{field} {wanted}: {now}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn to(&self, printer: Uuid) -> (u16, Value) {
        let path = format!("/api/v1/print/jobs/{}/retry", self.id);
        let body = json!({"id": new_id(), "printer": printer});
        let (status, answer) = self.pair.owner.post(&path, body).await;
        (status.as_u16(), answer)
    }

    async fn comes_out_here(&self) {
        let (status, moved) = self.to(self.pair.id).await;
        assert_eq!(status, 200, "{moved}");
        self.until("state", "printed").await;
        assert_eq!(self.pair.printer.paper().cuts, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_that_is_moved_here_comes_out_whatever_the_other_till_says_meanwhile() {
    let moving = Moving::new(Arc::new(Drops::default()), "why", "paper_out").await;
    moving.comes_out_here().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_can_be_moved_here_while_the_other_till_tries_it_once_more() {
    let other = Arc::new(Tries::default());
    let moving = Moving::new(other.clone(), "state", "printing").await;
    let (status, refused) = moving.to(new_id()).await;
    assert_eq!(
        (status, refused["error"]["code"].as_str()),
        (409, Some("no_printer")),
        "{refused}"
    );
    assert_eq!(
        other.taken.load(SeqCst),
        0,
        "for a printer that is gone nothing is taken"
    );
    moving.comes_out_here().await;
}
