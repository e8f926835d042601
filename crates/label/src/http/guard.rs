//! Who may ask. A page of somebody else that runs in the same browser must neither see the images nor change a label: not by a form,
//! not by an address of its own that it lets point here (DNS rebinding), not by embedding.

use std::net::IpAddr;

use super::request::{Method, Request};
use super::response::Response;
use super::token::Token;

/// What a request is held against.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    token: Token,
    port: u16,
    /// Where it listens, where that is not this machine alone.
    open_at: Option<IpAddr>,
}

impl Guard {
    /// For a server at this port; `open_at` where it listens to other machines.
    pub(crate) fn new(token: Token, port: u16, open_at: Option<IpAddr>) -> Self {
        Self { token, port, open_at }
    }

    /// The cookie's name: servers at several ports of one machine share its cookies.
    pub(crate) fn cookie(&self) -> String {
        format!("foretask-{}", self.port)
    }

    /// The secret.
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Why a request is refused, if it is.
    pub(crate) fn refuses(&self, request: &Request) -> Option<Response> {
        let host = request.header("host").unwrap_or_default();
        if !self.knows(host) {
            return Some(Response::error(403, "this address is not the page's own; use the one that foretask printed"));
        }
        let own = format!("http://{host}");
        let origin = request.header("origin");
        let foreign = origin.is_some_and(|origin| !origin.eq_ignore_ascii_case(&own));
        let elsewhere = request.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
        // Following the printed address from another program is no request of another page.
        let navigation = request.method == Method::Get && request.path == "/";
        if foreign || (elsewhere && !navigation) {
            return Some(Response::error(403, "another page asked for this"));
        }
        if request.method == Method::Post {
            if origin.is_none() {
                return Some(Response::error(
                    403,
                    "a request that changes something has to say which page it comes from",
                ));
            }
            if request.header("content-type").is_none_or(|kind| !kind.starts_with("application/json")) {
                return Some(Response::error(415, "a request that changes something is JSON"));
            }
        }
        let known = request.cookie(&self.cookie()).is_some_and(|guess| self.token.is(guess));
        let told = navigation && request.query.get("token").is_some_and(|guess| self.token.is(guess));
        (!known && !told)
            .then(|| Response::error(403, "open the page by the whole address that foretask printed, with its token"))
    }

    /// Whether a `Host` header names this server: a name of this machine, or the address it listens at. A name that somebody else
    /// lets point here is none, since numbers cannot be made to point elsewhere.
    fn knows(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
            _ => (host, "80"),
        };
        if port != self.port.to_string() {
            return false;
        }
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let Ok(address) = bare.parse::<IpAddr>() else { return false };
        match self.open_at {
            None => address.is_loopback(),
            Some(at) => address.is_loopback() || at.is_unspecified() || at == address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(guard: &Guard, head: &str) -> u16 {
        let text = format!("{}\r\n\r\n", head.replace('\n', "\r\n").replace("TOKEN", guard.token.digits()));
        let request = Request::read(&mut text.as_bytes()).unwrap_or_else(|_| panic!("{head}"));
        guard.refuses(&request).map_or(200, |response| response.status)
    }

    #[test]
    fn only_the_page_itself_is_answered() {
        let guard = Guard::new(Token::new().unwrap(), 8123, None);
        let get = |path: &str, rest: &str| status(&guard, &format!("GET {path} HTTP/1.1\n{rest}"));
        let cookie = "Cookie: foretask-8123=TOKEN";
        assert_eq!(get("/?token=TOKEN", "Host: 127.0.0.1:8123"), 200);
        assert_eq!(get("/api/state", &format!("Host: localhost:8123\n{cookie}")), 200);
        assert_eq!(get("/", &format!("Host: [::1]:8123\n{cookie}")), 200);
        // Without the secret, with a wrong one, with one of another server; the token opens the page only.
        assert_eq!(get("/", "Host: 127.0.0.1:8123"), 403);
        assert_eq!(get("/?token=00000000000000000000000000000000", "Host: 127.0.0.1:8123"), 403);
        assert_eq!(get("/", "Host: 127.0.0.1:8123\nCookie: foretask-8124=TOKEN"), 403);
        assert_eq!(get("/api/state?token=TOKEN", "Host: 127.0.0.1:8123"), 403);
        // A name that was made to point here, another port, no name at all.
        for host in
            ["evil.example:8123", "127.0.0.1:80", "127.0.0.1", "localhost.evil.example:8123", "10.0.0.5:8123", ""]
        {
            assert_eq!(get("/", &format!("Host: {host}\n{cookie}")), 403, "{host}");
        }
        assert_eq!(get("/", cookie), 403);
        // Another page's script or picture, though the browser would send the cookie.
        assert_eq!(get("/api/state", &format!("Host: localhost:8123\n{cookie}\nOrigin: http://evil.example")), 403);
        assert_eq!(get("/image/1", &format!("Host: localhost:8123\n{cookie}\nSec-Fetch-Site: cross-site")), 403);
        assert_eq!(get("/?token=TOKEN", "Host: localhost:8123\nSec-Fetch-Site: cross-site"), 200);
    }

    #[test]
    fn changes_need_their_origin_and_json() {
        let guard = Guard::new(Token::new().unwrap(), 8123, None);
        let post = |rest: &str| {
            let head = "POST /api/act HTTP/1.1\nHost: 127.0.0.1:8123\nCookie: foretask-8123=TOKEN\n";
            status(&guard, &format!("{head}{rest}"))
        };
        let json = "Content-Type: application/json";
        assert_eq!(post(&format!("{json}\nOrigin: http://127.0.0.1:8123")), 200);
        assert_eq!(post(json), 403);
        assert_eq!(post(&format!("{json}\nOrigin: null")), 403);
        assert_eq!(post(&format!("{json}\nOrigin: http://127.0.0.1:9999")), 403);
        assert_eq!(post("Content-Type: text/plain\nOrigin: http://127.0.0.1:8123"), 415);
    }

    #[test]
    fn a_server_that_is_open_to_others_is_known_by_its_address_only() {
        let at = |host: &str, open: &str| {
            let guard = Guard::new(Token::new().unwrap(), 80, Some(open.parse().unwrap()));
            status(&guard, &format!("GET /?token=TOKEN HTTP/1.1\nHost: {host}"))
        };
        assert_eq!(at("192.168.1.7", "192.168.1.7"), 200);
        assert_eq!(at("192.168.1.8", "192.168.1.7"), 403);
        assert_eq!(at("192.168.1.8:80", "0.0.0.0"), 200);
        assert_eq!(at("my-machine", "0.0.0.0"), 403);
    }
}
