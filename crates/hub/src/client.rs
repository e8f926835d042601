//! Requests: who is asked, with which rights, and what an answer means.

use std::pin::pin;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderMap, LOCATION, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode, Url};

use crate::asked::Asked;
use crate::cache::{etag_of, is_commit};
use crate::error::HubError;
use crate::settings::Hub;

/// The hub itself redirects once or twice.
const MOST_REDIRECTS: usize = 8;
/// How often it is asked whether to stop.
const GLANCE: Duration = Duration::from_millis(250);
const CONNECT: Duration = Duration::from_secs(15);

/// What the hub says of a file.
#[derive(Debug)]
pub(crate) struct Described {
    /// Names its contents.
    pub(crate) etag: String,
    pub(crate) commit: String,
    pub(crate) bytes: Option<u64>,
    /// Where its bytes are.
    pub(crate) at: Url,
}

/// Why a try came to nothing.
pub(crate) enum Failure {
    /// A further one may succeed.
    Passing(HubError),
    Final(HubError),
}

pub(crate) struct Client<'a> {
    hub: &'a Hub,
    http: reqwest::Client,
    pub(crate) stop: &'a dyn Fn() -> bool,
}

impl<'a> Client<'a> {
    pub(crate) fn new(hub: &'a Hub, stop: &'a dyn Fn() -> bool) -> Result<Self, HubError> {
        let agent = concat!("foretask/", env!("CARGO_PKG_VERSION"));
        let http = reqwest::Client::builder().user_agent(agent).redirect(Policy::none()).connect_timeout(CONNECT);
        let http = http.build().map_err(|error| unreachable(&hub.endpoint, &error))?;
        Ok(Self { hub, http, stop })
    }

    /// Where a file's bytes are, and what they will be.
    pub(crate) async fn describe(&self, asked: &Asked<'_>) -> Result<Described, Failure> {
        let address = self.hub.address(asked.repository, asked.revision, asked.file);
        let mut at = Url::parse(&address).map_err(|error| {
            let reason = format!("makes the address {address}, which is none ({error})");
            Failure::Final(HubError::Variable { variable: "HF_ENDPOINT", reason })
        })?;
        let (mut commit, mut etag, mut bytes) = (None, None, None);
        for _ in 0..MOST_REDIRECTS {
            let answer = self.send(Method::HEAD, &at, None).await?;
            let (status, headers) = (answer.status(), answer.headers());
            if status.is_client_error() || status.is_server_error() {
                return Err(self.refusal(asked, &at, &answer));
            }
            let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
            commit = commit.or_else(|| text("x-repo-commit").filter(|text| is_commit(text)).map(str::to_owned));
            etag = etag.or_else(|| text("x-linked-etag").and_then(etag_of));
            bytes = bytes.or_else(|| text("x-linked-size").and_then(|text| text.parse().ok()));
            if !status.is_redirection() {
                etag = etag.or_else(|| text(ETAG.as_str()).and_then(etag_of));
                bytes = bytes.or_else(|| text(CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok()));
            }
            let next = redirect(&at, headers);
            if let (true, Some(next)) = (status.is_redirection(), &next) {
                require_safe(&at, next)?;
                at.clone_from(next);
            }
            if let (Some(commit), Some(etag)) = (&commit, &etag) {
                return Ok(Described { etag: etag.clone(), commit: commit.clone(), bytes, at });
            }
            if !status.is_redirection() || next.is_none() {
                break;
            }
        }
        let reason = "it does not say which commit and contents it has; is `HF_ENDPOINT` a hub?".to_owned();
        Err(Failure::Final(HubError::Unreachable { host: host(&at), reason }))
    }

    /// A file's bytes from number `from` on, or from the beginning where the server will have it so.
    pub(crate) async fn body(&self, asked: &Asked<'_>, at: &Url, from: u64) -> Result<Response, Failure> {
        let mut at = at.clone();
        for _ in 0..MOST_REDIRECTS {
            let answer = self.send(Method::GET, &at, (from > 0).then_some(from)).await?;
            let status = answer.status();
            if status == StatusCode::RANGE_NOT_SATISFIABLE || status.is_success() {
                return Ok(answer);
            }
            match redirect(&at, answer.headers()).filter(|_| status.is_redirection()) {
                Some(next) => {
                    require_safe(&at, &next)?;
                    at = next;
                }
                None => return Err(self.refusal(asked, &at, &answer)),
            }
        }
        let reason = format!("it redirects more than {MOST_REDIRECTS} times");
        Err(Failure::Final(HubError::Unreachable { host: host(&at), reason }))
    }

