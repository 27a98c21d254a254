//! The codec of `Check` messages, which stay bytes until the whole message has arrived.

use bytes::{Buf, Bytes};
use envoy_types::ext_authz::v3::pb::{CheckRequest, CheckResponse};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{Peer, Request};
use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// The maximum number of entries in a request's lists, all together: header fields and context
/// extensions. Envoy accepts 100 header fields unless it is configured for more.
const MAX_ENTRIES: usize = 1000;

/// Passes a message on as bytes. A decoded message takes up to 36 times the memory, and a client
/// that sends everything but the end of the stream could keep that memory in use for as long as it
/// likes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CheckCodec;

impl Codec for CheckCodec {
    type Encode = CheckResponse;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Decoder for CheckCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}

impl Encoder for CheckCodec {
    type Item = CheckResponse;
    type Error = Status;

    fn encode(&mut self, answer: CheckResponse, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        answer
            .encode(buffer)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

/// Decodes a request and keeps only the parts that are read. The rest can be as large, and would
/// stay in memory until the decision is made.
///
/// Fails with `INTERNAL` if the message is malformed, and with `OUT_OF_RANGE` if it has more than
/// [`MAX_ENTRIES`] entries.
pub(super) fn decode(message: Bytes) -> Result<CheckRequest, Status> {
    let check =
        CheckRequest::decode(message).map_err(|error| Status::internal(error.to_string()))?;
    let Some(AttributeContext {
        request,
        context_extensions,
        source,
        ..
    }) = check.attributes
    else {
        return Ok(CheckRequest::default());
    };
    let mut http = request.and_then(|request| request.http);
    let mut entries = context_extensions.len();
    if let Some(http) = &mut http {
        entries += http.headers.len() + http.header_map.as_ref().map_or(0, |map| map.headers.len());
        (http.body, http.raw_body) = Default::default();
    }
    if entries > MAX_ENTRIES {
        let message = format!(
            "{entries} header fields and context extensions; at most {MAX_ENTRIES} are read"
        );
        return Err(Status::out_of_range(message));
    }
    let request = http.map(|http| Request {
        http: Some(http),
        ..Request::default()
    });
    let source = source.map(|peer| Peer {
        address: peer.address,
        ..Peer::default()
    });
    let attributes = AttributeContext {
        request,
        context_extensions,
        source,
        ..AttributeContext::default()
    };
    Ok(CheckRequest {
        attributes: Some(attributes),
    })
}
