//! On flex a batch stays where it was made.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Shape;

use super::Uploads;
use crate::flex::made;

impl Uploads for Flex {
    fn floats(values: Vec<f32>, shape: Shape, _place: FlexTensor) -> FlexTensor {
        made(values, shape)
    }

    fn bytes(values: Vec<u8>, shape: Shape, _place: FlexTensor) -> FlexTensor {
        made(values.into_iter().map(f32::from).collect(), shape)
    }
}
