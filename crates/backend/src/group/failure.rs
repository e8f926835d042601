//! What the engine refuses, before anybody knows whose fault it is.

/// A refusal of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// The engine's own words, one line.
    pub(super) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody did not come, or not answer, in time.
    Late,
    /// A connection broke, or none was made.
    Network,
    /// Anything else; gloo also says so of broken connections.
    #[cfg_attr(not(feature = "libtorch"), allow(dead_code))] // Only an engine says so.
    Other,
}

impl Failure {
    /// Of a message of several lines, the first that says something, without the place in somebody's source.
    pub(super) fn new(kind: Kind, message: &str) -> Self {
        let line = message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no message");
        let words = line.strip_prefix("[/").and_then(|rest| rest.split_once("] ")).map_or(line, |(_, words)| words);
        Self { kind, message: words.trim_end_matches('.').to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_message_one_line_is_kept() {
        let words = |message| Failure::new(Kind::Other, message).message;
        let gloo =
            "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:18093";
        assert_eq!(words(gloo), "Connection closed by peer [127.0.0.1]:18093");
        assert_eq!(words("Broken pipe\nException raised from sendBytes at /pytorch/x.hpp:668"), "Broken pipe");
        assert_eq!(words("\n"), "no message");
    }
}
