//! GSTR-1: a month's outward supplies as India's return wants them, from the documents themselves.
//!
//! Sections by the portal's own names. A month is told as it was known at its end: what was corrected or cancelled
//! later is in the amendments of the month in which that happened. What it does not hold: supplies through e-commerce
//! operators (`supeco`), which no counter makes; and advances (`at`, `txpd`), because goods are not taxed before they
//! are supplied and an advance on account says no rate: it is pointed out instead, for whoever sells services.

#![allow(
    clippy::inconsistent_digit_grouping,
    reason = "2024_08_01 reads as a day, 100_000_00 as 1,00,000.00"
)]

use crate::{AppError, Code, Result, Shop, days, settings::Settings, taxes::identity_on};
use domain::{gst, tax::Rate};
use jiff::{ToSpan, civil::Date};
use journal::body::{BuyerV1, TaxClassSetV1};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{
    Reader,
    tax_reports::{CreditNote, SoldDocument, SoldLine},
};
use utoipa::ToSchema;

/// From which value on an inter-State supply to somebody unregistered is told by itself: (from day, minor).
const LARGE: &[(u32, i64)] = &[(0, 250_000_00), (2024_08_01, 100_000_00)];

/// An amount in rupees on the wire, as the portal reads it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rupees(i64);

impl Serialize for Rupees {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        // The shortest number that reads back as these two decimals; nothing is calculated with it.
        let sign = if self.0 < 0 { "-" } else { "" };
        let text = format!(
            "{sign}{}.{:02}",
            self.0.unsigned_abs() / 100,
            self.0.unsigned_abs() % 100
        );
        serializer.serialize_f64(text.parse().unwrap_or(0.0))
    }
}

/// Thousandths on the wire: quantities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Thousandths(i64);

impl Serialize for Thousandths {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let sign = if self.0 < 0 { "-" } else { "" };
        let text = format!(
            "{sign}{}.{:03}",
            self.0.unsigned_abs() / 1000,
            self.0.unsigned_abs() % 1000
        );
        serializer.serialize_f64(text.parse().unwrap_or(0.0))
    }
}

/// A rate on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Percent(u32);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let rate = Rate::from_millionths(self.0).unwrap_or(Rate::MOST);
        serializer.serialize_f64(rate.to_string().parse().unwrap_or(0.0))
    }
}

/// What lines of one rate come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Sums {
    txval: Rupees,
    iamt: Rupees,
    camt: Rupees,
    samt: Rupees,
    csamt: Rupees,
}

impl Sums {
    /// By how much something changed.
    fn change(&mut self, before: &Sums, after: &Sums) {
        self.txval.0 += after.txval.0 - before.txval.0;
        self.iamt.0 += after.iamt.0 - before.iamt.0;
        self.camt.0 += after.camt.0 - before.camt.0;
        self.samt.0 += after.samt.0 - before.samt.0;
        self.csamt.0 += after.csamt.0 - before.csamt.0;
    }

    fn add(&mut self, line: &SoldLine, sign: i64) {
        self.txval.0 += sign * line.taxable_minor;
        for (name, _, amount) in &line.taxes {
            let sum = match name.as_str() {
                "IGST" => &mut self.iamt,
                "CGST" => &mut self.camt,
                "SGST" | "UTGST" => &mut self.samt,
                _ => &mut self.csamt,
            };
            sum.0 += sign * amount;
        }
    }

    fn is_zero(&self) -> bool {
        *self == Sums::default()
    }

    fn tax(&self) -> i64 {
        self.iamt.0 + self.camt.0 + self.samt.0 + self.csamt.0
    }
}

/// GST's own rate of a line, the cess not counted; nothing for goods that are not taxed.
fn rate_of(line: &SoldLine) -> Percent {
    let gst = |name: &str| matches!(name, "IGST" | "CGST" | "SGST" | "UTGST");
    Percent(
        line.taxes
            .iter()
            .filter(|(name, ..)| gst(name))
            .map(|(_, rate, _)| *rate)
            .fold(0u32, u32::saturating_add),
    )
}

#[derive(Debug, Clone, Serialize)]
struct Item {
    num: usize,
    itm_det: ItemDetail,
}

#[derive(Debug, Clone, Serialize)]
struct ItemDetail {
    rt: Percent,
    #[serde(flatten)]
    sums: Sums,
}

/// The taxed lines of a document by rate.
/// Regular, or to a special economic zone with payment of the tax or without.
fn supply(sold: &SoldDocument) -> &'static str {
    let taxed = sold
        .lines
        .iter()
        .flat_map(|line| &line.taxes)
        .any(|(.., amount)| *amount > 0);
    match (sold.in_zone, taxed) {
        (false, _) => "R",
        (true, true) => "SEWP",
        (true, false) => "SEWOP",
    }
}

fn items(lines: &[SoldLine]) -> Vec<Item> {
    let mut by_rate: BTreeMap<Percent, Sums> = BTreeMap::new();
    for line in lines.iter().filter(|line| rate_of(line) > Percent(0)) {
        by_rate.entry(rate_of(line)).or_default().add(line, 1);
    }
    by_rate
        .into_iter()
        .enumerate()
        .map(|(at, (rt, sums))| Item {
            num: at + 1,
            itm_det: ItemDetail { rt, sums },
        })
        .collect()
}

#[derive(Debug, Clone, Serialize)]
struct Invoice {
    /// Only in amendments: the document as it was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    oinum: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oidt: Option<String>,
    inum: String,
    idt: String,
    val: Rupees,
    pos: String,
    rchrg: &'static str,
    inv_typ: &'static str,
    itms: Vec<Item>,
}

#[derive(Debug, Clone, Serialize)]
struct Buyer {
    ctin: String,
    inv: Vec<Invoice>,
}

#[derive(Debug, Clone, Serialize)]
struct LargeInvoice {
    inum: String,
    idt: String,
    val: Rupees,
    itms: Vec<Item>,
}

