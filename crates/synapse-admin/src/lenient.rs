//! Reading of fields that Synapse sends in more than one shape, and writing of query strings.

use std::fmt::Display;

use ruma::{OwnedUserId, UserId};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::Value;

/// A boolean that may be `0` or `1` (SQLite) or `null`, which is false.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    maybe_flag(deserializer).map(Option::unwrap_or_default)
}

/// As [`flag`], but `null` is `None`.
pub(crate) fn maybe_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(Some(false)),
        Value::Number(number) if number.as_u64() == Some(1) => Ok(Some(true)),
        other => Err(D::Error::custom(format_args!("expected true, false, 0 or 1, not {}", kind(&other)))),
    }
}

/// `null` is the default of the type.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + DeserializeOwned,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A text that Synapse copies unchecked out of an event: whatever is not a string is `None`.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// The user ids that can be used and the texts that are none.
pub(crate) fn user_ids(texts: Vec<String>) -> (Vec<OwnedUserId>, Vec<String>) {
    let (good, bad): (Vec<_>, Vec<_>) =
        texts.into_iter().map(|text| UserId::parse(text.as_str()).map_err(|_| text)).partition(Result::is_ok);
    (good.into_iter().filter_map(Result::ok).collect(), bad.into_iter().filter_map(Result::err).collect())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "another number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The parameters of a query string, in order; names may repeat.
#[derive(Debug, Default)]
pub(crate) struct Query(pub(crate) Vec<(&'static str, String)>);

impl Query {
    /// Adds `name=value`, unless there is no value.
    pub(crate) fn with(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.0.extend(value.map(|value| (name, value.to_string())));
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    #[derive(Debug, PartialEq, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "super::flag")]
        flag: bool,
        #[serde(default, deserialize_with = "super::maybe_flag")]
        maybe: Option<bool>,
        #[serde(default, deserialize_with = "super::or_default")]
        count: u64,
        #[serde(default, deserialize_with = "super::text")]
        text: Option<String>,
    }

    fn read(value: Value) -> Option<(bool, Option<bool>, u64, Option<String>)> {
        let sample: Sample = serde_json::from_value(value).ok()?;
        Some((sample.flag, sample.maybe, sample.count, sample.text))
    }

    #[test]
    fn shapes_are_read_leniently() {
        for (value, want) in [
            (json!({}), Some((false, None, 0, None))),
            (json!({"flag": null, "maybe": null, "count": null, "text": null}), Some((false, None, 0, None))),
            (
                json!({"flag": true, "maybe": false, "text": "a"}),
                Some((true, Some(false), 0, Some("a".into()))),
            ),
            (json!({"flag": 1, "maybe": 0, "count": 7, "text": 5}), Some((true, Some(false), 7, None))),
            (json!({"flag": 0, "maybe": 1, "text": {"a": 1}}), Some((false, Some(true), 0, None))),
            (json!({"flag": "yes"}), None),
            (json!({"flag": 2}), None),
            (json!({"maybe": []}), None),
            (json!({"count": "many"}), None),
        ] {
            assert_eq!(read(value.clone()), want, "{value}");
        }
    }

    #[test]
    fn bad_user_ids_are_set_apart() {
        let (good, bad) = super::user_ids(["@a:hs.test", "b", "@c:hs.test"].map(str::to_owned).into());
        assert_eq!(good, ["@a:hs.test", "@c:hs.test"]);
        assert_eq!(bad, ["b"]);
    }
}
