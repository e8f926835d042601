//! Packing, with a bar.

use crate::out::say;
use std::path::Path;

use foretask_experiment::tools::{self, PackRequest};
use foretask_script::Error;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) fn pack(source: &Path, folder: &Path, request: PackRequest) -> Result<(), Error> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("  {bar:24.cyan/dim} {pos}/{len} images, {per_sec}, {eta} left") {
        bar.set_style(style.progress_chars("━━─"));
    }
    let packed = tools::pack(source, folder, request, &mut |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    say!("{}", packed?);
    Ok(())
}
