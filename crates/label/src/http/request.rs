//! Requests, read with limits.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// Longest head of a request, in bytes.
const HEAD: usize = 16 << 10;
/// Longest body, in bytes: the rows of a selection of a million images.
const BODY: usize = 16 << 20;
/// Most headers.
const HEADERS: usize = 64;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// To see something.
    Get,
    /// To do something.
    Post,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// What is asked for.
    pub(crate) method: Method,
    /// The path, with what it escapes written out.
    pub(crate) path: String,
    /// What follows the question mark.
    pub(crate) query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Why there is no request.
#[derive(Debug)]
pub(super) enum Broken {
    /// The other side has gone, or is silent.
    Over,
    /// It is none that we answer: status and why.
    Refused(u16, &'static str),
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self::Over
    }
}

impl Request {
    /// A header by its name in lowercase letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A value of the query that is a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.query.get(name)?.parse().ok()
    }

    /// A cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.header("cookie")?.split(';');
        cookies
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(found, _)| *found == name)
            .map(|found| found.1)
    }

    /// The next request of a connection.
    pub(super) fn read(stream: &mut impl BufRead) -> Result<Self, Broken> {
        let head = read_head(stream)?;
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        match parsed.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(Broken::Over),
            Err(_) => return Err(Broken::Refused(400, "this is no request")),
        }
        let method = match parsed.method {
            Some("GET") => Method::Get,
            Some("POST") => Method::Post,
            _ => return Err(Broken::Refused(405, "only GET and POST are answered")),
        };
        let target = parsed.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for header in parsed.headers.iter() {
            let name = header.name.to_ascii_lowercase();
            let value = String::from_utf8_lossy(header.value).trim().to_owned();
            // Two of these would leave open which one counts.
            if named.insert(name.clone(), value).is_some() && ["host", "origin", "content-length"].contains(&&*name) {
                return Err(Broken::Refused(400, "a header stands twice"));
            }
        }
        if named.contains_key("transfer-encoding") {
            return Err(Broken::Refused(411, "say how long the body is"));
        }
        let length = match named.get("content-length").map(|length| length.parse::<usize>()) {
            None => 0,
            Some(Ok(length)) if length <= BODY => length,
            Some(Ok(_)) => return Err(Broken::Refused(413, "this is too much at once")),
            Some(Err(_)) => return Err(Broken::Refused(400, "the length of the body is no number")),
        };
        let mut body = Vec::new();
        if stream.take(length as u64).read_to_end(&mut body)? < length {
            return Err(Broken::Over);
        }
        let query = query.split('&').filter(|part| !part.is_empty()).map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (unescaped(name), unescaped(value))
        });
        Ok(Self { method, path: unescaped(path), query: query.collect(), headers: named, body })
    }
}

/// Everything up to and with the empty line.
fn read_head(stream: &mut impl BufRead) -> Result<Vec<u8>, Broken> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let read = stream.take((HEAD - before) as u64).read_until(b'\n', &mut head)?;
        if read == 0 {
            return Err(if head.len() >= HEAD { Broken::Refused(431, "the head is too long") } else { Broken::Over });
        }
        if matches!(&head[before..], b"\r\n" | b"\n") {
            return Ok(head);
        }
    }
}

/// With `%20` and `+` written out; what is no such escape stays.
pub(crate) fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request, Broken> {
        Request::read(&mut text.as_bytes())
    }

    #[test]
    fn requests_are_read_with_their_bodies() {
        let text =
            "POST /a%20b?x=1&y=a+b%26c HTTP/1.1\r\nHost: h\r\nCookie: a=1; token=t\r\nContent-Length: 4\r\n\r\nfourGET";
        let request = read(text).unwrap();
        assert_eq!(
            (request.method, request.path.as_str(), request.body.as_slice()),
            (Method::Post, "/a b", &b"four"[..])
        );
        assert_eq!((request.number("x"), request.query["y"].as_str()), (Some(1), "a b&c"));
        assert_eq!(
            (request.header("host"), request.cookie("token"), request.cookie("b")),
            (Some("h"), Some("t"), None)
        );
    }

    #[test]
    fn what_is_no_request_or_too_long_is_refused() {
        let status = |text: &str| match read(text) {
            Err(Broken::Refused(status, _)) => status,
            Err(Broken::Over) => 0,
            Ok(_) => 200,
        };
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 200);
        assert_eq!(status("DELETE / HTTP/1.1\r\n\r\n"), 405);
        assert_eq!(status("what\u{1}\r\n\r\n"), 400);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
        assert_eq!(status("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 411);
        assert_eq!(status("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"), 413);
        assert_eq!(status("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400);
        assert_eq!(status("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort"), 0);
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(HEAD))), 431);
        assert_eq!(status("GET / HTTP/1.1\r\n"), 0);
    }

    #[test]
    fn escapes_are_written_out_and_others_stay() {
        assert_eq!(unescaped("%C3%BC+%zz%4"), "ü %zz%4");
    }
}
