//! What the names of members say.

use crate::find::{Reason, is_array, is_image, unread_format};

/// What a member is to its sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    Image,
    Label,
    Json,
    Text,
}

/// Endings of members that tell something; longer ones first.
const TELLING: [(&str, Role); 11] = [
    ("cls.txt", Role::Label),
    ("label.txt", Role::Label),
    ("class.txt", Role::Label),
    ("cls", Role::Label),
    ("label", Role::Label),
    ("class", Role::Label),
    ("target", Role::Label),
    ("json", Role::Json),
    ("txt", Role::Text),
    ("text", Role::Text),
    ("caption", Role::Text),
];

/// The name of the sample, and what a member is to it; none where it is of no use.
pub(super) fn role(name: &str) -> (&str, Option<Role>) {
    // An array in an archive is what goes with an image: its features, its mask.
    if is_image(name) && !is_array(name) {
        return (name.rsplit_once('.').map_or(name, |(stem, _)| stem), Some(Role::Image));
    }
    let telling = TELLING.iter().find_map(|&(ending, role)| {
        let at = name.len().checked_sub(ending.len() + 1)?;
        let (stem, rest) = name.split_at_checked(at)?;
        (rest.starts_with('.') && rest[1..].eq_ignore_ascii_case(ending)).then_some((stem, Some(role)))
    });
    telling.unwrap_or((name, None))
}

/// Why a member that tells nothing is passed over.
pub(super) fn why_unused(name: &str) -> Reason {
    unread_format(name).map_or(Reason::NoImage, Reason::Unread)
}

/// Shorter names of samples that a name may belong to: `a/7.left` and `a/7` of `a/7.left.crop`.
pub(super) fn shorter(stem: &str) -> impl Iterator<Item = &str> {
    let file = stem.rfind('/').map_or(0, |slash| slash + 1);
    stem[file..]
        .rmatch_indices('.')
        .map(move |(dot, _)| &stem[..file + dot])
        .filter(move |shorter| shorter.len() > file)
}

/// The folders of each path below those that all paths share.
pub(super) fn folders_below_shared<'a>(names: &[&'a str]) -> Vec<Vec<&'a str>> {
    let folders = |name: &&'a str| -> Vec<&'a str> {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        folder.split('/').filter(|part| !matches!(*part, "" | ".")).collect()
    };
    let all: Vec<Vec<&str>> = names.iter().map(folders).collect();
    let shared = all.first().map_or(0, |first| {
        all.iter().map(|folders| folders.iter().zip(first).take_while(|(a, b)| a == b).count()).min().unwrap_or(0)
    });
    all.into_iter().map(|folders| folders[shared..].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_where_what_is_known_begins() {
        assert_eq!(role("a/img_v1.07.png"), ("a/img_v1.07", Some(Role::Image)));
        assert_eq!(role("a/img_v1.07.CLS"), ("a/img_v1.07", Some(Role::Label)));
        assert_eq!(role("7.cls.txt"), ("7", Some(Role::Label)));
        assert_eq!(role("7.txt"), ("7", Some(Role::Text)));
        assert_eq!(role("7.url"), ("7.url", None));
        assert_eq!(shorter("a.b/7.left.crop").collect::<Vec<_>>(), ["a.b/7.left", "a.b/7"]);
        assert_eq!(shorter("7").count() + shorter("a/.7").count(), 0);
    }

    #[test]
    fn folders_that_all_share_are_no_classes() {
        assert_eq!(folders_below_shared(&["./photos/a/1.png", "photos/b/x/2.png"]), [vec!["a"], vec!["b", "x"]]);
        assert_eq!(folders_below_shared(&["a/1.png", "2.png"]), [vec!["a"], vec![]]);
        assert_eq!(folders_below_shared(&["a/1.png", "a/2.png"]), [Vec::<&str>::new(), vec![]]);
    }
}
