//! What the crate registry asks of a package, and what its page shows: versions beside paths, licenses, words to be found by, and
//! a README that reads as well there as here.

use super::File;
use super::metadata::Member;

/// The registry takes no more keywords, and none that is longer.
const MOST_KEYWORDS: usize = 5;
const LONGEST_KEYWORD: usize = 20;

/// Categories that the registry knows and that suit something here.
const CATEGORIES: &[&str] = &[
    "algorithms",
    "caching",
    "command-line-utilities",
    "computer-vision",
    "filesystem",
    "multimedia::images",
    "science",
    "visualization",
    "web-programming::http-client",
];

/// Each package holds its own copy of these, or a link to it.
const LICENSES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// Problems of the packages that are published.
pub(crate) fn check(files: &[File], members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members.iter().filter(|member| member.is_published) {
        let manifest = format!("{}/Cargo.toml", member.folder);
        let found = words(member).into_iter().chain(versions(member, members));
        problems.extend(found.map(|problem| format!("{manifest}: {problem}")));
        problems.extend(LICENSES.iter().filter_map(|name| license(files, &member.folder, name)));
        let readme = format!("{}/README.md", member.folder);
        if let Some(text) = text_of(files, &readme) {
            problems.extend(page(text).into_iter().map(|(line, problem)| format!("{readme}:{line}: {problem}")));
        }
    }
    problems
}

fn text_of<'a>(files: &'a [File], path: &str) -> Option<&'a str> {
    files.iter().find(|file| file.path == path)?.text.as_deref()
}

/// Keywords and categories.
fn words(member: &Member) -> Vec<String> {
    let mut problems = Vec::new();
    if member.keywords.is_empty() || member.keywords.len() > MOST_KEYWORDS {
        problems.push(format!("give one to {MOST_KEYWORDS} keywords, by which the registry finds it"));
    }
    let fits = |word: &str| {
        word.len() <= LONGEST_KEYWORD
            && word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_+".contains(c))
    };
    let odd = member.keywords.iter().filter(|word| !fits(word));
    problems.extend(odd.map(|word| {
        format!("the keyword `{word}` is refused: at most {LONGEST_KEYWORD} small letters, digits, - and _")
    }));
    if member.categories.is_empty() {
        problems.push(format!("give a category: {}", CATEGORIES.join(", ")));
    }
    let unknown = member.categories.iter().filter(|name| !CATEGORIES.contains(&name.as_str()));
    problems.extend(unknown.map(|name| {
        format!("the category `{name}` is not in the list of xtask/src/tidy/registry.rs; does the registry have it?")
    }));
    problems
}

/// A path means nothing to the registry: what is asked for there is the version.
fn versions(member: &Member, members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    for dependency in member.dependencies.iter().filter(|dependency| dependency.is_path) {
        let name = &dependency.name;
        let Some(ours) = members.iter().find(|other| other.name == *name) else { continue };
        if !ours.is_published {
            problems.push(format!("it needs {name}, which is not published"));
        } else if dependency.versions != format!("^{}", ours.version) {
            problems.push(format!(
                "it asks for {name} {}; write `version = \"{}\"` beside its path in the workspace's Cargo.toml",
                dependency.versions, ours.version
            ));
        }
    }
    problems
}

/// Without its text a license does not travel with the package.
fn license(files: &[File], folder: &str, name: &str) -> Option<String> {
    let ours = text_of(files, name)?;
    let path = format!("{folder}/{name}");
    match text_of(files, &path) {
        None => Some(format!("{path} is missing: ln -s ../../{name} {path}")),
        Some(text) if text != ours => Some(format!("{path} is not the text of {name}: ln -sf ../../{name} {path}")),
        Some(_) => None,
    }
}

/// What of a README leads nowhere on the registry's page, with its line: it stands there without the repository around it, and
/// without rustdoc, which turns names in brackets into links.
fn page(text: &str) -> Vec<(usize, String)> {
    let headings: Vec<String> = prose(text).filter_map(|(_, line)| Some(anchor(line.strip_prefix('#')?))).collect();
    let mut problems = Vec::new();
    for (number, line) in prose(text) {
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            let leads = match target.strip_prefix('#') {
                Some(heading) => headings.iter().any(|known| known == heading),
                None => target.starts_with("https://"),
            };
            if !leads {
                problems.push((number, format!("the link to {target} leads nowhere on the registry's page")));
            }
        }
        for rest in line.split("[`").skip(1) {
            if let Some((name, behind)) = rest.split_once("`]")
                && !behind.starts_with('(')
            {
                problems.push((number, format!("[`{name}`] is a link for rustdoc alone; write `{name}`")));
            }
        }
    }
    problems
}

/// The lines outside of code, from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        (!fence && !in_code).then_some((number + 1, line))
    })
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::metadata::Dependency;

    fn member(name: &str) -> Member {
        Member {
            name: name.into(),
            folder: format!("crates/{name}"),
            version: "0.1.0".into(),
            is_published: true,
            keywords: vec!["images".into()],
            categories: vec!["science".into()],
            ..Member::default()
        }
    }

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: Some(text.into()) }
    }

    #[test]
    fn a_path_without_its_version_is_told() {
        let of = |versions: &str| {
            let dependency =
                Dependency { name: "below".into(), versions: versions.into(), is_path: true, ..Dependency::default() };
            check(&[], &[member("below"), Member { dependencies: vec![dependency], ..member("above") }])
        };
        assert_eq!(of("^0.1.0"), [""; 0]);
        for versions in ["*", "^0.2.0"] {
            let problems = of(versions);
            assert!(problems.len() == 1 && problems[0].contains("write `version = \"0.1.0\"`"), "{problems:?}");
        }
    }

    #[test]
    fn only_what_is_published_needs_words() {
        let wordless = || Member { keywords: vec![], categories: vec![], ..member("x") };
        assert_eq!(check(&[], &[wordless()]).len(), 2);
        assert_eq!(check(&[], &[Member { is_published: false, ..wordless() }]), [""; 0]);
        let odd = Member { keywords: vec!["Two words".into()], categories: vec!["ai".into()], ..member("x") };
        let problems = check(&[], &[odd]).join("\n");
        assert!(problems.contains("`Two words` is refused") && problems.contains("category `ai`"), "{problems}");
    }

    #[test]
    fn licenses_travel() {
        let root = || [file("LICENSE-MIT", "a"), file("LICENSE-APACHE", "b")];
        let with = |own: &[File]| {
            let files: Vec<File> =
                root().into_iter().chain(own.iter().map(|f| file(&f.path, f.text.as_deref().unwrap()))).collect();
            check(&files, &[member("x")])
        };
        assert_eq!(with(&[file("crates/x/LICENSE-MIT", "a"), file("crates/x/LICENSE-APACHE", "b")]), [""; 0]);
        let problems = with(&[file("crates/x/LICENSE-MIT", "../../LICENSE-MIT")]).join("\n");
        assert!(problems.contains("is not the text") && problems.contains("LICENSE-APACHE is missing"), "{problems}");
    }

    #[test]
    fn a_page_has_no_link_into_the_repository() {
        let text = "# One two\n[a](https://example.org) [b](#one-two) [c](../x.md) [d](#three) [`E`] [`F`](https://f.org)\n\
                    ```\n[g](h.md) [`I`]\n```\n";
        let problems = page(text);
        let told: Vec<_> = problems.iter().map(|(line, problem)| (*line, problem.split(' ').nth(3).unwrap())).collect();
        assert_eq!(told, [(2, "../x.md"), (2, "#three"), (2, "link")], "{problems:?}");
    }
}
