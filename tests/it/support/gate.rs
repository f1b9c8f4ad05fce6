//! A gate between the bot and the homeserver that can catch one request, or the answer to it: what a crash at the
//! worst moment looks like from outside.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use tokio::sync::watch;

use super::PATIENCE;

/// What is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Catch {
    /// A request that begins so never reaches the server.
    Request(&'static str),
    /// A request that begins so reaches the server; its answer does not come back.
    Answer(&'static str),
}

/// A gate, open until it is told what to catch. Closed on drop.
pub(crate) struct Gate {
    address: String,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    catch: Mutex<Option<Catch>>,
    caught: watch::Sender<bool>,
    closed: Mutex<bool>,
    clients: Mutex<Vec<TcpStream>>,
}

impl Gate {
    /// A gate before the server at this URL.
    pub(crate) fn new(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            server: server.trim_start_matches("http://").to_owned(),
            catch: Mutex::default(),
            caught: watch::Sender::new(false),
            closed: Mutex::default(),
            clients: Mutex::default(),
        });
        let open = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if *open.closed.lock().unwrap() {
                    break;
                }
                let shared = open.clone();
                thread::spawn(move || pass(client, &shared));
            }
        });
        Self { address, shared }
    }

    /// Where the bot finds the homeserver.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Catches what comes next.
    pub(crate) fn catch(&self, what: Catch) {
        self.shared.caught.send_replace(false);
        *self.shared.catch.lock().unwrap() = Some(what);
    }

    /// Waits until it was caught, once; from then on all passes again, but on that connection.
    pub(crate) async fn caught(&self) {
        let mut caught = self.shared.caught.subscribe();
        let waiting = caught.wait_for(|caught| *caught);
        tokio::time::timeout(PATIENCE, waiting).await.expect("nothing was caught").unwrap();
    }

    /// Breaks every connection off.
    pub(crate) fn cut(&self) {
        for client in self.shared.clients.lock().unwrap().drain(..) {
            drop(client.shutdown(Shutdown::Both));
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        *self.shared.closed.lock().unwrap() = true;
        // Wakes the one who accepts.
        drop(TcpStream::connect(&self.address));
    }
}

fn pass(client: TcpStream, shared: &Arc<Shared>) {
    let Ok(server) = TcpStream::connect(&shared.server) else { return };
    let (Ok(client_too), Ok(server_too)) = (client.try_clone(), server.try_clone()) else { return };
    shared.clients.lock().unwrap().extend(client.try_clone());
    let mute = Arc::new(Mutex::new(false));
    let (shared_too, muted) = (shared.clone(), mute.clone());
    let back = thread::spawn(move || {
        copy(&server, &client, |_| {
            let stop = *muted.lock().unwrap();
            if stop {
                shared_too.caught.send_replace(true);
            }
            !stop
        });
    });
    // A client waits for an answer before its next request, so a request is at the beginning of what is read.
    copy(&client_too, &server_too, |bytes| {
        let mut catch = shared.catch.lock().unwrap();
        match *catch {
            Some(Catch::Request(start)) if bytes.starts_with(start.as_bytes()) => {
                *catch = None;
                shared.caught.send_replace(true);
                false
            }
            Some(Catch::Answer(start)) if bytes.starts_with(start.as_bytes()) => {
                *catch = None;
                *mute.lock().unwrap() = true;
                true
            }
            _ => true,
        }
    });
    drop(back.join());
}

/// Copies what `passes`, and swallows all else, until either end is closed.
fn copy(mut from: &TcpStream, mut to: &TcpStream, passes: impl Fn(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if passes(&buffer[..length]) && to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}
