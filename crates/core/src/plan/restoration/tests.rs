//! Which way a room comes back, and what it is made anew of.

use ruma::{owned_room_id, owned_server_name, owned_user_id, user_id};
use serde_json::json;

use super::*;
use crate::model::{Event, Preset, RoomDetails};

fn me() -> &'static UserId {
    user_id!("@bot:hs.test")
}

fn shut() -> Shut {
    Shut {
        room: owned_room_id!("!old:first.test").into(),
        shutdown: Shutdown { block: true, purge: true, force_purge: false, notice: None },
        api: DeleteApi::V2,
        result: DeleteResult::default(),
        blocked: Some(true),
        known: Some(false),
    }
}

fn state(kind: &str, content: &Value) -> Event {
    Event(json!({"type": kind, "state_key": "", "sender": "@ana:hs.test", "content": content}))
}

fn kept(version: &str, state: Vec<Event>) -> RoomSnapshot {
    RoomSnapshot {
        details: RoomDetails { version: Some(version.into()), joined_members: 2, ..RoomDetails::default() },
        state,
        local_members: vec![owned_user_id!("@ana:hs.test"), owned_user_id!("@bob:hs.test")],
        local_aliases: vec!["#old:hs.test".into()],
        servers: Some(Vec::new()),
        banned: Some(Vec::new()),
        block: Some(BlockStatus::Open),
        ..RoomSnapshot::default()
    }
}

/// The restoration among the steps, and what the steps are.
#[track_caller]
fn restoration(shut: &Shut, kept: &RoomSnapshot) -> (Restoration, Vec<&'static str>) {
    let steps = shut.restore(Some(kept), me(), Wanted::Same).expect("it can be restored");
    let words = steps.iter().map(|step| match step {
        Step::UnblockRoom { .. } => "unblock",
        Step::BlockRoom { .. } => "block",
        Step::RestoreRoom { .. } => "restore",
        other => panic!("{other:?}"),
    });
    let words = words.collect();
    let found = steps.iter().find_map(|step| match step {
        Step::RestoreRoom { restoration, .. } => Some((**restoration).clone()),
        _ => None,
    });
    (found.expect("one restores"), words)
}

#[track_caller]
fn anew(kept: &RoomSnapshot) -> (NewRoom, Vec<OwnedUserId>) {
    match restoration(&shut(), kept).0.way {
        Way::Anew { room, powerful, .. } => (*room, powerful),
        other @ Way::Rejoin { .. } => panic!("{other:?}"),
    }
}

#[test]
fn the_block_goes_with_the_room() {
    let open = kept("11", Vec::new());
    let mut blocked = open.clone();
    blocked.block = Some(BlockStatus::Blocked(None));
    let elsewhere = |kept: &RoomSnapshot| RoomSnapshot {
        servers: Some(vec![owned_server_name!("far.test")]),
        ..kept.clone()
    };
    let with =
        |block, after| Shut { shutdown: Shutdown { block, ..shut().shutdown }, blocked: after, ..shut() };
    for (shut, kept, want) in [
        (shut(), open.clone(), &["unblock", "restore"][..]),
        (with(true, None), open.clone(), &["unblock", "restore"]),
        (with(true, Some(false)), open.clone(), &["restore"]),
        (with(false, Some(false)), open.clone(), &["restore"]),
        // Its ID stays blocked, as it was; the new room has another one.
        (shut(), blocked.clone(), &["restore"]),
        // Nobody gets into a blocked room, so it is blocked again afterwards.
        (shut(), elsewhere(&blocked), &["unblock", "restore", "block"]),
        (shut(), elsewhere(&open), &["unblock", "restore"]),
    ] {
        assert_eq!(restoration(&shut, &kept).1, want, "{shut:?} {kept:?}");
    }
    assert!(shut().restore(None, me(), Wanted::Same).is_err());
}

