"""Who may do what in the namespace: exactly what their work takes."""

from __future__ import annotations

import json

import pytest

from lunarcloud.testing.kube import Kube, run

#: By service account, what its role allows beyond what everybody may: resource, URLs, names, verbs.
ALLOWED = {
    "worker": set[str](),
    "runner": {
        "pods [] [] [create get list watch delete]",
        "secrets [] [] [create delete]",
        "events [] [] [create get list]",
    },
    "submitter": {
        "configmaps [] [lunarcloud-templates] [get]",
        "jobs.batch [] [] [create get list watch delete]",
        "pods [] [] [get list watch]",
        "pods/log [] [] [get list watch]",
        "events [] [] [get list]",
    },
}


@pytest.mark.parametrize("account", ALLOWED)
def test_an_account_may_do_what_its_work_takes_and_nothing_else(kube: Kube, chart: str, account: str) -> None:
    everybody = _allowed(kube, "default")
    assert _allowed(kube, f"{chart}-{account}") - everybody == ALLOWED[account]


@pytest.mark.parametrize(
    ("account", "question", "answer"),
    [
        ("submitter", "get pods --subresource=log", "yes"),
        ("submitter", "create pods --subresource=exec", "no"),
        ("submitter", "create pods --subresource=attach", "no"),
        ("submitter", "create pods --subresource=portforward", "no"),
        ("submitter", "update jobs.batch --subresource=status", "no"),
        ("submitter", "create serviceaccounts --subresource=token", "no"),
        ("runner", "create pods --subresource=exec", "no"),
        ("runner", "get secrets", "no"),
    ],
)
def test_an_account_asks_for_a_part_of_an_object(
    kube: Kube, chart: str, account: str, question: str, answer: str
) -> None:
    name = f"system:serviceaccount:{kube.namespace}:{chart}-{account}"
    try:
        said = kube.ctl("auth", "can-i", *question.split(), "--as", name)
    except RuntimeError as refusal:  # kubectl ends with 1 where the answer is no
        said = str(refusal).splitlines()[1]
    assert said.strip() == answer


def test_a_submitter_is_refused_secrets_pods_and_commands_in_pods(
    kube: Kube, submitter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", submitter)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mine"}}
    pod["spec"] = {"containers": [{"name": "mine", "image": kube.image}]}
    for words, given in (
        (("get", "secret", "s3"), None),
        (("create", "-f", "-"), json.dumps(pod)),
        (("create", "--raw", f"/api/v1/namespaces/{kube.namespace}/pods/any/exec", "-f", "-"), "{}"),
        (("delete", "configmap", "lunarcloud-templates"), None),
    ):
        with pytest.raises(RuntimeError, match="Forbidden"):
            kube.ctl(*words, given=given)
    with pytest.raises(RuntimeError, match="Forbidden"):
        run("kubectl", "get", "pods", "--namespace", "kube-system")


def _allowed(kube: Kube, account: str) -> set[str]:
    """What a service account may do, by kind of object."""
    name = f"system:serviceaccount:{kube.namespace}:{account}"
    lines = kube.ctl("auth", "can-i", "--list", "--no-headers", "--as", name).splitlines()
    return {" ".join(line.split()) for line in lines}
