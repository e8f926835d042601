//! Connections, each on a thread of its own.

use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::guard::Guard;
use super::request::{Broken, Request};
use super::response::Response;

/// Connections at once; a browser opens six.
const MOST: usize = 256;
/// A connection that is silent for so long is closed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Answers requests that may be asked.
pub(crate) type Handler = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

/// Answers what comes to `listener`, until the process ends.
pub(crate) fn serve(listener: &TcpListener, guard: &Guard, handler: &Handler) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        // A connection that broke before it was there is nothing to us; neither are too many of them, for a moment.
        let Ok(stream) = stream else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        let (guard, handler, open) = (guard.clone(), Arc::clone(handler), Arc::clone(&open));
        if open.fetch_add(1, Ordering::Relaxed) >= MOST {
            open.fetch_sub(1, Ordering::Relaxed);
            Response::error(503, "too many connections at once").write(&mut &stream, false).ok();
            continue;
        }
        let done = Arc::clone(&open);
        let started = std::thread::Builder::new().name("page".to_owned()).spawn(move || {
            // Whoever has gone is not told.
            talk(&stream, &guard, &handler).ok();
            done.fetch_sub(1, Ordering::Relaxed);
        });
        if started.is_err() {
            open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// One connection to its end.
fn talk(stream: &TcpStream, guard: &Guard, handler: &Handler) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let request = match Request::read(&mut reader) {
            Ok(request) => request,
            Err(Broken::Over) => return Ok(()),
            Err(Broken::Refused(status, why)) => return Response::error(status, why).write(&mut &*stream, false),
        };
        let response = guard.refuses(&request).unwrap_or_else(|| answered(&request, handler));
        let keep = request.header("connection").is_none_or(|kind| !kind.eq_ignore_ascii_case("close"));
        response.write(&mut &*stream, keep)?;
        if !keep {
            return Ok(());
        }
    }
}

/// A fault in one answer is that answer's; the others go on.
fn answered(request: &Request, handler: &Handler) -> Response {
    let caught = foretask_backend::catch("the page", || handler(request));
    caught.unwrap_or_else(|error| Response::error(500, &error.to_string()))
}
