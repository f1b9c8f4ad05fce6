//! What somebody in the management room has heard so far, and what it means: replies, edits, reactions.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    sync::Mutex,
};

use serde_json::Value;
use tokio::sync::watch;

use super::PATIENCE;

/// A message of the bot, as it reads now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The event of its first version.
    pub(crate) id: String,
    /// The plain text of its latest version.
    pub(crate) text: String,
}

impl Answer {
    /// Checks that it has all of these words.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> &Self {
        for words in words {
            assert!(self.text.contains(words), "it does not say {words:?}:\n{}", self.text);
        }
        self
    }

    /// The number in “Job 7: block – done”, or in “Job 7: do it?”.
    #[track_caller]
    pub(crate) fn job(&self) -> u64 {
        let mut numbers = self.text.split("Job ").skip(1).filter_map(|rest| rest.split_once(':'));
        let number = numbers.find_map(|(number, _)| number.parse().ok());
        number.unwrap_or_else(|| panic!("there is no job in {}", self.text))
    }

    /// The first number behind some words.
    #[track_caller]
    pub(crate) fn number(&self, words: &str) -> u64 {
        let (_, rest) = self.text.split_once(words).unwrap_or_else(|| panic!("no {words:?}: {}", self.text));
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    }

    /// What stands in backticks behind some words.
    #[track_caller]
    pub(crate) fn code(&self, words: &str) -> &str {
        let (_, rest) = self.text.split_once(words).unwrap_or_else(|| panic!("no {words:?}: {}", self.text));
        let (_, rest) = rest.split_once('`').unwrap_or_else(|| panic!("no code behind {words:?}: {rest}"));
        rest.split('`').next().unwrap_or_default()
    }

    /// Checks that it has none of these words.
    #[track_caller]
    pub(crate) fn leaves_out(&self, words: &[&str]) -> &Self {
        for words in words {
            assert!(!self.text.contains(words), "it says {words:?}:\n{}", self.text);
        }
        self
    }
}

/// Everything that was heard, decrypted, in order.
pub(crate) struct Heard {
    events: Mutex<Vec<Value>>,
    news: watch::Sender<()>,
}

impl Heard {
    pub(crate) fn new() -> Self {
        Self { events: Mutex::default(), news: watch::Sender::new(()) }
    }

    /// Takes events in, each once; a decrypted one takes the place of the encrypted one.
    pub(crate) fn add(&self, new: Vec<Value>) {
        let mut events = self.events.lock().unwrap();
        for event in new {
            match events.iter().position(|known| known["event_id"] == event["event_id"]) {
                None => events.push(event),
                Some(n) if events[n]["type"] == "m.room.encrypted" => events[n] = event,
                Some(_) => {}
            }
        }
        self.news.send_replace(());
    }

