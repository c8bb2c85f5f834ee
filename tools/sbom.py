"""Writes what Dog is made of: a CycloneDX 1.6 bill of materials for each of its two packages.

    python3 tools/sbom.py [FOLDER]

FOLDER (default: dist) gets C{dog-gateway-VERSION.cdx.json}, what C{pip install 'dog-gateway[all]'} brings, in the
versions that are installed beside this interpreter (what only an extra needs is optional); and
C{dog-gateway_VERSION_all.deb.cdx.json}, what the Debian package asks for, whose versions apt chooses. The same inputs
make the same bytes: the time is SOURCE_DATE_EPOCH's, the serial number is made of the content. Needs the extra "sbom".
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
NAME = "dog-gateway"
EXTRAS = ("yaml", "fast", "tls")
#: What pip's requirements are in Debian; dh_python3 fills them in where debian/control does not name them.
DEBIAN = {
    "autobahn": "python3-autobahn",
    "pyserial": "python3-serial",
    "twisted": "python3-twisted",
    "zope.interface": "python3-zope.interface",
}
#: Licences that a distribution names in words of its own only.
SPDX = {"Apache License, Version 2.0": "Apache-2.0", "BSD": "BSD-3-Clause", "MIT License": "MIT", "ZPL-2.1": "ZPL-2.1"}

licences = LicenseFactory()


def closure(name: str, extras: Iterable[str] = ()) -> dict[str, set[str]]:
    """Every distribution that C{name} needs, itself included, with the names of those that it needs directly."""
    found: dict[str, set[str]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(canonicalize_name(name), tuple(extras))]
    done = set()
    while waiting:
        each = waiting.pop()
        if each in done:
            continue
        done.add(each)
        name, wanted = each
        needed = found.setdefault(name, set())
        for requirement in map(Requirement, installed(name).requires or ()):
            if any(applies(requirement, extra) for extra in ("", *wanted)):
                needed.add(other := canonicalize_name(requirement.name))
                waiting.append((other, tuple(sorted(requirement.extras))))
    return found


def applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        sys.exit(f"sbom: {name} is not installed beside {sys.executable}: tools/venv.sh all,sbom")


def licenceOf(found: Distribution) -> str | None:
    """What its metadata says, as an SPDX expression where it is one; None where nothing is said."""
    metadata = found.metadata
    said = next((metadata[each] for each in ("License-Expression", "License") if each in metadata), "")
    if "\n" in said or not said:
        classifiers = metadata.get_all("Classifier") or []
        said = next((each.rsplit(" :: ", 1)[1] for each in classifiers if each.startswith("License ::")), "")
    return SPDX.get(said, said) or None


def component(name: str, scope: ComponentScope) -> Component:
    found = installed(name)
    said = licenceOf(found)
    return Component(
        type=ComponentType.LIBRARY,
        name=found.metadata["Name"],
        version=found.version,
        description=found.metadata["Summary"],
        scope=scope,
        licenses=[licences.make_from_string(said)] if said else None,
        purl=PackageURL("pypi", name=name, version=found.version),
        bom_ref=f"pkg:pypi/{name}@{found.version}",
    )


def ontology() -> Component:
    """The data that is shipped and was made by somebody else; see NOTICE."""
    path = ROOT / "dog" / "model" / "data" / "dogont.json"
    return Component(
        type=ComponentType.DATA,
        name="dogont.json",
        version="4.0.2",
        description="DogOnt, the ontology of device classes, as facts in JSON",
        licenses=[licences.make_from_string("Apache-2.0")],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(path.read_bytes()).hexdigest())],
        external_references=[
            ExternalReference(
                type=ExternalReferenceType.SOURCE_DISTRIBUTION,
                url=XsUri("http://elite.polito.it/ontologies/dogont.owl"),
            )
        ],
        bom_ref="dogont.json",
    )


def gateway(purl: PackageURL) -> Component:
    return Component(
        type=ComponentType.APPLICATION,
        name=NAME,
        version=purl.version,
        description=installed(NAME).metadata["Summary"],
        licenses=[licences.make_from_string("Apache-2.0")],
        purl=purl,
        bom_ref=str(purl),
    )


def wheel() -> Bom:
    """What pip brings."""
    every, always = closure(NAME, EXTRAS), closure(NAME)
    bom = Bom()
    root = gateway(PackageURL("pypi", name=NAME, version=installed(NAME).version))
    bom.metadata.component = root
    parts = {
        name: component(name, ComponentScope.REQUIRED if name in always else ComponentScope.OPTIONAL)
        for name in sorted(every)
        if name != NAME
    }
    data = ontology()
    bom.components.update([*parts.values(), data])
    for name, needed in every.items():
        depends = [parts[each] for each in sorted(needed) if each != NAME]
        bom.register_dependency(root if name == NAME else parts[name], [*depends, data] if name == NAME else depends)
    return bom


def asked(control: str) -> Iterator[tuple[str, str, ComponentScope]]:
    """Name, condition and scope of each package that the fields of C{debian/control} ask for."""
    for field in ("Depends", "Recommends", "Suggests"):
        scope = ComponentScope.REQUIRED if field == "Depends" else ComponentScope.OPTIONAL
        text = re.search(rf"^{field}:((?:.*\n)(?: .*\n)*)", control, re.MULTILINE)
        for each in text[1].split(",") if text else ():
            found = re.fullmatch(r"([a-z0-9.+-]+)(?: \((.*)\))?", each.strip())
            if found:  # not ${misc:Depends}
                yield found[1], found[2] or "", scope


def debian() -> Bom:
    """What apt brings, as far as the package itself says it: ${python3:Depends} comes of what pip brings."""
    control = (ROOT / "debian" / "control").read_text("utf-8").split("\n\n", 1)[1]
    version = re.search(r"\((.*)\)", (ROOT / "debian" / "changelog").read_text("utf-8"))
    assert version is not None
    bom = Bom()
    root = gateway(PackageURL("deb", "debian", NAME, version[1], {"arch": "all"}))
    bom.metadata.component = root
    named = dict.fromkeys(asked(control))
    known = {name for name, _, _ in named}
    needed = {DEBIAN[each.name] for each in map(Requirement, installed(NAME).requires or ()) if not each.marker}
    named |= dict.fromkeys((name, "", ComponentScope.REQUIRED) for name in sorted(needed - known))
    parts = [
        Component(
            type=ComponentType.LIBRARY,
            name=name,
            scope=scope,
            purl=PackageURL("deb", "debian", name),
            properties=[Property(name="debian:condition", value=condition)] if condition else None,
            bom_ref=f"pkg:deb/debian/{name}",
        )
        for name, condition, scope in named
    ]
    data = ontology()
    bom.components.update([*parts, data])
    bom.register_dependency(root, [*parts, data])
    return bom


def text(bom: Bom) -> str:
    """The document; the same for the same content."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    bom.metadata.timestamp = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(int(epoch), UTC)
    bom.serial_number = uuid5(NAMESPACE_URL, NAME)
    content = JsonV1Dot6(bom).output_as_string(indent=2)
    bom.serial_number = uuid5(NAMESPACE_URL, content)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0]) if arguments else ROOT / "dist"
    folder.mkdir(parents=True, exist_ok=True)
    for bom, ending in (wheel(), ".cdx.json"), (debian(), "_all.deb.cdx.json"):
        assert bom.metadata.component is not None
        between = "_" if "deb" in ending else "-"
        path = folder / f"{NAME}{between}{bom.metadata.component.version}{ending}"
        path.write_text(text(bom), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
