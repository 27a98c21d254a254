use super::*;

#[test]
fn a_route_that_is_closed_to_all_is_not_opened_by_report_only() {
    let sources = Arc::new(TokenSources::new(Vec::new(), 0));
    let rules = Rules {
        report_only: true,
        ..Rules::authenticated(sources, Preflight::Judged)
    };
    assert!(rules.only_report());
    let access = Access::Denied;
    assert!(!Rules { access, ..rules }.only_report());
}
