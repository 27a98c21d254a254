//! Asking by gRPC as Envoy does.

use std::net::SocketAddr;

use envoy_types::ext_authz::v3::pb::{
    CheckRequest, CheckResponse, HeaderValue, HeaderValueOption, HttpResponse,
};
use envoy_types::pb::envoy::config::core::v3::{Address, HeaderMap, SocketAddress, address};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use tokio::runtime::{Builder, Runtime};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

/// A connection to the gRPC listener.
pub struct GrpcClient {
    runtime: Runtime,
    channel: Channel,
}

/// A question in the making: `GET http://site.example/` without header fields.
#[derive(Clone)]
pub struct Check(CheckRequest);

impl GrpcClient {
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).unwrap()
    }

    pub fn try_connect(address: SocketAddr) -> Result<Self, tonic::transport::Error> {
        Self::to(format!("http://{address}"))
    }

    /// Connects to an address as tonic writes it, such as `unix:///path`.
    pub fn to(uri: String) -> Result<Self, tonic::transport::Error> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let channel = runtime.block_on(Endpoint::from_shared(uri)?.connect())?;
        Ok(Self { runtime, channel })
    }

    pub fn ask(&self, check: Check) -> Result<CheckResponse, Status> {
        let answer = self
            .runtime
            .block_on(AuthorizationClient::new(self.channel.clone()).check(check.0));
        answer.map(tonic::Response::into_inner)
    }

    /// The answer, `200`, or `401 token_expired`.
    pub fn verdict(&self, check: Check) -> String {
        verdict(&self.ask(check).unwrap())
    }

    /// Does something else with the connection.
    pub fn with<T>(&self, work: impl AsyncFnOnce(Channel) -> T) -> T {
        self.runtime.block_on(work(self.channel.clone()))
    }
}

impl Check {
    pub fn get(path: &str) -> Self {
        Self(CheckRequest::default()).http(|http| {
            http.method = "GET".into();
            http.host = "site.example".into();
            path.clone_into(&mut http.path);
        })
    }

    /// A question in which nothing is asked.
    pub fn nothing() -> Self {
        Self(CheckRequest::default())
    }

    /// Changes the described request.
    pub fn http(mut self, change: impl FnOnce(&mut HttpRequest)) -> Self {
        let request = self
            .0
            .attributes
            .get_or_insert_default()
            .request
            .get_or_insert_default();
        change(request.http.get_or_insert_default());
        self
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        self.http(|http| drop(http.headers.insert(name.to_owned(), value.to_owned())))
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a line to `header_map`, as Envoy does with `encode_raw_headers`.
    pub fn line(self, name: &str, value: &[u8]) -> Self {
        self.http(|http| {
            let line = HeaderValue {
                key: name.to_owned(),
                value: String::new(),
                raw_value: value.to_owned(),
            };
            http.header_map
                .get_or_insert_with(HeaderMap::default)
                .headers
                .push(line);
        })
    }

    /// Says from where the client's connection comes.
    pub fn source(mut self, address: &str) -> Self {
        let socket = SocketAddress {
            address: address.to_owned(),
            ..SocketAddress::default()
        };
        let address = Address {
            address: Some(address::Address::SocketAddress(socket)),
        };
        let attributes = self.0.attributes.get_or_insert_default();
        attributes.source.get_or_insert_default().address = Some(address);
        self
    }

    /// Names a route.
    pub fn policy(mut self, name: &str) -> Self {
        let attributes = self.0.attributes.get_or_insert_default();
        attributes
            .context_extensions
            .insert("policy".to_owned(), name.to_owned());
        self
    }

    /// Leaves the request itself out.
    pub fn without_request(mut self) -> Self {
        self.0.attributes.get_or_insert_default().request = Some(Request::default());
        self
    }
}

impl From<Check> for CheckRequest {
    fn from(check: Check) -> Self {
        check.0
    }
}

/// `200`, or `401 token_expired`.
pub fn verdict(answer: &CheckResponse) -> String {
    match answer.http_response.as_ref().expect("an answer for HTTP") {
        HttpResponse::OkResponse(_) => {
            assert_eq!(answer.status.as_ref().unwrap().code, 0);
            "200".to_owned()
        }
        HttpResponse::DeniedResponse(denied) => {
            assert_ne!(
                answer.status.as_ref().unwrap().code,
                0,
                "Envoy would let it pass"
            );
            let code = value(&denied.headers, "x-auth-reason").expect("a reason");
            format!("{} {code}", denied.status.as_ref().unwrap().code)
        }
        HttpResponse::ErrorResponse(error) => panic!("{error:?}"),
    }
}

/// The value of this header in an answer, if it is there once.
pub fn value<'a>(headers: &'a [HeaderValueOption], name: &str) -> Option<&'a str> {
    let mut found = headers
        .iter()
        .filter_map(|option| option.header.as_ref())
        .filter(|header| header.key == name);
    let value = found.next().map(|header| header.value.as_str());
    assert!(found.next().is_none(), "{name} is there twice");
    value
}
