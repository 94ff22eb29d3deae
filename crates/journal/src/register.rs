//! Registers: records whose fields are patched; the last writer by (clock, device) wins, field by field.
//!
//! Products, categories, staff, devices and settings. Never money that moved, never stock on hand.

use crate::clock::Stamp;
use domain::ids::DeviceId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A field's value. Variants are only ever added at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<String>),
}

/// A field's number within its register. Numbers are never used again for something else.
pub type Field = u16;

/// The body of every register fact: which record, which fields, to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchV1 {
    pub record: [u8; 16],
    pub fields: Vec<(Field, Value)>,
}

/// Who wrote a field last. Compared as a pair, so that every node decides alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Written {
    pub stamp: Stamp,
    pub device: [u8; 16],
}

impl Written {
    pub fn new(stamp: Stamp, device: DeviceId) -> Written {
        Written {
            stamp,
            device: device.bytes(),
        }
    }
}

/// One record as all its patches left it, whatever order they came in. Unknown fields are kept for newer builds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    fields: BTreeMap<Field, (Value, Written)>,
}

impl Record {
    /// Applies a patch; says whether anything changed.
    pub fn apply(&mut self, patch: &[(Field, Value)], by: Written) -> bool {
        let mut changed = false;
        for (field, value) in patch {
            match self.fields.get(field) {
                Some((_, old)) if *old >= by => {}
                _ => {
                    self.fields.insert(*field, (value.clone(), by));
                    changed = true;
                }
            }
        }
        changed
    }

    pub fn get(&self, field: Field) -> &Value {
        self.fields.get(&field).map_or(&Value::Null, |(value, _)| value)
    }

    /// Who wrote the field last, and when.
    pub fn written(&self, field: Field) -> Option<Written> {
        self.fields.get(&field).map(|(_, by)| *by)
    }

    pub fn text(&self, field: Field) -> Option<&str> {
        match self.get(field) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn int(&self, field: Field) -> Option<i64> {
        match self.get(field) {
            Value::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// A yes, a no, or nothing said.
    pub fn choice(&self, field: Field) -> Option<bool> {
        match self.get(field) {
            Value::Bool(said) => Some(*said),
            _ => None,
        }
    }

    pub fn flag(&self, field: Field) -> bool {
        matches!(self.get(field), Value::Bool(true))
    }

    pub fn list(&self, field: Field) -> &[String] {
        match self.get(field) {
            Value::List(list) => list,
            _ => &[],
        }
    }

    pub fn id(&self, field: Field) -> Option<[u8; 16]> {
        match self.get(field) {
            Value::Bytes(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }

    /// What of `wanted` differs from what stands: the patch to write. Empty when nothing does.
    pub fn difference(&self, wanted: Vec<(Field, Value)>) -> Vec<(Field, Value)> {
        wanted
            .into_iter()
            .filter(|(field, value)| self.get(*field) != value)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ties_of_the_clock_are_settled_by_the_device() {
        let at = |device| Written {
            stamp: Stamp(5),
            device: [device; 16],
        };
        let mut a = Record::default();
        a.apply(&[(1, Value::Int(10))], at(1));
        a.apply(&[(1, Value::Int(20))], at(2));
        let mut b = Record::default();
        b.apply(&[(1, Value::Int(20))], at(2));
        b.apply(&[(1, Value::Int(10))], at(1));
        assert_eq!(a, b);
        assert_eq!(a.int(1), Some(20));
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_gives_the_same_record(
            patches in proptest::collection::vec((0u16..5, any::<i64>(), 0u64..20, 0u8..4), 0..40),
            seed in any::<u64>(),
        ) {
            // A device never stamps two facts alike.
            let mut seen = std::collections::HashSet::new();
            let patches: Vec<_> = patches.into_iter().filter(|p| seen.insert((p.2, p.3))).collect();
            let build = |list: &[(u16, i64, u64, u8)]| {
                let mut record = Record::default();
                for (field, value, stamp, device) in list {
                    record.apply(&[(*field, Value::Int(*value))], Written { stamp: Stamp(*stamp), device: [*device; 16] });
                }
                record
            };
            let mut shuffled = patches.clone();
            let mut state = seed | 1;
            for i in (1..shuffled.len()).rev() {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                shuffled.swap(i, (state >> 33) as usize % (i + 1));
            }
            let mut doubled = shuffled.clone();
            doubled.extend(patches.iter().cloned());
            prop_assert_eq!(build(&patches), build(&doubled), "order and repetition change nothing");
        }
    }
}
