"""Fills the database of a stopped Synapse with rooms and their members: `crowd.py DATABASE CROWD`.

CROWD is JSON: server_name, rooms, memberships, messages (in each room), member (in every room besides). Every event is
hashed, signed and linked as Synapse does it, so that the server goes on from them: it syncs them, and takes joins and
messages into these rooms. Only the account `member` is not made, so that it can be registered.
"""

import hashlib
import json
import sqlite3
import sys
import time

from canonicaljson import encode_canonical_json
from signedjson.key import generate_signing_key
from synapse.api.room_versions import RoomVersions
from synapse.events import make_event_from_json
from synapse.synapse_rust.events import redact_event_dict
from unpaddedbase64 import encode_base64

VERSION = RoomVersions.V12
# Synapse follows so many links between groups of state at most (MAX_STATE_DELTA_HOPS).
HOPS = 100
# How many users there are to so many memberships.
ROOMS_OF_A_USER = 4
DAY = 86_400_000

POWER_LEVELS = {
    "ban": 50,
    "events": {
        "m.room.avatar": 50,
        "m.room.canonical_alias": 50,
        "m.room.encryption": 100,
        "m.room.history_visibility": 100,
        "m.room.name": 50,
        "m.room.power_levels": 100,
        "m.room.server_acl": 100,
        "m.room.tombstone": 150,
        "m.room.topic": 0,
    },
    "events_default": 0,
    "invite": 0,
    "kick": 50,
    "redact": 50,
    "state_default": 50,
    "users": {},
    "users_default": 0,
}


class Tables:
    """Rows that wait to be written."""

    def __init__(self, database):
        self.database = database
        self.rows = {}

    def add(self, table, **row):
        key = (table, tuple(row))
        self.rows.setdefault(key, []).append(tuple(row.values()))

    def write(self):
        for (table, columns), rows in self.rows.items():
            marks = ", ".join("?" * len(columns))
            self.database.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows
            )
        self.rows.clear()


class Server:
    """What is counted over all rooms."""

    def __init__(self, name, tables):
        self.name = name
        self.tables = tables
        self.key = generate_signing_key("a_crowd")
        self.now = int(time.time() * 1000)
        self.stream = 1
        self.group = 0
        self.chain = 0

    def signed(self, event):
        """Hashes and signs an event; its ID."""
        event["hashes"] = {
            "sha256": encode_base64(hashlib.sha256(encode_canonical_json(event)).digest())
        }
        redacted = redact_event_dict(VERSION, event)
        redacted.pop("unsigned", None)
        redacted.pop("signatures", None)
        canonical = encode_canonical_json(redacted)
        signature = encode_base64(self.key.sign(canonical).signature)
        event["signatures"] = {self.name: {f"ed25519:{self.key.version}": signature}}
        event["unsigned"] = {"age_ts": event["origin_server_ts"]}
        return "$" + encode_base64(hashlib.sha256(canonical).digest(), urlsafe=True)


