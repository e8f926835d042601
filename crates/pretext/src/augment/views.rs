//! What a joint-embedding task makes of an image: two large views, which may be made differently, and any number of small
//! local ones (multi-crop, arXiv 2006.09882).

use std::fmt;

use foretask_random::Key;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::draw::Drawn;
use super::options::{Augment, KEYS as AUGMENT_KEYS};
use super::preset::{Preset, Role, SMALL};
use crate::auto::{Auto, Open, choose};
use crate::check::{self, check_out};
use crate::error::{PretextError, Result};
use crate::pixels::{ImageRef, Shape};

/// Large views of an image.
const GLOBAL: usize = 2;

/// The views of an image. Read from a preset's name, from an augmentation, or from a map: the keys of an [`Augment`] there
/// hold for all views (`crop` for the large ones), those within `first`, `second` and `local_view` for one kind.
///
/// ```
/// use foretask_pretext::{Augment, Shape, Views};
/// let views = Views { local: Some(4), ..Views::from(Augment::preset("dino")?) };
/// let (views, notes) = views.resolve(Shape::new(3, 224, 224))?;
/// assert_eq!(views.blocks(Shape::new(3, 224, 224)), [(Shape::new(3, 224, 224), 2), (Shape::new(3, 96, 96), 4)]);
/// # Ok::<(), foretask_pretext::PretextError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Views {
    /// The first large view.
    pub first: Augment,
    /// The second large view.
    pub second: Augment,
    /// Number of local views; their own method's where open, else none.
    #[serde(with = "crate::auto")]
    pub local: Option<u32>,
    /// The local views.
    pub local_view: Augment,
    /// Short side of a local view in pixels; open: half the image's up to 64 pixels, 3/7 above (96 of 224).
    #[serde(with = "crate::auto")]
    pub local_size: Option<u32>,
}

/// What a method's views are where the user leaves them open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ViewRecipe {
    /// The method.
    pub(crate) word: &'static str,
    /// Its usual views.
    pub(crate) preset: Preset,
    /// Where it departs from them, by the shape of the image, and why it has as many local views.
    pub(crate) own: fn(Shape) -> (Views, &'static str),
}

/// Options that every method takes beside `views`, because they are changed most often. They go before those in `views`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shorthand {
    pub(crate) crop: Option<[f64; 2]>,
    pub(crate) jitter: Option<f64>,
    pub(crate) flip: Option<f64>,
    pub(crate) blur: Option<f64>,
}

/// Views by themselves.
const PLAIN: ViewRecipe = ViewRecipe {
    word: "views",
    preset: Preset::SimClr,
    own: |_| (Views { local: Some(0), ..Views::open() }, "two views are what most methods compare"),
};

const OPEN: Augment = Augment { preset: None, ..Augment::none() };

impl From<Augment> for Views {
    /// All views alike, but for the crop of the local ones.
    fn from(augment: Augment) -> Self {
        Self { first: augment, second: augment, local_view: Augment { crop: None, ..augment }, ..Self::default() }
    }
}

impl Views {
    /// Everything open.
    pub(crate) const fn open() -> Self {
        Self { first: OPEN, second: OPEN, local: None, local_view: OPEN, local_size: None }
    }

    /// The views of a preset.
    ///
    /// # Errors
    /// [`PretextError::UnknownPreset`].
    pub fn preset(name: &str) -> Result<Self> {
        Augment::preset(name).map(Self::from)
    }

    /// Fills what was left open, with reasons for what depends on the image.
    ///
    /// # Errors
    /// [`PretextError::Range`] for a value out of range, [`PretextError::Unsuitable`] for color operations without three
    /// channels, [`PretextError::Shape`] for images below 4x4 pixels.
    pub fn resolve(&self, shape: Shape) -> Result<(Self, Vec<Auto>)> {
        let mut notes = Vec::new();
        let views = self.resolve_for(&PLAIN, shape, &mut notes)?;
        Ok((views, notes))
    }

    /// Shapes of the views and how many there are of each: large ones, then local ones if there are any.
    pub fn blocks(&self, shape: Shape) -> Vec<(Shape, usize)> {
        let mut blocks = vec![(shape, GLOBAL)];
        if self.locals() > 0 {
            blocks.push((self.local_shape(shape), self.locals()));
        }
        blocks
    }

