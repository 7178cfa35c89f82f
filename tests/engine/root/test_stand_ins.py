from __future__ import annotations

import ssl

import pytest

from engine.root.stand_ins import ssl as stand_in


def test_stand_in_of_ssl_says_what_ssl_says() -> None:
    constants = [name for name, value in vars(stand_in).items() if isinstance(value, int) and name.isupper()]
    assert len(constants) >= 4
    assert [name for name in constants if getattr(stand_in, name) != getattr(ssl, name)] == []
    for version in stand_in.TLSVersion:
        assert int(ssl.TLSVersion[version.name]) == int(version)


def test_errors_of_the_stand_in_are_caught_as_those_of_ssl_are() -> None:
    errors = [value for name, value in vars(stand_in).items() if name.endswith("Error")]
    assert len(errors) >= 4
    for error in errors:
        assert issubclass(error, stand_in.SSLError)
        assert issubclass(error, OSError)


def test_connection_that_cannot_be_made_says_why() -> None:
    with pytest.raises(stand_in.SSLError, match="this image has no OpenSSL"):
        stand_in.create_default_context()
