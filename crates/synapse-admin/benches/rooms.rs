//! What a page of the room list costs on a server with 20,000 rooms: this client beside a raw HTTP client that asks for
//! the same page in the same run, and throws the body away or reads it into plain JSON. Prints a table; asserts nothing.
//!
//! `cargo bench -p synapse-admin --bench rooms`

use std::{
    io::{self, Write as _},
    num::NonZeroU32,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use synapse_admin::{Client, ListRooms, RoomOrder};
use throwaway_synapse::{Role, Synapse};

const ROOMS: u32 = 20_000;
/// How often each page is asked for.
const TURNS: usize = 30;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let synapse = Synapse::start().await?;
    let admin = synapse.register("admin", Role::Admin).await?;
    synapse.add_rooms(ROOMS).await?;
    let token = admin.access_token.clone();
    let raw = Raw { http: reqwest::Client::new(), url: synapse.url().to_owned(), token: token.clone() };
    let client = Client::new(synapse.url(), move || token.clone())?;
    let mut out = io::stdout();
    writeln!(
        out,
        "| page of {ROOMS} rooms | raw, body thrown away | raw, plain JSON | this client | ratio |"
    )?;
    writeln!(out, "|---|---|---|---|---|")?;
    for (size, from) in [(100, 0), (100, 10_000), (500, 0), (500, 10_000), (1000, 0), (1000, 19_000)] {
        let list = ListRooms {
            from: Some(from),
            limit: NonZeroU32::new(size),
            order_by: RoomOrder::JoinedMembers,
            ..ListRooms::default()
        };
        let query = format!("from={from}&limit={size}&order_by=joined_members&dir=f");
        let (mut floor, mut plain, mut ours) = (Vec::new(), Vec::new(), Vec::new());
        // Interleaved, so that all three meet the same server.
        for turn in 0..TURNS + 3 {
            let started = Instant::now();
            raw.page(&query).await?;
            let thrown = started.elapsed();
            let started = Instant::now();
            let value: Value = serde_json::from_slice(&raw.page(&query).await?)?;
            let read = started.elapsed();
            let started = Instant::now();
            let page = client.rooms(&list).await?;
            let typed = started.elapsed();
            ensure!(page.rooms.len() == size as usize, "a page of {}", page.rooms.len());
            ensure!(value["rooms"].as_array().context("rooms")?.len() == size as usize, "another page");
            // The first ones warm connections and caches.
            if turn >= 3 {
                floor.push(thrown);
                plain.push(read);
                ours.push(typed);
            }
        }
        let [floor, plain, ours] = [floor, plain, ours].map(median);
        writeln!(
            out,
            "| {size} rooms from {from} | {:.1} ms | {:.1} ms | {:.1} ms | {:.2} |",
            ms(floor),
            ms(plain),
            ms(ours),
            ms(ours) / ms(floor)
        )?;
    }
    let started = Instant::now();
    let mut list = Some(ListRooms { limit: NonZeroU32::new(1000), ..ListRooms::default() });
    let mut seen = 0;
    while let Some(query) = list {
        let page = client.rooms(&query).await?;
        seen += page.rooms.len();
        list = page.next(&query);
    }
    ensure!(seen == ROOMS as usize, "{seen} rooms");
    writeln!(out, "\nAll {ROOMS} rooms in pages of 1000: {:.1} s", started.elapsed().as_secs_f64())?;
    Ok(())
}

struct Raw {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Raw {
    #[expect(clippy::disallowed_methods, reason = "this is the client that ours is measured by")]
    async fn page(&self, query: &str) -> anyhow::Result<Vec<u8>> {
        let url = format!("{}/_synapse/admin/v1/rooms?{query}", self.url);
        let request = self.http.get(url).header(AUTHORIZATION, format!("Bearer {}", self.token));
        Ok(request.send().await?.error_for_status()?.bytes().await?.into())
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
