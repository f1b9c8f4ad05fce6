//! What pictures have in common: a white canvas, our own font, and the PNG that comes of it.

use plotters::{coord::Shift, prelude::*, style::register_font};

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The drawing library failed.
    #[error("the chart cannot be drawn: {0}")]
    Drawing(String),
    /// It was drawn, and is no PNG.
    #[error("the chart cannot be written as PNG: {0}")]
    Encoding(#[from] png::EncodingError),
}

pub(super) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), ChartError>;

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for ChartError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self::Drawing(error.to_string())
    }
}

/// Ours alone, so that nothing depends on what is installed.
const FONT: &str = "gleipnir";
pub(super) const INK: RGBColor = RGBColor(38, 43, 51);
pub(super) const FAINT: RGBColor = RGBColor(104, 112, 124);

/// A PNG of so many pixels. `paint` gets them first, three bytes each, line by line, all white; `draw` draws over it.
pub(super) fn png(
    (width, height): (u32, u32),
    paint: impl FnOnce(&mut [u8]),
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<Vec<u8>, ChartError> {
    register_font(FONT, FontStyle::Normal, ttf_noto_sans::REGULAR)
        .map_err(|_| ChartError::Drawing("the font is none".to_owned()))?;
    let mut pixels = vec![u8::MAX; width as usize * height as usize * 3];
    paint(&mut pixels);
    draw(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area())?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

/// Even sizes only: the rasterizer halves them, and rounds differently for each letter when that leaves a half.
pub(super) fn font(size: i32, color: RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(&color)
}
