"""What every test of this project shares."""

# httpx2 imports its transport only when it first needs it, and then keeps a table of that module's
# exceptions. A test that runs pytest inside pytest gives `sys.modules` back as it was, so a first import
# in there would leave the table with the classes of a module that nobody else sees.
import httpcore2  # noqa: F401

pytest_plugins = ["pytester"]
