//! Against servers on this machine that play the hub and the host of its large files.

mod server;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};

use self::server::{Reply, Request, Server};
use crate::settings::{Patience, Token};
use crate::{Asked, Hub, HubError, Progress};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const ASKED: Asked<'static> =
    Asked { repository: "some/weights", revision: "main", file: "model.safetensors", sha256: None };

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * 7 + i / 251) as u8).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn hub(endpoint: &Server, cache: &Path) -> Hub {
    let patience = Patience { pause: Duration::from_millis(1), silence: Duration::from_secs(20) };
    Hub { endpoint: endpoint.address.clone(), cache: cache.into(), token: None, offline: false, patience }
}

fn fetch(hub: &Hub) -> Result<std::path::PathBuf, HubError> {
    hub.fetch(&ASKED, &|_| (), &|| false)
}

/// A hub that says what a file is and sends those who want it to `elsewhere`.
fn redirecting(announced: &[u8], elsewhere: &Server) -> Server {
    let (etag, size, at) = (sha256(announced), announced.len(), format!("{}/blob?signed=1", elsewhere.address));
    Server::new(move |request: &Request| match request.path.as_str() {
        // A repository that was renamed.
        "/some/weights/resolve/main/model.safetensors" => {
            Reply::of(307).with("Location", "/other/weights/resolve/main/model.safetensors")
        }
        "/other/weights/resolve/main/model.safetensors" => Reply::of(302)
            .with("X-Repo-Commit", COMMIT)
            .with("ETag", "\"of-the-pointer\"")
            .with("X-Linked-Etag", format!("\"{etag}\""))
            .with("X-Linked-Size", size.to_string())
            .with("Location", at.clone()),
        _ => Reply::of(404),
    })
}

#[test]
fn a_file_is_fetched_once_into_the_cache_of_huggingface_hub() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(300_000);
    let sent = file.clone();
    let elsewhere = Server::new(move |request| Reply::file(&sent, request));
    let endpoint = redirecting(&file, &elsewhere);
    let mut hub = hub(&endpoint, cache.path());
    hub.token = Some(Token { text: "hf_secret".into(), place: "`HF_TOKEN`".into() });
    let told = std::sync::Mutex::new(Vec::new());
    let path = hub.fetch(&ASKED, &|progress| told.lock().unwrap().push(progress), &|| false).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), file);
    let folder = cache.path().join("models--some--weights");
    assert_eq!(path, folder.join("snapshots").join(COMMIT).join("model.safetensors"));
    assert_eq!(std::fs::read_to_string(folder.join("refs/main")).unwrap(), COMMIT);
    assert_eq!(std::fs::read(folder.join("blobs").join(sha256(&file))).unwrap(), file);
    assert_eq!(std::fs::read_dir(folder.join("blobs")).unwrap().count(), 1);
    let told = told.into_inner().unwrap();
    assert_eq!(told.first(), Some(&Progress { done: 0, total: Some(300_000) }));
    assert_eq!(told.last(), Some(&Progress { done: 300_000, total: Some(300_000) }));

    // The token is the hub's, and not for where it sends us.
    assert!(endpoint.asked().iter().all(|request| request.header("authorization") == Some("Bearer hf_secret")));
    assert!(elsewhere.asked().iter().all(|request| request.header("authorization").is_none()));

    // A second time nobody is asked, with or without a way out.
    let before = endpoint.asked().len();
    assert_eq!(fetch(&hub).unwrap(), path);
    hub.offline = true;
    assert_eq!(fetch(&hub).unwrap(), path);
    assert_eq!((endpoint.asked().len(), elsewhere.count("GET")), (before, 1));
    let other = Asked { file: "other", ..ASKED };
    let error = hub.fetch(&other, &|_| (), &|| false).unwrap_err();
    assert!(error.is_about_the_way() && error.to_string().contains("HF_HUB_OFFLINE"), "{error}");
}

#[test]
fn a_download_that_breaks_goes_on_where_it_was() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(90_000);
    let sent = file.clone();
    let elsewhere = Server::new(move |request| Reply { cut: Some(40_000), ..Reply::file(&sent, request) });
    let endpoint = redirecting(&file, &elsewhere);
    let path = fetch(&hub(&endpoint, cache.path())).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), file);
    let starts: Vec<usize> = elsewhere.asked().iter().map(Request::from).collect();
    assert_eq!(starts.len(), 3, "{starts:?}");
    assert!(starts.is_sorted() && starts[0] == 0 && starts[1] > 0, "{starts:?}");
}

