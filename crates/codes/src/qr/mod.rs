//! Reading QR codes: find the three corners, fit the symbol's grid to the picture, sample it, decode it.

pub(crate) mod correct;
pub(crate) mod decode;
pub(crate) mod equalise;
pub(crate) mod finder;
pub(crate) mod fit;
pub(crate) mod layout;
pub(crate) mod map;
pub(crate) mod rings;
pub(crate) mod scan;
pub(crate) mod segments;
