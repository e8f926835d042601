//! Which formats there are: those that can be decoded, and those that people have, too.

/// File name endings, in lower case, of the formats that can be decoded everywhere.
const EXTENSIONS: &[&str] = &[
    "png", "apng", "jpg", "jpeg", "jpe", "jif", "jfif", "jfi", "webp", "bmp", "dib", "gif", "tif", "tiff", "pnm",
    "pbm", "pgm", "ppm", "pam", "npy", "npz",
];

/// Those of them that may hold anything: beside images of other formats they are features or labels.
pub(crate) const ARRAYS: &[&str] = &["npy", "npz"];

/// File name endings, in lower case, of the formats that can be decoded here.
pub(crate) fn extensions() -> impl Iterator<Item = &'static str> {
    let more = UNREAD.into_iter().filter(|format| format.is_read());
    EXTENSIONS.iter().copied().chain(more.flat_map(|format| format.endings.iter().copied()))
}

/// Whether files whose names end so, in lower case, can be decoded here.
pub(crate) fn reads(extension: &str) -> bool {
    let of = |format: &&Unread| format.endings.contains(&extension) && format.is_read();
    EXTENSIONS.contains(&extension) || UNREAD.iter().any(of)
}

/// The same for people: "png, jpg, …".
pub(crate) fn extensions_in_words() -> String {
    extensions().collect::<Vec<_>>().join(", ")
}

/// The formats that can be decoded here, for people.
pub(super) fn known() -> String {
    let more = UNREAD.into_iter().filter(|format| format.is_read()).map(|format| format.name);
    let always = ["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF", "PNM", "NumPy arrays"];
    always.into_iter().chain(more).collect::<Vec<_>>().join(", ")
}

/// The format of a name's ending that cannot be decoded here.
pub(crate) fn unread_by(extension: &str) -> Option<&'static Unread> {
    UNREAD.into_iter().find(|format| format.endings.contains(&extension) && !format.is_read())
}

/// What reads a format, where anything does.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reader {
    Nothing,
    /// The system's libheif, with the feature `heif`.
    Heif,
    /// The feature `dicom`.
    Dicom,
}

/// A format of images that cannot be decoded everywhere.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unread {
    pub(crate) name: &'static str,
    /// File name endings, in lower case.
    pub(crate) endings: &'static [&'static str],
    /// What to do about it.
    pub(crate) way_out: &'static str,
    reader: Reader,
}

impl Unread {
    /// "HEIC, which …: convert it …".
    pub(crate) fn in_words(&self) -> String {
        format!("{}, which cannot be read here: {}", self.name, self.way_out)
    }

    /// Whether it can be decoded here.
    fn is_read(&self) -> bool {
        match self.reader {
            Reader::Nothing => false,
            #[cfg(feature = "heif")]
            Reader::Heif => super::heif::library::is_there(),
            #[cfg(not(feature = "heif"))]
            Reader::Heif => false,
            Reader::Dicom => cfg!(feature = "dicom"),
        }
    }
}

const CONVERT: &str = "convert it to PNG, for example by `magick mogrify -format png *`";

