//! What the ending of a name says of a file.

use std::{io::Read, path::Path};

use crate::decode::{ARRAYS, Unread, is_dicom, reads, unread_by};

/// The ending of a name, in lower case; empty where there is none.
pub(crate) fn extension_of(name: impl AsRef<Path>) -> String {
    name.as_ref().extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Whether a name ends like that of an image that can be decoded.
pub(crate) fn is_image(name: impl AsRef<Path>) -> bool {
    reads(&extension_of(name))
}

/// Whether a file whose name has no ending is an image by its first bytes: scanners and archives of hospitals name DICOM so. What
/// looks like an ending is a part of a number there (`1.2.840.113619.2.55`).
pub(crate) fn is_unnamed_image(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    let named =
        |file: &str| file.eq_ignore_ascii_case("DICOMDIR") || !extension_of(file).bytes().all(|b| b.is_ascii_digit());
    if !cfg!(feature = "dicom") || path.file_name().is_none_or(|file| named(&file.to_string_lossy())) {
        return false;
    }
    // As much as tells DICOM.
    let mut head = Vec::new();
    let file = foretask_files::open(path);
    file.and_then(|file| file.take(132).read_to_end(&mut head)).is_ok() && is_dicom(&head)
}

/// Whether a name ends like that of an array of numbers, which may be an image.
pub(crate) fn is_array(name: impl AsRef<Path>) -> bool {
    ARRAYS.contains(&extension_of(name).as_str())
}

/// The image format of a name that cannot be decoded here.
pub(crate) fn unread_format(name: impl AsRef<Path>) -> Option<&'static Unread> {
    unread_by(&extension_of(name))
}
