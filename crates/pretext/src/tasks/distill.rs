//! Distillation: be like a larger network that has been trained before (the third recipe of lightly-train, 2026, after Hinton,
//! Vinyals and Dean 2015, arXiv 1503.02531).
//!
//! What the teacher says of a view is the label. It is asked where networks are; here the view is made, once for the student
//! and, where both do not take the same size, once more for each teacher.

use foretask_random::Key;
use serde::{Deserialize, Serialize};

use super::teacher::TeacherInfo;
use crate::augment::{Augment, Preset, Role};
use crate::auto::{Auto, choose};
use crate::batch::{Slot, TargetKind};
use crate::check::{self, check_out};
use crate::error::{PretextError, Result};
use crate::info::{Family, TaskInfo, option};
use crate::pixels::{ImageRef, Shape};
use crate::recipe::Recipe;
use crate::tasks::joint::{FLIP, JITTER};
use crate::tasks::run::{Run, RunSizes};

const WORD: &str = "distill";

/// For the reference.
pub(crate) const INFO: TaskInfo = TaskInfo {
    name: WORD,
    family: Family::Imitate,
    summary: "be like a larger network that was trained before: its features are the label",
    use_when: "published weights suit your images but are too large or too slow for you, and labels are few: a small network \
               learns in minutes what took others weeks. Several teachers may be given as an array",
    avoid_when: "the teacher knows nothing of such images: `linear_probe(teacher, few)` says so in a minute. A student is a \
                 work made of its teacher: the teacher's license holds for it, too",
    paper: "lightly-train's `distillationv3` (2026); Hinton, Vinyals, Dean 2015, Distilling the knowledge in a neural network, \
            arXiv 1503.02531",
    options: &[
        option("loss", "\"likeness\", \"cosine\" or \"mse\"", "\"likeness\"", LOSS_ABOUT),
        option("views", "0 to 64, or \"auto\"", "\"auto\"", VIEWS_ABOUT),
        option("mixup", "true, false or \"auto\"", "\"auto\"", MIXUP_ABOUT),
        option("temperature", "0.01 to 2", "0.07", "lower looks harder at the most similar images and places"),
        option("queue", "a whole number, or \"auto\"", "\"auto\"", QUEUE_ABOUT),
        option("places", "weight from 0 to 1000", "1.0", PLACES_ABOUT),
        option("crop", "[low, high], shares of the area, 0 < low <= high <= 1, or \"auto\"", "\"auto\"", CROP_ABOUT),
        JITTER,
        FLIP,
        option("blur", "probability, or \"auto\"", "\"auto\"", "how often a view is blurred; auto 0"),
    ],
};

const LOSS_ABOUT: &str = "`likeness`: to which earlier images it is similar, and which places of an image are similar to each \
                          other; `cosine` and `mse`: its features themselves";
const VIEWS_ABOUT: &str = "fixed views an image, of which the teacher is asked once and its answers are kept; 0 makes a new view \
                           each time and asks again, which wants a GPU";
const MIXUP_ABOUT: &str =
    "show teacher and student each image mixed with another of its batch; auto where views are new each time";
const QUEUE_ABOUT: &str = "images that a likeness is taken to: a multiple of batch_size; auto by the number of images";
const PLACES_ABOUT: &str =
    "what the likenesses within an image count, where both networks have a map of several places";
const CROP_ABOUT: &str = "random crop of a view; auto from a half of the area";

/// What is imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Imitation {
    /// How similar images, and places of an image, are to each other.
    #[default]
    Likeness,
    /// The direction of the features.
    Cosine,
    /// The features themselves, at a mean square of one.
    Mse,
}

/// Options of `distill`; `None` is `"auto"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Distill {
    /// What is imitated.
    pub loss: Imitation,
    /// Fixed views an image; 0 for new ones each time.
    #[serde(with = "crate::auto")]
    pub views: Option<u32>,
    /// Whether images are mixed.
    #[serde(with = "crate::auto")]
    pub mixup: Option<bool>,
    /// Temperature of the likenesses.
    pub temperature: f64,
    /// Images that a likeness is taken to.
    #[serde(with = "crate::auto")]
    pub queue: Option<u32>,
    /// What the likenesses of places count.
    pub places: f64,
    /// Share of the area that a random crop keeps.
    #[serde(with = "crate::auto")]
    pub crop: Option<[f64; 2]>,
    /// Overall strength of light and color changes.
    #[serde(with = "crate::auto")]
    pub jitter: Option<f64>,
    /// Probability of a mirror image.
    #[serde(with = "crate::auto")]
    pub flip: Option<f64>,
    /// Probability of a Gaussian blur.
    #[serde(with = "crate::auto")]
    pub blur: Option<f64>,
    /// Who is imitated; no option, but the word's first argument.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teachers: Vec<TeacherInfo>,
}

