//! Labels that are probably wrong.

use crate::EvalError;

/// A class whose images are said to be it with less than this is taken at this.
const LEAST_THRESHOLD: f64 = 2e-6;
/// Differences below this are rounding.
const ROUNDING: f64 = 1e-6;

/// A label that is probably wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelIssue {
    /// Which image, by its place among those given.
    pub index: u32,
    /// The class that it is likelier to be.
    pub likelier: u32,
    /// What its own label was given, 0 to 1.
    pub own: f32,
}

/// Confident learning (Northcutt, Jiang and Chuang 2021), the likeliest faults first: how many labels of each class are really
/// another class is counted among the confident answers, and so many of the widest margins are picked. `probabilities` are
/// `[rows, classes]`, of a classifier that has not seen the row's own label. As `cleanlab.filter.find_label_issues` with its
/// defaults and `return_indices_ranked_by="self_confidence"`.
///
/// # Errors
/// Probabilities that do not fit the labels or are not finite, a label that is none of the classes.
pub fn label_issues(labels: &[u32], probabilities: &[f32], classes: usize) -> Result<Vec<LabelIssue>, EvalError> {
    if classes == 0 || probabilities.len() != labels.len() * classes {
        let text = format!("{} probabilities for {} labels of {classes} classes", probabilities.len(), labels.len());
        return Err(EvalError::Input(text));
    }
    if let Some(wrong) = labels.iter().find(|&&label| label as usize >= classes) {
        return Err(EvalError::Input(format!("label {wrong} is not one of {classes} classes")));
    }
    if probabilities.iter().any(|value| !value.is_finite()) {
        return Err(EvalError::Input(
            "there are probabilities that are not finite; the classifier has diverged".into(),
        ));
    }
    let rows: Vec<&[f32]> = probabilities.chunks_exact(classes).collect();
    let pruned = keep_one_of_each(&transposed(&joint(labels, &rows, classes), classes), classes);
    let mut found = vec![false; labels.len()];
    for own in 0..classes {
        let of_it: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] as usize == own).collect();
        if of_it.len() <= 1 {
            continue;
        }
        for other in (0..classes).filter(|other| *other != own) {
            let count = pruned[other * classes + own].max(0) as usize;
            let margin = |row: usize| f64::from(rows[row][other]) - f64::from(rows[row][own]);
            let mut order = of_it.clone();
            order.sort_by(|&a, &b| margin(b).total_cmp(&margin(a)));
            order.iter().take(count).for_each(|&row| found[row] = true);
        }
    }
    let mut issues: Vec<LabelIssue> = (0..labels.len())
        .filter(|&row| found[row])
        .map(|row| (row, likeliest(rows[row])))
        // Where the classifier says the same, nothing is wrong.
        .filter(|(row, likelier)| *likelier != labels[*row] as usize)
        .map(|(row, likelier)| LabelIssue {
            index: row as u32,
            likelier: likelier as u32,
            own: rows[row][labels[row] as usize],
        })
        .collect();
    issues.sort_by(|a, b| a.own.total_cmp(&b.own).then(a.index.cmp(&b.index)));
    Ok(issues)
}

/// The place of the largest, the first among equals.
fn likeliest(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best })
}

/// The confident joint `[label, true class]`, in images: rows come to the counts of the labels.
fn joint(labels: &[u32], rows: &[&[f32]], classes: usize) -> Vec<i64> {
    let mut counts = vec![0_usize; classes];
    let mut sums = vec![0.0_f64; classes];
    for (&label, row) in labels.iter().zip(rows) {
        counts[label as usize] += 1;
        sums[label as usize] += f64::from(row[label as usize]);
    }
    // Nothing reaches the threshold of a class that no image has.
    let threshold = |class: usize| match counts[class] {
        0 => 2.0,
        count => (sums[class] / count as f64).max(LEAST_THRESHOLD),
    };
    let thresholds: Vec<f64> = (0..classes).map(threshold).collect();
    let mut joint = vec![0_i64; classes * classes];
    for (&label, row) in labels.iter().zip(rows) {
        let confident: Vec<usize> =
            (0..classes).filter(|&class| f64::from(row[class]) >= thresholds[class] - ROUNDING).collect();
        let guess = match confident[..] {
            [] => continue,
            [only] => only,
            _ => likeliest(row),
        };
        joint[label as usize * classes + guess] += 1;
    }
    for class in 0..classes {
        let own = &mut joint[class * classes + class];
        *own = (*own).max(1);
    }
    let calibrated = |(class, line): (usize, &[i64])| {
        let sum = line.iter().sum::<i64>().max(1) as f64;
        line.iter().map(|&count| count as f64 / sum * counts[class] as f64).collect::<Vec<f64>>()
    };
    joint.chunks_exact(classes).enumerate().map(calibrated).flat_map(|line| rounded(&line)).collect()
}

