//! A model's file that is written over while it is served, or while it is loaded.

use std::fs;
use std::process::Command;
use std::sync::mpsc;

use super::{HALF_PLUS_TWO, floats, folder_with, options, run};
use crate::error::Code;
use crate::litert::sys::MappedFile;
use crate::litert::{ModelFile, Servable};
use crate::real::{or_skip, shared_data};

#[test]
fn what_is_written_over_a_served_file_changes_no_answer() {
    let content = fs::read(or_skip!(shared_data(HALF_PLUS_TWO)).join("model.tflite")).expect("readable");
    let folder = folder_with(&content);
    let servable = Servable::load(folder.path(), &or_skip!(options(1))).expect("loaded");
    assert!(servable.model.file().hold().expect("held"));
    for (rows, written) in
        [Vec::new(), vec![0xff; content.len()], content[..content.len() / 2].to_vec()].iter().enumerate()
    {
        fs::write(folder.path().join("model.tflite"), written).expect("written");
        // Of a shape that an instance has to be made for.
        let shape = [rows + 2, 1];
        assert_eq!(run(&servable, floats(&shape, &vec![5.0; rows + 2])), Ok(floats(&shape, &vec![4.5; rows + 2])));
    }
    fs::remove_file(folder.path().join("model.tflite")).expect("removed");
    assert_eq!(run(&servable, floats(&[7, 1], &[5.0; 7])), Ok(floats(&[7, 1], &[4.5; 7])));
}

#[test]
fn a_file_that_is_written_over_before_it_is_held_is_not_trusted() {
    let folder = folder_with(&[1; 5000]);
    let path = folder.path().join("model.tflite");
    let file = MappedFile::open(&path).expect("opened");
    assert!(file.is_trusted());
    fs::write(&path, [2; 10]).expect("written");
    assert_eq!((file.is_trusted(), file.hold().expect("copied")), (false, false));
}

#[test]
fn a_file_that_is_held_stays_as_it_was() {
    let folder = folder_with(&[1; 5000]);
    let path = folder.path().join("model.tflite");
    let file = MappedFile::open(&path).expect("opened");
    assert!(file.hold().expect("held"));
    fs::write(&path, [2; 10]).expect("written");
    file.forget();
    assert_eq!((file.is_trusted(), &*file == [1; 5000].as_slice()), (true, true));
}

#[test]
fn another_file_of_the_same_name_changes_nothing() {
    let folder = folder_with(&[1; 5000]);
    let path = folder.path().join("model.tflite");
    let file = MappedFile::open(&path).expect("opened");
    fs::write(folder.path().join("new"), [2; 5000]).expect("written");
    fs::rename(folder.path().join("new"), &path).expect("renamed");
    assert_eq!((file.is_trusted(), file.hold().expect("held"), file[0]), (true, true, 1));
}

#[test]
fn a_pipe_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.tflite");
    assert!(Command::new("mkfifo").arg(&path).status().expect("run").success());
    let error = ModelFile::open(folder.path()).err().expect("refused");
    assert_eq!(error.code, Code::Unavailable);
    assert_eq!(error.text, format!("{} cannot be read: it is no regular file", path.display()));
}

#[test]
fn a_git_lfs_pointer_is_named() {
    let folder = folder_with(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 17000000\n");
    let error = Servable::load(folder.path(), &or_skip!(options(1))).err().expect("refused");
    assert!(
        error.text.ends_with("it is a Git LFS pointer, and no model: fetch the model with git lfs pull"),
        "{error}"
    );
}

#[test]
fn a_model_whose_file_is_written_over_before_it_is_held_is_told_once() {
    let content = fs::read(or_skip!(shared_data(HALF_PLUS_TWO)).join("model.tflite")).expect("readable");
    let folder = folder_with(&content);
    let servable = Servable::load(folder.path(), &or_skip!(options(1))).expect("loaded");
    fs::write(folder.path().join("model.tflite"), content).expect("written");
    let (sender, told) = mpsc::channel();
    servable.hold(Box::new(move |error| sender.send(error).expect("awaited")));
    let error = told.recv().expect("told");
    assert!(error.text.contains("model.tflite was written to while it was loaded: "), "{error}");
    assert!(told.recv().is_err());
    assert_eq!(run(&servable, floats(&[2, 1], &[5.0; 2])), Err(error));
}
