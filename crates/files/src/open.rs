//! Regular files only, and no more of them than their format allows.

use std::{
    fs::{self, File, FileType},
    io::{self, Read},
    path::Path,
};

/// Opens a regular file, through links where there are any.
///
/// # Errors
/// Of the kind [`InvalidInput`](io::ErrorKind::InvalidInput), saying what it is, for everything that is no regular file; else
/// what the system says.
pub fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: opening a named pipe waits for a writer, and opening a device may do something.
    regular(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    // Again: another one may have taken its place.
    regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// The bytes of a regular file of at most `most` bytes.
///
/// # Errors
/// Like [`open`]; of the kind [`FileTooLarge`](io::ErrorKind::FileTooLarge), with both sizes, for a larger file, before
/// anything of it is read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let len = file.metadata()?.len();
    if len > most {
        return Err(too_large(len, most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
    // It may grow meanwhile, and what the system makes up (as in /proc) has a length of 0.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large(bytes.len() as u64, most));
    }
    Ok(bytes)
}

/// [`read`] for text in UTF-8.
///
/// # Errors
/// Like [`read`]; of the kind [`InvalidData`](io::ErrorKind::InvalidData) for bytes that are no UTF-8.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read(path, most)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8"))
}

/// What something is that is neither a file nor a folder, in words: "a named pipe".
pub fn special(kind: FileType) -> Option<&'static str> {
    if kind.is_file() || kind.is_dir() || kind.is_symlink() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a named pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_block_device() || kind.is_char_device() {
            return Some("a device");
        }
    }
    Some("something else")
}

fn regular(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let what = if kind.is_dir() { "a folder" } else { special(kind).unwrap_or("a link") };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, not a regular file")))
}

fn too_large(len: u64, most: u64) -> io::Error {
    let text = format!("it has {}, more than the {} that such a file may have", size(len), size(most));
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

/// "1.5 GiB".
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        ..0x400 => return format!("{bytes} bytes"),
        0x400..0x10_0000 => (1_u64 << 10, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let value = bytes as f64 / unit as f64;
    if value.fract() == 0.0 { format!("{value:.0} {name}") } else { format!("{value:.1} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert_eq!(read_text(&path, 4).unwrap(), "four");
        let error = read(&path, 3).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "it has 4 bytes, more than the 3 bytes that such a file may have");
        fs::write(&path, [0xFF, 0xFE]).unwrap();
        assert_eq!(read_text(&path, 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(read(&folder.path().join("y"), 3).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(open(folder.path()).unwrap_err().to_string().contains("a folder"));
    }

    #[test]
    fn a_sparse_file_is_refused_by_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        File::create(&path).unwrap().set_len(3 << 39).unwrap();
        assert!(read(&path, 2 << 30).unwrap_err().to_string().contains("1536 GiB, more than the 2 GiB"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_never_ends_is_refused_at_once() {
        for path in ["/dev/zero", "/dev/null", "/dev/tty"] {
            let error = read(Path::new(path), 1 << 20).unwrap_err();
            assert!(error.to_string().contains("a device"), "{path}: {error}");
        }
        // The system makes it up while it is read.
        assert!(read_text(Path::new("/proc/self/status"), 1 << 20).unwrap().contains("Name:"));
        assert!(read(Path::new("/proc/self/status"), 10).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_without_waiting_for_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("x.png"), folder.path().join("y.png"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        for path in [pipe, link] {
            assert_eq!(open(&path).unwrap_err().to_string(), "it is a named pipe, not a regular file");
        }
    }
}
