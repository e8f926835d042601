//! Packing, with a bar.

use crate::out::say;
use std::path::Path;

use foretask_experiment::tools::{self, PackRequest};
use foretask_script::Error;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) fn pack(source: &Path, folder: &Path, request: PackRequest) -> Result<(), Error> {
    let bar = bar();
    let packed = tools::pack(source, folder, request, &mut |done, of| show(&bar, done, of));
    bar.finish_and_clear();
    say!("{}", packed?);
    Ok(())
}

/// A bar that counts images.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("  {bar:24.cyan/dim} {pos}/{len} images, {per_sec}, {eta} left") {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
}

/// Brings the bar to where the work is.
pub(super) fn show(bar: &ProgressBar, done: usize, of: usize) {
    bar.set_length(of as u64);
    bar.set_position(done as u64);
}
