//! Room: memory for what is parsed, asked for before it is taken.

/// Of which there is room from the first on.
const LEAST_ITEMS: usize = 64;

/// Asked before memory for a document is taken, with its bytes; whether there is room for them.
pub(super) type Charge<'a> = &'a mut dyn FnMut(usize) -> bool;

/// The reason of a fault that is none of the body's.
pub(super) const NO_ROOM: &str = "There is no room for the document.";

/// Makes room for one more item; false where there is none.
pub(super) fn reserve<T>(items: &mut Vec<T>, charge: Charge<'_>) -> bool {
    if items.len() < items.capacity() {
        return true;
    }
    let more = (items.len() / 2).max(LEAST_ITEMS);
    let is_free = charge(more * size_of::<T>());
    if is_free {
        items.reserve_exact(more);
    }
    is_free
}
