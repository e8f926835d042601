//! What holds, what is taken back, what survives.

use proptest::prelude::*;

use super::*;

fn names(count: usize) -> Arc<Names> {
    let list: Vec<String> = (0..count).map(|row| format!("{row}.png")).collect();
    Arc::new(Names::new(list.iter().map(|name| Some(name.as_str()))))
}

fn opened(folder: &Path) -> Store {
    Store::open(&folder.join("x-labels.sqlite"), names(10)).unwrap()
}

/// Everything that holds, in words.
fn holds(store: &Store) -> Vec<String> {
    let classes = store.classes().map(|class| format!("{} {:?}", class.state.name, class.state.key));
    let marks = store
        .marked()
        .flat_map(|(row, marks)| marks.iter().map(move |mark| format!("{row} {} {:?}", mark.who, mark.answer)));
    let mut all: Vec<String> = classes.chain(marks).collect();
    all.sort();
    all
}

#[test]
fn what_was_said_is_there_again_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let cat = store.add_class("ann", "cat").unwrap();
    let dog = store.add_class("ann", "dog").unwrap();
    assert_eq!(
        store.label("ann", "label", &[(3, Some(Answer::Class(cat))), (1, Some(Answer::Class(cat)))]).unwrap(),
        [1, 3]
    );
    store.label("ann", "label", &[(1, Some(Answer::Unsure)), (2, Some(Answer::Unusable))]).unwrap();
    store.label("bob", "label", &[(3, Some(Answer::Class(dog)))]).unwrap();
    assert_eq!(store.verdict(1), Verdict::Unsure);
    assert_eq!(store.verdict(3), Verdict::Disputed);
    let before = holds(&store);
    drop(store);

    let mut store = opened(folder.path());
    assert_eq!(holds(&store), before);
    // Each takes back their own, the latest first, down to nothing.
    let undone = store.undo("ann").unwrap().unwrap();
    assert_eq!((undone.kind.as_str(), undone.rows.as_slice()), ("label", &[1, 2][..]));
    assert_eq!((store.verdict(1), store.verdict(2)), (Verdict::Class(cat), Verdict::Open));
    assert_eq!(store.redo("ann").unwrap().unwrap().rows, [1, 2]);
    assert_eq!(holds(&store), before);
    for kind in ["label", "label", "class", "class"] {
        assert_eq!(store.undo("ann").unwrap().unwrap().kind, kind);
    }
    assert!(store.undo("ann").unwrap().is_none());
    // What bob said of a class that is gone waits for its return.
    assert_eq!(store.marks(3).len(), 1);
    drop(store);
    let mut store = opened(folder.path());
    for _ in 0..4 {
        store.redo("ann").unwrap().unwrap();
    }
    assert!(store.redo("ann").unwrap().is_none());
    assert_eq!(holds(&store), before);
    let history = store.history(None, 100).unwrap();
    assert_eq!(history.len(), 5);
    assert_eq!(
        (history[0].what.as_str(), history[0].after.as_str(), history[0].act.who.as_str()),
        ("3.png", "dog", "bob")
    );
    assert_eq!((history[1].images, history[1].before.as_str(), history[1].after.as_str()), (2, "cat", "unsure"));
    assert_eq!(store.history(Some(history[1].act.id), 1).unwrap()[0].images, 2);
}

#[test]
fn a_new_act_ends_what_could_be_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let cat = store.add_class("ann", "cat").unwrap();
    store.label("ann", "label", &[(0, Some(Answer::Class(cat)))]).unwrap();
    store.undo("ann").unwrap().unwrap();
    store.label("ann", "label", &[(1, Some(Answer::Class(cat)))]).unwrap();
    assert!(store.redo("ann").unwrap().is_none());
    // Nor does saying again what is said already count as an act.
    assert!(store.label("ann", "label", &[(1, Some(Answer::Class(cat)))]).unwrap().is_empty());
    assert_eq!(store.undo("ann").unwrap().unwrap().rows, [1]);
    assert_eq!(store.verdict(0), Verdict::Open);
}

