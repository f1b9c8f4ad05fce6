//! A reverse proxy between the bot and the homeserver that does what networks, servers and the proxies before them do on a
//! bad day: it is slow, breaks off, answers with a page, with less than all, or not at all.

mod faults;
mod http;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

pub(crate) use self::faults::{FAULTS, Fault, REFUSALS};
use self::http::{Answer, Request, read_request};
use super::PATIENCE;

/// A proxy; it lets everything pass until it is told otherwise. Gone on drop.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Mutex<Option<JoinHandle<()>>>,
}

/// A fault that is to happen.
#[derive(Clone, Debug)]
struct Rule {
    id: usize,
    /// What the method and the path, decoded, have in them, such as `PUT /` and `/block`.
    on: Vec<String>,
    fault: Fault,
    left: usize,
}

/// Changes an answer to a request on its way: the method and the path of the request, and the answer.
type Rewrite = Box<dyn Fn(&str, &mut Value) + Send + Sync>;

struct Shared {
    server: String,
    rules: Mutex<Vec<Rule>>,
    met: Mutex<BTreeMap<usize, usize>>,
    /// How many requests that met a rule were answered, or given up by who asked.
    over: Mutex<BTreeMap<usize, usize>>,
    /// How many of a hundred requests fail by chance, and where the chances come from.
    storm: Mutex<Option<(u64, Dice)>>,
    rewrite: Mutex<Option<Rewrite>>,
    counts: Mutex<BTreeMap<String, usize>>,
}

/// A rule, to ask whether it was met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleId(usize);

impl Proxy {
    /// A proxy before the server at this URL.
    pub(crate) async fn new(server: &str) -> Self {
        let shared = Arc::new(Shared {
            server: server.trim_start_matches("http://").to_owned(),
            rules: Mutex::default(),
            met: Mutex::default(),
            over: Mutex::default(),
            storm: Mutex::default(),
            rewrite: Mutex::default(),
            counts: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = Mutex::new(Some(tokio::spawn(listen(listener, shared.clone()))));
        Self { address, shared, listening }
    }

    /// Where the bot finds the homeserver.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next so many requests that have all of these words in “METHOD /path?query” meet a fault.
    pub(crate) fn fail(&self, on: &[&str], fault: Fault, times: usize) -> RuleId {
        let mut rules = self.shared.rules.lock().unwrap();
        let mut met = self.shared.met.lock().unwrap();
        let id = met.len();
        met.insert(id, 0);
        rules.push(Rule { id, on: on.iter().map(|word| (*word).to_owned()).collect(), fault, left: times });
        RuleId(id)
    }

    /// How often a rule was met.
    pub(crate) fn met(&self, rule: RuleId) -> usize {
        self.shared.met.lock().unwrap()[&rule.0]
    }

    /// How many requests that met one of these rules are over: answered, or given up by the bot.
    pub(crate) fn over(&self, rules: &[RuleId]) -> usize {
        let over = self.shared.over.lock().unwrap();
        rules.iter().filter_map(|rule| over.get(&rule.0)).sum()
    }

    /// Waits until a rule was met.
    pub(crate) async fn hit(&self, rule: RuleId) {
        let waiting = async {
            while self.met(rule) == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the fault was not met");
    }

    /// So many of a hundred requests fail, each by another fault; the same seed, the same chances.
    pub(crate) fn storm(&self, percent: u64, seed: u64) {
        *self.shared.storm.lock().unwrap() = Some((percent, Dice(seed)));
    }

    /// Answers are changed on their way.
    pub(crate) fn rewrite(&self, rewrite: impl Fn(&str, &mut Value) + Send + Sync + 'static) {
        *self.shared.rewrite.lock().unwrap() = Some(Box::new(rewrite));
    }

    /// From now on everything passes as it is.
    pub(crate) fn heal(&self) {
        self.shared.rules.lock().unwrap().clear();
        *self.shared.storm.lock().unwrap() = None;
        *self.shared.rewrite.lock().unwrap() = None;
    }

    /// How many requests came that have all of these words in “METHOD /path”.
    pub(crate) fn count(&self, on: &[&str]) -> usize {
        let counts = self.shared.counts.lock().unwrap();
        let like = counts.iter().filter(|(line, _)| on.iter().all(|word| line.contains(word)));
        like.map(|(_, count)| count).sum()
    }

    /// The server is gone: connections break, and new ones are refused.
    pub(crate) fn away(&self) {
        self.listening.lock().unwrap().take().expect("it is away already").abort();
    }

    /// It is there again.
    pub(crate) async fn back(&self) {
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                // The aborted task may still hold it.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        *self.listening.lock().unwrap() = Some(tokio::spawn(listen(listener, self.shared.clone())));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.lock().unwrap().take() {
            listening.abort();
        }
    }
}

/// Serves clients; all of them are dropped together with this.
async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                let shared = shared.clone();
                clients.spawn(async move { serve(client, &shared).await });
            },
            Some(_) = clients.join_next() => {}
        }
    }
}

