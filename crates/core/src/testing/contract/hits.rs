//! What is remembered of rules about reports that matched, and for how long.

use crate::ports::{Acted, Change, Hit, Hold, Reporting, Said, Store};

/// There are the cases 1, resolved at 20, and 2, which is open.
pub(super) fn of_rules(store: &dyn Store) {
    let commit = |change: Reporting| store.commit(vec![Change::Reporting(change)]).expect("commits");
    let hit = |at, acted| Hit {
        rule: "“spam”".into(),
        case: 1,
        author: Some("@eve:far.test".into()),
        at,
        acted,
        said: Said::Told,
    };
    let held = Acted::Held { by: Hold::Cooldown, why: "no".into() };
    let hits = [
        hit(5, Acted::DryRun),
        hit(6, Acted::Did(Some(3))),
        Hit { author: None, said: Said::Mentioned, ..hit(7, held) },
        Hit { case: 2, ..hit(8, Acted::Asked(4)) },
    ];
    for hit in &hits {
        commit(Reporting::Hit(hit.clone()));
    }
    assert_eq!(store.hits(6), Ok(hits[1..].to_vec()));
    // The case was closed no longer ago than that.
    commit(Reporting::HitsForgotten { before: 20 });
    assert_eq!(store.hits(0), Ok(hits.to_vec()));
    commit(Reporting::Hit(hit(21, Acted::DryRun)));
    commit(Reporting::HitsForgotten { before: 21 });
    let (open, late) = (hits[3].clone(), hit(21, Acted::DryRun));
    assert_eq!(store.hits(0), Ok(vec![open, late]), "what was done about an open case is still asked for");
}
