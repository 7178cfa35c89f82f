//! Document: a JSON value as one flat list of nodes over its body.
//!
//! A node is 16 bytes. Those of a list's items and an object's names and values follow their container's, so a value is
//! walked without recursion. A list of nothing but numbers is one node; its numbers are 8 bytes each.

use bytes::Bytes;

use super::number_run::Run;
use super::string;

/// One value, or the name of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    Null,
    False,
    True,
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Text),
    /// The name of a member that has come before: such members are skipped.
    RepeatedName,
    /// Items are nodes of their own.
    List(Span),
    Numbers(Run),
    Object(Span),
}

/// What stands between two quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) is_escaped: bool,
}

/// A container.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Of items, or of members with different names.
    pub(super) count: u32,
    /// The node behind the last one within.
    pub(super) next: u32,
}

/// A value that has been parsed.
pub(super) struct Document {
    pub(super) body: Bytes,
    pub(super) nodes: Vec<Node>,
    /// The bits of the numbers of all runs: of i64, u64 or f64.
    pub(super) numbers: Vec<u64>,
}

/// A value within a document.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) document: &'a Document,
    pub(super) index: usize,
}

impl Document {
    pub(super) fn root(&self) -> Value<'_> {
        Value { document: self, index: 0 }
    }

    /// The bytes of a string, without a copy where nothing in it is escaped.
    pub(super) fn string(&self, text: Text) -> Bytes {
        let raw = self.body.slice(text.start as usize..text.end as usize);
        if text.is_escaped { string::unescape(&raw).into() } else { raw }
    }
}

impl<'a> Value<'a> {
    pub(super) fn node(self) -> Node {
        self.document.nodes.get(self.index).copied().unwrap_or(Node::Null)
    }

    /// Where the value ends: the node behind it.
    pub(super) fn next(self) -> usize {
        match self.node() {
            Node::List(span) | Node::Object(span) => span.next as usize,
            _ => self.index + 1,
        }
    }

    /// Whether it is an object, but not one that stands for a string: see `is_base64`.
    pub(super) fn is_object(self) -> bool {
        matches!(self.node(), Node::Object(_)) && self.base64().is_none()
    }

    /// The string of an object that is exactly `{"b64": "..."}`, which is a value.
    pub(super) fn base64(self) -> Option<Bytes> {
        let Node::Object(Span { count: 1, .. }) = self.node() else { return None };
        let (name, value) = self.members().next()?;
        match value.node() {
            Node::String(text) if *name == *b"b64" => Some(self.document.string(text)),
            _ => None,
        }
    }

    /// The values of a list whose items are nodes; nothing for others.
    pub(super) fn items(self) -> impl Iterator<Item = Value<'a>> {
        let Self { document, index } = self;
        let end = if let Node::List(span) = self.node() { span.next as usize } else { 0 };
        let mut at = index + 1;
        std::iter::from_fn(move || {
            let item = Value { document, index: at };
            at = item.next();
            (item.index < end).then_some(item)
        })
    }

    /// The members of an object by their names, the first of those with the same name; nothing for others.
    pub(super) fn members(self) -> impl Iterator<Item = (Bytes, Value<'a>)> {
        let Self { document, index } = self;
        let end = if let Node::Object(span) = self.node() { span.next as usize } else { 0 };
        let mut at = index + 1;
        std::iter::from_fn(move || {
            while at < end {
                let name = Value { document, index: at }.node();
                let value = Value { document, index: at + 1 };
                at = value.next();
                if let Node::String(text) = name {
                    return Some((document.string(text), value));
                }
            }
            None
        })
    }

    /// The value of a member.
    pub(super) fn member(self, name: &str) -> Option<Value<'a>> {
        self.members().find(|(each, _)| *each == *name.as_bytes()).map(|(_, value)| value)
    }
}
