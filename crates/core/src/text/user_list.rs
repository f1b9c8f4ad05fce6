//! A list of users in a file: one user ID on each line, or a table (CSV) of which one column has them. Pure; whatever
//! else is in it is a mistake that is named, never passed over.

use std::collections::BTreeSet;

use ruma::OwnedUserId;

use super::target::UserTarget;

/// How many users a list can have.
pub const MOST_USERS: usize = 1000;
/// How many mistakes are named.
pub const NAMED: usize = 10;
/// What the column of the user IDs can be called; the first that a table has is meant.
const COLUMNS: [&str; 4] = ["user_id", "mxid", "user", "id"];

/// Users, each once, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserList {
    /// The users.
    pub users: Vec<OwnedUserId>,
    /// How many lines had a user again who was in the list already.
    pub repeated: usize,
}

/// Why a file is no list of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadList {
    /// It is not UTF-8.
    NotText,
    /// There is nobody in it.
    Empty,
    /// There are so many users in it, which are more than [`MOST_USERS`].
    TooMany(usize),
    /// Something else is in it than user IDs.
    NotUsers {
        /// The line and what stands there; the first [`NAMED`].
        named: Vec<(usize, String)>,
        /// How many such lines there are.
        count: usize,
    },
}

/// Reads a list of users. Empty lines and lines that begin with `#` are passed over.
pub fn read_user_list(bytes: &[u8]) -> Result<UserList, BadList> {
    let text = str::from_utf8(bytes).map_err(|_| BadList::NotText)?;
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    // A table, and not lines: a quoted name may have line breaks in it, and what follows there is no user.
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .delimiter(delimiter(&text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut list = UserList { users: Vec::new(), repeated: 0 };
    let (mut known, mut named, mut count) = (BTreeSet::new(), Vec::new(), 0);
    let mut column = None;
    for record in reader.records() {
        // The text is UTF-8, and rows may be of any length: nothing is left to go wrong.
        let Ok(record) = record else { return Err(BadList::NotText) };
        if record.iter().all(str::is_empty) || record.get(0).is_some_and(|first| first.starts_with('#')) {
            continue;
        }
        let is_first = column.is_none();
        let named_one = named_column(&record).filter(|_| is_first);
        let column = *column.get_or_insert_with(|| named_one.unwrap_or_default());
        if named_one.is_some() {
            continue;
        }
        let word = record.get(column).unwrap_or_default();
        // So a table is written that no spreadsheet takes for formulas.
        match word.strip_prefix('\'').unwrap_or(word).parse() {
            Ok(UserTarget(user)) if known.insert(user.clone()) => list.users.push(user),
            Ok(UserTarget(_)) => list.repeated += 1,
            Err(_) => {
                count += 1;
                if named.len() < NAMED {
                    let at = record.position().and_then(|position| usize::try_from(position.byte()).ok());
                    named.push((line_of(&text, at.unwrap_or_default()), word.to_owned()));
                }
            }
        }
    }
    match list.users.len() {
        _ if count > 0 => Err(BadList::NotUsers { named, count }),
        0 => Err(BadList::Empty),
        many if many > MOST_USERS => Err(BadList::TooMany(many)),
        _ => Ok(list),
    }
}

fn is_passed_over(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// What stands between the columns, by the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !is_passed_over(line)).unwrap_or_default();
    *[b',', b';', b'\t'].iter().find(|mark| first.contains(char::from(**mark))).unwrap_or(&b',')
}

/// The column that the first row calls one of users; `None` when the row names no columns.
fn named_column(row: &csv::StringRecord) -> Option<usize> {
    COLUMNS.iter().find_map(|name| row.iter().position(|cell| cell.eq_ignore_ascii_case(name)))
}

/// The line, from 1, of a row that is read from `at` on: lines that are passed over may stand before it.
fn line_of(text: &str, at: usize) -> usize {
    let (before, from) = text.split_at_checked(at).unwrap_or((text, ""));
    let passed = from.lines().take_while(|line| is_passed_over(line)).count();
    before.matches('\n').count() + passed + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn reads(text: &str, users: &[&str], repeated: usize) {
        let list = read_user_list(text.as_bytes()).expect("a list");
        assert_eq!(
            (list.users.iter().map(|id| id.as_str()).collect::<Vec<_>>(), list.repeated),
            (users.to_vec(), repeated)
        );
    }

    #[track_caller]
    fn fails(text: &str, wrong: &[(usize, &str)]) {
        let named = wrong.iter().map(|(line, word)| (*line, (*word).to_owned())).collect();
        assert_eq!(
            read_user_list(text.as_bytes()),
            Err(BadList::NotUsers { named, count: wrong.len() }),
            "{text:?}"
        );
    }

    #[test]
    fn lines_and_tables() {
        let both = ["@a:hs.test", "@b:hs.test"];
        reads("@a:hs.test\n@b:hs.test", &both, 0);
        reads("\u{feff}@a:hs.test\r\n\r\n# the others\r\n  @b:hs.test  \r\n", &both, 0);
        reads("@a:hs.test\r@b:hs.test\r@a:hs.test\r", &both, 1);
        reads("user_id,displayname\n@a:hs.test,\"A, the\nfirst\"\n@b:hs.test,B\n", &both, 0);
        reads("\u{feff}Name;MXID\n\"A\";@a:hs.test\nB;@b:hs.test\n", &both, 0);
        reads("id\tUSER_ID\n1\t@a:hs.test\n2\t@b:hs.test\n", &both, 0);
        reads("@a:hs.test,spam\n@b:hs.test,@c:hs.test\n,,\n", &both, 0);
        reads("user\n'@a:hs.test\n https://matrix.to/#/@b:hs.test\n", &both, 0);
        reads("# only\n#,\"odd\n@a:hs.test\n", &both[..1], 0);
    }

    #[test]
    fn what_a_name_in_quotes_says_is_no_user() {
        reads("user_id,displayname\n@a:hs.test,\"x\n@victim:hs.test,\"\n", &["@a:hs.test"], 0);
        fails("user_id,displayname\n@a:hs.test,\"x\"\nx\n@b:hs.test,\n", &[(3, "x")]);
    }

    #[test]
    fn mistakes_are_named_by_line() {
        fails("@a:hs.test\n\n# x\nbob\n@b\n", &[(4, "bob"), (5, "@b")]);
        fails("Name,Account\nA,@a:hs.test\n", &[(1, "Name"), (2, "A")]);
        fails("user_id,name\n@a:hs.test,A\n,B\n", &[(3, "")]);
        fails("@a:hs.test @b:hs.test\n", &[(1, "@a:hs.test @b:hs.test")]);
        fails("@a:hs.test\n\"@b:hs.test\n@c:hs.test\n", &[(2, "@b:hs.test\n@c:hs.test")]);
        fails(
            "@*:hs.test\n!room:hs.test\n{\"user\": 1}\n",
            &[(1, "@*:hs.test"), (2, "!room:hs.test"), (3, "{\"user\": 1}")],
        );
        let many = "nobody\n".repeat(20_000);
        let Err(BadList::NotUsers { named, count }) = read_user_list(many.as_bytes()) else { panic!() };
        assert_eq!((named.len(), named[9].0, count), (NAMED, 10, 20_000));
    }

    #[test]
    fn the_rest_is_refused() {
        assert_eq!(read_user_list(b"\xff\xfe@\0a\0"), Err(BadList::NotText));
        for empty in ["", "\n\n", "# nobody\n", "user_id,name\n", "\u{feff}"] {
            assert_eq!(read_user_list(empty.as_bytes()), Err(BadList::Empty), "{empty:?}");
        }
        let users = |count: usize| {
            let lines: Vec<String> = (0..count).map(|n| format!("@u{n}:hs.test\n")).collect();
            lines.concat()
        };
        assert_eq!(read_user_list(users(1001).as_bytes()), Err(BadList::TooMany(1001)));
        // Users count, not lines.
        let twice = users(1000).repeat(2);
        assert_eq!(
            read_user_list(twice.as_bytes()).map(|list| (list.users.len(), list.repeated)),
            Ok((1000, 1000))
        );
    }

    proptest! {
        #[test]
        fn never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "(@a:b|,|\"|#|\n|\r|'|é|user_id|;|\t| ){0,40}") {
            drop(read_user_list(&bytes));
            if let Ok(list) = read_user_list(text.as_bytes()) {
                prop_assert!(list.users.iter().all(|user| user == "@a:b"));
            }
        }
    }
}