#[test]
fn what_never_arrives_is_told_and_what_has_arrived_is_kept() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(50_000);
    let sent = file.clone();
    let open = Arc::new(AtomicUsize::new(0));
    let gate = open.clone();
    let elsewhere = Server::new(move |request| match (gate.load(Ordering::SeqCst), request.from()) {
        (0, 0) => Reply { cut: Some(30_000), ..Reply::file(&sent, request) },
        (0, _) => Reply::of(503),
        _ => Reply::file(&sent, request),
    });
    let endpoint = redirecting(&file, &elsewhere);
    let hub = hub(&endpoint, cache.path());
    let error = fetch(&hub).unwrap_err();
    assert!(error.is_about_the_way() && error.to_string().contains("503"), "{error}");
    assert_eq!(hub.cached(&ASKED), None);
    open.store(1, Ordering::SeqCst);
    assert_eq!(std::fs::read(fetch(&hub).unwrap()).unwrap(), file);
    assert!(elsewhere.asked().last().unwrap().from() > 0);
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(60_000);
    let sent = file.clone();
    let times = AtomicUsize::new(0);
    let elsewhere = Server::new(move |_| {
        let cut = (times.fetch_add(1, Ordering::SeqCst) == 0).then_some(20_000);
        Reply { status: 200, body: sent.clone(), cut, ..Reply::default() }
    });
    let endpoint = redirecting(&file, &elsewhere);
    assert_eq!(std::fs::read(fetch(&hub(&endpoint, cache.path())).unwrap()).unwrap(), file);
}

#[test]
fn bytes_that_are_not_the_announced_ones_are_thrown_away() {
    let cache = tempfile::tempdir().unwrap();
    let (file, mut sent) = (bytes(10_000), bytes(10_000));
    sent[5_000] ^= 1;
    let elsewhere = Server::new(move |request| Reply::file(&sent, request));
    let endpoint = redirecting(&file, &elsewhere);
    let hub = hub(&endpoint, cache.path());
    let error = fetch(&hub).unwrap_err().to_string();
    assert!(error.contains(&sha256(&file)) && error.contains("thrown away"), "{error}");
    assert_eq!((hub.cached(&ASKED), elsewhere.count("GET")), (None, 1));
    let blobs = cache.path().join("models--some--weights/blobs");
    assert_eq!(std::fs::read_dir(blobs).unwrap().count(), 0);
}

#[test]
fn what_somebody_else_has_left_of_a_file_may_be_wrong() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(10_000);
    let sent = file.clone();
    let elsewhere = Server::new(move |request| Reply::file(&sent, request));
    let endpoint = redirecting(&file, &elsewhere);
    let blobs = cache.path().join("models--some--weights/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    for left in [vec![9; 4_000], vec![9; 10_000], vec![9; 20_000]] {
        std::fs::write(blobs.join(format!("{}.incomplete", sha256(&file))), left).unwrap();
        assert_eq!(std::fs::read(fetch(&hub(&endpoint, cache.path())).unwrap()).unwrap(), file);
        std::fs::remove_dir_all(cache.path().join("models--some--weights/snapshots")).unwrap();
        std::fs::remove_file(blobs.join(sha256(&file))).unwrap();
    }
}

#[test]
fn a_file_that_is_known_beforehand_must_be_that_one() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(1000);
    let sent = file.clone();
    // A small file stands in the repository itself, under another kind of name.
    let endpoint = Server::new(move |_| {
        Reply { status: 200, body: sent.clone(), ..Reply::default() }
            .with("X-Repo-Commit", COMMIT)
            .with("ETag", "\"a1b2c3d4e5\"")
    });
    let hub = hub(&endpoint, cache.path());
    let wrong = "0".repeat(64);
    let error = hub.fetch(&Asked { sha256: Some(&wrong), ..ASKED }, &|_| (), &|| false).unwrap_err().to_string();
    assert!(error.contains(&sha256(&file)) && error.contains(&wrong), "{error}");
    let right = sha256(&file);
    let path = hub.fetch(&Asked { sha256: Some(&right), ..ASKED }, &|_| (), &|| false).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), file);
}

