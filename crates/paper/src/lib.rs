//! Slips of paper: what they say, how they look, and the bytes, pictures and files they become.
//!
//! A [`Slip`] is data that can be stored. With a branch's [`Template`] it becomes a [`Document`], and a document is
//! rendered three ways from one model: [`escpos`] bytes for a printer of a known [`Profile`], a [`pdf`] file, and the
//! [`raster`] that is also the preview. Text that a printer's code page cannot print is shaped and sent as dots, so any
//! script prints.
//!
//! Pure: no printer, no disk and no clock is known here. Fonts are part of the program or handed in as bytes.

mod amount;
mod bitmap;
mod code_page;
mod document;
mod escpos;
mod fonts;
mod invoice;
mod labels;
mod layout;
mod payment_slip;
mod pdf;
mod profile;
mod raster;
mod sheet;
mod shift_slip;
mod slips;
mod spelled;
mod statement;
mod symbol;
mod template;
mod words;

pub use amount::{figures, money};
pub use bitmap::{Bitmap, LogoError};
pub use code_page::CodePage;
pub use document::{Align, Bars, Block, Document, Look, Paper, Row, Rule, Size};
pub use escpos::{drawer_pulse, escpos};
pub use fonts::Fonts;
pub use invoice::{
    CodeTotal, InvoiceData, InvoiceKind, InvoiceLine, Party, SheetInstalment, SheetQr, TaxPart, TaxTotal,
    invoice_sheet,
};
pub use labels::{LabelSheet, labels_pdf};
pub use payment_slip::{PaidItem, PaymentSlipData, payment};
pub use pdf::{PdfError, PdfPage, pdf, sheet_pdf};
pub use profile::{Cutter, Pin, Profile, Pulse, QrMode};
pub use raster::raster;
pub use sheet::{Cell, Column, Line, Piece, Sheet, Step, Table};
pub use shift_slip::{ShiftDrawer, ShiftMethod, ShiftReport, ShiftSlipData, ShiftTax, shift_report};
pub use slips::{
    CreditNoteData, CreditOnPaper, Entry, LabelData, NoSaleData, ReceiptBuyer, ReceiptCard, ReceiptData,
    ReceiptLine, ReceiptTender, ReturnedGoods, Slip, TestCardData, credit_note, label, no_sale, receipt,
    test_card, token,
};
pub use spelled::spelled;
pub use statement::{StatementData, StatementRow, statement_sheet};
pub use template::{FieldError, Part, PartKind, QrSize, Template};
pub use words::{Language, Words};

/// A picture as a PNG file; of a [`raster`], the preview.
pub fn png(bitmap: &Bitmap) -> Vec<u8> {
    bitmap.to_png()
}