impl Default for Distill {
    fn default() -> Self {
        Self {
            loss: Imitation::Likeness,
            views: None,
            mixup: None,
            temperature: 0.07,
            queue: None,
            places: 1.0,
            crop: None,
            jitter: None,
            flip: None,
            blur: None,
            teachers: Vec::new(),
        }
    }
}

/// Fixed views an image, where nobody says.
const VIEWS: u32 = 2;
/// Numbers that are kept of teachers, at most: a gibibyte in half precision.
const MOST_KEPT: usize = 1 << 29;
/// Places of a map whose likenesses are kept.
const MOST_PLACES: usize = 64;

impl Distill {
    /// Imitates these.
    #[must_use]
    pub fn with_teachers(self, teachers: Vec<TeacherInfo>) -> Self {
        Self { teachers, ..self }
    }

    /// Whether views are the same ones again and again. (Where it is open, they will be unless a pool is too large.)
    fn is_fixed(&self) -> bool {
        self.views != Some(0)
    }

    fn given(&self) -> Augment {
        let Self { crop, jitter, flip, blur, .. } = *self;
        // As lightly-train has it, but for colors: a teacher is to be asked about what it knows.
        let own = Augment { crop: crop.or(Some([0.5, 1.0])), ..Augment::of(Preset::MoCo).grayscale(0.0).blur(0.0) };
        Augment { flip, jitter, blur, ..Augment::default() }.or(own)
    }

    /// The view with every option filled, given the student's input shape.
    pub fn view(&self, shape: Shape) -> Augment {
        self.given().filled(Preset::MoCo, Role::First, shape)
    }

    /// The sizes that teachers see, beside the student's own: one for each block of inputs after the first.
    fn other_sizes(&self, shape: Shape) -> Vec<Shape> {
        let mut sizes = Vec::new();
        for size in self.teachers.iter().map(|teacher| teacher.input) {
            if size != shape && !size.is_empty() && !sizes.contains(&size) {
                sizes.push(size);
            }
        }
        sizes
    }

    /// Which block of inputs the teacher with this number sees, where views are new each time.
    pub fn block_of(&self, teacher: usize, shape: Shape) -> usize {
        let size = self.teachers.get(teacher).map_or(shape, |teacher| teacher.input);
        self.other_sizes(shape).iter().position(|other| *other == size).map_or(0, |at| at + 1)
    }

    /// Writes what a teacher sees of a view: `size.len()` samples, planar, 0..1. `shape` and `key` are those that the student's
    /// view is made with.
    ///
    /// # Errors
    /// An image or a buffer that does not fit, and options that do not suit the images.
    pub fn teachers_view(
        &self,
        image: ImageRef<'_>,
        key: Key,
        (shape, size): (Shape, Shape),
        out: &mut [f32],
    ) -> Result<()> {
        self.given().check(shape)?;
        image.check_against(size)?;
        check_out("a teacher's view", out.len(), size.len())?;
        self.view(shape).draw(image, key, shape).enlarged(shape, size).run(image, size, out);
        Ok(())
    }

    /// Whether the places of this teacher's map are imitated, given the height and width of the student's.
    pub fn imitates_places(&self, teacher: usize, [height, width]: [usize; 2]) -> bool {
        let theirs = self.teachers.get(teacher).map_or(0, |teacher| teacher.map[0] * teacher.map[1]);
        let few = !self.is_fixed() || theirs <= MOST_PLACES;
        self.loss == Imitation::Likeness && self.places > 0.0 && theirs > 1 && height * width > 1 && few
    }

    /// Numbers that are kept of what a teacher says of a view, given the height and width of the student's map.
    pub fn kept_numbers(&self, teacher: usize, map: [usize; 2]) -> usize {
        let Some(info) = self.teachers.get(teacher) else { return 0 };
        let places = if self.imitates_places(teacher, map) { info.map[0] * info.map[1] } else { 0 };
        info.features + places * places
    }