#[test]
fn classes_are_renamed_merged_and_deleted_and_all_of_it_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let cat = store.add_class("ann", "cat").unwrap();
    let kitty = store.add_class("ann", "kitty").unwrap();
    store.label("ann", "label", &[(0, Some(Answer::Class(cat))), (1, Some(Answer::Class(kitty)))]).unwrap();
    store.label("bob", "label", &[(2, Some(Answer::Class(kitty)))]).unwrap();
    let before = holds(&store);
    for name in ["CAT", " c at", "cat"] {
        assert_eq!(store.add_class("ann", name).is_err(), name != " c at", "{name}");
    }
    store.undo("ann").unwrap();
    assert_eq!(holds(&store), before);

    assert_eq!(store.remove_class("ann", kitty, Some(cat)).unwrap(), 2);
    assert_eq!((store.verdict(1), store.verdict(2)), (Verdict::Class(cat), Verdict::Class(cat)));
    assert!(store.label("ann", "label", &[(4, Some(Answer::Class(kitty)))]).is_err());
    // Bob has another thought on one of them; taking the merge back leaves him that, and the other image comes back.
    store.label("bob", "label", &[(2, Some(Answer::Unsure))]).unwrap();
    assert_eq!(store.undo("ann").unwrap().unwrap().kind, "merge");
    assert_eq!((store.verdict(1), store.verdict(2)), (Verdict::Class(kitty), Verdict::Unsure));
    store.undo("bob").unwrap().unwrap();

    store.remove_class("ann", kitty, None).unwrap();
    assert_eq!(store.verdict(1), Verdict::Open);
    store.change_class("ann", cat, "tom cat", Some('c')).unwrap();
    assert_eq!(
        store.history(None, 2).unwrap().iter().map(|line| line.what.as_str()).collect::<Vec<_>>(),
        ["cat", "kitty"]
    );
    store.undo("ann").unwrap();
    store.undo("ann").unwrap();
    assert_eq!(store.verdict(1), Verdict::Class(kitty));
    assert!(store.change_class("ann", cat, "Kitty", None).is_err());
    assert!(store.remove_class("ann", cat, Some(cat)).is_err());
    assert!(store.remove_class("ann", 99, None).is_err());
}

#[test]
fn a_class_does_not_come_back_under_a_name_that_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let cat = store.add_class("ann", "cat").unwrap();
    store.remove_class("ann", cat, None).unwrap();
    store.add_class("bob", "Cat").unwrap();
    let error = store.undo("ann").unwrap_err().to_string();
    assert!(error.contains("Cat"), "{error}");
    assert_eq!(store.classes().count(), 1);
}

#[test]
fn a_second_server_and_other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    let error = Store::open(&folder.path().join("x-labels.sqlite"), names(1)).unwrap_err();
    assert!(error.message.contains("open already") && error.help.unwrap().contains("--host"));
    // Looking is free.
    read_labels(&folder.path().join("x-labels.sqlite"), 5).unwrap();
    drop(store);
    opened(folder.path());
    let text = folder.path().join("text.sqlite");
    std::fs::write(&text, "no database, but long enough to have a header that says something else. ".repeat(20))
        .unwrap();
    let error = Store::open(&text, names(1)).unwrap_err();
    assert!(error.message.contains("no labels file"), "{error}");
    let other = folder.path().join("other.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let error = Store::open(&other, names(1)).unwrap_err();
    assert!(error.message.contains("another program"), "{error}");
    assert!(
        Store::open(&folder.path().join("no/such/folder.sqlite"), names(1)).unwrap_err().help.unwrap().contains("-o")
    );
}

#[test]
fn labels_of_images_that_are_gone_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let cat = store.add_class("ann", "cat").unwrap();
    store.label("ann", "label", &[(9, Some(Answer::Class(cat))), (1, Some(Answer::Class(cat)))]).unwrap();
    drop(store);
    let path = folder.path().join("x-labels.sqlite");
    let mut store = Store::open(&path, names(5)).unwrap();
    assert_eq!(store.gone().collect::<Vec<_>>(), ["9.png"]);
    let dog = store.add_class("ann", "dog").unwrap();
    store.remove_class("ann", cat, Some(dog)).unwrap();
    drop(store);
    assert_eq!(opened(folder.path()).verdict(9), Verdict::Class(dog));
}

