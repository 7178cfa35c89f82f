"""A picture and its user -> the user's variant -> the segmentation, counted and timed."""

import time

from examples.deeplab_gateway import picture
from examples.deeplab_gateway.answers import Segmentation
from examples.deeplab_gateway.errors import GatewayError
from examples.deeplab_gateway.metrics import Metrics
from examples.deeplab_gateway.segmenter import Segmenter
from examples.deeplab_gateway.settings import Settings
from examples.deeplab_gateway.shares import Shares, variant_of


class Gateway:
    """What the routes call; may be used by several threads."""

    def __init__(self, settings: Settings, shares: Shares) -> None:
        self.shares = shares
        self.metrics = Metrics(shares)
        self._segment = Segmenter(settings.model_server, settings.timeout_s)

    def variant_of(self, user_id: str) -> str:
        """Return the label of the variant that answers a user, as the shares are now."""
        return variant_of(user_id, self.shares.read()[0])

    def segment(self, body: bytes, user_id: str) -> Segmentation:
        """Segment a picture. Raises GatewayError."""
        image = picture.read(body)
        variant = self.variant_of(user_id)
        pixels = picture.to_input(image)
        start = time.perf_counter()
        status = GatewayError.status
        try:
            segmented = self._segment(pixels, variant)
            status = 200
        except GatewayError as error:
            status = error.status
            raise
        finally:
            duration_s = time.perf_counter() - start
            self.metrics.count(variant, status, duration_s)
        mask = picture.to_mask(segmented.class_ids, image.size)
        return Segmentation(image, mask, variant, segmented.version, duration_s * 1e3)
