//! The server as a stranger meets it: over a socket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use foretask_label::{EncoderChoice, LabelRequest, Serving, label, read_labels};
use serde_json::{Value, json};

/// A folder of small gray images, one of them damaged, and a page on it.
fn serving(root: &Path) -> Serving {
    let photos = root.join("photos");
    std::fs::create_dir_all(&photos).unwrap();
    for index in 0..30_u8 {
        let mut image = b"P5\n16 16\n255\n".to_vec();
        image.extend((0..=255_u8).map(|at| if at % 16 < index % 3 * 5 { 220 } else { index }));
        std::fs::write(photos.join(format!("{index:02}.pgm")), image).unwrap();
    }
    std::fs::write(photos.join("broken.pgm"), "P5\n16 16\n255\n").unwrap();
    let request = LabelRequest {
        data: photos,
        person: "ann".to_owned(),
        port: Some(0),
        encoder: EncoderChoice::None,
        ..LabelRequest::default()
    };
    label(&request, None).unwrap()
}

/// Talks to a page.
struct Talk {
    host: String,
    token: String,
}

impl Talk {
    fn to(serving: &Serving) -> Self {
        let (host, token) = serving.address.strip_prefix("http://").unwrap().split_once("/?token=").unwrap();
        Self { host: host.to_owned(), token: token.to_owned() }
    }

    fn raw(&self, head: &str, body: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        write!(stream, "{}\r\nConnection: close\r\n\r\n{body}", head.replace('\n', "\r\n")).unwrap();
        let mut told = Vec::new();
        stream.read_to_end(&mut told).unwrap();
        let end = told.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(told[..end].to_vec()).unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head, told[end + 4..].to_vec())
    }

    fn cookie(&self) -> String {
        let port = self.host.rsplit(':').next().unwrap();
        format!("Cookie: foretask-{port}={}", self.token)
    }

    fn get(&self, path: &str) -> (u16, String, Vec<u8>) {
        self.raw(&format!("GET {path} HTTP/1.1\nHost: {}\n{}", self.host, self.cookie()), "")
    }

    fn json(&self, path: &str) -> Value {
        let (status, _, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    fn post(&self, who: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\nHost: {0}\nOrigin: http://{0}\n{1}\nContent-Type: application/json\nX-Foretask-Who: {who}\n\
             Content-Length: {2}",
            self.host,
            self.cookie(),
            body.len()
        );
        let (status, _, body) = self.raw(&head, &body);
        (status, serde_json::from_slice(&body).unwrap())
    }
}

#[test]
fn strangers_see_nothing_and_the_page_keeps_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let talk = Talk::to(&serving);
    let (status, head, body) = talk.raw(&format!("GET /?token={} HTTP/1.1\nHost: {}", talk.token, talk.host), "");
    assert_eq!(status, 200);
    assert!(String::from_utf8(body).unwrap().contains("<!doctype html>"));
    assert!(head.contains("SameSite=Strict") && head.contains("HttpOnly"), "{head}");
    assert!(
        head.contains("default-src 'none'; script-src 'self'") && head.contains("frame-ancestors 'none'"),
        "{head}"
    );
    assert!(!head.contains("unsafe") && head.contains("nosniff"), "{head}");
    for path in ["/", "/api/state", "/image/0", "/style.css", "/api/list?view=all"] {
        let (status, _, body) = talk.raw(&format!("GET {path} HTTP/1.1\nHost: {}", talk.host), "");
        let body = String::from_utf8(body).unwrap();
        assert!(status == 403 && !body.contains("photos") && !body.contains("pgm"), "{path}: {status} {body}");
        // With the cookie, but by a name that somebody else lets point here, or from another page.
        let port = talk.host.rsplit(':').next().unwrap();
        let rebound = format!("GET {path} HTTP/1.1\nHost: evil.example:{port}\n{}", talk.cookie());
        assert_eq!(talk.raw(&rebound, "").0, 403, "{path}");
        let foreign =
            format!("GET {path} HTTP/1.1\nHost: {}\n{}\nOrigin: http://evil.example", talk.host, talk.cookie());
        assert_eq!(talk.raw(&foreign, "").0, 403, "{path}");
    }
    // A form of another page: no JSON, another origin.
    let form = format!(
        "POST /api/label HTTP/1.1\nHost: {}\n{}\nOrigin: http://evil.example\nContent-Type: text/plain\nContent-Length: 2",
        talk.host,
        talk.cookie()
    );
    assert_eq!(talk.raw(&form, "{}").0, 403);
    assert_eq!(talk.json("/api/state")["labeled"], 0);
}

