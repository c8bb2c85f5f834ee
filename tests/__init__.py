"""The test suite; run with C{python -m twisted.trial tests}."""

try:
    from hypothesis import HealthCheck, settings
except ImportError:
    pass
else:
    # The same examples every time, and no opinion on how long anything takes: machines differ, and have bad moments.
    settings.register_profile(
        "dog", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("dog")
