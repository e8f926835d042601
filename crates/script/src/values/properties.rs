//! Properties of script values, and how they print. Names and meanings stand in `PROPERTIES`; a test holds the two
//! together.

use foretask_experiment::values::{
    Chosen, Classifiers, Comparison, Dataset, Encoder, Estimate, Evaluation, FoundIssues, LabelCurve, Network, Picked,
    PickedEncoder, Pretrained, Task,
};
use foretask_train::{Diagnostics, HealthLine};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};

use super::curves;
use crate::errors::CallError;

/// A fault met in a property has no position of its own: Rhai adds that of the property.
#[expect(clippy::unnecessary_box_returns, reason = "the form of Rhai's errors")]
fn thrown(fault: impl Into<CallError>) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(fault.into()), rhai::Position::NONE))
}

type Property<T> = Result<T, Box<EvalAltResult>>;

/// Types with their names, properties and texts.
pub(crate) fn register(engine: &mut Engine) {
    starts(engine);
    classifiers(engine);
    findings(engine);
    issues(engine);
    printed::<Dataset>(engine);
    printed::<Network>(engine);
    printed::<Task>(engine);
    printed::<Pretrained>(engine);
    printed::<Encoder>(engine);
    printed::<Classifiers>(engine);
    printed::<Evaluation>(engine);
    printed::<Estimate>(engine);
    printed::<Chosen>(engine);
    printed::<FoundIssues>(engine);
    printed::<Picked>(engine);
    printed::<PickedEncoder>(engine);
    printed::<LabelCurve>(engine);
    printed::<Comparison>(engine);
}

/// What learning starts from and gives.
fn starts(engine: &mut Engine) {
    engine.register_type_with_name::<Dataset>("Dataset");
    engine.register_get("count", |data: &mut Dataset| -> Property<i64> {
        Ok(data.views[0].samples().map_err(thrown)?.len() as i64)
    });
    engine.register_get("draws", |data: &mut Dataset| data.views.len() as i64);
    engine.register_get("classes", |data: &mut Dataset| -> Property<Array> {
        let classes = data.views[0].manifest.classes().map_err(thrown)?;
        Ok(texts(&classes))
    });

    engine.register_type_with_name::<Network>("Net");
    engine.register_get("name", |net: &mut Network| net.0.network().to_owned());
    engine.register_get("features", |net: &mut Network| net.0.feature_dim() as i64);

    engine.register_type_with_name::<Task>("Task");
    engine.register_get("name", |task: &mut Task| task.mix.name());

    engine.register_type_with_name::<Pretrained>("Pretrained");
    engine.register_get("encoder", |stage: &mut Pretrained| Encoder::pretrained(stage.clone()));
    engine.register_get("steps", |stage: &mut Pretrained| stage.result().map_or(0, |result| result.steps as i64));
    engine.register_get("seconds", |stage: &mut Pretrained| stage.seconds());
    engine.register_get("loss", |stage: &mut Pretrained| -> f64 {
        stage.result().and_then(|result| result.history.last()).map_or(0.0, |line| line.loss)
    });
    engine.register_get("history", |stage: &mut Pretrained| -> Array { history(stage) });
    let continued = |stage: &Pretrained| stage.result().and_then(|result| result.continued.clone());
    engine.register_get("kept", move |stage: &mut Pretrained| -> String {
        continued(stage).map_or_else(String::new, |found| found.kept.name().to_owned())
    });
    engine.register_get("kept_reason", move |stage: &mut Pretrained| -> String {
        continued(stage).map_or_else(String::new, |found| found.in_words())
    });

    engine.register_type_with_name::<Encoder>("Encoder");
    engine.register_get("features", |encoder: &mut Encoder| encoder.config().feature_dim() as i64);
    engine.register_get("origin", |encoder: &mut Encoder| encoder.describe());
}

