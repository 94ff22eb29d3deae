//! This device's printers: finding them, trying them, and learning how each wants to be spoken to.

use crate::{
    Actor, AppError, Code, Page, Result, Shop, drawer,
    papers::columns_of,
    print_elsewhere::{self, Elsewhere, PrinterElsewhere},
    printing::{JobView, NewPaper},
    wire::{content_of, rfc3339, text},
};
use devices::{
    Address, Driver,
    find::{Event, Way},
};
use domain::{
    ids::{PrintJobId, PrinterId},
    people::Permission,
    time::Moment,
};
use paper::{CodePage, Cutter, Pin, Profile, Pulse, QrMode};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use store::printing::PrinterRow;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a printer may be asked to print.
pub const JOBS: &[&str] = &["receipt", "kitchen", "label", "report"];

/// How a printer is spoken to. Every field has a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileView {
    /// 58 or 80
    pub paper_mm: u32,
    /// Dots across the print.
    pub dots: u16,
    /// raster: every line as dots, right on every printer; code_page: the printer's own letters where it has them
    pub letters: String,
    pub code_page: String,
    /// none, partial or full
    pub cut: String,
    pub feed_lines: u8,
    /// 2 or 5
    pub drawer_pin: u8,
    pub drawer_on_ms: u16,
    pub drawer_off_ms: u16,
    /// Whether it answers questions about its state; null: nobody knows yet
    pub tells_state: Option<bool>,
    /// escpos, or pdf for a queue with a driver of its own
    pub speaks: String,
}

impl Default for ProfileView {
    fn default() -> ProfileView {
        ProfileView {
            paper_mm: 80,
            dots: 576,
            letters: "raster".to_owned(),
            code_page: "pc437".to_owned(),
            cut: "partial".to_owned(),
            feed_lines: 4,
            drawer_pin: 2,
            drawer_on_ms: 100,
            drawer_off_ms: 500,
            tells_state: None,
            speaks: "escpos".to_owned(),
        }
    }
}

