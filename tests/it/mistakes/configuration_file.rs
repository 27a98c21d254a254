//! Mistakes in the configuration file.

use super::{Mistake, made};

fn file(name: &'static str, contents: &str) -> Mistake {
    Mistake::checking(name).beside_good().file(contents)
}

/// Without an issuer in the environment.
fn alone(name: &'static str, contents: &str) -> Mistake {
    Mistake::checking(name).file(contents)
}

#[test]
fn of_its_form() {
    let told = made(vec![
        file(
            "a tab as indentation",
            "issuers:\n\t- issuer: https://a.example\n",
        ),
        file(
            "a tab in a later line",
            "proxy: traefik\nroutes:\n  - name: a\n\t  match: {}\n",
        ),
        file("an open bracket", "audience: [api\nproxy: traefik\n"),
        file("a colon without blank", "audience:api\n"),
        file("a name twice", "proxy: traefik\nproxy: nginx\n"),
        file("a list at the top", "- audience: api\n"),
        file("nothing but a comment", "# audience: api\n"),
        file("two documents", "proxy: nginx\n---\nproxy: traefik\n"),
        file("a name without value", "proxy:\n"),
        file("a list where a value belongs", "proxy: [traefik]\n"),
        file("a list in a text", "token_sources: bearer, cookie:a\n"),
        file("a list in quotes", "token_sources: '[\"bearer\"]'\n"),
        alone(
            "a mapping where a list belongs",
            "issuers: {issuer: https://a.example}\n",
        ),
        Mistake::checking("bytes that are no text")
            .beside_good()
            .file(b"audience: \xff\n"),
    ]);
    insta::assert_snapshot!("form_of_the_file", told);
}

#[test]
fn of_what_it_says() {
    let told = made(vec![
        file("a misspelt setting", "isuers: []\n"),
        file(
            "a setting of no section",
            "server:\n  listen: 127.0.0.1:1\n",
        ),
        file("a variable's name", "DOORWARD_LEEWAY: 5s\n"),
        file("a duration without unit", "leeway: 30\n"),
        file("yes for true", "require_exp: yes\n"),
        file("an empty list", "token_sources: []\n"),
        alone(
            "two issuers of one name",
            "issuers:\n- {issuer: https://a.example, audience: api}\n- {issuer: https://a.example/x, audience: api}\n",
        ),
        alone(
            "an issuer twice",
            "issuers:\n- {name: a, issuer: https://a.example, audience: api}\n- {name: b, issuer: https://a.example, audience: api}\n",
        ),
        alone(
            "an unknown setting of an issuer",
            "issuers:\n- {issuer: https://a.example, audience: api, require: {}}\n",
        ),
        alone(
            "two key sources of one issuer",
            "issuers:\n- issuer: https://a.example\n  audience: api\n  jwks_url: https://a.example/keys\n  jwks_file: /run/keys.json\n",
        ),
        alone(
            "an issuer beside the list",
            "issuer: https://a.example\nissuers:\n- {issuer: https://a.example, audience: api}\n",
        ),
        file(
            "a claim header without claim",
            "claim_headers:\n- {header: X-Auth-Id}\n",
        ),
        file(
            "a body that is no JSON",
            "denials:\n  token_missing: {status: four}\n",
        ),
    ]);
    insta::assert_snapshot!("settings_of_the_file", told);
}

#[test]
fn of_where_it_is() {
    let at = |name, path: &str| Mistake::calling(name, &["--config", path, "check"]).beside_good();
    let told = made(vec![
        at("no such file", "/nowhere/doorward.yaml"),
        at("no such file, by a relative name", "nowhere.yaml"),
        at("a folder", "/tmp"),
        at("a device", "/dev/zero"),
        at("a name that looks like no path", "production"),
        Mistake::checking("no such file, by the variable")
            .beside_good()
            .set("CONFIG", "/nowhere/doorward.yaml"),
        Mistake::checking("no such file that a setting names")
            .beside_good()
            .set("JWKS_FILE", "/nowhere/jwks.json"),
        Mistake::checking("a secret where its file belongs")
            .set("AUDIENCE", "api")
            .set("HMAC_SECRET_FILE", "0123456789abcdef0123456789abcdef"),
    ]);
    insta::assert_snapshot!("places_of_files", told);
}
