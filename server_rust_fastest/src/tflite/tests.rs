//! What is read from files that are whole, cut off or damaged; on the shared data, or skipped without it.

use std::fs;
use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::flexbuffer::read_strings;
use super::{Metadata, associated_file, read_metadata, verify};
use crate::real::shared_data;
use crate::signature::{Normalization, read_labels};

/// A model with labels and normalization, or with a SignatureDef.
fn shared(name: &str) -> Option<Vec<u8>> {
    Some(fs::read(shared_data(name)?).expect("readable"))
}

fn mobilenet() -> Option<Vec<u8>> {
    shared("models/mobilenet_v1_0.25_128_quant.tflite")
}

fn one() -> Normalization {
    Normalization { mean: vec![127.5], std: vec![127.5] }
}

/// Places and values that look random, the same every time.
struct Chance(u32);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

#[test]
fn labels_and_normalization_are_read() {
    let Some(model) = mobilenet() else { return };
    let metadata = read_metadata(&model);
    assert_eq!((metadata.labels.len(), metadata.labels[286].as_str()), (1001, "Egyptian cat"));
    assert_eq!(metadata.normalizations, [Some(one())]);
}

#[test]
fn signature_defs_are_read() {
    let path = "tfserving/saved_model_half_plus_two_tflite_with_sigdef/00000123/model.tflite";
    let Some(model) = shared(path) else { return };
    let metadata = read_metadata(&model);
    assert_eq!(metadata.signature_defs.keys().collect::<Vec<_>>(), ["serving_default"]);
}

#[test]
fn what_is_no_model_brings_nothing_and_is_refused() {
    for content in [b"".as_slice(), b"no", b"no model at all", &[0; 1000], &[0xff; 1000], b"\x1c\0\0\0TFL3"] {
        assert_eq!(read_metadata(content), Metadata::default());
        assert!(verify(content).is_err());
    }
}

#[test]
fn labels_that_are_cut_off_are_left_out_alone() {
    let Some(model) = mobilenet() else { return };
    let end = model.windows(4).rposition(|window| window == b"PK\x05\x06").expect("an archive");
    let expected = Metadata { normalizations: vec![Some(one())], ..Metadata::default() };
    assert_eq!(read_metadata(&model[..end]), expected);
    assert_eq!(verify(&model[..end]), Ok(()));
}

#[test]
fn a_normalization_by_zero_is_left_out() {
    let Some(mut model) = mobilenet() else { return };
    let vector = [1_u32.to_le_bytes(), 127.5_f32.to_le_bytes()].concat();
    let places: Vec<usize> = (0..model.len() - 8).filter(|&place| model[place..place + 8] == vector).collect();
    assert_eq!(places.len(), 2);
    for place in places {
        model[place + 4..place + 8].fill(0);
    }
    assert_eq!(read_metadata(&model).normalizations, [None]);
}

#[test]
fn whole_models_are_taken_and_those_cut_off_are_refused() {
    let Some(model) = mobilenet() else { return };
    assert_eq!(verify(&model), Ok(()));
    let archive = model.windows(4).position(|window| window == b"PK\x03\x04").expect("an archive");
    for cut in (0..archive - 4096).step_by(997) {
        assert!(verify(&model[..cut]).is_err(), "cut at {cut}");
        let metadata = read_metadata(&model[..cut]);
        assert!(metadata.labels.is_empty() && matches!(metadata.normalizations.as_slice(), [] | [Some(_)]));
    }
}

#[test]
fn wrong_octets_anywhere_are_survived() {
    let Some(model) = mobilenet() else { return };
    let metadata = model.windows(4).position(|window| window == b"M001").expect("metadata");
    let mut chance = Chance(7);
    for turn in 0..600 {
        let mut damaged = model.clone();
        for _ in 0..3 {
            let near = if turn % 2 == 0 { metadata - 4 + chance.below(800) } else { chance.below(2048) };
            damaged[near] = u8::try_from(chance.below(256)).expect("an octet");
        }
        assert!(matches!(read_metadata(&damaged).labels.len(), 0 | 1001));
        // Whether it is refused depends on what was hit.
        let _ = verify(&damaged);
    }
}

