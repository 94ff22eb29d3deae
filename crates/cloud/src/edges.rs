//! The clock and the dice of the program.

use domain::time::Moment;

#[allow(
    clippy::disallowed_methods,
    reason = "this is the edge where the wall clock enters"
)]
pub fn now() -> Moment {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The word of an invitation: 160 random bits that can be read aloud.
pub fn word() -> Result<String, String> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKMNPQRSTVWXYZ0123456789";
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| format!("the system gives no random bytes: {e}"))?;
    let letters = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let mut word = String::with_capacity(40);
    for (at, letter) in letters.enumerate() {
        if at > 0 && at % 8 == 0 {
            word.push('-');
        }
        word.push(letter);
    }
    Ok(word)
}
