"""The 21 classes of Pascal VOC, and the colours in which its masks are shown.

Source: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/ and its development kit's colour map.
"""

CLASSES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


def palette() -> list[int]:
    """Return red, green and blue of each class, one after the other.

    The lowest three bits of a class go to the highest bit of red, green and blue, the next three to the bit below.
    """
    colours = []
    for class_id in range(len(CLASSES)):
        for channel in range(3):
            bits = [class_id >> (3 * level + channel) & 1 for level in range(8)]
            colours.append(sum(bit << (7 - level) for level, bit in enumerate(bits)))
    return colours
