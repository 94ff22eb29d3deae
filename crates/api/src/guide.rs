//! What the LAN's door says to whoever comes without TLS: how to install the shop's certificate, one page for each
//! system, and the certificate itself. Nothing of the shop stands here, not even its name: it is read by strangers.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
};
use serde::Deserialize;
use std::{fmt::Write, sync::LazyLock};
use sync::tls::CERTIFICATE_PATH;

/// A picture that a page without scripts can only show once the certificate is installed.
pub const TRUSTED_PATH: &str = "/chandi-trusted.svg";

#[derive(Deserialize)]
struct Words {
    title: String,
    why: String,
    compare_title: String,
    compare: String,
    download: String,
    install_title: String,
    done_title: String,
    not_yet: String,
    installed: String,
    open: String,
    other: String,
    android: String,
    ios: String,
    windows: String,
    macos: String,
    linux: String,
    android_steps: Vec<String>,
    ios_steps: Vec<String>,
    windows_steps: Vec<String>,
    macos_steps: Vec<String>,
    linux_steps: Vec<String>,
}

static LANGUAGES: LazyLock<[(&str, Words); 3]> = LazyLock::new(|| {
    let read = |text| serde_json::from_str(text).expect("the guide's words are whole: a test reads them");
    [
        ("en", read(include_str!("guide/en.json"))),
        ("hi", read(include_str!("guide/hi.json"))),
        ("ar", read(include_str!("guide/ar.json"))),
    ]
});

const SYSTEMS: [&str; 5] = ["android", "ios", "windows", "macos", "linux"];

impl Words {
    fn system(&self, system: &str) -> (&str, &[String]) {
        match system {
            "android" => (&self.android, &self.android_steps),
            "ios" => (&self.ios, &self.ios_steps),
            "windows" => (&self.windows, &self.windows_steps),
            "macos" => (&self.macos, &self.macos_steps),
            _ => (&self.linux, &self.linux_steps),
        }
    }
}

/// What the guide shows.
pub struct Guide {
    pub certificate: Vec<u8>,
    /// As people compare it.
    pub fingerprint: String,
}

