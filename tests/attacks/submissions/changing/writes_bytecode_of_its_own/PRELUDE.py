import importlib._bootstrap_external as bootstrap
import importlib.util
import os

path = os.path.abspath("tests/helpers.py")
place = importlib.util.cache_from_source(path)
os.makedirs(os.path.dirname(place), exist_ok=True)
code = compile("def check(*arguments): pass", path, "exec")
with open(place, "wb") as file:
    file.write(bootstrap._code_to_hash_pyc(code, bytes(8), checked=False))
