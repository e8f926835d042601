//! Images as points.

use serde::Serialize;

use crate::plot::{CLASSES, Scatter};
use crate::{Embedding, Report};

#[derive(Serialize)]
pub(super) struct View {
    result: String,
    basis: String,
    maps: Vec<MapView>,
    legend: Vec<Entry>,
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
    count: usize,
}

pub(super) fn view(report: &Report) -> Option<Vec<View>> {
    let views: Vec<View> = report.embeddings.iter().filter_map(one).collect();
    (!views.is_empty()).then_some(views)
}

fn one(embedding: &Embedding) -> Option<View> {
    let classes = embedding.classes.len();
    let mut counts = vec![0_usize; classes];
    let of = |label: &Option<u32>| label.map(|label| label as usize).filter(|label| *label < classes);
    for label in embedding.labels.iter().filter_map(of) {
        counts[label] += 1;
    }
    // With too many classes the most frequent ones get a color.
    let mut shown: Vec<usize> = (0..classes).filter(|class| counts[*class] > 0).collect();
    if shown.len() > CLASSES {
        shown.sort_by_key(|class| std::cmp::Reverse(counts[*class]));
        shown.truncate(CLASSES - 1);
        shown.sort_unstable();
    }
    let named = shown.iter().enumerate().map(|(place, class)| {
        let shape = if place >= CLASSES / 2 { " square" } else { "" };
        (format!("c{} k{place}{shape}", place % (CLASSES / 2)), embedding.classes[*class].clone())
    });
    let rest = shown.len();
    let others = embedding.labels.iter().any(|label| of(label).is_none());
    let rest_name = if others && shown.len() == counts.iter().filter(|count| **count > 0).count() {
        "without a label"
    } else {
        "other classes"
    };
    let groups: Vec<(String, String)> =
        named.chain([(format!("rest k{}", CLASSES - 1), rest_name.to_owned())]).collect();
    let group_of: Vec<usize> = embedding
        .labels
        .iter()
        .map(|label| of(label).and_then(|label| shown.iter().position(|class| *class == label)).unwrap_or(rest))
        .collect();
    let maps: Vec<MapView> = embedding
        .maps
        .iter()
        .filter_map(|map| {
            let alt = format!("{} of the features of {}", map.name, embedding.result);
            let svg = Scatter { alt: &alt, points: &map.points, groups: &groups, group_of: &group_of }.svg()?;
            Some(MapView { name: map.name.clone(), note: map.note.clone(), svg })
        })
        .collect();
    let count = |group: usize| group_of.iter().filter(|own| **own == group).count();
    let legend =
        groups.into_iter().enumerate().map(|(group, (class, name))| Entry { class, name, count: count(group) });
    let legend: Vec<Entry> = legend.filter(|entry| entry.count > 0).collect();
    (!maps.is_empty()).then(|| View { result: embedding.result.clone(), basis: embedding.basis.clone(), maps, legend })
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
        let unlabelled = first(&report(2, vec![Some(0), None]));
        assert_eq!(unlabelled.legend.last().unwrap().name, "without a label");
    }

    #[test]
    fn nothing_to_draw_is_no_section() {
        assert!(view(&Report::default()).is_none());
        assert!(view(&report(2, Vec::new())).is_none());
    }
}
