//! `!user`, `!users`, `!rooms-of`, `!memberships`, `!devices`, `!whois`, `!find`.

use gleipnir_core::{
    model::{About, Account, ListedMedia, MediaDetails, Mxc, RateLimit, Report, ReportKey, ReportKind},
    ports::{Fault, Lookup as _},
    ruma::{OwnedUserId, owned_room_id, owned_user_id, user_id},
    testing::FakeRoom,
};
use serde_json::{Value, json};

use super::{MIDNIGHT, crowd, eve, far, with_eve, with_file};
use crate::scene::{bad_room, has, moderator};

#[tokio::test]
async fn dbg_user() {
    let mut stage = with_eve();
    stage.homeserver.change_room(bad_room(), |room| room.members.push(eve().to_owned()));
    println!("{}", stage.say("!user @eve:hs.test").await);
    println!("----\n{}", stage.say("!user @far:other.test").await);
    println!("----\n{}", stage.say("!users spam").await);
    println!("----\n{}", stage.say("!users e --locked --sort creation_ts --reverse").await);
    println!("----\n{}", stage.say("!rooms-of @eve:hs.test").await);
    println!("----\n{}", stage.say("!memberships @eve:hs.test").await);
    println!("----\n{}", stage.say("!devices @eve:hs.test").await);
    println!("----\n{}", stage.say("!whois @eve:hs.test").await);
    println!("----\n{}", stage.say("!whois @eve:hs.test --ip").await);
    println!("----\n{}", stage.say("!find a@b.c").await);
    println!("----\n{}", stage.say("!find ana").await);
    println!("----\n{}", stage.say("!user @evve:hs.test").await);
    println!("----\n{}", stage.say("!devices @far:other.test").await);
}
