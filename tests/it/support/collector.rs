//! A collector of OpenTelemetry: takes what is posted to it, and shows the spans.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// Longer than the service keeps spans back.
const PATIENCE: Duration = Duration::from_secs(30);

/// The collector.
pub struct Collector {
    pub address: SocketAddr,
    posted: Receiver<Posted>,
}

/// What came with one request.
pub struct Posted {
    /// Request line and header fields.
    pub head: String,
    pub spans: Vec<Span>,
    /// What is said of the service.
    pub resource: Vec<(String, String)>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, posted) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tell = tell.clone();
                // The service may hang up when it ends.
                std::thread::spawn(move || drop(serve(&stream, &tell)));
            }
        });
        Self { address, posted }
    }

    /// The next request.
    pub fn next(&self) -> Posted {
        self.posted.recv_timeout(PATIENCE).expect("spans")
    }
}

/// An attribute of a span, as text.
pub fn attribute<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        other => panic!("{key} is no text: {other:?}"),
    }
}

fn serve(mut stream: &TcpStream, tell: &Sender<Posted>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head
            .to_lowercase()
            .split_once("content-length: ")
            .unwrap()
            .1
            .lines()
            .next()
            .unwrap()
            .parse();
        let mut body = vec![0; length.unwrap()];
        reader.read_exact(&mut body)?;
        let _ = tell.send(read(head, &body));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
    }
}

fn read(head: String, body: &[u8]) -> Posted {
    let mut request = ExportTraceServiceRequest::decode(body).unwrap();
    let resource_spans = request.resource_spans.remove(0);
    let resource = resource_spans.resource.unwrap().attributes.into_iter();
    let text = |value: Option<Value>| {
        if let Some(Value::StringValue(text)) = value {
            text
        } else {
            String::new()
        }
    };
    Posted {
        head,
        resource: resource
            .map(|pair| (pair.key, text(pair.value.and_then(|value| value.value))))
            .collect(),
        spans: resource_spans
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans)
            .collect(),
    }
}
