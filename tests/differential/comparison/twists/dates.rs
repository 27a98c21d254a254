//! `exp`, `nbf` and `iat`.

use super::super::Difference;
use super::super::members::{escaped, quoted};
use super::super::twist::Effect::{Differs, Fatal, Harmless};
use super::super::twist::Twist;

pub static TWISTS: &[Twist] = &[
    Twist::new("claims/exp", "soon or late", Harmless, |draft, rng| {
        draft.claims.set("exp", draft.scene.future(rng).to_string());
    }),
    Twist::new("claims/exp", "a fraction", Harmless, |draft, rng| {
        draft.claims.set(
            "exp",
            format!("{}.{}", draft.scene.future(rng), rng.u32(..)),
        );
    }),
    Twist::new(
        "claims/exp",
        "at the limits of numbers",
        Harmless,
        |draft, rng| {
            draft.claims.set("exp", *rng.choice(LARGE).unwrap());
        },
    ),
    Twist::new(
        "claims/exp",
        "beyond 64 bits",
        Differs(Difference::FarExp),
        |draft, rng| {
            draft.claims.set("exp", *rng.choice(HUGE).unwrap());
        },
    ),
    Twist::new("claims/exp", "name escaped", Harmless, |draft, rng| {
        draft.claims.rename("exp", escaped("exp", rng));
    }),
    Twist::new("claims/exp", "past", Fatal, |draft, rng| {
        draft.claims.set("exp", draft.scene.past(rng).to_string());
    }),
    Twist::new(
        "claims/exp",
        "a fraction of the past",
        Fatal,
        |draft, rng| {
            draft
                .claims
                .set("exp", format!("{}.4", draft.scene.past(rng)));
        },
    ),
    Twist::new("claims/exp", "ancient or negative", Fatal, |draft, rng| {
        draft.claims.set("exp", *rng.choice(ANCIENT).unwrap());
    }),
    Twist::new("claims/exp", "missing", Fatal, |draft, _| {
        draft.claims.remove("exp");
    }),
    Twist::new("claims/exp", "in another case", Fatal, |draft, rng| {
        draft.claims.rename(
            "exp",
            rng.choice(["EXP", "Exp", "exp ", "\\u0000exp", "expires"])
                .unwrap(),
        );
    }),
    Twist::new("claims/exp", "no number", Fatal, |draft, rng| {
        let future = draft.scene.future(rng);
        draft.claims.set("exp", no_number(rng, future));
    }),
    Twist::new("claims/exp", "no JSON number", Fatal, |draft, rng| {
        draft.claims.set("exp", *rng.choice(NO_JSON).unwrap());
    }),
    Twist::new("claims/exp", "twice", Fatal, |draft, rng| {
        let (name, value) = (
            if rng.bool() {
                "exp".into()
            } else {
                escaped("exp", rng)
            },
            draft.scene.past(rng),
        );
        draft.claims.repeat("exp", value.to_string());
        draft.claims.rename("exp", name);
    }),
    Twist::new("claims/nbf", "missing", Harmless, |draft, _| {
        draft.claims.remove("nbf");
    }),
    Twist::new("claims/nbf", "past", Harmless, |draft, rng| {
        draft.claims.set("nbf", draft.scene.past(rng).to_string());
    }),
    Twist::new("claims/nbf", "this second", Harmless, |draft, _| {
        draft.claims.set("nbf", draft.scene.now.to_string());
    }),
    Twist::new("claims/nbf", "ancient", Harmless, |draft, rng| {
        draft.claims.set(
            "nbf",
            rng.choice(["0", "-0", "0.5", "1e3", "1E-300", "-0.0e5"])
                .unwrap(),
        );
    }),
    Twist::new(
        "claims/nbf",
        "negative",
        Differs(Difference::NegativeNbf),
        |draft, rng| {
            draft.claims.set(
                "nbf",
                rng.choice(["-1", "-1.5", "-9223372036854775808", "-1e300"])
                    .unwrap(),
            );
        },
    ),
    Twist::new(
        "claims/nbf",
        "less than half a second ahead",
        Differs(Difference::NbfFraction),
        |draft, rng| {
            draft
                .claims
                .set("nbf", format!("{}.{:02}", draft.scene.now, rng.u8(1..45)));
        },
    ),
    Twist::new("claims/nbf", "future", Fatal, |draft, rng| {
        let fraction = if rng.bool() { "" } else { ".5" };
        draft
            .claims
            .set("nbf", format!("{}{fraction}", draft.scene.future(rng)));
    }),
    Twist::new("claims/nbf", "far future", Fatal, |draft, rng| {
        let numbers = if rng.bool() { LARGE } else { HUGE };
        draft.claims.set("nbf", *rng.choice(numbers).unwrap());
    }),
    Twist::new("claims/nbf", "no number", Fatal, |draft, rng| {
        let past = draft.scene.past(rng);
        draft.claims.set("nbf", no_number(rng, past));
    }),
    Twist::new("claims/nbf", "twice", Fatal, |draft, rng| {
        draft
            .claims
            .repeat("nbf", draft.scene.past(rng).to_string());
    }),
    Twist::new("claims/iat", "missing", Harmless, |draft, _| {
        draft.claims.remove("iat");
    }),
    Twist::new("claims/iat", "past", Harmless, |draft, rng| {
        draft.claims.set("iat", draft.scene.past(rng).to_string());
    }),
    Twist::new("claims/iat", "this second", Harmless, |draft, _| {
        draft.claims.set("iat", draft.scene.now.to_string());
    }),
    Twist::new(
        "claims/iat",
        "ancient or negative",
        Harmless,
        |draft, rng| {
            draft.claims.set("iat", *rng.choice(ANCIENT).unwrap());
        },
    ),
    Twist::new(
        "claims/iat",
        "ahead",
        Differs(Difference::Iat),
        |draft, rng| {
            let future = format!("{}.{}", draft.scene.future(rng), rng.u8(..));
            let soon = format!("{}.2", draft.scene.now);
            let choice = [future.as_str(), &soon, "18446744073709551615", "1e300"];
            draft.claims.set("iat", rng.choice(choice).unwrap());
        },
    ),
    Twist::new(
        "claims/iat",
        "no number",
        Differs(Difference::Iat),
        |draft, rng| {
            let past = draft.scene.past(rng);
            draft.claims.set("iat", no_number(rng, past));
        },
    ),
    Twist::new("claims/iat", "no JSON number", Fatal, |draft, rng| {
        draft.claims.set("iat", *rng.choice(NO_JSON).unwrap());
    }),
    Twist::new(
        "claims/iat",
        "twice",
        Differs(Difference::Duplicate),
        |draft, rng| {
            draft
                .claims
                .repeat("iat", draft.scene.past(rng).to_string());
        },
    ),
];