/// Classifiers and what measuring them gives.
fn classifiers(engine: &mut Engine) {
    engine.register_type_with_name::<Classifiers>("Classifier");
    engine.register_get("draws", |classifiers: &mut Classifiers| classifiers.members.len() as i64);
    engine.register_get("classes", |classifiers: &mut Classifiers| -> Property<Array> {
        let classes = classifiers.few.views[0].manifest.classes().map_err(thrown)?;
        Ok(texts(&classes))
    });
    engine.register_get("converged", |classifiers: &mut Classifiers| classifiers.converged().unwrap_or(true));

    engine.register_type_with_name::<Evaluation>("Evaluation");
    engine.register_get("mean", |evaluation: &mut Evaluation| evaluation.mean());
    engine.register_get("sd", |evaluation: &mut Evaluation| evaluation.sd().unwrap_or(0.0));
    engine.register_get("accuracy", |evaluation: &mut Evaluation| -> Array {
        evaluation.accuracies().into_iter().map(Dynamic::from).collect()
    });
    engine.register_get("balanced_accuracy", |evaluation: &mut Evaluation| {
        evaluation.mean_of(|found| found.balanced_accuracy)
    });
    engine.register_get("classes", |evaluation: &mut Evaluation| -> Array {
        let classes = evaluation.classes().into_iter().filter_map(|class| serde_json::to_value(class).ok());
        classes.map(|class| from_json(&class)).collect()
    });
    engine.register_get("log_loss", |evaluation: &mut Evaluation| evaluation.mean_of(|found| found.log_loss));
    engine.register_get("calibration_error", |evaluation: &mut Evaluation| {
        evaluation.mean_of(|found| found.calibration_error)
    });
    engine.register_get("chance", |evaluation: &mut Evaluation| evaluation.chance);
    engine.register_get("count", |evaluation: &mut Evaluation| evaluation.count as i64);
}

/// What may be wrong with a dataset.
fn issues(engine: &mut Engine) {
    engine.register_type_with_name::<FoundIssues>("Issues");
    engine.register_get("table", |issues: &mut FoundIssues| -> Array {
        let rows = issues.table.iter().filter_map(|row| serde_json::to_value(row).ok());
        rows.map(|row| from_json(&row)).collect()
    });
    engine.register_get("counts", |issues: &mut FoundIssues| -> Map {
        let counts = issues.counts().into_iter();
        counts.map(|(kind, count)| (kind.name().into(), Dynamic::from(count as i64))).collect()
    });
    engine.register_get("similarity", |issues: &mut FoundIssues| issues.similarity);
    engine.register_get("clean", |issues: &mut FoundIssues| issues.clean.clone());
    engine.register_get("verdict", |issues: &mut FoundIssues| issues.verdict());
}

