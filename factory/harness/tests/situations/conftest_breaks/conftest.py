raise RuntimeError("the whole suite needs this")
