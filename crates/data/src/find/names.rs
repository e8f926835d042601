//! Names that nobody gave to images of theirs.

use super::passed::Reason;

/// Files and folders that operating systems and network drives put among other people's files.
const OF_SYSTEMS: [&str; 10] = [
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "__macosx",
    "@eadir",
    "#recycle",
    "$recycle.bin",
    "system volume information",
    "lost+found",
    "icon\r",
];

/// Why a file or folder of this name is nobody's image: what systems and editors leave behind.
pub(crate) fn leftover(name: &str) -> Option<Reason> {
    if name.starts_with("._") {
        return Some(Reason::AppleDouble);
    }
    if name.starts_with('.') {
        return Some(Reason::Hidden);
    }
    OF_SYSTEMS.contains(&name.to_lowercase().as_str()).then_some(Reason::System)
}

/// [`leftover`] for a path inside an archive: whether any part of it is one.
pub(crate) fn leftover_in_path(path: &str) -> Option<Reason> {
    path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).find_map(leftover)
}
