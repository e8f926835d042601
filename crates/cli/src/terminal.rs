//! What the terminal is like: its width, and what it says it can show.

use terminal_size::{Width, terminal_size, terminal_size_of};

/// Where nobody says how wide it is.
pub(crate) const USUAL_COLUMNS: usize = 80;

/// Columns of the terminal that standard output goes to; `None` where it goes elsewhere.
pub(crate) fn stdout_columns() -> Option<usize> {
    use std::io::IsTerminal as _;
    std::io::stdout().is_terminal().then(|| terminal_size().map_or(USUAL_COLUMNS, |(Width(columns), _)| columns.into()))
}

/// Columns of the terminal that standard error goes to.
pub(crate) fn stderr_columns() -> usize {
    terminal_size_of(std::io::stderr()).map_or(USUAL_COLUMNS, |(Width(columns), _)| columns.into())
}

/// What a terminal answered when it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Answer {
    /// It shows sixels.
    pub(crate) sixel: bool,
    /// Pixels of a letter's width.
    pub(crate) cell_width: Option<usize>,
}

/// Asks for the size of a letter, which not every terminal tells, then for what the terminal can, which each does.
const QUESTION: &[u8] = b"\x1b[16t\x1b[c";

/// Reads `ESC [ 6 ; height ; width t` and `ESC [ ? 62 ; 4 ; … c`; `None` while the latter is not whole.
fn read_answer(reply: &str) -> Option<Answer> {
    let numbers = |text: &str| -> Vec<usize> { text.split(';').filter_map(|number| number.parse().ok()).collect() };
    let (_, attributes) = reply.split_once("\x1b[?")?;
    let (attributes, _) = attributes.split_once('c')?;
    let size = reply.split_once("\x1b[6;").and_then(|(_, rest)| rest.split_once('t'));
    let cell_width = size.and_then(|(size, _)| numbers(size).get(1).copied()).filter(|width| (4..=100).contains(width));
    // The first number is the kind of terminal; of the others, 4 stands for sixels.
    Some(Answer { sixel: numbers(attributes).iter().skip(1).any(|number| *number == 4), cell_width })
}

/// Asks the terminal; `None` where there is none, or none that answers at once.
#[cfg(unix)]
pub(crate) fn ask() -> Option<Answer> {
    use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
    use nix::unistd::{getpgrp, tcgetpgrp};

    let mut terminal = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    // Changing the terminal from the background would stop this process.
    if tcgetpgrp(&terminal).ok()? != getpgrp() {
        return None;
    }
    let before = tcgetattr(&terminal).ok()?;
    let mut raw = before.clone();
    cfmakeraw(&mut raw);
    tcsetattr(&terminal, SetArg::TCSANOW, &raw).ok()?;
    let answer = exchange(&mut terminal);
    tcsetattr(&terminal, SetArg::TCSANOW, &before).ok();
    answer
}

/// There is no terminal to ask.
#[cfg(not(unix))]
pub(crate) fn ask() -> Option<Answer> {
    None
}

#[cfg(unix)]
fn exchange(terminal: &mut std::fs::File) -> Option<Answer> {
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsFd as _;
    use std::time::{Duration, Instant};

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    /// Far terminals need a while.
    const PATIENCE: Duration = Duration::from_millis(500);

    terminal.write_all(QUESTION).ok()?;
    let (start, mut reply) = (Instant::now(), Vec::new());
    loop {
        let left = PATIENCE.checked_sub(start.elapsed())?;
        let wait = PollTimeout::try_from(left).ok()?;
        if poll(&mut [PollFd::new(terminal.as_fd(), PollFlags::POLLIN)], wait).ok()? == 0 {
            return None;
        }
        let mut bytes = [0; 256];
        let count = terminal.read(&mut bytes).ok().filter(|count| *count > 0)?;
        reply.extend_from_slice(&bytes[..count]);
        if let Some(answer) = read_answer(&String::from_utf8_lossy(&reply)) {
            return Some(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        // xterm as a VT340, foot, and a terminal of letters alone.
        let sixel = |cell_width| Some(Answer { sixel: true, cell_width });
        assert_eq!(read_answer("\x1b[6;20;10t\x1b[?63;1;2;4;6;9;15;22c"), sixel(Some(10)));
        assert_eq!(read_answer("\x1b[?62;4;22;28c"), sixel(None));
        assert!(!read_answer("\x1b[6;20;10t\x1b[?64;1;2;22c").unwrap().sixel);
        assert!(!read_answer("\x1b[?4c").unwrap().sixel);
        assert_eq!(read_answer("\x1b[6;20;10t\x1b[?63;1"), None);
        assert_eq!(read_answer(""), None);
    }
}
