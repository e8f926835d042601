//! State of objectives as plain data, to the bit.

use burn::tensor::{Device, Tensor, TensorData};
use foretask_backend::{HostTensor, StateDict};

use crate::{ObjectiveError, Result};

/// Counts travel as two numbers below 2^16 and 2^24, which f32 holds exactly.
const COUNT_BASE: usize = 1 << 16;

/// A count as a tensor of two numbers.
pub(crate) fn count(count: usize) -> HostTensor {
    HostTensor { shape: vec![2], data: vec![(count % COUNT_BASE) as f32, (count / COUNT_BASE) as f32] }
}

/// The count saved under a name.
pub(crate) fn load_count(state: &StateDict, name: &str) -> Result<usize> {
    let saved = load(state, name, &[2])?;
    Ok(saved.data[0] as usize + saved.data[1] as usize * COUNT_BASE)
}

/// The numbers saved under a name, if they have this shape.
pub(crate) fn load<'a>(state: &'a StateDict, name: &str, shape: &[usize]) -> Result<&'a HostTensor> {
    let found = state.get(name);
    match found {
        Some(saved) if saved.shape == shape && saved.data.len() == shape.iter().product::<usize>() => Ok(saved),
        _ => Err(ObjectiveError::State {
            name: name.to_owned(),
            expected: shape.to_vec(),
            found: found.map(|saved| saved.shape.clone()).unwrap_or_default(),
        }),
    }
}

/// The tensor saved under a name, on a device, if it has this shape.
pub(crate) fn load_tensor<const D: usize>(
    state: &StateDict,
    name: &str,
    shape: [usize; D],
    device: &Device,
) -> Result<Tensor<D>> {
    let saved = load(state, name, &shape)?;
    Ok(Tensor::from_data(TensorData::new(saved.data.clone(), shape), device))
}

/// `state` with every name put below `part`.
pub(crate) fn below(part: impl std::fmt::Display, state: StateDict) -> impl Iterator<Item = (String, HostTensor)> {
    state.into_iter().map(move |(name, tensor)| (format!("{part}.{name}"), tensor))
}

/// What of `state` lies below `part`, without that prefix.
pub(crate) fn part(part: impl std::fmt::Display, state: &StateDict) -> StateDict {
    let prefix = format!("{part}.");
    state.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(&prefix)?.to_owned(), tensor.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_as_floats() {
        for number in [0, 1, 65_535, 65_536, 98_304, 300_000_123] {
            let state = StateDict::from([("n".to_owned(), count(number))]);
            assert_eq!(load_count(&state, "n").unwrap(), number);
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let state = StateDict::from([("a".to_owned(), HostTensor { shape: vec![3], data: vec![0.0; 3] })]);
        let error = load(&state, "a", &[2]).unwrap_err().to_string();
        assert!(error.contains("a has shape [3], expected [2]"), "{error}");
        assert!(load(&state, "b", &[3]).is_err());
    }

    #[test]
    fn parts_come_back() {
        let inner = StateDict::from([("x".to_owned(), count(7))]);
        let whole: StateDict = below(0, inner.clone()).chain(below(1, StateDict::new())).collect();
        assert_eq!(part(0, &whole), inner);
        assert!(part(1, &whole).is_empty());
    }
}