    /// Writes the views of `image` into `blocks`, a buffer for each entry of [`Views::blocks`]: planar, 0..1. A pure
    /// function of (views, image, key, shape).
    ///
    /// # Errors
    /// Those of [`Views::resolve`], and for an image or a buffer that does not fit.
    pub fn apply(&self, image: ImageRef<'_>, key: Key, shape: Shape, blocks: &mut [&mut [f32]]) -> Result<()> {
        self.validate(PLAIN.word)?;
        self.suits(PLAIN.word, shape)?;
        image.check_against(shape)?;
        let views = self.filled(&PLAIN, shape);
        let expected = 1 + usize::from(views.locals() > 0);
        if blocks.len() != expected {
            let words = |count| format!("{count} block(s)");
            return Err(PretextError::Buffer { what: "views", expected: words(expected), got: words(blocks.len()) });
        }
        for (block, (shape, count)) in blocks.iter().zip(views.blocks(shape)) {
            check_out("views", block.len(), count * shape.len())?;
        }
        views.run(image, key, shape, blocks);
        Ok(())
    }

    /// The random choices of [`Views::apply`] as numbers, an entry a view: the large ones, then the local ones. Of the image
    /// only its size counts.
    ///
    /// # Errors
    /// Those of [`Views::apply`].
    pub fn draw(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<Vec<Drawn>> {
        self.validate(PLAIN.word)?;
        self.suits(PLAIN.word, shape)?;
        image.check_against(shape)?;
        let views = self.filled(&PLAIN, shape);
        let draw =
            |(number, augment, shape): (u64, &Augment, Shape)| augment.draw_filled(image, key.with(number), shape);
        Ok(views.each(shape).map(draw).collect())
    }

    /// The random choices of [`Views::apply`], a line a view.
    ///
    /// # Errors
    /// Those of [`Views::apply`].
    pub fn words(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Result<Vec<String>> {
        self.validate(PLAIN.word)?;
        self.suits(PLAIN.word, shape)?;
        image.check_against(shape)?;
        Ok(self.filled(&PLAIN, shape).lines(image, key, shape))
    }

    /// These views, but for what `shorthand` says.
    pub(crate) fn with(mut self, shorthand: Shorthand) -> Self {
        let Shorthand { crop, jitter, flip, blur } = shorthand;
        let over = Augment { flip, jitter, blur, ..OPEN };
        self.first = Augment { crop, ..over }.or(self.first);
        self.second = Augment { crop, ..over }.or(self.second);
        self.local_view = over.or(self.local_view);
        self
    }

    pub(crate) fn validate(&self, word: &'static str) -> Result<()> {
        for view in [&self.first, &self.second, &self.local_view] {
            view.validate(word)?;
        }
        let local = self.local.unwrap_or(0);
        check::require(local <= 32, word, "local", local, "a whole number from 0 to 32, or \"auto\"")?;
        let size = self.local_size.unwrap_or(4);
        check::require(
            (4..=1024).contains(&size),
            word,
            "local_size",
            size,
            "a size from 4 to 1024 pixels, or \"auto\"",
        )
    }

    /// Refuses what cannot be done to images of `shape`.
    pub(crate) fn suits(&self, word: &'static str, shape: Shape) -> Result<()> {
        if shape.is_empty() || shape.short_side() < 4 {
            return Err(PretextError::Shape {
                word,
                channels: shape.channels,
                width: shape.width,
                height: shape.height,
                problem: "crops of them are all alike",
                way_out: "use images of at least 4x4 pixels",
            });
        }
        self.first.suits(word, shape)?;
        self.second.suits(word, shape)?;
        self.local_view.suits(word, shape)
    }

    pub(crate) fn resolve_for(&self, method: &ViewRecipe, shape: Shape, notes: &mut Vec<Auto>) -> Result<Self> {
        self.suits(method.word, shape)?;
        let filled = self.filled(method, shape);
        let (own, reason) = (method.own)(shape);
        let first = self.first.or(own.first).notes(filled.first, shape);
        let second = self.second.or(own.second).notes(filled.second, shape);
        // What both share is told once.
        let differs = |note: &Auto| !first.contains(note);
        let named = |note: Auto| Auto { name: format!("second.{}", note.name), ..note };
        let second: Vec<Auto> = second.into_iter().filter(differs).map(named).collect();
        notes.extend(first);
        notes.extend(second);
        let mut local = self.local;
        if method.word != PLAIN.word {
            choose(&mut local, "local", filled.local.unwrap_or(0), reason, notes);
        }
        if filled.locals() > 0 {
            let mut size = self.local_size;
            choose(&mut size, "local_size", filled.local_size.unwrap_or(0), "a part needs fewer pixels", notes);
        }
        Ok(filled)
    }

    /// The same with every option filled. Allocates nothing.
    pub(crate) fn filled(&self, method: &ViewRecipe, shape: Shape) -> Self {
        let (own, _) = (method.own)(shape);
        let side = shape.short_side();
        let size = if side <= SMALL { side.div_ceil(8) * 4 } else { (3 * side / 7).div_ceil(8) * 8 };
        Self {
            first: self.first.or(own.first).filled(method.preset, Role::First, shape),
            second: self.second.or(own.second).filled(method.preset, Role::Second, shape),
            local: self.local.or(own.local),
            local_view: self.local_view.or(own.local_view).filled(method.preset, Role::Local, shape),
            local_size: self.local_size.or(Some(size as u32)),
        }
    }

    fn locals(&self) -> usize {
        self.local.unwrap_or(0) as usize
    }

    /// Shape of a local view; every option is filled.
    fn local_shape(&self, shape: Shape) -> Shape {
        let size = self.local_size.map_or_else(|| shape.short_side(), |size| size as usize);
        let scaled = |side: usize| (side * size).div_ceil(shape.short_side().max(1)).max(4);
        Shape::new(shape.channels, scaled(shape.height), scaled(shape.width))
    }

    /// Every view with its number, its options and its shape; every option is filled.
    fn each(&self, shape: Shape) -> impl Iterator<Item = (u64, &Augment, Shape)> {
        let local = self.local_shape(shape);
        let locals = (0..self.locals()).map(move |i| ((GLOBAL + i) as u64, &self.local_view, local));
        [(0, &self.first, shape), (1, &self.second, shape)].into_iter().chain(locals)
    }

    /// Writes the views; every option is filled and everything fits.
    pub(crate) fn run(&self, image: ImageRef<'_>, key: Key, shape: Shape, blocks: &mut [&mut [f32]]) {
        let local = self.local_shape(shape);
        let lengths = [shape.len(), local.len()];
        let outs = blocks.iter_mut().zip(lengths).flat_map(|(block, len)| block.chunks_exact_mut(len.max(1)));
        for (out, (number, augment, shape)) in outs.zip(self.each(shape)) {
            augment.draw_filled(image, key.with(number), shape).run(image, shape, out);
        }
    }

    /// What [`Views::run`] does, a line a view.
    pub(crate) fn lines(&self, image: ImageRef<'_>, key: Key, shape: Shape) -> Vec<String> {
        let line = |(number, augment, shape): (u64, &Augment, Shape)| {
            let words = augment.draw_filled(image, key.with(number), shape).words();
            match number as usize {
                view if view < GLOBAL => format!("view {}: {words}", view + 1),
                view => format!("local view {}: {words}", view - GLOBAL + 1),
            }
        };
        self.each(shape).map(line).collect()
    }
}

impl<'de> Deserialize<'de> for Views {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrOptions)
    }
}

