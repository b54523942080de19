"""A file's predictions over HTTP: limits on by default, one model a thread. Extra `[serve]`."""

from mmkeras_edge.serving.app import Serving, make_app
from mmkeras_edge.serving.limits import Limits
from mmkeras_edge.serving.server import run

__all__ = ["Limits", "Serving", "make_app", "run"]
