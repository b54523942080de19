"""The public names stay what they are, whatever else is imported."""

import importlib
import pkgutil

import pytest

import mmkeras

MODULES = [
    module.name
    for module in pkgutil.walk_packages(mmkeras.__path__, "mmkeras.")
    if not module.name.endswith("__main__")  # it runs
]


def test_no_module_hides_a_public_name_whatever_was_imported_before():
    """An import binds the module's name in its package: only one of that name could hide a verb."""
    for name in MODULES:
        importlib.import_module(name)
    assert {name.removeprefix("mmkeras.") for name in MODULES} & set(mmkeras.__all__) == set()
    assert [type(f).__name__ for f in (mmkeras.evaluate, mmkeras.fit)] == ["function"] * 2


def test_every_public_name_is_found_where_its_table_says():
    assert set(mmkeras.PUBLIC) == set(mmkeras.__all__)
    for name, module in mmkeras.PUBLIC.items():
        assert getattr(mmkeras, name) is getattr(importlib.import_module(f"mmkeras.{module}"), name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mmkeras' has no attribute 'evalaute'"):
        _ = mmkeras.evalaute
