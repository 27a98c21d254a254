//! `deploy/kubernetes`. The kinds are checked by `make lint-deploy`; here it is what the manifests
//! say of the service.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::{blanked_by_nginx, claim_headers, documents, find, leads_to_verify, parse, texts};
use crate::support::{Request, TestGate, TestIssuer, doorward, program, repository, shipped};

const OVERLAY: &str = "overlays/example";
const MINIMAL: &str = "overlays/minimal";
const BY_GRPC: &str = "overlays/example-grpc";
const AUTHORITY: &str = "doorward.doorward.svc.cluster.local:8080";

/// What `kubectl apply -k` would send.
fn rendered(place: &str) -> Vec<Value> {
    let output = Command::new(program("kubectl"))
        .args(["kustomize", place])
        .current_dir(repository().join("deploy/kubernetes"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    parse(&String::from_utf8(output.stdout).unwrap())
}

fn container(manifests: &[Value]) -> &Value {
    &find(manifests, "Deployment", "doorward")["spec"]["template"]["spec"]["containers"][0]
}

fn variable<'a>(manifests: &'a [Value], name: &str) -> &'a str {
    let variables = container(manifests)["env"].as_array().unwrap();
    variables
        .iter()
        .find(|variable| variable["name"] == name)
        .unwrap()["value"]
        .as_str()
        .unwrap()
}

#[test]
fn the_service_accepts_the_configuration_of_the_manifests() {
    for place in ["base", MINIMAL, OVERLAY, BY_GRPC] {
        let manifests = rendered(place);
        let file = &find(&manifests, "ConfigMap", "doorward-config")["data"]["doorward.yaml"];
        let mount = tempfile::tempdir().unwrap();
        std::fs::write(mount.path().join("doorward.yaml"), file.as_str().unwrap()).unwrap();
        let arguments = ["check".to_owned()]
            .into_iter()
            .chain(texts_in_order(&container(&manifests)["args"]).skip(1));
        let arguments: Vec<_> = arguments
            .map(|word| word.replace("/etc/doorward", mount.path().to_str().unwrap()))
            .collect();
        let settings = container(&manifests)["env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variable| {
                (
                    variable["name"]
                        .as_str()
                        .unwrap()
                        .strip_prefix("DOORWARD_")
                        .unwrap(),
                    variable["value"].as_str().unwrap(),
                )
            });
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let output = doorward(&arguments, &settings.collect::<Vec<_>>(), "");
        assert_eq!(
            output.status.code(),
            Some(0),
            "{place}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// The first thing that a newcomer applies must not fail for want of an operator.
#[test]
fn the_minimal_overlay_needs_nothing_that_a_cluster_may_lack() {
    let kinds = |place: &str| -> BTreeSet<String> {
        let manifests = rendered(place);
        let kinds = manifests.iter().map(|manifest| &manifest["kind"]);
        kinds
            .map(|kind| kind.as_str().unwrap().to_owned())
            .collect()
    };
    let minimal = [
        "ConfigMap",
        "Deployment",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    ];
    assert_eq!(kinds(MINIMAL), minimal.map(str::to_owned).into());
    let more: Vec<_> = kinds(OVERLAY)
        .difference(&kinds(MINIMAL))
        .cloned()
        .collect();
    assert_eq!(
        more,
        [
            "HorizontalPodAutoscaler",
            "PrometheusRule",
            "ServiceMonitor"
        ]
    );
    // The proxy that its configuration names, in the namespace where that runs by default.
    let manifests = rendered(MINIMAL);
    let policy = &find(&manifests, "NetworkPolicy", "doorward")["spec"]["ingress"][0]["from"];
    let labels = &policy[0]["namespaceSelector"]["matchLabels"];
    assert_eq!(labels["kubernetes.io/metadata.name"], "traefik");
}

#[test]
fn the_components_have_the_alerts_and_the_dashboard() {
    let manifests = rendered(OVERLAY);
    let rules = documents("deploy/prometheus/doorward.rules.yml").remove(0);
    assert_eq!(
        find(&manifests, "PrometheusRule", "doorward")["spec"],
        rules
    );
    let dashboard = find(&manifests, "ConfigMap", "doorward-dashboard");
    assert_eq!(dashboard["metadata"]["labels"]["grafana_dashboard"], "1");
    let text = dashboard["data"]["doorward.json"].as_str().unwrap();
    assert_eq!(text, shipped("deploy/grafana/doorward.json", &[]));
}

/// The lines of the traps, without their `#`, are what they promise.
#[test]
fn the_lines_to_uncomment_are_understood() {
    let policy = shipped("deploy/kubernetes/base/networkpolicy.yaml", &[]);
    let policy = parse(
        &policy
            .replace("    #- ", "    - ")
            .replace("    #  ", "      "),
    )
    .remove(0);
    let egress = policy["spec"]["egress"].as_array().unwrap();
    let ways: Vec<_> = egress
        .iter()
        .map(|rule| &rule["ports"][0]["port"])
        .collect();
    assert_eq!(ways, [&json!(53), &json!(443), &json!(8080), &json!(4318)]);
    let namespace = &egress[2]["to"][0]["namespaceSelector"]["matchLabels"];
    assert_eq!(namespace["kubernetes.io/metadata.name"], "keycloak");
    for file in ["alerts/prometheusrule", "monitoring/servicemonitor"] {
        let file = format!("deploy/kubernetes/components/{file}.yaml");
        let labelled = shipped(&file, &[("    #release:", "    release:")]);
        let labels = parse(&labelled).remove(0)["metadata"]["labels"].take();
        assert_eq!(labels["release"], "kube-prometheus-stack", "{file}");
    }
}

fn texts_in_order(list: &Value) -> impl Iterator<Item = String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap().to_owned())
}

