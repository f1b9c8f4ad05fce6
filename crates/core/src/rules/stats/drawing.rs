//! The statistics as a picture: new and settled cases by week, and below who and what has the most cases.

use std::ops::Range;

use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{Counts, Ranking, Room, Stats, Week};
use crate::{
    rules::picture::{Area, ChartError, Drawn, FAINT, INK, font, png},
    text::{clean::clean, number::grouped},
};

/// How wide the picture is, in pixels.
pub const WIDTH: u32 = 960;
/// How high it is, in pixels.
pub const HEIGHT: u32 = 660;

const GRID: RGBColor = RGBColor(224, 228, 233);
// Told apart by those who see colours differently as well.
const OPENED: RGBColor = RGBColor(213, 94, 0);
const SETTLED: RGBColor = RGBColor(0, 114, 178);
const RANKED: RGBColor = RGBColor(86, 130, 163);

/// Draws the statistics as a PNG of [`WIDTH`] by [`HEIGHT`] pixels.
pub fn chart(stats: &Stats) -> Result<Vec<u8>, ChartError> {
    png((WIDTH, HEIGHT), |_| {}, |area| draw(stats, area))
}

fn draw(stats: &Stats, area: &Area<'_>) -> Drawn {
    let area = area.margin(14, 10, 18, 18);
    area.draw(&Text::new(format!("Abuse reports from {}", stats.span()), (0, 0), font(24, INK)))?;
    area.draw(&Text::new(in_short(stats), (0, 32), font(16, FAINT)))?;
    let (_, area) = area.split_vertically(56);
    let (weeks, rankings) = area.split_vertically(330);
    by_week(stats, &weeks)?;
    let [servers, rooms, moderators] = [0, 1, 2].map(|n| {
        let third = i32::try_from(WIDTH / 3).unwrap_or(i32::MAX) - 12;
        rankings.clone().shrink((third * n, 12), (third - 20, 260))
    });
    ranking(&servers, "Cases by the server of who was reported", &stats.servers, |server| {
        clean(server, LABEL)
    })?;
    ranking(&rooms, "Cases by room", &stats.rooms, room_label)?;
    ranking(&moderators, "Cases by moderator", &stats.moderators, |id| clean(id, LABEL))
}

fn in_short(stats: &Stats) -> String {
    let mut parts = vec![format!(
        "{} new, {} settled, {} open now",
        grouped(stats.opened),
        grouped(stats.settled),
        grouped(stats.unsettled)
    )];
    parts.extend(stats.waiting.map(|waiting| format!("{} without a moderator", grouped(waiting.cases))));
    parts.extend(stats.first_action.map(|delays| format!("first action: {}", delays.words())));
    parts.join(" · ")
}

/// Two bars for each week.
fn by_week(stats: &Stats, area: &Area<'_>) -> Drawn {
    let weeks = &stats.weeks;
    let highest = weeks.iter().map(|week| week.counts.opened.max(week.counts.settled)).max().unwrap_or(0);
    let step = step(highest);
    let top = highest.div_ceil(step).max(1) * step;
    let ticks = (0..=top / step).map(|n| place(n * step)).collect();
    // As many weeks have a label as have room for one.
    let labelled = (0..weeks.len()).rev().step_by(weeks.len().div_ceil(11).max(1)).map(middle).collect();
    // Space above the bars, for the legend.
    let heights = 0..place(top) * 9 / 8;
    let mut chart = ChartBuilder::on(area).x_label_area_size(46).y_label_area_size(64).build_cartesian_2d(
        (0..place(weeks.len() as u64)).with_key_points(labelled),
        heights.with_key_points(ticks),
    )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .label_style(font(14, INK))
        .axis_desc_style(font(14, FAINT))
        .x_desc(if stats.earlier == Counts::default() {
            "ISO week (UTC)"
        } else {
            "ISO week (UTC); earlier ones are not drawn"
        })
        .y_desc("cases")
        .x_label_formatter(&|at| week_at(weeks, *at).map(Week::label).unwrap_or_default())
        .y_label_formatter(&|at| grouped(at.unsigned_abs() / UNIT))
        .draw()?;
    type Bars = (&'static str, RGBColor, Range<i64>, fn(&Week) -> u64);
    let bars: [Bars; 2] = [
        ("new cases", OPENED, 14..49, |week| week.counts.opened),
        ("settled cases", SETTLED, 51..86, |week| week.counts.settled),
    ];
    for (name, color, sides, cases) in bars {
        let bars = weeks.iter().enumerate().map(|(n, week)| {
            let left = place(n as u64);
            let corners = [(left + sides.start, 0), (left + sides.end, place(cases(week)))];
            Rectangle::new(corners, color.filled())
        });
        chart
            .draw_series(bars)?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 6), (x + 14, y + 6)], color.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .margin(4)
        .legend_area_size(22)
        .label_font(font(14, INK))
        .background_style(WHITE)
        .border_style(GRID)
        .draw()?;
    Ok(())
}

