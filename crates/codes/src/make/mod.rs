//! Makes codes: QR, Code 128 and EAN-13, as modules, SVG and PNG, black on white with their quiet zones.

mod bars;
mod draw;
mod matrix;

pub(crate) use bars::check_digit;
pub use bars::{Bars, BarsError, Symbology, code128, ean13};
pub use draw::DrawError;
pub use matrix::{Level, Matrix, QrError, qr};
