//! One picture of many files, for moderators who have to know what they are about: each is small, numbered, and so blurred
//! that nothing can be made out but colours. There is no sharp one: nobody has to see that by accident.

use std::io::Cursor;

use image::{
    ImageReader, Limits, RgbImage,
    imageops::{self, FilterType},
};
use plotters::prelude::*;

use super::picture::{ChartError, FAINT, INK, font, png};

/// So many files are on a sheet.
pub const MOST_CELLS: u32 = 24;

/// How wide and high the place for one picture is, in pixels.
pub const SIDE: u32 = 160;
/// How high the number above it is.
const BAND: u32 = 24;
const GAP: u32 = 8;
const COLUMNS: u32 = 6;
/// What is shown of a picture has so many pixels on its longer side, whatever it had.
const DETAIL: u32 = 10;
const GREY: RGBColor = RGBColor(224, 226, 230);

/// A file on the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its number in the list beside the sheet.
    pub number: u64,
    /// A PNG or JPEG, or a word that says why there is none.
    pub picture: Result<Vec<u8>, &'static str>,
}

/// Draws the first [`MOST_CELLS`] files as a PNG, in rows. What is broken, or claims to be larger than a small picture can
/// be, is a grey cell.
pub fn contact_sheet(cells: &[Cell]) -> Result<Vec<u8>, ChartError> {
    let cells = || (0..MOST_CELLS).zip(cells);
    let count = u32::try_from(cells().count()).unwrap_or(MOST_CELLS).max(1);
    let size = (count.min(COLUMNS) * (SIDE + GAP) + GAP, count.div_ceil(COLUMNS) * (SIDE + BAND + GAP) + GAP);
    let pictures: Vec<Result<RgbImage, &'static str>> = cells()
        .map(|(_, cell)| cell.picture.as_ref().map_err(|why| *why).and_then(|bytes| blurred(bytes)))
        .collect();
    png(
        size,
        |pixels| {
            for (place, picture) in (0..).zip(&pictures) {
                let (left, top) = corner(place);
                match picture {
                    Ok(picture) => {
                        let (width, height) = picture.dimensions();
                        // In the middle of its place.
                        let (left, top) = (left + (SIDE - width) / 2, top + (SIDE - height) / 2);
                        copy(picture, pixels, size.0, (left, top));
                    }
                    Err(_) => copy(&grey(), pixels, size.0, (left, top)),
                }
            }
        },
        |area| {
            for ((place, cell), picture) in cells().zip(&pictures) {
                let (left, top) = corner(place);
                let at = |x: u32, y: u32| (i32::try_from(x).unwrap_or(0), i32::try_from(y).unwrap_or(0));
                area.draw(&Text::new(cell.number.to_string(), at(left + 2, top - BAND + 4), font(16, INK)))?;
                if let Err(why) = picture {
                    area.draw(&Text::new(*why, at(left + 10, top + SIDE / 2 - 8), font(16, FAINT)))?;
                }
            }
            Ok(())
        },
    )
}

/// Where the picture of a place begins.
fn corner(place: u32) -> (u32, u32) {
    let (column, row) = (place % COLUMNS, place / COLUMNS);
    (GAP + column * (SIDE + GAP), GAP + BAND + row * (SIDE + BAND + GAP))
}

fn grey() -> RgbImage {
    RgbImage::from_pixel(SIDE, SIDE, image::Rgb([GREY.0, GREY.1, GREY.2]))
}

fn copy(picture: &RgbImage, pixels: &mut [u8], width: u32, (left, top): (u32, u32)) {
    let length = picture.width() as usize * 3;
    for (y, row) in (top..).zip(picture.as_raw().chunks_exact(length.max(3))) {
        let start = (y as usize * width as usize + left as usize) * 3;
        if let Some(place) = pixels.get_mut(start..start + length) {
            place.copy_from_slice(row);
        }
    }
}

/// What is left of a picture when it is shrunk to a few pixels, and enlarged again.
fn blurred(bytes: &[u8]) -> Result<RgbImage, &'static str> {
    /// Servers make small ones of 256 pixels: what is larger than this is none.
    const MOST_BYTES: usize = 2 * 1024 * 1024;
    const MOST_PIXELS: u32 = 1024;
    const MOST_MEMORY: u64 = 16 * 1024 * 1024;
    if bytes.len() > MOST_BYTES {
        return Err("too large");
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| "broken")?;
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => "too large",
        _ => "broken",
    })?;
    let small = picture.thumbnail(DETAIL, DETAIL).to_rgb8();
    let (width, height) = (small.width().max(1), small.height().max(1));
    let scaled = |side: u32| (side * SIDE / width.max(height)).clamp(1, SIDE);
    Ok(imageops::resize(&small, scaled(width), scaled(height), FilterType::Triangle))
}
