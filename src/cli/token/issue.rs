//! `doorward token issue`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde_json::{Map, Value};

use super::input::read;
use crate::cli::exit::{Failure, print};
use crate::domain::Clock;
use crate::jose::{Algorithm, Family, InvalidSecret, SigningKey, VerificationKey};
use crate::platform::SystemClock;

#[derive(Args)]
#[command(group(ArgGroup::new("with").required(true)))]
pub(in crate::cli) struct Issue {
    /// Private key to sign with, PEM or JWK; `-` for stdin
    #[arg(long, group = "with", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Shared secret to sign with; `-` for stdin. One line end at its end is cut off
    #[arg(long, group = "with", value_name = "FILE")]
    hmac_secret_file: Option<PathBuf>,
    /// Encoding of the secret
    #[arg(long, default_value = "utf8", value_parser = ["utf8", "hex", "base64"])]
    hmac_secret_encoding: String,
    /// Signature algorithm; the default is that of the key, or the usual one of its type
    #[arg(long)]
    algorithm: Option<Algorithm>,
    /// `kid` of the header; the default is that of the key
    #[arg(long)]
    kid: Option<String>,
    /// `typ` of the header
    #[arg(long, default_value = "JWT")]
    typ: String,
    /// `iss`
    #[arg(long)]
    issuer: Option<String>,
    /// `sub`
    #[arg(long)]
    subject: Option<String>,
    /// `aud`; may be given several times
    #[arg(long)]
    audience: Vec<String>,
    /// `scope`, separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// Lifetime of the token; `exp` is now plus this
    #[arg(long, default_value = "1d", value_parser = humantime::parse_duration)]
    expires_in: Duration,
    /// Additional claims, as a JSON object; they win over the other options
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = members)]
    claims: Map<String, Value>,
}

impl Issue {
    pub(in crate::cli) fn run(self) -> Result<(), Failure> {
        let key = self.key()?;
        let mut header = Map::from_iter([("typ".to_owned(), self.typ.clone().into())]);
        header.extend(self.kid.clone().map(|kid| ("kid".to_owned(), kid.into())));
        let token = key
            .sign(&header, &self.claims())
            .map_err(|_| Failure::failed("the key does not sign"))?;
        print(&format!("{token}\n"))
    }

    fn key(&self) -> Result<SigningKey, Failure> {
        if let Some(path) = &self.key_file {
            let key = SigningKey::parse(&read(path)?, self.algorithm);
            return key.map_err(|error| Failure::failed(format!("{}: {error}", path.display())));
        }
        let path = self
            .hmac_secret_file
            .as_ref()
            .ok_or_else(|| Failure::failed("no key"))?;
        let algorithm = self.algorithm.unwrap_or(Algorithm::HS256);
        if algorithm.family() != Family::Secret {
            return Err(Failure::failed(
                InvalidSecret::Algorithm(algorithm).to_string(),
            ));
        }
        let text = read(path)?;
        let text = text.strip_suffix('\n').map_or(text.as_str(), |line| {
            line.strip_suffix('\r').unwrap_or(line)
        });
        let secret = crate::config::decode_secret(&self.hmac_secret_encoding, text)
            .map_err(Failure::failed)?;
        // A secret that the service would refuse is refused here too. So a forgotten encoding shows
        // at once.
        VerificationKey::secret(algorithm, &secret).map_err(|weak| {
            Failure::failed(format!(
                "{}: {weak} (is --hmac-secret-encoding right?)",
                path.display()
            ))
        })?;
        Ok(SigningKey::secret(algorithm, &secret))
    }

    fn claims(&self) -> Value {
        let now = SystemClock.now();
        let mut claims = Map::from_iter([
            ("iat".to_owned(), now.as_secs().into()),
            ("exp".to_owned(), now.plus(self.expires_in).as_secs().into()),
        ]);
        let named = [
            ("iss", &self.issuer),
            ("sub", &self.subject),
            ("scope", &self.scope),
        ];
        claims.extend(
            named
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into()))),
        );
        match self.audience.as_slice() {
            [] => {}
            [only] => drop(claims.insert("aud".to_owned(), only.clone().into())),
            several => drop(claims.insert("aud".to_owned(), several.into())),
        }
        claims.extend(self.claims.clone());
        Value::Object(claims)
    }
}

fn members(json: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(json).map_err(|error| format!("not a JSON object: {error}"))
}
