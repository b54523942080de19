import pytest

from mmkeras_export import Constant, Polynomial
from mmkeras_export.shrinking.schedules import settled


@pytest.mark.parametrize(("step", "sparsity"), [(10, 0.0), (15, 0.7), (20, 0.8), (30, 0.8)])
def test_the_sparsity_rises_fast_then_slowly(step, sparsity):
    found = Polynomial(0.8, begin_step=10, end_step=20)(step)[1]
    assert found == pytest.approx(sparsity)  # 0.8 * (1 - 0.5 ** 3) = 0.7


def test_it_starts_where_it_is_told_to():
    assert Polynomial(0.8, 0, 10, initial=0.4, power=1.0)(5)[1] == pytest.approx(0.6)


def test_new_masks_are_due_every_so_many_steps_and_always_at_the_end():
    rising = Polynomial(0.8, begin_step=2, end_step=9, frequency=3)
    assert [step for step in range(15) if rising(step)[0]] == [2, 5, 8, 9]


def test_a_constant_is_due_from_its_begin_to_its_end():
    constant = Constant("2:4", begin_step=1, end_step=8, frequency=3)
    assert [step for step in range(15) if constant(step)[0]] == [1, 4, 7]
    assert constant(4)[1] == "2:4"
    assert [step for step in range(9) if Constant(0.5, 4, frequency=2)(step)[0]] == [4, 6, 8]


def test_it_has_settled_once_the_last_mask_is_chosen():
    assert [settled(Polynomial(0.8, 2, 9), step) for step in (8, 9)] == [False, True]
    assert [settled(Constant(0.8, 2), step) for step in (1, 2)] == [False, True]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (lambda: Polynomial(0.8, 5, 4), "Received: begin_step=5, end_step=4"),
        (lambda: Polynomial(1.0, 0, 4), "final is a share of zeros, .* Received: 1.0"),
        (lambda: Constant(0.5, -1), "begin_step counts from 0. Received: -1"),
        (lambda: Constant(0.5, 3, 2), "end_step comes after begin_step"),
        (lambda: Constant(0.5, frequency=0), "frequency is a number of steps, 1 or more"),
        (lambda: Constant(1.5), "below 1, or a pattern"),
    ],
)
def test_impossible_schedules_are_refused(wish, message):
    with pytest.raises(ValueError, match=message):
        wish()