#[derive(Debug, Clone, Serialize)]
struct Large {
    pos: String,
    inv: Vec<LargeInvoice>,
}

/// Exports: with tax paid, or without.
#[derive(Debug, Clone, Serialize)]
struct Exports {
    exp_typ: &'static str,
    inv: Vec<ExportInvoice>,
}

#[derive(Debug, Clone, Serialize)]
struct ExportInvoice {
    inum: String,
    idt: String,
    val: Rupees,
    itms: Vec<ExportItem>,
}

#[derive(Debug, Clone, Serialize)]
struct ExportItem {
    rt: Percent,
    txval: Rupees,
    iamt: Rupees,
    csamt: Rupees,
}

/// The lines of an export by rate; untaxed ones are told here and not among what is nil rated.
fn export_items(lines: &[SoldLine]) -> Vec<ExportItem> {
    let mut by_rate: BTreeMap<Percent, Sums> = BTreeMap::new();
    for line in lines {
        by_rate.entry(rate_of(line)).or_default().add(line, 1);
    }
    by_rate
        .into_iter()
        .map(|(rt, sums)| ExportItem {
            rt,
            txval: sums.txval,
            iamt: sums.iamt,
            csamt: sums.csamt,
        })
        .collect()
}

/// An earlier month's consumers as they are now.
#[derive(Debug, Clone, Serialize)]
struct ConsumersAmended {
    omon: String,
    sply_ty: &'static str,
    typ: &'static str,
    pos: String,
    itms: Vec<ItemDetail>,
}

#[derive(Debug, Clone, Serialize)]
struct Consumers {
    sply_ty: &'static str,
    rt: Percent,
    typ: &'static str,
    pos: String,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Debug, Clone, Serialize)]
struct Note {
    ntty: &'static str,
    nt_num: String,
    nt_dt: String,
    val: Rupees,
    pos: String,
    rchrg: &'static str,
    inv_typ: &'static str,
    itms: Vec<Item>,
}

#[derive(Debug, Clone, Serialize)]
struct BuyerNotes {
    ctin: String,
    nt: Vec<Note>,
}

#[derive(Debug, Clone, Serialize)]
struct LooseNote {
    typ: &'static str,
    #[serde(flatten)]
    note: Note,
}

#[derive(Debug, Clone, Serialize)]
struct NilRow {
    sply_ty: &'static str,
    nil_amt: Rupees,
    expt_amt: Rupees,
    ngsup_amt: Rupees,
}

#[derive(Debug, Clone, Serialize)]
struct Nil {
    inv: Vec<NilRow>,
}

#[derive(Debug, Clone, Serialize)]
struct HsnRow {
    num: usize,
    hsn_sc: String,
    desc: String,
    uqc: &'static str,
    qty: Thousandths,
    rt: Percent,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Debug, Clone, Serialize)]
struct Hsn {
    hsn_b2b: Vec<HsnRow>,
    hsn_b2c: Vec<HsnRow>,
}

#[derive(Debug, Clone, Serialize)]
struct Docs {
    num: usize,
    from: String,
    to: String,
    totnum: u32,
    cancel: u32,
    net_issue: u32,
}

#[derive(Debug, Clone, Serialize)]
struct DocDetail {
    doc_num: u8,
    doc_typ: &'static str,
    docs: Vec<Docs>,
}

#[derive(Debug, Clone, Serialize)]
struct DocIssue {
    doc_det: Vec<DocDetail>,
}

/// The return as a file, in the portal's own words.
#[derive(Debug, Clone, Serialize)]
pub struct Gstr1 {
    gstin: String,
    fp: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    b2b: Vec<Buyer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    b2ba: Vec<Buyer>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    b2cl: Vec<Large>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    b2cs: Vec<Consumers>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    b2csa: Vec<ConsumersAmended>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exp: Vec<Exports>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cdnr: Vec<BuyerNotes>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cdnur: Vec<LooseNote>,
    nil: Nil,
    hsn: Hsn,
    doc_issue: DocIssue,
}

/// Something to look at before the return is filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GstFault {
    /// no_hsn, short_hsn, no_place, cancelled_later, was_consumer, too_late, advance, lost_buyer or amended_notes
    pub code: String,
    pub document: String,
    pub about: String,
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GstPeriod {
    /// "2026-11"
    pub month: String,
    /// One of the shop's GSTINs; the one of the month's last day when left out.
    pub gstin: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Gstr1View {
    pub month: String,
    pub gstin: String,
    /// The shop's GSTINs that documents of the month carry.
    pub gstins: Vec<String>,
    pub sections: Vec<GstSection>,
    pub hsn: Vec<GstHsn>,
    pub series: Vec<GstSeries>,
    pub faults: Vec<GstFault>,
}

/// What a section of the return comes to. Credit notes count below zero.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GstSection {
    /// b2b, b2ba, b2cl, b2cs, b2csa, exp, cdnr, cdnur or nil; b2csa says what its months changed by
    pub section: String,
    pub documents: usize,
    pub taxable_minor: i64,
    pub igst_minor: i64,
    pub cgst_minor: i64,
    pub sgst_minor: i64,
    pub cess_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GstHsn {
    pub hsn: String,
    pub name: String,
    pub uqc: String,
    pub quantity: String,
    pub rate: String,
    /// To buyers with a GSTIN.
    pub to_business: bool,
    pub taxable_minor: i64,
    pub tax_minor: i64,
}

/// A series of numbers: from, to, how many, how many of them cancelled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GstSeries {
    /// invoice or credit_note
    pub kind: String,
    pub from: String,
    pub to: String,
    pub issued: u32,
    pub cancelled: u32,
    pub net: u32,
}

fn number(prefix: &str, fiscal_year: &str, n: u32) -> String {
    format!("{prefix}/{fiscal_year}/{n:06}")
}

