//! What every route has in common, added to its description: who may call it, with what, and how it refuses. A handler
//! says only what is its own.

use crate::{
    error::status_of,
    routes::{Access, Row, row_of},
};
use app::Code;
use axum::http::Method;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::openapi::{
    Components, Content, OpenApi, Ref, RefOr, Response, Tag,
    path::{Operation, Parameter, ParameterIn},
    response::ResponseBuilder,
    schema::{Object, ObjectBuilder, Type},
    security::SecurityRequirement,
    tag::TagBuilder,
};

/// The features of the API, in the order in which somebody meets them.
pub const TAGS: &[(&str, &str)] = &[
    ("system", "Whether the node is alive, and this description."),
    (
        "setup",
        "The first evening of a shop, the lock screen, and leaving the demo.",
    ),
    (
        "sessions",
        "People sign in with a PIN; programs show a key instead.",
    ),
    (
        "programs",
        "Other programs: keys, the stream of events, and addresses that are told.",
    ),
    (
        "catalog",
        "Products, their variants and choices, prices, categories and labels.",
    ),
    ("cart", "The order that is being taken at a till."),
    ("orders", "Orders that were placed."),
    ("tenders", "What an order is paid with."),
    ("payments", "What a payment gateway is asked to charge."),
    ("cards", "Gift cards and store credit."),
    ("rates", "Exchange rates of foreign money."),
    ("tips", "Tips, and who gets them."),
    (
        "tokens",
        "The customer's claim on an order: checking it, redeeming it, giving a new one.",
    ),
    ("handovers", "Giving out what was ordered."),
    ("refunds", "Paying back, and goods that come back."),
    ("customers", "Who buys here."),
    ("accounts", "What customers owe, and what they paid."),
    ("invoices", "Orders as documents."),
    ("quotations", "Carts that are offered at a price for some days."),
    ("campaigns", "News to many customers."),
    ("mail", "Letters on their way, and the server that takes them."),
    ("taxes", "Rates, tax numbers and what is filed."),
    ("shifts", "Drawers, counting them, and the day's reports."),
    ("reports", "Figures."),
    ("staff", "Who works here."),
    ("settings", "How the shop works."),
    ("branches", "The places of the shop, and what is sold at each."),
    (
        "devices",
        "Printers, drawers, cameras, and how this node stands with the others.",
    ),
    ("joining", "Inviting a device into the shop, and letting it in."),
    ("backups", "Copies of the shop, and bringing it back from one."),
    (
        "sync",
        "What devices of a shop tell each other; signed, not for programs.",
    ),
    ("display", "The customer's screen and the board in the hall."),
    ("live", "The feed of a till's screens."),
    (
        "nodes",
        "What nodes of a shop ask each other; signed, not for programs.",
    ),
];

/// Each status with which a request can be refused, and its name among the described answers.
const REFUSALS: &[(u16, &str, &str)] = &[
    (400, "Malformed", "The request cannot be read."),
    (401, "SignedOut", "Nobody is signed in, or the key opens nothing."),
    (403, "Forbidden", "Whoever asks may not do that."),
    (404, "NotFound", "There is no such thing."),
    (
        409,
        "Conflict",
        "Somebody else was first, or it is too late for that.",
    ),
    (413, "TooLarge", "The request is too large."),
    (422, "Refused", "Understood, and refused by a rule."),
    (429, "Wait", "Later: hints.wait_ms and Retry-After say when."),
    (
        500,
        "Broken",
        "Something broke; error.incident finds it in the log.",
    ),
    (507, "Full", "The disk is full."),
];

/// What parameters are called everywhere, and what they mean wherever a handler does not say more.
const PARAMETERS: &[(&str, &str)] = &[
    ("id", "Which one: the id of what the path names."),
    ("limit", "At most so many."),
    ("after", "The `next` of the page before."),
    ("archived", "Archived ones too."),
    (
        "credit_note",
        "The credit note with this number instead of the document itself.",
    ),
    ("state", "Only those in this state."),
    ("customer", "Only what belongs to this customer."),
    ("type", "Only customers of this type."),
    ("segment", "Only customers of this segment."),
    ("number", "Its number, as paper or the list shows it."),
    ("from", "The first day, like 2026-04-01."),
    ("to", "The last day, like 2026-04-30."),
    ("subject", "Only letters about this order, document or customer."),
    ("handover", "Which handover of the order."),
    ("tender", "Which leg of the order's payment."),
    ("key", "Which one, by its word."),
    ("printer", "Only jobs of this printer."),
    ("order", "Only what belongs to this order."),
    ("q", "What to search for, in any script of the shop's languages."),
    ("category", "Only what is in this category, or below it."),
    ("customer_type", "As customers of this type are priced."),
    ("currency", "The currency's code, like EUR."),
    ("amount_minor", "The amount in the smallest unit of the currency."),
    ("parts", "Into how many parts."),
];

