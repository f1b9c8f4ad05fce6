//! Commands about people: sanctions, memberships, power, what they wrote and uploaded.

use rand::RngExt as _;

use crate::chaos::strand::{Ends, Fact, Notes, Strand};

/// Sanctions come and go.
pub(super) async fn sanctions(mut s: Strand<'_>) -> Notes {
    const SANCTIONS: [(&str, &str); 3] =
        [("suspend", "suspended"), ("lock", "locked"), ("shadow-ban", "shadow_banned")];
    let user = s.user().await.user_id;
    let mut has = [false; SANCTIONS.len()];
    for _ in 0..s.dice.random_range(3..7) {
        let n = s.dice.random_range(0..SANCTIONS.len());
        let before = has[n];
        has[n] = s.dice.random_bool(0.6);
        let word = format!("{}{}", if has[n] { "" } else { "un" }, SANCTIONS[n].0);
        let reason = s.word();
        let ends = if has[n] == before { Ends::Answered } else { Ends::Done };
        let command = s.say(&format!("!{word} {user} {reason}"), ends).await;
        if ends == Ends::Done && s.dice.random_bool(0.25) {
            s.undo(&command).await;
            has[n] = before;
        }
    }
    let has = SANCTIONS.iter().zip(has).filter(|(_, has)| *has).map(|((_, name), _)| *name).collect();
    s.fact(Fact::Account { user, has });
    s.notes
}

/// A sanction that ends by itself.
pub(super) async fn for_a_time(mut s: Strand<'_>) -> Notes {
    let user = s.user().await.user_id;
    let word = s.dice.pick(&["suspend", "lock", "shadow-ban"]);
    let command = s.say(&format!("!{word} {user} --for 2h"), Ends::Done).await;
    s.notes.for_a_time.push((command, user));
    s.notes
}

/// Somebody is thrown out of a watched room, and comes back.
pub(super) async fn memberships(mut s: Strand<'_>) -> Notes {
    let m = s.moderator();
    let (guest, room) = (s.user().await, s.room());
    let user = guest.user_id.clone();
    guest.join(room).await.unwrap();
    s.notes.changes += 1;
    let mut is = "join";
    for _ in 0..s.dice.random_range(3..7) {
        let reason = s.word();
        let line = |command: &str| format!("!{command} {user} {room} {reason}");
        let (command, then) = match (is, s.dice.random_range(0..4)) {
            ("join", 0..2) => ("kick", "leave"),
            ("join", _) | ("leave", 0) => ("ban", "ban"),
            ("leave", 1) => ("invite", "invite"),
            ("ban", 0) => {
                s.say(&line("ban"), Ends::Answered).await;
                continue;
            }
            ("ban", _) => ("unban", "leave"),
            _ => {
                // They come back by themselves; so it has to be so by now.
                s.pause().await;
                guest.join(room).await.unwrap();
                s.notes.changes += 1;
                is = "join";
                continue;
            }
        };
        let done = s.say(&line(command), Ends::Done).await;
        s.fact(Fact::ChangedOnce { room: room.to_owned(), user: user.clone(), reason: reason.clone() });
        is = then;
        if is != "ban" {
            m.answer(&done, "– done").await;
        }
        if command == "kick" || command == "ban" {
            s.fact(Fact::Told { room: room.to_owned(), words: format!("“{reason}”") });
        }
    }
    s.fact(Fact::Member { room: room.to_owned(), user, is });
    s.notes
}

/// Power is given and taken, in the first of the rooms; nobody else changes it there.
pub(super) async fn powers(mut s: Strand<'_>) -> Notes {
    let guest = s.user().await;
    let (user, room) = (guest.user_id.clone(), s.stage.rooms[0].id.clone());
    guest.join(&room).await.unwrap();
    s.notes.changes += 1;
    let mut level = None;
    for _ in 0..s.dice.random_range(3..6) {
        let before = level;
        let line = if s.dice.random_bool(0.3) {
            level = Some(-1);
            format!("!mute {user} {room}")
        } else {
            let to = s.dice.pick(&[5, 10, 20]);
            level = Some(to);
            format!("!power {room} {user} {to}")
        };
        let ends = if level == before { Ends::Answered } else { Ends::Done };
        let command = s.say(&line, ends).await;
        if ends == Ends::Done && s.dice.random_bool(0.3) {
            s.undo(&command).await;
            level = before;
        }
    }
    s.fact(Fact::Power { room, user, level });
    s.notes
}

/// What somebody wrote goes: one message, then the rest.
pub(super) async fn redactions(mut s: Strand<'_>) -> Notes {
    let (guest, room) = (s.user().await, s.room().to_owned());
    guest.join(&room).await.unwrap();
    s.notes.changes += 1;
    let mut events = Vec::new();
    for n in 0..s.dice.random_range(2..6) {
        events.push(guest.send_text(&room, &format!("rude {n}")).await.unwrap());
    }
    let single = s.wants(&format!("!redact {room} {} rude", events[0])).await;
    let everything = s.dice.random_bool(0.7);
    if everything {
        // Else the server may be asked for what is about to be redacted.
        s.moderator().answer(&single, "– done").await;
        s.wants(&format!("!redact {} rude", guest.user_id)).await;
    }
    let gone = if everything { events.len() } else { 1 };
    for event in events.into_iter().take(gone) {
        s.fact(Fact::Redacted { room: room.clone(), event });
    }
    s.notes
}

/// A file is kept from everybody, and let out.
pub(super) async fn files(mut s: Strand<'_>) -> Notes {
    let (guest, words) = (s.user().await, s.word());
    let file = guest.upload("image/png", words.into_bytes()).await.unwrap();
    let mut is = false;
    for _ in 0..s.dice.random_range(2..5) {
        let before = is;
        is = s.dice.random_bool(0.6);
        let ends = if is == before { Ends::Answered } else { Ends::Done };
        let command = s.say(&format!("!{}quarantine {file}", if is { "" } else { "un" }), ends).await;
        if ends == Ends::Done && s.dice.random_bool(0.25) {
            s.undo(&command).await;
            is = before;
        }
    }
    s.fact(Fact::Quarantined { file, is });
    s.notes
}
