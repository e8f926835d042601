//! Which way of showing pictures the terminal understands.

use clap::ValueEnum;

use crate::terminal::Answer;

/// What the command line asks for.
#[expect(clippy::doc_markdown, reason = "names of programs, shown in the help")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pictures {
    /// As the terminal can
    Auto,
    /// In files only
    Never,
    /// By the protocol of kitty, Ghostty and Konsole
    Kitty,
    /// By the protocol of iTerm2, WezTerm and mintty
    Iterm,
    /// As sixels: foot, mlterm, contour, xterm -ti vt340
    Sixel,
    /// As colored half blocks, which any terminal of 24-bit color can
    Blocks,
}

/// A way of showing pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Kitty,
    Iterm,
    /// With the pixels of a letter's width.
    Sixel {
        cell_width: usize,
    },
    Blocks,
}

/// Of terminals that do not say.
const USUAL_CELL: usize = 8;

/// What is asked for, or what the terminal can: by the variables that terminals set, else by asking it. `None` for neither.
pub(super) fn way(
    asked: Pictures,
    variable: &dyn Fn(&str) -> Option<String>,
    ask: &dyn Fn() -> Option<Answer>,
) -> Option<Way> {
    let sixel = |answer: Option<Answer>| Way::Sixel {
        cell_width: answer.and_then(|answer| answer.cell_width).unwrap_or(USUAL_CELL),
    };
    match asked {
        Pictures::Never => return None,
        Pictures::Kitty => return Some(Way::Kitty),
        Pictures::Iterm => return Some(Way::Iterm),
        Pictures::Blocks => return Some(Way::Blocks),
        Pictures::Sixel => return Some(sixel(ask())),
        Pictures::Auto => {}
    }
    let said = |name: &str| variable(name).unwrap_or_default();
    let (term, program) = (said("TERM"), said("TERM_PROGRAM"));
    if term.is_empty() || term == "dumb" {
        return None;
    }
    // A multiplexer stands between and passes neither protocol on; it may draw sixels itself.
    let multiplexed = !said("TMUX").is_empty() || term.starts_with("screen") || term.starts_with("tmux");
    if !multiplexed {
        // The variables of kitty and Konsole are inherited by terminals started from them, which then have a name.
        let unnamed = program.is_empty();
        let konsole = said("KONSOLE_VERSION").parse::<u32>().is_ok_and(|version| version >= 220_400);
        let kitty = term.contains("kitty") || term.contains("ghostty") || program == "ghostty";
        if kitty || unnamed && (konsole || !said("KITTY_WINDOW_ID").is_empty()) {
            return Some(Way::Kitty);
        }
        let iterm = ["iTerm.app", "WezTerm", "mintty"].contains(&program.as_str());
        if iterm || unnamed && said("LC_TERMINAL") == "iTerm2" {
            return Some(Way::Iterm);
        }
    }
    if let answer @ Some(Answer { sixel: true, .. }) = ask() {
        return Some(sixel(answer));
    }
    let true_color = ["truecolor", "24bit"].contains(&said("COLORTERM").as_str());
    (true_color && said("NO_COLOR").is_empty()).then_some(Way::Blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(variables: &[(&str, &str)], answer: Option<Answer>) -> Option<Way> {
        let variable =
            |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        way(Pictures::Auto, &variable, &|| answer)
    }

    #[test]
    fn terminals_are_known_by_what_they_set() {
        let sixel = Some(Answer { sixel: true, cell_width: Some(12) });
        let letters = Some(Answer::default());
        for (variables, expected) in [
            (&[("TERM", "xterm-kitty")][..], Some(Way::Kitty)),
            (&[("TERM", "xterm-256color"), ("KITTY_WINDOW_ID", "1")], Some(Way::Kitty)),
            (&[("TERM", "xterm-ghostty"), ("TERM_PROGRAM", "ghostty")], Some(Way::Kitty)),
            (&[("TERM", "xterm-256color"), ("KONSOLE_VERSION", "230805")], Some(Way::Kitty)),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], Some(Way::Iterm)),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm"), ("COLORTERM", "truecolor")], Some(Way::Iterm)),
            // Over ssh only this is passed on.
            (&[("TERM", "xterm-256color"), ("LC_TERMINAL", "iTerm2")], Some(Way::Iterm)),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Some(Way::Blocks)),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")], None),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "24bit"), ("KONSOLE_VERSION", "210400")], Some(Way::Blocks)),
            // An editor's terminal, started from kitty.
            (
                &[
                    ("TERM", "xterm-256color"),
                    ("TERM_PROGRAM", "vscode"),
                    ("KITTY_WINDOW_ID", "1"),
                    ("COLORTERM", "truecolor"),
                ],
                Some(Way::Blocks),
            ),
            (
                &[("TERM", "tmux-256color"), ("TMUX", "x"), ("KITTY_WINDOW_ID", "1"), ("COLORTERM", "truecolor")],
                Some(Way::Blocks),
            ),
            (&[("TERM", "vt100")], None),
        ] {
            assert_eq!(auto(variables, letters), expected, "{variables:?}");
            assert_eq!(auto(variables, None), expected, "{variables:?}, silent");
        }
        assert_eq!(auto(&[("TERM", "foot")], sixel), Some(Way::Sixel { cell_width: 12 }));
        assert_eq!(auto(&[("TERM", "tmux-256color"), ("TMUX", "x")], sixel), Some(Way::Sixel { cell_width: 12 }));
        assert_eq!(auto(&[("TERM", "dumb")], sixel), None);
        assert_eq!(auto(&[], sixel), None);
    }

    #[test]
    fn what_is_asked_for_wins() {
        let way = |asked| way(asked, &|_| None, &|| None);
        assert_eq!(way(Pictures::Never), None);
        assert_eq!(way(Pictures::Auto), None);
        assert_eq!(way(Pictures::Kitty), Some(Way::Kitty));
        assert_eq!(way(Pictures::Iterm), Some(Way::Iterm));
        assert_eq!(way(Pictures::Sixel), Some(Way::Sixel { cell_width: 8 }));
        assert_eq!(way(Pictures::Blocks), Some(Way::Blocks));
    }
}
