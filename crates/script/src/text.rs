//! The text of a script's file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Far above any script; what is larger is another file by mistake.
const MAX_BYTES: u64 = 1 << 20;

/// The text, without the mark that some editors put in front of it, or in a few words why there is none.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| error.to_string())?;
    // A pipe would wait for somebody to write into it.
    if about.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !about.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err("it is larger than 1 MiB, which no script is".to_owned());
    }
    decoded(bytes)
}

fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    const SAVE: &str = "save it as UTF-8 (in most editors a choice of \"Save as\")";
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(format!("it is UTF-16 text; {SAVE}"));
    }
    if bytes.contains(&0) {
        return Err("it is no text".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        format!("line {line} is not UTF-8 text; {SAVE}")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_off_and_other_encodings_named() {
        assert_eq!(decoded(b"\xEF\xBB\xBFseed(1);".to_vec()).unwrap(), "seed(1);");
        assert_eq!(decoded("let é = 1;".into()).unwrap(), "let é = 1;");
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain("seed(1);".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(decoded(utf16).unwrap_err().contains("UTF-16"));
        let latin = decoded(b"seed(1);\n// gr\xFC\xDFe".to_vec()).unwrap_err();
        assert!(latin.contains("line 2") && latin.contains("UTF-8"), "{latin}");
        assert!(decoded(vec![7, 0, 3]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_read() {
        assert!(read(Path::new("/dev/zero")).unwrap_err().contains("not a regular file"));
        assert!(read(Path::new("/")).unwrap_err().contains("folder"));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), " ".repeat((1 << 20) + 1)).unwrap();
        assert!(read(file.path()).unwrap_err().contains("1 MiB"));
    }
}
