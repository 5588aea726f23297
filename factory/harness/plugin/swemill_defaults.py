"""Defaults of parameters that a change makes other constants: told apart from the rest of it, and put in place.

Importing evaluates them and does nothing else with them. That nothing looked at them since is seen by the trace.
"""

import ast


def separate(original, changed):
    """Tells constant defaults that differ from the rest: the changed file's tree without them, and these.

    The latter by the first line and the name of a function: the place of each default, its old value and its new one.
    """
    tree, found = ast.parse(changed), {}
    for before, after in _functions(ast.parse(original), tree):
        for kind in ("defaults", "kw_defaults"):
            old, new = getattr(before.args, kind), getattr(after.args, kind)
            if len(old) != len(new):
                continue
            for place, (one, other) in enumerate(zip(old, new)):
                if _is_constant(one) and _is_constant(other) and ast.dump(one) != ast.dump(other):
                    name = after.args.kwonlyargs[place].arg if kind == "kw_defaults" else place
                    found.setdefault(_place(before), []).append((kind, name, _value(one), _value(other)))
                    new[place] = ast.copy_location(one, other)
    return tree, found


def put(defaults, functions):
    """Gives functions their new defaults; why that cannot be done, if it cannot."""
    for function in functions:
        if function is None:
            continue
        code = function.__code__
        for kind, place, old, new in defaults.get((code.co_firstlineno, code.co_name), ()):
            attribute = "__kwdefaults__" if kind == "kw_defaults" else "__defaults__"
            values = getattr(function, attribute)
            values = dict(values or {}) if kind == "kw_defaults" else dict(enumerate(values or ()))
            if place not in values or type(values[place]) is not type(old) or repr(values[place]) != repr(old):
                return "the defaults of {} are not those that its import made".format(function.__qualname__)
            values[place] = new
            setattr(function, attribute, values if kind == "kw_defaults" else tuple(values.values()))
    return None


def _functions(before, after):
    """Pairs of functions that importing makes, in two files that have the same."""
    pairs = list(zip(before.body, after.body))
    while pairs:
        one, other = pairs.pop()
        if type(one) is not type(other):
            continue
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if one.name == other.name:
                yield one, other
        else:
            for block in ("body", "orelse", "finalbody", "handlers", "cases"):
                pairs.extend(zip(getattr(one, block, None) or [], getattr(other, block, None) or []))


def _place(function):
    return min([function.lineno] + [decorator.lineno for decorator in function.decorator_list]), function.name


def _is_constant(node):
    if isinstance(node, ast.UnaryOp):
        number = getattr(node.operand, "value", None)
        return isinstance(node.op, ast.USub) and type(number) in (int, float)
    return isinstance(node, ast.Constant)


def _value(node):
    # As the module's own code has it: the compiler makes one object of equal names.
    return eval(compile(ast.Expression(node), "default", "eval"), {"__builtins__": {}})
