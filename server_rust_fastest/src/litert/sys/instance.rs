//! An instance: one signature made ready for inputs of fixed shapes, with buffers; one thread at a time.

use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::abi::{Layout, RankedTensorType};
use super::compiled_model::CompiledModel;
use super::model::Model;
use super::reserve::Reserve;
use super::tensor_buffer::TensorBuffer;
use super::{Fault, StatusError};
use crate::error::Error;
use crate::litert::element_type;
use crate::signature::TensorSpec;
use crate::tensor::{DType, Tensor, element_count};

/// Nothing that a run would write by chance.
const UNWRITTEN: [u8; 16] = 0x5f1d_8e22_c7a9_4b06_913a_e07d_5cb8_f264_u128.to_be_bytes();

/// Where the values of an output come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffering {
    /// A run writes them, in a size that may depend on what comes in.
    Computed,
    /// The model holds them. LiteRT copies them in the size of the buffer.
    Constant,
    /// They are those of the input at this place. LiteRT gives a tensor one buffer only, the last that it hears of.
    Input(usize),
    /// They are those of the output at this place, for the same reason.
    Output(usize),
}

/// Which signature is made ready.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Plan<'a> {
    pub signature: usize,
    pub inputs: &'a [TensorSpec],
    pub outputs: &'a [TensorSpec],
    pub buffering: &'a [Buffering],
}

/// What instances run on: each on one of its own, or all of a model on one that keeps what its operations assign.
#[derive(Clone)]
pub struct Compilation {
    model: Arc<Model>,
    compiled: Arc<Mutex<CompiledModel>>,
    is_shared: bool,
}

impl Compilation {
    /// Compiles a model.
    ///
    /// # Errors
    /// What LiteRT says where it cannot.
    pub fn new(model: &Arc<Model>, threads: usize, is_shared: bool) -> Result<Self, Fault> {
        let compiled = Arc::new(Mutex::new(CompiledModel::new(model, threads)?));
        Ok(Self { model: Arc::clone(model), compiled, is_shared })
    }

    fn lock(&self) -> MutexGuard<'_, CompiledModel> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module.
pub struct Instance {
    // Dropped in this order: buffers and compiled model use the memory of the outputs.
    inputs: Vec<TensorBuffer>,
    input_sizes: Vec<Vec<i32>>,
    outputs: Vec<Output>,
    compilation: Compilation,
    reserves: Vec<Reserve>,
    signature: usize,
    proven: bool,
}

struct Output {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
    place: Place,
}

/// Where an output is written.
enum Place {
    /// A reserve, and the buffer over it.
    Reserve(usize, TensorBuffer),
    Own(TensorBuffer),
    Input(usize),
    Output(usize),
}

impl Instance {
    /// Makes a signature ready for inputs of these shapes, one for each.
    ///
    /// # Errors
    /// What LiteRT says where the model cannot take them; unimplemented for what it cannot hand over.
    pub fn new(compilation: Compilation, plan: Plan<'_>, shapes: &[Vec<usize>]) -> Result<Self, Fault> {
        let model = &Arc::clone(&compilation.model);
        let mut inputs = Vec::with_capacity(plan.inputs.len());
        let input_sizes = shapes.iter().map(|shape| sizes(shape)).collect::<Result<Vec<_>, _>>()?;
        let layouts = {
            let mut compiled = compilation.lock();
            for (index, (spec, sizes)) in plan.inputs.iter().zip(&input_sizes).enumerate() {
                if compilation.is_shared || !is_same(spec.shape.as_deref(), sizes) {
                    compiled.resize_input(plan.signature, index, sizes)?;
                }
            }
            compiled.first_output_layouts(plan.signature, plan.outputs.len())?
        };
        for ((spec, shape), sizes) in plan.inputs.iter().zip(shapes).zip(&input_sizes) {
            let tensor_type = tensor_type(spec.dtype, Layout::new(sizes))?;
            inputs.push(TensorBuffer::managed(model, &tensor_type, size_bytes(spec.dtype, shape)?)?);
        }
        let (mut outputs, mut reserves) = (Vec::new(), Vec::new());
        for ((spec, layout), &buffering) in plan.outputs.iter().zip(layouts).zip(plan.buffering) {
            let (dtype, shape) = (spec.dtype, shape_of(&layout));
            // What depends on values may not be known before a run.
            let tensor_type = tensor_type(dtype, layout.with_known_sizes())?;
            let place = match buffering {
                Buffering::Input(index) => Place::Input(index),
                Buffering::Output(index) => Place::Output(index),
                Buffering::Constant => {
                    Place::Own(TensorBuffer::managed(model, &tensor_type, size_bytes(dtype, &shape)?)?)
                }
                Buffering::Computed => {
                    let mut reserve = Reserve::new()?;
                    reserve.write(&UNWRITTEN);
                    let buffer = TensorBuffer::over(model, &tensor_type, &reserve)?;
                    reserves.push(reserve);
                    Place::Reserve(reserves.len() - 1, buffer)
                }
            };
            outputs.push(Output { name: spec.name.clone(), dtype, shape, place });
        }
        let signature = plan.signature;
        Ok(Self { inputs, input_sizes, outputs, compilation, reserves, signature, proven: false })
    }

