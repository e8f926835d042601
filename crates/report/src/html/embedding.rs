//! Images as points.

use serde::Serialize;

use super::csv::{Cell, Link};
use crate::plot::{CLASSES, Scatter};
use crate::{Embedding, Report};

#[derive(Serialize)]
pub(super) struct View {
    result: String,
    basis: String,
    maps: Vec<MapView>,
    legend: Vec<Entry>,
    data: Link,
}

#[derive(Serialize)]
struct MapView {
    name: String,
    note: String,
    svg: String,
}

#[derive(Serialize)]
struct Entry {
    class: String,
    name: String,
    /// Its place among the groups.
    group: usize,
    count: usize,
}

pub(super) fn view(report: &Report) -> Option<Vec<View>> {
    let views: Vec<View> = report.embeddings.iter().filter_map(one).collect();
    (!views.is_empty()).then_some(views)
}

/// How the images of a class look.
pub(super) struct Look {
    /// Its class in the style sheet.
    class: String,
    pub(super) name: String,
    /// Its color, as the style sheet calls it.
    pub(super) color: String,
    pub(super) square: bool,
}

/// Which images look alike.
pub(super) struct Groups {
    pub(super) looks: Vec<Look>,
    /// The group of each image.
    pub(super) of: Vec<usize>,
}

/// A group for each class; with too many classes the most frequent ones get one of their own.
pub(super) fn groups(embedding: &Embedding) -> Groups {
    let classes = embedding.classes.len();
    let mut counts = vec![0_usize; classes];
    let of = |label: &Option<u32>| label.map(|label| label as usize).filter(|label| *label < classes);
    for label in embedding.labels.iter().filter_map(of) {
        counts[label] += 1;
    }
    let mut shown: Vec<usize> = (0..classes).filter(|class| counts[*class] > 0).collect();
    if shown.len() > CLASSES {
        shown.sort_by_key(|class| std::cmp::Reverse(counts[*class]));
        shown.truncate(CLASSES - 1);
        shown.sort_unstable();
    }
    let look = |(place, class): (usize, &usize)| {
        let (color, square) = (place % (CLASSES / 2), place >= CLASSES / 2);
        Look {
            class: format!("c{color} k{place}{}", if square { " square" } else { "" }),
            name: embedding.classes[*class].clone(),
            color: format!("--c{color}"),
            square,
        }
    };
    let mut looks: Vec<Look> = shown.iter().enumerate().map(look).collect();
    let others = embedding.labels.iter().any(|label| of(label).is_none());
    let all_named = shown.len() == counts.iter().filter(|count| **count > 0).count();
    // Where nobody has named a class, the images are no rest.
    let (class, color) = if shown.is_empty() { ("c0", "--c0") } else { ("rest", "--faint") };
    looks.push(Look {
        class: format!("{class} k{}", CLASSES - 1),
        name: if others && all_named { "without a label".to_owned() } else { "other classes".to_owned() },
        color: color.to_owned(),
        square: false,
    });
    let rest = shown.len();
    let group = |label: &Option<u32>| of(label).and_then(|label| shown.iter().position(|class| *class == label));
    Groups { looks, of: embedding.labels.iter().map(|label| group(label).unwrap_or(rest)).collect() }
}

/// Whether there is anything to draw.
pub(super) fn is_drawn(embedding: &Embedding) -> bool {
    embedding.maps.iter().any(|map| Scatter::places(&map.points).iter().any(Option::is_some))
}

fn one(embedding: &Embedding) -> Option<View> {
    let Groups { looks, of } = groups(embedding);
    let paths: Vec<(String, String)> = looks.iter().map(|look| (look.class.clone(), look.name.clone())).collect();
    let maps: Vec<MapView> = embedding
        .maps
        .iter()
        .filter_map(|map| {
            let alt = format!("{} of the features of {}", map.name, embedding.result);
            let svg = Scatter { alt: &alt, points: &map.points, groups: &paths, group_of: &of }.svg()?;
            Some(MapView { name: map.name.clone(), note: map.note.clone(), svg })
        })
        .collect();
    let count = |group: usize| of.iter().filter(|own| **own == group).count();
    let legend =
        paths.into_iter().enumerate().map(|(group, (class, name))| Entry { class, name, group, count: count(group) });
    let legend: Vec<Entry> = legend.filter(|entry| entry.count > 0).collect();
    let data = csv(embedding);
    (!maps.is_empty()).then(|| View {
        result: embedding.result.clone(),
        basis: embedding.basis.clone(),
        maps,
        legend,
        data,
    })
}

/// A line for each image: its name, class and answer, and where it lies.
fn csv(embedding: &Embedding) -> Link {
    let class = |label: Option<&Option<u32>>| {
        let name = label.copied().flatten().and_then(|label| embedding.classes.get(label as usize));
        Cell::Text(name.cloned().unwrap_or_default())
    };
    let mut heads = vec!["image".to_owned(), "class".to_owned(), "answer".to_owned()];
    heads.extend(embedding.maps.iter().flat_map(|map| [format!("{} x", map.name), format!("{} y", map.name)]));
    let row = |at: usize| {
        let mut cells = vec![
            Cell::Text(embedding.names.get(at).cloned().unwrap_or_default()),
            class(embedding.labels.get(at)),
            class(embedding.answers.get(at)),
        ];
        let points = embedding.maps.iter().map(|map| map.points.get(at).copied().unwrap_or([f32::NAN; 2]));
        cells.extend(points.flatten().map(|value| Cell::Number(f64::from(value))));
        cells
    };
    Link::of("map", &heads, (0..embedding.labels.len()).map(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PointMap;

    fn report(classes: usize, labels: Vec<Option<u32>>) -> Report {
        let points = (0..labels.len()).map(|i| [i as f32, (i * i) as f32]).collect();
        let map = PointMap { name: "t-SNE".into(), points, ..PointMap::default() };
        let classes = (0..classes).map(|class| format!("class {class}")).collect();
        Report {
            embeddings: vec![Embedding { classes, labels, maps: vec![map], ..Embedding::default() }],
            ..Report::default()
        }
    }

    fn first(report: &Report) -> View {
        view(report).unwrap().remove(0)
    }

    #[test]
    fn every_class_has_a_look_of_its_own() {
        let view = first(&report(12, (0..12).map(Some).collect()));
        let looks: std::collections::BTreeSet<&str> = view.legend.iter().map(|entry| entry.class.as_str()).collect();
        assert_eq!(looks.len(), 12);
        assert_eq!((view.legend[11].class.as_str(), view.legend[11].name.as_str()), ("c1 k11 square", "class 11"));
    }

    #[test]
    fn rare_classes_and_missing_labels_share_the_rest() {
        // Class 7 occurs thrice, all others once.
        let mut labels: Vec<Option<u32>> = (0..30).map(Some).collect();
        labels.extend([Some(7), Some(7), None]);
        let view = first(&report(30, labels));
        assert_eq!(view.legend.len(), CLASSES);
        let rest = view.legend.last().unwrap();
        assert_eq!((rest.name.as_str(), rest.count), ("other classes", 12));
        assert!(view.legend.iter().any(|entry| entry.name == "class 7" && entry.count == 3));
        let unlabeled = first(&report(2, vec![Some(0), None]));
        assert_eq!(unlabeled.legend.last().unwrap().name, "without a label");
    }

    #[test]
    fn nothing_to_draw_is_no_section() {
        assert!(view(&Report::default()).is_none());
        assert!(view(&report(2, Vec::new())).is_none());
    }
}
