//! What an owner's authenticator does with the letters that are shown to it.

/// A secret as it is typed into an authenticator.
pub fn typed_secret(text: &str) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (vec![], 0_u32, 0);
    for letter in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
            .iter()
            .position(|l| *l == letter);
        held = ((held << 5) | u32::try_from(value.expect("a letter")).expect("small")) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 255).expect("a byte"));
        }
    }
    bytes
}
