//! Files that go with an answer: tables as CSV, anything as JSON, pictures as PNG.

use serde::Serialize;
use serde_json::Value;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file's name, with its extension.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// A picture, `<name>.png`; `png` is the file.
    pub fn png(name: &str, png: Vec<u8>) -> Self {
        Self { name: format!("{name}.png"), mime: PNG.to_owned(), bytes: png }
    }

    /// How wide and how high it is in pixels, if it is a picture that clients are to show: a PNG says so in its first
    /// chunk.
    pub fn pixels(&self) -> Option<(u32, u32)> {
        const BEGINNING: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
        let (width, rest) = self.bytes.strip_prefix(BEGINNING)?.split_first_chunk()?;
        let (height, _) = rest.split_first_chunk()?;
        (self.mime == PNG).then_some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
    }
}

const PNG: &str = "image/png";

/// A table as CSV. Cells that a spreadsheet would take for a formula are preceded by an apostrophe.
pub fn csv_attachment(
    name: impl Into<String>,
    headers: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Attachment {
    Attachment { name: name.into(), mime: "text/csv".to_owned(), bytes: table(headers, rows) }
}

/// Any value as indented JSON. Fails if the value is none, such as a map whose keys are not strings.
pub fn json_attachment(
    name: impl Into<String>,
    value: &impl Serialize,
) -> Result<Attachment, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(Attachment { name: name.into(), mime: "application/json".to_owned(), bytes })
}

/// How large a table may become, in bytes: below what homeservers take by default.
pub const MOST_BYTES: usize = 32 * 1024 * 1024;

/// A table that grows row by row, for lists that are too long to be held otherwise.
#[derive(Debug)]
pub struct Table {
    name: String,
    headers: &'static [&'static str],
    format: Format,
    bytes: Vec<u8>,
    rows: u64,
    most: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
    List,
}

/// Whether a row found its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It did.
    Yes,
    /// The table is as large as it may be: the row was left out.
    Full,
}

impl Table {
    /// A table of at most `most` bytes as CSV, `<name>.csv`. Null becomes an empty cell, what is nested its JSON.
    pub fn csv(name: &str, headers: &'static [&'static str], most: usize) -> Self {
        let bytes = record(headers.iter().map(|header| (*header).to_owned()));
        Self { name: format!("{name}.csv"), headers, format: Format::Csv, bytes, rows: 0, most }
    }

    /// A table of at most `most` bytes as a JSON array of an object for each row, `<name>.json`.
    pub fn json(name: &str, headers: &'static [&'static str], most: usize) -> Self {
        Self { name: format!("{name}.json"), headers, format: Format::Json, bytes: Vec::new(), rows: 0, most }
    }

    /// Values as they are in a JSON array of at most `most` bytes, `<name>.json`: each row has one cell.
    pub fn list(name: &str, most: usize) -> Self {
        Self {
            name: format!("{name}.json"),
            headers: &[],
            format: Format::List,
            bytes: Vec::new(),
            rows: 0,
            most,
        }
    }

    /// Adds a row, its cells in the order of the headers, unless the table is full.
    pub fn add(&mut self, cells: impl IntoIterator<Item = Value>) -> Added {
        let row = match self.format {
            Format::Csv => record(cells.into_iter().map(cell)),
            Format::Json => self.element(&self.object(cells)),
            Format::List => self.element(&cells.into_iter().next().unwrap_or_default().to_string()),
        };
        if self.bytes.len() + row.len() + END.len() > self.most {
            return Added::Full;
        }
        self.bytes.extend(row);
        self.rows += 1;
        Added::Yes
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The file.
    pub fn finish(mut self) -> Attachment {
        let mime = match self.format {
            Format::Csv => "text/csv",
            Format::Json | Format::List => {
                self.bytes.extend_from_slice(if self.rows == 0 { EMPTY } else { END });
                "application/json"
            }
        };
        Attachment { name: self.name, mime: mime.to_owned(), bytes: self.bytes }
    }

    /// An element of the array, and what precedes it.
    fn element(&self, json: &str) -> Vec<u8> {
        let before = if self.rows == 0 { "[\n" } else { ",\n" };
        format!("{before}{json}").into_bytes()
    }

    /// The row as an object whose fields are in the order of the headers.
    fn object(&self, cells: impl IntoIterator<Item = Value>) -> String {
        let fields: Vec<String> = self
            .headers
            .iter()
            .zip(cells)
            .map(|(header, cell)| format!("{}:{cell}", Value::from(*header)))
            .collect();
        format!("{{{}}}", fields.join(","))
    }
}

const END: &[u8] = b"\n]\n";
const EMPTY: &[u8] = b"[]\n";

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn table(headers: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut bytes = record(headers.iter().map(|header| (*header).to_owned()));
    rows.for_each(|row| bytes.extend(record(row)));
    bytes
}

