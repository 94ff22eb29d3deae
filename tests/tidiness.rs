//! The house keeps its shape: who may know whom, what must be written down, and what must never be there. Every test
//! reads the tree as it is, so a rule that is broken fails here before a person has to notice.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn metadata(arguments: &[&str]) -> Value {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo answers");
    assert!(
        out.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    serde_json::from_slice(&out.stdout).expect("cargo answers in JSON")
}

/// Every file below a folder, with its path from the root, but for what is made and not written.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    fn walk(at: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = fs::read_dir(at) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if ["node_modules", "target", "dist", ".git", "gen"]
                .iter()
                .any(|skip| name == *skip)
            {
                continue;
            }
            if entry.path().is_dir() {
                walk(&entry.path(), found)
            } else {
                found.push(entry.path())
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    let mut names: Vec<String> = found
        .iter()
        .filter_map(|path| Some(path.strip_prefix(root()).ok()?.to_str()?.to_owned()))
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)))
        .collect();
    names.sort();
    names
}

fn strings(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Who may know whom. An arrow that is not here is a decision: write it down, and say in ARCHITECTURE.md why.
const GRAPH: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("codes", &[]),
    ("journal", &["domain"]),
    ("hub", &["domain", "journal"]),
    ("cloud", &["domain", "hub", "journal"]),
    ("paper", &["codes", "domain"]),
    ("store", &["domain", "journal"]),
    ("devices", &["codes"]),
    ("connect", &[]),
    (
        "app",
        &[
            "codes", "connect", "devices", "domain", "journal", "paper", "store",
        ],
    ),
    ("api", &["app", "domain", "journal", "sync"]),
    ("sync", &["app", "domain", "journal", "store"]),
    ("node", &["api", "app", "domain", "sync"]),
    ("chandi", &["api", "app", "sync"]),
    // Tools and tests stand beside the house; nothing in it may know them.
    (
        "testkit",
        &["api", "app", "connect", "devices", "domain", "journal", "store"],
    ),
    (
        "bench",
        &[
            "api", "app", "codes", "domain", "hub", "journal", "paper", "store", "testkit",
        ],
    ),
    (
        "stories",
        &[
            "api", "app", "codes", "devices", "domain", "hub", "journal", "store", "sync", "testkit",
        ],
    ),
    ("xtask", &["api"]),
];

#[test]
fn arrows_point_down_only() {
    let written: BTreeMap<&str, BTreeSet<&str>> = GRAPH
        .iter()
        .map(|(name, knows)| (*name, knows.iter().copied().collect()))
        .collect();
    let metadata = metadata(&["--no-deps"]);
    let mut seen = BTreeSet::new();
    for package in strings(&metadata["packages"]) {
        let name = package["name"].as_str().expect("a name");
        let allowed = written
            .get(name)
            .unwrap_or_else(|| panic!("{name} is a new crate: give it its line in GRAPH"));
        seen.insert(name);
        for dependency in strings(&package["dependencies"]) {
            let other = dependency["name"].as_str().expect("a name");
            // Tests may use the test kit; the program may not.
            let for_tests = dependency["kind"] == "dev" && other == "testkit";
            if dependency["path"].is_string() && !for_tests {
                assert!(allowed.contains(other), "{name} must not know {other}");
            }
        }
    }
    let gone: Vec<_> = written.keys().filter(|name| !seen.contains(*name)).collect();
    assert!(gone.is_empty(), "GRAPH names crates that are not there: {gone:?}");
}

