"""deeplab_gateway: a picture -> what is in it, pixel by pixel, by one of two variants of DeepLabV3."""
