//! The statistics of cases that are none, one, many, old, hostile and random.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const DAY: Millis = 24 * 60 * 60 * 1000;
const HOUR: Millis = DAY / 24;
/// 2026-11-21 10:00 UTC, a Saturday.
const NOW: Millis = 1_795_255_200_000;
const MONTH: Duration = Duration::from_hours(30 * 24);

fn case(opened_at: Millis) -> Sample {
    Sample {
        opened_at,
        first_action_at: None,
        state: CaseState::Open,
        changed_at: opened_at,
        kind: ReportKind::Event,
        author_server: Some("far.test".to_owned()),
        room: Some(room("!a:hs.test", Some("Lounge"))),
        moderator: None,
    }
}

fn settled(opened_at: Millis, after: Millis) -> Sample {
    Sample {
        first_action_at: Some(opened_at + after),
        state: CaseState::Resolved,
        changed_at: opened_at + after,
        moderator: Some("@mod:hs.test".to_owned()),
        ..case(opened_at)
    }
}

fn room(id: &str, name: Option<&str>) -> Room {
    Room { id: id.to_owned(), name: name.map(str::to_owned) }
}

fn text(stats: &Stats) -> String {
    stats.reply().render().text
}

/// The colours of a picture, which has to be one of the right size.
fn colours(png: &[u8]) -> BTreeSet<[u8; 3]> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.width, frame.height, frame.color_type), (WIDTH, HEIGHT, png::ColorType::Rgb));
    pixels.as_chunks::<3>().0.iter().copied().collect()
}

const ORANGE: [u8; 3] = [213, 94, 0];
const BLUE: [u8; 3] = [0, 114, 178];

#[test]
fn nothing_at_all() {
    let stats = Stats::of(&[], NOW, MONTH);
    assert_eq!(
        text(&stats),
        "Abuse reports from 2026-10-22 to 2026-11-21\nNo new case, none settled. None is open now."
    );
    assert_eq!((stats.weeks.len(), stats.first_action, stats.waiting), (5, None, None));
    // The legend has both colours; the rest of the picture is there too.
    let colours = colours(&chart(&stats).unwrap());
    assert!(colours.len() > 10 && colours.contains(&ORANGE) && colours.contains(&BLUE), "{}", colours.len());
}

#[test]
fn one_case() {
    let stats = Stats::of(&[settled(NOW - 2 * DAY, 12 * 60_000)], NOW, MONTH);
    assert_eq!(
        text(&stats),
        "Abuse reports from 2026-10-22 to 2026-11-21\n\
         1 new case (1 message), 1 settled. None is open now.\n\n\
         First action: after 12 minutes.\n\n\
         By week, newest first:\n\
         • 2026-W47 (from 2026-11-16): 1 new, 1 settled\n\
         • 2026-W46 (from 2026-11-09): 0 new, 0 settled\n\
         • 2026-W45 (from 2026-11-02): 0 new, 0 settled\n\
         • 2026-W44 (from 2026-10-26): 0 new, 0 settled\n\
         • 2026-W43 (from 2026-10-19): 0 new, 0 settled\n\n\
         By the server of who was reported:\n• `far.test`: 1\n\n\
         By room:\n• Lounge (`!a:hs.test`): 1\n\n\
         By moderator:\n• `@mod:hs.test`: 1"
    );
    colours(&chart(&stats).unwrap());
}

#[test]
fn a_case_that_waits_is_told_though_it_is_older_than_the_span() {
    let claimed =
        Sample { state: CaseState::Claimed, first_action_at: Some(NOW - 70 * DAY), ..case(NOW - 80 * DAY) };
    let reopened = Sample { first_action_at: Some(NOW - 70 * DAY), ..case(NOW - 80 * DAY) };
    let samples = [case(NOW - 60 * DAY), claimed, reopened];
    let stats = Stats::of(&samples, NOW, MONTH);
    assert_eq!(
        text(&stats),
        "Abuse reports from 2026-10-22 to 2026-11-21\nNo new case, none settled. 3 are open now.\n\n\
         One case waits for a moderator, for 60 days."
    );
    assert_eq!(Stats::of(&samples[1..], NOW, MONTH).waiting, None);
}

