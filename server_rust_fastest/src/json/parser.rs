//! Parser: a body -> a document, or what RapidJSON says is wrong with it and where.
//!
//! It is iterative, takes `NaN`, `Inf`, `Infinity` and their negatives for numbers, and ignores what follows the first
//! value. Of members with the same name the first counts.

use std::collections::HashSet;

use bytes::Bytes;

use super::document::{Document, Node, Span, Text, Value};
use super::number::{self, Number};
use super::number_run;
use super::room::{Charge, NO_ROOM, reserve};
use super::string;

/// Of lists and objects in each other: no request needs so many, and their bookkeeping stays small.
const MAX_DEPTH: usize = 1_000_000;
/// Members of an object that are compared with each other without a set.
const FEW_MEMBERS: u32 = 8;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong with a body, and at which byte of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: &'static str,
    pub(super) offset: usize,
}

impl Fault {
    pub(super) fn new(reason: &'static str, offset: usize) -> Self {
        Self { reason, offset }
    }
}

/// The first value of a body.
pub(super) fn parse(body: Bytes, charge: Charge<'_>) -> Result<Document, Fault> {
    if u32::try_from(body.len()).is_err() {
        return Err(Fault::new("Bodies of 4 GiB and more are not read.", 0));
    }
    let start = if body.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let document = Document { body, nodes: Vec::new(), numbers: Vec::new() };
    let mut parser = Parser { at: start, document, open: Vec::new(), charge };
    parser.skip_space();
    if parser.peek() == 0 {
        return Err(Fault::new("The document is empty.", parser.at));
    }
    parser.run()?;
    Ok(parser.document)
}

/// The first place from `at` on that is no white space.
pub(super) fn skip_space(body: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = body.get(at) {
        at += 1;
    }
    at
}

struct Parser<'a> {
    /// The next byte.
    at: usize,
    document: Document,
    /// The nodes of the containers that are not closed, outermost first.
    open: Vec<Container>,
    charge: Charge<'a>,
}

