//! Files that go with an answer: tables as CSV, anything as JSON.

use serde::Serialize;

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

fn table(headers: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    const IN_MEMORY: &str = "writing to memory does not fail, and rows of any length are allowed";
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(headers).expect(IN_MEMORY);
    for row in rows {
        writer.write_record(row.into_iter().map(never_a_formula)).expect(IN_MEMORY);
    }
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
    fn json() {
        let file = json_attachment("x.json", &["a"]).unwrap();
        assert_eq!(file.bytes, b"[\n  \"a\"\n]\n");
        assert!(json_attachment("x.json", &std::collections::BTreeMap::from([([1], 2)])).is_err());
    }
}
