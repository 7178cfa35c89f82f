//! LiteRT: a version folder with a `model.tflite` -> a servable.
//!
//! A request takes an instance of its shapes from the pool, or has one made, and gives it back.

mod call;
pub(crate) mod checks;
mod element_type;
mod model;
mod model_file;
mod pool;
mod served;
mod sys;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use self::call::Call;
use self::checks::{check_deadline, check_inputs, find_signature, may_be_resized, select_outputs};
use self::model::{Entries, Entry, read_entries};
use self::model_file::{Holder, written};
use self::pool::{Key, Pool, Taken};
use self::served::{Served, defs_of, served_signatures};
use self::sys::{Compilation, Fault, Instance, Library, MAX_RANK, MappedFile, Model, refuse_strings};
use crate::error::{Error, Result};
use crate::log;
use crate::settings::RuntimeOptions;
use crate::signature::Signatures;
use crate::tensor::Tensor;
use crate::tflite::{Graphs, Metadata, read_metadata, verify};

pub use self::model_file::{ModelFile, OnChanged};
pub use self::sys::{VERSION, bound_heap, exit, give_back, print_reports};

/// What Git leaves in place of a file whose content it keeps elsewhere begins with this.
const GIT_LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// One loaded version of a model. May be run from many threads at once; its memory is given back when it is dropped.
pub struct Servable {
    pool: Pool,
    model: Arc<Model>,
    entries: Vec<Entry>,
    served: BTreeMap<String, Served>,
    /// Why signatures of the model are none of these, by name.
    refused: BTreeMap<String, Error>,
    /// What all instances run on, where operations assign variables.
    shared: Option<Compilation>,
    signatures: Signatures,
    signature_defs: BTreeMap<String, Bytes>,
    labels: Vec<String>,
    threads: usize,
    path: PathBuf,
    holder: Holder,
}

impl Servable {
    /// Loads the `model.tflite` of a version folder.
    ///
    /// # Errors
    /// With the file, the fault and the remedy; nothing of a failed load stays in memory.
    pub fn load(version_path: &Path, options: &RuntimeOptions) -> Result<Self> {
        Self::of(ModelFile::open(version_path)?, options)
    }

    /// Loads a file.
    ///
    /// # Errors
    /// As `load`.
    pub fn of(model_file: ModelFile, options: &RuntimeOptions) -> Result<Self> {
        let ModelFile { file, path } = model_file;
        let library = Library::open(options.library.as_deref())?;
        let cannot_run = |fault: &dyn fmt::Display| {
            Error::unavailable(format!("{} is not a model that LiteRT {VERSION} can run: {fault}", path.display()))
        };
        if file.starts_with(GIT_LFS_POINTER) {
            return Err(cannot_run(&"it is a Git LFS pointer, and no model: fetch the model with git lfs pull"));
        }
        // Before LiteRT sees it, whom damage can crash.
        verify(&file).map_err(|fault| cannot_run(&fault))?;
        let graphs = Graphs::read(&file).map_err(|fault| cannot_run(&fault))?;
        if let Some(tensor) = &graphs.variable_tensor {
            return Err(cannot_run(&format!(
                "it keeps state in its tensor \"{tensor}\", which LiteRT's C library cannot: serve it with a server that \
                 has another runtime, such as server_python_fast with --runtime=interpreter"
            )));
        }
        let servable = Self::new(library, file, graphs, &path, options).map_err(|fault| match fault {
            Fault::Refused(error) => Error::unavailable(error.text),
            Fault::Status(error) => cannot_run(&error),
        })?;
        // All that was read of the file was read of one and the same.
        servable.check_file()?;
        Ok(servable)
    }

    fn new(
        library: Library,
        file: MappedFile,
        graphs: Graphs,
        path: &Path,
        options: &RuntimeOptions,
    ) -> std::result::Result<Self, Fault> {
        let Metadata { labels, normalizations, signature_defs } = read_metadata(&file);
        let model = Arc::new(Model::new(library, file)?);
        let assigns_variables = graphs.assigns_variables;
        let Entries { known: entries, refused } = read_entries(&model, graphs, path, &normalizations)?;
        let served = served_signatures(&entries, &signature_defs);
        let compilation = Compilation::new(&model, options.threads, assigns_variables)?;
        let servable = Self {
            pool: Pool::new(if assigns_variables { 1 } else { options.instances }),
            shared: assigns_variables.then(|| compilation.clone()),
            refused,
            signatures: served.iter().map(|(name, served)| (name.clone(), served.signature.clone())).collect(),
            signature_defs: defs_of(&served, signature_defs),
            entries,
            served,
            labels,
            threads: options.threads,
            holder: Holder::new(),
            path: path.to_owned(),
            model,
        };
        servable.compile_first(&compilation)?;
        Ok(servable)
    }

    /// Has a copy take the file's place behind the first run, or soon where nobody asks; where somebody has written to the
    /// file by then, `on_changed` is told, and no run gives an answer any more.
    pub fn hold(&self, on_changed: OnChanged) {
        self.holder.begin(&self.model, &self.path, on_changed);
    }

    /// Why a signature of the model is not served, if it is none of `signatures`.
    #[must_use]
    pub fn refusal(&self, signature_name: &str) -> Option<&Error> {
        self.refused.get(signature_name)
    }

