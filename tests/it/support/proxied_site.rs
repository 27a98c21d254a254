//! A site behind a real proxy: client → proxy → application, with the proxy asking the service
//! about every request.

use std::net::SocketAddr;

use super::proxy_lines::{printed, with_lines};
use super::{
    Answer, Client, Component, Echo, Echoed, GateBuilder, Relay, Request, TestGate, TestIssuer,
    eventually, free_port, is_connected, shipped,
};

/// A proxy in front of a site.
pub struct Proxy {
    /// Its name in `DOORWARD_PROXY`, or `BY_GRPC`.
    pub dialect: &'static str,
    /// Starts it with the shipped configuration, and returns when it is at work.
    pub start: fn(&Wiring) -> Component,
    /// What clients get while the service does not answer.
    pub when_down: u16,
    /// What clients get for two `Authorization` fields: status, and the reason if the service gave
    /// one.
    pub two_authorizations: &'static str,
    /// Whether the service's own 503 reaches the client as it is, and not just its status.
    pub passes_on_503: bool,
}

/// The dialect of a proxy that asks by gRPC.
pub const BY_GRPC: &str = "grpc";

/// What a proxy is connected to.
pub struct Wiring {
    /// Where the service is, as the proxy writes it.
    pub doorward: String,
    /// Where the application is.
    pub application: String,
    /// What `doorward config proxy` printed, in place of the shipped lines; nothing leaves those as
    /// they are.
    pub lines: String,
}

impl Wiring {
    /// With the shipped lines.
    pub fn new(doorward: impl Into<String>, application: SocketAddr) -> Self {
        Self {
            doorward: doorward.into(),
            application: application.to_string(),
            lines: String::new(),
        }
    }

    /// A shipped file with these places exchanged, and the lines of this site.
    pub fn shipped(&self, file: &str, changes: &[(&str, &str)]) -> String {
        with_lines(&shipped(file, changes), &self.lines)
    }
}

/// The whole site.
pub struct Site {
    pub idp: TestIssuer,
    pub application: Echo,
    proxy: Component,
    relay: Option<Relay>,
    gate: Option<TestGate>,
    settings: GateBuilder,
}

impl Site {
    /// With an issuer whose keys the service has.
    pub fn behind(proxy: &Proxy, settings: &[(&str, &str)]) -> Self {
        let idp = TestIssuer::new();
        let gate = TestGate::new().trusting(&idp);
        Self::with(proxy, idp, gate, settings)
    }

    /// The same, and it counts the connections between the proxy and the service.
    pub fn counting(proxy: &Proxy, settings: &[(&str, &str)]) -> Self {
        let idp = TestIssuer::new();
        let gate = TestGate::new().trusting(&idp);
        Self::wired(
            proxy,
            "",
            idp,
            gate,
            settings,
            |gate| Some(Relay::to(gate.asked())),
            None,
        )
    }

    pub fn with(
        proxy: &Proxy,
        idp: TestIssuer,
        gate: GateBuilder,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::wired(proxy, "", idp, gate, settings, |_| None, None)
    }

    /// Behind a proxy with the lines that `doorward config proxy` prints for this configuration.
    pub fn with_printed_lines(proxy: &Proxy, idp: TestIssuer, gate: GateBuilder) -> Self {
        let name = if proxy.dialect == BY_GRPC {
            "envoy-grpc"
        } else {
            proxy.dialect
        };
        let lines = printed(name.parse().unwrap(), &gate);
        Self::with_lines(proxy, &lines, idp, gate)
    }

    /// Behind a proxy with these lines, as the command prints them.
    pub fn with_lines(proxy: &Proxy, lines: &str, idp: TestIssuer, gate: GateBuilder) -> Self {
        Self::wired(proxy, lines, idp, gate, &[], |_| None, None)
    }

    /// In front of this application, by the routes of this file.
    pub fn in_front_of(proxy: &Proxy, application: SocketAddr, routes: &str) -> Self {
        let idp = TestIssuer::new();
        let gate = TestGate::new().trusting(&idp).file(routes);
        Self::wired(proxy, "", idp, gate, &[], |_| None, Some(application))
    }

    fn wired(
        proxy: &Proxy,
        lines: &str,
        idp: TestIssuer,
        gate: GateBuilder,
        settings: &[(&str, &str)],
        relay: impl FnOnce(&TestGate) -> Option<Relay>,
        elsewhere: Option<SocketAddr>,
    ) -> Self {
        // A port of its own choice, so that it can come back to it.
        let listen = format!("127.0.0.1:{}", free_port());
        let gate = match proxy.dialect {
            BY_GRPC => gate.set("GRPC_LISTEN", listen).set("PROXY", "envoy"),
            dialect => gate.set("LISTEN", listen).set("PROXY", dialect),
        };
        let settings = settings
            .iter()
            .fold(gate, |gate, (name, value)| gate.set(name, *value));
        let gate = settings.clone().spawn();
        let (application, relay) = (Echo::start(), relay(&gate));
        let doorward = relay.as_ref().map_or(gate.asked(), |relay| relay.address);
        let served_by = elsewhere.unwrap_or(application.address);
        let wiring = Wiring {
            lines: lines.to_owned(),
            ..Wiring::new(doorward.to_string(), served_by)
        };
        let proxy = (proxy.start)(&wiring);
        Self {
            idp,
            application,
            proxy,
            relay,
            gate: Some(gate),
            settings,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.proxy.address
    }

    pub fn request(&self, method: &str, target: &str) -> Request {
        Request::new(self.address(), method, target)
    }

    pub fn get(&self, target: &str) -> Request {
        self.request("GET", target)
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// The service; it must be up.
    pub fn gate(&self) -> &TestGate {
        self.gate.as_ref().expect("the service is down")
    }

    /// How many connections there were between the proxy and the service.
    pub fn connections_to_doorward(&self) -> usize {
        self.relay
            .as_ref()
            .expect("a site that counts")
            .connections()
    }

    /// From now on the service of a site that counts hears and says nothing.
    pub fn silence_doorward(&self) {
        self.relay.as_ref().expect("a site that counts").cut();
    }

    /// The next question to the service of a site that counts is lost with its connection.
    pub fn lose_a_question(&self) {
        self.relay
            .as_ref()
            .expect("a site that counts")
            .hang_up_once();
    }

    pub fn stop_doorward(&mut self) {
        let port = self.gate().asked().port();
        self.gate = None;
        // The worker that holds the proxy's connection ends a moment after the service.
        eventually("closed connections", || (!is_connected(port)).then_some(()));
    }

    pub fn start_doorward(&mut self) {
        self.gate = Some(self.settings.clone().spawn());
    }

    /// What came through to the application; this request must be allowed.
    pub fn served(&self, request: Request) -> Echoed {
        let before = self.application.requests();
        let seen = Self::echoed(&request.send());
        assert_eq!(
            self.application.requests(),
            before + 1,
            "it came through more than once"
        );
        seen
    }

    /// The application's answer, unwrapped.
    pub fn echoed(answer: &Answer) -> Echoed {
        assert_eq!(
            (answer.status, answer.get("x-application")),
            (200, Some("echo")),
            "not served: {answer:?}"
        );
        serde_json::from_str(&answer.body).unwrap()
    }

    /// The answer to a request that must not come through.
    pub fn refused(&self, request: Request) -> Answer {
        let before = self.application.requests();
        let answer = request.send();
        assert_eq!(
            self.application.requests(),
            before,
            "it came through: {answer:?}"
        );
        assert_eq!(
            answer.get("x-application"),
            None,
            "it came through: {answer:?}"
        );
        answer
    }
}
