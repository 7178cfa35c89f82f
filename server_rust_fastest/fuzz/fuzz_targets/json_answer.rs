//! Any tensors as outputs: no panic, and what is written reads back.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use server_rust_fastest::json::{Layout, predict_answer};
use server_rust_fastest::tensor::{DType, Tensor, element_count};
use server_rust_fastest_fuzz::{assert_same, read_again};

const DTYPES: [DType; 12] = [
    DType::Float32,
    DType::Float64,
    DType::Bool,
    DType::Uint8,
    DType::Int8,
    DType::Int16,
    DType::Uint32,
    DType::Int32,
    DType::Uint64,
    DType::Int64,
    DType::String,
    DType::Complex64,
];
const NAMES: [&str; 3] = ["y", "y_bytes", "\"\u{e9}\n"];
const MAX_ELEMENTS: usize = 4096;

#[derive(Arbitrary, Debug)]
struct Answer {
    is_by_row: bool,
    outputs: Vec<Output>,
}

#[derive(Arbitrary, Debug)]
struct Output {
    dtype: u8,
    shape: Vec<u8>,
    /// Repeated for all elements.
    data: Vec<u8>,
}

impl Output {
    fn tensor(&self) -> Option<Tensor> {
        let dtype = DTYPES[usize::from(self.dtype) % DTYPES.len()];
        let shape: Vec<usize> = self.shape.iter().map(|&size| usize::from(size)).collect();
        // Lists without elements are as long to write as others.
        let lists: Vec<usize> = shape.iter().map(|&size| size.max(1)).collect();
        element_count(&lists).filter(|&count| count <= MAX_ELEMENTS)?;
        let count = element_count(&shape)?;
        let byte = |index: usize| self.data.get(index % self.data.len().max(1)).copied().unwrap_or_default();
        let strings = if dtype == DType::String {
            (0..count)
                .map(|index| (0..usize::from(byte(index)) % 40).map(|place| byte(index + place)).collect())
                .collect()
        } else {
            Vec::new()
        };
        let bytes = (0..count * dtype.item_bytes()).map(byte);
        let data = if dtype == DType::Bool { bytes.map(|byte| byte & 1).collect() } else { bytes.collect() };
        Some(Tensor { dtype, shape, data, strings })
    }
}

fuzz_target!(|answer: Answer| {
    let outputs: Option<Vec<_>> =
        NAMES.iter().zip(&answer.outputs).map(|(name, output)| Some(((*name).to_owned(), output.tensor()?))).collect();
    let Some(outputs) = outputs else { return };
    let layout = if answer.is_by_row { Layout::Row } else { Layout::Column };
    let Ok(body) = predict_answer(&outputs, layout) else { return };
    // No rows are no request, and behind an empty list sizes are lost.
    if outputs.iter().all(|(_, tensor)| !tensor.shape.contains(&0)) {
        assert_same(&outputs, &read_again(&body, layout, &outputs).expect("an answer is a request"));
    }
});
