//! The page in a real browser: labels by keyboard, undo, confirm mode, a second person, the map, a phone.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chromium;

use std::path::Path;

use chromium::Browser;
use foretask_label::{EncoderChoice, LabelRequest, Serving, label, read_labels};

const EVIL: &str = "<img src=x onerror=document.title='owned'>";

/// Images of two kinds, stripes one way and the other; what they are is in the name of the file.
fn serving(root: &Path) -> Serving {
    let photos = root.join("photos");
    std::fs::create_dir_all(&photos).unwrap();
    for index in 0..120_usize {
        let up = index % 2 == 0;
        let mut image = b"P5\n24 24\n255\n".to_vec();
        image.extend((0..24 * 24).map(|at| {
            let along = if up { at % 24 } else { at / 24 };
            let tone = 40 + (index * 7 % 60) as u8;
            if (along + index) / 3 % 2 == 0 { tone } else { tone + 110 }
        }));
        let kind = if up { "up" } else { "across" };
        std::fs::write(photos.join(format!("{index:03}-{kind}{}.pgm", if index == 7 { EVIL } else { "" })), image)
            .unwrap();
    }
    // One that is there twice, and one that is black.
    std::fs::copy(photos.join("010-up.pgm"), photos.join("zz-copy-up.pgm")).unwrap();
    let black = [b"P5\n24 24\n255\n".as_slice(), &[3; 24 * 24]].concat();
    std::fs::write(photos.join("zz-black-up.pgm"), black).unwrap();
    let request = LabelRequest {
        data: photos,
        person: "ann".to_owned(),
        port: Some(0),
        encoder: EncoderChoice::None,
        ..LabelRequest::default()
    };
    label(&request, None).unwrap()
}

/// The name of the image under the cursor.
const CURRENT: &str = "document.querySelector('.tile.cursor')?.title ?? ''";

fn add_class(browser: &mut Browser, name: &str) {
    browser.key("+", 0);
    browser.until("document.querySelector('dialog.ask[open] input') === document.activeElement");
    browser.write(name);
    browser.key("Enter", 0);
    let quoted = serde_json::Value::from(name).to_string();
    browser
        .until(&format!("[...document.querySelectorAll('.class .name')].some((one) => one.textContent === {quoted})"));
    browser.until("!document.querySelector('dialog.ask')");
}

fn saved(browser: &mut Browser) {
    browser.until("document.getElementById('saved').textContent === 'Saved'");
}

/// Labels so many images by the keys of their classes; their names.
fn label_by_keys(browser: &mut Browser, count: usize) -> Vec<String> {
    let mut done = Vec::new();
    while done.len() < count {
        browser.until("document.querySelector('.tile.cursor:not(.said)')");
        let name = browser.text(CURRENT);
        assert!(!done.contains(&name), "{name} again");
        browser.key(if name.contains("up") { "1" } else { "2" }, 0);
        let quoted = serde_json::Value::from(name.as_str()).to_string();
        browser.until(&format!("{CURRENT} !== {quoted}"));
        done.push(name);
    }
    saved(browser);
    done
}

#[test]
fn a_session_of_two_people_in_a_browser() {
    // The server in this process keeps panics quiet while it answers.
    if let Err(panic) = std::panic::catch_unwind(session) {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        println!("{}", text.unwrap_or("a panic without a message"));
        std::panic::resume_unwind(panic);
    }
}

