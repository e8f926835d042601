//! Published weights by their names, fetched from a server that plays the hub.

mod hub;

use std::fs;

use foretask_tests::{Done, Place};

use self::hub::Hub;

const SCRIPT: &str = r#"
let clothes = dataset("clothes", #{ channels: 3 });
let few = clothes.per_class(3, #{ seed: 1 });
let vit = pretrained("vit_tiny_patch16");
let probe = linear_probe(vit, few);
let picked = pick_encoder(#{ vit: vit, untrained: random_encoder(resnet10(#{ width: 4 })) }, few);
print(picked);
for row in picked.table { print(`row ${row.encoder} ${row.accuracy} ${row.giga_macs > 0.0}`); }
probe.save("model.safetensors");
report("published", #{ vit: probe.evaluate(clothes.without(few)) }, #{ baselines: false });
"#;

const RUN: &[&str] = &["run", "vit.rhai", "--device", "flex"];

/// A few small pictures, a script, and the binary told where the hub is.
struct Visitor {
    place: Place,
    variables: Vec<(String, String)>,
}

impl Visitor {
    fn new(endpoint: &str) -> Self {
        let place = Place::new();
        place.clothes("clothes", &["t-shirt", "trouser"], 0..4);
        place.write("vit.rhai", SCRIPT);
        let home = place.path("home").display().to_string();
        let variables =
            [("HF_ENDPOINT", endpoint), ("HOME", &home), ("XDG_CACHE_HOME", ""), ("HF_HOME", ""), ("HF_TOKEN", "")];
        Self { place, variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into() }
    }

    fn says(&self, more: &[(&str, &str)], arguments: &[&str]) -> Done {
        let own = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
        self.place.foretask_with(&all, arguments)
    }
}

#[test]
fn weights_are_fetched_once_and_their_license_travels() {
    let hub = Hub::new(None);
    let visitor = Visitor::new(&hub.address);
    let done = visitor.says(&[], RUN).exits(0);
    done.says(&["fetching vit_tiny_patch16", "license: Apache-2.0", "GMAC an image", "wins"]);
    let rows: Vec<&str> = done.stdout.lines().filter(|line| line.contains("row ")).collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.ends_with("true")), "{}", done.printed());
    assert_eq!(hub.downloads(), 1);
    let saved = fs::read(visitor.place.path("model.safetensors")).unwrap();
    assert!(saved.windows(10).any(|part| part == b"Apache-2.0"));
    let page = fs::read_to_string(visitor.place.latest("vit").join("report.html")).unwrap();
    assert!(page.contains("license: Apache-2.0"));

    // A student of it stands under the same license.
    let taught = "let clothes = dataset(\"clothes\", #{ channels: 3 });\n\
                  let vit = pretrained(\"vit_tiny_patch16\");\n\
                  let small = pretrain(resnet10(#{ width: 4 }), distill(vit), clothes.unlabeled(), #{ steps: 2 });\n\
                  small.encoder.save(\"student.safetensors\");\n";
    visitor.place.write("student.rhai", taught);
    visitor.says(&[], &["run", "student.rhai", "--device", "flex"]).exits(0);
    let saved = fs::read(visitor.place.path("student.safetensors")).unwrap();
    assert!(saved.windows(10).any(|part| part == b"Apache-2.0"));
    assert_eq!(hub.downloads(), 1);

    // From now on without a way to anywhere; small images go up to 128 pixels, and it is said what that costs.
    let offline = [("HF_ENDPOINT", "http://127.0.0.1:9"), ("HF_HUB_OFFLINE", "1")];
    let plan = visitor.says(&offline, &["check", "vit.rhai", "--device", "flex"]).exits(0);
    plan.says(&["brought to 128 pixels", "`image_size: 224` would cost", "pick_encoder: untrained, vit"]);
    assert!(!plan.printed().contains("to do") || plan.printed().contains("pick_encoder"), "{}", plan.printed());
    let again = visitor.says(&offline, RUN).exits(0);
    let same =
        |done: &Done| done.stdout.lines().filter(|line| line.contains("row ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(same(&done), same(&again));
    assert_eq!(hub.downloads(), 1);
    visitor.says(&offline, &["models", "fetch", "vit-tiny-patch16"]).exits(0).says(&["snapshots", "Apache-2.0"]);
    let listed = visitor.says(&offline, &["models"]).exits(0);
    let line = listed.stdout.lines().find(|line| line.starts_with("vit_tiny_patch16")).unwrap();
    assert!(line.contains("yes") && line.contains("23 MB"), "{line}");
}

#[test]
fn what_cannot_be_fetched_says_which_file_to_bring_and_where_to() {
    let visitor = Visitor::new("http://127.0.0.1:9");
    let by_hand = [
        "third_party/weights/vit_tiny_patch16.safetensors",
        "http://127.0.0.1:9/timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k/resolve/main/model.safetensors",
    ];
    visitor.says(&[("HF_HUB_OFFLINE", "1")], RUN).exits(1).says(&by_hand).says(&["HF_HUB_OFFLINE"]);
    visitor
        .says(&[], &["check", "vit.rhai"])
        .exits(1)
        .says(&by_hand)
        .says(&["127.0.0.1:9 cannot be reached", "pretrained("]);
    visitor.says(&[], &["models", "fetch", "vit_tiny_patch16"]).exits(1).says(&by_hand);

    let liar = Hub::new(Some("0".repeat(64)));
    let done = visitor.says(&[("HF_ENDPOINT", &liar.address)], RUN).exits(1);
    done.says(&["SHA-256", &"0".repeat(64), "thrown away"]);
    // What somebody brought is taken as it is, if it is what it should be.
    visitor.place.write("third_party/weights/vit_tiny_patch16.safetensors", "no weights");
    visitor.says(&[], RUN).exits(2).says(&["vit_tiny_patch16.safetensors"]);
}

#[test]
fn a_license_that_asks_for_consent_gets_it_first() {
    let hub = Hub::new(None);
    let visitor = Visitor::new(&hub.address);
    visitor.place.write("mae.rhai", "let mae = pretrained(\"mae_vitb16\");\n");
    let asks = ["CC-BY-NC-4.0", "accept_license: true", "creativecommons.org"];
    visitor.says(&[], &["check", "mae.rhai"]).exits(2).says(&asks);
    visitor.says(&[], &["models", "fetch", "mae_vitb16"]).exits(2).says(&["CC-BY-NC-4.0", "--accept-license"]);
    assert_eq!(hub.downloads(), 0);
    // With it the file comes, and is looked at: this server sends another network's.
    visitor.place.write("mae.rhai", "let mae = pretrained(\"mae_vitb16\", #{ accept_license: true });\n");
    visitor.says(&[], &["check", "mae.rhai"]).exits(2).says(&["vit_tiny-p16", "vit_base-p16"]);
    visitor.place.write("near.rhai", "let vit = pretrained(\"dinov2_vits15\");\n");
    visitor.says(&[], &["check", "near.rhai"]).exits(2).says(&["did you mean \"dinov2_vits14\"", "dino_vits16"]);
    visitor.says(&[("HF_ENDPOINT", "nowhere")], &["models"]).exits(2).says(&["HF_ENDPOINT", "https://"]);
}
