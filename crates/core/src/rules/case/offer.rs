//! Which actions make sense for a case, as far as what was kept of it tells.

use ruma::{EventId, RoomId};

use super::{CaseAction, Evidence, what};
use crate::{
    model::{About, Event, Mxc},
    ports::Case,
    rules::media::shown_in,
};

/// Whether a card offers an action: where it cannot be done whatever the homeserver says, it does not.
pub(super) fn makes_sense(case: &Case, evidence: &Evidence, action: CaseAction) -> bool {
    let is_event = matches!(case.about, About::Event { .. });
    let is_room = case.about.room_id().is_some_and(|id| <&RoomId>::try_from(id).is_ok());
    let has_author = !matches!(case.about, About::Room { .. }) && what::author(case, evidence).is_some();
    match action {
        CaseAction::Claim | CaseAction::Resolve | CaseAction::Dismiss => true,
        CaseAction::Redact => {
            let is_there = |event: &Event| event.redacted_because().is_none();
            let is_known = <&EventId>::try_from(case.about.id()).is_ok();
            is_event && is_room && is_known && evidence.event.as_ref().is_some_and(is_there)
        }
        CaseAction::RedactAll => has_author,
        CaseAction::Kick | CaseAction::Ban => is_event && is_room && has_author,
        CaseAction::Suspend => {
            let is_remote = evidence.author.as_ref().is_some_and(|author| author.is_local == Some(false));
            has_author && !is_remote
        }
        CaseAction::Quarantine => is_event && !files(evidence).is_empty(),
        CaseAction::Block | CaseAction::Shutdown => is_room,
        CaseAction::More => !matches!(case.about, About::User { .. }) && is_room,
    }
}

/// The files of the reported event, as far as it was kept: each once, with its thumbnail. What an event was
/// encrypted with hides them.
pub fn files(evidence: &Evidence) -> Vec<Mxc> {
    evidence.event.as_ref().map(shown_in).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_of_an_event() {
        for (content, want) in [
            (json!({}), vec![]),
            (json!({"url": "mxc://hs.test/a"}), vec!["mxc://hs.test/a"]),
            (json!({"url": 7, "info": []}), vec![]),
            (json!({"url": "https://hs.test/a"}), vec![]),
            (json!({"file": {"url": "mxc://hs.test/a"}}), vec!["mxc://hs.test/a"]),
            (
                json!({"url": "mxc://hs.test/a", "info": {"thumbnail_url": "mxc://hs.test/b",
                    "thumbnail_file": {"url": "mxc://hs.test/a"}}}),
                vec!["mxc://hs.test/a", "mxc://hs.test/b"],
            ),
            (json!({"m.new_content": {"url": "mxc://hs.test/c"}}), vec!["mxc://hs.test/c"]),
        ] {
            let event = Some(Event(json!({"type": "m.room.message", "content": content})));
            let found = files(&Evidence { event, ..Evidence::default() });
            assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), want, "{content}");
        }
    }
}
