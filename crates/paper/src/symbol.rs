//! QR codes and bars as dots on paper of a certain width.

use codes::make::{Level, code128, ean13, qr};

use crate::{bitmap::Bitmap, document::Bars};

/// Light modules around a QR code, without which readers do not find it.
pub(crate) const QUIET: u32 = 4;

/// The modules of a QR code, without its quiet zone; `None` when the text is too long for one.
pub(crate) fn qr_modules(data: &str) -> Option<Bitmap> {
    let code = qr(data, Level::M).or_else(|_| qr(data, Level::L)).ok()?;
    let side = u32::try_from(code.size()).ok()?;
    let mut modules = Bitmap::new(side, side);
    for (y, row) in (0..).zip(code.rows()) {
        for (x, dark) in (0..).zip(row) {
            modules.set(x, y, *dark);
        }
    }
    Some(modules)
}

/// How many dots one module gets on paper of this width; `None` when not even one fits.
pub(crate) fn qr_module_dots(modules: u32, wanted: u8, width: u32) -> Option<u32> {
    let fits = width / (modules + 2 * QUIET);
    (fits > 0).then(|| u32::from(wanted.max(1)).min(fits))
}

/// Whether this text can be these bars.
pub(crate) fn can_be_bars(bars: Bars, data: &str) -> bool {
    bar_modules(bars, data).is_some()
}

/// The modules of a barcode from left to right, true for dark, quiet zones included.
pub(crate) fn bar_modules(bars: Bars, data: &str) -> Option<Vec<bool>> {
    let code = match bars {
        Bars::Code128 => code128(data),
        Bars::Ean13 => ean13(data),
    }
    .ok()?;
    let (left, right) = code.quiet();
    let mut modules = vec![false; left];
    modules.extend_from_slice(code.modules());
    modules.resize(modules.len() + right, false);
    Some(modules)
}
