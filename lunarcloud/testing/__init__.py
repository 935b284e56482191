"""What tests, benchmarks and the demonstration share; for whoever tests code on top of lunarcloud too.

`s3_server` (a real S3 server on this machine), `faulty_proxy` (a store on a bad day), `bad_archive` (a web
server of files on one), `small_root` and `runs` (published things of made-up values), `make` (any process by
its name), `slow_shards` (shard functions that take long or fail), `machine` (where something was measured),
and `fixtures` for pytest: ``pytest_plugins = ["lunarcloud.testing.fixtures"]``.

``pip install 'lunarcloud[testing]'`` brings what these need besides lunarcloud.
"""
