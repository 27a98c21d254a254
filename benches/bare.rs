//! What the benchmarks compare with: an actix handler that knows the answer and checks nothing.
//!
//! It says what doorward says about the token of those scripts, the ordinary way. It takes its address as argument, or
//! `unix:/path`. Beside `/verify` it answers every path, as proxies ask under more than one.

use actix_web::{App, HttpResponse, HttpServer, web};

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let app = || App::new().route("/verify", web::get().to(answer)).default_service(web::to(answer));
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
