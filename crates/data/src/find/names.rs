//! What a name says of a file.

use std::path::Path;

use super::Reason;
use crate::decode::{EXTENSIONS, UNREAD, Unread};

/// The ending of a name, in lower case; empty where there is none.
pub(crate) fn extension_of(name: impl AsRef<Path>) -> String {
    name.as_ref().extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether a name ends like that of an image that can be decoded.
pub(crate) fn is_image(name: impl AsRef<Path>) -> bool {
    EXTENSIONS.contains(&extension_of(name).as_str())
}

/// The image format of a name that cannot be decoded here.
pub(crate) fn unread_format(name: impl AsRef<Path>) -> Option<&'static Unread> {
    let extension = extension_of(name);
    UNREAD.into_iter().find(|format| format.endings.contains(&extension.as_str()))
}

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
