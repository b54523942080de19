import numpy as np

from mmkeras.fusion import LowRank


def test_it_is_tensor_fusion_with_weights_of_low_rank():
    features = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)  # (B, M, D)
    layer = LowRank(rank=2)
    layer.build(features.shape)
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    bias, *factors = layer.get_weights()
    stacked = [  # (D + 1, R, D) of each modality, the bias as the row that meets the 1
        np.concatenate([kernel, row[None]]).reshape(5, 2, 4)
        for kernel, row in zip(factors[::2], factors[1::2], strict=True)
    ]
    tensor = np.einsum("aro,bro,cro->abco", *stacked) / 2  # the mean over ranks
    ones = np.concatenate([features, np.ones((2, 3, 1))], axis=2)
    outer = np.einsum("na,nb,nc->nabc", *ones.transpose(1, 0, 2))
    wanted = np.einsum("nabc,abco->no", outer, tensor) + bias
    np.testing.assert_allclose(layer(features), wanted, atol=1e-4)


def test_before_training_a_modality_of_zeros_multiplies_by_one():
    features = np.random.default_rng(0).normal(size=(2, 2, 4)).astype(np.float32)
    features[:, 1] = 0
    layer = LowRank(rank=1)
    fused = layer(features)
    np.testing.assert_allclose(fused, features[:, 0] @ layer.get_weights()[1], atol=1e-6)
