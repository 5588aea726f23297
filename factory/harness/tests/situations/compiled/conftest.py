import sys

COMPILED = []
sys.addaudithook(lambda event, arguments: event == "compile" and COMPILED.append(str(arguments[1])))
