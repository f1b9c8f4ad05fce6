//! What a list of rooms can be sorted by: `order_by` of Synapse's `GET /_synapse/admin/v1/rooms`.

use crate::model::Dir;

/// A field to sort by. Synapse sorts texts from A to Z, and members, versions and state events from the largest to the
/// smallest.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[value(rename_all = "snake_case")]
pub enum RoomOrder {
    /// The name.
    #[default]
    Name,
    /// The main alias.
    CanonicalAlias,
    /// How many members are joined.
    JoinedMembers,
    /// How many members of this server are joined.
    JoinedLocalMembers,
    /// The room version.
    Version,
    /// Who made it.
    Creator,
    /// The encryption algorithm.
    Encryption,
    /// Whether other servers may take part.
    Federatable,
    /// Whether it is in the room directory.
    Public,
    /// Who may join.
    JoinRules,
    /// Whether guests may join.
    GuestAccess,
    /// Who may read what was written before.
    HistoryVisibility,
    /// How many state events there are.
    StateEvents,
    /// An old word for `name`.
    Alphabetical,
    /// An old word for `joined_members`.
    Size,
}

impl RoomOrder {
    /// What Synapse calls it today.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name | Self::Alphabetical => "name",
            Self::CanonicalAlias => "canonical_alias",
            Self::JoinedMembers | Self::Size => "joined_members",
            Self::JoinedLocalMembers => "joined_local_members",
            Self::Version => "version",
            Self::Creator => "creator",
            Self::Encryption => "encryption",
            Self::Federatable => "federatable",
            Self::Public => "public",
            Self::JoinRules => "join_rules",
            Self::GuestAccess => "guest_access",
            Self::HistoryVisibility => "history_visibility",
            Self::StateEvents => "state_events",
        }
    }

    /// “by joined members, largest first”
    pub fn in_words(self, dir: Dir) -> String {
        let letters = ["A to Z", "Z to A"];
        let numbers = ["largest first", "smallest first"];
        let (by, [forwards, backwards]) = match self {
            Self::Name | Self::Alphabetical => ("name", letters),
            Self::CanonicalAlias => ("alias", letters),
            Self::JoinedMembers | Self::Size => ("joined members", numbers),
            Self::JoinedLocalMembers => ("members of this server", numbers),
            // Versions are texts: 9 is above 12.
            Self::Version => ("version, compared letter by letter", numbers),
            Self::Creator => ("creator", letters),
            Self::Encryption => ("encryption", letters),
            Self::Federatable => ("federation", ["closed ones first", "open ones first"]),
            Self::Public => ("the room directory", ["unlisted ones first", "listed ones first"]),
            Self::JoinRules => ("join rule", letters),
            Self::GuestAccess => ("guest access", letters),
            Self::HistoryVisibility => ("history visibility", letters),
            Self::StateEvents => ("state events", numbers),
        };
        let way = match dir {
            Dir::Forwards => forwards,
            Dir::Backwards => backwards,
        };
        format!("by {by}, {way}")
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_order_of_the_server_has_its_name() {
        let names: Vec<String> = RoomOrder::value_variants()
            .iter()
            .filter_map(|order| Some(order.to_possible_value()?.get_name().to_owned()))
            .collect();
        assert_eq!(
            names,
            [
                "name",
                "canonical_alias",
                "joined_members",
                "joined_local_members",
                "version",
                "creator",
                "encryption",
                "federatable",
                "public",
                "join_rules",
                "guest_access",
                "history_visibility",
                "state_events",
                "alphabetical",
                "size"
            ]
        );
        for (order, name) in RoomOrder::value_variants().iter().zip(names) {
            let want = match name.as_str() {
                "alphabetical" => "name",
                "size" => "joined_members",
                name => name,
            };
            assert_eq!(order.as_str(), want);
        }
    }

    #[test]
    fn orders_in_words() {
        for (order, dir, want) in [
            (RoomOrder::Alphabetical, Dir::Forwards, "by name, A to Z"),
            (RoomOrder::Size, Dir::Forwards, "by joined members, largest first"),
            (RoomOrder::Size, Dir::Backwards, "by joined members, smallest first"),
            (RoomOrder::Public, Dir::Backwards, "by the room directory, listed ones first"),
        ] {
            assert_eq!(order.in_words(dir), want);
        }
    }
}