impl ProfileView {
    /// The paper crate's profile, or which field is wrong.
    pub(crate) fn checked(&self, drawer: bool) -> Result<Profile> {
        let wrong = |field: &str, why: &str| AppError::field(&format!("profile.{field}"), why);
        if ![58, 80].contains(&self.paper_mm) {
            return Err(wrong("paper_mm", "58 or 80"));
        }
        let code_page: CodePage = serde_json::from_value(self.code_page.clone().into())
            .map_err(|_| wrong("code_page", "this code page is not known"))?;
        let raster_only = match self.letters.as_str() {
            "raster" => true,
            "code_page" => false,
            _ => return Err(wrong("letters", "raster or code_page")),
        };
        let cutter = match self.cut.as_str() {
            "none" => Cutter::None,
            "partial" => Cutter::Partial,
            "full" => Cutter::Full,
            _ => return Err(wrong("cut", "none, partial or full")),
        };
        let pin = match self.drawer_pin {
            2 => Pin::Two,
            5 => Pin::Five,
            _ => return Err(wrong("drawer_pin", "2 or 5")),
        };
        if !["escpos", "pdf"].contains(&self.speaks.as_str()) {
            return Err(wrong("speaks", "escpos or pdf"));
        }
        let profile = Profile {
            dots: self.dots,
            columns: columns_of(self.dots),
            code_page,
            code_page_number: None,
            raster_only,
            cutter,
            feed_lines: self.feed_lines,
            drawer: Some(Pulse {
                pin,
                on_ms: self.drawer_on_ms,
                off_ms: self.drawer_off_ms,
            }),
            qr: QrMode::Raster,
        };
        profile.validate().map_err(|errors| match errors.first() {
            Some(first) => wrong(&first.field, &first.message),
            None => wrong("", "this profile is not possible"),
        })?;
        Ok(Profile {
            drawer: profile.drawer.filter(|_| drawer),
            ..profile
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavePrinter {
    pub id: Uuid,
    pub name: String,
    /// network, usb, serial, spooler, file, or device for another device's
    pub driver: String,
    pub address: String,
    pub profile: Option<ProfileView>,
    /// receipt, kitchen, label, report
    pub jobs: Option<Vec<String>>,
    /// Who prints when this one cannot.
    pub fallback: Option<Uuid>,
    /// Whether a drawer hangs on it.
    pub drawer: Option<bool>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PrinterView {
    pub id: Uuid,
    pub name: String,
    pub driver: String,
    pub address: String,
    pub profile: ProfileView,
    pub jobs: Vec<String>,
    pub fallback: Option<Uuid>,
    /// ready, check or off
    pub light: String,
    /// Why the light is not ready: a word such as paper_out.
    pub why: Option<String>,
    pub queued: u32,
    pub last_used: Option<String>,
    pub drawer: bool,
    /// The till of the other device on which it hangs.
    pub till: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FindView {
    pub running: bool,
    pub ways: Vec<WayView>,
    pub found: Vec<FoundView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WayView {
    /// usb, serial, spooler, mdns or probe
    pub way: String,
    /// running, done or failed
    pub state: String,
    pub why: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundView {
    pub way: String,
    pub driver: String,
    pub address: String,
    pub name: String,
    /// The printer that has this address already.
    pub known: Option<Uuid>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestPrinter {
    pub id: Uuid,
    /// card (default) or drawer
    pub part: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrinterLooks {
    pub id: Uuid,
    /// right, too_wide, too_narrow, garbage, wrong_letters, not_cut, nothing or drawer_shut
    pub answer: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LooksView {
    pub printer: PrinterView,
    /// done, test (print the card again) or help (nothing is left to try)
    pub next: String,
    /// The fields of the profile that are others now.
    pub changed: Vec<String>,
}

/// The search that runs or ran last.
#[derive(Default)]
pub(crate) struct Search(Mutex<SearchState>);

#[derive(Default)]
struct SearchState {
    running: bool,
    ways: Vec<(Way, Option<String>)>,
    found: Vec<devices::find::Found>,
}

impl Search {
    fn lock(&self) -> std::sync::MutexGuard<'_, SearchState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn profile_of(row: &PrinterRow) -> ProfileView {
    let mut profile: ProfileView = serde_json::from_str(&row.profile).unwrap_or_default();
    profile.tells_state = row.tells;
    profile
}

pub(crate) fn jobs_of(row: &PrinterRow) -> Vec<String> {
    serde_json::from_str(&row.jobs).unwrap_or_default()
}

impl Shop {
    pub fn printers(&self) -> Result<Page<PrinterView>> {
        let rows = self.store.read(|r| r.printers())?;
        Ok(Page::whole(
            rows.iter()
                .map(|row| self.view_printer(row))
                .collect::<Result<_>>()?,
        ))
    }

    pub(crate) fn view_printer(&self, row: &PrinterRow) -> Result<PrinterView> {
        let (light, why, queued) = self.printer_light(row.id)?;
        let till = match Elsewhere::of(row) {
            Some(elsewhere) => self.store.read(|r| self.tills(r))?.remove(&elsewhere.device),
            None => None,
        };
        Ok(PrinterView {
            till,
            id: row.id.uuid(),
            name: row.name.clone(),
            driver: row.driver.clone(),
            address: row.address.clone(),
            profile: profile_of(row),
            jobs: jobs_of(row),
            fallback: row.fallback.map(PrinterId::uuid),
            light: light.to_owned(),
            why: why.map(str::to_owned),
            queued,
            last_used: row.used_ms.map(|ms| rfc3339(Moment(ms))),
            drawer: row.drawer,
        })
    }

    pub(crate) fn printer_row(&self, id: PrinterId) -> Result<PrinterRow> {
        self.store
            .read(|r| r.printer(id))?
            .ok_or(AppError::new(Code::NotFound))
    }

    pub fn add_printer(self: &Arc<Self>, form: &SavePrinter) -> Result<PrinterView> {
        self.save_printer(PrinterId::from_uuid(form.id), true, form)
    }

    pub fn change_printer(self: &Arc<Self>, id: PrinterId, form: &SavePrinter) -> Result<PrinterView> {
        self.save_printer(id, false, form)
    }

    fn save_printer(self: &Arc<Self>, id: PrinterId, fresh: bool, form: &SavePrinter) -> Result<PrinterView> {
        let elsewhere = form.driver == print_elsewhere::DRIVER;
        let (driver, address) = match elsewhere {
            true => (None, self.address_elsewhere(&form.address)?),
            false => {
                let driver: Driver = form.driver.parse().map_err(|e| AppError::field("driver", e))?;
                let address =
                    Address::parse(driver, &form.address).map_err(|e| AppError::field("address", e))?;
                (Some(driver), address.to_string())
            }
        };
        let name = text("name", &form.name, 60)?;
        let content = content_of(&format!("printer {id}"), form)?;
        self.write_once(*form.id.as_bytes(), &content, |tx| {
            let all = tx.reader().printers()?;
            let old = all.iter().find(|p| p.id == id);
            match (fresh, old) {
                (false, None) => return Err(Code::NotFound.into()),
                (true, Some(_)) => return Err(Code::IdReused.into()),
                _ => {}
            }
            let same = all
                .iter()
                .any(|p| p.id != id && p.driver == form.driver && p.address == address);
            if same {
                return Err(Code::PrinterKnown.into());
            }
            let jobs = match &form.jobs {
                Some(jobs) => jobs.clone(),
                None => match old {
                    Some(old) => jobs_of(old),
                    // The first printer of a till is its receipt printer.
                    None if all.is_empty() => vec!["receipt".to_owned()],
                    None => vec![],
                },
            };
            if let Some(strange) = jobs.iter().find(|job| !JOBS.contains(&job.as_str())) {
                return Err(AppError::field(
                    "jobs",
                    format!("{strange} is no job of a printer"),
                ));
            }
            let fallback = form.fallback.map(PrinterId::from_uuid);
            if fallback.is_some_and(|f| f == id || !all.iter().any(|p| p.id == f)) {
                return Err(AppError::field("fallback", "this printer is not known"));
            }
            let profile = match &form.profile {
                Some(profile) => profile.clone(),
                None => match old {
                    Some(old) => profile_of(old),
                    None => driver.map(first_profile).unwrap_or_default(),
                },
            };
            profile.checked(true)?;
            let others = all.iter().any(|p| p.id != id && p.drawer);
            // The drawer of another device is that device's to open.
            let drawer = !elsewhere
                && form.drawer.unwrap_or_else(|| {
                    old.map_or(!others && jobs.iter().any(|job| job == "receipt"), |old| {
                        old.drawer
                    })
                });
            let moved = old.is_none_or(|o| o.address != address);
            let json =
                |value: serde_json::Result<String>| value.map_err(|e| AppError::new(Code::Broken).caused(e));
            tx.save_printer(&PrinterRow {
                id,
                name,
                driver: form.driver.clone(),
                address: address.clone(),
                profile: json(serde_json::to_string(&profile))?,
                jobs: json(serde_json::to_string(&jobs))?,
                fallback,
                drawer,
                tells: match profile.tells_state {
                    // At another address stands another printer.
                    None if !moved => old.and_then(|o| o.tells),
                    told => told,
                },
                added_ms: old.map_or(tx.now().0, |o| o.added_ms),
                used_ms: None,
            })?;
            Ok(())
        })?;
        self.printing.forget(id);
        self.ask_printer(id);
        self.live.tell("device", Some(id.to_string()));
        self.view_printer(&self.printer_row(id)?)
    }

    /// A printer of another device of this branch, as it was offered.
    fn address_elsewhere(&self, address: &str) -> Result<String> {
        let elsewhere = Elsewhere::parse(address)
            .ok_or_else(|| AppError::field("address", "this names no printer of another device"))?;
        let devices = self.store.read(|r| r.branch_devices(self.identity.branch))?;
        let there = devices
            .iter()
            .any(|one| one.device == elsewhere.device && one.device != self.identity.device && !one.revoked);
        match there {
            true => Ok(elsewhere.to_string()),
            false => Err(AppError::field("address", "this device is not of this branch")),
        }
    }

    /// The printers of the other devices of the branch that answer now.
    pub fn offered_printers(&self) -> Result<Page<PrinterElsewhere>> {
        self.printers_elsewhere().map(Page::whole)
    }

    pub fn remove_printer(self: &Arc<Self>, id: PrinterId) -> Result<PrinterView> {
        let row = self.printer_row(id)?;
        let view = self.view_printer(&row)?;
        self.store.write(self.edges.now(), |tx| {
            let waiting: u32 = tx
                .reader()
                .print_counts()?
                .iter()
                .filter(|(printer, _, _)| *printer == id)
                .map(|(_, _, n)| n)
                .sum();
            if waiting > 0 {
                return Err(AppError::new(Code::PrinterHasJobs).hint("waiting", waiting));
            }
            tx.drop_printer(id)?;
            Ok(())
        })?;
        self.printing.stop(id);
        self.live.tell("device", Some(id.to_string()));
        Ok(view)
    }

    /// Begins to search, unless a search runs already.
    pub fn find_printers(self: &Arc<Self>) -> Result<FindView> {
        let begins = {
            let mut search = self.search.lock();
            let begins = !search.running;
            if begins {
                *search = SearchState {
                    running: true,
                    ..SearchState::default()
                };
            }
            begins
        };
        if begins {
            // A shop that is left meanwhile has nobody to tell.
            let weak = Arc::downgrade(self);
            std::thread::Builder::new()
                .name("find-printers".to_owned())
                .spawn(move || {
                    devices::find::find(|event| {
                        if let Some(shop) = weak.upgrade() {
                            shop.search_went_on(event);
                        }
                    });
                    if let Some(shop) = weak.upgrade() {
                        shop.search.lock().running = false;
                        shop.live.tell("device", Some("find".to_owned()));
                    }
                })
                .map_err(|e| AppError::new(Code::Broken).caused(e))?;
        }
        self.found_printers()
    }

    fn search_went_on(&self, event: Event) {
        let mut search = self.search.lock();
        match event {
            Event::Done(way, why) => search.ways.push((way, why)),
            Event::Found(found) => {
                // A printer that announces itself is also found by knocking; its own name is the better one.
                match search
                    .found
                    .iter_mut()
                    .find(|f| f.driver == found.driver && f.address == found.address)
                {
                    Some(known) if known.way == Way::Probe => *known = found,
                    Some(_) => return,
                    None => search.found.push(found),
                }
            }
        }
        drop(search);
        self.live.tell("device", Some("find".to_owned()));
    }

    pub fn found_printers(&self) -> Result<FindView> {
        let known = self.store.read(|r| r.printers())?;
        let search = self.search.lock();
        Ok(FindView {
            running: search.running,
            ways: Way::ALL
                .iter()
                .map(|way| {
                    let done = search.ways.iter().find(|(w, _)| w == way);
                    let state = match done {
                        Some((_, Some(_))) => "failed",
                        Some((_, None)) => "done",
                        None if search.running => "running",
                        None => "done",
                    };
                    WayView {
                        way: way.as_str().to_owned(),
                        state: state.to_owned(),
                        why: done.and_then(|(_, why)| why.clone()),
                    }
                })
                .collect(),
            found: search
                .found
                .iter()
                .map(|f| FoundView {
                    way: f.way.as_str().to_owned(),
                    driver: f.driver.as_str().to_owned(),
                    address: f.address.clone(),
                    name: f.name.clone(),
                    known: known
                        .iter()
                        .find(|p| p.driver == f.driver.as_str() && p.address == f.address)
                        .map(|p| p.id.uuid()),
                })
                .collect(),
        })
    }

    pub fn test_printer(
        self: &Arc<Self>,
        actor: &Actor,
        id: PrinterId,
        form: &TestPrinter,
    ) -> Result<JobView> {
        let row = self.printer_row(id)?;
        let opens = form.part.as_deref() == Some("drawer");
        if opens {
            actor.must(Permission::DrawerOpen)?;
        }
        let paper = match form.part.as_deref() {
            None | Some("card") => NewPaper::slip("test", self.test_card(&row.name, profile_of(&row).dots)),
            Some("drawer") if !row.drawer => return Err(Code::NoDrawer.into()),
            Some("drawer") => NewPaper::drawer(),
            Some(_) => return Err(AppError::field("part", "card or drawer")),
        };
        let content = content_of(&format!("test printer {id}"), form)?;
        self.print_once(form.id, &content, |tx| {
            if opens {
                self.note_opening(tx, actor, form.id, drawer::TEST, row.name.clone(), None)?;
            }
            Ok(paper.at(PrintJobId::from_uuid(form.id), id, Some(actor.staff)))
        })
    }

    /// Takes up what a person saw on the test card.
    pub fn printer_looks(self: &Arc<Self>, id: PrinterId, form: &PrinterLooks) -> Result<LooksView> {
        let content = content_of(&format!("printer looks {id}"), form)?;
        let (next, changed) = self.write_once(*form.id.as_bytes(), &content, |tx| {
            let row = tx.reader().printer(id)?.ok_or(AppError::new(Code::NotFound))?;
            let mut profile = profile_of(&row);
            if Elsewhere::of(&row).is_some() {
                // How it is spoken to is set where it hangs.
                return Err(Code::NotHere.into());
            }
            let driver: Driver = row
                .driver
                .parse()
                .map_err(|e| AppError::new(Code::Broken).because(e))?;
            let mut address = row.address.clone();
            let (next, changed) = adapt(&mut profile, driver, &mut address, &form.answer)?;
            let json = serde_json::to_string(&profile).map_err(|e| AppError::new(Code::Broken).caused(e))?;
            tx.save_printer(&PrinterRow {
                profile: json,
                address,
                ..row
            })?;
            let changed: Vec<String> = changed.into_iter().map(str::to_owned).collect();
            Ok((next.to_owned(), changed))
        })?;
        self.live.tell("device", Some(id.to_string()));
        Ok(LooksView {
            printer: self.view_printer(&self.printer_row(id)?)?,
            next,
            changed,
        })
    }
}

/// What is most likely right for a printer that nobody has tried yet.
fn first_profile(driver: Driver) -> ProfileView {
    ProfileView {
        // Dots take long over a serial cable.
        letters: if driver == Driver::Serial {
            "code_page"
        } else {
            "raster"
        }
        .to_owned(),
        ..ProfileView::default()
    }
}

/// Changes what a person's answer points at. Gives the next step and the names of the changed fields.
fn adapt(
    profile: &mut ProfileView,
    driver: Driver,
    address: &mut String,
    answer: &str,
) -> Result<(&'static str, Vec<&'static str>)> {
    let mut changed = vec![];
    let next = match answer {
        "right" => "done",
        "too_wide" if profile.paper_mm != 58 => {
            (profile.paper_mm, profile.dots) = (58, 384);
            changed.extend(["paper_mm", "dots"]);
            "test"
        }
        "too_narrow" if profile.paper_mm != 80 => {
            (profile.paper_mm, profile.dots) = (80, 576);
            changed.extend(["paper_mm", "dots"]);
            "test"
        }
        "wrong_letters" if profile.letters != "raster" => {
            profile.letters = "raster".to_owned();
            changed.push("letters");
            "test"
        }
        "garbage" if driver == Driver::Serial => match next_speed(address) {
            Some(faster) => {
                *address = faster;
                changed.push("address");
                "test"
            }
            None => "help",
        },
        "garbage" if driver == Driver::Spooler && profile.speaks != "pdf" => {
            profile.speaks = "pdf".to_owned();
            changed.push("speaks");
            "test"
        }
        "not_cut" => match profile.cut.as_str() {
            "partial" => {
                profile.cut = "full".to_owned();
                changed.push("cut");
                "test"
            }
            "full" => {
                // There is no cutter: the paper is torn, and fed far enough for it.
                profile.cut = "none".to_owned();
                changed.push("cut");
                "done"
            }
            _ => "help",
        },
        "drawer_shut" => {
            if profile.drawer_pin == 2 {
                profile.drawer_pin = 5;
                changed.push("drawer_pin");
                "test"
            } else if profile.drawer_on_ms < 200 {
                profile.drawer_pin = 2;
                profile.drawer_on_ms = 200;
                changed.extend(["drawer_pin", "drawer_on_ms"]);
                "test"
            } else {
                "help"
            }
        }
        "too_wide" | "too_narrow" | "wrong_letters" | "garbage" | "nothing" => "help",
        _ => return Err(AppError::field("answer", "this answer is not known")),
    };
    Ok((next, changed))
}

/// Serial printers that print garbage mostly hear another speed.
fn next_speed(address: &str) -> Option<String> {
    const SPEEDS: &[u32] = &[9600, 19200, 38400, 57600, 115_200];
    let Ok(Address::Serial { path, baud }) = Address::parse(Driver::Serial, address) else {
        return None;
    };
    let at = SPEEDS.iter().position(|s| *s == baud).map_or(0, |at| at + 1);
    let baud = *SPEEDS.get(at)?;
    Some(Address::Serial { path, baud }.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapted(answers: &[&str], driver: Driver) -> (ProfileView, String, &'static str) {
        let mut profile = first_profile(driver);
        let mut address = "/dev/ttyUSB0".to_owned();
        let mut next = "";
        for answer in answers {
            next = adapt(&mut profile, driver, &mut address, answer)
                .expect("an answer")
                .0;
        }
        (profile, address, next)
    }

    #[test]
    fn what_a_person_sees_becomes_the_profile() {
        let (profile, _, next) = adapted(&["too_wide", "not_cut", "not_cut"], Driver::Network);
        assert_eq!(
            (profile.paper_mm, profile.dots, profile.cut.as_str(), next),
            (58, 384, "none", "done")
        );
        let (profile, _, _) = adapted(&["wrong_letters"], Driver::Serial);
        assert_eq!(profile.letters, "raster");
        let (profile, _, next) = adapted(&["garbage"], Driver::Spooler);
        assert_eq!((profile.speaks.as_str(), next), ("pdf", "test"));
        let (profile, _, next) = adapted(&["drawer_shut", "drawer_shut"], Driver::Usb);
        assert_eq!((profile.drawer_pin, profile.drawer_on_ms, next), (2, 200, "test"));
    }

    #[test]
    fn what_has_been_tried_is_not_tried_for_ever() {
        assert_eq!(adapted(&["too_wide", "too_wide"], Driver::Network).2, "help");
        assert_eq!(adapted(&["drawer_shut"; 4], Driver::Usb).2, "help");
        assert_eq!(adapted(&["not_cut"; 3], Driver::Usb).2, "help");
        let (_, address, next) = adapted(&["garbage"; 5], Driver::Serial);
        assert_eq!((address.as_str(), next), ("/dev/ttyUSB0@115200", "help"));
        assert!(
            adapt(
                &mut ProfileView::default(),
                Driver::Usb,
                &mut String::new(),
                "pretty"
            )
            .is_err()
        );
    }
}
