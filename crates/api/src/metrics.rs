//! Counters for whoever watches the node, in Prometheus' text form.

use app::App;
use axum::http::Method;
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, PoisonError},
    time::Duration,
};

#[derive(Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), Counted>>,
}

#[derive(Default)]
struct Counted {
    count: u64,
    micros: u64,
}

impl Metrics {
    pub fn count(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = requests
            .entry((method.to_string(), route.to_owned(), status))
            .or_default();
        counted.count += 1;
        counted.micros += u64::try_from(took.as_micros()).unwrap_or(0);
    }

    pub fn text(&self, app: &App) -> String {
        let mut out = String::new();
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        out.push_str("# TYPE chandi_requests_total counter\n");
        for ((method, route, status), counted) in requests.iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            // Writing into a string cannot fail.
            let _ = writeln!(out, "chandi_requests_total{{{labels}}} {}", counted.count);
        }
        out.push_str("# TYPE chandi_request_microseconds_total counter\n");
        for ((method, route, status), counted) in requests.iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            let _ = writeln!(
                out,
                "chandi_request_microseconds_total{{{labels}}} {}",
                counted.micros
            );
        }
        if let Some(shop) = app.try_shop() {
            let _ = writeln!(
                out,
                "# TYPE chandi_sessions gauge\nchandi_sessions {}",
                shop.session_count()
            );
            if let Ok(orders) = shop.store().read(|r| r.order_count()) {
                let _ = writeln!(out, "# TYPE chandi_orders gauge\nchandi_orders {orders}");
            }
        }
        if let Some(bytes) = resident_bytes() {
            let _ = writeln!(
                out,
                "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {bytes}"
            );
        }
        out
    }
}

/// What the kernel says this process holds; only Linux says it in a file.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kb| kb * 1024)
}
