//! Reed-Solomon over GF(256), with erasures: codewords that are known to be doubtful cost half of what unknown errors
//! cost.

/// Powers of the generator 2 modulo 0x11D, twice round, and logarithms.
struct Field {
    power: [u8; 512],
    log: [u8; 256],
}

const FIELD: Field = {
    let mut power = [0u8; 512];
    let mut log = [0u8; 256];
    let mut value = 1u16;
    let mut i = 0;
    while i < 255 {
        power[i] = value as u8;
        power[i + 255] = value as u8;
        log[value as usize] = i as u8;
        value <<= 1;
        if value & 0x100 != 0 {
            value ^= 0x11D;
        }
        i += 1;
    }
    Field { power, log }
};

fn times(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    FIELD.power[usize::from(FIELD.log[usize::from(a)]) + usize::from(FIELD.log[usize::from(b)])]
}

/// `a / b`; `b` is never 0 here.
fn over(a: u8, b: u8) -> u8 {
    if a == 0 {
        return 0;
    }
    FIELD.power[usize::from(FIELD.log[usize::from(a)]) + 255 - usize::from(FIELD.log[usize::from(b)])]
}

fn raised(exponent: usize) -> u8 {
    FIELD.power[exponent % 255]
}

fn syndromes(block: &[u8], checks: usize) -> Vec<u8> {
    (0..checks)
        .map(|i| {
            let root = raised(i);
            block.iter().fold(0, |sum, &word| times(sum, root) ^ word)
        })
        .collect()
}

/// A block as it was read, ready to be corrected with one guess after another of what is doubtful.
pub(crate) struct Received<'a> {
    words: &'a [u8],
    syndromes: Vec<u8>,
}

impl Received<'_> {
    /// `None` when no such block exists.
    pub fn of(words: &[u8], checks: usize) -> Option<Received<'_>> {
        (words.len() <= 255 && checks < words.len()).then(|| Received {
            words,
            syndromes: syndromes(words, checks),
        })
    }

    /// The corrected block, and how many codewords that were not erased had to change.
    ///
    /// `None` when too much is wrong.
    pub fn corrected(&self, erased: &[usize]) -> Option<(Vec<u8>, usize)> {
        let mut block = self.words.to_vec();
        if self.syndromes.iter().all(|&s| s == 0) {
            return Some((block, 0));
        }
        let errors = correct(&mut block, &self.syndromes, erased)?;
        Some((block, errors))
    }
}

