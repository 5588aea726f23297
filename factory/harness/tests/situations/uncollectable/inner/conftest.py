raise RuntimeError("a conftest that breaks")