/// DD-MM-YYYY, as the portal writes days.
fn day_text(day: u32) -> String {
    format!("{:02}-{:02}-{:04}", day % 100, day / 100 % 100, day / 10_000)
}

/// The first and the last business day of "2026-11".
fn month_of(text: &str) -> Result<(Date, u32, u32)> {
    let wrong = || AppError::field("month", "a month like 2026-11");
    let first: Date = format!("{}-01", text.trim()).parse().map_err(|_| wrong())?;
    let last = first
        .checked_add(1.month())
        .and_then(|next| next.yesterday())
        .map_err(|_| wrong())?;
    Ok((first, days::number_of(first), days::number_of(last)))
}

/// To whom, which code, in which unit, at which rate.
type HsnKey = (bool, String, &'static str, Percent);

/// Within the State or beyond, the place, the rate.
type ConsumerSums = BTreeMap<(&'static str, String, Percent), Sums>;

/// The last day on which a document of this day may still be amended or reduced (section 34): 30 November after its
/// fiscal year.
fn amendable_until(day: u32) -> u32 {
    let year = day / 10_000;
    let begun = if day / 100 % 100 >= 4 { year } else { year - 1 };
    (begun + 1) * 10_000 + 11_30
}

/// A month's facts, and what the return is made of.
struct Month<'a> {
    gstin: String,
    first: u32,
    last: u32,
    reader: &'a Reader<'a>,
    classes: HashMap<[u8; 16], TaxClassSetV1>,
    hsn_digits: gst::Turnover,
    faults: Vec<GstFault>,
    sums: BTreeMap<&'static str, (usize, Sums)>,
    hsn: BTreeMap<HsnKey, (String, i64, Sums)>,
    nil: BTreeMap<&'static str, [i64; 3]>,
    b2b: BTreeMap<String, Vec<Invoice>>,
    b2ba: BTreeMap<String, Vec<Invoice>>,
    b2cl: BTreeMap<String, Vec<LargeInvoice>>,
    b2cs: ConsumerSums,
    b2csa: Vec<ConsumersAmended>,
    exp: BTreeMap<&'static str, Vec<ExportInvoice>>,
    cdnr: BTreeMap<String, Vec<Note>>,
    cdnur: Vec<LooseNote>,
}

impl Month<'_> {
    fn fault(&mut self, code: &str, document: &str, about: &str) {
        self.faults.push(GstFault {
            code: code.to_owned(),
            document: document.to_owned(),
            about: about.to_owned(),
        });
    }

    /// The buyer as the document's last correction up to the end of a day says.
    fn buyer(&self, sold: &SoldDocument, until: u32) -> Result<BuyerV1> {
        let revisions = self.reader.revisions(sold.order)?;
        Ok(revisions
            .into_iter()
            .rfind(|revision| revision.business_day <= until)
            .map(|revision| revision.buyer)
            .or_else(|| sold.buyer.clone())
            .unwrap_or_default())
    }

    fn place(&self, sold: &SoldDocument) -> String {
        if sold.place_of_supply.is_empty() {
            sold.seller.region.clone()
        } else {
            sold.place_of_supply.clone()
        }
    }

    fn is_large(&self, sold: &SoldDocument) -> bool {
        let limit = LARGE
            .iter()
            .rfind(|(from, _)| *from <= sold.business_day)
            .map_or(0, |(_, minor)| *minor);
        self.place(sold) != sold.seller.region && sold.total_minor > limit
    }

    fn count(&mut self, section: &'static str, lines: &[SoldLine], sign: i64) {
        let (documents, sums) = self.sums.entry(section).or_default();
        *documents += 1;
        for line in lines.iter().filter(|line| rate_of(line) > Percent(0)) {
            sums.add(line, sign);
        }
    }

    /// What every line adds to the tables of codes and of goods without tax.
    fn count_lines(
        &mut self,
        document: &str,
        sold: &SoldDocument,
        lines: &[SoldLine],
        to_business: bool,
        sign: i64,
    ) {
        let inter = self.place(sold) != sold.seller.region;
        let abroad = self.place(sold) == gst::ABROAD;
        for line in lines {
            let rate = rate_of(line);
            if rate == Percent(0) && !abroad {
                let group = match (inter, to_business) {
                    (true, true) => "INTRB2B",
                    (false, true) => "INTRAB2B",
                    (true, false) => "INTRB2C",
                    (false, false) => "INTRAB2C",
                };
                let column = match self.treatment(line, sold.business_day) {
                    "exempt" => 1,
                    "outside" => 2,
                    _ => 0,
                };
                self.nil.entry(group).or_default()[column] += sign * line.taxable_minor;
            }
            let digits = self.hsn_digits.hsn_digits(to_business);
            if sign > 0 && line.hsn.is_empty() {
                self.fault("no_hsn", document, &line.name);
            } else if sign > 0 && digits.is_some_and(|digits| line.hsn.len() < digits) {
                self.fault("short_hsn", document, &line.name);
            }
            let uqc = if line.hsn.starts_with("99") {
                "NA"
            } else {
                gst::unit_quantity_code(&line.unit)
            };
            let row = self
                .hsn
                .entry((to_business, line.hsn.clone(), uqc, rate))
                .or_insert_with(|| (line.name.clone(), 0, Sums::default()));
            row.1 += sign * line.milli;
            row.2.add(line, sign);
        }
    }

    fn treatment(&self, line: &SoldLine, day: u32) -> &str {
        let rules = line
            .class
            .and_then(|class| self.classes.get(&class))
            .map(|class| class.rules.as_slice())
            .unwrap_or_default();
        rules
            .iter()
            .filter(|rule| rule.from <= day && rule.to.is_none_or(|to| day <= to))
            .max_by_key(|rule| rule.from)
            .map_or("outside", |rule| rule.treatment.as_str())
    }

    fn sold(&mut self, sold: &SoldDocument) -> Result<()> {
        let inum = number(&sold.prefix, &sold.fiscal_year, sold.document_no);
        let buyer = self.buyer(sold, self.last)?;
        let place = self.place(sold);
        if place.is_empty() {
            self.fault("no_place", &inum, "");
        }
        let to_business = !buyer.tax_number.is_empty();
        self.count_lines(&inum, sold, &sold.lines, to_business, 1);
        let idt = day_text(sold.business_day);
        let val = Rupees(sold.total_minor);
        if place == gst::ABROAD {
            let (documents, sums) = self.sums.entry("exp").or_default();
            *documents += 1;
            for line in &sold.lines {
                sums.add(line, 1);
            }
            let itms = export_items(&sold.lines);
            let kind = if itms.iter().any(|item| item.iamt.0 != 0) {
                "WPAY"
            } else {
                "WOPAY"
            };
            self.exp
                .entry(kind)
                .or_default()
                .push(ExportInvoice { inum, idt, val, itms });
            return Ok(());
        }
        let itms = items(&sold.lines);
        if itms.is_empty() {
            return Ok(());
        }
        if to_business {
            self.count("b2b", &sold.lines, 1);
            self.b2b.entry(buyer.tax_number).or_default().push(Invoice {
                oinum: None,
                oidt: None,
                inum,
                idt,
                val,
                pos: place,
                rchrg: "N",
                inv_typ: supply(sold),
                itms,
            });
        } else if self.is_large(sold) {
            self.count("b2cl", &sold.lines, 1);
            self.b2cl
                .entry(place)
                .or_default()
                .push(LargeInvoice { inum, idt, val, itms });
        } else {
            self.count("b2cs", &sold.lines, 1);
            add_consumers(&mut self.b2cs, &place, &sold.seller.region, &sold.lines, 1);
        }
        Ok(())
    }

    /// What an earlier month told of consumers, as it was known on a day.
    fn consumers_of(&self, from: u32, until: u32, known: u32) -> Result<ConsumerSums> {
        let mut sums = ConsumerSums::new();
        let small = |month: &Month<'_>, sold: &SoldDocument| -> Result<bool> {
            Ok(sold.seller.tax_number == month.gstin
                && !month.is_large(sold)
                && month.place(sold) != gst::ABROAD
                && month.buyer(sold, known)?.tax_number.is_empty())
        };
        for sold in self.reader.documents_sold(from, until)? {
            if !sold.cancelled_by(known) && small(self, &sold)? {
                add_consumers(&mut sums, &self.place(&sold), &sold.seller.region, &sold.lines, 1);
            }
        }
        for note in self.reader.credit_notes(from, until)? {
            let in_time = note.business_day <= amendable_until(note.sale.business_day);
            if in_time && small(self, &note.sale)? {
                let place = self.place(&note.sale);
                add_consumers(&mut sums, &place, &note.sale.seller.region, &note.lines, -1);
            }
        }
        Ok(sums)
    }

    /// The consumers of an earlier month anew, where they are others than they were told to be.
    fn consumers_amended(&mut self, month: u32) -> Result<()> {
        let (from, until) = (month * 100 + 1, month * 100 + 31);
        let told = self.consumers_of(from, until, self.first - 1)?;
        let now = self.consumers_of(from, until, self.last)?;
        let mut keys: Vec<_> = told.keys().chain(now.keys()).cloned().collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let before = told.get(&key).copied().unwrap_or_default();
            let after = now.get(&key).copied().unwrap_or_default();
            if before == after {
                continue;
            }
            let (_, sums) = self.sums.entry("b2csa").or_default();
            sums.change(&before, &after);
            let (kind, place, rt) = key;
            let detail = ItemDetail { rt, sums: after };
            let omon = format!("{:02}{:04}", month % 100, month / 100);
            match self
                .b2csa
                .iter_mut()
                .find(|row| row.omon == omon && row.sply_ty == kind && row.pos == place)
            {
                Some(row) => row.itms.push(detail),
                None => self.b2csa.push(ConsumersAmended {
                    omon,
                    sply_ty: kind,
                    typ: "OE",
                    pos: place,
                    itms: vec![detail],
                }),
            }
        }
        Ok(())
    }

    fn given_back(&mut self, note: &CreditNote) -> Result<()> {
        let nt_num = number(&note.prefix, &note.fiscal_year, note.document_no);
        if note.business_day > amendable_until(note.sale.business_day) {
            // Money went back, the tax does not.
            self.fault("too_late", &nt_num, "");
            return Ok(());
        }
        let buyer = self.buyer(&note.sale, self.last)?;
        let to_business = !buyer.tax_number.is_empty();
        self.count_lines(&nt_num, &note.sale, &note.lines, to_business, -1);
        let abroad = self.place(&note.sale) == gst::ABROAD;
        let itms = items(&note.lines);
        if itms.is_empty() && !abroad {
            return Ok(());
        }
        let paid = !itms.is_empty();
        let made = Note {
            ntty: "C",
            nt_num,
            nt_dt: day_text(note.business_day),
            val: Rupees(note.total_minor),
            pos: self.place(&note.sale),
            rchrg: "N",
            inv_typ: supply(&note.sale),
            itms,
        };
        if abroad {
            self.count("cdnur", &note.lines, -1);
            self.cdnur.push(LooseNote {
                typ: if paid { "EXPWP" } else { "EXPWOP" },
                note: made,
            });
        } else if to_business {
            self.count("cdnr", &note.lines, -1);
            self.cdnr.entry(buyer.tax_number).or_default().push(made);
        } else if self.is_large(&note.sale) {
            self.count("cdnur", &note.lines, -1);
            self.cdnur.push(LooseNote {
                typ: "B2CL",
                note: made,
            });
        } else {
            self.count("b2cs", &note.lines, -1);
            let place = self.place(&note.sale);
            add_consumers(&mut self.b2cs, &place, &note.sale.seller.region, &note.lines, -1);
        }
        Ok(())
    }

    /// A document of an earlier month whose buyer was corrected in this one.
    fn amended(&mut self, sold: &SoldDocument) -> Result<()> {
        let inum = number(&sold.prefix, &sold.fiscal_year, sold.document_no);
        let buyer = self.buyer(sold, self.last)?;
        let before = self.buyer(sold, self.first - 1)?;
        let itms = items(&sold.lines);
        // The return knows buyers by their GSTIN; a name mended beside it amends nothing, and neither does a bill
        // without taxed goods.
        if buyer.tax_number == before.tax_number || itms.is_empty() {
            return Ok(());
        }
        let noted = self.reader.refunds(sold.order)?;
        if noted.iter().any(|note| note.business_day < self.first) {
            self.fault("amended_notes", &inum, "");
        }
        if buyer.tax_number.is_empty() {
            self.fault("lost_buyer", &inum, &before.tax_number);
            return Ok(());
        }
        if self.last > amendable_until(sold.business_day) {
            self.fault("too_late", &inum, &buyer.tax_number);
            return Ok(());
        }
        if before.tax_number.is_empty() {
            self.fault("was_consumer", &inum, &buyer.tax_number);
        }
        self.count("b2ba", &sold.lines, 1);
        let idt = day_text(sold.business_day);
        let invoice = Invoice {
            oinum: Some(inum.clone()),
            oidt: Some(idt.clone()),
            inum,
            idt,
            val: Rupees(sold.total_minor),
            pos: self.place(sold),
            rchrg: "N",
            inv_typ: supply(sold),
            itms,
        };
        self.b2ba.entry(buyer.tax_number).or_default().push(invoice);
        Ok(())
    }
}

