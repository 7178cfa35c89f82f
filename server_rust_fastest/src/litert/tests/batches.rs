//! Batches and ranks.

use super::{DEFAULT, floats, folder_of, half_plus_two, mobilenet, options, pictures, run, values, zeros};
use crate::litert::Servable;
use crate::real::or_skip;
use crate::tensor::DType;

#[test]
fn a_batch_gives_the_rows_of_single_runs() {
    let servable = or_skip!(mobilenet(1));
    let scores = |seeds: &[u32]| {
        let outputs = servable.run(DEFAULT, pictures(seeds), &[], None).expect("run");
        assert_eq!(outputs[0].1.shape, [seeds.len(), 1000]);
        values(&outputs[0].1)
    };
    let single: Vec<f32> = [1, 2, 3].into_iter().flat_map(|seed| scores(&[seed])).collect();
    for size in [3_usize, 1, 2, 3] {
        let batch = scores(&[1, 2, 3][..size]);
        assert!(batch.iter().zip(&single).all(|(score, expected)| (score - expected).abs() < 1e-5));
    }
}

#[test]
fn an_input_of_fixed_shape_takes_other_batches_and_ranks() {
    let servable = or_skip!(half_plus_two());
    for shape in [[3, 1].as_slice(), &[3], &[3, 1, 1]] {
        assert_eq!(run(&servable, floats(shape, &[1.0, 2.0, 5.0])), Ok(floats(shape, &[2.5, 3.0, 4.5])));
    }
}

#[test]
fn a_scalar_is_taken_as_one_element() {
    let servable = or_skip!(half_plus_two());
    assert_eq!(run(&servable, floats(&[], &[5.0])), Ok(floats(&[1, 1], &[4.5])));
}

#[test]
fn a_batch_that_the_graph_cannot_take_is_refused() {
    let folder = or_skip!(folder_of("mobilenet_v1_0.25_128_quant"));
    let servable = Servable::load(folder.path(), &or_skip!(options(1))).expect("loaded");
    let error = run(&servable, zeros(DType::Uint8, &[2, 128, 128, 3])).expect_err("refused");
    assert!(error.text.contains("cannot take inputs of shape [2, 128, 128, 3]"), "{error}");
}

#[test]
fn a_batch_of_nothing_is_refused() {
    let servable = or_skip!(mobilenet(1));
    let error = servable.run(DEFAULT, pictures(&[]), &[], None).expect_err("refused");
    assert!(error.text.contains("cannot take inputs of shape [0, 224, 224, 3]"), "{error}");
}
