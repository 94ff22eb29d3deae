//! How owners and managers prove from another machine who they are.

use super::Id;
use serde::{Deserialize, Serialize};

/// What somebody proves themselves with from now on; none: a PIN is enough again. Of two that were set apart the later
/// one holds. Whoever wrote it stands in the header: the person, or an owner who took it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorSetV1 {
    pub staff: Id,
    pub factor: Option<SecondFactorV1>,
    pub set_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorV1 {
    /// Another one each time it is set up.
    pub factor: Id,
    /// [`FactorSecretsV1`], for the devices of the shop alone.
    pub sealed: Vec<u8>,
}

/// What is inside of the seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorSecretsV1 {
    /// Argon2id, in PHC form.
    pub password: String,
    /// The authenticator's.
    pub secret: Vec<u8>,
    /// Hashes of the recovery codes, in the order in which they were shown.
    pub recovery: Vec<[u8; 32]>,
}

/// A code that opened once, and opens nowhere again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorUsedV1 {
    pub staff: Id,
    pub factor: Id,
    pub code: UsedCodeV1,
    pub used_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UsedCodeV1 {
    /// The authenticator's digits of this step.
    Step(i64),
    /// Which of the recovery codes.
    Recovery(u8),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_seal_keeps_its_form() {
        let secrets = FactorSecretsV1 {
            password: "$a".to_owned(),
            secret: vec![7, 8],
            recovery: vec![[9; 32]],
        };
        let mut written = vec![2, b'$', b'a', 2, 7, 8, 1];
        written.extend([9; 32]);
        assert_eq!(postcard::to_stdvec(&secrets), Ok(written.clone()));
        assert_eq!(postcard::from_bytes(&written), Ok(secrets));
    }
}
