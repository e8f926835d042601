//! Files of raw pixels, image after image.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{
    decode::Pixels,
    error::{DataError, Result},
};

/// The images of several files, one after the other.
pub(super) struct RawImages {
    pub(super) files: Vec<RawFile>,
}

/// A file that has been opened and whose header, if it has one, has been read.
pub(super) struct RawFile {
    pub(super) path: PathBuf,
    /// What its images are called by, with their number.
    pub(super) name: String,
    pub(super) data: Box<dyn Read + Send>,
    pub(super) count: usize,
    pub(super) size: Size,
    /// Bytes before each image.
    pub(super) lead: usize,
    pub(super) layout: Layout,
    /// Images that have been read or passed over.
    pub(super) read: usize,
}

/// Of every image of a file.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Size {
    pub(super) fn bytes(self) -> usize {
        self.height * self.width * self.channels
    }
}

/// The order of the samples of an image.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// Row by row, the channels of a pixel together.
    Interleaved,
    /// Channel by channel, each row by row.
    Planes,
    /// Channel by channel, each column by column.
    Columns,
}

impl Layout {
    fn interleaved(self, data: Vec<u8>, Size { height, width, channels }: Size) -> Vec<u8> {
        let at = |y: usize, x: usize, channel: usize| match self {
            Self::Planes => (channel * height + y) * width + x,
            Self::Columns | Self::Interleaved => (channel * width + x) * height + y,
        };
        if let Self::Interleaved = self {
            return data;
        }
        let mut out = Vec::with_capacity(data.len());
        for y in 0..height {
            for x in 0..width {
                out.extend((0..channels).map(|channel| data[at(y, x, channel)]));
            }
        }
        out
    }
}

impl RawImages {
    /// The images at ascending positions with their names; everything before and between is passed over.
    pub(super) fn read(&mut self, positions: &[usize]) -> Result<Vec<(Pixels<'static>, String)>> {
        positions.iter().map(|&position| self.image(position)).collect()
    }

    /// Reads on to the ends of all files, where gzip has its checksum.
    pub(super) fn finish(&mut self) -> Result<()> {
        for file in &mut self.files {
            let rest = io::copy(&mut file.data, &mut io::sink()).map_err(DataError::read(&file.path))?;
            let announced = ((file.count - file.read) * (file.lead + file.size.bytes())) as u64;
            if rest != announced {
                let reason = format!("damaged: {announced} more bytes of images are announced, {rest} follow");
                return Err(DataError::Import { path: file.path.clone(), reason });
            }
        }
        Ok(())
    }

    fn image(&mut self, position: usize) -> Result<(Pixels<'static>, String)> {
        let mut first = 0;
        for file in &mut self.files {
            if position < first + file.count {
                let index = position - first;
                return file.image(index).map(|pixels| (pixels, format!("{}/{index:05}.png", file.name)));
            }
            first += file.count;
        }
        let path = self.files.first().map(|file| file.path.clone()).unwrap_or_default();
        Err(DataError::Import { path, reason: format!("there is no image {position}") })
    }
}

impl RawFile {
    fn image(&mut self, index: usize) -> Result<Pixels<'static>> {
        let size = self.size.bytes();
        let skip = ((index - self.read) * (size + self.lead) + self.lead) as u64;
        let mut data = Vec::with_capacity(size);
        let skipped =
            io::copy(&mut (&mut self.data).take(skip), &mut io::sink()).map_err(DataError::read(&self.path))?;
        (&mut self.data).take(size as u64).read_to_end(&mut data).map_err(DataError::read(&self.path))?;
        if skipped < skip || data.len() < size {
            let reason = format!("truncated: it announces {} images but ends before image {index} does", self.count);
            return Err(DataError::Import { path: self.path.clone(), reason });
        }
        self.read = index + 1;
        let Size { height, width, channels } = self.size;
        Ok(Pixels { width, height, channels, data: self.layout.interleaved(data, self.size).into() })
    }
}

/// Opens a file of records without a header: (the file, how many records it holds). `what` is said of a record where the
/// file is no whole number of them.
pub(super) fn records(path: &Path, record: usize, what: &str) -> Result<(File, usize)> {
    let file = File::open(path).map_err(DataError::read(path))?;
    let bytes = file.metadata().map_err(DataError::read(path))?.len();
    if bytes == 0 || bytes % record as u64 != 0 {
        let reason = format!(
            "truncated, or something else: its {bytes} bytes are no whole number of {what} of {record} bytes; fetch it \
             again, or say by --format what it is"
        );
        return Err(DataError::Import { path: path.to_owned(), reason });
    }
    Ok((file, (bytes / record as u64) as usize))
}

/// The lines of a file of names, where there is one.
pub(super) fn names(path: &Path) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// Files of `folder` (or the file itself) by their names.
pub(super) fn listed(source: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    if source.is_dir() {
        for entry in std::fs::read_dir(source).map_err(DataError::read(source))? {
            files.push(entry.map_err(DataError::read(source))?.path());
        }
    } else if source.is_file() {
        files.push(source.to_owned());
    }
    let named = |path: PathBuf| (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path);
    let mut files: Vec<_> = files.into_iter().map(named).collect();
    files.sort();
    Ok(files)
}
