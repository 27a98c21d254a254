//! Reasons about the claims of a token.

use super::page::{Example, ReasonPage, issuer, send_token};

pub(super) const EXPIRED: ReasonPage = ReasonPage {
    causes: &[
        "`exp` of the token is in the past, by more than `leeway`.",
        "The client keeps using a token and does not refresh it.",
        "The clock of this machine is ahead.",
    ],
    signs: &[
        "`doorward_clock_skew_suspected_total` grows if tokens are refused by a few minutes only: a sign that clocks differ.",
    ],
    cures: &[
        "Get a new token. A client should do so when it receives this 401.",
        "If the token is new, compare the clocks of the issuer and of this machine (NTP).",
        "If clocks differ by a little, raise `leeway`.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --claims '{\"exp\": 1600000000}'"
        ),
    },
};

pub(super) const NOT_YET_VALID: ReasonPage = ReasonPage {
    causes: &[
        "`nbf` of the token is in the future, by more than `leeway`.",
        "The clock of the issuer is ahead, or the one of this machine is behind.",
    ],
    signs: &[
        "`doorward_clock_skew_suspected_total` grows if tokens are refused by a few minutes only.",
    ],
    cures: &[
        "Compare the clocks of the issuer and of this machine (NTP).",
        "If clocks differ by a little, raise `leeway`.",
        "If the token is meant for later, use it then.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --claims '{\"nbf\": 4000000000, \"exp\": 4000000300}'"
        ),
    },
};

pub(super) const ISSUED_IN_FUTURE: ReasonPage = ReasonPage {
    causes: &[
        "`iat` of the token is in the future, by more than `leeway`.",
        "The clock of the issuer is ahead, or the one of this machine is behind.",
    ],
    signs: &[
        "`doorward_clock_skew_suspected_total` grows if tokens are refused by a few minutes only.",
    ],
    cures: &[
        "Compare the clocks of the issuer and of this machine (NTP).",
        "If clocks differ by a little, raise `leeway`.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --claims '{\"iat\": 4000000000, \"exp\": 4000000300}'"
        ),
    },
};

pub(super) const TOO_OLD: ReasonPage = ReasonPage {
    causes: &[
        "The token was issued longer ago than `max_token_age`, counted from `iat`. It may not have expired yet.",
    ],
    signs: &[],
    cures: &[
        "Get a new token.",
        "If the issuer's tokens live longer on purpose, raise `max_token_age`.",
    ],
    example: Example::Commands {
        configuration: issuer!("max_token_age: 1h\n"),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --claims '{\"iat\": 1600000000}'"
        ),
    },
};

pub(super) const AUDIENCE_MISMATCH: ReasonPage = ReasonPage {
    causes: &[
        "The token is for another API: its `aud` has none of the names in `audience`.",
        "The client asked the issuer for a token without naming this API.",
        "The route has an `audience` of its own, and the token is not for it.",
        "The token has no `aud`. `audience_fallback` can name a claim in its place.",
    ],
    signs: &["`doorward explain` shows the expected names and the `aud` that was found."],
    cures: &[
        "Have the client request the token for this API (`audience`, `resource` or a scope, by provider; see [providers](../providers.md)).",
        "With Keycloak: add an audience mapper to a client scope of the client.",
        "Add a name to `audience` only if it is a name of this API. Otherwise tokens for another API are accepted here.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!("--issuer https://idp.example.com --audience other-api"),
    },
};

pub(super) const TYPE_MISMATCH: ReasonPage = ReasonPage {
    causes: &[
        "The token is an ID token or a refresh token, and not an access token.",
        "The header `typ` is another one than `token_type` and `accepted_types` allow.",
        "With `token_type: at+jwt`: the issuer writes `typ: JWT`.",
    ],
    signs: &["`doorward token inspect` shows `typ` and the claims that mark the kind of token."],
    cures: &[
        "Have the client send the access token.",
        "If the issuer does not follow RFC 9068, leave `token_type` at `any`.",
        "If the issuer writes a `typ` of its own, add it to `accepted_types`.",
    ],
    example: Example::Commands {
        configuration: issuer!("token_type: at+jwt\n"),
        script: send_token!("--typ JWT --issuer https://idp.example.com --audience api"),
    },
};

pub(super) const MISSING: ReasonPage = ReasonPage {
    causes: &[
        "The token has no `exp`, and `require_exp` is `true`.",
        "With `max_token_age`: the token has no `iat`.",
        "With `token_type: at+jwt`: one of the seven claims of RFC 9068 is missing.",
        "A claim is missing that the preset of the provider needs.",
    ],
    signs: &["`doorward explain` names the claim."],
    cures: &[
        "Have the issuer add the claim.",
        "If the issuer does not follow RFC 9068, leave `token_type` at `any`.",
        "`require_exp: false` accepts tokens that never expire. Use it only if they can be revoked in another way.",
    ],
    example: Example::Commands {
        configuration: issuer!("token_type: at+jwt\n"),
        script: send_token!(
            "--typ at+jwt --issuer https://idp.example.com --audience api --subject alice"
        ),
    },
};

pub(super) const INVALID: ReasonPage = ReasonPage {
    causes: &[
        "A claim has another type than its specification says, such as a text for `exp`.",
        "A claim that a preset reads has a form that the provider does not use.",
    ],
    signs: &["`doorward explain` names the claim, with the value that was found."],
    cures: &["Correct the mapper or the rule at the issuer that writes this claim."],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --claims '{\"exp\": \"tomorrow\"}'"
        ),
    },
};

pub(super) const PROOF_MISSING: ReasonPage = ReasonPage {
    causes: &[
        "The token has `cnf`: it is bound to a key of the client (DPoP or mutual TLS), and is only valid with a proof of possession. None was checked.",
    ],
    signs: &["`doorward token inspect` shows `cnf`."],
    cures: &[
        "Have the client request a bearer token, without DPoP and without a client certificate.",
        "Turn off sender-constrained tokens for this client at the issuer.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: send_token!(
            "--issuer https://idp.example.com --audience api --claims '{\"cnf\": {\"jkt\": \"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}}'"
        ),
    },
};