    /// All signatures by name; a .tflite without any gets `serving_default` over its tensor names.
    #[must_use]
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }

    /// Serialized `tensorflow.SignatureDef`s by name as the model holds them; empty where it brings none.
    #[must_use]
    pub fn signature_defs(&self) -> &BTreeMap<String, Bytes> {
        &self.signature_defs
    }

    /// The names of the classes that the model brings with it, in order; empty where it brings none.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Runs one signature on a batch and gives its outputs by name (those of `output_filter`, where any are named).
    ///
    /// # Errors
    /// Failed precondition for an unknown signature, invalid argument for inputs that do not fit, deadline exceeded,
    /// unimplemented for tensors that hold strings, or what the runtime says.
    #[allow(clippy::needless_pass_by_value, reason = "inputs end with the run")]
    pub fn run(
        &self,
        signature_name: &str,
        inputs: Vec<(String, Tensor)>,
        output_filter: &[String],
        deadline: Option<Instant>,
    ) -> Result<Vec<(String, Tensor)>> {
        check_deadline(deadline)?;
        if let Some(error) = self.refusal(signature_name) {
            return Err(error.clone());
        }
        let served = find_signature(&self.served, signature_name)?;
        let signature = &served.signature;
        check_inputs(signature, &inputs, may_be_resized(signature, &inputs))?;
        let wanted = select_outputs(signature, output_filter)?;
        let places: Vec<usize> = wanted.iter().filter_map(|&place| served.outputs.get(place).copied()).collect();
        let call = Call::new(&self.entries, served, &inputs)?;
        let key = Key { entry: served.entry, shapes: call.shapes };
        let outputs = {
            let place = self.pool.enter(deadline)?;
            let mut taken = place.take(&key, || self.compile_for(call.entry, &key))?;
            let outputs = taken.instance.run(&call.tensors, &places).map_err(|fault| match fault {
                Fault::Refused(error) => error,
                // Where the shape goes beyond the signature, the request is to blame.
                Fault::Status(error) => {
                    check_inputs(signature, &inputs, false).err().unwrap_or_else(|| Error::internal(error.to_string()))
                }
            })?;
            self.check_file()?;
            self.pool.keep(key, taken);
            outputs
        };
        self.holder.has_run();
        check_deadline(deadline)?;
        let names = wanted.iter().filter_map(|&place| signature.outputs.get(place).map(|spec| spec.name.clone()));
        Ok(names.zip(outputs).collect())
    }

    /// Finds out at load whether the model can run, at batch size 1 where it takes any: one signature that can is enough.
    fn compile_first(&self, compilation: &Compilation) -> std::result::Result<(), Fault> {
        let mut fault = None;
        for (place, entry) in self.entries.iter().enumerate() {
            let Some(shapes) = entry.first_shapes() else { return Ok(()) };
            match Instance::new(compilation.clone(), entry.plan(), &shapes) {
                Ok(instance) => {
                    entry.verdict.get_or_init(|| Ok(()));
                    self.pool.keep(Key { entry: place, shapes }, Taken::first(instance));
                    return Ok(());
                }
                Err(found) => {
                    let refusal = entry.refuse(found.clone());
                    log::warning(&refusal.text);
                    fault.get_or_insert(if entry.tensorflow_operations.is_empty() { found } else { refusal.into() });
                }
            }
        }
        fault.map_or(Ok(()), Err)
    }

    /// Looks whether the model is still the one that was loaded.
    fn check_file(&self) -> Result<()> {
        if self.model.file().is_trusted() { Ok(()) } else { Err(written(&self.path)) }
    }

    /// Gives back the file's pages, of which little is used once its weights are packed.
    fn forget_file(&self) {
        self.model.file().forget();
    }

    fn compile_for(&self, entry: &Entry, key: &Key) -> Result<Instance> {
        let sent = || key.shapes.iter().map(|shape| format!("{shape:?}")).collect::<Vec<_>>().join(", ");
        if key.shapes.iter().any(|shape| shape.len() > MAX_RANK) {
            return Err(Error::invalid_argument(format!(
                "LiteRT takes no inputs of shape {}: it knows {MAX_RANK} dimensions at most",
                sent()
            )));
        }
        refuse_strings(entry.plan()).map_err(Fault::into_error)?;
        if let Some(Err(refusal)) = entry.verdict.get() {
            return Err(refusal.clone());
        }
        self.check_file()?;
        let instance = self.instance(entry, &key.shapes).map_err(|fault| match fault {
            Fault::Refused(error) => error,
            Fault::Status(error) => self.refusal_of(entry).unwrap_or_else(|| {
                Error::invalid_argument(format!("the model cannot take inputs of shape {}: {error}", sent()))
            }),
        })?;
        entry.verdict.get_or_init(|| Ok(()));
        // It has read all weights once more, to pack them.
        self.forget_file();
        Ok(instance)
    }

    fn instance(&self, entry: &Entry, shapes: &[Vec<usize>]) -> std::result::Result<Instance, Fault> {
        let compilation = match &self.shared {
            Some(shared) => shared.clone(),
            None => Compilation::new(&self.model, self.threads, false)?,
        };
        Instance::new(compilation, entry.plan(), shapes)
    }

    /// Why a signature cannot be run whatever comes in, if it cannot.
    fn refusal_of(&self, entry: &Entry) -> Option<Error> {
        if entry.verdict.get().is_some_and(Result::is_ok) {
            return None;
        }
        let fault = self.instance(entry, &entry.first_shapes()?).err()?;
        Some(entry.refuse(fault))
    }
}
