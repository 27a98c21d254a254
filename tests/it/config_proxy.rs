//! `doorward config proxy`: what it prints, and that a real proxy with it hands on what is mapped
//! and nothing of the client's.

use std::collections::BTreeSet;

use doorward::proxy_files::{Block, HeaderNames, Proxy as Named};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::caddy::CADDY;
use crate::envoy::ENVOY;
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::proxy_lines::printed;
use crate::support::{Echoed, GateBuilder, Proxy, Request, Site, TestGate, TestIssuer, doorward};
use crate::traefik::TRAEFIK;

const PROXIES: [&Proxy; 6] = [&NGINX, &TRAEFIK, &CADDY, &ENVOY, &ENVOY_GRPC, &HAPROXY];

const SECRET: &str = "0123456789abcdef0123456789abcdef";

const MALLORY: &str = "mallory";

#[test]
fn the_lines_are_those_of_the_configuration() {
    let settings = [
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
        ("CLAIM_HEADERS", "sub=X-User-Id, roles=X-Auth-Roles"),
        ("TOKEN_SOURCES", "bearer, header:X-Token"),
    ];
    let shown = doorward(&["config", "proxy", "traefik"], &settings, "");
    assert_eq!(
        (
            shown.status.code(),
            String::from_utf8(shown.stderr).unwrap().as_str()
        ),
        (Some(0), "")
    );
    let lines = String::from_utf8(shown.stdout).unwrap();
    for part in [
        "# In dynamic.yml, forwardAuth of the middleware doorward; in Kubernetes in middlewares.yaml\n\
         # >>> doorward config proxy traefik: ask\n\
         authRequestHeaders:\n  - Authorization\n",
        "  - Traceparent\n  - x-token\n# <<< doorward config proxy traefik: ask\n",
        "\nauthResponseHeadersRegex: ^X-Auth-|^X-User-Id$\n",
        "\n  X-Forwarded-User: \"\"\n",
        // To Compose a single `$` begins a variable.
        ".authresponseheadersregex: ^X-Auth-|^X-User-Id$$\n",
    ] {
        assert!(lines.contains(part), "{part}{lines}");
    }
}

#[test]
fn routes_have_their_say() {
    let file = "
claim_headers: [{claim: sub, header: X-User-Id}]
routes:
- {name: old, match: {path: /old}, token_sources: ['header:Api-Token', 'cookie:a']}
- {name: live, match: {path: /live}, token_sources: [bearer, websocket, 'header:Api-Token']}
- {name: rest, match: {}}
";
    let settings = secret(&[("PROXY", "haproxy")]).file(file);
    let lines = printed(Named::Haproxy, &settings);
    assert_eq!(lines.matches("\"api-token\"").count(), 1, "{lines}");
    assert!(
        lines.contains("\nlocal identity = { \"x-user-id\" }\n"),
        "{lines}"
    );
    let lines = printed(Named::Nginx, &settings);
    assert!(
        lines.contains("\nproxy_set_header Sec-WebSocket-Protocol $doorward_protocols;\n"),
        "{lines}"
    );
    assert!(
        !printed(Named::Nginx, &secret(&[]))
            .contains("\nproxy_set_header Sec-WebSocket-Protocol $doorward")
    );
    assert!(
        printed(Named::Caddy, &settings)
            .contains("X-User-Id X-Auth-WebSocket-Protocol>Sec-WebSocket-Protocol\n")
    );
}

#[test]
fn an_unknown_proxy_is_wrong_usage_and_the_known_ones_are_named() {
    let shown = doorward(&["config", "proxy", "apache"], &[], "");
    let told = String::from_utf8(shown.stderr).unwrap();
    assert_eq!(shown.status.code(), Some(2));
    for proxy in Named::ALL {
        assert!(told.contains(proxy.name()), "{told}");
    }
}

#[test]
fn a_wrong_configuration_ends_with_78() {
    let shown = doorward(&["config", "proxy", "nginx"], &[("AUDIENCE", "api")], "");
    assert_eq!(
        (shown.status.code(), shown.stdout.as_slice()),
        (Some(78), &b""[..])
    );
    assert!(
        String::from_utf8(shown.stderr)
            .unwrap()
            .starts_with("DOORWARD_ISSUER: missing")
    );
}