/// What the words that choose and compare have found.
fn findings(engine: &mut Engine) {
    engine.register_type_with_name::<Chosen>("Chosen");
    engine.register_get("rows", |chosen: &mut Chosen| -> Array {
        chosen.rows.iter().map(|&row| Dynamic::from(row as i64)).collect()
    });
    engine.register_get("names", |chosen: &mut Chosen| texts(&chosen.names));
    engine.register_get("data", |chosen: &mut Chosen| chosen.data.clone());

    engine.register_type_with_name::<Picked>("Picked");
    engine.register_get("best", |picked: &mut Picked| picked.task.clone());
    engine.register_get("name", |picked: &mut Picked| picked.name.clone());
    engine.register_get("encoder", |picked: &mut Picked| Encoder::pretrained(picked.pretrained.clone()));
    engine.register_get("table", |picked: &mut Picked| -> Array {
        let rows = picked.table.iter().filter_map(|row| serde_json::to_value(row).ok());
        rows.map(|row| from_json(&row)).collect()
    });
    engine.register_type_with_name::<PickedEncoder>("PickedEncoder");
    engine.register_get("name", |picked: &mut PickedEncoder| picked.name.clone());
    engine.register_get("encoder", |picked: &mut PickedEncoder| picked.encoder.clone());
    engine.register_get("table", |picked: &mut PickedEncoder| -> Array {
        let rows = picked.table.iter().filter_map(|row| serde_json::to_value(row).ok());
        rows.map(|row| from_json(&row)).collect()
    });
    engine.register_type_with_name::<Estimate>("Estimate");
    engine.register_get("mean", |estimate: &mut Estimate| estimate.mean);
    engine.register_get("low", |estimate: &mut Estimate| estimate.low);
    engine.register_get("high", |estimate: &mut Estimate| estimate.high);
    engine.register_get("count", |estimate: &mut Estimate| estimate.count as i64);
    engine.register_get("verdict", |estimate: &mut Estimate| estimate.to_string());
    engine.register_get("classes", |estimate: &mut Estimate| -> Array {
        let classes = estimate.classes.iter().filter_map(|class| serde_json::to_value(class).ok());
        classes.map(|class| from_json(&class)).collect()
    });
    engine.register_type_with_name::<LabelCurve>("LabelCurve");
    engine.register_get("points", |curve: &mut LabelCurve| curves::points(&curve.plain));
    engine.register_get("labels", |curve: &mut LabelCurve| curves::labels(&curve.plain));
    engine.register_get("names", |curve: &mut LabelCurve| -> Array {
        curve.plain.series.iter().map(|series| Dynamic::from(series.name.clone())).collect()
    });
    engine.register_get("chance", |curve: &mut LabelCurve| level(curve.plain.evaluation.as_ref(), false));
    engine.register_get("majority", |curve: &mut LabelCurve| level(curve.plain.evaluation.as_ref(), true));
    engine.register_get("verdict", |curve: &mut LabelCurve| curve.plain.verdict().sentence);
    engine.register_get("table", |curve: &mut LabelCurve| curve.plain.to_text(None));

    engine.register_type_with_name::<Comparison>("Comparison");
    engine.register_get("rows", |found: &mut Comparison| curves::rows(&found.0));
    engine.register_get("baseline", |found: &mut Comparison| found.0.baseline.clone());
    engine.register_get("chance", |found: &mut Comparison| level(found.0.evaluation.as_ref(), false));
    engine.register_get("majority", |found: &mut Comparison| level(found.0.evaluation.as_ref(), true));
    engine.register_get("sentences", |found: &mut Comparison| texts(&found.0.sentences()));
    engine.register_get("table", |found: &mut Comparison| found.0.to_text(None));
}

/// What guessing, or always naming the most frequent class, gives; a planning pass knows chance only.
fn level(evaluation: Option<&foretask_report::Evaluation>, majority: bool) -> f64 {
    let chance = evaluation.and_then(|evaluation| evaluation.chance).unwrap_or(0.0);
    let most = evaluation.and_then(|evaluation| evaluation.majority.as_ref()).map_or(chance, |most| most.share);
    if majority { most } else { chance }
}

/// Texts in backquotes and Rhai's own conversions use these.
fn printed<T: Clone + Send + Sync + 'static>(engine: &mut Engine) {
    engine.register_fn("to_string", |value: &mut T| display(&Dynamic::from(value.clone())));
    engine.register_fn("to_debug", |value: &mut T| display(&Dynamic::from(value.clone())));
}

fn texts(items: &[String]) -> Array {
    items.iter().map(|item| Dynamic::from(item.clone())).collect()
}

/// The health lines. A planning pass has none yet: zeros stand in, as many as every run has at least, so that a script
/// that looks into them can be planned.
fn history(stage: &Pretrained) -> Array {
    const LEAST: usize = 10;
    let lines = match stage.result() {
        Some(result) => result.history.clone(),
        None => vec![
            HealthLine {
                step: 0,
                epoch: 0.0,
                images: 0,
                loss: 0.0,
                gradient_norm: 0.0,
                learning_rate: 0.0,
                diagnostics: Diagnostics::default(),
                seconds: 0.0,
            };
            LEAST
        ],
    };
    lines.iter().filter_map(|line| Some(from_json(&serde_json::to_value(line).ok()?))).collect()
}

