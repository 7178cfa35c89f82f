"""Who asks: a header, else a cookie, else a new id that goes back as a cookie. It decides which variant answers."""

import uuid

from flask import Request, Response

from examples.deeplab_gateway.errors import BadRequest

HEADER = "X-User-Id"
COOKIE = "deeplab_user"
LIMIT_CHARACTERS = 200
COOKIE_LIFE_S = 365 * 24 * 3600


class User:
    """The user of a request. Raises BadRequest for an id that is too long."""

    def __init__(self, request: Request) -> None:
        given = request.headers.get(HEADER, "").strip() or request.cookies.get(COOKIE, "")
        if len(given) > LIMIT_CHARACTERS:
            raise BadRequest(f"the user's id has {len(given)} characters: {HEADER} takes up to {LIMIT_CHARACTERS}")
        self.user_id = given or uuid.uuid4().hex
        self._is_new = not given

    def remember(self, response: Response) -> Response:
        """Return the response, with a cookie where the id is a new one."""
        if self._is_new:
            response.set_cookie(COOKIE, self.user_id, max_age=COOKIE_LIFE_S, httponly=True, samesite="Lax")
        return response
