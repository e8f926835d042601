//! Dot products of many rows with many rows.

use burn::tensor::{Tensor, TensorData};

use crate::{BackendError, Result, catch, device};

/// Rows `[rows, dim]` that others are compared with, always on the CPU: a product of a few thousand vectors is done before a
/// device has been asked.
pub struct Rows {
    transposed: Tensor<2>,
    dim: usize,
}

impl Rows {
    /// Takes `[rows, dim]`.
    ///
    /// # Errors
    /// Values that are not a whole number of rows, or too many for the memory.
    pub fn new(values: Vec<f32>, dim: usize) -> Result<Self> {
        Ok(Self { transposed: on_cpu(values, dim)?.transpose(), dim })
    }

    /// The dot product of every row of `queries` `[queries, dim]` with every row of these: `[queries, rows]`. The same on any
    /// number of threads.
    ///
    /// # Errors
    /// Values that are not a whole number of rows, or too many products for the memory.
    pub fn dots(&self, queries: Vec<f32>) -> Result<Vec<f32>> {
        let queries = on_cpu(queries, self.dim)?;
        let products = catch(DOING, || queries.matmul(self.transposed.clone()).into_data())?;
        products.try_into_vec().map_err(|error| failed(format!("{error:?}")))
    }
}

fn on_cpu(values: Vec<f32>, dim: usize) -> Result<Tensor<2>> {
    let dim = dim.max(1);
    let shape = [values.len() / dim, dim];
    if shape[0] * dim != values.len() {
        return Err(failed(format!("{} values are no rows of {dim}", values.len())));
    }
    let cpu = device("flex")?.plain();
    catch(DOING, || Tensor::from_data(TensorData::new(values, shape), &cpu))
}

fn failed(message: String) -> BackendError {
    BackendError::Panicked { what: DOING.to_owned(), message }
}

const DOING: &str = "comparing rows";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_by_hand() {
        let rows = Rows::new(vec![1.0, 2.0, 0.0, -1.0, 0.5, 3.0], 2).unwrap();
        assert_eq!(rows.dots(vec![1.0, 1.0, 2.0, -4.0]).unwrap(), [3.0, -1.0, 3.5, -6.0, 4.0, -11.0]);
        assert!(rows.dots(vec![1.0]).is_err());
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let values: Vec<f32> = (0..3000 * 96).map(|i| (i as f32 * 0.37).sin()).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Rows::new(values.clone(), 96).unwrap().dots(values[..300 * 96].to_vec()).unwrap())
        };
        assert!(run(1) == run(3));
    }
}