const fn format(name: &'static str, endings: &'static [&'static str], way_out: &'static str) -> Unread {
    Unread { name, endings, way_out, reader: Reader::Nothing }
}

impl Unread {
    const fn read_by(self, reader: Reader) -> Self {
        Self { reader, ..self }
    }
}

/// The way to what reads a format, and the way without it.
macro_rules! either {
    ($feature:literal, $install:literal, $convert:literal) => {
        if cfg!(feature = $feature) {
            concat!($install, "; or ", $convert)
        } else {
            concat!("build foretask with `--features ", $feature, "`; or ", $convert)
        }
    };
}

static HEIC: Unread = format(
    "HEIC",
    &["heic", "heif", "hif", "heics", "heifs"],
    either!(
        "heif",
        "install libheif (`apt-get install libheif1`, `brew install libheif`)",
        "convert it, for example by `heif-convert IMG.HEIC IMG.jpg` (a telephone has a setting for JPEG)"
    ),
)
.read_by(Reader::Heif);
static AVIF: Unread = format(
    "AVIF",
    &["avif", "avifs"],
    either!(
        "heif",
        "install libheif (`apt-get install libheif1`, `brew install libheif`)",
        "convert it, for example by `avifdec photo.avif photo.png`"
    ),
)
.read_by(Reader::Heif);
static JPEG_XL: Unread = format("JPEG XL", &["jxl"], "convert it, for example by `djxl photo.jxl photo.png`");
static JPEG_2000: Unread = format("JPEG 2000", &["jp2", "j2k", "jpf", "jpx", "jpm", "j2c"], CONVERT);
static JPEG_XR: Unread = format("JPEG XR", &["jxr", "wdp", "hdp"], CONVERT);
static DICOM: Unread = format(
    "DICOM",
    &["dcm", "dicom", "dic"],
    either!("dicom", "", "convert it with the window you look at, for example by `dcm2img +Wm scan.dcm scan.png`"),
)
.read_by(Reader::Dicom);
static RAW: Unread = format(
    "a raw camera file",
    &["dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "pef", "srw"],
    "develop it, for example by `darktable-cli photo.nef photo.png`",
);
static SVG: Unread =
    format("SVG", &["svg", "svgz"], "draw it at a size, for example by `rsvg-convert -w 256 x.svg -o x.png`");
static PSD: Unread = format("Photoshop", &["psd", "psb"], CONVERT);
static EXR: Unread = format("OpenEXR", &["exr"], "convert it to PNG or TIFF with the exposure you want");
static HDR: Unread = format("Radiance HDR", &["hdr", "rgbe"], "convert it to PNG or TIFF with the exposure you want");
static OTHERS: Unread = format(
    "an image of an uncommon format",
    &["tga", "ico", "pcx", "xpm", "xbm", "dds", "qoi", "ff", "pfm", "jls"],
    CONVERT,
);
static SLIDE: Unread = format(
    "a microscope's file",
    &["czi", "lif", "nd2", "svs", "ndpi", "mrxs", "oif", "oib", "lsm", "vsi"],
    "write its pictures as TIFF, for example by Bio-Formats' `bfconvert`",
);
static VOLUME: Unread = format("a volume", &["nii", "mha", "mhd", "nrrd"], "write its slices as PNG or TIFF");
static HDF5: Unread =
    format("HDF5", &["h5", "hdf5", "hdf"], "write its images as PNG, or a Parquet file with their bytes");
static PDF: Unread = format("PDF", &["pdf"], "draw its pages, for example by `pdftoppm -png x.pdf x`");
static VIDEO: Unread = format(
    "a video",
    &["mp4", "mov", "avi", "mkv", "webm", "m4v", "mpg", "mpeg"],
    "write its frames, for example by `ffmpeg -i x.mp4 -vf fps=1 x-%05d.jpg`",
);

/// All of them, by their endings.
static UNREAD: [&Unread; 17] = [
    &HEIC, &AVIF, &JPEG_XL, &JPEG_2000, &JPEG_XR, &DICOM, &RAW, &SVG, &PSD, &EXR, &HDR, &OTHERS, &SLIDE, &VOLUME,
    &HDF5, &PDF, &VIDEO,
];

/// What bytes are that no decoder knows, in words with the way out; `None` where nobody can tell.
pub(super) fn tell(bytes: &[u8]) -> Option<String> {
    if let Some(format) = unread(bytes) {
        return Some(format.in_words());
    }
    let starts = |text: &str| {
        let text = text.as_bytes();
        bytes.trim_ascii_start().get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    if starts("version https://git-lfs.github.com/") {
        return Some("a pointer of Git LFS in place of the image; `git lfs pull` fetches the images".to_owned());
    }
    if starts("<!doctype html") || starts("<html") {
        return Some("a web page that was saved in place of an image; fetch it again".to_owned());
    }
    if starts("<?xml") || starts("{") || starts("<error") {
        return Some(
            "a text, perhaps a server's answer that was saved in place of an image; fetch it again".to_owned(),
        );
    }
    bytes.iter().all(|&byte| byte == 0).then(|| "nothing but zeros: the file was never written to its end".to_owned())
}

/// Whether a file begins as DICOM files do: with 128 bytes of anything, and `DICM`.
pub(crate) fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM")
}

/// Whether bytes are those of HEIC or AVIF.
#[cfg(feature = "heif")]
pub(super) fn is_heif(bytes: &[u8]) -> bool {
    unread(bytes).is_some_and(|format| format.reader == Reader::Heif)
}

/// The format of bytes by their first ones.
fn unread(bytes: &[u8]) -> Option<&'static Unread> {
    let at = |start: usize, magic: &[u8]| bytes.get(start..).is_some_and(|bytes| bytes.starts_with(magic));
    if at(4, b"ftyp") {
        return Some(match bytes.get(8..12)? {
            b"avif" | b"avis" => &AVIF,
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => &HEIC,
            b"crx " => &RAW,
            _ => &VIDEO,
        });
    }
    let magics: [(usize, &[u8], &'static Unread); 17] = [
        (0, b"\xFF\x0A", &JPEG_XL),
        (0, b"\0\0\0\x0CJXL \r\n\x87\n", &JPEG_XL),
        (0, b"\0\0\0\x0CjP  \r\n\x87\n", &JPEG_2000),
        (0, b"\xFF\x4F\xFF\x51", &JPEG_2000),
        (0, b"II\xBC", &JPEG_XR),
        (128, b"DICM", &DICOM),
        (0, b"8BPS", &PSD),
        (0, b"v/1\x01", &EXR),
        (0, b"#?RADIANCE", &HDR),
        (0, b"qoif", &OTHERS),
        (0, b"DDS ", &OTHERS),
        (0, b"\x89HDF\r\n", &HDF5),
        (0, b"%PDF", &PDF),
        (0, b"<svg", &SVG),
        (0, b"FUJIFILMCCD-RAW", &RAW),
        (0, b"NRRD0", &VOLUME),
        (0, b"\x1A\x45\xDF\xA3", &VIDEO),
    ];
    let found = magics.iter().find(|(start, magic, _)| at(*start, magic)).map(|(.., format)| *format);
    found.or_else(|| {
        // An SVG may begin with an XML declaration.
        let head = bytes.get(..bytes.len().min(512))?;
        (head.starts_with(b"<?xml") && head.windows(4).any(|window| window == b"<svg")).then_some(&SVG)
    })
}
