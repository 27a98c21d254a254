//! What the benchmarks compare with: an actix handler that knows the answer and checks nothing.
//!
//! It says what doorward says about the token of those scripts, the ordinary way. It takes its
//! address as argument, or `unix:/path`. Beside `/verify` it answers every path, as proxies ask
//! under more than one. With the DER of an RSA key as second argument it also checks the signature
//! of the token, and still nothing else.
#![allow(clippy::disallowed_methods)] // of the service

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

async fn verify(request: HttpRequest, key: Data<ParsedPublicKey>) -> HttpResponse {
    match is_signed(&request, &key) {
        Some(()) => answer().await,
        None => HttpResponse::Unauthorized().finish(),
    }
}

fn is_signed(request: &HttpRequest, key: &ParsedPublicKey) -> Option<()> {
    let token = request
        .headers()
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    let (message, signature) = token.rsplit_once('.')?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    key.verify_sig(message.as_bytes(), &signature).ok()
}

async fn answer() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-auth-subject", "alice"))
        .insert_header(("x-auth-issuer", "https://issuer.example"))
        .insert_header(("x-auth-client-id", "bench"))
        .insert_header(("x-auth-scopes", "read write"))
        .insert_header(("x-auth-email", "alice@example.com"))
        .finish()
}

fn routes(config: &mut ServiceConfig, key: Option<&Data<ParsedPublicKey>>) {
    match key {
        Some(key) => config
            .app_data(key.clone())
            .route("/verify", web::get().to(verify)),
        None => config
            .route("/verify", web::get().to(answer))
            .default_service(web::to(answer)),
    };
}

fn parse(key: Vec<u8>) -> std::io::Result<ParsedPublicKey> {
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).map_err(std::io::Error::other)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".into());
    let key = std::env::args()
        .nth(2)
        .map(std::fs::read)
        .transpose()?
        .map(parse)
        .transpose()?
        .map(Data::new);
    let app = move || App::new().configure(|config| routes(config, key.as_ref()));
    let server = HttpServer::new(app).workers(1);
    let server = match address.strip_prefix("unix:") {
        Some(path) => server.bind_uds(path)?,
        None => server.bind(address)?,
    };
    for address in server.addrs() {
        println!("{address}");
    }
    server.run().await
}
