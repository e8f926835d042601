//! Neighbors worked by hand, and those of cells against those of all rows.

use foretask_random::Key;

use super::*;

fn features(data: &[f32], dim: usize) -> Features {
    Features { data: data.to_vec(), dim, rows: (0..(data.len() / dim) as u64).collect() }
}

/// Rows around `groups` centers, each with five directions of its own in which it is wide.
pub(crate) fn clustered(rows: usize, dim: usize, groups: usize) -> Features {
    let draw = |name: &str, place: usize, count: usize| {
        let mut rng = Key::new(9).named(name).with(place as u64).rng();
        (0..count).map(|_| rng.normal()).collect::<Vec<f32>>()
    };
    let shapes: Vec<Vec<f32>> = (0..groups).map(|group| draw("shape", group, 6 * dim)).collect();
    let row = |row: usize| {
        let (shape, along) = (&shapes[row % groups], draw("row", row, 5 + dim));
        let value = |axis: usize| {
            let wide: f32 = (0..5).map(|k| along[k] * shape[(k + 1) * dim + axis]).sum();
            shape[axis] + 0.3 * wide + 0.1 * along[5 + axis]
        };
        (0..dim).map(value).collect::<Vec<f32>>()
    };
    features(&(0..rows).flat_map(row).collect::<Vec<f32>>(), dim)
}

/// The share of the true neighbors that were found.
fn recall(found: &[Vec<Neighbor>], truth: &[Vec<Neighbor>]) -> f64 {
    let hits = |(found, truth): (&Vec<Neighbor>, &Vec<Neighbor>)| {
        truth.iter().filter(|near| found.iter().any(|other| other.index == near.index)).count()
    };
    let sum: usize = found.iter().zip(truth).map(hits).sum();
    sum as f64 / truth.iter().map(Vec::len).sum::<usize>() as f64
}

fn in_cells(bank: &Features, queries: &Features, k: usize, count: usize) -> (Vec<Vec<Neighbor>>, f64) {
    let search = Search::new(Cells::new(bank, count).unwrap(), queries, k).unwrap();
    let share = search.share();
    (search.nearest(queries, k, std::ptr::eq(bank, queries)).unwrap(), share)
}

