//! What travels between nodes: it comes back as it was, nothing that was changed on the way passes, and no bytes of a
//! stranger do harm.

use domain::ids::{BranchId, DeviceId, FactId, ShopId, StaffId};
use journal::{
    Chunk, DeviceKey, Place, Series, Stamp, Transaction, Vector, Why,
    exchange::{
        Answer, Heads, MAX_BODY_BYTES, MAX_MESSAGE_BYTES, MAX_TRANSACTION_BYTES, Pull, Pulled, Push, Pushed,
        Request, WireError, missing, signature_of, signature_text,
    },
};
use proptest::prelude::*;

const SHOP: ShopId = ShopId::from_bytes([1; 16]);

fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

fn key(n: u8) -> DeviceKey {
    DeviceKey::from_seed(&[n; 32])
}

/// A series of transactions with so many facts each, with bodies of different sizes, branches and people.
fn series(n: u8, sizes: &[u8]) -> Vec<Transaction> {
    let mut series = Series::new(SHOP, BranchId::from_bytes([2; 16]), device(n));
    let key = key(n);
    sizes
        .iter()
        .map(|size| {
            let facts = (0..(*size).max(1)).map(|_| {
                let at = series.seq + 1;
                let low = u8::try_from(at % 251).expect("below 251");
                series.branch = BranchId::from_bytes([2 + u8::from(low.is_multiple_of(5)); 16]);
                series.append(
                    FactId::from_bytes([low; 16]),
                    Stamp((at << 16) | 9),
                    (low % 3 == 0).then(|| StaffId::from_bytes([low; 16])),
                    u16::from(low),
                    1,
                    vec![low; usize::from(low) * 7],
                )
            });
            Transaction {
                facts: facts.collect(),
                head: series.head(&key),
            }
        })
        .collect()
}

fn chunk(n: u8, sizes: &[u8]) -> Chunk {
    Chunk::of(SHOP, device(n), &Place::default(), &series(n, sizes))
}

fn vectors() -> impl Strategy<Value = Vector> {
    prop::collection::btree_map((0u8..9).prop_map(device), 0u64..20, 0..9)
}

