import numpy as np
import pytest

from mmkeras.fusion import GraphAttention

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)  # (B, M, D)


def test_a_layer_is_its_equation_in_numpy():
    layer = GraphAttention(heads=2)
    layer.build(FEATURES.shape)
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    kernel, ends = sorted(layer.get_weights(), key=np.ndim)
    fused, weights = layer(FEATURES, return_weights=True)
    for b, features in enumerate(FEATURES):
        nodes = (features @ kernel).reshape(3, 2, 2)
        wanted = np.zeros((3, 2, 2))
        for i in range(3):
            for head in range(2):
                scores = [
                    ends[0, head] @ nodes[i, head] + ends[1, head] @ nodes[j, head]
                    for j in range(3)
                ]
                share = np.exp([s if s > 0 else 0.2 * s for s in scores])
                share /= share.sum()
                np.testing.assert_allclose(weights[b, head, i], share, atol=1e-5)
                seen = share @ nodes[:, head]
                wanted[i, head] = np.where(seen > 0, seen, np.exp(seen) - 1)
        np.testing.assert_allclose(fused[b], wanted.sum(axis=0).ravel(), atol=1e-5)


def test_the_order_of_the_modalities_does_not_matter():
    layer = GraphAttention(heads=2)
    np.testing.assert_allclose(layer(FEATURES), layer(FEATURES[:, [2, 0, 1]]), atol=1e-5)


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"width must be a multiple of 3 heads\. Received: 4"):
        GraphAttention(3)(FEATURES)
