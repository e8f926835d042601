//! Tools that run no experiment: looking at data, making manifests and packs, working with saved models.

mod data;
mod embed;
mod example;
mod export;
mod hub_folder;
mod inputs;
mod model_card;
mod onnx_example;
mod pack;
mod predict;
mod reached;
mod torch_example;

use crate::error::Error;

pub use data::{ImportRequest, Imported, check_usable, describe, import};
pub use embed::{Embedded, embed};
pub use example::{Files, unpack};
pub use export::{ExportFormat, Exported, export};
pub use foretask_backend::{DeviceInfo, Finding, devices, doctor};
pub use foretask_models::{Fit, OnnxInput, OnnxOptions, Opset};
pub use hub_folder::{HubFolder, to_hub_folder};
pub use inputs::{Answering, TableRequest};
pub use pack::{PackRequest, PackedUp, pack};
pub use predict::{Predicted, predict};

/// Runs a verb; a panic becomes an error that says so, and is not printed besides.
///
/// # Errors
/// Those of the verb.
pub fn caught<T, E: From<Error>>(verb: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    foretask_backend::catch("foretask", verb).unwrap_or_else(|error| {
        let help = "this is a fault in foretask; please report it with the command and what it worked on";
        Err(Error::failed(error.to_string()).help(help).into())
    })
}

/// Settings of memory and threads that training wants; call it first thing in `main`, on the thread that will train. What the
/// user should know, where there is something.
///
/// # Errors
/// When an environment variable about threads has a value with which none can be started.
pub fn prepare_process() -> Result<Option<String>, Error> {
    foretask_backend::check_environment()?;
    foretask_backend::tune_memory();
    Ok(foretask_backend::tune_threads())
}