/// A bar for each of the first, its name on its left and its number on its right.
fn ranking<T>(area: &Area<'_>, title: &str, ranking: &Ranking<T>, label: impl Fn(&T) -> String) -> Drawn {
    const BARS: Range<i32> = 160..244;
    area.draw(&Text::new(title, (0, 0), font(16, INK)))?;
    if ranking.first.is_empty() {
        area.draw(&Text::new("none", (0, 28), font(14, FAINT)))?;
    }
    let most = ranking.first.first().map_or(1, |(_, cases)| *cases);
    let named = ranking.first.iter().map(|(it, cases)| {
        let length = length(*cases, most, BARS.end - BARS.start);
        (label(it), *cases, length)
    });
    // Beside a bar for all others, those of the first would often be invisible.
    let others = (ranking.others > 0)
        .then(|| (format!("{} more together", grouped(ranking.others)), ranking.others_cases, 0));
    let right = font(14, INK).pos(Pos::new(HPos::Right, VPos::Center));
    let left = font(14, INK).pos(Pos::new(HPos::Left, VPos::Center));
    for (middle, (label, cases, length)) in (36..).step_by(19).zip(named.chain(others)) {
        let label = fitting(area, &label, &right, BARS.start - 8)?;
        area.draw(&Text::new(label, (BARS.start - 6, middle), right.clone()))?;
        let end = BARS.start + length;
        let corners = [(BARS.start, middle - 7), (end, middle + 7)];
        if length > 0 {
            area.draw(&Rectangle::new(corners, RANKED.filled()))?;
        }
        area.draw(&Text::new(grouped(cases), (end + 5, middle), left.clone()))?;
    }
    Ok(())
}

/// So many characters of a name are looked at.
const LABEL: usize = 60;

/// What a room is called, if the font has its letters.
fn room_label(room: &Room) -> String {
    let name = room.name.as_deref().map(|name| clean(name, LABEL)).filter(|name| !name.is_empty());
    name.filter(|name| name.chars().all(is_in_font)).unwrap_or_else(|| clean(&room.id, LABEL))
}

/// Whether the font has it: Latin, Greek and Cyrillic letters, and the punctuation that goes with them.
fn is_in_font(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{17f}' | 'Ά'..='ώ' | 'Ѐ'..='џ' | '–'..='„' | '…')
}

/// The label, cut to so many pixels.
fn fitting(area: &Area<'_>, label: &str, style: &TextStyle<'_>, width: i32) -> Result<String, ChartError> {
    let whole = label.chars().count();
    for kept in (1..=whole).rev() {
        let cut = clean(label, kept);
        let (wide, _) = area.estimate_text_size(&cut, style)?;
        if i64::from(wide) <= i64::from(width) {
            return Ok(cut);
        }
    }
    Ok(String::new())
}

/// How far apart the lines of the grid are, so that there are at most five or so: 1, 2, 5, 10, 20, …
fn step(highest: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for times in [1, 2, 5] {
            let step = power.saturating_mul(times);
            if highest / step <= 5 {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// How long the bar for `cases` is, when that for `most` has `full` pixels. No bar is invisible.
fn length(cases: u64, most: u64, full: i32) -> i32 {
    let share = u128::from(cases) * u128::from(full.unsigned_abs()) / u128::from(most);
    i32::try_from(share).unwrap_or(full).max(1)
}

/// Coordinates are integers, of which this many are for a week and for a case.
const UNIT: u64 = 100;

/// Where a week begins, and how high a bar of so many cases is. More than four billion would be drawn as that many.
fn place(number: u64) -> i64 {
    i64::from(u32::try_from(number).unwrap_or(u32::MAX)) * UNIT.cast_signed()
}

/// Where the middle of a week is.
fn middle(week: usize) -> i64 {
    place(week as u64) + UNIT.cast_signed() / 2
}

/// The week that is there.
fn week_at(weeks: &[Week], at: i64) -> Option<&Week> {
    weeks.get(usize::try_from(at.unsigned_abs() / UNIT).ok()?)
}
