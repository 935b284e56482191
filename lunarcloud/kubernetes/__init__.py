"""Jobs on Kubernetes: one Job object a submitted job, whose pod makes its workers as pods beside it.

Loaded by `lunarcloud.jobs` when ``--on kubernetes`` is used.
"""

from lunarcloud.errors import MissingPackageError

try:
    import cryptography  # noqa: F401 - Dask makes certificates with it
    import kubernetes  # noqa: F401 - only whether they are there
    import yaml  # noqa: F401 - only whether it is there
except ImportError as error:
    raise MissingPackageError(f"--on kubernetes needs {error.name}: pip install 'lunarcloud[k8s]'") from error
