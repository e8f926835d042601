//! A folder as a `.tar.gz`, the same on every system and at every time: names in order, nobody's files, no dates.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};

const BLOCK: usize = 512;
/// Bytes of a name in a header of POSIX' ustar.
const LONGEST: usize = 100;

/// Writes `folder` with all below it into `archive`, under its own name. The files `programs` may be run.
pub(super) fn pack(folder: &Path, archive: &Path, programs: &[&str]) -> Result<()> {
    let name = folder.file_name().context("the folder has no name")?.to_string_lossy().into_owned();
    let file = fs::File::create(archive).with_context(|| format!("cannot write {}", archive.display()))?;
    // Without a name and a time in its header, as the encoder leaves it.
    let mut out = GzEncoder::new(io::BufWriter::new(file), Compression::best());
    add(&mut out, folder, &name, programs)?;
    out.write_all(&[0; 2 * BLOCK])?;
    out.finish()?.flush().with_context(|| format!("cannot write {}", archive.display()))
}

fn add(out: &mut impl Write, folder: &Path, name: &str, programs: &[&str]) -> Result<()> {
    out.write_all(&header(&format!("{name}/"), 0, 0o755, b'5')?)?;
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let own = path.file_name().unwrap_or_default().to_string_lossy();
        let below = format!("{name}/{own}");
        if path.is_dir() {
            add(out, &path, &below, programs)?;
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mode = if programs.contains(&&*own) { 0o755 } else { 0o644 };
        out.write_all(&header(&below, bytes.len(), mode, b'0')?)?;
        out.write_all(&bytes)?;
        out.write_all(&vec![0; bytes.len().next_multiple_of(BLOCK) - bytes.len()])?;
    }
    Ok(())
}

/// A header as POSIX says: numbers in octal, and a sum over all bytes, in which the sum's own place counts as blanks.
fn header(name: &str, size: usize, mode: u32, kind: u8) -> Result<[u8; BLOCK]> {
    if name.len() > LONGEST {
        bail!("{name} is too long for an archive: {LONGEST} bytes are the most");
    }
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, &format!("{mode:07o}"));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    put(148, "        ");
    put(257, "ustar\u{0}00");
    header[156] = kind;
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\u{0} ").as_bytes());
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{command, read};

    #[test]
    fn tar_reads_it_and_the_same_folder_gives_the_same_bytes() {
        let place = tempfile::tempdir().unwrap();
        let archive = place.path().join("x.tar.gz");
        let packed = || {
            let folder = place.path().join("x-1.0");
            fs::remove_dir_all(&folder).ok();
            fs::create_dir_all(folder.join("deep")).unwrap();
            for (name, text) in [("run", "program"), ("deep/b", &"b".repeat(1000)), ("a", "")] {
                fs::write(folder.join(name), text).unwrap();
            }
            pack(&folder, &archive, &["run"]).unwrap();
            fs::read(&archive).unwrap()
        };
        assert_eq!(packed(), packed());
        let shown = archive.to_string_lossy().into_owned();
        let listed = read(&mut command("tar", &["-tvzf", &shown, "--utc"])).unwrap();
        let of = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
        let rights: Vec<String> = listed.lines().map(of).collect();
        assert_eq!(rights, ["drwxr-xr-x", "-rw-r--r--", "drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"], "{listed}");
        assert!(listed.lines().last().unwrap().ends_with("1970-01-01 00:00 x-1.0/run"), "{listed}");
        let text = read(&mut command("tar", &["-xOzf", &shown, "x-1.0/deep/b"])).unwrap();
        assert_eq!(text, "b".repeat(1000));
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        assert!(header(&"n".repeat(101), 0, 0o644, b'0').unwrap_err().to_string().contains("too long"));
    }
}
