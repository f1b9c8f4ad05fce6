//! The management room is upgraded: what waits goes on in the new one, and nothing there is about events of the old one.

use ruma::{OwnedEventId, event_id, owned_event_id, owned_room_id, room_id};
use serde_json::json;

use crate::{
    ports::{Change, InboxEvent, Store, View},
    reply::Reply,
    speech::{Delivery, Effort, Mark, Marked, Say, Sendable},
};

/// What every store has to keep of an upgrade.
pub(super) fn holds(store: &dyn Store) {
    let commit = |changes| store.commit(changes).expect("commits");
    for left in store.undelivered().expect("reads") {
        commit(vec![Change::GaveUp { key: left.key, version: left.version }]);
    }
    let old = owned_event_id!("$old-command");
    let say = |key: &str, to: &OwnedEventId| Say::new(key, Some(to.clone()), &Reply::text(key));
    let react = |to: Marked, emoji: &'static str| {
        Change::Mark(Mark { to, emoji: emoji.into(), effort: Effort::Surely })
    };
    let sent =
        |key: &str, event: OwnedEventId| Change::Delivered { key: key.into(), version: 1, event_id: event };
    let inbox = InboxEvent { event_id: old.clone(), json: json!({"event_id": old}), received_at: 8 };
    commit(vec![
        Change::Received(inbox.clone()),
        Change::Say(say("job", &old)),
        sent("job", owned_event_id!("$job")),
        Change::Say(say("feed-71", &old)),
        Change::Say(say("feed-72", &old)),
        sent("feed-72", owned_event_id!("$feed")),
        Change::Say(say("feed-72", &old)),
        Change::Say(say("late", &old)),
        react(Marked::Event(old.clone()), "🕐"),
        react(Marked::Message("job".into()), "🕑"),
        react(Marked::Message("late".into()), "🕒"),
        Change::View(View { key: "job".into(), typed: "!x".into(), left: None, right: None }),
    ]);
    let (from, to) = (owned_room_id!("!from:hs.test"), owned_room_id!("!to:hs.test"));
    assert_eq!(store.replaced_by(&from), Ok(None));
    commit(vec![Change::Upgraded { from: from.clone(), to: to.clone() }]);
    assert_eq!((store.replaced_by(&from), store.replaced_by(&to)), (Ok(Some(to)), Ok(None)));
    assert_eq!(store.replaced_by(room_id!("!other:hs.test")), Ok(None));
    assert_eq!(store.unhandled(), Ok(vec![inbox]), "it is still to be answered");
    assert_eq!((store.key_of(event_id!("$job")), store.view("job")), (Ok(None), Ok(None)));

    // What was not sent is sent, and answers nothing; a message that grew is said anew.
    let anew = |delivery: &Delivery| match &delivery.what {
        Sendable::Message { reply_to: None, replaces: None, rendered } => {
            format!("{} {}", delivery.key, rendered.text)
        }
        other => format!("{} {other:?}", delivery.key),
    };
    let waits = || store.undelivered().expect("reads").iter().map(anew).collect::<Vec<_>>();
    assert_eq!(waits(), ["late late", "feed-72 feed-72"]);
    commit(vec![
        sent("late", owned_event_id!("$late")),
        Change::GaveUp { key: "feed-72".into(), version: 2 },
    ]);
    let offered = store.undelivered().expect("reads");
    assert!(
        matches!(&offered[..], [Delivery { what: Sendable::Reaction { emoji, .. }, .. }] if emoji == "🕒"),
        "{offered:?}"
    );
    commit(offered.into_iter().map(|left| Change::GaveUp { key: left.key, version: left.version }).collect());

    // Nor does what is said later.
    commit(vec![
        Change::Say(say("job", &old)),
        Change::Say(say("answer", &old)),
        react(Marked::Event(old.clone()), "🕓"),
        Change::Handled(old),
    ]);
    assert_eq!(waits(), ["job job", "answer answer"]);
    commit(vec![sent("answer", owned_event_id!("$answer"))]);
    let here = owned_event_id!("$here");
    let inbox = InboxEvent { event_id: here.clone(), json: json!({"event_id": here}), received_at: 9 };
    commit(vec![Change::Received(inbox), Change::Say(say("reply", &here)), Change::Handled(here.clone())]);
    let replies = store.undelivered().expect("reads");
    let is_reply = |delivery: &Delivery| matches!(&delivery.what, Sendable::Message { reply_to: Some(to), .. } if *to == here);
    assert!(replies.iter().any(|delivery| delivery.key == "reply" && is_reply(delivery)), "{replies:?}");
}