#[derive(Clone, Copy)]
struct Container {
    node: usize,
    count: u32,
    is_object: bool,
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        loop {
            let is_complete = match self.peek() {
                b'[' => self.begin_list()?,
                b'{' => self.begin_object()?,
                _ => self.read_leaf()?,
            };
            if is_complete && self.close_containers()? {
                return Ok(());
            }
        }
    }

    /// The next byte; 0 at the end.
    fn peek(&self) -> u8 {
        self.document.body.get(self.at).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        self.at = skip_space(&self.document.body, self.at);
    }

    /// Whether this byte is next; it is taken then.
    fn consume(&mut self, byte: u8) -> bool {
        let is_next = self.document.body.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// After a complete value: goes to where the next one begins, or says that there is none.
    fn close_containers(&mut self) -> Result<bool, Fault> {
        while let Some(container) = self.open.last_mut() {
            container.count += 1;
            let container = *container;
            self.skip_space();
            if self.consume(b',') {
                self.skip_space();
                if container.is_object {
                    self.read_name()?;
                }
                return Ok(false);
            }
            if !self.consume(if container.is_object { b'}' } else { b']' }) {
                let missing = if container.is_object {
                    "Missing a comma or '}' after an object member."
                } else {
                    "Missing a comma or ']' after an array element."
                };
                return Err(Fault::new(missing, self.at));
            }
            self.open.pop();
            self.close(container);
        }
        Ok(true)
    }

    fn close(&mut self, container: Container) {
        let next = position(self.document.nodes.len());
        let node = if container.is_object {
            Node::Object(Span { count: container.count - self.mark_repeated_names(container), next })
        } else {
            Node::List(Span { count: container.count, next })
        };
        self.put(container.node, node);
    }

    fn push(&mut self, node: Node) -> Result<(), Fault> {
        if !reserve(&mut self.document.nodes, self.charge) {
            return Err(Fault::new(NO_ROOM, self.at));
        }
        self.document.nodes.push(node);
        Ok(())
    }

    fn put(&mut self, index: usize, node: Node) {
        if let Some(place) = self.document.nodes.get_mut(index) {
            *place = node;
        }
    }

    /// Takes the bracket; whether the list is complete, being empty or of numbers alone.
    fn begin_list(&mut self) -> Result<bool, Fault> {
        let bracket = self.at;
        self.at += 1;
        self.skip_space();
        if number::begins_with(self.peek())
            && let Some((run, end)) =
                number_run::read(&self.document.body, self.at, &mut self.document.numbers, self.charge)?
        {
            self.at = end;
            self.push(Node::Numbers(run))?;
            return Ok(true);
        }
        self.open(bracket, false)?;
        if self.consume(b']') {
            self.close_empty();
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes the brace, and the first name.
    fn begin_object(&mut self) -> Result<bool, Fault> {
        let brace = self.at;
        self.at += 1;
        self.skip_space();
        self.open(brace, true)?;
        if self.consume(b'}') {
            self.close_empty();
            return Ok(true);
        }
        self.read_name()?;
        Ok(false)
    }

    fn open(&mut self, offset: usize, is_object: bool) -> Result<(), Fault> {
        if self.open.len() == MAX_DEPTH {
            return Err(Fault::new("Lists and objects are nested deeper than 1000000 levels.", offset));
        }
        if !reserve(&mut self.open, self.charge) {
            return Err(Fault::new(NO_ROOM, offset));
        }
        self.open.push(Container { node: self.document.nodes.len(), count: 0, is_object });
        self.push(Node::Null)
    }

    fn close_empty(&mut self) {
        if let Some(container) = self.open.pop() {
            self.close(container);
        }
    }

    /// A name and its colon.
    fn read_name(&mut self) -> Result<(), Fault> {
        if self.peek() != b'"' {
            return Err(Fault::new("Missing a name for object member.", self.at));
        }
        self.read_string()?;
        self.skip_space();
        if !self.consume(b':') {
            return Err(Fault::new("Missing a colon after a name of object member.", self.at));
        }
        self.skip_space();
        Ok(())
    }

    fn read_string(&mut self) -> Result<(), Fault> {
        let start = self.at + 1;
        let (end, is_escaped) = string::end(&self.document.body, start)?;
        self.at = end + 1;
        self.push(Node::String(Text { start: position(start), end: position(end), is_escaped }))
    }

    /// Anything but a container, which is complete at once.
    fn read_leaf(&mut self) -> Result<bool, Fault> {
        let (word, node) = match self.peek() {
            b'"' => {
                self.read_string()?;
                return Ok(true);
            }
            b'n' => ("null", Node::Null),
            b't' => ("true", Node::True),
            b'f' => ("false", Node::False),
            _ => {
                let (number, end) = number::read(&self.document.body, self.at)?;
                self.at = end;
                self.push(match number {
                    Number::Int(value) => Node::Int(value),
                    Number::Uint(value) => Node::Uint(value),
                    Number::Double(value) => Node::Double(value),
                })?;
                return Ok(true);
            }
        };
        self.at = number::expect(&self.document.body, self.at, word)?;
        self.push(node)?;
        Ok(true)
    }

    /// Marks the members of an object whose names have come before; gives their number.
    fn mark_repeated_names(&mut self, container: Container) -> u32 {
        if container.count < 2 {
            return 0;
        }
        let document = &self.document;
        let mut repeated = Vec::new();
        let mut seen = HashSet::new();
        let mut few = Vec::new();
        let end = document.nodes.len();
        let mut at = container.node + 1;
        while at < end {
            if let Node::String(text) = (Value { document, index: at }).node() {
                let name = document.string(text);
                let is_new = if container.count > FEW_MEMBERS {
                    seen.insert(name)
                } else if few.contains(&name) {
                    false
                } else {
                    few.push(name);
                    true
                };
                if !is_new {
                    repeated.push(at);
                }
            }
            at = Value { document, index: at + 1 }.next();
        }
        for &index in &repeated {
            self.put(index, Node::RepeatedName);
        }
        position(repeated.len())
    }
}

/// A position within a body, whose length is one of u32.
pub(super) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
