//! Commands about rooms: blocks, aliases, the directory, shutdowns.

use rand::RngExt as _;
use serde_json::json;

use crate::chaos::strand::{Ends, Fact, Notes, Strand};

/// A room is blocked and let go, one command upon the other.
pub(super) async fn blocks(mut s: Strand<'_>) -> Notes {
    let room = format!("!{}:hs.test", s.word());
    let mut is = false;
    for _ in 0..s.dice.random_range(3..7) {
        let before = is;
        is = s.dice.random_bool(0.6);
        let ends = if is == before { Ends::Answered } else { Ends::Done };
        let reason = s.word();
        let command = s.say(&format!("!{}block {room} {reason}", if is { "" } else { "un" }), ends).await;
        if ends == Ends::Done && s.dice.random_bool(0.2) {
            s.undo(&command).await;
            is = before;
        } else if s.dice.random_bool(0.3) {
            s.say(&format!("!blocked {room}"), Ends::Answered).await;
        }
    }
    s.fact(Fact::Blocked { room, is });
    s.notes
}

/// A room gets an alias and a place in the directory, and loses them.
pub(super) async fn directory(mut s: Strand<'_>) -> Notes {
    let (name, alias) = (s.word(), format!("#{}:hs.test", s.word()));
    let room = s.stage.owner.create_room(json!({"preset": "public_chat", "name": name})).await.unwrap();
    let (mut leads, mut is_listed) = (false, false);
    for _ in 0..s.dice.random_range(3..7) {
        if s.dice.random_bool(0.5) {
            let before = is_listed;
            is_listed = s.dice.random_bool(0.6);
            let ends = if is_listed == before { Ends::Answered } else { Ends::Done };
            let word = if is_listed { "list-room" } else { "unlist" };
            s.say(&format!("!{word} {room}"), ends).await;
        } else if leads && s.dice.random_bool(0.5) {
            s.say(&format!("!alias remove {alias}"), Ends::Done).await;
            leads = false;
        } else {
            let ends = if leads { Ends::Answered } else { Ends::Done };
            s.say(&format!("!alias add {alias} {room}"), ends).await;
            leads = true;
        }
    }
    s.fact(Fact::Leads { alias, room: leads.then(|| room.clone()) });
    s.fact(Fact::Listed { room, is: is_listed });
    s.notes
}

/// Rooms are shut down, or not after all.
pub(super) async fn shutdowns(mut s: Strand<'_>) -> Notes {
    let mut crowd = Vec::new();
    for _ in 0..s.dice.random_range(2..7) {
        crowd.push(s.user().await);
    }
    for n in 0..2 {
        let request = json!({"preset": "public_chat", "name": format!("Crowded {}", s.word())});
        let room = crowd[0].create_room(request).await.unwrap();
        for member in &crowd[1..] {
            member.join(&room).await.unwrap();
        }
        let reason = s.word();
        let line = format!("!shutdown {room} {reason}");
        if n == 0 || s.dice.random_bool(0.6) {
            s.wants(&line).await;
            let members = crowd.iter().map(|user| user.user_id.clone()).collect();
            s.fact(Fact::ShutDown { room: room.clone(), members });
            s.fact(Fact::Blocked { room, is: true });
        } else {
            s.drops(&line).await;
            s.fact(Fact::Untouched { room: room.clone() });
            s.fact(Fact::Blocked { room, is: false });
        }
    }
    s.notes
}

/// Somebody else's last job is theirs.
pub(super) async fn of_another_moderator(mut s: Strand<'_>) -> Notes {
    let second = s.stage.second;
    for _ in 0..s.dice.random_range(2..5) {
        let room = format!("!{}:hs.test", s.word());
        s.says(second, &format!("!block {room}"), Ends::Done).await;
        let is_undone = s.dice.random_bool(0.6);
        if is_undone {
            s.says(second, "!undo last", Ends::Done).await;
        }
        s.fact(Fact::Blocked { room, is: !is_undone });
    }
    s.notes
}
