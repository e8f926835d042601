//! Uploads on every device of this machine against the values that were sent.

use burn::tensor::TensorData;

use super::*;
use crate::host_tensor;

fn devices() -> Vec<Device> {
    let names: &[&str] = if cfg!(feature = "libtorch") { &["flex", "libtorch", "libtorch:cuda:0"] } else { &["flex"] };
    // A GPU is not on every machine; the others are.
    let found = names.iter().filter_map(|name| crate::device(name).ok()).map(|device| device.plain());
    let found: Vec<Device> = found.collect();
    assert!(found.len() >= names.len().min(2));
    found
}

#[test]
fn numbers_arrive_as_they_left_in_batches_of_any_size() {
    for device in devices() {
        for count in [0, 1, 7] {
            let values: Vec<f32> = (0..count * 6).map(|i| (i as f32).sin()).collect();
            let x = upload(values.clone(), [count, 3, 2], &device);
            assert_eq!((x.dims(), x.is_autodiff()), ([count, 3, 2], false));
            assert_eq!(host_tensor(x).data, values);
            let bytes: Vec<u8> = (0..count * 6).map(|i| (i * 37) as u8).collect();
            let x = upload_bytes(bytes.clone(), [count * 3, 2], &device.clone().autodiff());
            assert_eq!((x.dims(), x.is_autodiff()), ([count * 3, 2], false));
            assert_eq!(host_tensor(x).data, bytes.into_iter().map(f32::from).collect::<Vec<_>>());
        }
    }
}

#[test]
fn what_was_uploaded_computes_like_any_other_tensor() {
    for device in devices() {
        let values: Vec<f32> = (0..24).map(|i| i as f32 / 7.0).collect();
        let ours = upload(values.clone(), [2, 3, 4], &device);
        let usual = Tensor::<3>::from_data(TensorData::new(values, [2, 3, 4]), &device);
        let work = |x: Tensor<3>| host_tensor(x.clone().permute([2, 0, 1]).reshape([4, 6]).sum_dim(0)).data;
        assert_eq!(work(ours), work(usual));
    }
}

#[test]
#[should_panic(expected = "do not fill")]
fn a_wrong_shape_is_refused() {
    upload(vec![1.0; 5], [2, 3], &crate::device("flex").unwrap().plain());
}