#[test]
fn refusals_name_the_way_out() {
    let cache = tempfile::tempdir().unwrap();
    let say = |answer: fn() -> Reply, token: Option<&str>| {
        let endpoint = Server::new(move |_| answer());
        let mut hub = hub(&endpoint, cache.path());
        hub.token = token.map(|text| Token { text: text.into(), place: "`HF_TOKEN`".into() });
        (fetch(&hub).unwrap_err().to_string(), endpoint.asked().len())
    };
    let gated = || Reply::of(401).with("X-Error-Code", "GatedRepo").with("X-Error-Message", "Access is restricted");
    let (error, asked) = say(gated, None);
    assert!(error.contains("gated:") && error.contains("/some/weights") && error.contains("HF_TOKEN"), "{error}");
    assert_eq!(asked, 1);
    let (error, _) = say(gated, Some("hf_x"));
    assert!(error.contains("your token does not open it") && !error.contains("hf_x"), "{error}");
    let (error, _) =
        say(|| Reply::of(401).with("X-Error-Message", "Invalid credentials in Authorization header"), Some("hf_x"));
    assert!(error.contains("does not know the token in `HF_TOKEN`"), "{error}");
    let (error, _) =
        say(|| Reply::of(404).with("X-Error-Code", "EntryNotFound").with("X-Error-Message", "Entry not found"), None);
    assert!(error.contains("`model.safetensors`") && error.contains("Entry not found"), "{error}");
    let (error, asked) = say(|| Reply::of(500), None);
    assert!(error.contains("500") && asked == 5, "{error}");
    let (error, _) = say(|| Reply::of(200), None);
    assert!(error.contains("HF_ENDPOINT"), "{error}");
    let (error, _) = say(
        || {
            Reply::of(302)
                .with("X-Repo-Commit", COMMIT)
                .with("X-Linked-Etag", "\"../../../etc/passwd\"")
                .with("Location", "/elsewhere")
        },
        None,
    );
    assert!(error.contains("HF_ENDPOINT"), "{error}");
    let nobody = Hub { endpoint: "http://127.0.0.1:9".into(), ..hub(&Server::new(|_| Reply::of(200)), cache.path()) };
    let error = fetch(&nobody).unwrap_err();
    assert!(error.is_about_the_way() && error.to_string().contains("127.0.0.1:9 cannot be reached"), "{error}");
}

#[test]
fn who_asks_to_stop_is_obeyed_and_loses_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(80_000);
    let sent = file.clone();
    let silent = Arc::new(AtomicUsize::new(1));
    let quiet = silent.clone();
    let elsewhere = Server::new(move |request| {
        let silent = quiet.load(Ordering::SeqCst) == 1 && request.from() > 0;
        Reply {
            silent,
            cut: silent.then_some(0).or((request.from() == 0).then_some(30_000)),
            ..Reply::file(&sent, request)
        }
    });
    let endpoint = redirecting(&file, &elsewhere);
    let hub = hub(&endpoint, cache.path());
    // Once the second request is silent.
    let stop = || elsewhere.count("GET") > 1;
    assert!(matches!(hub.fetch(&ASKED, &|_| (), &stop), Err(HubError::Interrupted)));
    silent.store(0, Ordering::SeqCst);
    assert_eq!(std::fs::read(fetch(&hub).unwrap()).unwrap(), file);
    assert!(elsewhere.asked().last().unwrap().from() > 0);
}

#[test]
fn two_who_want_the_same_file_fetch_it_once() {
    let cache = tempfile::tempdir().unwrap();
    let file = bytes(200_000);
    let sent = file.clone();
    let elsewhere = Server::new(move |request| {
        // Long enough for the other to come and find the lock.
        std::thread::sleep(Duration::from_millis(300));
        Reply::file(&sent, request)
    });
    let endpoint = redirecting(&file, &elsewhere);
    let hub = hub(&endpoint, cache.path());
    let paths: Vec<_> = std::thread::scope(|scope| {
        let both: Vec<_> = (0..2).map(|_| scope.spawn(|| fetch(&hub).unwrap())).collect();
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(paths[0], paths[1]);
    assert_eq!((std::fs::read(&paths[0]).unwrap(), elsewhere.count("GET")), (file, 1));
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = bytes(100);
    let sent = file.clone();
    let elsewhere = Server::new(move |request| Reply::file(&sent, request));
    let endpoint = redirecting(&file, &elsewhere);
    let cache = folder.path().join("cache");
    std::fs::write(&cache, "a file where a folder belongs").unwrap();
    let error = fetch(&hub(&endpoint, &cache)).unwrap_err().to_string();
    assert!(error.contains("cache") && error.contains("cannot be made"), "{error}");
}
