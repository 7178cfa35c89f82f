//! Query: percent-encoded text -> names and values.

use std::borrow::Cow;

/// The first value of a name, decoded; None where the query does not have it.
pub(super) fn value<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    query?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key, true) == name).then(|| decode(value, true))
    })
}

/// Undoes percent-encoding; what is not UTF-8 then is replaced. `plus_is_space` is how forms have it.
pub(super) fn decode(text: &str, plus_is_space: bool) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        match (first, behind) {
            (b'+', _) if plus_is_space => decoded.push(b' '),
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(digit(*high) << 4 | digit(*low));
                rest = behind;
            }
            _ => decoded.push(*first),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// Of a hexadecimal digit.
fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        _ => (character | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_decoded_and_what_is_none_stays() {
        assert_eq!(decode("%e2%82%AC%2f%3A%zz%4", false), "€/:%zz%4");
        assert_eq!(decode("a+b", false), "a+b");
        assert_eq!(decode("%ff", false), "\u{fffd}");
    }

    #[test]
    fn the_first_value_counts() {
        let query = Some("a=1&top_k=5&top_k=6&b+c=d%20e&f&=g");
        assert_eq!(value(query, "top_k").as_deref(), Some("5"));
        assert_eq!(value(query, "b c").as_deref(), Some("d e"));
        assert_eq!(value(query, "f").as_deref(), Some(""));
        assert_eq!(value(query, "top"), None);
        assert_eq!(value(None, "a"), None);
    }
}
