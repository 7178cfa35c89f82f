"""The page: a canvas, and beside it what the server says about the digit on it.

SERVER: the address of the server that has the model digit_recognizer (default: http://localhost:8501).
"""

from __future__ import annotations

import io
import os
import time
from base64 import b64encode
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image
from streamlit_drawable_canvas import st_canvas

from examples.digit_canvas import drawing
from firstserve.client import Client, ClientError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SERVER = os.environ.get("SERVER", "http://localhost:8501")
MODEL = "digit_recognizer"
SIDE_PIXELS = 280
ANSWER_LIMIT_S = 3
# While there is no answer, how often the page asks again by itself.
RETRY_S = 2


@st.cache_resource
def client() -> Client:
    """Return the one that all visitors share, with its connections."""
    return Client(SERVER, timeout_s=ANSWER_LIMIT_S, retries=0)


def drawn() -> NDArray[np.float32] | None:
    """Show the canvas; return what the model takes of the drawing on it, [8,8,1], or None where there is no digit."""
    # The canvas shows its tools above itself, over the end of this line.
    st.caption("A server answers to each stroke.")
    box = st.container()
    width = st.slider("Pen width", 10, 40, 20, help="in pixels; the box has 280 of them on each side")
    # A canvas with another key is an empty one.
    sheet = st.session_state.setdefault("sheet", 0)
    st.button("Clear", key="clear", on_click=lambda: st.session_state.update(sheet=sheet + 1), width="stretch")
    with box:
        canvas = st_canvas(
            stroke_width=width,
            stroke_color="#000000",
            background_color="#ffffff",
            width=SIDE_PIXELS,
            height=SIDE_PIXELS,
            return_image_data=True,
            key=f"sheet {sheet}",
        )
    return None if canvas.image_data is None else drawing.instance(drawing.ink_on_white(canvas.image_data))


def answer(instance: NDArray[np.float32]) -> None:
    """Show what the server says; while it says nothing, ask again every few seconds."""
    try:
        start = time.perf_counter()
        (scores,) = client().predict_instances(MODEL, instance[np.newaxis])
        took_ms = (time.perf_counter() - start) * 1000
        # The answer does not tell its version: it is the highest one, where none is asked for.
        versions = [each.version for each in client().status(MODEL) if each.state == "AVAILABLE"]
    except ClientError as error:
        st.error(f"There is no answer from the server. Your drawing stays; it is asked again every {RETRY_S} seconds.")
        st.caption(f"What is wrong: {error.message}")
        silent = True
    else:
        show(instance, scores)
        by = f" by version {max(versions)} of {MODEL}" if versions else ""
        st.caption(f"Answered in {took_ms:.1f} ms{by}")
        silent = False
    if silent != st.session_state.get("silent", False):
        # How often this part runs by itself is settled where the page places it.
        st.session_state["silent"] = silent
        st.rerun()


def show(instance: NDArray[np.float32], scores: list[float]) -> None:
    """Show the digit of the highest score, what the model has seen, and all ten scores as bars."""
    best = int(np.argmax(scores))
    bars = "".join(
        f'<div style="display: flex; align-items: center; gap: .6rem; height: 1.45rem">'
        f'<b style="width: 1ch">{digit}</b><div style="flex: 1"><div style="width: {score:.1%}; height: .9rem;'
        f' border-radius: 2px; background: {"#d6336c" if digit == best else "#8a94a6"}"></div></div>'
        f'<span class="score" style="width: 3.5rem; text-align: right">{score:.1%}</span></div>'
        for digit, score in enumerate(scores)
    )
    st.html(
        '<div style="display: flex; justify-content: space-between; align-items: center; padding-bottom: .8rem">'
        f'<span class="digit" style="font-size: 6rem; line-height: 1; font-weight: 700">{best}</span>'
        f'<img src="{seen(instance)}" alt="8 x 8 grey squares" title="what the model sees: ink in 8 x 8 blocks"'
        ' style="width: 6rem; image-rendering: pixelated; border: 1px solid #8a94a6"></div>'
        f'<div style="font-variant-numeric: tabular-nums">{bars}</div>'
    )


def seen(instance: NDArray[np.float32]) -> str:
    """Return the address of a picture, 8 x 8 pixels, that holds all of itself."""
    file = io.BytesIO()
    Image.fromarray((255 - instance[..., 0] / 16 * 255).astype(np.uint8)).save(file, "PNG")
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def main() -> None:
    """Lay the page out: the canvas on the left, the answer on the right."""
    st.set_page_config(page_title="Digit canvas", page_icon="✏️")
    st.title("Digit canvas", anchor=False)
    left, right = st.columns([SIDE_PIXELS, SIDE_PIXELS], gap="large")
    with left:
        instance = drawn()
    with right:
        if instance is None:
            st.info("Draw a digit, 0 to 9, into the box: with the mouse, a pen or a finger.")
            return
        st.fragment(answer, run_every=RETRY_S if st.session_state.get("silent") else None)(instance)


main()
