//! What operators are told when a configuration is wrong, to the letter: what is wrong, where, and
//! what to do.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

use doorward::config::Configuration;
use doorward::jose::{Algorithm, SigningKey};

use crate::support::{TestGate, TestIssuer, TokenBuilder};

const SECRET: &str = "correct-horse-battery-staple-secret";

/// Whatever is written into whatever setting: a URL is told without what may be secret in it, and a
/// path only if it looks like one.
#[test]
fn no_problem_tells_a_secret() {
    let schema: serde_json::Value = serde_json::from_str(&doorward::config::schema()).unwrap();
    let issuer = &schema["properties"]["issuers"]["items"];
    let names = [&schema, issuer].map(|section| section["properties"].as_object().unwrap().keys());
    let names: std::collections::BTreeSet<_> = names.into_iter().flatten().collect();
    assert!(names.len() > 60, "{names:?}");
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzM2NyM3QifQ.s3cr3t";
    // Whatever is no path may be the secret that was to be in a file.
    let in_place_of_files = [
        "hunter2-s3cr3t",
        "c3VwZXI/s3cr3t+a==",
        "/s3cr3t+a==",
        "s3cr3t",
    ];
    let anywhere = [
        jwt,
        &["/run/secrets/", jwt].concat(),
        "https://idp.example/a?key=s3cr3t",
        "https://idp.example/#s3cr3t",
        "https://user:s3cr3t@idp.example/",
        "ftp://user:s3cr3t@idp.example/?s3cr3t#s3cr3t",
        "user:s3cr3t@idp.example",
        "idp.example?s3cr3t",
    ];
    let mut told = std::collections::BTreeMap::new();
    for name in names {
        let more = in_place_of_files.iter().filter(|_| name.ends_with("_file"));
        for value in anywhere.iter().chain(more) {
            let problems = TestGate::new()
                .set(&name.to_uppercase(), *value)
                .configuration()
                .map(drop)
                .unwrap_err();
            if problems.contains("s3cr3t") {
                told.entry(name).or_insert(problems);
            }
        }
    }
    assert!(told.is_empty(), "{told:#?}");
    // The settings that take URLs and files, one by one.
    for (name, value, expected) in [
        (
            "OTLP_ENDPOINT",
            "https://c.example/?key=s3cr3t",
            "DOORWARD_OTLP_ENDPOINT: not understood (write the base URL",
        ),
        (
            "OTLP_ENDPOINT",
            "https://c.example/#s3cr3t",
            "DOORWARD_OTLP_ENDPOINT: not understood (write the base URL",
        ),
        (
            "JWKS_BEARER_TOKEN_FILE",
            jwt,
            "DOORWARD_JWKS_BEARER_TOKEN_FILE: cannot read the file that is named here",
        ),
        (
            "HMAC_SECRET_FILE",
            "hunter2-s3cr3t",
            "DOORWARD_HMAC_SECRET_FILE: cannot read the file that is named here",
        ),
        (
            "JWKS_BEARER_TOKEN_FILE",
            "/nowhere/token",
            "cannot read /nowhere/token: No such file or directory",
        ),
        (
            "JWKS_CA_FILE",
            "nowhere.pem",
            "cannot read nowhere.pem: No such file or directory",
        ),
    ] {
        let gate = TestGate::new()
            .set("ISSUER", "https://idp.example")
            .set("AUDIENCE", "api")
            .set(name, value);
        let told = gate.configuration().map(drop).unwrap_err();
        assert!(
            told.contains(expected) && !told.contains("s3cr3t"),
            "{name}: {told}"
        );
    }
}

