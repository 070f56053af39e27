"""What is minimised. The Settings of a loss, a Part, have build().

It returns a function of logits, float [n, n_classes], and labels, int64 [n], to the mean loss of
the n images, a 0-d tensor. A mean: parts of a batch are weighted by their images and summed.
"""

from cifarlab.training.parts import modules_in

LOSSES = modules_in(__name__, __path__)