/// Paths and ports of the probes and of the Prometheus operator are the service's own.
#[test]
fn probes_and_metrics_are_asked_where_the_service_answers() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let manifests = rendered(OVERLAY);
    let probes = ["startupProbe", "livenessProbe", "readinessProbe"]
        .map(|probe| &container(&manifests)[probe]["httpGet"]);
    for probe in probes {
        assert_eq!(probe["port"], "admin");
        assert_eq!(
            gate.admin(probe["path"].as_str().unwrap()).send().status,
            200,
            "{probe}"
        );
    }
    let endpoint = &find(&manifests, "ServiceMonitor", "doorward")["spec"]["endpoints"][0];
    assert!(
        gate.admin(endpoint["path"].as_str().unwrap())
            .send()
            .body
            .contains("doorward_build_info")
    );
    for (service, port, listen) in [
        ("doorward", "verify", "DOORWARD_LISTEN"),
        ("doorward-admin", "admin", "DOORWARD_ADMIN_LISTEN"),
    ] {
        let entry = &find(&manifests, "Service", service)["spec"]["ports"][0];
        assert_eq!(entry["targetPort"], port);
        let ports = container(&manifests)["ports"].as_array().unwrap();
        let own = ports.iter().find(|own| own["name"] == port).unwrap();
        assert_eq!(own["containerPort"], entry["port"]);
        assert_eq!(
            variable(&manifests, listen),
            format!("0.0.0.0:{}", entry["port"])
        );
    }
    let admin = find(&manifests, "Service", "doorward-admin");
    assert_eq!(admin["spec"]["ports"][0]["name"], endpoint["port"]);
    // The alerts ask for this job.
    assert_eq!(
        admin["metadata"]["labels"]["app.kubernetes.io/name"],
        "doorward"
    );
}

/// Endpoints are gone before the listener is, and nobody is killed over a running request.
#[test]
fn a_pod_leaves_in_this_order() {
    let manifests = rendered("base");
    let pod = &find(&manifests, "Deployment", "doorward")["spec"]["template"]["spec"];
    let delay = seconds(variable(&manifests, "DOORWARD_SHUTDOWN_DELAY"));
    let readiness = &pod["containers"][0]["readinessProbe"];
    let noticed = readiness["periodSeconds"].as_u64().unwrap()
        * readiness["failureThreshold"].as_u64().unwrap();
    assert!(Duration::from_secs(noticed) < delay);
    assert!(
        doorward::config::reference().contains("| `shutdown_timeout` | `10s` |"),
        "the default has changed"
    );
    let grace = Duration::from_secs(pod["terminationGracePeriodSeconds"].as_u64().unwrap());
    assert!(grace > delay + Duration::from_secs(10));
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs(text.strip_suffix('s').unwrap().parse().unwrap())
}

