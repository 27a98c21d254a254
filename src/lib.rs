//! A forward-auth service: doorward verifies the credential of each request for a reverse proxy.
//!
//! nginx, Traefik, Caddy, Envoy or another proxy asks doorward about each request before it passes
//! the request on. doorward finds the credential in the request: a JWT or an opaque token (RFC
//! 6750), an API key, or a password (RFC 7617). It verifies the credential (RFC 7519, RFC 8725, RFC
//! 9068, RFC 7662), looks the user up if the settings say so, and applies the rules of the route.
//! It answers 200 with the claims as headers, or a denial with a [reason](domain::Reason): 401,
//! 403, 429 or 503, unless the settings choose another status (400 to 599). A request that is not
//! well-formed HTTP gets a 400 without a reason.
//!
//! This library is what the `doorward` command, the tests and the benchmarks share. The README says
//! how to install and configure the service.
//!
//! # Examples
//!
//! A decision, without sockets:
//!
//! ```
//! use std::sync::Arc;
//!
//! use doorward::app::offline_gate;
//! use doorward::config::Configuration;
//! use doorward::domain::{DescribedRequest, Reason, Timestamp};
//! use doorward::gate::DecisionRecord;
//! use doorward::jose::{Algorithm, SigningKey};
//! use doorward::platform::StoppedClock;
//! use serde_json::{Map, json};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now: Timestamp = "2026-01-31T12:00:00Z".parse()?;
//!
//! // The issuer: a key, and a token that is valid for a minute.
//! let key = SigningKey::generate(Algorithm::ES256)?.with_id("key-1");
//! let claims = json!({
//!     "iss": "https://idp.example", "aud": "my-api", "sub": "alice", "exp": now.as_secs() + 60,
//! });
//! let token = key.sign(&Map::new(), &claims)?;
//!
//! // The service: a configuration that accepts tokens of this issuer.
//! let jwks = json!({"keys": [key.to_public_jwk(None)]}).to_string();
//! let settings = [
//!     ("DOORWARD_ISSUER", "https://idp.example"),
//!     ("DOORWARD_AUDIENCE", "my-api"),
//!     ("DOORWARD_JWKS", &jwks),
//! ];
//! let configuration =
//!     Configuration::from_environment(settings.map(|(name, value)| (name.into(), value.into())))?;
//! let clock = Arc::new(StoppedClock(now));
//! let gate = offline_gate(configuration, clock).ok_or("the keys must be fetched first")?;
//!
//! // A request without a token is denied.
//! let mut request = DescribedRequest::default();
//! let parts = request.parts();
//! let mut record = DecisionRecord::default();
//! let denial = gate.decide(&request.forwarded(&parts), &mut record).await.unwrap_err();
//! assert_eq!(denial.reason(), Reason::TokenMissing);
//!
//! // A request with the token passes.
//! request.headers.insert("authorization".into(), format!("Bearer {token}"));
//! let parts = request.parts();
//! let mut record = DecisionRecord::default();
//! let permit = gate.decide(&request.forwarded(&parts), &mut record).await?;
//! let subject = permit.claims().and_then(|claims| claims.member("sub")?.string());
//! assert_eq!(subject.as_deref(), Some("alice"));
//! # Ok(())
//! # }
//! ```
//!
//! # The steps of a decision
//!
//! [`gate::Gate::decide`] runs them, and each has one entry point:
//!
//! 1. A server ([`http`], [`grpc`]) describes the client's request as a
//!    [`ForwardedRequest`](domain::ForwardedRequest).
//! 2. [`policy::Policy::select`] finds the route, and with it the [`Rules`](policy::Rules).
//! 3. [`extract::TokenSources::extract`] finds the [`Credential`](domain::Credential).
//! 4. [`authenticators::Authenticators::authenticate`] turns it into a
//!    [`Principal`](policy::Principal). If the credential is not in the cache, a client that has
//!    failed too often is refused here ([`gate::FailureLimiter`]). Then the form of the credential
//!    decides:
//!    - A JWT: [`jose::CompactJws::parse`] parses it, [`issuers::Issuers::find`] finds its issuer,
//!      and the [`KeyStore`](issuers::KeyStore) of the issuer finds candidate keys.
//!      [`jose::CompactJws::into_signed`] verifies the signature, and
//!      [`verify::Expectations::validate`] validates the claims.
//!    - An opaque token: its issuer is asked (introspection), and the same expectations validate
//!      the answer.
//!    - An API key or a password: it is looked up in the list of its file.
//! 5. [`policy::Rules::accept`] checks what may differ from request to request: time, audience, and
//!    the scopes that the issuer requires.
//! 6. [`directory::Directory::look_up`] adds the row of the user, if the route reads it.
//! 7. [`policy::Rules::authorize`] checks what the route requires. The result is a
//!    [`Permit`](policy::Permit), and nothing else becomes a 200.
//!
//! A step that fails ends the decision with a [`Denial`](domain::Denial), which has a
//! [`Reason`](domain::Reason).
//!
//! # Where to start reading
//!
//! - [`gate::Gate`]: the decision.
//! - [`domain`]: the types that all modules share.
//! - [`config::Configuration`]: everything that an operator can set.
//! - [`app::Application`]: the running service.
//! - `docs/architecture.md` in the repository: the same in more detail, with the reasons.
//!
//! # Layers
//!
//! A module uses the layers below its own, never a layer above, and other modules of its layer only
//! where noted below the table. A test (`tests/it/architecture/`) enforces this.
//!
//! | layer | modules | content |
//! | ---: | --- | --- |
//! | 10 | [`app`], [`cli`], [`demo`] | the service, the commands, the demo |
//! | 9 | [`http`], [`grpc`] | the servers that proxies ask |
//! | 8 | [`gate`] | the decision |
//! | 7 | [`authenticators`] | from a credential to its principal |
//! | 6 | [`issuers`], [`directory`] | the accepted issuers and their keys; the users |
//! | 5 | [`outbound`], [`response`], [`fixtures`], [`proxy_files`] | HTTP and SQL clients with their bounds, denials, test cases, proxy headers |
//! | 4 | [`telemetry`], [`platform`] | metrics and logs, system |
//! | 3 | [`config`] | the settings, one file per section |
//! | 2 | [`config_reader`] | how settings are read |
//! | 1 | [`extract`], [`jose`], [`verify`], [`policy`], [`hints`] | steps of a decision, and hints; no I/O, no clock |
//! | 0 | [`domain`] | the shared types; no I/O, no clock |
//!
//! Within layer 1, `policy` uses `extract`, `verify` and `jose`, and `verify` uses `jose`. Within
//! layer 10, `cli` and `demo` use `app`, and `cli` uses `demo`.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::disallowed_methods,
        clippy::too_many_lines
    )
)]

pub mod app;
pub mod authenticators;
pub mod cli;
pub mod config;
pub mod config_reader;
pub mod demo;
pub mod directory;
pub mod domain;
pub mod extract;
pub mod fixtures;
pub mod gate;
pub mod grpc;
pub mod hints;
pub mod http;
pub mod issuers;
pub mod jose;
pub mod outbound;
pub mod platform;
pub mod policy;
pub mod proxy_files;
pub mod response;
pub mod telemetry;
pub mod verify;
