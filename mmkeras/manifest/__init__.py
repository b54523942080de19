"""A manifest: one row a sample, columns of files, texts and labels, checked once."""

from mmkeras.manifest.checking import drop, unlabelled
from mmkeras.manifest.digest import digest
from mmkeras.manifest.loading import load_manifest
from mmkeras.manifest.problems import Problem
from mmkeras.manifest.rows import Manifest

__all__ = ["Manifest", "Problem", "digest", "drop", "load_manifest", "unlabelled"]
