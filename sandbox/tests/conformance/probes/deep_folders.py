"""Makes folders inside folders, with names as long as they may be, until it is refused or 1000 deep."""

import os

depth = 0
try:
    while depth < 1000:
        os.mkdir("d" * 255)
        os.chdir("d" * 255)
        depth += 1
    open("bottom", "w").close()
except OSError:
    pass
print(depth > 500)
