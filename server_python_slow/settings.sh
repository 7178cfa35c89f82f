#!/usr/bin/env bash
# What engine/*.sh have to know about this server: sourced by them.
# shellcheck disable=SC2034

# The folder whose model goes into the image, and the command that makes it.
model=saved_model
make_model="bash generate/run.sh"
# On Cloud Run. TensorFlow's start is mostly work for the CPU, and its library alone wants half a gigabyte.
# Images take another while they are decoded (--max_image_memory_bytes), and sixteen times 32 MiB as they come.
resources=(--cpu 2 --memory 2Gi --concurrency 16)
