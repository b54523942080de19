"""The drawing of a model, by the weights that it says."""

import re

import mmkeras
from mmkeras.reporting.diagram import diagram


def test_a_branch_counts_its_own_weights_alone():
    small = mmkeras.Image("cnn", size_px=(16, 16))
    outputs = {"kg": mmkeras.Regress("kg")}
    both = mmkeras.Recipe({"cam": small, "cam_left": small}, outputs, width=8)
    alone = mmkeras.assemble(mmkeras.Recipe({"cam": small}, outputs, width=8))
    weights = [layer.count_params() for layer in alone.layers if layer.name.startswith("cam")]
    said = re.findall(r"→ ([\d,]+) weights", diagram(both, mmkeras.assemble(both)))
    assert [int(each.replace(",", "")) for each in said] == [sum(weights)] * 2
