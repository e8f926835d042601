//! One word per pretext task. Descriptions and options are the pretext crate's own.

use foretask_pretext::{Rotation, SimClr, SuperResolution, Task as Pretext, task_info};
use rhai::Dynamic;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Call, Example, Kind, Param, Signature, Theme, Word};
use crate::errors::Fault;
use crate::options::OptionDoc;
use crate::values::Task;

const SIGNATURE: &[Signature] = &[Signature {
    on: None,
    params: &[Param { name: "options", kinds: &[Kind::Options], optional: true }],
    returns: Kind::Task,
}];

pub(super) static WORDS: &[Word] = &[
    Word {
        name: "super_resolution",
        theme: Theme::Tasks,
        summary: "Pretext task: restore the image from a coarser copy of itself",
        about: "Each image is made coarser by a factor and brought back to its size; the network restores what was lost. \
                Ledig et al. 2017, arXiv 1609.04802.",
        use_when: "fine structure matters (textures, defects, medical or technical pictures), or colors and positions must not be \
                   changed, so that `simclr` is out",
        not_when: "the classes differ by what is shown rather than by texture: `simclr` or `rotation`",
        signatures: SIGNATURE,
        options: || options_of("super_resolution"),
        examples: &[
            Example { about: "four times coarser", script: "let task = super_resolution();" },
            Example { about: "an easier one", script: "let task = super_resolution(#{ factor: 2, noise: 0 });" },
        ],
        run: |call| task(call, Pretext::SuperResolution as fn(SuperResolution) -> Pretext),
    },
    Word {
        name: "rotation",
        theme: Theme::Tasks,
        summary: "Pretext task: tell by how many quarter turns an image was turned",
        about: "All four turns of each image are in one batch. Gidaris, Singh, Komodakis 2018, arXiv 1803.07728.",
        use_when: "things have an upright position: clothes, animals, cars, rooms. Cheap and steady",
        not_when: "images look alike whichever way up (cells, satellite pictures, textures): accuracy stays at 25 %",
        signatures: SIGNATURE,
        options: || options_of("rotation"),
        examples: &[Example {
            about: "for letters and digits, which have no mirror image",
            script: "let task = rotation(#{ flip: 0.0 });",
        }],
        run: |call| task(call, Pretext::Rotation as fn(Rotation) -> Pretext),
    },
    Word {
        name: "simclr",
        theme: Theme::Tasks,
        summary: "Pretext task: recognise two views of one image among those of others",
        about: "Two random views of each image (crop, flip, light, blur) shall lie close together and far from all other images \
                of the batch (NT-Xent loss). Chen et al. 2020, arXiv 2002.05709.",
        use_when: "the classes differ by what is shown: the best features of the three, given a few hundred images a batch",
        not_when: "what tells classes apart is just what views change (color, position, size), or batches must be tiny",
        signatures: SIGNATURE,
        options: || options_of("simclr"),
        examples: &[
            Example { about: "with options fit to the images", script: "let task = simclr();" },
            Example { about: "gentler views", script: "let task = simclr(#{ crop: [0.5, 1.0], jitter: 0.4 });" },
        ],
        run: |call| task(call, Pretext::SimClr as fn(SimClr) -> Pretext),
    },
];

fn options_of(task: &str) -> Vec<OptionDoc> {
    task_info(task).map_or_else(Vec::new, |info| {
        let option = |o: &foretask_pretext::OptionInfo| OptionDoc::new(o.name, o.kind, o.default, o.description);
        info.options.iter().map(option).collect()
    })
}

fn task<T: DeserializeOwned + Serialize + Default>(call: &Call<'_>, make: fn(T) -> Pretext) -> Result<Dynamic, Fault> {
    let task = make(call.options(0)?);
    task.validate().map_err(|error| call.refused(error, 0))?;
    Ok(Dynamic::from(Task(task)))
}
