//! Pages shown by the system's browser.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// Shows a page, by its address or its file, where there is a screen; whether there is one.
pub(crate) fn show(page: &OsStr) -> bool {
    let screen = |name: &str| std::env::var_os(name).is_some();
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if screen("DISPLAY") || screen("WAYLAND_DISPLAY") {
        ("xdg-open", &[])
    } else {
        return false;
    };
    let mut shown = Command::new(program);
    shown.args(arguments).arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shown.spawn().is_ok()
}