#[test]
fn architecture_names_every_crate() {
    let text = read("ARCHITECTURE.md");
    for (name, _) in GRAPH {
        let path = match *name {
            "chandi" => "src-tauri".to_owned(),
            "stories" => "tests".to_owned(),
            "bench" => "benches".to_owned(),
            "xtask" => "xtask".to_owned(),
            name => format!("crates/{name}"),
        };
        assert!(text.contains(&path), "ARCHITECTURE.md says nothing about {path}");
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut silent = Vec::new();
    for folder in ["crates", "src-tauri", "xtask", "benches", "tests"] {
        for file in files(folder, &[".rs"]) {
            let text = read(&file);
            let first = text
                .lines()
                .find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
            if !first.is_some_and(|line| line.starts_with("//!")) {
                silent.push(file);
            }
        }
    }
    assert!(
        silent.is_empty(),
        "these modules open without a `//!` sentence: {silent:?}"
    );
}

/// The only files that may ask the clock or end the process, each with its reason beside the `allow`.
const EDGES: &[&str] = &[
    "crates/app/src/edges.rs",
    "crates/cloud/src/edges.rs",
    "crates/api/src/routes.rs",
    "crates/devices/src/deadline.rs",
    "src-tauri/timing.rs",
];

#[test]
fn only_the_edges_ask_the_clock() {
    for file in files("crates", &[".rs"])
        .into_iter()
        .chain(files("src-tauri", &[".rs"]))
    {
        if file.contains("/tests/") || file.contains("/testkit/") {
            continue;
        }
        let text = read(&file);
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.starts_with("//") || line.starts_with("use ") {
                continue;
            }
            let asks = [
                "SystemTime::now",
                "Instant::now",
                "Timestamp::now",
                "Zoned::now",
                "process::exit",
                "process::abort",
            ]
            .iter()
            .any(|call| line.contains(call));
            assert!(
                !asks || EDGES.contains(&file.as_str()) || in_tests(&text, number),
                "{file}:{}: only {EDGES:?} may do this",
                number + 1
            );
            if line.contains("clippy::disallowed_methods") {
                assert!(
                    line.contains("reason")
                        || text
                            .lines()
                            .nth(number + 1)
                            .is_some_and(|next| next.contains("reason")),
                    "{file}:{}: say the reason",
                    number + 1
                );
            }
        }
    }
}

/// Whether a line stands in a module's own tests, which are at its end.
fn in_tests(text: &str, number: usize) -> bool {
    text.lines()
        .take(number)
        .any(|line| line.trim() == "#[cfg(test)]")
}

#[test]
fn migrations_only_grow() {
    let listed = read("tests/migrations.txt");
    let listed: BTreeMap<&str, &str> = listed
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once("  ").expect("a hash, two spaces, a path"))
        .map(|(hash, path)| (path, hash))
        .collect();
    let found = files("migrations", &[".sql"]);
    assert!(!found.is_empty(), "there are migrations");
    for path in &found {
        let hash = blake3::hash(&fs::read(root().join(path)).expect("a migration")).to_hex();
        match listed.get(path.as_str()) {
            Some(written) => assert_eq!(
                *written,
                hash.as_str(),
                "{path} was edited: write a new migration instead"
            ),
            None => panic!("{path} is new: add this line to tests/migrations.txt\n{hash}  {path}"),
        }
    }
    for path in listed.keys() {
        assert!(
            found.iter().any(|there| there == path),
            "{path} is gone: a migration is never taken back"
        );
    }
}

