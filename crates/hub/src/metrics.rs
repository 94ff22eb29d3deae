//! What the hub did, for Prometheus.

use std::{
    fmt::Write,
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

#[derive(Default)]
pub struct Metrics {
    pub pushes: AtomicU64,
    pub facts_taken: AtomicU64,
    pub transactions_taken: AtomicU64,
    pub transactions_known: AtomicU64,
    pub series_refused: AtomicU64,
    pub forks: AtomicU64,
    pub lost_races: AtomicU64,
    pub pulls: AtomicU64,
    pub pulls_waiting: AtomicI64,
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    pub refused: [AtomicU64; 5],
}

/// The statuses that are counted apart; everything else that was refused is in the first.
pub const STATUSES: [u16; 5] = [400, 401, 413, 429, 503];

impl Metrics {
    pub fn answered(&self, status: u16) {
        if status >= 400 {
            let at = STATUSES.iter().position(|s| *s == status).unwrap_or(0);
            self.refused[at].fetch_add(1, Relaxed);
        }
    }

    pub fn text(&self) -> String {
        let mut out = String::with_capacity(2048);
        let counters: [(&str, &str, &AtomicU64); 10] = [
            ("pushes_total", "Pushes of devices.", &self.pushes),
            ("facts_taken_total", "Facts written down.", &self.facts_taken),
            (
                "transactions_taken_total",
                "Transactions written down.",
                &self.transactions_taken,
            ),
            (
                "transactions_known_total",
                "Transactions that were here already.",
                &self.transactions_known,
            ),
            (
                "series_refused_total",
                "Series of a push that were not taken, or not whole.",
                &self.series_refused,
            ),
            ("forks_total", "Times a device showed two histories.", &self.forks),
            (
                "lost_races_total",
                "Times another push of the same series came first.",
                &self.lost_races,
            ),
            ("pulls_total", "Pulls of devices.", &self.pulls),
            ("received_bytes_total", "Bytes of bodies in.", &self.bytes_in),
            ("sent_bytes_total", "Bytes of bodies out.", &self.bytes_out),
        ];
        for (name, help, value) in counters {
            let value = value.load(Relaxed);
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "# HELP chandi_hub_{name} {help}\n# TYPE chandi_hub_{name} counter\nchandi_hub_{name} {value}"
            );
        }
        let waiting = self.pulls_waiting.load(Relaxed);
        let _ = writeln!(
            out,
            "# HELP chandi_hub_pulls_waiting Pulls that wait for something new.\n# TYPE chandi_hub_pulls_waiting gauge\nchandi_hub_pulls_waiting {waiting}\n# HELP chandi_hub_refused_total Requests that were refused.\n# TYPE chandi_hub_refused_total counter"
        );
        for (status, count) in STATUSES.iter().zip(&self.refused) {
            let count = count.load(Relaxed);
            let _ = writeln!(out, "chandi_hub_refused_total{{status=\"{status}\"}} {count}");
        }
        out
    }
}
