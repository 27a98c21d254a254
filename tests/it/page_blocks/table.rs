//! Which test runs the blocks of which page.

/// All blocks of a page in one language.
pub struct Row {
    pub page: &'static str,
    pub language: &'static str,
    pub count: usize,
    pub held: Held,
}

/// What keeps a block true.
pub enum Held {
    /// Tests that run it, or compare it with what is shipped: file and function.
    By(&'static [&'static str]),
    /// Nothing can run it, for this reason.
    Not(#[allow(dead_code)] &'static str),
}

use Held::{By, Not};

const DIAGRAMS: &str = "tests/it/page_blocks/diagrams.rs diagrams_can_be_drawn";
const COMMANDS: &str = "tests/it/page_blocks/commands.rs commands_of_cargo_and_make_exist";
const QUOTES: &str = "tests/it/proxy_pages.rs what_the_pages_quote_is_what_we_ship";
const DEPLOYMENT: &str = "tests/it/deploy/page.rs every_line_of_the_page_means_something";
const PRESETS: &str =
    "tests/it/presets/documentation.rs examples_in_the_docs_do_what_the_page_says";
const MISTAKES: &str =
    "tests/it/providers/first_mistakes.rs the_first_mistake_gets_the_answer_of_the_page";
const KEYS: &str = "tests/it/listed/pages.rs the_page_of_api_keys_is_true";
const PASSWORDS: &str = "tests/it/listed/pages.rs the_page_of_passwords_is_true";
const FIXTURES: &str =
    "tests/it/fixtures.rs the_examples_of_the_documentation_do_what_the_page_says";
const DIRECTORY: &str = "tests/it/directory/page.rs the_first_table_and_settings_work";
const COOKIE: &str = "tests/it/browsers.rs a_page_with_its_token_in_a_cookie";
const LOG_IN: &str = "tests/it/oauth2_proxy.rs a_log_in_at_keycloak_opens_the_page";
const HYDRA: &str =
    "tests/it/introspection/hydra/mod.rs the_commands_of_the_page_get_a_token_that_passes";
const README: &str = "tests/it/readme.rs shell_blocks_of_the_readme_run";
const ACCEPTED: &str = "tests/it/page_blocks/settings.rs settings_of_the_pages_are_accepted";
const FLASK: &str = "tests/it/upstreams.rs flask";
const NGINX_HEADERS: &str = "tests/it/nginx.rs headers_of_the_site_are_on_denials_too";

const fn row(page: &'static str, language: &'static str, count: usize, held: Held) -> Row {
    Row {
        page,
        language,
        count,
        held,
    }
}

