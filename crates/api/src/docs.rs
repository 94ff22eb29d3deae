//! The API's description as a page that needs no script and no network.

use crate::{
    describe,
    routes::{ROUTES, openapi},
};
use serde_json::Value;
use std::fmt::Write;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Chandi",
        description = "The one door of a till. Amounts are integers in the smallest unit and end in _minor; \
                       quantities are decimal strings; times are RFC 3339; ids are UUIDs (version 7) made by the \
                       client. Every write may be sent again: the same id and content gets the same answer, another \
                       content gets 409. A program shows its key as Authorization: Bearer ck_…; a page shows its \
                       session's token, and its writes need the header x-chandi: 1."
    ),
    modifiers(&Bearer),
    components(schemas(crate::error::ErrorBody))
)]
struct Info;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        api.components
            .get_or_insert_default()
            .add_security_scheme("session", SecurityScheme::Http(scheme));
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "The key of a program, ck_…, made by the owner: it opens what its permissions say.",
            ))
            .build();
        api.components
            .get_or_insert_default()
            .add_security_scheme("key", SecurityScheme::Http(key));
    }
}

pub fn info() -> utoipa::openapi::OpenApi {
    Info::openapi()
}

/// The whole description, readable in any browser.
pub fn page() -> String {
    let api = serde_json::to_value(openapi()).unwrap_or(Value::Null);
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Chandi: the API</title><style>\
         body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#14171c;background:#f4f4f1}\
         details{background:#fff;border-radius:12px;margin:8px 0;padding:0 16px}\
         summary{cursor:pointer;min-height:44px;line-height:44px}\
         code{font:14px ui-monospace,monospace}.m{display:inline-block;width:4.5rem;font-weight:700}\
         .who{color:#555b66;margin-inline-start:1rem}pre{overflow:auto;background:#f4f4f1;padding:12px;border-radius:8px}\
         @media(prefers-color-scheme:dark){body{background:#101317;color:#f1f3f5}details{background:#191d23}pre{background:#101317}.who{color:#a7afba}}\
         </style><main><h1>Chandi: the API</h1>",
    );
    let intro = api["info"]["description"].as_str().unwrap_or_default();
    let _ = write!(
        html,
        "<p>{}</p><p><a href=\"/api/v1/openapi.json\">openapi.json</a></p>",
        escape(intro)
    );
    for row in ROUTES {
        let operation = &api["paths"][row.path][row.method.to_lowercase()];
        let who = describe::who(row.access);
        let summary = operation["summary"]
            .as_str()
            .or(operation["description"].as_str())
            .unwrap_or_default();
        let _ = write!(
            html,
            "<details><summary><span class=\"m\">{}</span><code>{}</code><span class=\"who\">{}</span></summary><p>{}</p>",
            row.method,
            escape(row.path),
            escape(&who),
            escape(summary)
        );
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let _ = write!(
                html,
                "<p><code>{}</code> ({}) {}</p>",
                escape(parameter["name"].as_str().unwrap_or_default()),
                escape(parameter["in"].as_str().unwrap_or_default()),
                escape(parameter["description"].as_str().unwrap_or_default())
            );
        }
        section(&mut html, &api, "Request", &operation["requestBody"]["content"]);
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            section(&mut html, &api, &format!("Answer {status}"), &response["content"]);
        }
        html.push_str("</details>");
    }
    html.push_str("</main></html>");
    html
}

fn section(html: &mut String, api: &Value, title: &str, content: &Value) {
    for (kind, media) in content.as_object().into_iter().flatten() {
        let shape = outline(api, &media["schema"], 0);
        let _ = write!(
            html,
            "<h3>{} <code>{}</code></h3><pre>{}</pre>",
            escape(title),
            escape(kind),
            escape(&shape)
        );
    }
}

/// A schema as the JSON that it describes, types in place of values.
fn outline(api: &Value, schema: &Value, depth: usize) -> String {
    if depth > 6 {
        return "…".to_owned();
    }
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|r| r.strip_prefix("#/components/schemas/"))
    {
        return outline(api, &api["components"]["schemas"][name], depth);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[key].as_array() {
            let parts: Vec<String> = options
                .iter()
                .filter(|o| o["type"] != "null")
                .map(|o| outline(api, o, depth))
                .collect();
            return parts.join(" | ");
        }
    }
    let pad = "  ".repeat(depth + 1);
    if let Some(properties) = schema["properties"].as_object() {
        let mut text = "{\n".to_owned();
        for (name, property) in properties {
            let _ = writeln!(text, "{pad}{name}: {},", outline(api, property, depth + 1));
        }
        let _ = write!(text, "{}}}", "  ".repeat(depth));
        return text;
    }
    if schema["items"].is_object() {
        return format!("[{}]", outline(api, &schema["items"], depth));
    }
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .map(Value::to_string)
            .collect::<Vec<_>>()
            .join(" | ");
    }
    match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "anything".to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
