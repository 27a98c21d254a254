//! A development issuer: fresh keys, metadata, key set, and a `/token` endpoint that signs any
//! token for any client.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use aws_lc_rs::error::Unspecified;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::Clock;
use crate::jose::{Algorithm, SigningKey};
use crate::platform::SystemClock;

/// A development issuer with a key for each of three algorithms.
#[derive(Clone)]
pub(super) struct DevelopmentIssuer(Arc<Inner>);

struct Inner {
    url: String,
    keys: Vec<SigningKey>,
}

/// The parameters of a token request, each with a default.
#[derive(Deserialize)]
struct TokenRequest {
    alg: Option<String>,
    sub: Option<String>,
    aud: Option<String>,
    scope: Option<String>,
    expires_in: Option<i64>,
}

impl DevelopmentIssuer {
    pub(super) fn new(url: String) -> Result<Self, Unspecified> {
        let key = |algorithm: Algorithm| {
            Ok(SigningKey::generate(algorithm)?.with_id(format!("demo-{algorithm}")))
        };
        let keys = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA].map(key);
        Ok(Self(Arc::new(Inner {
            url,
            keys: keys.into_iter().collect::<Result<_, Unspecified>>()?,
        })))
    }

    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    pub(super) fn serve(&self, socket: TcpListener) -> std::io::Result<Server> {
        let issuer = web::Data::new(self.clone());
        let app = move || {
            App::new()
                .app_data(issuer.clone())
                .route("/.well-known/openid-configuration", web::get().to(metadata))
                .route("/jwks", web::get().to(jwks))
                .route("/token", web::post().to(token))
        };
        Ok(HttpServer::new(app)
            .disable_signals()
            .workers(1)
            .listen(socket)?
            .run())
    }

    /// Signs these claims, with the issuer's defaults for those that are missing.
    pub(super) fn sign(&self, algorithm: Algorithm, claims: Value) -> Result<String, Unspecified> {
        let key = self
            .0
            .keys
            .iter()
            .find(|key| key.algorithm() == algorithm)
            .ok_or(Unspecified)?;
        let now = SystemClock.now();
        let mut all = json!({
            "iss": self.0.url,
            "sub": "alice",
            "aud": AUDIENCE,
            "client_id": "demo-client",
            "scope": "read write",
            "email": "alice@example.com",
            "iat": now.as_secs(),
            "exp": now.plus(TOKEN_LIFE).as_secs(),
        });
        if let (Value::Object(all), Value::Object(claims)) = (&mut all, claims) {
            all.extend(claims);
        }
        key.sign(&Map::from_iter([("typ".to_owned(), "at+jwt".into())]), &all)
    }
}

async fn metadata(issuer: web::Data<DevelopmentIssuer>) -> HttpResponse {
    let url = issuer.url();
    HttpResponse::Ok().json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks"),
        "token_endpoint": format!("{url}/token"),
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
    }))
}

async fn jwks(issuer: web::Data<DevelopmentIssuer>) -> HttpResponse {
    let keys: Vec<Value> = issuer
        .0
        .keys
        .iter()
        .filter_map(|key| key.to_public_jwk(None))
        .collect();
    HttpResponse::Ok().json(json!({ "keys": keys }))
}

async fn token(
    issuer: web::Data<DevelopmentIssuer>,
    request: web::Form<TokenRequest>,
) -> HttpResponse {
    let request = request.into_inner();
    let Ok(algorithm) = request.alg.as_deref().unwrap_or("RS256").parse() else {
        return HttpResponse::BadRequest().json(json!({"error": "invalid_request"}));
    };
    let expires_in = request.expires_in.unwrap_or(3600);
    let mut claims = json!({"exp": SystemClock.now().as_secs().saturating_add(expires_in)});
    for (name, value) in [
        ("sub", request.sub),
        ("aud", request.aud),
        ("scope", request.scope),
    ] {
        if let (Some(value), Some(members)) = (value, claims.as_object_mut()) {
            members.insert(name.to_owned(), value.into());
        }
    }
    match issuer.sign(algorithm, claims) {
        Ok(token) => HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .json(json!({"access_token": token, "token_type": "Bearer", "expires_in": expires_in})),
        Err(Unspecified) => HttpResponse::BadRequest().json(json!({"error": "invalid_request"})),
    }
}

/// The audience of the guarded site.
pub(super) const AUDIENCE: &str = "demo-api";

/// The lifetime of the demo's tokens.
const TOKEN_LIFE: Duration = Duration::from_hours(24);