fn transposed(matrix: &[i64], classes: usize) -> Vec<i64> {
    (0..classes * classes).map(|at| matrix[at % classes * classes + at / classes]).collect()
}

/// `[true class, label]`: where a class would lose all its images, it keeps one, and the others are shortened for it.
fn keep_one_of_each(counts: &[i64], classes: usize) -> Vec<i64> {
    let at = |row: usize, column: usize| counts[row * classes + column];
    let mut kept: Vec<f64> = counts.iter().map(|&count| count as f64).collect();
    for column in 0..classes {
        let own = at(column, column).max(1);
        let filled = (0..classes).filter(|&row| at(row, column) != 0).count();
        let others = (filled as f64 - 1.0).max(1.0);
        let share = (own - at(column, column)) as f64 / others;
        for row in 0..classes {
            let value = &mut kept[row * classes + column];
            *value = if row == column { own as f64 } else { (*value - share).max(0.0) };
        }
    }
    kept.chunks_exact(classes).flat_map(rounded).collect()
}

/// Whole numbers that come to the same sum: those that rounding has moved most are moved back.
fn rounded(line: &[f64]) -> Vec<i64> {
    let mut whole: Vec<f64> = line.iter().map(|value| value.round_ties_even()).collect();
    let sum = line.iter().sum::<f64>().round_ties_even();
    loop {
        let missing = sum - whole.iter().sum::<f64>();
        if missing.abs() < 0.5 || line.is_empty() {
            return whole.into_iter().map(|value| value as i64).collect();
        }
        let mut order: Vec<usize> = (0..line.len()).collect();
        order.sort_by(|&a, &b| (line[a] - whole[a]).total_cmp(&(line[b] - whole[b])));
        if missing > 0.0 {
            order.reverse();
        }
        for &place in order.iter().take(missing.abs() as usize) {
            whole[place] += missing.signum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels, some of them moved on, and probabilities that lean to the true class by `strength`.
    fn case(rows: usize, classes: usize, strength: usize, flip: usize) -> (Vec<u32>, Vec<f32>) {
        let (mut labels, mut probabilities) = (Vec::new(), Vec::new());
        for i in 0..rows {
            let true_class = (i * i + 3 * i) % classes;
            labels.push(if i % flip == 0 { (true_class + 1 + i / flip) % classes } else { true_class } as u32);
            let weight =
                |j: usize| (i * 37 + j * 101 + i * j * 13) % 97 + 1 + if j == true_class { strength } else { 0 };
            let sum: usize = (0..classes).map(weight).sum();
            probabilities.extend((0..classes).map(|j| (weight(j) as f64 / sum as f64) as f32));
        }
        (labels, probabilities)
    }

    #[test]
    fn the_same_list_as_cleanlab() {
        // cleanlab 2.9.0 (pip), `find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence")`.
        let found = |rows, classes, strength, flip| -> Vec<u32> {
            let (labels, probabilities) = case(rows, classes, strength, flip);
            label_issues(&labels, &probabilities, classes).unwrap().iter().map(|issue| issue.index).collect()
        };
        assert_eq!(found(90, 3, 120, 7), [0, 84, 7, 28, 63, 42]);
        assert_eq!(
            found(200, 5, 150, 6),
            [42, 102, 162, 66, 0, 6, 168, 108, 48, 150, 156, 12, 96, 72, 132, 36, 192, 180, 120, 60]
        );
        assert_eq!(found(40, 2, 60, 5), [0, 10, 20, 29, 21, 27]);
        assert_eq!(
            found(60, 4, 0, 3),
            [
                21, 43, 23, 29, 6, 8, 34, 16, 12, 32, 3, 11, 53, 27, 18, 1, 31, 45, 0, 40, 24, 9, 2, 14, 56, 47, 10,
                59, 7, 17, 19, 50, 4, 55
            ]
        );
    }

    #[test]
    fn clean_labels_are_left_alone_and_nonsense_is_refused() {
        let (labels, probabilities) = case(60, 3, 500, 1000);
        assert!(label_issues(&labels[1..], &probabilities[3..], 3).unwrap().is_empty());
        assert!(label_issues(&labels, &probabilities[1..], 3).is_err() && label_issues(&[3], &[0.3; 3], 3).is_err());
        assert!(label_issues(&[0], &[f32::NAN, 1.0], 2).is_err());
        assert!(label_issues(&[], &[], 2).unwrap().is_empty());
    }
}
