//! The option `online` of `pretrain`: the one option that is a dataset.

use foretask_eval::OnlineOptions;
use foretask_experiment::stages::Online;
use foretask_experiment::values::Dataset;
use rhai::{Dynamic, Map};

use super::{Call, Kind};
use crate::errors::{CallError, Span};
use crate::options::{self, OptionDoc};

/// Its key.
pub(super) const ONLINE: &str = "online";

/// For the reference.
pub(super) fn doc() -> OptionDoc {
    OptionDoc::new(
        ONLINE,
        "labeled images, or an object map with them as `data`",
        "-",
        "shows in every health line how well their classes can be told by the features so far: each by the others, by \
         nearest neighbors (`knn`, `k`: 20) and by a cross-validated linear probe (`probe`), on at most `most`: \
         1000 of them. Their labels never reach the encoder, whose weights come out the same to the bit. Takes time \
         beside a `budget`",
    )
}

/// What is written there: a dataset, or an object map with one as `data`.
pub(super) fn read(call: &Call<'_>, argument: usize) -> Result<Option<Online>, CallError> {
    let map = call.map(argument);
    let Some(written) = map.get(ONLINE) else { return Ok(None) };
    let seed = call.experiment().seed();
    if let Some(data) = written.clone().try_cast::<Dataset>() {
        return Ok(Some(Online { data, options: OnlineOptions::default(), seed }));
    }
    let wanted = |found: &Dynamic| {
        CallError::input(format!(
            "`online` takes labeled images, or an object map with them as `data`, not {}",
            Kind::of(found)
        ))
        .label("not labeled images")
        .help("`online: few`, or `online: #{ data: few, k: 5 }`")
        .at(Span::Value(argument, vec![ONLINE.into()]))
    };
    let Some(mut own) = written.clone().try_cast::<Map>() else { return Err(wanted(written)) };
    let data = own.remove("data").unwrap_or(Dynamic::UNIT);
    let Some(data) = data.clone().try_cast::<Dataset>() else { return Err(wanted(&data)) };
    let options: OnlineOptions = options::parse(&own, argument, &[]).map_err(|fault| fault.within(ONLINE))?;
    options.check().map_err(|error| CallError::from(error).within(ONLINE))?;
    Ok(Some(Online { data, options, seed }))
}
