//! Everything the command says. Texts are shown with what would act on the terminal written out; a reader that went away ends
//! the talk, not the work, and a full disk behind standard output is told of once, at the end.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use foretask_experiment::shown;

/// Why standard output takes no more, if it does not.
static BROKEN: Mutex<Option<io::Error>> = Mutex::new(None);

/// `println!` that neither panics nor passes on what would act on the terminal.
macro_rules! say {
    ($($part:tt)*) => { $crate::out::line(format!($($part)*)) };
}

/// `eprintln!` of the same kind.
macro_rules! note {
    ($($part:tt)*) => { $crate::out::note_line(format!($($part)*)) };
}

pub(crate) use {note, say};

/// A text on standard output.
pub(crate) fn print(text: &str) {
    bytes(shown(text).as_bytes());
}

/// A line on standard output.
pub(crate) fn line(text: impl AsRef<str>) {
    print(&format!("{}\n", text.as_ref()));
}

/// JSON on standard output.
pub(crate) fn json(text: &str) {
    bytes(format!("{}\n", in_json(text)).as_bytes());
}

/// JSON, a line of it, on standard error.
pub(crate) fn json_note(text: &str) {
    writeln!(io::stderr(), "{}", in_json(text)).ok();
}

/// What would act on the terminal stands only inside of JSON's texts, and has an escape of its own there.
fn in_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if shown(c.encode_utf8(&mut [0; 4])).len() == c.len_utf8() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// What is meant for programs or drawn with escapes of our own: as it is.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut broken = BROKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if broken.is_none() {
        *broken = io::stdout().write_all(bytes).err();
    }
}

/// A line on standard error. Where nobody can read it, there is nobody to tell.
pub(crate) fn note_line(text: impl AsRef<str>) {
    writeln!(io::stderr(), "{}", shown(text.as_ref())).ok();
}

/// A text on standard error that carries colors; what came from outside was shown before.
pub(crate) fn colored(text: &str) {
    write!(io::stderr(), "{text}").ok();
}

/// The last word: why what was printed did not arrive, if it did not.
pub(crate) fn finish() -> Option<io::Error> {
    let broken = BROKEN.lock().unwrap_or_else(PoisonError::into_inner).take();
    broken.or_else(|| io::stdout().flush().err())
}

/// Why something did not arrive, in words; none where the reader has had enough (`| head`).
pub(crate) fn undelivered(error: Option<io::Error>) -> Option<String> {
    let error = error.filter(|error| error.kind() != ErrorKind::BrokenPipe)?;
    Some(format!("standard output cannot be written to: {error}"))
}
