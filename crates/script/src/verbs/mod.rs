//! What the command can do besides running scripts.

mod data;
mod embed;
mod export;
mod inputs;
mod new;
mod pack;
mod predict;
mod preview;
mod sheet_rows;

use crate::errors::Error;

pub use data::{ImportRequest, Imported, describe, import};
pub use embed::{Embedded, embed};
pub use export::{Exported, export};
pub use foretask_backend::{DeviceInfo, Finding, devices, doctor};
pub use inputs::TableRequest;
pub use new::{NewScript, new_script};
pub use pack::{PackRequest, PackedUp, pack};
pub use predict::{Predicted, predict};
pub(crate) use preview::{PlannedPreview, examples, named, some_images, write_sheet};
pub use preview::{PreviewRequest, Sheet, preview};
pub use sheet_rows::{SheetCell, SheetRow};

/// Runs a verb; a panic becomes an error that says so, and is not printed besides.
///
/// # Errors
/// Those of the verb.
pub fn caught<T>(verb: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    foretask_backend::catch("foretask", verb).unwrap_or_else(|error| {
        let help = "this is a fault in foretask; please report it with the command and what it worked on".to_owned();
        Err(Error::failed(error.to_string(), help))
    })
}

/// Settings of memory and threads that training wants; call it first thing in `main`, on the thread that will run scripts.
pub fn prepare_process() {
    foretask_backend::tune_memory();
    foretask_backend::tune_threads();
}