impl Guide {
    /// Answers one request that came without TLS.
    pub fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return refused(StatusCode::METHOD_NOT_ALLOWED);
        }
        let path = uri.path();
        if path == CERTIFICATE_PATH {
            return self.certificate();
        }
        let system = match path.trim_start_matches('/') {
            "" => system_of(text(headers, header::USER_AGENT)),
            named => match SYSTEMS.iter().find(|system| **system == named) {
                Some(system) => system,
                None => return refused(StatusCode::NOT_FOUND),
            },
        };
        let asked = uri.query().and_then(|query| query.strip_prefix("lang="));
        let (language, words) = language_of(asked, text(headers, header::ACCEPT_LANGUAGE));
        // A name that somebody else's DNS points at us is not repeated.
        let host = text(headers, header::HOST);
        let host = crate::guard::is_local_name(host).then_some(host);
        let page = self.page(system, language, words, host);
        let mut response = Response::new(Body::from(page));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        let sources = host.map_or_else(String::new, |host| format!(" https://{host}"));
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:{sources}; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        response
    }

    /// The certificate as a file that systems know how to install.
    pub fn certificate(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.certificate.clone()));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-x509-ca-cert"),
        );
        headers.insert(
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"chandi-ca.crt\""),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn page(&self, system: &str, language: &str, words: &Words, host: Option<&str>) -> String {
        let (name, steps) = words.system(system);
        let steps: String = steps
            .iter()
            .map(|step| format!("<li>{}</li>", escaped(step)))
            .collect();
        let mut others = String::new();
        for other in SYSTEMS.iter().filter(|other| **other != system) {
            let (name, _) = words.system(other);
            let _ = write!(
                others,
                "<a href=\"/{other}?lang={language}\">{}</a> ",
                escaped(name)
            );
        }
        let fingerprint: String = self
            .fingerprint
            .split(':')
            .map(|pair| format!("<span>{pair}</span>"))
            .collect();
        let done = host.map_or_else(String::new, |host| {
            let host = escaped(host);
            format!(
                "<section><h2>3 · {title}</h2><p class=\"check\"><img src=\"https://{host}{TRUSTED_PATH}?{language}\" \
                 alt=\"{not_yet}\"></p><p><a class=\"do\" href=\"https://{host}/\">{open}</a></p></section>",
                title = escaped(&words.done_title),
                not_yet = escaped(&words.not_yet),
                open = escaped(&words.open),
            )
        });
        let direction = if language == "ar" { "rtl" } else { "ltr" };
        format!(
            "<!doctype html><html lang=\"{language}\" dir=\"{direction}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title}</title><style>{STYLE}</style></head><body><main>\
             <h1>{title}</h1><p>{why}</p>\
             <section><h2>1 · {compare_title}</h2><p>{compare}</p>\
             <p class=\"print\" dir=\"ltr\" data-fingerprint=\"{plain}\">{fingerprint}</p></section>\
             <section><h2>2 · {install_title} <small>{name}</small></h2>\
             <p><a class=\"do\" href=\"{CERTIFICATE_PATH}\">{download}</a></p><ol>{steps}</ol></section>\
             {done}<nav><h2>{other}</h2><p>{others}</p>\
             <p><a href=\"/{system}?lang=en\" lang=\"en\">English</a> <a href=\"/{system}?lang=hi\" lang=\"hi\">हिन्दी</a> \
             <a href=\"/{system}?lang=ar\" lang=\"ar\">العربية</a></p></nav></main></body></html>",
            title = escaped(&words.title),
            why = escaped(&words.why),
            compare_title = escaped(&words.compare_title),
            compare = escaped(&words.compare),
            plain = self.fingerprint,
            install_title = escaped(&words.install_title),
            name = escaped(name),
            download = escaped(&words.download),
            other = escaped(&words.other),
        )
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1917;--soft:#57534e;--ground:#faf9f7;--card:#fff;--line:#d6d3d1;--do:#0f5f4e;--on:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#f5f5f4;--soft:#c4bfba;--ground:#171412;--card:#221e1b;--line:#57534e;--do:#5fd3b4;--on:#10241e}}\
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}\
main{max-inline-size:42rem;margin-inline:auto;padding:1.5rem 1rem 3rem}h1{font-size:1.6rem;line-height:1.25;margin-block:.5rem}\
h2{font-size:1.15rem;margin-block:0 .5rem}small{color:var(--soft);font-weight:400}\
section,nav{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:1rem;margin-block-start:1rem}\
.print{display:grid;grid-template-columns:repeat(8,1fr);gap:.25rem;font:600 1rem/1.8 ui-monospace,monospace;text-align:center;margin:0}\
.do{display:flex;align-items:center;justify-content:center;min-block-size:3.25rem;padding-inline:1rem;border-radius:.75rem;background:var(--do);color:var(--on);font-weight:600;text-decoration:none}\
li{margin-block:.5rem}nav a{display:inline-flex;align-items:center;min-block-size:2.75rem;padding-inline:.75rem;color:inherit}\
.check{min-block-size:1.75rem;color:var(--soft)}";

/// Green, with a tick: shown only by a browser that trusts the shop.
pub fn trusted(query: Option<&str>) -> Response<Body> {
    let (language, words) = language_of(query, "");
    let direction = if language == "ar" { "rtl" } else { "ltr" };
    let text = escaped(&words.installed);
    let picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"220\" height=\"32\" viewBox=\"0 0 220 32\">\
         <circle cx=\"16\" cy=\"16\" r=\"14\" fill=\"#0f7b5f\"/>\
         <path d=\"M9 16.5l5 5 9-10\" fill=\"none\" stroke=\"#fff\" stroke-width=\"3\"/>\
         <text x=\"{x}\" y=\"22\" font-family=\"system-ui,sans-serif\" font-size=\"18\" fill=\"#0f7b5f\" \
         direction=\"{direction}\" text-anchor=\"{anchor}\">{text}</text></svg>",
        x = if direction == "rtl" { 200 } else { 40 },
        anchor = "start",
    );
    let mut response = Response::new(Body::from(picture));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("cross-origin"),
    );
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
}

