//! The results of a check as `JUnit` XML, which CI systems read.

use std::fmt::Write;

use super::directory::DirectoryReport;
use super::introspection::IntrospectionReport;
use super::report::{IssuerReport, Outcome, ProblemReport, Report};
use crate::cli::fixtures::{CaseReport, FixtureReport};

/// A test case.
struct Case {
    name: String,
    result: CaseResult,
}

enum CaseResult {
    Passed,
    Skipped(&'static str),
    Failed { message: String, text: String },
}

/// Returns the document: a suite for the configuration, one for keys, one for introspection, one for
/// the user directory, and one for fixtures.
pub(super) fn document(report: &Report) -> String {
    let mut suites = vec![("configuration", configuration(report))];
    let issuers: Vec<_> = report.issuers.iter().map(issuer).collect();
    if !issuers.is_empty() {
        suites.push(("keys", issuers));
    }
    if !report.introspection.is_empty() {
        let cases = report.introspection.iter().map(introspection).collect();
        suites.push(("introspection", cases));
    }
    if let Some(report) = &report.directory {
        suites.push(("directory", vec![directory(report)]));
    }
    if let Some(FixtureReport { cases, .. }) = &report.fixtures {
        suites.push(("fixtures", cases.iter().map(fixture).collect()));
    }
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (name, cases) in &suites {
        suite(&mut xml, name, cases, &report.warnings);
    }
    xml + "</testsuites>\n"
}

fn introspection(report: &IntrospectionReport) -> Case {
    Case {
        name: report.issuer.clone(),
        result: match &report.error {
            None => CaseResult::Passed,
            Some(error) => CaseResult::Failed {
                message: error.clone(),
                text: String::new(),
            },
        },
    }
}

fn configuration(report: &Report) -> Vec<Case> {
    let result = if report.outcome == Outcome::Refused {
        let line = |problem: &ProblemReport| {
            format!(
                "{}: {} ({})\n",
                problem.place, problem.message, problem.hint
            )
        };
        CaseResult::Failed {
            message: format!("problems: {}", report.problems.len()),
            text: report.problems.iter().map(line).collect(),
        }
    } else {
        CaseResult::Passed
    };
    vec![Case {
        name: "configuration".to_owned(),
        result,
    }]
}

fn issuer(report: &IssuerReport) -> Case {
    let result = match &report.error {
        _ if !report.keys_tried => CaseResult::Skipped("keys not tried; --online does"),
        None => CaseResult::Passed,
        Some(error) => CaseResult::Failed {
            message: error.clone(),
            text: report.hint.clone().unwrap_or_default(),
        },
    };
    Case {
        name: report.name.clone(),
        result,
    }
}

fn directory(report: &DirectoryReport) -> Case {
    let result = match &report.error {
        _ if !report.is_tried() => CaseResult::Skipped("not tried; --online does"),
        None => CaseResult::Passed,
        Some(error) => CaseResult::Failed {
            message: error.clone(),
            text: String::new(),
        },
    };
    Case {
        name: "query".to_owned(),
        result,
    }
}

fn fixture(case: &CaseReport) -> Case {
    let result = match &case.transcript {
        None => CaseResult::Passed,
        Some(transcript) => CaseResult::Failed {
            message: case.differences.join("; "),
            text: format!("{}\n{transcript}", case.place),
        },
    };
    Case {
        name: case.name.clone(),
        result,
    }
}

fn suite(xml: &mut String, name: &str, cases: &[Case], warnings: &[String]) {
    let count = |is: fn(&CaseResult) -> bool| cases.iter().filter(|case| is(&case.result)).count();
    let failures = count(|result| matches!(result, CaseResult::Failed { .. }));
    let skipped = count(|result| matches!(result, CaseResult::Skipped(_)));
    // Writing to a String cannot fail.
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">",
        cases.len()
    );
    for case in cases {
        let own = escaped(&case.name);
        let _ = write!(
            xml,
            "    <testcase classname=\"doorward.{name}\" name=\"{own}\""
        );
        let _ = match &case.result {
            CaseResult::Passed => writeln!(xml, "/>"),
            CaseResult::Skipped(why) => {
                writeln!(xml, "><skipped message=\"{}\"/></testcase>", escaped(why))
            }
            CaseResult::Failed { message, text } => writeln!(
                xml,
                "><failure message=\"{}\">{}</failure></testcase>",
                escaped(message),
                escaped(text)
            ),
        };
    }
    if name == "configuration" && !warnings.is_empty() {
        let lines = escaped(&warnings.join("\n"));
        let _ = writeln!(xml, "    <system-out>{lines}</system-out>");
    }
    xml.push_str("  </testsuite>\n");
}

/// Returns a text for XML 1.0, which has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push('\n'),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_are_escaped() {
        assert_eq!(
            escaped("<a b=\"c\">&\u{1b}[31m\n"),
            "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}[31m\n"
        );
    }
}
