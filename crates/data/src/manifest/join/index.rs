//! Which image a path in another table means.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use unicode_normalization::UnicodeNormalization;

use crate::decode::reads;

/// Images by where they are.
pub(in crate::manifest) struct Index {
    /// The folder that the names are relative to.
    folder: String,
    /// Names as the table of the images has them, and where they lead.
    images: Vec<(String, String)>,
    places: HashMap<String, u32>,
    /// By file name, and by file name without its ending.
    files: HashMap<String, Vec<u32>>,
    stems: HashMap<String, Vec<u32>>,
}

/// What a path was found to mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// This image.
    Image(u32),
    /// This one, by its file name alone: the folders differ.
    ByFileName(u32),
    /// One of these.
    AnyOf(Vec<u32>),
    Nothing,
}

impl Index {
    /// Of names relative to `folder`, each once.
    pub(in crate::manifest) fn new(folder: &Path, names: Vec<String>) -> Self {
        let folder = real(folder);
        let mut index =
            Self { folder, images: Vec::new(), places: HashMap::new(), files: HashMap::new(), stems: HashMap::new() };
        for (name, number) in names.into_iter().zip(0..) {
            let place = place(&name, &index.folder);
            let file = file(&place).to_owned();
            index.stems.entry(stem(&file).to_owned()).or_default().push(number);
            index.files.entry(file).or_default().push(number);
            index.places.entry(place.clone()).or_insert(number);
            index.images.push((name, place));
        }
        index
    }

    /// An image's name.
    pub(super) fn name(&self, image: u32) -> &str {
        &self.images[image as usize].0
    }

    /// What each of these paths of a table in the folder `from` means.
    ///
    /// A path is relative to its table, else to the folder of the images, else to the working folder: whichever leads most
    /// paths to an image comes first. What leads nowhere means the image whose path ends alike (`photos/a/1.png` and `a/1.png`,
    /// `1.png` and `a/1.png`), and where no path of the table leads anywhere, because the table comes from somewhere else, the
    /// image of the same file name. Either way there has to be one such image only.
    pub(super) fn find(&self, paths: &[Option<&str>], from: &Path) -> Vec<Meant> {
        let here = std::env::current_dir().map(|folder| real(&folder)).unwrap_or_default();
        let mut roots = [real(from), self.folder.clone(), here];
        let hits = |root: &String| paths.iter().flatten().filter(|path| self.exact(path, root).is_some()).count();
        roots.sort_by_cached_key(|root| std::cmp::Reverse(hits(root)));
        let found = |path: Option<&str>| {
            let Some(path) = path else { return Meant::Nothing };
            let exact = roots.iter().find_map(|root| self.exact(path, root));
            let linked = || roots.iter().find_map(|root| self.linked(path, root));
            exact.or_else(linked).map_or_else(|| self.alike(path), Meant::Image)
        };
        let mut found: Vec<Meant> = paths.iter().copied().map(found).collect();
        if !found.iter().any(|meant| matches!(meant, Meant::Image(_))) {
            self.by_file_name(paths, &mut found);
        }
        found
    }

    /// The image that lies where each of these paths of a table in the folder `from` leads, however the path is written.
    pub(in crate::manifest) fn located(&self, paths: &[&str], from: &Path) -> Vec<Option<u32>> {
        let here = std::env::current_dir().map(|folder| real(&folder)).unwrap_or_default();
        let roots = [real(from), self.folder.clone(), here];
        let found = |path: &&str| {
            let exact = roots.iter().find_map(|root| self.exact(path, root));
            exact.or_else(|| roots.iter().find_map(|root| self.linked(path, root)))
        };
        paths.iter().map(found).collect()
    }

    fn exact(&self, path: &str, root: &str) -> Option<u32> {
        self.places.get(&place(path, root)).copied()
    }

    /// The same file by another way, such as a link.
    fn linked(&self, path: &str, root: &str) -> Option<u32> {
        let real = Path::new(&place(path, root)).canonicalize().ok()?;
        self.places.get(&place(&real.to_string_lossy(), "")).copied()
    }

    /// The image whose path ends with this one, or the other way round.
    fn alike(&self, path: &str) -> Meant {
        let path = place(path, "");
        let candidates = self.same_file(&path);
        let ending = |image: &u32| {
            let (name, full) = &self.images[*image as usize];
            let name = place(name, "");
            let (name, full) = (without_ending(&name, &path), without_ending(full, &path));
            // The longer what is shared, the likelier; all of a path is shared with any.
            if path.ends_with(name) { Some(name.len()) } else { full.ends_with(&path).then_some(path.len()) }
        };
        let fits: Vec<(usize, u32)> = candidates.iter().filter_map(|image| Some((ending(image)?, *image))).collect();
        let Some(longest) = fits.iter().map(|(len, _)| *len).max() else { return Meant::Nothing };
        let best: Vec<u32> = fits.into_iter().filter(|(len, _)| *len == longest).map(|(_, image)| image).collect();
        if let [one] = best[..] { Meant::Image(one) } else { Meant::AnyOf(best) }
    }

    /// Images of the same file name; of the same name but for the ending where the path has none.
    fn same_file(&self, path: &str) -> &[u32] {
        let file = file(path);
        let found = self.files.get(file);
        let by_stem = || self.stems.get(file).filter(|_| !has_ending(file));
        found.or_else(by_stem).map_or(&[], Vec::as_slice)
    }

