//! The files of the page, in the binary.

use crate::http::Response;

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($($path:literal, $kind:expr, $file:literal;)*) => {
        /// The file at a path.
        pub(super) fn asset(path: &str) -> Response {
            match path {
                $($path => Response::of($kind, include_bytes!(concat!("../../assets/", $file)).as_slice()),)*
                _ => Response::error(404, "there is nothing here"),
            }
        }
    };
}

files! {
    "/", "text/html; charset=utf-8", "index.html";
    "/style.css", "text/css; charset=utf-8", "style.css";
    "/page.js", SCRIPT, "page.js";
    "/talk.js", SCRIPT, "talk.js";
    "/grid.js", SCRIPT, "grid.js";
    "/large.js", SCRIPT, "large.js";
    "/side.js", SCRIPT, "side.js";
    "/keys.js", SCRIPT, "keys.js";
    "/map.js", SCRIPT, "map.js";
    "/lists.js", SCRIPT, "lists.js";
    "/issues.js", SCRIPT, "issues.js";
    "/dom.js", SCRIPT, "dom.js";
    "/icon.svg", "image/svg+xml", "icon.svg";
}
