//! Events of any shape, explained and told: the same each time, in bounded lines of which nothing leaves its place.

use ruma::{OwnedRoomId, RoomId, owned_room_id, server_name};
use serde_json::Value;

use super::{MOST_BYTES, harmless, input::Input};
use crate::{
    model::Event,
    reply::{Line, Reply},
    rules::{
        digest::{Known, Moment, Size, Told, groups, message},
        event::{before_redaction, in_words},
        explain::{Around, explain, rooms_mentioned},
        feed::Level,
        membership,
        names::Names,
        room_state::RoomState,
    },
};

/// Events that bytes describe (see [`Input::changed_json`]) are explained, each by itself and all as the feed tells them.
///
/// # Panics
///
/// When what they say leaves its place, or is too much.
pub fn explanation(data: &[u8]) {
    if data.len() > MOST_BYTES {
        return;
    }
    let mut input = Input(data);
    let choices = input.byte();
    let events: Vec<Event> = match input.changed_json() {
        Value::Array(list) => list.into_iter().take(24).map(bounded).map(Event).collect(),
        value => vec![Event(bounded(value))],
    };
    let names = Names::of(&events).with_room("!club:hs.test", Some("<b>@room"), Some("#club:hs.test"));
    let state = RoomState::of(events.iter().cloned(), ["1", "11", "12"].get(input.below(4)).copied());
    let around = Around {
        names: (choices & 1 == 0).then_some(&names),
        here: (choices & 2 == 0).then_some(server_name!("hs.test")),
        state: (choices & 4 == 0).then_some(&state),
        public_rooms: None,
    };
    for event in &events {
        alone(event, &around, &names, &state);
    }
    let known = Known {
        state: (choices & 8 == 0).then(|| state.clone()),
        plan: None,
        seen_at: (choices & 16 == 0).then(|| input.number()),
    };
    let moment = if choices & 32 == 0 { Moment::Now } else { Moment::Away };
    together(&events, &mut input, &known, &around, moment);
}

/// Servers hold senders, types and state keys to 255 bytes.
fn bounded(mut event: Value) -> Value {
    for field in ["sender", "type", "state_key"] {
        if let Some(Value::String(text)) = event.get_mut(field) {
            while text.len() > 255 {
                text.truncate(text.floor_char_boundary(255));
            }
        }
    }
    event
}

fn alone(event: &Event, around: &Around<'_>, names: &Names, state: &RoomState) {
    let told = explain(event, around);
    assert_eq!(explain(event, around), told, "it is the same each time");
    assert!(!told.sentence.is_empty());
    one_line(told.sentence.clone());
    let reply = Reply::text(told.sentence).list(told.details);
    harmless::check(&told.warnings.into_iter().fold(reply, Reply::paragraph).render());
    one_line(in_words(event, names));
    let more = [before_redaction(event, names), membership::because(event, state, names)];
    more.into_iter().flatten().for_each(one_line);
    for room in rooms_mentioned(event, Some(state)) {
        assert!(room.as_str().starts_with('!'), "{room}");
    }
    for level in [Level::All, Level::Moderation, Level::Off] {
        level.wants(event);
    }
}

/// A line is shown whole, and is one.
fn one_line(line: Line) {
    let rendered = Reply::text(line).render();
    harmless::check(&rendered);
    assert!(!rendered.text.contains('\n') && !rendered.text.contains("does not fit"), "{}", rendered.text);
}

/// Each event is told once, and the lines are as many as were counted.
fn together(events: &[Event], input: &mut Input<'_>, known: &Known, around: &Around<'_>, moment: Moment) {
    let rooms: [OwnedRoomId; 2] = [owned_room_id!("!club:hs.test"), owned_room_id!("!<b>@mod:hs.test")];
    let placed: Vec<(&RoomId, &Event)> =
        events.iter().map(|event| (&*rooms[input.below(2)], event)).collect();
    let groups = groups(placed.iter().copied());
    assert_eq!(groups.iter().map(|group| group.events.len()).sum::<usize>(), events.len());
    let mut size = Size::default();
    for (room, event) in &placed {
        size.add(room, event);
    }
    assert_eq!(size.lines(), groups.len());
    let told: Vec<Told> = groups.iter().map(|group| Told::of(group, known, around, moment)).collect();
    let nobody = Names::default();
    let names = around.names.unwrap_or(&nobody);
    harmless::check(&message(&told, moment, |room| names.room(room.as_str())).render());
    for told in &told {
        assert!(!told.line.is_empty());
        let rendered = message(std::slice::from_ref(told), moment, |room| names.room(room.as_str())).render();
        assert!(
            !rendered.text.contains(['\n']) && !rendered.text.contains("does not fit"),
            "{}",
            rendered.text
        );
        harmless::check(&rendered);
    }
}