    /// Where two paths mean one image, neither does.
    fn by_file_name(&self, paths: &[Option<&str>], found: &mut [Meant]) {
        let mut once: HashSet<u32> = HashSet::new();
        let mut twice: HashSet<u32> = HashSet::new();
        for (path, meant) in paths.iter().zip(found.iter_mut()) {
            let (Some(path), Meant::Nothing) = (path, &meant) else { continue };
            *meant = match self.same_file(&place(path, "")) {
                [] => Meant::Nothing,
                [one] => {
                    if !once.insert(*one) {
                        twice.insert(*one);
                    }
                    Meant::ByFileName(*one)
                }
                several => Meant::AnyOf(several.to_vec()),
            };
        }
        for meant in found {
            if matches!(meant, Meant::ByFileName(image) if twice.contains(image)) {
                *meant = Meant::Nothing;
            }
        }
    }
}

/// Where a path leads from a folder: absolute, with `/`, without `.` and `..`.
fn place(path: &str, folder: &str) -> String {
    let path: String = path.trim().nfc().map(|c| if c == '\\' { '/' } else { c }).collect();
    let whole = if is_absolute(&path) { path } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.iter().flat_map(|part| ["/", part]).collect()
}

/// `/a/b`, and `C:/a/b` of another system.
fn is_absolute(path: &str) -> bool {
    let drive = |path: &str| path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && path[1..].starts_with(':');
    path.starts_with(['/', '\\']) || drive(path)
}

fn real(folder: &Path) -> String {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let whole = folder.canonicalize().or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_owned());
    place(&whole.to_string_lossy(), "")
}

fn file(place: &str) -> &str {
    place.rsplit('/').next().unwrap_or(place)
}

fn has_ending(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, ending)| reads(&ending.to_lowercase()))
}

fn stem(file: &str) -> &str {
    if has_ending(file) { file.rsplit_once('.').map_or(file, |(stem, _)| stem) } else { file }
}

/// An image's path without its ending where the other one has none.
fn without_ending<'a>(place: &'a str, other: &str) -> &'a str {
    let (here, there) = (file(place), file(other));
    if here == there { place } else { &place[..place.len() - (here.len() - stem(here).len())] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(names: &[&str]) -> Index {
        Index::new(Path::new("/data/photos"), names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// What one path of a table in /data means, beside one that leads to the first image.
    fn meant(index: &Index, path: &str) -> Meant {
        let first = index.images[0].1.clone();
        index.find(&[Some(&first), Some(path)], Path::new("/data")).remove(1)
    }

    #[test]
    fn a_path_is_written_in_many_ways() {
        let index = index(&["first.png", "a/1.png", "b/2.png", "G\u{fc}te.png"]);
        for path in [
            "photos/a/1.png",
            "a/1.png",
            "./a/1.png",
            "a\\1.png",
            "/data/photos/a/1.png",
            "photos/./b/../a/1.png",
            "1.png",
            "C:\\Users\\anna\\photos\\a\\1.png",
            "/mnt/anna/a/1.png",
            "1",
            "a/1",
            " a/1.png",
        ] {
            assert_eq!(meant(&index, path), Meant::Image(1), "{path}");
        }
        assert_eq!(meant(&index, "Gu\u{308}te.png"), Meant::Image(3));
        for path in ["c/1.png", "3.png", "x/a/11.png", "", "1.jpg"] {
            assert_eq!(meant(&index, path), Meant::Nothing, "{path}");
        }
    }

    #[test]
    fn what_may_be_two_images_is_neither() {
        let index = index(&["first.png", "a/1.png", "b/1.png", "b/2.png", "b/2.jpg"]);
        assert_eq!(meant(&index, "1.png"), Meant::AnyOf(vec![1, 2]));
        assert_eq!(meant(&index, "b/2"), Meant::AnyOf(vec![3, 4]));
        assert_eq!(meant(&index, "x/b/1.png"), Meant::Image(2));
    }

    #[test]
    fn a_table_from_elsewhere_joins_by_file_name() {
        let index = index(&["a/1.png", "a/2.png", "b/2.png", "b/3.png"]);
        let paths = [Some("old/1.png"), Some("old/2.png"), Some("x/3.png"), Some("y/3.png"), Some("old/4.png"), None];
        let found = index.find(&paths, Path::new("/elsewhere"));
        let nothing = Meant::Nothing;
        assert_eq!(
            found,
            [
                Meant::ByFileName(0),
                Meant::AnyOf(vec![1, 2]),
                nothing.clone(),
                nothing.clone(),
                nothing.clone(),
                nothing
            ]
        );
    }

    #[test]
    fn the_folder_that_leads_to_most_images_is_meant() {
        // In the table's own folder there is another 1.png.
        let index = index(&["1.png", "2.png", "sub/1.png"]);
        let found = index.find(&[Some("1.png"), Some("2.png")], Path::new("/data/photos/sub"));
        assert_eq!(found, [Meant::Image(0), Meant::Image(1)]);
        let found = index.find(&[Some("1.png")], Path::new("/data/photos/sub"));
        assert_eq!(found, [Meant::Image(2)]);
    }
}