#[test]
fn the_file_tells_counts_and_agreement() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let (cat, dog) = (store.add_class("ann", "cat").unwrap(), store.add_class("ann", "dog").unwrap());
    let all = |id: i64| (0..4).map(|row| (row, Some(Answer::Class(id)))).collect::<Vec<_>>();
    store.label("ann", "label", &all(cat)).unwrap();
    store.label("bob", "label", &all(cat)).unwrap();
    store.label("bob", "label", &[(0, Some(Answer::Class(dog))), (5, Some(Answer::Unusable))]).unwrap();
    let file = read_labels(store.path(), 3).unwrap();
    assert_eq!(file.classes, [("cat".to_owned(), 3), ("dog".to_owned(), 0)]);
    assert_eq!((file.unsure, file.unusable, file.acts, file.history.len()), (0, 1, 5, 3));
    assert_eq!(file.people, [("ann".to_owned(), 4), ("bob".to_owned(), 5)]);
    assert_eq!((file.agreement[0].both, file.agreement[0].same), (4, 3));
    assert_eq!(file.disputed.len(), 1);
    assert_eq!(file.disputed[0].0, "0.png");
    assert_eq!(file.images.len(), 5);
    assert!(read_labels(&folder.path().join("none.sqlite"), 1).is_err());
}

#[test]
fn what_a_dataset_brings_counts_until_a_person_looks() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = opened(folder.path());
    let given = [(0, "cat".to_owned()), (1, "dog".to_owned())];
    assert_eq!(store.import("(dataset)", &given).unwrap(), 2);
    assert_eq!(store.import("(dataset)", &given).unwrap(), 0);
    let [cat, dog] = store.classes().map(|class| class.id).collect::<Vec<_>>()[..] else { panic!("two classes") };
    assert_eq!((store.verdict(0), store.verdict(1)), (Verdict::Class(cat), Verdict::Class(dog)));
    store.label("ann", "label", &[(0, Some(Answer::Class(dog)))]).unwrap();
    assert_eq!(store.verdict(0), Verdict::Class(dog));
    assert!(store.label("(dataset)", "label", &[(0, Some(Answer::Class(cat)))]).is_err(), "no person is called so");
    assert_eq!(read_labels(store.path(), 1).unwrap().disputed, []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever two people do, taking everything back leaves nothing, and doing it again leaves what there was.
    #[test]
    fn everything_can_be_taken_back(acts in prop::collection::vec((0_u8..2, 0_u8..6, 0_u32..10, 0_usize..3), 1..25)) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = opened(folder.path());
        for (who, kind, row, which) in acts {
            let who = ["ann", "bob"][usize::from(who)];
            let some = store.classes().nth(which).map(|class| class.id);
            // Refusals (a class that is not there) are a part of it.
            let _ = match (kind, some) {
                (0, _) => store.add_class(who, &format!("class {row}")).map(drop),
                (1, Some(id)) => store.remove_class(who, id, None).map(drop),
                (2, Some(id)) => {
                    let into = store.classes().map(|class| class.id).find(|other| *other != id);
                    store.remove_class(who, id, into).map(drop)
                }
                (3, _) => store.label(who, "label", &[(row, Some(Answer::Unsure)), (row / 2, None)]).map(drop),
                (_, some) => store.label(who, "label", &[(row, some.map(Answer::Class))]).map(drop),
            };
        }
        let (before, path) = (holds(&store), store.path().to_owned());
        drop(store);
        let mut store = Store::open(&path, names(10)).unwrap();
        prop_assert_eq!(&holds(&store), &before);
        let others = store.history(None, 100).unwrap().iter().any(|line| line.act.who == "bob");
        let mut count = 0;
        let mut latest = None;
        loop {
            match store.undo("ann") {
                Ok(Some(undone)) => {
                    prop_assert!(latest.is_none_or(|latest| undone.act < latest));
                    latest = Some(undone.act);
                    count += 1;
                }
                Ok(None) => break,
                // A class cannot come back under a name that the other person has given meanwhile.
                Err(error) => {
                    prop_assert!(others && error.message.contains("already"), "{}", error);
                    return Ok(());
                }
            }
        }
        for _ in 0..count {
            match store.redo("ann") {
                Ok(done) => prop_assert!(done.is_some()),
                Err(error) => {
                    prop_assert!(others, "{}", error);
                    return Ok(());
                }
            }
        }
        prop_assert!(store.redo("ann").unwrap().is_none());
        // With one person alone, doing again is exact; what the other did meanwhile may have been merged with it.
        if !others {
            prop_assert_eq!(holds(&store), before);
        }
    }
}
