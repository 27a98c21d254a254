//! Tenants of Microsoft Entra ID, whose id is in the middle of their `iss`.

/// A tenant, by its id: a GUID in lower case, as Entra ID writes it into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntraTenant<'a>(&'a str);

impl<'a> EntraTenant<'a> {
    /// Parses an id; returns `None` if it is not a GUID in lower case.
    pub fn parse(id: &'a str) -> Option<Self> {
        let groups = id.split('-').map(str::len);
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
        (groups.eq([8, 4, 4, 4, 12]) && id.bytes().all(is_hex)).then_some(Self(id))
    }

    /// Returns the tenant with this `iss`; `None` if the `iss` is not one of Entra ID.
    ///
    /// The whole text is compared: a host or a path that only begins or ends like Entra ID's may
    /// belong to an attacker.
    pub fn of_issuer(iss: &'a str) -> Option<Self> {
        let v2 = iss
            .strip_prefix(V2.0)
            .and_then(|rest| rest.strip_suffix(V2.1));
        let v1 = iss
            .strip_prefix(V1.0)
            .and_then(|rest| rest.strip_suffix(V1.1));
        v2.or(v1).and_then(Self::parse)
    }

    /// Returns the `iss` of its tokens, in version 2.0 and in version 1.0.
    pub fn issuers(self) -> [String; 2] {
        [V2, V1].map(|(before, behind)| format!("{before}{}{behind}", self.0))
    }
}

/// The text before and after the tenant, in each version of `iss`.
const V2: (&str, &str) = ("https://login.microsoftonline.com/", "/v2.0");
const V1: (&str, &str) = ("https://sts.windows.net/", "/");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    #[test]
    fn a_tenant_is_found_in_the_two_shapes_only() {
        let tenant = EntraTenant::parse(ID).unwrap();
        for iss in tenant.issuers() {
            assert_eq!(EntraTenant::of_issuer(&iss), Some(tenant), "{iss}");
        }
        for iss in [
            format!("https://login.microsoftonline.com/{ID}"),
            format!("https://login.microsoftonline.com/{ID}/"),
            format!("https://login.microsoftonline.com/{ID}/v2.0/"),
            format!("https://login.microsoftonline.com/{ID}/x/v2.0"),
            format!("https://login.microsoftonline.com/x/{ID}/v2.0"),
            format!("https://login.microsoftonline.com.evil.example/{ID}/v2.0"),
            format!("https://login.microsoftonline.com@evil.example/{ID}/v2.0"),
            format!("http://login.microsoftonline.com/{ID}/v2.0"),
            format!("https://LOGIN.microsoftonline.com/{ID}/v2.0"),
            format!(
                "https://login.microsoftonline.com/{}/v2.0",
                ID.to_uppercase()
            ),
            format!("https://sts.windows.net/{ID}"),
            format!("https://sts.windows.net/{ID}/v2.0"),
            format!(" https://sts.windows.net/{ID}/"),
            "https://login.microsoftonline.com/common/v2.0".to_owned(),
            "https://login.microsoftonline.com/{tenantid}/v2.0".to_owned(),
            "https://login.microsoftonline.com//v2.0".to_owned(),
            "https://login.microsoftonline.com/v2.0".to_owned(),
            ID.to_owned(),
        ] {
            assert_eq!(EntraTenant::of_issuer(&iss), None, "{iss}");
        }
    }

    #[test]
    fn an_id_is_a_guid() {
        for id in [
            "",
            "common",
            "*",
            "72f988bf86f141af91ab2d7cd011db47",
            "{72f988bf-86f1-41af-91ab-2d7cd011db47}",
        ] {
            assert_eq!(EntraTenant::parse(id), None, "{id}");
        }
        for id in [
            "72f988bf-86f1-41af-91ab-2d7cd011db4g",
            "72f988bf-86f1-41af-91ab-2d7cd011db477",
            "\u{e9}",
        ] {
            assert_eq!(EntraTenant::parse(id), None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn a_tenant_of_an_issuer_has_this_issuer(iss in "(https://(sts.windows.net|login.microsoftonline.com)/)?[0-9a-f-]{0,40}(/|/v2.0)?") {
            if let Some(tenant) = EntraTenant::of_issuer(&iss) {
                prop_assert!(tenant.issuers().contains(&iss));
            }
        }
    }
}
