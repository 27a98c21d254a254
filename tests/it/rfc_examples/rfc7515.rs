//! RFC 7515: JSON Web Signature.

use doorward::jose::Algorithm;
use serde_json::{Value, json};

use super::{
    END_OF_JOES_CLAIMS, SECRET, any_gate, assert_signed_by, assert_signed_with, gate_with_key,
    gate_with_secret, input_and_signature, verdict_at,
};

/// The claims of most examples: issuer `joe`, an end, and one claim more.
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

const A1: &str = concat!(
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9",
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
);

const A2_SIGNATURE: &str = concat!(
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9",
    "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB",
    "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq",
    "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
);

const A3_SIGNATURE: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

const A4: &str = concat!(
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2",
    "SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXo",
    "lLzeO_Jn",
);

fn a2_key() -> Value {
    let n = concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR",
        "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB",
        "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia",
        "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    );
    json!({"kty": "RSA", "n": n, "e": "AQAB"})
}

fn a3_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn a4_key() -> Value {
    json!({
        "kty": "EC", "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    })
}

#[test]
fn a1_hs256() {
    let (input, signature) = input_and_signature(A1);
    assert_signed_with(SECRET, input, signature);
    let gate = gate_with_secret("joe", SECRET);
    assert_eq!(verdict_at(&gate, END_OF_JOES_CLAIMS - 1, A1), "200");
    assert_eq!(
        gate.get("/verify").bearer(A1).send().get("x-auth-issuer"),
        Some("joe")
    );
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS, A1),
        "401 token_expired"
    );
}

#[test]
fn a2_rs256() {
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{A2_SIGNATURE}");
    let gate = gate_with_key("joe", &a2_key());
    assert_eq!(verdict_at(&gate, END_OF_JOES_CLAIMS - 1, &token), "200");
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS, &token),
        "401 token_expired"
    );
    let other_header = format!("eyJhbGciOiJSUzI1NiIgfQ.{PAYLOAD}.{A2_SIGNATURE}");
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS - 1, &other_header),
        "401 signature_invalid"
    );
}

#[test]
fn a3_es256() {
    let token = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{A3_SIGNATURE}");
    let gate = gate_with_key("joe", &a3_key());
    assert_eq!(verdict_at(&gate, END_OF_JOES_CLAIMS - 1, &token), "200");
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS, &token),
        "401 token_expired"
    );
    assert_eq!(
        verdict_at(&gate_with_key("jane", &a3_key()), 0, &token),
        "401 issuer_unknown"
    );
}

#[test]
fn a4_es512() {
    let (input, signature) = input_and_signature(A4);
    assert_signed_by(&a4_key(), Algorithm::ES512, input, signature);
    assert_eq!(
        gate_with_key("joe", &a4_key()).verdict(A4),
        "401 claim_invalid"
    );
}

#[test]
fn a5_none() {
    let token = format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.");
    assert_eq!(
        verdict_at(&any_gate(), END_OF_JOES_CLAIMS - 1, &token),
        "401 algorithm_not_allowed"
    );
}

#[test]
fn a6_general_json() {
    let signatures = json!([
        {"protected": "eyJhbGciOiJSUzI1NiJ9", "header": {"kid": "2010-12-29"}, "signature": A2_SIGNATURE},
        {
            "protected": "eyJhbGciOiJFUzI1NiJ9", "header": {"kid": "e9bc097a-ce51-4036-9562-d2ade882db0d"},
            "signature": A3_SIGNATURE,
        },
    ]);
    let token = json!({"payload": PAYLOAD, "signatures": signatures}).to_string();
    let gate = gate_with_key("joe", &a2_key());
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS - 1, &token),
        "401 token_malformed"
    );
}

#[test]
fn a7_flattened_json() {
    let token = json!({
        "payload": PAYLOAD, "protected": "eyJhbGciOiJFUzI1NiJ9",
        "header": {"kid": "e9bc097a-ce51-4036-9562-d2ade882db0d"}, "signature": A3_SIGNATURE,
    });
    let gate = gate_with_key("joe", &a3_key());
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS - 1, &token.to_string()),
        "401 token_malformed"
    );
}

#[test]
fn e_unknown_crit() {
    let token = concat!(
        "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxl",
        "LmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.",
    );
    assert_eq!(any_gate().verdict(token), "401 header_critical_unsupported");
}

#[test]
fn f_detached() {
    let detached = A1.replace(PAYLOAD, "");
    let gate = gate_with_secret("joe", SECRET);
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS - 1, &detached),
        "401 token_malformed"
    );
}