    /// Waits until there is what is looked for.
    pub(crate) async fn wait<T>(&self, what: &str, look: impl Fn(&[Value]) -> Option<T>) -> T {
        let mut news = self.news.subscribe();
        let waiting = async {
            loop {
                news.borrow_and_update();
                if let Some(found) = self.look(&look) {
                    return found;
                }
                news.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("in vain, for {PATIENCE:?}: {what}"))
    }

    /// Looks at what was heard so far.
    pub(crate) fn look<T>(&self, look: impl Fn(&[Value]) -> T) -> T {
        look(&self.events.lock().unwrap())
    }

    /// The room, as somebody reads it.
    pub(crate) fn transcript(&self) -> String {
        self.look(|events| {
            let mut firsts = HashMap::new();
            let mut text = String::new();
            for event in events {
                let content = &event["content"];
                let relation = &content["m.relates_to"];
                let to = || firsts.get(&relation["event_id"].to_string()).cloned().unwrap_or_default();
                let (edited, body) = match event["type"].as_str() {
                    Some("m.room.message") if relation["rel_type"] == "m.replace" => {
                        (" (edited)", body(&content["m.new_content"]).to_owned())
                    }
                    Some("m.room.message") => ("", body(content).to_owned()),
                    Some("m.reaction") => {
                        ("", format!("{}  on “{}”", relation["key"].as_str().unwrap_or("?"), to()))
                    }
                    Some("m.room.member") => {
                        ("", format!("({} {})", event["state_key"], content["membership"]).replace('"', ""))
                    }
                    Some("m.room.encrypted") => ("", "(encrypted)".to_owned()),
                    _ => continue,
                };
                firsts.insert(event["event_id"].to_string(), body.chars().take(40).collect::<String>());
                let sender = event["sender"].as_str().unwrap_or_default();
                let mut lines = body.lines();
                let first = lines.next().unwrap_or_default();
                let _ = writeln!(text, "{:>26} │ {first}", format!("{sender}{edited}"));
                for line in lines {
                    let _ = writeln!(text, "{:>26} │ {line}", "");
                }
            }
            text
        })
    }
}

/// Messages of the bot that answer an event, in the order of their first versions.
pub(crate) fn replies(events: &[Value], to: &str) -> Vec<Answer> {
    let replies = firsts(events).filter(|event| {
        let content = &event["content"];
        content["m.relates_to"]["m.in_reply_to"]["event_id"] == to && content["msgtype"] == "m.notice"
    });
    replies.map(|event| newest(events, event)).collect()
}

/// A message of the bot, as it reads now.
pub(crate) fn message(events: &[Value], id: &str) -> Option<Answer> {
    firsts(events).find(|event| event["event_id"] == id).map(|event| newest(events, event))
}

/// All messages of the bot, without the edits, as they read now.
pub(crate) fn notices(events: &[Value]) -> Vec<Answer> {
    firsts(events).map(|event| newest(events, event)).collect()
}

/// As [`notices`], those that answer nobody.
pub(crate) fn unasked(events: &[Value]) -> Vec<Answer> {
    let unasked = firsts(events).filter(|event| event["content"]["m.relates_to"].is_null());
    unasked.map(|event| newest(events, event)).collect()
}

fn messages(events: &[Value]) -> impl DoubleEndedIterator<Item = &Value> {
    events.iter().filter(|event| is_of_bot(event) && event["type"] == "m.room.message")
}

fn firsts(events: &[Value]) -> impl Iterator<Item = &Value> {
    messages(events).filter(|event| !is_edit(event))
}

fn newest(events: &[Value], event: &Value) -> Answer {
    let id = event["event_id"].as_str().unwrap_or_default();
    let edit =
        messages(events).rfind(|edit| is_edit(edit) && edit["content"]["m.relates_to"]["event_id"] == id);
    let content = edit.map_or(&event["content"], |edit| &edit["content"]["m.new_content"]);
    Answer { id: id.to_owned(), text: body(content).to_owned() }
}

/// The bot's reactions to an event; each may be there once.
pub(crate) fn marks(events: &[Value], to: &str) -> Vec<String> {
    let reactions = events.iter().filter(|event| is_of_bot(event) && event["type"] == "m.reaction");
    let relations = reactions.map(|event| &event["content"]["m.relates_to"]);
    let marks: Vec<String> = relations
        .filter(|relation| relation["event_id"] == to)
        .filter_map(|relation| relation["key"].as_str().map(str::to_owned))
        .collect();
    let distinct: HashSet<_> = marks.iter().collect();
    assert_eq!(distinct.len(), marks.len(), "a reaction was made twice: {marks:?}");
    marks
}

/// Of whatever server it is.
fn is_of_bot(event: &Value) -> bool {
    event["sender"].as_str().is_some_and(|sender| sender.starts_with("@gleipnir:"))
}

fn is_edit(event: &Value) -> bool {
    event["content"]["m.relates_to"]["rel_type"] == "m.replace"
}

fn body(content: &Value) -> &str {
    content["body"].as_str().unwrap_or_default()
}
