//! `foretask label` as a process: killed in the middle, started again, refused.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foretask_tests::{Done, Place, Running};
use serde_json::{Value, json};

/// A page that is being served by a process.
struct Page {
    running: Running,
    host: String,
    token: String,
}

impl Page {
    fn open(place: &Place, more: &[&str]) -> Self {
        let arguments = ["label", "photos", "--no-open", "--name", "ann", "--encoder", "none"];
        let mut running = place.start(&[&arguments, more].concat());
        let mut address = None;
        let seen = running.until_printed(|text| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix("http://"));
            address = line.and_then(|line| line.split_once("/?token=")).map(|(a, b)| (a.to_owned(), b.to_owned()));
            address.is_some()
        });
        assert!(seen, "{}", running.finish().printed());
        let (host, token) = address.unwrap();
        Self { running, host, token }
    }

    /// The answer to a request, or nothing where the server has gone meanwhile.
    fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let body = body.to_string();
        let port = self.host.rsplit(':').next()?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: foretask-{port}={1}\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {2}\r\n\r\n{body}",
            self.host,
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.host).ok()?;
        stream.write_all(head.as_bytes()).ok()?;
        let mut told = String::new();
        stream.read_to_string(&mut told).ok()?;
        let (head, body) = told.split_once("\r\n\r\n")?;
        // Cut short by the kill: nothing was acknowledged.
        let value: Value = serde_json::from_str(body).ok()?;
        assert!(head.starts_with("HTTP/1.1 200"), "{told}");
        Some(value)
    }
}

fn photos(place: &Place) {
    for index in 0..60_u8 {
        let mut image = b"P5\n16 16\n255\n".to_vec();
        image.extend([index * 4; 256]);
        place.write(format!("photos/{index:02}.pgm"), image);
    }
}

fn labels(place: &Place) -> BTreeMap<String, String> {
    let told: Value = serde_json::from_str(&place.foretask(&["labels", "photos", "--json"]).exits(0).stdout).unwrap();
    let images = told["images"].as_array().unwrap().iter();
    images.map(|one| (one["image"].as_str().unwrap().to_owned(), one["label"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn nothing_that_was_acknowledged_is_lost_by_kills() {
    let place = Place::new();
    photos(&place);
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    let mut classes: Vec<i64> = Vec::new();
    for round in 0..6_u64 {
        let page = Page::open(&place, &[]);
        if classes.is_empty() {
            for name in ["cat", "dog"] {
                let made = page.post("/api/class", &json!({ "do": "add", "name": name })).unwrap();
                classes.push(made["id"].as_i64().unwrap());
            }
        }
        // Killed after some acts, at a moment of its own in each round, while the next ones are under way.
        let id = page.running.id();
        let count = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&count);
        let killer = std::thread::spawn(move || {
            while seen.load(Ordering::Relaxed) < 10 + 4 * round {
                std::thread::yield_now();
            }
            std::thread::sleep(std::time::Duration::from_micros(1700 * round));
            std::process::Command::new("kill").args(["-9", &id.to_string()]).status().unwrap();
        });
        for turn in 0_u64.. {
            let (row, class) = ((round * 17 + turn * 7) % 60, (turn + round) as usize % 2);
            let said = json!({ "said": [[row, classes[class]]] });
            if page.post("/api/label", &said).is_none_or(|told| told["saved"] != true) {
                // The answer is lost with the server; what was asked may or may not be done.
                acknowledged.remove(&format!("{row:02}.pgm"));
                break;
            }
            acknowledged.insert(format!("{row:02}.pgm"), ["cat", "dog"][class].to_owned());
            count.fetch_add(1, Ordering::Relaxed);
        }
        killer.join().unwrap();
        let found = labels(&place);
        for (image, label) in &acknowledged {
            assert_eq!(found.get(image), Some(label), "{image} after kill {round}");
        }
    }
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    // The next start brings the table up to date, too.
    let page = Page::open(&place, &[]);
    page.post("/api/table", &json!({})).unwrap();
    let table = std::fs::read_to_string(place.path("photos-labels.csv")).unwrap();
    assert!(acknowledged.iter().all(|(image, label)| table.contains(&format!("photos/{image},{label},"))), "{table}");
    drop(page);
    place.write(
        "s.rhai",
        "let data = dataset(\"photos\", #{ labels: \"photos-labels.csv\" }).labeled();\nprint(data.classes);\n",
    );
    place.foretask(&["run", "s.rhai"]).exits(0).says(&["cat", "dog"]);
}

#[test]
fn what_cannot_be_served_is_said() {
    let place = Place::new();
    photos(&place);
    let page = Page::open(&place, &["--classes", "cat,dog"]);
    place.foretask(&["label", "photos", "--no-open"]).exits(2).says(&["open already", "--host"]);
    let port = page.host.rsplit(':').next().unwrap();
    let other = ["label", "photos", "--no-open", "-o", "other.sqlite", "--port", port];
    place.foretask(&other).exits(2).says(&["in use", "--port"]);
    drop(page);
    place.foretask(&["label", "photos", "--no-open", "--classes", "Cat"]).exits(2).says(&["“cat”", "case"]);
    place.foretask(&["label", "nowhere", "--no-open"]).exits(2).says(&["nowhere"]);
    place.foretask(&["label", "photos", "--no-open", "-o", "no/such/x.sqlite"]).exits(2).says(&["-o"]);
    place.foretask(&["labels", "none.sqlite"]).exits(2).says(&["there is no labels file"]);
    let done: Done = place.foretask(&["labels", "photos"]).exits(0);
    done.says(&["0 images labeled", "cat", "dog"]);
    // A table that a person wrote is taken over, not written over.
    place.write("mine-labels.csv", "path,label\nphotos/03.pgm,owl\n");
    place
        .foretask(&["label", "photos", "--no-open", "-o", "mine-labels.sqlite"])
        .exits(2)
        .says(&["--labels mine-labels.csv"]);
    drop(Page::open(&place, &["-o", "third.sqlite", "--labels", "mine-labels.csv"]));
    place.foretask(&["labels", "third.sqlite"]).exits(0).says(&["owl", "(mine-labels.csv)", "import"]);
    place.foretask(&["labels", "third.sqlite", "-o", "out.jsonl"]).exits(0);
    assert!(std::fs::read_to_string(place.path("out.jsonl")).unwrap().contains("\"label\":\"owl\""));
}
