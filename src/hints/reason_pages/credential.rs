//! Reasons about the credential in the request.

use super::page::{Example, ReasonPage, issuer, send_token};

pub(super) const MISSING: ReasonPage = ReasonPage {
    causes: &[
        "The request has no token in any of the places that `token_sources` lists.",
        "The proxy does not pass the header or the cookie with the token to doorward.",
        "The client sends the token in another place, such as a cookie.",
    ],
    signs: &[
        "The response has `WWW-Authenticate` without `error`: the client has not tried yet (RFC 6750 section 3.1).",
    ],
    cures: &[
        "See which token sources were searched: `doorward explain`.",
        "Send the token in one of them, or add the place to `token_sources`.",
        "Compare the proxy's configuration with the one in `deploy/`. It must pass `Authorization`, or the cookie, in its request to doorward.",
        "If a path needs no token, give it a route with `access: anonymous`.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: "curl -i http://127.0.0.1:8080/verify\n",
    },
};

pub(super) const AUTHORIZATION_MALFORMED: ReasonPage = ReasonPage {
    causes: &[
        "The `Authorization` field has the token without the word `Bearer` before it.",
        "The field has the word `Bearer` only, because the variable for the token was empty.",
        "With `Basic`: user and password are not in padded base64 or not UTF-8, or there is no colon.",
    ],
    signs: &["`WWW-Authenticate` has `error=\"invalid_request\"`."],
    cures: &["Send `Authorization: Bearer TOKEN`, with one space between the two words."],
    example: Example::Commands {
        configuration: issuer!(),
        script: "curl -i -H 'Authorization: eyJhbGciOiJIUzI1NiJ9.e30.c2ln' http://127.0.0.1:8080/verify\n",
    },
};

pub(super) const MALFORMED: ReasonPage = ReasonPage {
    causes: &[
        "The text is no JWT: it does not have three parts of base64url with dots between.",
        "The issuer issued an opaque token, and no issuer has `introspection: opaque` or a matching prefix in `token_prefixes`.",
        "An API key was mistyped or cut off: its check sum does not match.",
        "The token was cut off, or is in quotes.",
        "Header or payload is not strict JSON, for example because a member is there twice.",
    ],
    signs: &[],
    cures: &[
        "Look at the token: `doorward token inspect` reads it from stdin.",
        "If the provider issues opaque tokens, set `introspection: opaque`, or have it issue a JWT. Some providers do so only for a token with an audience.",
        "Remove quotes and spaces around the token, and see whether something limits its length.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: "curl -i -H 'Authorization: Bearer opaque-token' http://127.0.0.1:8080/verify\n",
    },
};

pub(super) const TOO_LARGE: ReasonPage = ReasonPage {
    causes: &[
        "The token has more bytes than `max_token_bytes`. Often it has a long list of groups.",
    ],
    signs: &[],
    cures: &[
        "Have the issuer put fewer claims into the token.",
        "Otherwise raise `max_token_bytes`. The proxy's limit for header fields must be higher too.",
    ],
    example: Example::Commands {
        configuration: issuer!("max_token_bytes: 64\n"),
        script: send_token!("--issuer https://idp.example.com --audience api --subject alice"),
    },
};

pub(super) const AMBIGUOUS: ReasonPage = ReasonPage {
    causes: &[
        "The request has two different tokens, for example one in `Authorization` and one in a cookie.",
        "The request has the `Authorization` field, the cookie or the parameter twice.",
    ],
    signs: &[],
    cures: &[
        "Send one token, in one place.",
        "Remove the places that are not needed from `token_sources`.",
        "doorward never chooses one of two tokens: the application might choose the other one.",
    ],
    example: Example::Commands {
        configuration: issuer!("token_sources: [bearer, 'cookie:session']\n"),
        script: "curl -i -H 'Authorization: Bearer one' -H 'Cookie: session=two' http://127.0.0.1:8080/verify\n",
    },
};

