//! Labels that come from elsewhere.

use std::collections::BTreeMap;

use foretask_experiment::Error;

use super::Store;
use super::answer::Answer;
use super::change::ClassChange;
use super::class::ClassState;

impl Store {
    /// Labels that come with the images or in a table, by the names of their classes, which are made where they are missing. `source`
    /// stands in brackets, so that it is nobody's name; what a person says wins. Images whose label changed.
    ///
    /// # Errors
    /// A disk that does not take it.
    pub(crate) fn import(&mut self, source: &str, given: &[(u32, String)]) -> Result<usize, Error> {
        let mut ids: BTreeMap<String, i64> = self.classes().map(|class| (class.state.name.clone(), class.id)).collect();
        let mut next = self.classes.iter().map(|class| class.id).max().unwrap_or(0) + 1;
        let mut classes = Vec::new();
        for (_, name) in given {
            if !ids.contains_key(name) {
                ids.insert(name.clone(), next);
                let after = Some(ClassState::named(name.as_str()));
                classes.push(ClassChange { id: next, before: None, after });
                next += 1;
            }
        }
        if !classes.is_empty() {
            self.act(source, "class", &[], &classes)?;
        }
        let said: Vec<_> =
            given.iter().filter_map(|(row, name)| Some((*row, Some(Answer::Class(*ids.get(name)?))))).collect();
        self.say(source, "import", &said).map(|rows| rows.len())
    }
}
