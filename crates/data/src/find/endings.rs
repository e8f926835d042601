//! What the ending of a name says of a file.

use std::path::Path;

use crate::decode::{ARRAYS, Unread, reads, unread_by};

/// The ending of a name, in lower case; empty where there is none.
pub(crate) fn extension_of(name: impl AsRef<Path>) -> String {
    name.as_ref().extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether a name ends like that of an image that can be decoded.
pub(crate) fn is_image(name: impl AsRef<Path>) -> bool {
    reads(&extension_of(name))
}

/// Whether a name ends like that of an array of numbers, which may be an image.
pub(crate) fn is_array(name: impl AsRef<Path>) -> bool {
    ARRAYS.contains(&extension_of(name).as_str())
}

/// The image format of a name that cannot be decoded here.
pub(crate) fn unread_format(name: impl AsRef<Path>) -> Option<&'static Unread> {
    unread_by(&extension_of(name))
}
