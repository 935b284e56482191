"""Pools as the chart's administrator wrote them."""

import pytest

from lunarcloud.engine import worker_command
from lunarcloud.errors import InputError
from lunarcloud.kubernetes.pools import pool_of

TEMPLATES = {
    "pools.yaml": "cpu: {threads: 4, memory: 8Gi, minimum: 0, maximum: 16, price_vcpu_hour: 0.01}",
    "worker-cpu.yaml": "kind: Pod",
}


def test_a_pool_has_its_settings_and_its_template() -> None:
    settings, template = pool_of(TEMPLATES, "cpu")
    assert (settings.threads, settings.maximum, settings.memory_bytes()) == (4, 16, 8 * 2**30)
    assert template == "kind: Pod"


def test_workers_of_a_pool_with_gpus_have_them_for_tasks() -> None:
    pools = "gpu: {threads: 1, memory: 1Gi, maximum: 1, resources: {GPU: 1}}"
    settings, _ = pool_of({"pools.yaml": pools, "worker-gpu.yaml": "kind: Pod"}, "gpu")
    command = worker_command("tls://10.0.0.1:8786", "w1", 1, 0, "/credentials", settings.resources)
    assert command[command.index("--resources") + 1] == "GPU=1"


def test_an_unknown_pool_names_those_there_are() -> None:
    with pytest.raises(InputError, match="--pool 'gpu': there is no such pool; there are cpu"):
        pool_of(TEMPLATES, "gpu")


@pytest.mark.parametrize("pools", ["cpu: {threads: 0, memory: 1Gi, maximum: 1}", "cpu: [", "{maxmum: 1}"])
def test_pools_that_cannot_be_used_are_refused(pools: str) -> None:
    with pytest.raises(InputError, match=r"pools\.yaml cannot be used"):
        pool_of({**TEMPLATES, "pools.yaml": pools}, "cpu")


def test_a_memory_that_is_none_is_refused() -> None:
    pools = "cpu: {threads: 1, memory: much, maximum: 1}"
    with pytest.raises(InputError, match="memory 'much': write a quantity such as 4Gi"):
        pool_of({**TEMPLATES, "pools.yaml": pools}, "cpu")[0].memory_bytes()
