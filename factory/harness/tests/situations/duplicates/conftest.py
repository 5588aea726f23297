def pytest_itemcollected(item):
    if item.name.startswith("test_twin"):
        item._nodeid = "test_twins.py::test_twin"