/// With each of these the lines would say one thing and the proxy do another.
#[test]
fn names_that_a_proxy_cannot_handle_are_problems() {
    let told = |proxy: &str, headers: &str, sources: &str| {
        let own = [("CLAIM_HEADERS", headers), ("TOKEN_SOURCES", sources)];
        let common = [
            ("ISSUER", "me"),
            ("AUDIENCE", "api"),
            ("HMAC_SECRET", SECRET),
        ];
        let shown = doorward(
            &["config", "proxy", proxy],
            &[&common[..], &own].concat(),
            "",
        );
        let ended = (shown.status.code(), shown.stdout.is_empty());
        assert!(
            ended == (Some(78), true) || ended == (Some(0), false),
            "{ended:?}"
        );
        String::from_utf8(shown.stderr).unwrap()
    };
    let (fine, bearer) = ("sub=X-User-Id", "bearer");
    for proxy in Named::ALL.map(Named::name) {
        assert_eq!(told(proxy, fine, "bearer, header:X-Token"), "");
        for odd in [
            "x.token", "x_token", "x~token", "x'token", "$x", "`x`", "x|y", "*",
        ] {
            let told = told(proxy, fine, &format!("header:{odd}"));
            assert!(
                told.starts_with(&format!("token_sources: header:{odd}: ")),
                "{proxy}: {told}"
            );
        }
        for own in [
            "host",
            "connection",
            "content-length",
            "x-original-url",
            "x-real-ip",
            "x-envoy-external-address",
            "x-forwarded-uri",
        ] {
            assert!(
                told(proxy, fine, &format!("header:{own}")).contains("writes this header itself"),
                "{proxy} {own}"
            );
        }
        for own in [
            "X-Forwarded-For",
            "x-real-ip",
            "X_Forwarded_Host",
            "Sec-WebSocket-Protocol",
        ] {
            let told = told(proxy, &format!("sub={own}"), bearer);
            assert!(
                told.starts_with(&format!("claim_headers: {own}: ")),
                "{proxy}: {told}"
            );
        }
        let two = told(
            proxy,
            "sub=X_Token, email=X-Real-IP",
            "header:X-Token, header:a.b",
        );
        assert_eq!(two.lines().count(), 3, "all at once: {two}");
    }
    for proxy in [
        "caddy",
        "envoy",
        "envoy-grpc",
        "haproxy",
        "kubernetes-gateway",
    ] {
        for removed in [
            "x-auth-token",
            "remote-user",
            "x-forwarded-user",
            "x-original-token",
        ] {
            let told = told(proxy, fine, &format!("header:{removed}"));
            assert!(
                told.contains("removes this header before it asks"),
                "{proxy}: {told}"
            );
        }
    }
}

/// Istio removes after the decision, and everybody reads the others so.
#[test]
fn what_is_mapped_is_not_removed_again() {
    let settings = secret(&[(
        "CLAIM_HEADERS",
        "sub=remote-user, roles=X-Auth-Roles, id=X_Auth_Id, x=X_User_Id",
    )]);
    for proxy in [
        Named::Nginx,
        Named::Traefik,
        Named::IngressNginx,
        Named::Istio,
    ] {
        let lines = printed(proxy, &settings);
        let (_, removed) = lines.split_once(": remove\n").unwrap();
        let (removed, _) = removed.split_once("\n# <<<").unwrap();
        let is_removed = |name: &str| {
            removed
                .lines()
                .any(|line| line.split([' ', ':']).any(|word| word == name))
        };
        assert!(
            is_removed("X-Forwarded-User") && is_removed("X-Original-URL"),
            "{removed}"
        );
        assert!(
            !is_removed("Remote-User") && !is_removed("remote-user") && !is_removed("X-Auth-Roles"),
            "{removed}"
        );
        // Many servers read it as that name, and no line sets it.
        assert!(
            proxy == Named::Traefik || is_removed("X-Auth-Id") && is_removed("X-User-Id"),
            "{removed}"
        );
    }
}

