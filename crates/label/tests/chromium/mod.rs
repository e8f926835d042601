//! A headless Chromium that is spoken to over two pipes (its protocol for developers): real keys, real clicks, its console.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    number: u64,
    session: String,
    /// What the console said, and errors that nobody caught.
    pub(crate) console: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Browser {
    /// `None` where no browser is installed.
    pub(crate) fn start() -> Option<Self> {
        let found = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
        let name = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(found)?;
        let folder = tempfile::tempdir().unwrap();
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        for pipe in [&to, &from] {
            assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        }
        let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars \
                     --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe";
        let line = format!("exec {name} {flags} --user-data-dir=\"$1\" about:blank 3<\"$2\" 4>\"$3\"");
        let profile = folder.path().join("profile");
        let child = Command::new("sh")
            .args(["-c", &line, "sh"])
            .args([&profile, &to, &from])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // In the order in which the shell opens them.
        let to = File::options().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let (session, console) = (String::new(), Vec::new());
        Some(Self { child, to, from, number: 0, session, console, _folder: folder })
    }

    /// A new tab at an address, which the following calls are about; its name, to come back to it.
    pub(crate) fn open(&mut self, address: &str, size: (u32, u32)) -> String {
        self.session.clear();
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = self.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        attached["sessionId"].as_str().unwrap().clone_into(&mut self.session);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            self.call(domain, json!({}));
        }
        let (width, height) = size;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        self.call("Page.navigate", json!({ "url": address }));
        self.until("document.body?.dataset.ready === 'yes'");
        self.session.clone()
    }

    /// The following calls are about this tab.
    pub(crate) fn turn_to(&mut self, tab: &str) {
        tab.clone_into(&mut self.session);
        self.call("Page.bringToFront", json!({}));
    }

    /// What an expression comes to.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let told = self
            .call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }));
        assert!(told.get("exceptionDetails").is_none(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.eval(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&mut self, expression: &str) {
        let begun = Instant::now();
        let params = json!({ "expression": format!("Boolean({expression})"), "returnByValue": true });
        loop {
            // Between two pages there is nothing that could be asked.
            let told = self.try_call("Runtime.evaluate", params.clone());
            if told.is_ok_and(|told| told["result"]["value"] == true) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "never true: {expression}; console: {:?}", self.console);
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses a key; `modifiers`: 2 for Ctrl, 8 for Shift.
    pub(crate) fn key(&mut self, key: &str, modifiers: u8) {
        let text = if key.chars().count() == 1 && modifiers & 2 == 0 { Some(key) } else { None };
        let text = if key == "Enter" { Some("\r") } else { text };
        let down = json!({ "type": "keyDown", "key": key, "text": text, "modifiers": modifiers });
        let mut down = down;
        if text.is_none() {
            down.as_object_mut().unwrap().remove("text");
        }
        self.call("Input.dispatchKeyEvent", down);
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "modifiers": modifiers }));
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses the mouse at the first point and lets go at the last.
    pub(crate) fn drag(&mut self, points: &[(f64, f64)]) {
        for (at, (x, y)) in points.iter().enumerate() {
            if at == 0 {
                self.mouse("mousePressed", *x, *y);
            }
            self.mouse("mouseMoved", *x, *y);
        }
        let (x, y) = points[points.len() - 1];
        self.mouse("mouseReleased", x, y);
    }

    fn mouse(&mut self, kind: &str, x: f64, y: f64) {
        let held = u8::from(kind != "mouseReleased");
        let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": held, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Clicks the middle of an element.
    pub(crate) fn click(&mut self, selector: &str) {
        let quoted = Value::from(selector).to_string();
        self.until(&format!("document.querySelector({quoted})"));
        let middle = format!(
            "(() => {{ const box = document.querySelector({quoted}).getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let at = self.eval(&middle);
        let (x, y) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
        self.drag(&[(x, y)]);
    }

    /// A PNG of what is in sight.
    pub(crate) fn picture(&mut self, path: &Path) {
        let told = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let text = told["data"].as_str().unwrap();
        std::fs::write(path, from_base64(text)).unwrap();
    }

    /// As [`try_call`](Self::try_call), of what cannot fail.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.try_call(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Sends a command and waits for its answer; what the console says meanwhile is kept.
    fn try_call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = Value::from(self.session.as_str());
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).unwrap();
            bytes.pop();
            assert!(!bytes.is_empty(), "the browser has ended");
            let told: Value = serde_json::from_slice(&bytes).unwrap();
            if told["id"] == self.number {
                return told.get("error").map_or_else(|| Ok(told["result"].clone()), |error| Err(error.clone()));
            }
            self.hear(&told);
        }
    }

    fn hear(&mut self, told: &Value) {
        let params = &told["params"];
        match told["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" => self.console.push(params["args"].to_string()),
            "Runtime.exceptionThrown" => self.console.push(params["exceptionDetails"].to_string()),
            "Log.entryAdded" => self.console.push(params["entry"].to_string()),
            _ => {}
        }
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes() {
        let Some(digit) = DIGITS.iter().position(|digit| *digit == byte) else { break };
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}