/// The token cache counts in units of 2 KiB, and must leave room.
#[test]
fn a_full_token_cache_fits_into_the_container() {
    let manifests = rendered("base");
    let file = find(&manifests, "ConfigMap", "doorward-config")["data"]["doorward.yaml"]
        .as_str()
        .unwrap();
    let units = parse(file)[0]["token_cache_capacity"].as_u64().unwrap();
    let limit = container(&manifests)["resources"]["limits"]["memory"]
        .as_str()
        .unwrap();
    let limit: u64 = limit.strip_suffix("Mi").unwrap().parse().unwrap();
    assert!(
        units * 2 / 1024 * 2 < limit,
        "{units} units are more than half of {limit} MiB"
    );
}

/// What the strictest rules for pods ask for, and what they leave open.
#[test]
fn the_pod_may_do_nothing_but_answer() {
    let manifests = rendered(OVERLAY);
    let pod = &find(&manifests, "Deployment", "doorward")["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["enableServiceLinks"], false);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(
        pod["securityContext"]["seccompProfile"],
        json!({"type": "RuntimeDefault"})
    );
    let expected = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]},
    });
    assert_eq!(pod["containers"][0]["securityContext"], expected);
    // The user is the image's.
    let user = pod["securityContext"]["runAsUser"].as_u64().unwrap();
    assert!(shipped("Dockerfile", &[]).contains(&format!("\nUSER {user}:{user}\n")));
    // A change is active without a rollout: the name stays, and the directory is mounted.
    assert_eq!(
        pod["volumes"],
        json!([{"name": "config", "configMap": {"name": "doorward-config"}}])
    );
    assert_eq!(pod["containers"][0]["volumeMounts"][0].get("subPath"), None);
    let file = find(&manifests, "ConfigMap", "doorward-config")["data"]["doorward.yaml"]
        .as_str()
        .unwrap();
    assert_eq!(parse(file)[0]["reload"], "on_change");
    // An apply does not undo what the autoscaler did.
    assert_eq!(
        find(&manifests, "Deployment", "doorward")["spec"].get("replicas"),
        None
    );
}

#[test]
fn only_proxies_and_monitoring_reach_a_pod() {
    let manifests = rendered(OVERLAY);
    let policy = &find(&manifests, "NetworkPolicy", "doorward")["spec"];
    let who = |rule: &Value| {
        let from =
            rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                .clone();
        (
            rule["from"].as_array().unwrap().len(),
            from,
            rule["ports"][0]["port"].clone(),
        )
    };
    let allowed: Vec<_> = policy["ingress"]
        .as_array()
        .unwrap()
        .iter()
        .map(who)
        .collect();
    assert_eq!(
        allowed,
        [
            (1, json!("ingress"), json!("verify")),
            (1, json!("monitoring"), json!("admin"))
        ]
    );
    assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
    let egress = policy["egress"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|rule| rule["ports"].as_array().unwrap());
    let ports: Vec<_> = egress.map(|port| port["port"].as_u64().unwrap()).collect();
    assert_eq!(ports, [53, 53, 443]);
}

#[test]
fn traefik_is_told_the_same_as_without_kubernetes() {
    let manifests = rendered("proxies/traefik");
    let here = documents("deploy/traefik/dynamic.yml").remove(0);
    for name in ["doorward", "request-line"] {
        let mut expected = here["http"]["middlewares"][name].clone();
        if name == "doorward" {
            expected["forwardAuth"]["address"] =
                json!(format!("http://{AUTHORITY}/verify/traefik"));
        }
        assert_eq!(find(&manifests, "Middleware", name)["spec"], expected);
    }
    let route = &find(&manifests, "IngressRoute", "application")["spec"]["routes"][0];
    assert_eq!(
        route["middlewares"],
        json!([{"name": "request-line"}, {"name": "doorward"}])
    );
    let gate = TestGate::new().trusting(&TestIssuer::new()).spawn();
    let address = &find(&manifests, "Middleware", "doorward")["spec"]["forwardAuth"]["address"];
    leads_to_verify(&gate, address.as_str().unwrap(), AUTHORITY);
}