#[test]
fn who_still_has_the_room_decides() {
    let levels = json!({"users": {"@far:far.test": 100, "@near:near.test": 50, "@ana:hs.test": 100}});
    let alone = kept("11", vec![state("m.room.power_levels", &levels)]);
    let others = RoomSnapshot { servers: Some(vec![owned_server_name!("x.test")]), ..alone.clone() };
    let old = |members| {
        let details = RoomDetails { joined_members: members, ..alone.details.clone() };
        RoomSnapshot { servers: None, details, ..alone.clone() }
    };
    let stuck = |known| {
        let result =
            DeleteResult { failed_to_kick_users: vec!["@bob:hs.test".into()], ..DeleteResult::default() };
        Shut { result, known, ..shut() }
    };
    for (shut, kept, want) in [
        (shut(), alone.clone(), None),
        (shut(), others, Some((vec!["x.test"], vec!["@far:far.test", "@near:near.test"]))),
        // What was kept before servers were.
        (shut(), old(2), None),
        (
            shut(),
            old(3),
            Some((vec!["far.test", "near.test", "first.test"], vec!["@far:far.test", "@near:near.test"])),
        ),
        // Somebody could not be removed.
        (
            stuck(Some(true)),
            alone.clone(),
            Some((vec![], vec!["@bob:hs.test", "@far:far.test", "@near:near.test"])),
        ),
        (stuck(Some(false)), alone.clone(), None),
    ] {
        let got = match restoration(&shut, &kept).0.way {
            Way::Rejoin { servers, could_invite } => Some((servers, could_invite)),
            Way::Anew { .. } => None,
        };
        let words = |(servers, users): (Vec<OwnedServerName>, Vec<OwnedUserId>)| {
            let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
            (servers, users.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let want = want.map(|(servers, users)| {
            let own = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect::<Vec<_>>();
            (own(servers), own(users))
        });
        assert_eq!(got.map(words), want, "{shut:?} {kept:?}");
    }
}

#[test]
fn a_room_of_version_11_gives_the_bot_what_anything_needs() {
    let levels = json!({"users": {"@ana:hs.test": 100, "@bob:hs.test": 50}, "events": {"m.room.tombstone": 150}, "ban": 60});
    let (room, powerful) = anew(&kept(
        "11",
        vec![
            state(
                "m.room.create",
                &json!({"room_version": "11", "type": "m.space", "m.federate": false, "creator": "@x:hs.test", "predecessor": {"room_id": "!older"}}),
            ),
            state("m.room.power_levels", &levels),
            state("m.room.name", &json!({"name": "Old"})),
            state("m.room.topic", &json!({})),
            state("m.room.tombstone", &json!({"replacement_room": "!x"})),
            state("m.room.pinned_events", &json!({"pinned": ["$x"]})),
            state("m.room.join_rules", &json!({"join_rule": "restricted", "allow": []})),
            Event(json!({"type": "m.space.child", "state_key": "!child", "content": {"via": ["hs.test"]}})),
            Event(json!({"type": "org.example.own", "state_key": "@ana:hs.test", "content": {"a": 1}})),
            Event(json!({"type": "org.example.mark", "content": {"a": 1}})),
        ],
    ));
    assert_eq!(room.room_version, "11");
    assert_eq!(
        room.creation_content,
        json!({"type": "m.space", "m.federate": false, "predecessor": {"room_id": "!old:first.test"}})
    );
    assert_eq!(room.preset, Preset::PrivateChat);
    let kinds: Vec<&str> = room.initial_state.iter().map(Event::kind).collect();
    assert_eq!(
        kinds,
        [
            "m.room.guest_access",
            "m.room.history_visibility",
            "m.room.join_rules",
            "m.room.name",
            "m.room.power_levels",
            "m.space.child"
        ]
    );
    let now = room.content("m.room.power_levels");
    assert_eq!(now["users"], json!({"@ana:hs.test": 100, "@bob:hs.test": 50, "@bot:hs.test": 150}));
    assert_eq!((&now["ban"], &now["events"]), (&levels["ban"], &levels["events"]));
    assert_eq!(room.content("m.room.join_rules"), &json!({"join_rule": "restricted", "allow": []}));
    assert_eq!(powerful, ["@ana:hs.test", "@bob:hs.test"], "50 is enough where nothing else is said");
}

#[test]
fn trap_06_creators_of_version_12_are_creators_again_and_in_no_list() {
    let levels =
        json!({"users": {"@bob:hs.test": 100, "@bot:hs.test": 100}, "events": {"m.room.power_levels": 100}});
    let (room, powerful) = anew(&kept(
        "12",
        vec![
            state(
                "m.room.create",
                &json!({"room_version": "12", "additional_creators": ["@eve:hs.test", 7]}),
            ),
            state("m.room.power_levels", &levels),
        ],
    ));
    assert_eq!(room.creation_content["additional_creators"], json!(["@ana:hs.test", "@eve:hs.test"]));
    assert_eq!(room.content("m.room.power_levels")["users"], json!({"@bob:hs.test": 100}));
    assert_eq!(powerful, ["@bob:hs.test", "@ana:hs.test", "@eve:hs.test"]);
}

#[test]
fn what_was_not_kept_as_events_is_made_of_the_details() {
    let mut kept = kept("10", Vec::new());
    kept.details.name = Some("Old".into());
    kept.details.creator = Some("@ana:hs.test".into());
    kept.details.join_rules = Some("public".into());
    kept.details.canonical_alias = Some("#old:hs.test".into());
    let (room, powerful) = anew(&kept);
    assert_eq!(room.preset, Preset::PublicChat);
    assert_eq!(room.content("m.room.name"), &json!({"name": "Old"}));
    assert_eq!(room.content("m.room.history_visibility"), &json!({"history_visibility": "shared"}));
    assert_eq!(
        room.content("m.room.power_levels"),
        &json!({"users": {"@ana:hs.test": 100, "@bot:hs.test": 100}})
    );
    assert_eq!(powerful, ["@ana:hs.test"]);
    let Way::Anew { canonical_alias, .. } = restoration(&shut(), &kept).0.way else {
        panic!("it is made anew")
    };
    assert_eq!(canonical_alias, json!({"alias": "#old:hs.test"}));
}

#[test]
fn a_snapshot_of_an_older_version_of_the_bot_is_read() {
    let old = json!({"details": RoomDetails::default(), "state": [], "local_members": ["@ana:hs.test"], "local_aliases": []});
    let old: RoomSnapshot = serde_json::from_value(old).unwrap();
    assert_eq!((&old.servers, &old.banned, &old.block), (&None, &None, &None));
    assert_eq!(restoration(&shut(), &old).1, ["unblock", "restore"]);
    assert_eq!(restoration(&shut(), &old).0.banned, None);
}
