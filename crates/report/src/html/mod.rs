//! The page: values are put into words here, the templates only lay them out.
//!
//! Templates escape everything but what is marked `safe`: plots, highlighted code, base64 text, the page's script and what it
//! reads, which this crate writes itself out of escaped or checked parts. The page's own content policy forbids every other
//! script and the network.

mod code;
mod compare;
mod confidence;
mod confusion;
mod csv;
mod curves;
mod embedding;
mod explore;
mod head;
mod issues;
mod label_curve;
mod picture;
mod provenance;
mod results;
mod sheets;
mod tile;

pub use compare::render_comparison;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use crate::{Report, ReportError, shown};

const TEMPLATES: [(&str, &str); 17] = [
    ("page.html", include_str!("../../templates/page.html")),
    ("picture.html", include_str!("../../templates/picture.html")),
    ("results.html", include_str!("../../templates/results.html")),
    ("label_curve.html", include_str!("../../templates/label_curve.html")),
    ("curves.html", include_str!("../../templates/curves.html")),
    ("confidence.html", include_str!("../../templates/confidence.html")),
    ("confusion.html", include_str!("../../templates/confusion.html")),
    ("pretext.html", include_str!("../../templates/pretext.html")),
    ("predictions.html", include_str!("../../templates/predictions.html")),
    ("embedding.html", include_str!("../../templates/embedding.html")),
    ("neighbors.html", include_str!("../../templates/neighbors.html")),
    ("issues.html", include_str!("../../templates/issues.html")),
    ("bad_images.html", include_str!("../../templates/bad_images.html")),
    ("leakage.html", include_str!("../../templates/leakage.html")),
    ("notes.html", include_str!("../../templates/notes.html")),
    ("script.html", include_str!("../../templates/script.html")),
    ("settings.html", include_str!("../../templates/settings.html")),
];

const STYLE: &str = include_str!("../../templates/style.css");

/// A part of the page. One with nothing to show is named at the end, with its reason, when it was to be expected.
#[derive(Serialize)]
struct Section {
    id: &'static str,
    title: &'static str,
    /// Read under the title.
    intro: &'static str,
    template: &'static str,
    data: Value,
    empty: Option<&'static str>,
}

impl Section {
    fn of(id: &'static str, title: &'static str, template: &'static str, data: Option<impl Serialize>) -> Self {
        let data = data.map(|data| Value::from(Serde(data)));
        Self { id, title, intro: "", template, data: data.unwrap_or_default(), empty: None }
    }

    fn intro(self, intro: &'static str) -> Self {
        Self { intro, ..self }
    }

    /// What to say at the end of the page when there is nothing to show; without it nothing is said.
    fn or(self, reason: &'static str) -> Self {
        Self { empty: Some(reason), ..self }
    }
}

/// Renders the report as one HTML page that needs no other file and no network.
///
/// # Errors
/// [`ReportError::Template`] when a template fails, which is a mistake in this crate.
pub fn render_html(report: &Report) -> Result<String, ReportError> {
    let (full, empty): (Vec<Section>, Vec<Section>) =
        sections(report).into_iter().partition(|section| !section.data.is_undefined());
    let missing: Vec<(&str, &str)> = empty.iter().filter_map(|section| Some((section.title, section.empty?))).collect();
    let mut environment = environment()?;
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    let page = environment.get_template("page.html")?;
    let (head, sections, missing) = (Serde(head::view(report)), Serde(full), Serde(missing));
    let explorer = Serde(explore::view(report)?);
    // At the very end, so that no way into the page can be forgotten.
    Ok(shown(&page.render(context! { style => STYLE, head, sections, missing, explorer })?).into_owned())
}

/// Where templates are rendered.
fn environment() -> Result<Environment<'static>, ReportError> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    Ok(environment)
}

fn sections(report: &Report) -> Vec<Section> {
    let trained = !report.stages.is_empty();
    let evaluated = !report.results.is_empty();
    let curves_alone = !evaluated && !report.label_curves.is_empty();
    vec![
        Section::of("results", "Results", "results.html", results::view(report)).or(if curves_alone {
            "Only a label curve was reported."
        } else {
            "No result was reported: the script evaluated nothing."
        }),
        Section::of("labels", "How many labels", "label_curve.html", label_curve::view(report)),
        Section::of("training", "Training", "curves.html", curves::view(report))
            .or("Nothing was trained: the script used stored weights, or none."),
        Section::of("confusion", "Confusions", "confusion.html", confusion::view(report))
            .intro("Rows are true classes, columns are answers. The deeper the shade, the larger the share of the row.")
            .or(if evaluated {
                "The reported results carry no predictions to count."
            } else {
                "Nothing was evaluated."
            }),
        Section::of("confidence", "Confidence", "confidence.html", confidence::view(report)).intro(
            "How far the probabilities can be believed, mean over label draws. The calibration error is the distance between \
             confidence and accuracy; a temperature above 1 takes confidence back.",
        ),
        Section::of("pretext", "Labels made from images", "pretext.html", sheets::pretext(report))
            .intro(
                "What the pretext task asked, the label it made out of the image, and what the trained model answered.",
            )
            .or(if trained { "No examples of the pretext task were kept." } else { "Nothing was pretrained." }),
        Section::of("predictions", "Predictions", "predictions.html", sheets::predictions(report)).or(if evaluated {
            "The reported results carry no sample predictions."
        } else {
            "Nothing was evaluated."
        }),
        Section::of("embedding", "Feature space", "embedding.html", embedding::view(report)).intro(
            "Each dot is an image, colored by its true class where that is known. What the encoder finds alike lies close; dots are laid \
             out by features alone, in which only the labels that trained the encoder, if any did, had a part. In t-SNE, sizes of groups \
             and distances between them mean little.",
        ),
        Section::of("neighbors", "Nearest neighbors", "neighbors.html", sheets::neighbors(report))
            .intro("What an encoder finds alike: the leftmost image, and those nearest to it in feature space."),
        Section::of("issues", "What may be wrong with the data", "issues.html", issues::view(report))
            .intro("Look before you remove anything: what is rare, dark or alike may be what matters."),
        Section::of("bad-images", "Bad images", "bad_images.html", provenance::bad_images(report)),
        Section::of("leakage", "Leakage", "leakage.html", provenance::leakage(report))
            .or(if evaluated || curves_alone {
                "Nobody looked for evaluation images among the images learned from."
            } else {
                "Nothing was evaluated."
            }),
        Section::of("notes", "Chosen by the program", "notes.html", provenance::notes(report)),
        Section::of("script", "Script", "script.html", provenance::script(report))
            .or("This run was not started from a script."),
        Section::of("settings", "Data, options, machine", "settings.html", provenance::settings(report)),
    ]
}