class Room:
    """A room as it grows."""

    def __init__(self, server, creator, name):
        self.server = server
        self.tables = server.tables
        self.creator = creator
        self.name = name
        self.state = {}
        self.chains = {}
        self.members = []
        self.depth = 0
        self.hops = 0
        self.last = None
        self.room_id = None
        self.streams = {}
        server.group += 1
        self.group = server.group

        self.send(creator, "m.room.create", {"room_version": VERSION.identifier}, "")
        self.tables.add("state_groups", id=self.group_before, room_id=self.room_id, event_id=self.last)
        self.join(creator)
        self.send(creator, "m.room.power_levels", POWER_LEVELS, "")
        self.send(creator, "m.room.join_rules", {"join_rule": "public"}, "")
        self.send(creator, "m.room.history_visibility", {"history_visibility": "shared"}, "")
        self.send(creator, "m.room.name", {"name": name}, "")

    def join(self, user):
        self.members.append(user)
        self.send(user, "m.room.member", {"displayname": display_name(user), "membership": "join"}, user)

    def auth(self, sender, kind):
        if kind == "m.room.create":
            return []
        wanted = [("m.room.power_levels", ""), ("m.room.member", sender)]
        if kind == "m.room.member":
            wanted.append(("m.room.join_rules", ""))
        return [self.state[key] for key in wanted if key in self.state]

    def send(self, sender, kind, content, state_key=None):
        server, tables = self.server, self.tables
        server.stream += 1
        self.depth += 1
        stream = server.stream
        auth = self.auth(sender, kind)
        event = {
            "auth_events": auth,
            "prev_events": [self.last] if self.last else [],
            "content": content,
            "depth": self.depth,
            # A day before now, each a tenth of a second after the other.
            "origin_server_ts": server.now - DAY + stream * 100,
            "sender": sender,
            "type": kind,
        }
        if state_key is not None:
            event["state_key"] = state_key
        if self.room_id:
            event["room_id"] = self.room_id
        event_id = server.signed(event)
        if not self.room_id:
            self.room_id = "!" + event_id[1:]
        room_id, ts = self.room_id, event["origin_server_ts"]
        text = json.dumps(event, separators=(",", ":"))
        if kind != "m.room.message" and state_key in ("", self.creator):
            read = make_event_from_json(text, VERSION)
            assert read.event_id == event_id and read.room_id == room_id, (read.event_id, event_id)

        tables.add(
            "events", stream_ordering=stream, topological_ordering=self.depth, event_id=event_id, type=kind,
            room_id=room_id, processed=1, outlier=0, depth=self.depth, origin_server_ts=ts, received_ts=ts,
            sender=sender, contains_url=0, instance_name="master", state_key=state_key,
        )
        tables.add(
            "event_json", event_id=event_id, room_id=room_id, internal_metadata="{}", json=text,
            format_version=VERSION.event_format,
        )
        # The creation is among what allows an event although events no longer say so.
        allowed_by = auth if kind == "m.room.create" else [*auth, self.state.get(("m.room.create", ""))]
        for other in filter(None, allowed_by):
            tables.add("event_auth", event_id=event_id, auth_id=other, room_id=room_id)
        if self.last:
            tables.add("event_edges", event_id=event_id, prev_event_id=self.last, is_state=0)
        if state_key is not None:
            self.grow(event_id, stream, sender, kind, content, state_key, filter(None, allowed_by))
        tables.add("event_to_state_groups", event_id=event_id, state_group=self.group)
        self.last, self.last_stream = event_id, stream

    def grow(self, event_id, stream, sender, kind, content, state_key, allowed_by):
        server, tables, room_id = self.server, self.tables, self.room_id
        key = (kind, state_key)
        self.state[key] = event_id
        self.streams[key] = stream
        tables.add("state_events", event_id=event_id, room_id=room_id, type=kind, state_key=state_key)

        server.chain += 1
        self.chains[event_id] = server.chain
        tables.add("event_auth_chains", event_id=event_id, chain_id=server.chain, sequence_number=1)
        for other in allowed_by:
            tables.add(
                "event_auth_chain_links", origin_chain_id=server.chain, origin_sequence_number=1,
                target_chain_id=self.chains[other], target_sequence_number=1,
            )

        self.group_before, server.group = self.group, server.group + 1
        self.group = server.group
        tables.add("state_groups", id=self.group, room_id=room_id, event_id=event_id)
        self.hops += 1
        if self.hops < HOPS:
            tables.add("state_group_edges", state_group=self.group, prev_state_group=self.group_before)
            changed = {key: event_id}
        else:
            self.hops = 0
            changed = self.state
        for (kind_, state_key_), id_ in changed.items():
            tables.add(
                "state_groups_state", state_group=self.group, room_id=room_id, type=kind_,
                state_key=state_key_, event_id=id_,
            )

        if kind == "m.room.member":
            membership = content["membership"]
            tables.add(
                "room_memberships", event_id=event_id, user_id=state_key, sender=sender, room_id=room_id,
                membership=membership, forgotten=0, display_name=content["displayname"],
                event_stream_ordering=stream, participant=0,
            )
            tables.add(
                "local_current_membership", room_id=room_id, user_id=state_key, event_id=event_id,
                membership=membership, event_stream_ordering=stream,
            )
            tables.add(
                "sliding_sync_membership_snapshots", room_id=room_id, user_id=state_key, sender=sender,
                membership_event_id=event_id, membership=membership, forgotten=0,
                event_stream_ordering=stream, event_instance_name="master", has_known_state=1,
                room_name=self.name,
            )

    def end(self):
        """What is known of the room as it stands."""
        tables, room_id = self.tables, self.room_id
        for (kind, state_key), event_id in self.state.items():
            tables.add(
                "current_state_events", event_id=event_id, room_id=room_id, type=kind, state_key=state_key,
                membership="join" if kind == "m.room.member" else None,
                event_stream_ordering=self.streams[kind, state_key],
            )
        tables.add("rooms", room_id=room_id, is_public=0, creator=self.creator, room_version="12",
                   has_auth_chain_index=1)
        tables.add("room_depth", room_id=room_id, min_depth=1)
        tables.add("event_forward_extremities", event_id=self.last, room_id=room_id)
        tables.add("stream_ordering_to_exterm", stream_ordering=self.last_stream, room_id=room_id,
                   event_id=self.last)
        tables.add("sliding_sync_joined_rooms", room_id=room_id, event_stream_ordering=self.last_stream,
                   bump_stamp=self.last_stream, room_name=self.name)
        tables.add("room_stats_state", room_id=room_id, name=self.name, join_rules="public",
                   history_visibility="shared", is_federatable=1)
        tables.add(
            "room_stats_current", room_id=room_id, current_state_events=len(self.state),
            joined_members=len(self.members), invited_members=0, left_members=0, banned_members=0,
            knocked_members=0, local_users_in_room=len(self.members),
            completed_delta_stream_id=self.last_stream,
        )


