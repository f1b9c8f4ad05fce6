//! Lists the rooms of a homeserver page by page, those with the most members first.
//!
//! `cargo run -p synapse-admin --example rooms -- https://hs.test token.txt`
//!
//! The file holds the access token of a server admin; on the command line everybody on the machine could read it. A
//! third argument is another order, such as `state_events`.

use std::error::Error;
use std::io::{self, Write as _};
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::{env, fs};

use synapse_admin::{Client, ListRooms, Room, RoomOrder};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(url), Some(token_file)) = (arguments.next(), arguments.next()) else {
        return Err("say where the homeserver is and which file holds the access token".into());
    };
    let order_by = arguments.next().map_or(Ok(RoomOrder::JoinedMembers), |order| order.parse())?;
    let token = fs::read_to_string(&token_file).map_err(|error| format!("{token_file}: {error}"))?;
    let synapse = Client::new(&url, move || token.trim().to_owned())?;

    let mut out = io::stdout().lock();
    let mut next = Some(ListRooms { limit: NonZeroU32::new(500), order_by, ..ListRooms::default() });
    while let Some(list) = next {
        let page = synapse.rooms(&list).await?;
        for room in &page.rooms {
            writeln!(out, "{}", line(room))?;
        }
        next = page.next(&list);
        if next.is_none() {
            writeln!(out, "{} rooms", page.total_rooms)?;
        }
    }
    Ok(())
}

/// Names are whatever somebody typed. Escaped, they cannot drive the terminal.
fn line(room: &Room) -> String {
    let name = room.name.as_deref().or(room.canonical_alias.as_deref()).unwrap_or("(no name)");
    format!(
        "{:>7} members, {:>5} local  {}  {}",
        room.joined_members,
        room.joined_local_members,
        room.room_id.as_str().escape_debug(),
        name.escape_debug()
    )
}
