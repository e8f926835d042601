//! Files of raw pixels, image after image.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{
    decode::Pixels,
    error::{DataError, Result},
    find::{self, Passed},
};

/// Pixels that are in memory at once.
const BATCH_BYTES: usize = 64 << 20;

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

    /// So many images that their pixels need little memory together.
    pub(super) fn batch(&self) -> usize {
        let largest = self.files.iter().map(|file| file.size.bytes()).max().unwrap_or(1);
        (BATCH_BYTES / largest.max(1)).max(1)
    }

    /// Reads on to the ends of all files, where gzip has its checksum.
    pub(super) fn finish(&mut self) -> Result<()> {
        for file in &mut self.files {
            let announced = ((file.count - file.read) * (file.lead + file.size.bytes())) as u64;
            // No further than is needed to see that there is more: what gzip announces need not end.
            let mut rest = (&mut file.data).take(announced + 1);
            let rest = io::copy(&mut rest, &mut io::sink()).map_err(DataError::read(&file.path))?;
            if rest != announced {
                let follow = if rest > announced { "more".to_owned() } else { rest.to_string() };
                let reason = format!("damaged: {announced} more bytes of images are announced, {follow} follow");
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
    let file = foretask_files::open(path).map_err(DataError::read(path))?;
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
    let text = foretask_files::read_text(path, 1 << 20).ok()?;
    Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// The regular files of `folder` (or the file itself) by their names.
pub(super) fn listed(source: &Path) -> Result<Vec<(String, PathBuf)>> {
    find::listed(source, &mut Passed::default())
}
