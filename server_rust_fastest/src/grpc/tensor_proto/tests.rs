use prost::Message;

use super::*;
use crate::error::Code;

const NUMERIC: [DType; 15] = [
    DType::Bool,
    DType::Uint8,
    DType::Int8,
    DType::Uint16,
    DType::Int16,
    DType::Float16,
    DType::Bfloat16,
    DType::Uint32,
    DType::Int32,
    DType::Float32,
    DType::Uint64,
    DType::Int64,
    DType::Float64,
    DType::Complex64,
    DType::Complex128,
];

fn shaped(data_type: DataType, sizes: &[i64]) -> TensorProto {
    let dim = sizes.iter().map(|&size| Dim { size, ..Dim::default() }).collect();
    TensorProto {
        dtype: data_type.into(),
        tensor_shape: Some(TensorShapeProto { dim, unknown_rank: false }),
        ..TensorProto::default()
    }
}

fn with_values(data_type: DataType, sizes: &[i64], field: Values, packed: &[u8]) -> TensorProto {
    let mut proto = shaped(data_type, sizes);
    proto.values.insert(field, Bytes::copy_from_slice(packed));
    proto
}

fn with_content(data_type: DataType, sizes: &[i64], content: &[u8]) -> TensorProto {
    TensorProto { tensor_content: Bytes::copy_from_slice(content), ..shaped(data_type, sizes) }
}