def display_name(user):
    return user[1:].split(":")[0].replace("-", " ").capitalize()


def sizes(rooms, memberships):
    """How many members each room has: some have many, most have few."""
    large, middle = max(rooms // 500, 1), rooms * 9 // 500
    sizes = [max(memberships // 50, 1)] * large + [max(memberships // 500, 1)] * middle
    rest, left = memberships - sum(sizes), rooms - len(sizes)
    sizes += [rest // left + (n < rest % left) for n in range(left)]
    assert min(sizes) > 0, "a room needs a member"
    return sizes


def fill(database, crowd):
    tables = Tables(database)
    server = Server(crowd["server_name"], tables)
    member = crowd["member"]
    sized = sizes(crowd["rooms"], crowd["memberships"])
    count = max(crowd["memberships"] // ROOMS_OF_A_USER, sized[0])
    users = [f"@member-{n}:{server.name}" for n in range(count)]
    joined = dict.fromkeys(users, 0)
    next_user = 0
    for n, size in enumerate(sized):
        room = None
        for _ in range(size):
            user = users[next_user % count]
            next_user += 1
            joined[user] += 1
            if room is None:
                room = Room(server, user, f"Crowd {n}")
            else:
                room.join(user)
        members = list(room.members)
        room.join(member)
        for m in range(crowd["messages"]):
            body = {"msgtype": "m.text", "body": f"Message {m} of the room {n}, as people write them."}
            room.send(members[m % len(members)], "m.room.message", body)
        room.end()
        if n % 50 == 0:
            tables.write()
    for user in users:
        localpart = user[1:].split(":")[0]
        tables.add("users", name=user, creation_ts=server.now // 1000, admin=0, is_guest=0, deactivated=0,
                   shadow_banned=0, approved=1, locked=0, suspended=0)
        tables.add("profiles", user_id=localpart, displayname=display_name(user), full_user_id=user)
        tables.add("user_stats_current", user_id=user, joined_rooms=joined[user],
                   completed_delta_stream_id=server.stream)
    tables.write()
    # What follows the stream has seen all of this.
    database.execute("DELETE FROM stream_positions WHERE stream_name = 'events'")
    database.execute("INSERT INTO stream_positions VALUES ('events', 'master', ?)", [server.stream])
    for table in ["appservice_stream_position", "event_push_summary_stream_ordering"]:
        database.execute(f"UPDATE {table} SET stream_ordering = ?", [server.stream])
    for table in ["stats_incremental_position", "user_directory_stream_pos", "room_forgetter_stream_pos",
                  "delayed_events_stream_pos"]:
        database.execute(f"UPDATE {table} SET stream_id = ?", [server.stream])
    database.execute(
        "UPDATE federation_stream_position SET stream_id = ? WHERE type = 'events'", [server.stream]
    )


def main(path, crowd):
    database = sqlite3.connect(path)
    for setting in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"]:
        database.execute(f"PRAGMA {setting}")
    with database:
        fill(database, json.loads(crowd))
    database.execute("ANALYZE")
    database.commit()
    database.close()


main(*sys.argv[1:])