#[test]
fn settled_counts_when_it_was_settled() {
    let old = settled(NOW - 60 * DAY, 55 * DAY);
    let reopened = Sample { state: CaseState::Open, ..settled(NOW - 2 * DAY, HOUR) };
    let long_ago = settled(NOW - 90 * DAY, DAY);
    let stats = Stats::of(&[old, reopened, long_ago], NOW, MONTH);
    assert_eq!((stats.opened, stats.settled, stats.unsettled), (1, 1, 1));
    // The old one took long; it is not of this span.
    assert_eq!(stats.first_action, Some(Delays { median: HOUR, most: HOUR, longest: HOUR }));
    let counts: Vec<_> = stats.weeks.iter().map(|week| (week.counts.opened, week.counts.settled)).collect();
    assert_eq!(counts, [(0, 0), (0, 0), (0, 0), (0, 0), (1, 1)]);
}

#[test]
fn weeks_over_new_year() {
    // 2026 has 53 weeks: the last one ends on Sunday, 3 January 2027.
    let now = "2027-01-06T12:00:00Z".parse::<Timestamp>().unwrap().as_millisecond();
    for (opened, week) in [
        ("2027-01-06T12:00:00Z", "2027-W01"),
        ("2027-01-04T00:00:00Z", "2027-W01"),
        ("2027-01-03T23:59:59.999Z", "2026-W53"),
        ("2026-12-31T12:00:00Z", "2026-W53"),
        ("2026-12-28T00:00:00Z", "2026-W53"),
        ("2026-12-27T23:59:59Z", "2026-W52"),
        // Later than now.
        ("2027-03-01T00:00:00Z", "2027-W01"),
    ] {
        let opened = opened.parse::<Timestamp>().unwrap().as_millisecond();
        let stats = Stats::of(&[case(opened)], now, MONTH);
        let weeks: Vec<String> = stats.weeks.iter().map(Week::label).collect();
        assert_eq!(weeks, ["2026-W50", "2026-W51", "2026-W52", "2026-W53", "2027-W01"]);
        let hit: Vec<String> =
            stats.weeks.iter().filter(|week| week.counts.opened == 1).map(Week::label).collect();
        assert_eq!(hit, [week]);
    }
}

#[test]
fn delays_are_nearest_ranks() {
    for (hours, want) in [
        (vec![3], (3, 3, 3)),
        (vec![1, 9], (1, 9, 9)),
        (vec![5, 1, 3], (3, 5, 5)),
        ((1..=10).collect(), (5, 9, 10)),
        ((1..=100).rev().collect(), (50, 90, 100)),
        // Acted before it was opened: clocks differ.
        (vec![-4], (0, 0, 0)),
    ] {
        let samples: Vec<_> = hours.iter().map(|hours| settled(NOW - 10 * DAY, hours * HOUR)).collect();
        let delays = Stats::of(&samples, NOW, MONTH).first_action.unwrap();
        assert_eq!((delays.median / HOUR, delays.most / HOUR, delays.longest / HOUR), want, "{hours:?}");
    }
}

