"""How far a student's answer is from its teacher's: 0 where both say the same, by kind of task.

Each takes (teacher, student, temperature), both (B, values), and gives (B,). Probabilities are
compared at a temperature T, and their divergence is multiplied by T²: the gradient falls by 1 / T²,
Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015, section 2. Numbers,
in standard deviations of the training labels, have no temperature.
"""

from __future__ import annotations

import numpy as np
from keras import ops

from mmkeras.heads.numbers import count_loss

SMALLEST = 1e-7  # probability whose logarithm is taken: what float32 can tell 1 - p from 1 by


def of_classes(teacher, student, temperature):
    """T² KL(p || q), p = softmax(log p_t / T), q alike of the student.

    Logarithms of probabilities are the logits, but for a constant that a softmax forgets.
    """
    told = ops.log_softmax(_log(teacher) / temperature, axis=-1)
    said = ops.log_softmax(_log(student) / temperature, axis=-1)
    return temperature**2 * ops.sum(ops.exp(told) * (told - said), axis=-1)


def of_yes_or_no(teacher, student, temperature):
    """The same of each label alone, yes against no, and the mean over the labels."""
    told, said = (_log_odds(each) / temperature for each in (teacher, student))
    yes = ops.sigmoid(told)
    rest = ops.log_sigmoid(told) - ops.log_sigmoid(said)
    # log σ(-x) = log σ(x) - x
    divergence = rest - (1.0 - yes) * (told - said)
    return temperature**2 * ops.mean(divergence, axis=-1)


def of_ranks(teacher, student, temperature):
    """The same of each place between two ranks, above it against below, as `RankLoss` has it."""
    ranks = student.shape[-1]
    above = np.tril(np.ones((ranks, ranks - 1), "float32"), -1)
    return of_yes_or_no(ops.matmul(teacher, above), ops.matmul(student, above), temperature)


def of_values(teacher, student, temperature):
    """(ŷ_t - ŷ)²: the teacher's value stands for the label."""
    return ops.mean(ops.square(teacher - student), axis=-1)


def of_rates(teacher, student, temperature):
    """λ_t log(λ_t / λ) - λ_t + λ: KL of the one Poisson distribution from the other."""
    return ops.mean(count_loss(teacher, student, ()), axis=-1)


def of_normals(teacher, student, temperature):
    """log(s / s_t) + (s_t² + (μ_t - μ)²) / (2 s²) - ½: KL of the one normal from the other."""
    (mean, spread), (own_mean, own) = (
        (each[..., 0], ops.maximum(each[..., 1], SMALLEST)) for each in (teacher, student)
    )
    off = ops.square(spread) + ops.square(mean - own_mean)
    return ops.log(own / spread) + off / (2.0 * ops.square(own)) - 0.5


def of_quantiles(teacher, student, temperature):
    """½ |q_t - q|, the mean over the levels: the pinball loss of the median, for each of them."""
    return 0.5 * ops.mean(ops.abs(teacher - student), axis=-1)


DIVERGENCES = {  # by kind of task
    "classify": of_classes,
    "binary": of_yes_or_no,
    "multilabel": of_yes_or_no,
    "ordinal": of_ranks,
    "regress": of_values,
    "gaussian": of_normals,
    "count": of_rates,
    "quantiles": of_quantiles,
}


def _log(probabilities):
    return ops.log(ops.maximum(probabilities, SMALLEST))


def _log_odds(probabilities):
    return _log(probabilities) - _log(1.0 - probabilities)
