"""Putting changed code in the place of code that was imported already.

A copy of a process that has imported the repository and collected its tests can stand for one that imported the
changed repository only if importing could not have gone differently. That is so when the change lies within bodies
of functions that were not executed meanwhile (the host sees to that), and when, here, the compiled module is the
same but for code of functions and constants that are defaults of their parameters. Then every function object made from
such code is given the new code and defaults. Whatever is not plainly so is refused, with the reason, and the host runs
the tests the slow way.
"""


import dis

import swemill_defaults

CO_OPTIMIZED = 0x1

# Of classes, since Python 3.13: what `inspect` looks for in the file's text, and which attributes methods set.
LINE, ATTRIBUTES = "__firstlineno__", "__static_attributes__"


class Unfit(Exception):
    """The change cannot be put in place exactly."""


def prepare(files):
    """Looks at what was imported; returns the function that exchanges a change's code."""
    import gc
    import os
    import sys
    import types
    import weakref
    from importlib.machinery import SourceFileLoader

    here = os.getcwd()
    modules, functions, classes, suspended = {}, {}, {}, set()
    wanted = {os.path.join(here, name) for name in files}
    for module in list(sys.modules.values()):
        loader = getattr(module, "__loader__", None)
        path = getattr(module, "__file__", None)
        if isinstance(path, str) and os.path.abspath(path) in wanted:
            plain = type(loader) is SourceFileLoader
            code = loader.get_code(module.__name__) if plain else None
            modules.setdefault(os.path.abspath(path), []).append((module.__name__, code))
    kinds = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
    for thing in gc.get_objects():
        kind = type(thing)
        if kind is types.FunctionType:
            code = thing.__code__
            if os.path.abspath(code.co_filename) in wanted:
                functions.setdefault(os.path.abspath(code.co_filename), []).append(weakref.ref(thing))
        # Not `isinstance`, which asks the thing itself: a lazy one would run code of the repository.
        elif issubclass(kind, type):
            content = type.__getattribute__(thing, "__dict__")
            if LINE in content:
                classes.setdefault(content.get("__module__"), []).append(weakref.ref(thing))
        elif kind in kinds:
            code = getattr(thing, "gi_code", None) or getattr(thing, "cr_code", None) or getattr(thing, "ag_code", None)
            if code is not None:
                suspended.add(os.path.abspath(code.co_filename))
    thing = code = content = None

    def exchange(name, original, changed):
        path = os.path.join(here, name)
        loaded = modules.get(path)
        if not loaded:
            if functions.get(path) or path in suspended:
                raise Unfit("{} was executed without being imported".format(name))
            return
        if path in suspended:
            raise Unfit("a generator of {} is suspended".format(name))
        if len(loaded) > 1:
            raise Unfit("{} is imported under two names".format(name))
        module, before = loaded[0]
        if before is None:
            raise Unfit("{} was imported by a loader of its own".format(name))
        defaults = {}
        if original is not None:
            changed, defaults = swemill_defaults.separate(original, changed)
        after = compile(changed, before.co_filename, "exec", dont_inherit=True)
        pairs, bodies = [], {}
        _match(before, after, pairs, bodies, executed=True)
        made = [function() for function in functions.get(path, ())]
        reason = swemill_defaults.put(defaults, made)
        if reason is not None:
            raise Unfit(reason)
        _put(pairs, made, name)
        for kept in classes.get(module, ()):
            thing = kept()
            place = None if thing is None else (thing.__name__, thing.__dict__[LINE])
            for fact, value in bodies.get(place, {}).items():
                type.__setattr__(thing, fact, value)

    return exchange


def _match(before, after, pairs, bodies, executed):
    """Pairs code objects; code that importing executes has to be the same but for its line numbers."""
    inner = _inner(before), _inner(after)
    if executed:
        same = _shape(before) == _shape(after) and len(inner[0]) == len(inner[1])
        facts = _facts(before)
        if not same or not _same_constants(before, after, facts):
            raise Unfit("what importing executes is changed")
        bodies[before.co_name, before.co_firstlineno] = {fact: after.co_consts[place] for place, fact in facts.items()}
    else:
        pairs.append((before, after))
        if [code.co_name for code in inner[0]] != [code.co_name for code in inner[1]]:
            # Functions made by this one cannot be told apart; there must be none that live.
            pairs.extend((code, None) for code in _all_inner(before))
            return
    for one, other in zip(*inner):
        _match(one, other, pairs, bodies, executed and _is_class_body(one))


def _inner(code):
    return [constant for constant in code.co_consts if type(constant) is type(code)]


def _all_inner(code):
    for inner in _inner(code):
        yield inner
        for deeper in _all_inner(inner):
            yield deeper


def _is_class_body(code):
    """Whether it runs where it is met: of all code inside other code, only a class's body has no fast locals."""
    return not code.co_flags & CO_OPTIMIZED


def _shape(code):
    return (
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_argcount,
        code.co_kwonlyargcount,
        code.co_name,
        getattr(code, "co_exceptiontable", None),
    )