    /// Runs on inputs of this instance's shapes, in the order of the signature, and copies the outputs at these places.
    ///
    /// # Errors
    /// What LiteRT says; unimplemented for outputs that it does not hand out.
    pub fn run(&mut self, inputs: &[&Tensor], wanted: &[usize]) -> Result<Vec<Tensor>, Fault> {
        for (buffer, tensor) in self.inputs.iter_mut().zip(inputs) {
            buffer.write(&tensor.data)?;
        }
        self.invoke().map_err(|error| match error {
            error if error.is_of_unknown_size() => Fault::Refused(self.of_unknown_size()),
            error => Fault::Status(error),
        })?;
        self.measure_outputs()?;
        if !self.proven {
            self.prove()?;
        }
        let outputs = wanted.iter().map(|&place| self.read(place)).collect();
        // Only now: an output may stand under two names.
        self.give_back();
        outputs
    }

    fn give_back(&mut self) {
        for output in &self.outputs {
            if let Place::Reserve(index, _) = output.place
                && let Some(reserve) = self.reserves.get_mut(index)
            {
                reserve.give_back(size_bytes(output.dtype, &output.shape).unwrap_or(usize::MAX));
            }
        }
    }

    fn invoke(&self) -> Result<(), StatusError> {
        let inputs: Vec<&TensorBuffer> = self.inputs.iter().collect();
        let outputs: Vec<&TensorBuffer> = self.outputs.iter().filter_map(|output| self.buffer(output)).collect();
        let mut compiled = self.compilation.lock();
        if self.compilation.is_shared {
            // Others have run since.
            for (index, sizes) in self.input_sizes.iter().enumerate() {
                compiled.resize_input(self.signature, index, sizes)?;
            }
        }
        // SAFETY: the buffers were made for the shapes that the model was resized to. What is computed goes to a
        // reserve, which no output can outgrow; constants and inputs are as large as their buffers.
        unsafe { compiled.run(self.signature, &inputs, &outputs) }
    }

    fn buffer<'a>(&'a self, output: &'a Output) -> Option<&'a TensorBuffer> {
        match &output.place {
            Place::Reserve(_, buffer) | Place::Own(buffer) => Some(buffer),
            Place::Input(index) => self.inputs.get(*index),
            Place::Output(index) => self.outputs.get(*index).and_then(|output| self.buffer(output)),
        }
    }

    fn measure_outputs(&mut self) -> Result<(), Fault> {
        let layouts = self.compilation.lock().output_layouts(self.signature, self.outputs.len(), false)?;
        for (output, layout) in self.outputs.iter_mut().zip(&layouts) {
            output.shape = shape_of(layout);
            let Place::Reserve(index, _) = output.place else { continue };
            let room_bytes = self.reserves.get(index).map_or(0, Reserve::size_bytes);
            if size_bytes(output.dtype, &output.shape).map_or(true, |size_bytes| size_bytes > room_bytes) {
                // LiteRT has written past the end of the buffer: nothing in this process can be trusted any more.
                process::abort();
            }
        }
        Ok(())
    }

    /// Finds out once whether LiteRT writes the outputs to their buffers.
    fn prove(&mut self) -> Result<(), Fault> {
        let is_unwritten = |output: &&Output| match output.place {
            Place::Reserve(index, _) => self.reserves.get(index).is_some_and(|reserve| {
                let size_bytes = size_bytes(output.dtype, &output.shape).unwrap_or(0).min(UNWRITTEN.len());
                size_bytes > 0 && reserve.octets(size_bytes) == &UNWRITTEN[..size_bytes]
            }),
            Place::Own(_) | Place::Input(_) | Place::Output(_) => false,
        };
        if let Some(output) = self.outputs.iter().find(is_unwritten) {
            // Either these are the values, or LiteRT has kept the output to itself; then it refuses a second run, which
            // what assigns variables must not have.
            if self.compilation.is_shared || self.invoke().is_err() {
                return Err(refuse_size(&format!("output \"{}\" has a size", output.name)).into());
            }
        }
        self.proven = true;
        Ok(())
    }