fn add_consumers(sums: &mut ConsumerSums, place: &str, home: &str, lines: &[SoldLine], sign: i64) {
    let kind = if place == home { "INTRA" } else { "INTER" };
    for line in lines.iter().filter(|line| rate_of(line) > Percent(0)) {
        sums.entry((kind, place.to_owned(), rate_of(line)))
            .or_default()
            .add(line, sign);
    }
}

fn series<'a>(documents: impl Iterator<Item = (&'a str, &'a str, u32, bool)>) -> Vec<Docs> {
    let mut found: BTreeMap<(&str, &str), (u32, u32, u32, u32)> = BTreeMap::new();
    for (prefix, year, n, cancelled) in documents {
        let row = found.entry((prefix, year)).or_insert((n, n, 0, 0));
        row.0 = row.0.min(n);
        row.1 = row.1.max(n);
        row.2 += 1;
        row.3 += u32::from(cancelled);
    }
    found
        .into_iter()
        .enumerate()
        .map(|(at, ((prefix, year), (first, last, issued, cancel)))| Docs {
            num: at + 1,
            from: number(prefix, year, first),
            to: number(prefix, year, last),
            totnum: issued,
            cancel,
            net_issue: issued - cancel,
        })
        .collect()
}

/// The return of one month under one GSTIN.
struct Made {
    file: Gstr1,
    view: Gstr1View,
}

