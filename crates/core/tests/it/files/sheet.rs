//! The picture of many files: each is numbered as in the list, none can be made out, and whatever a stranger uploaded as a
//! picture is a grey cell at worst.

use std::{io::Cursor, time::Instant};

use gleipnir_core::{
    model::MediaDetails,
    ports::Fault,
    rules::contact_sheet::{Cell, MOST_CELLS, SIDE, contact_sheet},
};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::json;

use super::{eve, event, mxc, png, put, with_files};
use crate::scene::{bad_room, has, moderator, stage};

/// A chessboard of two colours: nothing of it must be left.
fn chessboard(side: u32, field: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        if (x / field + y / field).is_multiple_of(2) { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) }
    })
}

fn file(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture.clone()).write_to(&mut bytes, format).expect("it is written");
    bytes.into_inner()
}

fn sheet(pictures: Vec<Result<Vec<u8>, &'static str>>) -> RgbImage {
    let cells: Vec<Cell> = (1..).zip(pictures).map(|(number, picture)| Cell { number, picture }).collect();
    let png = contact_sheet(&cells).expect("it is drawn");
    image::load_from_memory(&png).expect("it is a picture").to_rgb8()
}

/// The cell of a sheet of at most one row.
fn cell(sheet: &RgbImage, place: u32) -> RgbImage {
    image::imageops::crop_imm(sheet, 8 + place * (SIDE + 8), 8 + 24, SIDE, SIDE).to_image()
}

fn is_grey(cell: &RgbImage) -> bool {
    [(0, 0), (SIDE - 1, 0), (0, SIDE - 1), (SIDE - 1, SIDE - 1)]
        .into_iter()
        .all(|(x, y)| *cell.get_pixel(x, y) == Rgb([224, 226, 230]))
}

/// The largest difference between neighbours: sharp edges have the whole range.
fn sharpest(picture: &RgbImage) -> u8 {
    let mut most = 0;
    for (x, y, pixel) in picture.enumerate_pixels().filter(|(x, ..)| *x > 0) {
        let left = picture.get_pixel(x - 1, y);
        most = (0..3).map(|n| pixel[n].abs_diff(left[n])).chain([most]).max().unwrap_or(most);
    }
    most
}

#[test]
fn nothing_can_be_made_out() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        for field in [1, 4, 8, 16] {
            let board = chessboard(256, field);
            assert_eq!(sharpest(&board), 255);
            let sheet = sheet(vec![Ok(file(&board, format))]);
            assert_eq!(sheet.dimensions(), (SIDE + 16, SIDE + 24 + 16));
            let cell = cell(&sheet, 0);
            assert!(!is_grey(&cell));
            assert!(sharpest(&cell) < 48, "{format:?} {field}: {}", sharpest(&cell));
        }
    }
    // The colours are there: who knows the picture knows it again.
    let red = RgbImage::from_pixel(256, 100, Rgb([255, 0, 0]));
    let sheet = sheet(vec![Ok(file(&red, ImageFormat::Png))]);
    assert_eq!(*cell(&sheet, 0).get_pixel(SIDE / 2, SIDE / 2), Rgb([255, 0, 0]));
    assert_eq!(*cell(&sheet, 0).get_pixel(SIDE / 2, 2), Rgb([255, 255, 255]), "it keeps its shape");
}

/// A PNG that says it is so large, and has hardly any bytes.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = file(&chessboard(8, 1), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn what_is_no_picture_is_a_grey_cell() {
    let whole = file(&chessboard(256, 8), ImageFormat::Png);
    let jpeg = file(&chessboard(256, 8), ImageFormat::Jpeg);
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    let large = file(&chessboard(1025, 8), ImageFormat::Png);
    for bytes in [
        Vec::new(),
        b"<svg onload='x'/>".to_vec(),
        b"GIF89a\x01\x00\x01\x00".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        whole[..20].to_vec(),
        jpeg[..100].to_vec(),
        flipped,
        large,
        bomb(1_000_000, 1_000_000),
        bomb(u32::MAX, 1),
        bomb(1, 1024 * 1024),
        bomb(0, 0),
        vec![0xff; 3 * 1024 * 1024],
    ] {
        let start = bytes.get(..30.min(bytes.len())).map(<[u8]>::to_vec);
        let began = Instant::now();
        let sheet = sheet(vec![Ok(bytes), Ok(whole.clone())]);
        assert!(is_grey(&cell(&sheet, 0)), "{start:?}");
        assert!(!is_grey(&cell(&sheet, 1)), "the others are shown");
        assert!(began.elapsed().as_secs() < 5, "{start:?}");
    }
    // The smallest and the thinnest are shown.
    for (width, height) in [(1, 1), (256, 1), (1, 256), (1024, 1024)] {
        let picture = RgbImage::from_pixel(width, height, Rgb([0, 128, 0]));
        let sheet = sheet(vec![Ok(file(&picture, ImageFormat::Png))]);
        assert_eq!(*cell(&sheet, 0).get_pixel(SIDE / 2, SIDE / 2), Rgb([0, 128, 0]), "{width} {height}");
    }
}