pub(super) const SCHEME_UNSUPPORTED: ReasonPage = ReasonPage {
    causes: &["The `Authorization` field has another scheme than `Bearer`, such as `Basic`."],
    signs: &[],
    cures: &[
        "Send `Authorization: Bearer TOKEN`.",
        "To accept passwords, set `htpasswd_file`, and add `basic` to `token_sources`.",
        "If the application itself uses `Authorization` for another purpose, have clients send the token elsewhere, and set `token_sources`.",
    ],
    example: Example::Commands {
        configuration: issuer!(),
        script: "curl -i -u alice:password http://127.0.0.1:8080/verify\n",
    },
};

pub(super) const INACTIVE: ReasonPage = ReasonPage {
    causes: &[
        "The issuer says by introspection (RFC 7662) that the token is not active: it has expired, was revoked, or is not a token of this issuer.",
        "The user logged out, or an administrator ended the session.",
        "The client that asks (`introspection_client_id`) may not see this token. Some providers then answer `active: false`.",
    ],
    signs: &[
        "`doorward_dependency_requests_total{dependency=\"introspection\"}` counts the calls. A negative answer is kept for `introspection_negative_ttl`.",
    ],
    cures: &[
        "Get a new token.",
        "If the token is new, send it to the introspection endpoint by hand, with the credentials of doorward, and see what comes.",
        "Give the client of doorward the right to introspect tokens of this API.",
    ],
    example: Example::Prepared {
        preparation: "\
# an introspection endpoint, which ends after one request
cat > endpoint.py <<'END'
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{\"active\": false}')
host, port = '127.0.0.1:9999'.split(':')
server = HTTPServer((host, int(port)), Endpoint)
if os.fork() == 0:
    server.timeout = 60
    server.handle_request()
END
python3 endpoint.py > endpoint.log 2>&1
",
        configuration: issuer!(
            "introspection: opaque\nintrospection_url: http://127.0.0.1:9999/introspect\nintrospection_auth: none\n"
        ),
        script: "curl -i -H 'Authorization: Bearer opaque-token' http://127.0.0.1:8080/verify\n",
    },
};

pub(super) const UNKNOWN: ReasonPage = ReasonPage {
    causes: &[
        "The API key is not in `api_keys_file`.",
        "The key has expired (`expires`), or is disabled (`disabled: true`). The response is the same, so that an attacker cannot find out which keys exist.",
        "The file was changed and cannot be used, so the former keys are still active.",
    ],
    signs: &["`/status` shows how many keys are active, and when the file was last read."],
    cures: &[
        "Look at the key: `doorward key check` reads it from stdin and prints the hash to look for in the file.",
        "Make a new key: `doorward key new --subject NAME`, and add its line to the file.",
        "See in the log whether the file was refused.",
    ],
    example: Example::Prepared {
        preparation: "doorward key new --subject other > other.key 2> keys.yaml\n",
        configuration: "api_keys_file: keys.yaml\n",
        script: "\
key=$(doorward key new --subject ci 2> line.yaml)
curl -i -H \"Authorization: Bearer $key\" http://127.0.0.1:8080/verify
",
    },
};

pub(super) const PASSWORD_INVALID: ReasonPage = ReasonPage {
    causes: &[
        "The password is wrong, or the user is not in `htpasswd_file`. The response is the same for both.",
        "The password has more than 72 bytes with bcrypt, more than 1 KiB, or a NUL.",
        "The client encodes the password in ISO 8859-1. doorward reads UTF-8 (RFC 7617).",
    ],
    signs: &["`/status` shows how many users are active, and when the file was last read."],
    cures: &[
        "Send the right password: `curl -u USER URL` asks for it.",
        "Set a new one: `htpasswd -B htpasswd USER`.",
        "See in the log whether a change of the file was refused.",
    ],
    example: Example::Prepared {
        preparation: "htpasswd -bcB htpasswd alice right\n",
        configuration: "htpasswd_file: htpasswd\ntoken_sources: [basic]\n",
        script: "curl -i -u alice:wrong http://127.0.0.1:8080/verify\n",
    },
};