fn make(reader: &Reader<'_>, settings: &Settings, period: &GstPeriod) -> Result<Made> {
    if settings.text("shop.country") != "IN" {
        return Err(Code::NotFound.into());
    }
    let (date, first, last) = month_of(&period.month)?;
    let documents = reader.documents_sold(first, last)?;
    let notes = reader.credit_notes(first, last)?;
    let mut gstins: Vec<String> = documents
        .iter()
        .map(|d| d.seller.tax_number.clone())
        .chain(notes.iter().map(|n| n.sale.seller.tax_number.clone()))
        .filter(|number| !number.is_empty())
        .collect();
    gstins.sort_unstable();
    gstins.dedup();
    let gstin = match &period.gstin {
        Some(gstin) if !gstin.is_empty() => gstin.trim().to_uppercase(),
        _ => identity_on(&reader.tax_identities()?, settings, last)
            .map(|i| i.number)
            .or_else(|| gstins.last().cloned())
            .unwrap_or_default(),
    };
    let ours = |sold: &SoldDocument| sold.seller.tax_number == gstin && !gstin.is_empty();
    let mut month = Month {
        gstin: gstin.clone(),
        first,
        last,
        reader,
        classes: reader
            .tax_classes()?
            .into_iter()
            .map(|class| (class.class, class))
            .collect(),
        hsn_digits: match settings.text("tax.turnover") {
            "above_5_crore" => gst::Turnover::AboveFiveCrore,
            _ => gst::Turnover::UpToFiveCrore,
        },
        faults: Vec::new(),
        sums: BTreeMap::new(),
        hsn: BTreeMap::new(),
        nil: BTreeMap::new(),
        b2b: BTreeMap::new(),
        b2ba: BTreeMap::new(),
        b2cl: BTreeMap::new(),
        b2cs: BTreeMap::new(),
        b2csa: Vec::new(),
        exp: BTreeMap::new(),
        cdnr: BTreeMap::new(),
        cdnur: Vec::new(),
    };
    for sold in documents
        .iter()
        .filter(|sold| ours(sold) && !sold.cancelled_by(last))
    {
        month.sold(sold)?;
    }
    for note in notes.iter().filter(|note| ours(&note.sale)) {
        month.given_back(note)?;
    }
    let mut changed = BTreeSet::new();
    for order in reader.orders_revised(first, last)? {
        if let Some(sold) = reader.document_sold(order)?
            && sold.business_day < first
            && !sold.cancelled_by(last)
            && ours(&sold)
        {
            month.amended(&sold)?;
            changed.insert(sold.business_day / 100);
        }
    }
    for order in reader.orders_cancelled_later(first, last)? {
        if let Some(sold) = reader.document_sold(order)?
            && ours(&sold)
        {
            let inum = number(&sold.prefix, &sold.fiscal_year, sold.document_no);
            month.fault("cancelled_later", &inum, "");
            changed.insert(sold.business_day / 100);
        }
    }
    for earlier in changed
        .into_iter()
        .filter(|month| amendable_until(month * 100 + 1) >= last)
    {
        month.consumers_amended(earlier)?;
    }
    for (document, advance_minor) in reader.advances_received(first, last)? {
        let amount = rust_decimal::Decimal::new(advance_minor, 2);
        month.fault("advance", &document, &format!("{document} ({amount})"));
    }
    let invoices = series(documents.iter().filter(|sold| ours(sold)).map(|d| {
        (
            d.prefix.as_str(),
            d.fiscal_year.as_str(),
            d.document_no,
            d.cancelled_by(last),
        )
    }));
    let credit_notes = series(
        notes
            .iter()
            .filter(|note| ours(&note.sale))
            .map(|n| (n.prefix.as_str(), n.fiscal_year.as_str(), n.document_no, false)),
    );
    Ok(month.close(date, gstins, invoices, credit_notes))
}

