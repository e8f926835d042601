//! The line of a running stage: a bar, and as much beside it as the terminal has room for.

use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::lines::{duration, thousands};
use crate::terminal;

/// Redraws a second: enough for the eye, and a recorded session stays small.
const REDRAWS: u8 = 10;
/// A longer name of a stage is cut.
const NAME: usize = 20;

/// How a stage goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) step: u64,
    pub(crate) steps: u64,
    pub(crate) epoch: f64,
    /// NaN where nothing is learned.
    pub(crate) loss: f64,
    pub(crate) images_per_second: f64,
    /// 0..1.
    pub(crate) data_wait: f64,
    /// With other ranks, 0..1.
    pub(crate) exchange: Option<f64>,
    pub(crate) remaining_seconds: f64,
}

impl Pace {
    /// Everything, without the step.
    pub(crate) fn in_words(&self) -> String {
        self.wordings().into_iter().next().unwrap_or_default()
    }

    /// The same in ever fewer words.
    fn wordings(&self) -> Vec<String> {
        let (speed, wait) = (thousands(self.images_per_second.max(0.0) as u64), self.data_wait * 100.0);
        let left = format!("{} left", duration(self.remaining_seconds));
        let exchange = self.exchange.map_or_else(String::new, |share| format!("exchange {:.0} %, ", share * 100.0));
        // What only looks at images, such as extracting features, has no loss.
        let (epoch, loss) = if self.loss.is_nan() {
            (String::new(), String::new())
        } else {
            (format!("epoch {:.1}, ", self.epoch), format!("loss {:.4}, ", self.loss))
        };
        vec![
            format!("{epoch}{loss}{speed} images/s, data wait {wait:.0} %, {exchange}{left}"),
            format!("{loss}{speed} images/s, data wait {wait:.0} %, {exchange}{left}"),
            format!("{loss}{speed} images/s, wait {wait:.0} %, {exchange}{left}"),
            format!("{loss}{speed}/s, wait {wait:.0} %, {exchange}{left}"),
            format!("{loss}{speed}/s, {left}"),
            format!("{loss}{left}"),
            left,
        ]
    }

    fn within(&self, room: usize) -> String {
        self.wordings().into_iter().find(|words| words.chars().count() <= room).unwrap_or_default()
    }
}

/// A stage's line on the terminal.
pub(crate) struct Bar {
    shown: ProgressBar,
    /// Beside the bar; drawn together with the bar's next position.
    text: Arc<Mutex<String>>,
    name: String,
}

impl Bar {
    pub(crate) fn new(name: &str, first_step: u64, steps: u64) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(REDRAWS);
        let bar = ProgressBar::with_draw_target(Some(steps), target).with_position(first_step);
        let (text, name) = (Arc::new(Mutex::new(String::new())), shortened(name));
        let shown = Arc::clone(&text);
        let template = format!("  {{prefix}} {{bar:{}.cyan/dim}} {{pos}}/{{len}} {{text}}", bar_width(columns()));
        if let Ok(style) = ProgressStyle::with_template(&template) {
            let key = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                out.write_str(&shown.lock().unwrap_or_else(PoisonError::into_inner)).ok();
            };
            bar.set_style(style.progress_chars("━━─").with_key("text", key));
        }
        bar.set_prefix(name.clone());
        Self { shown: bar, text, name }
    }

    /// One redraw, whatever has changed.
    pub(crate) fn set(&self, pace: &Pace) {
        let columns = columns();
        let room = columns.saturating_sub(taken(&self.name, pace, bar_width(columns)));
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = pace.within(room);
        self.shown.update(|state| {
            state.set_len(pace.steps);
            state.set_pos(pace.step);
        });
    }

    /// Where something stands that has a unit and no pace of its own.
    pub(crate) fn at(&self, position: u64, unit: &str) {
        unit.clone_into(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner));
        self.shown.set_position(position);
    }

    /// Prints above the line.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.shown.suspend(print);
    }

    pub(crate) fn clear(&self) {
        self.shown.finish_and_clear();
    }
}

/// The last column stays free: some terminals begin a new line once it is used.
fn columns() -> usize {
    terminal::stderr_columns() - 1
}

fn bar_width(columns: usize) -> usize {
    match columns {
        ..60 => 6,
        60..90 => 10,
        90..110 => 16,
        _ => 24,
    }
}

/// Columns of everything but the text.
fn taken(name: &str, pace: &Pace, bar: usize) -> usize {
    let steps = format!("{}/{}", pace.step, pace.steps);
    2 + name.chars().count() + 1 + bar + 1 + steps.len() + 1
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME { name.to_owned() } else { name.chars().take(NAME - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        step: 1234,
        steps: 12_000,
        epoch: 1.25,
        loss: 4.123_456,
        images_per_second: 1234.5,
        data_wait: 0.034,
        exchange: None,
        remaining_seconds: 754.0,
    };

    #[test]
    fn the_line_holds_as_much_as_fits() {
        let line = |columns: usize| {
            let room = columns.saturating_sub(taken("simclr", &PACE, bar_width(columns)));
            let text = PACE.within(room);
            assert!(text.chars().count() <= room, "{columns}: {text}");
            text
        };
        assert_eq!(line(200), "epoch 1.2, loss 4.1235, 1,234 images/s, data wait 3 %, 12 min 34 s left");
        assert_eq!(line(79), "loss 4.1235, 1,234/s, wait 3 %, 12 min 34 s left");
        assert_eq!(line(60), "loss 4.1235, 12 min 34 s left");
        assert_eq!(line(20), "");
        let several = Pace { exchange: Some(0.116), ..PACE };
        assert_eq!(
            several.in_words(),
            "epoch 1.2, loss 4.1235, 1,234 images/s, data wait 3 %, exchange 12 %, 12 min 34 s left"
        );
        let looking = Pace { loss: f64::NAN, ..PACE };
        assert_eq!(looking.in_words(), "1,234 images/s, data wait 3 %, 12 min 34 s left");
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(shortened("simclr"), "simclr");
        assert_eq!(shortened("rotation + simclr + jigsaw"), "rotation + simclr +…");
    }
}
