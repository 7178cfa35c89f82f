//! Graphs: the octets of a .tflite -> what LiteRT's C library does not tell of its signatures.
//!
//! It knows one name of a tensor that a signature gives under two, takes a tensor without a rank for a scalar, and says
//! neither which operations it lacks nor which tensors keep it from a model. Numbers below are field numbers of
//! tensorflow/lite/schema/schema.fbs.

use super::table::{Damaged, Table};

type Result<T> = std::result::Result<T, Damaged>;

/// `BuiltinOperator.ASSIGN_VARIABLE`.
const ASSIGN_VARIABLE: i32 = 144;
/// How the converter calls TensorFlow's own operations.
const FLEX: &str = "Flex";

/// What a model's graphs hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graphs {
    /// In the order of the model's list, or the first graph alone.
    pub signatures: Vec<Graph>,
    /// The first tensor that an operation keeps its state in from one run to the next.
    pub variable_tensor: Option<String>,
    /// Whether an operation writes variables, which all signatures have in common.
    pub assigns_variables: bool,
}

/// One signature's graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// In the graph's order.
    pub inputs: Vec<Port>,
    /// In the graph's order.
    pub outputs: Vec<Port>,
    /// TensorFlow's own operations in it, by TensorFlow's names; None of them is LiteRT's.
    pub tensorflow_operations: Vec<String>,
}

/// An input or output of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// In the signature; empty where the model has no list of signatures.
    pub name: String,
    /// Whether the number of its dimensions is known.
    pub has_rank: bool,
}

impl Graphs {
    /// Reads the graphs of a model.
    ///
    /// # Errors
    /// Damaged where they do not lie within the file.
    pub fn read(model: &[u8]) -> Result<Self> {
        let root = Table::root(model)?;
        let codes = root.tables(1)?.map(|code| Code::read(code?)).collect::<Result<Vec<_>>>()?;
        let subgraphs = root.tables(2)?.collect::<Result<Vec<_>>>()?;
        let mut graphs = Self {
            assigns_variables: codes.iter().any(|code| code.builtin == ASSIGN_VARIABLE),
            variable_tensor: variable_tensor(&subgraphs)?,
            signatures: Vec::new(),
        };
        for signature in root.tables(7)? {
            let signature = signature?;
            let place = u32::from_le_bytes(signature.number(4)?);
            let subgraph = subgraphs.get(place as usize).ok_or(Damaged)?;
            graphs.signatures.push(Graph::read(*subgraph, Some(signature), &codes)?);
        }
        if let ([], Some(subgraph)) = (graphs.signatures.as_slice(), subgraphs.first()) {
            graphs.signatures.push(Graph::read(*subgraph, None, &codes)?);
        }
        Ok(graphs)
    }
}

impl Graph {
    fn read(subgraph: Table<'_>, signature: Option<Table<'_>>, codes: &[Code]) -> Result<Self> {
        let ports = |graph_field, signature_field| ports(subgraph, graph_field, signature, signature_field);
        let mut tensorflow_operations = Vec::new();
        for operator in subgraph.tables(3)? {
            let place = u32::from_le_bytes(operator?.number(0)?);
            let name = &codes.get(place as usize).ok_or(Damaged)?.name;
            if let Some(operation) = name.strip_prefix(FLEX)
                && !tensorflow_operations.iter().any(|known| known == operation)
            {
                tensorflow_operations.push(operation.to_owned());
            }
        }
        Ok(Self { inputs: ports(1, 0)?, outputs: ports(2, 1)?, tensorflow_operations })
    }
}

/// What an operator refers to.
struct Code {
    builtin: i32,
    /// Of one that is not built in.
    name: String,
}

impl Code {
    fn read(code: Table<'_>) -> Result<Self> {
        let name = String::from_utf8_lossy(code.octets(1)?).into_owned();
        Ok(Self { builtin: i32::from_le_bytes(code.number(3)?), name })
    }
}

fn variable_tensor(subgraphs: &[Table<'_>]) -> Result<Option<String>> {
    for subgraph in subgraphs {
        for tensor in subgraph.tables(0)? {
            let tensor = tensor?;
            if tensor.number::<1>(5)? != [0] {
                return Ok(Some(String::from_utf8_lossy(tensor.octets(3)?).into_owned()));
            }
        }
    }
    Ok(None)
}

/// The tensors of one list of a graph with the names that a signature's list has for them, each name once.
fn ports(
    subgraph: Table<'_>,
    graph_field: usize,
    signature: Option<Table<'_>>,
    signature_field: usize,
) -> Result<Vec<Port>> {
    let mut names = Vec::new();
    if let Some(signature) = signature {
        for entry in signature.tables(signature_field)? {
            let entry = entry?;
            let place = u32::from_le_bytes(entry.number(1)?);
            names.push((place, String::from_utf8_lossy(entry.octets(0)?).into_owned()));
        }
    }
    let tensors = subgraph.tables(0)?.collect::<Result<Vec<_>>>()?;
    let mut ports = Vec::new();
    for place in subgraph.integers(graph_field)? {
        let place = u32::try_from(place?).map_err(|_| Damaged)?;
        let tensor = tensors.get(place as usize).ok_or(Damaged)?;
        let has_shape = tensor.integers(0)?.next().is_some() || tensor.integers(7)?.next().is_some();
        let index = names.iter().position(|(tensor, _)| *tensor == place);
        ports.push(Port {
            name: index.map(|index| names.remove(index).1).unwrap_or_default(),
            has_rank: has_shape || tensor.number::<1>(8)? != [0],
        });
    }
    Ok(ports)
}
