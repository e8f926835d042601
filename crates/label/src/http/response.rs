//! Answers, each with the headers that keep the page to itself.

use std::io::{self, Write};

use serde::Serialize;

/// Nothing from elsewhere, nothing inline, no frame around the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A document that brings its own styles and scripts, such as a report: an origin of its own, from which nothing can be asked.
const DOCUMENT: &str = "sandbox allow-scripts allow-popups; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                        img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    /// The status.
    pub(crate) status: u16,
    kind: &'static str,
    cookie: Option<String>,
    cached: bool,
    policy: &'static str,
    body: Vec<u8>,
}

impl Response {
    /// Bytes of a kind such as `image/jpeg`.
    pub(crate) fn of(kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, kind, cookie: None, cached: false, policy: POLICY, body: body.into() }
    }

    /// A document of its own.
    pub(crate) fn document(body: impl Into<Vec<u8>>) -> Self {
        Self { policy: DOCUMENT, ..Self::of("text/html; charset=utf-8", body) }
    }

    /// Anything as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::of("application/json", body),
            Err(error) => Self::error(500, &error.to_string()),
        }
    }

    /// What is wrong, as the page shows it.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self { status, ..Self::json(&serde_json::json!({ "error": message })) }
    }

    /// The same with a cookie that no script can read and no other site's request brings.
    #[must_use]
    pub(crate) fn with_cookie(self, name: &str, value: &str) -> Self {
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000");
        Self { cookie: Some(cookie), ..self }
    }

    /// The same, which the browser may keep: pictures do not change while they are looked at.
    #[must_use]
    pub(crate) fn cached(self) -> Self {
        Self { cached: true, ..self }
    }

    pub(super) fn write(&self, stream: &mut impl Write, keep: bool) -> io::Result<()> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            _ => "Other",
        };
        let mut head = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\nContent-Security-Policy: {}\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\nX-Frame-Options: DENY\r\nCache-Control: {}\r\nConnection: {}\r\n",
            self.status,
            self.kind,
            self.body.len(),
            self.policy,
            if self.cached { "private, max-age=3600" } else { "no-store" },
            if keep { "keep-alive" } else { "close" },
        );
        if let Some(cookie) = &self.cookie {
            head.push_str("Set-Cookie: ");
            head.push_str(cookie);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        // One write: a small answer is one packet.
        let mut whole = head.into_bytes();
        whole.extend_from_slice(&self.body);
        stream.write_all(&whole)?;
        stream.flush()
    }
}
