//! Base64 text: `{"b64": "..."}` in requests and answers <-> bytes, as lenient as TensorFlow Serving's decoder.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};

/// The only name in an object that stands for a string.
pub(super) const NAME: &str = "b64";

/// Leaves padding to `decode`, and bits behind the last byte alone.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// The bytes that a text stands for; None where it is none of base64.
///
/// White space goes anywhere; padding, which may be of full stops, may be left out but not be wrong.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let mut compact = std::borrow::Cow::Borrowed(text);
    if text.iter().any(is_space) {
        compact.to_mut().retain(|byte| !is_space(byte));
    }
    let padding = compact.iter().rev().take_while(|byte| matches!(byte, b'=' | b'.')).count();
    let digits = compact.get(..compact.len() - padding)?;
    let missing = digits.len().wrapping_neg() % 4;
    if padding != 0 && padding != missing {
        return None;
    }
    LENIENT.decode(digits).ok()
}

/// The text that stands for bytes in an answer.
pub(super) fn encode(data: &[u8]) -> String {
    STANDARD.encode(data)
}