def _facts(code):
    """Where among the constants of a class's body those stand that are only what the compiler notes of the class."""
    facts, loaded, found = [LINE, ATTRIBUTES], [], {}
    if not any(fact in code.co_names for fact in facts):
        return found
    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_CONST":
            loaded.append(instruction.arg)
        elif instruction.opname == "STORE_NAME" and instruction.argval in facts and loaded:
            found[loaded[-1]] = instruction.argval
    return {place: fact for place, fact in found.items() if loaded.count(place) == 1}


def _same_constants(before, after, facts):
    """Whether constants are alike, but for code and the compiler's notes."""
    if len(before.co_consts) != len(after.co_consts):
        return False
    for place, (one, other) in enumerate(zip(before.co_consts, after.co_consts)):
        if type(one) is not type(other):
            return False
        if type(one) is type(before) or place in facts:
            continue
        if _key(one) != _key(other):
            return False
    return True


def _key(constant):
    """Tells 0 from 0.0 and -0.0, True from 1, inside tuples too."""
    if type(constant) in (tuple, frozenset):
        return type(constant), tuple(sorted(map(repr, constant))) if type(constant) is frozenset else tuple(map(_key, constant))
    return type(constant), repr(constant)


def _put(pairs, functions, name):
    """Gives every function the code that belongs to it now."""
    changes = []
    known = {}
    for before, after in pairs:
        known.setdefault(_place(before), []).append((before, after))
    for function in functions:
        if function is None:
            continue  # it is gone
        candidates = [pair for pair in known.get(_place(function.__code__), ()) if pair[0] == function.__code__]
        if not candidates:
            raise Unfit("a function of {} was not made by its import: {}".format(name, function.__qualname__))
        after = candidates[0][1]
        if any(other is None or other != after for _, other in candidates[1:]) or after is None:
            raise Unfit("functions of {} cannot be told apart".format(name))
        if after == function.__code__ and _lines(after) == _lines(function.__code__):
            continue
        changes.append((function, after))
    holders = _Holders(functions)
    for function, after in changes:
        _check(function, after)
    registries = holders.registries([function for function, _ in changes])
    for function, after in changes:
        for registry in registries:
            _replace(registry, function.__code__, after)
        function.__code__ = after


def _check(function, after):
    """Refuses what differs in more than what a call does."""
    before = function.__code__
    signature = "co_flags co_argcount co_kwonlyargcount co_posonlyargcount co_freevars co_name"
    if any(getattr(before, part, 0) != getattr(after, part, 0) for part in signature.split()):
        raise Unfit("the kind of {} is changed".format(function.__qualname__))
    count = before.co_argcount + before.co_kwonlyargcount
    if before.co_varnames[:count] != after.co_varnames[:count]:
        raise Unfit("the parameters of {} are changed".format(function.__qualname__))
    if _docstring(before) != _docstring(after):
        raise Unfit("the documentation of {} is changed".format(function.__qualname__))


def _replace(registry, before, after):
    if type(registry) is set:
        if before in registry:
            registry.remove(before)
            registry.add(after)
    else:
        registry[:] = [after if thing is before else thing for thing in registry]


class _Holders:
    """What holds code besides functions and the code around it. Whatever does would keep the old one."""

    def __init__(self, functions):
        import sys
        from types import FunctionType

        self.count = sys.getrefcount
        self.known, around = {}, {}
        for function in functions:
            if function is not None:
                self.known[id(function.__code__)] = self.known.get(id(function.__code__), 0) + 1
                self.look_inside(function.__code__, around)
        for code, (_, times) in around.items():
            self.known[code] = self.known.get(code, 0) + times
        # What is held by one function, and counted as the others are.
        alone = FunctionType(compile("", "alone", "exec"), {})
        self.nobody = self.references(alone) - 1

    def look_inside(self, code, around):
        """Counts how often code stands in other code; each is gone through once."""
        if id(code) not in around:
            around[id(code)] = [code, 0]
            for inner in _inner(code):
                self.look_inside(inner, around)
                around[id(inner)][1] += 1

    def references(self, function):
        return self.count(function.__code__)

    def others(self, function):
        return self.references(function) - self.nobody - self.known[id(function.__code__)]

    def registries(self, functions):
        """The sets and lists that hold code of these functions, as those do that hide frames from tracebacks.

        What importing put into one it would put there changed. Of anything else that holds code this is not known.
        """
        import gc

        kept = [(function, self.others(function)) for function in functions]
        kept = [(function, others) for function, others in kept if others]
        if not kept:
            return []
        found = gc.get_referrers(*[function.__code__ for function, _ in kept])
        found = [thing for thing in found if type(thing) is set or type(thing) is list]
        for function, others in kept:
            if others != sum(_times(registry, function.__code__) for registry in found):
                raise Unfit("the code of {} is held by more than functions".format(function.__qualname__))
        return found


def _times(registry, code):
    return sum(thing is code for thing in registry)


def _place(code):
    return code.co_firstlineno, code.co_name, getattr(code, "co_qualname", "")


def _lines(code):
    return getattr(code, "co_linetable", None) or code.co_lnotab


def _docstring(code):
    first = code.co_consts[0] if code.co_consts else None
    return first if isinstance(first, str) else None
