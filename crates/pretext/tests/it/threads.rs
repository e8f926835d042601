//! A batch is a function of its images and keys: neither threads nor order matter.

use foretask_pretext::{Batch, Shape, Slot, TASKS, Task};
use foretask_random::Key;

use super::{image, picture, resolved};

const IMAGES: usize = 24;

fn key(i: usize) -> Key {
    Key::new(5).with(2).with(i as u64)
}

#[test]
fn one_thread_and_eight_give_the_same_batch() {
    // Sizes vary, so that buffers left by one image meet another.
    let pictures: Vec<_> = (0..IMAGES).map(|i| (20 + i, 36 - i / 2)).enumerate().collect();
    let pictures: Vec<_> = pictures.into_iter().map(|(i, (w, h))| (picture(w, h, 3, i as u64), w, h)).collect();
    let tasks = resolved(Shape::new(3, 24, 24));
    assert_eq!(tasks.len(), TASKS.len());
    for resolved in tasks {
        let fill = |task: &Task, i: usize, slot: Slot<'_>| {
            let (data, w, h) = &pictures[i];
            task.generate(image(data, *w, *h, 3), key(i), resolved.shape, slot).unwrap();
        };
        let mut alone = Batch::new(&resolved.task.layout(resolved.shape), IMAGES);
        for (i, slot) in alone.slots().into_iter().enumerate() {
            fill(&resolved.task, i, slot);
        }
        let mut together = Batch::new(&resolved.task.layout(resolved.shape), IMAGES);
        std::thread::scope(|scope| {
            let mut hands: Vec<Vec<(usize, Slot<'_>)>> = (0..8).map(|_| Vec::new()).collect();
            for (i, slot) in together.slots().into_iter().enumerate().rev() {
                hands[i * 7 % 8].push((i, slot));
            }
            for hand in hands {
                let task = &resolved.task;
                scope.spawn(move || hand.into_iter().for_each(|(i, slot)| fill(task, i, slot)));
            }
        });
        assert_eq!(alone, together, "{}", resolved.task.name());
    }
}

#[test]
fn another_key_gives_another_input_and_the_same_key_the_same() {
    let data = picture(32, 32, 1, 3);
    let tasks = resolved(Shape::new(1, 32, 32));
    assert_eq!(tasks.len(), TASKS.len() - 1, "all but colorization");
    for resolved in tasks {
        let inputs = |i| resolved.task.explain(image(&data, 32, 32, 1), key(i), resolved.shape).unwrap();
        assert_eq!(inputs(1), inputs(1));
        assert!((2..9).any(|i| inputs(i).inputs != inputs(1).inputs), "{}", resolved.task.name());
    }
}
