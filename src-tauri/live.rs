//! What happens in the core, told to each window as it happens.
//!
//! Tauri's own events are not used: a page that listens to "any" target hears what is meant for other windows, and the
//! customer's page must not hear the cashier. Each window is handed its own messages as a DOM event instead, so none
//! needs any capability.

use serde::Serialize;
use tauri::{AppHandle, Manager};

use crate::{threshold::Open, windows};

/// Forwards until the core closes.
pub fn forward(app: &AppHandle, open: &Open) {
    for label in [windows::CASHIER, windows::CUSTOMER, windows::BOARD] {
        let mut feed = open.door.live(label);
        let app = app.clone();
        tauri::async_runtime::spawn(async move {
            while let Some(message) = feed.next().await {
                tell(&app, label, &message);
            }
        });
    }
}

fn tell(app: &AppHandle, label: &str, message: &impl Serialize) {
    let Some(window) = app.get_webview_window(label) else {
        return;
    };
    match script(message) {
        Ok(script) => {
            if let Err(error) = window.eval(script) {
                tracing::warn!(%error, label, "a window did not take a message");
            }
        }
        Err(error) => tracing::error!(%error, "a live message is no JSON"),
    }
}

/// The message travels as a string and is parsed by the page, so nothing in it can be run.
fn script(message: &impl Serialize) -> serde_json::Result<String> {
    let literal = serde_json::to_string(&serde_json::to_string(message)?)?;
    Ok(format!(
        "dispatchEvent(new CustomEvent('chandi:live',{{detail:JSON.parse({literal})}}))"
    ))
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn a_hostile_name_stays_inside_the_string() {
        let name = "\"));alert(1)//\u{2028}\\</script>'";
        let script = script(&serde_json::json!({ "name": name })).expect("it is JSON");
        let literal = script
            .strip_prefix("dispatchEvent(new CustomEvent('chandi:live',{detail:JSON.parse(")
            .and_then(|rest| rest.strip_suffix(")}))"))
            .expect("the frame of the call is ours");
        let inner: String = serde_json::from_str(literal).expect("one string literal, nothing after it");
        let message: serde_json::Value = serde_json::from_str(&inner).expect("the message as it was");
        assert_eq!(message["name"], name);
    }
}