#[test]
fn every_language_is_complete() {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files("ui/messages", &[".json"]) {
        let messages: Value =
            serde_json::from_str(&read(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let messages = messages
            .as_object()
            .unwrap_or_else(|| panic!("{file} is an object"));
        for (key, message) in messages {
            let empty = message.as_str().is_some_and(|text| text.trim().is_empty());
            assert!(!empty, "{file}: {key} says nothing");
        }
        keys.insert(
            file,
            messages
                .keys()
                .filter(|key| !key.starts_with('$'))
                .cloned()
                .collect(),
        );
    }
    let folders: BTreeSet<&str> = keys
        .keys()
        .filter_map(|file| Some(file.rsplit_once('/')?.0))
        .collect();
    assert!(!folders.is_empty(), "there are messages");
    for folder in folders {
        let of = |language: &str| {
            keys.get(&format!("{folder}/{language}.json"))
                .unwrap_or_else(|| panic!("{folder} is not in {language}"))
        };
        let english = of("en");
        for language in ["hi", "ar"] {
            let missing: Vec<_> = english.difference(of(language)).collect();
            let left: Vec<_> = of(language).difference(english).collect();
            assert!(
                missing.is_empty() && left.is_empty(),
                "{folder}/{language}: missing {missing:?}, left over {left:?}"
            );
        }
    }
}

#[test]
fn lockfiles_name_no_machine() {
    let npm: Value = serde_json::from_str(&read("package-lock.json")).expect("package-lock.json");
    for (path, package) in npm["packages"].as_object().expect("packages") {
        let link = package["link"] == true;
        assert!(
            link || package["resolved"].is_null(),
            "{path}: install with --omit-lockfile-registry-resolved"
        );
        let ours = path.is_empty() || ["ui", "e2e"].contains(&path.as_str());
        assert!(
            link || ours || package["integrity"].is_string(),
            "{path}: has no checksum"
        );
    }
    for line in read("Cargo.lock")
        .lines()
        .filter(|line| line.starts_with("source"))
    {
        assert!(
            line.contains("rust-lang/crates.io-index"),
            "only crates.io: {line}"
        );
    }
}

/// The strings of one array of deny.toml.
fn listed(text: &str, key: &str) -> Vec<String> {
    let start = text
        .find(&format!("\n{key} = ["))
        .unwrap_or_else(|| panic!("deny.toml has {key}"));
    let body = &text[start..];
    let end = body.find("\n]").expect("the array ends");
    let quoted = |line: &str| {
        line.trim()
            .strip_prefix('"')
            .and_then(|rest| rest.split('"').next())
            .map(str::to_owned)
    };
    body[..end].lines().filter_map(quoted).collect()
}

#[test]
fn nothing_comes_in_that_deny_toml_refuses() {
    let rules = read("deny.toml");
    let allowed = listed(&rules, "allow");
    assert!(allowed.len() > 5, "the list was read: {allowed:?}");
    // An expression holds when one of its alternatives does, and that when all of its parts do.
    let part = |part: &str| {
        allowed
            .iter()
            .any(|licence| licence == part.trim().trim_matches(['(', ')', ' ']))
    };
    let holds = |expression: &str| {
        let expression = expression.replace('/', " OR ");
        // "(A OR B) AND C": each factor by itself.
        if expression.contains(") AND ") || expression.contains(" AND (") {
            return expression
                .split(" AND ")
                .all(|factor| factor.split(" OR ").any(part));
        }
        expression.split(" OR ").any(|one| one.split(" AND ").all(part))
    };
    let metadata = metadata(&["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let used: BTreeSet<&str> = strings(&metadata["resolve"]["nodes"])
        .filter_map(|node| node["id"].as_str())
        .collect();
    for package in strings(&metadata["packages"]) {
        if !package["id"].as_str().is_some_and(|id| used.contains(id)) {
            continue;
        }
        let name = package["name"].as_str().expect("a name");
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(holds(licence), "{name}: {licence:?} is not in deny.toml");
        assert!(
            !["openssl", "native-tls", "openssl-sys"].contains(&name),
            "{name}: TLS is rustls"
        );
        let source = package["source"].as_str();
        assert!(
            source.is_none_or(|source| source.contains("rust-lang/crates.io-index")),
            "{name} comes from {source:?}"
        );
    }
}

#[test]
fn the_written_description_is_what_the_api_says_of_itself() {
    let said = api::openapi().to_pretty_json().expect("a description");
    assert_eq!(read("openapi.json").trim_end(), said, "run ./dev types");
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let described = serde_json::to_value(api::openapi()).expect("a description");
    let mut routes = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            assert!(
                ids.insert(operation["operationId"].to_string()),
                "{method} {path} has the id of another operation"
            );
            if ["get", "post", "put", "delete", "patch", "head"].contains(&method.as_str()) {
                routes.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let rows: BTreeSet<(String, String)> = api::ROUTES
        .iter()
        .map(|row| (row.method.to_string(), row.path.to_owned()))
        .collect();
    assert_eq!(rows.len(), api::ROUTES.len(), "no route has two rows");
    let bare: Vec<_> = routes.difference(&rows).collect();
    assert!(bare.is_empty(), "these routes have no permission: {bare:?}");
}

#[test]
fn the_screens_are_inside_the_program() {
    assert!(api::page_is_embedded(), "build the UI first (npm run build)");
}

#[test]
fn no_test_is_switched_off() {
    let marks = [
        concat!("#[ign", "ore"),
        concat!("it.sk", "ip("),
        concat!("test.sk", "ip("),
        concat!("test.fi", "xme("),
        concat!("it.to", "do("),
        concat!("describe.sk", "ip("),
    ];
    for folder in [
        "crates",
        "tests",
        "src-tauri",
        "ui/src",
        "e2e",
        "benches",
        "xtask",
    ] {
        for file in files(folder, &[".rs", ".ts", ".mjs", ".js", ".svelte"]) {
            let text = read(&file);
            for mark in marks {
                assert!(
                    !text.contains(mark),
                    "{file} has {mark}: a test that does not run protects nothing"
                );
            }
        }
    }
}
