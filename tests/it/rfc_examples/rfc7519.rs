//! RFC 7519: JSON Web Token.

use super::{END_OF_JOES_CLAIMS, SECRET, any_gate, gate_with_secret, verdict_at};

/// Header, claims and signature are those of RFC 7515 appendix A.1.
const SECTION_3_1: &str = concat!(
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9",
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
);

/// An encrypted JWT. That the text is the published one was checked by decrypting it with the key
/// of RFC 7516 appendix A.2, outside this test: nothing here decrypts.
const A1: &str = concat!(
    "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.QR1Owv2ug2WyPBnbQrRARTeEk9kDO2w8qDcjiHnSJflSdv1i",
    "NqhWXaKH4MqAkQtMoNfABIPJaZm0HaA415sv3aeuBWnD8J-Ui7Ah6cWafs3ZwwFKDFUUsWHSK-IPKxLGTkND09XyjORj_CHAgOPJ",
    "-Sd8ONQRnJvWn_hXV1BNMHzUjPyYwEsRhDhzjAD26imasOTsgruobpYGoQcXUwFDn7moXPRfDE8-NoQX7N7ZYMmpUDkR-Cx9obNG",
    "wJQ3nM52YCitxoQVPzjbl7WBuB7AohdBoZOdZ24WlN1lVIeh8v1K4krB8xgKvRU8kgFrEn_a1rZgN5TiysnmzTROF869lQ.AxY8D",
    "CtDaGlsbGljb3RoZQ.MKOle7UQrG6nSxTLX6Mqwt0orbHvAKeWnDYvpIAeZ72deHxz3roJDXQyhxx0wKaMHDjUEOKIwrtkHthpqE",
    "anSBNYHZgmNOV7sln1Eu9g3J8.fiK51VwhsxJ-siBMR-YFiA",
);

#[test]
fn section_3_1_hs256() {
    let gate = gate_with_secret("joe", SECRET);
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS - 1, SECTION_3_1),
        "200"
    );
    let answer = gate.get("/verify").bearer(SECTION_3_1).send();
    assert_eq!(
        (answer.get("x-auth-issuer"), answer.get("x-auth-subject")),
        (Some("joe"), Some(""))
    );
    assert_eq!(
        verdict_at(&gate, END_OF_JOES_CLAIMS, SECTION_3_1),
        "401 token_expired"
    );
    let other_issuer = gate_with_secret("jane", SECRET);
    assert_eq!(
        verdict_at(&other_issuer, END_OF_JOES_CLAIMS - 1, SECTION_3_1),
        "401 issuer_unknown"
    );
}

#[test]
fn section_6_1_unsecured() {
    let claims = SECTION_3_1.split('.').nth(1).unwrap();
    let token = format!("eyJhbGciOiJub25lIn0.{claims}.");
    for gate in [any_gate(), gate_with_secret("joe", SECRET)] {
        assert_eq!(
            verdict_at(&gate, END_OF_JOES_CLAIMS - 1, &token),
            "401 algorithm_not_allowed"
        );
    }
}

#[test]
fn a1_encrypted() {
    assert_eq!(
        verdict_at(&any_gate(), END_OF_JOES_CLAIMS - 1, A1),
        "401 token_encrypted"
    );
}
