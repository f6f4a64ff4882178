"""Statistics as pure functions: tests, profiles, metrics, resampling, sequential tests. The home of scipy."""
