//! The result as Markdown.

use doorward::jose::Algorithm;

use crate::comparison::{Difference, Side, Tally};

/// A line for each algorithm.
pub fn algorithms(tallies: &[(Algorithm, Tally)]) -> String {
    let line = |(algorithm, tally): &(Algorithm, Tally)| {
        let Tally {
            both_accept,
            both_deny,
            only_doorward_denies,
            only_other_denies,
            ..
        } = tally;
        let counts = [
            tally.tokens(),
            *both_accept,
            *both_deny,
            *only_doorward_denies,
            *only_other_denies,
        ];
        let cells = counts.map(|count| count.to_string()).join(" | ");
        format!("| {algorithm} | {cells} |\n")
    };
    let lines: String = tallies.iter().map(line).collect();
    format!(
        "| algorithm | tokens | both accept | both deny | only doorward denies | only jsonwebtoken denies |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n{lines}"
    )
}

/// A table for each side, with a line for each kind of difference.
pub fn differences(total: &Tally) -> String {
    let tables = [
        (Side::Doorward, "Only doorward denies"),
        (Side::Other, "Only jsonwebtoken denies"),
    ]
    .map(|(side, title)| {
        format!(
            "| {title} | tokens | why |\n| --- | ---: | --- |\n{}",
            lines(total, side)
        )
    });
    tables.join("\n")
}

fn lines(total: &Tally, side: Side) -> String {
    let kinds = Difference::ALL
        .iter()
        .filter(|difference| difference.side() == side);
    let line = |difference: &Difference| {
        let count = total
            .differences
            .get(difference)
            .copied()
            .unwrap_or_default();
        format!(
            "| {} | {count} | {} |\n",
            difference.name(),
            difference.why()
        )
    };
    kinds.map(line).collect()
}
