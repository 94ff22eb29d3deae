//! This device's part in deciding for its branch, beside the door.

use crate::Door;
use std::io;

/// Takes part in the elections of the branch for as long as the door's app is open. The other devices are those of the
/// LAN; `peers` are further addresses, of nodes on this machine.
pub fn lead(door: &Door, peers: &[String]) -> io::Result<()> {
    let ways = sync::lead::Ways::over(door.lan.clone());
    for peer in peers {
        ways.meet(peer);
    }
    sync::lead::begin(&std::sync::Arc::downgrade(&door.app), ways)
}
