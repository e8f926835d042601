//! The form of the last error.

/// How the error that ends the command is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ErrorForm {
    /// For people, with the script's line and the word underlined.
    #[default]
    Text,
    /// For programs: an object of JSON in the last line of standard error.
    Json,
}

impl ErrorForm {
    /// The form that a command line asks for which cannot be understood otherwise.
    pub(crate) fn asked_for(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut before = String::new();
        let mut form = Self::Text;
        for argument in arguments {
            // What stands behind it is no option.
            if argument == "--" {
                break;
            }
            let value = if before == "--errors" { Some(argument.as_str()) } else { argument.strip_prefix("--errors=") };
            match value {
                Some("json") => form = Self::Json,
                Some("text") => form = Self::Text,
                _ => {}
            }
            before = argument;
        }
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_found_where_nothing_else_is_understood() {
        let form = |line: &str| ErrorForm::asked_for(line.split(' ').map(str::to_owned));
        for line in ["foretask --errors json run", "foretask run a.rhai --errors=json", "foretask --sett --errors json"]
        {
            assert_eq!(form(line), ErrorForm::Json, "{line}");
        }
        for line in ["foretask run", "foretask --errors text", "foretask run -- --errors json", "foretask errors json"]
        {
            assert_eq!(form(line), ErrorForm::Text, "{line}");
        }
    }
}
