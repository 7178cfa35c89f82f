"""The addresses that a client takes."""

from __future__ import annotations

import pytest

from firstserve.client import Client
from firstserve.client.address import Address, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:8501", Address("http", "localhost", 8501, "")),
        ("http://localhost", Address("http", "localhost", 80, "")),
        ("https://add.example.com/tf/", Address("https", "add.example.com", 443, "/tf")),
        ("grpc://10.0.0.1", Address("grpc", "10.0.0.1", 8500, "")),
        ("grpcs://add.example.com", Address("grpcs", "add.example.com", 443, "")),
        ("http://[::1]:8501", Address("http", "::1", 8501, "")),
    ],
)
def test_it_is_read(url: str, address: Address) -> None:
    assert read_address(url) == address


def test_ipv6_is_written_in_brackets() -> None:
    assert str(read_address("http://[::1]:8501/tf")) == "http://[::1]:8501/tf"


@pytest.mark.parametrize(
    ("url", "is_here"),
    [("http://localhost", True), ("grpc://127.0.0.9", True), ("http://[::1]", True), ("http://localhost.com", False)],
)
def test_this_machine_is_known(url: str, is_here: bool) -> None:
    assert read_address(url).on_this_machine is is_here


@pytest.mark.parametrize(
    "url", ["", "localhost:8501", "ftp://localhost", "http://", "http://me@localhost", "http://a?b"]
)
def test_what_is_no_address_is_a_mistake(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|leave the rest away"):
        Client(url)


def test_grpc_has_no_path() -> None:
    with pytest.raises(ValueError, match="'/v1' away"):
        Client("grpc://localhost/v1")
