//! Reasons about the header of a token, its issuer and its signature.

use super::page::{Example, ReasonPage, issuer, send_token};

pub(super) const ALGORITHM_NOT_ALLOWED: ReasonPage = ReasonPage {
    causes: &[
        "The `alg` in the token's header is not in `algorithms` of the issuer.",
        "The key with the token's `kid` is for another algorithm.",
        "`alg` is `none`: the token has no signature. This is an attack, or a test token.",
    ],
    signs: &["`doorward token inspect` shows `alg` and `kid` of a token."],
    cures: &[
        "Compare `alg` of the token with `algorithms`, and with `alg` of the key at the issuer.",
        "Add the algorithm to `algorithms` if the issuer really uses it.",
        "With `hmac_secret` only `HS256` is allowed until `algorithms` has others.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!(
            "--algorithm HS512 --issuer https://idp.example.com --audience api",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        ),
    },
};

pub(super) const CRITICAL_UNSUPPORTED: ReasonPage = ReasonPage {
    causes: &[
        "The token's header has `crit` (RFC 7515 section 4.1.11), and doorward supports no such extension.",
    ],
    signs: &[],
    cures: &[
        "Have the issuer leave out `crit`. It says that a token must not be accepted without understanding the extension.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: "\
# header: {\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}
curl -i -H 'Authorization: Bearer eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiZXhwIl0sImV4cCI6MX0.e30.c2ln' \\
  http://127.0.0.1:8080/verify
",
    },
};

pub(super) const ENCRYPTED: ReasonPage = ReasonPage {
    causes: &[
        "The token is encrypted (JWE, five parts). Only the one who has the key can read it.",
        "With Auth0: the client asked for no audience, so the token is for Auth0's `/userinfo` only.",
    ],
    signs: &["The token has four dots."],
    cures: &[
        "Have the issuer sign access tokens without encrypting them.",
        "With Auth0: request the token with `audience`, the identifier of the API.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: "\
# header: {\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}
curl -i -H 'Authorization: Bearer eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.a.b.c.d' \\
  http://127.0.0.1:8080/verify
",
    },
};

pub(super) const ISSUER_UNKNOWN: ReasonPage = ReasonPage {
    causes: &[
        "The `iss` of the token differs from `issuer` in the configuration. It is compared byte by byte: a slash at the end, `http` for `https`, a port, upper and lower case.",
        "The token has no `iss`.",
        "The route does not accept this issuer (`issuers` of the route).",
    ],
    signs: &[
        "`/status` lists the configured issuers. `doorward explain` shows the nearest one and the difference.",
    ],
    cures: &[
        "Look at `iss` of the token: `doorward token inspect`.",
        "Set `issuer` to exactly this value, if you trust this issuer.",
        "If a proxy or a container changes the provider's host name, set its public URL at the provider. With Keycloak see also `keycloak_internal_url`.",
        "On a route: add the name of the issuer to `issuers`.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!("--issuer https://idp.example.com/ --audience api --subject alice"),
    },
};

pub(super) const KEY_UNKNOWN: ReasonPage = ReasonPage {
    causes: &[
        "The issuer publishes no key with the `kid` of the token. doorward has fetched its keys again, or did so less than `jwks_min_refetch` ago.",
        "The token is of another environment, such as staging, with the same `iss`.",
        "The issuer has removed the key while its tokens were still in use.",
        "The keys are in the configuration or in a file, and the issuer has a new one.",
    ],
    signs: &[
        "`/status` lists the keys of each issuer. `doorward check --online` fetches them now.",
        "`doorward_jwks_refresh_total` shows the fetches.",
    ],
    cures: &[
        "Compare `kid` of the token (`doorward token inspect`) with the keys in `/status`.",
        "If the issuer publishes the key, see why fetching fails: `doorward check --online`.",
        "If it does not, request a new token from the right environment.",
        "Renew keys in the configuration or in a file.",
    ],
    example: Example::Commands {
        configuration: "\
issuer: https://idp.example.com
audience: api
jwks: {keys: [{kid: '1', kty: EC, crv: P-256, x: MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4, y: 4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM}]}
",
        script: "\
# header: {\"alg\":\"ES256\",\"kid\":\"2\"}, claims: {\"iss\":\"https://idp.example.com\"}
curl -i -H 'Authorization: Bearer eyJhbGciOiJFUzI1NiIsImtpZCI6IjIifQ.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSJ9.c2ln' \\
  http://127.0.0.1:8080/verify
",
    },
};

pub(super) const INVALID: ReasonPage = ReasonPage {
    causes: &[
        "The token was signed with another key than the one that the issuer publishes under this `kid`, or with another secret.",
        "The token was changed after it was signed.",
        "The encoding of the secret is wrong (`hmac_secret_encoding`).",
    ],
    signs: &["Many of these from one client can be an attack with forged tokens."],
    cures: &[
        "Request a new token, and send it unchanged.",
        "With a shared secret: compare it with the issuer's, encoding included. During a rotation set the old one as `hmac_secret_previous`.",
        "With a key in the configuration or in a file: compare it with the issuer's key.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --subject alice",
            "another-secret-of-32-characters!"
        ),
    },
};
