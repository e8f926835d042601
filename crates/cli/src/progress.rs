//! Progress as a person watches it: one bar per stage on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use foretask_experiment::{Event, Listener, Progress};

use crate::bar::{Bar, Pace};
use crate::lines::{duration, hanging, thousands};
use crate::out;
use crate::terminal;

/// Lines of a stage that is not watched on a terminal come this often.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A listener that shows everything: tables and prints on standard output, the rest on standard error.
pub(crate) fn listener() -> Listener {
    let watched = std::io::stderr().is_terminal();
    let screen = Mutex::new(Screen::new(watched));
    Arc::new(move |progress| {
        if let Ok(mut screen) = screen.lock() {
            screen.show(progress);
        }
    })
}

struct Screen {
    watched: bool,
    bar: Option<Bar>,
    title: String,
    /// What is being fetched.
    fetched: Option<String>,
    last_line: Instant,
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

impl Screen {
    fn new(watched: bool) -> Self {
        Self { watched, bar: None, title: String::new(), fetched: None, last_line: Instant::now() }
    }

    fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Print { text } | Progress::Table { text } => self.aside(|| {
                out::line(&text);
            }),
            Progress::Note { text } => self.say(&format!("  {text}")),
            Progress::Warning { text } => self.say(&format!("Warning: {text}")),
            Progress::Fetching { name, done, total } => self.fetching(&name, done, total),
            Progress::StageBegins { title, resumed } => self.begin(title, resumed),
            Progress::StageReused { title, seconds } => {
                self.say(&format!("{title}: done before (it took {}), loaded", duration(seconds)));
            }
            Progress::StageEnds { title, seconds } => {
                if let Some(bar) = self.bar.take() {
                    bar.clear();
                }
                self.say(&format!("{title}: done in {}", duration(seconds)));
            }
            Progress::Wrote { what, path } => self.say(&format!("{what}: {}", path.display())),
            Progress::Training { event } => self.training(event),
            _ => {}
        }
    }

    fn begin(&mut self, title: String, resumed: bool) {
        self.say(&format!("{title}{}", if resumed { ": going on from its checkpoint" } else { "" }));
        self.title = title;
        self.last_line = Instant::now();
    }

    /// A download: a bar of megabytes on a terminal, a line now and then elsewhere.
    fn fetching(&mut self, name: &str, done: u64, total: Option<u64>) {
        let begins = self.fetched.as_deref() != Some(name);
        if begins {
            self.fetched = Some(name.to_owned());
            let all = total.map_or_else(String::new, |total| format!(" ({} MB)", megabytes(total)));
            self.say(&format!("fetching {name}{all}"));
            self.last_line = Instant::now();
            self.bar = self.watched.then(|| Bar::new(name, megabytes(done), megabytes(total.unwrap_or(done)).max(1)));
        }
        if let Some(bar) = &self.bar {
            bar.at(megabytes(done), "MB");
        } else if !begins && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            self.say(&format!("  {} of {} MB", megabytes(done), megabytes(total.unwrap_or(done))));
        }
        if total == Some(done) {
            self.fetched = None;
            if let Some(bar) = self.bar.take() {
                bar.clear();
            }
        }
    }

    fn training(&mut self, event: Event) {
        match event {
            Event::Started { name, first_step, steps, images, .. } => {
                if let Some(bar) = self.bar.take() {
                    bar.clear();
                }
                if self.watched {
                    self.bar = Some(Bar::new(&name, first_step, steps));
                } else {
                    let from = if first_step > 0 { format!(" from step {first_step}") } else { String::new() };
                    self.say(&format!(
                        "  {name}: {} images, {} steps{from}",
                        thousands(images as u64),
                        thousands(steps)
                    ));
                }
            }
            Event::Step {
                step, steps, epoch, loss, images_per_second, data_wait, exchange, remaining_seconds, ..
            } => {
                let pace = Pace { step, steps, epoch, loss, images_per_second, data_wait, exchange, remaining_seconds };
                if let Some(bar) = &self.bar {
                    bar.set(&pace);
                } else if self.last_line.elapsed() >= LINE_EVERY {
                    self.last_line = Instant::now();
                    self.say(&format!("  step {step}/{steps}, {}", pace.in_words()));
                }
            }
            Event::Note(text) => self.say(&format!("  {text}")),
            Event::Finished { .. } => {
                if let Some(bar) = self.bar.take() {
                    bar.clear();
                }
            }
            _ => {}
        }
    }

    fn say(&self, line: &str) {
        let line = if self.watched { hanging(line, terminal::stderr_columns()) } else { line.to_owned() };
        self.aside(|| {
            out::note_line(&line);
        });
    }

    /// Prints above the bar, if there is one.
    fn aside(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.aside(print),
            None => print(),
        }
    }
}
