//! The commands of a burst: readings of several kinds, and a block among every ten.

/// A command, as a client without the bot understands it.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    Version,
    Room(&'a str),
    Members(&'a str),
    Blocked(&'a str),
    Rooms(&'a str),
    User(&'a str),
    Block(&'a str),
}

impl<'a> Asked<'a> {
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let (word, about) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "!version" => Self::Version,
            "!room" => Self::Room(about),
            "!members" => Self::Members(about),
            "!blocked" => Self::Blocked(about),
            "!rooms" => Self::Rooms(about),
            "!user" => Self::User(about),
            "!block" => Self::Block(about),
            _ => return None,
        })
    }
}

/// So many commands about these rooms, each block about another one.
pub(crate) fn burst(count: usize, rooms: &[String]) -> Vec<String> {
    let room = |n: usize| &rooms[n % rooms.len()];
    let line = |n: usize| match n % 10 {
        0 | 5 => format!("!room {}", room(n)),
        1 => "!version".to_owned(),
        2 | 6 => format!("!blocked {}", room(n)),
        3 => format!("!members {}", room(n)),
        4 | 8 => format!("!user @member-{n}:hs.test"),
        7 => format!("!rooms Crowd {n}"),
        _ => format!("!block {}", room(n)),
    };
    (0..count).map(line).collect()
}