#[test]
fn check_and_the_start_tell_what_the_shipped_files_do_not_cover() {
    let warnings = |settings: &[(&str, &str)]| {
        let configuration = secret(settings).configuration().unwrap();
        doorward::proxy_files::warnings(&configuration)
    };
    assert_eq!(warnings(&[]), [""; 0]);
    assert_eq!(
        warnings(&[(
            "CLAIM_HEADERS",
            "sub=X-User-Id, iss=X-Auth-Issuer, roles=X-Auth-Roles"
        )]),
        [
            "claim_headers: the shipped proxy files do not set X-User-Id, X-Auth-Roles: what the client sends under such a name \
          may reach the application (`doorward config proxy NAME` prints the lines that set and remove it)"
        ]
    );
    for (proxy, uncovered) in [
        ("nginx", "X-User-Id, X-Auth-Roles, X-Auth_Id:"),
        ("caddy", "X-User-Id, X-Auth-Roles, X-Auth_Id:"),
        ("haproxy", "X-User-Id, X-Auth-Roles, X-Auth_Id:"),
        ("traefik", "X-User-Id, X-Auth_Id:"),
        ("envoy", "X-User-Id, X-Auth_Id:"),
    ] {
        let mapped = "sub=x-auth-subject, sub=X-User-Id, roles=X-Auth-Roles, id=X-Auth_Id";
        let told = warnings(&[("PROXY", proxy), ("CLAIM_HEADERS", mapped)]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains(&format!(
                "the shipped files for {proxy} do not set {uncovered}"
            )),
            "{told:?}"
        );
        assert!(
            told[0].contains(&format!("`doorward config proxy {proxy}`")),
            "{told:?}"
        );
    }
    let mapped = ("CLAIM_HEADERS", "sub=X-User-Id, id=X_Id");
    let by_grpc = warnings(&[("PROXY", "envoy"), ("GRPC_LISTEN", "127.0.0.1:0"), mapped]);
    assert_eq!(by_grpc.len(), 1, "{by_grpc:?}");
    assert!(
        by_grpc[0].starts_with("claim_headers: the shipped files for envoy-grpc do not set X_Id: "),
        "{by_grpc:?}"
    );
    assert!(
        by_grpc[0].contains("`doorward config proxy envoy-grpc`"),
        "{by_grpc:?}"
    );
    let asked = warnings(&[("PROXY", "traefik"), ("TOKEN_SOURCES", "header:Api-Token")]);
    assert!(
        asked[0].starts_with("token_sources: the shipped files for traefik do not send api-token"),
        "{asked:?}"
    );
    assert_eq!(
        warnings(&[("PROXY", "caddy"), ("TOKEN_SOURCES", "header:Api-Token")]),
        [""; 0],
        "it sends everything"
    );
}

#[test]
fn a_reload_warns_as_well() {
    let idp = TestIssuer::new();
    let mapping = |header: &str| format!("claim_headers: [{{claim: sub, header: {header}}}]\n");
    let gate = TestGate::new()
        .trusting(&idp)
        .file(mapping("X-Auth-Subject"))
        .spawn();
    let warned = || {
        gate.events()
            .iter()
            .any(|event| event.starts_with("WARN claim_headers: ") && event.contains("X-User-Id"))
    };
    assert!(!warned());
    gate.rewrite(&mapping("X-User-Id"));
    assert!(gate.reload() && warned(), "{:?}", gate.events());
}

/// Settings with a key of their own.
fn secret(settings: &[(&str, &str)]) -> GateBuilder {
    let common = [
        ("ISSUER", "me"),
        ("AUDIENCE", "api"),
        ("HMAC_SECRET", SECRET),
    ];
    let all = common.iter().chain(settings);
    all.fold(TestGate::new(), |gate, (name, value)| {
        gate.set(name, *value)
    })
}

/// Names that mean something to YAML, `HAProxy` or nginx, that are long, that have underscores, and
/// that are on the lists of what is removed.
fn strange_names() -> Vec<String> {
    let names = [
        "On",
        "No",
        "Null",
        "True",
        "123",
        "1e3",
        "0x1F",
        "-",
        "-m",
        "if",
        "unless",
        "n",
        "_y",
        "X-",
        "X_User_Id",
        "X-Tenant_Id",
        "x_auth_groups",
        "X-Auth_Team",
        "X-Auth-Roles",
        "X-Auth-Token",
        "Remote-User",
        "X-Forwarded-User",
        "X-Forwarded-Prefix",
        "X-Original-URL",
        "X-HTTP-Method-Override",
        "Forwarded",
        "Origin",
        "X-Request-Id",
        "User-Agent",
        "Accept",
        "Status",
        "Claim-Status",
        "Protocols",
    ];
    let long = [
        "X-".to_owned() + &"long".repeat(11),
        "X-".to_owned() + &"long-".repeat(25) + "e",
    ];
    names
        .iter()
        .map(|name| (*name).to_owned())
        .chain(long)
        .collect()
}