/// A model with so many subgraphs, which are all the same one, of as many tensors, which are the same as well.
fn folded_model(count: u32) -> Vec<u8> {
    let shorts = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let longs = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    // Offsets that all lead to what lies `behind` octets after the vector.
    let vector = |behind: u32| {
        let offsets = (0..count).map(|index| 4 * (count - index) + behind);
        longs(&[count].into_iter().chain(offsets).collect::<Vec<u32>>())
    };
    let model = [longs(&[24]), b"TFL3".to_vec(), shorts(&[14, 12, 0, 0, 4, 0, 8, 0]), longs(&[16, 8, 4 * count + 24])];
    let subgraph = [vector(8), shorts(&[6, 8, 4, 0]), longs(&[8, 4])];
    // The tensors are the buffers as well, since neither has any fields.
    let tensor = [vector(4), shorts(&[4, 4]), longs(&[4])];
    [model.concat(), subgraph.concat(), tensor.concat()].concat()
}

#[test]
fn tables_that_are_one_and_the_same_many_times_are_refused_in_time() {
    assert_eq!(verify(&folded_model(3)), Ok(()));
    assert!(verify(&folded_model(20_000)).is_err());
}

#[test]
fn strings_of_a_map_are_read_and_others_left_out() {
    // {"a": 1, "b": "xy"}: two keys, their offsets, the string, values, types, root; see FlexBuffers' format.
    let map = b"a\0b\0\x02xy\0\x02\x09\x08\x02\x01\x02\x01\x0a\x04\x14\x04\x24\x01";
    let strings = read_strings(map).expect("a map");
    assert_eq!(strings.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "xy".into())]);
}

#[test]
fn damaged_maps_are_refused_or_read() {
    let map = b"a\0b\0\x02xy\0\x02\x09\x08\x02\x01\x02\x01\x0a\x04\x14\x04\x24\x01";
    for cut in 0..map.len() {
        let _ = read_strings(&map[..cut]);
    }
    for place in 0..map.len() {
        for octet in 0..=u8::MAX {
            let mut damaged = *map;
            damaged[place] = octet;
            let _ = read_strings(&damaged);
        }
    }
}

/// An archive with one file, behind a model.
fn archive(name: &str, content: &[u8], deflated: bool) -> Vec<u8> {
    let packed = if deflated {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).expect("written");
        encoder.finish().expect("written")
    } else {
        content.to_vec()
    };
    let mut crc = Crc::new();
    crc.update(content);
    let short = |number: usize| u16::try_from(number).expect("short").to_le_bytes().to_vec();
    let long = |number: usize| u32::try_from(number).expect("long").to_le_bytes().to_vec();
    let sizes = [crc.sum().to_le_bytes().to_vec(), long(packed.len()), long(content.len()), short(name.len())].concat();
    let method = [short(20), short(0), short(if deflated { 8 } else { 0 }), long(0)].concat();
    let local = [b"PK\x03\x04".to_vec(), method.clone(), sizes.clone(), short(0), name.into(), packed].concat();
    let entry = [b"PK\x01\x02".to_vec(), short(20), method, sizes, vec![0; 16], name.into()].concat();
    let end = [b"PK\x05\x06".to_vec(), vec![0; 4], short(1), short(1), long(entry.len()), long(local.len()), short(0)];
    [b"a model".to_vec(), local, entry, end.concat()].concat()
}

#[test]
fn files_are_read_stored_or_deflated() {
    for deflated in [false, true] {
        let model = archive("labels.txt", b"cat\ndog\n", deflated);
        assert_eq!(associated_file::read(&model, "labels.txt").as_deref(), Ok(b"cat\ndog\n".as_slice()));
        assert!(associated_file::read(&model, "other.txt").is_err());
    }
}

#[test]
fn damaged_archives_are_refused_or_read() {
    let content = b"cat\ndog\nfish\n";
    let model = archive("labels.txt", content, true);
    for place in 0..model.len() {
        for octet in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = model.clone();
            damaged[place] = octet;
            let read = associated_file::read(&damaged, "labels.txt");
            assert!(read.is_err() || read.as_deref() == Ok(content.as_slice()));
        }
    }
}

#[test]
fn labels_end_with_lf_or_crlf_and_nothing_else() {
    let text = "\u{feff}cat\r\ndog\n\n\u{2028}bird\u{85}\rfish";
    assert_eq!(read_labels(text.as_bytes()).unwrap(), ["cat", "dog", "", "\u{2028}bird\u{85}\rfish"]);
    assert!(read_labels(b"").unwrap().is_empty());
    assert!(read_labels(b"\xff").is_err());
}
