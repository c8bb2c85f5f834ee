"""Tokens: who may come, and what each may do. Whoever may ask here may do everything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Result
from dog.api.routes import On, route
from dog.api.shapes import Array, Boolean, Named, Nullable, Object, String
from dog.api.views.instant import instant
from dog.core.tokens import Token
from dog.live.tokens import Tokens
from dog.model.refusal import Code, Refusal, Refused, clipped, quoted
from dog.model.rights import EVERYWHERE, Right, Role, Scope

#: Characters of a token's name.
MAX_NAME = 80

#: Names in one list of a scope, and characters of one of them.
MAX_NAMES = 1000
MAX_LENGTH = 200

ROLE = String(Role.VIEWER, Role.USER, Role.ADMIN)

SCOPE = Named(
    "Scope",
    Object(optional={each: Array(String()) for each in ("devices", "rooms", "classes")}),
    "Devices that fit all of it: by their ids, by rooms and flats, by classes and those they derive from. "
    "* stands for anything. An empty list fits no device.",
)

_KNOWN = {"id": String(), "name": String(), "role": ROLE, "createdAt": String(), "expired": Boolean()}
_MORE = {"expiresAt": String(), "usedAt": String(), "view": SCOPE, "operate": SCOPE}

TOKEN = Named(
    "Token",
    Object(_KNOWN, _MORE),
    "view: the only devices that exist for it; operate: those of them that it may operate. usedAt: to ten minutes.",
)
TOKENS = Object({"tokens": Array(TOKEN)})
MADE = Named(
    "NewToken", Object({**_KNOWN, "token": String()}, _MORE), "token: to be kept by who will use it; never told again."
)
BODY = Named(
    "TokenWish",
    Object(
        {"name": String(minLength=1), "role": ROLE},
        {"expiresAt": Nullable(String(format="date-time")), "view": Nullable(SCOPE), "operate": Nullable(SCOPE)},
    ),
    "Without expiresAt it never expires; without view and operate it is good for every device.",
)


@route("GET", "/tokens", right=Right.ADMIN, on=On.HOUSE, answers={200: TOKENS})
def tokens(call: Call, tokens: Tokens) -> Result:
    """Every token: name, rights, expiry and last use; never the token itself."""
    return Answer({"tokens": [_json(each, tokens) for each in tokens]}, headers=_SECRET)


@route(
    "POST",
    "/tokens",
    right=Right.ADMIN,
    on=On.HOUSE,
    body=BODY,
    answers={201: MADE},
    refuses=(Code.BAD_VALUE, Code.DUPLICATE_ID, Code.STORAGE),
)
def makeToken(call: Call, tokens: Tokens) -> Deferred[Result]:
    """Make a token. The answer has it; nobody will see it again."""
    wish: Mapping[str, Any] = call.body
    made = tokens.create(
        _name(wish["name"]),
        Role(wish["role"]),
        _scope(wish.get("view"), "/view"),
        _scope(wish.get("operate"), "/operate"),
        _expiry(wish.get("expiresAt")),
    )

    def answer(made: tuple[str, Token]) -> Result:
        secret, token = made
        location = {"Location": f"/api/v1/tokens/{token.id}"}
        return Answer({**_json(token, tokens), "token": secret}, 201, {**location, **_SECRET}, about=nameOf(token))

    return made.addCallback(answer)


@route("GET", "/tokens/{token}", right=Right.ADMIN, on=On.HOUSE, answers={200: TOKEN}, refuses=(Code.NOT_FOUND,))
def token(call: Call, tokens: Tokens) -> Result:
    """One token, by its id."""
    found = tokens.get(call.params["token"])
    if found is None:
        return Refused(Code.NOT_FOUND, f"there is no token {quoted(call.params['token'])}")
    return Answer(_json(found, tokens), headers=_SECRET)


@route(
    "DELETE",
    "/tokens/{token}",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={204: None},
    refuses=(Code.NOT_FOUND, Code.STORAGE),
)
def revokeToken(call: Call, tokens: Tokens) -> Deferred[Result]:
    """Revoke a token: it is refused from now on, and connections and streams that came with it end at once."""
    id = call.params["token"]
    about = next((nameOf(each) for each in tokens if each.id == id), None)
    return tokens.revoke(id).addCallback(lambda _: Answer(status=204, about=about))


def nameOf(token: Token) -> str:
    """Whose it is, and what he is."""
    return f"{token.principal.name} ({token.principal.role.value})"


#: No cache keeps it.
_SECRET = {"Cache-Control": "no-store"}


def _json(token: Token, tokens: Tokens) -> dict[str, Any]:
    who = token.principal
    instants = {"expiresAt": token.expiresAt, "usedAt": tokens.usedAt(token.id)}
    scopes = {"view": who.views, "operate": who.operates}
    return {
        "id": token.id,
        "name": who.name,
        "role": who.role.value,
        "createdAt": instant(token.createdAt),
        "expired": tokens.expired(token),
        **{name: instant(at) for name, at in instants.items() if at is not None},
        **{name: _scopeJson(scope) for name, scope in scopes.items() if scope != EVERYWHERE},
    }


def _scopeJson(scope: Scope) -> dict[str, list[str]]:
    lists = {"devices": scope.devices, "rooms": scope.rooms, "classes": scope.classes}
    return {name: list(names) for name, names in lists.items() if names is not None}


def _name(name: str) -> str:
    # It goes into logs and events.
    if len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        expected = f"at most {MAX_NAME} printable characters"
        raise Refusal(Code.BAD_VALUE, f"name: expected {expected}", parameter="name", expected=expected)
    return name


def _scope(given: Mapping[str, list[str]] | None, path: str) -> Scope:
    if given is None:
        return EVERYWHERE
    if any(len(each) > MAX_NAMES or any(len(name) > MAX_LENGTH for name in each) for each in given.values()):
        expected = f"at most {MAX_NAMES} names of at most {MAX_LENGTH} characters each"
        raise Refusal(Code.BAD_VALUE, f"{path}: expected {expected}", path=path, expected=expected)
    return Scope(**{name: tuple(names) for name, names in given.items()})


def _expiry(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        expected = "an instant such as 2030-12-31T12:00:00Z"
        message = f"expiresAt is {clipped(text)}: expected {expected}"
        raise Refusal(Code.BAD_VALUE, message, parameter="expiresAt", expected=expected)
    return at.astimezone(UTC)
