//! What a file is, by its first bytes and before anything of it is believed.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::{ModelError, Result};

/// The ways in which weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Safetensors,
    /// PyTorch's, in any of its containers.
    Torch,
}

/// So many bytes at either end of a file say what it is.
const LOOKED_AT: u64 = 4096;
/// The list of a ZIP's files stands at its end; PyTorch's have one entry a tensor.
const ZIP_LIST: u64 = 1 << 20;
/// The longest header that a safetensors file may have, by its specification.
const LONGEST_HEADER: u64 = 100_000_000;

const UNPACK: &str = "unpack it and give the file inside";
const IMAGE: &str = "the model comes first, then the images";

/// Beginnings of files that are often given by mistake.
const KNOWN: &[(usize, &[u8], &str, &str)] = &[
    (0, b"\x89PNG\r\n", "an image (PNG)", IMAGE),
    (0, b"\xFF\xD8\xFF", "an image (JPEG)", IMAGE),
    (0, b"GIF8", "an image (GIF)", IMAGE),
    (8, b"WEBP", "an image (WebP)", IMAGE),
    (0, b"II*\0", "an image (TIFF)", IMAGE),
    (0, b"MM\0*", "an image (TIFF)", IMAGE),
    (0, b"\x1F\x8B", "a gzip archive", UNPACK),
    (0, b"\xFD7zXZ\0", "an xz archive", UNPACK),
    (0, b"\x28\xB5\x2F\xFD", "a zstd archive", UNPACK),
    (0, b"BZh", "a bzip2 archive", UNPACK),
    (0, b"7z\xBC\xAF", "a 7-Zip archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"\x89HDF\r\n", "an HDF5 file (Keras or TensorFlow)", "give weights as .safetensors or PyTorch's .pth"),
    (0, b"GGUF", "a GGUF file (a language model)", "give the weights of an image network"),
    (4, b"TFL3", "a TensorFlow Lite file", "give weights as .safetensors or PyTorch's .pth"),
    (0, b"PAR1", "a table (Parquet)", IMAGE),
    (0, b"ARROW1", "a table (Arrow)", IMAGE),
    (0, b"SQLite format 3", "an SQLite database", "give a file of weights"),
    (0, b"%PDF", "a PDF document", "give a file of weights"),
    (0, b"\x7FELF", "a program", "give a file of weights"),
    (0, b"\x93NUMPY", "a NumPy array", "give weights as .safetensors or PyTorch's .pth"),
];

/// Opens a file of weights, of which it gives the length and the format.
///
/// # Errors
/// [`ModelError::File`] where it cannot be read, [`ModelError::NotWeights`] with what it is instead.
pub(super) fn open(path: &Path) -> Result<(File, u64, Format)> {
    let failed = |source| ModelError::File { action: "read", path: path.into(), source };
    let other = |what: &str, way_out: &str| {
        Err(ModelError::NotWeights { path: path.into(), what: what.into(), way_out: way_out.into() })
    };
    let about = fs::metadata(path).map_err(failed)?;
    if about.is_dir() {
        return other("a folder", &inside(path));
    }
    if !about.is_file() {
        // Pipes and devices have no end to wait for.
        return other("no regular file", "give a file on a disk");
    }
    let mut file = foretask_files::open(path).map_err(failed)?;
    let length = about.len();
    let mut head = Vec::new();
    (&mut file).take(LOOKED_AT).read_to_end(&mut head).map_err(failed)?;
    if head.is_empty() {
        return other("empty", "it may be what an interrupted download left; take the original again");
    }
    if head.starts_with(b"PK\x03\x04") {
        return match zip(&mut file, length).map_err(failed)? {
            Zip::Torch => Ok((file, length, Format::Torch)),
            Zip::NumPy => other("a NumPy archive (.npz)", "give weights as .safetensors or PyTorch's .pth"),
            Zip::Other => other("a ZIP archive", UNPACK),
        };
    }
    // Pickles, of protocol 2 on; a tar that begins with a pickle's system information is PyTorch's oldest.
    if matches!(head.as_slice(), [0x80, 2..=5, ..]) || head.starts_with(b"sys_info\0") {
        return Ok((file, length, Format::Torch));
    }
    if let Some((_, _, what, way_out)) =
        KNOWN.iter().find(|(at, bytes, ..)| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes)))
    {
        return other(what, way_out);
    }
    if is_safetensors(&head) {
        return Ok((file, length, Format::Safetensors));
    }
    if let Some((what, way_out)) = text(&head) {
        return other(&what, way_out);
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx")) {
        return other("an ONNX graph", "give the weights it was exported from, as .safetensors or PyTorch's .pth");
    }
    let first: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    let what = format!("of an unknown kind (its first bytes are {})", first.join(" "));
    other(&what, "give a .safetensors file or PyTorch's .pth; if it is one, it is damaged")
}

