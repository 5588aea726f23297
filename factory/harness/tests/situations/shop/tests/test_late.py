import importlib.util
import warnings


def load():
    spec = importlib.util.find_spec("shop.late")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_who_imports_is_warned():
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        import shop.warns
    assert given


def test_two_imports_are_two():
    assert load().value.__code__ is not load().value.__code__


def test_the_reporter_counts(request):
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    assert any(report.nodeid == request.node.nodeid for report in reporter.stats[""])
