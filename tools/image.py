"""The container image, built and used: python3 tools/image.py (make image-test).

DOG_ENGINE names docker or podman with its options; without it the first of them that answers is taken. Where the base
image can't be had, a Debian with its Python stands for it, made with debootstrap (as root) and named as the base is:
that shows that the Dockerfile builds and what its image does, and nothing of the base. It is removed again.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.debsystem import CACHE, ROOT, mirror, run, until

IMAGE = "localhost/dog-gateway:test"
NAME = f"dog-image-test-{os.getpid()}"
#: As the Dockerfile's first lines say, on a port of its own. Engines ask for higher limits than some machines allow.
OPTIONS = f"--name {NAME} --read-only --cap-drop ALL --security-opt no-new-privileges -v {NAME}:/var/lib/dog"
OPTIONS += " --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 -p 127.0.0.1::8080"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
#: Seconds within which a stopped gateway has to be gone; engines kill after 10.
STOPS = 5


def engine() -> list[str]:
    named = os.environ.get("DOG_ENGINE")
    for command in [shlex.split(named)] if named else [["docker"], ["podman"]]:
        if (
            shutil.which(command[0])
            and not subprocess.run([*command, "info"], capture_output=True, check=False).returncode
        ):
            return command
    raise SystemExit("no container engine answers: apt-get install podman, or name one with DOG_ENGINE")


class Engine:
    def __init__(self) -> None:
        self.command = engine()
        self.podman = "podman" in Path(self.command[0]).name

    def do(self, *arguments: str) -> str:
        return run(*self.command, *arguments).strip()

    def can(self, *arguments: str) -> bool:
        return not subprocess.run([*self.command, *arguments], capture_output=True, check=False).returncode

    def inside(self, script: str) -> str:
        return self.do("exec", NAME, "sh", "-c", script)


def standIn(container: Engine, base: str) -> None:
    """An image of this name from Debian's packages: its Python, and a pip that installs for all."""
    folder = CACHE / "image-base"
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        system = folder / "system"
        run("debootstrap", "--variant=minbase", "trixie", str(system), mirror())
        run(
            "chroot",
            str(system),
            "apt-get",
            "install",
            "-q",
            "-y",
            "--no-install-recommends",
            "python3-pip",
            "ca-certificates",
        )
        run("chroot", str(system), "apt-get", "clean")
        for mark in system.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            mark.unlink()
        # Whom this machine trusts.
        shutil.copy(CERTIFICATES, system / "etc" / "ssl" / "certs")
        (folder / "made").touch()
    archive = folder / "archive.tar"
    run("tar", "-C", str(folder / "system"), "-cf", str(archive), ".")
    try:
        container.do("import", str(archive), f"docker.io/library/{base}")
    finally:
        archive.unlink()


def build(container: Engine) -> None:
    podman = ["--pull=never", "--format", "docker"] if container.podman else []
    container.do("build", "--network", "host", *podman, "-t", IMAGE, str(ROOT))


def answer(url: str, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


def start(container: Engine, *arguments: str) -> str:
    """A container with the volume; its address, once it answers."""
    container.do("run", "-d", *shlex.split(OPTIONS), IMAGE, *arguments)
    url = "http://" + container.do("port", NAME, "8080").splitlines()[0]
    until("the gateway answers", lambda: answer(f"{url}/api/v1/devices")[0] == 401)
    return url


def stop(container: Engine) -> None:
    began = time.monotonic()
    container.do("stop", NAME)
    took = time.monotonic() - began
    status = container.do("inspect", "--format", "{{.State.ExitCode}}", NAME)
    said = subprocess.run([*container.command, "logs", NAME], capture_output=True, text=True, check=False)
    log = said.stdout + said.stderr
    assert status == "0" and took < STOPS, (status, took, log)
    assert "Traceback" not in log and "plugin cache" not in log, log
    container.do("rm", NAME)
    print(f"stopped in {took:.1f} s, exit status 0", flush=True)


def check(container: Engine) -> None:
    url = start(container)
    assert container.inside("id -u; id -G").split() == ["10280", "10280", "20"], container.inside("id")
    assert container.inside("touch /no 2>&1 || echo refused").endswith("refused")
    assert container.inside("grep CapEff /proc/1/status").split()[1] == "0" * 16
    assert container.inside("stat -c %a:%u /var/lib/dog/admin.token") == "600:10280"
    print(
        "runs as uid 10280 without capabilities, on a root it can't write; strangers are asked for a token", flush=True
    )
    health = json.loads(container.do("inspect", NAME))[0]["Config"]["Healthcheck"]["Test"]
    assert health[0] == "CMD", health
    container.do("exec", NAME, *health[1:])
    token = container.inside("cat /var/lib/dog/admin.token")
    assert answer(f"{url}/api/v1/devices", token)[0] == 200
    container.inside("cp \"$(python3 -c 'import dog; print(dog.__path__[0])')/demo/home.xml\" /var/lib/dog/home.xml")
    stop(container)
    # The next container, of the next image, perhaps: its state is the volume's.
    url = start(container, "--listen", "tcp:8080", "--simulate")
    assert container.inside("cat /var/lib/dog/admin.token") == token
    status, devices = answer(f"{url}/api/v1/devices", token)
    assert status == 200 and "lake-kitchen-lamp" in devices, (status, devices)
    container.inside("dogctl send lake-kitchen-lamp on")
    container.do("exec", NAME, *health[1:])
    print("the health check passes; home and tokens are the volume's; a lamp is on", flush=True)
    if container.podman:
        container.do("healthcheck", "run", NAME)
    stop(container)


def main() -> None:
    container = Engine()
    (base,) = set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))
    stands = not container.can("image", "inspect", base) and not container.can("pull", f"docker.io/library/{base}")
    if stands:
        print(f"{base} can't be had: a Debian 13 with its own Python stands for it", flush=True)
        standIn(container, base)
    try:
        build(container)
        size = int(container.do("image", "inspect", "--format", "{{.Size}}", IMAGE))
        print(f"built; {size / 1e6:.0f} MB", flush=True)
        check(container)
    finally:
        for leftover in (["rm", "-f", NAME], ["volume", "rm", "-f", NAME], ["rmi", "-f", IMAGE]):
            container.can(*leftover)
        if stands:
            container.can("rmi", "-f", f"docker.io/library/{base}")
    print("image-test: all is well" + (", with a stand-in for the base image" if stands else ""))


if __name__ == "__main__":
    main()
