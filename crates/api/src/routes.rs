//! The route table: every path, who may call it, and the handler behind it. What has no row is refused.

use crate::{Door, assets, describe, docs, error::ApiError, guard::guard, handlers as h};
use app::Code;
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderValue, Method, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::{MethodRouter, get},
};
use domain::people::Permission as P;
use utoipa::openapi::OpenApi;
use utoipa_axum::{
    PathItemExt,
    router::{OpenApiRouter, UtoipaMethodRouter},
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody who reaches the door.
    Open,
    /// Anybody, a few times a second.
    SignIn,
    /// Only the app's own till window, or this machine itself.
    AtTheDevice,
    /// The same, for looking as often as one likes.
    Here,
    /// A device that wants to join, as often as it takes to receive a shop's books.
    Guest,
    /// The customer's window, a display token, or a session.
    Display,
    /// The board's or the customer's window, a board's token, or a session.
    Board,
    /// Whoever may read orders, or a browser whose link is for the list of what is open.
    Pick,
    /// A browser that a link let in.
    Linked,
    /// Whoever may see a display or the board, or is signed in.
    Live,
    /// Another device of this shop, by its signature.
    Node,
    /// This machine itself, or somebody with the right to.
    Metrics,
    /// Anybody who is signed in.
    Session,
    /// Somebody whose role allows it, or a program whose key does.
    May(P),
}