fn correct(block: &mut [u8], s: &[u8], erased: &[usize]) -> Option<usize> {
    let (length, checks) = (block.len(), s.len());
    if erased.len() > checks {
        return None;
    }

    // The locator starts with the erasures; Berlekamp and Massey add the errors.
    let mut locator = vec![0u8; checks + 1];
    locator[0] = 1;
    for (known, &at) in erased.iter().enumerate() {
        let root = raised(length - 1 - at);
        for j in (1..=known + 1).rev() {
            locator[j] ^= times(root, locator[j - 1]);
        }
    }
    let mut other = locator.clone();
    let mut order = erased.len();
    for r in erased.len() + 1..=checks {
        let mut discrepancy = 0;
        for i in 0..r {
            discrepancy ^= times(locator[i], s[r - 1 - i]);
        }
        if discrepancy == 0 {
            other.rotate_right(1);
            other[0] = 0;
            continue;
        }
        let mut next = locator.clone();
        for i in 0..checks {
            next[i + 1] ^= times(discrepancy, other[i]);
        }
        if 2 * order < r + erased.len() {
            order = r + erased.len() - order;
            for (to, from) in other.iter_mut().zip(&locator) {
                *to = over(*from, discrepancy);
            }
        } else {
            other.rotate_right(1);
            other[0] = 0;
        }
        locator = next;
    }
    let degree = locator.iter().rposition(|&v| v != 0)?;
    if degree == 0 || 2 * degree > checks + erased.len() {
        return None;
    }

    let mut wrong = Vec::with_capacity(degree);
    for at in 0..length {
        let inverse = 255 - (length - 1 - at) % 255;
        let mut sum = 0;
        for (power, &v) in locator[..=degree].iter().enumerate() {
            sum ^= times(v, raised(inverse * power));
        }
        if sum == 0 {
            wrong.push(at);
        }
    }
    if wrong.len() != degree {
        return None;
    }

    let mut evaluator = vec![0u8; checks];
    for (i, out) in evaluator.iter_mut().enumerate() {
        for j in 0..=i.min(degree) {
            *out ^= times(locator[j], s[i - j]);
        }
    }
    let mut errors = 0;
    for &at in &wrong {
        let exponent = length - 1 - at;
        let inverse = 255 - exponent % 255;
        let mut above = 0;
        for (power, &v) in evaluator.iter().enumerate() {
            above ^= times(v, raised(inverse * power));
        }
        let mut below = 0;
        for power in (1..=degree).step_by(2) {
            below ^= times(locator[power], raised(inverse * (power - 1)));
        }
        if below == 0 {
            return None;
        }
        block[at] ^= times(raised(exponent), over(above, below));
        errors += usize::from(!erased.contains(&at));
    }
    syndromes(block, checks).iter().all(|&s| s == 0).then_some(errors)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A block with its check codewords, by long division.
    fn encoded(data: &[u8], checks: usize) -> Vec<u8> {
        let mut generator = vec![1u8];
        for i in 0..checks {
            let mut next = vec![0u8; generator.len() + 1];
            for (j, &g) in generator.iter().enumerate() {
                next[j] ^= g;
                next[j + 1] ^= times(g, raised(i));
            }
            generator = next;
        }
        let mut rest = data.to_vec();
        rest.resize(data.len() + checks, 0);
        for i in 0..data.len() {
            let lead = rest[i];
            for (j, &g) in generator.iter().enumerate() {
                rest[i + j] ^= times(g, lead);
            }
        }
        [data, &rest[data.len()..]].concat()
    }

    proptest! {
        #[test]
        fn everything_within_reach_is_corrected(
            data in prop::collection::vec(any::<u8>(), 1..120),
            checks in 7usize..30,
            seed in any::<u64>(),
            share in 0usize..=100,
        ) {
            let good = encoded(&data, checks);
            let mut bad = good.clone();
            let mut places: Vec<usize> = (0..good.len()).collect();
            let mut state = seed | 1;
            let mut dice = |below: usize| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state % below as u64) as usize
            };
            for i in (1..places.len()).rev() {
                places.swap(i, dice(i + 1));
            }
            let erased = (checks * share / 100).min(good.len());
            let errors = ((checks - erased) / 2).min(good.len() - erased);
            for &at in &places[..erased + errors] {
                bad[at] ^= (1 + dice(255)) as u8;
            }
            let received = Received::of(&bad, checks).expect("a block");
            prop_assert_eq!(received.corrected(&places[..erased]), Some((good, errors)));
        }

        #[test]
        fn noise_never_panics(block in prop::collection::vec(any::<u8>(), 0..300), checks in 0usize..60, erased in prop::collection::vec(0usize..300, 0..40)) {
            let length = block.len();
            let erased: Vec<usize> = erased.into_iter().filter(|&at| at < length).collect();
            if let Some(received) = Received::of(&block, checks) {
                received.corrected(&erased);
            }
        }
    }

    #[test]
    fn what_is_beyond_reach_is_refused() {
        let good = encoded(b"forty-three bytes of a block, give or take", 16);
        let mut refused = 0;
        for seed in 0..200u8 {
            let mut bad = good.clone();
            for i in 0..12usize {
                bad[i * 4] ^= (seed ^ (i as u8).wrapping_mul(37)) | 1;
            }
            refused += usize::from(Received::of(&bad, 16).expect("a block").corrected(&[]).is_none());
        }
        assert!(
            refused >= 198,
            "only {refused} of 200 hopeless blocks were refused"
        );
    }
}
