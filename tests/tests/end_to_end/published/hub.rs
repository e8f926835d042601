//! A server on this machine that plays the hub, with random weights of a published network's names and sizes.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

/// Plays the hub until the process ends.
pub(super) struct Hub {
    pub(super) address: String,
    /// Downloads begun.
    pub(super) sent: Arc<AtomicUsize>,
}

impl Hub {
    /// One that announces `sha256` (the right one unless given) for whatever it is asked for.
    pub(super) fn new(sha256: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicUsize::new(0));
        let count = sent.clone();
        let etag = sha256.unwrap_or_else(|| hex(&Sha256::digest(weights())));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (etag, count) = (etag.clone(), count.clone());
                std::thread::spawn(move || converse(stream.unwrap(), &etag, &count));
            }
        });
        Self { address, sent }
    }

    pub(super) fn downloads(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn converse(mut stream: TcpStream, etag: &str, sent: &AtomicUsize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        while lines.next().is_some_and(|line| !line.is_empty()) {}
        let length = weights().len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nX-Repo-Commit: {}\r\nETag: \"{etag}\"\r\n\r\n",
            "0123456789".repeat(4)
        );
        let sends = first.starts_with("GET");
        sent.fetch_add(usize::from(sends), Ordering::SeqCst);
        let body: &[u8] = if sends { weights() } else { &[] };
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).is_err() {
            return;
        }
    }
}

/// A safetensors file of timm's `vit_tiny_patch16_224` with a classifier.
fn weights() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let mut tensors: Vec<(String, Vec<usize>)> = vec![
            ("cls_token".into(), vec![1, 1, 192]),
            ("pos_embed".into(), vec![1, 197, 192]),
            ("patch_embed.proj.weight".into(), vec![192, 3, 16, 16]),
            ("patch_embed.proj.bias".into(), vec![192]),
        ];
        for block in 0..12 {
            let linear =
                [("attn.qkv", 576, 192), ("attn.proj", 192, 192), ("mlp.fc1", 768, 192), ("mlp.fc2", 192, 768)];
            for (name, outputs, inputs) in linear {
                tensors.push((format!("blocks.{block}.{name}.weight"), vec![outputs, inputs]));
                tensors.push((format!("blocks.{block}.{name}.bias"), vec![outputs]));
            }
            for norm in ["norm1", "norm2"] {
                tensors.push((format!("blocks.{block}.{norm}.weight"), vec![192]));
                tensors.push((format!("blocks.{block}.{norm}.bias"), vec![192]));
            }
        }
        for (name, shape) in [
            ("norm.weight", vec![192]),
            ("norm.bias", vec![192]),
            ("head.weight", vec![1000, 192]),
            ("head.bias", vec![1000]),
        ] {
            tensors.push((name.into(), shape));
        }
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        let mut noise = 1_u32;
        for (name, shape) in tensors {
            let begin = data.len();
            for _ in 0..shape.iter().product::<usize>() {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = 0.1 * ((noise >> 8) as f32 / 8_388_608.0 - 1.0);
                data.extend(value.to_le_bytes());
            }
            let about = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()] });
            header.insert(name, about);
        }
        let header = serde_json::to_vec(&header).unwrap();
        [&(header.len() as u64).to_le_bytes(), header.as_slice(), &data].concat()
    })
}