impl Access {
    /// Whether a program's key can open it at all.
    pub fn is_for_programs(self) -> bool {
        match self {
            Access::Open | Access::Metrics => true,
            Access::May(permission) => P::FOR_PROGRAMS.contains(&permission),
            Access::SignIn
            | Access::AtTheDevice
            | Access::Here
            | Access::Guest
            | Access::Display
            | Access::Board
            | Access::Pick
            | Access::Linked
            | Access::Live
            | Access::Node
            | Access::Session => false,
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
    /// Whether the customer's window may call it.
    pub customer: bool,
    /// Whether the board's window may call it.
    pub board: bool,
}

impl Row {
    /// What may still be done at a device that was shut out: keep a copy of what it has, be reached, let go of it, and
    /// bring to an end what a guest was charged there. Nobody else can pay that back.
    pub fn when_shut_out(&self) -> bool {
        let allowed = ["/api/v1/backups", "/api/v1/sharing", "/api/v1/shop/forget"];
        let below = ["/api/v1/backups/", "/api/v1/payments/{id}/"];
        allowed.contains(&self.path) || below.iter().any(|path| self.path.starts_with(path))
    }
}

const fn row(method: &'static str, path: &'static str, access: Access) -> Row {
    Row {
        method,
        path,
        access,
        customer: false,
        board: false,
    }
}

const fn customer(method: &'static str, path: &'static str, access: Access) -> Row {
    Row {
        method,
        path,
        access,
        customer: true,
        board: false,
    }
}

/// A row that the board's window may call, and the customer's.
const fn hall(method: &'static str, path: &'static str, access: Access) -> Row {
    Row {
        board: true,
        ..customer(method, path, access)
    }
}

pub const ROUTES: &[Row] = &[
    hall("GET", "/api/v1/health", Access::Open),
    row("GET", "/api/v1/setup", Access::Open),
    row("POST", "/api/v1/setup", Access::AtTheDevice),
    row("GET", "/api/v1/join", Access::Here),
    row("POST", "/api/v1/join", Access::AtTheDevice),
    row("DELETE", "/api/v1/join", Access::AtTheDevice),
    row("POST", "/api/v1/join/frame", Access::Here),
    row("POST", "/api/v1/join/invitations", Access::May(P::DeviceManage)),
    row("GET", "/api/v1/join/invitations", Access::May(P::DeviceManage)),
    row(
        "GET",
        "/api/v1/join/invitations/{id}",
        Access::May(P::DeviceManage),
    ),
    row(
        "DELETE",
        "/api/v1/join/invitations/{id}",
        Access::May(P::DeviceManage),
    ),
    row(
        "POST",
        "/api/v1/join/invitations/{id}/approve",
        Access::May(P::DeviceManage),
    ),
    // Of a device that has no name here yet: its code is all it has, and that is sealed.
    row("POST", "/api/v1/join/hello", Access::Guest),
    row("POST", "/api/v1/join/ask", Access::Guest),
    row("GET", "/api/v1/restore", Access::AtTheDevice),
    row("POST", "/api/v1/restore", Access::AtTheDevice),
    row("GET", "/api/v1/restore/folders", Access::AtTheDevice),
    row("POST", "/api/v1/restore/hub", Access::AtTheDevice),
    row("POST", "/api/v1/restore/hub/fetch", Access::AtTheDevice),
    row("POST", "/api/v1/restore/look", Access::AtTheDevice),
    row("POST", "/api/v1/restore/upload", Access::AtTheDevice),
    row("GET", "/api/v1/backups", Access::May(P::BackupMake)),
    row("POST", "/api/v1/backups", Access::May(P::BackupMake)),
    row("GET", "/api/v1/backups/folders", Access::May(P::BackupMake)),
    row("POST", "/api/v1/backups/targets", Access::May(P::BackupMake)),
    row(
        "DELETE",
        "/api/v1/backups/targets/{id}",
        Access::May(P::BackupMake),
    ),
    row("POST", "/api/v1/recovery-card", Access::May(P::RecoveryCard)),
    row(
        "POST",
        "/api/v1/recovery-card/confirm",
        Access::May(P::RecoveryCard),
    ),
    row("GET", "/api/v1/export/everything.zip", Access::May(P::ExportAll)),
    row("GET", "/api/v1/shop/forget", Access::May(P::ShopForget)),
    row("POST", "/api/v1/shop/forget", Access::May(P::ShopForget)),
    row("GET", "/api/v1/lock", Access::Open),
    row("POST", "/api/v1/sessions", Access::SignIn),
    row("GET", "/api/v1/sessions", Access::May(P::SessionList)),
    row("GET", "/api/v1/sessions/current", Access::Session),
    row("DELETE", "/api/v1/sessions/current", Access::Session),
    row("DELETE", "/api/v1/sessions/{id}", Access::May(P::SessionEnd)),
    row("GET", "/api/v1/second-factor", Access::Session),
    row("POST", "/api/v1/second-factor", Access::Session),
    row("POST", "/api/v1/second-factor/begin", Access::Session),
    row("POST", "/api/v1/second-factor/remove", Access::Session),
    row("POST", "/api/v1/second-factor/code", Access::Session),
    row(
        "POST",
        "/api/v1/staff/{id}/second-factor/reset",
        Access::May(P::StaffChange),
    ),
    row("GET", "/api/v1/live", Access::Live),
    row("POST", "/api/v1/displays", Access::May(P::DisplayOpen)),
    customer("GET", "/api/v1/display", Access::Display),
    row("GET", "/api/v1/display/ask", Access::May(P::CartUse)),
    row("POST", "/api/v1/display/ask", Access::May(P::CartUse)),
    row("DELETE", "/api/v1/display/ask", Access::May(P::CartUse)),
    // The one write of the customer's screen.
    customer("POST", "/api/v1/display/answer", Access::Display),
    hall("GET", "/api/v1/board", Access::Board),
    row("GET", "/api/v1/pick", Access::Pick),
    row("GET", "/api/v1/device-links", Access::May(P::DeviceManage)),
    row("POST", "/api/v1/device-links", Access::May(P::DeviceManage)),
    row("POST", "/api/v1/device-links/open", Access::SignIn),
    row("GET", "/api/v1/device-links/current", Access::Linked),
    row(
        "POST",
        "/api/v1/device-links/{id}/code",
        Access::May(P::DeviceManage),
    ),
    row(
        "DELETE",
        "/api/v1/device-links/{id}",
        Access::May(P::DeviceManage),
    ),
    row("GET", "/api/v1/catalog", Access::May(P::CatalogRead)),
    row("GET", "/api/v1/products", Access::May(P::CatalogRead)),
    row("POST", "/api/v1/products", Access::May(P::CatalogChange)),
    row("POST", "/api/v1/products/import", Access::May(P::CatalogImport)),
    row("POST", "/api/v1/products/prices", Access::May(P::CatalogChange)),
    row("POST", "/api/v1/products/samples", Access::May(P::CatalogChange)),
    row("GET", "/api/v1/products/{id}", Access::May(P::CatalogRead)),
    row("PUT", "/api/v1/products/{id}", Access::May(P::CatalogChange)),
    row("DELETE", "/api/v1/products/{id}", Access::May(P::CatalogChange)),
    row(
        "POST",
        "/api/v1/products/{id}/restore",
        Access::May(P::CatalogChange),
    ),
    row("PUT", "/api/v1/products/{id}/sold", Access::May(P::CatalogChange)),
    row("GET", "/api/v1/products/runs", Access::May(P::CatalogChange)),
    row(
        "POST",
        "/api/v1/products/runs/{id}/undo",
        Access::May(P::CatalogChange),
    ),
    row(
        "GET",
        "/api/v1/products/export.csv",
        Access::May(P::CatalogImport),
    ),
    row(
        "GET",
        "/api/v1/products/export.xlsx",
        Access::May(P::CatalogImport),
    ),
    row("POST", "/api/v1/products/labels.pdf", Access::May(P::CatalogRead)),
    row("POST", "/api/v1/products/labels", Access::May(P::PrintUse)),
    row(
        "GET",
        "/api/v1/products/{id}/choices",
        Access::May(P::CatalogRead),
    ),
    row(
        "POST",
        "/api/v1/products/{id}/variants",
        Access::May(P::CatalogChange),
    ),
    row("GET", "/api/v1/products/{id}/prices", Access::May(P::CatalogRead)),
    row(
        "POST",
        "/api/v1/products/{id}/prices",
        Access::May(P::CatalogChange),
    ),
    row("PUT", "/api/v1/prices/{id}", Access::May(P::CatalogChange)),
    row("DELETE", "/api/v1/prices/{id}", Access::May(P::CatalogChange)),
    row("GET", "/api/v1/price-levels", Access::May(P::CatalogRead)),
    row("POST", "/api/v1/price-levels", Access::May(P::CatalogChange)),
    row("PUT", "/api/v1/price-levels/{key}", Access::May(P::CatalogChange)),
    row(
        "DELETE",
        "/api/v1/price-levels/{key}",
        Access::May(P::CatalogChange),
    ),
    row(
        "POST",
        "/api/v1/price-levels/{key}/restore",
        Access::May(P::CatalogChange),
    ),
    row("GET", "/api/v1/brands", Access::May(P::CatalogRead)),
    row("POST", "/api/v1/brands", Access::May(P::CatalogChange)),
    row("PUT", "/api/v1/brands/{id}", Access::May(P::CatalogChange)),
    row("DELETE", "/api/v1/brands/{id}", Access::May(P::CatalogChange)),
    row(
        "POST",
        "/api/v1/brands/{id}/restore",
        Access::May(P::CatalogChange),
    ),
    row("GET", "/api/v1/modifier-groups", Access::May(P::CatalogRead)),
    row("POST", "/api/v1/modifier-groups", Access::May(P::CatalogChange)),
    row(
        "PUT",
        "/api/v1/modifier-groups/{id}",
        Access::May(P::CatalogChange),
    ),
    row(
        "DELETE",
        "/api/v1/modifier-groups/{id}",
        Access::May(P::CatalogChange),
    ),
    row(
        "POST",
        "/api/v1/modifier-groups/{id}/restore",
        Access::May(P::CatalogChange),
    ),
    row("POST", "/api/v1/pictures", Access::May(P::CatalogChange)),
    // An image element sends no session. What it shows is what every guest sees, under a name nobody can guess.
    hall("GET", "/api/v1/pictures/{id}", Access::Open),
    row("GET", "/api/v1/categories", Access::May(P::CatalogRead)),
    row("POST", "/api/v1/categories", Access::May(P::CatalogChange)),
    row("GET", "/api/v1/categories/{id}", Access::May(P::CatalogRead)),
    row("PUT", "/api/v1/categories/{id}", Access::May(P::CatalogChange)),
    row("DELETE", "/api/v1/categories/{id}", Access::May(P::CatalogChange)),
    row(
        "POST",
        "/api/v1/categories/{id}/restore",
        Access::May(P::CatalogChange),
    ),
    row("POST", "/api/v1/scan", Access::May(P::ScanUse)),
    row("GET", "/api/v1/cart", Access::May(P::CartUse)),
    row("POST", "/api/v1/cart/changes", Access::May(P::CartUse)),
    row("PUT", "/api/v1/cart/exchange", Access::May(P::RefundMake)),
    row("POST", "/api/v1/cart/park", Access::May(P::CartUse)),
    row("GET", "/api/v1/carts", Access::May(P::CartUse)),
    row("GET", "/api/v1/carts/elsewhere", Access::May(P::CartUse)),
    row("POST", "/api/v1/carts/{id}/recall", Access::May(P::CartUse)),
    row("DELETE", "/api/v1/carts/{id}", Access::May(P::CartUse)),
    row("POST", "/api/v1/orders", Access::May(P::OrderPlace)),
    row("GET", "/api/v1/orders", Access::May(P::OrderRead)),
    row("GET", "/api/v1/orders/{id}", Access::May(P::OrderRead)),
    row("POST", "/api/v1/orders/{id}/cancel", Access::May(P::OrderPlace)),
    row("POST", "/api/v1/orders/{id}/tenders", Access::May(P::TenderSplit)),
    row(
        "POST",
        "/api/v1/orders/{id}/tenders/{tender}/state",
        Access::May(P::TenderSplit),
    ),
    row("GET", "/api/v1/tenders/methods", Access::May(P::CartUse)),
    row("POST", "/api/v1/tenders/offer", Access::May(P::CartUse)),
    row("DELETE", "/api/v1/tenders/offer", Access::May(P::CartUse)),
    row("POST", "/api/v1/orders/{id}/phone", Access::May(P::OrderPlace)),
    row(
        "POST",
        "/api/v1/orders/{id}/handovers",
        Access::May(P::HandoverGive),
    ),
    row(
        "POST",
        "/api/v1/orders/{id}/handovers/{handover}/undo",
        Access::May(P::HandoverGive),
    ),
    row(
        "POST",
        "/api/v1/orders/{id}/progress",
        Access::May(P::OrderProgress),
    ),
    row("POST", "/api/v1/orders/{id}/refunds", Access::May(P::RefundMake)),
    row(
        "POST",
        "/api/v1/orders/{id}/refunds/preview",
        Access::May(P::RefundMake),
    ),
    row("POST", "/api/v1/refunds/find", Access::May(P::RefundMake)),
    row("POST", "/api/v1/returns/preview", Access::May(P::RefundMake)),
    row("POST", "/api/v1/returns", Access::May(P::RefundMake)),
    row("GET", "/api/v1/returns", Access::May(P::RefundMake)),
    row("GET", "/api/v1/returns/{id}", Access::May(P::RefundMake)),
    row("POST", "/api/v1/returns/{id}/print", Access::May(P::RefundMake)),
    row("GET", "/api/v1/returns/{id}/slip.png", Access::May(P::RefundMake)),
    row(
        "POST",
        "/api/v1/orders/{id}/token/reissue",
        Access::May(P::TokenReissue),
    ),
    row(
        "POST",
        "/api/v1/orders/{id}/token/revoke",
        Access::May(P::TokenReissue),
    ),
    row(
        "GET",
        "/api/v1/orders/{id}/token.svg",
        Access::May(P::TokenReissue),
    ),
    row(
        "GET",
        "/api/v1/orders/{id}/token.png",
        Access::May(P::TokenReissue),
    ),
    row(
        "GET",
        "/api/v1/orders/{id}/token.jwt",
        Access::May(P::TokenReissue),
    ),
    row("POST", "/api/v1/tokens/verify", Access::May(P::TokenVerify)),
    row("POST", "/api/v1/tokens/redeem", Access::May(P::TokenRedeem)),
    row("POST", "/api/v1/claims/{id}/release", Access::May(P::TokenRedeem)),
    row("POST", "/api/v1/claims/{id}/marks", Access::May(P::TokenRedeem)),
    row("GET", "/api/v1/sales/recent", Access::May(P::OrderRead)),
    row("POST", "/api/v1/payments", Access::May(P::OrderPlace)),
    row("GET", "/api/v1/payments", Access::May(P::PaymentRead)),
    row("GET", "/api/v1/payments/gateways", Access::May(P::CartUse)),
    row("GET", "/api/v1/payments/methods", Access::May(P::ReportRead)),
    row("GET", "/api/v1/payments/{id}", Access::May(P::OrderPlace)),
    row("POST", "/api/v1/payments/{id}/ask", Access::May(P::OrderPlace)),
    row("POST", "/api/v1/payments/{id}/cancel", Access::May(P::OrderPlace)),
    row("POST", "/api/v1/payments/{id}/answer", Access::May(P::OrderPlace)),
    // Whoever may not pay back or put money on a card brings somebody who may.
    row("POST", "/api/v1/payments/{id}/refund", Access::May(P::OrderPlace)),
    row("GET", "/api/v1/cards", Access::May(P::CardRead)),
    row("POST", "/api/v1/cards", Access::May(P::RefundMake)),
    row("POST", "/api/v1/cards/find", Access::May(P::OrderPlace)),
    row("GET", "/api/v1/cards/{id}", Access::May(P::CardRead)),
    row("POST", "/api/v1/cards/{id}/moves", Access::May(P::RefundMake)),
    row("GET", "/api/v1/orders/{id}/cards", Access::May(P::OrderPlace)),
    row("GET", "/api/v1/rates", Access::May(P::CartUse)),
    row("POST", "/api/v1/rates", Access::May(P::RateChange)),
    row("GET", "/api/v1/rates/convert", Access::May(P::CartUse)),
    // How the device stands is for everybody; who lacks what is added for those who look after the devices.
    row("GET", "/api/v1/sync", Access::Session),
    row("GET", "/api/v1/shut-out", Access::Session),
    row("GET", "/api/v1/shut-out/not-taken.zip", Access::May(P::ExportAll)),
    row("GET", "/api/v1/anomalies", Access::May(P::ReportRead)),
    row("GET", "/api/v1/hub", Access::May(P::DeviceRead)),
    row("PUT", "/api/v1/hub", Access::May(P::HubChange)),
    row("DELETE", "/api/v1/hub", Access::May(P::HubChange)),
    row("GET", "/api/v1/anomalies/count", Access::May(P::ReportRead)),
    row("POST", "/api/v1/anomalies/settle", Access::May(P::AnomalySettle)),
    row("GET", "/api/v1/set-aside", Access::May(P::ReportRead)),
    row("POST", "/api/v1/set-aside/retry", Access::May(P::AnomalySettle)),
    row("POST", "/api/v1/set-aside/fetch", Access::May(P::AnomalySettle)),
    row("POST", "/api/v1/set-aside/leave", Access::May(P::AnomalySettle)),
    row("POST", "/api/v1/hub/login", Access::May(P::HubChange)),
    row("GET", "/api/v1/tips", Access::May(P::ReportRead)),
    row("GET", "/api/v1/tips/choices", Access::May(P::CartUse)),
    row("POST", "/api/v1/tips/share", Access::May(P::TipPayOut)),
    row("POST", "/api/v1/tips/payouts", Access::May(P::TipPayOut)),
    row("GET", "/api/v1/times", Access::May(P::ReportRead)),
    row("GET", "/api/v1/keys", Access::Open),
    row("POST", "/api/v1/nodes/claims", Access::Node),
    row("POST", "/api/v1/nodes/releases", Access::Node),
    row("POST", "/api/v1/nodes/deeds", Access::Node),
    row("POST", "/api/v1/nodes/beats", Access::Node),
    row("POST", "/api/v1/nodes/votes", Access::Node),
    row("POST", "/api/v1/nodes/carts", Access::Node),
    row("POST", "/api/v1/nodes/takes", Access::Node),
    row("POST", "/api/v1/nodes/prints", Access::Node),
    row("POST", "/api/v1/nodes/printers", Access::Node),
    row("GET", "/api/v1/branch/lead", Access::May(P::DeviceRead)),
    row("PUT", "/api/v1/branch/lead", Access::May(P::HubAppoint)),
    row("GET", "/api/v1/today", Access::May(P::ReportRead)),
    row("GET", "/api/v1/customers", Access::May(P::CustomerRead)),
    row("POST", "/api/v1/customers", Access::May(P::CustomerChange)),
    row("GET", "/api/v1/customers/types", Access::May(P::CustomerRead)),
    row("POST", "/api/v1/customers/merge", Access::May(P::CustomerManage)),
    row("GET", "/api/v1/customers/{id}", Access::May(P::CustomerRead)),
    row("PUT", "/api/v1/customers/{id}", Access::May(P::CustomerChange)),
    row("DELETE", "/api/v1/customers/{id}", Access::May(P::CustomerManage)),
    row(
        "POST",
        "/api/v1/customers/{id}/restore",
        Access::May(P::CustomerManage),
    ),
    row(
        "POST",
        "/api/v1/customers/{id}/no-news",
        Access::May(P::CustomerChange),
    ),
    row(
        "POST",
        "/api/v1/customers/{id}/erase",
        Access::May(P::CustomerErase),
    ),
    row(
        "GET",
        "/api/v1/customers/{id}/orders",
        Access::May(P::CustomerRead),
    ),
    row(
        "GET",
        "/api/v1/customers/{id}/account",
        Access::May(P::CustomerRead),
    ),
    row(
        "GET",
        "/api/v1/customers/{id}/statement",
        Access::May(P::CustomerRead),
    ),
    row(
        "GET",
        "/api/v1/customers/{id}/statement.pdf",
        Access::May(P::CustomerRead),
    ),
    row(
        "POST",
        "/api/v1/customers/{id}/statement/mail",
        Access::May(P::CustomerRead),
    ),
    row(
        "GET",
        "/api/v1/customers/{id}/export",
        Access::May(P::CustomerErase),
    ),
    row(
        "POST",
        "/api/v1/customers/{id}/payments",
        Access::May(P::AccountReceive),
    ),
    row(
        "POST",
        "/api/v1/customers/{id}/adjustments",
        Access::May(P::AccountAdjust),
    ),
    row(
        "GET",
        "/api/v1/accounts/payments/{id}",
        Access::May(P::CustomerRead),
    ),
    row(
        "POST",
        "/api/v1/accounts/payments/{id}/print",
        Access::May(P::AccountReceive),
    ),
    row(
        "GET",
        "/api/v1/accounts/payments/{id}/slip.pdf",
        Access::May(P::CustomerRead),
    ),
    row(
        "POST",
        "/api/v1/accounts/payments/{id}/reverse",
        Access::May(P::AccountAdjust),
    ),
    row("GET", "/api/v1/accounts/ageing", Access::May(P::CustomerRead)),
    row("GET", "/api/v1/invoices", Access::May(P::CustomerRead)),
    row("GET", "/api/v1/invoices/{id}", Access::May(P::CustomerRead)),
    row(
        "GET",
        "/api/v1/invoices/{id}/sheet.pdf",
        Access::May(P::CustomerRead),
    ),
    row(
        "POST",
        "/api/v1/invoices/{id}/revisions",
        Access::May(P::InvoiceRevise),
    ),
    row("PUT", "/api/v1/invoices/{id}/due", Access::May(P::InvoiceRevise)),
    row(
        "PUT",
        "/api/v1/invoices/{id}/instalments",
        Access::May(P::InvoiceRevise),
    ),
    row("GET", "/api/v1/tenders/instalments", Access::May(P::CartUse)),
    row("POST", "/api/v1/invoices/{id}/mail", Access::May(P::MailSend)),
    row("GET", "/api/v1/quotations", Access::May(P::QuotationMake)),
    row("POST", "/api/v1/quotations", Access::May(P::QuotationMake)),
    row("GET", "/api/v1/quotations/{id}", Access::May(P::QuotationMake)),
    row(
        "GET",
        "/api/v1/quotations/{id}/sheet.pdf",
        Access::May(P::QuotationMake),
    ),
    row(
        "POST",
        "/api/v1/quotations/{id}/accept",
        Access::May(P::QuotationMake),
    ),
    row(
        "POST",
        "/api/v1/quotations/{id}/close",
        Access::May(P::QuotationMake),
    ),
    row("POST", "/api/v1/quotations/{id}/mail", Access::May(P::MailSend)),
    row("GET", "/api/v1/campaigns", Access::May(P::CampaignSend)),
    row("POST", "/api/v1/campaigns", Access::May(P::CampaignSend)),
    row("POST", "/api/v1/campaigns/preview", Access::May(P::CampaignSend)),
    row("GET", "/api/v1/campaigns/{id}", Access::May(P::CampaignSend)),
    row(
        "GET",
        "/api/v1/campaigns/{id}/letters",
        Access::May(P::CampaignSend),
    ),
    row("GET", "/api/v1/mail/outbox", Access::May(P::MailSend)),
    row("POST", "/api/v1/mail/outbox/{id}/retry", Access::May(P::MailSend)),
    row(
        "POST",
        "/api/v1/mail/outbox/{id}/discard",
        Access::May(P::MailSend),
    ),
    row("GET", "/api/v1/mail/server", Access::May(P::MailSend)),
    row("PUT", "/api/v1/mail/server", Access::May(P::SettingChange)),
    row("POST", "/api/v1/mail/server/test", Access::May(P::SettingChange)),
    row("GET", "/api/v1/staff", Access::May(P::StaffRead)),
    row("POST", "/api/v1/staff", Access::May(P::StaffChange)),
    row("GET", "/api/v1/staff/{id}", Access::May(P::StaffRead)),
    row("PUT", "/api/v1/staff/{id}", Access::May(P::StaffChange)),
    row("DELETE", "/api/v1/staff/{id}", Access::May(P::StaffChange)),
    row("POST", "/api/v1/staff/{id}/restore", Access::May(P::StaffChange)),
    row("POST", "/api/v1/staff/{id}/pin", Access::May(P::StaffChange)),
    row("GET", "/api/v1/roles", Access::May(P::StaffRead)),
    row("GET", "/api/v1/events", Access::May(P::EventRead)),
    row("GET", "/api/v1/events/types", Access::May(P::EventRead)),
    row("GET", "/api/v1/webhooks", Access::May(P::ProgramManage)),
    row("POST", "/api/v1/webhooks", Access::May(P::ProgramManage)),
    row("PUT", "/api/v1/webhooks/{id}", Access::May(P::ProgramManage)),
    row("DELETE", "/api/v1/webhooks/{id}", Access::May(P::ProgramManage)),
    row(
        "POST",
        "/api/v1/webhooks/{id}/replay",
        Access::May(P::ProgramManage),
    ),
    row(
        "POST",
        "/api/v1/webhooks/{id}/test",
        Access::May(P::ProgramManage),
    ),
    row(
        "GET",
        "/api/v1/webhooks/{id}/deliveries",
        Access::May(P::ProgramManage),
    ),
    row(
        "POST",
        "/api/v1/webhooks/{id}/deliveries/{number}/again",
        Access::May(P::ProgramManage),
    ),
    row("GET", "/api/v1/api-keys", Access::May(P::ProgramManage)),
    row("POST", "/api/v1/api-keys", Access::May(P::ProgramManage)),
    row("DELETE", "/api/v1/api-keys/{id}", Access::May(P::ProgramManage)),
    row("GET", "/api/v1/taxes", Access::May(P::CatalogRead)),
    row("POST", "/api/v1/taxes/classes", Access::May(P::SettingChange)),
    row("PUT", "/api/v1/taxes/classes/{id}", Access::May(P::SettingChange)),
    row(
        "DELETE",
        "/api/v1/taxes/classes/{id}",
        Access::May(P::SettingChange),
    ),
    row(
        "POST",
        "/api/v1/taxes/classes/{id}/restore",
        Access::May(P::SettingChange),
    ),
    row(
        "GET",
        "/api/v1/taxes/classes/{id}/history",
        Access::May(P::SettingRead),
    ),
    row(
        "POST",
        "/api/v1/taxes/classes/{id}/assign",
        Access::May(P::CatalogChange),
    ),
    row("POST", "/api/v1/taxes/pack", Access::May(P::SettingChange)),
    row("POST", "/api/v1/taxes/preview", Access::May(P::CatalogRead)),
    row("GET", "/api/v1/taxes/identities", Access::May(P::SettingRead)),
    row("POST", "/api/v1/taxes/identities", Access::May(P::SettingChange)),
    row(
        "PUT",
        "/api/v1/taxes/identities/{id}",
        Access::May(P::SettingChange),
    ),
    row(
        "DELETE",
        "/api/v1/taxes/identities/{id}",
        Access::May(P::SettingChange),
    ),
    row("GET", "/api/v1/gstin/{number}", Access::Session),
    row("GET", "/api/v1/reports/tax", Access::May(P::ReportRead)),
    row("GET", "/api/v1/reports/gstr1", Access::May(P::ReportRead)),
    row("GET", "/api/v1/reports/gstr1.json", Access::May(P::ReportRead)),
    row("GET", "/api/v1/reports/gstr1.xlsx", Access::May(P::ReportRead)),
    row("GET", "/api/v1/branches", Access::May(P::SettingRead)),
    row("POST", "/api/v1/branches", Access::May(P::BranchManage)),
    row("GET", "/api/v1/branches/{id}", Access::May(P::SettingRead)),
    row("PUT", "/api/v1/branches/{id}", Access::May(P::BranchManage)),
    row("GET", "/api/v1/settings", Access::May(P::SettingRead)),
    row("PUT", "/api/v1/settings/{key}", Access::May(P::SettingChange)),
    row("GET", "/api/v1/shop-devices", Access::May(P::DeviceChange)),
    row("PUT", "/api/v1/shop-devices/{id}", Access::May(P::DeviceManage)),
    row(
        "POST",
        "/api/v1/shop-devices/{id}/move",
        Access::May(P::DeviceManage),
    ),
    row(
        "POST",
        "/api/v1/shop-devices/{id}/renumber",
        Access::May(P::DeviceManage),
    ),
    row(
        "POST",
        "/api/v1/shop-devices/{id}/revoke",
        Access::May(P::DeviceManage),
    ),
    row("GET", "/api/v1/devices/status", Access::May(P::DeviceRead)),
    row("POST", "/sync/v1/hello", Access::Node),
    row("POST", "/sync/v1/push", Access::Node),
    row("POST", "/sync/v1/pull", Access::Node),
    row("GET", "/sync/v1/heads", Access::Node),
    row("POST", "/sync/v1/keys", Access::Node),
    row("POST", "/sync/v1/notice", Access::Node),
    row("GET", "/api/v1/sharing", Access::May(P::DeviceRead)),
    row("PUT", "/api/v1/sharing", Access::May(P::DeviceChange)),
    row("GET", "/api/v1/printers", Access::May(P::DeviceRead)),
    row("POST", "/api/v1/printers", Access::May(P::DeviceChange)),
    row("PUT", "/api/v1/printers/{id}", Access::May(P::DeviceChange)),
    row("DELETE", "/api/v1/printers/{id}", Access::May(P::DeviceChange)),
    row("POST", "/api/v1/printers/find", Access::May(P::DeviceChange)),
    row("GET", "/api/v1/printers/find", Access::May(P::DeviceRead)),
    row("GET", "/api/v1/printers/elsewhere", Access::May(P::DeviceChange)),
    row("POST", "/api/v1/printers/{id}/test", Access::May(P::PrintUse)),
    row(
        "POST",
        "/api/v1/printers/{id}/looks",
        Access::May(P::DeviceChange),
    ),
    row("GET", "/api/v1/print/jobs", Access::May(P::DeviceRead)),
    row("POST", "/api/v1/print/jobs/{id}/retry", Access::May(P::PrintUse)),
    row("POST", "/api/v1/print/jobs/{id}/answer", Access::May(P::PrintUse)),
    row(
        "POST",
        "/api/v1/print/jobs/{id}/discard",
        Access::May(P::PrintUse),
    ),
    row("POST", "/api/v1/orders/{id}/print", Access::May(P::PrintUse)),
    // Whoever may not open it brings somebody who may.
    row("POST", "/api/v1/drawer/open", Access::May(P::PrintUse)),
    row("GET", "/api/v1/drawer/openings", Access::May(P::ReportRead)),
    row("GET", "/api/v1/shifts/current", Access::May(P::ShiftUse)),
    row("POST", "/api/v1/shifts", Access::May(P::ShiftUse)),
    row("GET", "/api/v1/shifts", Access::May(P::ReportRead)),
    row("POST", "/api/v1/shifts/count", Access::May(P::ShiftUse)),
    row("POST", "/api/v1/shifts/addenda", Access::May(P::ShiftManage)),
    row("GET", "/api/v1/shifts/{id}", Access::May(P::ShiftUse)),
    row("POST", "/api/v1/shifts/{id}/moves", Access::May(P::ShiftUse)),
    row("POST", "/api/v1/shifts/{id}/handover", Access::May(P::ShiftUse)),
    row("POST", "/api/v1/shifts/{id}/close", Access::May(P::ShiftUse)),
    row("POST", "/api/v1/shifts/{id}/reports", Access::May(P::ShiftUse)),
    row("GET", "/api/v1/shift-reports/{id}", Access::May(P::ShiftUse)),
    row(
        "POST",
        "/api/v1/shift-reports/{id}/print",
        Access::May(P::ShiftUse),
    ),
    row(
        "GET",
        "/api/v1/shift-reports/{id}/slip.png",
        Access::May(P::ShiftUse),
    ),
    row(
        "GET",
        "/api/v1/shift-reports/{id}/slip.pdf",
        Access::May(P::ShiftUse),
    ),
    row("GET", "/api/v1/reconciliation", Access::May(P::ReportRead)),
    row("POST", "/api/v1/batches", Access::May(P::ShiftManage)),
    row("POST", "/api/v1/receipts/preview", Access::May(P::DeviceRead)),
    row("GET", "/api/v1/receipts/template", Access::May(P::DeviceRead)),
    row("PUT", "/api/v1/receipts/template", Access::May(P::SettingChange)),
    row("POST", "/api/v1/receipts/logo", Access::May(P::SettingChange)),
    row(
        "GET",
        "/api/v1/orders/{id}/receipt.png",
        Access::May(P::OrderRead),
    ),
    row(
        "GET",
        "/api/v1/orders/{id}/receipt.pdf",
        Access::May(P::OrderRead),
    ),
    row("POST", "/api/v1/codes/frame", Access::May(P::ScanUse)),
    row("GET", "/api/v1/scanner/codes", Access::May(P::DeviceRead)),
    row("POST", "/api/v1/scanner/print", Access::May(P::PrintUse)),
    row("GET", "/api/v1/cameras", Access::May(P::ScanUse)),
    row("POST", "/api/v1/camera/open", Access::May(P::ScanUse)),
    row("POST", "/api/v1/camera/close", Access::May(P::ScanUse)),
    row("GET", "/api/v1/camera/frame", Access::May(P::ScanUse)),
    row("POST", "/api/v1/demo/leave", Access::May(P::DemoLeave)),
    row("GET", "/api/v1/openapi.json", Access::Open),
    row("GET", "/api/docs", Access::Open),
    row("GET", "/metrics", Access::Metrics),
];

pub(crate) fn row_of(method: &Method, path: &str) -> Option<&'static Row> {
    let method = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    ROUTES.iter().find(|row| row.method == method && row.path == path)
}

/// Bodies larger than this are refused; an order of 2,000 lines is a fifth of it.
const MOST_BODY: usize = 2 * 1024 * 1024;

/// The handlers of one path, and how they are described.
struct Handlers {
    path: String,
    methods: MethodRouter<Door>,
    describe: fn() -> UtoipaMethodRouter<Door>,
}

/// The handlers that stand in the brackets, all of one path.
macro_rules! routes {
    ($($first:ident)::+ $(, $($more:ident)::+)* $(,)?) => {
        Handlers {
            path: utoipa_axum::routes!(@path [path()] of $($first)::+),
            methods: routes!(@on MethodRouter::new(), $($first)::+ $(, $($more)::+)*),
            describe: || utoipa_axum::routes!($($first)::+ $(, $($more)::+)*),
        }
    };
    (@on $methods:expr, $($first:ident)::+ $(, $($more:ident)::+)*) => {
        routes!(
            @on
            utoipa_axum::routes!(@path [methods()] of $($first)::+)
                .iter()
                .fold($methods, |methods, one| methods.on(one.to_method_filter(), $($first)::+))
            $(, $($more)::+)*
        )
    };
    (@on $methods:expr) => {
        $methods
    };
}

/// The routes, and their description where that is asked for: its schemas are fifteen megabytes, of which a door that
/// only serves needs none.
struct Table {
    router: Router<Door>,
    description: Option<OpenApi>,
}

impl Table {
    fn routes(self, handlers: Handlers) -> Table {
        let describe = |api| {
            OpenApiRouter::with_openapi(api)
                .routes((handlers.describe)())
                .into_openapi()
        };
        Table {
            router: self.router.route(&handlers.path, handlers.methods),
            description: self.description.map(describe),
        }
    }