    async fn send(&self, method: Method, at: &Url, from: Option<u64>) -> Result<Response, Failure> {
        let mut request = self.http.request(method, at.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(token) = self.hub.token.as_ref().filter(|_| self.is_endpoint(at)) {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.text));
        }
        if let Some(from) = from {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let answer = self.patiently(request.send()).await?;
        answer.map_err(|error| Failure::Passing(unreachable(&host(at), &error)))
    }

    /// Waits for something that may be silent for a while, and no longer than somebody wants to.
    pub(crate) async fn patiently<T>(&self, what: impl Future<Output = T>) -> Result<T, Failure> {
        let begin = Instant::now();
        let mut what = pin!(what);
        loop {
            if (self.stop)() {
                return Err(Failure::Final(HubError::Interrupted));
            }
            if let Ok(done) = tokio::time::timeout(GLANCE, what.as_mut()).await {
                return Ok(done);
            }
            if begin.elapsed() >= self.hub.patience.silence {
                let reason = format!("no answer for {} s", self.hub.patience.silence.as_secs());
                return Err(Failure::Passing(HubError::Unreachable { host: self.hub.endpoint.clone(), reason }));
            }
        }
    }

    /// A token is for the endpoint, not for where it sends us.
    fn is_endpoint(&self, at: &Url) -> bool {
        Url::parse(&self.hub.endpoint).is_ok_and(|own| own.origin() == at.origin())
    }

    fn refusal(&self, asked: &Asked<'_>, at: &Url, answer: &Response) -> Failure {
        let status = answer.status();
        let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let (code, message) = (text("x-error-code"), text("x-error-message"));
        let said = message.map(shortened);
        let repository = asked.repository.to_owned();
        if code == Some("GatedRepo") {
            let (page, token) = (self.hub.page(asked.repository), self.hub.token.is_some());
            return Failure::Final(HubError::Gated { repository, page, token });
        }
        if let (StatusCode::UNAUTHORIZED, Some(token), Some(message)) = (status, &self.hub.token, message)
            && message.contains("Invalid credentials")
        {
            return Failure::Final(HubError::Token { place: token.place.clone() });
        }
        if status == StatusCode::NOT_FOUND || (self.is_endpoint(at) && status == StatusCode::UNAUTHORIZED) {
            let reason = said.unwrap_or_else(|| "nothing is there, or it is private".into());
            return Failure::Final(HubError::Missing { repository, file: asked.file.to_owned(), reason });
        }
        let reason = said.map_or_else(String::new, |said| format!(": {said}"));
        let refused = HubError::Refused { host: host(at), status: status.as_u16(), reason };
        // Links to where the bytes are hold for an hour; asked anew, the endpoint gives another.
        let stale = !self.is_endpoint(at) && status == StatusCode::FORBIDDEN;
        let busy = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
        if busy || stale { Failure::Passing(refused) } else { Failure::Final(refused) }
    }
}

/// What was asked for over a line that nobody reads is not fetched over another.
fn require_safe(from: &Url, to: &Url) -> Result<(), Failure> {
    let fits = to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http");
    if fits {
        return Ok(());
    }
    let reason = format!("it redirects to {}, which is not encrypted", host(to));
    Err(Failure::Final(HubError::Unreachable { host: host(from), reason }))
}

fn redirect(at: &Url, headers: &HeaderMap) -> Option<Url> {
    at.join(headers.get(LOCATION)?.to_str().ok()?).ok()
}

fn host(at: &Url) -> String {
    match (at.host_str(), at.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => at.scheme().to_owned(),
    }
}

/// What a server says goes into a sentence of ours.
fn shortened(said: &str) -> String {
    const MOST: usize = 200;
    said.chars().filter(|c| !c.is_control()).take(MOST).collect()
}

/// The innermost reason: the outer ones repeat the address.
pub(crate) fn unreachable(host: &str, error: &reqwest::Error) -> HubError {
    let mut source: &dyn std::error::Error = error;
    while let Some(deeper) = source.source() {
        source = deeper;
    }
    HubError::Unreachable { host: host.to_owned(), reason: shortened(&source.to_string()) }
}
