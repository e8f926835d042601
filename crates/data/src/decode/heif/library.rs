//! What is called of libheif: its C interface, which has been the same since 1.3, and where the library lies.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
    sync::OnceLock,
};

use libloading::Library;

/// Names under which systems have it, the first that is there counts.
const NAMES: [&str; 5] =
    ["libheif.so.1", "libheif.1.dylib", "/opt/homebrew/lib/libheif.1.dylib", "heif.dll", "libheif.dll"];

/// `heif_colorspace_RGB`.
const RGB: c_int = 1;
/// `heif_channel_interleaved`.
const INTERLEAVED: c_int = 10;
/// `heif_chroma_interleaved_RGB`, `…_RGBA`, `…_RRGGBB_LE` and `…_RRGGBBAA_LE`.
const CHROMA: [[c_int; 2]; 2] = [[10, 11], [14, 15]];

/// `struct heif_error`: a `code` of 0 is success, and the message lives as long as the context.
#[repr(C)]
struct Answer {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

type Pointer = *mut c_void;

/// The functions in use. A `handle` is an image of a file that has not been decoded.
struct Functions {
    context_alloc: unsafe extern "C" fn() -> Pointer,
    context_free: unsafe extern "C" fn(Pointer),
    context_read: unsafe extern "C" fn(Pointer, *const c_void, usize, *const c_void) -> Answer,
    context_primary: unsafe extern "C" fn(Pointer, *mut Pointer) -> Answer,
    handle_release: unsafe extern "C" fn(Pointer),
    handle_width: unsafe extern "C" fn(Pointer) -> c_int,
    handle_height: unsafe extern "C" fn(Pointer) -> c_int,
    handle_alpha: unsafe extern "C" fn(Pointer) -> c_int,
    handle_bits: unsafe extern "C" fn(Pointer) -> c_int,
    decode: unsafe extern "C" fn(Pointer, *mut Pointer, c_int, c_int, *const c_void) -> Answer,
    image_release: unsafe extern "C" fn(Pointer),
    image_width: unsafe extern "C" fn(Pointer, c_int) -> c_int,
    image_height: unsafe extern "C" fn(Pointer, c_int) -> c_int,
    image_plane: unsafe extern "C" fn(Pointer, c_int, *mut c_int) -> *const u8,
    /// The functions are gone with it.
    _library: Library,
}

impl Functions {
    fn load() -> Option<Self> {
        // SAFETY: the initializers of libheif and of what it needs are those of an ordinary library of the system.
        let library = NAMES.iter().find_map(|name| unsafe { Library::new(*name) }.ok())?;
        macro_rules! function {
            ($name:literal) => {
                // SAFETY: the type of the field is that of libheif's heif.h.
                *unsafe { library.get($name) }.ok()?
            };
        }
        Some(Self {
            context_alloc: function!("heif_context_alloc"),
            context_free: function!("heif_context_free"),
            context_read: function!("heif_context_read_from_memory_without_copy"),
            context_primary: function!("heif_context_get_primary_image_handle"),
            handle_release: function!("heif_image_handle_release"),
            handle_width: function!("heif_image_handle_get_width"),
            handle_height: function!("heif_image_handle_get_height"),
            handle_alpha: function!("heif_image_handle_has_alpha_channel"),
            handle_bits: function!("heif_image_handle_get_luma_bits_per_pixel"),
            decode: function!("heif_decode_image"),
            image_release: function!("heif_image_release"),
            image_width: function!("heif_image_get_width"),
            image_height: function!("heif_image_get_height"),
            image_plane: function!("heif_image_get_plane_readonly"),
            _library: library,
        })
    }
}

fn functions() -> Option<&'static Functions> {
    static FUNCTIONS: OnceLock<Option<Functions>> = OnceLock::new();
    FUNCTIONS.get_or_init(Functions::load).as_ref()
}

/// Whether the library is on this machine.
pub(in crate::decode) fn is_there() -> bool {
    functions().is_some()
}

/// A file that has been opened.
pub(super) struct File<'a> {
    heif: &'static Functions,
    context: Pointer,
    handle: Pointer,
    _bytes: &'a [u8],
}

/// Rows of pixels of red, green, blue and perhaps alpha, one byte each, or two where there are more than 8 bits.
pub(super) struct Decoded {
    pub(super) width: usize,
    pub(super) height: usize,
    /// As many bytes a row as it has pixels, and no more.
    pub(super) data: Vec<u8>,
}