    /// Fills what the sizes of the run decide, with reasons.
    ///
    /// # Errors
    /// [`PretextError::Unsuitable`] where there is no teacher, for more views than there is room for, for a mixture of views that
    /// were kept apart, and for a queue that batches do not fill.
    pub fn fill_auto(&self, sizes: &RunSizes) -> Result<(Self, Vec<Auto>)> {
        let run = Run::new(WORD, sizes)?;
        let (mut task, mut notes) = (self.clone(), Vec::new());
        if self.teachers.is_empty() {
            return Err(unsuitable(
                "teacher",
                "nobody",
                "there is no network to be like",
                "write `distill(pretrained(\"efficientnet_lite0\"))`",
            ));
        }
        let a_view = (0..self.teachers.len()).map(|teacher| self.kept_numbers(teacher, sizes.map)).sum::<usize>();
        let room = MOST_KEPT / (a_view * sizes.pool).max(1);
        if room == 0 {
            let reason =
                format!("of {} images there is no room for what the teacher says; it is asked again", sizes.pool);
            choose(&mut task.views, "views", 0, reason, &mut notes);
        } else {
            let reason =
                "the teacher is asked once for each, and its answers are kept; 0 asks it again for each new view";
            choose(&mut task.views, "views", VIEWS.min(room as u32), reason, &mut notes);
        }
        let views = task.views.unwrap_or(0) as usize;
        if views > room {
            let problem =
                format!("what the teacher says of them would take more than a gibibyte for {} images", sizes.pool);
            let way_out = match room {
                0 => "choose 0, which asks it again each time, or \"auto\"".to_owned(),
                room => format!("choose at most {room}, or 0, which asks it again each time"),
            };
            return Err(unsuitable("views", views, problem, way_out));
        }
        if task.mixup == Some(true) && views > 0 {
            let problem = "the teacher is asked once for views that are not mixed";
            return Err(unsuitable("mixup", true, problem, "leave it out, or choose `views: 0`"));
        }
        let reason = match views {
            0 => "teacher and student see the same mixture, as in lightly-train",
            _ => "the teacher is asked once for views that are not mixed",
        };
        choose(&mut task.mixup, "mixup", views == 0, reason, &mut notes);
        if task.loss == Imitation::Likeness {
            let wanted = queue(sizes.pool);
            let length = (wanted / sizes.batch).max(1) * sizes.batch;
            choose(
                &mut task.queue,
                "queue",
                length as u32,
                "a quarter to a half of the images, at most 2048",
                &mut notes,
            );
            run.check_queue(task.queue)?;
        }
        Ok((task, notes))
    }
}

/// lightly-train's sizes, which end at 8192; on CPUs a queue of 2048 costs less than the student, not more.
fn queue(pool: usize) -> usize {
    match pool {
        0..10_000 => (pool.max(32) / 4).next_power_of_two(),
        _ => 2048,
    }
}

fn unsuitable(
    option: &'static str,
    value: impl ToString,
    problem: impl Into<String>,
    way_out: impl Into<String>,
) -> PretextError {
    PretextError::Unsuitable {
        word: WORD,
        option,
        value: value.to_string(),
        problem: problem.into(),
        way_out: way_out.into(),
    }
}

impl Recipe for Distill {
    fn info(&self) -> &'static TaskInfo {
        &INFO
    }

    fn validate(&self) -> Result<()> {
        self.given().validate(WORD)?;
        let views = self.views.unwrap_or(0);
        check::require(views <= 64, WORD, "views", views, "a whole number from 0 to 64, or \"auto\"")?;
        check::temperature(WORD, "temperature", Some(self.temperature))?;
        check::require(
            self.queue != Some(0),
            WORD,
            "queue",
            0,
            "a whole number from 1, a multiple of the batch, or \"auto\"",
        )?;
        check::require((0.0..=1000.0).contains(&self.places), WORD, "places", self.places, "a weight from 0 to 1000")
    }

    fn resolve(&self, shape: Shape, notes: &mut Vec<Auto>) -> Result<(Self, Shape)> {
        let given = self.given();
        given.suits(WORD, shape)?;
        for teacher in &self.teachers {
            teacher.takes(shape)?;
        }
        let view = self.view(shape);
        notes.extend(given.notes(view, shape));
        let (mut crop, reason) = (self.crop, "a teacher knows less of small parts, and what it says of them misleads");
        if crop.is_none() {
            notes.push(Auto::new("crop", "[0.5, 1.0]", reason));
            crop = view.crop;
        }
        let filled = Self { crop, jitter: view.jitter, flip: view.flip, blur: view.blur, ..self.clone() };
        Ok((filled, shape))
    }

    fn inputs(&self, shape: Shape) -> Vec<(Shape, usize)> {
        let others = if self.is_fixed() { Vec::new() } else { self.other_sizes(shape) };
        std::iter::once(shape).chain(others).map(|shape| (shape, 1)).collect()
    }

    fn repeats(&self) -> Option<u64> {
        self.views.filter(|views| *views > 0).map(u64::from)
    }

    fn target(&self, _shape: Shape) -> TargetKind {
        TargetKind::Views
    }

    fn generate(&self, image: ImageRef<'_>, key: Key, shape: Shape, mut slot: Slot<'_>) -> Result<()> {
        slot.target.views()?;
        self.given().suits(WORD, shape)?;
        let drawn = self.view(shape).draw(image, key, shape);
        let sizes = self.inputs(shape);
        for (out, (size, _)) in slot.inputs.iter_mut().zip(sizes) {
            drawn.enlarged(shape, size).run(image, size, out);
        }
        Ok(())
    }

    fn explain(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let mut lines = vec![self.view(shape).draw(image, key, shape).words()];
        lines.extend(self.teachers.iter().map(TeacherInfo::line));
        lines
    }
}
