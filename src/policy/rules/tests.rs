use super::*;

#[test]
fn a_route_that_is_closed_to_all_is_not_opened_by_report_only() {
    let sources = Arc::new(TokenSources::new(Vec::new(), 0));
    let rules = Rules {
        report_only: true,
        ..Rules::authenticated(sources, Preflight::Judged)
    };
    let denial = Denial::from(Reason::PolicyDenied);
    assert!(rules.only_reports(&denial));
    let access = Access::Denied;
    assert!(!Rules { access, ..rules }.only_reports(&denial));
}

/// A request that was refused by a limit was not tried, so there is nothing to report.
#[test]
fn a_refusal_by_a_limit_is_not_only_reported() {
    let sources = Arc::new(TokenSources::new(Vec::new(), 0));
    let rules = Rules {
        report_only: true,
        ..Rules::authenticated(sources, Preflight::Judged)
    };
    for reason in Reason::ALL {
        let is_reported = rules.only_reports(&(*reason).into());
        assert_eq!(is_reported, *reason != Reason::RateLimited, "{reason:?}");
    }
}
