//! What `make guard` makes of counts that have changed.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{program, repository};

fn counts(lookup: u32) -> Value {
    json!({"toolchain": {"rustc": "1.95.0", "valgrind": "3.19.0"}, "instructions": {"extract": 300, "lookup": lookup}})
}

/// Compares these counts with those of a baseline.
fn guard(baseline: &Value, measured: &Value) -> Output {
    guard_with(&[], baseline, measured)
}

fn guard_with(arguments: &[&str], baseline: &Value, measured: &Value) -> Output {
    let place = tempfile::tempdir().unwrap();
    let [baseline, measured] =
        [("baseline", baseline), ("measured", measured)].map(|(name, counts)| {
            let file = place.path().join(name);
            std::fs::write(&file, counts.to_string()).unwrap();
            file
        });
    let mut command = Command::new(program("python3"));
    command.arg(repository().join("scripts/guard.py"));
    command
        .args(arguments)
        .arg("--baseline")
        .arg(baseline)
        .arg("--measured")
        .arg(measured)
        .output()
        .unwrap()
}

fn passes(baseline: &Value, measured: &Value) -> String {
    let output = guard(baseline, measured);
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
    String::from_utf8(output.stdout).unwrap()
}

fn failed(baseline: &Value, measured: &Value) -> Output {
    let output = guard(baseline, measured);
    assert_eq!(output.status.code(), Some(1));
    output
}

/// What is said about counts that are refused, of which the second line says what to do.
fn refusal(baseline: &Value, measured: &Value) -> String {
    let said = String::from_utf8(failed(baseline, measured).stderr).unwrap();
    let (error, hint) = said.split_once('\n').unwrap();
    assert!(
        hint.starts_with("guard: hint: ") && hint.contains("make guard-baseline"),
        "{hint}"
    );
    error.strip_prefix("guard: error: ").unwrap().to_owned()
}

#[test]
fn the_margin_can_be_narrower() {
    let output = guard_with(&["--margin", "1"], &counts(1000), &counts(1010));
    assert_eq!(output.status.code(), Some(0));
    let output = guard_with(&["--margin", "1"], &counts(1000), &counts(1011));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("lookup takes 1011 instructions, 1.1 % more than 1000; 1 % are allowed"),
        "{said}"
    );
}

#[test]
fn five_percent_more_pass_and_six_do_not() {
    for now in [1000, 1040, 1050, 960] {
        let said = passes(&counts(1000), &counts(now));
        assert!(!said.contains("renew"), "{said}");
    }
    let error = refusal(&counts(1000), &counts(1060));
    assert_eq!(
        error,
        "lookup takes 1060 instructions, 6.0 % more than 1000; 5 % are allowed"
    );
}

#[test]
fn much_less_passes_and_is_told() {
    let said = passes(&counts(1000), &counts(900));
    assert!(
        said.lines()
            .any(|line| line.contains("lookup") && line.contains("renew the baseline")),
        "{said}"
    );
}

#[test]
fn a_part_that_went_away_and_one_that_nothing_guards_are_errors() {
    let mut less = counts(1000);
    less["instructions"]
        .as_object_mut()
        .unwrap()
        .remove("lookup");
    assert_eq!(
        refusal(&counts(1000), &less),
        "lookup is in the baseline and was not counted"
    );
    assert_eq!(
        refusal(&less, &counts(1000)),
        "lookup is not in the baseline, so that nothing guards it"
    );
}

/// Both are counted in one run, so they are compared with any toolchain.
#[test]
fn a_feature_that_is_not_used_may_add_a_few_instructions() {
    let counts = |limited: u32| {
        json!({
            "toolchain": {"rustc": "1.95.0"},
            "instructions": {"decide_cached": 7000, "decide_cached_limited": limited},
        })
    };
    passes(&counts(7080), &counts(7080));
    assert_eq!(
        refusal(&counts(7081), &counts(7081)),
        "decide_cached_limited takes 81 instructions more than decide_cached; 80 are allowed"
    );
    let mut other = counts(7081);
    other["toolchain"]["rustc"] = json!("1.96.0");
    let said = String::from_utf8(failed(&counts(7081), &other).stderr).unwrap();
    assert!(
        said.contains("guard: error: decide_cached_limited takes 81"),
        "{said}"
    );
}

#[test]
fn counts_of_another_toolchain_are_told_and_not_judged() {
    let mut other = counts(2000);
    other["toolchain"]["rustc"] = json!("1.96.0");
    let output = guard(&counts(1000), &other);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stderr).unwrap();
    let (notice, hint) = said.split_once('\n').unwrap();
    assert_eq!(
        notice,
        "guard: not guarded: the baseline is of rustc 1.95.0, and this is rustc 1.96.0"
    );
    assert!(
        hint.starts_with("guard: hint: ") && hint.contains("make guard-baseline"),
        "{hint}"
    );
    assert!(String::from_utf8(output.stdout).unwrap().contains("2000"));
}

#[test]
fn what_was_not_counted_is_an_error_with_any_toolchain() {
    let mut less = counts(1000);
    less["instructions"]
        .as_object_mut()
        .unwrap()
        .remove("lookup");
    less["toolchain"]["rustc"] = json!("1.96.0");
    let said = String::from_utf8(failed(&counts(1000), &less).stderr).unwrap();
    assert!(
        said.contains("guard: error: lookup is in the baseline and was not counted\n"),
        "{said}"
    );
    for (baseline, measured) in [(1000, 0), (0, 1000)] {
        let error = refusal(&counts(baseline), &counts(measured));
        assert_eq!(
            error,
            "lookup takes no instructions, so that they were not counted"
        );
    }
    let none = json!({"toolchain": counts(1)["toolchain"], "instructions": {}});
    assert_eq!(refusal(&none, &none), "nothing was counted");
}

#[test]
fn a_baseline_of_no_toolchain_is_none() {
    let mut baseline = counts(1000);
    baseline["toolchain"]
        .as_object_mut()
        .unwrap()
        .remove("valgrind");
    assert_eq!(
        refusal(&baseline, &counts(2000)),
        "the baseline does not say which toolchain it is of"
    );
}

#[test]
fn the_baseline_has_what_the_benchmark_counts() {
    let read = |file: &str| std::fs::read_to_string(repository().join(file)).unwrap();
    let baseline: Value = serde_json::from_str(&read("benches/guard.json")).unwrap();
    let source = read("benches/guard.rs");
    let (_, list) = source.split_once("benchmarks = [").unwrap();
    let mut parts: Vec<_> = list
        .split(']')
        .next()
        .unwrap()
        .split(',')
        .map(str::trim)
        .collect();
    parts.sort_unstable();
    assert_eq!(
        baseline["instructions"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>(),
        parts
    );
}
