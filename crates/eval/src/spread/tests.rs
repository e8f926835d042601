//! Graphs worked by hand, and labels that follow their shape.

use super::*;

fn features(rows: &[[f32; 2]]) -> Features {
    Features { data: rows.concat(), dim: 2, rows: (0..rows.len() as u64).collect() }
}

#[test]
fn a_graph_of_two_worked_by_hand() {
    // One edge of weight 1, so S = [[0, 1], [1, 0]]. With alpha 1/2 and F0 = Y = (1, 0) the second row's mass
    // after two turns is 1/2 * (1/2 * 0 + 1/2 * 1) = 1/4 of class 1, and nothing else reaches it.
    let options =
        SpreadOptions { neighbors: 1, alpha: 0.5, iterations: 2, balanced: Some(false), ..Default::default() };
    let found = spread_labels(&features(&[[1.0, 0.0], [2.0, 0.0]]), &[Some(1), None], 3, &options).unwrap();
    assert_eq!(found.labels, [1, 1]);
    assert_eq!(found.confidence[0], 1.0);
    assert!(found.confidence[1] < 1.0 && found.confidence[1] > 0.999);
    assert_eq!(found.shares, [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    // The only label of its class cannot be hidden.
    assert_eq!(found.recovered, Recovered::default());
}

fn arcs() -> Features {
    let point = |degrees: f32| [degrees.to_radians().cos(), degrees.to_radians().sin()];
    let rows: Vec<[f32; 2]> = (0..40).map(|i| point(i as f32)).chain((0..40).map(|i| point(60.0 + i as f32))).collect();
    features(&rows)
}

#[test]
fn labels_follow_the_arc_they_lie_on() {
    // Two arcs of a circle, one label at the end of each; the far ends belong to their own arcs.
    let mut labels = vec![None; 80];
    labels[0] = Some(0);
    labels[79] = Some(1);
    let options = SpreadOptions { neighbors: 4, ..SpreadOptions::default() };
    let found = spread_labels(&arcs(), &labels, 2, &options).unwrap();
    assert!(found.labels[..40].iter().all(|&label| label == 0), "{:?}", found.labels);
    assert!(found.labels[40..].iter().all(|&label| label == 1), "{:?}", found.labels);
    assert!(found.balanced, "{:?}", found.parts);
}

#[test]
fn hidden_labels_come_back_where_neighbors_are_alike_and_not_where_labels_are_wrong() {
    let mut labels = vec![None; 80];
    for i in [0, 10, 20, 30] {
        labels[i] = Some(0);
        labels[79 - i] = Some(1);
    }
    let options = SpreadOptions { neighbors: 4, ..SpreadOptions::default() };
    let count = |labels: &[Option<u32>]| spread_labels(&arcs(), labels, 2, &options).unwrap().recovered;
    assert_eq!(count(&labels), Recovered { right: 8, hidden: 8 });
    (labels[10], labels[69]) = (Some(1), Some(0));
    let swapped = count(&labels);
    assert!(swapped.hidden == 8 && swapped.right < 8, "{swapped:?}");
}

#[test]
fn auto_leaves_classes_uneven_that_come_out_so() {
    // A long arc and a short one: 60 rows against 6.
    let point = |degrees: f32| [degrees.to_radians().cos(), degrees.to_radians().sin()];
    let rows: Vec<[f32; 2]> = (0..60).map(|i| point(i as f32)).chain((0..6).map(|i| point(120.0 + i as f32))).collect();
    let mut labels = vec![None; 66];
    (labels[30], labels[62]) = (Some(0), Some(1));
    let options = SpreadOptions { neighbors: 3, ..SpreadOptions::default() };
    let found = spread_labels(&features(&rows), &labels, 2, &options).unwrap();
    assert!(!found.balanced && found.parts.0 < 0.5, "{:?}", found.parts);
    assert_eq!(found.labels.iter().filter(|&&label| label == 1).count(), 6);
}

#[test]
fn labels_come_out_alike_whether_neighbors_are_sought_in_cells_or_among_all() {
    // Ten classes of five groups each, which reach into each other; ten labels a class.
    let mut rng = foretask_random::Key::new(8).rng();
    let centers: Vec<f32> = (0..50 * 12).map(|_| rng.normal()).collect();
    let data = (0..2000 * 12).map(|at| centers[at / 12 % 50 * 12 + at % 12] + 0.5 * rng.normal()).collect();
    let all = Features { data, dim: 12, rows: (0..2000).collect() };
    let labels: Vec<Option<u32>> = (0..2000).map(|row| (row % 20 == row / 50 % 20).then_some(row % 10)).collect();
    let options = SpreadOptions::default();
    let right = |most: usize| {
        let found = crate::similarity::nearest_beyond(most, &all, &all, 16).unwrap();
        let (shares, ..) = shares(&Graph::among(found, 15), &labels, 10, None, &options).unwrap();
        let named = shares.chunks_exact(10).map(likeliest);
        named.enumerate().filter(|(row, class)| row % 10 == *class).count() as f64 / 2000.0
    };
    let (exact, cells) = (right(2000), right(100));
    assert!((0.7..0.999).contains(&exact) && (exact - cells).abs() < 0.01, "{exact} {cells}");
}

#[test]
fn the_confident_are_the_given_and_the_best_of_the_rest() {
    let spread = Spread {
        labels: vec![0, 1, 0, 1, 0],
        confidence: vec![0.4, 1.0, 0.9, 0.0, 0.6],
        shares: Vec::new(),
        probe: false,
        balanced: false,
        parts: (1.0, 1.0),
        recovered: Recovered::default(),
    };
    assert_eq!(spread.confident_rows(0.6), [1, 2, 4]);
    assert_eq!(spread.confident_rows(0.01), [1]);
    assert_eq!(spread.confident_rows(1.0), [0, 1, 2, 4]);
}

#[test]
fn what_cannot_work_is_refused() {
    let two = features(&[[1.0, 0.0], [0.0, 1.0]]);
    let options = SpreadOptions::default();
    assert!(spread_labels(&two, &[None, None], 2, &options).unwrap_err().to_string().contains("no label"));
    assert!(spread_labels(&two, &[Some(2), None], 2, &options).is_err());
    assert!(spread_labels(&two, &[Some(0)], 2, &options).is_err());
    let wrong = SpreadOptions { alpha: 1.0, ..options };
    assert!(spread_labels(&two, &[Some(0), None], 2, &wrong).unwrap_err().to_string().contains("alpha"));
}

#[test]
fn an_opinion_is_heard_where_hidden_labels_are_told_with_it() {
    // Every second row of both arcs is of the other class: neighbors say nothing of classes.
    let class = |row: usize| (row % 2) as u32;
    let labels: Vec<Option<u32>> = (0..80).map(|row| (row % 3 == 0).then(|| class(row))).collect();
    let options = SpreadOptions { neighbors: 4, ..SpreadOptions::default() };
    let says = |right: f32| {
        let row = move |row: usize| if class(row) == 0 { [right, 1.0 - right] } else { [1.0 - right, right] };
        (0..80).flat_map(row).collect::<Vec<f32>>()
    };
    let arcs = arcs();
    let spread = |right: f32, probe: Option<bool>| {
        let options = SpreadOptions { probe, ..options.clone() };
        let opinion = move |_: &[Option<u32>]| Ok(says(right));
        let spreader = Spreader { features: &arcs, classes: 2, options: &options, opinion: Some(&opinion) };
        let told = |row: &&usize, spread: &Spread| spread.labels[**row] == class(**row);
        let mut judge = |hidden: &Hidden<'_>| Ok(hidden.rows.iter().filter(|row| told(row, hidden.spread)).count());
        spreader.spread(&labels, &mut judge).unwrap()
    };
    let alone = spread_labels(&arcs, &labels, 2, &options).unwrap();
    let heard = spread(0.99, None);
    assert!(heard.probe && heard.recovered.right > alone.recovered.right, "{:?}", heard.recovered);
    assert!((0..80).all(|row| heard.labels[row] == class(row)));
    let wrong = spread(0.01, None);
    assert!(!wrong.probe && wrong == alone);
    assert!(spread(0.01, Some(true)).probe && !spread(0.99, Some(false)).probe);
}
