//! What the moderator hears in a room, and when; and how long each question waited for its answer.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};

use crate::raw::{Raw, next_batch, timeline};

/// An event, and when it came.
struct Heard {
    at: Instant,
    event: Value,
}

/// The moderator in a room. Stops listening when dropped.
pub(crate) struct Ear {
    raw: Raw,
    me: String,
    room: String,
    heard: Arc<Mutex<Vec<Arc<Heard>>>>,
    news: watch::Receiver<()>,
    listening: JoinHandle<()>,
    asked: AtomicUsize,
}

/// A question, and when it was sent.
pub(crate) struct Question {
    id: String,
    line: String,
    at: Instant,
}

/// What the other one sent into the room.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said {
    pub(crate) messages: usize,
    pub(crate) edits: usize,
    pub(crate) reactions: usize,
}

impl Ear {
    pub(crate) async fn new(raw: Raw, me: &str, room: &str) -> anyhow::Result<Self> {
        let mut since = next_batch(&raw.listen(room, None).await?)?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (came, news) = watch::channel(());
        let (client, place, into) = (raw.clone(), room.to_owned(), heard.clone());
        let listening = tokio::spawn(async move {
            loop {
                // A restart of the server interrupts it.
                let Ok(news) = client.listen(&place, Some(&since)).await else {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                };
                let at = Instant::now();
                let events =
                    timeline(&news, &place).map(|event| Arc::new(Heard { at, event: event.clone() }));
                into.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
                came.send_replace(());
                if let Ok(next) = next_batch(&news) {
                    since = next;
                }
            }
        });
        Ok(Self { raw, me: me.to_owned(), room: room.to_owned(), heard, news, listening, asked: 0.into() })
    }

    /// Asks something.
    pub(crate) async fn ask(&self, line: &str) -> anyhow::Result<Question> {
        let at = Instant::now();
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let content = json!({"msgtype": "m.text", "body": line});
        let id = self.raw.send(&self.room, "m.room.message", &format!("ask-{number}"), &content).await?;
        Ok(Question { id, line: line.to_owned(), at })
    }

    /// How long each of these waited for its answer, from the moment before it was sent; waits for all of them.
    pub(crate) async fn answers(
        &self,
        questions: &[Question],
        patience: Duration,
    ) -> anyhow::Result<Vec<Duration>> {
        let deadline = Instant::now() + patience;
        let mut news = self.news.clone();
        loop {
            news.mark_unchanged();
            let answered = self.answered();
            let waits = |question: &Question| Some(*answered.get(&question.key())? - question.at);
            let times: Vec<Duration> = questions.iter().filter_map(waits).collect();
            if times.len() == questions.len() {
                return Ok(times);
            }
            if Instant::now() > deadline {
                let missing = questions.iter().find(|question| waits(question).is_none());
                let line = missing.map(|question| &question.line).context("none is missing")?;
                bail!(
                    "{} of {} have no answer, such as {line}",
                    questions.len() - times.len(),
                    questions.len()
                );
            }
            drop(tokio::time::timeout(patience, news.changed()).await);
        }
    }

    /// Waits for a message of somebody else with these words, also in an edit; when it came.
    pub(crate) async fn hears(&self, words: &str, patience: Duration) -> anyhow::Result<Instant> {
        let deadline = Instant::now() + patience;
        let mut news = self.news.clone();
        loop {
            news.mark_unchanged();
            let found = self.others().into_iter().find(|heard| text(&heard.event).contains(words));
            if let Some(found) = found {
                return Ok(found.at);
            }
            anyhow::ensure!(Instant::now() < deadline, "nobody says {words:?}");
            drop(tokio::time::timeout(patience, news.changed()).await);
        }
    }

    /// What the other one sent into the room that answers no question.
    pub(crate) fn unasked(&self) -> Said {
        let others = self.others();
        let mut said = Said::default();
        let is_message = |event: &Value| event["type"] == "m.room.message";
        let answers: HashSet<&str> = others
            .iter()
            .filter(|heard| reply_to(&heard.event).is_some())
            .filter_map(|heard| heard.event["event_id"].as_str())
            .collect();
        for event in others.iter().map(|heard| &heard.event) {
            if event["type"] == "m.reaction" {
                said.reactions += 1;
            } else if let Some(old) = replaces(event) {
                said.edits += usize::from(!answers.contains(old));
            } else if is_message(event) && reply_to(event).is_none() {
                said.messages += 1;
            }
        }
        said
    }

    fn others(&self) -> Vec<Arc<Heard>> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|heard| heard.event["sender"] != self.me.as_str()).cloned().collect()
    }

    /// When what was first answered: any answer to a reading, and the end of a job.
    fn answered(&self) -> HashMap<(String, bool), Instant> {
        let mut replies: HashMap<String, String> = HashMap::new();
        let mut first = HashMap::new();
        for heard in self.others() {
            let Heard { at, event } = &*heard;
            let question = match (reply_to(event), replaces(event)) {
                (_, Some(old)) => replies.get(old).cloned(),
                (Some(question), None) => Some(question.to_owned()),
                (None, None) => None,
            };
            let Some(question) = question else { continue };
            if let Some(id) = event["event_id"].as_str() {
                replies.insert(id.to_owned(), question.clone());
            }
            let is_done = text(event).contains("– done");
            first.entry((question.clone(), false)).or_insert(*at);
            if is_done {
                first.entry((question, true)).or_insert(*at);
            }
        }
        first
    }
}

impl Question {
    fn key(&self) -> (String, bool) {
        (self.id.clone(), self.line.starts_with("!block "))
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn relation(event: &Value) -> &Value {
    &event["content"]["m.relates_to"]
}

fn reply_to(event: &Value) -> Option<&str> {
    relation(event)["m.in_reply_to"]["event_id"].as_str()
}

fn replaces(event: &Value) -> Option<&str> {
    relation(event)["event_id"].as_str().filter(|_| relation(event)["rel_type"] == "m.replace")
}

fn text(event: &Value) -> &str {
    let content = &event["content"];
    content["m.new_content"]["body"].as_str().or(content["body"].as_str()).unwrap_or_default()
}