proptest! {
    #[test]
    fn a_series_comes_back_as_it_was_and_is_good_from_every_place(
        sizes in prop::collection::vec(1u8..9, 1..9),
        from in 0usize..9,
    ) {
        let all = series(3, &sizes);
        let from = from % all.len();
        let place = from.checked_sub(1).map_or_else(Place::default, |before| all[before].end());
        let chunk = Chunk::of(SHOP, device(3), &place, &all[from..]);
        let (read, why) = chunk.read(&key(3).public(), place);
        prop_assert_eq!(why, None);
        prop_assert_eq!(&read[..], &all[from..]);
    }

    #[test]
    fn a_changed_bit_never_passes(
        sizes in prop::collection::vec(1u8..6, 1..5),
        which: prop::sample::Index,
        byte: prop::sample::Index,
        bit in 0u8..8,
    ) {
        let mut chunk = chunk(3, &sizes);
        let which = which.index(chunk.transactions.len());
        let at = byte.index(chunk.transactions[which].len());
        chunk.transactions[which][at] ^= 1 << bit;
        let (read, why) = chunk.read(&key(3).public(), Place::default());
        prop_assert_eq!(read.len(), which, "what came before it is good");
        prop_assert!(why.is_some(), "and it is refused");
    }

    #[test]
    fn a_wrong_place_shop_device_or_key_never_passes(sizes in prop::collection::vec(1u8..6, 2..5), what in 0u8..5) {
        let all = series(3, &sizes);
        let mut chunk = Chunk::of(SHOP, device(3), &all[0].end(), &all[1..]);
        let (mut from, mut by) = (all[0].end(), key(3).public());
        match what {
            0 => chunk.shop = ShopId::from_bytes([9; 16]),
            1 => chunk.device = device(4),
            2 => from.hash[5] ^= 1,
            3 => from.seq += 1,
            _ => by = key(4).public(),
        }
        let (read, why) = chunk.read(&by, from);
        prop_assert!(read.is_empty());
        prop_assert!(matches!(why, Some(Why::BadSignature { .. })), "{:?}", why);
    }

    #[test]
    fn the_order_and_the_bounds_of_transactions_hold(sizes in prop::collection::vec(1u8..6, 3..6)) {
        let whole = chunk(3, &sizes);
        let mut swapped = whole.clone();
        swapped.transactions.swap(1, 2);
        let mut doubled = whole.clone();
        doubled.transactions.insert(1, whole.transactions[0].clone());
        let mut left_out = whole.clone();
        left_out.transactions.remove(1);
        for wrong in [swapped, doubled, left_out] {
            let (read, why) = wrong.read(&key(3).public(), Place::default());
            prop_assert_eq!(read.len(), 1);
            prop_assert!(why.is_some());
        }
    }

    #[test]
    fn what_is_missing_is_exactly_what_makes_both_alike(have in vectors(), theirs in vectors()) {
        let mut after = have.clone();
        for range in missing(&have, &theirs) {
            prop_assert!(range.upto > range.after);
            prop_assert_eq!(have.get(&range.device).copied().unwrap_or(0), range.after, "it begins where we stand");
            after.insert(range.device, range.upto);
        }
        for (device, seq) in &theirs {
            prop_assert!(after.get(device).copied().unwrap_or(0) >= *seq);
        }
        for (device, seq) in &after {
            let most = have.get(device).copied().unwrap_or(0).max(theirs.get(device).copied().unwrap_or(0));
            prop_assert_eq!(*seq, most, "and nothing is asked for that they do not have");
        }
        prop_assert!(missing(&after, &theirs).is_empty());
    }

    #[test]
    fn messages_come_back_as_they_were(have in vectors(), max_bytes: u32, wait_ms: u32, seq: u64, code: u8, more: bool) {
        let pull = Pull { have: have.clone(), max_bytes, wait_ms };
        prop_assert_eq!(Pull::decode(&pull.encode()), Ok(pull));
        let push = Push { series: vec![chunk(3, &[2, 3]), chunk(4, &[1])] };
        prop_assert_eq!(Push::decode(&push.encode()), Ok(push.clone()));
        let pulled = Pulled { chunks: push.series, heads: have.clone(), more };
        prop_assert_eq!(Pulled::decode(&pulled.encode()), Ok(pulled));
        let heads = Heads { heads: have.clone() };
        prop_assert_eq!(Heads::decode(&heads.encode()), Ok(heads));
        let known = [
            Why::Forked { seq }, Why::Gap { have: seq }, Why::BadChain { seq }, Why::BadSignature { seq },
            Why::UnknownDevice, Why::Revoked { until: seq }, Why::TooBig, Why::WrongShop, Why::Limit,
            Why::FoundsAgain { seq },
            Why::Other { code: code.max(100), seq },
        ];
        let pushed = Pushed { heads: have, refused: known.iter().map(|why| (device(3), *why)).collect() };
        prop_assert_eq!(Pushed::decode(&pushed.encode()), Ok(pushed));
    }

    #[test]
    fn bytes_of_strangers_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), form in 0u8..3) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = form;
        }
        let _ = Push::decode(&bytes);
        let _ = Pushed::decode(&bytes);
        let _ = Pull::decode(&bytes);
        let _ = Pulled::decode(&bytes);
        let _ = Heads::decode(&bytes);
        if let Ok(read) = Transaction::decode(&bytes, SHOP, device(3), &Place::default()) {
            prop_assert!(read.check(&key(3).public(), &Place::default()).is_err());
        }
    }

    #[test]
    fn what_was_cut_short_is_refused(sizes in prop::collection::vec(1u8..6, 1..5), cut: prop::sample::Index) {
        let push = Push { series: vec![chunk(3, &sizes)] }.encode();
        prop_assert!(Push::decode(&push[..cut.index(push.len())]).is_err());
        let mut longer = push;
        longer.push(0);
        prop_assert_eq!(Push::decode(&longer), Err(WireError::Unreadable), "nor may anything follow");
        let one = series(3, &sizes).remove(0).encode();
        let cut = &one[..cut.index(one.len())];
        prop_assert!(Transaction::decode(cut, SHOP, device(3), &Place::default()).is_err());
    }

    #[test]
    fn every_part_of_a_request_is_under_its_signature(what in 0u8..6, time_ms: i64) {
        let asked = Request { method: "POST", path: "/sync/v1/push", body: b"facts", time_ms, shop: SHOP, device: device(3) };
        let signature = asked.sign(&key(3));
        prop_assert!(asked.is_signed_by(&key(3).public(), &signature));
        let mut other = asked;
        match what {
            0 => other.method = "PUT",
            1 => other.path = "/sync/v1/pull",
            2 => other.body = b"fact",
            3 => other.time_ms ^= 1,
            4 => other.shop = ShopId::from_bytes([9; 16]),
            _ => other.device = device(4),
        }
        prop_assert!(!other.is_signed_by(&key(3).public(), &signature));
        prop_assert_eq!(signature_of(&signature_text(&signature)), Some(signature));
        let answer = Answer { asked: &signature, status: 200, body: b"heads", device: device(4) };
        let signed = answer.sign(&key(4));
        prop_assert!(answer.is_signed_by(&key(4).public(), &signed));
        let another = [signature[0] ^ 1; 64];
        let other = match what % 3 {
            0 => Answer { asked: &another, ..answer },
            1 => Answer { status: 409, ..answer },
            _ => Answer { body: b"head", ..answer },
        };
        prop_assert!(!other.is_signed_by(&key(4).public(), &signed));
    }
}

