"""The memory connector, which comes with dxa, conforms."""

from dxa.memory import Memory
from dxa.testing.pytest_skin import address_type_suite, connector_suite
from tests.kit.memory_harness import MemoryHarness, MemoryOfChanges


class MemoryUncounted(MemoryHarness):
    """A list whose end would not be missed says so."""

    def truncate(self, at: int) -> None:
        self.system.truncate(at, noticed=False)


test_memory = connector_suite(MemoryHarness)
test_memory_of_changes = connector_suite(MemoryOfChanges)
test_memory_uncounted = connector_suite(MemoryUncounted)
test_address_type = address_type_suite(Memory().dxa_address_types(), {"MEM": ("Ann", "ann@lab.example")})