fn with_strings(sizes: &[i64], strings: &[&'static [u8]]) -> TensorProto {
    TensorProto {
        string_val: strings.iter().map(|&string| Bytes::from_static(string)).collect(),
        ..shaped(DataType::DtString, sizes)
    }
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn data(proto: &TensorProto) -> Vec<u8> {
    decode("x", proto).unwrap().data.to_vec()
}

fn refusal(proto: &TensorProto) -> String {
    let error = decode("x", proto).unwrap_err();
    assert_eq!(error.code, Code::InvalidArgument);
    error.text.strip_prefix("tensor parsing error: x: ").unwrap().to_owned()
}

fn sample(dtype: DType) -> Tensor {
    let octets = (0..6 * dtype.item_bytes()).map(|place| match dtype {
        DType::Bool => u8::from(place % 3 == 0),
        _ => u8::try_from(place * 41 % 251).unwrap(),
    });
    Tensor { dtype, shape: vec![2, 3], data: octets.collect(), strings: Vec::new() }
}

#[test]
fn a_tensor_comes_back_as_it_was() {
    for dtype in NUMERIC {
        for as_content in [false, true] {
            let proto = encode(sample(dtype), as_content);
            assert_eq!(!proto.tensor_content.is_empty(), as_content);
            let sent = proto.encode_to_vec();
            assert_eq!(sent.len(), proto.encoded_len());
            assert_eq!(decode("x", &TensorProto::decode(&*sent).unwrap()).unwrap(), sample(dtype), "{dtype:?}");
        }
    }
}

#[test]
fn strings_come_back_as_they_were() {
    let strings = vec![Bytes::new(), Bytes::from_static(b"a"), Bytes::from_static(b"\xff\0"), vec![b'l'; 400].into()];
    let tensor = Tensor { dtype: DType::String, shape: vec![2, 2], data: Bytes::new(), strings };
    for as_content in [false, true] {
        let proto = encode(tensor.clone(), as_content);
        assert_eq!(!proto.tensor_content.is_empty(), as_content);
        let sent = proto.encode_to_vec();
        assert_eq!(decode("x", &TensorProto::decode(&*sent).unwrap()).unwrap(), tensor);
    }
}

#[test]
fn elements_are_written_to_the_field_of_their_type() {
    let field = |dtype| *encode(sample(dtype), false).values.keys().next().unwrap();
    assert_eq!(field(DType::Float32), Values::Float);
    assert_eq!(field(DType::Complex64), Values::Scomplex);
    assert_eq!(field(DType::Int8), Values::Int);
    assert_eq!(field(DType::Bfloat16), Values::Half);
}

#[test]
fn a_message_has_the_bytes_of_the_protocol() {
    let tensor =
        Tensor { dtype: DType::Int16, shape: vec![2], data: Bytes::from_static(&[1, 0, 255, 255]), strings: vec![] };
    let sent = encode(tensor, false).encode_to_vec();
    let minus_one = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];
    assert_eq!(sent, [&[8, 5, 18, 4, 18, 2, 8, 2, 58, 11, 1][..], &minus_one].concat());
}

#[test]
fn a_tensor_that_is_sent_whole_is_not_copied() {
    for as_content in [false, true] {
        let message = Bytes::from(encode(sample(DType::Float32), as_content).encode_to_vec());
        let tensor = decode("x", &TensorProto::decode(message.clone()).unwrap()).unwrap();
        assert!(message.as_ptr_range().contains(&tensor.data.as_ptr()));
    }
}

#[test]
fn values_that_are_missing_repeat_the_last() {
    let proto = with_values(DataType::DtFloat, &[2, 2], Values::Float, &floats(&[1.0, 2.0]));
    assert_eq!(data(&proto), floats(&[1.0, 2.0, 2.0, 2.0]));
    assert_eq!(decode("x", &with_strings(&[3], &[b"a"])).unwrap().strings, ["a", "a", "a"]);
    let complex = with_values(DataType::DtComplex64, &[2], Values::Scomplex, &floats(&[1.0, 2.0, 3.0]));
    assert_eq!(data(&complex), floats(&[1.0, 2.0, 1.0, 2.0]));
}

#[test]
fn without_any_value_all_are_zero() {
    assert_eq!(data(&shaped(DataType::DtInt32, &[2])), [0; 8]);
    assert_eq!(decode("x", &with_strings(&[2], &[])).unwrap().strings, ["", ""]);
}

#[test]
fn values_beyond_the_shape_are_ignored() {
    assert_eq!(data(&with_values(DataType::DtUint8, &[2], Values::Int, &[1, 2, 3])), [1, 2]);
    assert_eq!(decode("x", &with_strings(&[1], &[b"a", b"b"])).unwrap().strings, ["a"]);
}

#[test]
fn without_a_shape_it_is_a_scalar() {
    let mut proto = with_values(DataType::DtFloat, &[], Values::Float, &floats(&[3.0]));
    proto.tensor_shape = None;
    assert!(decode("x", &proto).unwrap().shape.is_empty());
}

#[test]
fn an_empty_tensor_has_no_elements() {
    for data_type in [DataType::DtFloat, DataType::DtString] {
        let tensor = decode("x", &shaped(data_type, &[i64::MAX, i64::MAX, 0])).unwrap();
        assert!(tensor.data.is_empty() && tensor.strings.is_empty());
    }
}

#[test]
fn unpacked_values_are_read_too() {
    let packed = with_values(DataType::DtFloat, &[3], Values::Float, &floats(&[1.0])).encode_to_vec();
    let one_by_one = b"\x2d\x00\x00\x00\x40\x2d\x00\x00\x40\x40";
    let proto = TensorProto::decode(&*[&packed[..], one_by_one].concat()).unwrap();
    assert_eq!(data(&proto), floats(&[1.0, 2.0, 3.0]));
    let integers = TensorProto::decode(&b"\x08\x03\x12\x04\x12\x02\x08\x02\x38\x01\x38\x80\x01"[..]).unwrap();
    assert_eq!(data(&integers), [1, 0, 0, 0, 128, 0, 0, 0]);
}

#[test]
fn a_message_that_ends_within_a_value_is_none() {
    for broken in [&b"\x2a\x03\x00\x00\x00"[..], b"\x32\x04\x00\x00\x00\x00", b"\x3a\x02\x01\x80", b"\x2d\x00"] {
        assert!(TensorProto::decode(broken).is_err());
    }
}

#[test]
fn what_is_no_tensor_is_told_why() {
    let float = DataType::DtFloat;
    let big = 1 << 40;
    let numbered = TensorProto { dtype: 999, ..TensorProto::default() };
    for (proto, text) in [
        (shaped(DataType::DtInvalid, &[1]), "tensors of DT_INVALID cannot be served"),
        (shaped(DataType::DtQint8, &[1]), "tensors of DT_QINT8 cannot be served"),
        (numbered, "tensors of data type 999 cannot be served"),
        (shaped(float, &[-1]), "no tensor has the shape [-1]"),
        (shaped(float, &[1; 255]), "no tensor has the shape [1,1,"),
        (shaped(float, &[big, big]), "no tensor has the shape [1099511627776,1099511627776]"),
        (with_content(float, &[2], b"123"), "tensor_content has 3 bytes, but float32 of the shape [2] has 8"),
        (with_values(DataType::DtUint8, &[1], Values::Int, &[128, 2]), "int_val has a value that is not within uint8"),
        (
            with_values(DataType::DtHalf, &[1], Values::Half, &[128, 128, 4]),
            "half_val has a value that is not within float16",
        ),
        (
            with_values(DataType::DtInt64, &[1], Values::Int64, &[255; 20]),
            "int64_val has a value that is not within int64",
        ),
        (
            with_content(DataType::DtString, &[2], b"\x01"),
            "tensor_content does not begin with the lengths of 2 strings",
        ),
        (
            with_content(DataType::DtString, &[1], b"\xff\xff\xff\xff\xff\x01"),
            "tensor_content does not begin with the lengths of 1 strings",
        ),
        (with_content(DataType::DtString, &[1], b"\x05ab"), "tensor_content has 3 bytes, but its 1 strings need 6"),
    ] {
        assert!(refusal(&proto).starts_with(text), "{}", refusal(&proto));
    }
}

#[test]
fn a_few_bytes_cannot_fill_the_memory() {
    let long: &[u8] = Box::leak(vec![b'a'; 1 << 20].into());
    for proto in [
        with_values(DataType::DtFloat, &[1 << 34], Values::Float, &floats(&[1.0])),
        shaped(DataType::DtInt64, &[1 << 62]),
        with_strings(&[1 << 30], &[b""]),
        with_strings(&[1000], &[long]),
    ] {
        assert!(refusal(&proto).ends_with("send every element"));
    }
    let strings = with_content(DataType::DtString, &[1 << 40], b"abc");
    assert!(refusal(&strings).starts_with("tensor_content does not begin"));
}
