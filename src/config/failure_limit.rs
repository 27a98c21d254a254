//! The limit on failures of one client address.

use std::num::NonZeroU32;
use std::time::Duration;

use super::proxy::{covers_everything, network};
use super::{DialectName, ProxySettings, TrustedProxies};
use crate::config_reader::{Invalid, Reader, Reported, Setting, Shape, value};

const FAILURE_LIMIT: Setting = Setting::new(
    "failure_limit",
    "off",
    "Number of failed requests that one client address may cause in a time, such as `60/1m`. After that, its requests with a credential that is not in the cache and has to be verified get 429. Needs a `proxy` other than `auto`. With `htpasswd_file` and such a `proxy` the default is `30/1m`.",
);
const FAILURE_LIMIT_PROXIES: Setting = Setting::optional(
    "failure_limit_proxies",
    "none",
    "Networks of load balancers in front of the proxy. If an entry of `X-Forwarded-For` is an address of theirs, the entry to its left is the client's address.",
)
.shaped(Shape::List(&Shape::Text));

pub(crate) const SETTINGS: &[Setting] = &[FAILURE_LIMIT, FAILURE_LIMIT_PROXIES];

/// The limit on failures of one client address.
#[derive(Debug, Clone)]
pub struct FailureLimitSettings {
    /// The limit.
    pub limit: FailureLimit,
    /// The load balancers in front of the proxy.
    pub proxies: TrustedProxies,
    /// `false` if the limit holds only because there are passwords.
    pub is_given: bool,
}

/// The limit where there are passwords and none is given.
const LIMIT_FOR_PASSWORDS: &str = "30/1m";

/// So many failures in this time: at once, and in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureLimit {
    /// The number of failures.
    pub failures: NonZeroU32,
    /// The time in which they are forgotten.
    pub period: Duration,
}

const MAX_FAILURES: u64 = 100_000;
const MIN_PERIOD: Duration = Duration::from_secs(1);
const MAX_PERIOD: Duration = Duration::from_hours(24);

impl FailureLimit {
    /// Returns the time in which one failure is forgotten.
    pub fn interval(self) -> Duration {
        self.period / self.failures.get()
    }
}

impl FailureLimitSettings {
    /// Reads the section. Returns `None` if failures are not limited. Guesses at passwords are
    /// limited by default, as far as the address of the client is known.
    pub(super) fn read(
        reader: &mut Reader,
        proxy: &Result<ProxySettings, Reported>,
        has_passwords: bool,
    ) -> Result<Option<Self>, Reported> {
        let is_given = reader.is_given(&FAILURE_LIMIT);
        let is_named = |proxy: &ProxySettings| proxy.dialect != DialectName::Auto;
        let is_default = !is_given && has_passwords && proxy.as_ref().is_ok_and(is_named);
        let limit = reader.read(&FAILURE_LIMIT, |text| {
            limit(if is_default {
                LIMIT_FOR_PASSWORDS
            } else {
                text
            })
        });
        let proxies = reader.optional_list(&FAILURE_LIMIT_PROXIES, network);
        let proxies = proxies?.unwrap_or_default();
        if covers_everything(&proxies) {
            // The search for the client would end at the entry that the client itself wrote.
            let hint =
                "list the networks of your load balancers; no client may have an address there";
            let invalid = Invalid::new("takes every client for a load balancer").hint(hint);
            return Err(reader.refuse(&FAILURE_LIMIT_PROXIES, invalid));
        }
        let Some(limit) = limit? else {
            if !is_given {
                let alone = Invalid::new("has no meaning without $failure_limit")
                    .hint("set $failure_limit, or leave it out");
                reader.refuse_given(&[FAILURE_LIMIT_PROXIES], &alone)?;
            }
            return Ok(None);
        };
        if let Ok(proxy) = proxy {
            proxy
                .dialect
                .require_named_proxy(reader, &FAILURE_LIMIT, "client's address")?;
        }
        Ok(Some(Self {
            limit,
            proxies: TrustedProxies::new(proxies),
            is_given,
        }))
    }
}

fn limit(text: &str) -> Result<Option<FailureLimit>, Invalid> {
    let expected = || Invalid::expected("write a number and a duration such as 60/1m, or off");
    if text.trim() == "off" {
        return Ok(None);
    }
    let (failures, period) = text.split_once('/').ok_or_else(expected)?;
    let failures: u32 = failures.trim().parse().map_err(|_| expected())?;
    let period = value::duration(period).map_err(|_| expected())?;
    let is_bounded =
        u64::from(failures) <= MAX_FAILURES && (MIN_PERIOD..=MAX_PERIOD).contains(&period);
    match NonZeroU32::new(failures).filter(|_| is_bounded) {
        Some(failures) => Ok(Some(FailureLimit { failures, period })),
        None => Err(Invalid::new("out of range")
            .hint(format!("from 1 to {MAX_FAILURES} failures, in 1s to 24h"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_and_a_duration() {
        let parsed = |text| limit(text).map(|limit| limit.map(FailureLimit::interval));
        assert_eq!(parsed("off"), Ok(None));
        assert_eq!(parsed(" 60/1m "), Ok(Some(Duration::from_secs(1))));
        assert_eq!(parsed("1 / 24h"), Ok(Some(MAX_PERIOD)));
        let interval = parsed("100000/1s").unwrap().unwrap();
        assert_eq!(interval, Duration::from_micros(10));
        for wrong in [
            "",
            "60",
            "60/",
            "/1m",
            "60/m",
            "-1/1m",
            "0/1m",
            "60/0s",
            "60/25h",
            "100001/1m",
            "1.5/1m",
            "60/1m/1m",
            "on",
            "4294967296/1m",
        ] {
            assert!(limit(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_limit_within_bounds_or_refused(text in "[0-9]{0,12}/?[0-9a-z. ]{0,8}") {
            if let Ok(Some(limit)) = limit(&text) {
                proptest::prop_assert!(!limit.interval().is_zero());
                proptest::prop_assert!((MIN_PERIOD..=MAX_PERIOD).contains(&limit.period));
            }
        }
    }
}
