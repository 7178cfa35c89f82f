"""digit_canvas: a digit that is drawn with the mouse -> a firstserve server -> which digit it is, with ten scores."""
