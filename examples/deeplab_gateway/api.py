"""The routes, with what Swagger UI shows of them."""

from flask import Request, Response, current_app, jsonify, request
from flask_restx import Namespace, Resource, fields

from examples.deeplab_gateway import answers, formats
from examples.deeplab_gateway.errors import BadRequest
from examples.deeplab_gateway.gateway import Gateway
from examples.deeplab_gateway.users import COOKIE, HEADER, User

ns = Namespace("deeplab", path="/", description="Which pixels show what")

_class = ns.model(
    "Class",
    {
        "class": fields.Integer(description="of Pascal VOC, 0 to 20", example=8),
        "label": fields.String(example="cat"),
        "share": fields.Float(description="of the picture, 0 to 1", example=0.4327),
    },
)
_segmentation = ns.model(
    "Segmentation",
    {
        "variant": fields.String(description="the label of the version that has answered", example="small"),
        "version": fields.Integer(example=1),
        "width": fields.Integer(description="of the picture when it is upright, in pixels", example=640),
        "height": fields.Integer(example=480),
        "classes": fields.List(fields.Nested(_class), description="the largest share first"),
        "inference_ms": fields.Float(example=123.4),
    },
)
_variant = ns.model("Variant", {"user": fields.String, "variant": fields.String(example="small")})
_shares = ns.model(
    "Shares",
    {
        "shares": fields.Raw(description="percent by variant", example={"small": 50, "large": 50}),
        "problem": fields.String(description="what is wrong with the file while older shares are in force"),
    },
)
_error = ns.model("Error", {"error": fields.String(description="what is wrong, and what would be right")})
_user = {"description": f"whom the variant is for; else the cookie {COOKIE}, else a new one", "in": "header"}
"""The parameter HEADER."""


def gateway() -> Gateway:
    """Return the one that the application was made with."""
    found: Gateway = current_app.extensions["gateway"]
    return found


@ns.route("/segment")
class Segment(Resource):
    """The class of each pixel, by the variant of the user."""

    @ns.doc(
        params={
            HEADER: _user,
            "format": {
                "description": "of the answer; wins over Accept, whose image/png is the mask",
                "in": "query",
                "enum": [each.value for each in formats.Format],
            },
            "image": {
                "description": "JPEG, PNG, BMP, GIF or WebP; may also be the request's whole body",
                "in": "formData",
                "type": "file",
            },
        },
        produces=list(formats.ACCEPTED),
    )
    @ns.response(200, "JSON; or a PNG, with the headers X-Variant and X-Model-Version", _segmentation)
    @ns.response(400, "Not a picture, or a damaged one", _error)
    @ns.response(406, "No such format", _error)
    @ns.response(413, "The picture is too large", _error)
    @ns.response(502, "The model server has not the right model", _error)
    @ns.response(503, "The model server cannot answer now", _error)
    @ns.response(504, "The model server takes too long", _error)
    def post(self) -> Response:
        """Segment a picture."""
        body = _picture(request)
        wanted = formats.wanted(request)
        user = User(request)
        return user.remember(answers.answer(gateway().segment(body, user.user_id), wanted))


@ns.route("/variant")
class Variant(Resource):
    """Which variant answers a user."""

    @ns.doc(params={HEADER: _user})
    @ns.response(200, "The variant, as the shares are now", _variant)
    def get(self) -> Response:
        """Tell which variant answers a user."""
        user = User(request)
        return user.remember(jsonify(user=user.user_id, variant=gateway().variant_of(user.user_id)))


@ns.route("/shares")
class CurrentShares(Resource):
    """The shares in force."""

    @ns.response(200, "The shares in force", _shares)
    def get(self) -> Response:
        """Show which share of users gets which variant."""
        shares, problem = gateway().shares.read()
        return jsonify(shares=shares, problem=problem)


def _picture(asked: Request) -> bytes:
    """Return the picture's bytes: the body, or the only file of a form."""
    if asked.mimetype != "multipart/form-data":
        return asked.get_data()
    files = [file for _, file in asked.files.items(multi=True)]
    if len(files) != 1:
        raise BadRequest(f"the form has {len(files)} files: send one picture, as in curl -F image=@cat.jpg")
    body: bytes = files[0].read()
    return body
