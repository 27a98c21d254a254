//! Handlers that `make bench-features` compares doorward with: they make one call for each request,
//! read what it says, and check nothing else. An introspection endpoint with a fixed answer is here too.
//!
//! `calls endpoint ADDRESS` answers introspection requests (RFC 7662). `calls introspect ADDRESS
//! URL` asks such an endpoint about the token of each request. `calls query ADDRESS DATABASE` looks
//! up the subject of the token, without verifying it.
#![allow(clippy::disallowed_methods)] // the list is for the service

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::{PgPool, Row};

/// The handler to run, with what it needs.
enum Mode {
    Endpoint,
    Introspect(reqwest::Client, String),
    Query(PgPool),
}

#[derive(Deserialize)]
struct Subject {
    sub: String,
}

/// It reads the question: otherwise the server would close the connection.
async fn endpoint(_question: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(
        r#"{"active":true,"sub":"alice","iss":"https://issuer.example","aud":"bench","client_id":"bench","scope":"read write","token_type":"Bearer","exp":4102444800,"email":"alice@example.com"}"#,
    )
}

async fn introspect(
    request: HttpRequest,
    endpoint: Data<(reqwest::Client, String)>,
) -> HttpResponse {
    match introspected(&request, &endpoint).await {
        Some(claims) if claims.get("active") == Some(&Value::Bool(true)) => allow(&claims),
        _ => HttpResponse::Unauthorized().finish(),
    }
}

async fn introspected(
    request: &HttpRequest,
    (client, url): &(reqwest::Client, String),
) -> Option<Map<String, Value>> {
    let form = [
        ("token", token(request)?),
        ("token_type_hint", "access_token"),
    ];
    let form = form
        .map(|(name, value)| format!("{name}={value}"))
        .join("&");
    let asked = client
        .post(url)
        .basic_auth("bench", Some("secret"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = asked.send().await.ok()?.bytes().await.ok()?;
    serde_json::from_slice(&answer).ok()
}

async fn query(request: HttpRequest, pool: Data<PgPool>) -> HttpResponse {
    match email(&request, &pool).await {
        Some((subject, email)) => with_headers([
            &subject,
            "https://issuer.example",
            "bench",
            "read write",
            &email,
        ]),
        None => HttpResponse::Unauthorized().finish(),
    }
}

async fn email(request: &HttpRequest, pool: &PgPool) -> Option<(String, String)> {
    let payload = token(request)?.split('.').nth(1)?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let Subject { sub } = serde_json::from_slice(&payload).ok()?;
    let statement = "SELECT id, email, role, active, visits FROM users WHERE id = $1";
    let row = sqlx::query(statement).bind(&sub).fetch_optional(pool);
    let email = row.await.ok()??.try_get("email").ok()?;
    Some((sub, email))
}

fn token(request: &HttpRequest) -> Option<&str> {
    let field = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    field.strip_prefix("Bearer ")
}

/// Answers with the claims of an introspection answer.
fn allow(claims: &Map<String, Value>) -> HttpResponse {
    let claim = |name| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    with_headers(["sub", "iss", "client_id", "scope", "email"].map(claim))
}

fn with_headers([subject, issuer, client, scopes, email]: [&str; 5]) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-auth-subject", subject))
        .insert_header(("x-auth-issuer", issuer))
        .insert_header(("x-auth-client-id", client))
        .insert_header(("x-auth-scopes", scopes))
        .insert_header(("x-auth-email", email))
        .finish()
}

fn routes(config: &mut ServiceConfig, mode: &Mode) {
    match mode {
        Mode::Endpoint => config.default_service(web::to(endpoint)),
        Mode::Introspect(client, url) => config
            .app_data(Data::new((client.clone(), url.clone())))
            .default_service(web::to(introspect)),
        Mode::Query(pool) => config
            .app_data(Data::new(pool.clone()))
            .default_service(web::to(query)),
    };
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (address, mode) = match words[..] {
        ["endpoint", address] => (address, Mode::Endpoint),
        ["introspect", address, url] => {
            let client = reqwest::Client::builder().no_proxy().build()?;
            (address, Mode::Introspect(client, url.to_owned()))
        }
        ["query", address, database] => (address, Mode::Query(PgPool::connect(database).await?)),
        _ => return Err("usage: calls endpoint|introspect|query ADDRESS [URL]".into()),
    };
    let mode = Data::new(mode);
    let app = move || App::new().configure(|config| routes(config, &mode));
    HttpServer::new(app).workers(1).bind(address)?.run().await?;
    Ok(())
}
