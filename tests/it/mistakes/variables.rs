//! Mistakes in the environment.

use super::{Mistake, made};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A wrong value of one setting.
fn value(name: &'static str, setting: &str, value: &str) -> Mistake {
    Mistake::checking(name).beside_good().set(setting, value)
}

#[test]
fn of_names() {
    let told = made(vec![
        Mistake::checking("nothing is set"),
        Mistake::checking("the audience is missing").set("ISSUER", "https://idp.example"),
        Mistake::checking("the issuer is missing").set("AUDIENCE", "api"),
        value("a misspelt setting", "AUDIENCES", "api"),
        value("a setting of another program", "COOKIE_SECRET", "x"),
        value("small letters", "leeway", "30s"),
        value(
            "a list of issuers",
            "ISSUERS",
            r#"[{"issuer": "https://idp.example"}]"#,
        ),
        value("routes", "ROUTES", "a"),
        value("reload without a file", "RELOAD", "on_change"),
        value("a setting of a preset without it", "KEYCLOAK_REALM", "main"),
        value("an unknown preset", "PRESET", "keyclock"),
        Mistake::checking("a preset that needs more")
            .set("PRESET", "keycloak")
            .set("AUDIENCE", "api"),
        Mistake::checking("several at once")
            .set("LISTEN", "8080")
            .set("LEEWAY", "5")
            .set("TRUSTED_PROXIES", "proxy.example"),
    ]);
    insta::assert_snapshot!("names", told);
}

#[test]
fn of_values() {
    let told = made(vec![
        value("a duration without unit", "LEEWAY", "30"),
        value("a duration that is too long", "LEEWAY", "2h"),
        value("a number with unit", "MAX_TOKEN_BYTES", "16k"),
        value("yes for true", "REQUIRE_EXP", "yes"),
        value("an empty value", "PROXY", ""),
        value("quotes that the shell did not take", "PROXY", "\"traefik\""),
        value("an unknown proxy", "PROXY", "apache"),
        value("a port without host", "LISTEN", "8080"),
        value("a name to listen on", "ADMIN_LISTEN", "localhost:8081"),
        value("a list in JSON", "ACCEPTED_TYPES", r#"["at+jwt", "JWT"]"#),
        Mistake::checking("an audience in JSON")
            .set("ISSUER", "https://idp.example")
            .set("AUDIENCE", r#"["my-api"]"#),
        Mistake::checking("an audience in brackets")
            .set("ISSUER", "https://idp.example")
            .set("AUDIENCE", "[my-api]"),
        Mistake::checking("any audience beside others")
            .set("ISSUER", "https://idp.example")
            .set("AUDIENCE", "api,*"),
        value("a list of nothing", "TOKEN_SOURCES", ","),
        value("an unknown token source", "TOKEN_SOURCES", "session"),
        value("a level of another program", "LOG", "verbose"),
        value("everybody is trusted", "TRUSTED_PROXIES", "0.0.0.0/0"),
        value(
            "a name where a network belongs",
            "TRUSTED_PROXIES",
            "traefik",
        ),
        value(
            "a header that is taken",
            "CLAIM_HEADERS",
            "sub=Authorization",
        ),
        value("a header with a blank", "CLAIM_HEADERS", "sub=X User"),
        value("a claim without header", "CLAIM_HEADERS", "sub"),
        value(
            "a header twice",
            "CLAIM_HEADERS",
            "sub=X-Auth-Id,email=x-auth-id",
        ),
        value(
            "denials that are no JSON",
            "DENIALS",
            "{token_missing: 400}",
        ),
        value(
            "a denial of no reason",
            "DENIALS",
            r#"{"token_mising": {"status": 400}}"#,
        ),
        value(
            "a denial with 200",
            "DENIALS",
            r#"{"token_missing": {"status": 200}}"#,
        ),
        value("an algorithm that is none", "ALGORITHMS", "none"),
        value(
            "a secret's algorithm for fetched keys",
            "ALGORITHMS",
            "HS256",
        ),
        value("a bad path of a claim", "REQUIRED_CLAIMS", "a..b"),
        value(
            "a collector without scheme",
            "OTLP_ENDPOINT",
            "localhost:4318",
        ),
        value("a short admin token", "ADMIN_TOKEN", "admin"),
    ]);
    insta::assert_snapshot!("values", told);
}

#[test]
fn of_issuers_and_secrets() {
    let issuer = |name, issuer: &str| {
        Mistake::checking(name)
            .set("ISSUER", issuer)
            .set("AUDIENCE", "api")
            .varying(issuer.to_owned(), "ISSUER")
    };
    let secret = |name, secret: &str| {
        Mistake::checking(name)
            .set("AUDIENCE", "api")
            .set("HMAC_SECRET", secret)
    };
    let told = made(vec![
        issuer("keys over http from another host", "http://idp.example"),
        issuer("an issuer that is no URL", "idp.example"),
        issuer("a password in the issuer", "https://user:pass@idp.example"),
        issuer("a file as issuer", "file:///etc/issuer"),
        value("keys from ftp", "JWKS_URL", "ftp://idp.example/keys"),
        secret("a secret that is too short", "secret"),
        secret("a secret that is no hex", SECRET).set("HMAC_SECRET_ENCODING", "base32"),
        secret("a secret in the wrong encoding", &"x".repeat(64))
            .set("HMAC_SECRET_ENCODING", "hex"),
        secret("a secret twice", SECRET).set("HMAC_SECRET_FILE", "{dir}/secret"),
        secret("a secret for an algorithm of keys", SECRET).set("ALGORITHMS", "RS256"),
        secret("a former secret alone", "").set("HMAC_SECRET_PREVIOUS", SECRET),
        Mistake::checking("two key sources in the environment")
            .beside_good()
            .set("JWKS_URL", "https://idp.example/keys")
            .set("PUBLIC_KEY_FILE", "{dir}/key.pem"),
        Mistake::checking("one key source in the file and one in the environment")
            .beside_good()
            .file("jwks_url: https://idp.example/keys\n")
            .set("PUBLIC_KEY_FILE", "{dir}/key.pem"),
    ]);
    insta::assert_snapshot!("issuers_and_secrets", told);
}
