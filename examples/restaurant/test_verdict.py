"""The whole verdict, a test for each disaster: the same as `ninelives verdict restaurant_bot.py`."""

from ninelives.lab import as_tests

test_the_restaurant_survives = as_tests("restaurant_bot.py:run_bot")
