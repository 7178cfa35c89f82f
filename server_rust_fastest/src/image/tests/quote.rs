use super::super::quote::{quote_bytes, quote_text};

#[test]
fn bytes_are_quoted_as_python_quotes_them() {
    assert_eq!(quote_bytes(b"hello"), "b'hello'");
    assert_eq!(quote_bytes(b"II*\0\xff~ "), "b'II*\\x00\\xff~ '");
    assert_eq!(quote_bytes(b"\t\n\r\\"), "b'\\t\\n\\r\\\\'");
}

#[test]
fn text_is_quoted_as_python_quotes_it() {
    assert_eq!(quote_text(""), "''");
    assert_eq!(quote_text("1.5"), "'1.5'");
    assert_eq!(quote_text("\t\\\u{7f}\u{a0}"), "'\\t\\\\\\x7f\\xa0'");
}

#[test]
fn text_of_other_scripts_stays_where_it_can_be_printed() {
    assert_eq!(quote_text("٣ e\u{301} 猫"), "'٣ e\u{301} 猫'");
    assert_eq!(quote_text("\u{200b}\u{e000}\u{10ffff}"), "'\\u200b\\ue000\\U0010ffff'");
}

#[test]
fn a_single_quote_alone_is_put_between_double_ones() {
    assert_eq!(quote_text("it's"), "\"it's\"");
    assert_eq!(quote_bytes(b"it's"), "b\"it's\"");
    assert_eq!(quote_text("it's \"it\""), "'it\\'s \"it\"'");
}