#[test]
fn bad_listeners_and_limits_are_told() {
    let told = each(&[
        ("LISTEN", "8080"),
        ("LISTEN", "unix:relative"),
        ("LISTEN", ""),
        ("LISTEN", "a.example:80"),
        ("LISTEN", "127.0.0.1:81,unix:/a,127.0.0.1:81"),
        ("ADMIN_LISTEN", "http://127.0.0.1:1"),
        ("GRPC_LISTEN", "9000"),
        ("GRPC_LISTEN", ","),
        ("GRPC_LISTEN", "unix:/a,unix:/a"),
        ("UNIX_SOCKET_MODE", "0999"),
        ("UNIX_SOCKET_GROUP", "no-such-group"),
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("KEEP_ALIVE", "130"),
        ("KEEP_ALIVE", "2h"),
        ("CLIENT_HEADER_TIMEOUT", "200ms"),
        ("MAX_CONNECTIONS", "0"),
        ("SHUTDOWN_DELAY", "-1s"),
        ("SHUTDOWN_TIMEOUT", "1d"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_LISTEN: "8080" is not understood (write host:port, such as 127.0.0.1:8080, or unix:/path)
    DOORWARD_LISTEN: "unix:relative" is not understood (write host:port, such as 127.0.0.1:8080, or unix:/path)
    DOORWARD_LISTEN: an empty list (give at least one)
    DOORWARD_LISTEN: "a.example:80" is not understood (write host:port, such as 127.0.0.1:8080, or unix:/path)
    DOORWARD_LISTEN: 127.0.0.1:81 is listened on twice (give each listener its own address)
    DOORWARD_ADMIN_LISTEN: "http://127.0.0.1:1" is not understood (write host:port, such as 127.0.0.1:8080, or unix:/path)
    DOORWARD_GRPC_LISTEN: "9000" is not understood (write host:port, such as 127.0.0.1:8080, or unix:/path)
    DOORWARD_GRPC_LISTEN: an empty list (give at least one)
    DOORWARD_GRPC_LISTEN: unix:/a is listened on twice (give each listener its own address)
    DOORWARD_UNIX_SOCKET_MODE: "0999" is not understood (write permission bits in octal, such as 0660)
    DOORWARD_UNIX_SOCKET_GROUP: no such group on this machine (give the name or number of a group)
    DOORWARD_WORKERS: "0" is out of range (a whole number from 1 to 512)
    DOORWARD_WORKERS: "many" is not understood (a whole number from 1 to 512)
    DOORWARD_KEEP_ALIVE: "130" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_KEEP_ALIVE: "2h" is out of range (from 0s to 1h)
    DOORWARD_CLIENT_HEADER_TIMEOUT: "200ms" is out of range (from 1s to 1h)
    DOORWARD_MAX_CONNECTIONS: "0" is out of range (a whole number from 1 to 1000000)
    DOORWARD_SHUTDOWN_DELAY: "-1s" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_SHUTDOWN_TIMEOUT: "1d" is out of range (from 0s to 1h)
    "#);
}

#[test]
fn bad_the_proxy_and_who_is_believed_are_told() {
    let told = each(&[
        ("PROXY", "apache"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,::/0"),
        ("TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1"),
        ("TRUSTED_PROXIES", "::ffff:10.0.0.0/104"),
        ("TRUST_ANY_PROXY", "yes"),
        ("ALLOW_PREFLIGHT", "true"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_PROXY: "apache" is not understood (write one of auto, nginx, traefik, caddy, haproxy, envoy)
    DOORWARD_TRUSTED_PROXIES: "10.0.0.0/33" is not understood (write networks such as 10.0.0.0/8, or single addresses)
    DOORWARD_TRUSTED_PROXIES: believes everybody (list the proxies' networks; if everybody really is a proxy, set DOORWARD_TRUST_ANY_PROXY=true)
    DOORWARD_TRUSTED_PROXIES: believes everybody (list the proxies' networks; if everybody really is a proxy, set DOORWARD_TRUST_ANY_PROXY=true)
    DOORWARD_TRUSTED_PROXIES: believes everybody (list the proxies' networks; if everybody really is a proxy, set DOORWARD_TRUST_ANY_PROXY=true)
    DOORWARD_TRUSTED_PROXIES: an IPv4 network in IPv6 clothes (write it as an IPv4 network)
    DOORWARD_TRUST_ANY_PROXY: "yes" is not understood (write true or false)
    DOORWARD_ALLOW_PREFLIGHT: needs the method as a named proxy describes it (set DOORWARD_PROXY to the proxy in front, such as nginx)
    
    "#);
}

#[test]
fn bad_tokens_and_the_cache_are_told() {
    let told = each(&[
        ("TOKEN_SOURCES", "body"),
        ("TOKEN_SOURCES", "query:access_token"),
        ("MAX_TOKEN_BYTES", "1"),
        ("MAX_TOKEN_BYTES", "16k"),
        ("TOKEN_CACHE_CAPACITY", "-1"),
        ("TOKEN_CACHE_TTL", "0s"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_TOKEN_SOURCES: "body" is not understood (write bearer, basic, header:NAME, header:NAME:SCHEME, cookie:NAME, query:NAME or websocket)
    DOORWARD_TOKEN_SOURCES: needs the query as a named proxy describes it (set DOORWARD_PROXY to the proxy in front, such as nginx)
    DOORWARD_MAX_TOKEN_BYTES: "1" is out of range (a whole number from 64 to 98304)
    DOORWARD_MAX_TOKEN_BYTES: "16k" is not understood (a whole number from 64 to 98304)
    DOORWARD_TOKEN_CACHE_CAPACITY: "-1" is not understood (a whole number from 0 to 100000000)
    DOORWARD_TOKEN_CACHE_TTL: "0s" is out of range (from 1s to 1day)
    "#);
}

#[test]
fn bad_claim_headers_are_told() {
    let told = each(&[
        ("CLAIM_HEADERS", "sub"),
        ("CLAIM_HEADERS", "sub=X Auth"),
        ("CLAIM_HEADERS", "sub=Authorization"),
        ("CLAIM_HEADERS", "sub=X_Auth_Reason"),
        ("CLAIM_HEADERS", "sub=X-User,email=x_user"),
        ("CLAIM_HEADERS", "a..b=X-A"),
        ("CLAIM_HEADERS", r#""a=X-A"#),
        ("CLAIM_HEADERS_MAX_BYTES", "1"),
        ("DEPENDENCY_WAIT", "5m"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_CLAIM_HEADERS: "sub" is not understood (write claim=Header, such as sub=X-Auth-Subject)
    DOORWARD_CLAIM_HEADERS: "X Auth" is no header name (use letters, digits, - and _)
    DOORWARD_CLAIM_HEADERS: Authorization means something else already (choose a name such as X-Auth-…)
    DOORWARD_CLAIM_HEADERS: X_Auth_Reason means something else already (choose a name such as X-Auth-…)
    DOORWARD_CLAIM_HEADERS: x_user stands twice (one header per claim; names that differ only in case, - and _ are the same)
    DOORWARD_CLAIM_HEADERS: "a..b": an empty segment in a claim path (write a path such as realm_access.roles; quote a segment that has a dot in it)
    DOORWARD_CLAIM_HEADERS: "\"a": a misplaced quote in a claim path (write a path such as realm_access.roles; quote a segment that has a dot in it)
    DOORWARD_CLAIM_HEADERS_MAX_BYTES: "1" is out of range (a whole number from 64 to 65536)
    DOORWARD_DEPENDENCY_WAIT: "5m" is out of range (from 10ms to 1m)
    "#);
}

#[test]
fn bad_answers_are_told() {
    let told = each(&[
        ("REALM", r#"a"b"#),
        ("RESOURCE_METADATA", "ftp://x"),
        ("RESOURCE_METADATA", "x"),
        ("DENIALS", "nonsense"),
        ("DENIALS", "[1]"),
        ("DENIALS", r#"{"token_mising": {}}"#),
        ("DENIALS", r#"{"404": {"status": 404}}"#),
        ("DENIALS", r#"{"token_missing": {"status": 200}}"#),
        ("DENIALS", r#"{"token_missing": {"status": "x"}}"#),
        ("DENIALS", r#"{"token_missing": {"stauts": 400}}"#),
        ("DENIALS", r#"{"token_missing": 400}"#),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_REALM: has characters that a header cannot quote (use plain ASCII)
    DOORWARD_RESOURCE_METADATA: "ftp://x" is not understood (write an https URL)
    DOORWARD_RESOURCE_METADATA: "x" is not understood (write an https URL)
    DOORWARD_DENIALS: not a JSON object: expected ident at line 1 column 2 (write {"token_missing": {"status": 400}})
    DOORWARD_DENIALS: not a JSON object: invalid type: sequence, expected a map at line 1 column 0 (write {"token_missing": {"status": 400}})
    DOORWARD_DENIALS: "token_mising" is no reason code (did you mean token_missing?)
    DOORWARD_DENIALS: "404" is no reason code (write a reason code, 400, 401, 403, 429, 503 or *)
    DOORWARD_DENIALS: token_missing: status 200 would not deny (from 400 to 599)
    DOORWARD_DENIALS: token_missing: invalid type: string "x", expected u16 (give {"status": 400, "body": …})
    DOORWARD_DENIALS: token_missing: unknown field `stauts`, expected `status` or `body` (give {"status": 400, "body": …})
    DOORWARD_DENIALS: token_missing: invalid type: integer `400`, expected an object (give {"status": 400, "body": …})
    "#);
}

#[test]
fn bad_logs_metrics_and_readiness_are_told() {
    let told = each(&[
        ("LOG", "verbose"),
        ("LOG_FORMAT", "xml"),
        ("ACCESS_LOG", "some"),
        ("ACCESS_LOG_FIELDS", "sub"),
        ("METRICS_ROUTE_LABEL", "1"),
        ("READINESS", "most"),
        ("EXPLAIN", "aloud"),
        ("RELOAD", "sometimes"),
        ("OTLP_ENDPOINT", "localhost:4318"),
        ("OTLP_ENDPOINT", "http://user:s3cr3t@collector"),
        ("OTLP_HEADERS", "X Bad: s3cr3t"),
        ("TRACE_SAMPLE_RATIO", "1.5"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_LOG: "verbose" is not understood (write one of error, warn, info, debug, trace)
    DOORWARD_LOG_FORMAT: "xml" is not understood (write one of json, text)
    DOORWARD_ACCESS_LOG: "some" is not understood (write one of all, denied, off)
    DOORWARD_ACCESS_LOG_FIELDS: "sub" is not understood (write client, or claim:PATH such as claim:sub)
    DOORWARD_METRICS_ROUTE_LABEL: "1" is not understood (write true or false)
    DOORWARD_READINESS: "most" is not understood (write one of any, all)
    DOORWARD_EXPLAIN: "aloud" is not understood (write true or false)
    DOORWARD_RELOAD: "sometimes" is not understood (write one of signal, on_change)
    DOORWARD_OTLP_ENDPOINT: "localhost:4318" is not understood (write the base URL of a collector, such as http://localhost:4318)
    DOORWARD_OTLP_ENDPOINT: holds a user or a password (put what the collector asks for into DOORWARD_OTLP_HEADERS)
    DOORWARD_OTLP_HEADERS: not understood (write Name: value, separated by commas)
    DOORWARD_TRACE_SAMPLE_RATIO: "1.5" is not understood (write a number from 0 to 1, such as 0.1)
    "#);
}

#[test]
fn bad_what_tokens_must_satisfy_are_told() {
    let told = each(&[
        ("NAME", "two words"),
        ("AUDIENCE", ""),
        ("AUDIENCE", "api,*"),
        ("AUDIENCE_MATCH", "some"),
        ("AUDIENCE_FALLBACK", "sub"),
        ("ALGORITHMS", "none"),
        ("ALGORITHMS", "RS256,HS256"),
        ("ALGORITHMS", "rs256"),
        ("TOKEN_TYPE", "JWT"),
        ("ACCEPTED_TYPES", ","),
        ("LEEWAY", "2h"),
        ("LEEWAY", "30"),
        ("REQUIRE_EXP", "no"),
        ("MAX_TOKEN_AGE", "old"),
        ("REQUIRED_SCOPES", r#"a"b"#),
        ("REQUIRED_CLAIMS", "a..b"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_NAME: "two words" is not understood (write at most 64 visible ASCII characters without blanks)
    DOORWARD_AUDIENCE: an empty list (give at least one)
    DOORWARD_AUDIENCE: `*` beside other audiences (`*` stands alone)
    DOORWARD_AUDIENCE_MATCH: "some" is not understood (write one of any, all)
    DOORWARD_AUDIENCE_FALLBACK: "sub" is not understood (write one of client_id, azp)
    DOORWARD_ALGORITHMS: "none" is not understood (write some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, HS256, HS384, HS512, ML-DSA-44, ML-DSA-65, ML-DSA-87)
    DOORWARD_ALGORITHMS: does not go with the key source (HS algorithms go with DOORWARD_HMAC_SECRET)
    DOORWARD_ALGORITHMS: "rs256" is not understood (write some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, HS256, HS384, HS512, ML-DSA-44, ML-DSA-65, ML-DSA-87)
    DOORWARD_TOKEN_TYPE: "JWT" is not understood (write one of any, at+jwt)
    DOORWARD_ACCEPTED_TYPES: an empty list (give at least one)
    DOORWARD_LEEWAY: "2h" is out of range (from 0s to 1h)
    DOORWARD_LEEWAY: "30" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_REQUIRE_EXP: "no" is not understood (write true or false)
    DOORWARD_MAX_TOKEN_AGE: "old" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_REQUIRED_SCOPES: "a\"b" is no scope (RFC 6749 section 3.3) (separate scopes by commas)
    DOORWARD_REQUIRED_CLAIMS: "a..b": an empty segment in a claim path (write a path such as realm_access.roles; quote a segment that has a dot in it)
    "#);
}

#[test]
fn bad_where_keys_come_from_are_told() {
    let told = each(&[
        ("ISSUER", ""),
        ("DISCOVERY_URL", "http://idp.example/x"),
        ("JWKS_URL", "http://idp.example/jwks"),
        ("JWKS_URL", "ftp://idp.example/jwks"),
        ("JWKS_URL", "nonsense"),
        ("JWKS_URL", "https://user:pass@idp.example/jwks"),
        ("ISSUER", "http://idp.example"),
        ("ISSUER", "idp"),
        ("JWKS_FILE", "/nowhere/jwks.json"),
        ("JWKS", "{"),
        ("JWKS", "{}"),
        ("JWKS", r#"{"keys":[]}"#),
        ("JWKS", r#"{"keys":[{"kty":"EC"}]}"#),
        ("PUBLIC_KEY_FILE", "/nowhere/key.pem"),
        ("HMAC_SECRET", "short"),
        ("HMAC_SECRET_FILE", "/nowhere/secret"),
        ("HMAC_SECRET", ""),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_ISSUER: empty (give a value, or leave the setting out)
    DOORWARD_DISCOVERY_URL: keys over plain http can be exchanged on the way (use https; where the network itself is trusted, set DOORWARD_ALLOW_INSECURE_HTTP=true)
    DOORWARD_JWKS_URL: keys over plain http can be exchanged on the way (use https; where the network itself is trusted, set DOORWARD_ALLOW_INSECURE_HTTP=true)
    DOORWARD_JWKS_URL: unsupported scheme (write https://…)
    DOORWARD_JWKS_URL: no URL (write https://…)
    DOORWARD_JWKS_URL: has credentials in it (use DOORWARD_JWKS_HEADERS_FILE instead)
    DOORWARD_ISSUER: keys over plain http can be exchanged on the way (use https; where the network itself is trusted, set DOORWARD_ALLOW_INSECURE_HTTP=true)
    DOORWARD_ISSUER: no URL (keys are looked for at this URL; for a name of another kind set DOORWARD_JWKS_URL or another key source)
    DOORWARD_JWKS_FILE: cannot read /nowhere/jwks.json: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_JWKS: not a JSON Web Key Set (give {"keys": […]} with at least one public key of an allowed algorithm)
    DOORWARD_JWKS: not a JSON Web Key Set (give {"keys": […]} with at least one public key of an allowed algorithm)
    DOORWARD_JWKS: no usable key (give {"keys": […]} with at least one public key of an allowed algorithm)
    DOORWARD_JWKS: no usable key; key "without id": member `crv` is missing or malformed (give {"keys": […]} with at least one public key of an allowed algorithm)
    DOORWARD_PUBLIC_KEY_FILE: cannot read /nowhere/key.pem: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_HMAC_SECRET: 5 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set DOORWARD_HMAC_SECRET_ENCODING=hex)
    DOORWARD_HMAC_SECRET_FILE: cannot read /nowhere/secret: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_HMAC_SECRET: 0 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set DOORWARD_HMAC_SECRET_ENCODING=hex)
    "#);
}

#[test]
fn bad_how_keys_are_fetched_are_told() {
    let told = each(&[
        ("JWKS_CA_FILE", "/nowhere/ca.pem"),
        ("JWKS_HEADERS", "X-Key"),
        ("JWKS_HEADERS", "X Key: v"),
        ("JWKS_BEARER_TOKEN_FILE", "/nowhere/token"),
        ("ALLOW_INSECURE_HTTP", "1"),
        ("ALLOW_PRIVATE_JWKS", "1"),
        ("JWKS_REFRESH", "1ms"),
        ("JWKS_MIN_REFETCH", "x"),
        ("JWKS_MAX_STALE", "0s"),
        ("JWKS_TIMEOUT", "1h"),
        ("JWKS_WAIT", "2m"),
        ("JWKS_HEADERS", "X-Key: s3cr3t,X Bad: s3cr3t"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_JWKS_CA_FILE: cannot read /nowhere/ca.pem: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_JWKS_HEADERS: not understood (write Name: value, separated by commas)
    DOORWARD_JWKS_HEADERS: not understood (write Name: value, separated by commas)
    DOORWARD_JWKS_BEARER_TOKEN_FILE: cannot read /nowhere/token: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_ALLOW_INSECURE_HTTP: "1" is not understood (write true or false)
    DOORWARD_ALLOW_PRIVATE_JWKS: "1" is not understood (write true or false)
    DOORWARD_JWKS_REFRESH: "1ms" is out of range (from 1s to 1year)
    DOORWARD_JWKS_MIN_REFETCH: "x" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_JWKS_MAX_STALE: "0s" is out of range (from 1s to 1year)
    DOORWARD_JWKS_TIMEOUT: "1h" is out of range (from 100ms to 1m)
    DOORWARD_JWKS_WAIT: "2m" is out of range (from 0s to 1m)
    DOORWARD_JWKS_HEADERS: not understood (write Name: value, separated by commas)
    "#);
}

#[test]
fn bad_rules_of_the_admin_listener_are_told_and_no_token_is_shown() {
    let told = each(&[
        ("ADMIN_TOKEN", "fifteen-letters"),
        ("ADMIN_TOKEN", "two words of a secret"),
        ("ADMIN_TOKEN", "pass\u{df}word-of-some-length"),
        ("ADMIN_TOKEN", "===================="),
        ("ADMIN_TOKEN", "a-token=with-more-behind"),
        ("ADMIN_TOKEN", " "),
        ("ADMIN_TOKEN_FILE", "/nowhere/token"),
        ("ADMIN_TOKEN_METRICS", "yes"),
        ("ADMIN_HOSTS", "https://doorward.internal"),
        ("ADMIN_HOSTS", "localhost,*.internal"),
        ("ADMIN_HOSTS", "doorward.internal:99999"),
        ("ADMIN_HOSTS", "::1"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_ADMIN_TOKEN: shorter than 16 characters (make one by `openssl rand -hex 32`)
    DOORWARD_ADMIN_TOKEN: holds characters that no bearer token may have (write letters, digits, -, ., _, ~, + and /)
    DOORWARD_ADMIN_TOKEN: holds characters that no bearer token may have (write letters, digits, -, ., _, ~, + and /)
    DOORWARD_ADMIN_TOKEN: holds characters that no bearer token may have (write letters, digits, -, ., _, ~, + and /)
    DOORWARD_ADMIN_TOKEN: holds characters that no bearer token may have (write letters, digits, -, ., _, ~, + and /)
    DOORWARD_ADMIN_TOKEN: empty (give a value, or leave the setting out)
    DOORWARD_ADMIN_TOKEN_FILE: cannot read /nowhere/token: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_ADMIN_TOKEN_METRICS: "yes" is not understood (write true or false)
    DOORWARD_ADMIN_HOSTS: "https://doorward.internal" is not understood (write a host with or without a port, such as doorward.internal:8081)
    DOORWARD_ADMIN_HOSTS: "*.internal" is not understood (write a host with or without a port, such as doorward.internal:8081)
    DOORWARD_ADMIN_HOSTS: "doorward.internal:99999" is not understood (write a host with or without a port, such as doorward.internal:8081)
    DOORWARD_ADMIN_HOSTS: "::1" is not understood (write a host with or without a port, such as doorward.internal:8081)
    "#);
}

#[test]
fn unknown_names_are_refused_and_the_nearest_known_one_is_named() {
    let told = each(&[
        ("AUDIENC", "api"),
        ("HMAC_SECRT", "abc"),
        ("PORT", "8080"),
        ("SOMETHING_ELSE", "1"),
        ("LISTEN_FILE", "/x"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_AUDIENC: unknown setting (did you mean DOORWARD_AUDIENCE?)
    DOORWARD_HMAC_SECRT: unknown setting (did you mean DOORWARD_HMAC_SECRET?)
    DOORWARD_PORT: unknown setting (`doorward config reference` lists all settings)
    DOORWARD_SOMETHING_ELSE: unknown setting (`doorward config reference` lists all settings)
    DOORWARD_LISTEN_FILE: unknown setting (`doorward config reference` lists all settings)
    "#);
}

/// A name comes from whoever wrote the file or started the program. It must not move the cursor or
/// forge a line.
#[test]
fn control_characters_in_names_are_escaped() {
    let problems = TestGate::new()
        .set("ISSUER", "me")
        .set("AUDIENCE", "api")
        .set("HMAC_SECRET", "0123456789abcdef0123456789abcdef")
        .variable("DOORWARD_A\nB\u{1b}[2K", "1")
        .variable("DOORWARD_\u{202e}low", "1")
        .file("\"re\\e[31malm\\n\\x9b\": x\nroutes: [{name: a, match: {\"b\\ec\": 1}}]\n")
        .configuration()
        .unwrap_err();
    insta::assert_snapshot!(problems, @r"
    DOORWARD_\u{202e}low: unknown setting (names are in capitals)
    DOORWARD_A\nB\u{1b}[2K: unknown setting (`doorward config reference` lists all settings)
    doorward.yaml:1:1: re\u{1b}[31malm\n\u{9b}: unknown setting (`doorward config reference` lists all settings)
    doorward.yaml:2:28: routes[0].match.b\u{1b}c: unknown setting (there is host, path, methods)
    ");
    assert!(!problems.replace('\n', "").contains(char::is_control));
}

/// Not that a setting is mentioned: that a message about it is shown, as it begins in a snapshot.
#[test]
fn bad_directory_settings_are_told() {
    let told = problems(&[
        ("DIRECTORY_URL", "sqlite:/run/users.db"),
        ("DIRECTORY_QUERY", "DROP TABLE users"),
        ("DIRECTORY_PARAMETERS", "a..b"),
        ("DIRECTORY_ISSUERS", "another"),
        ("DIRECTORY_ON_MISSING", "x"),
        ("DIRECTORY_CACHE_TTL", "x"),
        ("DIRECTORY_NEGATIVE_TTL", "x"),
        ("DIRECTORY_ON_OUTAGE", "x"),
        ("DIRECTORY_MAX_STALE", "0s"),
        ("DIRECTORY_TIMEOUT", "0s"),
        ("DIRECTORY_MAX_CONNECTIONS", "0"),
        ("DIRECTORY_CA_FILE", "/nowhere/ca.pem"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_DIRECTORY_CA_FILE: cannot read /nowhere/ca.pem: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    DOORWARD_DIRECTORY_QUERY: neither SELECT nor WITH is its first word (the directory is only read; put a comment behind the first word)
    DOORWARD_DIRECTORY_PARAMETERS: "a..b": an empty segment in a claim path (write a path such as realm_access.roles; quote a segment that has a dot in it)
    DOORWARD_DIRECTORY_KEY: missing: this database takes different texts for the same (name a column that the query returns and whose text is the first parameter)
    DOORWARD_DIRECTORY_ISSUERS: no issuer is called "another" (there is idp.example)
    DOORWARD_DIRECTORY_ON_MISSING: "x" is not understood (write one of deny, pass)
    DOORWARD_DIRECTORY_CACHE_TTL: "x" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_DIRECTORY_NEGATIVE_TTL: "x" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_DIRECTORY_ON_OUTAGE: "x" is not understood (write one of deny, stale)
    DOORWARD_DIRECTORY_MAX_STALE: "0s" is out of range (from 1s to 1day)
    DOORWARD_DIRECTORY_TIMEOUT: "0s" is out of range (from 10ms to 10s)
    DOORWARD_DIRECTORY_MAX_CONNECTIONS: "0" is out of range (a whole number from 1 to 1000)
    "#);
    let told = each(&[
        ("DIRECTORY_URL", "oracle://db/users"),
        ("DIRECTORY_KEY", "id"),
        ("DIRECTORY_ACTIVE", "active"),
        ("API_KEY_CHECKSUM", "maybe"),
        ("BASIC_CACHE_TTL", "x"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_DIRECTORY_URL: not understood (write postgres://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full, mysql://… or sqlite:FILE; in a name or password percent-encode what is neither letter nor digit, # as %23)
    DOORWARD_DIRECTORY_QUERY: missing (write it, such as SELECT email FROM users WHERE id = $1)
    DOORWARD_DIRECTORY_KEY: there is no directory (set DOORWARD_DIRECTORY_URL, or leave this out)
    DOORWARD_DIRECTORY_ACTIVE: there is no directory (set DOORWARD_DIRECTORY_URL, or leave this out)
    DOORWARD_API_KEY_CHECKSUM: "maybe" is not understood (write true or false)
    DOORWARD_API_KEY_CHECKSUM: has no meaning without DOORWARD_API_KEYS_FILE (set DOORWARD_API_KEYS_FILE, or leave it out)
    DOORWARD_BASIC_CACHE_TTL: "x" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_BASIC_CACHE_TTL: has no meaning without DOORWARD_HTPASSWD_FILE (set DOORWARD_HTPASSWD_FILE, or leave it out)
    "#);
}

#[test]
fn each_setting_has_a_message_that_is_shown() {
    let sources = [
        include_str!("configuration.rs"),
        include_str!("configuration_file.rs"),
        include_str!("route_settings.rs"),
        include_str!("presets/mod.rs"),
        include_str!("presets/auth0.rs"),
        include_str!("presets/cognito.rs"),
        include_str!("presets/entra.rs"),
        include_str!("presets/firebase.rs"),
        include_str!("presets/keycloak.rs"),
        include_str!("presets/okta.rs"),
        include_str!("tls/mod.rs"),
        include_str!("configuration_problems.rs"),
        include_str!("directory/configuration.rs"),
        include_str!("introspection/settings.rs"),
        include_str!(
            "listed/snapshots/it__listed__configuration__each_mistake_has_its_place_and_its_hint.snap"
        ),
        include_str!(
            "listed/snapshots/it__listed__configuration__mistakes_of_routes_are_told_by_line.snap"
        ),
        include_str!("user_row.rs"),
    ];
    let snapshots = sources
        .iter()
        .flat_map(|source| source.lines())
        .map(|line| {
            let behind_macro = line
                .split_once(", @")
                .map_or(line, |(_, snapshot)| snapshot);
            behind_macro.trim_start_matches([' ', 'r', '#', '"'])
        });
    let shown: Vec<_> = snapshots
        .filter(|line| line.starts_with("DOORWARD_") || line.starts_with("doorward.yaml:"))
        .collect();
    for line in doorward::config::reference()
        .split("\n## ")
        // The problems of that file are shown where it is tested.
        .filter(|section| !section.starts_with("An entry of the file that `api_keys_file` names"))
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("| `"))
    {
        let name = line.split('`').next().unwrap();
        let variable = format!("DOORWARD_{}", name.to_uppercase());
        // doorward.yaml:LINE:COLUMN: PLACE: what is wrong
        let in_file = |line: &&str| {
            let place = line
                .strip_prefix("doorward.yaml:")
                .and_then(|rest| rest.split(": ").nth(1));
            place.and_then(|place| place.rsplit('.').next()?.split('[').next()) == Some(name)
        };
        let told = shown.iter().any(|line| {
            let behind = line.strip_prefix(&variable);
            behind.is_some_and(|rest| rest.starts_with(": ") || rest.starts_with("_FILE: "))
                || in_file(line)
        });
        assert!(told, "no message about {name}");
    }
}

#[test]
fn what_must_be_there_is_asked_for() {
    insta::assert_snapshot!(without(&["AUDIENCE"]), @r#"DOORWARD_AUDIENCE: missing (set the audiences this API accepts, or "*")"#);
    insta::assert_snapshot!(without(&["ISSUER"]), @"DOORWARD_ISSUER: missing (set the exact `iss` of the tokens; only a fixed key source can do without)");
    insta::assert_snapshot!(without(&["ISSUER", "AUDIENCE"]), @r#"
    DOORWARD_AUDIENCE: missing (set the audiences this API accepts, or "*")
    DOORWARD_ISSUER: missing (set the exact `iss` of the tokens; only a fixed key source can do without)
    "#);
}

#[test]
fn all_problems_are_told_at_once() {
    let told = problems(&[
        ("LISTEN", "x"),
        ("PROXY", "x"),
        ("LEEWAY", "x"),
        ("ALGORITHMS", "x"),
        ("JWKS_URL", "x"),
        ("JWKS_WAIT", "x"),
        ("LISTN", "x"),
        ("UNHEARD_OF", "x"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_LISTN: unknown setting (did you mean DOORWARD_LISTEN?)
    DOORWARD_UNHEARD_OF: unknown setting (`doorward config reference` lists all settings)
    DOORWARD_LISTEN: "x" is not understood (write host:port, such as 127.0.0.1:8080, or unix:/path)
    DOORWARD_PROXY: "x" is not understood (write one of auto, nginx, traefik, caddy, haproxy, envoy)
    DOORWARD_LEEWAY: "x" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_ALGORITHMS: "x" is not understood (write some of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, ES256K, EdDSA, HS256, HS384, HS512, ML-DSA-44, ML-DSA-65, ML-DSA-87)
    DOORWARD_JWKS_WAIT: "x" is not understood (write a duration such as 30s, 5m or 24h)
    DOORWARD_JWKS_URL: no URL (write https://…)
    "#);
}

#[test]
fn values_of_fetching_are_judged_beside_a_fixed_key_source_too() {
    let told = problems(&[
        ("HMAC_SECRET", SECRET),
        ("JWKS_WAIT", "x"),
        ("ALLOW_INSECURE_HTTP", "x"),
    ]);
    insta::assert_snapshot!(told, @r#"
    DOORWARD_ALLOW_INSECURE_HTTP: "x" is not understood (write true or false)
    DOORWARD_JWKS_WAIT: "x" is not understood (write a duration such as 30s, 5m or 24h)
    "#);
}

#[test]
fn there_is_one_key_source() {
    insta::assert_snapshot!(problems(&[("JWKS", "{}"), ("HMAC_SECRET", SECRET)]), @"DOORWARD_HMAC_SECRET: a second key source beside DOORWARD_JWKS (keep one of them)");
    let three = [
        ("JWKS_URL", "https://idp.example/jwks"),
        ("DISCOVERY_URL", "https://idp.example/d"),
        ("JWKS_FILE", "/x"),
    ];
    insta::assert_snapshot!(problems(&three), @r"
    DOORWARD_JWKS_URL: a second key source beside DOORWARD_DISCOVERY_URL (keep one of them)
    DOORWARD_JWKS_FILE: a second key source beside DOORWARD_DISCOVERY_URL (keep one of them)
    ");
    let urls = [
        ("JWKS_URL", "https://idp.example/jwks"),
        ("HMAC_SECRET_FILE", "/x"),
    ];
    insta::assert_snapshot!(problems(&urls), @"DOORWARD_HMAC_SECRET_FILE: a second key source beside DOORWARD_JWKS_URL (keep one of them)");
}

#[test]
fn a_source_that_is_given_empty_is_named_and_not_the_other() {
    let told = problems(&[
        ("DISCOVERY_URL", ""),
        ("JWKS_URL", "https://idp.example/jwks"),
    ]);
    insta::assert_snapshot!(told, @"DOORWARD_DISCOVERY_URL: empty (give a value, or leave the setting out)");
    let told = problems(&[
        ("DISCOVERY_URL", "https://idp.example/d"),
        ("JWKS_URL", " "),
    ]);
    insta::assert_snapshot!(told, @"DOORWARD_JWKS_URL: empty (give a value, or leave the setting out)");
}

#[test]
fn the_previous_secret_goes_with_a_secret() {
    insta::assert_snapshot!(problems(&[("HMAC_SECRET_PREVIOUS", SECRET)]), @"DOORWARD_HMAC_SECRET_PREVIOUS: has no meaning without DOORWARD_HMAC_SECRET (the secret that signs is DOORWARD_HMAC_SECRET)");
    let told = problems(&[
        ("HMAC_SECRET", "short"),
        ("HMAC_SECRET_PREVIOUS_FILE", "/nowhere/old"),
    ]);
    insta::assert_snapshot!(told, @r"
    DOORWARD_HMAC_SECRET: 5 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set DOORWARD_HMAC_SECRET_ENCODING=hex)
    DOORWARD_HMAC_SECRET_PREVIOUS_FILE: cannot read /nowhere/old: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)
    ");
}

/// As `docker run --env-file` hands on what a shell would have read without them.
#[test]
fn quotes_around_a_value_are_refused() {
    for (name, value) in [
        ("ISSUER", "\"https://idp.example\""),
        ("AUDIENCE", "'api'"),
        ("AUDIENCE", "web, \"api\""),
        ("ACCEPTED_TYPES", "\"x+jwt\""),
        ("REALM", "\"api\""),
        ("ISSUER", "\"\""),
    ] {
        let told = problems(&[(name, value)]);
        let expected = format!(
            "DOORWARD_{name}: in quotes, which would be part of the value (leave them out: "
        );
        assert!(told.starts_with(&expected), "{name}={value}: {told}");
    }
    for fine in ["it's", "\"", "'a", "a\"b\""] {
        assert_eq!(problems(&[("AUDIENCE", fine)]), "", "{fine}");
    }
}

#[test]
fn algorithms_go_with_the_key_source() {
    let with_secret = |algorithms| problems(&[("HMAC_SECRET", SECRET), ("ALGORITHMS", algorithms)]);
    insta::assert_snapshot!(with_secret("RS256"), @"DOORWARD_ALGORITHMS: does not go with the key source (a secret goes with HS256, HS384 or HS512)");
    insta::assert_snapshot!(with_secret("RS256,HS256"), @"DOORWARD_ALGORITHMS: does not go with the key source (a secret goes with HS256, HS384 or HS512)");
    insta::assert_snapshot!(with_secret("HS256,HS512"), @"DOORWARD_ALGORITHMS: one secret, several algorithms (keep the one that is used)");
    insta::assert_snapshot!(with_secret("HS512"), @"DOORWARD_HMAC_SECRET: 35 bytes, but HS512 needs at least 64 (make one with `openssl rand -hex 64` and set DOORWARD_HMAC_SECRET_ENCODING=hex)");
    insta::assert_snapshot!(problems(&[("JWKS_URL", "https://x.example/"), ("ALGORITHMS", "HS256")]), @"DOORWARD_ALGORITHMS: does not go with the key source (HS algorithms go with DOORWARD_HMAC_SECRET)");
}

#[test]
fn a_secret_is_as_long_as_its_hash_however_it_is_written() {
    let told = |secret: &str, encoding| {
        problems(&[("HMAC_SECRET", secret), ("HMAC_SECRET_ENCODING", encoding)])
    };
    insta::assert_snapshot!(told(&"ab".repeat(31), "hex"), @"DOORWARD_HMAC_SECRET: 31 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set DOORWARD_HMAC_SECRET_ENCODING=hex)");
    insta::assert_snapshot!(told(&"zz".repeat(32), "hex"), @"DOORWARD_HMAC_SECRET: not hexadecimal (DOORWARD_HMAC_SECRET_ENCODING says how it is written)");
    insta::assert_snapshot!(told(&"abc".repeat(33), "hex"), @"DOORWARD_HMAC_SECRET: not hexadecimal (DOORWARD_HMAC_SECRET_ENCODING says how it is written)");
    insta::assert_snapshot!(told("%%%%", "base64"), @"DOORWARD_HMAC_SECRET: not base64 (DOORWARD_HMAC_SECRET_ENCODING says how it is written)");
    insta::assert_snapshot!(told(SECRET, "rot13"), @r#"DOORWARD_HMAC_SECRET_ENCODING: "rot13" is not understood (write one of utf8, hex, base64)"#);
    insta::assert_snapshot!(told("", "utf8"), @"DOORWARD_HMAC_SECRET: 0 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set DOORWARD_HMAC_SECRET_ENCODING=hex)");
    for (secret, encoding) in [
        ("ab".repeat(32), "hex"),
        ("AB".repeat(32), "hex"),
        ("q83v".repeat(11), "base64"),
        ("-_-_".repeat(11), "base64"),
    ] {
        assert_eq!(told(&secret, encoding), "", "{secret} as {encoding}");
    }
}

#[test]
fn a_profile_that_demands_an_audience_and_an_issuer_gets_them() {
    insta::assert_snapshot!(problems(&[("TOKEN_TYPE", "at+jwt"), ("AUDIENCE", "*")]), @"DOORWARD_AUDIENCE: `*` beside DOORWARD_TOKEN_TYPE=at+jwt, which demands an audience (name the audiences of this API, or set DOORWARD_TOKEN_TYPE=any)");
    let nameless = [
        ("HMAC_SECRET", SECRET),
        ("AUDIENCE", "api"),
        ("TOKEN_TYPE", "at+jwt"),
    ];
    insta::assert_snapshot!(set(TestGate::new(), &nameless).configuration().unwrap_err(), @"DOORWARD_ISSUER: missing beside DOORWARD_TOKEN_TYPE=at+jwt (set the issuer's `iss`, or DOORWARD_TOKEN_TYPE=any)");
    insta::assert_snapshot!(problems(&[("TOKEN_TYPE", "at+jwt"), ("ACCEPTED_TYPES", "x")]), @"DOORWARD_ACCEPTED_TYPES: has no meaning beside DOORWARD_TOKEN_TYPE=at+jwt (leave it out, or set DOORWARD_TOKEN_TYPE=any)");
}

#[test]
fn secrets_are_given_once() {
    insta::assert_snapshot!(problems(&[("HMAC_SECRET", SECRET), ("HMAC_SECRET_FILE", "/x")]), @"DOORWARD_HMAC_SECRET: given twice (keep one of DOORWARD_HMAC_SECRET and DOORWARD_HMAC_SECRET_FILE)");
    insta::assert_snapshot!(problems(&[("JWKS_HEADERS", "X-Key: a"), ("JWKS_HEADERS_FILE", "/x")]), @"DOORWARD_JWKS_HEADERS: given twice (keep one of DOORWARD_JWKS_HEADERS and DOORWARD_JWKS_HEADERS_FILE)");
}

#[test]
fn a_secret_file_that_cannot_be_used_is_told_by_its_own_name() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| written(&place, name, content);
    let told = |path: PathBuf| {
        problems(&[("HMAC_SECRET_FILE", path.to_str().unwrap())])
            .replace(place.path().to_str().unwrap(), "/run")
    };
    insta::assert_snapshot!(told(place.path().join("missing")), @"DOORWARD_HMAC_SECRET_FILE: cannot read /run/missing: No such file or directory (os error 2) (compare the path; a container sees only what is mounted)");
    insta::assert_snapshot!(told(place.path().to_owned()), @"DOORWARD_HMAC_SECRET_FILE: cannot read /run: not a regular file (name the file itself: no directory, pipe or device)");
    insta::assert_snapshot!(told(file("short", b"short\n")), @"DOORWARD_HMAC_SECRET_FILE: 5 bytes, but HS256 needs at least 32 (make one with `openssl rand -hex 32` and set DOORWARD_HMAC_SECRET_ENCODING=hex)");
    insta::assert_snapshot!(told(file("binary", &[0xFF; 40])), @"DOORWARD_HMAC_SECRET_FILE: the file is not UTF-8 (compare the path: its contents are no text)");
    insta::assert_snapshot!(told(file("large", &vec![b'x'; (1 << 20) + 1])), @"DOORWARD_HMAC_SECRET_FILE: /run/large has more than 1 MiB (compare the path: such a file is small)");
}

#[test]
fn one_line_end_of_a_secret_file_is_no_part_of_the_secret() {
    let place = tempfile::tempdir().unwrap();
    let judged = |content: &str, secret: &str| {
        let path = written(&place, "secret", content.as_bytes());
        let gate = TestGate::new().set("ISSUER", "me").set("AUDIENCE", "api");
        let gate = gate.set("HMAC_SECRET_FILE", path.to_str().unwrap()).spawn();
        let key = SigningKey::secret(Algorithm::HS256, secret.as_bytes()).with_id("any");
        gate.verdict(&TokenBuilder::new(key.into(), "me", gate.clock.secs()).sign())
    };
    for end in ["", "\n", "\r\n"] {
        assert_eq!(judged(&format!("{SECRET}{end}"), SECRET), "200", "{end:?}");
    }
    for end in ["\n\n", " \n", "\r\n\n"] {
        assert_eq!(
            judged(&format!("{SECRET}{end}"), SECRET),
            "401 signature_invalid",
            "{end:?}"
        );
    }
    assert_eq!(
        judged(&format!("{SECRET}\n\n"), &format!("{SECRET}\n")),
        "200"
    );
}

#[test]
fn a_secret_is_never_echoed() {
    let place = tempfile::tempdir().unwrap();
    let path = written(&place, "secret", b"s3cr3t-value");
    let path = path.to_str().unwrap();
    for settings in [
        &[("HMAC_SECRET", "s3cr3t-value")][..],
        &[
            ("HMAC_SECRET", "s3cr3t-value"),
            ("HMAC_SECRET_ENCODING", "hex"),
        ],
        &[
            ("HMAC_SECRET", "s3cr3t-value!"),
            ("HMAC_SECRET_ENCODING", "base64"),
        ],
        &[("HMAC_SECRET", "s3cr3t-value"), ("HMAC_SECRET_FILE", path)],
        &[("HMAC_SECRET", "s3cr3t-value"), ("JWKS", "{}")],
        &[("HMAC_SECRET", "s3cr3t-value"), ("ALGORITHMS", "RS256")],
        &[("HMAC_SECRET_FILE", path)],
        &[("HMAC_SECRT", "s3cr3t-value")],
        &[("JWKS_HEADERS", "s3cr3t-value")],
        &[("JWKS_HEADERS", "X-Key: s3cr3t-value, X Bad: s3cr3t-value")],
        &[("JWKS_HEADERS_FILE", path)],
        &[("JWKS_URL", "https://user:s3cr3t-value@idp.example/jwks")],
        &[("JWKS_URL", "http://user:s3cr3t-value@idp.example/jwks")],
        &[("DISCOVERY_URL", "https://s3cr3t-value@idp.example/")],
        &[("ISSUER", "https://user:s3cr3t-value@idp.example")],
        &[("RESOURCE_METADATA", "ftp://user:s3cr3t-value@idp.example")],
    ] {
        let told = problems(settings);
        assert!(
            !told.is_empty() && !told.contains("s3cr3t"),
            "{settings:?}: {told}"
        );
    }
}

#[test]
fn a_configuration_shows_no_secret_in_debug_output() {
    let gate = TestGate::new()
        .set("ISSUER", "https://idp.example")
        .set("AUDIENCE", "api");
    let shown = |gate: crate::support::GateBuilder| format!("{:?}", gate.configuration().unwrap());
    assert!(!shown(gate.clone().set("JWKS_HEADERS", "X-Key: s3cr3t-value")).contains("s3cr3t"));
    assert!(!shown(gate.set("HMAC_SECRET", SECRET)).contains("horse"));
}

#[test]
fn a_variable_that_is_no_text_is_told_and_not_echoed() {
    let pairs = [
        ("DOORWARD_AUDIENCE", b"api".to_vec()),
        (
            "DOORWARD_ISSUER",
            b"https://idp.example/\xFFs3cr3t".to_vec(),
        ),
    ];
    let pairs = pairs.map(|(name, value)| (OsString::from(name), OsString::from_vec(value)));
    let told = Configuration::from_environment(pairs)
        .unwrap_err()
        .to_string();
    insta::assert_snapshot!(told, @r#"
    DOORWARD_ISSUER: not UTF-8 (a value is text; base64 or a file can carry other bytes)
    DOORWARD_ISSUER: missing (set the exact `iss` of the tokens; only a fixed key source can do without)
    "#);
}

#[test]
fn names_are_in_capitals_or_unknown() {
    let pairs = [
        ("DOORWARD_AUDIENCE", "api"),
        ("DOORWARD_audience", "*"),
        ("DOORWARD_ISSUER", "https://idp.example"),
    ];
    let read =
        Configuration::from_environment(pairs.map(|(name, value)| (name.into(), value.into())));
    assert_eq!(
        read.unwrap_err().to_string(),
        "DOORWARD_audience: unknown setting (names are in capitals)"
    );
}

#[test]
fn variables_of_others_are_none_of_our_business() {
    let pairs = [
        ("PATH", "/bin"),
        ("doorward_listen", "x"),
        ("NOT_DOORWARD_LISTEN", "x"),
    ];
    let own = [
        ("DOORWARD_AUDIENCE", "api"),
        ("DOORWARD_ISSUER", "https://idp.example"),
    ];
    let pairs = pairs
        .into_iter()
        .chain(own)
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    assert!(Configuration::from_environment(pairs).is_ok());
}

#[test]
fn service_links_of_kubernetes_are_passed_over() {
    let links = [
        ("SERVICE_HOST", "10.0.0.1"),
        ("SERVICE_PORT", "8080"),
        ("SERVICE_PORT_VERIFY", "8080"),
        ("PORT", "tcp://10.0.0.1:8080"),
        ("PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("PORT_8080_TCP_PORT", "8080"),
        ("PORT_8080_UDP_PROTO", "udp"),
        ("PORT_9_SCTP", "sctp://10.0.0.1:9"),
        ("PORT_9_SCTP_ADDR", "10.0.0.1"),
        ("ADMIN_SERVICE_HOST", "10.0.0.1"),
        ("ADMIN_PORT_8081_TCP", "tcp://10.0.0.1:8081"),
    ];
    assert_eq!(problems(&links), "");
}

#[test]
fn no_setting_looks_like_a_service_link() {
    for line in doorward::config::reference()
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
    {
        let name = line.split('`').next().unwrap();
        let taken = name.ends_with("service_host")
            || name.ends_with("service_port")
            || name.ends_with("port")
            || name.contains("_port_");
        assert!(!taken, "{name}");
    }
}

#[test]
fn settings_take_effect() {
    let idp = TestIssuer::new();
    let with = |settings: &[(&str, &str)]| set(TestGate::new().trusting(&idp), settings).spawn();
    let token = idp
        .token()
        .claim("scope", "read")
        .claim("tenant", "a")
        .claim("client_id", "app");
    for (settings, token, expected) in [
        (
            &[("LEEWAY", "10s")][..],
            token.clone().expires_in(-9),
            "200",
        ),
        (
            &[("LEEWAY", "10s")],
            token.clone().expires_in(-10),
            "401 token_expired",
        ),
        (
            &[("REQUIRE_EXP", "false")],
            token.clone().without("exp"),
            "200",
        ),
        (&[], token.clone().without("exp"), "401 claim_missing"),
        (
            &[("MAX_TOKEN_AGE", "1h")],
            token.clone().without("iat"),
            "401 claim_missing",
        ),
        (&[("REQUIRED_SCOPES", "read")], token.clone(), "200"),
        (
            &[("REQUIRED_SCOPES", "read, write")],
            token.clone(),
            "403 scope_insufficient",
        ),
        (&[("REQUIRED_CLAIMS", "tenant=a")], token.clone(), "200"),
        (
            &[("REQUIRED_CLAIMS", "tenant=b")],
            token.clone(),
            "403 policy_denied",
        ),
        (
            &[("REQUIRED_CLAIMS", "other")],
            token.clone(),
            "401 claim_missing",
        ),
        (
            &[("REQUIRED_CLAIMS", "groups=cn=admins")],
            token.clone().claim("groups", vec!["cn=admins"]),
            "200",
        ),
        (
            &[("REQUIRED_CLAIMS", "tenant=YWJj=")],
            token.clone().claim("tenant", "YWJj="),
            "200",
        ),
        (
            &[("REQUIRED_CLAIMS", "\"a=b\"=c")],
            token.clone().claim("a=b", "c"),
            "200",
        ),
        (
            &[("REQUIRED_CLAIMS", "https://x.example/tenant=c")],
            token.clone().claim("https://x.example/tenant", "c"),
            "200",
        ),
        (
            &[("AUDIENCE", "web, mobile")],
            token.clone(),
            "401 audience_mismatch",
        ),
        (&[("AUDIENCE", "web, api")], token.clone(), "200"),
        (
            &[("AUDIENCE", "web, api"), ("AUDIENCE_MATCH", "all")],
            token.clone(),
            "401 audience_mismatch",
        ),
        (&[("AUDIENCE", "*")], token.clone().without("aud"), "200"),
        (
            &[("AUDIENCE", "app"), ("AUDIENCE_FALLBACK", "client_id")],
            token.clone().without("aud"),
            "200",
        ),
        (&[("ALGORITHMS", "ES256")], token.clone(), "200"),
        (
            &[("TOKEN_TYPE", "at+jwt")],
            token.clone(),
            "401 token_type_mismatch",
        ),
        (
            &[("ACCEPTED_TYPES", "x+jwt")],
            token.clone().header("typ", "x+jwt"),
            "200",
        ),
        (
            &[("MAX_TOKEN_BYTES", "64")],
            token.clone(),
            "401 token_too_large",
        ),
        (
            &[("CLAIM_HEADERS_MAX_BYTES", "64")],
            token.clone(),
            "403 claim_headers_too_large",
        ),
    ] {
        assert_eq!(
            with(settings).verdict(&token.sign()),
            expected,
            "{settings:?}"
        );
    }
}

#[test]
fn a_quoted_namespace_has_members() {
    let idp = TestIssuer::new();
    let path = "\"https://hasura.io/jwt/claims\".x-hasura-default-role";
    let gate = TestGate::new()
        .trusting(&idp)
        .set("CLAIM_HEADERS", format!("{path}=X-Role"));
    let gate = gate
        .set("REQUIRED_CLAIMS", format!("{path}=editor"))
        .spawn();
    let claims = serde_json::json!({"x-hasura-default-role": "editor"});
    let allowed = gate
        .get("/verify")
        .bearer(
            &idp.token()
                .claim("https://hasura.io/jwt/claims", claims)
                .sign(),
        )
        .send();
    assert_eq!(
        (allowed.verdict().as_str(), allowed.get("x-role")),
        ("200", Some("editor"))
    );
    assert_eq!(gate.verdict(&idp.token().sign()), "401 claim_missing");
}

#[test]
fn both_secrets_of_a_rotation_are_taken() {
    let idp = TestIssuer::new();
    let by = |secret: &[u8]| {
        idp.token_by(Arc::new(SigningKey::secret(Algorithm::HS256, secret)))
            .without_header("kid")
            .sign()
    };
    let [new, old, other] = [[1; 32], [2; 32], [3; 32]];
    let hex = |secret: [u8; 32]| secret.map(|byte| format!("{byte:02x}")).concat();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("previous");
    std::fs::write(&file, format!("{}\n", hex(old))).unwrap();
    let gate = TestGate::new()
        .by_time_of(&idp)
        .set("ISSUER", idp.url())
        .set("AUDIENCE", "api");
    let gate = gate
        .set("HMAC_SECRET", hex(new))
        .set("HMAC_SECRET_ENCODING", "hex");
    let rotating = gate
        .clone()
        .set("HMAC_SECRET_PREVIOUS_FILE", file.to_str().unwrap())
        .spawn();
    let rotated = gate.clone().spawn();
    let same = gate.set("HMAC_SECRET_PREVIOUS", hex(new)).spawn();
    let verdicts = |gate: &TestGate| [new, old, other].map(|secret| gate.verdict(&by(&secret)));
    assert_eq!(verdicts(&rotating), ["200", "200", "401 signature_invalid"]);
    assert_eq!(
        verdicts(&rotated),
        ["200", "401 signature_invalid", "401 signature_invalid"]
    );
    assert_eq!(verdicts(&same), verdicts(&rotated));
}

#[test]
fn a_secret_may_be_wrapped_into_lines() {
    let idp = TestIssuer::new();
    let secret = [0xA5; 64];
    let wrapped = |text: &str, width: usize| {
        let lines = text
            .as_bytes()
            .chunks(width)
            .map(|line| String::from_utf8(line.to_vec()).unwrap() + "\n");
        lines.collect::<String>()
    };
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, secret);
    let hex = secret.map(|byte| format!("{byte:02x}")).concat();
    let directory = tempfile::tempdir().unwrap();
    for (encoding, text) in [("base64", wrapped(&base64, 64)), ("hex", wrapped(&hex, 60))] {
        let file = directory.path().join(encoding);
        std::fs::write(&file, text).unwrap();
        let gate = TestGate::new()
            .by_time_of(&idp)
            .set("ISSUER", idp.url())
            .set("AUDIENCE", "api");
        let gate = gate
            .set("HMAC_SECRET_ENCODING", encoding)
            .set("HMAC_SECRET_FILE", file.to_str().unwrap())
            .spawn();
        let key = Arc::new(SigningKey::secret(Algorithm::HS256, &secret));
        assert_eq!(
            gate.verdict(&idp.token_by(key).without_header("kid").sign()),
            "200",
            "{encoding}"
        );
    }
}

#[test]
fn answers_look_as_configured() {
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("REALM", "my api")
        .set("CLAIM_HEADERS", "sub=X-User, tenant=X-Tenant");
    let gate = gate
        .set(
            "RESOURCE_METADATA",
            "https://api.example/.well-known/oauth-protected-resource",
        )
        .spawn();
    let challenge = gate
        .get("/verify")
        .send()
        .get("www-authenticate")
        .unwrap()
        .to_owned();
    insta::assert_snapshot!(challenge, @r#"Bearer realm="my api", resource_metadata="https://api.example/.well-known/oauth-protected-resource""#);
    let allowed = gate.get("/verify").bearer(&idp.token().sign()).send();
    assert_eq!(
        (
            allowed.get("x-user"),
            allowed.get("x-tenant"),
            allowed.get("x-auth-subject")
        ),
        (Some("alice"), Some(""), None)
    );
}

#[test]
fn trusting_everybody_must_be_said_twice() {
    assert_eq!(
        problems(&[
            ("TRUSTED_PROXIES", "0.0.0.0/0, ::/0"),
            ("TRUST_ANY_PROXY", "true")
        ]),
        ""
    );
}

/// What is wrong with a good configuration after each of these alone, one line each.
fn each(settings: &[(&str, &str)]) -> String {
    let told = settings.iter().map(|setting| {
        let told = problems(&[*setting]);
        assert!(
            told.starts_with(&format!("DOORWARD_{}: ", setting.0)),
            "{setting:?}: {told}"
        );
        told
    });
    told.collect::<Vec<_>>().join("\n")
}

/// What is wrong with a good configuration after these.
fn problems(settings: &[(&str, &str)]) -> String {
    let good = TestGate::new()
        .set("ISSUER", "https://idp.example")
        .set("AUDIENCE", "api");
    set(good, settings)
        .configuration()
        .err()
        .unwrap_or_default()
}

fn without(names: &[&str]) -> String {
    let all = [("ISSUER", "https://idp.example"), ("AUDIENCE", "api")];
    let kept: Vec<_> = all
        .into_iter()
        .filter(|(name, _)| !names.contains(name))
        .collect();
    set(TestGate::new(), &kept).configuration().unwrap_err()
}

fn set(
    gate: crate::support::GateBuilder,
    settings: &[(&str, &str)],
) -> crate::support::GateBuilder {
    settings
        .iter()
        .fold(gate, |gate, (name, value)| gate.set(name, *value))
}

fn written(place: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = place.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn nothing_is_watched_without_a_file() {
    let told = TestGate::new()
        .set("ISSUER", "https://idp.example")
        .set("AUDIENCE", "api")
        .set("RELOAD", "on_change");
    insta::assert_snapshot!(told.configuration().unwrap_err(), @"DOORWARD_RELOAD: on_change without a configuration file (name one by --config or DOORWARD_CONFIG, or set DOORWARD_RELOAD=signal)");
    assert!(told.file("access_log: all").configuration().is_ok());
}
