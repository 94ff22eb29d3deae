//! Which window is on which screen. The customer's window belongs on the screen that the cashier's is not on; the pair
//! is remembered by monitor name and size, and holds when a screen is unplugged and plugged in again. Losing a screen
//! never touches the till.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tauri::{AppHandle, LogicalSize, Manager, Monitor, PhysicalPosition, PhysicalSize, WebviewWindow};
use tokio::sync::Notify;

use crate::windows::{CASHIER, CUSTOMER};

/// What a monitor is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    name: Option<String>,
    width: u32,
    height: u32,
}

/// A monitor, where it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Screen {
    identity: Identity,
    x: i32,
    y: i32,
}

/// Who was where the last time both had a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Pairing {
    cashier: Option<Identity>,
    customer: Option<Identity>,
}

impl Screen {
    fn of(monitor: &Monitor) -> Self {
        let (position, size) = (monitor.position(), monitor.size());
        let identity = Identity {
            name: monitor.name().cloned(),
            width: size.width,
            height: size.height,
        };
        Self {
            identity,
            x: position.x,
            y: position.y,
        }
    }

    fn is(&self, identity: Option<&Identity>) -> bool {
        identity == Some(&self.identity)
    }
}

/// The customer's screen: the remembered one, else the first that is not the cashier's.
fn customers<'a>(
    screens: &'a [Screen],
    cashier: Option<&Screen>,
    remembered: &Pairing,
) -> Option<&'a Screen> {
    let mut free = screens.iter().filter(|screen| Some(*screen) != cashier);
    let first = free.clone().next();
    free.find(|screen| screen.is(remembered.customer.as_ref()))
        .or(first)
        .filter(|_| screens.len() > 1)
}

/// Where the cashier's window goes back to: its own screen is there again, and it had to flee to the customer's.
fn cashiers_way_home<'a>(
    screens: &'a [Screen],
    cashier: Option<&Screen>,
    remembered: &Pairing,
) -> Option<&'a Screen> {
    cashier.filter(|screen| screen.is(remembered.customer.as_ref()))?;
    screens
        .iter()
        .find(|screen| screen.is(remembered.cashier.as_ref()))
}

/// Places the windows, and again whenever a monitor comes or goes. Tauri has no event for that, so the list is compared
/// once a second; on Linux GDK says so at once.
pub fn watch(app: AppHandle, folder: PathBuf) {
    let changed = Arc::new(Notify::new());
    #[cfg(target_os = "linux")]
    listen_to_gdk(&app, &changed);
    tauri::async_runtime::spawn(async move {
        let mut keeper = Keeper::new(folder);
        // The list is asked of the main thread; when that is gone, so is the app.
        while let Ok(settled) = keeper.look(&app) {
            let rest = if settled {
                Duration::from_secs(1)
            } else {
                Duration::from_millis(150)
            };
            let _ = tokio::time::timeout(rest, changed.notified()).await;
        }
    });
}

#[cfg(target_os = "linux")]
fn listen_to_gdk(app: &AppHandle, changed: &Arc<Notify>) {
    use gtk::gdk;
    let changed = changed.clone();
    let listening = app.run_on_main_thread(move || {
        let Some(display) = gdk::Display::default() else {
            return;
        };
        let removed = changed.clone();
        display.connect_monitor_added(move |_, _| changed.notify_one());
        display.connect_monitor_removed(move |_, _| removed.notify_one());
    });
    if let Err(error) = listening {
        tracing::warn!(%error, "monitors are only polled");
    }
}

/// How often a window is asked again to go where it belongs: window managers answer late, or move windows themselves.
const ATTEMPTS: u8 = 12;

struct Keeper {
    file: PathBuf,
    remembered: Pairing,
    screens: Vec<Screen>,
    /// Where the customer's window belongs, and what the last look made of it.
    target: Option<Screen>,
    seen: Option<Screen>,
    attempts: u8,
}

impl Keeper {
    fn new(folder: PathBuf) -> Self {
        let file = folder.join("screens.json");
        let remembered = read(&file);
        Self {
            file,
            remembered,
            screens: Vec::new(),
            target: None,
            seen: None,
            attempts: 0,
        }
    }

