//! What others than the bot change in the watched rooms.

use rand::RngExt as _;
use serde_json::json;
use throwaway_synapse::path_part;

use crate::chaos::strand::{Fact, Notes, Strand};

/// Names, topics, and in the second room power levels.
pub(super) async fn changes(mut s: Strand<'_>) -> Notes {
    let owner = s.stage.owner;
    for _ in 0..s.dice.random_range(4..9) {
        s.pause().await;
        s.pause().await;
        let (room, word) = (s.room().to_owned(), s.word());
        match s.dice.random_range(0..5) {
            0..2 => {
                owner.send_state(&room, "m.room.topic", "", json!({"topic": word})).await.unwrap();
            }
            2 | 3 => {
                owner.send_state(&room, "m.room.name", "", json!({"name": word})).await.unwrap();
            }
            _ => {
                let room = &s.stage.rooms[1].id;
                let mut levels = owner.state(room, "m.room.power_levels", "").await.unwrap();
                levels["users"][format!("@{word}:hs.test")] = json!(7);
                owner.send_state(room, "m.room.power_levels", "", levels).await.unwrap();
            }
        }
        s.notes.changes += 1;
    }
    s.notes
}

/// People come, leave, and are thrown out by the owner.
pub(super) async fn visitors(mut s: Strand<'_>) -> Notes {
    let owner = s.stage.owner;
    for _ in 0..s.dice.random_range(3..7) {
        let (guest, room, reason) = (s.user().await, s.room().to_owned(), s.word());
        s.pause().await;
        guest.join(&room).await.unwrap();
        s.pause().await;
        s.notes.changes += 1;
        let act = s.dice.pick(&["stay", "leave", "kick", "ban"]);
        match act {
            "stay" => {}
            "leave" => {
                guest.leave(&room).await.unwrap();
                s.notes.changes += 1;
            }
            _ => {
                let path = format!("/_matrix/client/v3/rooms/{}/{act}", path_part(&room));
                owner.post(&path, json!({"user_id": guest.user_id, "reason": reason})).await.unwrap();
                s.notes.changes += 1;
                s.fact(Fact::Told { room, words: format!("“{reason}”") });
            }
        }
    }
    s.notes
}
