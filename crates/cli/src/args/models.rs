//! The arguments of `foretask models`.

use clap::Subcommand;

/// What to do about published weights; listing them where nothing is said.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  foretask models
  foretask models --json
  foretask models fetch dinov2_vits14   into the cache of the Hugging Face hub, once
  foretask models fetch mae_vitb16 --accept-license")]
pub(crate) struct ModelsArguments {
    #[command(subcommand)]
    pub(crate) act: Option<ModelsAct>,
    /// Print the list as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsAct {
    /// Fetch published weights, so that scripts find them without a network
    Fetch {
        /// Names, as `foretask models` lists them
        #[arg(required = true)]
        names: Vec<String>,
        /// Agree to a license that asks for it
        #[arg(long)]
        accept_license: bool,
    },
}