/// What has 64 bits, whole and in parts.
const LARGE: &[&str] = &[
    "4e9",
    "9007199254740991",
    "9007199254740993",
    "9223372036854775",
    "9223372036854776",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "1.8e19",
    "253402300800",
];

/// What has not.
const HUGE: &[&str] = &[
    "18446744073709551616",
    "1e20",
    "1e300",
    "123456789012345678901234567890",
    "1.7976931348623157e308",
];

const ANCIENT: &[&str] = &[
    "0",
    "1",
    "-1",
    "-0",
    "-0.0",
    "1e9",
    "0.1",
    "-9223372036854775808",
    "-1e300",
    "1e-300",
];

const NO_JSON: &[&str] = &[
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "0123456789",
    "+4000000000",
    "4000000000.",
    ".5e10",
    "0xffffffff",
    "4_000_000_000",
    "",
];

fn no_number(rng: &mut fastrand::Rng, date: i64) -> String {
    let (text, list, object) = (
        quoted(&date.to_string()),
        format!("[{date}]"),
        format!("{{\"secs\":{date}}}"),
    );
    let values = [
        &text,
        &list,
        &object,
        "\"2999-12-31T23:59:59Z\"",
        "null",
        "true",
        "false",
        "\"\"",
        "[]",
        "{}",
    ];
    rng.choice(values).unwrap().into()
}