#[test]
fn ingress_nginx_asks_and_copies_what_the_service_sets() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let manifests = rendered("proxies/ingress-nginx");
    let annotations = &find(&manifests, "Ingress", "application")["metadata"]["annotations"];
    let annotation = |name: &str| {
        annotations[format!("nginx.ingress.kubernetes.io/{name}")]
            .as_str()
            .unwrap()
    };
    leads_to_verify(&gate, annotation("auth-url"), AUTHORITY);
    let copied = annotation("auth-response-headers")
        .split(',')
        .map(str::to_ascii_lowercase)
        .collect();
    assert_eq!(claim_headers(&gate, &idp), copied);
    // What the controller sends by itself is the dialect that is asked.
    let request = Request::new(gate.verify, "GET", "/verify/nginx").bearer(&idp.token().sign());
    let request = request
        .header("X-Original-URL", "https://app.example.com/a?b")
        .header("X-Original-Method", "PUT");
    assert_eq!(
        request
            .header("X-Sent-From", "nginx-ingress-controller")
            .send()
            .status,
        200
    );
    let line = gate.log_lines().pop().unwrap();
    assert_eq!(
        (&line["method"], &line["host"], &line["path"]),
        (&json!("PUT"), &json!("app.example.com"), &json!("/a"))
    );
}

#[test]
fn the_ingress_controller_blanks_the_names_that_nginx_blanks() {
    let controller = documents("deploy/kubernetes/proxies/ingress-nginx/controller.yaml");
    let blank = find(&controller, "ConfigMap", "blank-headers")["data"]
        .as_object()
        .unwrap();
    assert!(blank.values().all(|value| value == ""));
    assert_eq!(
        texts(&json!(blank.keys().collect::<Vec<_>>())),
        blanked_by_nginx()
    );
    let named =
        &find(&controller, "ConfigMap", "ingress-nginx-controller")["data"]["proxy-set-headers"];
    assert_eq!(named, "ingress-nginx/blank-headers");
}

fn lower_case(list: &Value) -> BTreeSet<String> {
    texts(list)
        .into_iter()
        .map(|name| name.to_ascii_lowercase())
        .collect()
}

/// The names in a list of matchers of `deploy/envoy/envoy.yaml`, which the tests run.
fn listed_for_envoy(list: &str) -> BTreeSet<String> {
    let envoy = documents("deploy/envoy/envoy.yaml").remove(0);
    let chain = &envoy["static_resources"]["listeners"][0]["filter_chains"][0];
    let filter = &chain["filters"][0]["typed_config"]["http_filters"][0]["typed_config"];
    let patterns = filter.pointer(list).unwrap().as_array().unwrap();
    patterns
        .iter()
        .map(|pattern| pattern["exact"].as_str().unwrap().to_owned())
        .collect()
}

/// Envoy puts the client's path behind the prefix.
fn leads_to_verify_behind(gate: &TestGate, prefix: &Value) {
    let url = format!(
        "http://{AUTHORITY}{}/things/1?a=b",
        prefix.as_str().unwrap()
    );
    leads_to_verify(gate, &url, AUTHORITY);
    assert_eq!(gate.log_lines().pop().unwrap()["path"], "/things/1");
}

/// What Envoy sends, but for the one address. The manifests do not remove a client's own, and the
/// gateway appends to the list in any case.
fn sent_to_doorward() -> BTreeSet<String> {
    let mut sent = listed_for_envoy("/allowed_headers/patterns");
    assert!(sent.remove("x-envoy-external-address"));
    sent
}

#[test]
fn envoy_gateway_asks_and_copies_what_envoy_does() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let manifests = rendered("proxies/envoy-gateway");
    let ext_auth = &find(&manifests, "SecurityPolicy", "doorward")["spec"]["extAuth"];
    assert_eq!(
        lower_case(&ext_auth["http"]["headersToBackend"]),
        claim_headers(&gate, &idp)
    );
    assert_eq!(texts(&ext_auth["headersToExtAuth"]), sent_to_doorward());
    assert_eq!(ext_auth["failOpen"], false);
    leads_to_verify_behind(&gate, &ext_auth["http"]["path"]);
    let backend = &ext_auth["http"]["backendRefs"][0];
    let service = rendered(OVERLAY);
    let port =
        &find(&service, "Service", backend["name"].as_str().unwrap())["spec"]["ports"][0]["port"];
    assert_eq!(
        backend,
        &json!({"name": "doorward", "namespace": "doorward", "port": port})
    );
    // It may use the service of another namespace.
    let grant = find(&manifests, "ReferenceGrant", "doorward");
    assert_eq!(grant["metadata"]["namespace"], backend["namespace"]);
    let policy = find(&manifests, "SecurityPolicy", "doorward");
    assert_eq!(
        grant["spec"]["from"][0]["namespace"],
        policy["metadata"]["namespace"]
    );
}

