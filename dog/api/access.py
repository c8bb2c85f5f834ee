"""Who may call what: asked once per call, before anything of it is looked at."""

from __future__ import annotations

from collections.abc import Mapping

from dog.api.routes import On, Route
from dog.core.visibility import House
from dog.model.refusal import Code, Refusal, quoted
from dog.model.rights import Role


def check(route: Route, params: Mapping[str, str], house: House) -> None:
    """Whether the house's principal may make this call.

    @raise Refusal: C{unauthorized} for who has to say who he is first; C{not_found} for a device that is not there or
        that he may not see; C{forbidden} for what he may see and not do.
    """
    if route.on is On.NOTHING:
        return
    if house.principal.role is Role.NONE:
        raise Refusal(Code.UNAUTHORIZED, "who are you? A token is needed here (Authorization: Bearer TOKEN)")
    device = None
    if route.on is On.DEVICE:
        device = params["device"]
        if house.device(device) is None:
            raise Refusal(Code.NOT_FOUND, f"there is no device {quoted(device)}")
    if not house.may(route.right, device):
        raise Refusal(Code.FORBIDDEN, f"{house.principal.name} has no right to {route.right.value} here")