fn session() {
    let Some(mut browser) = Browser::start() else {
        println!("no Chromium here: the page was not loaded");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let serving = serving(folder.path());
    let ann = browser.open(&serving.address, (1400, 900));
    // Errors would be heard.
    browser.eval("console.error('heard')");
    assert!(browser.console.iter().any(|line| line.contains("heard")), "the console cannot be heard");
    browser.console.clear();
    assert_eq!(browser.text("location.search"), "", "the secret does not stay in sight");

    add_class(&mut browser, &format!("up {EVIL}"));
    add_class(&mut browser, "across");
    browser.until("document.querySelector('.line').textContent.includes('group of')");
    let done = label_by_keys(&mut browser, 40);
    let counts = || {
        let file = read_labels(&serving.labels, 0).unwrap();
        (file.classes.iter().map(|class| class.1).sum::<usize>(), file)
    };
    let (count, file) = counts();
    assert_eq!(count, 40);
    for image in &file.images {
        let kind = if image.image.contains("up") { format!("up {EVIL}") } else { "across".to_owned() };
        assert_eq!(image.label.as_deref(), Some(kind.as_str()), "{}", image.image);
        assert!(done.contains(&image.image));
    }

    if let Some(folder) = std::env::var_os("FORETASK_SCREENSHOTS") {
        browser.picture(&Path::new(&folder).join("label.png"));
    }
    accessible(&mut browser, "next");
    overtaken(&mut browser);
    undo_and_redo(&mut browser, &|| counts().0);
    issues(&mut browser, &|| counts().0);
    confirm(&mut browser, &|| counts().0);
    lasso(&mut browser, &|| counts().0);
    second_person(&mut browser, &serving, &ann);
    on_a_phone(&mut browser, &serving);
    assert_eq!(browser.text("document.title"), "photos: labels", "nothing changed the title");
    assert!(browser.console.is_empty(), "the console must stay silent: {:?}", browser.console);
}

/// axe-core, where CI has fetched it: what it finds serious or critical on the page as it is now.
fn accessible(browser: &mut Browser, view: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/axe/axe_playwright_python/axe.min.js");
    let Ok(axe) = std::fs::read_to_string(file) else {
        println!("no axe-core here: {view} was not looked at");
        return;
    };
    if browser.eval("typeof axe") != "object" {
        browser.eval(&format!("{axe};0"));
    }
    let found = browser.eval(
        "axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations\
         .filter((one) => ['serious', 'critical'].includes(one.impact))\
         .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html).join(' ')}`))",
    );
    assert_eq!(found.as_array().map(Vec::len), Some(0), "{view}: {found:#}");
}

/// Everything that may be wrong is a list with a key to act on it.
fn issues(browser: &mut Browser, count: &dyn Fn() -> usize) {
    browser.click("nav button[data-view=issues]");
    browser.until("document.querySelectorAll('main.issues .tab').length > 0");
    browser.until("document.querySelector('main.issues .tile')");
    // Keys belong to the button that was clicked until the view is there.
    browser.until("document.activeElement.matches('main.issues .grid')");
    let kinds = browser.text("[...document.querySelectorAll('.tab')].map((tab) => tab.textContent).join(' ')");
    // Two of the pictures are there twice, and one is black.
    assert!(kinds.contains("Near-duplicates") && kinds.contains("Dark"), "{kinds}");
    let tab = "[...document.querySelectorAll('.tab')].find((tab) => tab.textContent.startsWith('Near'))";
    if browser.eval(&format!("{tab}.ariaSelected")) != "true" {
        browser.eval(&format!("{tab}.click()"));
    }
    browser.until(&format!("{tab}.ariaSelected === 'true' && document.querySelector('.frame.pair')"));
    browser.until("document.querySelector('.bar-below .main').textContent.startsWith('Drop this copy')");
    accessible(browser, "issues");
    if let Some(folder) = std::env::var_os("FORETASK_SCREENSHOTS") {
        browser.picture(&Path::new(&folder).join("label_issues.png"));
    }
    let before = count();
    let unusable = "document.querySelector('.class[data-code=\"-2\"] .count').textContent";
    assert_eq!(browser.text(unusable), "0");
    browser.key("Enter", 0);
    browser.until(&format!("{unusable} === '1'"));
    saved(browser);
    browser.key("z", 2);
    browser.until(&format!("{unusable} === '0'"));
    saved(browser);
    assert_eq!(count(), before);
}

/// What the server knew before a label was said arrives after it: the label stays.
fn overtaken(browser: &mut Browser) {
    browser.eval(
        "(() => { window.held = 0; window.real = fetch; window.freed = new Promise((free) => { window.free = free; });
            window.fetch = async (...what) => { const answer = await real(...what);
                if (String(what[0]).includes('view=these')) { window.held++; await freed; }
                return answer; }; })()",
    );
    label_by_keys(browser, 1);
    browser.until("window.held > 0");
    let done = label_by_keys(browser, 4);
    browser
        .eval("(() => { window.fetch = real; window.free(); return new Promise((done) => setTimeout(done, 50)); })()");
    let open = browser.eval("[...document.querySelectorAll('.tile:not(.said)')].map((tile) => tile.title)");
    for name in &done {
        assert!(!open.as_array().unwrap().iter().any(|one| one == name.as_str()), "{name} lost its label in sight");
    }
}

fn undo_and_redo(browser: &mut Browser, count: &dyn Fn() -> usize) {
    let before = count();
    for back in 1..=3 {
        browser.key("z", 2);
        browser.until(&format!("document.getElementById('counts').textContent.startsWith('{} of')", before - back));
    }
    saved(browser);
    assert_eq!(count(), before - 3);
    browser.key("y", 2);
    browser.until(&format!("document.getElementById('counts').textContent.startsWith('{} of')", before - 2));
    assert_eq!(count(), before - 2);
}

/// Among those the classifier is sure of, one is clicked away and the others are confirmed.
fn confirm(browser: &mut Browser, count: &dyn Fn() -> usize) {
    // With 38 labels there is an accuracy, and stripes are easy.
    browser.until("document.querySelector('.figure')?.textContent.includes('%')");
    let right: f64 = browser
        .text("document.querySelector('.figure').firstChild.textContent")
        .trim_end_matches(" %")
        .parse()
        .unwrap();
    assert!(right > 85.0, "{right}");
    let before = count();
    browser.click("nav button[data-view=confirm]");
    browser.until("document.querySelectorAll('main.confirm .tile').length > 5");
    let names = browser.eval("[...document.querySelectorAll('.tile')].map((tile) => tile.title)");
    let names: Vec<&str> = names.as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    let up = names.iter().filter(|name| name.contains("up")).count();
    assert!(up * 10 >= names.len() * 9, "{up} of {} are what they look like", names.len());
    browser.click(".tile");
    browser.until("document.querySelectorAll('.tile.out').length === 1");
    let words = browser.text("document.querySelector('.bar-below .main').textContent");
    let sure: usize = words.split(' ').nth(1).unwrap().parse().unwrap();
    browser.key("Enter", 0);
    browser.until(&format!("document.getElementById('counts').textContent.startsWith('{} of')", before + sure));
    saved(browser);
    assert_eq!(count(), before + sure);
}

