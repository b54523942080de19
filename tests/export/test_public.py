import importlib
import pkgutil
import subprocess
import sys

import mmkeras_export


def test_no_module_hides_a_public_name_whatever_was_imported_before():
    modules = {module.name for module in pkgutil.iter_modules(mmkeras_export.__path__)}
    for name in modules:
        importlib.import_module(f"mmkeras_export.{name}")
    assert modules & set(mmkeras_export.__all__) == set()
    for name, home in mmkeras_export.PUBLIC.items():
        module = importlib.import_module(f"mmkeras_export.{home}")
        assert getattr(mmkeras_export, name) is getattr(module, name)


def test_every_public_name_is_listed_once():
    assert sorted(mmkeras_export.PUBLIC) == sorted(mmkeras_export.__all__)


def test_importing_the_package_waits_for_nothing_heavy():
    code = (
        "import sys; sys.path[:] = %r; import mmkeras_export; "
        "print({'keras', 'tensorflow', 'numpy', 'litert_quantizer'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code % sys.path]
    assert subprocess.check_output(command, text=True) == "set()\n"