impl Month<'_> {
    fn close(self, date: Date, gstins: Vec<String>, invoices: Vec<Docs>, credit_notes: Vec<Docs>) -> Made {
        let nil_sum = self.nil.values().flatten().sum::<i64>();
        let mut sections: Vec<GstSection> = self
            .sums
            .iter()
            .map(|(section, (documents, sums))| GstSection {
                section: (*section).to_owned(),
                documents: *documents,
                taxable_minor: sums.txval.0,
                igst_minor: sums.iamt.0,
                cgst_minor: sums.camt.0,
                sgst_minor: sums.samt.0,
                cess_minor: sums.csamt.0,
            })
            .collect();
        if nil_sum != 0 {
            sections.push(GstSection {
                section: "nil".to_owned(),
                documents: 0,
                taxable_minor: nil_sum,
                igst_minor: 0,
                cgst_minor: 0,
                sgst_minor: 0,
                cess_minor: 0,
            });
        }
        let rows = |to_business: bool| -> Vec<HsnRow> {
            self.hsn
                .iter()
                .filter(|((business, ..), (_, _, sums))| *business == to_business && !sums.is_zero())
                .enumerate()
                .map(|(at, ((_, hsn, uqc, rt), (name, milli, sums)))| HsnRow {
                    num: at + 1,
                    hsn_sc: hsn.clone(),
                    desc: name.clone(),
                    uqc: uqc.split('-').next().unwrap_or(uqc),
                    qty: if *uqc == "NA" {
                        Thousandths(0)
                    } else {
                        Thousandths(*milli)
                    },
                    rt: *rt,
                    sums: *sums,
                })
                .collect()
        };
        let (hsn_b2b, hsn_b2c) = (rows(true), rows(false));
        let hsn_view = |rows: &[HsnRow], to_business: bool| -> Vec<GstHsn> {
            rows.iter()
                .map(|row| GstHsn {
                    hsn: row.hsn_sc.clone(),
                    name: row.desc.clone(),
                    uqc: row.uqc.to_owned(),
                    quantity: rust_decimal::Decimal::new(row.qty.0, 3).normalize().to_string(),
                    rate: Rate::from_millionths(row.rt.0).unwrap_or(Rate::MOST).to_string(),
                    to_business,
                    taxable_minor: row.sums.txval.0,
                    tax_minor: row.sums.tax(),
                })
                .collect()
        };
        let mut hsn = hsn_view(&hsn_b2b, true);
        hsn.extend(hsn_view(&hsn_b2c, false));
        let series_view = |kind: &str, docs: &[Docs]| -> Vec<GstSeries> {
            docs.iter()
                .map(|docs| GstSeries {
                    kind: kind.to_owned(),
                    from: docs.from.clone(),
                    to: docs.to.clone(),
                    issued: docs.totnum,
                    cancelled: docs.cancel,
                    net: docs.net_issue,
                })
                .collect()
        };
        let mut series = series_view("invoice", &invoices);
        series.extend(series_view("credit_note", &credit_notes));
        let details = [
            (1, "Invoices for outward supply", invoices),
            (5, "Credit Note", credit_notes),
        ];
        let buyers = |found: BTreeMap<String, Vec<Invoice>>| {
            found
                .into_iter()
                .map(|(ctin, inv)| Buyer { ctin, inv })
                .collect::<Vec<_>>()
        };
        let view = Gstr1View {
            month: format!("{:04}-{:02}", date.year(), date.month()),
            gstin: self.gstin.clone(),
            gstins,
            sections,
            hsn,
            series,
            faults: self.faults,
        };
        let file = Gstr1 {
            gstin: self.gstin,
            fp: format!("{:02}{:04}", date.month(), date.year()),
            b2b: buyers(self.b2b),
            b2ba: buyers(self.b2ba),
            b2cl: self
                .b2cl
                .into_iter()
                .map(|(pos, inv)| Large { pos, inv })
                .collect(),
            b2cs: self
                .b2cs
                .into_iter()
                .filter(|(_, sums)| !sums.is_zero())
                .map(|((sply_ty, pos, rt), sums)| Consumers {
                    sply_ty,
                    rt,
                    typ: "OE",
                    pos,
                    sums,
                })
                .collect(),
            b2csa: self.b2csa,
            exp: self
                .exp
                .into_iter()
                .map(|(exp_typ, inv)| Exports { exp_typ, inv })
                .collect(),
            cdnr: self
                .cdnr
                .into_iter()
                .map(|(ctin, nt)| BuyerNotes { ctin, nt })
                .collect(),
            cdnur: self.cdnur,
            nil: Nil {
                inv: self
                    .nil
                    .into_iter()
                    .filter(|(_, amounts)| amounts.iter().any(|a| *a != 0))
                    .map(|(sply_ty, [nil, exempt, outside])| NilRow {
                        sply_ty,
                        nil_amt: Rupees(nil),
                        expt_amt: Rupees(exempt),
                        ngsup_amt: Rupees(outside),
                    })
                    .collect(),
            },
            hsn: Hsn { hsn_b2b, hsn_b2c },
            doc_issue: DocIssue {
                doc_det: details
                    .into_iter()
                    .filter(|(.., docs)| !docs.is_empty())
                    .map(|(doc_num, doc_typ, docs)| DocDetail {
                        doc_num,
                        doc_typ,
                        docs,
                    })
                    .collect(),
            },
        };
        Made { file, view }
    }
}