#[test]
fn a_sheet_has_so_many_cells_and_is_quickly_drawn() {
    let picture = file(&chessboard(256, 8), ImageFormat::Jpeg);
    let began = Instant::now();
    let full = sheet(vec![Ok(picture.clone()); 40]);
    println!("{MOST_CELLS} cells take {:?}", began.elapsed());
    assert_eq!(full.dimensions(), (6 * (SIDE + 8) + 8, 4 * (SIDE + 32) + 8));
    assert_eq!(sheet(vec![Err("in quarantine"); 7]).dimensions(), (6 * (SIDE + 8) + 8, 2 * (SIDE + 32) + 8));
    // The numbers and the words are there.
    let words = sheet(vec![Err("in quarantine")]);
    let dark = |picture: &RgbImage| picture.pixels().filter(|pixel| pixel[0] < 128).count();
    assert!(is_grey(&cell(&words, 0)) && dark(&cell(&words, 0)) > 50);
    assert!(dark(&words) > dark(&cell(&words, 0)) + 5);
    assert!(contact_sheet(&[]).is_ok());
}

#[tokio::test]
async fn a_page_of_files_comes_with_its_picture_if_it_is_asked_for() {
    let mut stage = with_files();
    for n in 0..30 {
        let (file, details) = png(eve(), &format!("f{n:02}"));
        put(&stage, (file.clone(), details));
        stage.homeserver.put_thumbnail(&file, self::file(&chessboard(256, 8), ImageFormat::Png));
    }
    let event = stage.hear(moderator(), "!media user @eve:hs.test --thumbnails --limit 100");
    stage.handle().await;
    let key = format!("answer-{event}");
    has(&stage.store.said(&key).unwrap().text, &["Files 1–", "• 1 `mxc://hs.test/", "• 2 `mxc://hs.test/"]);
    let file = stage.store.file(&key).expect("a picture");
    assert_eq!((file.name.as_str(), file.mime.as_str()), ("files.png", "image/png"));
    assert_eq!(file.pixels(), Some((6 * (SIDE + 8) + 8, 4 * (SIDE + 32) + 8)));
    // Not without being asked for, and not instead of a list.
    let event = stage.hear(moderator(), "!media user @eve:hs.test");
    stage.handle().await;
    assert!(stage.store.file(&format!("answer-{event}")).is_none());
    has(&stage.say("!media user @eve:hs.test --thumbnails --file").await, &["--thumbnails", "--file"]);
    has(
        &stage.say("!media top --thumbnails").await,
        &["--thumbnails goes with a file, an event, a user or a room."],
    );
    has(
        &stage.say("!media user @eve:hs.test --thumbnails --page 2 --limit 10").await,
        &["Files 11–20", "• 11 `mxc://"],
    );
}

#[tokio::test]
async fn a_picture_that_is_not_there_is_never_an_error() {
    let mut stage = with_files();
    stage.homeserver.put_thumbnail(&mxc("open"), b"no picture".to_vec());
    stage.homeserver.put_thumbnail(&mxc("kept"), file(&chessboard(64, 8), ImageFormat::Jpeg));
    stage.homeserver.put_room_media(bad_room(), ["open", "closed", "kept", "gone"].map(mxc).to_vec());
    let shows = json!({"url": mxc("open"), "info": {"thumbnail_url": mxc("gone")}});
    let id = event(&stage, 'a', eve(), &shows);
    for command in ["room !bad:hs.test", &id, "mxc://hs.test/closed", "mxc://hs.test/gone", "@eve:hs.test"] {
        for fault in [None, Some(Fault::Timeout), Some(Fault::NotAdmin)] {
            if let Some(fault) = fault {
                stage.homeserver.fail_once("thumbnail", fault);
            }
            let event = stage.hear(moderator(), &format!("!media {command} --thumbnails"));
            stage.handle().await;
            let picture = stage.store.file(&format!("answer-{event}"));
            assert!(picture.is_some_and(|file| file.pixels().is_some()), "{command}");
        }
    }
    assert!(stage.homeserver.writes().is_empty());
}

#[tokio::test]
async fn what_is_in_quarantine_is_not_even_asked_for() {
    let mut stage = stage();
    let (file, details) = png(eve(), "closed");
    let details = MediaDetails { quarantined_by: Some("@other:hs.test".into()), ..details };
    put(&stage, (file, details));
    stage.homeserver.fail_always("thumbnail", Fault::TokenGone);
    has(&stage.say("!media mxc://hs.test/closed --thumbnails").await, &["in quarantine by"]);
}
