//! As much of HTTP/1.1 as the proxy needs: bodies have a length on the way in, and end with the connection behind.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What is not passed on: it is about one connection only.
const OF_A_CONNECTION: [&str; 4] = ["connection", "keep-alive", "transfer-encoding", "content-length"];

/// A request as it came.
pub(super) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer.
pub(super) struct Answer {
    status: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The connection ends in the middle of the body.
    pub(super) breaks_off: bool,
}

/// Reads the next request; `rest` is what was read beyond the one before.
pub(super) async fn read_request(client: &mut TcpStream, rest: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(end) = end_of_head(rest) {
            break end;
        }
        if client.read_buf(rest).await.ok()? == 0 {
            return None;
        }
    };
    let (first, headers) = head(&rest[..end])?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = header(&headers, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while rest.len() < end + length {
        if client.read_buf(rest).await.ok()? == 0 {
            return None;
        }
    }
    let body = rest[end..end + length].to_vec();
    rest.drain(..end + length);
    Some(Request { method, target, headers, body })
}

impl Request {
    /// “METHOD /path?query”, decoded.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, percent_decode_str(&self.target).decode_utf8_lossy())
    }

    /// Sends it to the server; its answer. By HTTP/1.0, so that the answer ends with the connection.
    pub(super) async fn pass_on(&self, mut server: TcpStream) -> Option<Answer> {
        let mut bytes = format!("{} {} HTTP/1.0\r\n", self.method, self.target);
        for (name, value) in passed_on(&self.headers) {
            bytes.extend([name.as_str(), ": ", value, "\r\n"]);
        }
        bytes.extend(["content-length: ", &self.body.len().to_string(), "\r\n\r\n"]);
        let mut bytes = bytes.into_bytes();
        bytes.extend_from_slice(&self.body);
        server.write_all(&bytes).await.ok()?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await.ok()?;
        let end = end_of_head(&answer)?;
        let (first, headers) = head(&answer[..end])?;
        let (_, status) = first.split_once(' ')?;
        Some(Answer {
            status: status.to_owned(),
            headers: passed_on(&headers).cloned().collect(),
            body: answer.split_off(end),
            breaks_off: false,
        })
    }
}

impl Answer {
    pub(super) fn new(status: u16, kind: &str, body: Vec<u8>) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Self { status: format!("{status} As it is"), headers, body, breaks_off: false }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string().into_bytes())
    }

    /// Sends it; `None` if the connection is over with it.
    pub(super) async fn send(mut self, client: &mut TcpStream) -> Option<()> {
        let mut bytes = format!("HTTP/1.1 {}\r\n", self.status);
        for (name, value) in &self.headers {
            bytes.extend([name.as_str(), ": ", value, "\r\n"]);
        }
        bytes.extend(["content-length: ", &self.body.len().to_string(), "\r\n\r\n"]);
        if self.breaks_off {
            self.body.truncate(self.body.len() / 2);
        }
        let mut bytes = bytes.into_bytes();
        bytes.append(&mut self.body);
        client.write_all(&bytes).await.ok()?;
        (!self.breaks_off).then_some(())
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4)
}

/// The first line and the headers.
fn head(bytes: &[u8]) -> Option<(String, Vec<(String, String)>)> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
    let first = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some((first, headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
}

fn passed_on(headers: &[(String, String)]) -> impl Iterator<Item = &(String, String)> {
    let is_of_it = |name: &str| OF_A_CONNECTION.iter().any(|other| name.eq_ignore_ascii_case(other));
    headers.iter().filter(move |(name, _)| !is_of_it(name))
}