/// Eight bytes of length, then JSON.
fn is_safetensors(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk() else { return false };
    rest.first() == Some(&b'{') && u64::from_le_bytes(*length) <= LONGEST_HEADER
}

/// The weights that lie in a folder that was given instead of them.
fn inside(folder: &Path) -> String {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_weights = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|ending| ["safetensors", "pth", "pt"].iter().any(|known| ending == *known))
    };
    let mut found: Vec<String> = names.filter(is_weights).map(|path| format!("`{}`", path.display())).collect();
    found.sort();
    found.truncate(3);
    if found.is_empty() {
        "give the file itself; this folder holds no .safetensors or .pth".to_owned()
    } else {
        format!("give the file itself, such as {}", found.join(" or "))
    }
}

enum Zip {
    Torch,
    NumPy,
    Other,
}

/// Which archive it is, by the names that stand in its list of files.
fn zip(file: &mut File, length: u64) -> std::io::Result<Zip> {
    let start = length.saturating_sub(ZIP_LIST);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take(ZIP_LIST).read_to_end(&mut tail)?;
    let holds = |name: &[u8]| tail.windows(name.len()).any(|part| part == name);
    Ok(if holds(b"data.pkl") {
        Zip::Torch
    } else if holds(b".npy") {
        Zip::NumPy
    } else {
        Zip::Other
    })
}

/// What a text is, where it is one.
fn text(head: &[u8]) -> Option<(String, &'static str)> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last letter may be cut.
        Err(error) if error.valid_up_to() + 4 > head.len() => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    let lower = text.to_ascii_lowercase();
    Some(if text.starts_with("version https://git-lfs") {
        ("a Git LFS pointer to the weights".into(), "`git lfs pull` in its repository fetches them")
    } else if text.contains("/annex/objects/") {
        ("a git-annex pointer to the weights".into(), "`git annex get` in its repository fetches them")
    } else if lower.starts_with("<!doctype html") || lower.contains("<html") {
        ("a web page (HTML)".into(), "the link led to a page about the file; download the file itself")
    } else if text.contains("\"weight_map\"") {
        ("the index of weights in several parts (JSON)".into(), "give weights in one file")
    } else if text.starts_with(['{', '[']) {
        ("JSON text".into(), "give the .safetensors or .pth that belongs to it")
    } else {
        let line: String = text.lines().next().unwrap_or_default().chars().take(40).collect();
        (format!("a text (\"{}\")", line.escape_debug()), "give a .safetensors file or PyTorch's .pth")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_of_weights_is_called_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let zip = |name: &str| [b"PK\x03\x04".as_slice(), &[0; 26], name.as_bytes()].concat();
        let cases: [(&[u8], &str); 16] = [
            (b"", "is empty"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
            (b"/annex/objects/SHA256E-s9--0.safetensors\n", "git annex get"),
            (b"\xEF\xBB\xBF  <!DOCTYPE html><title>404</title>", "web page"),
            (b"<?xml version='1.0'?><html xmlns='x'>", "web page"),
            (b"{\"weight_map\": {}}", "several parts"),
            (b"{\"model_type\": \"vit\"}", "JSON"),
            (b"epoch,loss\n1,0.5\n", "a text (\"epoch,loss\")"),
            (b"\x89PNG\r\n\x1A\n", "an image (PNG)"),
            (b"\x1F\x8B\x08\0\0", "a gzip archive"),
            (b"\x89HDF\r\n\x1A\n", "Keras"),
            (b"PAR1\x15", "a table (Parquet)"),
            (&zip("photos/a.jpg"), "a ZIP archive"),
            (&zip("conv1.npy"), "NumPy archive"),
            (b"\x01\x02\x03\xFF\xFE", "first bytes are 01 02 03 FF FE"),
            (&[7; 7], "unknown kind"),
        ];
        for (bytes, expected) in cases {
            let path = folder.path().join("weights.safetensors");
            fs::write(&path, bytes).unwrap();
            let error = open(&path).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("weights.safetensors"), "{error}");
        }
        let error = open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is a folder") && error.contains("weights.safetensors`"), "{error}");
        assert!(open(&folder.path().join("none")).unwrap_err().to_string().starts_with("cannot read"));
    }

    #[test]
    fn weights_are_known_by_their_bytes_not_by_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.txt");
        let zip = [b"PK\x03\x04".as_slice(), &[0; 26], b"archive/data.pkl"].concat();
        for (bytes, expected) in [
            (b"\x02\0\0\0\0\0\0\0{}".as_slice(), Format::Safetensors),
            (b"\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9", Format::Torch),
            (&zip, Format::Torch),
        ] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(open(&path).unwrap().2, expected);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_not_read() {
        assert!(open(Path::new("/dev/zero")).unwrap_err().to_string().contains("no regular file"));
    }
}
