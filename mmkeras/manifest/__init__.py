"""A manifest: one row a sample, columns of files, texts and labels, checked once."""

from mmkeras.manifest.checking import drop, unlabelled
from mmkeras.manifest.digest import digest
from mmkeras.manifest.loading import find_columns, load_manifest
from mmkeras.manifest.problems import Problem
from mmkeras.manifest.roles import Roles
from mmkeras.manifest.rows import Manifest

__all__ = [
    "Manifest",
    "Problem",
    "Roles",
    "digest",
    "drop",
    "find_columns",
    "load_manifest",
    "unlabelled",
]
