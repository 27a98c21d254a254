//! Asks an issuer about a token (RFC 7662 section 2.1).

use std::sync::Arc;

use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use super::answer_reader::{AnswerKeys, read};
use super::credentials::Credentials;
use super::followed_file::{FileOwner, FollowedFiles};
use super::verdict::Verdict;
use crate::config::{ClientAuthentication, IntrospectionResponse, IntrospectionSettings};
use crate::domain::{Moment, shown_url};
use crate::issuers::EndpointFinder;
use crate::outbound::dependency::CallError;
use crate::outbound::{
    ClientIdentity, Egress, FormClient, FormError, FormErrorKind, FormRequest, FormResponse,
    InvalidClient,
};

/// The maximum size of an answer. The claims of a token have to fit into it.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Asks one issuer about tokens.
pub struct IntrospectionClient {
    settings: IntrospectionSettings,
    endpoint: EndpointFinder,
    connection: Connection,
    credentials: Credentials,
}

/// The HTTP client; one that shows a certificate is made again when the certificate changes.
enum Connection {
    Plain(FormClient),
    WithCertificate(FollowedFiles<FormClient>),
}

impl IntrospectionClient {
    /// Creates a client for the issuer of this name. Reads the system's certificates from the disk, so it must not be called on
    /// a runtime's thread.
    ///
    /// Fails with [`InvalidClient`] if no request can be made with these settings.
    pub fn new(
        issuer: &str,
        settings: IntrospectionSettings,
        egress: Egress,
    ) -> Result<Self, InvalidClient> {
        let issuer: Arc<str> = issuer.into();
        let (fetch, timeout) = (settings.fetch.clone(), settings.timeout);
        let endpoint = EndpointFinder::new(&settings.endpoint, fetch.clone(), egress.clone())?;
        let connection = match &settings.client {
            ClientAuthentication::MutualTls {
                certificate_file,
                key_file,
                ..
            } => {
                let client = move |contents: &[Vec<u8>]| {
                    let [certificate, key] = contents else {
                        return Err("two files are needed".to_owned());
                    };
                    crate::config::client_identity(certificate, key)?;
                    let identity = ClientIdentity { certificate, key };
                    FormClient::new(&fetch, timeout, Some(&identity), egress.clone())
                        .map_err(|error| error.to_string())
                };
                let paths = vec![certificate_file.clone(), key_file.clone()];
                let owner = FileOwner {
                    issuer: issuer.clone(),
                    setting: "introspection_certificate_file",
                };
                Connection::WithCertificate(FollowedFiles::new(owner, paths, Box::new(client)))
            }
            _ => Connection::Plain(FormClient::new(&fetch, timeout, None, egress)?),
        };
        Ok(Self {
            credentials: Credentials::new(&settings.client, &issuer),
            settings,
            endpoint,
            connection,
        })
    }

    /// Returns the settings.
    pub const fn settings(&self) -> &IntrospectionSettings {
        &self.settings
    }

    /// Returns where the issuer is asked, as it may be shown, if that is known.
    pub fn known_endpoint(&self) -> Option<String> {
        self.endpoint.known()
    }

    /// Finds the endpoint if it is not known, or was found long ago.
    pub(super) async fn renew_endpoint(&self, now: Moment) {
        if self.endpoint.is_stale(now.uptime)
            && let Err(failure) = self.endpoint.renew(now.uptime).await
        {
            tracing::debug!(error = %failure, "the introspection endpoint cannot be found");
        }
    }

    /// Returns `true` if the endpoint is to be found again.
    pub(super) fn has_stale_endpoint(&self, now: Moment) -> bool {
        self.endpoint.is_stale(now.uptime)
    }

    /// Asks about a token, which must be a `b64token`. `keys` verify signed answers.
    ///
    /// Fails with a [`CallError`] whose text has neither the token nor a secret.
    pub async fn ask(
        &self,
        token: &str,
        keys: &AnswerKeys,
        now: Moment,
    ) -> Result<Verdict, CallError> {
        let started = Instant::now();
        let found = self.endpoint.find(now.uptime).await;
        let (url, rule) = found.map_err(|failure| {
            let hint = failure
                .hint()
                .map_or_else(String::new, |hint| format!(" ({hint})"));
            CallError::failed("metadata", format!("{failure}{hint}"))
        })?;
        let local = |error: String| CallError::failed("credentials", error);
        let presented = self.credentials.present(now).await.map_err(local)?;
        let form = {
            let mut form = Serializer::new(String::new());
            form.append_pair("token", token);
            form.append_pair("token_type_hint", "access_token");
            form.extend_pairs(&presented.parameters);
            form.finish()
        };
        let request = FormRequest {
            url: &url,
            rule,
            accept: match self.settings.response {
                IntrospectionResponse::Json => "application/json",
                IntrospectionResponse::Jwt { .. } => "application/token-introspection+jwt",
            },
            authorization: presented.authorization,
            form,
        };
        let followed;
        let client = match &self.connection {
            Connection::Plain(client) => client,
            Connection::WithCertificate(files) => {
                followed = files.current(now.uptime).await.map_err(local)?;
                &*followed
            }
        };
        let place = || place(&url, client);
        let response = client.post(request, MAX_ANSWER_BYTES).await;
        let response = response.map_err(|error| transport(&place(), &error))?;
        let body = self.body(response, &place(), now)?;
        // A signed answer is made after the question, so its `iat` is compared with this time.
        let received = now.plus(started.elapsed());
        let verdict = read(body, &self.settings.response, keys, (now, received)).await;
        verdict.map_err(|unreadable| {
            CallError::failed("unreadable", format!("{}: {unreadable}", place()))
        })
    }

    /// Returns the body of a response with status 200. Fails with a rejection of this token for most
    /// statuses 4xx, and with a failure of the call for all others.
    fn body(&self, response: FormResponse, place: &str, now: Moment) -> Result<Vec<u8>, CallError> {
        let FormResponse {
            status,
            body,
            location,
        } = response;
        Err(match status {
            200 => return Ok(body),
            401 | 403 => {
                let method = self.settings.client.method();
                let text = format!("{place}: status {status} to this service ({method})");
                CallError::failed("unauthorized", text)
            }
            300..=399 => {
                let to = location.map_or_else(String::new, |to| format!(" to {to}"));
                let text = format!("{place}: status {status}{to}, and redirects are not followed");
                CallError::failed("status", text)
            }
            429 | 500.. => CallError::failed("status", format!("{place}: status {status}")),
            // A client could send malformed tokens to open the breaker for all others.
            400..=499 => CallError::rejected_until(
                now.plus(self.settings.negative_ttl),
                "rejected",
                format!("{place}: status {status}"),
            ),
            _ => CallError::failed("unreadable", format!("{place}: status {status}")),
        })
    }
}

/// Returns the request, with the proxy that it went through, for messages.
fn place(url: &Url, client: &FormClient) -> String {
    let through = client.proxy_for(url);
    let through = through.map_or_else(String::new, |proxy| format!(" through {proxy}"));
    format!("POST {}{through}", shown_url(url))
}

fn transport(place: &str, error: &FormError) -> CallError {
    let result = match error.kind {
        FormErrorKind::Connect => "connect",
        FormErrorKind::Tls => "tls",
        FormErrorKind::Timeout => "timeout",
        FormErrorKind::Unreadable => "unreadable",
    };
    let hint = error.hint().map(|hint| format!(" ({})", hint.with(&[])));
    CallError::failed(
        result,
        format!("{place}: {error}{}", hint.unwrap_or_default()),
    )
}

/// A client that several requests share.
pub(super) type SharedClient = Arc<IntrospectionClient>;
