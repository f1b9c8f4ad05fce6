//! What is to be set up: from flags, and from questions about what they leave open.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use gleipnir_core::{
    ruma::{OwnedUserId, UserId},
    text::target::RoomTarget,
};
use reqwest::Url;

use super::asking::{Asking, Manner, Question, Unasked, yes_or_no};

/// Each question as a flag.
#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Where the homeserver answers, such as http://127.0.0.1:8008
    #[arg(long, value_name = "url")]
    homeserver: Option<String>,
    /// The bot's account, such as @gleipnir:example.org
    #[arg(long, value_name = "user", value_parser = user)]
    user: Option<OwnedUserId>,
    /// Make the account, with registration_shared_secret of homeserver.yaml, which is in this file
    #[arg(long, value_name = "file", group = "access")]
    registration_secret_file: Option<PathBuf>,
    /// The account is there: its password is in this file
    #[arg(long, value_name = "file", group = "access")]
    password_file: Option<PathBuf>,
    /// The account is there: an access token of it, of a device of its own, is in this file
    #[arg(long, value_name = "file", group = "access")]
    access_token_file: Option<PathBuf>,
    /// A management room that is there, by ID or alias
    #[arg(long, value_name = "room")]
    room: Option<RoomTarget>,
    /// The name of the management room that is made [default: Moderators]
    #[arg(long, value_name = "name", conflicts_with = "room")]
    room_name: Option<String>,
    /// Make the management room without encryption
    #[arg(long, conflicts_with = "room")]
    unencrypted: bool,
    /// A moderator to invite; may be given several times. The first one becomes the admin of the room
    #[arg(long, value_name = "user", value_parser = user)]
    invite: Vec<OwnedUserId>,
    /// The folder that the bot keeps its data in, relative to the configuration [default: data]
    #[arg(long, value_name = "folder")]
    storage: Option<PathBuf>,
    /// Replace a configuration that is there
    #[arg(long)]
    pub(super) force: bool,
    /// Ask nothing: what has no default has to be given as a flag
    #[arg(long)]
    pub(super) yes: bool,
}

/// What is to be set up.
pub(super) struct Wishes {
    pub(super) homeserver: String,
    pub(super) user: OwnedUserId,
    pub(super) access: Access,
    pub(super) room: Room,
    pub(super) invite: Vec<OwnedUserId>,
    pub(super) storage: PathBuf,
}

/// How the bot gets into its account.
pub(super) enum Access {
    /// It is made, with the homeserver's registration secret.
    Register(String),
    /// It is there, and this is its password.
    Password(Secret),
    /// It is there, and this is an access token of it.
    Token(Secret),
}

/// A password or a token, and the file that it is in, if it is in one.
pub(super) struct Secret {
    pub(super) word: String,
    pub(super) file: Option<PathBuf>,
}

/// The management room.
pub(super) enum Room {
    /// One that is there.
    There(RoomTarget),
    /// A new one.
    New { name: String, encrypted: bool },
}

impl Wishes {
    /// Takes what the flags say, and asks for the rest.
    pub(super) fn gather(flags: Flags, asking: &mut Asking<'_>) -> anyhow::Result<Self> {
        let homeserver = match flags.homeserver.as_deref().map(address) {
            Some(Ok(url)) => url,
            Some(Err(why)) => bail!("--homeserver: {why}"),
            None => {
                let question = Question {
                    flag: "--homeserver",
                    words: "Where does the homeserver answer? Best its own address, if the bot runs beside it",
                    default: Some("http://127.0.0.1:8008"),
                };
                asking.ask(&question, Unasked::Missing, address)?
            }
        };
        let user = if let Some(user) = flags.user {
            user
        } else {
            let words = "The bot's account, such as @gleipnir:example.org";
            asking.ask(&Question { flag: "--user", words, default: None }, Unasked::Missing, user)?
        };
        let files = (flags.registration_secret_file, flags.password_file, flags.access_token_file);
        let access = match files {
            (Some(file), ..) => Access::Register(read("--registration-secret-file", &file)?.word),
            (_, Some(file), _) => Access::Password(read("--password-file", &file)?),
            (_, _, Some(file)) => Access::Token(read("--access-token-file", &file)?),
            (None, None, None) => ask_for_access(asking, &user)?,
        };
        let is_given = flags.room_name.is_some() || flags.unencrypted;
        let room = match flags.room {
            Some(room) => Room::There(room),
            None if is_given || asking.manner == Manner::Flags => {
                new_room(asking, flags.room_name, flags.unencrypted)?
            }
            None => {
                let words = "The management room, by ID or alias, or nothing to have one made";
                let question = Question { flag: "--room", words, default: Some("") };
                let parse = |answer: &str| match answer {
                    "" => Ok(None),
                    answer => answer.parse().map(Some).map_err(|error| format!("{error}")),
                };
                match asking.ask(&question, Unasked::Default, parse)? {
                    Some(room) => Room::There(room),
                    None => new_room(asking, None, false)?,
                }
            }
        };
        let is_given = !flags.invite.is_empty();
        let invite = match (&room, others(flags.invite, &user)) {
            // Nobody could enter the room.
            (Room::New { .. }, none) if none.is_empty() && is_given => {
                bail!("--invite: {user} is the bot itself; name who else is to be invited")
            }
            (Room::New { .. }, none) if none.is_empty() => {
                let words = "The moderators to invite there, such as @alice:example.org @bob:example.org; the first one \
                             becomes the admin of the room";
                let parse = |answer: &str| match others(users(answer)?, &user) {
                    none if none.is_empty() => Err("Name somebody besides the bot.".to_owned()),
                    invite => Ok(invite),
                };
                asking.ask(&Question { flag: "--invite", words, default: None }, Unasked::Missing, parse)?
            }
            (_, invite) => invite,
        };
        let storage = if let Some(storage) = flags.storage {
            storage
        } else {
            let words = "The folder for the bot's data, relative to the configuration";
            let question = Question { flag: "--storage", words, default: Some("data") };
            asking.ask(&question, Unasked::Default, |answer| Ok(PathBuf::from(answer)))?
        };
        Ok(Self { homeserver, user, access, room, invite, storage })
    }
}