#[test]
fn images_come_by_row_only() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let talk = Talk::to(&serving);
    let (status, head, body) = talk.get("/image/3?side=160");
    assert!(status == 200 && head.contains("image/png"), "{head}");
    assert_eq!(&body[1..4], b"PNG");
    for path in [
        "/image/31",
        "/image/-1",
        "/image/../Cargo.toml",
        "/image/%2e%2e%2fphotos-labels.sqlite",
        "/photos/00.pgm",
        "/../../etc/passwd",
        "/api/../image/x",
        "/image/99999999999",
        "/image/",
    ] {
        assert_eq!(talk.get(path).0, 404, "{path}");
    }
    let list = talk.json("/api/list?view=all&count=500");
    let broken = list["items"].as_array().unwrap().iter().find(|item| item["name"] == "broken.pgm").unwrap();
    let (status, _, body) = talk.get(&format!("/image/{}", broken["row"]));
    assert_eq!(status, 404, "{}", String::from_utf8_lossy(&body));
}

#[test]
fn what_is_acknowledged_is_in_the_file_and_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let talk = Talk::to(&serving);
    let (status, made) = talk.post("ann", "/api/class", &json!({ "do": "add", "name": "=cat <b>" }));
    assert_eq!((status, made["saved"].as_bool()), (200, Some(true)), "{made}");
    let cat = made["id"].as_i64().unwrap();
    let said = json!({ "said": [[0, cat], [1, -1], [2, -2]] });
    let (status, told) = talk.post("ann", "/api/label", &said);
    assert_eq!((status, told["rows"].clone(), told["trouble"].is_null()), (200, json!([0, 1, 2]), true), "{told}");
    let file = read_labels(&serving.labels, 5).unwrap();
    assert_eq!((file.classes[0].1, file.unsure, file.unusable), (1, 1, 1));
    // The table follows within a moment, or at once where somebody asks for it.
    assert_eq!(talk.post("ann", "/api/table", &json!({})).1["saved"], true);
    assert_eq!(talk.json("/api/state")["table"]["holds"], true);
    let table = std::fs::read_to_string(&serving.manifest).unwrap();
    // A name that a spreadsheet would run is written as text.
    assert!(table.contains("photos/00.pgm,'=cat <b>,,ann,"), "{table}");
    assert!(
        table.contains("photos/01.pgm,,unsure,ann,") && table.contains("photos/02.pgm,,not usable,ann,"),
        "{table}"
    );

    // What cannot be is refused, and changes nothing.
    for (path, body) in [
        ("/api/label", json!({ "said": [[0, 77]] })),
        ("/api/label", json!({ "said": [[99, cat]] })),
        ("/api/label", json!({ "said": [[0, -9]] })),
        ("/api/label", json!({ "said": "all" })),
        ("/api/class", json!({ "do": "add", "name": "=CAT  <b>" })),
        ("/api/class", json!({ "do": "add", "name": "  " })),
        ("/api/nothing", json!({})),
    ] {
        let (status, told) = talk.post("ann", path, &body);
        assert!(status == 400 && told["error"].is_string(), "{path} {body}: {status} {told}");
    }
    assert_eq!(talk.post("%28dataset%29", "/api/label", &json!({ "said": [[5, cat]] })).0, 400);
    assert_eq!(talk.json("/api/state")["labeled"], 1);

    // A second opinion, and taking back: each their own.
    talk.post("b%C3%BC", "/api/label", &json!({ "said": [[0, -2]] }));
    assert_eq!(talk.json("/api/state")["disputed"], 1);
    let (_, undone) = talk.post("b%C3%BC", "/api/undo", &json!({}));
    assert_eq!(undone["done"]["rows"], json!([0]));
    let people = talk.json("/api/people");
    assert_eq!(people["people"], json!([["ann", 3]]), "{people}");
    let history = talk.json("/api/history");
    assert_eq!((history["lines"][0]["who"].clone(), history["lines"][0]["undone"].is_number()), (json!("bü"), true));
}