#[test]
fn thousands() {
    let samples: Vec<_> = (0..5000)
        .map(|n| Sample {
            author_server: (n % 7 != 0).then(|| format!("s{}.test", n % 40)),
            room: (n % 5 != 0).then(|| room(&format!("!r{}:hs", n % 30), None)),
            moderator: Some(format!("@mod{}:hs.test", n % 11)),
            kind: if n % 5 == 0 { ReportKind::User } else { ReportKind::Event },
            ..settled(NOW - i64::from(n) * DAY / 12, i64::from(n % 100) * HOUR)
        })
        .collect();
    let stats = Stats::of(&samples, NOW, MONTH * 20);
    assert_eq!((stats.opened, stats.weeks.len()), (5000, MOST_WEEKS));
    let sum = |ranking: &Ranking<String>| {
        ranking.first.iter().map(|(_, cases)| cases).sum::<u64>() + ranking.others_cases + ranking.without
    };
    assert_eq!((sum(&stats.servers), sum(&stats.moderators)), (5000, 5000));
    assert_eq!((stats.servers.others, stats.moderators.others, stats.rooms.without), (30, 1, 1000));
    let in_weeks: u64 = stats.weeks.iter().map(|week| week.counts.opened).sum();
    assert_eq!(in_weeks + stats.earlier.opened, 5000);
    let text = text(&stats);
    for part in [
        "5,000 new cases (4,000 messages, 1,000 users), 5,000 settled. None is open now.",
        "First action: half within 2 d 1 h, 9 in 10 within 3 d 17 h, the slowest after 4 d 3 h.",
        "\n• earlier: 4,",
        "\n• 30 more servers: 3,",
        "\n• no server: 715",
        "\n• 1 more moderator: 454",
        "\n• no room: 1,000",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(text.len() < 3000, "{}", text.len());
    colours(&chart(&stats).unwrap());
}

#[test]
fn names_of_strangers_stay_where_they_are() {
    let hostile = "</li>\n\n# **@room** \u{202e}https://evil.example `x` \u{200b}<b>";
    let sample = Sample {
        author_server: Some(format!("evil.example`\n{hostile}{}", "z".repeat(70_000))),
        room: Some(room(&format!("!x:hs{hostile}"), Some(hostile))),
        moderator: Some(hostile.to_owned()),
        ..case(NOW - DAY)
    };
    let stats = Stats::of(&[sample], NOW, MONTH);
    let message = stats.reply().render();
    assert!(!message.text.contains("\n# ") && !message.text.contains('\u{202e}'), "{}", message.text);
    assert!(!message.html.contains("<b>") && !message.html.contains("href"), "{}", message.html);
    assert!(message.text.len() < 3000, "{}", message.text.len());
    colours(&chart(&stats).unwrap());
}

#[test]
fn rooms_of_the_same_name_are_two() {
    let in_room = |id: &str, name: Option<&str>| Sample { room: Some(room(id, name)), ..case(NOW - DAY) };
    let samples = [
        in_room("!a:hs", Some("Lounge")),
        in_room("!b:hs", Some("Lounge")),
        in_room("!b:hs", Some("Old name")),
    ];
    let first = Stats::of(&samples, NOW, MONTH).rooms.first;
    assert_eq!(first, [(room("!b:hs", Some("Lounge")), 2), (room("!a:hs", Some("Lounge")), 1)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_times_and_names(
        times in proptest::collection::vec((any::<i64>(), any::<Option<i64>>(), any::<i64>(), any::<bool>()), 0..6),
        name in any::<String>(),
        now in prop_oneof![any::<i64>(), Just(NOW)],
        span in any::<u64>(),
    ) {
        let samples: Vec<_> = times
            .into_iter()
            .map(|(opened_at, first_action_at, changed_at, is_open)| Sample {
                opened_at,
                first_action_at,
                changed_at,
                state: if is_open { CaseState::Open } else { CaseState::Dismissed },
                author_server: Some(name.clone()),
                room: Some(room(&name, Some(&name))),
                ..case(NOW)
            })
            .collect();
        let stats = Stats::of(&samples, now, Duration::from_millis(span));
        let counted: u64 = stats.weeks.iter().map(|week| week.counts.opened).sum();
        prop_assert_eq!(counted + stats.earlier.opened, stats.opened);
        prop_assert!(!text(&stats).is_empty());
        prop_assert!(chart(&stats).is_ok());
    }
}
