//! The examples of `docs/presets.md` are run.

use serde_json::{Map, Value};

use crate::support::{TestGate, TestIssuer};

#[test]
fn examples_in_the_docs_do_what_the_page_says() {
    let page = include_str!("../../../docs/presets.md");
    let mut ran = 0;
    for section in page.split("\n## ").skip(1) {
        let example = |language: &str| {
            blocks(section, language)
                .next()
                .unwrap_or_else(|| panic!("{section}"))
        };
        let claims: Map<String, Value> = serde_json::from_str(example("json")).unwrap();
        let idp = TestIssuer::new().named(claims["iss"].as_str().unwrap());
        let gate = TestGate::new()
            .by_time_of(&idp)
            .file(example("yaml"))
            .set("JWKS", idp.jwks())
            .spawn();
        let own_times = |name: &str| matches!(name, "iat" | "exp" | "nbf" | "auth_time");
        let token = idp
            .token()
            .without("aud")
            .claim("auth_time", idp.clock.secs());
        let token = claims
            .into_iter()
            .filter(|(name, _)| !own_times(name))
            .fold(token, |token, (name, value)| token.claim(&name, value));
        let answer = gate.get("/verify").bearer(&token.sign()).send();
        assert_eq!(answer.verdict(), "200", "{section}");
        for header in example("text").lines() {
            let (name, value) = header.split_once(": ").unwrap();
            assert_eq!(answer.get(&name.to_lowercase()), Some(value), "{section}");
        }
        ran += 1;
    }
    assert_eq!(ran, 7);
    for example in blocks(page, "yaml") {
        TestGate::new()
            .file(example)
            .configuration()
            .unwrap_or_else(|problems| panic!("{problems}\n{example}"));
    }
}

fn blocks<'a>(text: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
    let opening = format!("```{language}\n");
    let starts: Vec<_> = text
        .match_indices(&opening)
        .map(|(at, mark)| at + mark.len())
        .collect();
    starts
        .into_iter()
        .filter_map(|start| Some(text[start..].split_once("```")?.0))
}
