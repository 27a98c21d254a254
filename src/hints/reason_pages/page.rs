//! The parts of a page, and what its examples have in common.

/// The texts of one page, in Markdown.
pub(super) struct ReasonPage {
    /// The situations that lead to the denial, the most frequent first.
    pub(super) causes: &'static [&'static str],
    /// The places that show it, beside those of every reason.
    pub(super) signs: &'static [&'static str],
    /// The steps to take, in this order.
    pub(super) cures: &'static [&'static str],
    pub(super) example: Example,
}

/// A request that is denied for the reason.
pub(super) enum Example {
    /// A service with this configuration, and commands whose last response is the denial. A test
    /// runs them.
    Commands {
        /// The text of `doorward.yaml`.
        configuration: &'static str,
        /// A script for `sh`. The service listens on `127.0.0.1:8080`.
        script: &'static str,
    },
    /// Commands with something that has to be there before the service starts.
    Prepared {
        /// A script for `sh`. It may start a server of its own on `127.0.0.1:9999`.
        preparation: &'static str,
        /// The text of `doorward.yaml`.
        configuration: &'static str,
        /// A script for `sh`. The service listens on `127.0.0.1:8080`.
        script: &'static str,
    },
}

/// The start of an example's configuration: one issuer with a shared secret.
macro_rules! issuer {
    ($($more:literal)?) => {
        concat!(
            "issuer: https://idp.example.com\n",
            "audience: api\n",
            "hmac_secret: 0123456789abcdef0123456789abcdef\n",
            $($more)?
        )
    };
}

/// A script that signs a token with the secret of the service, and sends it.
macro_rules! send_token {
    ($options:literal) => {
        $crate::hints::reason_pages::page::send_token!($options, "0123456789abcdef0123456789abcdef")
    };
    ($options:literal, $secret:literal) => {
        concat!(
            "echo ",
            $secret,
            " > secret\n",
            "token=$(doorward token issue --hmac-secret-file secret \\\n  ",
            $options,
            ")\n",
            "curl -i -H \"Authorization: Bearer $token\" http://127.0.0.1:8080/verify\n",
        )
    };
}

pub(super) use issuer;
pub(super) use send_token;
