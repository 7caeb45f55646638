"""The manifest for Kubernetes is what KubeRay's reference says it may be, and asks for no more than it starts."""

import re
import shlex

import yaml
from support import ROOT

CLAIM, JOB = yaml.safe_load_all((ROOT / "examples" / "kuberay.yaml").read_text())
CLUSTER = JOB["spec"]["rayClusterSpec"]
PODS = [CLUSTER["headGroupSpec"], *CLUSTER["workerGroupSpecs"]]


def test_the_kinds_are_kubernetes_and_kuberays():
    assert (CLAIM["apiVersion"], CLAIM["kind"]) == ("v1", "PersistentVolumeClaim")
    assert (JOB["apiVersion"], JOB["kind"]) == ("ray.io/v1", "RayJob")
    assert set(CLUSTER) == {"rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"}


def test_every_pod_has_the_same_image_and_the_shared_files():
    containers = [pod["template"]["spec"]["containers"][0] for pod in PODS]
    assert len({container["image"] for container in containers}) == 1
    for pod, container in zip(PODS, containers, strict=True):
        volume = pod["template"]["spec"]["volumes"][0]
        assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": "/files"}]
        assert volume["persistentVolumeClaim"]["claimName"] == CLAIM["metadata"]["name"]


def test_values_for_ray_start_are_strings():
    """KubeRay takes a map of strings, and YAML makes numbers of bare ones."""
    assert all(isinstance(value, str) for pod in PODS for value in pod["rayStartParams"].values())


def test_the_job_asks_for_no_more_workers_than_there_are_cores():
    *_, command = shlex.split(JOB["spec"]["entrypoint"])
    asked = int(re.search(r"--workers (\d+)", command)[1])
    workers = CLUSTER["workerGroupSpecs"][0]
    cores = int(workers["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"])
    assert asked <= workers["replicas"] * cores
