use super::*;
use crate::protos::tensorflow::tensor_info::{CooSparse, Encoding};
use crate::signature::PREDICT_METHOD;
use crate::tensor::DType;

fn spec(name: &str, tensor_name: &str, shape: Option<&[i64]>) -> TensorSpec {
    TensorSpec {
        name: name.to_owned(),
        dtype: DType::Float32,
        shape: shape.map(<[i64]>::to_vec),
        quantization: None,
        normalization: None,
        tensor_name: tensor_name.to_owned(),
    }
}

fn signatures() -> Signatures {
    let signature = Signature {
        method_name: PREDICT_METHOD.to_owned(),
        inputs: vec![spec("x", "x:0", Some(&[-1, 1]))],
        outputs: vec![spec("y", "", Some(&[])), spec("any", "", None)],
    };
    Signatures::from([("serving_default".to_owned(), signature)])
}

fn info(encoding: Option<Encoding>, dtype: i32, tensor_shape: Option<TensorShapeProto>) -> TensorInfo {
    TensorInfo { dtype, tensor_shape, encoding }
}

fn json(inputs: impl IntoIterator<Item = (&'static str, TensorInfo)>) -> String {
    let inputs = inputs.into_iter().map(|(name, info)| (name.to_owned(), info)).collect();
    let def = SignatureDef { inputs, ..SignatureDef::default() };
    let map = SignatureDefMap { signature_def: BTreeMap::from([("s".to_owned(), def)]) };
    let text = answer("m", 1, &map);
    let start = text.find("\"inputs\": ").unwrap();
    text[start..text.find(",\n     \"outputs\"").unwrap()].to_owned()
}

#[test]
fn a_signature_is_described_with_its_tensors() {
    let map = map_of(&BTreeMap::new(), &signatures());
    let def = &map.signature_def["serving_default"];
    assert_eq!(def.method_name, PREDICT_METHOD);
    assert_eq!(def.inputs["x"].encoding, Some(Encoding::Name("x:0".to_owned())));
    assert_eq!(def.inputs["x"].dtype, 1);
    let sizes = |info: &TensorInfo| {
        let shape = info.tensor_shape.clone().unwrap();
        (shape.unknown_rank, shape.dim.iter().map(|dim| dim.size).collect::<Vec<_>>())
    };
    assert_eq!(sizes(&def.inputs["x"]), (false, vec![-1, 1]));
    assert_eq!(sizes(&def.outputs["y"]), (false, vec![]));
    assert_eq!(sizes(&def.outputs["any"]), (true, vec![]));
}

#[test]
fn a_tensor_without_a_name_in_the_graph_goes_by_its_name_in_the_signature() {
    let map = map_of(&BTreeMap::new(), &signatures());
    let encoding = &map.signature_def["serving_default"].outputs["y"].encoding;
    assert_eq!(encoding, &Some(Encoding::Name("y".to_owned())));
}

#[test]
fn what_the_model_holds_itself_is_given_as_it_is() {
    let own = SignatureDef { method_name: "my/method".to_owned(), ..SignatureDef::default() };
    let held = BTreeMap::from([("own".to_owned(), Bytes::from(own.encode_to_vec()))]);
    assert_eq!(map_of(&held, &signatures()).signature_def, BTreeMap::from([("own".to_owned(), own)]));
}

#[test]
fn the_answer_is_laid_out_as_protobuf_does() {
    let signature = Signature {
        method_name: PREDICT_METHOD.to_owned(),
        inputs: vec![spec("x", "x:0", Some(&[-1]))],
        outputs: vec![spec("y", "", Some(&[]))],
    };
    let map = map_of(&BTreeMap::new(), &Signatures::from([("s".to_owned(), signature)]));
    let expected = r#"{
 "model_spec": {
  "name": "\"mß\"",
  "signature_name": "",
  "version": "3"
 },
 "metadata": {
  "signature_def": {
   "signature_def": {
    "s": {
     "inputs": {
      "x": {
       "name": "x:0",
       "dtype": "DT_FLOAT",
       "tensor_shape": {
        "dim": [
         {
          "size": "-1",
          "name": ""
         }
        ],
        "unknown_rank": false
       }
      }
     },
     "outputs": {
      "y": {
       "name": "y",
       "dtype": "DT_FLOAT",
       "tensor_shape": {
        "dim": [],
        "unknown_rank": false
       }
      }
     },
     "method_name": "tensorflow/serving/predict",
     "defaults": {}
    }
   }
  }
 }
}
"#;
    assert_eq!(answer("\"mß\"", 3, &map), expected);
}

#[test]
fn default_values_come_behind_what_is_set() {
    let shape = TensorShapeProto { unknown_rank: true, dim: vec![] };
    let expected = r#""inputs": {
      "x": {
       "tensor_shape": {
        "unknown_rank": true,
        "dim": []
       },
       "dtype": "DT_INVALID"
      }
     }"#;
    assert_eq!(json([("x", info(None, 0, Some(shape)))]), expected);
}

#[test]
fn a_data_type_without_a_name_is_a_number() {
    assert!(json([("x", info(None, 999, None))]).contains("\"dtype\": 999\n"));
}

#[test]
fn a_message_within_a_choice_has_its_defaults_too() {
    let sparse = CooSparse { values_tensor_name: "v".to_owned(), ..CooSparse::default() };
    let expected = r#""coo_sparse": {
        "values_tensor_name": "v",
        "indices_tensor_name": "",
        "dense_shape_tensor_name": ""
       },
       "dtype": "DT_INVALID""#;
    assert!(json([("x", info(Some(Encoding::CooSparse(sparse)), 0, None))]).contains(expected));
}

#[test]
fn default_inputs_are_printed_by_protobufs_rules() {
    // dtype, tensor_content, float_val, int64_val
    let tensor = b"\x08\x01\x22\x02\x01\xff\x2a\x08\x00\x00\x80\x3f\x00\x00\x80\x7f\x52\x01\x07";
    let def = SignatureDef::decode([&b"\x22\x18\x0a\x01x\x12\x13"[..], tensor].concat().as_slice()).unwrap();
    let map = SignatureDefMap { signature_def: BTreeMap::from([("s".to_owned(), def)]) };
    let text: String = answer("m", 1, &map).split_whitespace().collect();
    let expected = concat!(
        r#""x":{"dtype":"DT_FLOAT","tensor_content":"Af8=","float_val":[1.0,"Infinity"],"int64_val":["7"],"#,
        r#""version_number":0,"half_val":[],"double_val":[],"int_val":[],"string_val":[],"#,
    );
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_signature_in_error_texts_has_a_line_for_each_field() {
    let map = map_of(&BTreeMap::new(), &signatures());
    let def = map.signature_def["serving_default"].encode_to_vec();
    let text = message_text("tensorflow.SignatureDef", &def);
    assert!(text.starts_with("inputs {\n  key: \"x\"\n  value {\n    name: \"x:0\"\n    dtype: DT_FLOAT\n"), "{text}");
    assert!(text.ends_with("}\nmethod_name: \"tensorflow/serving/predict\"\n"), "{text}");
}