/// 35 claims in headers of strange names: each arrives, in one spelling and with doorward's value
/// only, whatever the client says.
fn strange_names_arrive(proxy: &Proxy) {
    let names = strange_names();
    let mapping: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(at, name)| format!("c{at}={name}"))
        .collect();
    let idp = TestIssuer::new();
    let gate = TestGate::new()
        .trusting(&idp)
        .set("CLAIM_HEADERS", mapping.join(", "));
    let site = Site::with_printed_lines(proxy, idp, gate);
    let token = (0..names.len()).fold(site.idp.token(), |token, at| {
        token.claim(&format!("c{at}"), format!("value-{at}"))
    });
    let token = token.sign();
    let all_at_once = |request: Request| {
        names
            .iter()
            .fold(request, |request, name| request.header(name, MALLORY))
    };
    for request in [site.get("/"), all_at_once(site.get("/"))] {
        let seen = site.served(request.bearer(&token));
        for (at, name) in names.iter().enumerate() {
            assert_eq!(values(&seen, name), [format!("value-{at}")], "{name}");
        }
        assert_nothing_is_mallorys(&seen, "all at once");
    }
    for name in &names {
        let request = spellings(name)
            .iter()
            .fold(site.get("/"), |request, own| request.header(own, MALLORY));
        assert_nothing_is_mallorys(&site.served(request.bearer(&token)), name);
    }
    // A token without any of the claims leaves no room for a value of the client.
    assert_nothing_is_mallorys(
        &site.served(all_at_once(site.get("/")).bearer(&site.idp.token().sign())),
        "no claims",
    );
    assert!([400, 401].contains(&site.refused(all_at_once(site.get("/"))).status));
}

/// All values that a server may take for this header's, which reads hyphens and underscores alike.
fn values(seen: &Echoed, name: &str) -> Vec<String> {
    let folded = |name: &str| name.to_ascii_lowercase().replace('_', "-");
    let same = seen
        .fields
        .iter()
        .filter(|(own, _)| folded(own) == folded(name));
    same.map(|(_, value)| value.clone()).collect()
}

fn assert_nothing_is_mallorys(seen: &Echoed, how: &str) {
    assert!(
        !seen.fields.iter().any(|(_, value)| value.contains(MALLORY)),
        "{how}: {seen:?}"
    );
}

/// Spellings that a server may take for this name: every separator by every character that a name
/// may have.
fn spellings(name: &str) -> BTreeSet<String> {
    let odd = [
        '-', '_', '.', '~', '!', '#', '$', '%', '&', '\'', '*', '+', '^', '`', '|',
    ];
    let with = |separator: char| name.replace(['-', '_'], &separator.to_string());
    let mixed = odd.map(|separator| name.replacen(['-', '_'], &separator.to_string(), 1));
    let spelled: BTreeSet<_> = odd
        .map(with)
        .into_iter()
        .chain(mixed)
        .chain([name.to_uppercase()])
        .collect();
    // `Origin: *` and the like is the client's own business.
    spelled
        .into_iter()
        .filter(|spelling| !spelling.is_empty())
        .collect()
}

#[test]
fn strange_names_arrive_behind_nginx() {
    strange_names_arrive(&NGINX);
}

#[test]
fn strange_names_arrive_behind_traefik() {
    strange_names_arrive(&TRAEFIK);
}

#[test]
fn strange_names_arrive_behind_caddy() {
    strange_names_arrive(&CADDY);
}

#[test]
fn strange_names_arrive_behind_envoy() {
    strange_names_arrive(&ENVOY);
}

#[test]
fn strange_names_arrive_behind_envoy_by_grpc() {
    strange_names_arrive(&ENVOY_GRPC);
}

#[test]
fn strange_names_arrive_behind_haproxy() {
    strange_names_arrive(&HAPROXY);
}