#[rustfmt::skip]
pub const BLOCKS: &[Row] = &[
    row("CONTRIBUTING.md", "sh", 1, By(&[COMMANDS])),
    row("README.md", "sh", 9, By(&[README])),
    // The first one is a picture.
    row("README.md", "text", 2, By(&["tests/it/readme.rs errors_in_the_readme_are_the_real_ones"])),
    row("docs/api-keys.md", "sh", 2, By(&[KEYS])),
    row("docs/api-keys.md", "yaml", 2, By(&[KEYS])),
    row("docs/api-keys.md", "yaml keys.yaml", 1, By(&[KEYS])),
    row("docs/architecture.md", "mermaid", 1, By(&[DIAGRAMS])),
    row("docs/behaviour.md", "cel", 1, By(&["src/policy/condition/tests.rs the_examples_of_the_documentation_are_true_for_alice"])),
    row("docs/behaviour.md", "json", 1, By(&["tests/it/readme.rs custom_denials_in_the_docs_are_accepted"])),
    row("docs/behaviour.md", "sh", 1, By(&["tests/it/tls/page.rs the_certificate_of_the_page_is_that_of_a_server"])),
    row("docs/benchmarks.md", "console", 4, By(&[COMMANDS])),
    row("docs/benchmarks.md", "text", 1, Not("`make bench` writes it from what it has run")),
    row("docs/browsers.md", "nginx", 2, By(&[COOKIE, "tests/it/browsers.rs a_page_behind_a_log_in_proxy"])),
    row("docs/browsers.md", "text", 1, Not("a picture")),
    row("docs/browsers.md", "toml", 1, By(&[LOG_IN])),
    row("docs/browsers.md", "yaml", 2, By(&[COOKIE, LOG_IN])),
    row("docs/caddy.md", "caddyfile", 5, By(&["tests/it/proxy_pages.rs the_shortest_caddy_works", QUOTES])),
    row("docs/caddy.md", "sh", 1, By(&["tests/it/proxy_pages.rs the_commands_to_try_caddy_work"])),
    row("docs/check.md", "json", 1, By(&["tests/it/check.rs the_report_in_the_docs_is_what_comes"])),
    row("docs/correctness.md", "console", 3, By(&[COMMANDS])),
    row("docs/decorators.md", "python", 4, By(&["tests/it/decorators.rs the_decorators_on_the_page_can_be_read"])),
    row("docs/decorators.md", "sh", 1, By(&["tests/it/page_blocks/shell.rs a_token_is_issued_as_the_decorator_did"])),
    row("docs/deployment.md", "ini", 2, By(&["tests/it/deploy/page.rs the_addition_to_the_unit_is_understood"])),
    row("docs/deployment.md", "sh", 4, By(&[DEPLOYMENT])),
    row("docs/deployment.md", "yaml", 1, By(&["tests/it/deploy/page.rs the_configuration_of_the_page_is_one"])),
    row("docs/directory.md", "console", 1, By(&[DIRECTORY])),
    row("docs/directory.md", "sql", 2, By(&[DIRECTORY, "tests/it/directory/page.rs the_role_may_only_read"])),
    row("docs/directory.md", "text", 1, By(&["tests/it/directory/page.rs the_file_of_the_url_is_understood"])),
    row("docs/directory.md", "yaml", 1, By(&[DIRECTORY])),
    row("docs/envoy-grpc.md", "sh", 2, By(&["tests/it/proxy_pages.rs the_commands_to_try_envoy_by_grpc_work", "tests/it/page_blocks/shell.rs the_variable_of_the_grpc_listener_is_a_setting"])),
    row("docs/envoy-grpc.md", "yaml", 8, By(&["tests/it/proxy_pages.rs the_shortest_envoy_by_grpc_works", QUOTES])),
    row("docs/envoy.md", "sh", 1, By(&["tests/it/proxy_pages.rs the_commands_to_try_envoy_work"])),
    row("docs/envoy.md", "yaml", 4, By(&["tests/it/proxy_pages.rs the_shortest_envoy_works", QUOTES])),
    row("docs/fixtures.md", "text", 1, By(&[FIXTURES])),
    row("docs/fixtures.md", "yaml", 2, By(&[FIXTURES])),
    row("docs/haproxy.md", "haproxy", 3, By(&["tests/it/proxy_pages.rs the_shortest_haproxy_works", QUOTES])),
    row("docs/haproxy.md", "lua", 1, By(&[QUOTES])),
    row("docs/haproxy.md", "sh", 1, By(&["tests/it/proxy_pages.rs the_commands_to_try_haproxy_work"])),
    row("docs/introspection.md", "yaml", 2, By(&[ACCEPTED, "tests/it/introspection/keycloak.rs a_lightweight_token_gets_its_claims_from_the_answer"])),
    row("docs/limits.md", "yaml", 2, By(&[ACCEPTED])),
    row("docs/listeners.md", "ini", 2, By(&["tests/it/page_blocks/shell.rs units_of_the_page_say_what_the_shipped_ones_say"])),
    row("docs/listeners.md", "mermaid", 1, By(&[DIAGRAMS])),
    row("docs/listeners.md", "nginx", 1, By(&["tests/it/tls/proxies.rs nginx_over_mutual_tls"])),
    row("docs/listeners.md", "sh", 1, By(&["tests/it/page_blocks/shell.rs a_socket_is_tried_without_a_unit"])),
    row("docs/listeners.md", "traefik", 1, By(&["tests/it/tls/proxies.rs traefik_over_mutual_tls"])),
    row("docs/listeners.md", "yaml", 5, By(&["tests/it/tls/proxies.rs the_settings_of_the_page_are_accepted"])),
    row("docs/nginx.md", "conf", 1, By(&[NGINX_HEADERS])),
    row("docs/nginx.md", "nginx", 6, By(&["tests/it/proxy_pages.rs the_shortest_nginx_works", QUOTES])),
    row("docs/nginx.md", "sh", 1, By(&["tests/it/proxy_pages.rs the_commands_to_try_nginx_work"])),
    row("docs/observability.md", "sh", 1, By(&["tests/it/page_blocks/shell.rs an_explanation_is_asked_for_with_curl"])),
    row("docs/observability.md", "yaml", 1, By(&["tests/it/logging.rs the_fields_of_the_page_are_accepted"])),
    row("docs/odd-paths.md", "mermaid", 1, By(&[DIAGRAMS])),
    row("docs/passwords.md", "sh", 3, By(&[PASSWORDS])),
    row("docs/passwords.md", "yaml", 2, By(&[PASSWORDS])),
    row("docs/presets.md", "json", 7, By(&[PRESETS])),
    row("docs/presets.md", "text", 7, By(&[PRESETS])),
    row("docs/presets.md", "yaml", 11, By(&[PRESETS])),
    row("docs/providers.md", "json", 7, By(&[MISTAKES])),
    row("docs/providers.md", "sh", 6, By(&["tests/it/keycloak.rs the_page_leads_to_a_guarded_site", HYDRA])),
    row("docs/providers.md", "text", 8, By(&[MISTAKES, HYDRA])),
    row("docs/providers.md", "yaml", 1, By(&[HYDRA])),
    row("docs/proxies.md", "mermaid", 2, By(&[DIAGRAMS])),
    row("docs/proxies.md", "sh", 1, By(&["tests/it/page_blocks/shell.rs lines_for_a_proxy_are_printed"])),
    row("docs/reliability.md", "mermaid", 2, By(&[DIAGRAMS])),
    row("docs/settings.md", "yaml", 1, By(&[ACCEPTED])),
    row("docs/traefik.md", "sh", 1, By(&["tests/it/proxy_pages.rs the_commands_to_try_traefik_work"])),
    row("docs/traefik.md", "yaml", 3, By(&["tests/it/proxy_pages.rs the_shortest_traefik_works", QUOTES])),
    row("docs/upstreams.md", "java", 1, By(&["tests/it/upstreams.rs spring"])),
    row("docs/upstreams.md", "js", 1, By(&["tests/it/upstreams.rs express"])),
    row("docs/upstreams.md", "mermaid", 1, By(&[DIAGRAMS])),
    row("docs/upstreams.md", "nginx", 1, By(&[FLASK])),
    row("docs/upstreams.md", "python", 1, By(&[FLASK])),
    // The requests past the proxy are those of each of the three applications.
    row("docs/upstreams.md", "sh", 1, By(&[FLASK])),
    row("docs/upstreams.md", "yaml", 1, By(&[FLASK])),
];