    /// LiteRT does not say for which output it has no place.
    fn of_unknown_size(&self) -> Error {
        let computed = self.outputs.iter().filter(|output| matches!(output.place, Place::Reserve(..)));
        let names: Vec<String> = computed.map(|output| format!("\"{}\"", output.name)).collect();
        match names.as_slice() {
            [name] => refuse_size(&format!("output {name} has a size")),
            _ => refuse_size(&format!("one of the outputs {} has a size", names.join(", "))),
        }
    }

    fn read(&self, place: usize) -> Result<Tensor, Fault> {
        let Some(output) = self.outputs.get(place) else {
            return Err(Error::internal(format!("the signature has no output at place {place}")).into());
        };
        let size_bytes = size_bytes(output.dtype, &output.shape)?;
        let data = match &output.place {
            Place::Reserve(index, _) => {
                let octets = self.reserves.get(*index).map_or(&[][..], |reserve| reserve.octets(size_bytes));
                Bytes::copy_from_slice(octets)
            }
            Place::Own(buffer) => buffer.read(size_bytes)?,
            Place::Input(index) => {
                self.inputs.get(*index).map_or_else(|| Ok(Bytes::new()), |it| it.read(size_bytes))?
            }
            Place::Output(index) => return self.read(*index),
        };
        if data.len() != size_bytes {
            return Err(Error::internal(format!("LiteRT gave {} bytes in place of {size_bytes}", data.len())).into());
        }
        Ok(Tensor { dtype: output.dtype, shape: output.shape.clone(), data, strings: Vec::new() })
    }
}

fn refuse_size(what: &str) -> Error {
    Error::unimplemented(format!(
        "{what} that is known only after a run, and LiteRT's C library does not hand it out: serve the model with a \
         server that has another runtime, such as server_python_fast with --runtime=interpreter"
    ))
}

/// Refuses a signature whose tensors hold strings.
///
/// # Errors
/// Unimplemented, with who can serve it.
pub fn refuse_strings(plan: Plan<'_>) -> Result<(), Fault> {
    let found = plan.inputs.iter().chain(plan.outputs).find(|spec| spec.dtype == DType::String);
    found.map_or(Ok(()), |spec| {
        Err(Error::unimplemented(format!(
            "\"{}\" holds strings, which LiteRT's C library cannot take or give: serve the model with a server that has \
             another runtime, such as server_python_fast with --runtime=interpreter, or its SavedModel with \
             server_python_slow",
            spec.name
        ))
        .into())
    })
}

fn sizes(shape: &[usize]) -> Result<Vec<i32>, Fault> {
    let sizes: Result<_, _> = shape.iter().map(|&size| i32::try_from(size)).collect();
    sizes.map_err(|_| {
        Error::invalid_argument(format!("the model cannot take inputs of shape {shape:?}: sizes end at {}", i32::MAX))
            .into()
    })
}

fn is_same(expected: Option<&[i64]>, sizes: &[i32]) -> bool {
    // One of any rank has that of a scalar in the file.
    expected.unwrap_or_default().iter().copied().eq(sizes.iter().copied().map(i64::from))
}

fn shape_of(layout: &Layout) -> Vec<usize> {
    layout.shape().map(|size| usize::try_from(size).unwrap_or(0)).collect()
}

fn tensor_type(dtype: DType, layout: Layout) -> Result<RankedTensorType, Fault> {
    let element_type = element_type::of(dtype)
        .ok_or_else(|| Error::unimplemented(format!("LiteRT has no elements of type {}", dtype.name())))?;
    Ok(RankedTensorType { element_type, layout })
}

fn size_bytes(dtype: DType, shape: &[usize]) -> Result<usize, Fault> {
    let size_bytes = element_count(shape).and_then(|count| count.checked_mul(dtype.item_bytes()));
    size_bytes
        .ok_or_else(|| Error::invalid_argument(format!("no tensor is as large as its shape says: {shape:?}")).into())
}