/// A token in a header of its own gets to doorward, and one name may be both: the client's token
/// in, doorward's claim out.
#[test]
fn a_token_source_is_asked_with() {
    for proxy in PROXIES {
        let idp = TestIssuer::new();
        let gate = TestGate::new().trusting(&idp).set(
            "TOKEN_SOURCES",
            "bearer, header:Api-Token, header:X-User-Id",
        );
        let site = Site::with_printed_lines(proxy, idp, gate.set("CLAIM_HEADERS", "sub=X-User-Id"));
        let token = site.idp.token().sign();
        assert_eq!(
            site.served(site.get("/").header("API-TOKEN", &token))
                .get("X-User-Id"),
            "alice",
            "{}",
            proxy.dialect
        );
        assert_eq!(
            site.served(site.get("/").header("X-User-Id", &token))
                .get("X-User-Id"),
            "alice",
            "{}",
            proxy.dialect
        );
        assert_eq!(
            site.refused(site.get("/").header("X-User-Id", MALLORY))
                .status,
            401
        );
    }
}

/// No name may be missing here: traefik and nginx ask before they remove.
#[test]
fn a_token_source_that_is_removed_afterwards_is_asked_with() {
    for proxy in [&NGINX, &TRAEFIK] {
        let idp = TestIssuer::new();
        let gate = TestGate::new().trusting(&idp).set(
            "TOKEN_SOURCES",
            "header:X-Auth-Token, header:X-Forwarded-User",
        );
        let site = Site::with_printed_lines(proxy, idp, gate);
        let token = site.idp.token().sign();
        for name in ["X-Auth-Token", "X-Forwarded-User"] {
            let seen = site.served(site.get("/").header(name, &token));
            assert_eq!(
                (seen.get("X-Auth-Subject"), seen.get(name)),
                ("alice", ""),
                "{} {name}",
                proxy.dialect
            );
        }
    }
}

/// nginx, Caddy and `HAProxy` can put the protocols without the token in place of the client's.
#[test]
fn a_token_among_websocket_protocols_stays_with_the_proxy() {
    for proxy in [&NGINX, &CADDY, &HAPROXY] {
        let idp = TestIssuer::new();
        let gate = TestGate::new()
            .trusting(&idp)
            .set("TOKEN_SOURCES", "bearer, websocket");
        let site = Site::with_printed_lines(proxy, idp, gate);
        let token = site.idp.token().sign();
        for (offered, left) in [
            (format!("bearer, {token}, chat"), "chat"),
            (format!("bearer, {token}"), ""),
        ] {
            let seen = site.served(site.get("/").header("Sec-WebSocket-Protocol", &offered));
            assert_eq!(
                seen.get("Sec-WebSocket-Protocol"),
                left,
                "{}",
                proxy.dialect
            );
        }
        let seen = site.served(
            site.get("/")
                .header("Sec-WebSocket-Protocol", "chat")
                .bearer(&token),
        );
        assert_eq!(
            seen.get("Sec-WebSocket-Protocol"),
            "chat",
            "{}",
            proxy.dialect
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the names are, the lines are read as what they are meant to be, and as nothing
    /// else.
    #[test]
    fn nothing_that_is_printed_breaks_out(
        mapped in proptest::collection::vec("[A-Za-z0-9_-]{1,6}|[A-Za-z0-9_-]{1,128}", 1..8),
        asked in proptest::collection::vec("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}|[0-9A-Za-z-]{1,12}", 0..4),
    ) {
        let entries: Vec<_> = mapped.iter().map(|header| json!({"claim": "a", "header": header})).collect();
        let sources: Vec<_> = asked.iter().map(|name| format!("header:{name}")).chain(["bearer".to_owned()]).collect();
        let file = json!({"claim_headers": entries, "token_sources": sources});
        let Ok(configuration) = secret(&[]).file(file.to_string()).configuration() else { return Ok(()) };
        let names = HeaderNames::of(&configuration);
        for proxy in Named::ALL {
            let Ok(blocks) = proxy.blocks(&names) else { continue };
            prop_assert!(blocks.iter().flat_map(Block::lines).all(|line| !line.contains(['\n', '\r', '\0'])));
            let read: Vec<_> = blocks.iter().map(|block| read(proxy, block)).collect();
            let told = read.concat();
            for name in &mapped {
                let is_there = told.iter().any(|own| own.eq_ignore_ascii_case(name));
                prop_assert!(is_there || proxy == Named::EnvoyGrpc || name.to_ascii_lowercase().starts_with("x-auth-"), "{proxy} {name}");
            }
            if proxy != Named::Caddy && proxy != Named::IngressNginx {
                prop_assert!(asked.iter().all(|name| told.iter().any(|own| own.eq_ignore_ascii_case(name))), "{proxy} {asked:?}");
            }
        }
    }
}

/// The names in a block, as the proxy's own reader of files would see them.
fn read(proxy: Named, block: &Block) -> Vec<String> {
    let lines: Vec<&str> = block.lines().iter().map(String::as_str).collect();
    match proxy {
        Named::Nginx => directives(&lines, nginx_directive),
        Named::Caddy => directives(&lines, caddy_directive),
        Named::Haproxy => directives(&lines, haproxy_directive),
        Named::Traefik if block.begin().ends_with("labels") => Vec::new(),
        _ => texts(
            &serde_saphyr::from_str(&lines.join("\n"))
                .unwrap_or_else(|error| panic!("{error}: {lines:#?}")),
        ),
    }
}

fn directives(lines: &[&str], read: fn(&str) -> Vec<String>) -> Vec<String> {
    lines
        .iter()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| read(line))
        .collect()
}

fn nginx_directive(line: &str) -> Vec<String> {
    let words: Vec<_> = line.strip_suffix(';').unwrap().split_whitespace().collect();
    let is_word = |word: &str| {
        word.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_$\"".contains(&byte))
    };
    assert!(words.iter().all(|word| is_word(word)), "{line}");
    match words[..] {
        ["auth_request_set", variable, value] => {
            assert!(
                variable.starts_with("$doorward_") && value.starts_with("$upstream_http_"),
                "{line}"
            );
            Vec::new()
        }
        ["proxy_set_header", name, "\"\""] => {
            assert!(!name.contains(['$', '"']), "{line}");
            Vec::new()
        }
        ["proxy_headers_hash_bucket_size", "256"]
        | ["proxy_set_header", "X-Real-IP", "$remote_addr"] => Vec::new(),
        ["proxy_set_header", name, value] => {
            assert!(!name.contains(['$', '"']), "{line}");
            assert!(
                value.starts_with("$doorward_") || value.starts_with("$http_"),
                "{line}"
            );
            vec![name.to_owned()]
        }
        _ => panic!("{line}"),
    }
}

