import pytest
from helpers import check

from ledger import balance, longest, shares


def test_balance():
    check(balance([("credit", 5), ("debit", 3), ("credit", 2), ("note", 9)]), 4)


def test_balance_of_nothing():
    assert balance([]) == 0


def test_shares():
    check(shares(10, 3), [4, 3, 3])


def test_shares_come_to_the_amount():
    assert sum(shares(101, 7)) == 101


def test_nobody_to_share_with():
    with pytest.raises(ValueError):
        shares(1, 0)


def test_longest():
    check(longest(["a", "abc", "ab", "xyz"]), "abc")