/// JSON as a script value.
pub(crate) fn from_json(value: &serde_json::Value) -> Dynamic {
    use serde_json::Value;
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => Dynamic::from(*flag),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Dynamic::from(number.as_f64().unwrap_or(f64::NAN)), Dynamic::from)
        }
        Value::String(text) => Dynamic::from(text.clone()),
        Value::Array(items) => Dynamic::from_array(items.iter().map(from_json).collect()),
        Value::Object(map) => {
            Dynamic::from_map(map.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect::<Map>())
        }
    }
}

/// A value as `print` shows it.
pub(crate) fn display(value: &Dynamic) -> String {
    display_within(value, None)
}

/// A value as `print` shows it; tables are no wider than `width`.
pub(crate) fn display_within(value: &Dynamic, width: Option<usize>) -> String {
    if let Ok(text) = value.as_immutable_string_ref() {
        return text.to_string();
    }
    if let Some(curve) = value.read_lock::<LabelCurve>() {
        return curve.plain.to_text(width);
    }
    if let Some(comparison) = value.read_lock::<Comparison>() {
        return comparison.0.to_text(width);
    }
    nested(value)
}

fn nested(value: &Dynamic) -> String {
    if let Ok(text) = value.as_immutable_string_ref() {
        return format!("{:?}", text.as_str());
    }
    if let Ok(items) = value.as_array_ref() {
        return format!("[{}]", items.iter().map(nested).collect::<Vec<_>>().join(", "));
    }
    if let Ok(map) = value.as_map_ref() {
        let entries = map.iter().map(|(key, value)| format!("{key}: {}", nested(value)));
        return format!("#{{{}}}", entries.collect::<Vec<_>>().join(", "));
    }
    if let Some(data) = value.read_lock::<Dataset>() {
        let draws = if data.views.len() > 1 { format!(", {} label draws", data.views.len()) } else { String::new() };
        return format!("Dataset({}{draws})", data.steps().join(", "));
    }
    if let Some(net) = value.read_lock::<Network>() {
        return format!("Net({})", net.0.name());
    }
    if let Some(task) = value.read_lock::<Task>() {
        return format!("Task({})", task.mix.name());
    }
    if let Some(stage) = value.read_lock::<Pretrained>() {
        return format!("Pretrained({} on {})", stage.config().network(), stage.name());
    }
    if let Some(encoder) = value.read_lock::<Encoder>() {
        return format!("Encoder({})", encoder.describe());
    }
    if let Some(classifiers) = value.read_lock::<Classifiers>() {
        return format!("Classifier({}, {} label draws)", classifiers.protocol(), classifiers.members.len());
    }
    if let Some(evaluation) = value.read_lock::<Evaluation>() {
        let sd = evaluation.sd().map_or_else(String::new, |sd| format!(" ± {:.1}", sd * 100.0));
        let (mean, chance) = (evaluation.mean() * 100.0, evaluation.chance * 100.0);
        return format!("Evaluation({mean:.1}{sd} % of {} images, chance {chance:.1} %)", evaluation.count);
    }
    if let Some(estimate) = value.read_lock::<Estimate>() {
        return estimate.to_string();
    }
    if let Some(chosen) = value.read_lock::<Chosen>() {
        return chosen.to_string();
    }
    if let Some(issues) = value.read_lock::<FoundIssues>() {
        return issues.verdict();
    }
    if let Some(picked) = value.read_lock::<Picked>() {
        return picked.verdict.clone();
    }
    if let Some(picked) = value.read_lock::<PickedEncoder>() {
        return picked.verdict.clone();
    }
    if let Some(curve) = value.read_lock::<LabelCurve>() {
        return format!(
            "LabelCurve({} curves, {} numbers of labels)",
            curve.plain.series.len(),
            curve.plain.counts.len()
        );
    }
    if let Some(comparison) = value.read_lock::<Comparison>() {
        return format!("Comparison({} results, baseline {})", comparison.0.rows.len(), comparison.0.baseline);
    }
    value.to_string()
}
