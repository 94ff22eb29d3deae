//! Barcode scanners that type: a code to try one with, on the screen and on paper.

use crate::{
    Actor, AppError, Code, Result, Shop,
    cart::WriteId,
    printing::{JobView, NewPaper, serves},
    wire::content_of,
};
use codes::make;
use domain::ids::PrintJobId;
use paper::{Align, Bars, Block, Document, Look, Paper};
use serde::Serialize;
use utoipa::ToSchema;

/// Letters and signs that keyboard layouts put elsewhere, and both cases: what arrives tells the scanner's layout, what
/// surrounds it its prefix and suffix.
pub const TRY: &str = "Chandi aqwzym AQWZYM-;/:019";

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScannerCodes {
    pub test: ScannerCode,
    /// Codes that set a maker's scanners up. Empty as long as none is known to be right: a wrong one ruins a scanner.
    pub sets: Vec<ScannerSet>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScannerCode {
    pub text: String,
    pub svg: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScannerSet {
    pub maker: String,
    pub steps: Vec<ScannerStep>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ScannerStep {
    pub name: String,
    pub text: String,
    pub svg: String,
}

/// The code on paper.
pub(crate) fn sheet(paper: Paper) -> Document {
    let mut sheet = Document::new(paper);
    sheet.title = "Scanner".to_owned();
    sheet.blocks = vec![
        Block::Space { dots: 24 },
        Block::Barcode {
            bars: Bars::Code128,
            data: TRY.to_owned(),
            height_dots: 96,
        },
        Block::Space { dots: 16 },
        Block::Text {
            text: TRY.to_owned(),
            align: Align::Centre,
            look: Look::default(),
        },
        Block::Cut,
    ];
    sheet
}

impl Shop {
    pub fn scanner_codes(&self) -> Result<ScannerCodes> {
        let bars = make::code128(TRY).map_err(|e| AppError::new(Code::Broken).caused(e))?;
        Ok(ScannerCodes {
            test: ScannerCode {
                text: TRY.to_owned(),
                svg: bars.svg(60),
            },
            sets: vec![],
        })
    }

    pub fn print_scanner_codes(&self, actor: &Actor, form: &WriteId) -> Result<JobView> {
        let content = content_of("print scanner codes", form)?;
        self.print_once(form.id, &content, |tx| {
            let printers = tx.reader().printers()?;
            let printer = serves(&printers, "receipt").or(printers.first());
            let printer = printer.ok_or(AppError::new(Code::NoPrinter))?;
            Ok(NewPaper::scanner().at(PrintJobId::from_uuid(form.id), printer.id, Some(actor.staff)))
        })
    }
}
