import sys

sys.modules["ledger"] = None