/// In words: who may call a route.
pub fn who(access: Access) -> String {
    match access {
        Access::Open => "open".to_owned(),
        Access::SignIn => "open, a few times a second".to_owned(),
        Access::AtTheDevice | Access::Here => "at the device only".to_owned(),
        Access::Guest => "a device that joins, sealed".to_owned(),
        Access::Display => "customer's screen or session".to_owned(),
        Access::Board => "the hall's board or session".to_owned(),
        Access::Pick => "a link for the open orders, or order.read".to_owned(),
        Access::Linked => "a browser that a link let in".to_owned(),
        Access::Live => "any screen or session".to_owned(),
        Access::Node => "another device of the shop, signed".to_owned(),
        Access::Metrics => "at the device, or metrics.read".to_owned(),
        Access::Session => "any session".to_owned(),
        Access::May(permission) => match access.is_for_programs() {
            true => permission.as_str().to_owned(),
            false => format!("{permission}, people only"),
        },
    }
}

/// The codes of [`Code`] as the schema of `error.code`, each with its sentence.
pub fn code_schema() -> Object {
    let mut text = "Which refusal it is. Programs decide by it, never by the message.\n".to_owned();
    for code in Code::ALL {
        text.push_str(&format!(
            "\n- `{}` ({}): {}",
            code.as_str(),
            status_of(*code).as_u16(),
            code.sentence()
        ));
    }
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(codes))
        .description(Some(text))
        .build()
}

/// Completes the description of all routes.
pub fn complete(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    describe_refusals(components);
    let mut used = BTreeSet::new();
    for (path, item) in &mut api.paths.paths {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::POST, &mut item.post),
            (Method::PUT, &mut item.put),
            (Method::DELETE, &mut item.delete),
        ];
        for (method, operation) in operations {
            if let (Some(operation), Some(row)) = (operation.as_mut(), row_of(&method, path)) {
                complete_one(operation, row);
                used.extend(operation.tags.iter().flatten().cloned());
            }
        }
    }
    let tags: Vec<Tag> = TAGS
        .iter()
        .filter(|(name, _)| used.contains(*name))
        .map(|(name, text)| TagBuilder::new().name(*name).description(Some(*text)).build())
        .collect();
    api.tags = Some(tags);
}

fn describe_refusals(components: &mut Components) {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in Code::ALL {
        let status = status_of(*code).as_u16();
        by_status.entry(status).or_default().push(code.as_str());
    }
    for (status, name, text) in REFUSALS {
        let codes = by_status
            .get(status)
            .map(|codes| codes.join(", "))
            .unwrap_or_default();
        let response: Response = ResponseBuilder::new()
            .description(format!("{text} Codes: {codes}."))
            .content(
                "application/json",
                Content::new(Some(Ref::from_schema_name("ErrorBody"))),
            )
            .build();
        components
            .responses
            .insert((*name).to_owned(), RefOr::T(response));
    }
}

fn complete_one(operation: &mut Operation, row: &Row) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            name_parameter(parameter);
        }
    }
    let access = format!("Access: {}.", who(row.access));
    operation.description = Some(match operation.description.take() {
        Some(text) if !text.is_empty() => format!("{text}\n\n{access}"),
        _ => access,
    });
    if row.access.is_for_programs() && row.access != Access::Open {
        let requirements = operation.security.get_or_insert_default();
        requirements.push(SecurityRequirement::new("key", Vec::<String>::new()));
    }
    let mut refusals: BTreeSet<u16> = BTreeSet::from([500]);
    if operation
        .parameters
        .iter()
        .flatten()
        .any(|p| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Path))
    {
        refusals.insert(404);
    }
    if operation
        .parameters
        .iter()
        .flatten()
        .any(|p| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Query))
    {
        refusals.insert(400);
    }
    if operation.request_body.is_some() {
        refusals.extend([400, 413]);
    }
    if row.method != "GET" {
        refusals.extend([403, 507]);
    }
    match row.access {
        Access::Open => {}
        Access::AtTheDevice => refusals.extend([403, 429]),
        Access::Here => refusals.extend([403]),
        Access::Guest => refusals.extend([401, 429]),
        Access::SignIn => refusals.extend([401, 429]),
        Access::Node => refusals.extend([401, 429]),
        Access::Display
        | Access::Board
        | Access::Live
        | Access::Pick
        | Access::Linked
        | Access::Session
        | Access::Metrics
        | Access::May(_) => {
            refusals.extend([401, 403, 429]);
        }
    }
    let responses = &mut operation.responses.responses;
    for status in refusals {
        responses
            .entry(status.to_string())
            .or_insert_with(|| RefOr::T(Response::new("")));
    }
    for (status, response) in responses.iter_mut() {
        let known = REFUSALS.iter().find(|(code, ..)| code.to_string() == *status);
        if let Some((_, name, _)) = known {
            *response = RefOr::Ref(Ref::from_response_name(*name));
        } else if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = match status.as_str() {
                "201" => "Made.",
                "204" => "Done; there is nothing to tell.",
                _ => "The answer.",
            }
            .to_owned();
        }
    }
}

fn name_parameter(parameter: &mut Parameter) {
    let unsaid = parameter.description.as_deref().is_none_or(str::is_empty);
    if unsaid && let Some((_, text)) = PARAMETERS.iter().find(|(name, _)| *name == parameter.name) {
        parameter.description = Some((*text).to_owned());
    }
}