impl<'a> File<'a> {
    /// The main image of a file. `None` where the library is not there.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Result<Self, String>> {
        let heif = functions()?;
        // SAFETY: a context is made here and freed by `drop`; the bytes outlive it, as the library asks.
        unsafe {
            let context = (heif.context_alloc)();
            if context.is_null() {
                return Some(Err("no memory is left".to_owned()));
            }
            let mut file = Self { heif, context, handle: ptr::null_mut(), _bytes: bytes };
            let read = (heif.context_read)(context, bytes.as_ptr().cast(), bytes.len(), ptr::null());
            Some(checked(&read).and_then(|()| {
                let mut handle = ptr::null_mut();
                checked(&(heif.context_primary)(context, &raw mut handle))?;
                file.handle = handle;
                if handle.is_null() { Err("no image in it".to_owned()) } else { Ok(file) }
            }))
        }
    }

    /// Width and height as shown.
    pub(super) fn size(&self) -> (u32, u32) {
        // SAFETY: the handle is whole.
        let (width, height) =
            unsafe { ((self.heif.handle_width)(self.handle), (self.heif.handle_height)(self.handle)) };
        (u32::try_from(width).unwrap_or(0), u32::try_from(height).unwrap_or(0))
    }

    /// Whether it has transparency.
    pub(super) fn has_alpha(&self) -> bool {
        // SAFETY: the handle is whole.
        unsafe { (self.heif.handle_alpha)(self.handle) != 0 }
    }

    /// Bits of a value.
    pub(super) fn bits(&self) -> u8 {
        // SAFETY: the handle is whole. Of what says nothing, -1 is said.
        u8::try_from(unsafe { (self.heif.handle_bits)(self.handle) }).unwrap_or(8)
    }

    /// Its pixels, turned as they are to be shown.
    pub(super) fn decode(&self) -> Result<Decoded, String> {
        let deep = self.bits() > 8;
        let chroma = CHROMA[usize::from(deep)][usize::from(self.has_alpha())];
        let of_pixel = (3 + usize::from(self.has_alpha())) * (1 + usize::from(deep));
        let heif = self.heif;
        let mut image = Image { heif, image: ptr::null_mut() };
        // SAFETY: the handle is whole, and `image` frees what is made.
        unsafe {
            checked(&(heif.decode)(self.handle, &raw mut image.image, RGB, chroma, ptr::null()))?;
            let side = |side: c_int| usize::try_from(side).unwrap_or(0);
            let width = side((heif.image_width)(image.image, INTERLEAVED));
            let height = side((heif.image_height)(image.image, INTERLEAVED));
            let mut stride = 0;
            let plane = (heif.image_plane)(image.image, INTERLEAVED, &raw mut stride);
            let (row, stride) = (width * of_pixel, side(stride));
            if plane.is_null() || row == 0 || height == 0 || stride < row {
                return Err("no pixels came out of it".to_owned());
            }
            let mut data = Vec::with_capacity(row * height);
            for y in 0..height {
                // SAFETY: the library says that it has `height` rows, `stride` bytes apart, of `width` pixels each.
                data.extend_from_slice(std::slice::from_raw_parts(plane.add(y * stride), row));
            }
            Ok(Decoded { width, height, data })
        }
    }
}

impl Drop for File<'_> {
    fn drop(&mut self) {
        // SAFETY: both were made by the library, and nobody else has them.
        unsafe {
            if !self.handle.is_null() {
                (self.heif.handle_release)(self.handle);
            }
            (self.heif.context_free)(self.context);
        }
    }
}

/// A decoded image of the library.
struct Image {
    heif: &'static Functions,
    image: Pointer,
}

impl Drop for Image {
    fn drop(&mut self) {
        if !self.image.is_null() {
            // SAFETY: it was made by the library, and nobody else has it.
            unsafe { (self.heif.image_release)(self.image) }
        }
    }
}

/// # Safety
/// The message, where there is one, is a text that ends.
unsafe fn checked(answer: &Answer) -> Result<(), String> {
    if answer.code == 0 {
        return Ok(());
    }
    if answer.message.is_null() {
        return Err(format!("error {}.{}", answer.code, answer.subcode));
    }
    // SAFETY: said above.
    Err(unsafe { CStr::from_ptr(answer.message) }.to_string_lossy().trim_end().to_owned())
}
