def test_before():
    pass


def test_takes():
    blocks = []
    for _ in range(64):
        blocks.append(b"x" * (64 << 20))
