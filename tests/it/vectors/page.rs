//! The tables of `docs/correctness.md`.

use std::collections::BTreeMap;

use super::tally::Tally;
use super::{ecdsa, eddsa, hmac, ml_dsa, rsa_pkcs1, rsa_pss};

/// What became of every file, in Markdown.
pub fn tables() -> String {
    let (judged, others): (Vec<_>, _) = files().partition(|file| file.accepted + file.refused > 0);
    let (asked, not_asked): (Vec<_>, _) = others
        .into_iter()
        .partition(|file| file.not_asked.is_empty());
    let without_jose = by_reason(&asked, |file| file.outside.keys().cloned().collect());
    let without_us = by_reason(&not_asked, |file| {
        file.not_asked.keys().map(|why| (*why).to_owned()).collect()
    });
    format!(
        "{}\nFiles without anything for JOSE, asked all the same. All of it was refused:\n\n{without_jose}\n\
        Files that were not asked, because doorward has no such algorithm:\n\n{without_us}",
        results(&judged)
    )
}

fn files() -> impl Iterator<Item = &'static Tally> {
    let families = [
        &rsa_pkcs1::FILES,
        &rsa_pss::FILES,
        &ecdsa::FILES,
        &eddsa::FILES,
        &hmac::FILES,
        &ml_dsa::FILES,
    ];
    families.into_iter().flat_map(|family| family.iter())
}

fn results(files: &[&Tally]) -> String {
    let head = "| file | tests | accepted | refused | outside JOSE, refused |\n| --- | ---: | ---: | ---: | --- |\n";
    let rows: Vec<_> = files
        .iter()
        .map(|file| {
            let Tally {
                file,
                tests,
                accepted,
                refused,
                outside,
                ..
            } = file;
            format!(
                "| {file} | {tests} | {accepted} | {refused} | {} |\n",
                reasons(outside)
            )
        })
        .collect();
    let sum = |number: fn(&Tally) -> usize| files.iter().map(|file| number(file)).sum::<usize>();
    let (tests, accepted, refused) = (
        sum(|file| file.tests),
        sum(|file| file.accepted),
        sum(|file| file.refused),
    );
    let outside = sum(|file| file.outside.values().sum());
    let rows = rows.concat();
    format!(
        "{head}{rows}| **{} files** | {tests} | {accepted} | {refused} | {outside} |\n",
        files.len()
    )
}

fn reasons(outside: &BTreeMap<String, usize>) -> String {
    let each: Vec<_> = outside
        .iter()
        .map(|(why, tests)| format!("{why}: {tests}"))
        .collect();
    each.join(", ")
}

fn by_reason(files: &[&Tally], reason: fn(&Tally) -> Vec<String>) -> String {
    let mut rows = BTreeMap::<String, Vec<&Tally>>::new();
    for file in files {
        rows.entry(reason(file).join(", ")).or_default().push(file);
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(why, files)| {
            let tests: usize = files.iter().map(|file| file.tests).sum();
            let names: Vec<_> = files.iter().map(|file| file.file.as_str()).collect();
            format!(
                "| {why} | {} | {tests} | {} |\n",
                files.len(),
                names.join(", ")
            )
        })
        .collect();
    format!(
        "| why | files | tests | which |\n| --- | ---: | ---: | --- |\n{}",
        rows.concat()
    )
}
