def test_balance():
    pass


def test_balance_of_nothing():
    pass


def test_shares():
    pass


def test_shares_come_to_the_amount():
    pass


def test_nobody_to_share_with():
    pass


def test_longest():
    pass
