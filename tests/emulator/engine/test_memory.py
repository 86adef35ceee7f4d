"""Memory while a large layer moves."""

from tests.support.engine.measured import measure_transfer
from tests.support.engine.world import World

MIB = 1024 * 1024


def test_memory_does_not_grow_with_the_layer(world: World) -> None:
    # Both are larger than all that is ever in flight at a time.
    world.seed.large_image("medium", "latest", 150 * MIB)
    world.seed.large_image("large", "latest", 300 * MIB)
    medium = measure_transfer(world, "medium:latest")
    large = measure_transfer(world, "large:latest")
    assert abs(large.peak - medium.peak) < 32 * MIB
    world.assert_equal("large", "latest")