    /// Compares what is with what should be; answers whether they agree.
    fn look(&mut self, app: &AppHandle) -> tauri::Result<bool> {
        let screens: Vec<Screen> = app.available_monitors()?.iter().map(Screen::of).collect();
        let (Some(cashier), Some(customer)) =
            (app.get_webview_window(CASHIER), app.get_webview_window(CUSTOMER))
        else {
            // The customer's window opens a moment after the till's.
            return Ok(false);
        };
        let mut cashier_on = cashier.current_monitor()?.as_ref().map(Screen::of);

        let plugged = screens != self.screens;
        if plugged {
            tracing::info!(?screens, "the screens are now");
            self.screens = screens;
            if let Some(home) = cashiers_way_home(&self.screens, cashier_on.as_ref(), &self.remembered) {
                bring_home(&cashier, home)?;
                cashier_on = Some(home.clone());
            }
        }

        let target = customers(&self.screens, cashier_on.as_ref(), &self.remembered).cloned();
        // A till that is dragged to the other screen sends the customer's window to its own, once it stays there.
        if plugged || (target != self.target && target == self.seen) {
            self.target.clone_from(&target);
            self.attempts = ATTEMPTS;
        }
        self.seen = target;

        if self.attempts > 0 {
            if is_placed(&customer, self.target.as_ref())? {
                self.attempts = 0;
            } else {
                self.attempts -= 1;
                // The sale goes on where it was: what the cashier types must keep arriving.
                let typing = cashier.is_focused()?;
                place(
                    &customer,
                    self.target.as_ref(),
                    cashier_on.as_ref().or(self.screens.first()),
                )?;
                if typing {
                    cashier.set_focus()?;
                }
            }
        } else if let (Some(on), Some(target)) = (cashier_on, &self.target)
            && on != *target
        {
            self.remember(Pairing {
                cashier: Some(on.identity),
                customer: Some(target.identity.clone()),
            });
        }
        Ok(self.attempts == 0)
    }

    /// A screen that is only standing in for a missing one does not take its place.
    fn remember(&mut self, now: Pairing) {
        let missing = |old: &Option<Identity>| {
            old.clone()
                .filter(|old| !self.screens.iter().any(|screen| screen.identity == *old))
        };
        let next = Pairing {
            cashier: missing(&self.remembered.cashier).or(now.cashier),
            customer: missing(&self.remembered.customer).or(now.customer),
        };
        if next == self.remembered {
            return;
        }
        if let Err(error) = write(&self.file, &next) {
            tracing::warn!(%error, "the screens are not remembered");
        }
        self.remembered = next;
    }
}

/// Full screen on its monitor; where there is none, small and minimized, so that it never covers the till. Who wants to
/// see it beside the till opens it from the task bar.
fn place(customer: &WebviewWindow, target: Option<&Screen>, other: Option<&Screen>) -> tauri::Result<()> {
    let Some(screen) = target else {
        customer.set_fullscreen(false)?;
        if let Some(other) = other {
            customer.set_position(PhysicalPosition::new(other.x, other.y))?;
        }
        customer.set_size(LogicalSize::new(1024.0, 640.0))?;
        // Minimized before it is shown, so that it does not flash over the till.
        customer.minimize()?;
        return customer.show();
    };
    let Identity { width, height, .. } = screen.identity;
    customer.unminimize()?;
    customer.show()?;
    // The move comes first: a window manager that does not know monitors goes full screen where the window is. Where no
    // window manager answers at all (a kiosk), place and size are all there is.
    customer.set_fullscreen(false)?;
    customer.set_position(PhysicalPosition::new(screen.x, screen.y))?;
    customer.set_size(PhysicalSize::new(width, height))?;
    customer.set_fullscreen_on_monitor(PhysicalPosition::new(f64::from(screen.x), f64::from(screen.y)))
}

fn is_placed(customer: &WebviewWindow, target: Option<&Screen>) -> tauri::Result<bool> {
    if !customer.is_visible()? {
        return Ok(false);
    }
    let Some(screen) = target else {
        return customer.is_minimized();
    };
    let on = customer.current_monitor()?.as_ref().map(Screen::of);
    let size = customer.inner_size()?;
    Ok(on.as_ref() == Some(screen)
        && size.width == screen.identity.width
        && size.height == screen.identity.height
        && !customer.is_minimized()?)
}

fn bring_home(cashier: &WebviewWindow, home: &Screen) -> tauri::Result<()> {
    let (maximized, fullscreen) = (cashier.is_maximized()?, cashier.is_fullscreen()?);
    if fullscreen {
        cashier.set_fullscreen(false)?;
    }
    if maximized {
        cashier.unmaximize()?;
    }
    cashier.set_position(PhysicalPosition::new(home.x, home.y))?;
    if maximized {
        cashier.maximize()?;
    }
    if fullscreen {
        cashier.set_fullscreen(true)?;
    }
    Ok(())
}

