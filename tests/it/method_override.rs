//! A WSGI application with the usual override of the method, behind each proxy: it serves the
//! request that doorward allowed.

use std::process::Command;

use crate::caddy::CADDY;
use crate::envoy::ENVOY;
use crate::envoy_grpc::ENVOY_GRPC;
use crate::haproxy::HAPROXY;
use crate::nginx::NGINX;
use crate::support::{Component, Request, Site, program};
use crate::traefik::TRAEFIK;

/// Werkzeug behind the server of Python's own library, with the middleware that Flask's
/// documentation shows.
const APPLICATION: &str = r#"
import sys
from wsgiref.simple_server import make_server

from flask import Flask, request

app = Flask(__name__)


class MethodOverride:
    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if method in ("GET", "PUT", "PATCH", "DELETE"):
            environ["REQUEST_METHOD"] = method
        return self.app(environ, start_response)


@app.route("/", methods=["POST", "DELETE"])
def served():
    return request.method


app.wsgi_app = MethodOverride(app.wsgi_app)
make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
"#;

const SPELLINGS: [&str; 6] = [
    "X-HTTP-Method-Override",
    "X_HTTP_Method_Override",
    "X-HTTP_Method-Override",
    "X-HTTP-Method_Override",
    "x_http-method-override",
    "X_HTTP_METHOD_OVERRIDE",
];

#[test]
fn the_method_allowed_is_the_method_served() {
    let application = Component::listening(|directory, port| {
        let file = directory.join("application.py");
        std::fs::write(&file, APPLICATION).unwrap();
        let mut command = Command::new(program("python"));
        command.arg(file).arg(port.to_string());
        command
    });
    let post = |request: Request, spelling: &str| {
        let answer = request.header(spelling, "DELETE").body("x").send();
        assert_eq!(answer.status, 200, "{spelling}: {answer:?}");
        answer.body
    };
    for spelling in SPELLINGS {
        let around = Request::new(application.address, "POST", "/");
        assert_eq!(
            post(around, spelling),
            "DELETE",
            "the application does not fall for {spelling}"
        );
    }
    for proxy in [&NGINX, &TRAEFIK, &CADDY, &ENVOY, &ENVOY_GRPC, &HAPROXY] {
        let site = Site::in_front_of(
            proxy,
            application.address,
            "routes: [{name: all, match: {}}]\n",
        );
        for spelling in SPELLINGS {
            let request = site.request("POST", "/").bearer(&site.idp.token().sign());
            assert_eq!(
                post(request, spelling),
                "POST",
                "{} with {spelling}",
                proxy.dialect
            );
            assert_eq!(
                site.gate().log_lines().pop().unwrap()["method"],
                "POST",
                "{}",
                proxy.dialect
            );
        }
    }
}