#[test]
fn istio_asks_and_copies_what_envoy_does() {
    let idp = TestIssuer::new();
    let gate = TestGate::new().trusting(&idp).spawn();
    let mesh = documents("deploy/kubernetes/proxies/istio/mesh.yaml").remove(0);
    let provider = &mesh["spec"]["meshConfig"]["extensionProviders"][0];
    let asked = &provider["envoyExtAuthzHttp"];
    // Istio has no definition of this that could be read here: these are the fields of its
    // documentation, spelled out.
    let known = [
        "failOpen",
        "headersToDownstreamOnDeny",
        "headersToUpstreamOnAllow",
        "includeRequestHeadersInCheck",
        "pathPrefix",
        "port",
        "service",
        "statusOnError",
        "timeout",
    ];
    assert_eq!(
        asked
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect::<BTreeSet<_>>(),
        known.into()
    );
    assert_eq!(
        format!("{}:{}", asked["service"].as_str().unwrap(), asked["port"]),
        AUTHORITY
    );
    leads_to_verify_behind(&gate, &asked["pathPrefix"]);
    assert_eq!(
        texts(&asked["headersToUpstreamOnAllow"]),
        claim_headers(&gate, &idp)
    );
    let mut sent = sent_to_doorward();
    sent.insert("authorization".to_owned());
    assert_eq!(texts(&asked["includeRequestHeadersInCheck"]), sent);
    let shown =
        listed_for_envoy("/http_service/authorization_response/allowed_client_headers/patterns");
    assert_eq!(texts(&asked["headersToDownstreamOnDeny"]), shown);
    assert_eq!(
        (&asked["failOpen"], &asked["statusOnError"]),
        (&json!(false), &json!("503"))
    );

    let manifests = rendered("proxies/istio");
    let policy = &find(&manifests, "AuthorizationPolicy", "doorward")["spec"];
    assert_eq!(
        (&policy["action"], &policy["provider"]["name"]),
        (&json!("CUSTOM"), &provider["name"])
    );
    assert_eq!(
        policy["rules"],
        json!([{}]),
        "a request that no rule matches is not judged"
    );
    let route = &find(&manifests, "VirtualService", "application")["spec"]["http"][0];
    assert_eq!(
        texts(&route["headers"]["request"]["remove"]),
        blanked_by_nginx()
    );
}

/// `tests/it` runs Envoy itself by gRPC; here it is the port, from the policy to the setting.
#[test]
fn envoy_gateway_asks_by_grpc_where_the_service_listens() {
    let doorward = rendered(BY_GRPC);
    let manifests = rendered("proxies/envoy-gateway-grpc");
    let ext_auth = &find(&manifests, "SecurityPolicy", "doorward")["spec"]["extAuth"];
    assert_eq!(ext_auth.get("http"), None);
    let ports = find(&doorward, "Service", "doorward")["spec"]["ports"]
        .as_array()
        .unwrap();
    let port = ports
        .iter()
        .find(|port| port["targetPort"] == "grpc")
        .unwrap();
    let backend = json!([{"name": "doorward", "namespace": "doorward", "port": port["port"]}]);
    assert_eq!(ext_auth["grpc"]["backendRefs"], backend);
    let own = container(&doorward)["ports"]
        .as_array()
        .unwrap()
        .iter()
        .find(|own| own["name"] == "grpc")
        .unwrap();
    assert_eq!(own["containerPort"], port["port"]);
    assert_eq!(
        variable(&doorward, "DOORWARD_GRPC_LISTEN"),
        format!("0.0.0.0:{}", port["port"])
    );
    let open = &find(&doorward, "NetworkPolicy", "doorward")["spec"]["ingress"][0]["ports"];
    assert_eq!(open[1]["port"], "grpc");
    // Other than by HTTP, the token is sent only if it is named.
    let mut sent = sent_to_doorward();
    sent.insert("authorization".to_owned());
    assert_eq!(texts(&ext_auth["headersToExtAuth"]), sent);
}
