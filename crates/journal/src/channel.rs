//! Two devices that have never met talk under a key that only they two can work out: X25519, and XChaCha20-Poly1305 on
//! top. Who is at the other end is not told by this; the joiner's pin and the host's word do that.

use crate::seal;
use curve25519_dalek::montgomery::MontgomeryPoint;

/// The public half of a secret half.
pub fn public_half(secret: &[u8; 32]) -> [u8; 32] {
    MontgomeryPoint::mul_base_clamped(*secret).to_bytes()
}

/// Two keys, one for each direction.
pub struct Channel {
    ask: [u8; 32],
    answer: [u8; 32],
}

impl Channel {
    /// Between who asks and who answers. `None` for a half that would make a key everybody knows.
    pub fn of(
        asker: &[u8; 32],
        answerer: &[u8; 32],
        secret: &[u8; 32],
        theirs: &[u8; 32],
    ) -> Option<Channel> {
        let shared = MontgomeryPoint(*theirs).mul_clamped(*secret).to_bytes();
        if shared == [0; 32] {
            return None;
        }
        let material = [shared.as_slice(), asker, answerer].concat();
        Some(Channel {
            ask: blake3::derive_key("chandi 2026 joining, what is asked v1", &material),
            answer: blake3::derive_key("chandi 2026 joining, what is answered v1", &material),
        })
    }

    pub fn close_ask(&self, nonce: [u8; 24], plain: &[u8]) -> Option<Vec<u8>> {
        seal::close(&self.ask, &[0; 16], nonce, plain)
    }

    pub fn open_ask(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        seal::open(&self.ask, &[0; 16], sealed)
    }

    /// Closed for that very question: an old answer fits no new one.
    pub fn close_answer(&self, asked: &[u8], nonce: [u8; 24], plain: &[u8]) -> Option<Vec<u8>> {
        seal::close(&self.answer, &about(asked), nonce, plain)
    }

    pub fn open_answer(&self, asked: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        seal::open(&self.answer, &about(asked), sealed)
    }
}

fn about(asked: &[u8]) -> [u8; 16] {
    let mut about = [0; 16];
    about.copy_from_slice(&blake3::hash(asked).as_bytes()[..16]);
    about
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let (one, other) = ([1; 32], [2; 32]);
        let (a, b) = (public_half(&one), public_half(&other));
        let asker = Channel::of(&a, &b, &one, &b).expect("a channel");
        let answerer = Channel::of(&a, &b, &other, &a).expect("a channel");
        (asker, answerer)
    }

    #[test]
    fn both_ends_understand_each_other_and_nobody_else_does() {
        let (asker, answerer) = pair();
        let sealed = asker.close_ask([3; 24], b"let me in").expect("sealed");
        assert_eq!(answerer.open_ask(&sealed).as_deref(), Some(&b"let me in"[..]));
        assert_eq!(
            asker.open_answer(b"", &sealed),
            None,
            "the directions have keys of their own"
        );
        let stranger = Channel::of(
            &public_half(&[1; 32]),
            &public_half(&[2; 32]),
            &[9; 32],
            &public_half(&[2; 32]),
        );
        assert_eq!(stranger.expect("a channel").open_ask(&sealed), None);
    }

    #[test]
    fn an_answer_fits_its_own_question_only() {
        let (asker, answerer) = pair();
        let answer = answerer.close_answer(b"one", [4; 24], b"yes").expect("sealed");
        assert_eq!(asker.open_answer(b"one", &answer).as_deref(), Some(&b"yes"[..]));
        assert_eq!(asker.open_answer(b"two", &answer), None);
    }

    #[test]
    fn a_half_that_gives_a_known_key_is_refused() {
        assert!(Channel::of(&[0; 32], &[0; 32], &[7; 32], &[0; 32]).is_none());
    }
}
