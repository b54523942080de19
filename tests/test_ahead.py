import threading

import pytest

from mmkeras.ahead import Ahead


def test_values_come_in_any_order_of_asking_and_errors_where_they_are_asked_for():
    ahead = Ahead(lambda number: 10 // (number - 3), 6)
    assert [ahead[number] for number in (0, 1, 2, 5, 4, 0)] == [-4, -5, -10, 5, 10, -4]
    with pytest.raises(ZeroDivisionError):
        _ = ahead[3]


def test_the_next_two_are_made_in_a_thread_before_they_are_asked_for():
    made, all_made = [], threading.Event()

    def make(number):
        made.append((number, threading.current_thread().name))
        if number == 2:
            all_made.set()
        return number

    ahead = Ahead(make, 6)
    assert ahead[0] == 0
    assert all_made.wait(60)
    assert [number for number, _ in made] == [0, 1, 2]
    assert {name.split("_")[0] for _, name in made} == {"mmkeras-batches"}
    ahead.forget()