fn caddy_directive(line: &str) -> Vec<String> {
    let words: Vec<_> = line.split(' ').collect();
    match words[..] {
        ["request_header", removed] => {
            assert!(
                removed.starts_with('-') && !removed.contains(['{', '}', '"']),
                "{line}"
            );
            Vec::new()
        }
        ["copy_headers", ref names @ ..] => {
            let is_name = |name: &str| {
                name.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            };
            assert!(names.iter().all(|name| is_name(name)), "{line}");
            names.iter().map(|name| (*name).to_owned()).collect()
        }
        _ => panic!("{line}"),
    }
}

fn haproxy_directive(line: &str) -> Vec<String> {
    if let Some(table) = line.strip_prefix("local ") {
        let (_, list) = table.split_once(" = { ").unwrap();
        let names = list.strip_suffix(" }").unwrap().split(", ");
        return names
            .map(|name| serde_json::from_str(name).unwrap())
            .collect();
    }
    let words: Vec<_> = line.split(' ').collect();
    let rest = words
        .strip_prefix(&["http-request", "del-header"])
        .unwrap_or_else(|| panic!("{line}"));
    assert!(
        matches!(
            rest,
            [_] | [_, "-m", "beg"] | ["[^a-zA-Z0-9-]", "-m", "reg"]
        ),
        "{line}"
    );
    assert!(!rest[0].contains(['"', '\'', '\\', '#']), "{line}");
    Vec::new()
}

/// Every text in a document but for the keys, and each name in a list in one text.
fn texts(document: &Value) -> Vec<String> {
    match document {
        Value::String(text) => {
            let patterns = text
                .split('|')
                .map(|part| part.trim_start_matches('^').trim_end_matches('$'));
            patterns
                .flat_map(|part| part.split(','))
                .map(str::to_owned)
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| *key != "ignore_case")
            .flat_map(|(_, value)| texts(value))
            .collect(),
        Value::Null => Vec::new(),
        other => panic!("a name was read as {other}"),
    }
}
