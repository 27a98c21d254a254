//! `/status`: the state of the service, for people and scripts.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::authenticators::opaque::Introspector;
use crate::authenticators::{FollowedList, Listed};
use crate::config::CredentialList;
use crate::domain::Moment;
use crate::http::{CurrentTls, ServiceSnapshot};
use crate::issuers::{Issuer, shown_key_id};
use crate::jose::{Algorithm, RefusedKey};
use crate::outbound::dependency::DependencyStatus;
use crate::policy::IssuerProfile;

pub(super) fn status(generation: &ServiceSnapshot, tls: Option<&CurrentTls>) -> Value {
    let gate = &generation.decisions.gate;
    let now = gate.clock.moment();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "configuration_generation": generation.number,
        "proxy": generation.proxy,
        "issuers": gate.issuers().iter().map(|issuer| {
            let asked = gate.authenticators.asked.of(issuer.profile.index);
            issuer_status(issuer, asked.map(Arc::as_ref), now)
        }).collect::<Vec<_>>(),
        "credential_lists": credential_lists(&gate.authenticators.listed),
        "tls": tls.map(tls_status),
        "dependencies": generation.dependencies.iter().map(|dependency| dependency_status(&dependency.status())).collect::<Vec<_>>(),
        "token_cache": {"on": gate.cache().is_on(), "entries": gate.cache().len()},
    })
}

fn dependency_status(status: &DependencyStatus) -> Value {
    let last_failure = status.last_failure.as_ref();
    json!({
        "dependency": status.name,
        "issuer": status.issuer.as_deref(),
        "calls_in_flight": status.in_flight,
        "consecutive_failures": status.failures,
        "refuses_calls_for_seconds": status.open_for.map(|wait| wait.as_secs_f64()),
        "last_failure": last_failure.map(|(_, text)| text),
        "last_failure_seconds_ago": last_failure.map(|(ago, _)| ago.as_secs()),
    })
}

fn tls_status(tls: &CurrentTls) -> Value {
    let settings = tls.settings();
    json!({
        "certificate_not_after": settings.identity.not_after.to_rfc3339().to_string(),
        "mutual": settings.identity.clients.is_some(),
        "last_error": tls.last_error.load().as_deref(),
    })
}

fn credential_lists(listed: &Listed) -> Vec<Value> {
    let api_keys = listed.api_keys.as_ref();
    let api_keys = api_keys.map(|keys| list_status(keys.profile(), keys.list()));
    let passwords = listed.passwords.as_ref();
    let passwords = passwords.map(|users| list_status(users.profile(), users.list()));
    api_keys.into_iter().chain(passwords).collect()
}

fn list_status<L: CredentialList>(profile: &IssuerProfile, list: &FollowedList<L>) -> Value {
    let history = list.history();
    json!({
        "name": &*profile.name,
        "entries": list.current().list.len(),
        "loaded_at": history.loaded_at.to_rfc3339().to_string(),
        "last_error": history.last_error,
    })
}

fn introspection_status(introspector: &Introspector) -> Value {
    let settings = introspector.settings();
    json!({
        "tokens": settings.mode.word(),
        "token_prefixes": settings.token_prefixes,
        "url": introspector.known_endpoint(),
        "auth": settings.client.method(),
        "signed_answers": settings.is_signed(),
    })
}

fn issuer_status(issuer: &Issuer, asked: Option<&Introspector>, now: Moment) -> Value {
    let snapshot = issuer.keys.snapshot();
    let history = issuer.keys.fetch_history();
    let keys: Vec<Value> = snapshot
        .keys()
        .published()
        .iter()
        .map(|key| {
            let age = snapshot
                .first_seen(key.first())
                .map(|first_seen| now.uptime.since(first_seen).as_secs());
            json!({
                "id": key.first().id().map(shown_key_id),
                "algorithms": key.algorithms().map(Algorithm::name).collect::<Vec<_>>(),
                "age_seconds": age,
                "private_part_published": key.is_private_part_published(),
            })
        })
        .collect();
    let described = &issuer.description;
    json!({
        "name": &*issuer.profile.name,
        "issuer": described.accepted,
        "preset": described.preset,
        "audiences": described.audiences,
        "key_source": described.key_source,
        "metadata_urls": described.metadata_urls,
        "keys_url": history.keys_url.as_ref().or(described.keys_url.as_ref()),
        "fetched_through": described.proxy,
        "introspection": asked.map(introspection_status),
        "usable": !issuer.needs_keys || snapshot.is_usable(now),
        "keys": keys,
        "refused_keys": snapshot.keys().refused().iter().map(refused_key).collect::<Vec<_>>(),
        "encryption_keys": snapshot.keys().for_encryption().map(|id| id.map(shown_key_id)).collect::<Vec<_>>(),
        "fetched_seconds_ago": snapshot.fetched_at().map(|at| now.since(at).as_secs()),
        "last_error": history.last_error,
        "last_error_hint": history.last_hint,
        "consecutive_failures": history.failures,
        "next_refresh_in_seconds": history.next_refresh.map(|at| now.until(at).as_secs()),
    })
}

fn refused_key(key: &RefusedKey) -> Value {
    json!({"id": key.id.as_deref().map(shown_key_id), "reason": key.refusal.to_string()})
}
