SEEN = []


def pytest_runtest_call(item):
    SEEN.append(item.name[-2:])


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line("ORDER " + " ".join(SEEN))
