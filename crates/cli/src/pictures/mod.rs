//! Pictures in the terminal, where it can show them.

mod blocks;
mod detect;
mod iterm;
mod kitty;
mod scale;
mod sixel;

use foretask_script::Sheet;

pub(crate) use self::detect::Pictures;
use self::detect::{Way, way};
use crate::terminal;

/// Pixels of a sheet to a letter's width, so that its own small letters can be read beside those of the terminal.
const LETTER: usize = 8;

/// How pictures are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    way: Way,
    columns: usize,
}

impl Screen {
    /// The terminal that standard output goes to; `None` where it goes elsewhere, where the terminal shows no pictures, and
    /// where nobody wants any.
    pub(crate) fn of_stdout(asked: Pictures) -> Option<Self> {
        let columns = terminal::stdout_columns()?;
        Some(Self { way: way(asked, &|name| std::env::var(name).ok(), &terminal::ask)?, columns })
    }

    /// What makes the terminal show the sheet.
    pub(crate) fn show(&self, sheet: &Sheet) -> String {
        let columns = sheet.picture.width.div_ceil(LETTER).clamp(1, self.columns.max(1));
        match self.way {
            Way::Kitty => kitty::show(&sheet.png, columns),
            Way::Iterm => iterm::show(&sheet.png, columns),
            Way::Sixel { cell_width } => {
                sixel::show(&scale::sized(&sheet.picture, cell_width as f64 / LETTER as f64, self.columns * cell_width))
            }
            Way::Blocks => blocks::show(&sheet.rows, self.columns),
        }
    }
}
