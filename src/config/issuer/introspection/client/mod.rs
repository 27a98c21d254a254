//! Authentication of this service to an introspection endpoint (RFC 6749 section 2.3,
//! RFC 7523, RFC 8705).

mod authentication;
mod identity;
mod key;
mod material;
mod method;

pub use authentication::{ClientAuthentication, ClientSecret, SecretSource};
pub use identity::client_identity;
pub(super) use material::{
    ASSERTION_AUDIENCE, BEARER_TOKEN_FILE, CERTIFICATE_FILE, CLIENT_ID, CLIENT_SECRET, KEY_FILE,
};
pub(super) use method::AUTH;

use crate::config_reader::{Invalid, Reader, Reported, value};
use material::{MATERIAL, bearer_token, followed, read_secret};
use method::{METHODS, Method};

/// Reads the method, and the id of the client if there is one. `needs_id` says that signed answers
/// are for the id.
pub(super) fn read(
    reader: &mut Reader,
    issuer: Option<&str>,
    needs_id: bool,
) -> Result<(ClientAuthentication, Option<String>), Reported> {
    let method = reader.read(&AUTH, value::one_of(METHODS));
    let settled = method.and_then(|method| settle(reader, method, needs_id));
    let id = reader.optional(&CLIENT_ID, value::text);
    let secret = read_secret(reader);
    let certificate = followed(reader, &CERTIFICATE_FILE, |_| Ok(()));
    let key = key::read(reader, method.ok(), certificate.as_ref().ok());
    let token = followed(reader, &BEARER_TOKEN_FILE, bearer_token);
    let audience = reader.optional(&ASSERTION_AUDIENCE, value::text);
    let (method, ()) = (method?, settled?);
    let (id, secret) = (id?, secret?);
    let (certificate, key, token) = (certificate?, key?, token?);
    let audience = audience?.or_else(|| issuer.map(str::to_owned));
    // `settle` has reported each missing setting.
    let client = match (method, id.clone(), secret, key) {
        (Method::Basic, Some(id), Some(secret), _) => {
            Some(ClientAuthentication::Basic(ClientSecret { id, secret }))
        }
        (Method::Post, Some(id), Some(secret), _) => {
            Some(ClientAuthentication::Post(ClientSecret { id, secret }))
        }
        (Method::PrivateKeyJwt, Some(id), _, Some((key_file, _))) => {
            let Some(audience) = audience else {
                let invalid = Invalid::new("missing").hint("an issuer without `iss` has no name");
                return Err(reader.refuse(&ASSERTION_AUDIENCE, invalid));
            };
            Some(ClientAuthentication::PrivateKeyJwt {
                id,
                key_file,
                audience,
            })
        }
        (Method::MutualTls, Some(id), _, Some((key_file, _))) => {
            certificate.map(|(certificate_file, _)| ClientAuthentication::MutualTls {
                id,
                certificate_file,
                key_file,
            })
        }
        (Method::Bearer, ..) => {
            token.map(|(token_file, _)| ClientAuthentication::Bearer { token_file })
        }
        (Method::None, ..) => Some(ClientAuthentication::None),
        _ => None,
    };
    client.map(|client| (client, id)).ok_or(Reported)
}

/// Returns `true` if this service does not authenticate itself, whatever else may be wrong.
pub(super) fn is_anonymous(reader: &Reader) -> bool {
    let method = reader.text_of(&AUTH).map(str::trim);
    method == Some(Method::None.word())
}

/// Reports required settings that are missing, and settings that the method does not use: a secret
/// that is never sent shows that another method was meant.
fn settle(reader: &mut Reader, method: Method, needs_id: bool) -> Result<(), Reported> {
    let mut settled = Ok(());
    for setting in MATERIAL {
        let is_id_of_answers = needs_id && setting == CLIENT_ID;
        let is_needed = method.needs().contains(&setting) || is_id_of_answers;
        let is_taken = is_needed || method.takes(&setting);
        let word = method.word();
        let invalid = match (reader.is_given(&setting), is_needed, is_taken) {
            (false, true, _) if is_id_of_answers => Invalid::new("missing")
                .hint("$introspection_response=jwt needs it: it is the `aud` of signed answers"),
            (false, true, _) => {
                Invalid::new("missing").hint(format!("$introspection_auth={word} needs it"))
            }
            (true, _, false) => {
                Invalid::new(format!("has no meaning beside $introspection_auth={word}"))
                    .hint("leave it out, or choose the method that uses it")
            }
            _ => continue,
        };
        settled = Err(reader.refuse(&setting, invalid));
    }
    settled
}
