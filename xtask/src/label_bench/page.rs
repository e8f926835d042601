//! The labeling page as a program sees it: a process, its address, requests over one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// A server that was started here, and is ended with this.
pub(super) struct Page {
    child: Child,
    host: String,
    token: String,
    /// From the start of the process to its address.
    pub(super) started_in: Duration,
}

impl Drop for Page {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Page {
    /// Serves images; `labels` is the labels file.
    pub(super) fn start(program: &Path, images: &Path, labels: &Path, more: &[&str]) -> Result<Self> {
        let begun = Instant::now();
        let mut child = Command::new(program)
            .args(["label", "--no-open", "--name", "bench"])
            .arg(images)
            .arg("-o")
            .arg(labels)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let out = child.stdout.take().context("no output of the server")?;
        let mut lines = BufReader::new(out).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let rest = line.trim().strip_prefix("http://")?.to_owned();
            rest.split_once("/?token=").map(|(host, token)| (host.to_owned(), token.to_owned()))
        });
        let Some((host, token)) = address else {
            child.kill().ok();
            bail!("the server gave no address");
        };
        let started_in = begun.elapsed();
        // What it says further is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, host, token, started_in })
    }

    /// A connection of its own.
    pub(super) fn talk(&self) -> Result<Talk> {
        let stream = TcpStream::connect(&self.host)?;
        stream.set_nodelay(true)?;
        Ok(Talk { stream: BufReader::new(stream), host: self.host.clone(), token: self.token.clone() })
    }

    /// Resident memory now, in bytes.
    pub(super) fn memory(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
    }
}

/// A connection that is kept open, as a browser does.
pub(super) struct Talk {
    stream: BufReader<TcpStream>,
    host: String,
    token: String,
}

impl Talk {
    fn cookie(&self) -> String {
        let port = self.host.rsplit(':').next().unwrap_or_default();
        format!("Cookie: foretask-{port}={}", self.token)
    }

    /// The body of what a path leads to.
    pub(super) fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{}\r\n\r\n", self.host, self.cookie());
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.answer()
    }

    /// The same as JSON.
    pub(super) fn json(&mut self, path: &str) -> Result<Value> {
        Ok(serde_json::from_slice(&self.get(path)?)?)
    }

    /// Does something.
    pub(super) fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\n{1}\r\nContent-Type: application/json\r\nContent-Length: {2}\r\n\r\n{body}",
            self.host,
            self.cookie(),
            body.len()
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        Ok(serde_json::from_slice(&self.answer()?)?)
    }

    fn answer(&mut self) -> Result<Vec<u8>> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            ensure!(self.stream.read_line(&mut line)? > 0, "the server broke off");
            let Some((name, value)) = line.trim().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        ensure!(status == "200", "status {status}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }
}