/// A pairing that cannot be read is no pairing: the windows then go where they can.
fn read(file: &Path) -> Pairing {
    fs::read(file)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn write(file: &Path, pairing: &Pairing) -> std::io::Result<()> {
    let bytes = serde_json::to_vec(pairing)?;
    let fresh = file.with_extension("json.new");
    fs::write(&fresh, bytes)?;
    fs::rename(fresh, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(name: &str, x: i32) -> Screen {
        Screen {
            identity: Identity {
                name: Some(name.to_owned()),
                width: 1024,
                height: 768,
            },
            x,
            y: 0,
        }
    }

    fn pairing(cashier: &Screen, customer: &Screen) -> Pairing {
        Pairing {
            cashier: Some(cashier.identity.clone()),
            customer: Some(customer.identity.clone()),
        }
    }

    #[test]
    fn with_one_screen_the_customer_has_none() {
        let only = [screen("A", 0)];
        assert_eq!(customers(&only, Some(&only[0]), &Pairing::default()), None);
        assert_eq!(
            customers(&only, None, &Pairing::default()),
            None,
            "not even while the cashier's is unknown"
        );
        assert_eq!(customers(&[], None, &Pairing::default()), None);
    }

    #[test]
    fn the_customer_gets_the_screen_that_the_cashier_is_not_on() {
        let both = [screen("A", 0), screen("B", 1024)];
        assert_eq!(
            customers(&both, Some(&both[0]), &Pairing::default()),
            Some(&both[1])
        );
        assert_eq!(
            customers(&both, Some(&both[1]), &Pairing::default()),
            Some(&both[0])
        );
    }

    #[test]
    fn the_remembered_screen_wins_among_three() {
        let all = [screen("A", 0), screen("B", 1024), screen("C", 2048)];
        let remembered = pairing(&all[0], &all[2]);
        assert_eq!(customers(&all, Some(&all[0]), &remembered), Some(&all[2]));
        assert_eq!(
            customers(&all, Some(&all[2]), &remembered),
            Some(&all[0]),
            "but never under the cashier's hands"
        );
        assert_eq!(
            customers(&all[..2], Some(&all[0]), &remembered),
            Some(&all[1]),
            "another stands in for it"
        );
    }

    #[test]
    fn a_screen_of_another_size_is_another_screen() {
        let mut all = [screen("A", 0), screen("B", 1024), screen("C", 2048)];
        let remembered = pairing(&all[0], &all[2]);
        all[2].identity.width = 1920;
        assert_eq!(customers(&all, Some(&all[0]), &remembered), Some(&all[1]));
    }

    #[test]
    fn the_till_goes_home_only_from_the_customers_screen() {
        let all = [screen("A", 0), screen("B", 1024), screen("C", 2048)];
        let remembered = pairing(&all[0], &all[1]);
        assert_eq!(
            cashiers_way_home(&all, Some(&all[1]), &remembered),
            Some(&all[0]),
            "its own came back"
        );
        assert_eq!(
            cashiers_way_home(&all[1..], Some(&all[1]), &remembered),
            None,
            "its own is still gone"
        );
        assert_eq!(
            cashiers_way_home(&all, Some(&all[2]), &remembered),
            None,
            "someone put it there"
        );
        assert_eq!(
            cashiers_way_home(&all, Some(&all[0]), &remembered),
            None,
            "it is at home"
        );
    }

    #[test]
    fn a_screen_that_stands_in_is_not_remembered() {
        let all = [screen("A", 0), screen("B", 1024), screen("C", 2048)];
        let folder = std::env::temp_dir().join(format!("chandi-screens-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let mut keeper = Keeper::new(folder.clone());
        keeper.screens = all.to_vec();
        keeper.remember(pairing(&all[0], &all[2]));
        keeper.screens = all[..2].to_vec();
        keeper.remember(pairing(&all[0], &all[1]));
        assert_eq!(
            Keeper::new(folder.clone()).remembered,
            pairing(&all[0], &all[2]),
            "as written before"
        );
        fs::write(folder.join("screens.json"), "rubbish").expect("written");
        assert_eq!(
            Keeper::new(folder.clone()).remembered,
            Pairing::default(),
            "rubbish is no pairing"
        );
        fs::remove_dir_all(folder).expect("tidied up");
    }
}