struct NameOrOptions;

/// The keys of the map: those of all views, then those of each kind.
const KEYS: [&str; AUGMENT_KEYS.len() + 5] = {
    let mut keys = ["first", "second", "local", "local_view", "local_size"].as_slice();
    let mut all = [""; AUGMENT_KEYS.len() + 5];
    let (mut i, mut k) = (0, 0);
    while i < all.len() {
        if k == keys.len() {
            (keys, k) = (AUGMENT_KEYS, 0);
        }
        all[i] = keys[k];
        (i, k) = (i + 1, k + 1);
    }
    all
};

impl<'de> Visitor<'de> for NameOrOptions {
    type Value = Views;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a preset, a map of options or \"auto\"")
    }

    fn visit_str<E: Error>(self, name: &str) -> std::result::Result<Views, E> {
        if name == "auto" { Ok(Views::default()) } else { Views::preset(name).map_err(E::custom) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> std::result::Result<Views, A::Error> {
        let (mut views, mut all) = (Views::default(), Augment::default());
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "first" => views.first = entries.next_value()?,
                "second" => views.second = entries.next_value()?,
                "local" => views.local = entries.next_value::<Open<_>>()?.0,
                "local_view" => views.local_view = entries.next_value()?,
                "local_size" => views.local_size = entries.next_value::<Open<_>>()?.0,
                key => {
                    if !all.read(key, &mut entries)? {
                        return Err(A::Error::unknown_field(key, &KEYS));
                    }
                }
            }
        }
        let all = Views::from(all);
        views.first = views.first.or(all.first);
        views.second = views.second.or(all.second);
        views.local_view = views.local_view.or(all.local_view);
        Ok(views)
    }
}