fn ask_for_access(asking: &mut Asking<'_>, user: &OwnedUserId) -> anyhow::Result<Access> {
    let question = Question {
        flag: "one of --registration-secret-file, --password-file and --access-token-file",
        words: "How does the bot get into that account?\n  1  make it now, with registration_shared_secret of \
                homeserver.yaml\n  2  it is there, and I know its password\n  3  it is there, and I have an access token \
                (needed with Matrix Authentication Service)\n1, 2 or 3",
        default: Some("1"),
    };
    let which = asking.ask(&question, Unasked::Missing, |answer| match answer {
        "1" | "2" | "3" => Ok(answer.to_owned()),
        _ => Err("Answer 1, 2 or 3.".to_owned()),
    })?;
    let typed = |word| Secret { word, file: None };
    Ok(match which.as_str() {
        "2" => {
            Access::Password(typed(asking.ask_secret("--password-file", &format!("The password of {user}"))?))
        }
        "3" => Access::Token(typed(
            asking.ask_secret("--access-token-file", &format!("The access token of {user}"))?,
        )),
        _ => Access::Register(asking.ask_secret("--registration-secret-file", "registration_shared_secret")?),
    })
}

fn new_room(asking: &mut Asking<'_>, name: Option<String>, unencrypted: bool) -> anyhow::Result<Room> {
    let name = if let Some(name) = name {
        name
    } else {
        let question =
            Question { flag: "--room-name", words: "The name of the new room", default: Some("Moderators") };
        asking.ask(&question, Unasked::Default, |answer| Ok(answer.to_owned()))?
    };
    let encrypted = !unencrypted && {
        let words = "Shall what is said there be encrypted? y or n";
        let question = Question { flag: "--unencrypted", words, default: Some("y") };
        asking.ask(&question, Unasked::Default, yes_or_no)?
    };
    Ok(Room::New { name, encrypted })
}

fn address(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(format!(
            "{text:?} is no address; write it as http://127.0.0.1:8008 or https://matrix.example.org"
        )),
    }
}

fn user(text: &str) -> Result<OwnedUserId, String> {
    OwnedUserId::try_from(text).map_err(|_| format!("{text:?} is no user; write it as @name:example.org"))
}

fn users(text: &str) -> Result<Vec<OwnedUserId>, String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(user).collect()
}

/// Those who are not the bot, each once, in their order: the first one is to be the admin.
fn others(users: Vec<OwnedUserId>, me: &UserId) -> Vec<OwnedUserId> {
    let mut seen = BTreeSet::from([me.to_owned()]);
    users.into_iter().filter(|user| seen.insert(user.clone())).collect()
}

