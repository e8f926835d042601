//! The processes of a group.

use std::fmt;

/// One process of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number, from 0.
    pub rank: usize,
    /// The machine it runs on, by that machine's own name.
    pub host: String,
    /// Its number there.
    pub process: u32,
}

impl Member {
    /// This process.
    pub(super) fn here(rank: usize) -> Self {
        Self { rank, host: host_name(), process: std::process::id() }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} on {} (process {})", self.rank, self.host, self.process)
    }
}

/// Members, as a sentence lists them: the first few, and how many more.
pub(super) fn listed(members: &[Member]) -> String {
    const MOST: usize = 4;
    let mut names: Vec<String> = members.iter().take(MOST).map(ToString::to_string).collect();
    if members.len() > MOST {
        names.push(format!("{} more", members.len() - MOST));
    }
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

/// This machine's name.
fn host_name() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: fills in at most as many bytes as there are; the last one stays 0.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let text = name.split(|&byte| byte == 0).next().unwrap_or_default();
    match String::from_utf8_lossy(text).into_owned() {
        name if failed == 0 && !name.is_empty() => name,
        _ => "a machine without a name".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_listed_as_in_a_sentence() {
        let member = |rank| Member { rank, host: "a".into(), process: 7 };
        assert_eq!(listed(&[member(2)]), "rank 2 on a (process 7)");
        assert_eq!(listed(&[member(0), member(1)]), "rank 0 on a (process 7) and rank 1 on a (process 7)");
        let six: Vec<Member> = (0..6).map(member).collect();
        assert!(listed(&six).ends_with(", rank 3 on a (process 7) and 2 more"));
        assert!(!Member::here(0).host.is_empty());
    }
}
