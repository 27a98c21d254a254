//! What `make bench-smoke` compares with: an actix handler that knows the answer and checks nothing.
//!
//! It says what doorward says about the token of that script, the ordinary way. It takes its address as argument.

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
    let server = HttpServer::new(|| App::new().route("/verify", web::get().to(answer))).workers(1).bind(address)?;
    for address in server.addrs() {
        println!("{address}");
    }
    server.run().await
}
