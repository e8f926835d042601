//! A server on this machine that plays the hub, or the host that the hub redirects to.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first byte that is asked for.
    pub(super) fn from(&self) -> usize {
        self.header("range").map_or(0, |range| range["bytes=".len()..range.len() - 1].parse().unwrap())
    }
}

/// What is answered.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// The line is cut after so many bytes of the body.
    pub(super) cut: Option<usize>,
    /// Nothing is said, and the line stays open.
    pub(super) silent: bool,
}

impl Reply {
    pub(super) fn of(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A file from the byte that was asked for on.
    pub(super) fn file(bytes: &[u8], request: &Request) -> Self {
        match request.from() {
            0 => Self { status: 200, body: bytes.to_vec(), ..Self::default() },
            from if from >= bytes.len() => Self::of(416),
            from => Self { status: 206, body: bytes[from..].to_vec(), ..Self::default() }
                .with("Content-Range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())),
        }
    }
}

pub(super) struct Server {
    pub(super) address: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers until the process ends.
    pub(super) fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, known) = (Arc::new(answer), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, known) = (answer.clone(), known.clone());
                std::thread::spawn(move || converse(stream.unwrap(), &*answer, &known));
            }
        });
        Self { address, asked }
    }

    pub(super) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn count(&self, method: &str) -> usize {
        self.asked().iter().filter(|request| request.method == method).count()
    }
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Reply, known: &Mutex<Vec<Request>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let headers = lines.by_ref().take_while(|line| !line.is_empty());
        let headers = headers
            .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())));
        let request = Request { method, path, headers: headers.collect() };
        known.lock().unwrap().push(request.clone());
        let reply = answer(&request);
        if reply.silent {
            std::thread::sleep(std::time::Duration::from_mins(1));
            return;
        }
        let mut head = format!("HTTP/1.1 {} x\r\n", reply.status);
        if !reply.headers.iter().any(|(name, _)| *name == "Content-Length") {
            write!(head, "Content-Length: {}\r\n", reply.body.len()).unwrap();
        }
        for (name, value) in &reply.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head += "\r\n";
        let body = if request.method == "HEAD" { &[][..] } else { &reply.body };
        let cut = reply.cut.filter(|cut| *cut < body.len());
        if stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(&body[..cut.unwrap_or(body.len())]))
            .is_err()
            || cut.is_some()
        {
            return;
        }
    }
}