/// The return as a spreadsheet, a sheet for each section.
fn spreadsheet(made: &Made) -> std::result::Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
    use rust_xlsxwriter::{Format, Workbook};
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let mut sheet = |name: &str,
                     head: &[&str],
                     rows: Vec<Vec<Cell>>|
     -> std::result::Result<(), rust_xlsxwriter::XlsxError> {
        let sheet = book.add_worksheet();
        sheet.set_name(name)?;
        for (column, title) in (0u16..).zip(head) {
            sheet.write_string_with_format(0, column, *title, &bold)?;
            sheet.set_column_width(column, 18)?;
        }
        for (row, cells) in (1u32..).zip(&rows) {
            for (column, cell) in (0u16..).zip(cells) {
                match cell {
                    Cell::Text(text) => sheet.write_string(row, column, text)?,
                    Cell::Number(number) => {
                        sheet.write_number(row, column, number.parse::<f64>().unwrap_or(0.0))?
                    }
                };
            }
        }
        Ok(())
    };
    let file = &made.file;
    let sums = |s: &Sums| {
        vec![
            money(s.txval.0),
            money(s.iamt.0),
            money(s.camt.0),
            money(s.samt.0),
            money(s.csamt.0),
        ]
    };
    let rate = |rt: Percent| Cell::Number(Rate::from_millionths(rt.0).unwrap_or(Rate::MOST).to_string());
    let word = |text: &str| Cell::Text(text.to_owned());
    let head = |first: &[&'static str]| -> Vec<&'static str> {
        [first, &["Rate", "Taxable value", "IGST", "CGST", "SGST", "Cess"]].concat()
    };
    sheet(
        "summary",
        &[
            "Section",
            "Documents",
            "Taxable value",
            "IGST",
            "CGST",
            "SGST",
            "Cess",
        ],
        made.view
            .sections
            .iter()
            .map(|s| {
                vec![
                    word(&s.section),
                    Cell::Number(s.documents.to_string()),
                    money(s.taxable_minor),
                    money(s.igst_minor),
                    money(s.cgst_minor),
                    money(s.sgst_minor),
                    money(s.cess_minor),
                ]
            })
            .collect(),
    )?;
    for (name, buyers) in [("b2b", &file.b2b), ("b2ba", &file.b2ba)] {
        let mut rows = Vec::new();
        for buyer in buyers {
            for invoice in &buyer.inv {
                for item in &invoice.itms {
                    let mut cells = vec![
                        word(&buyer.ctin),
                        word(&invoice.inum),
                        word(&invoice.idt),
                        money(invoice.val.0),
                        word(&invoice.pos),
                        word(invoice.rchrg),
                        rate(item.itm_det.rt),
                    ];
                    cells.extend(sums(&item.itm_det.sums));
                    rows.push(cells);
                }
            }
        }
        let first = [
            "GSTIN of recipient",
            "Invoice number",
            "Invoice date",
            "Invoice value",
            "Place of supply",
            "Reverse charge",
        ];
        sheet(name, &head(&first), rows)?;
    }
    let mut rows = Vec::new();
    for large in &file.b2cl {
        for invoice in &large.inv {
            for item in &invoice.itms {
                let mut cells = vec![
                    word(&invoice.inum),
                    word(&invoice.idt),
                    money(invoice.val.0),
                    word(&large.pos),
                    rate(item.itm_det.rt),
                ];
                cells.extend(sums(&item.itm_det.sums));
                rows.push(cells);
            }
        }
    }
    let first = [
        "Invoice number",
        "Invoice date",
        "Invoice value",
        "Place of supply",
    ];
    sheet("b2cl", &head(&first), rows)?;
    let rows = file
        .b2cs
        .iter()
        .map(|row| {
            [
                vec![word(row.typ), word(row.sply_ty), word(&row.pos), rate(row.rt)],
                sums(&row.sums),
            ]
            .concat()
        })
        .collect();
    sheet("b2cs", &head(&["Type", "Supply", "Place of supply"]), rows)?;
    let rows = file
        .b2csa
        .iter()
        .flat_map(|row| {
            row.itms.iter().map(|item| {
                [
                    vec![
                        word(&row.omon),
                        word(row.typ),
                        word(row.sply_ty),
                        word(&row.pos),
                        rate(item.rt),
                    ],
                    sums(&item.sums),
                ]
                .concat()
            })
        })
        .collect();
    let first = ["Original month", "Type", "Supply", "Place of supply"];
    sheet("b2csa", &head(&first), rows)?;
    let rows = file
        .exp
        .iter()
        .flat_map(|exports| {
            exports.inv.iter().flat_map(move |invoice| {
                invoice.itms.iter().map(move |item| {
                    vec![
                        word(exports.exp_typ),
                        word(&invoice.inum),
                        word(&invoice.idt),
                        money(invoice.val.0),
                        rate(item.rt),
                        money(item.txval.0),
                        money(item.iamt.0),
                        money(item.csamt.0),
                    ]
                })
            })
        })
        .collect();
    sheet(
        "exp",
        &[
            "Export type",
            "Invoice number",
            "Invoice date",
            "Invoice value",
            "Rate",
            "Taxable value",
            "IGST",
            "Cess",
        ],
        rows,
    )?;
    let note = |note: &Note, first: &[Cell]| -> Vec<Vec<Cell>> {
        note.itms
            .iter()
            .map(|item| {
                let about = vec![
                    word(&note.nt_num),
                    word(&note.nt_dt),
                    word(note.ntty),
                    money(note.val.0),
                    word(&note.pos),
                    rate(item.itm_det.rt),
                ];
                [first.to_vec(), about, sums(&item.itm_det.sums)].concat()
            })
            .collect()
    };
    let rows = file
        .cdnr
        .iter()
        .flat_map(|buyer| buyer.nt.iter().flat_map(|n| note(n, &[word(&buyer.ctin)])))
        .collect();
    let about = [
        "Note number",
        "Note date",
        "Note type",
        "Note value",
        "Place of supply",
    ];
    sheet(
        "cdnr",
        &head(&[&["GSTIN of recipient"], &about[..]].concat()),
        rows,
    )?;
    let rows = file
        .cdnur
        .iter()
        .flat_map(|n| note(&n.note, &[word(n.typ)]))
        .collect();
    sheet("cdnur", &head(&[&["UR type"], &about[..]].concat()), rows)?;
    let rows = file
        .nil
        .inv
        .iter()
        .map(|row| {
            vec![
                word(row.sply_ty),
                money(row.nil_amt.0),
                money(row.expt_amt.0),
                money(row.ngsup_amt.0),
            ]
        })
        .collect();
    sheet(
        "exemp",
        &["Supply", "Nil rated", "Exempted", "Not under GST"],
        rows,
    )?;
    for (name, rows) in [("hsn(b2b)", &file.hsn.hsn_b2b), ("hsn(b2c)", &file.hsn.hsn_b2c)] {
        let rows = rows
            .iter()
            .map(|row| {
                let quantity = rust_decimal::Decimal::new(row.qty.0, 3).normalize().to_string();
                let about = vec![
                    word(&row.hsn_sc),
                    word(&row.desc),
                    word(row.uqc),
                    Cell::Number(quantity),
                    rate(row.rt),
                ];
                [about, sums(&row.sums)].concat()
            })
            .collect();
        sheet(name, &head(&["HSN", "Description", "UQC", "Quantity"]), rows)?;
    }
    let mut rows = Vec::new();
    for detail in &file.doc_issue.doc_det {
        for docs in &detail.docs {
            rows.push(vec![
                word(detail.doc_typ),
                word(&docs.from),
                word(&docs.to),
                Cell::Number(docs.totnum.to_string()),
                Cell::Number(docs.cancel.to_string()),
                Cell::Number(docs.net_issue.to_string()),
            ]);
        }
    }
    sheet(
        "docs",
        &[
            "Nature of document",
            "From",
            "To",
            "Total",
            "Cancelled",
            "Net issued",
        ],
        rows,
    )?;
    book.save_to_buffer()
}