#[test]
fn a_stamp_that_falls_between_transactions_is_found() {
    let all = series(3, &[2, 2]);
    let chunk = Chunk::of(SHOP, device(3), &all[0].end(), &all[1..]);
    let mut ahead = all[0].end();
    ahead.stamp = Stamp(u64::MAX);
    let (read, why) = chunk.read(&key(3).public(), ahead);
    assert!(read.is_empty());
    assert_eq!(why, Some(Why::BadChain { seq: 3 }));
}

#[test]
fn what_is_too_big_is_refused_before_it_is_read() {
    let big = vec![1; MAX_TRANSACTION_BYTES + 1];
    let at = Place::default();
    assert_eq!(
        Transaction::decode(&big, SHOP, device(3), &at),
        Err(WireError::TooBig)
    );
    assert_eq!(
        Push::decode(&vec![1; MAX_MESSAGE_BYTES + 1]),
        Err(WireError::TooBig)
    );
    let mut series = Series::new(SHOP, BranchId::from_bytes([2; 16]), device(3));
    let fact = series.append(
        FactId::from_bytes([1; 16]),
        Stamp(1),
        None,
        18,
        1,
        vec![0; MAX_BODY_BYTES + 1],
    );
    let one = Transaction {
        facts: vec![fact],
        head: series.head(&key(3)),
    };
    assert_eq!(
        Transaction::decode(&one.encode(), SHOP, device(3), &at),
        Err(WireError::TooBig)
    );
    let chunk = Chunk::of(SHOP, device(3), &at, &[one]);
    assert_eq!(chunk.read(&key(3).public(), at).1, Some(Why::TooBig));
}

#[test]
fn a_length_that_promises_gigabytes_takes_none() {
    // A push of one chunk that says it has 2^62 transactions, and a body that says it is as long.
    let mut lying = vec![1, 1];
    lying.extend_from_slice(&[1; 32]);
    lying.push(0);
    lying.extend_from_slice(&[0; 32]);
    lying.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]);
    assert_eq!(Push::decode(&lying), Err(WireError::Unreadable));
    assert_eq!(
        Pull::decode(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]),
        Err(WireError::Unreadable)
    );
}

#[test]
fn a_newer_form_is_named_and_one_series_is_said_once() {
    assert_eq!(Push::decode(&[2, 0]), Err(WireError::Newer(2)));
    assert_eq!(Push::decode(&[0, 0]), Err(WireError::Unreadable));
    assert_eq!(Push::decode(&[]), Err(WireError::Empty));
    let mut twice = vec![1, 2];
    for seq in [4, 5] {
        twice.extend_from_slice(&[3; 16]);
        twice.push(seq);
    }
    assert_eq!(Heads::decode(&twice), Err(WireError::Unreadable));
    assert_eq!(
        Transaction::decode(&[1, 0], SHOP, device(3), &Place::default()),
        Err(WireError::Unreadable),
        "no signature"
    );
    let mut nothing = vec![1, 0];
    nothing.extend_from_slice(&[0; 64]);
    assert_eq!(
        Transaction::decode(&nothing, SHOP, device(3), &Place::default()),
        Err(WireError::Empty),
        "no facts"
    );
}
