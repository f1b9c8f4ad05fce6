//! Reading of fields that Synapse sends in more than one shape, and writing of query strings.

use std::fmt::Display;

use ruma::{OwnedUserId, UserId};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error};
use serde_json::Value;
use serde_json::value::RawValue;

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

/// What strangers could choose freely: whatever cannot be read as the type is `None`, also a number of a hundred digits
/// or a hundred brackets, which would make the whole answer unreadable. Not for use within `#[serde(flatten)]`.
pub(crate) fn readable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str::<Option<T>>(raw.get()).ok().flatten())
}

/// A number that may be written as a text, as `next_token` in some lists; what is neither is `None`.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) => digits.parse().ok(),
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
        #[serde(default, deserialize_with = "super::number")]
        number: Option<u64>,
    }

    #[test]
    fn numbers_may_be_texts() {
        for (value, want) in [
            (json!({}), None),
            (json!({"number": "100"}), Some(100)),
            (json!({"number": 100}), Some(100)),
            (json!({"number": "s12"}), None),
            (json!({"number": -1}), None),
            (json!({"number": null}), None),
        ] {
            assert_eq!(serde_json::from_value::<Sample>(value.clone()).unwrap().number, want, "{value}");
        }
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
    fn what_cannot_be_read_takes_nothing_else_with_it() {
        #[derive(Deserialize)]
        struct Sample {
            #[serde(default, deserialize_with = "super::readable")]
            number: Option<i64>,
            #[serde(default, deserialize_with = "super::readable")]
            value: Option<Value>,
            rest: u64,
        }
        let (digits, brackets) = ("9".repeat(400), "[".repeat(200) + &"]".repeat(200));
        for (number, value, want) in [
            ("-100", r#"{"a": [1]}"#, (Some(-100), Some(json!({"a": [1]})))),
            ("null", "null", (None, None)),
            ("1.5", "1.5", (None, Some(json!(1.5)))),
            (r#""5""#, r#""5""#, (None, Some(json!("5")))),
            (&digits, &digits, (None, None)),
            (&brackets, &brackets, (None, None)),
            (r#""\ud800""#, r#""\ud800""#, (None, None)),
        ] {
            let text = format!(r#"{{"number": {number}, "value": {value}, "rest": 7}}"#);
            let sample: Sample = serde_json::from_str(&text).unwrap();
            assert_eq!((sample.number, sample.value), want, "{text}");
            assert_eq!(sample.rest, 7);
        }
        let sample: Sample = serde_json::from_value(json!({"number": 1, "rest": 7})).unwrap();
        assert_eq!((sample.number, sample.value), (Some(1), None), "from a value, and with a field missing");
    }

    #[test]
    fn bad_user_ids_are_set_apart() {
        let (good, bad) = super::user_ids(["@a:hs.test", "b", "@c:hs.test"].map(str::to_owned).into());
        assert_eq!(good, ["@a:hs.test", "@c:hs.test"]);
        assert_eq!(bad, ["b"]);
    }
}
