//! The methods by which this service can authenticate itself.

use super::material::{
    ASSERTION_AUDIENCE, BEARER_TOKEN_FILE, CERTIFICATE_FILE, CLIENT_ID, CLIENT_SECRET, KEY_FILE,
};
use crate::config_reader::{Setting, Shape, value};

pub(in crate::config::issuer::introspection) const AUTH: Setting = Setting::new(
    "introspection_auth",
    "basic",
    "How doorward authenticates to the introspection endpoint. `basic` or `post`: client id and secret. `private_key_jwt`: client id and key. `mtls`: client id, certificate and key. `bearer`: a token. `none`: nothing, on loopback only. Settings that the method does not use are errors.",
)
.shaped(Shape::Word(&value::words(METHODS)));

pub(super) const METHODS: &[(&str, Method); 6] = &[
    ("basic", Method::Basic),
    ("post", Method::Post),
    ("private_key_jwt", Method::PrivateKeyJwt),
    ("mtls", Method::MutualTls),
    ("bearer", Method::Bearer),
    ("none", Method::None),
];

/// A method by which this service can authenticate itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Basic,
    Post,
    PrivateKeyJwt,
    MutualTls,
    Bearer,
    None,
}

impl Method {
    /// Returns the word for it in the configuration.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Post => "post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::MutualTls => "mtls",
            Self::Bearer => "bearer",
            Self::None => "none",
        }
    }

    /// Returns the settings that the method requires.
    pub(super) const fn needs(self) -> &'static [Setting] {
        match self {
            Self::Basic | Self::Post => &[CLIENT_ID, CLIENT_SECRET],
            Self::PrivateKeyJwt => &[CLIENT_ID, KEY_FILE],
            Self::MutualTls => &[CLIENT_ID, CERTIFICATE_FILE, KEY_FILE],
            Self::Bearer => &[BEARER_TOKEN_FILE],
            Self::None => &[],
        }
    }

    /// Returns `true` if the method uses the setting.
    pub(super) fn takes(self, setting: &Setting) -> bool {
        self.needs().contains(setting)
            || self == Self::PrivateKeyJwt && *setting == ASSERTION_AUDIENCE
    }
}