    fn most_body(self, bytes: usize) -> Table {
        Table {
            router: self.router.layer(DefaultBodyLimit::max(bytes)),
            ..self
        }
    }
}

// One chain of all of them needs more stack than a thread of the tests has, so they stand in parts.
fn table(description: Option<OpenApi>) -> Table {
    let router = Router::new();
    let router = shop_and_goods(Table { router, description });
    let router = people_and_rules(selling(router));
    papers_and_devices(router)
        .most_body(MOST_BODY)
        // A whole catalogue may come in one file.
        .routes(routes!(h::catalog::import))
}

fn shop_and_goods(router: Table) -> Table {
    router
        .routes(routes!(h::system::health))
        .routes(routes!(h::setup::setup_view, h::setup::set_up))
        .routes(routes!(h::setup::lock))
        .routes(routes!(h::joining::state, h::joining::join, h::joining::stop))
        .routes(routes!(h::joining::invite, h::joining::invitations))
        .routes(routes!(h::joining::invitation, h::joining::withdraw))
        .routes(routes!(h::joining::approve))
        .routes(routes!(h::shop_devices::list))
        .routes(routes!(h::shop_devices::change))
        .routes(routes!(h::shop_devices::move_to))
        .routes(routes!(h::shop_devices::renumber))
        .routes(routes!(h::shop_devices::revoke))
        .routes(routes!(h::joining::hello))
        .routes(routes!(h::joining::ask))
        .routes(routes!(h::devices::join_frame))
        .routes(routes!(h::backups::restore_view, h::backups::restore))
        .routes(routes!(h::backups::restore_folders))
        .routes(routes!(h::backups::at_hub))
        .routes(routes!(h::backups::fetch))
        .routes(routes!(h::backups::look))
        .routes(routes!(h::backups::upload))
        .routes(routes!(h::backups::backups, h::backups::back_up))
        .routes(routes!(h::backups::folders))
        .routes(routes!(h::backups::add_target))
        .routes(routes!(h::backups::remove_target))
        .routes(routes!(h::backups::make_card))
        .routes(routes!(h::backups::confirm_card))
        .routes(routes!(h::backups::everything))
        .routes(routes!(h::backups::forget_view, h::backups::forget))
        .routes(routes!(h::sessions::sign_in, h::sessions::list))
        .routes(routes!(h::sessions::current, h::sessions::sign_out))
        .routes(routes!(h::sessions::end))
        .routes(routes!(h::second_factor::own, h::second_factor::confirm))
        .routes(routes!(h::second_factor::begin))
        .routes(routes!(h::second_factor::remove))
        .routes(routes!(h::second_factor::code))
        .routes(routes!(h::second_factor::reset))
        .routes(routes!(h::display::live))
        .routes(routes!(h::display::open_display))
        .routes(routes!(h::display::display))
        .routes(routes!(h::display::asked, h::display::ask, h::display::end_ask))
        .routes(routes!(h::display::answer))
        .routes(routes!(h::catalog::catalog))
        .routes(routes!(h::catalog::products, h::catalog::add_product))
        .routes(routes!(h::catalog::change_prices))
        .routes(routes!(h::catalog::archive_samples))
        .routes(routes!(
            h::catalog::product,
            h::catalog::edit_product,
            h::catalog::archive_product
        ))
        .routes(routes!(h::catalog::restore_product))
        .routes(routes!(h::choices::runs))
        .routes(routes!(h::choices::undo_run))
        .routes(routes!(h::choices::export_csv))
        .routes(routes!(h::choices::export_xlsx))
        .routes(routes!(h::choices::label_sheets))
        .routes(routes!(h::choices::print_labels))
        .routes(routes!(h::choices::choices))
        .routes(routes!(h::choices::make_variants))
        .routes(routes!(h::prices::prices, h::prices::set_price))
        .routes(routes!(h::prices::change_price, h::prices::end_price))
        .routes(routes!(h::prices::levels, h::prices::add_level))
        .routes(routes!(h::prices::edit_level, h::prices::archive_level))
        .routes(routes!(h::prices::restore_level))
        .routes(routes!(h::choices::brands, h::choices::add_brand))
        .routes(routes!(h::choices::edit_brand, h::choices::archive_brand))
        .routes(routes!(h::choices::restore_brand))
        .routes(routes!(
            h::choices::modifier_groups,
            h::choices::add_modifier_group
        ))
        .routes(routes!(
            h::choices::edit_modifier_group,
            h::choices::archive_modifier_group
        ))
        .routes(routes!(h::choices::restore_modifier_group))
        .routes(routes!(h::choices::keep_picture))
        .routes(routes!(h::choices::picture))
        .routes(routes!(h::catalog::categories, h::catalog::add_category))
        .routes(routes!(
            h::catalog::category,
            h::catalog::edit_category,
            h::catalog::archive_category
        ))
        .routes(routes!(h::catalog::restore_category))
        .routes(routes!(h::catalog::scan))
}

fn selling(router: Table) -> Table {
    router
        .routes(routes!(h::cart::cart))
        .routes(routes!(h::cart::change))
        .routes(routes!(h::cart::park))
        .routes(routes!(h::cart::parked))
        .routes(routes!(h::cart::elsewhere))
        .routes(routes!(h::cart::recall))
        .routes(routes!(h::cart::drop_parked))
        .routes(routes!(h::orders::place, h::orders::list))
        .routes(routes!(h::orders::order))
        .routes(routes!(h::orders::cancel))
        .routes(routes!(h::orders::phone))
        .routes(routes!(h::tenders::split))
        .routes(routes!(h::tenders::settle))
        .routes(routes!(h::tenders::methods))
        .routes(routes!(h::tenders::offer, h::tenders::end_offer))
        .routes(routes!(h::handovers::hand_over))
        .routes(routes!(h::handovers::undo))
        .routes(routes!(h::handovers::progress))
        .routes(routes!(h::handovers::recent))
        .routes(routes!(h::handovers::find))
        .routes(routes!(h::handovers::preview))
        .routes(routes!(h::handovers::refund))
        .routes(routes!(h::returns::preview))
        .routes(routes!(h::returns::list, h::returns::make))
        .routes(routes!(h::returns::one))
        .routes(routes!(h::returns::print))
        .routes(routes!(h::returns::slip))
        .routes(routes!(h::returns::exchange))
        .routes(routes!(h::handovers::board))
        .routes(routes!(h::payments::start, h::payments::list))
        .routes(routes!(h::payments::gateways))
        .routes(routes!(h::payments::methods))
        .routes(routes!(h::payments::payment))
        .routes(routes!(h::payments::ask))
        .routes(routes!(h::payments::cancel))
        .routes(routes!(h::payments::answer))
        .routes(routes!(h::payments::refund))
        .routes(routes!(h::cards::list, h::cards::issue))
        .routes(routes!(h::cards::find))
        .routes(routes!(h::cards::card))
        .routes(routes!(h::cards::change))
        .routes(routes!(h::cards::of_order))
        .routes(routes!(h::rates::list, h::rates::set))
        .routes(routes!(h::rates::convert))
        .routes(routes!(h::sync::now))
        .routes(routes!(h::shut_out::shut_out))
        .routes(routes!(h::shut_out::not_taken))
        .routes(routes!(h::anomalies::list))
        .routes(routes!(h::hub::get, h::hub::put, h::hub::delete))
        .routes(routes!(h::anomalies::count))
        .routes(routes!(h::anomalies::settle))
        .routes(routes!(h::anomalies::set_aside))
        .routes(routes!(h::anomalies::retry))
        .routes(routes!(h::anomalies::fetch))
        .routes(routes!(h::anomalies::leave))
        .routes(routes!(h::hub::login))
        .routes(routes!(h::tips::report))
        .routes(routes!(h::tips::choices))
        .routes(routes!(h::tips::share))
        .routes(routes!(h::tips::pay))
        .routes(routes!(h::handovers::times))
        .routes(routes!(h::tokens::verify))
        .routes(routes!(h::tokens::redeem))
        .routes(routes!(h::tokens::release))
        .routes(routes!(h::tokens::marks))
        .routes(routes!(h::tokens::reissue))
        .routes(routes!(h::tokens::revoke))
        .routes(routes!(h::tokens::svg))
        .routes(routes!(h::tokens::png))
        .routes(routes!(h::tokens::jwt))
        .routes(routes!(h::tokens::keys))
        .routes(routes!(h::nodes::claim))
        .routes(routes!(h::nodes::release))
        .routes(routes!(h::nodes::deeds))
        .routes(routes!(h::nodes::beat))
        .routes(routes!(h::nodes::vote))
        .routes(routes!(h::nodes::carts))
        .routes(routes!(h::nodes::take))
        .routes(routes!(h::nodes::print))
        .routes(routes!(h::nodes::printers))
        .routes(routes!(h::lead::lead))
        .routes(routes!(h::lead::appoint))
        .routes(routes!(h::orders::today))
}

fn people_and_rules(router: Table) -> Table {
    router
        .routes(routes!(h::customers::list, h::customers::add))
        .routes(routes!(h::customers::types))
        .routes(routes!(h::customers::merge))
        .routes(routes!(
            h::customers::customer,
            h::customers::edit,
            h::customers::archive
        ))
        .routes(routes!(h::customers::restore))
        .routes(routes!(h::campaigns::no_news))
        .routes(routes!(h::customers::erase))
        .routes(routes!(h::customers::orders))
        .routes(routes!(h::customers::account))
        .routes(routes!(h::customers::statement))
        .routes(routes!(h::customers::statement_pdf))
        .routes(routes!(h::customers::mail_statement))
        .routes(routes!(h::customers::export))
        .routes(routes!(h::customers::receive))
        .routes(routes!(h::customers::adjust))
        .routes(routes!(h::customers::payment))
        .routes(routes!(h::customers::print_payment))
        .routes(routes!(h::customers::payment_pdf))
        .routes(routes!(h::customers::reverse))
        .routes(routes!(h::customers::ageing))
        .routes(routes!(h::staff::list, h::staff::add))
        .routes(routes!(h::staff::member, h::staff::edit, h::staff::archive))
        .routes(routes!(h::staff::restore))
        .routes(routes!(h::staff::set_pin))
        .routes(routes!(h::staff::roles))
        .routes(routes!(h::events::follow))
        .routes(routes!(h::events::types))
        .routes(routes!(h::webhooks::list, h::webhooks::make))
        .routes(routes!(h::webhooks::edit, h::webhooks::remove))
        .routes(routes!(h::webhooks::replay))
        .routes(routes!(h::webhooks::test))
        .routes(routes!(h::webhooks::deliveries))
        .routes(routes!(h::webhooks::again))
        .routes(routes!(h::api_keys::list, h::api_keys::make))
        .routes(routes!(h::api_keys::revoke))
        .routes(routes!(h::taxes::taxes))
        .routes(routes!(h::taxes::add_class))
        .routes(routes!(h::taxes::edit_class))
        .routes(routes!(h::taxes::archive_class))
        .routes(routes!(h::taxes::restore_class))
        .routes(routes!(h::taxes::history))
        .routes(routes!(h::taxes::assign))
        .routes(routes!(h::taxes::add_pack))
        .routes(routes!(h::taxes::preview))
        .routes(routes!(h::taxes::identities))
        .routes(routes!(h::taxes::add_identity))
        .routes(routes!(h::taxes::edit_identity))
        .routes(routes!(h::taxes::remove_identity))
        .routes(routes!(h::taxes::check_gstin))
        .routes(routes!(h::taxes::report))
        .routes(routes!(h::taxes::gstr1))
        .routes(routes!(h::taxes::gstr1_json))
        .routes(routes!(h::taxes::gstr1_xlsx))
        .routes(routes!(h::branches::list, h::branches::open))
        .routes(routes!(h::branches::branch, h::branches::change))
        .routes(routes!(h::branches::sold))
        .routes(routes!(h::settings::list))
        .routes(routes!(h::settings::change))
        .routes(routes!(h::devices::status))
        .routes(routes!(h::devices::printers, h::devices::add_printer))
        .routes(routes!(h::devices::change_printer, h::devices::remove_printer))
        .routes(routes!(h::devices::elsewhere))
        .routes(routes!(h::devices::find, h::devices::found))
        .routes(routes!(h::devices::test))
        .routes(routes!(h::devices::looks))
        .routes(routes!(h::devices::jobs))
        .routes(routes!(h::devices::retry))
        .routes(routes!(h::devices::answer))
        .routes(routes!(h::devices::discard))
        .routes(routes!(h::devices::print))
        .routes(routes!(h::devices::open_drawer))
        .routes(routes!(h::devices::openings))
}

fn papers_and_devices(router: Table) -> Table {
    router
        .routes(routes!(h::invoices::list))
        .routes(routes!(h::invoices::invoice))
        .routes(routes!(h::invoices::pdf))
        .routes(routes!(h::invoices::revise))
        .routes(routes!(h::invoices::set_due))
        .routes(routes!(h::invoices::set_instalments))
        .routes(routes!(h::invoices::equal_instalments))
        .routes(routes!(h::invoices::mail))
        .routes(routes!(h::quotations::list, h::quotations::make))
        .routes(routes!(h::quotations::quotation))
        .routes(routes!(h::quotations::pdf))
        .routes(routes!(h::quotations::accept))
        .routes(routes!(h::quotations::close))
        .routes(routes!(h::quotations::mail))
        .routes(routes!(h::campaigns::list, h::campaigns::send))
        .routes(routes!(h::campaigns::preview))
        .routes(routes!(h::campaigns::campaign))
        .routes(routes!(h::campaigns::letters))
        .routes(routes!(h::mail::outbox))
        .routes(routes!(h::mail::retry))
        .routes(routes!(h::mail::discard))
        .routes(routes!(h::mail::server, h::mail::change_server))
        .routes(routes!(h::mail::test))
        .routes(routes!(h::shifts::current))
        .routes(routes!(h::shifts::open, h::shifts::list))
        .routes(routes!(h::shifts::addenda))
        .routes(routes!(h::shifts::add_up))
        .routes(routes!(h::shifts::shift))
        .routes(routes!(h::shifts::move_cash))
        .routes(routes!(h::shifts::hand_over))
        .routes(routes!(h::shifts::close))
        .routes(routes!(h::shifts::make_report))
        .routes(routes!(h::shifts::report))
        .routes(routes!(h::shifts::print_report))
        .routes(routes!(h::shifts::report_png))
        .routes(routes!(h::shifts::report_pdf))
        .routes(routes!(h::shifts::reconciliation))
        .routes(routes!(h::shifts::reconcile))
        .routes(routes!(h::devices::preview))
        .routes(routes!(h::devices::template, h::devices::change_template))
        .routes(routes!(h::devices::logo))
        .routes(routes!(h::devices::paper_png))
        .routes(routes!(h::devices::paper_pdf))
        .routes(routes!(h::sharing::sharing, h::sharing::change))
        .routes(routes!(h::device_links::list, h::device_links::make))
        .routes(routes!(h::device_links::open))
        .routes(routes!(h::device_links::current))
        .routes(routes!(h::device_links::renew))
        .routes(routes!(h::device_links::revoke))
        .routes(routes!(h::pick::pick))
        .routes(routes!(h::exchange::hello))
        .routes(routes!(h::exchange::push))
        .routes(routes!(h::exchange::pull))
        .routes(routes!(h::exchange::heads))
        .routes(routes!(h::exchange::keys))
        .routes(routes!(h::exchange::notice))
        .routes(routes!(h::devices::frame))
        .routes(routes!(h::devices::scanner_codes))
        .routes(routes!(h::devices::print_scanner_codes))
        .routes(routes!(h::devices::cameras))
        .routes(routes!(h::devices::open_camera))
        .routes(routes!(h::devices::close_camera))
        .routes(routes!(h::devices::camera_frame))
        .routes(routes!(h::setup::leave_demo))
        .routes(routes!(h::system::openapi_json))
        .routes(routes!(h::system::docs))
        .routes(routes!(h::system::metrics))
}

/// The description of the whole API.
pub fn openapi() -> OpenApi {
    let info = docs::info();
    let mut api = table(Some(info.clone())).description.unwrap_or(info);
    // Handlers of different features share names, but an operation's id must be its own.
    for (path, item) in &mut api.paths.paths {
        let words: Vec<&str> = path
            .trim_start_matches("/api/v1")
            .split(|sign: char| !sign.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let operations = [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("delete", &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{}", words.join("_")));
            }
        }
    }
    describe::complete(&mut api);
    api
}

pub(crate) fn router(door: Door) -> Router {
    let api = table(None).router;
    Router::new()
        .merge(
            api.route_layer(from_fn_with_state(door.clone(), guard))
                .route_layer(from_fn_with_state(door.clone(), count)),
        )
        .route(
            "/api/{*rest}",
            get(no_such_route)
                .post(no_such_route)
                .put(no_such_route)
                .delete(no_such_route),
        )
        .method_not_allowed_fallback(no_such_route)
        .fallback(assets::serve)
        .layer(from_fn(safe_headers))
        .with_state(door)
}

async fn no_such_route() -> ApiError {
    Code::NotFound.into()
}

#[allow(
    clippy::disallowed_methods,
    reason = "the door is an edge: it times its own answers"
)]
async fn count(State(door): State<Door>, path: MatchedPath, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let started = std::time::Instant::now();
    let response = next.run(request).await;
    door.metrics.count(
        &method,
        path.as_str(),
        response.status().as_u16(),
        started.elapsed(),
    );
    response
}

async fn safe_headers(request: Request, next: Next) -> Response<Body> {
    let api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(assets::CSP),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    if api {
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_has_a_row_and_every_row_a_route() {
        let description = openapi();
        let mut described = BTreeSet::new();
        for (path, item) in &description.paths.paths {
            for (method, operation) in [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
            ] {
                if operation.is_some() {
                    described.insert((method.to_owned(), path.clone()));
                }
            }
        }
        let rows: BTreeSet<_> = ROUTES
            .iter()
            .map(|r| (r.method.to_owned(), r.path.to_owned()))
            .collect();
        assert_eq!(
            described, rows,
            "a route without a permission row is refused to everybody"
        );
        assert_eq!(rows.len(), ROUTES.len(), "no row stands twice");
    }

    #[test]
    fn the_customers_window_writes_nothing_but_its_answer() {
        let writes: Vec<_> = ROUTES
            .iter()
            .filter(|r| r.customer && r.method != "GET")
            .map(|r| (r.method, r.path))
            .collect();
        assert_eq!(writes, [("POST", "/api/v1/display/answer")]);
    }
}