/// The secret in a file.
fn read(flag: &str, file: &Path) -> anyhow::Result<Secret> {
    let word =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {flag} {}", file.display()))?;
    let word = word.trim_end_matches(['\n', '\r']).to_owned();
    ensure!(!word.is_empty(), "{flag} {} is empty", file.display());
    Ok(Secret { word, file: Some(std::path::absolute(file)?) })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    /// What flags and answers come to, and what was shown.
    fn gathered(flags: &str, answers: &str) -> (anyhow::Result<Wishes>, String) {
        let line = Line::try_parse_from(std::iter::once("setup").chain(flags.split_whitespace())).unwrap();
        let (mut input, mut output) = (answers.as_bytes(), Vec::new());
        let manner = if line.flags.yes { Manner::Flags } else { Manner::Lines };
        let mut asking = Asking { manner, input: &mut input, output: &mut output };
        let wishes = Wishes::gather(line.flags, &mut asking);
        (wishes, String::from_utf8(output).unwrap())
    }

    #[test]
    fn what_is_not_given_is_asked() {
        let answers = "not an address\n\ngleipnir\n@gleipnir:hs.test\n4\n1\n\nshared\n\n\n\n@alice:hs.test, @bob:hs.test\n\n";
        let (wishes, shown) = gathered("", answers);
        let wishes = wishes.unwrap_or_else(|error| panic!("{error}\n{shown}"));
        assert_eq!(wishes.homeserver, "http://127.0.0.1:8008");
        assert_eq!(wishes.user, "@gleipnir:hs.test");
        assert!(matches!(&wishes.access, Access::Register(secret) if secret == "shared"));
        assert!(matches!(&wishes.room, Room::New { name, encrypted: true } if name == "Moderators"));
        assert_eq!(wishes.invite, ["@alice:hs.test", "@bob:hs.test"]);
        assert_eq!(wishes.storage, Path::new("data"));
        for words in ["is no address", "is no user", "Answer 1, 2 or 3."] {
            assert!(shown.contains(words), "{words:?} is not in {shown}");
        }
        assert!(!shown.contains("shared\n"), "{shown}");
    }

    #[test]
    fn other_ways_in_and_other_rooms() {
        let (wishes, _) = gathered(
            "--homeserver http://hs.test --user @g:hs.test --storage /d",
            "2\nhunter2\n#mods:hs.test\n",
        );
        let wishes = wishes.unwrap();
        assert!(matches!(&wishes.access, Access::Password(Secret { word, file: None }) if word == "hunter2"));
        assert!(matches!(&wishes.room, Room::There(room) if room.to_string() == "#mods:hs.test"));
        assert!(wishes.invite.is_empty());
        let (wishes, _) = gathered(
            "--homeserver http://hs.test --user @g:hs.test --unencrypted --invite @a:hs.test --invite @g:hs.test",
            "3\nsyt_x\nThe room\n\n",
        );
        let wishes = wishes.unwrap();
        assert!(matches!(&wishes.access, Access::Token(Secret { word, .. }) if word == "syt_x"));
        assert!(matches!(&wishes.room, Room::New { name, encrypted: false } if name == "The room"));
        assert_eq!(wishes.invite, ["@a:hs.test"], "the bot does not invite itself");
    }

    #[test]
    fn a_room_is_made_for_somebody_and_everybody_is_named_once() {
        let flags = "--yes --homeserver http://hs.test --user @g:hs.test --password-file Cargo.toml";
        let twice = "--invite @b:hs.test --invite @a:hs.test --invite @g:hs.test --invite @b:hs.test";
        let (wishes, _) = gathered(&format!("{flags} {twice}"), "");
        assert_eq!(wishes.unwrap().invite, ["@b:hs.test", "@a:hs.test"]);
        let (wishes, _) = gathered(&format!("{flags} --invite @g:hs.test"), "");
        let error = wishes.err().unwrap().to_string();
        assert!(error.contains("--invite: @g:hs.test is the bot itself"), "{error}");
        let (wishes, _) = gathered(&format!("{flags} --room !r:hs.test --invite @g:hs.test"), "");
        assert!(wishes.unwrap().invite.is_empty(), "there somebody is already");
        let flags = flags.replace("--yes", "--room-name Mods --unencrypted --storage data");
        let (wishes, shown) = gathered(&flags, "@g:hs.test\n,\n@a:hs.test @a:hs.test\n");
        assert_eq!(wishes.unwrap().invite, ["@a:hs.test"]);
        assert_eq!(shown.matches("Name somebody besides the bot.").count(), 2, "{shown}");
    }

    #[test]
    fn with_yes_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "shared\n").unwrap();
        let secret = format!("--registration-secret-file {}", secret.display());
        let mut flags = "--yes".to_owned();
        for (missing, flag) in [
            ("--homeserver is missing", "--homeserver http://hs.test/"),
            ("--user is missing", "--user @g:hs.test"),
            ("one of --registration-secret-file", &*secret),
            ("--invite is missing", "--invite @a:hs.test"),
        ] {
            let (wishes, _) = gathered(&flags, "");
            let error = wishes.err().unwrap().to_string();
            assert!(error.contains(missing), "{error}");
            flags = format!("{flags} {flag}");
        }
        let (wishes, shown) = gathered(&flags, "");
        assert_eq!((wishes.unwrap().homeserver.as_str(), &*shown), ("http://hs.test", ""));
        let (wishes, _) = gathered("--yes --homeserver hs.test", "");
        assert!(wishes.err().unwrap().to_string().contains("--homeserver: \"hs.test\" is no address"));
        let (wishes, _) = gathered("--homeserver http://hs.test", "");
        assert!(wishes.err().unwrap().to_string().contains("the input has ended, and --user"));
        let (wishes, _) = gathered("--homeserver http://a --user @g:a --password-file /nowhere", "");
        assert!(format!("{:#}", wishes.err().unwrap()).contains("cannot read --password-file /nowhere"));
    }
}
