//! TensorBoard event files, written without protobuf or TensorFlow.
//!
//! A file is a row of records; a record is its length, a checksum of the length, an `Event` message, and a checksum of
//! the message (tensorflow/docs `python_io.md`, tensorboard `event.proto`). The file only ever grows: a run that was
//! killed and goes on opens a new file, which tells TensorBoard to forget later steps of the older ones.

mod crc;
mod proto;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Picture, ReportError};
use proto::Message;

/// Writes one event file; TensorBoard reads all files of a folder together.
pub struct EventWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventWriter {
    /// Starts a new file in `folder`, which must exist. `first_step` is the first step that will be written: whatever
    /// older files say about this step and later ones is superseded, as after a resume.
    ///
    /// # Errors
    /// [`ReportError::Events`] when the file cannot be created.
    pub fn create(folder: &Path, first_step: u64) -> Result<Self, ReportError> {
        let now = wall_time();
        let process = std::process::id();
        let mut number = 0;
        let (path, file) = loop {
            // TensorBoard reads files in the order of their names, so the time comes first.
            let path = folder.join(format!("events.out.tfevents.{:010}.foretask.{process}.{number}", now as u64));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => break (path, file),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(ReportError::Events { path, source }),
            }
        };
        let mut writer = Self { path, file: BufWriter::new(file) };
        writer.event(now, 0, |event| event.text(3, "brain.Event:2"))?;
        // SessionLog { status: START }
        writer.event(now, first_step, |event| event.message(7, |log| log.integer(1, 1)))?;
        writer.flush()?;
        Ok(writer)
    }

    /// The file being written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a number to the curve `tag` ("simclr/loss").
    ///
    /// # Errors
    /// [`ReportError::Events`] when the file cannot be written.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<(), ReportError> {
        self.event(wall_time(), step, |event| {
            event.message(5, |summary| {
                summary.message(1, |entry| {
                    entry.text(1, tag);
                    entry.float(2, value as f32);
                });
            });
        })
    }

    /// Adds a picture under `tag`. `channels` is 1 for grey, 3 for RGB, 4 for RGBA.
    ///
    /// # Errors
    /// [`ReportError::NotPng`] when the bytes are not a PNG file, [`ReportError::Events`] when the file cannot be
    /// written.
    pub fn image(&mut self, tag: &str, step: u64, png: &[u8], channels: u8) -> Result<(), ReportError> {
        let Picture { width, height, .. } = Picture::from_png(png)?;
        self.event(wall_time(), step, |event| {
            event.message(5, |summary| {
                summary.message(1, |entry| {
                    entry.text(1, tag);
                    entry.message(4, |image| {
                        image.integer(1, u64::from(height));
                        image.integer(2, u64::from(width));
                        image.integer(3, u64::from(channels));
                        image.bytes(4, png);
                    });
                });
            });
        })
    }

    /// Hands everything written so far to the system, so that a running TensorBoard shows it.
    ///
    /// # Errors
    /// [`ReportError::Events`] when the file cannot be written.
    pub fn flush(&mut self) -> Result<(), ReportError> {
        self.file.flush().map_err(|source| ReportError::Events { path: self.path.clone(), source })
    }

    fn event(&mut self, wall_time: f64, step: u64, fill: impl FnOnce(&mut Message)) -> Result<(), ReportError> {
        let mut event = Message::default();
        event.double(1, wall_time);
        event.integer(2, step);
        fill(&mut event);
        let record = record(event.as_bytes());
        self.file.write_all(&record).map_err(|source| ReportError::Events { path: self.path.clone(), source })
    }
}

/// Length, checksum of the length, data, checksum of the data; little-endian.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(data.len() + 16);
    record.extend(length);
    record.extend(crc::masked(&length).to_le_bytes());
    record.extend(data);
    record.extend(crc::masked(data).to_le_bytes());
    record
}

/// Seconds since 1970.
fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by tensorboard 2's own `RecordWriter`.
    const REFERENCE: [u8; 40] = [
        0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xA3, 0x7F, 0x4B, 0x22, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0xF0, 0x3F, 0x1A, 0x0D, 0x62, 0x72, 0x61, 0x69, 0x6E, 0x2E, 0x45, 0x76, 0x65, 0x6E, 0x74, 0x3A, 0x32,
        0x86, 0xBF, 0x57, 0x7A,
    ];

    /// The data of each record, after checking lengths and checksums.
    fn records(file: &[u8]) -> Vec<Vec<u8>> {
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let (mut at, mut found) = (0, Vec::new());
        while at < file.len() {
            let length = u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
            assert_eq!(word(at + 8), crc::masked(&file[at..at + 8]));
            let data = &file[at + 12..at + 12 + length];
            assert_eq!(word(at + 12 + length), crc::masked(data));
            found.push(data.to_vec());
            at += 16 + length;
        }
        found
    }

    #[test]
    fn a_record_is_what_tensorboard_writes() {
        // Event { wall_time: 1.0, file_version: "brain.Event:2" }
        let mut event = Message::default();
        event.double(1, 1.0);
        event.text(3, "brain.Event:2");
        assert_eq!(record(event.as_bytes()), REFERENCE);
    }

    #[test]
    fn scalars_and_images_are_framed() {
        let folder = tempfile::tempdir().unwrap();
        let mut png = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(6, 4).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let mut writer = EventWriter::create(folder.path(), 5).unwrap();
        writer.scalar("simclr/loss", 300, 0.25).unwrap();
        writer.image("sheet", 7, png.get_ref(), 1).unwrap();
        assert!(matches!(writer.image("sheet", 7, b"no png", 1), Err(ReportError::NotPng { .. })));
        writer.flush().unwrap();
        let records = records(&std::fs::read(writer.path()).unwrap());
        assert_eq!(records.len(), 4);
        // step 300 as a varint, then summary { value { tag, simple_value: 0.25 } }
        let expected =
            [&[0x10, 0xAC, 0x02, 0x2A, 0x14, 0x0A, 0x12, 0x0A, 0x0B][..], b"simclr/loss", &[0x15, 0, 0, 0x80, 0x3E]]
                .concat();
        assert_eq!(records[2][9..], expected);
        assert!(records[3].windows(6).any(|w| w == [0x08, 4, 0x10, 6, 0x18, 1]), "height, width, channels");
        assert!(records[3].ends_with(png.get_ref()));
    }

    #[test]
    fn two_writers_in_one_second_do_not_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (EventWriter::create(folder.path(), 0).unwrap(), EventWriter::create(folder.path(), 0).unwrap());
        assert_ne!(a.path(), b.path());
        assert!(matches!(EventWriter::create(&folder.path().join("missing"), 0), Err(ReportError::Events { .. })));
    }
}
