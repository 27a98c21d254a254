//! The claims of the token as metadata, for Envoy's access log, rate limits and RBAC.

use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{ListValue, NullValue, Struct, Value};

use crate::jose::{Claims, Json};
use crate::policy::exact_double;

/// The key that holds the claims. Envoy writes keys of its own beside it.
const CLAIMS: &str = "claims";

/// The number of levels that become messages; anything deeper stays JSON text. Each level takes
/// three of Envoy's messages. Envoy discards the whole response if more than a hundred are nested.
const MAX_DEPTH: usize = 16;

/// Returns the claims as a member `claims`.
pub(super) fn metadata(claims: &Claims) -> Struct {
    Struct {
        fields: [(CLAIMS.to_owned(), value(claims.all(), MAX_DEPTH))].into(),
    }
}

fn value(json: Json<'_>, depth_left: usize) -> Value {
    Value {
        kind: Some(kind(json, depth_left)),
    }
}

fn kind(json: Json<'_>, depth_left: usize) -> Kind {
    let text = json.as_written();
    let as_text = || Kind::StringValue(text.to_owned());
    match (text.as_bytes().first(), depth_left.checked_sub(1)) {
        (Some(b'{'), Some(depth_left)) => json.members().map_or_else(as_text, |members| {
            let fields = members
                .into_iter()
                .map(|(name, member)| (name.into_owned(), value(member, depth_left)));
            Kind::StructValue(Struct {
                fields: fields.collect(),
            })
        }),
        (Some(b'['), Some(depth_left)) => json.elements().map_or_else(as_text, |elements| {
            let values = elements
                .into_iter()
                .map(|element| value(element, depth_left))
                .collect();
            Kind::ListValue(ListValue { values })
        }),
        (Some(b'{' | b'['), None) => as_text(),
        (Some(b'"'), _) => json
            .string()
            .map_or_else(as_text, |text| Kind::StringValue(text.into_owned())),
        (Some(b't' | b'f'), _) => Kind::BoolValue(text == "true"),
        (Some(b'n'), _) => Kind::NullValue(NullValue::NullValue.into()),
        // A number that a double would change stays text.
        _ => exact_double(text).map_or_else(as_text, Kind::NumberValue),
    }
}