#[test]
fn neighbors_by_hand() {
    let bank = features(&[1.0, 0.0, 0.0, 2.0, 3.0, 3.0, -1.0, 0.0], 2);
    let found = nearest(&bank, &features(&[5.0, 0.0, 0.0, 0.0], 2), 3).unwrap();
    let order: Vec<u32> = found[0].iter().map(|n| n.index).collect();
    assert_eq!(order, [0, 2, 1]);
    assert!((found[0][1].similarity - 0.5_f32.sqrt()).abs() < 1e-6);
    // A query of zeros is equally far from all: the bank's order.
    assert_eq!(found[1].iter().map(|n| n.index).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(nearest(&bank, &features(&[1.0, 1.0], 2), 9).unwrap()[0].len(), 4);
    assert!(nearest(&bank, &features(&[1.0, 1.0, 1.0], 3), 1).is_err());
}

#[test]
fn a_request_to_stop_is_obeyed() {
    let bank = clustered(300, 4, 5);
    let asked = foretask_train::Interrupt::new();
    for most in [1000, 10] {
        assert!(asked.obeyed(|| nearest_beyond(most, &bank, &bank, 1)).is_ok());
    }
    asked.request();
    for most in [1000, 10] {
        let found = asked.obeyed(|| nearest_beyond(most, &bank, &bank, 1));
        assert!(matches!(found, Err(EvalError::Train(foretask_train::TrainError::Stopped))), "{found:?}");
    }
}

#[test]
fn every_query_of_uneven_blocks_finds_itself() {
    let mut rng = Key::new(2).rng();
    let data: Vec<f32> = (0..101 * 19).map(|_| rng.normal()).collect();
    let all = features(&data, 19);
    let found = nearest(&all, &all, 2).unwrap();
    assert_eq!(found.len(), 101);
    for (i, list) in found.iter().enumerate() {
        assert_eq!(list[0].index as usize, i);
        assert!((list[0].similarity - 1.0).abs() < 1e-5 && list[1].similarity < 0.95);
    }
}

#[test]
fn cells_find_nearly_all_neighbors_in_a_part_of_the_rows() {
    let all = clustered(3000, 16, 40);
    let (found, share) = in_cells(&all, &all, 16, 100);
    let truth = exact(&all, &all, 16).unwrap();
    assert!(recall(&found, &truth) >= 0.98, "{}", recall(&found, &truth));
    assert!(share < 0.4, "{share}");
    // What both found has one similarity, to rounding.
    for (found, truth) in found.iter().zip(&truth) {
        assert!((found[0].similarity - truth[0].similarity).abs() < 1e-5);
    }
    // Other queries than the rows themselves.
    let others = clustered(3500, 16, 40).select(&(3000..3500).collect::<Vec<_>>());
    let (found, _) = in_cells(&all, &others, 15, 100);
    let truth = exact(&all, &others, 15).unwrap();
    assert!(found.len() == 500 && recall(&found, &truth) >= 0.98, "{}", recall(&found, &truth));
    // Probes that were no use would find less: the share that is met is the one that was asked for.
    let few = in_cells(&all, &all, 16, 1000);
    assert!(recall(&few.0, &exact(&all, &all, 16).unwrap()) >= 0.98 && few.1 < share, "{}", few.1);
}

#[test]
fn beyond_the_threshold_cells_take_over_and_not_before() {
    let all = clustered(600, 8, 12);
    let whole = exact(&all, &all, 5).unwrap();
    assert_eq!(nearest_beyond(600, &all, &all, 5).unwrap(), whole);
    assert_eq!(nearest(&all, &all, 5).unwrap(), whole);
    let found = nearest_beyond(599, &all, &all, 5).unwrap();
    assert!(found != whole && recall(&found, &whole) >= 0.98, "{}", recall(&found, &whole));
    // A large bank and few queries: no more pairs than 500 rows have with each other.
    let few = all.select(&[1, 2, 3]);
    assert_eq!(nearest_beyond(500, &all, &few, 5).unwrap(), exact(&all, &few, 5).unwrap());
    // Noise has neighbors everywhere.
    let mut rng = Key::new(3).rng();
    let noise = features(&(0..600 * 64).map(|_| rng.normal()).collect::<Vec<_>>(), 64);
    assert_eq!(nearest_beyond(100, &noise, &noise, 5).unwrap(), exact(&noise, &noise, 5).unwrap());
}

#[test]
fn threads_do_not_change_a_bit() {
    let all = clustered(2000, 16, 30);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| nearest_beyond(500, &all, &all, 10).unwrap())
    };
    assert!(run(1) == run(2));
}

#[test]
fn equal_rows_have_the_neighbors_that_they_have_without_cells() {
    let same = features(&[0.6, 0.8].repeat(500), 2);
    assert_eq!(nearest_beyond(100, &same, &same, 4).unwrap(), exact(&same, &same, 4).unwrap());
    // Nor does any cell hold them all.
    let cells = Cells::new(&same, 50).unwrap();
    assert!(cells.all.iter().all(|cell| cell.rows.len() <= 40));
    let zeros = features(&[0.0; 1000], 2);
    assert_eq!(nearest_beyond(100, &zeros, &zeros, 4).unwrap(), exact(&zeros, &zeros, 4).unwrap());
}

#[test]
fn fewer_rows_than_cells_are_a_cell_each() {
    let all = clustered(30, 6, 3);
    let cells = Cells::new(&all, 1000).unwrap();
    assert!(cells.all.len() <= 30 && cells.all.iter().map(|cell| cell.rows.len()).sum::<usize>() == 30);
    let search = Search::new(cells, &all, 40).unwrap();
    assert_eq!(search.nearest(&all, 0, true).unwrap(), vec![Vec::new(); 30]);
    assert!(recall(&search.nearest(&all, 40, true).unwrap(), &exact(&all, &all, 40).unwrap()) >= 0.98);
}

#[test]
fn rows_that_are_no_numbers_stay_what_they_were() {
    let mut all = clustered(300, 6, 3);
    (all.data[60], all.data[100]) = (f32::NAN, f32::INFINITY);
    let bits = |found: Vec<Vec<Neighbor>>| -> Vec<Vec<(u32, u32)>> {
        let list = |list: Vec<Neighbor>| list.into_iter().map(|near| (near.index, near.similarity.to_bits())).collect();
        found.into_iter().map(list).collect()
    };
    assert_eq!(bits(nearest_beyond(50, &all, &all, 4).unwrap()), bits(exact(&all, &all, 4).unwrap()));
}
