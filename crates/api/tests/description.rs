//! The API's description leaves nothing out: a route that says less than its kin does not pass.

use api::{ROUTES, openapi};
use app::Code;
use serde_json::Value;
use std::collections::BTreeSet;

fn words(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.split_whitespace().count())
}

#[test]
fn every_route_says_what_it_does_what_it_takes_and_how_it_answers_and_refuses() {
    let api = serde_json::to_value(openapi()).expect("a description");
    let tags: BTreeSet<&str> = api["tags"]
        .as_array()
        .expect("tags")
        .iter()
        .filter(|tag| words(&tag["description"]) > 0)
        .filter_map(|tag| tag["name"].as_str())
        .collect();
    let mut missing = Vec::new();
    for row in ROUTES {
        let operation = &api["paths"][row.path][row.method.to_lowercase()];
        let mut lacks = |what: String| missing.push(format!("{} {}: {what}", row.method, row.path));
        if words(&operation["summary"]) == 0 && words(&operation["description"]) < 4 {
            lacks("a summary".to_owned());
        }
        let own: Vec<&str> = operation["tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if own.is_empty() || own.iter().any(|tag| !tags.contains(tag)) {
            lacks(format!("a tag with a description, not {own:?}"));
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if words(&parameter["description"]) == 0 {
                lacks(format!("what {} means", parameter["name"]));
            }
        }
        if let Some(body) = operation.get("requestBody")
            && !body["content"]
                .as_object()
                .is_some_and(|kinds| kinds.values().all(|kind| kind["schema"].is_object()))
        {
            lacks("the form of its body".to_owned());
        }
        let responses = operation["responses"].as_object().cloned().unwrap_or_default();
        if !responses.keys().any(|status| status.starts_with(['1', '2', '3'])) {
            lacks("an answer".to_owned());
        }
        if !responses.contains_key("500") {
            lacks("what it says when something breaks".to_owned());
        }
        for (status, response) in &responses {
            let refusal = status.starts_with(['4', '5']);
            if refusal {
                let known = response["$ref"]
                    .as_str()
                    .and_then(|r| r.strip_prefix("#/components/responses/"))
                    .is_some_and(|name| api["components"]["responses"][name]["content"].is_object());
                if !known {
                    lacks(format!("the form of its refusal {status}"));
                }
            } else if status.starts_with('2') && status != "204" {
                let told = response["content"]
                    .as_object()
                    .is_some_and(|kinds| kinds.values().all(|kind| kind["schema"].is_object()));
                if !told {
                    lacks(format!("the form of its answer {status}"));
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{} gaps:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn every_refusal_is_named_with_its_sentence_and_its_status() {
    let api = serde_json::to_value(openapi()).expect("a description");
    let code = &api["components"]["schemas"]["ErrorView"]["properties"]["code"];
    let listed: BTreeSet<&str> = code["enum"]
        .as_array()
        .expect("the codes")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let responses = api["components"]["responses"].to_string();
    for one in Code::ALL {
        assert!(listed.contains(one.as_str()), "{} is not listed", one.as_str());
        let text = code["description"].as_str().unwrap_or_default();
        assert!(text.contains(one.sentence()), "{} says nothing", one.as_str());
        assert!(
            responses.contains(one.as_str()),
            "{} belongs to no answer",
            one.as_str()
        );
    }
}

#[test]
fn what_programs_may_call_says_that_a_key_opens_it() {
    let api = serde_json::to_value(openapi()).expect("a description");
    assert!(api["components"]["securitySchemes"]["key"].is_object());
    for row in ROUTES {
        let security = api["paths"][row.path][row.method.to_lowercase()]["security"].to_string();
        let by_key = row.access.is_for_programs() && row.access != api::Access::Open;
        assert_eq!(
            security.contains("\"key\""),
            by_key,
            "{} {}",
            row.method,
            row.path
        );
    }
}
