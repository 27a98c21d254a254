//! `GET /`: a page of links, for a browser.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>doorward</title>
<h1>doorward</h1>
<ul>
<li><a href=\"/status\">/status</a>: issuers, their keys and how fetching goes
<li><a href=\"/metrics\">/metrics</a>: for Prometheus
<li><a href=\"/healthz\">/healthz</a>: the process answers
<li><a href=\"/readyz\">/readyz</a>: there are keys to verify tokens with
<li><code>POST /explain</code>: how a decision comes about
</ul>
</html>
";

/// Answers with the page, which has no script and loads nothing.
pub(super) async fn index() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(PAGE)
}