#[test]
fn no_image_is_handed_to_two() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let talk = Talk::to(&serving);
    let rows = |who: &str| -> Vec<u64> {
        let head = format!(
            "GET /api/list?view=next&count=12 HTTP/1.1\nHost: {}\n{}\nX-Foretask-Who: {who}",
            talk.host,
            talk.cookie()
        );
        let list: Value = serde_json::from_slice(&talk.raw(&head, "").2).unwrap();
        list["items"].as_array().unwrap().iter().map(|item| item["row"].as_u64().unwrap()).collect()
    };
    let (ann, bob) = (rows("ann"), rows("bob"));
    assert_eq!((ann.len(), bob.len()), (12, 12));
    assert!(ann.iter().all(|row| !bob.contains(row)), "{ann:?} {bob:?}");
    assert_eq!(rows("carol").len(), 31 - 24);
}

#[test]
fn lists_find_what_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let talk = Talk::to(&serving);
    let total = |query: &str| talk.json(&format!("/api/list?{query}"))["total"].as_u64().unwrap();
    assert_eq!((total("view=all"), total("view=search&q=0+PGM"), total("view=open")), (31, 12, 31));
    assert_eq!((total("view=filter&q=path+%3D+%2703.pgm%27"), total("view=labeled")), (1, 0));
    let (status, _, body) = talk.get("/api/list?view=filter&q=path+%3D");
    assert!(status == 400 && !body.is_empty());
    // Once there are features, images are suggested with a reason, and likeness can be asked for.
    let begun = std::time::Instant::now();
    while talk.json("/api/state")["rounds"] == 0 {
        assert!(begun.elapsed() < std::time::Duration::from_mins(2));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let next = talk.json("/api/list?view=next&count=5");
    assert!(next["items"][0]["reason"]["group"].as_u64().unwrap() > 0, "{next}");
    let like = talk.json("/api/list?view=like&row=0");
    assert_eq!((like["items"][0]["row"].clone(), like["total"].clone()), (json!(0), json!(30)));
    // Stripes of the same width are the most alike: rows of the same number modulo 3.
    assert!(
        like["items"].as_array().unwrap()[1..6].iter().all(|item| item["row"].as_u64().unwrap() % 3 == 0),
        "{like}"
    );
    let state = talk.json("/api/state");
    assert_eq!((state["standing"]["bad"].clone(), state["standing"]["described"].clone()), (json!(1), json!(30)));
}

#[test]
fn a_port_in_use_and_a_folder_without_images_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let port = serving.address.split(['/', ':']).nth(4).unwrap().parse().unwrap();
    let request = LabelRequest {
        data: folder.path().join("photos"),
        port: Some(port),
        person: "x".into(),
        ..LabelRequest::default()
    };
    let error = label(&request, None).unwrap_err();
    assert!(error.message.contains("in use") && error.help.unwrap().contains("--port"));
    let request = LabelRequest { port: None, ..request };
    assert!(label(&request, None).unwrap_err().message.contains("open already"));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let request = LabelRequest { data: folder.path().join("empty"), ..request };
    label(&request, None).unwrap_err();
}

#[test]
fn a_table_that_somebody_works_on_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let talk = Talk::to(&serving);
    let cat = talk.post("ann", "/api/class", &json!({ "do": "add", "name": "cat" })).1["id"].clone();
    talk.post("ann", "/api/label", &json!({ "said": [[0, cat]] }));
    assert_eq!(talk.post("ann", "/api/table", &json!({})).0, 200);
    std::fs::write(&serving.manifest, "path,label\nphotos/00.pgm,dog\n").unwrap();
    let (status, told) = talk.post("ann", "/api/label", &json!({ "said": [[1, cat]] }));
    assert_eq!((status, &told["saved"]), (200, &json!(true)));
    let (status, told) = talk.post("ann", "/api/table", &json!({}));
    assert!(status == 507 && told["error"].as_str().unwrap().contains("was changed"), "{status} {told}");
    assert!(talk.json("/api/state")["trouble"].is_string());
    assert!(std::fs::read_to_string(&serving.manifest).unwrap().contains("dog"));
    assert_eq!(read_labels(&serving.labels, 0).unwrap().classes[0].1, 2);
}