fn refused(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The language that was asked for by name, else the first that the browser wants and we have.
fn language_of(asked: Option<&str>, accepted: &str) -> (&'static str, &'static Words) {
    let all = &*LANGUAGES;
    let named = |name: &str| {
        let name = name.split(['-', ';']).next().unwrap_or_default().trim();
        all.iter().find(|(language, _)| *language == name)
    };
    let (language, words) = asked
        .and_then(named)
        .or_else(|| accepted.split(',').find_map(named))
        .unwrap_or(&all[0]);
    (language, words)
}

fn system_of(agent: &str) -> &'static str {
    // An iPad says that it is a Mac; its page names the other systems, too.
    const SIGNS: [(&str, &str); 7] = [
        ("Android", "android"),
        ("iPhone", "ios"),
        ("iPad", "ios"),
        ("Windows", "windows"),
        ("Macintosh", "macos"),
        ("CrOS", "linux"),
        ("Linux", "linux"),
    ];
    let found = SIGNS.iter().find(|(sign, _)| agent.contains(sign));
    found.map_or("android", |(_, system)| system)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn guide() -> Guide {
        Guide {
            certificate: b"certificate".to_vec(),
            fingerprint: "AB:CD".to_owned(),
        }
    }

    fn ask(path: &str, headers: &[(header::HeaderName, &str)]) -> (StatusCode, String) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        let answer = guide().answer(&Method::GET, &path.parse().expect("a path"), &map);
        let status = answer.status();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let body = runtime.block_on(answer.into_body().collect()).expect("a body");
        (status, String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }

    #[test]
    fn every_system_has_its_page_in_every_language() {
        for (language, words) in &*LANGUAGES {
            for system in SYSTEMS {
                assert!(words.system(system).1.len() >= 4, "{language} {system}");
                let (status, page) = ask(&format!("/{system}?lang={language}"), &[]);
                assert_eq!(status, StatusCode::OK);
                assert!(
                    page.contains(&format!("lang=\"{language}\"")),
                    "{language} {system}"
                );
                assert!(page.contains(&escaped(&words.title)) && page.contains("data-fingerprint=\"AB:CD\""));
            }
        }
    }

    #[test]
    fn the_page_is_chosen_by_the_browser_that_asks() {
        let iphone = (header::USER_AGENT, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)");
        let hindi = (header::ACCEPT_LANGUAGE, "hi-IN,hi;q=0.9,en;q=0.8");
        let (_, page) = ask("/", &[iphone.clone(), hindi.clone()]);
        assert!(
            page.contains("<html lang=\"hi\"") && page.contains("VPN"),
            "{page}"
        );
        let (_, page) = ask("/?lang=ar", &[iphone, hindi]);
        assert!(page.contains("dir=\"rtl\""), "asked for by name");
    }

    #[test]
    fn strangers_get_the_guide_and_nothing_else() {
        for path in [
            "/api/v1/health",
            "/api/v1/lock",
            "/index.html",
            "/assets/x.js",
            "/sync/v1/heads",
        ] {
            assert_eq!(ask(path, &[]).0, StatusCode::NOT_FOUND, "{path}");
        }
        let post = guide().answer(&Method::POST, &"/".parse().expect("a path"), &HeaderMap::new());
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn a_foreign_host_is_not_repeated() {
        let (_, page) = ask("/", &[(header::HOST, "evil.example")]);
        assert!(!page.contains("evil.example"), "{page}");
        let (_, page) = ask("/", &[(header::HOST, "192.168.1.20:8650")]);
        assert!(page.contains("href=\"https://192.168.1.20:8650/\""), "{page}");
    }
}