/// A line around everything on the map selects it; a class for all of it, and back.
fn lasso(browser: &mut Browser, count: &dyn Fn() -> usize) {
    let before = count();
    browser.click("nav button[data-view=map]");
    browser.until("document.querySelector('main.map .line')?.textContent.includes('122 of 122')");
    let shape = browser.eval("(() => { const box = document.querySelector('.plane').getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; })()");
    let side = |at: usize| shape[at].as_f64().unwrap();
    let (left, top, right, low) = (side(0) + 2.0, side(1) + 2.0, side(0) + side(2) - 2.0, side(1) + side(3) - 2.0);
    browser.drag(&[(left, top), (right, top), (right, low), (left, low), (left, top)]);
    browser.until("document.querySelector('.line').textContent === '122 images selected'");
    browser.key("u", 0);
    browser.until("document.getElementById('counts').textContent.startsWith('0 of')");
    browser.key("z", 2);
    browser.until(&format!("document.getElementById('counts').textContent.startsWith('{before} of')"));
    saved(browser);
    assert_eq!(count(), before);
}

/// Somebody else at another machine gets other images, and disagrees with ann on one of hers.
fn second_person(browser: &mut Browser, serving: &Serving, ann: &str) {
    browser.click("nav button[data-view=next]");
    browser.until("document.querySelectorAll('main.next .tile').length > 5");
    let tiles = "[...document.querySelectorAll('.tile')].map((tile) => tile.title)";
    let hers = browser.eval(tiles);
    let bob = browser.open(&serving.address, (1400, 900));
    browser.click("#person");
    browser.until("document.querySelector('dialog.ask[open] input') === document.activeElement");
    browser.eval("document.activeElement.select()");
    browser.write("bob");
    browser.key("Enter", 0);
    browser.until("document.getElementById('person').textContent === 'bob'");
    browser.until("document.querySelectorAll('main.next .tile').length > 0");
    browser.eval("new Promise((done) => setTimeout(done, 500))");
    let his = browser.eval(tiles);
    for name in his.as_array().unwrap() {
        assert!(!hers.as_array().unwrap().contains(name), "{name} is before both");
    }
    browser.click("nav button[data-view=browse]");
    browser.until("document.querySelector('main.browse .tile')");
    browser.eval("(() => { const list = document.querySelector('select'); list.value = 'second'; list.dispatchEvent(new Event('change')); })()");
    browser.until("document.querySelector('.line').textContent.includes('hidden')");
    // Her answers are not shown to him before he has given his.
    browser.until("document.querySelector('.tile')");
    assert_eq!(browser.eval("document.querySelectorAll('.tile.said').length"), 0);
    let name = browser.text(CURRENT);
    browser.key(if name.contains("up") { "2" } else { "1" }, 0);
    saved(browser);
    let file = read_labels(&serving.labels, 0).unwrap();
    assert_eq!((file.disputed.len(), file.disputed[0].0.as_str()), (1, name.as_str()));
    assert_eq!(file.people.iter().map(|person| person.0.as_str()).collect::<Vec<_>>(), ["ann", "bob"]);
    browser.click("nav button[data-view=history]");
    browser.until("document.querySelector('main.history')?.textContent.includes('ann and bob agree on 0 of 1 image')");
    assert_ne!(bob, ann);
    browser.turn_to(ann);
}

/// At 390 pixels nothing has to be scrolled sideways, and a finger's tap on a class labels.
fn on_a_phone(browser: &mut Browser, serving: &Serving) {
    browser.open(&serving.address, (390, 844));
    browser.until("document.querySelectorAll('.tile').length > 2");
    for view in ["next", "confirm", "browse", "issues", "map", "history"] {
        browser.click(&format!("nav button[data-view={view}]"));
        browser.until(&format!("document.querySelector('main.{view}')"));
        // Once everything is there, with names as long as these.
        browser.eval("new Promise((done) => setTimeout(done, 400))");
        assert_eq!(browser.eval("document.documentElement.scrollWidth"), 390, "{view}");
        accessible(browser, view);
    }
    browser.click("nav button[data-view=browse]");
    browser.until("document.querySelectorAll('main.browse .tile').length > 2");
    browser.click(".tile:nth-child(3)");
    browser.click(".class[data-code='-2']");
    saved(browser);
    assert_eq!(read_labels(&serving.labels, 1).unwrap().history[0].after, "not usable");
}