/// Serves one client, request after request; `None` when the connection ends.
async fn serve(mut client: TcpStream, shared: &Shared) -> Option<()> {
    let mut rest = Vec::new();
    loop {
        let request = read_request(&mut client, &mut rest).await?;
        let (fault, rule) = shared.fault(&request);
        let answered = async {
            let answer = match fault {
                None => shared.ask(&request).await?,
                Some(fault) => shared.meet(fault, &request, &client).await?,
            };
            answer.send(&mut client).await
        };
        let answered = answered.await;
        if let Some(rule) = rule {
            *shared.over.lock().unwrap().entry(rule).or_default() += 1;
        }
        answered?;
    }
}

impl Shared {
    /// The fault that a request meets, if any, and by which rule; counts it.
    fn fault(&self, request: &Request) -> (Option<Fault>, Option<usize>) {
        let line = request.line();
        let (counted, _) = line.split_once('?').unwrap_or((&line, ""));
        *self.counts.lock().unwrap().entry(counted.to_owned()).or_default() += 1;
        let mut rules = self.rules.lock().unwrap();
        let rule =
            rules.iter_mut().find(|rule| rule.left > 0 && rule.on.iter().all(|word| line.contains(&**word)));
        if let Some(rule) = rule {
            rule.left -= 1;
            *self.met.lock().unwrap().entry(rule.id).or_default() += 1;
            return (Some(rule.fault), Some(rule.id));
        }
        let mut storm = self.storm.lock().unwrap();
        let Some((percent, dice)) = storm.as_mut() else { return (None, None) };
        ((dice.next() % 100 < *percent).then(|| FAULTS[dice.below(FAULTS.len())].1), None)
    }

    /// What a client gets that meets a fault.
    async fn meet(&self, fault: Fault, request: &Request, client: &TcpStream) -> Option<Answer> {
        match fault {
            Fault::Slow(pause) => tokio::time::sleep(pause).await,
            Fault::Held => {
                let mut more = [0];
                while !self.rules.lock().unwrap().is_empty() {
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(20)) => {}
                        // It has given up.
                        _ = client.peek(&mut more) => return None,
                    }
                }
            }
            _ => {}
        }
        let real = if fault.reaches_the_server() { Some(self.ask(request).await?) } else { None };
        fault.answer(real)
    }

    /// What the server answers.
    async fn ask(&self, request: &Request) -> Option<Answer> {
        let server = TcpStream::connect(&self.server).await.ok()?;
        let mut answer = request.pass_on(server).await?;
        if let Some(rewrite) = &*self.rewrite.lock().unwrap()
            && let Ok(mut json) = serde_json::from_slice(&answer.body)
        {
            rewrite(&request.line(), &mut json);
            answer.body = json.to_string().into_bytes();
        }
        Some(answer)
    }
}

/// Chances that a seed fixes: splitmix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of the numbers below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}