#[derive(Clone)]
enum Cell {
    Text(String),
    /// Its decimal text; a spreadsheet keeps numbers as doubles.
    Number(String),
}

fn money(minor: i64) -> Cell {
    Cell::Number(rust_decimal::Decimal::new(minor, 2).to_string())
}

/// One tax at one rate over some days.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxTotalView {
    pub name: String,
    pub rate: String,
    pub sold_taxable_minor: i64,
    pub sold_minor: i64,
    pub back_taxable_minor: i64,
    pub back_minor: i64,
    /// What is owed to the tax office for it.
    pub tax_minor: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxReportView {
    pub from: String,
    pub to: String,
    pub taxes: Vec<TaxTotalView>,
    /// Everything sold less what came back, taxes not counted.
    pub taxable_minor: i64,
    pub tax_minor: i64,
}

#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaxPeriod {
    /// "2026-11-01"
    pub from: String,
    pub to: String,
}

impl Shop {
    /// The return's figures for a month, and what to look at before it is filed.
    pub fn gstr1(&self, period: &GstPeriod) -> Result<Gstr1View> {
        let settings = self.settings();
        self.store
            .read(|r| make(r, &settings, period))
            .map(|made| made.view)
    }

    /// The return as the portal's tools read it.
    pub fn gstr1_file(&self, period: &GstPeriod) -> Result<Gstr1> {
        let settings = self.settings();
        self.store
            .read(|r| make(r, &settings, period))
            .map(|made| made.file)
    }

    pub fn gstr1_spreadsheet(&self, period: &GstPeriod) -> Result<Vec<u8>> {
        let settings = self.settings();
        let made = self.store.read(|r| make(r, &settings, period))?;
        spreadsheet(&made).map_err(|e| AppError::new(Code::Broken).caused(e))
    }

    /// What every tax came to over some days, in any country.
    pub fn tax_report(&self, period: &TaxPeriod) -> Result<TaxReportView> {
        let day = |field: &str, text: &str| -> Result<u32> {
            text.trim()
                .parse()
                .map(days::number_of)
                .map_err(|_| AppError::field(field, "a day like 2026-04-01"))
        };
        let (from, to) = (day("from", &period.from)?, day("to", &period.to)?);
        if to < from {
            return Err(AppError::field("to", "it ends before it begins"));
        }
        let (totals, (sold, back)) = self
            .store
            .read(|r| Ok::<_, AppError>((r.tax_totals(from, to)?, r.sold_without_tax(from, to)?)))?;
        let taxes: Vec<TaxTotalView> = totals
            .into_iter()
            .map(|total| TaxTotalView {
                rate: Rate::from_millionths(total.rate)
                    .unwrap_or(Rate::MOST)
                    .to_string(),
                tax_minor: total.sold_minor - total.back_minor,
                name: total.name,
                sold_taxable_minor: total.sold_taxable_minor,
                sold_minor: total.sold_minor,
                back_taxable_minor: total.back_taxable_minor,
                back_minor: total.back_minor,
            })
            .collect();
        Ok(TaxReportView {
            from: days::text_of(from),
            to: days::text_of(to),
            taxable_minor: sold - back,
            tax_minor: taxes.iter().map(|tax| tax.tax_minor).sum(),
            taxes,
        })
    }
}
