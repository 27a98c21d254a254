//! A site behind doorward. It asks as a proxy would, and echoes what the application behind the
//! proxy would see.

use std::future::ready;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Map, Value, json};

use super::start_page::{POLICY, SCRIPT};

struct Site {
    client: reqwest::Client,
    verify: String,
}

/// Creates the server of the site. Every path of it but the start page and its script is guarded.
pub(super) fn serve(
    socket: TcpListener,
    verify: SocketAddr,
    start_page: String,
) -> std::io::Result<Server> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let site = Site {
        client: client.map_err(std::io::Error::other)?,
        verify: format!("http://{verify}/verify/traefik"),
    };
    let site = web::Data::new(site);
    let start_page: web::Bytes = start_page.into();
    let app = move || {
        let html = start_page.clone();
        App::new()
            .app_data(site.clone())
            .route(
                "/",
                web::get().to(move || ready(open("text/html", html.clone()))),
            )
            .route(
                "/demo.js",
                web::get().to(|| ready(open("text/javascript", SCRIPT.into()))),
            )
            .default_service(web::to(guarded))
    };
    Ok(HttpServer::new(app)
        .disable_signals()
        .workers(1)
        .listen(socket)?
        .run())
}

/// Answers with a part of the start page.
fn open(media_type: &'static str, body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Content-Type", format!("{media_type}; charset=utf-8")))
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("Cache-Control", "no-store"))
        .body(body)
}

async fn guarded(request: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    match site.ask(&request).await {
        Ok(answer) if answer.status().as_u16() == 200 => echo(&request, &answer),
        Ok(answer) => pass_on(answer).await,
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

impl Site {
    async fn ask(&self, request: &HttpRequest) -> reqwest::Result<reqwest::Response> {
        let mut verification = self
            .client
            .get(&self.verify)
            .header("X-Forwarded-Method", request.method().as_str())
            .header("X-Forwarded-Proto", "http")
            .header("X-Forwarded-Uri", request.uri().to_string());
        // Not what the client says in `Forwarded` or `X-Forwarded-Host`.
        for value in request.headers().get_all("host") {
            verification = verification.header("X-Forwarded-Host", value.as_bytes());
        }
        for value in request.headers().get_all("authorization") {
            verification = verification.header("Authorization", value.as_bytes());
        }
        verification.send().await
    }
}

/// Returns what the application would see. The identity is doorward's, whatever the client sent
/// under these names.
fn echo(request: &HttpRequest, answer: &reqwest::Response) -> HttpResponse {
    let identity: Map<String, Value> = answer
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-auth-"))
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into(),
            )
        })
        .collect();
    HttpResponse::Ok().json(
        json!({"method": request.method().as_str(), "path": request.path(), "identity": identity}),
    )
}

async fn pass_on(answer: reqwest::Response) -> HttpResponse {
    let status =
        StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers() {
        let passed = matches!(
            name.as_str(),
            "www-authenticate" | "x-auth-reason" | "content-type" | "retry-after" | "cache-control"
        );
        if let (true, Ok(name), Ok(value)) = (
            passed,
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            response.insert_header((name, value));
        }
    }
    response.body(answer.bytes().await.unwrap_or_default())
}
