"""Jobs on Kubernetes: one Job object a submitted job, whose pod makes its workers as pods beside it."""