/// One line of a CSV file.
fn record(cells: impl IntoIterator<Item = String>) -> Vec<u8> {
    const IN_MEMORY: &str = "writing to memory does not fail";
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1024).from_writer(Vec::new());
    writer.write_record(cells.into_iter().map(never_a_formula)).expect(IN_MEMORY);
    writer.into_inner().expect(IN_MEMORY)
}

/// Spreadsheets run what starts with one of these; some skip blanks before it.
fn never_a_formula(cell: String) -> String {
    if cell.starts_with(['\t', '\r']) || cell.trim_start().starts_with(['=', '+', '-', '@']) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn csv() {
        let rows = [
            vec!["a,b", "say \"hi\"\nthere", "ü"],
            vec!["=1+1", "+1", "-1"],
            vec!["@ana:hs.test", " =x", "\tx"],
            vec!["", "a=b"],
        ];
        let rows = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect());
        let file = csv_attachment("rooms.csv", &["one", "two", "three"], rows);
        assert_eq!((file.name.as_str(), file.mime.as_str()), ("rooms.csv", "text/csv"));
        assert_eq!(
            String::from_utf8(file.bytes).unwrap(),
            "one,two,three\n\"a,b\",\"say \"\"hi\"\"\nthere\",ü\n'=1+1,'+1,'-1\n'@ana:hs.test,' =x,'\tx\n,a=b\n"
        );
    }

    #[test]
    fn pictures_know_their_size() {
        let mut file = Vec::new();
        let mut writer = png::Encoder::new(&mut file, 300, 2).write_header().unwrap();
        writer.write_image_data(&[0; 600]).unwrap();
        writer.finish().unwrap();
        let picture = Attachment::png("weeks", file);
        assert_eq!((picture.name.as_str(), picture.mime.as_str()), ("weeks.png", "image/png"));
        assert_eq!(picture.pixels(), Some((300, 2)));
        assert_eq!(Attachment { mime: "text/csv".to_owned(), ..picture.clone() }.pixels(), None);
        for kept in [0, 16, 20, 23] {
            assert_eq!(Attachment::png("cut", picture.bytes[..kept].to_vec()).pixels(), None);
        }
        assert_eq!(
            Attachment::png("none", b"GIF89a and more than twenty-four bytes".to_vec()).pixels(),
            None
        );
    }

    #[test]
    fn any_value_as_json() {
        let file = json_attachment("x.json", &["a"]).unwrap();
        assert_eq!(file.bytes, b"[\n  \"a\"\n]\n");
        assert!(json_attachment("x.json", &std::collections::BTreeMap::from([([1], 2)])).is_err());
    }

    #[test]
    fn tables_grow_row_by_row_up_to_their_size() {
        const HEADERS: &[&str] = &["id", "public", "more"];
        let rows = || [[json!("=a"), json!(true), Value::Null], [json!("b,c"), json!(7), json!({"x": [1]})]];
        let made = |mut table: Table| {
            assert!(rows().into_iter().all(|row| table.add(row) == Added::Yes));
            assert_eq!(table.rows(), 2);
            table.finish()
        };
        let csv = made(Table::csv("t", HEADERS, MOST_BYTES));
        assert_eq!((csv.name.as_str(), csv.mime.as_str()), ("t.csv", "text/csv"));
        assert_eq!(
            String::from_utf8(csv.bytes).unwrap(),
            "id,public,more\n'=a,true,\n\"b,c\",7,\"{\"\"x\"\":[1]}\"\n"
        );
        let file = made(Table::json("t", HEADERS, MOST_BYTES));
        assert_eq!((file.name.as_str(), file.mime.as_str()), ("t.json", "application/json"));
        assert_eq!(
            String::from_utf8(file.bytes).unwrap(),
            "[\n{\"id\":\"=a\",\"public\":true,\"more\":null},\n{\"id\":\"b,c\",\"public\":7,\"more\":{\"x\":[1]}}\n]\n"
        );
        let mut list = Table::list("t", 29);
        let added: Vec<_> = (0..9).map(|n| list.add([json!({"n": n})])).collect();
        assert_eq!((added.first(), added.last(), list.rows()), (Some(&Added::Yes), Some(&Added::Full), 2));
        let file = list.finish();
        assert_eq!(
            (file.name.as_str(), file.bytes.as_slice()),
            ("t.json", &b"[\n{\"n\":0},\n{\"n\":1}\n]\n"[..])
        );
        for make in [Table::csv, Table::json] {
            let mut table = make("t", HEADERS, 80);
            let row = || [json!("12345678901234567890"), Value::Null, Value::Null];
            assert_eq!([table.add(row()), table.add(row()), table.add(row())].last(), Some(&Added::Full));
            assert!(table.rows() > 0);
            let file = table.finish();
            assert!(file.bytes.len() <= 80 && file.bytes.ends_with(b"\n"), "{file:?}");
        }
        assert_eq!(Table::json("t", HEADERS, 80).finish().bytes, b"[]\n");
    }
}
