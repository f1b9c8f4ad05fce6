//! What explaining costs: one event of several kinds, and waves of them as the feed tells them, from JSON values to the
//! text and HTML of a message. Beside each the floor, measured in the same run: parsing the same events from JSON text,
//! which has to be done anyway.
//!
//! `cargo bench -p gleipnir-core --bench explain`

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput};
use gleipnir_core::{
    model::Event,
    reply::{Line, Rendered, Reply},
    rules::{
        digest::{Known, Moment, Size, Told, groups, message},
        explain::{Around, explain},
        names::Names,
        room_state::RoomState,
    },
    ruma::{OwnedRoomId, RoomId, owned_room_id, server_name},
};
use serde_json::{Map, Value, json};

/// How many events a wave has.
const WAVE: usize = 10_000;
/// In how many rooms a mixed wave happens: few enough of each kind in each that each event has a line of its own.
const ROOMS: usize = 1_000;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20)
        .configure_from_args();
    single_events(&mut criterion);
    wave(&mut criterion, "wave of joins", (0..WAVE).map(|n| (owned_room_id!("!club:hs.test"), join(n))));
    let mixed = (0..WAVE).map(|n| {
        let room = RoomId::parse(format!("!room{}:hs.test", n % ROOMS)).expect("it is a room ID");
        (room, of_some_kind(n / ROOMS, n))
    });
    wave(&mut criterion, "wave of mixed events", mixed);
    criterion.final_summary();
}

fn single_events(criterion: &mut Criterion) {
    let moderator = event("m.room.member", "@mod:hs.test", &member("Mod"), &Value::Null);
    let create = event("m.room.create", "", &json!({"room_version": "11"}), &Value::Null);
    let rules = event("m.room.join_rules", "", &json!({"join_rule": "public"}), &Value::Null);
    let state = RoomState::of([moderator, create, rules].map(Event), None);
    let names = Names::of(state.events());
    let around = Around {
        names: Some(&names),
        here: Some(server_name!("hs.test")),
        state: Some(&state),
        public_rooms: None,
    };
    for (name, event) in [
        ("join", join(0)),
        ("kick with a reason", kick(0)),
        ("kick with a reason of 60 KiB", long_kick()),
        ("change of name", rename(0)),
        ("power levels of 100 users", power_levels(100)),
        ("server ACL of 500 entries", server_acl(500)),
    ] {
        let mut group = criterion.benchmark_group(name);
        floor(&mut group, &event);
        let event = Event(event);
        group.bench_function("explain and render", |bencher| {
            bencher.iter(|| rendered(black_box(&event), &around));
        });
        group.finish();
    }
}

fn rendered(event: &Event, around: &Around<'_>) -> Rendered {
    let told = explain(event, around);
    let reply = Reply::text(told.sentence).list(told.details);
    told.warnings.into_iter().fold(reply, Reply::paragraph).render()
}

fn wave(criterion: &mut Criterion, name: &str, events: impl Iterator<Item = (OwnedRoomId, Value)>) {
    let (rooms, events): (Vec<OwnedRoomId>, Vec<Value>) = events.unzip();
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(WAVE as u64));
    floor(&mut group, &Value::Array(events.clone()));
    let events: Vec<Event> = events.into_iter().map(Event).collect();
    let each = || rooms.iter().map(|room| &**room).zip(&events);
    group.bench_function("Size::add", |bencher| {
        bencher.iter(|| {
            let mut size = Size::default();
            each().for_each(|(room, event)| size.add(room, event));
            size.lines()
        });
    });
    group.bench_function("groups", |bencher| bencher.iter(|| groups(each()).len()));
    let (names, nothing) = (Names::default(), Known::default());
    let around = Around { names: Some(&names), here: Some(server_name!("hs.test")), ..Around::default() };
    let tell = || -> Vec<Told> {
        groups(each()).iter().map(|group| Told::of(group, &nothing, &around, Moment::Now)).collect()
    };
    let reply = |told: &[Told]| message(told, Moment::Now, |room| Line::new().code(room.as_str()));
    group.bench_function("groups and Told::of", |bencher| bencher.iter(tell));
    group.bench_function("groups, Told::of and message", |bencher| bencher.iter(|| reply(&tell())));
    group.bench_function("all of it, rendered", |bencher| bencher.iter(|| reply(&tell()).render()));
    group.finish();
}

/// What parsing alone costs.
fn floor(group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>, events: &Value) {
    let json = events.to_string();
    group.bench_function("parse (the floor)", |bencher| {
        bencher.iter(|| serde_json::from_str::<Value>(black_box(&json)));
    });
}

fn event(kind: &str, key: &str, content: &Value, before: &Value) -> Value {
    let sender = if kind == "m.room.member" { key } else { "@mod:hs.test" };
    json!({"type": kind, "state_key": key, "sender": sender, "content": content, "event_id": "$event",
        "room_id": "!club:hs.test", "origin_server_ts": 1_700_000_000_000_u64,
        "unsigned": {"age": 1234, "prev_content": before}})
}

fn member(name: &str) -> Value {
    json!({"membership": "join", "displayname": name, "avatar_url": "mxc://hs.test/picture"})
}

fn join(n: usize) -> Value {
    let name = format!("User {n}");
    event("m.room.member", &format!("@user{n}:far.test"), &member(&name), &json!({"membership": "leave"}))
}

fn kick(n: usize) -> Value {
    let left = json!({"membership": "leave", "reason": "advertises on and on, though asked not to"});
    let mut event =
        event("m.room.member", &format!("@user{n}:far.test"), &left, &member(&format!("User {n}")));
    event["sender"] = json!("@mod:hs.test");
    event
}

/// As long as an event can be.
fn long_kick() -> Value {
    let mut event = kick(0);
    event["content"]["reason"] = json!("on and on ".repeat(6_000));
    event
}

fn rename(n: usize) -> Value {
    let id = format!("@user{n}:far.test");
    event("m.room.member", &id, &member("Somebody else"), &member(&format!("User {n}")))
}

/// Every second user has another level than before.
fn power_levels(users: usize) -> Value {
    let levels = |higher: usize| {
        let users: Map<String, Value> =
            (0..users).map(|n| (format!("@user{n}:far.test"), json!(n % 2 * higher))).collect();
        json!({"users": users, "events": {"m.room.name": 50}, "ban": 50, "kick": 50, "users_default": 0})
    };
    event("m.room.power_levels", "", &levels(50), &levels(0))
}

/// Every second entry is new.
fn server_acl(entries: usize) -> Value {
    let denied = |step: usize| -> Vec<String> {
        (0..entries).step_by(step).map(|n| format!("*.spam{n}.example")).collect()
    };
    let content = |denied: Vec<String>| json!({"allow": ["*"], "deny": denied, "allow_ip_literals": false});
    event("m.room.server_acl", "", &content(denied(1)), &content(denied(2)))
}

fn of_some_kind(kind: usize, n: usize) -> Value {
    let text =
        |kind: &str, key: &str| event(kind, "", &json!({key: format!("Text {n}")}), &json!({key: "Before"}));
    match kind {
        0 => join(n),
        1 => kick(n),
        2 => rename(n),
        3 => text("m.room.name", "name"),
        4 => text("m.room.topic", "topic"),
        5 => text("m.room.avatar", "url"),
        6 => text("m.room.canonical_alias", "alias"),
        7 => text("org.example.widget", "url"),
        8 => power_levels(3),
        _ => server_acl(3),
    }
}
