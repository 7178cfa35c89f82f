#!/usr/bin/env bash
# What engine/*.sh have to know about this server: sourced by them.
# shellcheck disable=SC2034

# The folder whose model goes into the image, and the command that makes it.
model=saved_model_tflite
make_model="bash convert_to_tflite/run.sh"
# On Cloud Run. An answer takes some 10 ms of one CPU, and server and model take 40 MB: what is left is for the images,
# 512 MiB while they are decoded (--max_image_memory_bytes) and eight times 32 MiB as they come (--max_body_bytes).
resources=(--cpu 1 --memory 1Gi --concurrency 8)
